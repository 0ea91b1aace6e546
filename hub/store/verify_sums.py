"""That every cached or derived amount is what the rows behind it say: one query a rule, summed by the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)

from hub.ledger import kinds
from hub.store.tables import (
    account,
    allocation,
    charge,
    charge_line,
    company,
    credit,
    entry,
    posting,
    suspense,
    tenancy,
)
from hub.store.verify_rule import OWN, kr, told_by, zero


def wrong_sums(conn: Connection) -> Iterator[str]:
    """A sentence for each row that is not what it should be."""
    for query, told in (
        (_accounts(), _tell_account),
        (_foreign_currencies(), _tell_currency),
        (_kinds(), _tell_kind),
        (_lines(), _tell_line),
        (_copies(), _tell_copy),
        (_credits(), _tell_credit),
        (_allocations(), _tell_allocation),
        (_positions(), _tell_position),
        (_names(), _tell_name),
        (_suspended(), _tell_suspended),
        (_suspense_accounts(), _tell_suspense),
        (_corrections(), _tell_correction),
        (_early(), _tell_early),
    ):
        yield from told_by(conn, query, told)


def _accounts() -> Select[Any]:
    sums = select(posting.c.account_id, func.sum(posting.c.amount).label("total")).group_by(posting.c.account_id)
    posted = sums.subquery()
    return (
        select(company.c.number, account.c.code, account.c.balance, zero(posted.c.total).label("total"))
        .join_from(account, company, company.c.id == account.c.company_id)
        .join(posted, posted.c.account_id == account.c.id, isouter=True)
        .where(account.c.balance != zero(posted.c.total))
    )


def _tell_account(row: Row[Any]) -> str:
    return f"company {row.number}: account {row.code} says {kr(row.balance)}, its postings sum to {kr(row.total)}"


def _foreign_currencies() -> Select[Any]:
    return (
        select(company.c.number, account.c.code, account.c.currency, company.c.currency.label("companys"))
        .join_from(account, company, company.c.id == account.c.company_id)
        .where(account.c.currency != company.c.currency)
    )


def _tell_currency(row: Row[Any]) -> str:
    return f"company {row.number}: account {row.code} is in {row.currency}, the company in {row.companys}"


def _kinds() -> Select[Any]:
    """An account's code begins with its kind, which the walk over the entries reads from there."""
    begins = func.substr(account.c.code + ":", 1, func.length(account.c.kind) + 1)
    return (
        select(company.c.number, account.c.code, account.c.kind)
        .join_from(account, company, company.c.id == account.c.company_id)
        .where(begins != account.c.kind + ":")
    )


def _tell_kind(row: Row[Any]) -> str:
    return f"company {row.number}: account {row.code} says that its kind is {row.kind}"


def _lines() -> Select[Any]:
    """What is left of a line is its amount less what was allocated to it, and never less than nothing; since the day
    from which the last of that counts, its act or its money (R10).
    """
    act, money = entry.alias("act"), entry.alias("money")
    paid = func.sum(allocation.c.amount)
    on = func.max(case((act.c.value_date > money.c.value_date, act.c.value_date), else_=money.c.value_date))
    since = case((on > charge_line.c.value_date, on), else_=charge_line.c.value_date)
    left = charge_line.c.amount - zero(paid)
    # A line at a time, by the index: a sum of all lines' first would be a table of all of them.
    wrong = (
        select(
            charge_line.c.id,
            charge_line.c.tenancy_id,
            charge_line.c.remaining,
            charge_line.c.remaining_since,
            left.label("left"),
            since.label("since"),
        )
        .join_from(charge_line, allocation, allocation.c.line_id == charge_line.c.id, isouter=True)
        .join(act, act.c.id == allocation.c.entry_id, isouter=True)
        .join(money, money.c.id == allocation.c.payment_id, isouter=True)
        .group_by(charge_line.c.id)
        .having(
            or_(
                charge_line.c.remaining != left,
                charge_line.c.remaining < 0,
                charge_line.c.remaining > charge_line.c.amount,
                charge_line.c.remaining_since.is_distinct_from(since),
            )
        )
        .subquery()
    )
    return select(tenancy.c.key, wrong).join_from(wrong, tenancy, tenancy.c.id == wrong.c.tenancy_id, isouter=True)


def _tell_line(row: Row[Any]) -> str:
    line = f"tenancy {row.key}: charge line {row.id} says"
    if row.remaining == row.left and row.remaining_since != row.since:
        return f"{line} what is left since {row.remaining_since}, its allocations since {row.since}"
    return f"{line} {kr(row.remaining)} is left, its allocations {kr(row.left)}"


