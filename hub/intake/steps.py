"""The way of a file in: claim, store, identify, read, file away. A person's act goes a part of it again.

Each step ends with a commit that says how far the claim has come, so that whoever finds it open goes on from there.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub.errors import HubError
from hub.intake import claims
from hub.intake.attempt import read_to_end
from hub.intake.hub import Hub
from hub.intake.identification import doors
from hub.intake.names import named_meanwhile
from hub.intake.outcome import FileOutcome, end_filed
from hub.intake.placing import StillBeingReadError, place, take_up
from hub.intake.unpacking import tell_zips, unpack
from hub.reconciling.engine import reconcile
from hub.store import journal, owners
from hub.store.clearing.noting import companies_told_of
from hub.store.journal import Arrival, FileRow
from hub.transport.content import SourceChanged, store
from hub.transport.folders import Seen, actual_path, printable

log = structlog.get_logger()


def claim(
    hub: Hub, seen: Seen, *, actor: str, door: str | None = None, period: tuple[date, date] | None = None
) -> Arrival | None:
    """Claims a settled file; None when there is an open claim on it.

    ``door`` is the one instance that is asked, None = by the folder.
    """
    if "\\" in printable(seen.folder):
        raise HubError("the folder's name holds characters that cannot be kept", where=printable(seen.folder))
    now = hub.clock()
    with hub.db.write() as conn:
        made = journal.claim(
            conn,
            source=seen.folder,
            name=seen.name,
            size=seen.size,
            mtime_ns=seen.mtime_ns,
            door=door or doors(hub.site).get(Path(seen.folder)),
            period=period,
            owner=owners.own_name(),
            lease_until=claims.lease_end(hub),
            now=now,
        )
        if made is not None:
            detail = {"source": seen.folder, "name": seen.name, "size": seen.size, "mtime_ns": seen.mtime_ns}
            journal.add_event(conn, at=now, actor=actor, what="claimed", arrival_id=made.id, detail=detail)
    return made


def waiting(hub: Hub) -> list[Arrival]:
    """Open claims that this process may go on with: its own, and those whose owner died or let the lease run out."""
    with hub.db.read() as conn:
        now = hub.clock()
        return [one for one in journal.open_claims(conn) if claims.is_free(one, now)]


def resume(hub: Hub, left: Arrival, actor: str) -> FileOutcome | None:
    """Goes on with a waiting claim; None when somebody else was faster, or as in :func:`finish`."""
    taken = claims.take_over(hub, left, actor)
    return None if taken is None else finish(hub, taken, actor)


def finish(hub: Hub, ours: Arrival, actor: str) -> FileOutcome | None:
    """From wherever our claim stands to its end. None: the file changed meanwhile, the claim is given up.

    Raises StillBeingReadError while the same bytes are being read. Any other exception is our own fault: the claim
    stays open, nothing is half done, and the next try goes on from here.
    """
    try:
        with claims.kept(hub, ours):
            return _finish(hub, ours, actor)
    except StillBeingReadError:
        raise
    except Exception as error:
        _note_fault(hub, ours, error, actor)
        raise


def give_up(hub: Hub, ours: Arrival, why: str, actor: str) -> None:
    """Lets go of a claim whose file has not been placed: nothing has come of it."""
    log.info("given up, has to settle again", file=ours.name, reason=why)
    now = hub.clock()
    with hub.db.write() as conn:
        journal.close_claim(conn, ours.id, now)
        journal.add_event(conn, at=now, actor=actor, what="given up", arrival_id=ours.id, detail={"reason": why})


def _finish(hub: Hub, ours: Arrival, actor: str) -> FileOutcome | None:
    if ours.sha256 is None:
        try:
            ours = _store(hub, ours, actor)
        except SourceChanged as changed:
            give_up(hub, ours, str(changed), actor)
            return None
    if ours.file_id is None:
        ours = place(hub, ours, actor)
    with hub.db.read() as conn:
        file = journal.file_of(conn, ours.id)
    if file.state is None and ours.act is not None:
        file = take_up(hub, ours, file, actor)
    if file.state is None and file.vendor is None:
        file = unpack(hub, file, ours, actor, finish)
    elif file.state is None:
        file = read_to_end(hub, file, period=ours.period, actor=actor)
    _reconcile(hub, file, actor)
    # Before the claim is closed: whoever goes on with it does this again.
    for named in named_meanwhile(hub, file, actor):
        finish(hub, named, actor)
    tell_zips(hub, file, actor)
    return end_filed(hub, file, ours, actor)


def _store(hub: Hub, ours: Arrival, actor: str) -> Arrival:
    path = actual_path(Path(ours.source), ours.name)
    seen = Seen(path, ours.name, ours.size, ours.mtime_ns)
    stored = store(seen, hub.content, part=str(ours.id), bytes_max=hub.site.hub.intake.file_bytes_max)
    now = hub.clock()
    with hub.db.write() as conn:
        journal.set_stored(conn, ours.id, stored.sha256, stored.size, now)
        detail = {"sha256": stored.sha256}
        journal.add_event(conn, at=now, actor=actor, what="stored", arrival_id=ours.id, detail=detail)
    return ours._replace(sha256=stored.sha256)


def _reconcile(hub: Hub, file: FileRow, actor: str) -> None:
    """What this file explains of bank lines, or the other way round. What goes wrong there takes nothing back here."""
    if file.state not in ("booked", "partly_booked"):
        return
    try:
        with hub.db.read() as conn:
            companies = companies_told_of(conn, file.id)
        if companies:
            reconcile(hub.db, hub.site, actor=actor, now=hub.clock(), company_ids=companies)
    except Exception as error:
        log.exception("booked, but not reconciled; see: hub reconcile", file=file.name, id=file.id)
        detail = {"error": f"{type(error).__name__}: {error}"}
        with hub.db.write() as conn:
            journal.add_event(conn, at=hub.clock(), actor=actor, what="not reconciled", file_id=file.id, detail=detail)


def _note_fault(hub: Hub, ours: Arrival, error: Exception, actor: str) -> None:
    """In the journal too, as far as the journal is not what fails."""
    detail = {"error": f"{type(error).__name__}: {error}"}
    try:
        with hub.db.write() as conn:
            about = {"arrival_id": ours.id, "file_id": journal.get_claim(conn, ours.id).file_id}
            journal.add_event(conn, at=hub.clock(), actor=actor, what="fault", detail=detail, **about)
    except (SQLAlchemyError, HubError) as second:
        log.warning("the fault could not be noted in the journal", file=ours.name, error=str(second))
