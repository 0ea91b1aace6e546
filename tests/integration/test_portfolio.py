from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select, text
from sqlalchemy.event import listen, remove

from hub.imports.portfolio import COLUMNS, import_portfolio
from hub.imports.table import ImportReport, TableError
from hub.ledger.chain import genesis
from hub.store.database import Database
from hub.store.portfolio import (
    customer_key,
    portfolio_facts,
    property_by_numbers,
    resolve_creditor,
    tenancies_by_customer,
    tenancies_by_key,
    tenancy_by_key,
)
from hub.store.tables import account, company, customer_number, event, property_, tenancy, unit

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ALL = [column.name for column in COLUMNS]
ROW = {
    "company": "1",
    "company_name": "Søndergård Boliger",
    "cvr": "12345678",
    "pbs_number": "09999999",
    "fi_creditor": "81234567",
    "debtor_group": "00001",
    "property": "12",
    "property_name": "Ålekisten",
    "caseworker": "Vibeke",
    "unit": "304",
    "main_unit": "",
    "tenant": "2",
    "name": "Bodil Ærø",
    "second_name": "c/o Holm",
    "co_tenant": "Jens Ærø",
    "co_tenant_share": "33,33",
    "address": "Ålekistevej 7, 3. th.",
    "postal_code": "2720",
    "city": "Vanløse",
    "email": "bodil@example.com",
    "channel": "email",
    "new_address": "Nyvej 1",
    "new_postal_code": "5000",
    "new_city": "Odense",
    "move_in": "2019-09-01",
    "move_out": "",
    "business": "nej",
    "vat_registered": "ja",
    "ean": "5790000123452",
    "bank_account": "DK50 0040 0440 1162 43",
    "interval_months": "3",
    "bs_customer": "000 304 2",
    "bs_mandate": "123456789",
}
FLAT = {**ROW, "bs_customer": ""}
GARAGE = {**FLAT, "unit": "G1", "main_unit": "304"}
OTHER = {**FLAT, "unit": "305"}
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TABLES = (company, property_, unit, account, tenancy, customer_number)


def write(
    path: Path, rows: Sequence[dict[str, str]], columns: Sequence[str] = ALL, encoding: str = "utf-8", comma: str = ";"
) -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, columns, delimiter=comma, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def load(database: Database, path: Path, **options: Any) -> ImportReport:
    return import_portfolio(
        database, path, now=NOW, actor="ib", currency_of=lambda number: "SEK" if number == "9" else "DKK", **options
    )


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in TABLES
        }


def count(database: Database, table: Table) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def imported(database: Database, tmp_path: Path) -> Database:
    """Two companies under one creditor number told apart by group, one alone, one without Betalingsservice."""
    rows = [
        ROW,
        {**ROW, "unit": "305", "tenant": "1", "name": "Erhverv ApS", "business": "ja", "bs_customer": "3051"},
        {**ROW, "property": "13", "property_name": "B", "debtor_group": "", "unit": "1", "bs_customer": "77"},
        {**ROW, "company": "2", "company_name": "Nord", "property": "1", "debtor_group": "2", "bs_customer": "3042"},
        {**ROW, "company": "3", "company_name": "Alene", "pbs_number": "1234", "debtor_group": "", "bs_customer": "A1"},
        {**ROW, "company": "4", "company_name": "Uden", "pbs_number": "", "debtor_group": "", "bs_customer": ""},
    ]
    report = load(database, write(tmp_path / "portfolio.csv", rows))
    assert (report.rows, report.added, report.bad, report.warnings) == (6, 6, [], [])
    return database


