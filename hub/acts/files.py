"""Undoing a whole file: a test file that was booked, a delivery for another company."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import exists, or_, select, update

from hub.acts.act import Acting
from hub.acts.holdings import all_held, refuse_overdrawn
from hub.acts.reversals import Why, refuse_taken_back
from hub.acts.undoing import Booked, booked, held_by, undo
from hub.errors import HubError
from hub.ledger import kinds
from hub.store import documents, journal
from hub.store.clearing import witnesses
from hub.store.clearing.settlements import settlements_on
from hub.store.collecting.mandate_events import take_back
from hub.store.consumption.withdrawing import Brought, brought_by, entries_of, replaced_by, withdraw
from hub.store.lookup import among
from hub.store.portfolio import lock_properties
from hub.store.tables import (
    bank_statement,
    batch,
    consumption_result,
    document_named,
    entry,
    file,
    mandate_event,
    reading,
    witness,
)
from hub.store.taking_back import Corrector, History, history_of, waves

#: Looked at and taken back together.
_ENTRIES_AT_ONCE = 2_000


class FileNotReversedError(HubError):
    """The file cannot be undone, or not yet."""


def reverse_file(
    acting: Acting, file_id: int, why: Why, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Takes back every entry of the file that still stands, latest first, what it said of mandates, and whose documents
    it said there were; all or nothing. What was filed by that stays filed: see hub documents drop. What it brought to
    consumption accounts is withdrawn, though a person has booked it.

    ``progress`` is told how many entries have been looked at, and of how many.

    Each is taken back from its own day, posted on the first open one: as if the file had never been booked. Afterwards
    the file is ``reversed``: its bytes are not booked when they come again, unless a person retries it.
    Raises FileNotReversedError, and what reversing any one entry raises.
    """
    why.check()
    readings = _readings(acting, file_id)
    revisions = brought_by(acting.conn, readings)
    lock_properties(acting.conn, {one.property_id for one in revisions})
    _refuse_replaced(acting, revisions)
    entries = _entries(acting, readings)
    cancelled = _cancelled(acting, readings, [one for one in entries if one.kind == kinds.CHARGEBACK])
    settled = _take_back_settlements(acting, readings, [row.id for row in entries], why)
    done = 0
    progress(0, len(entries))
    for start in range(0, len(entries), _ENTRIES_AT_ONCE):
        part = entries[start : start + _ENTRIES_AT_ONCE]
        done += _undo(acting, [row.id for row in part if row.id not in cancelled], why)
        progress(start + len(part), len(entries))
    acting.conn.execute(update(reading).where(reading.c.id.in_(readings)).values(reversed_at=acting.now))
    mandates = take_back(acting.conn, readings, text=why.reason, at=acting.now, actor=acting.actor)
    names = documents.withdraw_names(acting.conn, readings)
    withdraw(acting.conn, revisions)
    witnesses.let_go(acting.conn, readings)
    acting.conn.execute(update(file).where(file.c.id == file_id).values(state="reversed"))
    did = {"entries": done, "mandates": mandates} | ({"names": names} if names else {})
    did |= {"settlements": settled} if settled else {}
    detail = {"reason": why.reason, "note": why.note, **did}
    journal.add_event(acting.conn, at=acting.now, actor=acting.actor, what="reversed", file_id=file_id, detail=detail)
    return {"file": file_id, "state": "reversed", **did, "reason": why.reason}


def _entries(acting: Acting, readings: Collection[int]) -> list[Corrector]:
    """What is to be looked at, latest first; what a person has booked of the readings' results is among it."""
    of_entry = (
        select(entry.c.id, entry.c.kind, entry.c.key)
        .join_from(entry, batch, batch.c.id == entry.c.batch_id)
        # Written off beside a payment, it goes with that.
        .where(entry.c.kind.not_in((kinds.DIFFERENCE, kinds.REVERSAL)))
    )
    in_batch = entry.c.id.between(batch.c.entry_first, batch.c.entry_last)
    rows = acting.conn.execute(of_entry.where(batch.c.reading_id.in_(readings), in_batch)).all()
    found = {row.id: Corrector._make(row) for row in rows}
    by_hand = set(entries_of(acting.conn, readings)) - found.keys()
    if by_hand:
        more = acting.conn.execute(of_entry.where(among(acting.conn, entry.c.id, by_hand)))
        found |= {row.id: Corrector._make(row) for row in more}
    return [found[id_] for id_ in sorted(found, reverse=True)]


def _take_back_settlements(acting: Acting, readings: Collection[int], entry_ids: Sequence[int], why: Why) -> int:
    """What the file's bank lines were found to be, and what others' have settled of it; gives how many there were.

    Without the file nobody would have said so. A bank line of another file waits again, and is explained anew when the
    file is booked again.
    """
    settled = settlements_on(acting.conn, readings, entry_ids)
    for start in range(0, len(settled), _ENTRIES_AT_ONCE):
        ids = settled[start : start + _ENTRIES_AT_ONCE]
        found = booked(acting, ids)
        standing = history_of(acting.conn, ids)
        still = [one for one in found.values() if standing.taken_back_by(one.id) is None]
        # As what has gone with its file, whatever the file is reversed for: a machine may say it again.
        gone = Why(kinds.PAYMENT_TAKEN_BACK, why.note)
        undo(acting, still, standing, gone.reason, gone.note, lambda one: one.value_date)
    return len(settled)


