"""What may be packed in an XLSX: no more than is told and allowed, before anything is unpacked."""

from __future__ import annotations

import io
import random
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import FileView, Malformed, Mine, NotMine, Record, ShownField
from hub_mobilepay import Plugin
from hub_mobilepay.settings import MobilePaySettings

Read = Callable[..., list[Record]]
RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET, TEXTS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"


def repacked(content: bytes, **changed: bytes) -> bytes:
    """With other content of some parts: ``sheet``, ``texts``, ``book``, or new ones by name."""
    names = {"sheet": SHEET, "texts": TEXTS, "book": BOOK}
    new = {names.get(name, name): part for name, part in changed.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        parts = {info.filename: old.read(info) for info in old.infolist()} | new
        for name, part in parts.items():
            made.writestr(name, part)
    return packed.getvalue()


def part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


@pytest.fixture
def month(layout_b: Any) -> bytes:
    content: bytes = layout_b.xlsx(layout_b.month())
    return content


@pytest.fixture
def with_sheet(month: bytes) -> Callable[[str, str], bytes]:
    """The sheet with one text in it replaced."""

    def make(old: str, new: str) -> bytes:
        sheet = part(month, SHEET).decode()
        assert old in sheet
        return repacked(month, sheet=sheet.replace(old, new, 1).encode())

    return make


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"unpacked_bytes_max": 3_000}, "too large when unpacked: found .* bytes, expected at most 3000"),
        (
            {"ratio_max": 2},
            "too large when unpacked: found [0-9]+ times its own [0-9]+ bytes, expected at most 2 times",
        ),
        ({"parts_max": 3}, "too many parts: found [0-9]+, expected at most 3|too long a table of contents"),
        ({"shared_texts_bytes_max": 1_024}, "too many texts: found [0-9]+ bytes, expected at most 1024"),
        ({"rows_max": 7}, "too many rows: found row 8, expected at most 7"),
    ],
)
def test_every_limit_is_a_setting_that_the_refusal_names(
    read: Read, month: bytes, limits: dict[str, int], said: str
) -> None:
    with pytest.raises(Malformed, match=said) as refused:
        read(month, xlsx=limits)
    assert f"settings.xlsx.{next(iter(limits))}" in str(refused.value)


@pytest.fixture
def read(view: Callable[..., FileView], plugin: Callable[..., Plugin]) -> Read:
    """Under the vendor's own name for it, by which it is known whatever is in it."""

    def go(content: bytes, **settings: Any) -> list[Record]:
        asked, file = plugin(**settings), view(content, "710042-2000107.xlsx")
        said = asked.identify(file)
        assert said == Mine("settlement-xlsx")
        return list(asked.read(file, said.kind))

    return go


def test_a_bomb_is_refused_before_it_is_unpacked(read: Read, month: bytes) -> None:
    """100 MB of blanks in 100 kB."""
    bomb = repacked(month, texts=b" " * 100_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Malformed, match="too large when unpacked"):
            read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_what_is_unpacked_is_never_more_than_is_told(read: Read, month: bytes) -> None:
    """The sizes in the table of contents say 1,000 bytes of a part of 10 MB."""
    large = repacked(month, texts=b"<sst>" + b" " * 10_000_000 + b"</sst>")
    at = large.rindex(b"PK\x01\x02", 0, large.rindex(TEXTS.encode()))
    lying = large[: at + 24] + struct.pack("<L", 1_000) + large[at + 28 :]
    with pytest.raises(Malformed, match=r"xl/sharedStrings.xml"):
        read(lying)


def test_a_table_of_contents_with_too_many_entries_is_not_read(read: Read, month: bytes) -> None:
    many = repacked(month, **{f"xl/{number:060}": b"" for number in range(3_000)})
    with pytest.raises(Malformed, match="too long a table of contents"):
        read(many)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (b"<a>" * 1_000_000, "more than 256 elements within each other"),
        (b"".join(b"<a%d/>" % number for number in range(200_000)), "more than 10000 names of elements and attributes"),
    ],
    ids=["levels", "names"],
)
def test_what_a_parser_would_have_to_remember_is_limited(read: Read, month: bytes, rows: bytes, said: str) -> None:
    """Within the ratio: the rest of the file is of what cannot be packed."""
    head = part(month, SHEET).partition(b"<sheetData>")[0]
    bomb = repacked(month, sheet=head + b"<sheetData>" + rows, noise=random.Random(1).randbytes(200_000))
    tracemalloc.start()
    try:
        with pytest.raises(Malformed, match=f"{SHEET}, line 1: {said}"):
            read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