class TestImport:
    def test_a_row_becomes_a_tenancy_with_all_that_it_says(self, database: Database, tmp_path: Path) -> None:
        load(database, write(tmp_path / "p.csv", [ROW]))
        with database.read() as connection:
            stored = connection.execute(select(tenancy)).one()
            its_account = connection.execute(select(account).where(account.c.id == stored.account_id)).one()
            its_company = connection.execute(select(company)).one()
            its_property = connection.execute(select(property_)).one()
        assert (stored.key, stored.name, stored.address) == ("1-12-304-2", "Bodil Ærø", "Ålekistevej 7, 3. th.")
        assert (stored.move_in, stored.move_out, stored.business) == (date(2019, 9, 1), None, False)
        assert (stored.bs_customer, stored.customer_key, stored.bs_mandate) == ("000 304 2", "3042", "123456789")
        assert (stored.second_name, stored.co_tenant, stored.co_tenant_share) == ("c/o Holm", "Jens Ærø", 33_33)
        assert (stored.new_address, stored.new_postal_code, stored.new_city) == ("Nyvej 1", "5000", "Odense")
        assert (stored.channel, stored.vat_registered, stored.ean) == ("email", True, "5790000123452")
        assert (stored.bank_account, stored.interval_months) == ("DK5000400440116243", 3)
        assert (its_account.kind, its_account.code, its_account.currency, its_account.balance) == (
            "receivable",
            "receivable:1-12-304-2",
            "DKK",
            0,
        )
        assert (its_company.name, its_company.pbs_number, its_company.chain_seq, bytes(its_company.chain_hash)) == (
            "Søndergård Boliger",
            "09999999",
            0,
            genesis("1"),
        )
        assert its_company.fi_creditor == "81234567"
        assert (its_property.number, its_property.name, its_property.debtor_group) == ("12", "Ålekisten", "00001")
        assert its_property.caseworker == "Vibeke"

    def test_again_changes_nothing(self, imported: Database, tmp_path: Path) -> None:
        before = contents(imported)
        report = load(imported, tmp_path / "portfolio.csv")
        assert (report.added, report.changed, report.unchanged) == (0, 0, 6)
        assert contents(imported) == before
        assert count(imported, event) == 1

    def test_every_import_that_changes_something_says_who_did_it(self, imported: Database) -> None:
        with imported.read() as connection:
            noted = connection.execute(select(event)).one()
        assert (noted.actor, noted.at, noted.what) == ("ib", NOW, "portfolio imported")
        assert noted.detail == {"file": "portfolio.csv", "added": 6, "changed": 0, "bad": 0}

    def test_a_changed_row_updates_and_an_absent_one_stays(self, imported: Database, tmp_path: Path) -> None:
        changed = {**ROW, "name": "Bodil Ærø Holm", "move_out": "31-08-2026", "email": "", "channel": "letter"}
        report = load(imported, write(tmp_path / "p.csv", [changed]))
        assert (report.added, report.changed, report.unchanged) == (0, 1, 0)
        with imported.read() as connection:
            ref = tenancy_by_key(connection, "1-12-304-2")
            assert ref is not None
            assert (ref.name, ref.move_out) == ("Bodil Ærø Holm", date(2026, 8, 31))
            assert connection.scalar(select(tenancy.c.email).where(tenancy.c.id == ref.ref.id)) is None
        assert count(imported, tenancy) == 6

    def test_an_absent_column_changes_nothing(self, imported: Database, tmp_path: Path) -> None:
        before = contents(imported)
        few = ["tenant", "unit", "property", "company", "name"]
        report = load(imported, write(tmp_path / "p.csv", [ROW], few))
        assert (report.unchanged, report.bad) == (1, [])
        assert contents(imported) == before

    def test_an_empty_cell_of_a_tenancy_empties_it(self, imported: Database, tmp_path: Path) -> None:
        columns = ("second_name", "co_tenant", "co_tenant_share", "new_address", "new_postal_code", "new_city")
        empty = dict.fromkeys((*columns, "channel", "ean", "bank_account", "vat_registered", "interval_months"), "")
        assert load(imported, write(tmp_path / "p.csv", [{**ROW, **empty}])).changed == 1
        with imported.read() as connection:
            stored = connection.execute(select(tenancy).where(tenancy.c.key == "1-12-304-2")).one()
        assert {stored._mapping[name] for name in (*columns, "channel", "ean", "bank_account")} == {None}
        assert (stored.vat_registered, stored.interval_months) == (False, 1)

    def test_who_says_nothing_of_it_is_collected_from_each_month(self, database: Database, tmp_path: Path) -> None:
        load(database, write(tmp_path / "p.csv", [ROW], ["company", "property", "unit", "tenant", "name"]))
        with database.read() as connection:
            assert connection.execute(select(tenancy.c.interval_months, tenancy.c.vat_registered)).one() == (1, False)

    def test_what_companies_and_properties_change_counts_for_their_rows(
        self, imported: Database, tmp_path: Path
    ) -> None:
        renamed = {**ROW, "company_name": "Nyt navn", "property_name": "", "pbs_number": "", "debtor_group": "0"}
        report = load(imported, write(tmp_path / "p.csv", [renamed]))
        assert (report.changed, report.unchanged) == (1, 0)
        with imported.read() as connection:
            kept = connection.execute(select(company).where(company.c.number == "1")).one()
            ours = (property_.c.company_id == kept.id, property_.c.number == "12")
            of_it = connection.execute(select(property_).where(*ours)).first()
        assert (kept.name, kept.pbs_number) == ("Nyt navn", "09999999")  # an empty cell says nothing
        assert of_it is not None
        assert (of_it.name, of_it.debtor_group) == ("Ålekisten", None)  # zero says: no group

    def test_numbers_are_the_same_with_leading_zeros(self, imported: Database, tmp_path: Path) -> None:
        padded = {**ROW, "company": "001", "property": "0012", "unit": "0304", "tenant": "02"}
        assert load(imported, write(tmp_path / "p.csv", [padded])).unchanged == 1

    def test_all_zeros_is_the_number_zero(self, database: Database, tmp_path: Path) -> None:
        load(database, write(tmp_path / "p.csv", [{**ROW, "tenant": "000"}]))
        with database.read() as connection:
            assert tenancy_by_key(connection, "1-12-304-0") is not None

    def test_a_companys_currency_comes_from_its_configuration(self, database: Database, tmp_path: Path) -> None:
        load(database, write(tmp_path / "p.csv", [{**ROW, "company": "9"}]))
        with database.read() as connection:
            assert connection.scalar(select(account.c.currency)) == "SEK"

    def test_a_file_with_bom_crlf_commas_and_columns_in_any_order(self, database: Database, tmp_path: Path) -> None:
        path = write(tmp_path / "p.csv", [ROW], list(reversed(ALL)), encoding="utf-8-sig", comma=",")
        assert b'"\xc3\x85lekistevej 7, 3. th."' in path.read_bytes()
        assert load(database, path).added == 1

    def test_cp1252_when_it_is_named(self, database: Database, tmp_path: Path) -> None:
        load(database, write(tmp_path / "p.csv", [ROW], encoding="cp1252"), encoding="cp1252")
        with database.read() as connection:
            assert connection.scalar(select(tenancy.c.name)) == "Bodil Ærø"

    def test_an_unknown_column_is_named(self, database: Database, tmp_path: Path) -> None:
        report = load(database, write(tmp_path / "p.csv", [{**ROW, "telefon": "1"}], [*ALL, "telefon"]))
        assert report.added == 1
        assert len(report.warnings) == 1
        assert "'telefon'" in report.warnings[0]


