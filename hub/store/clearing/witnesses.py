"""Payments seen in files that do not book them (R17): which still wait, which payment each may be, what confirms it.

What counts is what stands: a witness or payment of a reading that was taken back is none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, func, insert, or_, select, update

from hub.store.lookup import among
from hub.store.tables import bank_line, batch, company, entry, file, reading, slip_payment, witness

#: What books payments by slip, and how each names them.
_BOOKED = ((bank_line, bank_line.c.servicer_reference), (slip_payment, slip_payment.c.archive_reference))


class OpenWitness(NamedTuple):
    """A payment that one file tells of, and no booked one is known to be."""

    id: int
    company_id: int
    company: str
    #: The instance that saw it.
    vendor: str
    creditor: str
    #: Without leading zeros; "" = not told.
    payment_id: str
    #: Øre, positive = received.
    amount: int
    currency: str
    booking_date: date
    #: The archive's or the servicer's; "" = not told.
    reference: str
    file_id: int
    file: str
    record: int
    #: How many payments could be meant, when it was last looked for.
    candidates: int


def open_witnesses(conn: Connection, company_ids: Collection[int] | None = None) -> list[OpenWitness]:
    """Those without a payment, by company in the order they came; None = of all companies."""
    query = (
        select(
            witness.c.id,
            witness.c.company_id,
            company.c.number,
            witness.c.vendor,
            witness.c.creditor,
            witness.c.payment_id,
            witness.c.amount,
            company.c.currency,
            witness.c.booking_date,
            witness.c.reference,
            file.c.id,
            file.c.name,
            witness.c.record,
            witness.c.candidates,
        )
        .join_from(witness, company, company.c.id == witness.c.company_id)
        .join(reading, reading.c.id == witness.c.reading_id)
        .join(file, file.c.id == reading.c.file_id)
        .where(witness.c.entry_id.is_(None), reading.c.reversed_at.is_(None))
        .order_by(witness.c.company_id, witness.c.id)
    )
    if company_ids is not None:
        query = query.where(among(conn, witness.c.company_id, company_ids))
    return [OpenWitness._make(row) for row in conn.execute(query)]


def candidates_for(conn: Connection, witnesses: Iterable[OpenWitness]) -> dict[int, tuple[int, ...]]:
    """By witness id, the entries of payments that it may have seen; those without any are left out.

    Same company, amount and booking day, and the same payment id or reference; where both have the other of the two
    as well, it must not differ. A payment that another witness of the same instance confirms is none. A bank's line
    goes before the payment of a vendor: where there are both, the one settles the other, and is no second payment.
    """
    unknown = {one.id for one in witnesses}
    found: defaultdict[int, set[int]] = defaultdict(set)
    for table, reference in _BOOKED:
        if unknown:
            same_day = table.c.booking_date == witness.c.booking_date
            for same in (_same_id(table, reference), _same_reference(table, reference)):
                pairs = _pairs(table, [table.c.entry_id], same_day, same).where(among(conn, witness.c.id, unknown))
                for witness_id, entry_id in conn.execute(pairs):
                    found[witness_id].add(entry_id)
        unknown -= found.keys()
    return {witness_id: tuple(sorted(entries)) for witness_id, entries in found.items()}


class Alike(NamedTuple):
    """A booked payment that a witness may have seen, whatever speaks against it."""

    entry_id: int
    #: As of OpenWitness.
    payment_id: str
    booking_date: date
    reference: str


def alike(conn: Connection, witnesses: Collection[OpenWitness]) -> dict[int, list[Alike]]:
    """By witness id, payments of the same company and amount with its payment id or reference, of any day.

    None that another witness of its instance confirms; those of the nearest day first.
    """
    day_of = {one.id: one.booking_date for one in witnesses}
    found: defaultdict[int, set[Alike]] = defaultdict(set)
    for table, reference in _BOOKED:
        told = (table.c.entry_id, table.c.payment_id, table.c.booking_date, reference)
        same_id = and_(table.c.payment_id == witness.c.payment_id, table.c.payment_id != "")
        same_reference = and_(
            table.c.booking_date == witness.c.booking_date, reference == witness.c.reference, reference != ""
        )
        for same in (same_id, same_reference):
            for id_, *payment in conn.execute(_pairs(table, told, same).where(among(conn, witness.c.id, day_of))):
                found[id_].add(Alike._make(payment))
    return {
        id_: sorted(ones, key=lambda one: (abs((one.booking_date - day_of[id_]).days), one.entry_id))
        for id_, ones in found.items()
    }


def confirm(conn: Connection, pairs: Mapping[int, int], *, actor: str, at: datetime) -> None:
    """Each witness (id) has seen the payment that this entry booked; nothing moves. One that is confirmed stays so."""
    if pairs:
        conn.execute(
            update(witness)
            .where(witness.c.id == bindparam("witness_id"), witness.c.entry_id.is_(None))
            .values(entry_id=bindparam("payment"), confirmed_at=at, actor=actor, candidates=1),
            [{"witness_id": id_, "payment": entry_id} for id_, entry_id in sorted(pairs.items())],
        )


def note_candidates(conn: Connection, counts: Mapping[int, int]) -> None:
    """How many payments each open witness (id) may have seen, as far as somebody has just looked."""
    if counts:
        conn.execute(
            update(witness)
            .where(witness.c.id == bindparam("witness_id"), witness.c.entry_id.is_(None))
            .values(candidates=bindparam("count")),
            [{"witness_id": id_, "count": count} for id_, count in sorted(counts.items())],
        )


def unique_pairs(candidates: Mapping[int, Sequence[int]], witnesses: Iterable[OpenWitness]) -> dict[int, int]:
    """Of :func:`candidates_for`, the witnesses with one payment that no other open one of their instance may mean."""
    vendor_of = {one.id: one.vendor for one in witnesses}
    wanted: defaultdict[tuple[str, int], int] = defaultdict(int)
    for witness_id, entries in candidates.items():
        for entry_id in entries:
            wanted[vendor_of[witness_id], entry_id] += 1
    return {
        witness_id: entries[0]
        for witness_id, entries in candidates.items()
        if len(entries) == 1 and wanted[vendor_of[witness_id], entries[0]] == 1
    }


class Sight(NamedTuple):
    """A payment as a file that does not book it tells of it; what is "" is not told. Øre, positive = received."""

    company_id: int
    creditor: str
    payment_id: str
    amount: int
    booking_date: date
    reference: str


def note_witnesses(conn: Connection, vendor: str, reading_id: int, sights: Sequence[tuple[int, Sight]]) -> None:
    """(record, what it tells): none of them confirms anything yet."""
    if sights:
        same = {"vendor": vendor, "reading_id": reading_id}
        conn.execute(insert(witness), [{**same, "record": record, **sight._asdict()} for record, sight in sights])


def seen_before(conn: Connection, vendor: str, file_id: int, sights: Collection[Sight]) -> Counter[Sight]:
    """How often other files of this instance have told of each of these."""
    ours = witness.c
    rows = conn.execute(
        select(*(ours[name] for name in Sight._fields), func.count())
        .join_from(witness, reading, reading.c.id == ours.reading_id)
        .where(
            among(conn, ours.company_id, {one.company_id for one in sights}),
            ours.booking_date.in_({one.booking_date for one in sights}),
            or_(
                among(conn, ours.payment_id, {one.payment_id for one in sights} - {""}),
                among(conn, ours.reference, {one.reference for one in sights} - {""}),
            ),
            ours.vendor == vendor,
            reading.c.file_id != file_id,
            reading.c.reversed_at.is_(None),
        )
        .group_by(*(ours[name] for name in Sight._fields))
    )
    return Counter({Sight._make(row[:-1]): row[-1] for row in rows})


def witnessed_records(conn: Connection, file_id: int, records: Collection[int]) -> set[int]:
    """Those of this file's records that an earlier reading of it has noted as seen."""
    query = (
        select(witness.c.record)
        .join(reading, reading.c.id == witness.c.reading_id)
        .where(reading.c.file_id == file_id, reading.c.reversed_at.is_(None), among(conn, witness.c.record, records))
    )
    return set(conn.scalars(query))


