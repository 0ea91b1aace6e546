"""Which collection a vendor's answer is about, and what is noted of that: by reference, tenancy and day, slip (R12)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, String, and_, cast, literal, or_, select

from hub.store import bulk
from hub.store.lookup import among, fetched
from hub.store.portfolio import TenancyRef, creditor_number
from hub.store.tables import collection, collection_line, collection_result, entry, slip


class AskedFor(NamedTuple):
    """A collection as its answers need it."""

    id: int
    company_id: int
    tenancy_id: int
    customer: str
    #: ISO.
    due_date: str
    #: Øre, positive = the tenant pays.
    amount: int
    reference: str
    #: Given up before this answer came.
    withdrawn: bool
    #: (charge line id, øre) that it demands; none of a payout.
    lines: tuple[tuple[int, int], ...]


class SlipOf(NamedTuple):
    """Whose a payment id is, as far as that is known."""

    payment_id: str
    tenancy_id: int | None
    collection_id: int | None


class SlipId(NamedTuple):
    """What names a slip; the payment id is without leading zeros."""

    slip_creditor: str
    card_type: str
    payment_id: str


class KnownSlip(NamedTuple):
    """What a slip was said to be, by the vendor or by us. Øre."""

    company_id: int
    amount: int
    due_date: date


def has_collections(conn: Connection, creditor: str) -> bool:
    """Whether anybody was ever asked under this creditor number."""
    query = select(collection.c.id).where(collection.c.creditor == creditor_number(creditor)).limit(1)
    return conn.execute(query).first() is not None


def by_reference(conn: Connection, creditor: str, references: Collection[str]) -> dict[str, AskedFor]:
    """Withdrawn ones too: a reference is never used twice under a creditor."""
    of_creditor = collection.c.creditor == creditor_number(creditor)
    found = _asked_for(conn, of_creditor, among(conn, collection.c.reference, references))
    return {one.reference: one for one in found.values()}


def by_day(
    conn: Connection, creditor: str, tenancy_ids: Collection[int], days: Collection[date]
) -> dict[tuple[int, str], AskedFor | None]:
    """Live ones due on one of ``days``, by tenancy and due date in ISO form; None where several ask for one day."""
    found: dict[tuple[int, str], AskedFor | None] = {}
    live = (
        among(conn, collection.c.tenancy_id, tenancy_ids),
        collection.c.creditor == creditor_number(creditor),
        collection.c.due_date.in_(days),
        collection.c.withdrawn_at.is_(None),
    )
    for one in _asked_for(conn, *live).values():
        its = (one.tenancy_id, one.due_date)
        found[its] = None if its in found else one
    return found


def with_ids(conn: Connection, collection_ids: Collection[int]) -> dict[int, AskedFor]:
    return _asked_for(conn, among(conn, collection.c.id, collection_ids))


def slip_series(conn: Connection, company_id: int) -> Sequence[tuple[str, str]]:
    """Creditor numbers and card types of the company's slips, by which their index is asked."""
    query = select(slip.c.slip_creditor, slip.c.card_type).where(slip.c.company_id == company_id).distinct()
    return [(creditor, card) for creditor, card in conn.execute(query)]


def by_payment_id(
    conn: Connection, company_id: int, series: Sequence[tuple[str, str]], payment_ids: Collection[str]
) -> dict[str, SlipOf]:
    """The company's slips; ids without leading zeros. Left out is an id that several of its slips have."""
    found: dict[str, SlipOf] = {}
    twice: set[str] = set()
    for creditor, card in series:
        query = select(slip.c.payment_id, slip.c.tenancy_id, slip.c.collection_id).where(
            slip.c.slip_creditor == creditor,
            slip.c.card_type == card,
            slip.c.company_id == company_id,
            among(conn, slip.c.payment_id, payment_ids),
        )
        for row in fetched(conn, query):
            one = SlipOf._make(row)
            if one.payment_id in found:
                twice.add(one.payment_id)
            found[one.payment_id] = one
    return {id_: one for id_, one in found.items() if id_ not in twice}


def known_slips(conn: Connection, ids: Collection[SlipId]) -> dict[SlipId, KnownSlip]:
    query = select(
        slip.c.slip_creditor, slip.c.card_type, slip.c.payment_id, slip.c.company_id, slip.c.amount, slip.c.due_date
    ).where(
        slip.c.slip_creditor.in_({one.slip_creditor for one in ids}),
        slip.c.card_type.in_({one.card_type for one in ids}),
        among(conn, slip.c.payment_id, {one.payment_id for one in ids}),
    )
    return {SlipId(*row[:3]): KnownSlip(*row[3:]) for row in conn.execute(query)}


def add_results(conn: Connection, results: Sequence[tuple[int, int]]) -> None:
    """(entry, collection): the entry is the vendor's answer to the collection."""
    bulk.insert_rows(conn, collection_result, results)


def collection_of(conn: Connection, entry_id: int) -> int | None:
    """The collection that an entry answers."""
    query = select(collection_result.c.collection_id).where(collection_result.c.entry_id == entry_id)
    answered: int | None = conn.execute(query).scalar_one_or_none()
    return answered


def answered_by_suspense(conn: Connection, ref: TenancyRef, entry_id: int, reference: str) -> AskedFor | None:
    """The tenancy's collection that money in suspense answers once it is this tenancy's.

    Its reference names it; or the money was this tenancy's before and had answered it then.
    """
    before = select(entry.c.corrects).where(entry.c.id == entry_id).scalar_subquery()
    answered = select(collection_result.c.collection_id).where(collection_result.c.entry_id == before)
    named = or_(collection.c.id.in_(answered), and_(collection.c.reference == reference, literal(reference != "")))
    found = _asked_for(conn, collection.c.tenancy_id == ref.id, named)
    return next(iter(found.values()), None)


def _asked_for(conn: Connection, *which: ColumnElement[bool]) -> dict[int, AskedFor]:
    """By id, with their lines, in one query."""
    query = (
        select(
            collection.c.id,
            collection.c.company_id,
            collection.c.tenancy_id,
            collection.c.customer,
            cast(collection.c.due_date, String),
            collection.c.amount,
            collection.c.reference,
            collection.c.withdrawn_at.is_not(None),
            collection_line.c.line_id,
            collection_line.c.amount,
        )
        .outerjoin_from(collection, collection_line, collection_line.c.collection_id == collection.c.id)
        .where(*which)
    )
    facts: dict[int, tuple[Any, ...]] = {}
    lines: dict[int, list[tuple[int, int]]] = {}
    for *its, line_id, amount in fetched(conn, query):
        of_it = lines.get(its[0])
        if of_it is None:
            facts[its[0]] = tuple(its)
            of_it = lines[its[0]] = []
        if line_id is not None:
            of_it.append((line_id, amount))
    return {id_: _with_lines(its, lines) for id_, its in facts.items()}


def _with_lines(facts: tuple[Any, ...], lines: Mapping[int, list[tuple[int, int]]]) -> AskedFor:
    id_, company_id, tenancy_id, customer, due_date, amount, reference, withdrawn = facts
    demanded = tuple(lines[id_])
    return AskedFor(id_, company_id, tenancy_id, customer, due_date, amount, reference, bool(withdrawn), demanded)
