"""``hub verify`` names what was changed beside postings: allocations, exports, files, portfolio, rows that stand alone.

The books are those of the last earlier schema, brought forward, with work of today in them: a row of every table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Connection, select, text
from structlog.testing import capture_logs

from hub.acts import charges, money
from hub.acts.act import Acting, perform
from hub.acts.charges import ChargeAsked, LineAsked
from hub.imports.portfolio import import_portfolio
from hub.settings import CompanyConfig, Site
from hub.store.database import Database, create
from hub.store.tables import blob
from hub.store.verify import Report, verify
from hub.transport.content import blob_path
from tests import schemas

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TENANCY, LINES = "1-2-1-1", ("75040", "10")


class Postgres(Protocol):
    """The server of tests/conftest.py."""

    def new(self) -> str: ...

    def drop(self, url: str) -> None: ...


class _Undo(Exception):
    """Rolls a test's changes back."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("besides")
    server: Postgres | None = None
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'hub.db'}"
    else:
        server = request.getfixturevalue("postgres")
        url = server.new()
    schemas.fill(url, "0002")
    database = create(url)
    _work(database, folder)
    yield database
    database.close()
    if server is not None:
        server.drop(url)


def _work(database: Database, folder: Path) -> None:
    """Two equal charges of which one is paid, in one tenancy, and changes of the portfolio."""
    types = {"10": "Husleje"}
    site = Site(folder, companies={"1": CompanyConfig(number="1", charge_types=types), "2": CompanyConfig(number="2")})

    def do(act: Callable[[Acting], Any]) -> None:
        perform(database, site, "test", {}, act, actor="anna", now=NOW)

    for reference in ("SAME1", "SAME2"):
        asked = ChargeAsked(date(2026, 3, 1), (LineAsked("10", 70_00), LineAsked("10", 70_00)), reference=reference)
        do(lambda acting, asked=asked: charges.add_charge(acting, "1-1-3-1", asked))
    do(lambda acting: money.receive(acting, "1-1-3-1", 70_00, day=date(2026, 3, 2), reference="SAME1"))
    portfolio = folder / "again.csv"
    for name, day, number in (("Bente", "2026-03-31", "771"), ("Dorte", "2026-04-30", "772")):
        portfolio.write_text(
            "company,property,unit,tenant,name,caseworker,move_out,business,bs_customer\n"
            f"1,1,3,1,Ny Lejer,{name},{day},ja,{number}\n1,1,1,1,Søren Ærø,{name},,,101\n",
            encoding="utf-8",
        )
        report = import_portfolio(database, portfolio, now=NOW, actor="anna", currency_of=lambda number: "DKK")
        assert report.bad == []


@pytest.fixture
def conn(books: Database) -> Iterator[Connection]:
    try:
        with books.write() as connection:
            if connection.dialect.name == "postgresql":
                # What refers to what is the database's own proof; whoever can switch that off is whom we look for.
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            else:
                connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            yield connection
            raise _Undo
    except _Undo:
        pass


def test_the_books_are_in_order_before(books: Database) -> None:
    with books.read() as conn:
        report = verify(conn)
        assert (report.problems, report.do) == ([], [])
        counted = {one.what: one.rows for one in report.counts}
        tables = ("journal_export", "match_rule", "portfolio_change", "reversal", "one_off", "document", "credited")
        for table in tables:
            assert conn.scalar(text(f"SELECT count(*) FROM {table}")), table
    assert counted["posting journals"] == 3
    assert counted["allocations in the chain"] == 2
    assert counted["batches of before allocations were in it"] == 22
    assert counted["changes of the portfolio"] == 7


