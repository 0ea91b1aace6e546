"""The daemon: looks into every inbox again and again, and takes in what has settled.

What the operating system says of changes only wakes it early. The look is the truth: it finds files that came before
the start, from other machines, in a burst, or while the folder was away. Files that come from and go to vendors'
servers are moved beside it (hub.exchange.workers); what was fetched is taken in here, as what was dropped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

from hub.exchange.workers import Workers
from hub.intake import steps
from hub.intake.hub import Hub
from hub.intake.identification import doors
from hub.intake.outcome import FileOutcome
from hub.intake.placing import StillBeingReadError
from hub.store.journal import Arrival
from hub.transport.backoff import pause_after
from hub.transport.content import LockedError
from hub.transport.folders import Seen, Settling, printable, scan

log = structlog.get_logger()

#: Who the daemon is in the journal.
ACTOR = "daemon"
_HEARTBEAT_SECONDS = 60.0
_BACKOFF_SECONDS_MAX = 600.0
_SHORTEST_PAUSE_SECONDS = 0.05


def run(hub: Hub, stop: threading.Event) -> None:
    """Runs until ``stop`` is set; the file that is being taken in is finished first."""
    intake = hub.site.hub.intake
    for folder in doors(hub.site):
        folder.mkdir(parents=True, exist_ok=True)
    wake = threading.Event()
    watch = Watch(wake, polling=intake.polling, poll_seconds=intake.scan_seconds)
    looker = Looker(hub, stop)
    heartbeat = hub.clock()
    log.info("started", folders=[str(folder) for folder in doors(hub.site)], polling=intake.polling)
    # A signal handler may only set one event; waiting for both is this thread's work.
    threading.Thread(target=_pass_on, args=(stop, wake), name="stop", daemon=True).start()
    try:
        with Workers(hub, wake.set, actor=ACTOR) as workers:
            while not stop.is_set():
                wake.clear()
                looker.look()
                watch.follow(looker.present)
                # Whichever way the clock was put.
                if abs(hub.clock() - heartbeat) >= timedelta(seconds=_HEARTBEAT_SECONDS):
                    heartbeat = hub.clock()
                    log.info("at work", files=looker.files_taken, waiting=looker.waiting, exchange=workers.told())
                if wake.wait(looker.pause_seconds):
                    # A file that grows sends an event a write: a look at each would leave no time for work.
                    time.sleep(_SHORTEST_PAUSE_SECONDS)
    finally:
        watch.end()
        log.info("stopped", files=looker.files_taken)


class Looker:
    """One round after the other: first what waits in the journal, begun before, then all inboxes."""

    def __init__(self, hub: Hub, stop: threading.Event) -> None:
        intake = hub.site.hub.intake
        self._hub = hub
        self._stop = stop
        self._settling = Settling(intake.settle_looks, intake.settle_age_seconds)
        self._backoff = Backoff(intake.scan_seconds)
        self._refused: set[str] = set()
        self._gone: set[Path] = set()
        #: Folders that could be looked into in the last round.
        self.present: set[Path] = set()
        self.files_taken = 0
        self.waiting = 0
        #: Until the next round, if nothing happens before.
        self.pause_seconds = 0.0

    def look(self) -> None:
        """One round. Nothing that a file, a folder, a plug-in or the database does ends the daemon."""
        try:
            self._work_on_what_waits()
            seen = self._scan_all()
            settled = self._settling.settled(seen, self._hub.clock())
            for one in settled:
                if self._stop.is_set():
                    return
                self._claim_and_work(one)
            self._pause(unsettled=len(seen) - len(settled))
        except Exception:
            log.exception("this round failed, the next one tries again")
            self.pause_seconds = self._hub.site.hub.intake.scan_seconds

    def _scan_all(self) -> list[Seen]:
        seen: list[Seen] = []
        self.present = set()
        refused: dict[str, str] = {}
        watched = doors(self._hub.site)
        for folder in watched:
            try:
                look = scan(folder)
            except OSError as error:
                if folder not in self._gone:
                    log.error("an inbox cannot be read, it is tried again", folder=str(folder), error=str(error))
                self._gone.add(folder)
                continue
            if folder in self._gone:
                log.info("an inbox is back", folder=str(folder))
                self._gone.discard(folder)
            self.present.add(folder)
            seen.extend(look.files)
            refused.update(look.refused)
            refused.update(_lost(set(look.folders) - watched.keys()))
        for path in refused.keys() - self._refused:
            log.warning("not taken", path=path, reason=refused[path])
        self._refused = set(refused)
        return seen

    def _claim_and_work(self, seen: Seen) -> None:
        try:
            claim = steps.claim(self._hub, seen, actor=ACTOR)
        except Exception:
            log.exception("cannot be claimed, tried again", file=seen.name, folder=seen.folder)
            return
        if claim is not None:
            self._work(claim, steps.finish)

    def _work_on_what_waits(self) -> None:
        waiting = steps.waiting(self._hub)
        self.waiting = len(waiting)
        self._backoff.forget_all_but({claim.id for claim in waiting})
        for claim in waiting:
            if self._stop.is_set():
                return
            if self._backoff.is_due(claim.id, self._hub.clock()):
                self._work(claim, steps.resume)

    def _work(self, claim: Arrival, work: Callable[[Hub, Arrival, str], FileOutcome | None]) -> None:
        """A fault of ours leaves the claim open: it is tried again, later and later."""
        try:
            outcome = work(self._hub, claim, ACTOR)
        except StillBeingReadError as error:
            log.info("waits", file=claim.name, reason=str(error))
            self._backoff.failed(claim.id, self._hub.clock())
        except LockedError as error:
            pause = self._backoff.failed(claim.id, self._hub.clock())
            log.warning("not taken yet", file=claim.name, reason=str(error), in_seconds=pause.total_seconds())
        except Exception:
            pause = self._backoff.failed(claim.id, self._hub.clock())
            log.exception("our fault, tried again", file=claim.name, arrival=claim.id, in_seconds=pause.total_seconds())
        else:
            self.files_taken += outcome is not None

    def _pause(self, unsettled: int) -> None:
        intake = self._hub.site.hub.intake
        self.pause_seconds = intake.scan_seconds
        if unsettled:
            look_again = max(intake.settle_age_seconds / intake.settle_looks, _SHORTEST_PAUSE_SECONDS)
            self.pause_seconds = min(intake.scan_seconds, look_again)


def _lost(strangers: set[Path]) -> dict[str, str]:
    """Folders that are no instance's inbox and have something in them: it would lie there for ever."""
    told = {}
    for folder in strangers:
        with suppress(OSError):
            if scan(folder).files:
                told[printable(str(folder))] = (
                    "is no vendor's inbox, what lies in it is not looked at; see: hub vendors"
                )
    return told


