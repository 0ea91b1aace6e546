"""Fetching what a vendor's server holds for us: all that lies there is compared with what was fetched before.

A file is on the disk and has its claim before anybody hears of it; from there it goes the way of every file that comes.
Killed before that, it is as if nobody had looked, and the next look fetches it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import structlog

from hub.errors import HubError
from hub.exchange import schedule
from hub.exchange.clearing import clear
from hub.intake import claims
from hub.intake.hub import Hub
from hub.intake.identification import nfc
from hub.intake.pipeline import finish_open
from hub.intake.placing import BusyError
from hub.outbox.accounts import account_of
from hub.settings.exchange import PullSection
from hub.store import owners
from hub.store.exchange import fetched, rounds
from hub.store.exchange.fetched import Fetched, There
from hub.store.exchange.rounds import Round, RoundResult
from hub.transport.content import Keeper, Stored
from hub.transport.faults import LastingFault, PassingFault, TransportFault
from hub.transport.folders import is_never_taken, printable
from hub.transport.sftp import RemoteChanged, RemoteFile, Session, connected

log = structlog.get_logger()

#: Files and seconds of fetching that one transaction takes in: small files do not wait for the disk one by one.
_FILES_A_COMMIT, _SECONDS_A_COMMIT = 100, 1.0
#: Told of one look; the rest is counted.
_NOTES_MAX = 10


class TooSoonError(BusyError):
    """It is not the time to look at this server: its vendor wants it left alone until later, or a person is needed."""


class _StoppedError(Exception):
    """We were told to stop, in the middle of a file."""


def pull(
    hub: Hub, vendor: str, *, actor: str, stop: threading.Event, by_hand: bool = False, anyway: bool = False
) -> Round:
    """One look at the vendor's server: fetches what is new and has settled, removes there what is dealt with here.

    ``by_hand``: at any hour, and after a lasting fault too; what was fetched is taken in at once, and what is in order
    then is removed there in the same look. Else it waits for whoever finishes open claims (the daemon). ``anyway``:
    by hand, and before the pause between two looks is over; the round says so.

    What goes wrong with the server ends the round ``failed`` or ``stopped``; what was fetched before stays. Raises
    TooSoonError (by hand too, and where another hub was faster), HubError where nothing is set up, and for a fault of
    ours what it is, with the round ended.
    """
    section = _section(hub, vendor)
    begun = _begin(hub, vendor, section, by_hand=by_hand, anyway=anyway)
    look = _Look(hub, vendor, section, actor, stop)
    if anyway:
        look.note(f"{actor} had it looked at, whether or not the pause between two looks was over")
    try:
        with connected(account_of(hub.site, vendor)) as session:
            look.over(session, by_hand=by_hand)
    except LastingFault as fault:
        return look.ended(begun, "stopped", str(fault))
    except (HubError, OSError) as fault:
        return look.ended(begun, "failed", str(fault))
    except Exception as fault:
        look.ended(begun, "failed", f"a fault of ours: {type(fault).__name__}: {fault}")
        raise
    return look.ended(begun, "done")


def _section(hub: Hub, vendor: str) -> PullSection:
    config = hub.site.vendors.get(vendor)
    if config is None:
        known = ", ".join(sorted(hub.site.vendors)) or "there are none"
        raise HubError(f"no vendor instance is called {vendor!r}", do=f"the instances: {known}")
    if config.sftp is None or config.sftp.pull is None:
        raise HubError(
            f"nothing is fetched from {vendor}", do=f"say what and when in config/vendors/{vendor}.toml: [sftp.pull]"
        )
    return config.sftp.pull


def _begin(hub: Hub, vendor: str, pull: PullSection, *, by_hand: bool, anyway: bool) -> Round:
    """A new round. Raises TooSoonError."""
    now = hub.clock()
    hash_ = schedule.settings_hash(hub.site, vendor)
    with hub.db.write() as conn:
        rounds.lock(conn, vendor, "pull")
        history = schedule.history_of(conn, vendor)
        allowed = schedule.allowed_at(history, pull, now)
        if not by_hand:
            if schedule.is_stopped(history, hash_):
                raise TooSoonError(f"{vendor} is not looked at until its settings differ, or a person asks for it")
            allowed = schedule.next_open(pull, hub.site.vendors[vendor].country, hub.site.zone, allowed)
        if allowed > now and not anyway:
            raise TooSoonError(
                f"{vendor} is not looked at before {allowed.astimezone(hub.site.zone):%Y-%m-%d %H:%M:%S}",
                why=f"sftp.pull.every_minutes is {pull.every_minutes:g}: vendors forbid looking more often",
                do="wait until then; where the vendor has agreed: hub exchange run --anyway",
            )
        return rounds.get(conn, rounds.begin(conn, vendor, "pull", hash_, now))


class _Look:
    """One look, from the first listing to the last removal."""

    def __init__(self, hub: Hub, vendor: str, pull: PullSection, actor: str, stop: threading.Event) -> None:
        self._hub = hub
        self._vendor = vendor
        self._pull = pull
        self._actor = actor
        self._stop = stop
        self._notes: list[str] = []
        self._seen = self._fetched = self._refused = 0

    def note(self, told: str) -> None:
        """To be told of this look."""
        self._notes.append(told)

    def over(self, session: Session, *, by_hand: bool) -> None:
        """Raises as :func:`pull` catches it."""
        lying = self._list(session)
        with self._hub.db.read() as conn:
            known = fetched.known(conn, self._vendor)
        self._note_gone(known, lying)
        wanted = {there: file for there, file in lying.items() if self._is_wanted(there)}
        self._seen = len(wanted)
        self._note_left_out(lying.keys() - wanted.keys())
        fresh = self._not_refused(wanted, known)
        settled = self._settled(session, fresh)
        self._fetch(session, settled)
        if by_hand:
            finish_open(self._hub, self._actor)
        self._notes += clear(self._hub, self._vendor, session, lying, actor=self._actor, stop=self._stop)
        if self._stop.is_set():
            self._notes.append("told to stop before the end")

    def ended(self, begun: Round, result: RoundResult, why: str = "") -> Round:
        """Ends the round, and says what came of it."""
        text = f"{self._fetched} fetched, {self._seen} there"
        told = [*([why] if why else []), text, *self._notes[:_NOTES_MAX]]
        if len(self._notes) > _NOTES_MAX:
            told.append(f"and {len(self._notes) - _NOTES_MAX} more")
        counts = (self._seen, self._fetched, self._refused)
        with self._hub.db.write() as conn:
            rounds.end(conn, begun.id, result, "; ".join(told), *counts, self._hub.clock())
            round_ = rounds.get(conn, begun.id)
        say = log.info if result == "done" else log.warning
        say("looked for files" if result == "done" else "cannot fetch", vendor=self._vendor, result=round_.text)
        return round_

    def _list(self, session: Session) -> dict[There, RemoteFile]:
        """All that lies in the folders, whatever its name."""
        found: dict[There, RemoteFile] = {}
        for folder in dict.fromkeys(self._pull.folders):
            for file in session.list(folder):
                found[folder, printable(file.name), file.size, file.mtime] = file
        return found

    def _note_gone(self, known: Mapping[There, Fetched], lying: Mapping[There, RemoteFile]) -> None:
        """Of the folders that were listed whole: what was fetched and lies there no more."""
        gone = [one.id for there, one in known.items() if there not in lying and one.folder in self._pull.folders]
        if gone:
            with self._hub.db.write() as conn:
                fetched.note_gone(conn, gone, self._hub.clock())

    def _is_wanted(self, there: There) -> bool:
        name = there[1]
        patterns = self._pull.names
        return not is_never_taken(name) and any(fnmatchcase(nfc(name), nfc(pattern)) for pattern in patterns)

    def _note_left_out(self, others: Collection[There]) -> None:
        """A vendor's new kind of name is seen to be left out; what is still written there will have another."""
        names = sorted(there[1] for there in others if not is_never_taken(there[1]))
        if names:
            self._notes.append(f"{len(names)} left out, as no pattern in sftp.pull.names fits: {names[0]}")

    def _not_refused(
        self, wanted: Mapping[There, RemoteFile], known: Mapping[There, Fetched]
    ) -> dict[There, RemoteFile]:
        """What is to be fetched. What is not is noted once, and never removed there."""
        fresh: dict[There, RemoteFile] = {}
        refused: dict[There, str] = {}
        for there, file in wanted.items():
            before = known.get(there)
            if before is not None and before.arrival_id is not None:
                continue
            if why := self._refusal(file):
                refused[there] = why
            else:
                fresh[there] = file
        self._refused = len(refused)
        new = {there: why for there, why in refused.items() if there not in known}
        if new:
            now = self._hub.clock()
            with self._hub.db.write() as conn:
                told = [there for there in sorted(new) if fetched.refuse(conn, self._vendor, there, new[there], now)]
            for there in told:
                log.warning("not fetched", vendor=self._vendor, folder=there[0], file=there[1], reason=new[there])
        self._notes += [f"refused {there[1]}: {why}" for there, why in refused.items()]
        return fresh

    def _refusal(self, file: RemoteFile) -> str:
        """Why a file is not fetched; "" = it is."""
        if "\\" in printable(file.name):
            return "bad name: it holds a backslash, control characters or bytes that are no UTF-8"
        limit = self._hub.site.hub.intake.file_bytes_max
        return f"too big: {file.size} bytes, intake.file_bytes_max allows {limit}" if file.size > limit else ""

    def _settled(self, session: Session, fresh: Mapping[There, RemoteFile]) -> dict[There, RemoteFile]:
        """What is the same at a second look; what is not, a later round looks at."""
        if not fresh or not self._pull.settle_seconds:
            return dict(fresh)
        if self._stop.wait(self._pull.settle_seconds):
            return {}
        again = self._list(session)
        settled = {there: file for there, file in fresh.items() if there in again}
        if growing := len(fresh) - len(settled):
            self._notes.append(f"{growing} still being written, or gone again")
        return settled

    def _fetch(self, session: Session, settled: Mapping[There, RemoteFile]) -> None:
        """Whatever ends it, what was fetched whole is kept."""
        got: dict[There, str] = {}
        since = time.monotonic()
        with Keeper(self._hub.content, _part(self._hub, self._vendor)) as keeper:
            try:
                # In the same order on every hub: two that fetch the same never wait for each other in a circle.
                for there, file in sorted(settled.items(), key=lambda one: one[0]):
                    stored = self._download(session, file, keeper)
                    if stored is not None:
                        got[there] = stored.sha256
                    if len(got) >= _FILES_A_COMMIT or time.monotonic() - since > _SECONDS_A_COMMIT:
                        self._take(got, keeper)
                        since = time.monotonic()
            except _StoppedError:
                log.info("told to stop, the rest is fetched another time", vendor=self._vendor)
            finally:
                self._take(got, keeper)

    def _download(self, session: Session, file: RemoteFile, keeper: Keeper) -> Stored | None:
        """Into the content store; None for one that cannot be had now."""
        try:
            return keeper.add(self._unless_stopped(session.download(file)))
        except RemoteChanged:
            self._notes.append(f"{printable(file.name)} is still being written")
        except LastingFault as fault:
            self._not_had(file, fault)
        except PassingFault as fault:
            # One file that the server cannot read is no reason to leave the others; a lost connection is.
            session.list(file.folder)
            self._not_had(file, fault)
        return None

    def _not_had(self, file: RemoteFile, fault: TransportFault) -> None:
        self._refused += 1
        self._notes.append(f"refused {printable(file.name)}: {fault}")

    def _unless_stopped(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self._stop.is_set():
                raise _StoppedError
            yield chunk
        if self._stop.is_set():
            raise _StoppedError

    def _take(self, got: dict[There, str], keeper: Keeper) -> None:
        """Empties ``got``: what cannot be taken now is fetched another time."""
        if not got:
            return
        ones = got.copy()
        got.clear()
        keeper.settle()
        by = fetched.By(self._actor, owners.own_name(), claims.lease_end(self._hub))
        with self._hub.db.write() as conn:
            taken = fetched.take(conn, self._vendor, ones, by, self._hub.clock())
        self._fetched += taken


def _part(hub: Hub, vendor: str) -> str:
    """Of the names of files that are being fetched: another one of every process. What killed ones left goes."""
    for left in (hub.content / "tmp").glob(f"pull-{vendor}@*.part"):
        owner = left.name.split("@")[1].replace("+", "/")
        try:
            written = datetime.fromtimestamp(left.stat().st_mtime, UTC)
        except FileNotFoundError:
            continue  # Another hub was fetching it, and has it whole now.
        if owners.is_free(owner, written + claims.lease(hub), hub.clock()):
            left.unlink(missing_ok=True)
    return f"pull-{vendor}@{owners.own_name().replace('/', '+')}@"
