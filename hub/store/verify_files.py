"""That every file's records and amounts are what its entries say: file = booked + suspense + held + duplicate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, exists, func, or_, select

from hub.ledger import kinds
from hub.store.tables import batch, company, document, entry, file, outcome, reading
from hub.store.verify_rule import OWN, kr, told_by, zero

_HAS_BATCH = exists().where(batch.c.reading_id == reading.c.id)
_HAS_OUTCOME = exists().where(outcome.c.reading_id == reading.c.id)


def wrong_files(conn: Connection) -> Iterator[str]:
    """A sentence for each reading whose figures are not those of the ledger, or of its list of what was not booked."""
    for query, told in (
        (_readings(), _tell_reading),
        (_without_total(), _tell_without_total),
        (_lists(), _tell_list),
        (_entered_too(), _tell_entered_too),
        (_nets(), _tell_net),
        (_currencies(), _tell_currency),
        (_copies(), _tell_copy),
    ):
        yield from told_by(conn, query, told)


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


def _without_total() -> Select[Any]:
    """Whoever books says what the whole file comes to, but for those of before allocations were in the chain."""
    of_today = exists().where(batch.c.reading_id == reading.c.id, batch.c.allocated.is_not(None))
    unbooked = exists().where(outcome.c.reading_id == reading.c.id, outcome.c.net != 0)
    return select(reading.c.id, reading.c.file_id).where(reading.c.total.is_(None), or_(of_today, unbooked))


def _tell_without_total(row: Row[Any]) -> str:
    return f"file {row.file_id}: its reading {row.id} does not say what the whole file comes to"


def _lists() -> Select[Any]:
    """Whatever was not booked is in the reading's list, by what became of it.

    A file that was not booked from at all has no list: of a copy, all is duplicate. A zip's counts are of its members.
    """
    held, duplicate = outcome.c.outcome == "held", outcome.c.outcome == "duplicate"
    listed = (
        select(
            outcome.c.reading_id,
            func.count().filter(held).label("held"),
            func.count().filter(duplicate).label("duplicate"),
            # What another source books is seen, and kept for it (R17).
            func.count().filter(outcome.c.outcome.in_(("kept", "seen"))).label("kept"),
        )
        .group_by(outcome.c.reading_id)
        .subquery()
    )
    has_list, is_copy = listed.c.reading_id.is_not(None), reading.c.state == "duplicate"
    found = {name: zero(listed.c[name]) for name in ("held", "duplicate", "kept")}
    found["duplicate"] = case((~has_list & is_copy, reading.c.duplicate), else_=found["duplicate"])
    return (
        select(
            reading.c.id,
            reading.c.file_id,
            *(reading.c[name] for name in found),
            *(count.label(f"found_{name}") for name, count in found.items()),
        )
        .outerjoin_from(reading, listed, listed.c.reading_id == reading.c.id)
        .where(
            or_(_HAS_BATCH, reading.c.vendor.is_not(None) & or_(has_list, is_copy)),
            or_(*(reading.c[name] != count for name, count in found.items())),
        )
    )


def _tell_list(row: Row[Any]) -> str:
    return (
        f"file {row.file_id}: its reading {row.id} says that {row.held} of its records are held, {row.duplicate} "
        f"duplicate and {row.kept} kept, its list has {row.found_held}, {row.found_duplicate} and {row.found_kept}"
    )


def _entered_too() -> Select[Any]:
    """A record becomes an entry or stands in the list, never both."""
    listed = (outcome.c.reading_id == batch.c.reading_id, outcome.c.record == entry.c.record)
    became = select(outcome.c.outcome).where(*listed).correlate(batch, entry).scalar_subquery()
    return (
        select(batch.c.reading_id, entry.c.record, entry.c.id, became.label("became"))
        .join_from(reading, batch, batch.c.reading_id == reading.c.id)
        # Not as equal: SQLite would go through all entries, in place of those in the range of a batch.
        .join(entry, entry.c.id.between(batch.c.entry_first, batch.c.entry_last) & (entry.c.batch_id - batch.c.id == 0))
        .where(_HAS_OUTCOME, became.is_not(None))
    )


def _tell_entered_too(row: Row[Any]) -> str:
    return f"record {row.record} of reading {row.reading_id} is listed as {row.became}, and entry {row.id} is of it"


def _nets() -> Select[Any]:
    """What a record would have added to its file is its amount, in either sense, or nothing."""
    net, amount = outcome.c.net, outcome.c.amount
    other = or_(amount.is_(None), and_(net != amount, net != -amount))
    return select(outcome.c.reading_id, outcome.c.record, amount, net).where(net != 0, other)


def _tell_net(row: Row[Any]) -> str:
    amount = "nothing" if row.amount is None else kr(row.amount)
    return (
        f"record {row.record} of reading {row.reading_id} is of {amount}, and said to make up {kr(row.net)} of its file"
    )


def _currencies() -> Select[Any]:
    """What a reading has booked is in the currency of a company that it was booked in."""
    of_company = (batch.c.reading_id == reading.c.id, company.c.id == batch.c.company_id)
    known = exists().where(*of_company, company.c.currency == reading.c.currency)
    unsaid = and_(reading.c.currency.is_(None), reading.c.amount != 0)
    return select(reading.c.id, reading.c.file_id, reading.c.currency).where(
        or_(unsaid, and_(reading.c.currency.is_not(None), _HAS_BATCH, ~known))
    )


def _tell_currency(row: Row[Any]) -> str:
    said = row.currency or "no currency"
    return f"file {row.file_id}: its reading {row.id} is in {said}, and no company that it was booked in is"


def _copies() -> Select[Any]:
    """What was known by its bytes has the same bytes."""
    first = file.alias("first")
    return (
        select(file.c.id, file.c.name, first.c.id.label("of"))
        .join_from(file, first, first.c.id == file.c.duplicate_of)
        .where(first.c.sha256 != file.c.sha256)
    )


def _tell_copy(row: Row[Any]) -> str:
    return f"file {row.id} ({row.name}) is a duplicate of file {row.of}, which has other bytes"
