"""Dispatches: deliveries on their way to their targets, who sends them, and what became of each try.

Whoever changes a dispatch and its delivery locks the delivery first: then two never wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from hub.errors import HubError
from hub.store import bulk, owners
from hub.store.exchange.states import By, DispatchState, refuse_move
from hub.store.lookup import among
from hub.store.tables import blob, delivery, dispatch, dispatch_event

ChannelName: TypeAlias = Literal["sftp", "folder", "mail"]
#: "" = the far side can have kept nothing; final = it may have it from now on.
Step: TypeAlias = Literal["", "final"]
_COLUMNS = list(dispatch.c)
#: Events that are no states: a remark, and what a person allows for the next try.
NOTE, AGAIN, ANYWAY = "note", "again", "anyway"
#: What was allowed before one of these is spent.
_RESTING: tuple[DispatchState, ...] = ("sent", "uncertain", "stopped", "cancelled")


class NoDispatchError(HubError):
    """There is no dispatch with this id."""


class LostDispatchError(HubError):
    """Another hub has taken the dispatch over: this one may do nothing more for it."""


class Dispatch(NamedTuple):
    """As the table has it."""

    id: int
    delivery_id: int
    vendor: str
    channel: ChannelName
    #: For people.
    target: str
    #: What leaves, packed: the same name and bytes at every try.
    name: str
    sha256: str
    size: int
    #: Of a mail; "" for others.
    message_id: str
    state: DispatchState
    step: Step
    owner: str | None
    lease_until: datetime | None
    attempts: int
    #: None = at once.
    due_at: datetime | None
    made_at: datetime


class DispatchEvent(NamedTuple):
    #: A state, or note, again, anyway.
    what: str
    text: str
    at: datetime
    actor: str


def add_dispatch(conn: Connection, new: Dispatch, *, actor: str) -> int:
    """Keeps a dispatch whose bytes are in the content store; ``new.id`` is not looked at. Gives its id."""
    bulk.insert_if_new(conn, blob, sha256=new.sha256, size=new.size, stored_at=new.made_at)
    values = {name: value for name, value in new._asdict().items() if name != "id"}
    id_: int = conn.execute(insert(dispatch).values(values).returning(dispatch.c.id)).scalar_one()
    note(conn, id_, new.state, new.target, at=new.made_at, actor=actor)
    return id_


def dispatch_of(conn: Connection, id: int, *, lock: bool = False) -> Dispatch:
    """With ``lock``, nobody else changes it, or its delivery, until this transaction ends. Raises NoDispatchError."""
    query = select(*_COLUMNS).where(dispatch.c.id == id)
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NoDispatchError(f"there is no dispatch {id}", do="see: hub outbox")
    if lock:
        conn.execute(select(delivery.c.id).where(delivery.c.id == row.delivery_id).with_for_update())
        row = conn.execute(query.with_for_update()).one()
    return Dispatch(*row)


def dispatches(
    conn: Connection,
    *,
    vendor: str | None = None,
    state: DispatchState | None = None,
    channel: str | None = None,
    name: str | None = None,
) -> list[Dispatch]:
    """The oldest first: the order in which they are sent. ``name`` of the file as it leaves."""
    query = select(*_COLUMNS).order_by(dispatch.c.id)
    asked = {"vendor": vendor, "state": state, "channel": channel, "name": name}
    for column, wanted in asked.items():
        if wanted is not None:
            query = query.where(dispatch.c[column] == wanted)
    return [Dispatch(*row) for row in conn.execute(query)]


def dispatches_of(conn: Connection, delivery_ids: Collection[int]) -> dict[int, list[Dispatch]]:
    """By delivery; those without any are left out."""
    query = select(*_COLUMNS).where(among(conn, dispatch.c.delivery_id, delivery_ids)).order_by(dispatch.c.id)
    found: dict[int, list[Dispatch]] = {}
    for row in conn.execute(query):
        found.setdefault(row.delivery_id, []).append(Dispatch(*row))
    return found


def events_of(conn: Connection, id: int) -> list[DispatchEvent]:
    """In order."""
    columns = [dispatch_event.c[name] for name in DispatchEvent._fields]
    query = select(*columns).where(dispatch_event.c.dispatch_id == id).order_by(dispatch_event.c.id)
    return [DispatchEvent(*row) for row in conn.execute(query)]


def allowed(events: Sequence[DispatchEvent]) -> frozenset[str]:
    """What a person has allowed for the try that comes.

    AGAIN: though the vendor may have it. ANYWAY: though it asks for what is owed no longer.
    """
    said: set[str] = set()
    for event in events:
        if event.what in _RESTING:
            said.clear()
        elif event.what in (AGAIN, ANYWAY):
            said.add(event.what)
    return frozenset(said)


def change_state(
    conn: Connection,
    id: int,
    state: DispatchState,
    text: str,
    *,
    by: By,
    at: datetime,
    actor: str,
    due_at: datetime | None = None,
) -> None:
    """Whoever sent it does so no more. ``due_at`` is for what waits; a person's word lets the tries begin anew.

    Raises DispatchMoveError, NoDispatchError.
    """
    refuse_move(id, dispatch_of(conn, id, lock=True).state, state, by)
    values: dict[str, Any] = {"state": state, "step": "", "owner": None, "lease_until": None, "due_at": due_at}
    if by == "person" and state == "waiting":
        values["attempts"] = 0
    conn.execute(update(dispatch).where(dispatch.c.id == id).values(values))
    note(conn, id, state, text, at=at, actor=actor)


def note(conn: Connection, id: int, what: str, text: str, *, at: datetime, actor: str) -> None:
    """Append-only."""
    conn.execute(insert(dispatch_event).values(dispatch_id=id, what=what, text=text, at=at, actor=actor))


def next_due(conn: Connection, vendor: str, channel: str, now: datetime) -> Dispatch | None:
    """The oldest that waits and is due."""
    due = or_(dispatch.c.due_at.is_(None), dispatch.c.due_at <= now)
    query = select(*_COLUMNS).where(_waiting(vendor, channel), due).order_by(dispatch.c.id).limit(1)
    row = conn.execute(query).one_or_none()
    return None if row is None else Dispatch(*row)


def next_due_at(conn: Connection, vendor: str, now: datetime) -> datetime | None:
    """When something of the vendor's is to be sent, or looked for after a crash; None = nothing waits."""
    waiting = select(dispatch.c.due_at).where(dispatch.c.vendor == vendor, dispatch.c.state == "waiting")
    moments = [at or now for (at,) in conn.execute(waiting)]
    moments += [one.due_at or now for one in left_sending(conn, vendor, now)]
    return min(moments, default=None)