def _copies() -> Select[Any]:
    """A line says whose it is and when it is due as its charge does."""
    return (
        select(tenancy.c.key, charge_line.c.id, charge_line.c.due_date, charge.c.due_date.label("due"))
        .join_from(charge_line, charge, charge.c.id == charge_line.c.charge_id)
        .join(tenancy, tenancy.c.id == charge.c.tenancy_id, isouter=True)
        .where(
            or_(
                charge_line.c.tenancy_id != charge.c.tenancy_id,
                charge_line.c.due_date.is_distinct_from(charge.c.due_date),
            )
        )
    )


def _tell_copy(row: Row[Any]) -> str:
    line = f"tenancy {row.key}: charge line {row.id}"
    if row.due_date != row.due:
        return f"{line} says that it is due on {row.due_date}, its charge on {row.due}"
    return f"{line} says that it is another tenancy's, its charge is not"


def _credits() -> Select[Any]:
    """Credit is left of money of the tenancy that has it, and never less than nothing."""
    own = OWN.subquery()
    return (
        select(tenancy.c.key, credit.c.entry_id, credit.c.remaining)
        .join_from(credit, tenancy, tenancy.c.id == credit.c.tenancy_id)
        .join(own, own.c.id == credit.c.entry_id, isouter=True)
        .where(
            or_(
                own.c.id.is_(None),
                own.c.account_id != tenancy.c.account_id,
                own.c.amount >= 0,
                credit.c.remaining < 0,
            )
        )
    )


def _tell_credit(row: Row[Any]) -> str:
    return f"tenancy {row.key}: credit of {kr(row.remaining)} is left of entry {row.entry_id}, which brought it none"


def _allocations() -> Select[Any]:
    """An allocation is of money of the line's own tenancy; that its act is there, the walk over the entries proves."""
    own = posting.alias("own")
    # Not OWN: outer joined, SQLite would make a table of all entries of it first.
    return (
        select(allocation.c.entry_id, allocation.c.payment_id, allocation.c.line_id, allocation.c.amount)
        .join_from(
            allocation,
            own,
            (own.c.entry_id == allocation.c.payment_id) & (own.c.seq == literal_column("0")),
            isouter=True,
        )
        .join(charge_line, charge_line.c.id == allocation.c.line_id, isouter=True)
        .join(tenancy, tenancy.c.id == charge_line.c.tenancy_id, isouter=True)
        .where(
            or_(
                own.c.entry_id.is_(None),
                tenancy.c.id.is_(None),
                own.c.amount >= 0,
                own.c.account_id != tenancy.c.account_id,
            )
        )
    )


def _tell_allocation(row: Row[Any]) -> str:
    return (
        f"entry {row.entry_id} allocates {kr(row.amount)} of entry {row.payment_id} to charge line {row.line_id}: "
        "the three do not belong together"
    )


def _positions() -> Select[Any]:
    """A tenancy's balance is what is open on its charge lines less what is left of its credits."""
    opened = _per_tenancy(charge_line.c.tenancy_id, charge_line.c.remaining)
    credited = _per_tenancy(credit.c.tenancy_id, credit.c.remaining)
    position = zero(opened.c.total) - zero(credited.c.total)
    return (
        select(tenancy.c.key, account.c.balance, position.label("position"))
        .join_from(tenancy, account, account.c.id == tenancy.c.account_id)
        .join(opened, opened.c.tenancy_id == tenancy.c.id, isouter=True)
        .join(credited, credited.c.tenancy_id == tenancy.c.id, isouter=True)
        .where(account.c.balance != position)
    )


def _per_tenancy(whose: Any, amount: Any) -> Any:
    return select(whose, func.sum(amount).label("total")).where(amount != 0).group_by(whose).subquery()


def _tell_position(row: Row[Any]) -> str:
    return f"tenancy {row.key} has balance {kr(row.balance)}, its open charges less credits are {kr(row.position)}"


def _names() -> Select[Any]:
    """A tenancy's account is named after it: whose money is whose hangs on this alone."""
    named = literal(kinds.receivable_code("")) + tenancy.c.key
    return (
        select(tenancy.c.key, account.c.code)
        .join_from(tenancy, account, account.c.id == tenancy.c.account_id)
        .where(account.c.code != named)
    )


def _tell_name(row: Row[Any]) -> str:
    return f"tenancy {row.key} has the account {row.code}, which is another's"