@sqlite_only
class TestRefusedFile:
    @pytest.mark.parametrize(
        ("data", "encoding", "said"),
        [
            ("company;property\n1;Ørsted\n".encode("cp1252"), "utf-8", r"line 2.*0xd8 is not UTF-8.*cp1252"),
            ("company;property\n1;Ørsted\n".encode(), "cp1252", r"is in UTF-8, and cp1252 was named"),
            (b"company;property\n1;\x81\n", "cp1252", r"line 2.*0x81 is not cp1252"),
            (b"company;property\n1;2\n", "latin-1", r"'latin-1' is not known"),
            (b"company;property\n1;2\n", "utf-8", r"header row lacks unit, tenant, name"),
            (b"", "utf-8", r"header row lacks company"),
            (b"company;property;unit;tenant;name;Name\n", "utf-8", r"has name more than once"),
            (b'company;property;unit;tenant;name\n1;2;3;4;"Bo\n1;2;3;5;Ib\n', "utf-8", r"line 2.*quotation mark"),
        ],
    )
    def test_says_where_and_what_to_do(
        self, database: Database, tmp_path: Path, data: bytes, encoding: str, said: str
    ) -> None:
        path = tmp_path / "p.csv"
        path.write_bytes(data)
        with pytest.raises(TableError, match=said):
            load(database, path, encoding=encoding)
        assert count(database, company) == 0

    def test_that_is_not_there(self, database: Database, tmp_path: Path) -> None:
        with pytest.raises(TableError, match=r"nowhere\.csv: cannot be read"):
            load(database, tmp_path / "nowhere.csv")


