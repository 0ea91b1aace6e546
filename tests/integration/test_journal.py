"""Posting journals: every entry goes to the general ledger once, with a control total, and the file is kept."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections import defaultdict
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from hub.reports.journal import journal
from hub.reports.journal.journal import (
    Exported,
    JournalTooLongError,
    NoSuchBatchError,
    NoSuchExportError,
    Selection,
    UnbalancedJournalError,
    UnmappedAccountsError,
    content_of,
    export_journal,
    list_exports,
)
from hub.settings.journal import JournalConfig
from hub.store.database import Database, connect
from hub.store.portfolio import NoSuchCompanyError
from hub.store.tables import batch, company, entry, exported, journal_export, posting, voucher_range
from tests.banking import ACCOUNT, UNIT
from tests.desk import NOW, Desk, failed, paid
from tests.every_kind import book_every_kind
from tests.integration.cli_runner import hub
from tests.tiny_site import write_site

ACCOUNTS = {
    "receivable": "5600",
    "holding": "6900",
    "holding:deposit": "6910",
    "clearing": "5820",
    "suspense": "6990",
    "income": "1000",
    "income:10010": "1010",
    "bank": "5800",
    "vat": "6902",
    "opening": "9000",
    "differences": "4990",
    "named": "4900",
    "named:bank_fees": "4910",
    "bank:DK5000400440116243": "5810",
}


ALL = Selection()
ENTRIES = entry.join(batch, batch.c.id == entry.c.batch_id).join(company, company.c.id == batch.c.company_id)
OF_1 = company.c.number == "1"


def config(**changes: Any) -> JournalConfig:
    return JournalConfig.model_validate({"format": "csv", "accounts": ACCOUNTS} | changes)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


@pytest.fixture
def full(desk: Desk) -> Desk:
    book_every_kind(desk)
    return desk


def export(desk: Desk, selection: Selection = ALL, number: str = "1", **changes: Any) -> Exported | None:
    with desk.db.write() as conn:
        return export_journal(conn, number, config(**changes), selection, now=NOW, actor="Åse")


def rows_of(desk: Desk, done: Exported | None) -> list[dict[str, str]]:
    assert done is not None
    with desk.db.read() as conn:
        content = content_of(conn, done.export.id)
    assert sha256(content).hexdigest() == done.export.sha256
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=";"))


def effect(row: dict[str, str]) -> Decimal:
    return Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)


class TestOnce:
    def test_every_entry_that_moves_money_goes_out_once_and_the_totals_are_the_files(self, full: Desk) -> None:
        done = export(full)
        rows = rows_of(full, done)
        assert done is not None
        moves = entry.c.id.in_(select(posting.c.entry_id).where(posting.c.amount != 0))
        keys = {key for (key,) in full.all(select(entry.c.key).select_from(ENTRIES).where(OF_1, moves))}
        assert {row["key"] for row in rows} == keys
        assert (done.export.entries, done.lines) == (len(keys), len(rows))
        assert done.export.debit == done.export.credit
        assert sum(Decimal(row["debit"] or 0) for row in rows) * 100 == done.export.debit
        for total in done.totals:
            its = [row for row in rows if row["account"] == total.account]
            assert sum(effect(row) for row in its) * 100 == total.debit - total.credit
        assert export(full) is None
        assert full.one(select(func.count()).select_from(journal_export)) == 1

    def test_what_is_booked_later_goes_out_later_and_alone(self, full: Desk) -> None:
        export(full)
        full.book(paid("101", 12_00, line=3, trace="later"))
        rows = rows_of(full, export(full))
        assert [(row["account"], effect(row)) for row in rows] == [("5600", Decimal(-12)), ("5820", Decimal(12))]

    def test_a_company_knows_nothing_of_anothers_exports(self, full: Desk) -> None:
        export(full)
        assert [row["account"] for row in rows_of(full, export(full, number="2"))] == ["5600", "9000"]

    def test_a_failed_payment_moves_nothing_and_is_never_exported(self, desk: Desk) -> None:
        desk.book(failed("102", 99_00))
        assert export(desk) is None
        assert desk.all(select(exported)) == []

    def test_two_exports_at_once_never_take_the_same_entry(self, full: Desk, database_url: str) -> None:
        start, done = threading.Barrier(4), []

        def one() -> None:
            database = connect(database_url)
            start.wait()
            with database.write() as conn:
                done.append(export_journal(conn, "1", config(), Selection(), now=NOW, actor="x"))
            database.close()

        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 4
        assert len([one for one in done if one is not None]) == 1
        assert full.one(select(func.count()).select_from(journal_export)) == 1


class TestSelection:
    def test_a_period_is_of_posting_dates_with_both_days(self, full: Desk) -> None:
        rows = rows_of(full, export(full, Selection(date(2026, 11, 2), date(2026, 11, 20))))
        assert {row["posting_date"] for row in rows} == {
            *("2026-11-02", "2026-11-03", "2026-11-04", "2026-11-09", "2026-11-20")
        }
        before = rows_of(full, export(full, Selection(last_day=date(2026, 11, 2))))
        assert {row["posting_date"] for row in before} == {"2026-11-01"}
        after = rows_of(full, export(full, Selection(first_day=date(2026, 11, 2))))
        assert {row["posting_date"] for row in after} == {"2026-11-22", "2026-12-01", "2027-01-04"}
        assert export(full) is None

    def test_fees_and_the_banks_own_accounts_have_the_longest_key_that_fits(self, full: Desk) -> None:
        rows = rows_of(full, export(full))
        accounts = {row["code"]: row["account"] for row in rows}
        assert (accounts["named:bank_fees"], accounts["named:vendor_fees"]) == ("4910", "4900")
        assert (accounts["bank"], accounts[f"bank:{ACCOUNT}"]) == ("5800", "5810")
        assert accounts[f"clearing:mobilepay:{UNIT}:payout"] == "5820"
        assert {row["document_type"] for row in rows if row["kind"] in ("fee", "settlement")} == {"100"}

    def test_one_batch(self, full: Desk) -> None:
        rows = rows_of(full, export(full, Selection(batch_seq=3)))
        assert {row["batch"] for row in rows} == {"3"}
        assert {row["kind"] for row in rows} == {"payment", "payout"}
        assert export(full, Selection(batch_seq=3)) is None

    def test_a_batch_that_never_was_is_named_with_the_last_one(self, full: Desk) -> None:
        with pytest.raises(NoSuchBatchError, match=r"company 1 has no batch 999\. its last one is \d+"):
            export(full, Selection(batch_seq=999))


class TestLines:
    def test_lines_carry_voucher_document_type_dates_and_the_mapped_account(self, full: Desk) -> None:
        rows = rows_of(full, export(full))
        out = [row for row in rows if row["key"] == "hand|out#1"]
        assert [(row["account"], row["code"], effect(row)) for row in out] == [
            ("5600", "receivable:1-2-1-1", Decimal(1250)),
            ("1010", "income:10010", Decimal(-1000)),
            ("6902", "vat", Decimal(-250)),
        ]
        assert {(row["document_type"], row["kind"], row["text"]) for row in out} == {
            ("003", "charge", '1-2-1-1 OUT Istandsættelse "køkken" \\ bad')
        }
        deposit = [row["account"] for row in rows if row["key"] == "hand|deposit#1"]
        assert deposit == ["5800", "6910"]

    def test_a_text_leads_back_to_the_tenancy_and_the_reference(self, full: Desk) -> None:
        rows = rows_of(full, export(full))
        told = {(row["key"], row["text"]) for row in rows}
        assert {text for key, text in told if key.startswith("charge|1-1-1-1|")} == {"1-1-1-1 NOV Husleje"}
        # On every line of an entry; of a holding too; nobody's has no tenancy.
        assert len(told) == len({row["key"] for row in rows})
        assert {text for key, text in told if key == "hand|deposit#1"} == {"1-2-1-1 ved håndkraft"}
        (nobodys,) = {row["key"] for row in rows if row["code"].startswith("suspense") and row["credit"] == "33.33"}
        assert {text for key, text in told if key == nobodys} == {"BS"}

    def test_a_reversal_is_a_document_of_the_type_of_what_it_takes_back(self, full: Desk) -> None:
        rows = rows_of(full, export(full))
        types = {row["key"]: row["document_type"] for row in rows}
        assert types["hand|back#1"] == types["hand|wrong#1"] == "000"

    def test_vouchers_are_one_series_a_year_and_every_voucher_sums_to_zero(self, full: Desk) -> None:
        rows = rows_of(full, export(full))
        sums: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        for row in rows:
            sums[row["posting_date"][:4], int(row["voucher"])] += effect(row)
        assert set(sums.values()) == {Decimal(0)}
        # The failed payment has a voucher and no line.
        ordinal = voucher_range.c.base + entry.c.voucher
        its = select(ordinal).select_from(ENTRIES.join(voucher_range, voucher_range.c.batch_id == batch.c.id))
        silent = full.one(its.where(entry.c.kind == "payment_failed", voucher_range.c.year == 2026))
        numbers = {voucher for year, voucher in sums if year == "2026"} | {silent}
        assert numbers == set(range(1, len(numbers) + 1))

    def test_a_summary_has_the_same_totals_in_fewer_lines(self, full: Desk) -> None:
        done = export(full, detail="summary")
        rows = rows_of(full, done)
        assert done is not None
        documents: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for row in rows:
            documents[row["batch"], row["posting_date"], row["document_type"], row["voucher"]] += effect(row)
        assert set(documents.values()) == {Decimal(0)}
        lines = [(row["batch"], row["posting_date"], row["document_type"], row["account"]) for row in rows]
        assert len(set(lines)) == len(lines) == done.lines < full.one(select(func.count()).select_from(posting))
        assert done.export.entries == full.one(select(func.count()).select_from(exported))
        payments = [row for row in rows if row["batch"] == "3" and row["posting_date"] == "2026-11-02"]
        assert [(row["account"], effect(row)) for row in payments if row["document_type"] == "000"] == [
            ("5600", Decimal("-5000.00")),
            ("5820", Decimal("5033.33")),
            ("6990", Decimal("-33.33")),
        ]
        assert payments[0]["text"] == "Selskab 1, 02.11.2026, batch 3, type 000, bilag 3-4"
        days, batches = {row["posting_date"] for row in rows}, {int(row["batch"]) for row in rows}
        assert [day.isoformat() for day in done.days] == [min(days), max(days)]
        assert done.batches == (min(batches), max(batches))

    def test_a_summary_speaks_the_companys_language(self, full: Desk) -> None:
        with full.db.write() as conn:
            done = export_journal(
                conn, "1", config(detail="summary"), Selection(batch_seq=3), now=NOW, actor="Åse", language="sv"
            )
        assert rows_of(full, done)[0]["text"].startswith("Bolag 1, 2026-11-02, batch 3, typ 000, verifikat ")


class TestRefused:
    def test_every_account_that_lacks_a_mapping_is_named_and_nothing_is_written(self, full: Desk) -> None:
        with pytest.raises(UnmappedAccountsError) as error:
            export(full, accounts={"income": "1000", "vat": "6902", "bank": "5800"})
        for missing in (
            "clearing:nets_bs:02345678:00001",
            "differences",
            "holding:deposit:1-2-1-1",
            "named:bank_fees",
            "named:vendor_fees",
            "opening",
            "receivable:* (3 accounts)",
            "suspense",
        ):
            assert missing in str(error.value)
        assert "income" not in str(error.value)
        assert full.all(select(journal_export.c.id)) == full.all(select(exported.c.entry_id)) == []
        assert export(full) is not None

    def test_a_journal_of_too_many_lines_says_what_to_do(self, full: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journal, "LINES_MAX", 5)
        with pytest.raises(JournalTooLongError, match='detail = "summary"'):
            export(full)
        assert full.all(select(journal_export.c.id)) == []

    def test_books_that_are_not_in_order_are_not_exported(self, full: Desk) -> None:
        with full.db.write() as conn:
            conn.execute(update(posting).where(posting.c.amount == 5_000_00).values(amount=5_000_01))
        with pytest.raises(UnbalancedJournalError, match="run: hub verify"):
            export(full)
        assert full.all(select(journal_export.c.id)) == []

    def test_what_is_not_there_is_named(self, desk: Desk) -> None:
        with pytest.raises(NoSuchCompanyError, match="there is no company 7"):
            export(desk, number="7")
        with desk.db.read() as conn, pytest.raises(NoSuchExportError, match="there is no journal 9"):
            content_of(conn, 9)


def test_exports_are_listed_with_what_was_asked(full: Desk) -> None:
    export(full, Selection(date(2026, 11, 2), date(2026, 11, 2)), format="csv")
    export(full, Selection(batch_seq=1))
    export(full, number="2")
    with full.db.read() as conn:
        listed = list_exports(conn)
        assert list_exports(conn, "2") == listed[2:]
    assert [one.name for one in listed] == [f"journal-{one.company}-{one.id:06}.csv" for one in listed]
    assert [one.selection for one in listed] == [
        Selection(date(2026, 11, 2), date(2026, 11, 2)),
        Selection(batch_seq=1),
        Selection(),
    ]
    assert {(one.actor, one.at, one.currency, one.format) for one in listed} == {("Åse", NOW, "DKK", "csv")}


class TestCommands:
    """As a person types them, on a site with its configuration."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> Path:
        root = tmp_path / "site"
        write_site(root)
        accounts = "".join(f'"{pattern}" = {number}\n' for pattern, number in ACCOUNTS.items())
        (root / "config/companies/1.toml").write_text(
            f'number = "1"\n[journal]\nformat = "e-conomic"\n[journal.accounts]\n{accounts}', encoding="utf-8"
        )
        charges = "tenancy,reference,due_date,amount,charge_type,text\n1-1-1-1,R1,2026-07-01,6412.50,10010,Husleje\n"
        (root / "charges.csv").write_text(charges, encoding="utf-8")
        assert hub("charges", "import", root / "charges.csv", site=root).status == 0
        return root

    def test_export_list_and_show(self, site: Path, tmp_path: Path) -> None:
        told = hub("journal", "export", "--company", "1", "--actor", "Åse", "--json", site=site).json["export"]
        written = Path(told["path"])
        assert written == site / "journals" / "journal-1-000001.csv"
        assert written.read_bytes().decode("cp1252") == (
            "Bilagsnr.;Dato;Konto;Tekst;Beløb\r\n1;01-07-2026;5600;1-1-1-1 R1 Husleje;6412,50\r\n"
            "1;01-07-2026;9000;1-1-1-1 R1 Husleje;-6412,50\r\n"
        )
        assert told["sha256"] == sha256(written.read_bytes()).hexdigest()
        assert (told["entries"], told["lines"], told["debit"], told["credit"]) == (1, 2, "6412.50", "6412.50")
        assert told["accounts"] == [
            {"account": "5600", "debit": "6412.50", "credit": "0.00"},
            {"account": "9000", "debit": "0.00", "credit": "6412.50"},
        ]
        again = hub("journal", "export", "--company", "1", site=site)
        assert (again.status, again.out) == (0, "company 1: there is nothing to export\n")
        assert hub("journal", "export", "--company", "1", "--json", site=site).json == {
            "export": None,
            "repeated": False,
        }
        listed = hub("journal", "list", "--json", site=site).json["journals"]
        assert [(one["journal"], one["actor"], one["sha256"]) for one in listed] == [(1, "Åse", told["sha256"])]
        assert "journal-1-000001.csv" in hub("journal", "list", site=site).out
        copy = tmp_path / "copy.csv"
        assert told["sha256"] in hub("journal", "show", "1", "--out", copy, site=site).out
        assert copy.read_bytes() == written.read_bytes()

    def test_a_file_that_cannot_be_written_is_exported_and_had_again(self, site: Path, tmp_path: Path) -> None:
        out = tmp_path / ("n" * 254)
        failed_ = hub("journal", "export", "--company", "1", "--out", out, "--key", "K", site=site)
        assert failed_.status == 1
        assert "journal 1 is exported and kept. run: hub journal show 1 --out FILE" in failed_.err
        assert hub("journal", "show", "1", "--out", tmp_path / "1.csv", site=site).status == 0
        assert (tmp_path / "1.csv").read_bytes().count(b"6412,50") == 2

    def test_without_a_place_for_the_file_nothing_is_exported(self, site: Path, tmp_path: Path) -> None:
        (site / "journals").write_text("in the way")
        (tmp_path / "mine.csv").write_text("mine")
        for out in ((), ("--out", tmp_path / "mine.csv"), ("--out", tmp_path / "none" / "x.csv")):
            failed_ = hub("journal", "export", "--company", "1", *out, site=site)
            assert (failed_.status, "nothing was exported" in failed_.err) == (1, True)
        assert hub("journal", "export", "--company", "1", "--json", site=site).json["code"] == "NotWrittenError"
        (site / "journals").unlink()
        (site / "journals").mkdir()
        (site / "journals/journal-1-000001.csv").write_text("of books that were restored since")
        assert "there already" in hub("journal", "export", "--company", "1", site=site).err
        assert hub("journal", "list", "--json", site=site).json == {"journals": []}
        assert (tmp_path / "mine.csv").read_text() == "mine"

    def test_asked_again_under_its_key_the_file_is_there(self, site: Path, tmp_path: Path) -> None:
        def export(out: Path) -> Any:
            return hub("journal", "export", "--company", "1", "--key", "K", "--out", out, "--json", site=site)

        out = tmp_path / "november.csv"
        first = export(out).json
        written = out.read_bytes()
        again = export(out).json
        assert (first["repeated"], again["repeated"], again["export"]) == (False, True, first["export"])
        # Killed between the commit and the file.
        out.unlink()
        assert (export(out).json["repeated"], out.read_bytes()) == (True, written)
        out.write_text("mine")
        refused = hub("journal", "export", "--company", "1", "--key", "K", "--out", out, site=site)
        assert "another file is there already. journal 1 is exported and kept" in refused.err
        assert (refused.status, out.read_text()) == (1, "mine")
        told = hub("journal", "export", "--company", "1", "--key", "K", "--out", tmp_path / "b.csv", site=site)
        assert "done before under this key" in told.out
        assert (tmp_path / "b.csv").read_bytes() == written

    def test_asked_again_where_nothing_was_to_export_it_tells_of_then(self, site: Path) -> None:
        asked = ("journal", "export", "--company", "1", "--to", "2026-06-30", "--key", "K")
        assert hub(*asked, "--json", site=site).json == {"export": None, "repeated": False}
        assert hub("pay", "1-1-1-1", "5", "--date", "2026-06-01", site=site).status == 0
        assert hub(*asked, "--json", site=site).json == {"export": None, "repeated": True}
        assert hub(*asked, site=site).out == (
            "done before under this key; nothing was done now\ncompany 1: there was nothing to export\n"
        )

    def test_of_two_that_write_one_file_at_once_neither_replaces_the_others(
        self, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out, again = tmp_path / "same.csv", tmp_path / "again.csv"

        def meanwhile(*given: Any) -> bytes:
            """The other is done between our look for the file and its writing."""
            out.write_text("the other's")
            return content_of(*given)

        monkeypatch.setattr(journal, "content_of", meanwhile)
        answer = hub("journal", "export", "--company", "1", "--out", out, site=site)
        assert (answer.status, answer.out, out.read_text()) == (1, "", "the other's")
        assert "another file is there already. journal 1 is exported and kept" in " ".join(answer.err.split())
        assert "run: hub journal show 1 --out FILE" in " ".join(answer.err.split())
        monkeypatch.undo()
        assert hub("journal", "show", "1", "--out", again, site=site).status == 0
        assert again.read_bytes().count(b"6412,50") == 2
        assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["again.csv", "same.csv"]

    def test_a_file_that_is_there_is_kept(self, site: Path, tmp_path: Path) -> None:
        assert hub("journal", "export", "--company", "1", site=site).status == 0
        out = tmp_path / "precious.txt"
        for command in (("journal", "show", "1"), ("ledger", "export", "--format", "json")):
            out.write_text("precious")
            refused = hub(*command, "--out", out, site=site)
            assert "the file is there already. name another with --out, or say --force" in refused.err
            assert (refused.status, out.read_text()) == (1, "precious")
            nowhere = hub(*command, "--out", tmp_path / "none" / "x", site=site)
            assert (nowhere.status, "there is no such folder" in nowhere.err) == (1, True)
            assert not (tmp_path / "none").exists()
            assert hub(*command, "--out", out, "--force", site=site).status == 0
            assert out.read_bytes() != b"precious"

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--company", "2"), "there is no company 2"),
            (("--company", ""), "there is no company ''"),
            (("--company", "1-2"), "there is no company 1-2"),
            (("--company", "1", "--from", "1.7.2026"), "'1.7.2026' is no day"),
            (("--company", "1", "--from", "2026-07-02", "--to", "2026-07-01"), "2026-07-01 is before 2026-07-02"),
            (("--company", "1", "--from", "2026-07-02", "--batch", "1"), "give --batch, or --from and --to"),
        ],
    )
    def test_wrong_use_is_told(self, site: Path, arguments: tuple[str, ...], told: str) -> None:
        answer = hub("journal", "export", *arguments, site=site)
        assert answer.status == 1
        assert told in answer.err
        assert hub("journal", "list", "--json", site=site).json == {"journals": []}

    def test_a_company_without_a_mapping_is_told_where_it_is_written(self, site: Path) -> None:
        (site / "config/companies/1.toml").unlink()
        for written in ("1", "01"):
            answer = hub("journal", "export", "--company", written, site=site)
            assert (answer.status, "company 1 has no [journal]" in answer.err) == (1, True)

    def test_the_ledger_goes_to_standard_output_or_to_a_file(self, site: Path, tmp_path: Path) -> None:
        printed = hub("ledger", "export", "--format", "beancount", site=site)
        assert hub("ledger", "export", "--format", "beancount", "--out", tmp_path / "x", site=site).status == 0
        assert (tmp_path / "x").read_text(encoding="utf-8") == printed.out
        assert "Assets:1:Receivable:1-1-1-1 6412.50 DKK" in printed.out
        lines = hub("ledger", "export", "--format", "json", "--company", "1", site=site).out.strip().split("\n")
        assert json.loads(lines[-1])["lines"]["entry"] == 1
        assert hub("ledger", "export", "--format", "json", "--company", "9", site=site).status == 1

    def test_a_companys_number_may_have_leading_zeros(self, site: Path) -> None:
        for format_ in ("json", "beancount"):
            export = ("ledger", "export", "--format", format_, "--company")
            asked = hub(*export, "01", site=site)
            assert (asked.status, asked.out.count("\n")) == (0, hub(*export, "1", site=site).out.count("\n"))
        assert hub("journal", "export", "--company", "01", site=site).status == 0
        (listed,) = hub("journal", "list", "--company", "01", "--json", site=site).json["journals"]
        assert (listed["journal"], listed["company"]) == (1, "1")
