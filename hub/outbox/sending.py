"""Sending what waits: each dispatch is claimed and committed before its first byte leaves, one at a time, the oldest
first, and what nobody can know is uncertain: only a receipt or a person ends that.

What becomes of one, by what happened:

======================================  ===============================================================
passing fault                           waits, longer each time; after so many tries it is stopped
lasting fault                           stopped, and a person is told; of the connection: all that waits
killed before the final step            waits: the far side can have kept nothing
killed, or cut off, after it            what lies on the far side says; where it does not, uncertain
======================================  ===============================================================
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Connection

from hub.errors import HubError
from hub.outbox.channels import Channel, Sender, Standing, channels_of, sections_of
from hub.outbox.settling import end, refusal_of
from hub.settings import Site
from hub.store import owners
from hub.store.database import Database, DatabaseError
from hub.store.exchange import dispatches, rounds
from hub.store.exchange.dispatches import Dispatch, LostDispatchError
from hub.store.exchange.rounds import Round, RoundResult
from hub.store.exchange.states import DispatchState
from hub.transport.backoff import pause_after
from hub.transport.content import blob_path, hash_of
from hub.transport.faults import LastingFault, PassingFault, UnsureFault

log = structlog.get_logger()

#: A claim holds so much longer than one file may take: nobody else takes it over while it is written down.
_MARGIN = timedelta(minutes=1)
#: What tells nobody whether the far side had it.
_FOUND: Mapping[Standing, str] = {
    "absent": "it is not there, and may have been taken away",
    "other": "something else has its name there, or a part of it",
    "unknown": "nobody can look there",
}


def send_due(
    db: Database,
    site: Site,
    vendor: str,
    *,
    clock: Callable[[], datetime],
    actor: str,
    by_hand: bool = False,
    stop: threading.Event,
) -> list[Round]:
    """One go at all that is due for the vendor: a round for each channel that had anything to do, none = nothing was.

    ``by_hand``: a person asks for it, so that nothing waits for its hour and a channel that a lasting fault has
    stopped is tried. Never by two threads of one process for one vendor. After ``stop`` is set, the file in work is
    finished and no other is begun.
    """
    channels = channels_of(site, vendor)
    _stop_those_without_a_way(db, vendor, channels, clock(), actor)
    made = [_Going(db, site, vendor, channel, clock, actor, stop).go(by_hand=by_hand) for channel in channels]
    return [one for one in made if one is not None]


def next_due_at(conn: Connection, vendor: str, now: datetime) -> datetime | None:
    """When :func:`send_due` has something to do for the vendor; None = nothing waits."""
    return dispatches.next_due_at(conn, vendor, now)


def _stop_those_without_a_way(db: Database, vendor: str, channels: list[Channel], now: datetime, actor: str) -> None:
    """What waits for a channel that the settings no longer have, or no longer allow (R38), is told, not forgotten."""
    names = {channel.name for channel in channels}
    with db.read() as conn:
        left = [*dispatches.dispatches(conn, vendor=vendor, state="waiting"), *_left(conn, vendor, now)]
    for one in left:
        if one.channel not in names:
            text = f"config/vendors/{vendor}.toml has no way by {one.channel} any more, or none that is allowed"
            state: DispatchState = "uncertain" if one.step else "stopped"
            if state == "uncertain":
                text = f"cut short, and nobody can look there: {text}"
            else:
                ways = f"put it right (hub check), then hub outbox retry {one.id}"
                text = f"{text}: {ways}; by hand instead: hub outbox cancel {one.id}"
            log.warning("not sent", dispatch=one.id, vendor=vendor, state=state, reason=text)
            end(db, one, state, text, at=now, actor=actor)


def _left(conn: Connection, vendor: str, now: datetime) -> list[Dispatch]:
    return [one for one in dispatches.left_sending(conn, vendor, now) if one.due_at is None or one.due_at <= now]


@dataclass
class _Going:
    """One round of one channel."""

    db: Database
    site: Site
    vendor: str
    channel: Channel
    clock: Callable[[], datetime]
    actor: str
    stop: threading.Event
    tried: int = field(default=0, init=False)
    sent: int = field(default=0, init=False)
    #: What went wrong with files, the last of it.
    fault: str = field(default="", init=False)
    passing: bool = field(default=False, init=False)

    def go(self, *, by_hand: bool) -> Round | None:
        settings = rounds.settings_hash(sections_of(self.site, self.vendor, self.channel.name))
        with self.db.read() as conn:
            if not self._has_work(conn, by_hand=by_hand):
                return None
            before = None if by_hand else self._blocked_by(conn, settings)
        if before is not None:
            log.error("not tried until somebody mends this", vendor=self.vendor, channel=self.channel.name)
            self._stop_all(f"not tried: {before.text}")
            return None
        with self.db.write() as conn:
            if by_hand:
                dispatches.hurry(conn, self.vendor, self.channel.name)
            id_ = rounds.begin(conn, self.vendor, "push", settings, self.clock(), self.channel.name)
        result: RoundResult = "failed"
        told = "a fault of ours: see the log"
        try:
            self._release()
            result, told = self._through()
        finally:
            counts = (self.tried, self.sent, self.tried - self.sent)
            with self.db.write() as conn:
                rounds.end(conn, id_, result, told, *counts, self.clock())
        with self.db.read() as conn:
            return rounds.get(conn, id_)

    def _is_to_go_on(self) -> bool:
        with self.db.read() as conn:
            return not self.stop.is_set() and self._has_work(conn, by_hand=False)

    def _has_work(self, conn: Connection, *, by_hand: bool) -> bool:
        """Not while another hub sends, or a look is owed and not due: then nothing else goes this way."""
        left = self._left_here(conn)
        sending = dispatches.dispatches(conn, vendor=self.vendor, state="sending", channel=self.channel.name)
        if by_hand:
            waiting = dispatches.dispatches(conn, vendor=self.vendor, state="waiting", channel=self.channel.name)
            return bool(waiting or sending)
        if len(sending) > len(left):
            return False
        return bool(left) or self._due(conn) is not None

    def _due(self, conn: Connection) -> Dispatch | None:
        return dispatches.next_due(conn, self.vendor, self.channel.name, self.clock())

    def _left_here(self, conn: Connection) -> list[Dispatch]:
        return [one for one in _left(conn, self.vendor, self.clock()) if one.channel == self.channel.name]

    def _blocked_by(self, conn: Connection, settings: str) -> Round | None:
        """The round after which nothing is tried until somebody mends something: a second login may lock us out."""
        before = rounds.last_with(conn, self.vendor, "push", settings)
        if before is None or before.result != "stopped" or before.ended_at is None:
            return None
        retried = dispatches.retried_since(conn, self.vendor, self.channel.name, before.ended_at)
        return None if retried else before

    def _release(self) -> None:
        """What was cut short, and can be told without a look: where it never got to its final step, it waits again."""
        with self.db.read() as conn:
            left = self._left_here(conn)
        for one in left:
            if not one.step:
                self._wait(one, "cut short before the far side could keep anything", at_once=True)
            elif not self.channel.can_look:
                self._unknown(one, f"cut short, and nobody knows: {_FOUND['unknown']}")

    def _through(self) -> tuple[RoundResult, str]:
        finished = False
        while not finished and self._is_to_go_on():
            with ExitStack() as stack:
                try:
                    sender = stack.enter_context(self.channel.session())
                except PassingFault as fault:
                    self._put_off(fault)
                    return "failed", str(fault)
                except HubError as fault:
                    log.error("nothing is sent until somebody mends this", vendor=self.vendor, error=str(fault))
                    self._stop_all(str(fault))
                    return "stopped", str(fault)
                finished = self._all_with(sender)
        told = f"{self.sent} of {self.tried} sent"
        return "failed" if self.passing else "done", "; ".join(part for part in (told, self.fault) if part)

    def _all_with(self, sender: Sender) -> bool:
        """False = the connection may be broken: what is left goes over a new one."""
        with self.db.read() as conn:
            left = self._left_here(conn)
        for one in left:
            if self.stop.is_set() or not self._look_for(sender, one):
                return self.stop.is_set()
        while not self.stop.is_set():
            claimed = self._next()
            if claimed is None:
                return True
            if not self._send(sender, claimed):
                return False
        return True

    def _look_for(self, sender: Sender, one: Dispatch) -> bool:
        """What became of one that was cut short after its final step; False as :meth:`_all_with`."""
        taken = self._taken_over(one)
        if taken is None:
            return True
        try:
            standing = sender.standing(taken)
        except PassingFault as fault:
            self._failed(str(fault), passing=True)
            if taken.attempts >= self.site.hub.exchange.attempts_max:
                self._end(taken, "uncertain", f"cut short, and nobody can look there: {fault}")
            return False
        except LastingFault as fault:
            self._unknown(taken, f"cut short, and nobody can look there: {fault}")
            return True
        if standing == "identical":
            self._end(taken, "sent", "cut short, and found there")
        elif standing == "temporary":
            self._wait(taken, "cut short, and found there under its temporary name alone", at_once=True)
        else:
            self._unknown(taken, f"cut short, and nobody knows: {_FOUND[standing]}")
        return True

    def _unknown(self, one: Dispatch, text: str) -> None:
        self._failed(f"dispatch {one.id}: {text}")
        self._end(one, "uncertain", text)

    def _taken_over(self, one: Dispatch) -> Dispatch | None:
        now = self.clock()
        with self.db.write() as conn:
            times = {"lease_until": self._lease_end(now), "due_at": now + self._pause(one.attempts + 1)}
            return dispatches.take_over(conn, one, owner=owners.own_name(), **times)

    def _next(self) -> Dispatch | None:
        """The oldest that is due and may be sent, claimed: committed before its first byte leaves."""
        while True:
            now = self.clock()
            with self.db.write() as conn:
                due = self._due(conn)
                if due is None:
                    return None
                one = dispatches.dispatch_of(conn, due.id, lock=True)
                if one.state != "waiting":
                    continue
                refusal = refusal_of(conn, one)
                if refusal:
                    dispatches.change_state(conn, one.id, "stopped", refusal, by="machine", at=now, actor=self.actor)
                    self._failed(f"dispatch {one.id}: {refusal}")
                    continue
                return dispatches.claim(
                    conn,
                    one,
                    self.channel.target,
                    owner=owners.own_name(),
                    lease_until=self._lease_end(now),
                    at=now,
                    actor=self.actor,
                )

    def _lease_end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.channel.seconds_max) + _MARGIN

    def _send(self, sender: Sender, one: Dispatch) -> bool:
        """False as :meth:`_all_with`."""
        self.tried += 1
        final = False

        def before_final() -> None:
            nonlocal final
            with self.db.write() as conn:
                dispatches.set_step(conn, one, "final")
            final = True

        try:
            how = sender.send(one, self._as_made(one), before_final)
        except PassingFault as fault:
            self._failed(f"dispatch {one.id}: {fault}", passing=True)
            self._wait(one, str(fault))
            return False
        except LastingFault as fault:
            self._failed(f"dispatch {one.id}: {fault}")
            self._end(one, "stopped", str(fault))
            return True
        except UnsureFault as fault:
            self._failed(f"dispatch {one.id}: {fault}")
            self._doubt(one, str(fault))
            return False
        except LostDispatchError as error:
            self._failed(str(error))
            return False
        except Exception as error:
            told = f"a fault of ours: {type(error).__name__}"
            if final:
                self._doubt(one, told)
            else:
                self._wait(one, told)
            raise
        self.sent += 1
        self._end(one, "sent", how)
        return True

    def _doubt(self, one: Dispatch, text: str) -> None:
        """Cut off after its final step: a look over a new connection may tell, as after a crash."""
        if not self.channel.can_look:
            self._end(one, "uncertain", text)
            return
        with self.db.write() as conn:
            dispatches.note(conn, one.id, dispatches.NOTE, text, at=self.clock(), actor=self.actor)

    def _as_made(self, one: Dispatch) -> Path:
        """Raises LastingFault where the kept bytes are not those that were to leave."""
        path = blob_path(self.site.content, one.sha256)
        try:
            with path.open("rb") as kept:
                if hash_of(kept) == one.sha256:
                    return path
        except FileNotFoundError:
            pass
        raise LastingFault(
            f"the bytes of dispatch {one.id} ({one.name}) are not those that were made",
            where=str(path),
            why="the vendor would get something that nobody decided",
            do="restore the content store from a backup; see: hub verify",
        )

    def _wait(self, one: Dispatch, text: str, *, at_once: bool = False) -> None:
        if one.attempts >= self.site.hub.exchange.attempts_max:
            self._end(one, "stopped", f"given up after {one.attempts} tries: {text}")
        else:
            self._end(one, "waiting", text, due_at=None if at_once else self.clock() + self._pause(one.attempts))

    def _end(self, one: Dispatch, state: DispatchState, text: str, *, due_at: datetime | None = None) -> None:
        """However long a booking holds the books: what came of a try is known to nobody else."""
        while True:
            try:
                return end(self.db, one, state, text, at=self.clock(), actor=self.actor, due_at=due_at)
            except DatabaseError as error:
                if self.stop.is_set():
                    raise
                log.warning("cannot be written down yet", dispatch=one.id, state=state, error=str(error))

    def _put_off(self, fault: PassingFault) -> None:
        """There is no connection: one try of the oldest, and the others wait with it."""
        log.warning("no connection, tried again", vendor=self.vendor, channel=self.channel.name, error=str(fault))
        most = self.site.hub.exchange.attempts_max
        with self.db.read() as conn:
            left = self._left_here(conn)
        for one in left:
            taken = self._taken_over(one)
            if taken is not None and taken.attempts >= most:
                self._end(taken, "uncertain", f"cut short, and nobody can look there: {fault}")
        with self.db.write() as conn:
            due = self._due(conn)
            if due is None:
                return
            now = self.clock()
            until = now + self._pause(due.attempts + 1)
            dispatches.put_off(conn, due, str(fault), until=until, at=now, actor=self.actor)
        if due.attempts + 1 >= most:
            self._end(due, "stopped", f"given up after {due.attempts + 1} tries: {fault}")

    def _stop_all(self, text: str) -> None:
        """All that waits for this channel, due or not; what was cut short cannot be looked for."""
        with self.db.read() as conn:
            left = self._left_here(conn)
            waiting = dispatches.dispatches(conn, vendor=self.vendor, state="waiting", channel=self.channel.name)
        for one in left:
            if one.step:
                self._end(one, "uncertain", f"cut short, and nobody can look there: {text}")
            else:
                self._end(one, "stopped", text)
        for one in waiting:
            self._end(one, "stopped", text)

    def _pause(self, failures: int) -> timedelta:
        exchange = self.site.hub.exchange
        return pause_after(
            failures, first_seconds=exchange.retry_seconds_first, longest_seconds=exchange.retry_seconds_max
        )

    def _failed(self, told: str, *, passing: bool = False) -> None:
        log.warning("not sent, or not known to be", vendor=self.vendor, channel=self.channel.name, reason=told)
        self.fault = told
        self.passing = self.passing or passing