class Backoff:
    """When what has failed is due again (hub.transport.backoff)."""

    def __init__(self, first_seconds: float) -> None:
        self._first_seconds = first_seconds
        #: How often, when last, and the pause since then.
        self._failures: dict[int, tuple[int, datetime, timedelta]] = {}

    def failed(self, claim_id: int, now: datetime) -> timedelta:
        """Returns how long it waits now."""
        times = (self._failures[claim_id][0] if claim_id in self._failures else 0) + 1
        pause = pause_after(times, first_seconds=self._first_seconds, longest_seconds=_BACKOFF_SECONDS_MAX)
        self._failures[claim_id] = (times, now, pause)
        return pause

    def is_due(self, claim_id: int, now: datetime) -> bool:
        """Also where the clock was put back since it failed."""
        if claim_id not in self._failures:
            return True
        _, failed_at, pause = self._failures[claim_id]
        return not failed_at <= now < failed_at + pause

    def forget_all_but(self, claim_ids: set[int]) -> None:
        self._failures = {id_: known for id_, known in self._failures.items() if id_ in claim_ids}


class Watch(FileSystemEventHandler):
    """Wakes the daemon when something changes in a folder. Every event may be lost: then the next look finds it."""

    def __init__(self, wake: threading.Event, *, polling: bool, poll_seconds: float) -> None:
        self._wake = wake
        self._observer: BaseObserver = PollingObserver(timeout=poll_seconds) if polling else Observer()
        self._observer.start()
        self._watches: dict[Path, tuple[int, ObservedWatch]] = {}

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in ("opened", "closed_no_write"):
            self._wake.set()

    def follow(self, folders: set[Path]) -> None:
        """Watches exactly these; a folder that went and came back is another one, and has to be watched anew."""
        for folder in list(self._watches):
            if folder not in folders or self._watches[folder][0] != _identity(folder):
                _, watch = self._watches.pop(folder)
                self._observer.unschedule(watch)
        for folder in folders - self._watches.keys():
            try:
                watch = self._observer.schedule(self, str(folder), recursive=False)
            except OSError as error:
                log.warning("no events from here, only looks", folder=str(folder), error=str(error))
                continue
            self._watches[folder] = (_identity(folder), watch)

    def end(self) -> None:
        self._observer.stop()
        self._observer.join()


def _identity(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return 0


def _pass_on(stop: threading.Event, wake: threading.Event) -> None:
    stop.wait()
    wake.set()
