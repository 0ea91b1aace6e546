"""Business keys met in a file, against those booked before: new, duplicate or conflict (R5).

The database is the memory: what this file has shown so far is in the entries and outcomes of its own transaction, so
memory does not grow with the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from hub.store.lookup import among
from hub.store.tables import batch, entry, outcome, reading

#: Stands between a business key and its occurrence; ``_AFTER`` is the next character, so that keys are a range.
_MARK = "#"
_AFTER = "$"
#: After the occurrence where a file that had booked it was reversed: the same record booked anew, from 2.
_ANEW = "~"
_FIRST = f"{_MARK}1"


class Earlier(NamedTuple):
    """An entry that another reading booked under a key."""

    entry_id: int
    input_hash: bytes


class Occurrence(NamedTuple):
    """A record's key with its occurrence within the file, and what was booked under it before, if anything."""

    key: str
    earlier: Earlier | None


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

    def judge(self, keys: Sequence[str]) -> list[Occurrence]:
        """The occurrence within the file of each business key, and the earlier entry of that occurrence."""
        if not keys:
            return []
        distinct = set(keys)
        seen: Counter[str] = Counter()
        booked: dict[str, Earlier] = {}
        anew: dict[str, str] = {}
        # Files come nearly in key order, so that most batches fall into a gap of the index: one probe settles them.
        if self._any_between(min(keys), max(key + _AFTER for key in keys)):
            booked, ours, anew = self._booked(distinct)
            seen.update(ours)
            if booked:
                seen.update(self.shown(keys))
        elif len(distinct) == len(keys):
            return [Occurrence(key + _FIRST, None) for key in keys]
        judged = []
        for key in keys:
            seen[key] += 1
            full = f"{key}{_MARK}{seen[key]}"
            judged.append(Occurrence(anew.get(full, full), booked.get(full)))
        return judged

    def _any_between(self, first: str, last: str) -> bool:
        probe = select(entry.c.id).where(entry.c.key > first, entry.c.key < last).limit(1)
        return self._conn.execute(probe).first() is not None

    def _booked(self, keys: set[str]) -> tuple[dict[str, Earlier], Counter[str], dict[str, str]]:
        """Others' entries under any occurrence of these keys, how many this reading has made under each, new names.

        Occurrences are counted up from 1 without gaps. Our own entries are those whose batch is not written yet. What a
        reversed file had booked is booked by nobody, but its key is used: the third gives the key for booking it anew.
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
                for full, entry_id, input_hash, batch_id, reversed_at in self._entries(wanted):
                    key = wanted[full]
                    found.add(key)
                    if reversed_at is not None:
                        again[f"{key}{tail}{_ANEW}{time}"] = key
                    elif batch_id is None:
                        ours[key] += 1
                    else:
                        booked[key + tail] = Earlier(entry_id, bytes(input_hash))
                anew.update({key + tail: full for full, key in again.items()})
                wanted = again
            keys = found
        return booked, ours, anew

    def _entries(self, keys: Collection[str]) -> Sequence[Any]:
        return self._conn.execute(
            select(entry.c.key, entry.c.id, entry.c.input_hash, batch.c.id, reading.c.reversed_at)
            .join(batch, batch.c.id == entry.c.batch_id, isouter=True)
            .join(reading, reading.c.id == batch.c.reading_id, isouter=True)
            .where(among(self._conn, entry.c.key, keys))
        ).all()

    def shown(self, keys: Sequence[str]) -> dict[str, int]:
        """How often this reading has met these keys, in earlier batches, as duplicates or as another's to book."""
        rows = self._conn.execute(
            select(outcome.c.key, func.count())
            .where(outcome.c.reading_id == self._reading_id, among(self._conn, outcome.c.key, set(keys)))
            .group_by(outcome.c.key)
        )
        return dict(rows.all())
