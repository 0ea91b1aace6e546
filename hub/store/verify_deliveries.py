"""That every delivery is what it was made as, and where its events have brought it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal, or_, select

from hub.store.collecting.states import LIVE, STATES
from hub.store.tables import (
    blob,
    collection,
    consumption_exported,
    delivery,
    delivery_event,
    file,
    mandate_order,
    serial,
)
from hub.store.verify_rule import kr, told_by, zero


def wrong_deliveries(conn: Connection) -> Iterator[str]:
    """A sentence for each delivery that is not so; its bytes are among the stored files."""
    yield from told_by(conn, _states(), _tell_state)
    yield from told_by(conn, _numbers(), _tell_number)
    yield from told_by(conn, _contents(), _tell_contents)
    yield from told_by(conn, _given_up(), _tell_given_up)
    yield from told_by(conn, _blobs(), _tell_blob)
    yield from told_by(conn, _files(), _tell_file)


def _states() -> Select[Any]:
    """The state is that of the last event that names one."""
    last = (
        select(delivery_event.c.delivery_id, func.max(delivery_event.c.id).label("id"))
        .where(delivery_event.c.what.in_(STATES))
        .group_by(delivery_event.c.delivery_id)
        .subquery()
    )
    said = delivery_event.alias()
    return (
        select(delivery.c.id, delivery.c.state, said.c.what)
        .join_from(delivery, last, last.c.delivery_id == delivery.c.id, isouter=True)
        .join(said, said.c.id == last.c.id, isouter=True)
        .where(or_(said.c.what.is_(None), said.c.what != delivery.c.state))
        .order_by(delivery.c.id)
    )


def _tell_state(row: Row[Any]) -> str:
    return f"delivery {row.id} is {row.state}, and its events end with {row.what or 'none'}"


def _numbers() -> Select[Any]:
    """They rise, and the series goes on after the last one: none is used twice."""
    earlier = delivery.alias()
    before = (
        select(func.max(earlier.c.number))
        .where(earlier.c.data_supplier == delivery.c.data_supplier, earlier.c.id < delivery.c.id)
        .correlate(delivery)
        .scalar_subquery()
    )
    series = literal("delivery:") + delivery.c.data_supplier
    return (
        select(delivery.c.id, delivery.c.number, before.label("before"), serial.c.last)
        .join_from(delivery, serial, serial.c.name == series, isouter=True)
        .where(or_(delivery.c.number <= before, serial.c.last.is_(None), delivery.c.number > serial.c.last))
        .order_by(delivery.c.id)
    )


def _tell_number(row: Row[Any]) -> str:
    return (
        f"delivery {row.id} has number {row.number}; the one before has {row.before or 'none'}, and the last that was "
        f"dealt is {row.last or 'none'}"
    )


def _contents() -> Select[Any]:
    """What lives asks for as many demands, or tells of as many tenancies, and as much, as the file was made with."""
    asked = (
        select(
            collection.c.delivery_id,
            func.count().label("demands"),
            func.sum(collection.c.amount).label("amount"),
        )
        .group_by(collection.c.delivery_id)
        .subquery()
    )
    ordered = (
        select(mandate_order.c.delivery_id, func.count().label("demands"))
        .group_by(mandate_order.c.delivery_id)
        .subquery()
    )
    told = (
        select(
            consumption_exported.c.delivery_id,
            func.count().label("demands"),
            func.sum(consumption_exported.c.on_account).label("amount"),
        )
        .group_by(consumption_exported.c.delivery_id)
        .subquery()
    )
    # Not ``.items``, which is a method.
    made_with = delivery.c["items"]
    demands = zero(asked.c.demands) + zero(ordered.c.demands) + zero(told.c.demands)
    amount = zero(asked.c.amount) + zero(told.c.amount)
    return (
        select(
            delivery.c.id,
            made_with.label("made_with"),
            delivery.c.amount,
            demands.label("found"),
            amount.label("found_amount"),
        )
        .join_from(delivery, asked, asked.c.delivery_id == delivery.c.id, isouter=True)
        .join(ordered, ordered.c.delivery_id == delivery.c.id, isouter=True)
        .join(told, told.c.delivery_id == delivery.c.id, isouter=True)
        .where(delivery.c.state.in_(LIVE), or_(made_with != demands, delivery.c.amount != amount))
        .order_by(delivery.c.id)
    )


def _tell_contents(row: Row[Any]) -> str:
    return (
        f"delivery {row.id} was made with {row.made_with} items of {kr(row.amount)}, and {row.found} of "
        f"{kr(row.found_amount)} belong to it"
    )


def _given_up() -> Select[Any]:
    """Collections are given up with their delivery, and not without it."""
    lives = delivery.c.state.in_(LIVE)
    return (
        select(delivery.c.id, delivery.c.state, func.count().label("wrong"))
        .join_from(delivery, collection, collection.c.delivery_id == delivery.c.id)
        .where(lives == collection.c.withdrawn_at.is_not(None))
        .group_by(delivery.c.id, delivery.c.state)
        .order_by(delivery.c.id)
    )


def _tell_given_up(row: Row[Any]) -> str:
    return f"delivery {row.id} is {row.state}, and {row.wrong} of its collections are as if it were not"


def _blobs() -> Select[Any]:
    return (
        select(delivery.c.id, delivery.c.sha256)
        .join_from(delivery, blob, blob.c.sha256 == delivery.c.sha256, isouter=True)
        .where(blob.c.sha256.is_(None))
    )


def _tell_blob(row: Row[Any]) -> str:
    return f"delivery {row.id}: no stored file {row.sha256} is known"


def _files() -> Select[Any]:
    """Nothing was ever booked from a file of our own (R3)."""
    return (
        select(delivery.c.id, file.c.id.label("file_id"), file.c.state)
        .join_from(delivery, file, file.c.sha256 == delivery.c.sha256)
        .where(file.c.state.not_in(("quarantined", "ignored")))
    )


def _tell_file(row: Row[Any]) -> str:
    return f"file {row.file_id} is {row.state}, and is our own delivery {row.id}"