RULE = "(SELECT max(id) FROM match_rule)"
LAST = "entry_id = (SELECT max(entry_id) FROM allocation)"
SAME = "charge_id IN (SELECT id FROM charge WHERE reference LIKE 'SAME%')"
EXPORT = "UPDATE journal_export SET {} WHERE id = 1"
OF_1 = "(SELECT min(entry_id) FROM exported WHERE export_id = 1)"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        # --- Allocations: the sums are right, and the chain says otherwise
        (
            f"UPDATE allocation SET amount = amount + (2 * seq - 1) * 100 WHERE {LAST};"
            "UPDATE charge_line SET remaining = amount - (SELECT sum(a.amount) FROM allocation a WHERE a.line_id ="
            f" charge_line.id) WHERE id IN (SELECT line_id FROM allocation WHERE {LAST})",
            "have paid, or the lines that they demand it on, are not those it was written with",
        ),
        (
            # Two lines of equal content change places: a payment is another charge's without one of its rows changed.
            "UPDATE charge_line SET charge_id = (SELECT max(id) + min(id) FROM charge WHERE reference LIKE 'SAME%')"
            f" - charge_id WHERE seq = 0 AND {SAME}",
            "have paid, or the lines that they demand it on, are not those it was written with",
        ),
        # --- What went out to the books
        (
            "DELETE FROM exported WHERE entry_id = (SELECT min(entry_id) FROM exported)",
            "went out with 6 entries, and has 5",
        ),
        (
            f"UPDATE exported SET export_id = 2 WHERE entry_id = {OF_1}",
            "journal 2 of company 1 went out with 9 entries, and has 10",
        ),
        (
            f"UPDATE exported SET export_id = 3 WHERE entry_id = {OF_1}",
            "which is another company's",
        ),
        (
            "UPDATE exported SET entry_id = 999999 WHERE entry_id = (SELECT min(entry_id) FROM exported)",
            "entry 999999, which",
        ),
        ("DELETE FROM journal_export WHERE id = 2", "was exported with journal 2, which is not there"),
        (EXPORT.format("debit = debit - 1, credit = credit - 1"), "went out with a control total of"),
        (EXPORT.format("entries = entries + 1"), "journal 1 of company 1 went out with 7 entries, and has 6"),
        (
            EXPORT.format("content = (SELECT content FROM journal_export WHERE id = 2)"),
            "its file is not the one that went out",
        ),
        # --- Files, readings, events
        ("UPDATE file SET state = 'booked' WHERE state = 'reversed'", "is booked, its last reading is taken back"),
        (
            "UPDATE file SET state = 'reversed' WHERE id = 1",
            "file 1 (1230.txt) is reversed, its readings say that not all",
        ),
        (
            "UPDATE file SET state = 'quarantined' WHERE id = 1",
            "file 1 (1230.txt) is quarantined, its last reading ended as",
        ),
        (
            "UPDATE reading SET state = 'ignored' WHERE id = 1",
            "its reading 1 says that it ended as ignored, and is booked",
        ),
        ("UPDATE reading SET reversed_at = NULL", "and none of its readings says so"),
        (
            "UPDATE reading SET reversed_at = finished_at WHERE id = 1",
            "its reading 1 says that all it booked was taken back, and entry",
        ),
        (
            "UPDATE reading SET reversed_at = finished_at WHERE id = 1",
            "file 1: its reading 1 says that it was taken back at 2025-12-30 08:05 UTC, and no event tells of that",
        ),
        ("DELETE FROM event WHERE what = 'reversed'", "and no event tells of that"),
        (
            "DELETE FROM event WHERE what = 'read' AND file_id = 1",
            "its reading 1 says that it ended as booked, and has no event",
        ),
        ("UPDATE event SET actor = 'somebody' WHERE what = 'read' AND file_id = 1", "or another's by the event of it"),
        ("DELETE FROM reading WHERE id = 6", "tells of reading 6, which is not there"),
        ("UPDATE document SET property_id = 3", "file 4 is a document of tenancy"),
        (
            "UPDATE reading SET duplicate = 0, held = 2 WHERE id = 5",
            "reading 5 says that 2 of its records are held, 0 duplicate and 0 kept, its list has 1, 1 and 0",
        ),
        (
            "UPDATE outcome SET outcome = 'held' WHERE outcome = 'duplicate'",
            "reading 5 says that 1 of its records are held, 1 duplicate and 0 kept, its list has 2, 0 and 0",
        ),
        (
            "UPDATE outcome SET record = (SELECT record FROM entry JOIN batch ON batch.id = batch_id"
            " WHERE reading_id = 5) WHERE outcome = 'held'",
            "of reading 5 is listed as held, and entry",
        ),
        ("UPDATE outcome SET net = 5 WHERE outcome = 'held'", "is of 10.00, and said to make up 0.05 of its file"),
        ("UPDATE file SET duplicate_of = 2 WHERE id = 1", "is a duplicate of file 2, which has other bytes"),
        # --- Rows that have lost what they belong to
        (
            "INSERT INTO charge SELECT 999999, 999999, tenancy_id, 'ORPHAN', due_date, text, kind, NULL, NULL, NULL"
            " FROM charge WHERE id = 1",
            "charge 999999 (ORPHAN) has no lines, or is of entry 999999, which is not there",
        ),
        (
            "INSERT INTO charge_line SELECT 999999, 999999, seq, tenancy_id, charge_type, amount, remaining,"
            " period_from, period_to, text, vat_rate, vat, claim, holding, due_date, value_date, remaining_since"
            " FROM charge_line WHERE id = 1",
            "charge line 999999 is of charge",
        ),
        ("INSERT INTO credited VALUES (999999, 1, 1, 0)", "entry 999999 is said to credit charge line 1"),
        (
            "INSERT INTO reversal VALUES (999999, 'other', '')",
            "a reason for a reversal is of entry 999999, which is none",
        ),
        ("INSERT INTO voucher_range VALUES (999999, 2026, 0)", "voucher numbers of 2026 were dealt to batch 999999"),
        (
            "INSERT INTO voucher_range SELECT id, 1999, 0 FROM batch WHERE seq = 1",
            "voucher numbers of 1999 were dealt to",
        ),
        (
            "UPDATE charge SET foreign_amount = NULL WHERE foreign_currency = 'SEK'",
            "whose name, amount or rate is missing",
        ),
        ("UPDATE one_off SET charge_id = 1, withdrawn_at = recorded_at", "is said to be on charge 1, and cannot be"),
        (f"UPDATE match_rule SET uses = uses + 1 WHERE id = {RULE}", "have booked 2 payments, the books have 1 by it"),
        (f"UPDATE match_rule SET tenancy_id = 1 WHERE id = {RULE}", "with which it was made, did not"),
        # --- Rows whose parent is gone
        ("DELETE FROM unit WHERE id = 1", "tenancy 1 refers to unit 1 by its unit_id, and there is no such unit"),
        ("DELETE FROM unit WHERE id = 1", "tenancy 1-1-1-1 lies in a company, property or unit that is not there"),
        ("DELETE FROM arrival WHERE file_id = 1", "by its arrival_id, and there is no such arrival"),
        ("DELETE FROM blob WHERE sha256 = (SELECT sha256 FROM file WHERE id = 1)", "file 1 refers to blob"),
        ("UPDATE outcome SET reading_id = 999999", "by its reading_id, and there is no such reading"),
        # --- Voucher numbers
        ("DELETE FROM voucher_series", "and the row that says so is gone: the next act would begin at 1 again"),
        (
            "UPDATE voucher_series SET year = 1999 WHERE company_id = 1 AND year = 2026",
            "the voucher numbers of 1999 end with 0, not with",
        ),
        # --- Remembered matches
        (f"UPDATE match_rule SET customer_key = '4712' WHERE id = {RULE}", "is of what 4712 pays, and payment"),
        (
            f"UPDATE entry SET corrects = (SELECT entry_id FROM match_rule WHERE id = {RULE})"
            " WHERE id = (SELECT max(id) FROM entry WHERE kind = 'reversal')",
            "has taken back the match that it was made with",
        ),
        # --- Readings that booked nothing, and documents
        (
            "UPDATE reading SET amount = 100 WHERE booked + unmatched = 0",
            "says that it booked 0 records for 1.00, the ledger has 0 for 0.00",
        ),
        (
            "UPDATE reading SET booked = 1, read = read + 1 WHERE booked + unmatched = 0",
            "says that it booked 1 records for 0.00, the ledger has 0 for 0.00",
        ),
        (
            "UPDATE reading SET booked = 2, read = 2 WHERE file_id = (SELECT file_id FROM document)",
            "says that it booked 2 records for 0.00, the ledger has 1 for 0.00",
        ),
        ("UPDATE file SET state = NULL WHERE id = 1", "file 1 (1230.txt) has no state, and nobody is reading it"),
        # --- The portfolio
        ("UPDATE tenancy SET unit_id = 1 WHERE key = '1-1-3-1'", "tenancy 1-1-3-1 lies in 1-1-1-1"),
        ("UPDATE unit SET main_unit_id = 4 WHERE id = 1", "is let along with unit 10 of another property"),
        ("UPDATE account SET number = number + 500 WHERE code = 'receivable:1-1-3-1'", "from 99000000 without a gap"),
        (
            "UPDATE account SET number = NULL WHERE code = 'receivable:1-1-3-1'",
            "account receivable:1-1-3-1 has number none",
        ),
        ("UPDATE tenancy SET bs_customer = '555' WHERE key = '1-1-1-1'", "and payments are matched on '101'"),
        (
            "DELETE FROM customer_number WHERE customer_key = '101'",
            "customer number 101, which was nobody's first (R15)",
        ),
        (
            "UPDATE customer_number SET tenancy_id = 2 WHERE customer_key = '101'",
            "which was another tenancy's first (R15)",
        ),
        (
            "UPDATE customer_number SET tenancy_id = 4 WHERE customer_key = '101'",
            "was given to 2-7-10-1, another company's",
        ),
        (
            "DELETE FROM customer_number WHERE customer_key = '771'",
            "customer number 771 was tenancy 1-1-3-1's, as change 6 says, and is kept as nobody's (R15)",
        ),
        (
            "UPDATE customer_number SET tenancy_id = 1 WHERE customer_key = '771'",
            "customer number 771 was tenancy 1-1-3-1's, as change 6 says, and is kept as 1-1-1-1's (R15)",
        ),
        # --- Accounts that say whose they are
        (
            "UPDATE account SET tenancy_id = 1 WHERE kind = 'suspense' AND company_id = 1",
            "account suspense is said to hold money of 1-1-1-1, and is no holding",
        ),
        (
            "UPDATE account SET tenancy_id = 1 WHERE code = 'receivable:1-1-3-1'",
            "account receivable:1-1-3-1 is said to hold money of 1-1-1-1, and is no holding",
        ),
        (
            "UPDATE tenancy SET business = (1 = 0) WHERE key = '1-1-3-1'",
            "business is 'no', and 'yes' was the last that was said",
        ),
        (
            "UPDATE tenancy SET move_out = '2026-05-31' WHERE key = '1-1-3-1'",
            "move_out is '2026-05-31', and '2026-04-30' was",
        ),
        (
            "UPDATE portfolio_change SET new = 'Ida' WHERE new = 'Bente'",
            "caseworker was 'Bente', the one before it 'Ida'",
        ),
        ("UPDATE portfolio_change SET key = '1-9' WHERE what = 'property'", "property 1-9 is not there, and change"),
    ],
)
def test_a_change_is_named(conn: Connection, statement: str, problem: str) -> None:
    for one in statement.split(";"):
        conn.execute(text(one))
    report = verify(conn)
    assert told(report, problem), report.problems
    assert report.do


