"""What the daemon and a person can have done to a file: take it in, try again, release, ignore."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import structlog

from hub.errors import HubError
from hub.intake.attempt import attempt, read_to_end
from hub.intake.content import store
from hub.intake.hub import Hub
from hub.intake.identification import doors, nfc
from hub.intake.outcome import FileOutcome, end_filed
from hub.intake.placing import StillBeingReadError, duplicate_of, earlier_file, end_unread, judge
from hub.intake.steps import claim, file_what_was_cut_short, finish, resume, waiting
from hub.plugin import Malformed
from hub.store import journal
from hub.store.journal import Arrival, FileRow
from hub.store.results import Result, State
from hub.transport.folders import Seen, look_at, printable
from hub.vendors import VendorFault

log = structlog.get_logger()
Period = tuple[date, date]


def take_in(
    hub: Hub, seen: Seen, *, actor: str, door: str | None = None, period: Period | None = None
) -> FileOutcome | None:
    """Takes a settled file the whole way; goes on with an open claim on it that is free (hub.intake.steps.finish).

    ``door`` names the one instance that is asked, whatever the folder. None: somebody else works on it, or it is still
    changing.
    """
    ours = claim(hub, seen, actor=actor, door=door, period=period)
    if ours is not None:
        return finish(hub, ours, actor)
    left = next((one for one in waiting(hub) if is_of(one, seen)), None)
    return None if left is None else resume(hub, left, actor)


def is_of(left: Arrival, seen: Seen) -> bool:
    """Whether the claim is on exactly what is seen."""
    return (left.source, left.name, left.size, left.mtime_ns) == (seen.folder, seen.name, seen.size, seen.mtime_ns)


def finish_open(hub: Hub, actor: str) -> None:
    """Finishes all that waits; what fails is logged, stays open, and harms nothing else."""
    for left in waiting(hub):
        try:
            resume(hub, left, actor)
        except StillBeingReadError as error:
            log.info("waits", file=left.name, reason=str(error))
        except Exception:
            log.exception("cannot be finished now, tried again later", file=left.name, arrival=left.id)
    file_what_was_cut_short(hub, actor)


def ingest(
    hub: Hub, path: Path, *, actor: str, vendor: str | None = None, period: Period | None = None, dry_run: bool = False
) -> FileOutcome:
    """The same way by hand. The person's file stays where it is, unless it lies in an inbox.

    ``vendor`` names the one instance that is asked. A dry run writes nothing, anywhere in the site. Raises HubError,
    with nothing changed, for a path that is no file, an unknown vendor, a file that another hub works on.
    """
    if vendor is not None and vendor not in hub.site.vendors:
        known = ", ".join(sorted(hub.site.vendors)) or "there are none"
        raise HubError(f"no vendor instance is called {vendor!r}", do=f"the instances: {known}")
    try:
        seen = look_at(path.resolve(strict=True))
    except (OSError, ValueError) as error:
        raise HubError(f"cannot be taken in: {error}", where=printable(str(path))) from error
    if dry_run:
        return _rehearse(hub, seen, vendor, period, actor)
    finish_open(hub, actor)
    outcome = take_in(hub, seen, actor=actor, door=vendor, period=period)
    if outcome is None:
        raise HubError("another hub works on it, or it is still changing", where=seen.name, do="see: hub files")
    return outcome


def retry(hub: Hub, file_id: int, *, actor: str, period: Period | None = None) -> FileOutcome:
    """Reads a file again that was quarantined, ignored or partly booked: what is booked already stays as it is (R4).

    Raises HubError where there is nothing to try again.
    """
    file, arrival = _begin(hub, file_id, "retried", ("quarantined", "partly_booked", "ignored"), actor)
    if not hub.blob_path(file.sha256).exists():
        raise HubError(f"file {file_id} was too big to be kept", do="raise intake.file_bytes_max and drop it again")
    if file.state != "partly_booked":
        verdict = judge(hub, arrival)
        file = file._replace(vendor=verdict.vendor, kind=verdict.kind)
        with hub.db.write() as conn:
            journal.set_identity(conn, file.id, verdict.vendor, verdict.kind)
            if verdict.reason:
                end_unread(hub, conn, file.id, Result("quarantined", [verdict.reason]), None, actor)
        if verdict.reason:
            return _filed(hub, file_id, actor)
    read_to_end(hub, file, period=period or arrival.period, actor=actor)
    return _filed(hub, file_id, actor)


def release(hub: Hub, file_id: int, *, actor: str) -> FileOutcome:
    """Books a file that was held for approval (R8). Raises HubError for any other."""
    file, arrival = _begin(hub, file_id, "released", ("held_for_approval",), actor)
    read_to_end(hub, file, period=arrival.period, actor=actor, approved=True)
    return _filed(hub, file_id, actor)


def ignore(hub: Hub, file_id: int, *, reason: str, actor: str) -> FileOutcome:
    """A person's word that nobody needs the rest of this file. What was booked of it stays, and stays shown."""
    if not reason.strip():
        raise HubError("a file is ignored for a reason", do='write --reason "..."')
    file, _ = _begin(hub, file_id, "ignored", ("quarantined", "partly_booked", "held_for_approval"), actor)
    with hub.db.write() as conn:
        ended = journal.last_reading(conn, file_id).result
        result = replace(ended, state="ignored", reasons=[f"ignored: {reason.strip()}", *ended.reasons])
        end_unread(hub, conn, file_id, result, file.vendor, actor)
    return _filed(hub, file_id, actor)


