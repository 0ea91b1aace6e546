"""Books that have lost a row: what is of it is named, and nothing is built on it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.backup import RestoreError, rows
from hub.store.database import SCHEMA_HEAD, Database, connect, make_schema, open_bare, sqlite_file
from hub.store.tables import metadata
from hub.store.verify import verify
from hub.store.verify_parents import lost_parents
from hub.store.vouchers import SeriesLostError
from tests.backups import filled_site
from tests.desk import Desk
from tests.integration.cli_runner import hub


def without(url: str, statement: str) -> None:
    """As who can switch the database's own checks off; in SQLite they are off where nobody asks for them."""
    file = sqlite_file(url)
    if file is not None:
        with closing(sqlite3.connect(file)) as raw:
            raw.execute(statement)
            raw.commit()
        return
    database = connect(url)
    with database.write() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text(statement))
    database.close()


@pytest.fixture
def site(tmp_path: Path, empty_url: str) -> tuple[Path, str]:
    filled_site(tmp_path / "site", empty_url)
    return tmp_path / "site", empty_url


def test_a_backup_that_could_not_be_restored_is_not_made(site: tuple[Path, str], tmp_path: Path) -> None:
    root, url = site
    target = tmp_path / "backup.tar"
    without(url, "DELETE FROM property WHERE number = '2'")
    refused = hub("backup", "--to", target, "--json", site=root)
    assert refused.status == 1
    error = json.loads(refused.err)["error"] if refused.err.startswith("{") else refused.err
    assert "refers to property 2 by its property_id, and there is no such property" in str(error)
    assert "run: hub verify" in str(error)
    assert not target.exists()
    told = hub("verify", "--json", site=root).json
    assert any(problem.endswith("there is no such property") for problem in told["problems"])


def test_a_backup_that_holds_such_a_row_is_refused_by_name(empty_url: str) -> None:
    database = open_bare(empty_url)

    def load() -> None:
        with database.write() as conn:
            make_schema(conn, SCHEMA_HEAD)
            with rows.any_order(conn):
                conn.execute(text("INSERT INTO unit (id, property_id, number) VALUES (7, 77, '1')"))

    with pytest.raises(RestoreError) as refused:
        load()
    database.close()
    assert "table unit" in refused.value.what
    assert "77" in refused.value.what or "row 7 " in refused.value.what
    assert "nothing was restored" in refused.value.why
    assert "earlier backup" in refused.value.do


def test_every_foreign_key_is_looked_at(database: Database) -> None:
    """Of an earlier schema those that it has: a backup is made of that as well."""
    with database.read() as conn:
        assert list(lost_parents(conn, {name: table.columns.keys() for name, table in metadata.tables.items()})) == []
        assert list(lost_parents(conn, {"unit": ["id", "property_id"], "property": ["id"]})) == []


def test_no_voucher_number_is_dealt_twice(database: Database, tmp_path: Path) -> None:
    desk = Desk(database, tmp_path)
    desk.charge("1-1-1-1", "OCT", "2026-10-01", 500_00)
    with database.write() as conn:
        conn.execute(text("DELETE FROM voucher_series"))
    with pytest.raises(SeriesLostError, match=r"voucher numbers of 2026 were dealt before.*hub verify"):
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 500_00)
    desk.charge("2-1-1-1", "NOV", "2026-11-01", 500_00)
    desk.charge("1-1-1-1", "JAN", "2027-01-01", 500_00)
    assert desk.open_lines("1-1-1-1") == [("OCT", 500_00), ("JAN", 500_00)]
    with database.read() as conn:
        (problem,) = verify(conn).problems
    assert problem.startswith("company 1: the voucher numbers of 2026 end with 1, and the row that says so is gone")


@pytest.mark.parametrize("named", [lambda path: f"{path}/gone/", lambda path: f"{path}/gone/backup.tar"])
def test_a_backup_is_not_put_where_no_folder_is(
    site: tuple[Path, str], tmp_path: Path, named: Callable[[Path], str]
) -> None:
    refused = hub("backup", "--to", named(tmp_path), site=site[0])
    assert (refused.status, "there is no such folder" in refused.err) == (1, True)
    assert not (tmp_path / "gone").exists()
