"""That every file's records and amounts are what its entries say: file = booked + suspense + held + duplicate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, or_, select

from hub.ledger import kinds
from hub.store.tables import batch, document, outcome, reading
from hub.store.verify_sums import OWN, kr, told_by, zero


def wrong_files(conn: Connection) -> Iterator[str]:
    """A sentence for each reading whose figures are not those of the ledger."""
    yield from told_by(conn, _readings(), _tell_reading)


def _readings() -> Select[Any]:
    """What a reading says it booked is what its entries are; one that booked says 1 of a document, which makes none."""
    own = OWN.subquery()
    failed = own.c.kind == kinds.PAYMENT_FAILED
    suspended = own.c.account_kind == kinds.SUSPENSE
    # A result is signed as the tenant's balance, money as what was received (R19); what a payout moves was so before.
    amount = case((own.c.kind == kinds.RESULT, own.c.amount), (own.c.kind == kinds.SETTLEMENT, 0), else_=-own.c.amount)
    entered = (
        select(
            batch.c.reading_id,
            func.count().filter(~failed & ~suspended).label("booked"),
            func.count().filter(suspended).label("unmatched"),
            func.count().filter(failed).label("failed"),
            func.sum(amount).label("amount"),
        )
        .join_from(own, batch, batch.c.id == own.c.batch_id)
        # What is written off beside a payment, or owed again with it, is no record of the file; nor is what a result
        # credits of what nobody has paid on account.
        .where(own.c.kind.not_in((kinds.DIFFERENCE, kinds.REVERSAL, kinds.CREDIT_NOTE)))
        .group_by(batch.c.reading_id)
        .subquery()
    )
    unknown = (
        select(outcome.c.reading_id, func.count().label("failed"))
        .where(outcome.c.outcome == "failed")
        .group_by(outcome.c.reading_id)
        .subquery()
    )
    unbooked = (
        select(outcome.c.reading_id, func.sum(outcome.c.net).label("net")).group_by(outcome.c.reading_id).subquery()
    )
    filed = select(document.c.id).where(document.c.file_id == reading.c.file_id).exists()
    booked = zero(entered.c.booked) + case((filed & (reading.c.state == "booked"), 1), else_=0)
    return (
        select(
            reading.c.id,
            reading.c.file_id,
            (reading.c.booked + reading.c.unmatched).label("said"),
            reading.c.amount,
            (booked + zero(entered.c.unmatched)).label("found"),
            zero(entered.c.amount).label("found_amount"),
            func.coalesce(reading.c.total, reading.c.amount).label("total"),
            zero(unbooked.c.net).label("unbooked"),
        )
        .join_from(reading, entered, entered.c.reading_id == reading.c.id, isouter=True)
        .join(unknown, unknown.c.reading_id == reading.c.id, isouter=True)
        .join(unbooked, unbooked.c.reading_id == reading.c.id, isouter=True)
        .where(
            or_(
                reading.c.read != reading.c.booked + reading.c.unmatched + reading.c.failed + _unbooked(),
                reading.c.booked != booked,
                reading.c.unmatched != zero(entered.c.unmatched),
                reading.c.failed != zero(entered.c.failed) + zero(unknown.c.failed),
                reading.c.amount != zero(entered.c.amount),
                reading.c.total != zero(entered.c.amount) + zero(unbooked.c.net),
            ),
        )
    )


def _unbooked() -> Any:
    return reading.c.duplicate + reading.c.held + reading.c.kept


def _tell_reading(row: Row[Any]) -> str:
    return (
        f"file {row.file_id}: its reading {row.id} says that it booked {row.said} records for {kr(row.amount)}, the "
        f"ledger has {row.found} for {kr(row.found_amount)}; of the file's {kr(row.total)}, "
        f"{kr(row.unbooked)} is held, duplicate or nobody's"
    )