def _begin(hub: Hub, file_id: int, act: str, states: tuple[State, ...], actor: str) -> tuple[FileRow, Arrival]:
    """The file and its last arrival, where this act fits its state; who did it is noted."""
    with hub.db.write() as conn:
        file = journal.get_file(conn, file_id, lock=True)
        if file is None:
            raise HubError(f"there is no file {file_id}", do="see: hub files")
        if file.state not in states:
            now = "is being read" if file.state is None else f"is {file.state}"
            raise HubError(f"file {file_id} {now}: only one that is {' or '.join(states)} can be {act}")
        journal.add_event(conn, at=hub.clock(), actor=actor, what=act, file_id=file_id)
        return file, journal.last_arrival(conn, file_id)


def _filed(hub: Hub, file_id: int, actor: str) -> FileOutcome:
    with hub.db.read() as conn:
        file = journal.get_file(conn, file_id)
    assert file is not None
    return end_filed(hub, file, None, actor)


def _rehearse(hub: Hub, seen: Seen, door: str | None, period: Period | None, actor: str) -> FileOutcome:
    """What would become of the file, found out over a content store that is gone afterwards."""
    now = hub.clock()
    with tempfile.TemporaryDirectory(prefix="hub-dry-run-") as folder:
        dry = replace(hub, content=Path(folder))
        limit = hub.site.hub.intake.file_bytes_max
        stored = store(seen, dry.content, part="0", bytes_max=limit)
        door = door or doors(hub.site).get(Path(seen.folder))
        first, last = period or (None, None)
        arrival = Arrival(
            0, seen.folder, seen.name, seen.size, seen.mtime_ns, door, first, last, "", now, stored.sha256, None
        )
        verdict = judge(dry, arrival)
        file = FileRow(0, stored.sha256, nfc(seen.name), verdict.vendor, verdict.kind, now, None, None, None)
        result = Result("quarantined", [verdict.reason]) if verdict.reason else None
        with hub.db.read() as conn:
            earlier = earlier_file(journal.files_with(conn, stored.sha256), verdict, file.name)
            if result is None and earlier is not None and earlier.state == "booked":
                result = duplicate_of(conn, earlier)
        if result is None:
            result = _attempted(dry, file, period, actor)
        return FileOutcome(None, file.name, file.sha256, file.vendor, file.kind, result)


def _attempted(dry: Hub, file: FileRow, period: Period | None, actor: str) -> Result:
    instance = dry.vendors.instances[file.vendor or ""]
    try:
        return attempt(dry, instance, file, period=period, actor=actor, now=dry.clock(), dry_run=True)
    except Malformed as error:
        return Result("quarantined", [f"malformed: {error}"])
    except VendorFault as fault:
        return Result("quarantined", [f"plug-in fault: {fault}"])
