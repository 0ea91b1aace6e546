"""The only bulk writer: many rows into one table, many cached amounts changed, both in the caller's transaction.

SQLite gets tuples through the driver's executemany, many rows a statement (SQLAlchemy's own insert is five times
slower), PostgreSQL the driver's COPY. Column lists come from the table's own metadata. Dates are ISO text, amounts
integers, hashes bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

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
    deltas: Mapping[int, int] | Iterable[tuple[int, int]],
    most: int | None = None,
) -> bool:
    """Adds øre to ``column`` of the rows with these ids, in order of id so that two writers never lock each other.

    False where one would be beyond ``most`` then, either way: that one is left as it was.
    """
    pairs = sorted(deltas.items() if isinstance(deltas, Mapping) else deltas)
    if not pairs:
        return True
    table = column.table
    key = next(iter(table.primary_key.columns)).name
    if conn.dialect.name == "sqlite":
        bound = "" if most is None else f" AND {column.name} + ?2 BETWEEN -{most} AND {most}"
        statement = f"UPDATE {table.name} SET {column.name} = {column.name} + ?2 WHERE {key} = ?1{bound}"
        return conn.exec_driver_sql(statement, pairs).rowcount == len(pairs)
    ids, amounts = zip(*pairs, strict=True)
    bound = "" if most is None else f" AND {table.name}.{column.name} + d.delta BETWEEN -{most} AND {most}"
    statement = (
        f"UPDATE {table.name} SET {column.name} = {table.name}.{column.name} + d.delta "
        f"FROM unnest(%s::bigint[], %s::bigint[]) AS d(id, delta) WHERE {table.name}.{key} = d.id{bound}"
    )
    return conn.exec_driver_sql(statement, (list(ids), list(amounts))).rowcount == len(pairs)


def _insert_many(conn: Connection, table: str, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Many rows a statement: SQLite then steps and resets it that much less often, which saves a fifth of the time."""
    whole = len(rows) // _ROWS_A_STATEMENT * _ROWS_A_STATEMENT
    if whole:
        groups = (rows[start : start + _ROWS_A_STATEMENT] for start in range(0, whole, _ROWS_A_STATEMENT))
        flat = [tuple(chain.from_iterable(group)) for group in groups]
        conn.exec_driver_sql(_insert(table, names, _ROWS_A_STATEMENT), flat)
    if whole < len(rows):
        conn.exec_driver_sql(_insert(table, names, 1), list(rows[whole:]))


@cache
def _insert(table: str, names: tuple[str, ...], rows: int) -> str:
    one = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([one] * rows)}"


def _driver(conn: Connection) -> psycopg.Connection[Any]:
    driver = conn.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(driver).__name__}")
    return driver