def _suspended() -> Select[Any]:
    """Money in suspense is what its entry brought, in that company (R7), and what is left of it what nothing has moved
    away since.
    """
    moved, own = _moved_from_suspense().subquery(), OWN.subquery()
    whose, said = company.alias("whose"), company.alias("said")
    left = suspense.c.amount - zero(moved.c.total)
    return (
        select(
            suspense.c.entry_id,
            suspense.c.amount,
            suspense.c.remaining,
            left.label("left"),
            whose.c.number.label("whose"),
            said.c.number.label("said"),
        )
        .join_from(suspense, own, own.c.id == suspense.c.entry_id, isouter=True)
        .join(whose, whose.c.id == own.c.company_id, isouter=True)
        .join(said, said.c.id == suspense.c.company_id, isouter=True)
        .join(moved, moved.c.entry_id == suspense.c.entry_id, isouter=True)
        .where(
            or_(
                own.c.id.is_(None),
                own.c.company_id != suspense.c.company_id,
                own.c.account_kind != kinds.SUSPENSE,
                suspense.c.amount != -own.c.amount,
                suspense.c.remaining != left,
            )
        )
    )


def _moved_from_suspense() -> Select[Any]:
    """By the entry that came: what its correctors, and reversals of what explained it, have put on suspense."""
    first, second = entry.alias("first"), entry.alias("second")
    movers = union_all(
        select(first.c.corrects.label("entry_id"), first.c.id.label("mover_id")).join(
            suspense, suspense.c.entry_id == first.c.corrects
        ),
        select(first.c.corrects, second.c.id)
        .join_from(first, second, second.c.corrects == first.c.id)
        .join(suspense, suspense.c.entry_id == first.c.corrects)
        .where(first.c.kind.in_((kinds.MATCH, kinds.SETTLEMENT))),
    ).subquery()
    return (
        select(movers.c.entry_id, func.sum(posting.c.amount).label("total"))
        .join_from(movers, posting, posting.c.entry_id == movers.c.mover_id)
        .join(account, account.c.id == posting.c.account_id)
        .where(account.c.kind == kinds.SUSPENSE)
        .group_by(movers.c.entry_id)
    )


def _tell_suspended(row: Row[Any]) -> str:
    if row.whose != row.said and row.whose is not None:
        return (
            f"entry {row.entry_id}: suspense says that its money is company {row.said}'s, it is company {row.whose}'s"
        )
    return (
        f"entry {row.entry_id}: suspense says {kr(row.remaining)} of {kr(row.amount)} is left, its postings say "
        f"{kr(row.left)}"
    )


def _suspense_accounts() -> Select[Any]:
    sums = select(suspense.c.company_id, func.sum(suspense.c.remaining).label("total")).group_by(suspense.c.company_id)
    left = sums.subquery()
    return (
        select(company.c.number, account.c.balance, zero(left.c.total).label("total"))
        .join_from(account, company, company.c.id == account.c.company_id)
        .join(left, left.c.company_id == account.c.company_id, isouter=True)
        .where(account.c.kind == kinds.SUSPENSE, account.c.balance != -zero(left.c.total))
    )


def _tell_suspense(row: Row[Any]) -> str:
    return f"company {row.number}: suspense has {kr(-row.balance)}, the money listed as unmatched is {kr(row.total)}"


def _corrections() -> Select[Any]:
    """An entry takes back what another put on the same account."""
    own, original = OWN.where(entry.c.corrects.is_not(None)).subquery(), OWN.subquery()
    return (
        select(own.c.id, own.c.key, own.c.corrects)
        .join_from(own, original, original.c.id == own.c.corrects)
        .where(own.c.kind.in_(kinds.TAKING_BACK), own.c.account_id != original.c.account_id)
    )


def _early() -> Select[Any]:
    """No day's balance shows an entry taken back that has not come yet; a charge-back's day is the bank's."""
    original = entry.alias("original")
    return (
        select(entry.c.id, entry.c.key, entry.c.value_date, entry.c.corrects, original.c.value_date.label("came"))
        .join_from(entry, original, original.c.id == entry.c.corrects)
        .where(entry.c.kind == kinds.REVERSAL, entry.c.value_date < original.c.value_date)
    )


def _tell_early(row: Row[Any]) -> str:
    return f"entry {row.id} ({row.key}) takes entry {row.corrects} back from {row.value_date}, and it came {row.came}"


def _tell_correction(row: Row[Any]) -> str:
    return f"entry {row.id} ({row.key}) is on another account than entry {row.corrects}, which it corrects"