def test_an_error_of_the_database_ends_one_rule_alone(conn: Connection) -> None:
    """PostgreSQL answers nothing more in a transaction that has had one."""
    conn.execute(text("UPDATE match_rule SET uses = uses + 1"))
    wrong = """'{"reading": "none"}'""" if conn.dialect.name == "postgresql" else "'{'"
    conn.execute(text(f"UPDATE event SET detail = {wrong.replace(':', chr(92) + ':')} WHERE what = 'read'"))
    with capture_logs() as logs:
        report = verify(conn)
    assert told(report, "the states of files cannot be computed: "), report.problems
    assert not told(report, "SELECT")
    assert told(report, "have booked 2 payments, the books have 1 by it")
    assert report.entries == conn.scalar(text("SELECT count(*) FROM entry"))
    assert any("never writes" in do for do in report.do)
    assert [one["exc_info"] for one in logs] == [True]


def test_what_earlier_rules_of_input_took_is_in_order(conn: Connection) -> None:
    conn.execute(text("UPDATE charge SET foreign_currency = 'DKK', foreign_amount = 0 WHERE foreign_currency = 'SEK'"))
    assert verify(conn).ok


class TestStoredFiles:
    @pytest.fixture
    def content(self, tmp_path: Path, conn: Connection) -> Path:
        """The bytes of every file of the journal, as short as they can be."""
        conn.execute(text("DELETE FROM attachment"))
        conn.execute(text("DELETE FROM arrival"))
        for number, (sha256,) in enumerate(conn.execute(select(blob.c.sha256)).all()):
            data = f"file {number}".encode()
            name = hashlib.sha256(data).hexdigest()
            conn.execute(text("UPDATE file SET sha256 = :new WHERE sha256 = :old"), {"new": name, "old": sha256})
            conn.execute(
                text("UPDATE blob SET sha256 = :new, size = :size WHERE sha256 = :old"),
                {"new": name, "old": sha256, "size": len(data)},
            )
            path = blob_path(tmp_path, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        return tmp_path

    @staticmethod
    def of_file(conn: Connection, content: Path, file_id: int) -> tuple[str, Path]:
        sha256 = conn.scalar(text(f"SELECT sha256 FROM file WHERE id = {file_id}"))
        return str(sha256), blob_path(content, str(sha256))

    def test_all_are_read(self, conn: Connection, content: Path) -> None:
        report = verify(conn, content=content)
        assert stored(report) == []
        assert report.files is not None
        assert report.files == (10, conn.scalar(text("SELECT sum(size) FROM blob")))

    def test_a_changed_one_is_named(self, conn: Connection, content: Path) -> None:
        sha256, path = self.of_file(conn, content, 1)
        path.write_bytes(b"file X")
        (problem,) = stored(verify(conn, content=content))
        assert problem.startswith(f"stored file {sha256} was changed: what lies at {path} has the SHA-256 ")

    def test_one_that_is_gone_is_named(self, conn: Connection, content: Path) -> None:
        sha256, path = self.of_file(conn, content, 1)
        path.unlink()
        report = verify(conn, content=content)
        assert stored(report) == [f"stored file {sha256} of 6 bytes is not there; it was expected at {path}"]
        assert any("put the file back from a backup" in do for do in report.do)

    def test_one_that_was_too_big_to_keep_never_was_there(self, conn: Connection, content: Path) -> None:
        self.of_file(conn, content, 6)[1].unlink()
        assert stored(verify(conn, content=content)) == []

    def test_another_size_than_the_journal_says(self, conn: Connection, content: Path) -> None:
        sha256, _ = self.of_file(conn, content, 1)
        conn.execute(text(f"UPDATE blob SET size = 7 WHERE sha256 = '{sha256}'"))
        assert stored(verify(conn, content=content)) == [f"stored file {sha256} has 6 bytes, the journal says 7"]

    def test_they_may_be_left_out(self, conn: Connection, content: Path) -> None:
        self.of_file(conn, content, 1)[1].unlink()
        report = verify(conn)
        assert (stored(report), report.files) == ([], None)


def told(report: Report, pattern: str) -> bool:
    return any(pattern in problem for problem in report.problems)


def stored(report: Report) -> list[str]:
    return [problem for problem in report.problems if problem.startswith("stored file")]
