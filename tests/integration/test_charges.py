from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.imports.charges import COLUMNS, import_charges
from hub.imports.portfolio import import_portfolio
from hub.imports.table import ImportReport, TableError
from hub.settings import CompanyConfig
from hub.store import views
from hub.store.database import Database
from hub.store.tables import charge_line, entry, event
from hub.store.verify import verify

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ALL = [column.name for column in COLUMNS]
RENT = {
    "tenancy": "1-12-304-2",
    "due_date": "2026-06-01",
    "charge_type": "10",
    "amount": "7500,00",
    "text": "Husleje juni",
    "reference": "R-06",
}
CONFIGURED = {
    "2": CompanyConfig(number="2", charge_types={"10": "Husleje", "75020": "Varme"}),
    "3": CompanyConfig(number="3", closed=True),
    "4": CompanyConfig(number="4", books_closed_through=date(2026, 5, 31)),
}
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Database:
    path = tmp_path / "portfolio.csv"
    rows = "".join(f"{company};C;12;P;{unit};2;Bodil Ærø\n" for company in (1, 2, 3, 4) for unit in ("304", "305"))
    path.write_text(f"company;company_name;property;property_name;unit;tenant;name\n{rows}", encoding="utf-8")
    report = import_portfolio(database, path, now=NOW, actor="ib", currency_of=lambda number: "DKK")
    assert report.added == 8
    return database


def load(ledger: Database, folder: Path, *rows: dict[str, str], **options: Any) -> ImportReport:
    path = folder / "charges.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ALL, delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    report = import_charges(
        ledger,
        path,
        now=NOW,
        actor="ib",
        company_of=lambda number: CONFIGURED.get(number) or CompanyConfig(number=number),
        **options,
    )
    with ledger.read() as connection:
        assert verify(connection).problems == []
    return report


def balance(ledger: Database, tenancy: str = "1-12-304-2", as_of: date = date(2026, 6, 15)) -> tuple[int, int, int]:
    """Balance, overdue and coming, in øre."""
    with ledger.read() as connection:
        found = views.balance(connection, tenancy, as_of)
    return found.balance, found.overdue, found.coming


def booked(ledger: Database) -> int:
    with ledger.read() as connection:
        return connection.scalar(select(func.count()).select_from(entry)) or 0


