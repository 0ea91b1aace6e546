"""What a stored arrival is: a new file, a copy of one that is booked, or another try at one that was not (R4).

No two files of the same bytes are read at the same time: what the second one is, is known when the first has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from hub.errors import HubError
from hub.intake.hub import Hub
from hub.intake.identification import Verdict, identify, nfc, refused
from hub.settings import parse_period
from hub.store import documents, journal, members
from hub.store.collecting.deliveries import delivery_with
from hub.store.consumption.accounts import periods_settled_by
from hub.store.ids import Ids
from hub.store.journal import Arrival, FileRow
from hub.store.results import Counts, Result

#: What a person has said that nobody needs, or should not have been booked.
_SET_ASIDE = ("ignored", "reversed")


class BusyError(HubError):
    """Nothing is wrong: another hub, or another person, is at work on the same thing. Try again later."""


class StillBeingReadError(BusyError):
    """The same bytes are being read at this moment: what a second arrival of them is, is not known before that ends."""


class Known(NamedTuple):
    """What the journal says of a file before it is read.

    ``earlier``: the file that this is another copy of. ``ended``: how it ends unread; None = it has to be read.
    """

    earlier: FileRow | None
    ended: Result | None


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
        same_bytes = journal.files_with(conn, claim.sha256)
        refuse_while_read(same_bytes)
        earlier, ended = known(conn, same_bytes, verdict, name, said_period(hub, claim, verdict))
        if earlier is not None and journal.open_claim_on(conn, earlier.id) is not None:
            raise StillBeingReadError(f"the same bytes are being filed away as file {earlier.id} {earlier.name}")
        again = earlier is not None and (earlier.state != "booked" or ended is None)
        if earlier is not None and again:
            file = earlier
            if earlier.state not in ("held_for_approval", *_SET_ASIDE) or _is_dropped(conn, earlier):
                journal.set_being_read(conn, file.id, verdict.vendor, verdict.kind)
        else:
            file = journal.add_file(
                conn,
                sha256=claim.sha256,
                name=name,
                vendor=verdict.vendor,
                kind=verdict.kind,
                received_at=now,
                parent_id=claim.parent_id,
            )
        journal.set_file(conn, claim.id, file.id)
        detail = {"vendor": verdict.vendor, "kind": verdict.kind, "again": again}
        journal.add_event(
            conn, at=now, actor=actor, what="identified", arrival_id=claim.id, file_id=file.id, detail=detail
        )
        if ended is not None:
            if earlier is not None and ended.state == "duplicate":
                journal.set_duplicate_of(conn, file.id, earlier.id)
            end_unread(hub, conn, file.id, ended, verdict.vendor, actor)
    return claim._replace(file_id=file.id)


def take_up(hub: Hub, ours: Arrival, file: FileRow, actor: str) -> FileRow:
    """What a person retries or releases, as what it is now known to be; it may end here, unread.

    What is booked of it, or was released, stays whose it was.
    """
    verdict = judge(hub, ours)
    with hub.db.write() as conn:
        booked = journal.booked_at(conn, file.id)
        if booked or ours.act == "released":
            verdict = verdict._replace(vendor=file.vendor, kind=file.kind, reason="")
        journal.set_being_read(conn, file.id, verdict.vendor, verdict.kind)
        ended: Result | None = None
        if verdict.reason:
            ended = Result("quarantined", [verdict.reason])
        elif not booked:
            ended = _booked_elsewhere(conn, journal.files_with(conn, file.sha256), verdict, file.name)
        if ended is not None:
            end_unread(hub, conn, file.id, ended, verdict.vendor, actor)
        return journal.file_of(conn, ours.id)


def refuse_while_read(same_bytes: Sequence[FileRow]) -> None:
    """Raises StillBeingReadError."""
    for file in same_bytes:
        if file.state is None:
            raise StillBeingReadError(f"the same bytes are being read as file {file.id} {file.name}")


def said_period(hub: Hub, claim: Arrival, verdict: Verdict) -> tuple[date, date] | None:
    """The period that results without one are said to be of: by hand, or by the instance's settings (R30)."""
    configured = hub.site.vendors[verdict.vendor].period if verdict.vendor else None
    return claim.period or (parse_period(configured) if configured else None)


