"""``hub verify`` finds whatever somebody changed behind the hub's back. Each change is undone after its test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection, select, text, update
from structlog.testing import capture_logs

from hub.ledger import chain
from hub.store.database import connect
from hub.store.tables import account, batch, company, entry, posting
from hub.store.verify import PROBLEMS_MAX, Report, verify
from hub.store.verify_beside import charged
from tests.desk import Desk, failed, paid, result, taken_back

TENANT = "1-1-1-1"


class _Undo(Exception):
    """Rolls a test's changes back."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Every kind of entry in the books of two companies, a batch or two for each."""
    folder = tmp_path_factory.mktemp("verify")
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "hub.db")
        url = f"sqlite:///{folder / 'hub.db'}"
    else:
        url = request.getfixturevalue("postgres").emptied()
    database = connect(url)
    books = Desk(database, folder)
    books.charge(TENANT, "OCT", "2026-10-01", 500_00, 100_00)
    books.charge(TENANT, "NOV", "2026-11-01", 500_00)
    books.charge("2-1-1-1", "NOV", "2026-11-01", 800_00)
    other_company = {"creditor": "09999999", "group": "00001"}
    books.book(
        paid("101", 600_00, "OCT", line=1),
        paid("102", 250_00, "EARLY", line=2),
        paid("777", 75_00, "WHO", line=3),
        failed("101", 500_00, line=4),
        paid("901", 900_00, "NOV", line=5, **other_company),
        paid("102", -50_00, "OUT", line=6),
    )
    books.charge("1-1-2-1", "DEC", "2026-12-01", 100_00)
    books.book(taken_back("101", 600_00, "OCT"), taken_back("102", 40_00, "NEVER", line=10))
    books.book(result("1", 123_45), result("2", -67_89, line=2))
    yield books
    database.close()


@pytest.fixture
def conn(desk: Desk) -> Iterator[Connection]:
    try:
        with desk.db.write() as connection:
            yield connection
            raise _Undo
    except _Undo:
        pass


def run(conn: Connection, *statements: str) -> None:
    for statement in statements:
        conn.execute(text(statement))


def told(report: Report, pattern: str) -> bool:
    return any(pattern in problem for problem in report.problems)


def heads(conn: Connection) -> dict[str, str]:
    return {number: head.hash for number, head in verify(conn).heads.items()}


ENTRY = "(SELECT max(id) FROM entry WHERE kind = 'payment' AND key LIKE '%|102|EARLY%')"
LAST_OF_1 = "(SELECT max(id) FROM batch WHERE company_id = (SELECT id FROM company WHERE number = '1'))"


