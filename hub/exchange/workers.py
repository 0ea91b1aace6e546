"""A thread for each vendor instance that files are exchanged with: it sends what is due, and looks when it may.

Each has a connection of its own, so one vendor's dead or stalling server delays nobody else, and never the folders. No
thread holds a transaction while it waits for a network. A thread that is cut off in the middle leaves what a killed hub
would: whoever comes next finds out by the journal and by the far side how far it came.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from hub.errors import HubError
from hub.exchange import notices, schedule
from hub.exchange.pulling import TooSoonError, pull
from hub.intake.hub import Hub
from hub.outbox import sending
from hub.settings import VendorConfig
from hub.store.exchange import dispatches
from hub.store.exchange.rounds import Round
from hub.transport.backoff import pause_after

log = structlog.get_logger()

#: Between a stop and leaving a transfer as it is.
_STOP_SECONDS = 5.0
_BACKOFF_SECONDS_MAX = 600.0


def exchanging(hub: Hub) -> list[str]:
    """Instances that files are fetched from, or sent to by a machine, or that something waits for still.

    What waits for a way that the settings have lost is stopped and told by who sends; else nobody would look at it.
    """
    with hub.db.read() as conn:
        waited_for = dispatches.open_vendors(conn)
    return sorted(waited_for.union(name for name, config in hub.site.vendors.items() if is_exchanging(config)))


def is_exchanging(config: VendorConfig) -> bool:
    """Whether its settings say that files are fetched from it, or sent to it by a machine."""
    sftp = config.sftp
    return (sftp is not None and (sftp.pull or sftp.push) is not None) or config.folder is not None or config.mail.send


class Workers:
    """All threads of a site. A context manager: inside, they work.

    ``taken_in`` is called when something was fetched, and is to be taken in by whoever finishes open claims.
    """

    def __init__(self, hub: Hub, taken_in: Callable[[], None], *, actor: str) -> None:
        self._stop = threading.Event()
        #: Last rounds that ended since the start.
        self._ended: dict[tuple[str, str], Round] = {}
        self._workers = [_Worker(hub, vendor, self._stop, taken_in, self._ended, actor) for vendor in exchanging(hub)]
        self._teller = _Teller(hub, self._stop, actor)

    def __enter__(self) -> Workers:
        for thread in (*self._workers, self._teller):
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Told to stop, each ends within seconds; a transfer that does not is cut."""
        self._stop.set()
        until = time.monotonic() + _STOP_SECONDS
        threads = (*self._workers, self._teller)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        left = [thread.name for thread in threads if thread.is_alive()]
        if left:
            log.warning("cut off in the middle, the next start goes on from there", threads=left)

    def told(self) -> list[str]:
        """The last rounds that ended since the start, a line each."""
        return [
            f"{vendor}: {what} {ended.result} at {ended.ended_at:%H:%M:%S}Z"
            for (vendor, what), ended in sorted(self._ended.copy().items())
        ]


class _Worker(threading.Thread):
    """Never ends before it is told to, whatever the vendor's server, the settings or the database do."""

    def __init__(
        self,
        hub: Hub,
        vendor: str,
        stop: threading.Event,
        taken_in: Callable[[], None],
        ended: dict[tuple[str, str], Round],
        actor: str,
    ) -> None:
        super().__init__(name=f"exchange-{vendor}", daemon=True)
        self.vendor = vendor
        self._hub = hub
        self._stop_told = stop
        self._taken_in = taken_in
        self._ended = ended
        self._actor = actor
        self._pause_seconds = 0.0

    def run(self) -> None:
        failures = 0
        while not self._stop_told.is_set():
            # What keeps us from sending is no reason not to fetch.
            well = [self._goes(step) for step in (self._push, self._pull, self._look_ahead)]
            failures = 0 if all(well) else failures + 1
            self._stop_told.wait(self._backoff_seconds(failures) if failures else self._pause_seconds)

    def _goes(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except HubError as error:
            log.error("nothing is exchanged, tried again", vendor=self.vendor, reason=str(error))
        except Exception:
            log.exception("our fault, tried again", vendor=self.vendor)
        else:
            return True
        return False

    def _push(self) -> None:
        hub = self._hub
        made = sending.send_due(hub.db, hub.site, self.vendor, clock=hub.clock, actor=self._actor, stop=self._stop_told)
        self._note(made)

    def _pull(self) -> None:
        due = self._pull_due_at()
        if due is None or due > self._hub.clock() or self._stop_told.is_set():
            return
        try:
            looked = pull(self._hub, self.vendor, actor=self._actor, stop=self._stop_told)
        except TooSoonError as error:
            log.debug("another hub was faster", vendor=self.vendor, reason=str(error))
            return
        self._note([looked])
        if looked.moved:
            self._taken_in()

    def _note(self, rounds: Iterable[Round]) -> None:
        for one in rounds:
            self._ended[one.vendor, one.what] = one

    def _pull_due_at(self) -> datetime | None:
        with self._hub.db.read() as conn:
            return schedule.pull_due_at(conn, self._hub.site, self.vendor, self._hub.clock())

    def _look_ahead(self) -> None:
        """To when something gets due; what other programs make is seen at the next scan."""
        now = self._hub.clock()
        with self._hub.db.read() as conn:
            due = sending.next_due_at(conn, self.vendor, now)
        coming = [moment for moment in (due, self._pull_due_at()) if moment is not None and moment > now]
        seconds = [(moment - now).total_seconds() for moment in coming]
        self._pause_seconds = min([*seconds, self._hub.site.hub.intake.scan_seconds])

    def _backoff_seconds(self, failures: int) -> float:
        first = self._hub.site.hub.intake.scan_seconds
        return pause_after(failures, first_seconds=first, longest_seconds=_BACKOFF_SECONDS_MAX).total_seconds()


class _Teller(threading.Thread):
    """Tells people what needs them, every so many minutes: a mail server that stalls delays nothing else."""

    def __init__(self, hub: Hub, stop: threading.Event, actor: str) -> None:
        super().__init__(name="notices", daemon=True)
        self._hub = hub
        self._stop_told = stop
        self._actor = actor

    def run(self) -> None:
        hub, pause = self._hub, self._hub.site.hub.notices.every_minutes * 60
        while not self._stop_told.wait(pause):
            try:
                notices.tell(hub.db, hub.site, now=hub.clock(), actor=self._actor)
            except HubError as error:
                log.error("people are not told, tried again", reason=str(error), in_seconds=pause)
            except Exception:
                log.exception("our fault, people are not told, tried again", in_seconds=pause)
