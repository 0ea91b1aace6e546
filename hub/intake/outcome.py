"""The end of a file's way: filed away, the claim closed, and what became of it said."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from hub.intake.filing import file_away
from hub.intake.hub import Hub
from hub.intake.lists import remove_lists, write_lists
from hub.store import journal
from hub.store.documents import is_document
from hub.store.journal import Arrival, FileRow
from hub.store.results import LOUD, Result

log = structlog.get_logger()


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file. ``id`` is None after a dry run; ``sha256`` is 64 hex digits."""

    id: int | None
    name: str
    sha256: str
    vendor: str | None
    kind: str | None
    result: Result
    #: It had been done before under this key; nothing was done now.
    repeated: bool = False


def end_filed(hub: Hub, file: FileRow, claim: Arrival, actor: str) -> FileOutcome:
    """Moves the file where its state says, writes its lists (R8), and closes the claim. May be done twice.

    What waits for approval has its lists already: what would be booked of it.
    """
    with hub.db.read() as conn:
        ended = journal.last_reading(conn, file.id)
        booked = file.state in ("booked", "partly_booked") or journal.booked_at(conn, file.id) is not None
        document = is_document(conn, file.id)
        if booked and file.vendor is not None and not document:
            write_lists(conn, hub.site, file)
        elif file.state != "held_for_approval":
            remove_lists(hub.site, file)
    # A member never lay in the folder that its zip came through.
    lying = claim if claim.act is None and claim.parent_id is None else None
    read = document and file.state == "booked"
    filed_at = file_away(hub, file, ended.result, lying, ended.finished_at, document=read)
    now = hub.clock()
    with hub.db.write() as conn:
        journal.set_filed(conn, file.id, filed_at)
        journal.close_claim(conn, claim.id, now)
        about = {"arrival_id": claim.id, "file_id": file.id}
        journal.add_event(conn, at=now, actor=actor, what="filed", detail={"at": filed_at}, **about)
    for reason in ended.result.reasons:
        if reason.startswith(LOUD):
            log.warning(reason.removeprefix(LOUD), file=file.name, id=file.id)
    log.info(
        file.state,
        file=file.name,
        id=file.id,
        vendor=file.vendor,
        records=ended.result.counts.read,
        reasons=ended.result.reasons,
    )
    return FileOutcome(file.id, file.name, file.sha256, file.vendor, file.kind, ended.result)
