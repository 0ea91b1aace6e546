"""The generated reader says of every record what construct's own parser says, and says it with positions."""

from __future__ import annotations

import pickle
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
from hub.plugin.layout.compiler import REMEMBERED_MAX
from hub.plugin.layout.layout import READERS_MAX

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
        "again" / View(35, 40, Day("YYMMDD", zeros="none")),
    ),
)
RECORD = b"BS007042S\xf8r \x91\x9b   x 04+125099123004011020260301"


def outcome(read: Any, record: bytes, pivot: date | None) -> tuple[object, ...]:
    """The row with its types, or the whole refusal."""
    try:
        row = read(record, 7)
    except Malformed as error:
        return str(error), error.line, error.positions, error.field, error.found, error.expected
    return type(row), tuple((type(value), value) for value in row)


def assert_both_say_the_same(layout: Layout, record: bytes, pivot: date | None = PIVOT) -> None:
    def interpret(record: bytes, line: int) -> object:
        return layout.interpret(record, line, pivot)

    said = outcome(interpret, record, pivot)
    assert outcome(layout.reader(pivot), record, pivot) == said
    assert outcome(layout.reader(pivot), record, pivot) == said, "a second time, from what the reader remembers"


def test_a_record_of_every_type() -> None:
    row = EVERY_TYPE.reader(PIVOT)(RECORD, 1)
    assert row._asdict() == {
        "digits": "007",
        "number": 42,
        "text": "Sør",
        "dos": "æø",
        "key": "4",
        "sign": 1,
        "amount": 1250,
        "kroner": 9900,
        "mille": 123,
        "due": date(2010, 1, 4),
        "paid_on": date(2026, 3, 1),
        "whole": "007042",
        "again": None,
    } | {"again": row.again}
    assert_both_say_the_same(EVERY_TYPE, RECORD)
