"""Taking an entry back: a new entry that points at it, with a reason, once. Nothing is edited or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.acts.act import Acting
from hub.acts.holdings import none_overdrawn
from hub.acts.undoing import Booked, held_by, undo
from hub.errors import HubError
from hub.ledger import kinds
from hub.money import format_amount
from hub.store.clearing.settlements import settlements_of_items
from hub.store.origins import ways_back
from hub.store.tables import batch, entry, reading
from hub.store.taking_back import Corrector, History

NOTE_CHARACTERS_MAX = 500


class ReversalRefusedError(HubError):
    """The entry cannot be taken back, or not before something else has been."""


@dataclass(frozen=True)
class Why:
    """One of kinds.REASONS, and a person's own words."""

    reason: str
    note: str = ""

    def check(self) -> None:
        """Raises ReversalRefusedError."""
        if self.reason not in kinds.REASONS:
            known = ", ".join(kinds.REASONS)
            raise ReversalRefusedError(f"{self.reason!r} is no reason code", do=f"use one of {known}")
        if len(self.note) > NOTE_CHARACTERS_MAX or not self.note.isprintable():
            raise ReversalRefusedError(f"a note has at most {NOTE_CHARACTERS_MAX} printable characters")


def reverse(acting: Acting, entry_id: int, why: Why, day: date | None = None) -> dict[str, Any]:
    """Takes back one entry with all that it did; what it had paid is open again, what had paid it is credit again.

    Of money, whoever has it now is taken back: where its charge-back was reversed, or a person has moved it, that
    entry. It counts from ``day`` (default today), and never before the entry itself; what was said of a bank line or a
    payout is taken back from its own day, as if nobody had said it. Raises ReversalRefusedError, OverdrawnError,
    ClosedPeriodError, ClosedCompanyError.
    """
    why.check()
    held, history = held_by(acting, [entry_id])
    if entry_id not in held:
        raise ReversalRefusedError(f"there is no entry {entry_id}", do="see: hub movements TENANCY, hub unmatched")
    found = held[entry_id]
    if found.kind == kinds.MATCH and found.id != entry_id:
        raise ReversalRefusedError(
            f"entry {entry_id} has been matched to a tenancy by {found.named}", do=f"first: hub unmatch {entry_id}"
        )
    refuse_taken_back(acting, found, history)
    if found.kind == kinds.SETTLEMENT:
        return undone_alone(acting, found, history, why, _own_day(found, day))
    wanted = None if day is None else acting.open_day(found.company, day)
    return undone_alone(acting, found, history, why, wanted or acting.site.today(found.company.number, acting.now))


def _own_day(found: Booked, day: date | None) -> date:
    """Clearing is kept by day (R18). Raises ReversalRefusedError for another."""
    if day not in (None, found.value_date):
        raise ReversalRefusedError(
            f"{found.named} is taken back from its own day, {found.value_date}",
            why="clearing is kept by day: another day would be wrong by its amount (R18)",
            do="leave --date out",
        )
    return found.value_date


def undone_alone(acting: Acting, found: Booked, history: History, why: Why, day: date) -> dict[str, Any]:
    """Takes one entry back from ``day``, or from its own where that is later; tells what was booked.

    What is in the future is taken back there: today's balance never was another for it. Raises OverdrawnError.
    """
    counts = max(day, found.value_date)
    with none_overdrawn(acting, found.tenancy, counts):
        undone = undo(acting, [found], history, why.reason, why.note, lambda _: counts)[found.id]
    return {
        "entry": undone.entry_id,
        "reverses": found.id,
        "tenancy": found.tenancy.key if found.tenancy else None,
        "amount": format_amount(undone.movement.amount),
        "date": undone.movement.value_date,
        "reason": why.reason,
    }


def refuse_taken_back(acting: Acting, found: Booked, history: History, *, with_its_file: bool = False) -> None:
    """Raises ReversalRefusedError: taken back before, or something stands on it that has to be undone first.

    ``with_its_file``: a whole file is undone, and so is, before it, the file that has taken the entry back.
    """
    back = history.taken_back_by(found.id)
    if found.kind == kinds.REVERSAL and not _brought_back(acting, found):
        raise ReversalRefusedError(
            f"{found.named} is a reversal", why="a reversal is final", do="book what was reversed anew"
        )
    if back is not None:
        raise ReversalRefusedError(
            f"{found.named} has been taken back by {back.kind} {back.id}",
            why="an entry is taken back once",
            do=(_file_first(acting, back) if with_its_file else "") + _after(found, back.kind, back.id),
        )
    came = _came_in(acting, found.id) if found.kind == kinds.CHARGEBACK else None
    if came is not None and came.reversed_at is not None:
        raise ReversalRefusedError(
            f"{found.named} came in file {came.file_id}, which has been reversed",
            why="with the payment that it takes back it comes to nothing there",
            do=f"where the file was right after all: hub files retry {came.file_id}",
        )
    _refuse_settled(acting, found, history)
    notes = history.standing(found.id, kinds.CREDIT_NOTE)
    if notes:
        raise ReversalRefusedError(
            f"{found.named} has been credited by entry {notes[0].id}", do=f"first: hub reverse {notes[0].id}"
        )


def _refuse_settled(acting: Acting, found: Booked, history: History) -> None:
    """Raises ReversalRefusedError for a bank line that was explained, and for a payout that a bank line has settled."""
    settled = [one.id for one in history.standing(found.id, kinds.SETTLEMENT)]
    if found.kind == kinds.SETTLEMENT and found.corrects is None:
        settled += [one.entry_id for one in settlements_of_items(acting.conn, [found.id])]
    if settled:
        raise ReversalRefusedError(
            f"{found.named} is settled by {' and '.join(f'entry {id_}' for id_ in settled)}",
            why="the bank's line and what it was found to be belong together",
            do="first: " + ", ".join(f"hub reverse {id_}" for id_ in settled),
        )


def _file_first(acting: Acting, back: Corrector) -> str:
    came = _came_in(acting, back.id)
    return "" if came is None else f"first: hub files reverse {came.file_id}; or, "


class _Came(NamedTuple):
    file_id: int
    #: When that reading of the file was taken back.
    reversed_at: datetime | None


def _came_in(acting: Acting, entry_id: int) -> _Came | None:
    """The file by which an entry came, or what it was moved from."""
    origin = ways_back(acting.conn, [entry_id])[entry_id][-1]
    of_file = select(reading.c.file_id, reading.c.reversed_at).join(batch, batch.c.reading_id == reading.c.id)
    by_it = of_file.join(entry, entry.c.batch_id == batch.c.id).where(entry.c.id == origin)
    row = acting.conn.execute(by_it).one_or_none()
    return None if row is None else _Came._make(row)


def _after(found: Booked, kind: str, back_id: int) -> str:
    """What a person may do about an entry that has been taken back."""
    if kind == kinds.CHARGEBACK:
        return f"where the charge-back was wrong: hub reverse {back_id}"
    if found.kind == kinds.CHARGEBACK and found.corrects is not None:
        return f"to take back the money that this brought back: hub reverse {back_id}"
    return "where that was wrong, book it anew"


def _brought_back(acting: Acting, found: Booked) -> bool:
    """Whether a reversal has brought money: that of a payment whose charge-back it took back."""
    reversed_ = select(entry.c.id).where(
        entry.c.id == found.corrects, entry.c.kind == kinds.CHARGEBACK, entry.c.corrects.is_not(None)
    )
    return acting.conn.execute(reversed_).first() is not None
