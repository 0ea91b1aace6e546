"""That what is kept of bank lines, payouts, settlements and witnesses is what their entries say; one query a rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, literal, literal_column, or_, select, union_all

from hub.ledger import kinds
from hub.store.clearing.settlements import is_live
from hub.store.tables import (
    account,
    bank_line,
    company,
    entry,
    payout,
    posting,
    settlement,
    slip_payment,
    suspense,
    witness,
)
from hub.store.verify_rule import kr, told_by, zero

#: By what a line was explained.
_HOW = ("slip", "payout", "day", "rule", "person")


def wrong_clearing(conn: Connection) -> Iterator[str]:
    """A sentence for each row that is not what it should be."""
    for query, told in (
        (_settlements(), _tell_settlement),
        (_without_settlement(), _tell_without),
        (_items(), _tell_item),
        (_payouts(), _tell_payout),
        (_in_transit(), _tell_in_transit),
        (_bank_lines(), _tell_bank_line),
        (_slip_payments(), _tell_slip_payment),
        (_witnesses(), _tell_witness),
    ):
        yield from told_by(conn, query, told)


def _settlements() -> Select[Any]:
    """Each took its line's money, no more than there was and no other, to the account that it names."""
    own = _side(settlement.c.entry_id, 0)
    same_sign = or_(
        and_(settlement.c.amount > 0, settlement.c.amount <= suspense.c.amount),
        and_(settlement.c.amount < 0, settlement.c.amount >= suspense.c.amount),
    )
    # What a tenancy was given of money that went out is booked anew there, and points at nothing, or at a payment.
    anew = own.c.kind.in_((kinds.PAYOUT, kinds.CHARGEBACK))
    return (
        select(settlement.c.entry_id, settlement.c.line_id, settlement.c.amount)
        .join_from(settlement, own, own.c.entry_id == settlement.c.entry_id, isouter=True)
        .join(suspense, suspense.c.entry_id == settlement.c.line_id, isouter=True)
        .where(
            or_(
                own.c.entry_id.is_(None),
                suspense.c.entry_id.is_(None),
                own.c.account_id != settlement.c.account_id,
                own.c.amount != -settlement.c.amount,
                own.c.company_id != suspense.c.company_id,
                own.c.kind.not_in((kinds.SETTLEMENT, kinds.MATCH, kinds.PAYOUT, kinds.CHARGEBACK)),
                and_(~anew, own.c.corrects.is_distinct_from(settlement.c.line_id)),
                settlement.c.how.not_in(_HOW),
                (settlement.c.how == "rule") != (settlement.c.rule != ""),
                ~same_sign,
            )
        )
    )


def _tell_settlement(row: Row[Any]) -> str:
    return (
        f"settlement {row.entry_id} says that {kr(row.amount)} of bank line {row.line_id} went to an account, and its "
        "entry says another thing"
    )


def _without_settlement() -> Select[Any]:
    """What takes a line out of suspense says what it was found to be; what is no line's is a payout."""
    return (
        select(entry.c.id, entry.c.key, entry.c.corrects)
        .join_from(entry, settlement, settlement.c.entry_id == entry.c.id, isouter=True)
        .join(payout, payout.c.entry_id == entry.c.id, isouter=True)
        .where(
            entry.c.kind == kinds.SETTLEMENT,
            or_(
                and_(entry.c.corrects.is_not(None), settlement.c.entry_id.is_(None)),
                and_(entry.c.corrects.is_(None), payout.c.entry_id.is_(None)),
            ),
        )
    )


def _tell_without(row: Row[Any]) -> str:
    what = "payout" if row.corrects is None else f"what bank line {row.corrects} was found to be"
    return f"entry {row.id} ({row.key}) is a settlement, and {what} is not there"


def _items() -> Select[Any]:
    """What settles a payout or a slip's payment is on its account and day; a whole day's is on a vendor's clearing."""
    item = posting.alias("item")
    on_it = (item.c.entry_id == settlement.c.item_id, item.c.account_id == settlement.c.account_id)
    there = select(item.c.entry_id).where(*on_it, item.c.value_date == settlement.c.day).exists()
    known = or_(
        select(payout.c.entry_id).where(payout.c.entry_id == settlement.c.item_id).exists(),
        select(slip_payment.c.entry_id).where(slip_payment.c.entry_id == settlement.c.item_id).exists(),
    )
    return (
        select(settlement.c.entry_id, settlement.c.item_id)
        .join_from(settlement, account, account.c.id == settlement.c.account_id)
        .where(
            or_(
                and_(settlement.c.item_id != literal_column("0"), or_(~there, ~known)),
                and_(settlement.c.item_id == 0, settlement.c.how.in_(("slip", "payout"))),
                and_(settlement.c.how == "day", account.c.kind != kinds.CLEARING),
            )
        )
    )


def _tell_item(row: Row[Any]) -> str:
    return f"settlement {row.entry_id} settles entry {row.item_id}, which is not what it says that it is"


