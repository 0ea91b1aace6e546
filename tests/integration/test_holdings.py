from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.imports.holdings import COLUMNS, import_holdings
from hub.imports.portfolio import import_portfolio
from hub.imports.table import ImportReport, TableError
from hub.settings import CompanyConfig
from hub.store import views
from hub.store.database import Database
from hub.store.tables import account, company, entry, event
from hub.store.verify import verify
from tests.integration.cli_runner import hub

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ALL = [column.name for column in COLUMNS]
DEPOSIT = {
    "tenancy": "1-12-304-2",
    "holding": "deposit",
    "amount": "22500,00",
    "date": "2026-06-01",
    "reference": "D-1",
    "text": "Depositum ved overtagelse",
}
CONFIGURED = {
    "1": CompanyConfig(number="1", holdings=("antenna",)),
    "2": CompanyConfig(number="2", language="sv"),
    "3": CompanyConfig(number="3", closed=True),
    "4": CompanyConfig(number="4", books_closed_through=date(2026, 5, 31)),
}
PORTFOLIO = "company;company_name;property;property_name;unit;tenant;name\n" + "".join(
    f"{number};C;12;P;{unit};2;Bodil Ærø\n" for number in (1, 2, 3, 4) for unit in ("304", "305")
)
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Database:
    path = tmp_path / "portfolio.csv"
    path.write_text(PORTFOLIO, encoding="utf-8")
    import_portfolio(database, path, now=NOW, actor="ib", currency_of=lambda number: "DKK")
    return database