class TestBooksInOrder:
    def test_are_proved(self, desk: Desk) -> None:
        with desk.db.read() as conn:
            report = verify(conn)
            assert report.problems == []
            assert report.ok
            assert report.entries == conn.scalar(text("SELECT count(*) FROM entry")) == 14
            assert report.postings == conn.scalar(text("SELECT count(*) FROM posting")) == 27
            assert {number: head.seq for number, head in report.heads.items()} == {"1": 6, "2": 2}

    def test_heads_are_those_of_the_companies(self, desk: Desk) -> None:
        with desk.db.read() as conn:
            stored = conn.execute(select(company.c.number, company.c.chain_hash))
            assert heads(conn) == {number: bytes(hash_).hex() for number, hash_ in stored}

    def test_an_empty_ledger_is_in_order(self, conn: Connection) -> None:
        for table in (
            *("consumption_result", "consumption_revision", "consumption_account"),
            *("allocation", "credit", "suspense", "charge_line", "charge", "posting", "entry", "batch"),
            *("voucher_range", "voucher_series"),
        ):
            run(conn, f"DELETE FROM {table}")
        for table in ("outcome", "reading", "event", "file"):
            run(conn, f"DELETE FROM {table}")
        run(conn, "UPDATE account SET balance = 0")
        for number in ("1", "2"):
            reset = update(company).where(company.c.number == number)
            conn.execute(reset.values(chain_seq=0, chain_hash=chain.genesis(number)))
        report = verify(conn, expect=chain.genesis("1").hex())
        assert report.problems == []
        assert report.heads["1"].seq == 0


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (f"UPDATE posting SET amount = amount + 1 WHERE seq = 0 AND entry_id = {ENTRY}", "sum to 0.01, not to zero"),
        (f"UPDATE posting SET amount = amount * 2 WHERE entry_id = {ENTRY}", "not as it was booked"),
        (f"UPDATE posting SET value_date = '2020-01-01' WHERE seq = 0 AND entry_id = {ENTRY}", "not as it was booked"),
        (f"UPDATE entry SET value_date = '2020-01-01' WHERE id = {ENTRY}", "not as it was booked"),
        (f"UPDATE entry SET posting_date = '2020-01-01' WHERE id = {ENTRY}", "not as it was booked"),
        (f"UPDATE entry SET record = 99 WHERE id = {ENTRY}", "not as it was booked"),
        (f"UPDATE entry SET kind = 'payout' WHERE id = {ENTRY}", "not as it was booked"),
        (f"UPDATE entry SET key = 'nets|other#1' WHERE id = {ENTRY}", "not as it was booked"),
        ("UPDATE charge SET due_date = '2030-01-01'", "not as it was booked"),
        ("UPDATE charge SET reference = 'ANOTHER'", "not as it was booked"),
        ("UPDATE charge_line SET charge_type = '99'", "not as it was booked"),
        ("UPDATE charge_line SET period_to = '2030-01-01'", "not as it was booked"),
        ("UPDATE suspense SET customer = '101'", "not as it was booked"),
        ("UPDATE suspense SET reference = 'ANOTHER'", "not as it was booked"),
        ("UPDATE tenancy SET key = key || '0'", "which is another's"),
        ("UPDATE reading SET kept = kept + 1", "says that it booked"),
        (
            "UPDATE entry SET corrects = (SELECT min(id) FROM entry WHERE key LIKE '%901%') WHERE corrects IS NOT NULL",
            "on another account than entry",
        ),
        ("UPDATE entry SET corrects = 999999 WHERE corrects IS NOT NULL", "corrects entry 999999, which is not there"),
        (f"UPDATE entry SET batch_id = 999999 WHERE id = {ENTRY}", "is in no batch"),
        (f"DELETE FROM entry WHERE id = {ENTRY}", "belongs to entry"),
        (f"DELETE FROM posting WHERE entry_id = {ENTRY}", "has no postings"),
        (f"UPDATE posting SET seq = 2 WHERE seq = 1 AND entry_id = {ENTRY}", "has its postings numbered 0, 2"),
        (f"UPDATE posting SET seq = -1 WHERE seq = 0 AND entry_id = {ENTRY}", "has its postings numbered -1, 1"),
        (f"DELETE FROM posting WHERE seq = 1 AND entry_id = {ENTRY}", "sum to -250.00"),
        (f"UPDATE posting SET account_id = 999999 WHERE seq = 1 AND entry_id = {ENTRY}", "is not there"),
        (
            "UPDATE posting SET account_id = (SELECT id FROM account WHERE code = 'receivable:2-1-1-1')"
            f" WHERE seq = 0 AND entry_id = {ENTRY}",
            "on receivable:2-1-1-1 of another company than 1",
        ),
        (f"DELETE FROM entry WHERE batch_id = {LAST_OF_1}", "batch 6 of company 1 has no entries"),
        (
            "UPDATE batch SET entry_last = entry_last + 1 WHERE id = (SELECT max(id) FROM batch)",
            "is said to have entries",
        ),
        ("UPDATE batch SET recorded_at = '2020-01-01 00:00:00'", "its hash is not that of what it holds"),
        ("UPDATE batch SET actor = 'somebody'", "its hash is not that of what it holds"),
        ("UPDATE batch SET entries = entries + 1", "has 1 entries, and was written with 2"),
        ("UPDATE file SET sha256 = (SELECT min(sha256) FROM file)", "its hash is not that of what it holds"),
        ("DELETE FROM batch WHERE seq = 2", "batch 3 follows batch 1"),
        (f"DELETE FROM batch WHERE id = {LAST_OF_1}", "ends with batch 5, and its head says batch 6"),
        ("UPDATE account SET balance = balance + 1 WHERE code = 'receivable:1-1-2-1'", "its postings sum to"),
        ("UPDATE account SET currency = 'SEK' WHERE code = 'suspense'", "is in SEK, the company in DKK"),
        ("UPDATE charge_line SET remaining = remaining - 1 WHERE remaining > 0", "its allocations"),
        ("UPDATE charge_line SET remaining_since = '2027-02-03'", "what is left since 2027-02-03, its allocations"),
        ("UPDATE charge_line SET remaining_since = '2020-02-03'", "what is left since 2020-02-03, its allocations"),
        ("UPDATE charge_line SET remaining_since = NULL", "says what is left since None, its allocations since"),
        ("UPDATE charge_line SET due_date = '2026-01-02'", "says that it is due on 2026-01-02, its charge on"),
        ("UPDATE charge_line SET due_date = NULL", "says that it is due on None, its charge on"),
        ("UPDATE charge_line SET value_date = '2020-01-02'", "charge lines that count from another day"),
        ("UPDATE charge_line SET amount = amount + 1", "its charge lines"),
        ("UPDATE charge SET tenancy_id = (SELECT id FROM tenancy WHERE key = '1-2-1-1')", "its charge lines"),
        ("UPDATE credit SET remaining = remaining - 1 WHERE remaining > 0", "is allocated, credit or taken back"),
        (
            "INSERT INTO credit SELECT max(id), (SELECT id FROM tenancy WHERE key = '1-2-1-1'), 0 FROM entry"
            f" WHERE id = {ENTRY}"
            " ON CONFLICT (entry_id) DO UPDATE SET tenancy_id = excluded.tenancy_id",
            "which brought it none",
        ),
        ("UPDATE entry SET voucher = voucher + 1", "another voucher number"),
        ("UPDATE voucher_range SET base = base + 1", "its voucher numbers of 2026 begin after"),
        ("DELETE FROM voucher_range", "have no voucher numbers"),
        ("UPDATE voucher_series SET last = last + 1", "the voucher numbers of 2026 end with"),
        ("DELETE FROM credit WHERE remaining > 0", "its open charges less credits"),
        ("UPDATE allocation SET amount = amount - 1 WHERE policy = 'credit'", "its allocations"),
        ("UPDATE allocation SET policy = 'oldest' WHERE policy = 'credit'", "the lines that they demand it on"),
        (
            "INSERT INTO allocation SELECT entry_id, seq + 100 * n, payment_id, line_id, amount * (2 * n - 3), policy"
            " FROM allocation, (SELECT 1 AS n UNION SELECT 2) AS twice WHERE policy = 'credit'",
            "the lines that they demand it on",
        ),
        ("UPDATE batch SET allocated = NULL", "its hash is not that of what it holds"),
        ("UPDATE allocation SET payment_id = 999999 WHERE policy = 'credit'", "do not belong together"),
        ("UPDATE allocation SET payment_id = 999999 WHERE policy = 'credit'", "is allocated, credit or taken back"),
        ("UPDATE allocation SET entry_id = entry_id + 999999 WHERE policy = 'credit'", "is allocated to charge line"),
        ("UPDATE account SET kind = 'vat' WHERE kind = 'receivable'", "says that its kind is vat"),
        (
            "UPDATE allocation SET line_id = (SELECT l.id FROM charge_line l JOIN tenancy t ON t.id = l.tenancy_id"
            " WHERE t.key = '2-1-1-1') WHERE policy = 'credit'",
            "do not belong together",
        ),
        ("UPDATE suspense SET remaining = remaining - 1", "suspense says 74.99 of 75.00 is left"),
        ("DELETE FROM suspense", "suspense has 75.00, the money listed as unmatched is 0.00"),
        ("UPDATE reading SET booked = booked + 1 WHERE state = 'booked'", "says that it booked"),
        ("UPDATE reading SET amount = amount - 1 WHERE state = 'booked'", "says that it booked"),
        ("UPDATE reading SET failed = 0 WHERE failed > 0", "says that it booked"),
        (
            "UPDATE reading SET total = NULL WHERE id = 1",
            "file 1: its reading 1 does not say what the whole file comes to",
        ),
        (
            "UPDATE reading SET currency = 'SEK' WHERE id = 1",
            "reading 1 is in SEK, and no company that it was booked in",
        ),
        ("UPDATE reading SET currency = NULL WHERE id = 1", "reading 1 is in no currency, and no company that it was"),
        (
            "UPDATE reading SET held = 1, read = read + 1 WHERE id = 1",
            "reading 1 says that 1 of its records are held, 0 duplicate and 0 kept, its list has 0, 0 and 0",
        ),
        (
            "INSERT INTO outcome (reading_id, record, outcome, reason) VALUES (1, 2, 'held', '')",
            "record 2 of reading 1 is listed as held, and entry",
        ),
    ],
)
def test_a_change_is_found(conn: Connection, statement: str, problem: str) -> None:
    run(conn, statement)
    report = verify(conn)
    assert not report.ok
    assert told(report, problem), report.problems


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (f"UPDATE posting SET amount = 'much' WHERE entry_id = {ENTRY}", "posting 0 of 'much', which is no amount"),
        (f"UPDATE entry SET leaf = 'text' WHERE id = {ENTRY}", "not as it was booked"),
        (f"UPDATE entry SET input_hash = 'text' WHERE id = {ENTRY}", "not as it was booked"),
        ("UPDATE batch SET hash = 'text' WHERE id = 2", "its hash is not that of what it holds"),
        ("UPDATE batch SET root = 'text' WHERE id = 2", "its entries are not those it was written with"),
        (
            "UPDATE batch SET recorded_at = 'never' WHERE id = 2",
            "batch 2 cannot be read: Invalid isoformat string: 'never'",
        ),
        (
            "UPDATE batch SET entry_first = 'text' WHERE id = 2",
            "the entries of the chain cannot be computed: TypeError",
        ),
        ("UPDATE company SET chain_hash = 'text' WHERE number = '1'", "company 1: its chain ends with batch 6"),
        ("UPDATE charge SET due_date = 'never'", "amounts beside the postings cannot be computed: ValueError"),
        ("UPDATE reading SET reversed_at = 'never'", "the states of files cannot be computed: ValueError"),
        ("UPDATE event SET detail = '{'", "the states of files cannot be computed: OperationalError: malformed JSON"),
        (
            "INSERT INTO posting SELECT 999999, 0, account_id, 'much', value_date FROM posting WHERE seq = 0"
            f" AND entry_id = {ENTRY}",
            "a posting of 'much' belongs to entry 999999",
        ),
    ],
)
def test_what_no_column_should_hold_is_told_beside_all_else(conn: Connection, statement: str, problem: str) -> None:
    if conn.dialect.name != "sqlite":
        pytest.skip("PostgreSQL takes no such value")
    run(conn, statement, "UPDATE suspense SET remaining = remaining - 1", "DELETE FROM customer_number")
    with capture_logs() as logs:
        report = verify(conn)
    assert told(report, problem), report.problems
    if "cannot be computed" in problem:
        assert [one["exc_info"] for one in logs] == [True], "whose fault it is, only the traceback tells"
    if "amounts beside" not in problem:
        assert told(report, "suspense says 74.99 of 75.00 is left")
    assert told(report, "which was nobody's first (R15)")


