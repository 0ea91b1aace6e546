"""Undoing a whole file: a test file that was booked, a delivery for another company."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select, update

from hub.acts.act import Acting
from hub.acts.reversals import Why, reverse
from hub.errors import HubError
from hub.ledger import kinds
from hub.store import journal
from hub.store.tables import batch, entry, file, reading
from hub.store.taking_back import History, history_of


class FileNotReversedError(HubError):
    """The file cannot be undone, or not yet."""


def reverse_file(
    acting: Acting, file_id: int, why: Why, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Takes back every entry of the file that still stands, latest first; all of them or none.

    ``progress`` is told how many entries have been looked at, and of how many.

    Each is taken back from its own day, posted on the first open one: as if the file had never been booked. Afterwards
    the file is ``reversed``: its bytes are not booked when they come again, unless a person retries it.
    Raises FileNotReversedError, and what reversing any one entry raises.
    """
    why.check()
    readings = _readings(acting, file_id)
    entries = acting.conn.execute(
        select(entry.c.id, entry.c.kind, entry.c.corrects)
        .join_from(entry, batch, batch.c.id == entry.c.batch_id)
        .where(
            batch.c.reading_id.in_(readings),
            entry.c.id.between(batch.c.entry_first, batch.c.entry_last),
            # Written off beside a payment, it goes with that.
            entry.c.kind != kinds.DIFFERENCE,
        )
        .order_by(entry.c.id.desc())
    ).all()
    history = history_of(acting.conn, [row.id for row in entries])
    cancelled = _cancelled(entries, history)
    done = 0
    for seen, row in enumerate(entries, start=1):
        progress(seen, len(entries))
        if row.id in cancelled or any(one.kind == kinds.REVERSAL for one in history.of(row.id)):
            continue
        match = history.match_of(row.id)
        if match is not None:
            reverse(acting, match.id, why, on_its_day=True)
        reverse(acting, row.id, why, on_its_day=True)
        done += 1
    acting.conn.execute(update(reading).where(reading.c.id.in_(readings)).values(reversed_at=acting.now))
    acting.conn.execute(update(file).where(file.c.id == file_id).values(state="reversed"))
    detail = {"reason": why.reason, "note": why.note, "entries": done}
    journal.add_event(acting.conn, at=acting.now, actor=acting.actor, what="reversed", file_id=file_id, detail=detail)
    return {"file": file_id, "state": "reversed", "entries": done, "reason": why.reason}


def _cancelled(entries: Sequence[Any], history: History) -> set[int]:
    """Payments that the same file has taken back, with their charge-backs: together they come to nothing."""
    holders = {(history.match_of(row.id) or row).id: row.id for row in entries}
    found: set[int] = set()
    for row in entries:
        if row.kind == kinds.CHARGEBACK and row.corrects in holders:
            found |= {row.id, holders[row.corrects]}
    return found


def _readings(acting: Acting, file_id: int) -> list[int]:
    """Those of the file that have booked something, with nobody at work on it."""
    found = journal.get_file(acting.conn, file_id)
    if found is None:
        raise FileNotReversedError(f"there is no file {file_id}", do="see: hub files")
    journal.lock_blob(acting.conn, found.sha256)
    found = journal.get_file(acting.conn, file_id)
    assert found is not None
    if found.state is None or journal.open_claim_on(acting.conn, file_id) is not None:
        raise FileNotReversedError(f"file {file_id} is being worked on", do="try again when it has ended")
    if found.state == "reversed":
        raise FileNotReversedError(f"file {file_id} has been reversed before")
    readings = list(
        acting.conn.scalars(
            select(batch.c.reading_id)
            .join(reading, reading.c.id == batch.c.reading_id)
            .where(reading.c.file_id == file_id, reading.c.reversed_at.is_(None))
            .distinct()
        )
    )
    if not readings:
        raise FileNotReversedError(f"nothing of file {file_id} is booked: it is {found.state}")
    return readings
