"""What needs a person now: files that are not booked, dispatches that are not sent, servers that do not answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Text, cast, func, select

from hub.store.exchange.states import DispatchState
from hub.store.results import HELD_BACK, LOUD, State
from hub.store.tables import delivery, delivery_event, dispatch, dispatch_event, exchange_round, fetched, file, reading

_DISPATCHES: tuple[DispatchState, ...] = ("uncertain", "stopped")
_UNDER_WAY: tuple[DispatchState, ...] = ("waiting", "sending")


class TroubledFile(NamedTuple):
    """``reasons`` and ``held`` records of its last reading."""

    id: int
    name: str
    vendor: str
    state: State
    reasons: Sequence[str]
    held: int


class LoudFile(NamedTuple):
    """A booked file of which a person has to hear all the same (:data:`hub.store.results.LOUD`)."""

    id: int
    name: str
    vendor: str


class TroubledDispatch(NamedTuple):
    """``event`` is the one that says why it came to this."""

    id: int
    event: int
    vendor: str
    name: str
    target: str
    state: DispatchState
    text: str


class DelayedDispatch(NamedTuple):
    """Tried without success, and tried again; ``attempts`` so far."""

    id: int
    vendor: str
    name: str
    target: str
    attempts: int
    made_at: datetime


class RefusedDelivery(NamedTuple):
    id: int
    vendor: str
    name: str


class LeftThere(NamedTuple):
    """A file on a vendor's server that is not fetched, or was and cannot be removed there; and why."""

    id: int
    vendor: str
    folder: str
    name: str
    #: The claim that it was fetched with; None = it was not.
    arrival_id: int | None
    refusal: str


class Failing(NamedTuple):
    """Looks at one vendor's server that faults have ended, one after the other: since which, and the last one's."""

    first: int
    vendor: str
    since: datetime
    text: str


#: Of a file: its last reading.
_LATEST = select(func.max(reading.c.id)).where(reading.c.file_id == file.c.id).correlate(file).scalar_subquery()


def troubled_files(conn: Connection) -> list[TroubledFile]:
    """Quarantined, with held properties, or waiting for a person's release (R8)."""
    query = (
        select(file.c.id, file.c.name, file.c.vendor, file.c.state, reading.c.reasons, reading.c.held)
        .join(reading, reading.c.id == _LATEST)
        .where(file.c.state.in_(HELD_BACK))
        .order_by(file.c.id)
    )
    return [TroubledFile(id_, name, vendor or "", *rest) for id_, name, vendor, *rest in conn.execute(query)]


def loud_files(conn: Connection, since: datetime) -> list[LoudFile]:
    """Those read since then."""
    query = (
        select(file.c.id, file.c.name, file.c.vendor, reading.c.reasons)
        .join(reading, reading.c.id == _LATEST)
        .where(file.c.state == "booked", reading.c.finished_at >= since, cast(reading.c.reasons, Text).contains(LOUD))
        .order_by(file.c.id)
    )
    return [
        LoudFile(id_, name, vendor or "")
        for id_, name, vendor, reasons in conn.execute(query)
        if any(reason.startswith(LOUD) for reason in reasons)
    ]


def troubled_dispatches(conn: Connection) -> list[TroubledDispatch]:
    latest = (
        select(func.max(dispatch_event.c.id))
        .where(dispatch_event.c.dispatch_id == dispatch.c.id, dispatch_event.c.what == dispatch.c.state)
        .correlate(dispatch)
        .scalar_subquery()
    )
    said = (dispatch.c.vendor, dispatch.c.name, dispatch.c.target, dispatch.c.state, dispatch_event.c.text)
    query = (
        select(dispatch.c.id, dispatch_event.c.id, *said)
        .join(dispatch_event, dispatch_event.c.id == latest)
        .where(dispatch.c.state.in_(_DISPATCHES))
        .order_by(dispatch.c.id)
    )
    return [TroubledDispatch._make(row) for row in conn.execute(query)]


def delayed_dispatches(conn: Connection, made_before: datetime) -> list[DelayedDispatch]:
    """Each by itself: that others go through by another way says nothing of it."""
    columns = [dispatch.c[name] for name in DelayedDispatch._fields]
    query = (
        select(*columns)
        .where(dispatch.c.state.in_(_UNDER_WAY), dispatch.c.attempts > 0, dispatch.c.made_at <= made_before)
        .order_by(dispatch.c.id)
    )
    return [DelayedDispatch._make(row) for row in conn.execute(query)]


def refused_deliveries(conn: Connection, since: datetime) -> list[RefusedDelivery]:
    """By the vendor's own word, a receipt, that came since then."""
    query = (
        select(delivery.c.id, delivery.c.vendor, delivery.c.name)
        .join(delivery_event, delivery_event.c.delivery_id == delivery.c.id)
        .where(delivery.c.state == "refused", delivery_event.c.what == "refused", delivery_event.c.at >= since)
        .where(delivery_event.c.file_id.is_not(None))
        .distinct()
        .order_by(delivery.c.id)
    )
    return [RefusedDelivery._make(row) for row in conn.execute(query)]


def left_there(conn: Connection) -> list[LeftThere]:
    """As far as anybody knows, they lie there still."""
    columns = [fetched.c[name] for name in LeftThere._fields]
    refused = (fetched.c.refusal.is_not(None), fetched.c.gone_at.is_(None))
    return [LeftThere._make(row) for row in conn.execute(select(*columns).where(*refused).order_by(fetched.c.id))]


def failing(conn: Connection) -> list[Failing]:
    """The vendors whose last look a passing fault has ended."""
    one, first, last = exchange_round.alias(), exchange_round.alias(), exchange_round.alias()
    # Not one that is at it, or was killed: nobody knows how it would have ended.
    ended = exchange_round.c.result.in_(("done", "stopped"))
    itself, pulled = exchange_round.c.vendor, exchange_round.c.what == "pull"
    before = select(itself, func.max(exchange_round.c.id).label("id")).where(ended, pulled).group_by(itself).subquery()
    streaks = (
        select(func.min(one.c.id).label("first"), func.max(one.c.id).label("last"))
        .outerjoin_from(one, before, before.c.vendor == one.c.vendor)
        .where(one.c.id > func.coalesce(before.c.id, 0), one.c.result == "failed", one.c.what == "pull")
        .group_by(one.c.vendor)
        .subquery()
    )
    query = (
        select(first.c.id, first.c.vendor, first.c.started_at, last.c.text)
        .join(streaks, streaks.c.first == first.c.id)
        .join(last, last.c.id == streaks.c.last)
        .order_by(first.c.id)
    )
    return [Failing._make(row) for row in conn.execute(query)]
