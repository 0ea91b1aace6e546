"""Records cross between processes whole, or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import Document, Kept, Payment, Record
from hub.vendors.columns import RECORDS_MAX, ColumnError, decode, encode

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
_LINE = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]))
_VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    int: st.integers(-(2**63), 2**63 - 1),
    date: st.dates(),
    int | None: st.none() | st.integers(-(2**62), 2**62),
    date | None: st.none() | st.dates(),
    tuple[str, ...]: st.lists(_LINE, max_size=4).map(tuple),
}


def _records(record_class: Any) -> st.SearchStrategy[Any]:
    return st.tuples(*(_VALUES[hint] for hint in get_type_hints(record_class).values())).map(record_class._make)


_ANY_RECORD = st.one_of(*map(_records, get_args(Record)))
_PAYMENT = Payment(1, "01234567", "", "7", 150, "DKK", date(2026, 1, 5), date(2026, 1, 6), None, "", "7", "key", "text")


@given(st.lists(_ANY_RECORD, min_size=1))
def test_every_record_comes_back_equal_in_class_order_and_values(records: list[Record]) -> None:
    back = decode(encode(records))
    assert back == records
    assert list(map(type, back)) == list(map(type, records))


def test_a_time_becomes_the_date_that_the_ledger_needs() -> None:
    at = datetime(2026, 1, 5, 23, 59, tzinfo=UTC)
    (back,) = decode(encode([_PAYMENT._replace(value_date=at)]))
    assert isinstance(back, Payment)
    assert type(back.value_date) is date


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"amount": 150.5}, "Payment.amount"),
        ({"amount": "150"}, "Payment.amount"),
        ({"amount": 2**63}, "Payment.amount"),
        ({"customer": None}, "Payment.customer"),
        ({"customer": b"7"}, "Payment.customer"),
        ({"text": "a\0b"}, "Payment.text: holds a NUL character"),
        ({"text": "\udc80"}, "Payment.text"),
        ({"value_date": None}, "Payment.value_date: a date is needed"),
        ({"value_date": "2026-01-05"}, "Payment.value_date"),
        ({"due_date": 20260105}, "Payment.due_date"),
        ({"due_date": []}, "Payment.due_date"),
    ],
)
@pytest.mark.parametrize("others", [[], [_PAYMENT], [Kept(1, "0000", "")]])
def test_a_value_of_a_wrong_type_is_named(changed: dict[str, Any], told: str, others: list[Record]) -> None:
    with pytest.raises(ColumnError) as caught:
        encode([*others, _PAYMENT._replace(**changed)])
    assert told in str(caught.value)


@pytest.mark.parametrize("stranger", [None, (1, "0000", ""), {}, Document("1", "2", "", "", "V", date.min, date.max)])
def test_what_is_no_record_is_named(stranger: Any) -> None:
    with pytest.raises(ColumnError, match=f"{type(stranger).__name__} is no record"):
        encode([_PAYMENT, stranger])


@given(st.binary() | st.tuples(st.binary(min_size=1), st.integers(0, 200)).map(lambda t: _spoilt(*t)))
def test_bytes_that_are_no_batch_are_refused_or_read_as_records(packed: bytes) -> None:
    try:
        records = decode(packed)
    except ColumnError:
        return
    assert len(records) <= RECORDS_MAX * len(get_args(Record))
    for record in records:
        values = zip(record, get_type_hints(type(record)).values(), strict=True)
        assert all(isinstance(value, hint) for value, hint in values)


def _spoilt(noise: bytes, at: int) -> bytes:
    good = encode([_PAYMENT, Kept(2, "0000", "x"), _PAYMENT._replace(record=3)])
    return good[:at] + noise + good[at + len(noise) :]


def test_a_cut_batch_is_refused() -> None:
    packed = encode([_PAYMENT, Kept(2, "0000", "x")])
    for size in range(len(packed)):
        with pytest.raises(ColumnError):
            decode(packed[:size])
    with pytest.raises(ColumnError, match="longer than its header says"):
        decode(packed + b"\0")
    with pytest.raises(ColumnError, match="is empty"):
        decode(bytes(4))


def test_a_header_cannot_ask_for_more_records_than_a_batch_holds() -> None:
    """One value may stand for all records of a column: a few bytes must not become a thousand million records."""
    packed = bytearray(encode([Kept(1, "", "")]))
    packed[5:9] = (2**32 - 1).to_bytes(4, "little")
    with pytest.raises(ColumnError, match="at most 2000 go in a batch"):
        decode(packed)