@sqlite_only
class TestBadRows:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"unit": "3-04"}, "unit: '3-04' holds a hyphen"),
            ({"company": "1-2"}, "company: '1-2' holds a hyphen"),
            ({"unit": "9" * 21}, "longer than 20 characters"),
            ({"tenant": ""}, "tenant: is missing"),
            ({"name": "  "}, "name: is missing"),
            ({"name": "Bo\nIb"}, "name: 'Bo\\nIb' holds a line break"),
            ({"move_in": "2026-02-30"}, "move_in: '2026-02-30' is no day of the calendar"),
            ({"move_in": "1/2-2026"}, "move_in: '1/2-2026' is no date"),
            ({"move_in": "26-02-01"}, "is no date"),
            ({"move_out": "2019-08-31"}, "move_out: lies before move_in"),
            ({"business": "måske"}, "business: 'måske' is neither yes"),
            ({"pbs_number": "123456789"}, "pbs_number: '123456789' is no number of at most 8 digits"),
            ({"pbs_number": "0"}, "is no creditor number"),
            ({"debtor_group": "A1"}, "debtor_group: 'A1' is no number of at most 5 digits"),
            ({"bs_customer": "0000"}, "would match nobody"),
            ({"bs_customer": "1" * 20}, "bs_customer: '11111111111111111111' is longer than 19 characters"),
            ({"fi_creditor": "8123456"}, "fi_creditor: '8123456' is no creditor number of payment slips"),
            ({"co_tenant_share": "0"}, "co_tenant_share: '0' is no share of the rent"),
            ({"co_tenant_share": "100,01"}, "co_tenant_share: '100,01' is no share of the rent"),
            ({"co_tenant_share": "halvdelen"}, "co_tenant_share: 'halvdelen' is no percentage"),
            ({"co_tenant_share": "33,333"}, "co_tenant_share: '33,333' is no percentage"),
            ({"channel": "fax"}, "channel: 'fax' is neither email nor letter"),
            ({"email": ""}, "channel: is email, and the tenancy has no e-mail address"),
            ({"email": "bodil"}, "channel: 'bodil' is no e-mail address"),
            ({"vat_registered": "25"}, "vat_registered: '25' is neither yes"),
            ({"ean": "5790000123451"}, "ean: '5790000123451' is no EAN number: its last digit"),
            ({"ean": "579000012345"}, "ean: '579000012345' is no EAN number, which has 13 digits"),
            ({"bank_account": "DK50 0040 0440 1162 44"}, "bank_account: 'DK50 0040 0440 1162 44' is no IBAN"),
            ({"bank_account": "DK"}, "bank_account: 'DK' is no IBAN"),
            ({"bank_account": "konto 12"}, "bank_account: 'konto 12' is no IBAN"),
            ({"bank_account": "1234/567890"}, "bank_account: '1234/567890' is no bank account"),
            ({"interval_months": "5"}, "interval_months: '5' is no interval of collection: one of 1, 2, 3, 4, 6, 12"),
            ({"interval_months": "0"}, "interval_months: '0' is no interval"),
            ({"main_unit": "304"}, "main_unit: '304' is the unit itself"),
            ({"main_unit": "999"}, "main_unit: '999' is no unit of property 1-12"),
            ({"main_unit": "3-04"}, "main_unit: '3-04' holds a hyphen"),
        ],
    )
    def test_is_not_imported_and_says_why(
        self, database: Database, tmp_path: Path, change: dict[str, str], said: str
    ) -> None:
        report = load(database, write(tmp_path / "p.csv", [{**ROW, **change}]))
        assert [row.line for row in report.bad] == [2]
        assert said in report.bad[0].error
        assert report.added == 0
        assert [count(database, table) for table in (*TABLES, event)] == [0] * 7

    def test_all_that_is_wrong_with_a_row_is_said_at_once(self, database: Database, tmp_path: Path) -> None:
        report = load(database, write(tmp_path / "p.csv", [{**ROW, "unit": "a-b", "move_in": "x", "business": "?"}]))
        assert [report.bad[0].error.count(f"{name}: ") for name in ("unit", "move_in", "business")] == [1, 1, 1]

    def test_good_rows_are_imported_and_bad_ones_come_back_ready_to_be_mended(
        self, database: Database, tmp_path: Path
    ) -> None:
        rows = [
            {**ROW, "telefon": "33"},
            {**ROW, "unit": "3-05", "name": "Åse", "telefon": "34"},
            {**ROW, "unit": "306", "bs_customer": "306"},
        ]
        columns = [*ALL, "telefon"]
        path = write(tmp_path / "p.csv", rows, columns, encoding="cp1252")
        errors = tmp_path / "errors.csv"
        report = load(database, path, encoding="cp1252", errors_to=errors)
        assert (report.rows, report.added, len(report.bad)) == (3, 2, 1)
        with errors.open(encoding="cp1252", newline="") as stream:
            given_back = list(csv.DictReader(stream, delimiter=";"))
        assert [{name: row[name] for name in columns} for row in given_back] == [rows[1]]
        assert "hyphen" in given_back[0]["error"]

        mended = [{**row, "unit": "305", "bs_customer": "305"} for row in given_back]
        again = load(database, write(tmp_path / "m.csv", mended, list(given_back[0]), "cp1252"), encoding="cp1252")
        assert (again.added, again.bad, len(again.warnings)) == (1, [], 1)

    def test_without_errors_the_file_of_an_earlier_import_goes(self, database: Database, tmp_path: Path) -> None:
        errors = tmp_path / "errors.csv"
        load(database, write(tmp_path / "p.csv", [{**ROW, "unit": "-"}]), errors_to=errors)
        assert errors.exists()
        load(database, write(tmp_path / "p.csv", [ROW]), errors_to=errors)
        assert not errors.exists()

    def test_a_file_that_cannot_be_read_leaves_the_error_file_of_an_earlier_import(
        self, database: Database, tmp_path: Path
    ) -> None:
        errors = tmp_path / "errors.csv"
        load(database, write(tmp_path / "p.csv", [{**ROW, "unit": "-"}]), errors_to=errors)
        before = errors.read_bytes()
        with pytest.raises(TableError):
            load(database, write(tmp_path / "p.csv", [ROW], ["company"]), errors_to=errors)
        assert errors.read_bytes() == before

    def test_rows_of_another_shape(self, database: Database, tmp_path: Path) -> None:
        path = tmp_path / "p.csv"
        path.write_text(
            "company;company_name;property;property_name;unit;tenant;name\n"
            "1;A;1;B;1;1;Bo\n"
            "\n"
            ";;;;;;\n"
            "1;A;1;B;2\n"
            "1;A;1;B;3;1;Ib;for meget\n"
            "1;A;1;B;4;1;Per;;\n"
            '1;A;1;B;"a\nb";1;Eva\n'
            "1;A;1;B;6;1;Ea-Lis\n"
        )
        errors = tmp_path / "errors.csv"
        report = load(database, path, errors_to=errors)
        assert (report.rows, report.added) == (6, 3)
        assert [(row.line, row.error[:20]) for row in report.bad] == [
            (5, "the row has 5 cells,"),
            (6, "the row has 8 cells,"),
            (8, "unit: 'a\\nb' holds a"),
        ]
        with errors.open(newline="") as stream:
            given_back = list(csv.reader(stream, delimiter=";"))
        assert {len(row) for row in given_back} == {8}
        assert "too many: 'for meget'" in given_back[2][-1]

    def test_a_tenancy_on_two_lines_with_different_content_is_on_neither_believed(
        self, imported: Database, tmp_path: Path
    ) -> None:
        before = contents(imported)
        changed = {**ROW, "name": "Bodil Holm"}
        again = {**ROW, "unit": "0304", "name": "En anden", "debtor_group": ""}
        report = load(imported, write(tmp_path / "p.csv", [changed, again]))
        assert (report.rows, report.changed, [row.line for row in report.bad]) == (2, 0, [2, 3])
        assert {row.error for row in report.bad} == {
            "tenancy 1-12-304-2 is on lines 2, 3 with different debtor_group, name: keep one of them"
        }
        assert contents(imported) == before

    def test_the_same_line_twice_is_one_tenancy_and_a_warning(self, database: Database, tmp_path: Path) -> None:
        report = load(database, write(tmp_path / "p.csv", [ROW, {**ROW, "unit": "0304"}]))
        assert (report.rows, report.added, report.unchanged, report.bad) == (2, 1, 1, [])
        assert report.warnings == [
            "tenancy 1-12-304-2 is on lines 2, 3, each time with the same content: once is enough"
        ]

    @pytest.mark.parametrize(
        ("column", "value", "shown", "whose"),
        [
            ("company_name", "Andet", "'Andet'", "company 1"),
            ("cvr", "87654321", "'87654321'", "company 1"),
            ("pbs_number", "9999998", "'09999998'", "company 1"),
            ("debtor_group", "2", "'00002'", "property 1-12"),
            ("property_name", "Kongen", "'Kongen'", "property 1-12"),
            ("fi_creditor", "87654321", "'87654321'", "company 1"),
            ("caseworker", "Ib", "'Ib'", "property 1-12"),
        ],
    )
    def test_rows_that_contradict_each_other_are_all_refused(
        self, imported: Database, tmp_path: Path, column: str, value: str, shown: str, whose: str
    ) -> None:
        before = contents(imported)
        odd = {**ROW, "unit": "900", "bs_customer": "900", column: value}
        rest = [{**ROW, "unit": f"{unit}", "bs_customer": f"{unit}"} for unit in range(901, 908)]
        report = load(imported, write(tmp_path / "p.csv", [odd, *rest]))
        assert (report.added, [row.line for row in report.bad]) == (0, list(range(2, 10)))
        (error,) = {row.error for row in report.bad}
        assert error.startswith(f"{column}: must be the same for all of {whose}, and is ")
        assert error.endswith(f" on 7 lines (3, 4, 5, 6, 7 ...), {shown} on line 2")
        assert contents(imported) == before

    def test_other_companies_and_rows_that_say_nothing_are_no_part_of_a_contradiction(
        self, database: Database, tmp_path: Path
    ) -> None:
        rows = [
            ROW,
            {**ROW, "unit": "305", "bs_customer": "305", "pbs_number": "1"},
            {**ROW, "unit": "306", "bs_customer": "306", "pbs_number": ""},
            {**ROW, "company": "2", "pbs_number": "2"},
        ]
        report = load(database, write(tmp_path / "p.csv", rows))
        assert (report.added, [row.line for row in report.bad]) == (2, [2, 3])
        with database.read() as connection:
            found = connection.execute(select(company.c.number, company.c.pbs_number).order_by(company.c.number)).all()
        assert [tuple(row) for row in found] == [("1", None), ("2", "00000002")]

    def test_a_row_that_is_refused_for_another_reason_contradicts_all_the_same(
        self, imported: Database, tmp_path: Path
    ) -> None:
        before = contents(imported)
        taken = {**ROW, "unit": "900", "bs_customer": "3051"}
        other = {**ROW, "unit": "901", "bs_customer": "901", "pbs_number": "1"}
        report = load(imported, write(tmp_path / "p.csv", [taken, other]))
        assert [row.line for row in report.bad] == [2, 3]
        assert [message.partition(":")[0] for message in report.bad[0].error.split("; ")] == [
            "pbs_number",
            "bs_customer",
        ]
        assert contents(imported) == before

    def test_who_has_no_name_is_called_by_number_until_a_row_says_more(
        self, database: Database, tmp_path: Path
    ) -> None:
        load(database, write(tmp_path / "p.csv", [{**ROW, "company_name": "", "property_name": ""}]))
        with database.read() as connection:
            assert connection.scalars(select(company.c.name)).all() == ["Selskab 1"]
            assert connection.scalars(select(property_.c.name)).all() == ["Ejendom 12"]
        assert load(database, write(tmp_path / "p.csv", [ROW])).changed == 1
        with database.read() as connection:
            assert connection.scalars(select(company.c.name)).all() == [ROW["company_name"]]


