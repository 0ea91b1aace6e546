"""Ids of the bulk tables, taken in blocks before the rows are written: no RETURNING, no round trip a row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from hub.errors import HubError

#: How many ids one round trip reserves. PostgreSQL's sequences step by the same numbers.
BLOCKS = {"entry": 1000, "charge": 1000, "charge_line": 1000, "reading": 1, "batch": 1, "collection": 1000}


class IdsUsedError(HubError):
    """Ids that were to be new are there already: what deals them was set back."""


class Ids:
    """Ids for one transaction. What is left of a block when it ends is never used: gaps mean nothing.

    A sequence's block is ours alone whatever becomes of the transaction, so no writer waits for another's ids.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._left: dict[str, range] = {}

    def take(self, name: str, count: int) -> Sequence[int]:
        """``count`` new ids of ``name`` (a key of ``BLOCKS``), ascending and above those taken before.

        Raises IdsUsedError.
        """
        left = self._left.get(name, range(0))
        missing = count - len(left)
        if missing <= 0:
            self._left[name] = left[count:]
            return left[:count]
        blocks = self._reserve(name, -(-missing // BLOCKS[name]))
        *full, last = [left, *blocks] if left else blocks
        used_of_last = count - sum(map(len, full))
        self._left[name] = last[used_of_last:]
        if not full:
            return last[:used_of_last]
        return [id_ for block in (*full, last[:used_of_last]) for id_ in block]

    def _reserve(self, name: str, blocks: int) -> list[range]:
        size = BLOCKS[name]
        if self._connection.dialect.name == "postgresql":
            starts = self._connection.scalars(
                text(f"SELECT nextval('ids_{name}') FROM generate_series(1, :blocks)"), {"blocks": blocks}
            )
            reserved = [range(start, start + size) for start in starts]
        else:
            wanted = {"name": name, "count": blocks * size}
            self._connection.execute(
                text(
                    "INSERT INTO counter (name, next) VALUES (:name, 1 + :count)"
                    " ON CONFLICT (name) DO UPDATE SET next = next + :count"
                ),
                wanted,
            )
            after = self._connection.scalar(text("SELECT next FROM counter WHERE name = :name"), wanted)
            assert after is not None
            reserved = [range(after - blocks * size, after)]
        self._refuse_used(name, reserved[0])
        return reserved

    def _refuse_used(self, name: str, block: range) -> None:
        """The first block tells: what deals ids only ever goes on from where it was set."""
        used = self._connection.scalar(
            text(f"SELECT min(id) FROM {name} WHERE id >= :first AND id < :after"),
            {"first": block.start, "after": block.stop},
        )
        if used is not None:
            raise IdsUsedError(
                f"the next {name.replace('_', ' ')} would have id {block.start}, and {used} is used already",
                why="what deals ids was set back outside the hub; nothing was written",
                do="see what else hub verify names, then make a backup and restore it: there they go on after the last",
            )


def next_ids(connection: Connection) -> dict[str, int]:
    """By the keys of ``BLOCKS``, the id that the next block would begin with."""
    if connection.dialect.name == "sqlite":
        dealt = {row.name: row.next for row in connection.execute(text("SELECT name, next FROM counter"))}
        return {name: dealt.get(name, 1) for name in BLOCKS}
    # Not by pg_sequences: that says nothing of one that was set and has dealt nothing since.
    each = (f"SELECT '{name}' AS name, last_value, is_called FROM ids_{name}" for name in BLOCKS)
    rows = connection.execute(text(" UNION ALL ".join(each)))
    return {name: last + BLOCKS[name] * is_called for name, last, is_called in rows}
