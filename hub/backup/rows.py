"""Rows of any table, in and out: what the schema of the day declares, in a form that belongs to no database.

The schema is read off the database itself, not off today's declarations: so a backup can be made before a migration,
and an old one be loaded as it was and brought forward after that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    inspect,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON, TypeEngine

from hub.backup.archive import PART_BYTES_MAX, Kind
from hub.errors import HubError
from hub.store.bulk import Row, insert_rows
from hub.store.ids import BLOCKS

#: What is not copied row by row: the revision, and the counters, which are sequences on PostgreSQL.
_NOT_ROWS = ("alembic_version", "counter")
#: A counter's name as that of its sequence.
_IDS = "ids_"
_ROWS_A_PART = 5_000
#: A DateTime is no Date to SQLAlchemy, and a Boolean no Integer.
_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (Boolean, "boolean"),
    (Integer, "integer"),
    (DateTime, "moment"),
    (Date, "date"),
    (LargeBinary, "bytes"),
    (JSON, "json"),
    (String, "text"),
)
#: A column as its portable form, where it is not that already.
_OUT: Mapping[str, Mapping[Kind, str]] = {
    "sqlite": {
        "moment": "replace({0}, ' ', 'T') || 'Z'",
        # hex(NULL) is ''.
        "bytes": "CASE WHEN {0} IS NOT NULL THEN lower(hex({0})) END",
    },
    "postgresql": {
        "boolean": "{0}::int",
        "date": "{0}::text",
        "moment": "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
        "bytes": "encode({0}, 'hex')",
        "json": "{0}::text",
    },
}

Columns = tuple[tuple[str, Kind], ...]


class RestoreError(HubError):
    """Nothing was restored; the site's folder and the database are as they were."""


def tables_of(conn: Connection) -> dict[str, Columns]:
    """Every table whose rows are copied, with its columns."""
    inspector = inspect(conn)
    return {
        table: tuple((column["name"], _kind(table, column)) for column in inspector.get_columns(table))
        for table in sorted(inspector.get_table_names())
        if table not in _NOT_ROWS
    }


def dump(conn: Connection, table: str, columns: Columns) -> Iterator[tuple[int, bytes]]:
    """The table in the order of its key, in parts: how many rows, and they as JSON, a list of lists."""
    dialect = conn.dialect.name
    form = _OUT[dialect]
    selected = ", ".join(form.get(kind, "{0}").format(f'"{name}"') for name, kind in columns)
    kinds = dict(columns)
    keys = inspect(conn).get_pk_constraint(table)["constrained_columns"]
    collate = ' COLLATE "C"' if dialect == "postgresql" else ""
    order = ", ".join(f'"{key}"{collate if kinds[key] == "text" else ""}' for key in keys)
    query = text(f'SELECT {selected} FROM "{table}" ORDER BY {order}')
    result = conn.execute(query, execution_options={"yield_per": _ROWS_A_PART})
    for rows in result.partitions(_ROWS_A_PART):
        yield from _encoded([tuple(row) for row in rows])


def load(conn: Connection, table: str, columns: Columns, part: bytes) -> int:
    """Inserts a part that :func:`dump` made; gives how many rows that were. Raises ValueError for one it did not."""
    rows = json.loads(part)
    if not isinstance(rows, list) or any(not isinstance(row, list) or len(row) != len(columns) for row in rows):
        raise ValueError(f"its rows are not lists of {len(columns)} values")
    readers = [(at, _reader(conn, kind)) for at, (_, kind) in enumerate(columns)]
    for at, read in readers:
        if read is not None:
            for row in rows:
                if row[at] is not None:
                    row[at] = read(row[at])
    target = Table(table, MetaData(), *(Column(name) for name, _ in columns))
    insert_rows(conn, target, [tuple(row) for row in rows])
    return len(rows)


