"""The letter with a payment slip, read back: what it says, the line that machines read, the same bytes each time."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from hub.collecting.slip_pdf import SlipLetter, render_slip, render_slips

LINE = "+71<026840149965328+80882939<"
LETTER = SlipLetter(
    company="Ejendomsselskabet Søndergården ApS",
    company_lines=("Åboulevarden 12", "8000 Aarhus C"),
    recipient=("Åse Østergaard", "", "Søndergade 14, 2. th.", "8000 Aarhus C"),
    tenancy="1-12-304-2",
    number="000000017",
    made_on=date(2026, 11, 20),
    due=date(2026, 12, 1),
    amount=1_795_005,
    before=("Varmen læses af i december.",),
    rows=(("Husleje 01.12.2026-31.12.2026", 1_695_005), ("Parkering", 100_000), ("  heraf moms 25 %", 20_000)),
    after=("Spørgsmål? Ring til kontoret.",),
    card_type="71",
    payment_id="026840149965328",
    slip_creditor="80882939",
)
_POINTS_AN_INCH = 72


def pages(content: bytes) -> list[str]:
    """The words of each page, parted by single blanks."""
    return [re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(io.BytesIO(content)).pages]


def fonts(page: PageObject) -> dict[str, Any]:
    """By name without the mark of a subset, the descriptor."""
    resources: Any = page["/Resources"]
    descendants = (font.get_object()["/DescendantFonts"][0].get_object() for font in resources["/Font"].values())
    return {font["/BaseFont"].partition("+")[2]: font for font in descendants}


def test_letter_and_slip_say_what_is_demanded() -> None:
    (page,) = pages(render_slip(LETTER))
    for said in (
        "Ejendomsselskabet Søndergården ApS Åboulevarden 12 8000 Aarhus C Åse Østergaard Søndergade 14, 2. th.",
        "Lejemål 1-12-304-2 Opkrævning nr. 000000017",
        "Varmen læses af i december. Opkrævning Kr. Husleje 01.12.2026-31.12.2026 16.950,05 Parkering 1.000,00",
        "heraf moms 25 % 200,00 Spørgsmål? Ring til kontoret. Beløb 17.950,05 kr. Betales senest 01.12.2026",
        "Kortart 71 Betalings-id 026840149965328 Kreditornr. 80882939 Kvittering",
        "Indbetaler Åse Østergaard",
        "Kroner Øre 17950 05 Betales senest 01.12.2026 Indbetalingskort",
    ):
        assert said in page
    assert page.endswith(f"Kroner Øre 17950 05 Betales senest 01.12.2026 {LINE}")


def test_the_line_is_ocr_b_at_ten_characters_an_inch_and_every_font_is_in_the_file() -> None:
    (page,) = PdfReader(io.BytesIO(render_slip(LETTER))).pages
    sizes: list[float] = []

    def saw(text: str, _cm: object, _tm: object, _font: object, size: float) -> None:
        if LINE in text:
            sizes.append(size)

    page.extract_text(visitor_text=saw)
    used = fonts(page)
    (ocr,) = (font for name, font in used.items() if name.startswith("OCRB"))
    # One range: characters from 0 to the last are of this width, in thousandths of the size.
    first, _, width = ocr["/W"]
    assert first == 0
    assert sizes[0] * width / 1000 == pytest.approx(_POINTS_AN_INCH / 10, abs=0.001)
    for font in used.values():
        assert {"/FontFile2", "/FontFile3"} & font["/FontDescriptor"].keys()


def test_the_same_letter_gives_the_same_bytes_tagged_for_screen_readers() -> None:
    content = render_slip(LETTER)
    assert render_slip(LETTER) == content
    reader = PdfReader(io.BytesIO(content))
    assert "/StructTreeRoot" in reader.trailer["/Root"].get_object()
    assert reader.metadata is not None
    assert reader.metadata.title == "Opkrævning 1-12-304-2 til betaling 01.12.2026"


def test_long_names_and_texts_take_a_second_page_and_the_slip_stays_at_its_foot() -> None:
    long = LETTER._replace(
        company="Æ" * 200,
        company_lines=("Øvej " * 30,) * 3,
        recipient=("Å" * 300, "Navn " * 60, "x" * 120, "8000 Aarhus C"),
        rows=tuple((f"Linje {number} {'tekst ' * 20}", 100) for number in range(20)),
    )
    first, last = pages(render_slip(long))
    assert LINE not in first
    assert last.endswith(LINE)
    assert "Linje 19" in last


def test_a_name_is_never_read_as_markup() -> None:
    (page,) = pages(render_slip(LETTER._replace(recipient=("#pagebreak() *Bo* $x$ <a> @b",))))
    assert "#pagebreak() *Bo* $x$ <a> @b" in page


def test_a_card_without_an_id_tells_the_payer_what_to_write() -> None:
    (page,) = pages(render_slip(LETTER._replace(card_type="73", payment_id="")))
    assert "Meddelelse til modtager 1-12-304-2 000000017" in page
    assert "Betalings-id" not in page
    assert page.endswith("+73<+80882939<")


def test_a_stack_has_the_letters_in_their_order_each_with_its_own_pages() -> None:
    long = LETTER._replace(rows=tuple((f"Linje {number} {'tekst ' * 20}", 100) for number in range(30)))
    stack = [LETTER, long, *(LETTER._replace(tenancy=f"1-12-{number}-1") for number in range(20))]
    content = render_slips(iter(stack))
    first, second, third, *rest = pages(content)
    assert [LINE in page for page in (first, second, third)] == [True, False, True]
    assert ["Side 2" in page for page in (first, second, third)] == [False, False, True]
    assert ["Side" in page for page in rest] == [False] * 20
    assert [f"1-12-{number}-1" in page for number, page in enumerate(rest)] == [True] * 20
    assert render_slips(iter(stack)) == content