def claim(
    conn: Connection, one: Dispatch, target: str, *, owner: str, lease_until: datetime, at: datetime, actor: str
) -> Dispatch | None:
    """``one`` is being sent to ``target`` by ``owner`` from now on; None = another one of its channel is, or it waits
    no longer. To be committed before its first byte leaves.
    """
    dispatch_of(conn, one.id, lock=True)
    channel = (dispatch.c.vendor == one.vendor) & (dispatch.c.channel == one.channel)
    open_ = select(dispatch.c.id, dispatch.c.state).where(channel, dispatch.c.state.in_(("waiting", "sending")))
    states = dict(conn.execute(open_.order_by(dispatch.c.id).with_for_update()).all())
    if states.get(one.id) != "waiting" or "sending" in states.values():
        return None
    values = {"state": "sending", "step": "", "owner": owner, "lease_until": lease_until, "target": target}
    claimed = update(dispatch).where(dispatch.c.id == one.id)
    conn.execute(claimed.values(**values, attempts=dispatch.c.attempts + 1, due_at=None))
    note(conn, one.id, "sending", target, at=at, actor=actor)
    return dispatch_of(conn, one.id)


def set_step(conn: Connection, one: Dispatch, step: Step) -> None:
    """Of one that is sending. Raises LostDispatchError where its owner has it no more."""
    ours = (dispatch.c.id == one.id) & (dispatch.c.state == "sending") & (dispatch.c.owner == one.owner)
    if not conn.execute(update(dispatch).where(ours).values(step=step)).rowcount:
        raise LostDispatchError(
            f"dispatch {one.id} is no longer sent by this hub",
            why="its lease ran out, and another hub has taken it over: both could send it",
            do=f"see: hub outbox show {one.id}",
        )


def open_vendors(conn: Connection) -> set[str]:
    """Instances that something waits for, or is being sent to."""
    open_ = select(dispatch.c.vendor).where(dispatch.c.state.in_(("waiting", "sending")))
    return set(conn.execute(open_.distinct()).scalars())


def left_sending(conn: Connection, vendor: str, now: datetime) -> list[Dispatch]:
    """Those that nobody sends any more though they say so: whoever did is dead, is this process, or has lost them."""
    sending = dispatches(conn, vendor=vendor, state="sending")
    return [one for one in sending if one.owner is None or owners.is_free(one.owner, one.lease_until or now, now)]


def take_over(
    conn: Connection, one: Dispatch, *, owner: str, lease_until: datetime, due_at: datetime
) -> Dispatch | None:
    """One of :func:`left_sending` as ``owner``'s, one more try counted; None = another hub was faster.

    ``due_at``: when it is looked for again where nothing comes of this time.
    """
    same = (dispatch.c.state == "sending") & (dispatch.c.attempts == one.attempts)
    values = {"owner": owner, "lease_until": lease_until, "attempts": one.attempts + 1, "due_at": due_at}
    taken = conn.execute(update(dispatch).where(dispatch.c.id == one.id, same).values(values))
    return dispatch_of(conn, one.id) if taken.rowcount else None


def put_off(conn: Connection, one: Dispatch, text: str, *, until: datetime, at: datetime, actor: str) -> None:
    """Nothing of its channel is tried before ``until``; the try counts for ``one`` alone, the oldest that waits."""
    waiting = _waiting(one.vendor, one.channel)
    sooner = or_(dispatch.c.due_at.is_(None), dispatch.c.due_at < until)
    conn.execute(update(dispatch).where(waiting, sooner).values(due_at=until))
    conn.execute(update(dispatch).where(dispatch.c.id == one.id).values(attempts=dispatch.c.attempts + 1))
    note(conn, one.id, NOTE, text, at=at, actor=actor)


def hurry(conn: Connection, vendor: str, channel: str) -> None:
    """What waits is due at once, and so is a look for what was cut short."""
    its = and_(dispatch.c.vendor == vendor, dispatch.c.channel == channel)
    conn.execute(update(dispatch).where(its, dispatch.c.state.in_(("waiting", "sending"))).values(due_at=None))


def _waiting(vendor: str, channel: str) -> ColumnElement[bool]:
    return and_(dispatch.c.vendor == vendor, dispatch.c.channel == channel, dispatch.c.state == "waiting")


def retried_since(conn: Connection, vendor: str, channel: str, moment: datetime) -> bool:
    """Whether a person has had one of the channel sent again after ``moment``."""
    query = (
        select(func.count())
        .select_from(dispatch_event)
        .join(dispatch, dispatch.c.id == dispatch_event.c.dispatch_id)
        .where(
            dispatch.c.vendor == vendor,
            dispatch.c.channel == channel,
            dispatch.c.made_at < dispatch_event.c.at,
            dispatch_event.c.what == "waiting",
            dispatch_event.c.at > moment,
        )
    )
    return bool(conn.execute(query).scalar_one())
