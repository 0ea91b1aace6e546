"""Every column of the ledger and of the journal of files is proved, or said not to be (docs/ledger.md).

In each, one value becomes another that its column may hold.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Table, and_, select, text, update
from sqlalchemy.exc import IntegrityError

from hub.store import tables
from hub.store.database import connect
from hub.store.verify import verify
from tests.desk import Desk, paid
from tests.every_kind import book_every_kind

PROVED = (
    *(tables.company, tables.account, tables.batch, tables.entry, tables.posting, tables.allocation, tables.credit),
    *(tables.charge, tables.charge_line, tables.credited, tables.reversal, tables.suspense),
    *(tables.voucher_range, tables.voucher_series, tables.file, tables.reading, tables.outcome),
)
#: Nothing else in the books says the same; docs/ledger.md names them all.
UNPROVED = {
    *("company.name", "company.cvr", "company.pbs_number", "company.fi_creditor"),
    *("entry.text", "charge.text", "charge_line.text", "reversal.note", "suspense.reason"),
    *("charge.foreign_currency", "charge.foreign_amount", "charge.foreign_rate"),
    *("file.name", "file.vendor", "file.kind", "file.received_at", "file.filed_at", "file.parent_id"),
    *("reading.vendor", "reading.plugin_version", "reading.started_at", "reading.reasons"),
    *("outcome.reason", "outcome.key", "outcome.tenancy", "outcome.reference"),
}


@pytest.fixture(scope="module")
def conn(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    folder = tmp_path_factory.mktemp("columns")
    shutil.copyfile(sqlite_template, folder / "hub.db")
    database = connect(f"sqlite:///{folder / 'hub.db'}")
    desk = Desk(database, folder)
    book_every_kind(desk)
    # A duplicate, and one that is held: the same key with another amount (R5).
    desk.book(paid("nobody", 33_33, line=4, trace="x"), paid("101", 1_00, "NOV", line=5), paid("901", 2_00, line=6))
    with database.write() as connection:
        assert verify(connection).ok
        yield connection
        connection.rollback()
    database.close()


@pytest.mark.parametrize("table", PROVED, ids=lambda table: str(table.name))
def test_every_column(conn: Connection, table: Table) -> None:
    unseen = {str(column) for column in table.columns if not _is_noticed(conn, table, column)}
    assert unseen == {one for one in UNPROVED if one.startswith(f"{table.name}.")}


def _is_noticed(conn: Connection, table: Table, column: Column[Any]) -> bool:
    row = conn.execute(select(table).where(column.is_not(None)).limit(1)).one_or_none()
    if row is None:
        # These books have none: what is said of it stands.
        return str(column) not in UNPROVED
    this = and_(*(key == row._mapping[key] for key in table.primary_key.columns))
    with conn.begin_nested() as changed:
        try:
            conn.execute(text("PRAGMA defer_foreign_keys = ON"))
            conn.execute(update(table).where(this).values({column.name: _another(row._mapping[column])}))
            return not verify(conn).ok
        except IntegrityError:
            return True
        finally:
            changed.rollback()


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            # Another of as many characters: what a column may hold, and no number becomes longer.
            return value[:-1] + ("y" if value.endswith("x") else "x")
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case datetime():
            return value + timedelta(seconds=1)
        case date():
            return value + timedelta(days=1)
        case list():
            return [*value, "more"]
    raise TypeError(f"nothing else than {value!r} is known")
