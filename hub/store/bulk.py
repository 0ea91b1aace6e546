"""The only bulk writer: many rows into one table, many cached amounts changed, both in the caller's transaction.

SQLite gets tuples through the driver's executemany (SQLAlchemy's own insert is five times slower), PostgreSQL the
driver's COPY. Column lists come from the table's own metadata. Dates are ISO text, amounts integers, hashes bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = tuple[Any, ...]


class ClashError(Exception):
    """Another writer on this PostgreSQL was faster; the transaction is lost and may be begun anew."""


def insert_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts ``rows``, each in the order of the table's columns."""
    if not rows:
        return
    names = tuple(column.name for column in table.columns)
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(_insert(table.name, names), list(rows))
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


def insert_if_new(conn: Connection, table: Table, **values: object) -> None:
    """Inserts one row unless a UNIQUE rule says that it is there already."""
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    conn.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())


def add_amounts(conn: Connection, column: Column[Any], deltas: Mapping[int, int] | Iterable[tuple[int, int]]) -> None:
    """Adds øre to ``column`` of the rows with these ids, in order of id so that two writers never lock each other."""
    pairs = sorted(deltas.items() if isinstance(deltas, Mapping) else deltas)
    if not pairs:
        return
    table = column.table
    key = next(iter(table.primary_key.columns)).name
    if conn.dialect.name == "sqlite":
        statement = f"UPDATE {table.name} SET {column.name} = {column.name} + ?2 WHERE {key} = ?1"
        conn.exec_driver_sql(statement, pairs)
        return
    ids, amounts = zip(*pairs, strict=True)
    statement = (
        f"UPDATE {table.name} SET {column.name} = {table.name}.{column.name} + d.delta "
        f"FROM unnest(%s::bigint[], %s::bigint[]) AS d(id, delta) WHERE {table.name}.{key} = d.id"
    )
    conn.exec_driver_sql(statement, (list(ids), list(amounts)))


@cache
def _insert(table: str, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _driver(conn: Connection) -> psycopg.Connection[Any]:
    driver = conn.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(driver).__name__}")
    return driver