def let_go(conn: Connection, reading_ids: Collection[int]) -> None:
    """When these readings are taken back: what their witnesses confirmed, and what confirmed theirs, is open again."""
    booked = (
        select(entry.c.id)
        .join_from(
            batch,
            entry,
            and_(entry.c.id.between(batch.c.entry_first, batch.c.entry_last), entry.c.batch_id == batch.c.id),
        )
        .where(among(conn, batch.c.reading_id, reading_ids))
    )
    of_these = or_(among(conn, witness.c.reading_id, reading_ids), witness.c.entry_id.in_(booked))
    conn.execute(
        update(witness)
        .where(witness.c.entry_id.is_not(None), of_these)
        .values(entry_id=None, confirmed_at=None, actor=None, candidates=0)
    )


def _pairs(table: Table, told: Sequence[ColumnElement[Any]], *same: ColumnElement[bool]) -> Select[Any]:
    """(witness, what is ``told`` of the payment) of the same company and amount, which no other of its instance has."""
    confirmed = witness.alias("confirmed")
    taken = (
        select(confirmed.c.id)
        .where(confirmed.c.entry_id == table.c.entry_id, confirmed.c.vendor == witness.c.vendor)
        .exists()
    )
    same = (table.c.company_id == witness.c.company_id, table.c.amount == witness.c.amount, *same)
    return (
        select(witness.c.id, *told)
        .join_from(witness, table, and_(*same))
        .join(entry, entry.c.id == table.c.entry_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .outerjoin(reading, reading.c.id == batch.c.reading_id)
        .where(witness.c.entry_id.is_(None), reading.c.reversed_at.is_(None), ~taken)
    )


def _same_id(table: Table, reference: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(
        table.c.payment_id == witness.c.payment_id, table.c.payment_id != "", _agree(reference, witness.c.reference)
    )


def _same_reference(table: Table, reference: ColumnElement[str]) -> ColumnElement[bool]:
    agrees = _agree(table.c.payment_id, witness.c.payment_id)
    return and_(reference == witness.c.reference, reference != "", agrees)


def _agree(one: ColumnElement[str], other: ColumnElement[str]) -> ColumnElement[bool]:
    """Equal, or one of the two is not told."""
    return or_(one == other, one == "", other == "")
