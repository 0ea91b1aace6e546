"""What would become of a file, found out over a content store that is gone afterwards; the site stays as it is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from hub.intake.attempt import attempt, is_approved
from hub.intake.envelopes import EnvelopeError, opened
from hub.intake.hub import Hub
from hub.intake.identification import doors, nfc
from hub.intake.outcome import FileOutcome
from hub.intake.placing import judge, known, said_period
from hub.intake.unpacking import limits_of, result_of, too_deep
from hub.plugin import Malformed
from hub.store import journal
from hub.store.journal import Arrival, FileRow
from hub.store.members import Taken
from hub.store.results import Result
from hub.transport.archives import MemberError
from hub.transport.content import keep, store
from hub.transport.folders import Seen
from hub.vendors import VendorFault


def rehearse(hub: Hub, seen: Seen, *, door: str | None, period: tuple[date, date] | None, actor: str) -> FileOutcome:
    """As of the whole way in; the outcome has no id. ``door`` as for hub.intake.pipeline.ingest."""
    with tempfile.TemporaryDirectory(prefix="hub-dry-run-") as folder:
        dry = replace(hub, content=Path(folder))
        stored = store(seen, dry.content, part="0", bytes_max=hub.site.hub.intake.file_bytes_max)
        first, last = period or (None, None)
        asked = door or doors(hub.site).get(Path(seen.folder))
        arrival = Arrival(
            *(0, seen.folder, seen.name, seen.size, seen.mtime_ns, asked, first, last, "", hub.clock()),
            stored.sha256,
            None,
        )
        return _rehearsed(dry, arrival, actor, depth=0)


def _rehearsed(dry: Hub, arrival: Arrival, actor: str, depth: int) -> FileOutcome:
    assert arrival.sha256 is not None
    verdict = judge(dry, arrival)
    file = FileRow(0, arrival.sha256, nfc(arrival.name), verdict.vendor, verdict.kind, dry.clock(), None, None, None)
    with dry.db.read() as conn:
        period = said_period(dry, arrival, verdict)
        earlier, result = known(conn, journal.files_with(conn, file.sha256), verdict, file.name, period)
        approved = earlier is not None and is_approved(conn, earlier._replace(vendor=file.vendor))
    if result is None and file.vendor is None:
        result = _unpacked(dry, file, arrival, actor, depth)
    elif result is None:
        result = _attempted(dry, file, arrival.period, actor, approved)
    return FileOutcome(None, file.name, file.sha256, file.vendor, file.kind, result)


def _unpacked(dry: Hub, zipped: FileRow, arrival: Arrival, actor: str, depth: int) -> Result:
    deepest = dry.site.hub.intake.zip_depth_max
    if depth > deepest:
        return result_of([], [], too_deep(zipped.kind, depth, deepest), kind=zipped.kind)
    taken: list[Taken] = []
    refused: list[str] = []
    try:
        for outcome in _members(dry, zipped, arrival, actor, depth):
            if isinstance(outcome, str):
                refused.append(outcome)
            else:
                taken.append(Taken(outcome.name, 0, outcome.result.state, dropped=False))
    except EnvelopeError as error:
        return result_of(taken, refused, str(error), kind=zipped.kind)
    return result_of(taken, refused, kind=zipped.kind)


def _members(dry: Hub, zipped: FileRow, arrival: Arrival, actor: str, depth: int) -> Iterator[FileOutcome | str]:
    """What would become of each, or why it would not be taken out. Raises EnvelopeError."""
    with opened(dry, zipped, limits_of(dry)) as insides:
        for member in insides:
            try:
                stored = keep(member.unpack(), dry.content, part=f"{depth}-member")
            except MemberError as error:
                yield f"{member.name}: {error}"
                continue
            its = arrival._replace(name=member.name, size=stored.size, sha256=stored.sha256)
            yield _rehearsed(dry, its, actor, depth + 1)


def _attempted(dry: Hub, file: FileRow, period: tuple[date, date] | None, actor: str, approved: bool) -> Result:
    instance = dry.vendors.instances[file.vendor or ""]
    try:
        now = dry.clock()
        return attempt(dry, instance, file, period=period, actor=actor, now=now, approved=approved, dry_run=True)
    except Malformed as error:
        return Result("quarantined", [f"malformed: {error}"])
    except VendorFault as fault:
        return Result("quarantined", [f"plug-in fault: {fault}"])
