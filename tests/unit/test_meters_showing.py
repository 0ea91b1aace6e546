"""``show`` of meter companies' plug-ins: every field of every line of a result or export, of broken files too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import FileView, Malformed, Remark, ShownField
from hub.plugin.meters import MeterVendor
from hub_brunata import Plugin as Brunata
from hub_own_meter import Plugin as OwnMeter

RESULT = {"implied_decimals": 2, "sign_tenant_pays": "+", "sign_tenant_receives": "-", "charge_type": "75040"}
COLUMNS = RESULT | {
    **{"delimiter": ";", "company_column": 1, "property_column": 2, "unit_column": 3, "tenant_column": 5},
    **{"amount_column": 6, "decimal_mark": ",", "sign_tenant_pays": "", "heading_lines": 1},
}
PAYS = "0001000012000304002 0000125050+"
EXPORTED = "0001000012000304002 00009000000106202400000000Åse Øst"

Show = Callable[..., list[ShownField]]


def _vendor(plugin: type[MeterVendor], **tables: Any) -> MeterVendor:
    return plugin(plugin.settings_model.model_validate(tables))


@pytest.fixture
def show(tmp_path: Path) -> Show:
    def go(vendor: MeterVendor, *lines: str, kind: str = "", encoding: str = "iso8859-1") -> list[ShownField]:
        path = tmp_path / "stored"
        path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
        options = {"kind": kind} if kind else {}
        return list(vendor.show(FileView("x.txt", path.stat().st_size, path, options=options)))

    return go


@pytest.fixture
def brunata() -> MeterVendor:
    return _vendor(Brunata, result=RESULT)


def problems(shown: list[ShownField]) -> list[tuple[int, str, int, int, str]]:
    return [(each.record, each.field, each.first, each.last, each.problem) for each in shown if each.problem]


def test_every_field_of_a_line_as_it_stands_and_as_it_is_understood(show: Show, brunata: MeterVendor) -> None:
    assert [(each.field, each.first, each.last, each.raw, each.value) for each in show(brunata, PAYS)] == [
        ("company", 1, 4, "0001", "1"),
        ("property", 5, 10, "000012", "12"),
        ("unit", 11, 16, "000304", "304"),
        ("tenant", 17, 19, "002", "2"),
        ("amount", 21, 30, "0000125050", "1250.50"),
        ("sign", 31, 31, "+", "tenant pays"),
    ]


def test_what_is_wrong_is_marked_at_its_bytes_and_hides_nothing_behind_it(show: Show, brunata: MeterVendor) -> None:
    broken = PAYS[:20] + "00001x5050" + "*"
    shown = show(brunata, PAYS, broken, PAYS[:10], "", PAYS + "tail", PAYS)
    assert problems(shown) == [
        (2, "amount", 21, 30, "found '00001x5050', expected 10 digits"),
        (2, "sign", 31, 31, "found '*', expected one of '+', '-'"),
        (3, "unit", 11, 16, "found '      ', expected a number, not blank"),
        (3, "tenant", 17, 19, "found '   ', expected a number, not blank"),
        (3, "amount", 21, 30, "found '          ', expected 10 digits"),
        (3, "sign", 31, 31, "found ' ', expected one of '+', '-'"),
        *((4, field.field, field.first, field.last, field.problem) for field in show(brunata, "") if field.record == 1),
        (5, "beyond", 32, 35, "wrong record length: found 35 bytes, expected 31 bytes"),
    ]
    assert [each.value for each in shown if each.record == 6][4] == "1250.50"


def test_what_only_the_reader_sees_is_marked_too(show: Show) -> None:
    period = {"period_from_start": 32, "period_to_start": 40}
    vendor = _vendor(Brunata, result=RESULT | period)
    shown = show(vendor, PAYS + "0106202531052025")
    assert problems(shown) == [
        (
            *(1, "period_to", 40, 47),
            "the period ends before it starts: found 2025-05-31, expected 2025-06-01 or later",
        )
    ]


def test_a_gap_with_content_is_shown_and_no_problem(show: Show, brunata: MeterVendor) -> None:
    shown = show(brunata, PAYS[:19] + "x" + PAYS[20:])
    assert [(each.first, each.raw) for each in shown if each.field == "gap"] == [(20, "x")]
    assert problems(shown) == []


def test_an_empty_file_and_a_byte_order_mark(show: Show, brunata: MeterVendor) -> None:
    assert problems(show(brunata)) == [(1, "record", 1, 1, "the file is empty")]
    ((line, field, first, last, problem),) = problems(show(brunata, "\ufeff" + PAYS, encoding="utf-8"))
    assert (line, field, first, last) == (1, "record", 1, 3)
    assert "UTF-8 byte order mark" in problem


def test_a_file_is_looked_at_as_what_it_fits_better(show: Show) -> None:
    vendor = _vendor(Brunata, result=RESULT, export={"implied_decimals": 2})
    assert {each.layout for each in show(vendor, PAYS)} == {"result"}
    export = show(vendor, EXPORTED.ljust(118))
    assert {each.layout for each in export} == {"export"}
    assert {each.field: each.value for each in export}["name"] == "Åse Øst"
    assert {each.layout for each in show(vendor, EXPORTED, kind="result")} == {"result"}
    ((*_, problem),) = problems(show(vendor, PAYS, kind="statement"))
    assert problem.startswith("no layout is set for such a file")


def test_columns_of_a_delimited_file(show: Show) -> None:
    vendor = _vendor(OwnMeter, result=COLUMNS)
    shown = show(
        vendor, "Selskab;Ejendom;Lejemål;Navn;Lejer;Beløb", "1;12;304;Åse;2;-7,50", "1;12;304;Åse;2;abc", "1;12"
    )
    assert shown[0].layout == "heading"
    values = {each.field: (each.first, each.value) for each in shown if each.record == 2}
    assert values == {"company": (1, "1"), "property": (2, "12"), "unit": (3, "304"), "tenant": (5, "2")} | {
        "amount": (6, "-7.50")
    }
    assert [(line, field, column) for line, field, column, *_ in problems(shown)] == [
        *[(3, "amount", 6), (4, "unit", 3), (4, "tenant", 5), (4, "amount", 6)]
    ]


def test_an_instance_of_pdfs_alone_shows_no_lines(show: Show) -> None:
    ((*_, problem),) = problems(show(_vendor(Brunata, statements={}), PAYS))
    assert problem == "no layout is set for such a file: give [settings.result] or [settings.export]"


@given(content=st.binary(max_size=300) | st.text("0123456789+- \r\n", max_size=200).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
def test_any_bytes_are_shown_and_something_is_wrong_exactly_where_reading_fails(
    tmp_path: Path, brunata: MeterVendor, content: bytes
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(content)
    file = FileView("x.txt", len(content), path)
    shown = list(brunata.show(file))
    refused, read = _read(brunata, file)
    if refused is not None:
        assert (refused.line or 1) in {each.record for each in shown if each.problem}
    else:
        assert problems(shown) == []
        assert {each.record for each in shown} == set(read)


def _read(vendor: MeterVendor, file: FileView) -> tuple[Malformed | None, list[int]]:
    """The refusal, and the lines that were read before it."""
    lines: list[int] = []
    try:
        lines += (record.record for record in vendor.read(file) if not isinstance(record, Remark))
    except Malformed as refused:
        return refused, lines
    return None, lines
