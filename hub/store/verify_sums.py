"""That every cached or derived amount is what the rows behind it say: one query a rule, summed by the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, literal, or_, select

from hub.ledger import kinds
from hub.money import format_amount
from hub.store.tables import (
    account,
    allocation,
    batch,
    charge,
    charge_line,
    company,
    credit,
    document,
    entry,
    outcome,
    posting,
    reading,
    suspense,
    tenancy,
)

#: Rows fetched at once of an answer that may be of any length.
_IN_PARTS = {"yield_per": 2_000}

#: An entry with its own posting, the first one: on a tenancy's receivable or on suspense.
_OWN = (
    select(
        entry.c.id,
        entry.c.key,
        entry.c.kind,
        entry.c.corrects,
        entry.c.batch_id,
        posting.c.amount,
        account.c.id.label("account_id"),
        account.c.code,
        account.c.kind.label("account_kind"),
    )
    .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
    .join(account, account.c.id == posting.c.account_id)
)


def wrong_sums(conn: Connection) -> Iterator[str]:
    """A sentence for each row that is not what it should be."""
    for query, told in (
        (_postings_without_entry(), _tell_posting),
        (_accounts(), _tell_account),
        (_foreign_currencies(), _tell_currency),
        (_lines(), _tell_line),
        (_charges(), _tell_charge),
        (_money(), _tell_money),
        (_credits(), _tell_credit),
        (_allocations(), _tell_allocation),
        (_positions(), _tell_position),
        (_names(), _tell_name),
        (_suspended(), _tell_suspended),
        (_suspense_accounts(), _tell_suspense),
        (_corrections(), _tell_correction),
        (_readings(), _tell_reading),
    ):
        yield from _told(conn, query, told)


def _told(conn: Connection, query: Select[Any], told: Callable[[Row[Any]], str]) -> Iterator[str]:
    for row in conn.execute(query, execution_options=_IN_PARTS):
        yield told(row)


def _zero(amount: Any) -> Any:
    return func.coalesce(amount, 0)


def _kr(ore: Any) -> str:
    """PostgreSQL sums bigint to numeric."""
    return format_amount(int(ore))


def _postings_without_entry() -> Select[Any]:
    there = select(entry.c.id).where(entry.c.id == posting.c.entry_id).exists()
    return select(posting.c.entry_id, posting.c.amount).where(~there)


def _tell_posting(row: Row[Any]) -> str:
    return f"a posting of {_kr(row.amount)} belongs to entry {row.entry_id}, which is not there"


def _accounts() -> Select[Any]:
    sums = select(posting.c.account_id, func.sum(posting.c.amount).label("total")).group_by(posting.c.account_id)
    posted = sums.subquery()
    return (
        select(company.c.number, account.c.code, account.c.balance, _zero(posted.c.total).label("total"))
        .join_from(account, company, company.c.id == account.c.company_id)
        .join(posted, posted.c.account_id == account.c.id, isouter=True)
        .where(account.c.balance != _zero(posted.c.total))
    )


def _tell_account(row: Row[Any]) -> str:
    return f"company {row.number}: account {row.code} says {_kr(row.balance)}, its postings sum to {_kr(row.total)}"


def _foreign_currencies() -> Select[Any]:
    return (
        select(company.c.number, account.c.code, account.c.currency, company.c.currency.label("companys"))
        .join_from(account, company, company.c.id == account.c.company_id)
        .where(account.c.currency != company.c.currency)
    )


def _tell_currency(row: Row[Any]) -> str:
    return f"company {row.number}: account {row.code} is in {row.currency}, the company in {row.companys}"


def _lines() -> Select[Any]:
    """What is left of a line is its amount less what was allocated to it, and never less than nothing."""
    sums = select(allocation.c.line_id, func.sum(allocation.c.amount).label("paid")).group_by(allocation.c.line_id)
    paid = sums.subquery()
    left = charge_line.c.amount - _zero(paid.c.paid)
    return (
        select(tenancy.c.key, charge_line.c.id, charge_line.c.remaining, left.label("left"))
        .join_from(charge_line, charge, charge.c.id == charge_line.c.charge_id)
        .join(tenancy, tenancy.c.id == charge_line.c.tenancy_id)
        .join(paid, paid.c.line_id == charge_line.c.id, isouter=True)
        .where(
            or_(
                charge_line.c.remaining != left,
                charge_line.c.remaining < 0,
                charge_line.c.remaining > charge_line.c.amount,
                charge_line.c.tenancy_id != charge.c.tenancy_id,
            )
        )
    )


def _tell_line(row: Row[Any]) -> str:
    return f"tenancy {row.key}: charge line {row.id} says {_kr(row.remaining)} is left, its allocations {_kr(row.left)}"


def _charges() -> Select[Any]:
    """What an entry demands is the sum of its charge's lines; one that takes a payment back demands nothing new."""
    sums = (
        select(charge.c.entry_id, charge.c.tenancy_id, func.sum(charge_line.c.amount).label("total"))
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .group_by(charge.c.entry_id, charge.c.tenancy_id)
    )
    charged, own = sums.subquery(), _OWN.subquery()
    demands = (own.c.account_kind == kinds.RECEIVABLE) & (own.c.amount > 0) & own.c.corrects.is_(None)
    demanded = case((demands, own.c.amount), else_=0)
    return (
        select(own.c.id, own.c.key, demanded.label("demanded"), _zero(charged.c.total).label("total"))
        .join_from(own, charged, charged.c.entry_id == own.c.id, isouter=True)
        .join(tenancy, tenancy.c.id == charged.c.tenancy_id, isouter=True)
        .where(or_(demanded != _zero(charged.c.total), tenancy.c.account_id != own.c.account_id))
    )


