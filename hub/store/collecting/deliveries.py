"""Deliveries: files that we made for a vendor, what became of them, and who said so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, exists, insert, select, update

from hub.errors import HubError
from hub.store import bulk
from hub.store.collecting.orders import settle_delivered
from hub.store.collecting.sent_by import dispatches_follow, is_for_a_machine
from hub.store.collecting.states import LIVE, By, State, refuse_move
from hub.store.tables import blob, collection, delivery, delivery_event, file

_COLUMNS = list(delivery.c)
#: Written into the outbox once more, after it had left it: then it lies there until somebody says what became of it.
WRITTEN_AGAIN = "again"


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
    #: A state; transmitted, confirmed, differs or note (hub.intake.receipts); again, handed over or note (hub.outbox).
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


class UnassignedReceipt(NamedTuple):
    """A receipt of a delivery, and nobody knows of which."""

    what: str
    text: str
    file_id: int
    vendor: str
    about: str
    at: datetime


def delivery_of(conn: Connection, id: int, *, lock: bool = False) -> Delivery:
    """With ``lock``, nobody else changes it until this transaction ends. Raises NoDeliveryError."""
    query = select(*_COLUMNS).where(delivery.c.id == id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NoDeliveryError(f"there is no delivery {id}", do="see: hub deliveries list")
    return Delivery(*row)


def delivery_with(conn: Connection, sha256: str) -> Delivery | None:
    """Ours of exactly these bytes: an export, which is no input (R3)."""
    row = conn.execute(select(*_COLUMNS).where(delivery.c.sha256 == sha256).limit(1)).one_or_none()
    return None if row is None else Delivery(*row)


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
    by: By = "person",
    file_id: int | None = None,
    about: str = "",
) -> None:
    """What was refused or withdrawn demands nothing any more: its collections and orders are given up with it.

    Its dispatches follow where no machine says so: hub.store.collecting.sent_by.
    Raises MoveError, NoDeliveryError, and OnItsWayError where it is withdrawn while a machine has sent it, or sends it.
    """
    refuse_move(id, delivery_of(conn, id, lock=True).state, state, by)
    if by != "machine":
        dispatches_follow(conn, id, state, text, by=by, at=at, actor=actor)
    conn.execute(update(delivery).where(delivery.c.id == id).values(state=state))
    note(conn, id, state, text, at=at, actor=actor, file_id=file_id, about=about)
    if state not in LIVE:
        given_up = (collection.c.delivery_id == id) & collection.c.withdrawn_at.is_(None)
        conn.execute(update(collection).where(given_up).values(withdrawn_at=at))
        settle_delivered(conn, id, state, text)


def set_vendor_number(conn: Connection, id: int, number: str) -> None:
    conn.execute(update(delivery).where(delivery.c.id == id).values(vendor_number=number))


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


def find(conn: Connection, vendor: str, *, name: str) -> Sequence[Delivery]:
    """Those of the vendor with exactly this file name."""
    query = select(*_COLUMNS).where(delivery.c.vendor == vendor, delivery.c.name == name).order_by(delivery.c.id)
    return [Delivery(*row) for row in conn.execute(query)]


def has_spoken(conn: Connection, file_id: int) -> bool:
    """Whether what this file says of deliveries is noted already."""
    return bool(conn.execute(select(exists().where(delivery_event.c.file_id == file_id))).scalar_one())


def notes_about(conn: Connection, vendor: str, name: str) -> Sequence[int]:
    """Files of the vendor that announce its file ``name``, by id."""
    query = (
        select(delivery_event.c.file_id)
        .join(file, file.c.id == delivery_event.c.file_id)
        .where(delivery_event.c.about == name, delivery_event.c.what == "note", file.c.vendor == vendor)
        .order_by(delivery_event.c.id)
    )
    return list(conn.execute(query).scalars())


def unassigned_receipts(conn: Connection, vendor: str | None = None) -> list[UnassignedReceipt]:
    """What names no delivery of ours, and what no person has given to one; all but arrivals that name nothing."""
    given = delivery_event.alias()
    columns = [delivery_event.c[name] for name in ("what", "text", "file_id")]
    query = (
        select(*columns, file.c.vendor, delivery_event.c.about, delivery_event.c.at)
        .join(file, file.c.id == delivery_event.c.file_id)
        .where(
            delivery_event.c.delivery_id.is_(None),
            delivery_event.c.what.in_(("accepted", "refused"))
            | ((delivery_event.c.what == "transmitted") & (delivery_event.c.about != "")),
            ~exists().where(given.c.file_id == delivery_event.c.file_id, given.c.delivery_id.is_not(None)),
        )
        .order_by(delivery_event.c.id)
    )
    if vendor is not None:
        query = query.where(file.c.vendor == vendor)
    return [UnassignedReceipt._make(row) for row in conn.execute(query)]


def is_to_hand_over(conn: Connection, one: Delivery) -> bool:
    """Whether it belongs into the outbox: nobody has it yet, or a person has had it written there once more.

    Not what a machine hands over, or has stopped to hand over.
    """
    if one.state == "made" and not is_for_a_machine(conn, one.id):
        return True
    return events_of(conn, one.id)[-1].what == WRITTEN_AGAIN
