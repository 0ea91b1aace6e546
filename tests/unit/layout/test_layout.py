"""Layouts: positions from construct and from config, all that is wrong with them at once, building, gaps."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from construct import Byte, Bytes, Struct

from hub.plugin import HubError
from hub.plugin.layout import (
    Amount,
    Choice,
    Day,
    Digits,
    Field,
    Gap,
    Key,
    Layout,
    LayoutError,
    Literal,
    Number,
    Text,
    UnfitError,
    View,
    records,
)

PAYMENT = Layout(
    "BS042 of section 0211",
    Struct(
        "record_type" / Literal(b"BS042"),
        "creditor" / Digits(8),
        "code" / Choice({b"0236": "paid", b"0237": "rejected"}),
        "zeros" / Literal(b"000"),
        "group" / Digits(5),
        "customer" / Text(15),
        "mandate" / Digits(9),
        "due" / Day("DDMMYY"),
        "sign" / Choice({b"0": 0, b"1": 1, b"2": -1}),
        "amount" / Amount(13),
        "reference" / Text(30),
        Gap(4),
        "paid_on" / Day("DDMMYY", zeros="none"),
        "booked_on" / Day("DDMMYY", zeros="none"),
        "paid" / Amount(13),
    ),
)
SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples" / "betalingsservice"


def result_layout(**changes: tuple[int | None, Field]) -> Layout:
    """The result file of set-up sheet section 12 (gap at 20, R34)."""
    fields: dict[str, tuple[int | None, Field]] = {
        "company": (1, Key(4)),
        "property": (5, Key(6)),
        "unit": (11, Key(6)),
        "tenant": (17, Key(3)),
        "amount": (21, Amount(10)),
        "sign": (31, Choice({b"+": 1, b"-": -1})),
        "period_from": (0, Day("DDMMYYYY")),
        "period_to": (None, Day("DDMMYYYY")),
    }
    return Layout.at("result file", 31, fields | changes)


def places(layout: Layout) -> list[tuple[str, int, int, str]]:
    return [(place.name, place.first, place.last, place.title) for place in layout.fields]


def test_config_positions_become_fields_and_gaps() -> None:
    layout = result_layout()
    assert layout.length == 31
    assert places(layout) == [
        ("company", 1, 4, "key"),
        ("property", 5, 10, "key"),
        ("unit", 11, 16, "key"),
        ("tenant", 17, 19, "key"),
        ("", 20, 20, "gap"),
        ("amount", 21, 30, "amount"),
        ("sign", 31, 31, "choice"),
    ]
    row = layout.reader()(b"0001000012000304002 0000125050-", 1)
    assert row == ("1", "12", "304", "2", 125050, -1)
    assert row.tenant == "2"


def test_fields_may_stand_in_any_order_and_the_rest_of_the_record_is_a_gap() -> None:
    layout = Layout.at("any", 12, {"second": (8, Number(2)), "first": (2, Digits(3))})
    assert [(name, first, last) for name, first, last, _ in places(layout)] == [
        ("", 1, 1),
        ("first", 2, 4),
        ("", 5, 7),
        ("second", 8, 9),
        ("", 10, 12),
    ]
    assert layout.build(first="012", second=7) == b" 012   07   "


def test_every_problem_is_named_at_once_with_both_fields_and_their_positions() -> None:
    with pytest.raises(LayoutError) as refusal:
        result_layout(
            property=(4, Key(6)),
            tenant=(17, Key(0)),
            amount=(30, Amount(10, implied_decimals=5)),
            period_from=(-1, Day("DDMMYYYY")),
            period_to=(29, Day("DD-MM-YY")),
            name=(20, Text(1, "utf-8")),
        )
    assert refusal.value.problems == [
        "field 'period_from' starts at -1; positions count from 1",
        "field 'tenant' has the length 0, which must be 1 or more",
        "field 'name' has the encoding 'utf-8'; byte positions need a single-byte encoding: allowed are ascii, cp1252, "
        "cp850, cp865, iso8859-1, iso8859-15",
        "field 'period_to' (29-36) ends beyond the record of 31 bytes",
        "field 'period_to' has the date format 'DD-MM-YY'; allowed are DDMMYY, DDMMYYYY, YYMMDD, YYYYMMDD",
        "field 'amount' (30-39) ends beyond the record of 31 bytes",
        "field 'amount' has 5 implied decimals, allowed are 0 to 4",
        "field 'period_from' (-1-6) and field 'company' (1-4) overlap at 1-4",
        "field 'period_from' (-1-6) and field 'property' (4-9) overlap at 4-6",
        "field 'company' (1-4) and field 'property' (4-9) overlap at 4-4",
        "field 'period_to' (29-36) and field 'amount' (30-39) overlap at 30-36",
        "field 'period_to' (29-36) and field 'sign' (31-31) overlap at 31-31",
        "field 'amount' (30-39) and field 'sign' (31-31) overlap at 31-31",
    ]
    assert isinstance(refusal.value, HubError)
    assert "layout 'result file'" in str(refusal.value)


def test_neighbours_do_not_overlap() -> None:
    assert Layout.at("tight", 4, {"a": (1, Digits(2)), "b": (3, Digits(2))}).length == 4


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf-16", "no-such", "", "shift_jis", "a\x00"])
def test_only_single_byte_encodings(encoding: str) -> None:
    with pytest.raises(LayoutError, match="has the encoding"):
        result_layout(unit=(11, Key(6, encoding)))


@pytest.mark.parametrize("encoding", ["latin-1", "ISO-8859-1", "windows-1252", "IBM865", "cp850", "latin9"])
def test_encodings_go_by_all_their_names(encoding: str) -> None:
    unit = result_layout(unit=(11, Key(6, encoding))).reader()(b"0001000012 kl 3 002 0000125050-", 1).unit
    assert unit == "kl 3"


@pytest.mark.parametrize(
    ("struct", "problem"),
    [
        (Struct("raw" / Bytes(4)), "field 'raw' is a Bytes, no field type of hub.plugin.layout"),
        (Struct("a" / Digits(1), Byte), "field '' is a FormatField, no field type of hub.plugin.layout"),
        (Struct(Digits(2), "b" / Digits(1)), "the digits at 1-2 has no name"),
        (Struct("a" / Digits(2), "a" / Digits(1)), "2 fields have the name 'a'"),
        (Struct("class" / Digits(2)), "'class' cannot be a field's name"),
        (Struct("_a" / Digits(2)), "'_a' cannot be a field's name"),
        (Struct("a b" / Digits(2)), "'a b' cannot be a field's name"),
        (Struct("a" / Digits(2), "v" / View(2, 3, Digits(2))), "field 'v' (2-3) lies outside the record of 2 bytes"),
        (Struct("a" / Digits(2), "v" / View(0, 1, Digits(2))), "field 'v' (0-1) lies outside the record of 2 bytes"),
        (
            Struct("a" / Digits(2), "v" / View(1, 2, Digits(1))),
            "field 'v' views positions 1-2, but its type takes 1 bytes",
        ),
        (Struct("a" / Number(19)), "field 'a' has 19 digits, more than the 18 that a number may have"),
        (Struct("a" / Choice({b"x": 1, b"yy": 2})), "field 'a' has codes of different lengths"),
        (Struct("a" / Choice({})), "field 'a' has the length 0, which must be 1 or more"),
        (Struct(Gap(3)), "no field has a name"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(struct: Struct, problem: str) -> None:
    with pytest.raises(LayoutError) as refusal:
        Layout("wrong", struct)
    assert problem in refusal.value.problems


def test_a_view_reads_what_other_fields_own_and_is_not_written() -> None:
    """Section 0215: positions 26-44 are also 26-29 and 30-44."""
    layout = Layout(
        "slip",
        Struct(
            "start" / Digits(4), "whole" / View(1, 9, Text(9)), "customer" / Text(5), "year" / View(6, 9, Number(4))
        ),
    )
    row = layout.reader()(b"000012026", 1)
    assert row == ("0000", "000012026", "12026", 2026)
    assert layout.build(**row._asdict()) == layout.build(start="0000", customer="12026") == b"000012026"


def test_build_says_which_value_does_not_fit_and_where() -> None:
    layout = result_layout()
    values = {"company": "1", "property": "12", "unit": "304", "tenant": "2", "amount": 125050, "sign": 1}
    assert layout.build(**values) == b"0001000012000304002 0000125050+"
    with pytest.raises(UnfitError) as refusal:
        layout.build(**values | {"tenant": "1234"})
    assert (
        str(refusal.value)
        == "result file, positions 17-19, field 'tenant': found '1234', expected text of at most 3 bytes"
    )
    with pytest.raises(UnfitError, match=r"no value for 'sign'; no field for 'name'$"):
        layout.build(**{key: value for key, value in values.items() if key != "sign"}, name="x")


def test_content_in_a_gap_is_told_and_still_read() -> None:
    layout = Layout.at("gappy", 8, {"a": (2, Digits(2)), "b": (6, Digits(1))})
    assert layout.gap_content(b" 12  3  ") == []
    assert layout.gap_content(b"x12\x00 3\t9") == [(1, 1, b"x"), (4, 5, b"\x00 "), (7, 8, b"\t9")]
    assert layout.gap_content(b" 12  3\t ") == [(7, 8, b"\t ")]
    assert layout.reader()(b"x12\x00 3\t9", 1) == ("12", "3")


def test_records_of_a_real_delivery_are_read_and_written_back_byte_for_byte() -> None:
    path = SAMPLES / "0602_sections0211+0215_automatic-completed-and-rejected.txt"
    if not path.exists():
        pytest.skip("the samples are not beside this checkout")
    read = PAYMENT.reader(date(2009, 12, 30))
    paid = rejected = 0
    with path.open("rb") as stream:
        for line, record in records(stream, PAYMENT.length):
            if record[:5] != b"BS042" or record[13:17] not in (b"0236", b"0237"):
                continue
            row = read(record, line)
            assert row == PAYMENT.interpret(record, line, date(2009, 12, 30))
            assert PAYMENT.build(**row._asdict()) == record
            paid += row.paid
            rejected += row.code == "rejected"
    assert (paid, rejected) == (17_400_00, 7)