class TestChain:
    def test_an_entry_slipped_in_is_found(self, conn: Connection) -> None:
        """With two postings that sum to zero, a right leaf, and the balances put right."""
        of = conn.execute(
            select(posting.c.account_id, account.c.code)
            .join(account, account.c.id == posting.c.account_id)
            .where(posting.c.entry_id == conn.scalar(text(f"SELECT {ENTRY}")))
            .order_by(posting.c.seq)
        ).all()
        last = conn.scalar(text(f"SELECT entry_last FROM batch WHERE id = {LAST_OF_1}"))
        given = chain.input_hash(1)
        postings = [(of[0].code, 0, "2026-11-22")]
        leaf = chain.leaf("payment_failed", "mine#1", "2026-11-22", "2026-11-22", None, "", given, "", postings)
        day = date(2026, 11, 22)
        conn.execute(
            entry.insert().values(
                id=last + 1,
                batch_id=conn.scalar(text(f"SELECT {LAST_OF_1}")),
                kind="payment_failed",
                value_date=day,
                posting_date=day,
                text="",
                key="mine#1",
                input_hash=given,
                leaf=leaf,
            )
        )
        conn.execute(
            posting.insert().values(entry_id=last + 1, seq=0, account_id=of[0].account_id, amount=0, value_date=day)
        )
        report = verify(conn)
        assert told(report, "lies outside its batch")
        assert told(report, "has 1 entries, and was written with 2")

    def test_a_batch_hashed_anew_does_not_lead_to_the_next(self, conn: Connection) -> None:
        """Amounts, leaf, root and hash of an early batch all changed to fit each other."""
        first = conn.execute(
            select(batch, company.c.number).join(company).where(company.c.number == "1", batch.c.seq == 1)
        ).one()
        (row,) = conn.execute(select(entry).where(entry.c.batch_id == first.id))
        run(conn, f"UPDATE posting SET amount = amount * 2 WHERE entry_id = {row.id}")
        postings = conn.execute(
            select(account.c.code, posting.c.amount, posting.c.value_date)
            .join(account, account.c.id == posting.c.account_id)
            .where(posting.c.entry_id == row.id)
            .order_by(posting.c.seq)
        )
        leaf = chain.leaf(
            row.kind,
            row.key,
            str(row.value_date),
            str(row.posting_date),
            row.record,
            "",
            bytes(row.input_hash),
            dict(charged(conn))[row.id].detail,
            [(code, amount, str(day)) for code, amount, day in postings],
        )
        root = chain.Root()
        root.add([leaf])
        facts = ("1", 1, first.recorded_at, first.actor, "")
        hash_ = chain.batch_hash(bytes(first.previous_hash), *facts, root, bytes(first.allocated))
        conn.execute(update(entry).where(entry.c.id == row.id).values(leaf=leaf))
        conn.execute(update(batch).where(batch.c.id == first.id).values(root=root.digest(), hash=hash_))
        report = verify(conn)
        assert not told(report, "not as it was booked")
        assert not told(report, "its hash is not")
        assert told(report, "company 1: batch 2 does not follow from the one before it")

    def test_the_head_of_a_company_is_compared(self, conn: Connection) -> None:
        conn.execute(update(company).where(company.c.number == "2").values(chain_hash=b"\0" * 32))
        assert told(verify(conn), "company 2: its chain ends with batch 2, and its head says batch 2")