def _payouts() -> Select[Any]:
    own = _side(payout.c.entry_id, 0)
    return (
        select(payout.c.entry_id, payout.c.amount)
        .join_from(payout, own, own.c.entry_id == payout.c.entry_id, isouter=True)
        .where(
            or_(
                own.c.entry_id.is_(None),
                own.c.kind != kinds.SETTLEMENT,
                own.c.amount != payout.c.amount,
                own.c.company_id != payout.c.company_id,
                own.c.value_date != payout.c.booking_date,
                own.c.code.not_like(literal(f"{kinds.CLEARING}:%:") + payout.c.creditor + f":{kinds.IN_TRANSIT}"),
            )
        )
    )


def _tell_payout(row: Row[Any]) -> str:
    return f"payout {row.entry_id} is of {kr(row.amount)}, and its entry says another thing"


def _in_transit() -> Select[Any]:
    """On an account where payouts wait is what bank lines have not settled of those that stand."""
    sent = select(posting.c.account_id, payout.c.amount).join_from(
        payout, posting, and_(posting.c.entry_id == payout.c.entry_id, posting.c.seq == literal_column("0"))
    )
    settled = select(settlement.c.account_id, -settlement.c.amount)
    each = union_all(
        sent.where(is_live(payout.c.entry_id)),
        settled.where(settlement.c.item_id != literal_column("0"), is_live(settlement.c.entry_id)),
    ).subquery()
    left = select(each.c.account_id, func.sum(each.c.amount).label("total")).group_by(each.c.account_id).subquery()
    return (
        select(company.c.number, account.c.code, account.c.balance, zero(left.c.total).label("total"))
        .join_from(account, company, company.c.id == account.c.company_id)
        .join(left, left.c.account_id == account.c.id, isouter=True)
        .where(
            account.c.kind == kinds.CLEARING,
            account.c.number.is_(None),
            account.c.code.like(f"%:{kinds.IN_TRANSIT}"),
            account.c.balance != zero(left.c.total),
        )
    )


def _tell_in_transit(row: Row[Any]) -> str:
    return (
        f"company {row.number}: account {row.code} has {kr(row.balance)}, the payouts that no bank line has settled "
        f"are {kr(row.total)}"
    )


def _bank_lines() -> Select[Any]:
    on = _side(bank_line.c.entry_id, 1)
    return (
        select(bank_line.c.entry_id, bank_line.c.amount, bank_line.c.account)
        .join_from(bank_line, on, on.c.entry_id == bank_line.c.entry_id, isouter=True)
        .where(
            or_(
                on.c.entry_id.is_(None),
                on.c.amount != bank_line.c.amount,
                on.c.company_id != bank_line.c.company_id,
                on.c.value_date != bank_line.c.booking_date,
                on.c.code != literal(kinds.bank_code("")) + bank_line.c.account,
            )
        )
    )


def _tell_bank_line(row: Row[Any]) -> str:
    return f"bank line {row.entry_id} is of {kr(row.amount)} on {row.account}, and its entry says another thing"


def _slip_payments() -> Select[Any]:
    on = _side(slip_payment.c.entry_id, 1)
    return (
        select(slip_payment.c.entry_id, slip_payment.c.amount)
        .join_from(slip_payment, on, on.c.entry_id == slip_payment.c.entry_id, isouter=True)
        .where(
            or_(
                on.c.entry_id.is_(None),
                on.c.amount != slip_payment.c.amount,
                on.c.company_id != slip_payment.c.company_id,
                on.c.value_date != slip_payment.c.booking_date,
                on.c.account_kind != kinds.CLEARING,
            )
        )
    )


def _tell_slip_payment(row: Row[Any]) -> str:
    return f"payment {row.entry_id} by slip is kept as {kr(row.amount)}, and its entry says another thing"


def _side(ids: Any, seq: int) -> Any:
    """One posting of each of these entries, with what is known of it; found from the few ids, not from all entries."""
    return (
        select(
            entry.c.id.label("entry_id"),
            entry.c.kind,
            entry.c.corrects,
            posting.c.amount,
            posting.c.value_date,
            account.c.id.label("account_id"),
            account.c.code,
            account.c.kind.label("account_kind"),
            account.c.company_id,
        )
        .join_from(entry, posting, posting.c.entry_id == entry.c.id)
        .join(account, account.c.id == posting.c.account_id)
        .where(posting.c.seq == seq, entry.c.id.in_(select(ids)))
        .subquery()
    )


def _witnesses() -> Select[Any]:
    """What a witness confirms is a payment of its company and amount; the day a person may say is another."""
    booked = [
        select(table.c.entry_id)
        .where(
            table.c.entry_id == witness.c.entry_id,
            table.c.company_id == witness.c.company_id,
            table.c.amount == witness.c.amount,
        )
        .exists()
        for table in (bank_line, slip_payment)
    ]
    return select(witness.c.id, witness.c.entry_id, witness.c.amount).where(
        or_(
            and_(witness.c.entry_id.is_not(None), ~or_(*booked)),
            witness.c.entry_id.is_(None) != witness.c.confirmed_at.is_(None),
        )
    )


def _tell_witness(row: Row[Any]) -> str:
    return f"witness {row.id} of {kr(row.amount)} confirms entry {row.entry_id}, which is no such payment"