def _tell_charge(row: Row[Any]) -> str:
    return f"entry {row.id} ({row.key}) demands {_kr(row.demanded)}, its charge lines {_kr(row.total)}"


def _money() -> Select[Any]:
    """Money that came is allocated or left as credit, but for what was taken back."""
    spent = _spent().subquery()
    back, own = _taken_back().subquery(), _OWN.subquery()
    came = -own.c.amount - _zero(back.c.total)
    used = _zero(spent.c.total) + _zero(credit.c.remaining)
    return (
        select(own.c.id, own.c.key, came.label("came"), used.label("used"))
        .join_from(own, spent, spent.c.payment_id == own.c.id, isouter=True)
        .join(credit, credit.c.entry_id == own.c.id, isouter=True)
        .join(back, back.c.corrects == own.c.id, isouter=True)
        .where(own.c.account_kind == kinds.RECEIVABLE, own.c.amount < 0, came != used)
    )


def _tell_money(row: Row[Any]) -> str:
    return f"entry {row.id} ({row.key}) brought {_kr(row.came)}, and {_kr(row.used)} of it is allocated or credit"


def _spent() -> Select[Any]:
    total = func.sum(allocation.c.amount).label("total")
    return select(allocation.c.payment_id, total).group_by(allocation.c.payment_id)


def _taken_back() -> Select[Any]:
    taker = _OWN.subquery()
    total = func.sum(taker.c.amount).label("total")
    return select(taker.c.corrects, total).where(taker.c.corrects.is_not(None)).group_by(taker.c.corrects)


def _credits() -> Select[Any]:
    """Credit is what a payment left over at once, of the tenancy that paid, and never more than that is left of it."""
    at_once = _spent().where(allocation.c.entry_id == allocation.c.payment_id).subquery()
    own = _OWN.subquery()
    over = -own.c.amount - _zero(at_once.c.total)
    return (
        select(tenancy.c.key, credit.c.entry_id, credit.c.amount, credit.c.remaining, _zero(over).label("over"))
        .join_from(credit, tenancy, tenancy.c.id == credit.c.tenancy_id)
        .join(own, own.c.id == credit.c.entry_id, isouter=True)
        .join(at_once, at_once.c.payment_id == credit.c.entry_id, isouter=True)
        .where(
            or_(
                own.c.id.is_(None),
                own.c.account_id != tenancy.c.account_id,
                credit.c.amount != over,
                credit.c.remaining < 0,
                credit.c.remaining > credit.c.amount,
            )
        )
    )


def _tell_credit(row: Row[Any]) -> str:
    return (
        f"tenancy {row.key}: the credit of entry {row.entry_id} says {_kr(row.remaining)} of {_kr(row.amount)} is "
        f"left, the entry left over {_kr(row.over)}"
    )


def _allocations() -> Select[Any]:
    """An allocation is of money of the line's own tenancy, by an entry that is there."""
    act, money = entry.alias("act"), _OWN.subquery()
    return (
        select(allocation.c.entry_id, allocation.c.payment_id, allocation.c.line_id, allocation.c.amount)
        .join_from(allocation, act, act.c.id == allocation.c.entry_id, isouter=True)
        .join(money, money.c.id == allocation.c.payment_id, isouter=True)
        .join(charge_line, charge_line.c.id == allocation.c.line_id, isouter=True)
        .join(tenancy, tenancy.c.id == charge_line.c.tenancy_id, isouter=True)
        .where(
            or_(
                act.c.id.is_(None),
                money.c.id.is_(None),
                tenancy.c.id.is_(None),
                money.c.amount >= 0,
                money.c.account_id != tenancy.c.account_id,
            )
        )
    )


def _tell_allocation(row: Row[Any]) -> str:
    return (
        f"entry {row.entry_id} allocates {_kr(row.amount)} of entry {row.payment_id} to charge line {row.line_id}: "
        "the three do not belong together"
    )


