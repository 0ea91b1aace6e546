"""The letter as its reader sees it: the text of each page, read back."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta

import pytest
from pypdf import PdfReader

from hub.reports.statement import (
    Ageing,
    ChargeRow,
    Company,
    HoldingRow,
    LineRow,
    MovementRow,
    Statement,
    Tenant,
    render,
)

RENT = ChargeRow(
    "2026-07",
    "rent",
    "Leje m.m. juli 2026",
    date(2026, 7, 1),
    1_060_000,
    123_450,
    True,
    (LineRow("1000", "Leje", date(2026, 7, 1), date(2026, 7, 31), 1_060_000, vat_rate=2500, vat=212_000),),
)
NEXT = ChargeRow("2026-08", "other", "", date(2026, 8, 1), 50_000, 50_000, False)
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
    coming=50_000,
    ageing=Ageing(under_30=123_450),
    charges=(RENT, NEXT),
    movements=(
        MovementRow(date(2026, 7, 1), "charge", "Leje m.m. juli 2026", 1_060_000, 1_060_000),
        MovementRow(date(2026, 7, 1), "payment", "Betalingsservice", -936_550, 123_450),
        MovementRow(date(2026, 8, 1), "charge", "", 50_000, 173_450),
    ),
    holdings=(HoldingRow("deposit", 3_000_000, 3_000_000), HoldingRow("heat", 720_000, 660_012)),
)


def pages(*statements: Statement) -> list[str]:
    """The words of each page, parted by single blanks."""
    reader = PdfReader(io.BytesIO(render(statements, "pdf")))
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]


def with_movements(count: int) -> Statement:
    first = date(2026, 7, 15) - timedelta(days=count)
    return STATEMENT._replace(
        movements=tuple(
            MovementRow(first + timedelta(days=n), "payment", f"Nr. {n}.", -100, -100 * (n + 1)) for n in range(count)
        )
    )


def test_the_danish_letter() -> None:
    (page,) = pages(STATEMENT)
    for shown in (
        "Ejendomsselskabet Søndergården ApS Åboulevarden 12 8000 Aarhus C CVR-nr. 12345678",
        "Åse Østergaard Bjørn Ærø Søndergade 14, 2. th. 8000 Aarhus C",
        "Dato 16. juli 2026 Opgjort pr. 15. juli 2026 Lejemål 1-12-304-2 Valuta DKK",
        "Kontoudtog 1-12-304-2 Saldo 1.234,50 skyldigt beløb Heraf forfalden 1.234,50 Kommende 500,00",
        "01.07.2026 Leje m.m. juli 2026 Forfalden Leje · 2026-07",
        "Leje, 01.07.2026 – 31.07.2026, heraf moms 25 %: 2.120,00 10.600,00",
        "10.600,00 9.365,50 1.234,50",
        "01.08.2026 Anden opkrævning 2026-08 500,00 0,00 500,00",
        "I alt 11.100,00 9.365,50 1.734,50",
        "01.07.2026 Indbetaling Betalingsservice -9.365,50 1.234,50",
        "Saldo 15.07.2026 1.234,50 01.08.2026 Opkrævning 500,00 1.734,50",
        "Depositum 30.000,00 30.000,00 Aconto varme 7.200,00 6.600,12",
        "Ikke forfalden Forfalden < 30 dage Forfalden 30–60 dage Forfalden > 60 dage Til gode",
        "0,00 1.234,50 0,00 0,00 0,00",
        "Side 1 af 1",
    ):
        assert shown in page


def test_the_swedish_letter() -> None:
    (page,) = pages(
        STATEMENT._replace(language="sv", currency="SEK", tenant=Tenant("Örjan Åkesson"), balance=-123_450, overdue=0)
    )
    for shown in (
        "Örjan Åkesson",
        "Datum 16 juli 2026 Per datum 15 juli 2026 Kundnr 1-12-304-2 Valuta SEK",
        "Kontoutdrag 1-12-304-2 Saldo −1 234,50 tillgodo Varav förfallet 0,00 Kommande 500,00",
        "2026-07-01 Inbetalning Betalingsservice −9 365,50 1 234,50",
        "Deposition 30 000,00",
        "Ej förfallet Förfallet < 30 dagar",
        "Sida 1 av 1",
    ):
        assert shown in page


def test_chosen_charges_stand_alone_with_their_sum() -> None:
    (page,) = pages(STATEMENT._replace(chosen=True, charges=(RENT,)))
    assert "Opgørelse 1-12-304-2 Opgørelsen omfatter kun de opkrævninger, der er nævnt her." in page
    assert "Rest på de nævnte opkrævninger 1.234,50 Saldo 1.234,50" in page
    assert "I alt 10.600,00 9.365,50 1.234,50" in page
    for left_out in ("Bevægelse", "Beholdning", "fordelt efter forfald", "Kommende"):
        assert left_out not in page


def test_what_no_charge_demands_is_a_table_of_its_own() -> None:
    owed = ChargeRow("", "payout", "Udbetaling", date(2026, 7, 2), 10_000, 4_000, True)
    owing = STATEMENT._replace(debts=(owed, owed._replace(kind="chargeback", text="BS")))
    page = pages(owing)[0]
    assert "I alt 11.100,00 9.365,50 1.734,50 Andre skyldige beløb Forfaldsdato" in page
    assert "02.07.2026 Udbetaling Forfalden 100,00 60,00 40,00" in page
    assert "BS Forfalden Tilbageført betaling 100,00 60,00 40,00 I alt 200,00 120,00 80,00 Bevægelser" in page
    assert "Övriga obetalda belopp" in pages(owing._replace(language="sv"))[0]
    assert "Andre skyldige beløb" not in pages(STATEMENT)[0]


def test_nothing_to_list_says_so() -> None:
    (page,) = pages(STATEMENT._replace(charges=(), movements=(), holdings=(), balance=0))
    assert "Opkrævninger Ingen opkrævninger Bevægelser Ingen bevægelser Saldo fordelt efter forfald" in page
    assert "Saldo 0,00 Heraf forfalden" in page


def test_movements_that_begin_in_the_middle_show_the_balance_before() -> None:
    (page,) = pages(STATEMENT._replace(movements=STATEMENT.movements[1:]))
    assert "Saldo fra tidligere 10.600,00 01.07.2026 Indbetaling" in page
    assert "Saldo fra tidligere" not in pages(STATEMENT)[0]


def test_without_a_movement_since_the_balance_before_is_told_all_the_same() -> None:
    (danish,) = pages(STATEMENT._replace(movements=()))
    assert "Saldo fra tidligere 1.234,50 Saldo 15.07.2026 1.234,50" in danish
    assert "Ingen bevægelser" not in danish
    (swedish,) = pages(STATEMENT._replace(movements=(), balance=-123_450, language="sv", currency="SEK"))
    assert "Ingående saldo −1 234,50 Saldo 2026-07-15 −1 234,50" in swedish


def test_many_movements_repeat_their_header_and_lose_none() -> None:
    read = pages(with_movements(300))
    assert len(read) > 5
    for page in read[1:-1]:
        assert page.startswith("Åse Østergaard Kontoudtog 1-12-304-2 · Opgjort pr. 15. juli 2026 Dato Bevægelse Tekst")
    assert re.findall(r"Nr\. (\d+)\.", " ".join(read)) == [str(n) for n in range(300)]
    assert [page[-11:].strip() for page in read] == [f"Side {n} af {len(read)}" for n in range(1, len(read) + 1)]


def test_each_tenant_begins_on_a_page_of_their_own() -> None:
    other = STATEMENT._replace(tenant=Tenant("Ida Lund"), tenancy="1-12-305-1")
    read = pages(with_movements(60), other)
    assert len(read) == 4
    assert [re.findall(r"Side \d af \d", page) for page in read] == [
        ["Side 1 af 3"],
        ["Side 2 af 3"],
        ["Side 3 af 3"],
        ["Side 1 af 1"],
    ]
    assert ["Ida Lund" in page for page in read] == [False, False, False, True]


def test_a_stack_has_a_bookmark_for_each_tenant() -> None:
    other = STATEMENT._replace(tenancy="1-12-305-1")
    reader = PdfReader(io.BytesIO(render([with_movements(60), other], "pdf")))
    bookmarks = [(mark.title, reader.get_destination_page_number(mark)) for mark in reader.outline]
    assert bookmarks == [("Kontoudtog 1-12-304-2", 0), ("Kontoudtog 1-12-305-1", 3)]


@pytest.mark.parametrize(
    "name",
    [
        "#panic(1)",
        "*Fed* _kursiv_ $x^2$",
        '"); #read("/etc/passwd")',
        "\\u{41} `kode` <mærke> @ref",
        "= Overskrift",
        "// intet",
    ],
)
def test_a_name_is_never_read_as_markup(name: str) -> None:
    assert name in pages(STATEMENT._replace(tenant=Tenant(name)))[0]


def test_names_of_any_length_and_kind_wrap_inside_the_page() -> None:
    content = render([STATEMENT._replace(tenant=Tenant("W" * 200, "\x00A\u2028B\x85"))], "pdf")
    read = PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert "\nA B\n" in read
    assert [len(run) for run in re.findall("W+", read[: read.index("A B")])] == [20] * 10


def test_the_document_says_when_and_by_whom_it_was_made() -> None:
    for statements in ([STATEMENT], [STATEMENT, STATEMENT]):
        metadata = PdfReader(io.BytesIO(render(statements, "pdf"))).metadata
        assert metadata is not None
        assert metadata.author == STATEMENT.company.name
        assert (metadata.creation_date or date.min).strftime("%Y-%m-%d") == "2026-07-16"
        assert (metadata.title or "").startswith("Kontoudtog")


def test_a_long_stack_is_made_by_several_processes_in_the_order_given() -> None:
    tenancies = [f"1-12-{number}-1" for number in range(14)]
    stack = pages(*(STATEMENT._replace(tenancy=key) for key in tenancies))
    assert [re.findall(r"Kontoudtog (\S+) Saldo", page) for page in stack] == [[key] for key in tenancies]
