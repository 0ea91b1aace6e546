"""The generated reader says of every record what construct's own parser says, and says it with positions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from construct import Struct
from hypothesis import example, given
from hypothesis import strategies as st

from hub.plugin import Malformed
from hub.plugin.layout import (
    ENCODINGS,
    Amount,
    Choice,
    Day,
    Digits,
    Field,
    Gap,
    Key,
    Layout,
    Literal,
    Number,
    Refused,
    Text,
    View,
)

PIVOT = date(2026, 3, 1)

EVERY_TYPE = Layout(
    "every type",
    Struct(
        "start" / Literal(b"BS"),
        "digits" / Digits(3),
        "number" / Number(3),
        "text" / Text(4),
        "dos" / Text(3, "cp865"),
        Gap(2),
        "filler" / Gap(1),
        "key" / Key(3),
        "sign" / Choice({b"+": 1, b"-": -1}),
        "amount" / Amount(4),
        "kroner" / Amount(2, implied_decimals=0),
        "mille" / Amount(4, implied_decimals=3),
        "due" / Day("DDMMYY"),
        "paid_on" / Day("YYYYMMDD", zeros="none"),
        "whole" / View(3, 8, Digits(6)),
        "again" / View(41, 46, Day("YYMMDD", zeros="none")),
    ),
)
RECORD = b"BS007042S\xf8r ab   x 04+125099123004011020260301"


def outcome(read: Any, record: bytes) -> tuple[object, ...]:
    """The row with its types, or the whole refusal."""
    try:
        row = read(record, 7)
    except Malformed as error:
        return str(error), error.line, error.positions, error.field, error.found, error.expected
    return type(row), tuple((type(value), value) for value in row)


def assert_both_say_the_same(layout: Layout, record: bytes, pivot: date | None = PIVOT) -> None:
    said = outcome(lambda record, line: layout.interpret(record, line, pivot), record)
    assert outcome(layout.reader(pivot), record) == said
    assert outcome(layout.reader(pivot), record) == said, "a second time, from what the reader remembers"


def changed(first: int, raw: bytes) -> bytes:
    """RECORD with other bytes from a 1-based position."""
    return RECORD[: first - 1] + raw + RECORD[first - 1 + len(raw) :]


def test_a_record_of_every_type() -> None:
    for read in (EVERY_TYPE.reader(PIVOT), lambda record, line: EVERY_TYPE.interpret(record, line, PIVOT)):
        assert read(RECORD, 1)._asdict() == {
            "digits": "007",
            "number": 42,
            "text": "Sør",
            "dos": "ab",
            "key": "4",
            "sign": 1,
            "amount": 1250,
            "kroner": 9900,
            "mille": 123,
            "due": date(2010, 1, 4),
            "paid_on": date(2026, 3, 1),
            "whole": "007042",
            "again": date(2026, 3, 1),
        }


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (changed(1, b"BX"), "line 7, positions 1-2, field 'start': found 'BX', expected 'BS'"),
        (changed(3, b"1_0"), "line 7, positions 3-5, field 'digits': found '1_0', expected 3 digits"),
        (changed(6, b" 42"), "line 7, positions 6-8, field 'number': found ' 42', expected 3 digits"),
        (
            changed(9, b"S\xc3\xb8r"),
            "line 7, positions 9-12, field 'text': found 'SÃ¸r', expected text in iso8859-1, not in UTF-8",
        ),
        (
            changed(13, b"a\nb"),
            r"line 7, positions 13-15, field 'dos': found 'a\nb', expected text in cp865 without control characters",
        ),
        (changed(19, b"   "), "line 7, positions 19-21, field 'key': found '   ', expected a number, not blank"),
        (changed(22, b"*"), "line 7, position 22, field 'sign': found '*', expected one of '+', '-'"),
        (changed(23, b"+125"), "line 7, positions 23-26, field 'amount': found '+125', expected 4 digits"),
        (
            changed(29, b"1235"),
            "line 7, positions 29-32, field 'mille': found '1235', expected an amount in whole øre with 3 decimals",
        ),
        (changed(33, b"310226"), "line 7, positions 33-38, field 'due': found '310226', expected a date DDMMYY"),
        (
            changed(39, b"20260229"),
            "line 7, positions 39-46, field 'paid_on': found '20260229', expected a date YYYYMMDD or zeros",
        ),
        (
            changed(41, b"001301"),
            "line 7, positions 39-46, field 'paid_on': found '20001301', expected a date YYYYMMDD or zeros",
        ),
        (RECORD[:-1], "line 7: wrong record length: found 45 bytes, expected 46 bytes"),
        (RECORD + b" ", "line 7: wrong record length: found 47 bytes, expected 46 bytes"),
        (b"", "line 7: wrong record length: found 0 bytes, expected 46 bytes"),
    ],
)
def test_a_refusal_names_line_positions_field_found_and_expected(record: bytes, message: str) -> None:
    with pytest.raises(Malformed) as refusal:
        EVERY_TYPE.reader(PIVOT)(record, 7)
    assert str(refusal.value) == message
    assert_both_say_the_same(EVERY_TYPE, record)


def test_the_first_field_in_the_layouts_order_is_the_one_named() -> None:
    record = changed(3, b"xxx")[:-1] + b"x"
    with pytest.raises(Malformed, match="field 'digits'"):
        EVERY_TYPE.reader(PIVOT)(record, 1)


@given(record=st.binary(min_size=40, max_size=50))
def test_any_bytes_give_a_row_or_a_refusal(record: bytes) -> None:
    assert_both_say_the_same(EVERY_TYPE, record)


@given(first=st.integers(1, len(RECORD)), raw=st.binary(min_size=1, max_size=4), pivot=st.sampled_from([PIVOT, None]))
@example(first=9, raw=b"ab\xa0 ", pivot=PIVOT)
@example(first=13, raw=b"\x91\x9b ", pivot=PIVOT)
@example(first=19, raw=b"000", pivot=PIVOT)
@example(first=19, raw=b"0a0", pivot=PIVOT)
@example(first=9, raw=b"\xc3sa ", pivot=PIVOT)
@example(first=16, raw=b"\x00\xc3", pivot=PIVOT)
def test_a_good_record_with_a_few_other_bytes(first: int, raw: bytes, pivot: date | None) -> None:
    assert_both_say_the_same(EVERY_TYPE, changed(first, raw)[: len(RECORD)], pivot)


PLAIN = b"  00aZ-."
ODD = PLAIN + b"\xe6\xf8\x91\x9b\xa0\xff\xc3\xa6\t\x00"
ENCODING = st.sampled_from(ENCODINGS)


def digits(size: int) -> st.SearchStrategy[bytes]:
    return st.text("0123456789", min_size=size, max_size=size).map(str.encode)


def text(size: int) -> st.SearchStrategy[bytes]:
    return st.sampled_from([PLAIN, ODD]).flatmap(
        lambda codes: st.lists(st.sampled_from(codes), min_size=size, max_size=size).map(bytes)
    )


@st.composite
def field_and_bytes(draw: st.DrawFn) -> tuple[Field, bytes]:
    """A field of any type, and bytes that it is likely to take."""
    size = draw(st.integers(1, 18))
    codes = draw(st.lists(st.binary(min_size=2, max_size=2), min_size=1, max_size=4, unique=True))
    day = Day(
        draw(st.sampled_from(["DDMMYY", "YYMMDD", "DDMMYYYY", "YYYYMMDD"])), draw(st.sampled_from(["none", "refused"]))
    )
    written = draw(st.dates(date(1000, 1, 1)).map(day.dump) | st.just(b"0" * day.size))
    field, raw = draw(
        st.sampled_from(
            [
                (Literal(codes[0]), st.just(codes[0])),
                (Gap(size), text(size)),
                (Digits(size), digits(size)),
                (Number(size), digits(size)),
                (Amount(size, draw(st.integers(0, 4))), digits(size)),
                (Text(size, draw(ENCODING)), text(size)),
                (Key(size, draw(ENCODING)), text(size) | digits(size)),
                (Choice({code: number for number, code in enumerate(codes)}), st.sampled_from(codes)),
                (day, st.just(written)),
            ]
        )
    )
    return field, draw(raw)


@given(
    parts=st.lists(field_and_bytes(), min_size=1, max_size=6),
    other=st.none() | st.tuples(st.integers(0, 50), st.binary(min_size=1, max_size=3)),
    pivot=st.none() | st.dates(),
)
def test_any_layout_reads_as_construct_reads_it(
    parts: list[tuple[Field, bytes]], other: tuple[int, bytes] | None, pivot: date | None
) -> None:
    layout = Layout("any", Struct(*(f"f{number}" / field for number, (field, _) in enumerate(parts))))
    record = b"".join(raw for _, raw in parts)
    if other:
        record = (record[: other[0]] + other[1] + record[other[0] + len(other[1]) :])[: layout.length]
    assert_both_say_the_same(layout, record, pivot)


@given(parts=st.lists(field_and_bytes(), min_size=1, max_size=6))
def test_what_is_built_reads_back(parts: list[tuple[Field, bytes]]) -> None:
    layout = Layout("any", Struct(*(f"f{number}" / field for number, (field, _) in enumerate(parts))))
    pivot = PIVOT
    try:
        row = layout.reader(pivot)(b"".join(raw for _, raw in parts), 1)
    except Malformed:
        return
    built = layout.build(**row._asdict())
    assert layout.reader(pivot)(built, 1) == row
    assert layout.gap_content(built) == []


def test_more_days_than_a_reader_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.plugin.layout.compiler.REMEMBERED_MAX", 10)
    layout = Layout("days", Struct("day" / Day("YYYYMMDD"), "number" / Number(2)))
    read = layout.reader()
    for _ in range(2):
        for number in range(1, 29):
            assert read(b"202602%02d%02d" % (number, number), number) == (date(2026, 2, number), number)
    remembered = [len(value) for name, value in read.__globals__.items() if name.startswith("bound")]
    assert max(remembered) <= 10


def test_readers_of_many_deliveries_keep_their_own_century() -> None:
    layout = Layout("day", Struct("day" / Day("DDMMYY")))
    readers = {year: layout.reader(date(year, 1, 1)) for year in range(1900, 2200, 10)}
    for year, read in readers.items():
        assert read(b"0101%02d" % (year % 100), 1).day == date(year, 1, 1)


class EvenDigits(Digits):
    """A third party's type: it has a ``load`` of its own and knows nothing of ``inline``."""

    def load(self, raw: bytes, pivot: date | None = None) -> str:
        if super().load(raw).strip("02468"):
            raise Refused(raw, "even digits")
        return raw.decode("ascii")


class Flag(Field):
    """Another's: made from nothing."""

    def load(self, raw: bytes, pivot: date | None = None) -> bool:
        if raw not in (b"J", b"N"):
            raise Refused(raw, "J or N")
        return raw == b"J"

    def dump(self, value: bool) -> bytes:
        return b"J" if value else b"N"


class Marker(Literal):
    """Another's: a literal that takes small letters too."""

    def load(self, raw: bytes, pivot: date | None = None) -> bytes:
        return super().load(raw.upper())


def test_third_party_types_are_asked_by_the_generated_reader_too() -> None:
    layout = Layout(
        "theirs",
        Struct("marker" / Marker(b"AB"), "even" / EvenDigits(2), "flag" / Flag(1), "view" / View(3, 4, EvenDigits(2))),
    )
    assert layout.reader()(b"ab24J", 1) == ("24", True, "24")
    assert layout.build(even="24", flag=False) == b"AB24N"
    for record in (b"AB24J", b"ab24N", b"ax24J", b"AB23J", b"AB2xJ", b"AB24?"):
        assert_both_say_the_same(layout, record)
    with pytest.raises(Malformed, match="positions 3-4, field 'even': found '23', expected even digits"):
        layout.reader()(b"AB23J", 1)
