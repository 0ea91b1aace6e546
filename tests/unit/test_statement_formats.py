"""What a reader finds in each format of an account statement."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.words import Language
from hub.reports.statement import (
    STATEMENTS_MAX,
    Ageing,
    ChargeRow,
    Company,
    Format,
    HoldingRow,
    LineRow,
    MovementRow,
    Statement,
    Tenant,
    render,
)
from hub.reports.statement.texts import amount_text, charge_kind, credit_note, holding_name, movement_kind, words_of

JULY = (date(2026, 7, 1), date(2026, 7, 31))
RENT = ChargeRow(
    "2026-07",
    "rent",
    "Leje m.m. juli 2026",
    date(2026, 7, 1),
    1_060_000,
    123_450,
    True,
    (
        LineRow("1000", "Leje", *JULY, 1_000_000, vat_rate=2500, vat=200_000),
        LineRow("75020", "Aconto varme", *JULY, 60_000),
    ),
)
STATEMENT = Statement(
    language="da",
    currency="DKK",
    company=Company("Ejendomsselskabet Søndergården ApS", "1", "12345678", ("Åboulevarden 12", "8000 Aarhus C")),
    tenant=Tenant("Åse Østergaard", "Bjørn Ærø", ("Søndergade 14, 2. th.", "8000 Aarhus C")),
    tenancy="1-12-304-2",
    as_of=date(2026, 7, 15),
    made_on=date(2026, 7, 16),
    balance=123_450,
    overdue=123_450,
    coming=-50_000,
    ageing=Ageing(under_30=123_450),
    charges=(RENT,),
    movements=(
        MovementRow(date(2026, 7, 1), "charge", "Leje m.m. juli 2026", 1_060_000, 1_060_000),
        MovementRow(date(2026, 7, 1), "payment", "Betalingsservice", -936_550, 123_450),
        MovementRow(date(2026, 8, 3), "payment", "MobilePay", -50_000, 73_450),
    ),
    holdings=(HoldingRow("deposit", 3_000_000, 3_000_000), HoldingRow("heat", 60_000, 53_012)),
)
SWEDISH = STATEMENT._replace(
    language="sv", currency="SEK", tenancy="2-1-1-1", tenant=Tenant("Örjan Åkesson"), balance=-123_456_789, overdue=0
)
OWING = STATEMENT._replace(debts=(ChargeRow("", "payout", "Udbetaling", date(2026, 7, 2), 10_000, 4_000, True),))
ENTRY_KINDS = (
    kinds.CHARGE,
    kinds.CREDIT_NOTE,
    kinds.PAYMENT,
    kinds.PAYMENT_FAILED,
    kinds.PAYOUT,
    kinds.TRANSFER,
    kinds.CHARGEBACK,
    kinds.RESULT,
    kinds.OPENING,
    kinds.MATCH,
    kinds.DIFFERENCE,
    kinds.REVERSAL,
)
FORMATS: tuple[Format, ...] = ("pdf", "csv", "xlsx", "json")


def csv_rows(*statements: Statement) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(statements, "csv").decode("utf-8-sig"), newline=""), delimiter=";"))


def workbook(*statements: Statement) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(render(statements, "xlsx")))


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime.combine(date(year, month, day), time())


def renamed(name: str) -> Statement:
    return STATEMENT._replace(tenant=Tenant(name))


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_statements_give_the_same_bytes(format: Format) -> None:
    assert render([STATEMENT, SWEDISH], format) == render([STATEMENT, SWEDISH], format)
    assert render([STATEMENT], format) != render([SWEDISH], format)


@pytest.mark.parametrize("format", FORMATS)
def test_no_tenancy_and_too_many_are_refused(format: Format) -> None:
    with pytest.raises(HubError, match="no tenancy to make a statement for"):
        render([], format)
    with pytest.raises(HubError, match="2001 statements are more than the 2000"):
        render([STATEMENT] * (STATEMENTS_MAX + 1), format)


@pytest.mark.parametrize(
    ("text", "called"),
    [("Kreditnota R17", "Kreditnota R17"), ("Fejl i leje", "Kreditnota, Fejl i leje"), (" ", "Kreditnota")],
)
def test_a_credit_note_is_called_so_once(text: str, called: str) -> None:
    assert credit_note(words_of("da"), text) == called


class TestWhatIsOwedThatNoChargeDemands:
    """In every format beside the charges, and not as one of them."""

    def test_csv(self) -> None:
        (row,) = (row for row in csv_rows(OWING) if row["Afsnit"] == "Andre skyldige beløb")
        shown = [row[name] for name in ("Type", "Beløb", "Restbeløb", "Forfalden")]
        assert shown == ["Udbetaling", "100,00", "40,00", "ja"]

    def test_xlsx(self) -> None:
        book = workbook(OWING)
        assert [row[3] for row in book["Opkrævninger"].values] == ["Type", "Leje"]
        (row,) = list(book["Andre skyldige beløb"].values)[1:]
        assert (row[3], *row[6:9]) == ("Udbetaling", 100, 60, 40)

    def test_json(self) -> None:
        (it,) = json.loads(render([OWING], "json"))["statements"]
        assert len(it["charges"]) == 1
        assert it["debts"] == [
            {
                "reference": "",
                "kind": "payout",
                "text": "Udbetaling",
                "due_date": "2026-07-02",
                "amount": "100.00",
                "settled": "60.00",
                "remaining": "40.00",
                "overdue": True,
            }
        ]


class TestCsv:
    def test_is_what_danish_and_swedish_excel_opens(self) -> None:
        content = render([STATEMENT], "csv")
        assert content.startswith(b"\xef\xbb\xbfLejem\xc3\xa5l;Lejer;Afsnit;Type;Dato;")
        assert content.endswith(b"\r\n")

    def test_a_row_for_each_figure_charge_line_movement_and_holding(self) -> None:
        rows = csv_rows(STATEMENT)
        assert {(row["Lejemål"], row["Lejer"], row["Valuta"]) for row in rows} == {
            ("1-12-304-2", "Åse Østergaard", "DKK")
        }
        assert [(row["Afsnit"], row["Type"], row["Beløb"]) for row in rows] == [
            ("Saldo", "Saldo", "1234,50"),
            ("Saldo", "Heraf forfalden", "1234,50"),
            ("Saldo", "Kommende", "-500,00"),
            ("Saldo fordelt efter forfald", "Ikke forfalden", "0,00"),
            ("Saldo fordelt efter forfald", "Forfalden < 30 dage", "1234,50"),
            ("Saldo fordelt efter forfald", "Forfalden 30–60 dage", "0,00"),
            ("Saldo fordelt efter forfald", "Forfalden > 60 dage", "0,00"),
            ("Saldo fordelt efter forfald", "Til gode", "0,00"),
            ("Opkrævning", "Leje", "10600,00"),
            ("Linje", "Leje", "10000,00"),
            ("Linje", "Leje", "600,00"),
            ("Bevægelse", "Opkrævning", "10600,00"),
            ("Bevægelse", "Indbetaling", "-9365,50"),
            ("Bevægelse", "Indbetaling", "-500,00"),
            ("Beholdning", "Depositum", "30000,00"),
            ("Beholdning", "Aconto varme", "600,00"),
        ]

    def test_cells_of_a_charge_its_line_a_movement_and_a_holding(self) -> None:
        rows = csv_rows(STATEMENT)
        filled = [{name: cell for name, cell in list(row.items())[4:-1] if cell} for row in rows]
        assert filled[8] == {
            "Dato": "2026-07-01",
            "Reference": "2026-07",
            "Tekst": "Leje m.m. juli 2026",
            "Beløb": "10600,00",
            "Restbeløb": "1234,50",
            "Forfalden": "ja",
        }
        assert filled[9] == {
            "Dato": "2026-07-01",
            "Reference": "2026-07",
            "Opkrævningstype": "1000",
            "Tekst": "Leje",
            "Periode fra": "2026-07-01",
            "Periode til": "2026-07-31",
            "Beløb": "10000,00",
            "Momssats i %": "25,00",
            "Moms": "2000,00",
        }
        assert filled[12] == {
            "Dato": "2026-07-01",
            "Tekst": "Betalingsservice",
            "Beløb": "-9365,50",
            "Saldo": "1234,50",
        }
        assert filled[15] == {"Dato": "2026-07-15", "Beløb": "600,00", "Saldo": "530,12"}

    def test_chosen_charges_alone_have_no_ageing(self) -> None:
        parts = {row["Afsnit"] for row in csv_rows(STATEMENT._replace(chosen=True, movements=(), holdings=()))}
        assert parts == {"Saldo", "Opkrævning", "Linje"}

    @pytest.mark.parametrize("name", ["=1+1", "+45 12345678", "-2", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "\ufeff=1"])
    def test_a_text_is_never_a_formula(self, name: str) -> None:
        assert csv_rows(renamed(name))[0]["Lejer"] == "'" + name.strip("\t\r\n \ufeff")

    def test_a_negative_amount_stays_a_number(self) -> None:
        assert csv_rows(SWEDISH)[0]["Belopp"] == "-1234567,89"

    @given(st.text(st.characters(codec="utf-8"), max_size=60))
    def test_any_name_is_one_cell(self, name: str) -> None:
        rows = csv_rows(renamed(name))
        assert len(rows) == 16
        assert not rows[0]["Lejer"].startswith(("=", "+", "-", "@", "\t", "\r"))


class TestXlsx:
    def test_numbers_and_dates_are_numbers_and_dates(self) -> None:
        book = workbook(STATEMENT, SWEDISH)
        sheets = ["Oversigt", "Opkrævninger", "Andre skyldige beløb", "Linjer", "Bevægelser", "Beholdninger"]
        assert book.sheetnames == sheets
        overview = list(book["Oversigt"].values)
        assert overview[0][:6] == ("Lejemål", "Lejer", "Opgjort pr.", "Saldo", "Heraf forfalden", "Kommende")
        day = midnight(2026, 7, 15)
        assert overview[1] == ("1-12-304-2", "Åse Østergaard", day, 1234.5, 1234.5, -500, 0, 1234.5, 0, 0, 0, "DKK")
        assert overview[2] == ("2-1-1-1", "Örjan Åkesson", day, -1234567.89, 0, -500, 0, 1234.5, 0, 0, 0, "SEK")
        assert list(book["Opkrævninger"].values)[1][2:] == (
            "2026-07",
            "Leje",
            "Leje m.m. juli 2026",
            midnight(2026, 7, 1),
            10600,
            9365.5,
            1234.5,
            "ja",
            "DKK",
        )
        assert list(book["Linjer"].values)[1][2:] == (
            "2026-07",
            midnight(2026, 7, 1),
            "1000",
            "Leje",
            midnight(2026, 7, 1),
            midnight(2026, 7, 31),
            10000,
            25,
            2000,
            "DKK",
        )
        assert [row[5:7] for row in book["Bevægelser"].values][1:4] == [
            (10600, 10600),
            (-9365.5, 1234.5),
            (-500, 734.5),
        ]
        assert list(book["Beholdninger"].values)[2][2:] == ("Aconto varme", 600, 530.12, "DKK")

    def test_sheets_are_ready_to_read(self) -> None:
        for sheet in workbook(STATEMENT):
            assert sheet.freeze_panes == "C2"
            assert sheet.auto_filter.ref == sheet.dimensions
            assert all(sheet.column_dimensions[cell.column_letter].width >= 9 for cell in sheet[1])
        sheet = workbook(STATEMENT)["Oversigt"]
        assert (sheet["C2"].number_format, sheet["D2"].number_format) == ("mm-dd-yy", "#,##0.00")

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-2", "@SUM(A1)", '=HYPERLINK("http://example.com")'])
    def test_a_text_is_never_a_formula(self, name: str) -> None:
        cell = workbook(renamed(name))["Oversigt"]["B2"]
        assert (cell.value, cell.data_type, cell.quotePrefix, cell.number_format) == (name, "s", True, "@")

    def test_control_characters_do_not_break_it(self) -> None:
        assert workbook(renamed("A\x00\x07B\nC\x85"))["Oversigt"]["B2"].value == "A B C"

    def test_holds_no_moment_of_writing(self) -> None:
        with zipfile.ZipFile(io.BytesIO(render([STATEMENT], "xlsx"))) as archive:
            assert {member.date_time for member in archive.infolist()} == {(2026, 7, 16, 0, 0, 0)}
            assert b"2026-07-16T00:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")

    def test_more_rows_than_excel_opens_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("hub.reports.statement.as_xlsx.SHEET_ROWS_MAX", 4)
        assert workbook(STATEMENT)
        with pytest.raises(HubError, match="'Linjer' would need 5 rows"):
            render([STATEMENT, SWEDISH], "xlsx")


class TestJson:
    def test_the_whole_statement(self) -> None:
        document = json.loads(render([STATEMENT], "json"))
        assert document["schema"] == "hub.statement/1"
        (found,) = document["statements"]
        assert found["tenancy"] == "1-12-304-2"
        assert found["tenant"] == {
            "name": "Åse Østergaard",
            "second_name": "Bjørn Ærø",
            "address": ["Søndergade 14, 2. th.", "8000 Aarhus C"],
        }
        assert (found["as_of"], found["made_on"], found["chosen"]) == ("2026-07-15", "2026-07-16", False)
        assert (found["balance"], found["overdue"], found["coming"]) == ("1234.50", "1234.50", "-500.00")
        assert found["ageing"] == {
            "not_due": "0.00",
            "under_30": "1234.50",
            "from_30_to_60": "0.00",
            "over_60": "0.00",
            "credit": "0.00",
        }
        (charge,) = found["charges"]
        assert charge["lines"][0] == {
            "charge_type": "1000",
            "text": "Leje",
            "period_from": "2026-07-01",
            "period_to": "2026-07-31",
            "amount": "10000.00",
            "vat_rate": "25.00",
            "vat": "2000.00",
        }
        assert (charge["settled"], charge["remaining"], charge["overdue"]) == ("9365.50", "1234.50", True)
        assert found["movements"][1] == {
            "value_date": "2026-07-01",
            "kind": "payment",
            "text": "Betalingsservice",
            "amount": "-9365.50",
            "balance": "1234.50",
        }
        assert found["holdings"][1] == {"name": "heat", "charged": "600.00", "held": "530.12"}

    def test_code_names_are_the_same_in_every_language(self) -> None:
        danish, swedish = json.loads(render([STATEMENT, SWEDISH], "json"))["statements"]
        assert danish["charges"] == swedish["charges"]
        assert danish["movements"] == swedish["movements"]


class TestWords:
    @pytest.mark.parametrize("language", ["da", "sv"])
    def test_every_kind_of_the_ledger_has_a_word(self, language: Language) -> None:
        words = words_of(language)
        assert all(charge_kind(words, kind) for kind in kinds.CHARGE_KINDS)
        assert all(movement_kind(words, kind) for kind in ENTRY_KINDS)
        assert all(holding_name(words, name) != name for name in kinds.HOLDINGS)

    def test_a_holding_of_the_companys_own_keeps_its_name(self) -> None:
        assert holding_name(words_of("da"), "antenne") == "antenne"

    def test_a_kind_without_a_word_is_refused(self) -> None:
        odd = STATEMENT._replace(movements=(MovementRow(date(2026, 7, 1), "bonus", "", 0, 0),))
        with pytest.raises(HubError, match="no word for the movement kind 'bonus'"):
            render([odd], "csv")

    @pytest.mark.parametrize(
        ("ore", "danish", "swedish"),
        [
            (0, "0,00", "0,00"),
            (5, "0,05", "0,05"),
            (-123_450, "-1.234,50", "−1\u00a0234,50"),
            (123_456_789, "1.234.567,89", "1\u00a0234\u00a0567,89"),
        ],
    )
    def test_amounts(self, ore: int, danish: str, swedish: str) -> None:
        assert amount_text(ore, "da") == danish
        assert amount_text(ore, "sv") == swedish

    @settings(max_examples=200)
    @given(st.integers(-(10**15), 10**15))
    def test_an_amount_reads_back(self, ore: int) -> None:
        assert int(amount_text(ore, "da").replace(".", "").replace(",", "")) == ore
