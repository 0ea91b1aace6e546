"""Each field type's ``load`` and ``dump``: what is taken, what is refused, and in which words."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.money import AMOUNT_ORE_MAX
from hub.plugin.layout import ENCODINGS, Amount, Choice, Digits, Field, Gap, Key, Literal, Number, Refused, Text

SIGN = Choice({b"+": 1, b" ": 1, b"-": -1})


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        (Literal(b"BS042"), b"BS042", b"BS042"),
        (Gap(3), b"\x00x\xff", None),
        (Digits(4), b"0012", "0012"),
        (Number(5), b"00120", 120),
        (Amount(5), b"12345", 12345),
        (Amount(5, implied_decimals=0), b"12345", 1234500),
        (Amount(5, implied_decimals=1), b"12345", 123450),
        (Amount(5, implied_decimals=3), b"12340", 1234),
        (Amount(5, implied_decimals=4), b"12300", 123),
        (Amount(15), b"%015d" % (AMOUNT_ORE_MAX - 1), AMOUNT_ORE_MAX - 1),
        (Amount(13, implied_decimals=0), b"%013d" % (AMOUNT_ORE_MAX // 100), AMOUNT_ORE_MAX),
        (Text(8), b"S\xf8ren   ", "Søren"),
        (Text(8), b"  S\xf8ren ", "  Søren"),
        (Text(4), b"    ", ""),
        (Text(6), b"\xc3sa   ", "Ãsa"),
        (Text(4), b"ab\xa0 ", "ab\xa0"),
        (Text(6, "cp865"), b"\x91\x9b\x86\x92\x9d\x8f", "æøåÆØÅ"),
        (Text(6, "cp850"), b"\x91\x9b\x86\x92\x9d\x8f", "æøåÆØÅ"),
        (Text(3, "cp865"), b"\x85 l", "à l"),
        (Text(3, "cp1252"), b"\x80  ", "€"),
        (Text(3, "iso8859-15"), b"\xa4  ", "€"),
        (Key(6), b"000304", "304"),
        (Key(6), b"304   ", "304"),
        (Key(6), b"   304", "304"),
        (Key(6), b" 0304 ", "304"),
        (Key(3), b"000", "0"),
        (Key(6), b"1.tv  ", "1.tv"),
        (Key(4), b"00A1", "00A1"),
        (Key(4), b"K\xe6l ", "Kæl"),
        (Key(3), b"0\xb2 ", "0²"),
        (SIGN, b" ", 1),
        (SIGN, b"-", -1),
    ],
)
def test_what_is_taken(field: Field, raw: bytes, value: object) -> None:
    assert field.load(raw) == value


@pytest.mark.parametrize(
    ("field", "raw", "expected"),
    [
        (Literal(b"BS042"), b"BS043", "'BS042'"),
        *(
            (field, raw, "5 digits")
            for field in (Digits(5), Number(5), Amount(5))
            # int() takes the first five, str.isdigit() the last.
            for raw in (b"1_000", b" 12  ", b"   +7", b"   -7", b"1\t   ", b"12.50", b"     ", b"1234\xb2", b"0000x")
        ),
        (Amount(5, implied_decimals=3), b"12345", "an amount in whole øre with 3 decimals"),
        (Amount(5, implied_decimals=4), b"12350", "an amount in whole øre with 4 decimals"),
        (Amount(16), b"9" * 16, "an amount of at most 10000000000000.00"),
        (Amount(15, implied_decimals=0), b"9" * 15, "an amount of at most 10000000000000.00"),
        (Text(5), b"ab\x00cd", "text in iso8859-1 without control characters"),
        (Text(5), b"ab\rcd", "text in iso8859-1 without control characters"),
        (Text(5), b"abcd\t", "text in iso8859-1 without control characters"),
        (Text(5), b"ab\x7fcd", "text in iso8859-1 without control characters"),
        (Text(5), "Bøgh".encode("cp865") + b" ", "text in iso8859-1 without control characters"),
        (Text(6), "Søren".encode(), "text in iso8859-1, not in UTF-8"),
        (Text(6, "cp1252"), "Åsen ".encode(), "text in cp1252, not in UTF-8"),
        (Text(6, "cp865"), "Søren".encode(), "text in cp865, not in UTF-8"),
        (Text(5, "cp1252"), "Ågot ".encode("cp865"), "text in cp1252"),
        (Text(5, "ascii"), b"S\xf8ren", "text in ascii"),
        (Key(4), b"    ", "a number, not blank"),
        (Key(4), b"1\x0012", "text in iso8859-1 without control characters"),
        (SIGN, b"*", "one of '+', ' ', '-'"),
    ],
)
def test_what_is_refused(field: Field, raw: bytes, expected: str) -> None:
    with pytest.raises(Refused) as refusal:
        field.load(raw)
    assert (refusal.value.found, refusal.value.expected) == (raw, expected)


@pytest.mark.parametrize(
    ("field", "value", "raw"),
    [
        (Literal(b"BS042"), None, b"BS042"),
        (Gap(3), None, b"   "),
        (Digits(4), "0012", b"0012"),
        (Number(5), 12, b"00012"),
        (Amount(5), 12345, b"12345"),
        (Amount(5, implied_decimals=0), 1200, b"00012"),
        (Amount(7, implied_decimals=4), 123, b"0012300"),
        (Text(8), "Søren", b"S\xf8ren   "),
        (Text(3, "cp865"), "æøå", b"\x91\x9b\x86"),
        (Text(3), "ab   ", b"ab "),
        (Key(4), "12", b"0012"),
        (Key(4, fill="blanks"), "12", b"12  "),
        (Key(4), "A1", b"A1  "),
        (SIGN, 1, b"+"),
        (SIGN, -1, b"-"),
    ],
)
def test_what_is_written(field: Field, value: object, raw: bytes) -> None:
    assert field.dump(value) == raw


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Digits(4), "012"),
        (Digits(4), "01234"),
        (Digits(4), "12 4"),
        (Digits(4), "²²²²"),
        (Digits(4), 1234),
        (Number(3), 1000),
        (Number(3), -1),
        (Number(3), True),
        (Number(3), "12"),
        (Amount(5), 100000),
        (Amount(5), -1),
        (Amount(5), 12.5),
        (Amount(5, implied_decimals=0), 1250),
        (Amount(5, implied_decimals=1), 1255),
        (Amount(18), AMOUNT_ORE_MAX + 1),
        (Text(4), "Søren"),
        (Text(6), "Łódź"),
        (Text(6), "a\nb"),
        (Text(6), "Ã¦"),
        (Text(6), 12),
        (Key(3), "1234"),
        (Key(3), "  "),
        (SIGN, 0),
        (SIGN, []),
    ],
)
def test_what_cannot_be_written(field: Field, value: object) -> None:
    with pytest.raises(Refused):
        field.dump(value)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
def test_text_that_is_written_reads_back(encoding: str, data: st.DataObject) -> None:
    letters = bytes(range(0x20, 0x7F)).decode("ascii") + ("" if encoding == "ascii" else "æøåÆØÅ§éÃ")
    text = data.draw(st.text(letters, max_size=12)).rstrip(" ")
    field = Text(12, encoding)
    try:
        raw = field.dump(text)
    except Refused:
        assert "§" in text or "Ã" in text, "only what the code page lacks, and what looks like UTF-8, may be refused"
    else:
        assert len(raw) == 12
        assert field.load(raw) == text


@given(raw=st.binary(min_size=4, max_size=4) | st.text(string.digits + " +-_.", min_size=4, max_size=4).map(str.encode))
def test_a_number_is_taken_exactly_when_it_is_digits(raw: bytes) -> None:
    taken = all(code in b"0123456789" for code in raw)
    for field in (Digits(4), Number(4), Amount(4)):
        value: Any = None
        try:
            value = field.load(raw)
        except Refused:
            assert not taken
        else:
            assert taken
            assert field.dump(value) == raw


@given(raw=st.binary(min_size=6, max_size=6))
def test_a_latin1_text_is_taken_exactly_when_nothing_betrays_another_encoding(raw: bytes) -> None:
    text = raw.decode("latin-1")
    control = any(letter < " " or "\x7f" <= letter <= "\x9f" for letter in text)
    utf8 = any(text[i] == "Ã" and "\x80" <= text[i + 1] <= "\xbf" for i in range(5))
    try:
        assert Text(6).load(raw) == text.rstrip(" ")
    except Refused:
        assert control or utf8
    else:
        assert not control
        assert not utf8