def _positions() -> Select[Any]:
    """A tenancy's balance is what is open on its charge lines less what is left of its credits."""
    opened = _per_tenancy(charge_line.c.tenancy_id, charge_line.c.remaining)
    credited = _per_tenancy(credit.c.tenancy_id, credit.c.remaining)
    position = _zero(opened.c.total) - _zero(credited.c.total)
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
    return f"tenancy {row.key} has balance {_kr(row.balance)}, its open charges less credits are {_kr(row.position)}"


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
    """Money in suspense is what its entry brought, and what is left of it is what was not taken back."""
    back, own = _taken_back().subquery(), _OWN.subquery()
    left = suspense.c.amount - _zero(back.c.total)
    return (
        select(suspense.c.entry_id, suspense.c.amount, suspense.c.remaining, left.label("left"))
        .join_from(suspense, own, own.c.id == suspense.c.entry_id, isouter=True)
        .join(back, back.c.corrects == suspense.c.entry_id, isouter=True)
        .where(
            or_(
                own.c.id.is_(None),
                own.c.account_kind != kinds.SUSPENSE,
                suspense.c.amount != -own.c.amount,
                suspense.c.remaining != left,
            )
        )
    )


def _tell_suspended(row: Row[Any]) -> str:
    return (
        f"entry {row.entry_id}: suspense says {_kr(row.remaining)} of {_kr(row.amount)} is left, its postings say "
        f"{_kr(row.left)}"
    )


def _suspense_accounts() -> Select[Any]:
    sums = select(suspense.c.company_id, func.sum(suspense.c.remaining).label("total")).group_by(suspense.c.company_id)
    left = sums.subquery()
    return (
        select(company.c.number, account.c.balance, _zero(left.c.total).label("total"))
        .join_from(account, company, company.c.id == account.c.company_id)
        .join(left, left.c.company_id == account.c.company_id, isouter=True)
        .where(account.c.kind == kinds.SUSPENSE, account.c.balance != -_zero(left.c.total))
    )


def _tell_suspense(row: Row[Any]) -> str:
    return f"company {row.number}: suspense has {_kr(-row.balance)}, the money listed as unmatched is {_kr(row.total)}"


def _corrections() -> Select[Any]:
    """An entry takes back what another put on the same account."""
    own, original = _OWN.subquery(), _OWN.subquery()
    return (
        select(own.c.id, own.c.key, own.c.corrects)
        .join_from(own, original, original.c.id == own.c.corrects)
        .where(own.c.account_id != original.c.account_id)
    )


def _tell_correction(row: Row[Any]) -> str:
    return f"entry {row.id} ({row.key}) is on another account than entry {row.corrects}, which it corrects"


def _readings() -> Select[Any]:
    """What a reading says it booked is what its entries are; a document makes no entry."""
    own = _OWN.subquery()
    failed = own.c.kind == kinds.PAYMENT_FAILED
    suspended = own.c.account_kind == kinds.SUSPENSE
    # A result is signed as the tenant's balance, money as what was received (R19).
    amount = case((own.c.kind == kinds.RESULT, own.c.amount), else_=-own.c.amount)
    entered = (
        select(
            batch.c.reading_id,
            func.count().filter(~failed & ~suspended).label("booked"),
            func.count().filter(suspended).label("unmatched"),
            func.count().filter(failed).label("failed"),
            func.sum(amount).label("amount"),
        )
        .join_from(own, batch, batch.c.id == own.c.batch_id)
        .group_by(batch.c.reading_id)
        .subquery()
    )
    unknown = (
        select(outcome.c.reading_id, func.count().label("failed"))
        .where(outcome.c.outcome == "failed")
        .group_by(outcome.c.reading_id)
        .subquery()
    )
    filed = select(document.c.id).where(document.c.file_id == reading.c.file_id).exists()
    return (
        select(
            reading.c.id,
            reading.c.file_id,
            (reading.c.booked + reading.c.unmatched).label("said"),
            reading.c.amount,
            (_zero(entered.c.booked) + _zero(entered.c.unmatched)).label("found"),
            _zero(entered.c.amount).label("found_amount"),
        )
        .join_from(reading, entered, entered.c.reading_id == reading.c.id, isouter=True)
        .join(unknown, unknown.c.reading_id == reading.c.id, isouter=True)
        .where(
            or_(reading.c.state.in_(("booked", "partly_booked")), entered.c.reading_id.is_not(None)),
            ~filed,
            or_(
                reading.c.read != reading.c.booked + reading.c.unmatched + reading.c.failed + _unbooked(),
                reading.c.booked != _zero(entered.c.booked),
                reading.c.unmatched != _zero(entered.c.unmatched),
                reading.c.failed != _zero(entered.c.failed) + _zero(unknown.c.failed),
                reading.c.amount != _zero(entered.c.amount),
            ),
        )
    )


def _unbooked() -> Any:
    return reading.c.duplicate + reading.c.held + reading.c.kept


def _tell_reading(row: Row[Any]) -> str:
    return (
        f"file {row.file_id}: its reading {row.id} says that it booked {row.said} records for {_kr(row.amount)}, the "
        f"ledger has {row.found} for {_kr(row.found_amount)}"
    )