class TestChannel:
    def test_e_mail_to_an_address_that_was_said_before(self, imported: Database, tmp_path: Path) -> None:
        columns = ["company", "property", "unit", "tenant", "name", "channel"]
        assert load(imported, write(tmp_path / "p.csv", [{**ROW, "channel": "letter"}], columns)).changed == 1
        assert load(imported, write(tmp_path / "p.csv", [ROW], columns)).changed == 1

    def test_the_address_cannot_go_while_it_is_needed(self, imported: Database, tmp_path: Path) -> None:
        columns = ["company", "property", "unit", "tenant", "name", "email"]
        report = load(imported, write(tmp_path / "p.csv", [{**ROW, "email": ""}], columns))
        assert [row.error for row in report.bad] == [
            "channel: is email, and the tenancy has no e-mail address: nothing could be sent"
        ]


class TestBankAccount:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("0040 0440116243", "0040 0440116243"),
            ("1234-567890", "1234-567890"),
            ("se35 5000 0000 0549 1000 0003", "SE3550000000054910000003"),
        ],
    )
    def test_is_domestic_or_an_iban(self, database: Database, tmp_path: Path, given: str, kept: str) -> None:
        path = write(tmp_path / "p.csv", [{**ROW, "bank_account": given}])
        assert load(database, path).bad == []
        with database.read() as connection:
            assert connection.scalar(select(tenancy.c.bank_account)) == kept
        assert load(database, path).unchanged == 1


