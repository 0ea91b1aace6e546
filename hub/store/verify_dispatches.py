"""That every dispatch is where its events have brought it, that its bytes are kept, and that its delivery knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from hub.store.exchange.states import STATES
from hub.store.tables import blob, delivery, dispatch, dispatch_event
from hub.store.verify_rule import told_by


def wrong_dispatches(conn: Connection) -> Iterator[str]:
    """A sentence for each dispatch that is not so; its bytes are among the stored files."""
    yield from told_by(conn, _states(), _tell_state)
    yield from told_by(conn, _deliveries(), _tell_delivery)
    yield from told_by(conn, _blobs(), _tell_blob)


def _states() -> Select[Any]:
    """The state is that of the last event that names one."""
    last = (
        select(dispatch_event.c.dispatch_id, func.max(dispatch_event.c.id).label("id"))
        .where(dispatch_event.c.what.in_(STATES))
        .group_by(dispatch_event.c.dispatch_id)
        .subquery()
    )
    said = dispatch_event.alias()
    return (
        select(dispatch.c.id, dispatch.c.state, said.c.what)
        .join_from(dispatch, last, last.c.dispatch_id == dispatch.c.id, isouter=True)
        .join(said, said.c.id == last.c.id, isouter=True)
        .where(or_(said.c.what.is_(None), said.c.what != dispatch.c.state))
        .order_by(dispatch.c.id)
    )


def _tell_state(row: Row[Any]) -> str:
    return f"dispatch {row.id} is {row.state}, and its events end with {row.what or 'none'}"


def _deliveries() -> Select[Any]:
    """What the vendor has, or may have, is nobody's to hand over or to withdraw."""
    return (
        select(dispatch.c.id, dispatch.c.state, delivery.c.id.label("delivery_id"), delivery.c.state.label("of"))
        .join_from(dispatch, delivery, delivery.c.id == dispatch.c.delivery_id)
        .where(
            dispatch.c.state.in_(("sent", "uncertain")) & delivery.c.state.in_(("made", "withdrawn"))
            | dispatch.c.state.in_(("waiting", "sending")) & (delivery.c.state == "withdrawn")
        )
        .order_by(dispatch.c.id)
    )


def _tell_delivery(row: Row[Any]) -> str:
    return f"dispatch {row.id} is {row.state}, and its delivery {row.delivery_id} is {row.of}"


def _blobs() -> Select[Any]:
    return (
        select(dispatch.c.id, dispatch.c.sha256)
        .join_from(dispatch, blob, blob.c.sha256 == dispatch.c.sha256, isouter=True)
        .where(blob.c.sha256.is_(None))
        .order_by(dispatch.c.id)
    )


def _tell_blob(row: Row[Any]) -> str:
    return f"dispatch {row.id}: no stored file {row.sha256} is known"
