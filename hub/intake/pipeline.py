"""What the daemon and a person can have done to a file: take it in, try again, release, ignore."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import structlog
from sqlalchemy import Connection

from hub.acts.act import Once
from hub.errors import HubError, NotFoundError
from hub.intake import claims
from hub.intake.dry_run import rehearse
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.intake.placing import BusyError, StillBeingReadError, end_unread, refuse_while_read
from hub.intake.steps import claim, finish, give_up, resume, waiting
from hub.store import journal, owners
from hub.store.journal import Act, Arrival, FileRow
from hub.store.results import State
from hub.transport.folders import Seen, look_at, printable

log = structlog.get_logger()
Period = tuple[date, date]
#: What is kept under the key of an act: the file's last reading before it. What came of it is the next one.
_AFTER = "after_reading"


def take_in(
    hub: Hub, seen: Seen, *, actor: str, door: str | None = None, period: Period | None = None
) -> FileOutcome | None:
    """Takes a settled file the whole way; goes on with an open claim on it that is free (hub.intake.steps.finish).

    ``door`` names the one instance that is asked, whatever the folder. None: somebody else works on it, or it is still
    changing. Raises StillBeingReadError, with the claim given up.
    """
    ours = claim(hub, seen, actor=actor, door=door, period=period)
    if ours is None:
        left = next((one for one in waiting(hub) if is_of(one, seen)), None)
        ours = None if left is None else claims.take_over(hub, left, actor)
    if ours is None:
        return None
    try:
        return finish(hub, ours, actor)
    except StillBeingReadError as busy:
        give_up(hub, ours, str(busy), actor)
        raise


def is_of(left: Arrival, seen: Seen) -> bool:
    """Whether the claim is on exactly what is seen."""
    same = (seen.folder, seen.name, seen.size, seen.mtime_ns)
    return (left.act, left.parent_id) == (None, None) and (left.source, left.name, left.size, left.mtime_ns) == same


def finish_open(hub: Hub, actor: str) -> None:
    """Finishes all that waits; what fails is logged, stays open, and harms nothing else."""
    for left in waiting(hub):
        try:
            resume(hub, left, actor)
        except StillBeingReadError as error:
            log.info("waits", file=left.name, reason=str(error))
        except Exception:
            log.exception("cannot be finished now, tried again later", file=left.name, arrival=left.id)


def ingest(
    hub: Hub, path: Path, *, actor: str, vendor: str | None = None, period: Period | None = None, dry_run: bool = False
) -> FileOutcome:
    """The same way by hand. The person's file stays where it is, unless it lies in an inbox.

    ``vendor`` names the one instance that is asked. A dry run writes nothing, anywhere in the site. Raises HubError
    for a path that is no file and an unknown vendor, BusyError for what another hub works on: the file is not taken in.
    """
    if vendor is not None and vendor not in hub.site.vendors:
        known = ", ".join(sorted(hub.site.vendors)) or "there are none"
        raise HubError(f"no vendor instance is called {vendor!r}", do=f"the instances: {known}")
    try:
        seen = look_at(path.resolve(strict=True))
    except (OSError, ValueError) as error:
        raise HubError(f"cannot be taken in: {error}", where=printable(str(path))) from error
    if dry_run:
        return rehearse(hub, seen, door=vendor, period=period, actor=actor)
    try:
        outcome = take_in(hub, seen, actor=actor, door=vendor, period=period)
    except StillBeingReadError:
        # Perhaps by a hub that was killed: then nobody else would go on with it.
        finish_open(hub, actor)
        outcome = take_in(hub, seen, actor=actor, door=vendor, period=period)
    else:
        # The person's file first: what others left behind may take its time.
        finish_open(hub, actor)
    if outcome is None:
        raise BusyError(
            "another hub works on it, or it is still changing", where=seen.name, do="try again; see: hub files"
        )
    return outcome


def retry(
    hub: Hub, file_id: int, *, actor: str, period: Period | None = None, reason: str = "", key: str | None = None
) -> FileOutcome:
    """Reads a file again that was quarantined, ignored, reversed or partly booked: what is booked stays as it is (R4).

    Asked again under the same ``key``, it tells what came of it, though the first one was killed in the middle. Raises
    HubError where there is nothing to try again, KeyUsedError, BusyError while somebody else works on the file.
    """
    asked = {"file": file_id, "period": period, "reason": reason}
    once = Once.asked(key, "files retry", asked, actor, hub.clock())
    _finish_what_was_cut_short(hub, file_id, actor)
    with hub.db.write() as conn:
        if (before := _done_before(conn, file_id, once)) is not None:
            return before
        file = _file_in(conn, file_id, "retried", ("quarantined", "partly_booked", "ignored", "reversed"))
        if not hub.blob_path(file.sha256).exists():
            raise HubError(f"file {file_id} was too big to be kept", do="raise intake.file_bytes_max and drop it again")
        ours = _begin(hub, conn, file, "retried", {"reason": reason}, actor, period, once=once)
        journal.set_being_read(conn, file.id, file.vendor, file.kind)
    return _ended(hub, ours, actor)


def release(hub: Hub, file_id: int, *, actor: str, reason: str = "", key: str | None = None) -> FileOutcome:
    """Books a file that was held for approval (R8). Raises HubError for any other, and as :func:`retry`.

    The approval is of the file: whatever is still missing of it afterwards needs no second one. ``key`` as there.
    """
    once = Once.asked(key, "files release", {"file": file_id, "reason": reason}, actor, hub.clock())
    _finish_what_was_cut_short(hub, file_id, actor)
    with hub.db.write() as conn:
        if (before := _done_before(conn, file_id, once)) is not None:
            return before
        file = _file_in(conn, file_id, "released", ("held_for_approval",))
        ours = _begin(hub, conn, file, "released", {"vendor": file.vendor, "reason": reason}, actor, once=once)
        journal.set_being_read(conn, file.id, file.vendor, file.kind)
    return _ended(hub, ours, actor)


def ignore(hub: Hub, file_id: int, *, reason: str, actor: str, key: str | None = None) -> FileOutcome:
    """A person's word that nobody needs the rest of this file. What was booked of it stays, and stays shown.

    It holds when the same bytes come again; only a retry takes it back. ``key`` and errors as of :func:`retry`.
    """
    reason = reason.strip()
    if not reason:
        raise HubError("a file is ignored for a reason", do='write --reason "..."')
    once = Once.asked(key, "files ignore", {"file": file_id, "reason": reason}, actor, hub.clock())
    _finish_what_was_cut_short(hub, file_id, actor)
    with hub.db.write() as conn:
        if (before := _done_before(conn, file_id, once)) is not None:
            return before
        file = _file_in(conn, file_id, "ignored", ("quarantined", "partly_booked", "held_for_approval"))
        ours = _begin(hub, conn, file, "ignored", {"reason": reason}, actor, once=once)
        last = journal.last_reading(conn, file_id).result
        result = replace(last, state="ignored", reasons=[f"ignored: {reason}", *last.reasons])
        end_unread(hub, conn, file_id, result, file.vendor, actor)
    return _ended(hub, ours, actor)


def _finish_what_was_cut_short(hub: Hub, file_id: int, actor: str) -> None:
    """Whoever worked on this file last may have been killed over it."""
    for left in waiting(hub):
        if left.file_id == file_id:
            resume(hub, left, actor)


def _done_before(conn: Connection, file_id: int, once: Once | None) -> FileOutcome | None:
    """What came of the act under this key; None = it is to be done now.

    Raises KeyUsedError, and BusyError where it has begun and not ended yet.
    """
    before = None if once is None else once.before(conn)
    if before is None:
        return None
    file, ended = journal.get_file(conn, file_id), journal.reading_after(conn, file_id, before[_AFTER])
    if file is None or ended is None:
        raise BusyError(f"file {file_id} is still at it, for whoever asked first under this key", do="ask again later")
    return FileOutcome(file.id, file.name, file.sha256, file.vendor, file.kind, ended.result, repeated=True)


def _file_in(conn: Connection, file_id: int, act: Act, states: tuple[State, ...]) -> FileRow:
    """The file, where nobody is at work on it and the act fits its state; nobody else can begin until we commit."""
    file = journal.get_file(conn, file_id)
    if file is None:
        raise NotFoundError(f"there is no file {file_id}", do="see: hub files")
    journal.lock_blob(conn, file.sha256)
    same_bytes = journal.files_with(conn, file.sha256)
    file = next(one for one in same_bytes if one.id == file_id)
    if file.state is not None and file.state not in states:
        raise HubError(f"file {file_id} is {file.state}: only one that is {' or '.join(states)} can be {act}")
    if file.state is None or journal.open_claim_on(conn, file_id) is not None:
        raise BusyError(f"file {file_id} is being worked on by another hub", do="see: hub files")
    refuse_while_read(same_bytes)
    return file


def _begin(
    hub: Hub,
    conn: Connection,
    file: FileRow,
    act: Act,
    detail: dict[str, object],
    actor: str,
    period: Period | None = None,
    *,
    once: Once | None,
) -> Arrival:
    """Claims the file and notes who does this; whatever happens now, some hub brings it to an end."""
    if once is not None:
        once.keep(conn, {"file": file.id, _AFTER: journal.last_reading(conn, file.id).reading_id})
    ours = journal.reopen(conn, file.id, act, period=period, owner=owners.own_name(), lease_until=claims.lease_end(hub))
    about = {"arrival_id": ours.id, "file_id": file.id}
    journal.add_event(conn, at=hub.clock(), actor=actor, what=act, detail=detail, **about)
    return ours


def _ended(hub: Hub, ours: Arrival, actor: str) -> FileOutcome:
    outcome = finish(hub, ours, actor)
    assert outcome is not None, "only a file that lies in a folder can change under our hands"
    return outcome
