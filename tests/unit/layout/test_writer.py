"""The generated writer writes what construct builds, byte for byte, and refuses what it refuses, word for word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from construct import Struct
from hypothesis import given
from hypothesis import strategies as st

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
    UnfitError,
    View,
)

EVERY_TYPE = Layout(
    "every type",
    Struct(
        "start" / Literal(b"BS"),
        "digits" / Digits(3),
        "number" / Number(3),
        Gap(2),
        "text" / Text(6),
        "key" / Key(3),
        "sign" / Choice({b"+": 1, b"-": -1}),
        "amount" / Amount(6),
        "kroner" / Amount(3, implied_decimals=0),
        "due" / Day("DDMMYYYY", zeros="none"),
        "whole" / View(3, 8, Digits(6)),
    ),
)
#: Nobody's field takes all of these; most take none.
ODD_VALUES: list[Any] = [
    *(None, True, False, -1, 0, 7, 10**6, 10**30, 1.0, 2.5, "", "7", "007", "٠٠٧", "²²²", "0 7", "1_0", "-07", b"007"),
    *("Sør", "Sør  ", "Sør    ", "toolong", "a\nb", "€", "Ã¸", " ", [], (1,), date(2026, 1, 2), date.min),
]


def outcome(write: Callable[[], bytes]) -> bytes | str:
    try:
        return write()
    except UnfitError as error:
        return str(error)


def assert_both_write_the_same(layout: Layout, values: dict[str, Any]) -> None:
    said = outcome(lambda: layout.build(**values))
    assert outcome(lambda: layout.writer()(*values.values())) == said


def test_a_record_of_every_type() -> None:
    values = ("007", 42, "Sør", "4", -1, 1250, 9900, date(2026, 3, 1), None)
    assert EVERY_TYPE.writer()(*values) == "BS007042  Sør   004-00125009901032026".encode("latin-1")


@pytest.mark.parametrize("name", EVERY_TYPE.Row._fields)
@pytest.mark.parametrize("odd", ODD_VALUES, ids=repr)
def test_a_value_that_may_not_fit(name: str, odd: Any) -> None:
    row = EVERY_TYPE.Row("007", 42, "Sør", "4", -1, 1250, 9900, date(2026, 3, 1), None)
    assert_both_write_the_same(EVERY_TYPE, row._asdict() | {name: odd})


def test_a_field_too_long_is_not_made_up_for_by_one_too_short() -> None:
    row = EVERY_TYPE.Row("07", 42, "Sørensen"[:7], "4", -1, 1250, 9900, None, None)
    assert_both_write_the_same(EVERY_TYPE, row._asdict())
    with pytest.raises(UnfitError, match="positions 3-5, field 'digits': found '07', expected 3 digits"):
        EVERY_TYPE.writer()(*row)


@st.composite
def field_and_value(draw: st.DrawFn) -> tuple[Field, Any]:
    size = draw(st.integers(1, 18))
    text = st.text(" 00aZæø-.Ãƒ€\xa0\x91\t", max_size=size + 1)
    digits = st.text("0123456789", min_size=size, max_size=size)
    numbers = st.integers(-1, 10**size)
    codes = draw(st.lists(st.binary(min_size=2, max_size=2), min_size=1, max_size=4, unique=True))
    encoding = draw(st.sampled_from(ENCODINGS))
    field, value = draw(
        st.sampled_from(
            [
                (Literal(codes[0]), st.none()),
                (Gap(size), st.none()),
                (Digits(size), digits),
                (Number(size), numbers),
                (Amount(size, draw(st.integers(0, 4))), numbers),
                (Text(size, encoding), text),
                (Key(size, encoding), text | digits),
                (Choice({code: number for number, code in enumerate(codes)}), st.integers(0, 4)),
                (Day(draw(st.sampled_from(["DDMMYY", "YYYYMMDD"])), "none"), st.dates() | st.none()),
            ]
        )
    )
    return field, draw(value)


@given(parts=st.lists(field_and_value(), min_size=1, max_size=6))
def test_any_layout_is_written_as_construct_builds_it(parts: list[tuple[Field, Any]]) -> None:
    layout = Layout("any", Struct(*(f"f{number}" / field for number, (field, _) in enumerate(parts))))
    values = {f"f{number}": value for number, (field, value) in enumerate(parts) if field.has_value}
    assert_both_write_the_same(layout, values)


class Flag(Field):
    """A third party's type, made from nothing."""

    def dump(self, value: bool) -> bytes:
        if not isinstance(value, bool):
            raise Refused(value, "yes or no")
        return b"J" if value else b"N"


class EvenDigits(Digits):
    """Another's: it has a ``dump`` of its own and knows nothing of ``inline_dump``."""

    def dump(self, value: str) -> bytes:
        if value.strip("02468"):
            raise Refused(value, "even digits")
        return super().dump(value)


@pytest.mark.parametrize("values", [("24", True), ("23", True), ("2", True), ("24", "J")])
def test_third_party_types_are_asked_by_the_generated_writer_too(values: tuple[Any, ...]) -> None:
    layout = Layout("theirs", Struct("even" / EvenDigits(2), "flag" / Flag(1)))
    assert_both_write_the_same(layout, dict(zip(("even", "flag"), values, strict=True)))
