"""Which statements of an account can hold one and the same line of the bank, and which cannot.

A line's key has nothing of its statement, so that overlapping and repeated statements book it once (R5). But two lines
alike in two statements, of which the one goes on where the other has ended, are two payments (R17).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from operator import attrgetter

from sqlalchemy import Connection

from hub.store.clearing.statements import Stated, place, statements_between, statements_of
from hub.store.keys import Earlier

#: Other files whose statements are remembered at a time.
_FILES_MAX = 100


class Part:
    """The lines of one statement in the file that is read (see :class:`hub.store.keys.Apart`)."""

    def __init__(self, conn: Connection, one: Stated) -> None:
        self.record = one.record
        self._conn = conn
        self._one = one
        self._of_files: dict[int, list[Stated]] = {}
        self._apart: dict[Stated, bool] = {}
        self._doubtful: dict[Stated, bool] = {}

    def is_apart(self, earlier: Earlier) -> bool:
        """Whether the statement that told of that entry cannot hold a line of this one."""
        return self._asked(self._apart, _are_apart, earlier)

    def is_doubtful(self, earlier: Earlier) -> bool:
        """Of what is not apart: whether nothing says that the two statements tell of the same money either."""
        return self._asked(self._doubtful, _are_doubtful, earlier)

    def _asked(
        self, known: dict[Stated, bool], ask: Callable[[Connection, Stated, Stated], bool], earlier: Earlier
    ) -> bool:
        other = self._statement_of(earlier)
        if other is None or _are_same(other, self._one):
            return False
        if other not in known:
            first, last = sorted((other, self._one), key=place)
            known[other] = ask(self._conn, first, last)
        return known[other]

    def _statement_of(self, earlier: Earlier) -> Stated | None:
        file_id = self._one.file_id if earlier.file_id is None else earlier.file_id
        if file_id not in self._of_files:
            if len(self._of_files) >= _FILES_MAX:
                self._of_files.clear()
            self._of_files[file_id] = statements_of(self._conn, self._one, file_id)
        told = self._of_files[file_id]
        behind = bisect_left(told, earlier.record, key=attrgetter("record"))
        return told[behind - 1] if behind else None


def _are_apart(conn: Connection, first: Stated, last: Stated) -> bool:
    """Whether the one leads to the other without a break, each statement between going on from the one before.

    On one day that is no proof where both begin with the same balance: so does a statement that is delivered again.
    """
    if last.first_day <= first.last_day and first.opening == last.opening:
        return False
    return _leads(statements_between(conn, first, last), first, last, _goes_on)


def _are_doubtful(conn: Connection, first: Stated, last: Stated) -> bool:
    if first.last_day < last.first_day:
        return True
    if _says(first) == _says(last) and None not in _says(first) and first.opening != first.closing:
        return first.sequence != last.sequence and None not in (first.sequence, last.sequence)
    between = statements_between(conn, first, last)
    return _leads(between, first, last, _may_go_on) or _leads(between, last, first, _may_go_on)


def _are_same(one: Stated, other: Stated) -> bool:
    return one.key == other.key or (one.file_id, one.record) == (other.file_id, other.record)


def _says(one: Stated) -> tuple[object, ...]:
    return one.first_day, one.last_day, one.opening, one.closing


def _leads(between: Iterable[Stated], first: Stated, last: Stated, follows: Callable[[Stated, Stated], bool]) -> bool:
    """Whether there is a way from ``first`` to ``last`` on which each follows the one before."""
    left = {*between, last} - {first}
    ends = [first]
    while ends:
        end = ends.pop()
        nexts = {one for one in left if follows(end, one)}
        if last in nexts:
            return True
        left -= nexts
        ends.extend(nexts)
    return False


def _goes_on(before: Stated, after: Stated) -> bool:
    """By balance, and on a later day or under the next number."""
    if before.closing is None or before.closing != after.opening:
        return False
    is_next = before.sequence is not None and after.sequence == before.sequence + 1
    return after.first_day > before.last_day or (after.first_day == before.last_day and is_next)


def _may_go_on(before: Stated, after: Stated) -> bool:
    """Nothing that they say speaks against it."""
    if after.first_day < before.last_day:
        return False
    if before.closing is not None and after.opening is not None:
        return before.closing == after.opening
    return None in (before.sequence, after.sequence) or before.sequence != after.sequence