def write(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ALL, delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path


def load(ledger: Database, folder: Path, *rows: dict[str, str], **options: Any) -> ImportReport:
    report = import_holdings(
        ledger,
        write(folder / "holdings.csv", *rows),
        now=NOW,
        actor="ib",
        company_of=lambda number: CONFIGURED.get(number) or CompanyConfig(number=number),
        **options,
    )
    with ledger.read() as connection:
        assert verify(connection).problems == []
    return report


def balances(ledger: Database, of_company: str = "1") -> dict[str, int]:
    """Øre by account, where there are any."""
    query = select(account.c.code, account.c.balance).join_from(account, company)
    with ledger.read() as connection:
        rows = connection.execute(query.where(company.c.number == of_company, account.c.balance != 0))
        return {row.code: row.balance for row in rows}


def booked(ledger: Database) -> int:
    with ledger.read() as connection:
        return connection.scalar(select(func.count()).select_from(entry)) or 0


class TestBooking:
    def test_without_a_text_it_is_called_as_the_company_calls_it(self, ledger: Database, tmp_path: Path) -> None:
        rows = ({**DEPOSIT, "text": "", "holding": one, "reference": one} for one in ("prepaid_rent", "antenna"))
        load(ledger, tmp_path, *rows)
        load(ledger, tmp_path, {**DEPOSIT, "tenancy": "2-12-304-2", "text": ""})
        with ledger.read() as connection:
            made = list(connection.scalars(select(entry.c.text).order_by(entry.c.id)))
        assert made == ["Forudbetalt leje", "antenna", "Deposition"]

    def test_what_we_hold_is_the_tenants_and_lowers_no_balance(self, ledger: Database, tmp_path: Path) -> None:
        """R19"""
        report = load(
            ledger,
            tmp_path,
            DEPOSIT,
            {**DEPOSIT, "holding": "prepaid_rent", "amount": "7500", "reference": "F-1"},
            {**DEPOSIT, "holding": "heat", "amount": "1.200,50", "reference": "V-1"},
            {**DEPOSIT, "holding": "antenna", "amount": "0.01", "reference": "A-1"},
        )
        assert (report.rows, report.added, report.unchanged, report.bad) == (4, 4, 0, [])
        assert balances(ledger) == {
            "holding:deposit:1-12-304-2": -2_250_000,
            "holding:prepaid_rent:1-12-304-2": -750_000,
            "holding:heat:1-12-304-2": -120_050,
            "holding:antenna:1-12-304-2": -1,
            "opening": 3_120_051,
        }
        with ledger.read() as connection:
            assert views.balance(connection, "1-12-304-2", date(2026, 6, 15)).balance == 0
            made = connection.execute(select(entry).order_by(entry.c.id).limit(1)).one()
        assert (made.kind, made.value_date, made.posting_date) == ("opening", date(2026, 6, 1), date(2026, 6, 1))
        assert (made.key, made.text) == ("holding|1-12-304-2|D-1", "Depositum ved overtagelse")

    def test_a_holding_is_an_account_of_the_tenancy_with_the_next_number(
        self, ledger: Database, tmp_path: Path
    ) -> None:
        load(ledger, tmp_path, DEPOSIT, {**DEPOSIT, "reference": "D-2"})
        with ledger.read() as connection:
            numbers = select(account.c.code, account.c.number).join_from(account, company)
            rows = connection.execute(numbers.where(company.c.number == "1")).all()
        assert {row.code: row.number for row in rows} == {
            "receivable:1-12-304-2": 99_000_000,
            "receivable:1-12-305-2": 99_000_001,
            "holding:deposit:1-12-304-2": 99_000_002,
            "opening": None,
        }
        assert balances(ledger)["holding:deposit:1-12-304-2"] == -4_500_000

    def test_in_a_closed_period_it_is_posted_on_the_first_open_day(self, ledger: Database, tmp_path: Path) -> None:
        """R22: the effective date stays."""
        load(ledger, tmp_path, {**DEPOSIT, "tenancy": "4-12-304-2", "date": "01-04-2026"})
        with ledger.read() as connection:
            made = connection.execute(select(entry.c.value_date, entry.c.posting_date)).one()
        assert made == (date(2026, 4, 1), date(2026, 6, 1))

    def test_many_of_several_companies(self, ledger: Database, tmp_path: Path) -> None:
        rows = [
            {**DEPOSIT, "tenancy": f"{number % 2 + 1}-12-304-2", "amount": "1", "reference": str(number)}
            for number in range(200)
        ]
        assert load(ledger, tmp_path, *rows).added == 200
        assert balances(ledger)["opening"] == balances(ledger, "2")["opening"] == 10_000


class TestAgain:
    """R20"""

    def test_changes_nothing(self, ledger: Database, tmp_path: Path) -> None:
        load(ledger, tmp_path, DEPOSIT)
        same = {**DEPOSIT, "tenancy": "01-012-0304-02", "amount": "22.500,00", "date": "01-06-2026"}
        report = load(ledger, tmp_path, same)
        assert (report.added, report.unchanged, report.bad) == (0, 1, [])
        assert booked(ledger) == 1
        with ledger.read() as connection:
            noted = connection.execute(select(event).where(event.c.what == "holdings imported")).all()
        assert [(row.actor, row.detail) for row in noted] == [("ib", {"file": "holdings.csv", "added": 1, "bad": 0})]

    def test_at_the_same_time_books_it_once(self, ledger: Database, tmp_path: Path) -> None:
        rows = [{**DEPOSIT, "tenancy": f"1-12-{unit}-2", "reference": str(n)} for n in range(5) for unit in (304, 305)]
        folders = [tmp_path / name for name in ("a", "b", "c")]
        for folder in folders:
            folder.mkdir()
        with ThreadPoolExecutor(len(folders)) as pool:
            reports = list(pool.map(lambda folder: load(ledger, folder, *rows), folders))
        assert sorted((report.added, report.unchanged) for report in reports) == [(0, 10), (0, 10), (10, 0)]

    @pytest.mark.parametrize(
        "change", [{"amount": "22500,01"}, {"date": "2026-06-02"}, {"holding": "withheld"}, {"text": "Depositum"}]
    )
    @sqlite_only
    def test_other_content_under_the_same_key_is_an_error(
        self, ledger: Database, tmp_path: Path, change: dict[str, str]
    ) -> None:
        load(ledger, tmp_path, DEPOSIT)
        report = load(ledger, tmp_path, {**DEPOSIT, **change}, {**DEPOSIT, "reference": "D-2"})
        assert (report.added, [row.line for row in report.bad]) == (1, [2])
        assert "imported before with other content (22500.00 on 2026-06-01)" in report.bad[0].error
        assert balances(ledger) == {"holding:deposit:1-12-304-2": -4_500_000, "opening": 4_500_000}


@sqlite_only
class TestBadRows:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"tenancy": "1-12-304-9"}, "tenancy: '1-12-304-9' is not in the portfolio"),
            ({"tenancy": ""}, "tenancy: is missing"),
            ({"tenancy": "3-12-304-2"}, "tenancy: company 3 is closed (R6)"),
            ({"holding": "Depositum 1"}, "holding: 'Depositum 1' is no name of a holding: deposit, prepaid_rent, heat"),
            ({"holding": "balance"}, "holding: 'balance' is what the tenant owes: import that with hub charges import"),
            ({"holding": ""}, "holding: is missing"),
            ({"amount": "-22500"}, "amount: '-22500' is not above zero"),
            ({"amount": "0"}, "amount: '0' is not above zero"),
            ({"amount": "1,005"}, "amount: '1,005' is no amount"),
            ({"date": "i går"}, "date: 'i går' is no date"),
            ({"date": ""}, "date: is missing"),
            ({"reference": ""}, "reference: is missing"),
            ({"reference": "r" * 101}, "longer than 100 characters"),
            ({"text": "to\nlinjer"}, "text: 'to\\nlinjer' holds a line break"),
        ],
    )
    def test_come_back_with_the_reason_and_the_rest_is_booked(
        self, ledger: Database, tmp_path: Path, change: dict[str, str], said: str
    ) -> None:
        errors = tmp_path / "errors.csv"
        bad = {**DEPOSIT, **change}
        report = load(ledger, tmp_path, bad, {**DEPOSIT, "reference": "good"}, errors_to=errors)
        assert (report.rows, report.added, [row.line for row in report.bad]) == (2, 1, [2])
        assert said in report.bad[0].error
        with errors.open(encoding="utf-8", newline="") as stream:
            (given_back,) = csv.DictReader(stream, delimiter=";")
        assert {name: given_back[name] for name in bad} == bad
        assert said in given_back["error"]

    def test_a_repeated_reference_books_neither(self, ledger: Database, tmp_path: Path) -> None:
        report = load(ledger, tmp_path, DEPOSIT, {**DEPOSIT, "tenancy": "001-12-304-2", "holding": "heat"})
        assert (report.added, [row.line for row in report.bad]) == (0, [2, 3])
        assert "reference: 'D-1' of tenancy 1-12-304-2 is on lines 2, 3" in report.bad[0].error
        assert booked(ledger) == 0

    def test_a_file_without_references_is_refused(self, ledger: Database, tmp_path: Path) -> None:
        path = tmp_path / "holdings.csv"
        path.write_text("tenancy,holding,amount,date\n")
        with pytest.raises(TableError, match="header row lacks reference"):
            import_holdings(ledger, path, now=NOW, actor="ib", company_of=lambda number: CompanyConfig(number=number))


def test_the_command_tells_what_it_did(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert hub("init", site).status == 0
    (tmp_path / "p.csv").write_text(PORTFOLIO, encoding="utf-8")
    hub("portfolio", "import", tmp_path / "p.csv", site=site)
    path = write(tmp_path / "h.csv", DEPOSIT, {**DEPOSIT, "amount": "-1", "reference": "D-2"})
    answer = hub("holdings", "import", path, "--actor", "ib", "--json", site=site)
    assert answer.status == 2
    assert (answer.json["added"], answer.json["refused"]) == (1, 1)
    assert answer.json["refused_file"] == "lists/holdings-h.refused.csv"
    assert "not above zero" in (site / "lists" / "holdings-h.refused.csv").read_text(encoding="utf-8")


def test_a_misspelled_holding_and_another_currency_are_bad_rows(ledger: Database, tmp_path: Path) -> None:
    report = load(
        ledger, tmp_path, {**DEPOSIT, "holding": "depositt"}, {**DEPOSIT, "reference": "X", "currency": "SEK"}
    )
    told = [bad.error for bad in report.bad]
    assert report.added == 0
    assert "'depositt' is none of company 1" in told[0]
    assert "'SEK', but company 1 has DKK" in told[1]
