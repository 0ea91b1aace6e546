"""Documents by hand: filed where a person says, and filed anew after they were taken off."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.acts.act import Acting, Done, perform
from hub.consumption.statements import DocumentRefusedError, type_of
from hub.intake import claims, pipeline
from hub.intake.documents import NoPlaceError, place_of
from hub.intake.hub import Hub
from hub.intake.identification import ATTACHED, nfc
from hub.intake.outcome import FileOutcome
from hub.intake.placing import BusyError
from hub.intake.steps import finish
from hub.plugin import Document
from hub.store import documents, journal, owners
from hub.store.bulk import insert_if_new
from hub.store.documents import Place, What
from hub.store.ids import Ids
from hub.store.journal import Arrival, FileRow
from hub.store.portfolio import plain_key
from hub.store.results import Counts, Result
from hub.store.tables import blob
from hub.transport.content import SourceChanged, Stored, blob_path, store
from hub.transport.folders import Seen, look_at, printable
from hub.transport.pdfs import is_called_pdf, why_no_whole_pdf

_TENANCY_PARTS, _PROPERTY_PARTS = 4, 2


class AttachAsked(NamedTuple):
    """Whose the document is said to be: ``key`` of a tenancy or property, name of a consumption type, period."""

    key: str
    type: str
    period: tuple[date, date]
    what: What


def attach(hub: Hub, path: Path, asked: AttachAsked, *, actor: str, key: str | None = None) -> Done:
    """Files the document at ``path``, which stays where it is unless it lies in an inbox or in quarantine.

    Bytes that lie in quarantine leave it. Raises HubError: no such place, no whole PDF, or filed there already.
    """
    try:
        seen = look_at(path.resolve(strict=True))
        stored = store(seen, hub.content, part=f"attached-{os.getpid()}", bytes_max=hub.site.hub.intake.file_bytes_max)
    except (OSError, ValueError, SourceChanged) as error:
        raise DocumentRefusedError(f"cannot be attached: {error}", where=printable(str(path))) from error
    _refuse_unfit(hub, seen, stored)
    about = {**asked._asdict(), "period": [day.isoformat() for day in asked.period], "sha256": stored.sha256}

    def do(acting: Acting) -> Mapping[str, Any]:
        return _attached(hub, acting, seen, stored, asked)

    done = perform(hub.db, hub.site, "documents attach", about, do, actor=actor, now=hub.clock(), key=key)
    _file_away(hub, done.result["file"], actor)
    return done


def refile(hub: Hub, file_ids: Sequence[int], *, actor: str) -> list[FileOutcome]:
    """Files documents anew that were taken off, from their kept bytes: read again, or where a person had put them.

    What is filed is left alone, so that asking again does nothing twice. Raises HubError.
    """
    outcomes = []
    for file_id in file_ids:
        with hub.db.read() as conn:
            found = documents.standing(conn, file_id)
        if found is None:
            raise DocumentRefusedError(f"file {file_id} is nobody's document", do="see: hub documents PROPERTY")
        if found.dropped_at is None:
            continue
        if found.by_hand:
            outcomes.append(_put_back(hub, file_id, found.place, actor))
        else:
            outcomes.append(pipeline.retry(hub, file_id, actor=actor, reason="filed anew"))
    return outcomes


def _refuse_unfit(hub: Hub, seen: Seen, stored: Stored) -> None:
    if not stored.kept:
        most = hub.site.hub.intake.file_bytes_max
        raise DocumentRefusedError(
            f"{stored.size} bytes, intake.file_bytes_max allows {most}", where=seen.name, do="raise it, or make it less"
        )
    wrong = why_no_whole_pdf(blob_path(hub.content, stored.sha256)) if is_called_pdf(seen.name) else ""
    if wrong or not stored.size:
        raise DocumentRefusedError(
            f"no whole document: {wrong or 'the file is empty'}",
            where=seen.name,
            why="a tenant would get what nobody can open",
            do="close it where it is open, or get it again",
        )


def _attached(hub: Hub, acting: Acting, seen: Seen, stored: Stored, asked: AttachAsked) -> Mapping[str, Any]:
    conn = acting.conn
    place, key = _place(hub, conn, asked)
    insert_if_new(conn, blob, sha256=stored.sha256, size=stored.size, stored_at=acting.now)
    journal.lock_blob(conn, stored.sha256)
    if (there := documents.same_bytes_at(conn, stored.sha256, place)) is not None:
        raise DocumentRefusedError(f"these bytes are filed there already, as file {there}", where=seen.name)
    same_bytes = journal.files_with(conn, stored.sha256)
    waiting = next((one for one in same_bytes if one.state == "quarantined"), None)
    if waiting is not None:
        file, claim = waiting, _reopened(hub, conn, waiting)
    else:
        file, claim = _taken_in(hub, conn, acting, seen, stored)
    _end(hub, conn, file, place, claim, f"filed by hand on {key or plain_key(asked.key)}", acting.actor)
    return {
        "file": file.id,
        "name": file.name,
        "of": key or plain_key(asked.key),
        "charge_type": place.charge_type,
        "period_from": place.period_from.isoformat(),
        "period_to": place.period_to.isoformat(),
        "what": place.what,
    }


def _place(hub: Hub, conn: Connection, asked: AttachAsked) -> tuple[Place, str | None]:
    """Raises HubError."""
    parts = plain_key(asked.key).split("-")
    if len(parts) not in (_TENANCY_PARTS, _PROPERTY_PARTS):
        raise DocumentRefusedError(f"{asked.key!r} is no tenancy or property", do="write 1-12-304-2, or 1-12")
    unit, tenant = parts[2:] or ("", "")
    charge_type = type_of(hub.site, parts[0], asked.type).on_account
    try:
        whose = Document(parts[0], parts[1], unit, tenant, charge_type, *asked.period)
        place, key = place_of(conn, None, whose)
    except NoPlaceError as error:
        raise DocumentRefusedError(f"cannot be attached: {error}") from error
    return place._replace(what=asked.what), key


def _taken_in(hub: Hub, conn: Connection, acting: Acting, seen: Seen, stored: Stored) -> tuple[FileRow, Arrival]:
    claim = journal.claim(
        conn,
        source=seen.folder,
        name=seen.name,
        size=seen.size,
        mtime_ns=seen.mtime_ns,
        door=None,
        period=None,
        owner=owners.own_name(),
        lease_until=claims.lease_end(hub),
        now=acting.now,
    )
    if claim is None:
        raise BusyError("another hub works on it", where=seen.name, do="try again; see: hub files")
    file = journal.add_file(
        conn, sha256=stored.sha256, name=nfc(seen.name), vendor=None, kind=ATTACHED, received_at=acting.now
    )
    journal.set_stored(conn, claim.id, stored.sha256, stored.size, acting.now)
    journal.set_file(conn, claim.id, file.id)
    return file, claim


def _reopened(hub: Hub, conn: Connection, file: FileRow) -> Arrival:
    """Raises BusyError."""
    if journal.open_claim_on(conn, file.id) is not None:
        raise BusyError(f"file {file.id} is being worked on by another hub", do="see: hub files")
    return journal.reopen(
        conn, file.id, "attached", period=None, owner=owners.own_name(), lease_until=claims.lease_end(hub)
    )


def _put_back(hub: Hub, file_id: int, place: Place, actor: str) -> FileOutcome:
    with hub.db.write() as conn:
        file = journal.get_file(conn, file_id)
        assert file is not None
        journal.lock_blob(conn, file.sha256)
        _end(hub, conn, file, place, _reopened(hub, conn, file), "filed anew where it was", actor)
    _file_away(hub, file_id, actor)
    with hub.db.read() as conn:
        ended = journal.last_reading(conn, file_id)
    return FileOutcome(file.id, file.name, file.sha256, file.vendor, file.kind, ended.result)


def _end(hub: Hub, conn: Connection, file: FileRow, place: Place, claim: Arrival, reason: str, actor: str) -> None:
    """The reading of a document that no plug-in has read."""
    now = hub.clock()
    documents.file_document(conn, file.id, place)
    journal.add_event(conn, at=now, actor=actor, what="attached", arrival_id=claim.id, file_id=file.id)
    journal.finish_reading(
        conn,
        Ids(conn).take("reading", 1)[0],
        file.id,
        Result("booked", [reason], Counts(booked=1)),
        vendor=file.vendor,
        plugin_version=None,
        actor=actor,
        started_at=now,
        finished_at=now,
    )


def _file_away(hub: Hub, file_id: int, actor: str) -> None:
    """The rest of its way, as any hub would do it that found the claim open."""
    with hub.db.read() as conn:
        left = journal.open_claim_on(conn, file_id)
    if left is not None and (ours := claims.take_over(hub, left, actor)) is not None:
        finish(hub, ours, actor)
