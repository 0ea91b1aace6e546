"""What a stored arrival is: a new file, a copy of one that is booked, or another try at one that was not (R4)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from hub.errors import HubError
from hub.intake.hub import Hub
from hub.intake.identification import Verdict, identify, nfc, refused
from hub.store import journal
from hub.store.ids import Ids
from hub.store.journal import Arrival, FileRow
from hub.store.results import Counts, Result


class StillBeingReadError(HubError):
    """The same bytes are being read at this moment: what a second arrival of them is, is not known before that ends."""


def place(hub: Hub, claim: Arrival, actor: str) -> Arrival:
    """Identifies the arrival and gives it its file, in one transaction with what is final already.

    Afterwards the file's state is None where it has to be read. Raises StillBeingReadError.
    """
    assert claim.sha256 is not None
    verdict = judge(hub, claim)
    name = nfc(claim.name)
    now = hub.clock()
    with hub.db.write() as conn:
        journal.lock_blob(conn, claim.sha256)
        earlier = earlier_file(journal.files_with(conn, claim.sha256), verdict, name)
        if earlier is not None and earlier.state is None:
            raise StillBeingReadError(f"the same bytes are being read as file {earlier.id} {earlier.name}")
        again = earlier is not None and earlier.state != "booked"
        if earlier is not None and again:
            file = earlier
            if earlier.state != "held_for_approval":
                journal.set_being_read(conn, file.id, verdict.vendor, verdict.kind)
        else:
            file = journal.add_file(
                conn, sha256=claim.sha256, name=name, vendor=verdict.vendor, kind=verdict.kind, received_at=now
            )
        journal.set_file(conn, claim.id, file.id)
        detail = {"vendor": verdict.vendor, "kind": verdict.kind, "again": again}
        journal.add_event(
            conn, at=now, actor=actor, what="identified", arrival_id=claim.id, file_id=file.id, detail=detail
        )
        if verdict.reason:
            end_unread(hub, conn, file.id, Result("quarantined", [verdict.reason]), verdict.vendor, actor)
        elif earlier is not None and not again:
            journal.set_duplicate_of(conn, file.id, earlier.id)
            end_unread(hub, conn, file.id, duplicate_of(conn, earlier), verdict.vendor, actor)
    return claim._replace(file_id=file.id)


def judge(hub: Hub, claim: Arrival) -> Verdict:
    """Whose the stored bytes are, or why they are not even shown to a plug-in."""
    assert claim.sha256 is not None
    if "\\" in claim.name:
        return refused(f"bad name: {claim.name} holds a backslash, control characters or bytes that are no UTF-8")
    path = hub.blob_path(claim.sha256)
    if not path.exists():
        limit = hub.site.hub.intake.file_bytes_max
        return refused(
            f"too big: {claim.size} bytes, intake.file_bytes_max allows {limit}; raise it and drop the file again"
        )
    return identify(hub, path, claim.name, source=Path(claim.source), door=claim.door)


def earlier_file(same_bytes: Sequence[FileRow], verdict: Verdict, name: str) -> FileRow | None:
    """The file that an arrival of the same bytes is another copy of; the booked one where there are several.

    Earlier it may have been nobody's, because its instance was not set up yet.
    """
    same = [
        file
        for file in same_bytes
        if file.state != "duplicate"
        and file.vendor in (verdict.vendor, None)
        and (file.name == name or not verdict.by_name)
    ]
    return next((file for file in same if file.state == "booked"), same[0] if same else None)


def duplicate_of(conn: Connection, earlier: FileRow) -> Result:
    """Every record of the earlier reading, as a duplicate."""
    ended = journal.last_reading(conn, earlier.id)
    when = ended.finished_at.strftime("%Y-%m-%d %H:%M UTC")
    reason = f"duplicate: same bytes as file {earlier.id} {earlier.name}, booked at {when}"
    return Result("duplicate", [reason], Counts(duplicate=ended.result.counts.read), 0, ended.result.currency)


def end_unread(hub: Hub, conn: Connection, file_id: int, result: Result, vendor: str | None, actor: str) -> None:
    """A reading that ended without the plug-in reading a byte."""
    now = hub.clock()
    journal.finish_reading(
        conn,
        Ids(conn).take("reading", 1)[0],
        file_id,
        result,
        vendor=vendor,
        plugin_version=None,
        actor=actor,
        started_at=now,
        finished_at=now,
    )