class TestExpect:
    def test_a_head_noted_before_is_found_again_when_more_was_booked(self, desk: Desk, conn: Connection) -> None:
        earlier = conn.scalar(text("SELECT hash FROM batch WHERE seq = 3"))
        assert verify(conn, expect=bytes(earlier).hex().upper()).ok

    def test_the_hash_over_all_heads_is_another_when_more_was_booked(self, conn: Connection) -> None:
        before = verify(conn).head
        assert verify(conn, expect=before).ok
        cut_tail(conn)
        after = verify(conn, expect=before)
        assert after.head != before
        assert told(after, f"the expected head {before} is in no chain")

    def test_a_cut_tail_is_found_only_by_a_head_noted_before(self, conn: Connection) -> None:
        noted = heads(conn)["1"]
        cut_tail(conn)
        assert verify(conn).problems == []
        assert verify(conn, expect=noted).problems == [
            f"the expected head {noted} is in no chain: what had been booked when it was noted has changed"
        ]


def cut_tail(conn: Connection) -> None:
    """Takes company 1's last batch, two results, out of the books and mends everything that would tell."""
    for table in ("consumption_result", "consumption_revision", "consumption_account"):
        run(conn, f"DELETE FROM {table}")
    gone = f"(SELECT id FROM entry WHERE batch_id = {LAST_OF_1})"
    run(
        conn,
        f"DELETE FROM charge_line WHERE charge_id IN (SELECT id FROM charge WHERE entry_id IN {gone})",
        f"DELETE FROM charge WHERE entry_id IN {gone}",
        f"DELETE FROM credit WHERE entry_id IN {gone}",
        f"UPDATE charge_line SET remaining = remaining + coalesce((SELECT sum(amount) FROM allocation WHERE entry_id IN"
        f" {gone} AND line_id = charge_line.id), 0)",
        f"DELETE FROM allocation WHERE entry_id IN {gone}",
        f"DELETE FROM posting WHERE entry_id IN {gone}",
        "UPDATE voucher_series SET last = (SELECT max(base) FROM voucher_range WHERE batch_id ="
        f" {LAST_OF_1}) WHERE company_id = (SELECT id FROM company WHERE number = '1')",
        f"DELETE FROM voucher_range WHERE batch_id = {LAST_OF_1}",
        f"DELETE FROM entry WHERE batch_id = {LAST_OF_1}",
        "UPDATE account SET balance = coalesce((SELECT sum(amount) FROM posting WHERE account_id = account.id), 0)",
    )
    last = conn.execute(select(batch).where(batch.c.id == conn.scalar(text(f"SELECT {LAST_OF_1}")))).one()
    file_id = conn.scalar(text(f"SELECT file_id FROM reading WHERE id = {last.reading_id}"))
    run(
        conn,
        f"DELETE FROM batch WHERE id = {last.id}",
        f"DELETE FROM reading WHERE id = {last.reading_id}",
        f"DELETE FROM event WHERE file_id = {file_id}",
        f"DELETE FROM file WHERE id = {file_id}",
    )
    head = update(company).where(company.c.id == last.company_id)
    conn.execute(head.values(chain_seq=last.seq - 1, chain_hash=last.previous_hash))


def test_problems_beyond_the_limit_are_counted(conn: Connection) -> None:
    many = PROBLEMS_MAX + 5
    for index in range(many):
        run(conn, f"INSERT INTO posting VALUES ({900_000 + index}, 0, 1, 0, '2026-01-01')")
    report = verify(conn)
    assert len(report.problems) == PROBLEMS_MAX + 1
    assert report.problems[-1] == "and 5 more problems"