def _refuse_replaced(acting: Acting, revisions: Collection[Brought]) -> None:
    """Raises FileNotReversedError: a revised account books only the difference to what was there before (R29)."""
    for one in revisions:
        file_id = replaced_by(acting.conn, one.account_id, one.seq)
        if file_id is not None:
            raise FileNotReversedError(
                f"a later file has revised what it brought to consumption account {one.account_id}",
                where=f"file {file_id}",
                why="of that only the difference is booked",
                do=f"first: hub files reverse {file_id}",
            )


def _undo(acting: Acting, entry_ids: Sequence[int], why: Why) -> int:
    """Takes back whoever has the money of these entries now; gives how many there were.

    Of one tenancy one after the other as they come, for what one opens the credit of the next may pay.
    """
    held, history = held_by(acting, entry_ids)
    standing = []
    for id_ in entry_ids:
        back = history.taken_back_by(held[id_].id)
        if back is None or back.kind != kinds.REVERSAL:
            refuse_taken_back(acting, held[id_], history, with_its_file=True)
            standing.append(held[id_])
    whose = {one.tenancy for one in standing if one.tenancy is not None}
    before = all_held(acting, whose)
    for wave in waves(standing, lambda one: one.tenancy and one.tenancy.id):
        _undo_all(acting, wave, history, why)
    # What a person had matched is in suspense again, and goes from there.
    matched = [one.corrects for one in standing if one.kind == kinds.MATCH and one.corrects is not None]
    if matched:
        _undo_all(acting, list(booked(acting, matched).values()), history, why)
    refuse_overdrawn(acting, whose, before)
    return len(standing)


def _undo_all(acting: Acting, entries: Sequence[Booked], history: History, why: Why) -> None:
    undo(acting, entries, history, why.reason, why.note, lambda one: one.value_date)


def _cancelled(acting: Acting, readings: Collection[int], chargebacks: Sequence[Corrector]) -> set[int]:
    """Payments that the same file has taken back, with their charge-backs: together they come to nothing."""
    history = history_of(acting.conn, [one.id for one in chargebacks])
    holders = {history.holder_of(one).id: one.id for one in chargebacks}
    at = {holder_id: own_id for holder_id, own_id in holders.items() if history.taken_back_by(holder_id) is None}
    found: set[int] = set()
    # From each to what it takes back, and on to the payment: through its match, or whatever has the money since.
    while at:
        facts = select(entry.c.id, entry.c.corrects, entry.c.kind, batch.c.reading_id)
        rows = acting.conn.execute(
            facts.join(batch, batch.c.id == entry.c.batch_id).where(among(acting.conn, entry.c.id, at.keys()))
        ).all()
        for row in rows:
            if row.kind == kinds.PAYMENT and row.reading_id in readings:
                found |= {row.id, at[row.id]}
        at = {row.corrects: at[row.id] for row in rows if row.corrects is not None}
    return found


def _readings(acting: Acting, file_id: int) -> list[int]:
    """Those of the file that booked, took in or saw something, changed a mandate or named a document.

    Nobody works on it.
    """
    found = journal.get_file(acting.conn, file_id)
    if found is None:
        raise FileNotReversedError(f"there is no file {file_id}", do="see: hub files")
    journal.lock_blob(acting.conn, found.sha256)
    found = journal.get_file(acting.conn, file_id)
    assert found is not None
    if found.state is None or journal.open_claim_on(acting.conn, file_id) is not None:
        raise FileNotReversedError(f"file {file_id} is being worked on", do="try again when it has ended")
    if found.state == "reversed":
        raise FileNotReversedError(
            f"file {file_id} has been reversed before",
            do=f"see: hub files show {file_id}; hub files retry books it anew",
        )
    if documents.is_document(acting.conn, file_id):
        raise FileNotReversedError(f"file {file_id} is a document", do=f"hub documents drop {file_id} --reason ...")
    booked_some = exists().where(batch.c.reading_id == reading.c.id)
    changed_some = exists().where(mandate_event.c.reading_id == reading.c.id)
    named_some = exists().where(document_named.c.reading_id == reading.c.id)
    took_in_some = exists().where(consumption_result.c.reading_id == reading.c.id)
    seen_some = or_(*(exists().where(told.c.reading_id == reading.c.id) for told in (witness, bank_statement)))
    did_some = or_(booked_some, changed_some, named_some, took_in_some, seen_some)
    unreversed = (reading.c.file_id == file_id, reading.c.reversed_at.is_(None), did_some)
    readings = list(acting.conn.scalars(select(reading.c.id).where(*unreversed)))
    if not readings:
        raise FileNotReversedError(f"nothing of file {file_id} is booked: it is {found.state}")
    return readings