class TestMainUnits:
    """A garage is let along with a flat of its property, and nothing along with the garage."""

    def mains(self, database: Database) -> dict[str, str | None]:
        main = unit.alias()
        link = main.c.id == unit.c.main_unit_id
        query = select(unit.c.number, main.c.number.label("main")).join_from(unit, main, link, isouter=True)
        with database.read() as connection:
            return {row.number: row.main for row in connection.execute(query)}

    def test_in_one_file_in_any_order(self, database: Database, tmp_path: Path) -> None:
        path = write(tmp_path / "p.csv", [{**GARAGE, "main_unit": "0304"}, FLAT])
        report = load(database, path)
        assert (report.added, report.changed, report.bad) == (2, 0, [])
        assert self.mains(database) == {"304": None, "G1": "304"}
        assert load(database, path).unchanged == 2

    def test_later_for_every_tenancy_of_the_unit(self, database: Database, tmp_path: Path) -> None:
        garage = {**GARAGE, "main_unit": ""}
        load(database, write(tmp_path / "p.csv", [FLAT, OTHER, garage, {**garage, "tenant": "3"}]))
        assert self.mains(database) == {"304": None, "305": None, "G1": None}
        moved = [{**GARAGE, "main_unit": "305"}, {**garage, "tenant": "3"}]
        report = load(database, write(tmp_path / "p.csv", moved))
        assert (report.changed, report.unchanged) == (2, 0)
        assert self.mains(database) == {"304": None, "305": None, "G1": "305"}
        assert load(database, write(tmp_path / "p.csv", [garage])).unchanged == 1  # an empty cell says nothing
        assert load(database, write(tmp_path / "p.csv", [{**garage, "main_unit": "-"}])).changed == 1
        assert self.mains(database) == {"304": None, "305": None, "G1": None}

    def test_of_another_property_is_none(self, database: Database, tmp_path: Path) -> None:
        elsewhere = {**GARAGE, "property": "13"}
        report = load(database, write(tmp_path / "p.csv", [FLAT, elsewhere]))
        assert [row.error for row in report.bad] == ["main_unit: '304' is no unit of property 1-13"]

    @pytest.mark.parametrize(
        ("mains", "wrong"),
        [
            # G2 -> G1 -> 304: both links of the chain are refused.
            ({"304": "", "G1": "304", "G2": "G1"}, {"G1": "is the main unit of G2", "G2": "has itself a main unit"}),
            ({"G1": "G2", "G2": "G1"}, {"G1": "has itself a main unit", "G2": "has itself a main unit"}),
            ({"304": "G1", "G1": ""}, {}),
            ({"304": "", "G1": "304", "G2": "304"}, {}),
            # The flat's row is refused for another reason, and so there is no flat.
            ({"304": "9", "G1": "304"}, {"304": "'9' is no unit", "G1": "has itself a main unit"}),
        ],
    )
    def test_chains_are_refused(
        self, database: Database, tmp_path: Path, mains: dict[str, str], wrong: dict[str, str]
    ) -> None:
        rows = [{**FLAT, "unit": number, "main_unit": main} for number, main in mains.items()]
        report = load(database, write(tmp_path / "p.csv", rows))
        lines = dict(enumerate(mains, 2))
        assert {lines[row.line] for row in report.bad} == set(wrong)
        assert all(wrong[lines[row.line]] in row.error for row in report.bad)

    def test_a_chain_with_what_is_there_already_is_refused(self, database: Database, tmp_path: Path) -> None:
        load(database, write(tmp_path / "p.csv", [FLAT, OTHER, GARAGE]))
        before = contents(database)
        for row, said in (
            ({**OTHER, "main_unit": "G1"}, "'G1' has itself a main unit, '304'"),
            ({**FLAT, "main_unit": "305"}, "'304' cannot have one: it is the main unit of G1"),
        ):
            (bad,) = load(database, write(tmp_path / "p.csv", [row])).bad
            assert said in bad.error
        assert contents(database) == before

    def test_what_a_refused_row_would_have_set_free_is_not_free(self, database: Database, tmp_path: Path) -> None:
        load(database, write(tmp_path / "p.csv", [FLAT, OTHER, GARAGE]))
        refused = {**GARAGE, "main_unit": "-", "ean": "1"}
        report = load(database, write(tmp_path / "p.csv", [refused, {**FLAT, "main_unit": "305"}]))
        assert [row.line for row in report.bad] == [2, 3]
        assert self.mains(database) == {"304": None, "305": None, "G1": "304"}

    def test_rows_of_one_unit_that_differ_are_all_refused(self, database: Database, tmp_path: Path) -> None:
        rows = [FLAT, OTHER, GARAGE, {**GARAGE, "tenant": "3", "main_unit": "305"}]
        report = load(database, write(tmp_path / "p.csv", rows))
        assert [row.line for row in report.bad] == [4, 5]
        assert report.bad[0].error.startswith("main_unit: must be the same for all of unit 1-12-G1, and is '304'")


