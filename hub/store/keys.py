"""Business keys met in a file, against those booked before: new, duplicate or conflict (R5).

The database is the memory: what this file has shown so far is in the entries and outcomes of its own transaction, so
memory does not grow with the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import count, islice
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, func, select

from hub.store.lookup import among
from hub.store.tables import batch, entry, outcome, reading

#: Stands between a business key and its occurrence; ``_AFTER`` is the next character, so that keys are a range.
_MARK = "#"
_AFTER = "$"
#: After the occurrence where a file that had booked it was reversed: the same record booked anew, from 2.
_ANEW = "~"
_FIRST = f"{_MARK}1"
#: Before the first record of every file, and of entries that no record has made.
_NO_RECORD = -1


class Earlier(NamedTuple):
    """An entry that was booked under a key before, and the file and record that told of it."""

    entry_id: int
    input_hash: bytes
    record: int
    #: None = this very reading, in an earlier statement.
    file_id: int | None


class Judged(NamedTuple):
    """The keys of a batch with their occurrences within the file, in order."""

    keys: list[str]
    #: By place among them: what was booked under it before.
    earlier: dict[int, Earlier]


class Apart(Protocol):
    """A part of a file that is a whole of its own, such as a bank's statement: what is in it is counted by itself."""

    #: Behind which its records stand.
    record: int

    def is_apart(self, earlier: Earlier) -> bool:
        """Whether that entry can be none of this part's records."""
        ...


class RecordSet:
    """Record numbers of one file, a bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, record: int) -> None:
        byte, bit = divmod(record, 8)
        if byte >= len(self._bits):
            self._bits.extend(bytes(max(byte + 1 - len(self._bits), len(self._bits))))
        self._bits[byte] |= 1 << bit

    def __contains__(self, record: int) -> bool:
        byte, bit = divmod(record, 8)
        return byte < len(self._bits) and bool(self._bits[byte] >> bit & 1)

    def __bool__(self) -> bool:
        return bool(self._bits)


def booked_records(conn: Connection, file_id: int) -> RecordSet:
    """The records of this file that an earlier reading of it has entered."""
    found = RecordSet()
    batches = conn.execute(
        select(batch.c.id, batch.c.entry_first, batch.c.entry_last)
        .join(reading, reading.c.id == batch.c.reading_id)
        .where(reading.c.file_id == file_id, reading.c.reversed_at.is_(None))
    ).all()
    for batch_id, first, last in batches:
        # The range leads to the entries by their primary key, however large the ledger.
        ours = select(entry.c.record).where(entry.c.id.between(first, last), entry.c.batch_id == batch_id)
        for (record,) in conn.execute(ours, execution_options={"yield_per": 2_000}):
            found.add(record)
    return found


class KeyBook:
    """Judges the keys of one reading, batch by batch, in file order."""

    def __init__(self, conn: Connection, reading_id: int) -> None:
        self._conn = conn
        self._reading_id = reading_id

    def judge(self, keys: Sequence[str], part: Apart | None = None) -> Judged:
        """The occurrence within the file of each business key, and the earlier entry of that occurrence.

        All of them are of one ``part``: then it is the occurrence within that, and entries apart from it are passed
        over.
        """
        if not keys:
            return Judged([], {})
        after = _NO_RECORD if part is None else part.record
        distinct = set(keys)
        seen: Counter[str] = Counter()
        booked: dict[str, Earlier] = {}
        anew: dict[str, str] = {}
        # Files come nearly in key order, so that most batches fall into a gap of the index: one probe settles them.
        if self._any_between(min(keys), max(key + _AFTER for key in keys)):
            booked, ours, anew = self._booked(distinct, after)
            seen.update(ours)
            if booked:
                seen.update(self.shown(keys, after))
        elif len(distinct) == len(keys):
            return Judged([key + _FIRST for key in keys], {})
        passed = set() if part is None else {full for full, earlier in booked.items() if part.is_apart(earlier)}
        judged = Judged([], {})
        for at, key in enumerate(keys):
            seen[key] += 1
            full = f"{key}{_MARK}{seen[key]}" if not passed else _free(key, passed, seen[key])
            judged.keys.append(anew.get(full, full))
            if full in booked:
                judged.earlier[at] = booked[full]
        return judged

    def _any_between(self, first: str, last: str) -> bool:
        probe = select(entry.c.id).where(entry.c.key > first, entry.c.key < last).limit(1)
        return self._conn.execute(probe).first() is not None

    def _booked(self, keys: set[str], after: int) -> tuple[dict[str, Earlier], Counter[str], dict[str, str]]:
        """Others' entries under any occurrence of these keys, how many this reading has made under each, new names.

        Occurrences are counted up from 1 without gaps. Our own entries are those whose batch is not written yet; those
        up to record ``after`` are of another part of the file. What a reversed file had booked is booked by nobody, but
        its key is used: the third gives the key for booking it anew.
        """
        booked: dict[str, Earlier] = {}
        ours: Counter[str] = Counter()
        anew: dict[str, str] = {}
        occurrence = 0
        while keys:
            occurrence += 1
            tail = f"{_MARK}{occurrence}"
            wanted = {key + tail: key for key in keys}
            found = set()
            time = 1
            while wanted:
                time += 1
                again: dict[str, str] = {}
                for full, entry_id, input_hash, record, batch_id, file_id, reversed_at in self._entries(wanted):
                    key = wanted[full]
                    found.add(key)
                    if reversed_at is not None:
                        again[f"{key}{tail}{_ANEW}{time}"] = key
                    elif batch_id is None and (record or 0) > after:
                        ours[key] += 1
                    else:
                        booked[key + tail] = Earlier(entry_id, bytes(input_hash), record or 0, file_id)
                anew.update({key + tail: full for full, key in again.items()})
                wanted = again
            keys = found
        return booked, ours, anew

    def _entries(self, keys: Collection[str]) -> Sequence[Any]:
        return self._conn.execute(
            select(
                *(entry.c.key, entry.c.id, entry.c.input_hash, entry.c.record),
                *(batch.c.id, reading.c.file_id, reading.c.reversed_at),
            )
            .join(batch, batch.c.id == entry.c.batch_id, isouter=True)
            .join(reading, reading.c.id == batch.c.reading_id, isouter=True)
            .where(among(self._conn, entry.c.key, keys))
        ).all()

    def shown(self, keys: Sequence[str], after: int = _NO_RECORD) -> dict[str, int]:
        """How often this reading has met these keys behind that record, as duplicates or as another's to book."""
        rows = self._conn.execute(
            select(outcome.c.key, func.count())
            .where(
                outcome.c.reading_id == self._reading_id,
                outcome.c.record > after,
                among(self._conn, outcome.c.key, set(keys)),
            )
            .group_by(outcome.c.key)
        )
        return dict(rows.all())


def _free(key: str, passed: Collection[str], nth: int) -> str:
    """The ``nth`` occurrence of a key, counted from 1, that is not passed over."""
    fulls = (f"{key}{_MARK}{number}" for number in count(1))
    return next(islice((full for full in fulls if full not in passed), nth - 1, None))