DOCTYPE = '<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("name", ["sheet", "texts", "book"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_in_any_part_is_refused(read: Read, month: bytes, name: str, encoding: str) -> None:
    of = {"sheet": SHEET, "texts": TEXTS, "book": BOOK}[name]
    content = part(month, of).decode().partition("?>")[2] or part(month, of).decode()
    bad = f'<?xml version="1.0" encoding="{encoding}"?>{DOCTYPE}{content}'.encode(encoding)
    with pytest.raises(Malformed, match=rf"{of}, line 1: a DOCTYPE"):
        read(repacked(month, **{name: bad}))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<row r="7"', '<row r="5"', "row '5' after row 6"),
        ('<row r="7"', '<row r="4000000000"', "row '4000000000' after row 6"),
        ('<row r="7"', '<row r="400000"', "too many rows: found row 400000"),
        ('<c r="B6"', '<c r="A6"', "line 6: found cell A6, expected cells from A to BL, each once and in order"),
        ('<c r="B6"', '<c r="ZZZ6"', "line 6: found cell ZZZ6"),
        ('<c r="B6"', '<c r="B7"', "line 6: a cell that calls itself 'B7'"),
        (
            "<v>6950</v>",
            "<v>6950.001</v>",
            "line 6, field 'Brutto, cell G6': found '6950.001', expected an amount with",
        ),
        ("<v>6950</v>", "<v>6950,00</v>", "field 'Brutto, cell G6': found '6950,00', expected a number"),
        ("<v>6950</v>", "<v>1E+999</v>", "field 'Brutto, cell G6': found '1E+999', expected an amount that can be"),
        ("<v>6950</v>", "<v>NaN</v>", "field 'Brutto, cell G6': found 'NaN', expected a number"),
        ('"><v>6950</v>', '" t="str"><v>6950</v>', "field 'Brutto, cell G6': found '6950', expected a number of the"),
        ('"><v>6950</v>', '" t="s"><v>9999</v>', "line 6: text '9999' of cell G6 is not in the file"),
        ("</sheetData>", "</sheetDat>", "xl/worksheets/sheet1.xml, line 1: no XML"),
    ],
)
def test_what_is_wrong_in_the_sheet_is_named(read: Read, with_sheet: Any, old: str, new: str, said: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(with_sheet(old, new))
    assert said in str(refused.value)


def test_a_number_with_the_noise_of_base_2_is_its_amount(read: Read, with_sheet: Any) -> None:
    assert read(with_sheet("<v>6950</v>", "<v>6949.9999999999991</v>"))[0].amount == 695_000
    assert read(with_sheet("<v>6950</v>", "<v>6.95E+3</v>"))[0].amount == 695_000


def test_cells_may_be_without_addresses_and_texts_in_pieces(read: Read, month: bytes) -> None:
    sheet = re.sub(r'<c r="[A-Q]5"', "<c", part(month, SHEET).decode()).replace('<row r="5">', "<row>")
    spoken = "<r><t>Salgs</t></r><r><t>dato</t></r><rPh><t>x</t></rPh>"
    texts = part(month, TEXTS).decode().replace("<t>Salgsdato</t>", spoken)
    assert read(repacked(month, sheet=sheet.encode(), texts=texts.encode())) == read(month)


def test_what_another_program_writes_is_read(read: Read, layout_b: Any) -> None:
    """openpyxl: styles, properties, and the parts that spreadsheet programs add."""
    rows = layout_b.month()[:-1]
    sheet = openpyxl.Workbook().active
    for row in rows:
        sheet.append([cell / 100 if isinstance(cell, int) else cell for cell in row])
    written = io.BytesIO()
    sheet.parent.save(written)
    assert read(written.getvalue()) == read(layout_b.xlsx(rows))


def test_a_second_sheet_is_refused(read: Read, month: bytes) -> None:
    book = part(month, BOOK).replace(b"</sheets>", b'<sheet name="More" sheetId="2" id="rId1"/></sheets>')
    with pytest.raises(Malformed, match="another workbook: found several sheets, expected one"):
        read(repacked(month, book=book))


def test_the_strict_form_of_the_standard_is_read(read: Read, month: bytes) -> None:
    book = part(month, BOOK).replace(RELATIONS, b"http://purl.oclc.org/ooxml/officeDocument/relationships")
    assert book != part(month, BOOK)
    assert read(repacked(month, book=book)) == read(month)


@pytest.mark.parametrize("missing", [SHEET, BOOK, "xl/_rels/workbook.xml.rels"])
def test_a_part_that_is_missing_is_named(read: Read, month: bytes, missing: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(month)) as old, zipfile.ZipFile(packed, "w") as made:
        for info in old.infolist():
            if info.filename != missing:
                made.writestr(info, old.read(info))
    with pytest.raises(Malformed, match=missing):
        read(packed.getvalue())


def test_a_locked_one_is_refused(read: Read, month: bytes) -> None:
    at = month.rindex(b"PK\x01\x02")
    with pytest.raises(Malformed, match="locked with a password"):
        read(month[: at + 8] + b"\x01\x00" + month[at + 10 :])


@pytest.mark.parametrize("kept", [10, 1_000, -1, -22, -30])
def test_a_cut_one_is_refused(read: Read, month: bytes, kept: int) -> None:
    with pytest.raises(Malformed, match="no XLSX, or one that is cut"):
        read(month[:kept])


@pytest.mark.parametrize("inline", [True, False])
def test_it_is_known_by_its_headings_wherever_they_stand(view: Any, plugin: Any, layout_b: Any, inline: bool) -> None:
    content = layout_b.xlsx(layout_b.month(), inline=inline)
    asked = plugin()
    assert asked.identify(view(content, "rapport.xlsx")) == Mine("settlement-xlsx")
    assert asked.identify(view(layout_b.xlsx(layout_b.front), "rapport.xlsx")) != Mine("settlement-xlsx")
    assert isinstance(asked.identify(view(content[:500], "rapport.xlsx")), NotMine)


def test_texts_may_stand_in_the_cells(read: Read, layout_b: Any) -> None:
    assert read(layout_b.xlsx(layout_b.month(), inline=True)) == read(layout_b.xlsx(layout_b.month()))


def test_a_broken_one_is_shown_as_far_as_it_goes(show: Callable[..., list[ShownField]], with_sheet: Any) -> None:
    shown = show(with_sheet('<c r="B8"', '<c r="ZZZ8"'))
    assert {field.record for field in shown} == set(range(1, 9))
    (wrong,) = (field for field in shown if field.problem)
    assert (wrong.record, wrong.layout) == (8, "end of the file")


def test_a_large_one_is_read_in_flat_memory(view: Any, plugin: Any, layout_b: Any) -> None:
    """Ten times the rows take no more: neither records nor a tree of the sheet are kept."""

    def peak_bytes(count: int) -> int:
        sold = (layout_b.transaction(str(number), str(number), 100) for number in range(count))
        file = view(layout_b.xlsx([layout_b.headings, *sold, layout_b.payout(100 * count)], inline=True))
        tracemalloc.start()
        try:
            assert sum(1 for _ in plugin().read(file, "settlement-xlsx")) == count + 1
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak_bytes(2_000) < 1.5 * peak_bytes(200)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([SHEET, TEXTS, BOOK]),
    changes=st.lists(
        st.tuples(st.integers(0, 9_000), st.integers(0, 40), st.binary(max_size=8)), min_size=1, max_size=3
    ),
)
def test_any_part_gives_records_or_a_refusal(
    tmp_path: Path, month: bytes, name: str, changes: list[tuple[int, int, bytes]]
) -> None:
    broken = part(month, name)
    for place, dropped, put in changes:
        at = place % (len(broken) + 1)
        broken = broken[:at] + put + broken[at + dropped :]
    content = repacked(month, **{name: broken})
    path = tmp_path / "any.xlsx"
    path.write_bytes(content)
    file, asked = FileView("1-1.xlsx", len(content), path), Plugin(MobilePaySettings())
    try:
        assert list(asked.read(file, "settlement-xlsx"))
    except Malformed:
        assert any(field.problem for field in asked.show(file))


@pytest.mark.parametrize("name", ["rapport.xlsx", "710042.xlsx", "rapport.csv", "settlement.xml", "302321-funds.json"])
def test_an_empty_file_is_called_empty_whatever_its_name(view: Any, plugin: Any, name: str) -> None:
    assert plugin().identify(view(b"", name)) == NotMine("the file is empty")
