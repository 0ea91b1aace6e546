"""Whether each bank statement goes on where the one before it on its account has ended: gap, overlap, repeat.

Nothing is refused for it. Statements may come in any order: each is held against those next to it by day.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from operator import itemgetter

from hub.calendar import is_bank_day
from hub.intake.booking import Booking
from hub.intake.continuity import Part
from hub.money import format_amount
from hub.plugin import BankLine, BankStatement, Record
from hub.store.clearing.statements import Stated, is_kept, neighbours, note_statement, repeated, stated
from hub.store.results import LOUD

_DAY = timedelta(days=1)


def statements_in(records: Sequence[Record]) -> list[BankStatement]:
    return [record for record in records if isinstance(record, BankStatement)]


class StatementDesk:
    """Keeps the statements that one reading tells of. ``name`` is its file's."""

    def __init__(self, booking: Booking, name: str) -> None:
        self._booking = booking
        self._name = name
        #: Those of the batch, after the last one before it; None = it is held, with its lines.
        self._told: list[tuple[int, Stated | None]] = []
        self._last_part: Part | None = None

    def take(self, statements: Sequence[BankStatement]) -> None:
        """One batch in file order. Raises HeldError."""
        companies = self._booking.matcher.companies
        del self._told[:-1]
        for statement in statements:
            place = companies.judged_account(statement.account, statement.currency)
            self._booking.refuse_new_trouble()
            held = self._booking.held_because((place.scope,))
            if held or place.found is None:
                self._booking.note_held(statement, held or place.trouble)
                self._told.append((statement.record, None))
            else:
                one = stated(statement, place.found.company_id, self._booking.file_id, self._name)
                self._keep(statement, one)
                self._told.append((statement.record, one))

    def parts(self, lines: Sequence[BankLine]) -> Iterator[tuple[Part | None, list[BankLine]]]:
        """The lines of the batch, in file order, by the statement that they stand in; None = in none."""
        for at, group in groupby(lines, key=lambda line: bisect_left(self._told, line.record, key=itemgetter(0))):
            one = self._told[at - 1][1] if at else None
            yield None if one is None else self._part(one), list(group)

    def _part(self, one: Stated) -> Part:
        if self._last_part is None or self._last_part.record != one.record:
            self._last_part = Part(self._booking.conn, one)
        return self._last_part

    def _keep(self, statement: BankStatement, one: Stated) -> None:
        booking = self._booking
        if is_kept(booking.conn, one):
            booking.note_kept(statement)
            return
        told = self._judged(one)
        booking.tally.notes.extend(told)
        booking.note_kept(statement, "; ".join(sentence.removeprefix(LOUD) for sentence in told))
        note_statement(booking.conn, booking.vendor, booking.reading_id, one)

    def _judged(self, one: Stated) -> list[str]:
        same = repeated(self._booking.conn, one)
        if same is not None:
            return [_repeat(same, one)]
        before, after = neighbours(self._booking.conn, one)
        pairs = ((before, one), (one, after))
        return [
            sentence
            for earlier, later in pairs
            if earlier is not None and later is not None and (sentence := _judged(earlier, later))
        ]


def _repeat(first: Stated, again: Stated) -> str:
    told = f"account {again.account}: {_named(again)} repeats {_named(first)}: each of its lines is booked once"
    if (first.opening, first.closing) == (again.opening, again.closing):
        return told
    return f"{LOUD}{told}, but the balances differ: {_balances(first)} before, {_balances(again)} now; ask the bank"


def _judged(earlier: Stated, later: Stated) -> str:
    """What is wrong between two statements that stand next to one another; "" = nothing that they say."""
    follows = f"account {later.account}: {_named(later)} after {_named(earlier)}"
    balances_told = earlier.closing is not None and later.opening is not None
    agree = balances_told and earlier.closing == later.opening
    skipped = _skipped(earlier, later)
    if later.first_day <= earlier.last_day:
        # Several of one day follow one another by number or balance; where neither is told, nobody can say.
        is_next = skipped == 0 and not balances_told
        untold = skipped is None and not balances_told and later.first_day == earlier.last_day
        if agree or is_next or untold:
            return ""
        return f"overlap: {follows}{_told_balances(earlier, later)}: they share days; each line is booked once"
    if balances_told and not agree:
        return f"{LOUD}gap: {follows}{_told_balances(earlier, later)}: fetch what is missing between from the bank"
    if skipped:
        missing = "1 statement between has not come" if skipped == 1 else f"{skipped} statements between have not come"
        agreed = ", though the balances agree" if agree else ""
        return f"{LOUD}gap: {follows}: by their numbers {missing}{agreed}"
    if not balances_told and skipped is None and _bank_day_between(earlier, later):
        return f"gap: {follows}: bank days lie between, and neither balances nor numbers say that nothing is missing"
    return ""


def _skipped(earlier: Stated, later: Stated) -> int | None:
    """How many numbers lie between; None = not told, or the bank has begun to count anew."""
    if earlier.sequence is None or later.sequence is None or later.sequence <= earlier.sequence:
        return None
    return later.sequence - earlier.sequence - 1


def _bank_day_between(earlier: Stated, later: Stated) -> bool:
    day = earlier.last_day + _DAY
    while day < later.first_day:
        if is_bank_day(day):
            return True
        day += _DAY
    return False


def _named(one: Stated) -> str:
    days = f"{one.first_day}" if one.first_day == one.last_day else f"{one.first_day}..{one.last_day}"
    number = "" if one.sequence is None else f", number {one.sequence}"
    # A dry run's own file has no id.
    file = f"file {one.file_id}, {one.file}" if one.file_id else one.file
    return f"statement {one.identification or '-'} of {days}{number} ({file}, record {one.record})"


def _told_balances(earlier: Stated, later: Stated) -> str:
    if earlier.closing is None or later.opening is None:
        return ""
    differ = format_amount(later.opening - earlier.closing)
    ends, begins = format_amount(earlier.closing), format_amount(later.opening)
    return f": that ends with {ends}, this begins with {begins}, {differ} apart"


def _balances(one: Stated) -> str:
    opening, closing = ("-" if ore is None else format_amount(ore) for ore in (one.opening, one.closing))
    return f"{opening}..{closing}"
