"""One attempt at a file whose vendor is known, brought to its end whatever the file or the plug-in does."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from hub.intake.documents import read_document
from hub.intake.hub import Hub
from hub.intake.lists import write_lists
from hub.intake.reading import read_file
from hub.intake.rehearsal import Rehearsal
from hub.plugin import FileKind, Malformed
from hub.store import journal
from hub.store.ids import Ids
from hub.store.journal import FileRow
from hub.store.results import Result
from hub.vendors import Instance, VendorFault


def read_to_end(hub: Hub, file: FileRow, *, period: tuple[date, date] | None, actor: str) -> FileRow:
    """Reads and books; afterwards the file has a state. What is neither the file's nor a plug-in's fault is raised."""
    now = hub.clock()
    instance = hub.vendors.instances.get(file.vendor or "")
    with hub.db.read() as conn:
        approved = is_approved(conn, file)
    try:
        if instance is None:
            raise VendorFault(f"the instance {file.vendor} is not at work", do="see: hub check")
        if instance.config.book == "after_approval" and not approved and not _kind(instance, file).document:
            _list_what_would_be_booked(hub, instance, file, period, actor, now)
        attempt(hub, instance, file, period=period, actor=actor, now=now, approved=approved)
    except Malformed as error:
        _quarantine(hub, instance, file, f"malformed: {error}", actor, now)
    except VendorFault as fault:
        _quarantine(hub, instance, file, f"plug-in fault: {fault}", actor, now)
    with hub.db.read() as conn:
        read = journal.get_file(conn, file.id)
    assert read is not None
    return read


def attempt(
    hub: Hub,
    instance: Instance,
    file: FileRow,
    *,
    period: tuple[date, date] | None,
    actor: str,
    now: datetime,
    approved: bool = False,
    dry_run: bool = False,
) -> Result:
    """As its kind wants it: filed as a document, or read for records. Raises Malformed, VendorFault."""
    if _kind(instance, file).document:
        return read_document(hub, instance, file, actor=actor, now=now, dry_run=dry_run)
    return read_file(hub, instance, file, approved=approved, period=period, actor=actor, now=now, dry_run=dry_run)


def is_approved(conn: Connection, file: FileRow) -> bool:
    """The release is of the file, whatever is still missing of it then; what another instance makes of it is not."""
    released = journal.last_act(conn, file.id, "released")
    return released is not None and released.detail["vendor"] == file.vendor


def _list_what_would_be_booked(
    hub: Hub, instance: Instance, file: FileRow, period: tuple[date, date] | None, actor: str, now: datetime
) -> None:
    """Who is to approve a file has to see what it would do (R8). Raises Malformed, VendorFault."""
    rehearsal = Rehearsal(hub.db, lambda conn: write_lists(conn, hub.site, file, rehearsed=True))
    attempt(replace(hub, db=rehearsal), instance, file, period=period, actor=actor, now=now, approved=True)


def _kind(instance: Instance, file: FileRow) -> FileKind:
    """A plug-in's next version may have given up a kind."""
    kind = instance.kinds.get(file.kind or "")
    if kind is None:
        raise VendorFault(f"{instance.name} does not know files of kind {file.kind!r} any more", do="see: hub check")
    return kind


def _quarantine(
    hub: Hub, instance: Instance | None, file: FileRow, reason: str, actor: str, started_at: datetime
) -> None:
    version = None
    if instance is not None:
        with suppress(VendorFault):
            version = instance.plugin_version
    with hub.db.write() as conn:
        journal.finish_reading(
            conn,
            Ids(conn).take("reading", 1)[0],
            file.id,
            Result("quarantined", [reason]),
            vendor=file.vendor,
            plugin_version=version,
            actor=actor,
            started_at=started_at,
            finished_at=hub.clock(),
        )