class TestCustomerNumbers:
    """R15: a number that repeats would give one tenant another's payments."""

    def test_two_newcomers_with_one_number_get_neither(self, database: Database, tmp_path: Path) -> None:
        rows = [
            {**ROW, "bs_customer": "0042"},
            {**ROW, "unit": "305", "bs_customer": " 42"},
            {**ROW, "unit": "306", "bs_customer": "43"},
        ]
        report = load(database, write(tmp_path / "p.csv", rows))
        assert (report.added, [row.line for row in report.bad]) == (1, [2, 3])
        assert "is on lines 2, 3" in report.bad[0].error

    def test_the_holder_keeps_it(self, imported: Database, tmp_path: Path) -> None:
        newcomer = {**ROW, "tenant": "3", "name": "Den næste", "bs_customer": "3042"}
        report = load(imported, write(tmp_path / "p.csv", [newcomer, ROW]))
        assert (report.added, report.unchanged, [row.line for row in report.bad]) == (0, 1, [2])
        assert "is tenancy 1-12-304-2's" in report.bad[0].error

    def test_an_absent_holder_keeps_it_too(self, imported: Database, tmp_path: Path) -> None:
        report = load(imported, write(tmp_path / "p.csv", [{**ROW, "tenant": "3"}]))
        assert (report.added, len(report.bad)) == (0, 1)

    def test_numbers_cannot_be_swapped(self, imported: Database, tmp_path: Path) -> None:
        before = contents(imported)
        swapped = [{**ROW, "bs_customer": "3051"}, {**ROW, "unit": "305", "tenant": "1", "bs_customer": "3042"}]
        assert len(load(imported, write(tmp_path / "p.csv", swapped)).bad) == 2
        assert contents(imported) == before

    def test_a_number_once_used_is_never_given_again(self, imported: Database, tmp_path: Path) -> None:
        load(imported, write(tmp_path / "p.csv", [{**ROW, "bs_customer": ""}]))
        successor = {**ROW, "tenant": "3", "name": "Den næste", "bs_customer": "3042"}
        report = load(imported, write(tmp_path / "p.csv", [successor]))
        assert (report.added, [row.line for row in report.bad]) == (0, [2])
        assert "bs_customer: '3042' was tenancy 1-12-304-2's, and is never given again" in report.bad[0].error
        assert load(imported, write(tmp_path / "p.csv", [ROW])).changed == 1  # who had it may have it back

    def test_nor_in_the_import_that_sets_it_free(self, imported: Database, tmp_path: Path) -> None:
        rows = [{**ROW, "bs_customer": "9042"}, {**ROW, "tenant": "3", "bs_customer": "3042"}]
        report = load(imported, write(tmp_path / "p.csv", rows))
        assert (report.changed, report.added, [row.line for row in report.bad]) == (1, 0, [3])
        assert "is tenancy 1-12-304-2's" in report.bad[0].error
        taken = load(imported, write(tmp_path / "p.csv", [{**ROW, "tenant": "3", "bs_customer": "9042"}]))
        assert "is tenancy 1-12-304-2's" in taken.bad[0].error

    def test_a_refused_row_uses_no_number(self, imported: Database, tmp_path: Path) -> None:
        rows = [{**ROW, "tenant": "3", "bs_customer": "500", "cvr": "9"}, {**ROW, "tenant": "4", "bs_customer": "501"}]
        assert len(load(imported, write(tmp_path / "p.csv", rows)).bad) == 2
        assert load(imported, write(tmp_path / "p.csv", [{**ROW, "tenant": "5", "bs_customer": "500"}])).added == 1

    def test_another_companys_number_is_free(self, imported: Database) -> None:
        with imported.read() as connection:
            assert connection.scalar(select(func.count()).where(tenancy.c.customer_key == "3042")) == 2

    def test_form(self) -> None:
        assert [customer_key(text) for text in ("000 304 2", "0a1 ", "", "000")] == ["3042", "A1", "", ""]


