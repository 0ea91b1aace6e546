"""Thousands of keys in one query, by the index, with one cached statement whatever their number."""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Select, any_, column, func, literal, select

from hub.store.arrays import BIGINTS, TEXTS, int_array, text_array

_ROWS_A_PART = 2_000
#: What reads a whole table, or sets out to; and helpers, which take longer to start than 2,000 rows to find.
_OFF = {
    **dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin"), "off"),
    "max_parallel_workers_per_gather": "0",
}


def among(
    connection: Connection, searched: ColumnElement[Any], values: Collection[int] | Collection[str]
) -> ColumnElement[bool]:
    """The condition that ``searched`` is one of ``values``.

    An ``IN`` list would need a parameter a value, of which both databases have only so many.
    """
    if connection.dialect.name == "sqlite":
        # In order: SQLite sorts them into an index of its own, which takes twice as long from a set's disorder.
        listed = func.json_each(json.dumps(sorted(values))).table_valued(column("value"))
        return searched.in_(select(listed.c.value))
    # Not the column's own type: a cast to varchar(n) cuts a longer value, which then matches what it is not.
    if searched.type.python_type is int:
        return searched == any_(literal(int_array(cast("Collection[int]", values)), BIGINTS))
    return searched == any_(literal(text_array(cast("Collection[str]", values)), TEXTS))


def by_index(connection: Connection) -> None:
    """Until this transaction ends, PostgreSQL finds rows by their index, one by one.

    For who asks again and again for the rows of a few thousand keys. To the planner, reading all of a middling table
    looks cheaper than 2,000 rows of it by index, each time: a file then takes the square of its length, the more so
    where no statistics are kept yet.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(*(func.set_config(name, off, True) for name, off in _OFF.items())))


def streamed(connection: Connection, query: Select[Any]) -> Generator[tuple[Any, ...]]:
    """As :func:`fetched`, of an answer of any length, in parts. To be closed inside its transaction."""
    result = connection.execute(query, execution_options={"yield_per": _ROWS_A_PART})
    try:
        # The strategy, not the cursor: on PostgreSQL's side of it a first row may have been fetched already.
        while result.cursor is not None:
            rows = result.cursor_strategy.fetchmany(result, result.cursor, _ROWS_A_PART)
            if not rows:
                break
            yield from rows
    finally:
        result.close()


def fetched(connection: Connection, query: Select[Any]) -> Sequence[Any]:
    """All rows as the driver's own tuples: SQLAlchemy's rows cost as much again, which counts when there are millions.

    For columns that come alike from both drivers: integers, text, bytes, booleans as something true or not; dates only
    as text.
    """
    result = connection.execute(query)
    assert result.cursor is not None
    rows = result.cursor.fetchall()
    result.close()
    return rows
