"""The only bulk writer: many rows into one table, many cached amounts changed, both in the caller's transaction.

SQLite gets rows through the driver's executemany, many a statement (SQLAlchemy's own insert is five times slower), and
changes as one statement over a JSON object; PostgreSQL gets the driver's COPY, and changes over arrays. Column lists
come from the table's own metadata. Dates are ISO text, amounts integers, hashes bytes.

On SQLite the statements say OR FAIL, not its ABORT: whoever meets a broken rule here rolls the whole transaction back,
so that no statement needs a journal of what it has changed, which takes a fifth of the time of writing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from hub.store.arrays import int_array

Row = tuple[Any, ...]
#: SQLite takes 32,766 parameters a statement; no table that is written in bulk has more than 40 columns.
_ROWS_A_STATEMENT = 64


class ClashError(Exception):
    """Another writer on this PostgreSQL was faster; the transaction is lost and may be begun anew."""


def insert_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts ``rows``, each in the order of the table's columns."""
    if not rows:
        return
    names = tuple(column.name for column in table.columns)
    if conn.dialect.name == "sqlite":
        _insert_many(conn, table.name, names, rows)
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    try:
        with _driver(conn).cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected) as error:
        raise ClashError(str(error)) from error


def insert_if_new(conn: Connection, table: Table, **values: object) -> bool:
    """Inserts one row unless a UNIQUE rule says that it is there already; whether it did.

    While another transaction is inserting the same, PostgreSQL waits for how that ends.
    """
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    made = dialect.insert(table).values(**values).on_conflict_do_nothing()
    return conn.execute(made.returning(*table.primary_key.columns)).first() is not None


def add_amounts(
    conn: Connection,
    column: Column[Any],
    deltas: Mapping[int, int],
    most: int | None = None,
) -> bool:
    """Adds øre to ``column`` of the rows with these ids, by id, in their order: two writers never lock each other.

    False where one would be beyond ``most`` then, either way: that one is left as it was.
    """
    if not deltas:
        return True
    pairs = sorted(deltas.items())
    table = column.table
    key = next(iter(table.primary_key.columns)).name
    if conn.dialect.name == "sqlite":
        bound = "" if most is None else f" AND {table.name}.{column.name} + d.value BETWEEN -{most} AND {most}"
        statement = (
            f"UPDATE OR FAIL {table.name} SET {column.name} = {table.name}.{column.name} + d.value "
            f"FROM json_each(?) AS d WHERE {table.name}.{key} = CAST(d.key AS INTEGER){bound}"
        )
        return conn.exec_driver_sql(statement, (json.dumps(dict(pairs)),)).rowcount == len(pairs)
    ids, amounts = zip(*pairs, strict=True)
    bound = "" if most is None else f" AND {table.name}.{column.name} + d.delta BETWEEN -{most} AND {most}"
    statement = (
        f"UPDATE {table.name} SET {column.name} = {table.name}.{column.name} + d.delta "
        f"FROM unnest(%s::bigint[], %s::bigint[]) AS d(id, delta) WHERE {table.name}.{key} = d.id{bound}"
    )
    return conn.exec_driver_sql(statement, (int_array(ids), int_array(amounts))).rowcount == len(pairs)


def change_remaining(
    conn: Connection, remaining: Column[Any], since: Column[Any], deltas: Mapping[int, int], days: Mapping[int, str]
) -> None:
    """Adds øre to ``remaining`` as :func:`add_amounts` does, and moves ``since`` on to the ISO day of ``days``."""
    if not deltas:
        return
    table = remaining.table.name
    if conn.dialect.name == "sqlite":
        by_day: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for id_, delta in sorted(deltas.items()):
            by_day[days[id_]][id_] = delta
        statement = (
            f"UPDATE OR FAIL {table} SET {remaining.name} = {table}.{remaining.name} + d.value, "
            f"{since.name} = max({table}.{since.name}, ?) "
            f"FROM json_each(?) AS d WHERE {table}.id = CAST(d.key AS INTEGER)"
        )
        for day, of_day in by_day.items():
            conn.exec_driver_sql(statement, (day, json.dumps(of_day)))
        return
    ids = sorted(deltas)
    statement = (
        f"UPDATE {table} SET {remaining.name} = {table}.{remaining.name} + d.delta, "
        f"{since.name} = greatest({table}.{since.name}, d.day) "
        f"FROM unnest(%s::bigint[], %s::bigint[], %s::date[]) AS d(id, delta, day) WHERE {table}.id = d.id"
    )
    amounts = int_array([deltas[id_] for id_ in ids])
    conn.exec_driver_sql(statement, (int_array(ids), amounts, [days[id_] for id_ in ids]))


def _insert_many(conn: Connection, table: str, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Many rows a statement, and what they all say alike once for each: half of the time goes into handing values over.

    Most rows of a file have their batch, kind, dates or policy in common.
    """
    whole = len(rows) // _ROWS_A_STATEMENT * _ROWS_A_STATEMENT
    if whole:
        columns = list(zip(*rows[:whole], strict=True))
        # The first always: of rows that are alike in everything there would be nothing to count.
        varying = tuple(at for at, values in enumerate(columns) if not at or values.count(values[0]) < whole)
        alike = [values[0] for at, values in enumerate(columns) if at not in varying]
        different = list(zip(*(columns[at] for at in varying), strict=True))
        groups = (different[start : start + _ROWS_A_STATEMENT] for start in range(0, whole, _ROWS_A_STATEMENT))
        flat = [(*alike, *chain.from_iterable(group)) for group in groups]
        conn.exec_driver_sql(_insert(table, names, varying, _ROWS_A_STATEMENT), flat)
    if whole < len(rows):
        conn.exec_driver_sql(_insert(table, names, tuple(range(len(names))), 1), list(rows[whole:]))


@cache
def _insert(table: str, names: tuple[str, ...], varying: tuple[int, ...], rows: int) -> str:
    """Its parameters: the values of the columns that are not ``varying``, then of each row those that are."""
    alike = [at for at in range(len(names)) if at not in varying]
    first = {at: place for place, at in enumerate((*alike, *varying), start=1)}
    step = {at: len(varying) if at in varying else 0 for at in range(len(names))}
    values = [", ".join(f"?{first[at] + step[at] * row}" for at in range(len(names))) for row in range(rows)]
    return f"INSERT OR FAIL INTO {table} ({', '.join(names)}) VALUES ({'), ('.join(values)})"


def _driver(conn: Connection) -> psycopg.Connection[Any]:
    driver = conn.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(driver).__name__}")
    return driver