@contextmanager
def any_order(conn: Connection) -> Iterator[None]:
    """Rows may come before those that they refer to: what refers to what is checked at the end, all at once.

    Raises RestoreError.
    """
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        yield
        if wrong := conn.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise _orphan(f"row {wrong[1]} of table {wrong[0]} refers to one of {wrong[2]} that is not there")
        conn.exec_driver_sql("PRAGMA defer_foreign_keys = OFF")
        return
    found = conn.execute(_FOREIGN_KEYS).all()
    for table, name, _ in found:
        conn.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    yield
    # Without numbers of rows the planner would walk every index row by row.
    conn.exec_driver_sql("ANALYZE")
    for table, name, definition in found:
        try:
            conn.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        except IntegrityError as error:
            detail = error.orig.diag.message_detail if isinstance(error.orig, psycopg.Error) else None
            raise _orphan(f"a row of table {table} is of something that is not there: {detail}") from error


def _orphan(what: str) -> RestoreError:
    return RestoreError(
        what,
        why="it was so in the database that the backup was made of; nothing was restored",
        do="restore an earlier backup; where that database still is, hub verify there names all such rows",
    )


def sequences_of(conn: Connection) -> dict[str, int]:
    """The next value of every sequence: no id of the view in ``conn`` is as high."""
    if conn.dialect.name == "sqlite":
        counters = conn.exec_driver_sql("SELECT name, next FROM counter ORDER BY name")
        return {_IDS + name: next_ for name, next_ in counters}
    return {row.name: row.next for row in conn.execute(_SEQUENCES)}


def set_sequences(conn: Connection, archived: Mapping[str, int]) -> None:
    """Every id that is given from now on is above those of rows, and of those that had been given."""
    if conn.dialect.name == "sqlite":
        present = BLOCKS.keys() & set(inspect(conn).get_table_names())
        nexts = {table: max(_above(conn, table, "id"), archived.get(_IDS + table, 1)) for table in sorted(present)}
        rows = [(table, next_) for table, next_ in nexts.items() if next_ > 1]
        insert_rows(conn, Table("counter", MetaData(), Column("name"), Column("next")), rows)
        return
    owners = {name: (table, column) for name, table, column in conn.execute(_OWNED_SEQUENCES)}
    for name in sequences_of(conn):
        # One that is nobody's deals ids in blocks.
        table, column = owners.get(name) or (name.removeprefix(_IDS), "id")
        next_ = max(_above(conn, table, column), archived.get(name, 1))
        conn.execute(_SET_SEQUENCE, {"name": f'"{name}"', "next": next_})


def _above(conn: Connection, table: str, column: str) -> int:
    """The first value that no row has, nor any after it."""
    return int(conn.exec_driver_sql(f'SELECT coalesce(max("{column}"), 0) + 1 FROM "{table}"').scalar_one())


def _encoded(rows: Sequence[Row]) -> Iterator[tuple[int, bytes]]:
    data = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) <= PART_BYTES_MAX or len(rows) == 1:
        yield len(rows), data
        return
    half = len(rows) // 2
    yield from _encoded(rows[:half])
    yield from _encoded(rows[half:])


def _kind(table: str, column: Mapping[str, Any]) -> Kind:
    for type_, kind in _KINDS:
        if isinstance(column["type"], type_):
            return kind
    raise HubError(f"a backup knows no columns such as {table}.{column['name']}, {column['type']}")


def _reader(conn: Connection, kind: Kind) -> Callable[[str], Any] | None:
    """What a value is made of for the database; None where it is taken as it is."""
    if kind == "bytes":
        return bytes.fromhex
    if kind == "moment" and conn.dialect.name == "sqlite":
        return lambda moment: moment.removesuffix("Z").replace("T", " ")
    return None


_FOREIGN_KEYS = text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conname"
)
_SEQUENCES = text(
    "SELECT sequencename AS name, coalesce(last_value + increment_by, start_value) AS next FROM pg_sequences"
    " WHERE schemaname = current_schema() ORDER BY sequencename"
)
_OWNED_SEQUENCES = text(
    "SELECT sequence.relname, owner.relname, attname FROM pg_depend"
    " JOIN pg_class sequence ON sequence.oid = objid AND sequence.relkind = 'S'"
    " JOIN pg_class owner ON owner.oid = refobjid"
    " JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid"
    " WHERE deptype IN ('a', 'i') AND sequence.relnamespace = current_schema()::regnamespace"
)
_SET_SEQUENCE = text("SELECT setval(CAST(:name AS regclass), :next, false)")
