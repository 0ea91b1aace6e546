"""Deliveries: files that we made for a vendor, what became of them, and who said so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, insert, select, update

from hub.errors import HubError
from hub.store import bulk
from hub.store.tables import blob, collection, delivery, delivery_event, mandate_order

#: made: kept here. sent: handed over. uncertain: nobody knows whether it was. accepted, refused: the vendor says so.
#: withdrawn: given up before it was handed over.
State = Literal["made", "sent", "uncertain", "accepted", "refused", "withdrawn"]
#: In these the vendor may have it, or take it yet.
LIVE: tuple[State, ...] = ("made", "sent", "uncertain", "accepted")
_COLUMNS = list(delivery.c)


class NoDeliveryError(HubError):
    """There is no delivery with this id."""


class Delivery(NamedTuple):
    """As the table has it; amounts in øre."""

    id: int
    vendor: str
    kind: str
    data_supplier: str
    subsystem: str
    number: int
    name: str
    sha256: str
    created_on: date
    plugin_version: str
    state: State
    sections: int
    items: int
    amount: int
    texts: int
    records: int
    vendor_number: str | None
    made_at: datetime
    actor: str


class DeliveryEvent(NamedTuple):
    what: str
    text: str
    #: The file that says so.
    file_id: int | None
    #: The name of the file that it is about, "" = it does not say.
    about: str
    at: datetime
    actor: str


def add_delivery(conn: Connection, made: Delivery, size_bytes: int) -> int:
    """Keeps a delivery whose bytes are in the content store; ``made.id`` is not looked at. Gives its id."""
    bulk.insert_if_new(conn, blob, sha256=made.sha256, size=size_bytes, stored_at=made.made_at)
    values = {name: value for name, value in made._asdict().items() if name != "id"}
    id_: int = conn.execute(insert(delivery).values(values).returning(delivery.c.id)).scalar_one()
    note(conn, id_, made.state, "", at=made.made_at, actor=made.actor)
    return id_


def delivery_of(conn: Connection, id: int) -> Delivery:
    """Raises NoDeliveryError."""
    row = conn.execute(select(*_COLUMNS).where(delivery.c.id == id)).one_or_none()
    if row is None:
        raise NoDeliveryError(f"there is no delivery {id}", do="see: hub deliveries list")
    return Delivery(*row)


def deliveries(conn: Connection, *, vendor: str | None = None, state: State | None = None) -> list[Delivery]:
    """The newest first."""
    query = select(*_COLUMNS).order_by(delivery.c.id.desc())
    if vendor is not None:
        query = query.where(delivery.c.vendor == vendor)
    if state is not None:
        query = query.where(delivery.c.state == state)
    return [Delivery(*row) for row in conn.execute(query)]


def events_of(conn: Connection, id: int) -> list[DeliveryEvent]:
    """In order."""
    columns = [delivery_event.c[name] for name in DeliveryEvent._fields]
    query = select(*columns).where(delivery_event.c.delivery_id == id).order_by(delivery_event.c.id)
    return [DeliveryEvent(*row) for row in conn.execute(query)]


def change_state(
    conn: Connection,
    id: int,
    state: State,
    text: str,
    *,
    at: datetime,
    actor: str,
    file_id: int | None = None,
    about: str = "",
) -> None:
    """What was refused or withdrawn demands nothing any more: its collections and orders are given up with it."""
    conn.execute(update(delivery).where(delivery.c.id == id).values(state=state))
    note(conn, id, state, text, at=at, actor=actor, file_id=file_id, about=about)
    if state not in LIVE:
        given_up = (collection.c.delivery_id == id) & collection.c.withdrawn_at.is_(None)
        conn.execute(update(collection).where(given_up).values(withdrawn_at=at))
        unanswered = (mandate_order.c.delivery_id == id) & mandate_order.c.outcome.is_(None)
        conn.execute(update(mandate_order).where(unanswered).values(outcome=state, reason=text))


def note(
    conn: Connection,
    id: int | None,
    what: str,
    text: str,
    *,
    at: datetime,
    actor: str,
    file_id: int | None = None,
    about: str = "",
) -> None:
    """Append-only."""
    values = {"delivery_id": id, "what": what, "text": text, "file_id": file_id, "about": about}
    conn.execute(insert(delivery_event).values(**values, at=at, actor=actor))


def find(
    conn: Connection, *, name: str = "", number: int | None = None, vendor_number: str = "", vendor: str = ""
) -> Sequence[Delivery]:
    """Those of the vendor with this file name, delivery number or number of the vendor's: whatever is given."""
    query = select(*_COLUMNS).where(delivery.c.vendor == vendor).order_by(delivery.c.id)
    if name:
        query = query.where(delivery.c.name == name)
    if number is not None:
        query = query.where(delivery.c.number == number)
    if vendor_number:
        query = query.where(delivery.c.vendor_number == vendor_number)
    return [Delivery(*row) for row in conn.execute(query)]