def known(
    conn: Connection, same_bytes: Sequence[FileRow], verdict: Verdict, name: str, period: tuple[date, date] | None
) -> Known:
    """What an arrival of these bytes, under this name and for this instance, is before it is read.

    Said to be of another ``period`` than what was booked of them, it is no copy: next year's results may be equal.
    """
    of_this = same_bytes if period is None else [file for file in same_bytes if _is_of(conn, file, period)]
    earlier = earlier_file(of_this, verdict, name)
    if earlier is not None and earlier.state in _SET_ASIDE and not _is_dropped(conn, earlier):
        return Known(earlier, _still_set_aside(conn, earlier))
    if verdict.reason:
        return Known(earlier, Result("quarantined", [verdict.reason]))
    if earlier is not None and earlier.state == "booked" and not _has_dropped_members(conn, earlier):
        return Known(earlier, duplicate_of(conn, earlier))
    return Known(earlier, _booked_elsewhere(conn, same_bytes, verdict, name))


def judge(hub: Hub, claim: Arrival) -> Verdict:
    """Whose the stored bytes are, or why they are not even shown to a plug-in."""
    assert claim.sha256 is not None
    if "\\" in claim.name:
        return refused(f"bad name: {claim.name} holds a backslash, control characters or bytes that are no UTF-8")
    with hub.db.read() as conn:
        ours = delivery_with(conn, claim.sha256)
    if ours is not None:
        return refused(
            f"our own delivery {ours.id} ({ours.name}), made for {ours.vendor}: what goes out never comes in (R3)"
        )
    path = hub.blob_path(claim.sha256)
    if not path.exists():
        limit = hub.site.hub.intake.file_bytes_max
        return refused(
            f"too big: {claim.size} bytes, intake.file_bytes_max allows {limit}; raise it and drop the file again"
        )
    return identify(hub, path, claim.name, source=Path(claim.source), door=claim.door)


def earlier_file(same_bytes: Sequence[FileRow], verdict: Verdict, name: str) -> FileRow | None:
    """The file that an arrival of the same bytes is another copy of; the booked one where there are several.

    Earlier it may have been nobody's, because its instance was not set up yet. One that was refused as of another kind,
    which its name may have said, is another file: it would be read under that name again.
    """
    same = [
        file
        for file in same_bytes
        if file.state != "duplicate"
        and file.vendor in (verdict.vendor, None)
        and (file.name == name or not verdict.by_name)
        and not (file.state == "quarantined" and verdict.kind and file.kind not in (None, verdict.kind))
    ]
    return min(same, key=lambda file: (file.state != "booked", file.vendor is None), default=None)


def _is_of(conn: Connection, file: FileRow, period: tuple[date, date]) -> bool:
    """True too of a file that has settled no account: nothing says that it is of another."""
    settled = periods_settled_by(conn, file.id) if file.state == "booked" else set()
    return not settled or period in settled


def _is_dropped(conn: Connection, file: FileRow) -> bool:
    """A document that a person has taken off: it came again to be filed anew, and nobody has to move files for that."""
    return file.state == "reversed" and documents.is_dropped(conn, file.id)


def _has_dropped_members(conn: Connection, file: FileRow) -> bool:
    return file.vendor is None and file.kind in members.ENVELOPES and members.has_dropped(conn, file.id)


def duplicate_of(conn: Connection, earlier: FileRow) -> Result:
    """Every record of the earlier reading, as a duplicate."""
    ended = journal.last_reading(conn, earlier.id)
    when = journal.moment(ended.finished_at)
    reason = f"duplicate: same bytes as file {earlier.id} {earlier.name}, booked at {when}"
    return Result("duplicate", [reason], Counts(duplicate=ended.result.counts.read), 0, ended.result.currency)


def _still_set_aside(conn: Connection, earlier: FileRow) -> Result:
    """A person's word holds until a person takes it back. Nothing stays booked of what was reversed."""
    last = journal.last_reading(conn, earlier.id).result
    state: Literal["ignored", "reversed"] = "ignored"
    if earlier.state == "reversed":
        state, last = "reversed", Result("reversed", [], Counts(held=last.counts.read), 0, last.currency)
    act = journal.last_act(conn, earlier.id, state)
    assert act is not None
    reason = (
        f"{state}: {act.actor} set file {earlier.id} {earlier.name} aside at {journal.moment(act.at)}, because: "
        f"{act.detail['reason']}; if it is needed after all: hub files retry {earlier.id}"
    )
    return replace(last, state=state, reasons=[reason])


def _booked_elsewhere(conn: Connection, same_bytes: Sequence[FileRow], verdict: Verdict, name: str) -> Result | None:
    """Each instance books under keys of its own kind, so that the same money would count twice."""
    for file in same_bytes:
        if file.vendor in (verdict.vendor, None) or (verdict.by_name and file.name != name):
            continue
        if booked := journal.booked_at(conn, file.id):
            reason = (
                f"booked elsewhere: the same bytes were booked through {file.vendor} as file {file.id} {file.name} at "
                f"{journal.moment(booked)}; if they are meant for both, ask the vendor for two files"
            )
            return Result("quarantined", [reason])
    return None


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