class TestBooking:
    def test_an_open_charge_is_owed_from_its_due_date(self, ledger: Database, tmp_path: Path) -> None:
        report = load(ledger, tmp_path, RENT, {**RENT, "due_date": "01-07-2026", "reference": "R-07"})
        assert (report.rows, report.added, report.unchanged, report.bad) == (2, 2, 0, [])
        assert balance(ledger) == (750_000, 750_000, 750_000)
        assert balance(ledger, as_of=date(2026, 6, 1)) == (750_000, 0, 750_000)
        assert balance(ledger, as_of=date(2026, 7, 1)) == (1_500_000, 750_000, 0)
        with ledger.read() as connection:
            first = views.movements(connection, "1-12-304-2")[0]
        assert (first.kind, first.text, first.amount) == ("charge", "Husleje juni", 750_000)

    def test_the_period_is_kept_on_the_line(self, ledger: Database, tmp_path: Path) -> None:
        load(ledger, tmp_path, {**RENT, "period_from": "2026-06-01", "period_to": "2026-06-30"})
        with ledger.read() as connection:
            line = connection.execute(select(charge_line)).one()
        assert (line.charge_type, line.period_from, line.period_to) == ("10", date(2026, 6, 1), date(2026, 6, 30))

    def test_an_opening_credit_pays_the_oldest_charge_whatever_the_order_of_rows(
        self, ledger: Database, tmp_path: Path
    ) -> None:
        load(
            ledger,
            tmp_path,
            {**RENT, "amount": "-8000.50", "reference": "K-1"},
            {**RENT, "due_date": "2026-06-10", "reference": "later"},
            {**RENT, "due_date": "2026-05-01", "amount": "7500", "reference": "sooner"},
        )
        assert balance(ledger) == (699_950, 699_950, 0)
        with ledger.read() as connection:
            left = connection.scalars(select(charge_line.c.remaining).order_by(charge_line.c.remaining)).all()
            kinds = {movement.kind for movement in views.movements(connection, "1-12-304-2")}
        assert left == [0, 699_950]
        assert kinds == {"charge", "opening"}

    def test_a_credit_without_charges_stays_for_the_next(self, ledger: Database, tmp_path: Path) -> None:
        load(ledger, tmp_path, {**RENT, "amount": "-100", "reference": "K-1"})
        assert balance(ledger) == (-10_000, 0, 0)
        load(ledger, tmp_path, RENT)
        assert balance(ledger) == (740_000, 740_000, 0)

    def test_the_text_of_a_charge_without_one_is_its_types(self, ledger: Database, tmp_path: Path) -> None:
        load(ledger, tmp_path, {**RENT, "tenancy": "2-12-304-2", "text": ""}, {**RENT, "text": ""})
        with ledger.read() as connection:
            assert views.movements(connection, "2-12-304-2")[0].text == "Husleje"
            assert views.movements(connection, "1-12-304-2")[0].text == "10"
            (line,) = views.charge_detail(connection, "#2").lines
            assert (line.charge_type, line.text) == ("10", "Husleje")

    def test_what_falls_in_a_closed_period_is_posted_on_the_first_open_day(
        self, ledger: Database, tmp_path: Path
    ) -> None:
        """R22: the effective date stays."""
        load(ledger, tmp_path, {**RENT, "tenancy": "4-12-304-2", "due_date": "2026-04-01"})
        with ledger.read() as connection:
            movement = views.movements(connection, "4-12-304-2")[0]
        assert (movement.value_date, movement.posting_date) == (date(2026, 4, 1), date(2026, 6, 1))

    def test_many_charges_of_several_companies(self, ledger: Database, tmp_path: Path) -> None:
        rows = [
            {**RENT, "tenancy": f"{number % 2 + 1}-12-304-2", "amount": "1", "reference": str(number)}
            for number in range(5_000)
        ]
        assert load(ledger, tmp_path, *rows).added == 5_000
        assert (balance(ledger)[0], balance(ledger, "2-12-304-2")[0]) == (250_000, 250_000)


class TestAgain:
    """R20"""

    def test_changes_nothing(self, ledger: Database, tmp_path: Path) -> None:
        rows = (RENT, {**RENT, "amount": "-100", "reference": "K-1"})
        load(ledger, tmp_path, *rows)
        report = load(ledger, tmp_path, *rows)
        assert (report.added, report.unchanged, report.bad) == (0, 2, [])
        assert booked(ledger) == 2
        assert balance(ledger)[0] == 740_000

    def test_the_same_written_otherwise_is_the_same(self, ledger: Database, tmp_path: Path) -> None:
        load(ledger, tmp_path, RENT)
        same = {**RENT, "tenancy": "01-012-0304-02", "amount": "7.500,00", "due_date": "01-06-2026"}
        assert load(ledger, tmp_path, same).unchanged == 1

    def test_at_the_same_time_books_it_once(self, ledger: Database, tmp_path: Path) -> None:
        rows = [{**RENT, "tenancy": f"1-12-{unit}-2", "reference": str(n)} for n in range(50) for unit in (304, 305)]
        folders = [tmp_path / name for name in ("a", "b", "c")]
        for folder in folders:
            folder.mkdir()
        with ThreadPoolExecutor(len(folders)) as pool:
            reports = list(pool.map(lambda folder: load(ledger, folder, *rows), folders))
        assert sorted((report.added, report.unchanged) for report in reports) == [(0, 100), (0, 100), (100, 0)]
        assert booked(ledger) == 100

    @pytest.mark.parametrize(
        "change",
        [
            {"amount": "7500,01"},
            {"amount": "-7500"},
            {"due_date": "2026-06-02"},
            {"charge_type": "11"},
            {"text": "Husleje"},
            {"period_from": "2026-06-01"},
        ],
    )
    @sqlite_only
    def test_other_content_under_the_same_key_is_an_error(
        self, ledger: Database, tmp_path: Path, change: dict[str, str]
    ) -> None:
        load(ledger, tmp_path, RENT)
        report = load(ledger, tmp_path, {**RENT, **change}, {**RENT, "reference": "R-99"})
        assert (report.added, [row.line for row in report.bad]) == (1, [2])
        assert "imported before with other content (7500.00 due 2026-06-01)" in report.bad[0].error
        assert balance(ledger)[0] == 1_500_000

    def test_the_same_reference_of_another_tenancy_is_another_charge(self, ledger: Database, tmp_path: Path) -> None:
        assert load(ledger, tmp_path, RENT, {**RENT, "tenancy": "1-12-305-2"}).added == 2

    def test_only_what_booked_something_is_noted(self, ledger: Database, tmp_path: Path) -> None:
        load(ledger, tmp_path, RENT)
        load(ledger, tmp_path, RENT)
        with ledger.read() as connection:
            noted = connection.execute(select(event).where(event.c.what == "charges imported")).all()
        assert [(row.actor, row.detail) for row in noted] == [("ib", {"file": "charges.csv", "added": 1, "bad": 0})]