class TestLookups:
    def test_a_creditor_and_group_name_company_and_properties(self, imported: Database) -> None:
        """R7"""
        with imported.read() as connection:
            ids = {row.number: row.id for row in connection.execute(select(company))}
            of_first = {
                row.number: row.id
                for row in connection.execute(select(property_).where(property_.c.company_id == ids["1"]))
            }
            first, second = ids["1"], ids["2"]
            everything = frozenset(of_first.values())
            assert resolve_creditor(connection, "09999999", "00001") == [(first, "1", "DKK", None)]
            assert everything == {of_first["12"], of_first["13"]}
            assert resolve_creditor(connection, "9999999", "2") == [
                (first, "1", "DKK", frozenset({of_first["13"]})),
                (second, "2", "DKK", None),
            ]
            assert resolve_creditor(connection, "09999999", "00000") == [
                (first, "1", "DKK", frozenset({of_first["13"]}))
            ]
            assert resolve_creditor(connection, "00001234", "00007") == [(ids["3"], "3", "DKK", None)]
            assert resolve_creditor(connection, "00000000", "") == []

    def test_customers_are_found_within_their_company_alone(self, imported: Database) -> None:
        with imported.read() as connection:
            ids = {row.number: row.id for row in connection.execute(select(company))}
            wanted = ["3042", "3051", "A1", "nobody", *map(str, range(100_000, 105_000))]
            found = tenancies_by_customer(connection, ids["1"], wanted)
            assert {key: ref.key for key, ref in found.items()} == {"3042": "1-12-304-2", "3051": "1-12-305-1"}
            assert tenancies_by_customer(connection, ids["3"], wanted)["A1"].key == "3-12-304-2"
            assert tenancies_by_customer(connection, ids["4"], wanted) == {}

    def test_keys_are_found_as_they_are_written(self, imported: Database) -> None:
        with imported.read() as connection:
            found = tenancies_by_key(connection, ["1-12-304-2", "001-0012-0305-001", "1-12-304-3", "1-12"])
            assert {given: ref.key for given, ref in found.items()} == {
                "1-12-304-2": "1-12-304-2",
                "001-0012-0305-001": "1-12-305-1",
            }
            ref = tenancy_by_key(connection, "01-12-304-2")
            assert ref is not None
            assert ref.ref == found["1-12-304-2"]
            assert (ref.name, ref.ref.business) == ("Bodil Ærø", False)
            assert tenancy_by_key(connection, "1-12-304") is None

    def test_properties_by_numbers(self, imported: Database) -> None:
        with imported.read() as connection:
            found = property_by_numbers(connection, "001", "12")
            assert found is not None
            assert (found.company_number, found.number, found.name) == ("1", "12", "Ålekisten")
            assert property_by_numbers(connection, "1", "14") is None

    def test_facts_name_clashes_of_creditor_and_group(self, imported: Database, tmp_path: Path) -> None:
        with imported.read() as connection:
            facts = portfolio_facts(connection)
        assert facts.tenancies == 6
        assert [(one.number, one.pbs_number, one.properties) for one in facts.companies] == [
            ("1", "09999999", ("12", "13")),
            ("2", "09999999", ("1",)),
            ("3", "00001234", ("12",)),
            ("4", None, ("12",)),
        ]
        assert facts.number_lengths["1-12"] == {"company": 1, "property": 2, "unit": 3, "tenant": 1}
        assert len(facts.clashes) == 1
        assert "company 1 has properties without a debtor group" in facts.clashes[0]

        grouped = [
            {**ROW, "property": "13", "property_name": "B", "unit": "1", "debtor_group": "3", "bs_customer": "77"},
            {**ROW, "company": "2", "company_name": "Nord", "property": "2", "debtor_group": "3", "bs_customer": "8"},
        ]
        assert load(imported, write(tmp_path / "p.csv", grouped)).bad == []
        with imported.read() as connection:
            clashes = portfolio_facts(connection).clashes
        assert clashes == ("companies 1, 2 share creditor number 09999999 and debtor group 00003",)

    @sqlite_only
    @pytest.mark.parametrize(
        ("properties", "said"),
        [
            ([("1", "1234567", "1"), ("2", "1234567", "2")], []),
            ([("1", "1234567", ""), ("2", "7654321", "")], []),
            ([("1", "", ""), ("2", "", "")], []),
            ([("1", "1234567", "1"), ("1", "1234567", "")], []),
            ([("1", "1234567", ""), ("2", "1234567", "2")], ["company 1 has properties without a debtor group"]),
            ([("1", "1234567", "7"), ("2", "1234567", "007")], ["creditor number 01234567 and debtor group 00007"]),
            (
                [("1", "1234567", ""), ("2", "1234567", "")],
                ["company 1 has properties without", "company 2 has properties without"],
            ),
        ],
    )
    def test_companies_under_one_creditor_number_need_debtor_groups_of_their_own(
        self, database: Database, tmp_path: Path, properties: list[tuple[str, str, str]], said: list[str]
    ) -> None:
        # R7
        rows = [
            {**ROW, "company": number, "pbs_number": creditor, "debtor_group": group, "property": f"{index}"}
            | {"bs_customer": f"{index}"}
            for index, (number, creditor, group) in enumerate(properties, 1)
        ]
        assert load(database, write(tmp_path / "p.csv", rows)).bad == []
        with database.read() as connection:
            clashes = portfolio_facts(connection).clashes
        assert len(clashes) == len(said)
        assert all(fragment in clash for fragment, clash in zip(said, clashes, strict=True))
        assert all("companies 1, 2 share creditor number 01234567" in clash for clash in clashes)

    def test_lookups_go_by_index(self, imported: Database) -> None:
        with imported.write() as connection:
            if imported.dialect == "sqlite":
                explain = "EXPLAIN QUERY PLAN "
            else:
                explain = "EXPLAIN "
                connection.execute(text("SET LOCAL enable_seqscan = off"))
            asked: list[tuple[str, Any]] = []

            def note(_conn: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
                asked.append((statement, values))

            listen(connection, "before_cursor_execute", note)
            tenancies_by_customer(connection, 1, ["1"])
            tenancies_by_key(connection, ["1"])
            remove(connection, "before_cursor_execute", note)
            found = [connection.exec_driver_sql(explain + statement, values).all() for statement, values in asked]
            plans = [" ".join(map(str, plan)) for plan in found]
        assert "uq_tenancy_customer" in plans[0]
        assert "tenancy_key" in plans[1] or "autoindex_tenancy" in plans[1]
