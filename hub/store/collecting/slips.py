"""Payment slips: which payment id pays what; stored before a slip exists, and never used twice (R14)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, insert, select, true

from hub.store.collecting.slip_states import SlipState, states_of
from hub.store.lookup import among
from hub.store.tables import charge, charge_line, collection, collection_line, company, property_, slip, tenancy
from hub.store.views import Scope

OWN, VENDOR = "own", "vendor"


class NewSlip(NamedTuple):
    """What a slip is for; øre."""

    company_id: int
    #: Creditor number of slips, eight digits; a giro account has seven or eight.
    slip_creditor: str
    card_type: str
    #: Digits without leading zeros, check digit last; "" for a card type without one.
    payment_id: str
    tenancy_id: int | None
    #: ``own`` or ``vendor``.
    origin: str
    charge_id: int | None
    collection_id: int | None
    amount: int
    due_date: date


class Slip(NamedTuple):
    """A slip as it was stored, whose it is, and what has become of what it demands. Amounts are øre."""

    id: int
    company_id: int
    company: str
    slip_creditor: str
    card_type: str
    payment_id: str
    #: None = nobody knows yet: the vendor has made it.
    tenancy_id: int | None
    tenancy: str | None
    origin: str
    charge_id: int | None
    #: Of the charge.
    reference: str | None
    collection_id: int | None
    #: Of the collection.
    number: str | None
    amount: int
    due_date: date
    at: datetime
    actor: str
    state: SlipState
    #: What of its amount is open still; None as far as nobody knows what it demands.
    open: int | None


def add_slips(
    conn: Connection,
    slips: Sequence[NewSlip],
    *,
    at: datetime,
    actor: str,
    reading_id: int | None = None,
    records: Sequence[int] = (),
) -> None:
    """``records`` are the 1-based lines of the reading's file that say so, one a slip."""
    said = {"at": at, "actor": actor, "reading_id": reading_id}
    rows = [
        {**one._asdict(), **said, "record": records[number] if records else None} for number, one in enumerate(slips)
    ]
    if rows:
        conn.execute(insert(slip), rows)


def ids_used(conn: Connection, slip_creditor: str, card_type: str, payment_ids: Collection[str]) -> set[str]:
    """Those of ``payment_ids``, without leading zeros, that are a slip's already, ours or the vendor's."""
    of_it = (slip.c.slip_creditor == slip_creditor, slip.c.card_type == card_type)
    return set(conn.scalars(select(slip.c.payment_id).where(*of_it, among(conn, slip.c.payment_id, payment_ids))))


def slip_of_charge(conn: Connection, charge_id: int) -> Slip | None:
    """The own slip that demands a line of the charge, the newest where what was overdue went along on another's."""
    demanding = (
        select(collection_line.c.collection_id)
        .join_from(collection_line, charge_line, charge_line.c.id == collection_line.c.line_id)
        .where(charge_line.c.charge_id == charge_id)
    )
    live = collection.c.withdrawn_at.is_(None)
    found = _slips(conn, (slip.c.origin == OWN) & slip.c.collection_id.in_(demanding) & live, limit=1)
    return found[0] if found else None


def slip_with(conn: Connection, slip_id: int) -> Slip | None:
    found = _slips(conn, slip.c.id == slip_id)
    return found[0] if found else None


def slips_with(
    conn: Connection, payment_id: str, *, card_type: str | None = None, slip_creditor: str | None = None
) -> list[Slip]:
    """Those with this id, without leading zeros; one each card type and creditor number."""
    wanted = slip.c.payment_id == payment_id
    if card_type is not None:
        wanted &= slip.c.card_type == card_type
    if slip_creditor is not None:
        wanted &= slip.c.slip_creditor == slip_creditor
    return _slips(conn, wanted)


def slips_in(
    conn: Connection,
    scope: Scope,
    *,
    due: date | None = None,
    not_before: date | None = None,
    origin: str | None = None,
    limit: int | None = None,
) -> list[Slip]:
    """The latest due first; within a day by tenancy as the portfolio has them. ``due``, ``not_before``: due dates."""
    wanted: ColumnElement[bool] = true() if scope.company_id is None else slip.c.company_id == scope.company_id
    if scope.property_id is not None:
        wanted &= scope.condition
    if due is not None:
        wanted &= slip.c.due_date == due
    if not_before is not None:
        wanted &= slip.c.due_date >= not_before
    if origin is not None:
        wanted &= slip.c.origin == origin
    return _slips(conn, wanted, limit=limit)


def _slips(conn: Connection, wanted: ColumnElement[bool], limit: int | None = None) -> list[Slip]:
    query = (
        select(
            slip.c.id,
            slip.c.company_id,
            company.c.number.label("company"),
            slip.c.slip_creditor,
            slip.c.card_type,
            slip.c.payment_id,
            slip.c.tenancy_id,
            tenancy.c.key.label("tenancy"),
            slip.c.origin,
            slip.c.charge_id,
            charge.c.reference,
            slip.c.collection_id,
            collection.c.reference.label("number"),
            slip.c.amount,
            slip.c.due_date,
            slip.c.at,
            slip.c.actor,
        )
        .join_from(slip, company, company.c.id == slip.c.company_id)
        .join(tenancy, tenancy.c.id == slip.c.tenancy_id, isouter=True)
        .join(property_, property_.c.id == tenancy.c.property_id, isouter=True)
        .join(charge, charge.c.id == slip.c.charge_id, isouter=True)
        .join(collection, collection.c.id == slip.c.collection_id, isouter=True)
        .where(wanted)
        .order_by(slip.c.due_date.desc(), property_.c.number, tenancy.c.key, slip.c.id.desc())
        .limit(limit)
    )
    rows = conn.execute(query).all()
    states = states_of(conn, [(row.id, row.collection_id, row.amount, row.at) for row in rows])
    return [Slip._make((*row, *states[row.id])) for row in rows]
