"""Recurring contributions, one-off lines, intervals of collection: imported, and registered by hand."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.imports.portfolio import import_portfolio
from hub.imports.recurring import COLUMNS, import_recurring
from hub.imports.table import ImportReport
from hub.settings import CompanyConfig
from hub.store.contributions import Recurring, recurring_of
from hub.store.database import Database
from hub.store.portfolio import tenancy_by_key
from hub.store.tables import event, recurring
from tests.integration.cli_runner import Answer, hub

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ALL = [column.name for column in COLUMNS]
RENT = {
    "tenancy": "1-12-304-2",
    "charge_type": "10",
    "amount": "7500,00",
    "first_day": "2026-01-01",
    "last_day": "",
    "text": "",
    "vat": "",
}
PORTFOLIO = "company;company_name;property;property_name;unit;tenant;name\n" + "".join(
    f"{number};C;12;P;{unit};2;Bodil Ærø\n" for number in (1, 2, 3) for unit in ("304", "305")
)
_TYPES = {"10": {"text": "Husleje"}, "20": {"text": "Erhvervsleje", "vat": 25}, "75020": {"text": "Aconto varme"}}
CONFIGURED = {
    "2": CompanyConfig.model_validate({"number": "2", "charge_types": _TYPES}),
    "3": CompanyConfig(number="3", closed=True),
}
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def books(database: Database, tmp_path: Path) -> Database:
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


def load(books: Database, folder: Path, *rows: dict[str, str], **options: Any) -> ImportReport:
    return import_recurring(
        books,
        write(folder / "recurring.csv", *rows),
        now=NOW,
        actor="ib",
        company_of=lambda number: CONFIGURED.get(number) or CompanyConfig(number=number),
        **options,
    )


def counts(report: ImportReport) -> tuple[int, int, int, list[int]]:
    return report.added, report.changed, report.unchanged, [row.line for row in report.bad]


def registered(books: Database, key: str = "1-12-304-2") -> list[Recurring]:
    with books.read() as connection:
        found = tenancy_by_key(connection, key)
        assert found is not None
        return recurring_of(connection, [found.ref.id])


class TestImport:
    def test_a_row_is_a_contribution_a_month(self, books: Database, tmp_path: Path) -> None:
        rows = [
            RENT,
            {**RENT, "charge_type": "20", "amount": "125.50", "vat": "12,5", "last_day": "31-12-2026", "text": "P"},
            {**RENT, "tenancy": "02-012-304-2", "charge_type": "20"},
        ]
        assert counts(load(books, tmp_path, *rows)) == (3, 0, 0, [])
        rent, parking = registered(books)
        assert rent[1:] == ("1-12-304-2", "10", "", 750_000, 0, date(2026, 1, 1), None)
        assert parking[1:] == ("1-12-304-2", "20", "P", 125_50, 12_50, date(2026, 1, 1), date(2026, 12, 31))
        assert [line.vat_rate for line in registered(books, "2-12-304-2")] == [25_00]  # of its charge type
        with books.read() as connection:
            assert set(connection.execute(select(recurring.c.actor, recurring.c.recorded_at))) == {("ib", NOW)}

    def test_again_changes_nothing(self, books: Database, tmp_path: Path) -> None:
        rows = (RENT, {**RENT, "charge_type": "20", "last_day": "2026-12-31"})
        load(books, tmp_path, *rows)
        before = registered(books)
        assert counts(load(books, tmp_path, *rows)) == (0, 0, 2, [])
        assert registered(books) == before
        with books.read() as connection:
            noted = connection.execute(select(event).where(event.c.what == "recurring imported")).all()
        assert [row.detail for row in noted] == [{"file": "recurring.csv", "added": 2, "ended": 0, "bad": 0}]

    def test_a_last_day_ends_it_and_an_empty_cell_says_nothing(self, books: Database, tmp_path: Path) -> None:
        load(books, tmp_path, RENT)
        assert counts(load(books, tmp_path, {**RENT, "last_day": "2026-06-30"})) == (0, 1, 0, [])
        assert counts(load(books, tmp_path, RENT)) == (0, 0, 1, [])
        assert [line.last_day for line in registered(books)] == [date(2026, 6, 30)]

    def test_one_ends_and_the_next_begins_in_one_file(self, books: Database, tmp_path: Path) -> None:
        load(books, tmp_path, RENT)
        raised = {**RENT, "amount": "7650", "first_day": "2026-07-01"}
        assert counts(load(books, tmp_path, raised, {**RENT, "last_day": "2026-06-30"})) == (1, 1, 0, [])
        assert [(line.amount, line.last_day) for line in registered(books)] == [
            (750_000, date(2026, 6, 30)),
            (765_000, None),
        ]

    def test_at_the_same_time_registers_it_once(self, books: Database, tmp_path: Path) -> None:
        rows = [{**RENT, "charge_type": str(number)} for number in range(20)]
        folders = [tmp_path / name for name in ("a", "b", "c")]
        for folder in folders:
            folder.mkdir()
        with ThreadPoolExecutor(len(folders)) as pool:
            reports = list(pool.map(lambda folder: counts(load(books, folder, *rows)), folders))
        assert sorted(reports) == [(0, 0, 20, []), (0, 0, 20, []), (20, 0, 0, [])]
        assert len(registered(books)) == 20

    def test_two_at_a_time_would_charge_the_tenant_twice(self, books: Database, tmp_path: Path) -> None:
        load(books, tmp_path, RENT)
        raised = {**RENT, "amount": "7650", "first_day": "2026-07-01"}
        report = load(books, tmp_path, raised, {**raised, "tenancy": "1-12-305-2"})
        assert counts(report) == (1, 0, 0, [2])
        assert "would come from 2026-01-01 until further notice and from 2026-07-01 as well" in report.bad[0].error
        assert counts(load(books, tmp_path, {**raised, "text": "Garage"})) == (1, 0, 0, [])

    def test_another_amount_is_an_error(self, books: Database, tmp_path: Path) -> None:
        load(books, tmp_path, RENT)
        for change in ({"amount": "7501"}, {"vat": "25"}):
            report = load(books, tmp_path, {**RENT, **change})
            assert counts(report) == (0, 0, 0, [2])
            assert "which is 7500.00 a month with 0.00 % VAT; end it" in report.bad[0].error

    @sqlite_only
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"tenancy": "1-12-9-9"}, "tenancy: '1-12-9-9' is not in the portfolio"),
            ({"tenancy": "3-12-304-2"}, "tenancy: company 3 is closed (R6)"),
            ({"tenancy": "2-12-304-2", "charge_type": "99"}, "charge_type: '99' is not in use in company 2"),
            ({"charge_type": "1" * 21}, "longer than 20 characters"),
            ({"charge_type": "75020", "vat": "25"}, "vat: money that is held for the tenant carries no VAT"),
            ({"amount": "-7500"}, "amount: '-7500' is not above zero"),
            ({"amount": "7500,001"}, "amount: '7500,001' is no amount"),
            ({"first_day": ""}, "first_day: is missing"),
            ({"last_day": "2025-12-31"}, "last_day: lies before first_day"),
            ({"vat": "101"}, "vat: '101' is no rate from 0 to 100 percent"),
            ({"vat": "moms"}, "vat: 'moms' is no rate"),
        ],
    )
    def test_bad_rows_come_back_with_the_reason(
        self, books: Database, tmp_path: Path, change: dict[str, str], said: str
    ) -> None:
        errors = tmp_path / "errors.csv"
        good = {**RENT, "tenancy": "1-12-305-2"}
        report = load(books, tmp_path, {**RENT, **change}, good, errors_to=errors)
        assert counts(report) == (1, 0, 0, [2])
        assert said in report.bad[0].error
        assert said in errors.read_text(encoding="utf-8")

    @sqlite_only
    def test_a_repeated_row_is_believed_on_neither_line(self, books: Database, tmp_path: Path) -> None:
        report = load(books, tmp_path, RENT, {**RENT, "amount": "1"})
        assert counts(report) == (0, 0, 0, [2, 3])
        assert "is on lines 2, 3" in report.bad[0].error


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "config").mkdir(parents=True)
    (root / "config" / "hub.toml").write_text(f'database = "{database_url}"\n')
    assert hub("init", root).status == 0
    companies = root / "config" / "companies"
    (companies / "2.toml").write_text(
        'number = "2"\n[charge_types]\n10 = "Husleje"\n75020 = "Aconto varme"\n20 = { text = "Leje", vat = 25 }\n'
    )
    (companies / "3.toml").write_text('number = "3"\nclosed = true\n')
    (tmp_path / "p.csv").write_text(PORTFOLIO, encoding="utf-8")
    assert hub("portfolio", "import", tmp_path / "p.csv", site=root).status == 0
    return root


def add(site: Path, *options: object, tenancy: str = "1-12-304-2", amount: str = "7500", type_: str = "10") -> Answer:
    given = (tenancy, "--type", type_, "--amount", amount, "--from", "2026-01-01", "--actor", "ib", "--json")
    return hub("recurring", "add", *given, *options, site=site)


def listed(site: Path, tenancy: str = "1-12-304-2", what: str = "recurring") -> list[dict[str, Any]]:
    answer = hub(what, "list", tenancy, "--json", site=site).json
    found: list[dict[str, Any]] = answer["recurring" if what == "recurring" else "one_offs"]
    return found


def events(site: Path, database_url: str) -> list[tuple[str, str]]:
    from hub.store.database import connect

    opened = connect(database_url)
    with opened.read() as connection:
        rows = connection.execute(select(event.c.what, event.c.actor).order_by(event.c.id)).all()
    opened.close()
    return [(row.what, row.actor) for row in rows if row.what != "portfolio imported"]


class TestRecurring:
    def test_is_added_ended_and_listed(self, site: Path, database_url: str) -> None:
        added = add(site, "--text", "Garage", "--vat", "25").json
        assert added == {
            "id": added["id"],
            "tenancy": "1-12-304-2",
            "charge_type": "10",
            "text": "Garage",
            "amount": "7500.00",
            "vat_rate": "25.00",
            "first_day": "2026-01-01",
            "last_day": None,
            "repeated": False,
        }
        ended = hub(
            "recurring", "end", added["id"], "--last-day", "2026-06-30", "--actor", "eva", "--json", site=site
        ).json
        assert ended["last_day"] == "2026-06-30"
        assert listed(site) == [{name: value for name, value in ended.items() if name != "repeated"}]
        assert events(site, database_url) == [("recurring added", "ib"), ("recurring ended", "eva")]

    def test_is_added_once_under_its_key(self, site: Path) -> None:
        first = add(site, "--key", "k1").json
        again = add(site, "--key", "k1", tenancy="01-12-0304-2").json
        assert again == {**first, "repeated": True}
        other = add(site, "--key", "k1", amount="7501")
        assert other.status == 1
        assert "key 'k1' was used before for recurring add with other input" in other.json["error"]
        assert len(listed(site)) == 1

    def test_takes_its_types_vat_and_keeps_no_text_of_it(self, site: Path) -> None:
        assert add(site, tenancy="2-12-304-2", type_="20").json["vat_rate"] == "25.00"
        assert listed(site, "2-12-304-2")[0]["text"] == ""

    def test_twice_at_a_time_is_refused(self, site: Path) -> None:
        first = add(site, "--to", "2026-06-30").json["id"]
        again = add(site)
        assert again.status == 1
        assert f"comes already from 2026-01-01 through 2026-06-30, as #{first}" in again.json["error"]
        later = hub(
            *("recurring", "add", "1-12-304-2", "--type", "10", "--amount", "7650", "--from", "2026-07-01"), site=site
        )
        assert later.status == 0
        longer = hub("recurring", "end", first, "--last-day", "2026-07-01", "--json", site=site)
        assert "comes already from 2026-07-01 until further notice" in longer.json["error"]
        assert [one["last_day"] for one in listed(site)] == ["2026-06-30", None]

    def test_one_added_by_mistake_is_taken_back(self, site: Path) -> None:
        mistaken = add(site, amount="75000").json["id"]
        early = hub("recurring", "end", mistaken, "--last-day", "2025-12-30", "--json", site=site)
        assert "to take it back, end it on 2025-12-31" in early.json["error"]
        assert hub("recurring", "end", mistaken, "--last-day", "2025-12-31", site=site).status == 0
        assert listed(site) == []
        assert add(site).status == 0
        gone = hub("recurring", "end", mistaken, "--last-day", "2026-12-31", "--json", site=site)
        assert f"no recurring contribution #{mistaken}" in gone.json["error"]

    @pytest.mark.parametrize(
        ("options", "changed", "said"),
        [
            ((), {"tenancy": "1-12-9-9"}, "there is no tenancy 1-12-9-9"),
            ((), {"tenancy": "3-12-304-2"}, "company 3 is closed"),
            ((), {"tenancy": "2-12-304-2", "type_": "99"}, "charge type '99' is not in use in company 2"),
            ((), {"type_": "9" * 21}, "a charge type has 1 to 20 printable characters"),
            ((), {"amount": "-100"}, "an amount of -100.00"),
            ((), {"amount": "0"}, "an amount of 0.00"),
            ((), {"amount": "7500.001"}, "--amount: '7500.001' is no amount"),
            (("--text", "a\nb"), {}, "a text has at most 500 printable characters"),
            (("--to", "2025-12-31"), {}, "it would end on 2025-12-31, before it begins on 2026-01-01"),
            (("--to", "31/12"), {}, "'31/12' is no day"),
            (("--vat", "101"), {}, "'101' is no rate from 0 to 100 percent"),
            (("--vat", "25"), {"tenancy": "2-12-304-2", "type_": "75020"}, "held for the tenant carries no VAT"),
        ],
    )
    @sqlite_only
    def test_what_is_refused_leaves_nothing(
        self, site: Path, options: tuple[str, ...], changed: dict[str, str], said: str
    ) -> None:
        refused = add(site, "--key", "k", *options, **changed)
        assert refused.status == 1
        assert said in refused.json["error"]
        assert add(site, "--key", "k").json["repeated"] is False
        assert len(listed(site)) == 1


class TestOneOff:
    GIVEN = ("1-12-304-2", "--type", "50", "--amount", "350", "--due-from", "2026-07-01", "--json")

    def test_waits_until_it_is_withdrawn(self, site: Path, database_url: str) -> None:
        added = hub("one-off", "add", *self.GIVEN, "--text", "Nøgle", "--actor", "ib", site=site).json
        assert (added["state"], added["amount"], added["due_from"], added["text"]) == (
            "waiting",
            "350.00",
            "2026-07-01",
            "Nøgle",
        )
        second = hub("one-off", "add", *self.GIVEN, site=site).json["id"]
        withdrawn = hub("one-off", "withdraw", added["id"], "--key", "w", "--actor", "eva", "--json", site=site).json
        assert withdrawn["state"] == "withdrawn"
        assert hub("one-off", "withdraw", added["id"], "--key", "w", "--json", site=site).json["repeated"] is True
        assert [(one["id"], one["state"]) for one in listed(site, what="one-off")] == [
            (added["id"], "withdrawn"),
            (second, "waiting"),
        ]
        assert [what for what, actor in events(site, database_url) if actor in ("ib", "eva")] == [
            "one-off added",
            "one-off withdrawn",
        ]

    @sqlite_only
    def test_what_cannot_be_is_refused(self, site: Path) -> None:
        id_ = hub("one-off", "add", *self.GIVEN, site=site).json["id"]
        hub("one-off", "withdraw", id_, site=site)
        again = hub("one-off", "withdraw", id_, "--json", site=site)
        assert f"one-off line #{id_} was withdrawn on " in again.json["error"]
        assert "no one-off line #999" in hub("one-off", "withdraw", 999, "--json", site=site).json["error"]
        negative = hub("one-off", "add", *self.GIVEN, "--amount=-350", site=site)
        assert "give what is to be paid back as a credit note" in negative.json["error"]

    @sqlite_only
    def test_a_charged_one_is_credited_instead(self, site: Path, database_url: str) -> None:
        from hub.store.database import connect
        from hub.store.tables import one_off

        id_ = hub("one-off", "add", *self.GIVEN, site=site).json["id"]
        opened = connect(database_url)
        with opened.write() as connection:
            connection.execute(one_off.update().values(charge_id=7))
        opened.close()
        refused = hub("one-off", "withdraw", id_, "--json", site=site)
        assert f"one-off line #{id_} was charged with charge #7. give the tenant a credit note" in refused.json["error"]
        assert listed(site, what="one-off")[0]["state"] == "charged"


class TestInterval:
    def test_is_set(self, site: Path) -> None:
        done = hub("interval", "set", "1-12-304-2", 3, "--json", site=site).json
        assert (done["interval_months_before"], done["interval_months"]) == (1, 3)
        assert hub("interval", "set", "1-12-304-2", 12, "--json", site=site).json["interval_months_before"] == 3

    @sqlite_only
    def test_divides_a_year(self, site: Path) -> None:
        refused = hub("interval", "set", "1-12-304-2", 5, "--json", site=site)
        assert (refused.status, refused.json["error"]) == (
            1,
            "a collection every 5 months. one of 1, 2, 3, 4, 6, 12 months",
        )


def test_the_import_command_tells_what_it_did(site: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", RENT, {**RENT, "tenancy": "9-9-9-9"})
    answer = hub("recurring", "import", path, "--json", site=site)
    assert (answer.status, answer.json["added"], answer.json["refused"]) == (2, 1, 1)
    assert answer.json["refused_file"] == "lists/recurring-r.refused.csv"
    assert [one["amount"] for one in listed(site)] == ["7500.00"]