@sqlite_only
class TestBadRows:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"tenancy": "1-12-304-9"}, "tenancy: '1-12-304-9' is not in the portfolio"),
            ({"tenancy": ""}, "tenancy: is missing"),
            ({"tenancy": "3-12-304-2"}, "tenancy: company 3 is closed"),
            ({"tenancy": "2-12-304-2", "charge_type": "99"}, "charge_type: '99' is not in use in company 2"),
            ({"charge_type": "1" * 21}, "longer than 20 characters"),
            ({"reference": ""}, "reference: is missing"),
            ({"amount": "0,00"}, "amount: is zero"),
            ({"amount": "1.250"}, "amount: '1.250' is no amount"),
            ({"amount": "7500 kr"}, "amount: '7500 kr' is no amount"),
            ({"due_date": "1. juni"}, "due_date: '1. juni' is no date"),
            ({"period_from": "2026-07-01", "period_to": "2026-06-30"}, "period_to: lies before period_from"),
            ({"text": "to\nlinjer"}, "text: 'to\\nlinjer' holds a line break"),
        ],
    )
    def test_come_back_with_the_reason_and_the_rest_is_booked(
        self, ledger: Database, tmp_path: Path, change: dict[str, str], said: str
    ) -> None:
        errors = tmp_path / "errors.csv"
        bad = {**RENT, **change}
        report = load(ledger, tmp_path, bad, {**RENT, "reference": "good"}, errors_to=errors)
        assert (report.rows, report.added, [row.line for row in report.bad]) == (2, 1, [2])
        assert said in report.bad[0].error
        assert booked(ledger) == 1
        with errors.open(encoding="utf-8", newline="") as stream:
            (given_back,) = csv.DictReader(stream, delimiter=";")
        assert {name: given_back[name] for name in bad} == bad
        assert said in given_back["error"]

    def test_a_repeated_reference_books_neither(self, ledger: Database, tmp_path: Path) -> None:
        report = load(ledger, tmp_path, RENT, {**RENT, "tenancy": "001-12-304-2", "amount": "1"}, RENT)
        assert (report.added, [row.line for row in report.bad]) == (0, [2, 3, 4])
        assert "is on lines 2, 3, 4" in report.bad[0].error
        assert booked(ledger) == 0

    def test_a_file_without_references_is_refused(self, ledger: Database, tmp_path: Path) -> None:
        path = tmp_path / "charges.csv"
        path.write_text("tenancy,due_date,charge_type,amount,text\n")
        with pytest.raises(TableError, match="header row lacks reference"):
            import_charges(ledger, path, now=NOW, actor="ib", company_of=lambda number: CompanyConfig(number=number))
