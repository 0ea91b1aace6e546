"""What records may say is judged by columns, and comes to the same as judging each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.money import AMOUNT_ORE_MAX
from hub.plugin import (
    Chargeback,
    ConsumptionResult,
    DeliveryReceipt,
    Kept,
    Payment,
    PaymentFailed,
    Record,
    Remark,
    ShownField,
)
from hub.plugin.records import KEY_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from hub.vendors.columns import encode
from hub.vendors.limits import BreachError, Reading, Showing

_DAY = date(2026, 1, 5)


def _payment(record: int) -> Payment:
    link = f"nets|{record}"
    return Payment(record, "01234567", "", "7", 150, "DKK", _DAY, _DAY, None, "", link, f"{link}|0236", "text")


def _read(*batches: Sequence[Record]) -> list[Record]:
    reading = Reading()
    return [record for batch in batches for record in reading.batch(encode(batch))]


_EDGES = [
    _payment(1)._replace(amount=-AMOUNT_ORE_MAX),
    _payment(1)._replace(value_date=date(1900, 1, 1), due_date=date(2199, 12, 31)),
    _payment(1)._replace(link="x" * (KEY_CHARACTERS_MAX - 1), key="x" * (KEY_CHARACTERS_MAX - 1) + "|"),
    _payment(1)._replace(text="ø" * TEXT_CHARACTERS_MAX, reference="§ 12 – ‖ €"),
    _payment(1)._replace(link="nets|#1 }", key="nets|#1 }|#2"),
    PaymentFailed(1, "01234567", "", "7", -1, "DKK", _DAY, "", "key", ""),
    ConsumptionResult(1, "1", "2", "3", "4", 0, "balance", None, "75040", None, None),
]


@pytest.mark.parametrize("record", _EDGES)
def test_what_lies_on_the_limits_is_taken(record: Record) -> None:
    assert _read([record]) == [record]
    among = [record, *(Kept(number, "", "") for number in (2, 3)), Remark("")]
    assert _read(among) == among


@given(st.lists(st.integers(0, 40) | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=6), st.data())
def test_numbers_ascend_over_classes_and_batches(numbers: list[int], data: st.DataObject) -> None:
    numbers = data.draw(st.sampled_from([numbers, sorted(set(numbers))]))
    makers = st.sampled_from(
        [lambda n: [_payment(n)], lambda n: [Kept(n, "", "")], lambda n: [Remark(""), _payment(n)]]
    )
    batches = [data.draw(makers)(number) for number in numbers]
    if data.draw(st.booleans()):
        batches = [[record for batch in batches for record in batch]]
    if numbers[0] >= 1 and numbers == sorted(set(numbers)):
        assert _read(*batches) == [record for batch in batches for record in batch]
    else:
        with pytest.raises(BreachError, match=r"they must ascend from 1"):
            _read(*batches)


@given(st.lists(st.text("aø§‖\x07\x7f\x85\u2028", max_size=510) | st.integers(498, 502).map("x".__mul__), min_size=1))
def test_texts_are_judged_alike_alone_and_among_others(texts: list[str]) -> None:
    records = [Kept(number, "", text) for number, text in enumerate(texts, 1)]
    good = [not (set(text) & set("\x07\x7f\x85\u2028")) and len(text) <= TEXT_CHARACTERS_MAX for text in texts]
    if all(good):
        assert _read(records) == records
    else:
        with pytest.raises(
            BreachError, match=f"of record {good.index(False) + 1}: it must have at most 500 characters"
        ):
            _read(records)


def test_amounts_of_a_file_come_to_no_more_than_one_may() -> None:
    """Ten thousand of the largest would not fit the database's integers."""
    half = AMOUNT_ORE_MAX // 2
    fits = [[_payment(1)._replace(amount=half)], [_payment(2)._replace(amount=-half)]]
    assert len(_read(*fits)) == 2
    with pytest.raises(BreachError, match=r"come to more than 10000000000000\.00 in one file"):
        _read(*fits, [_payment(3)])
    with pytest.raises(BreachError, match=r"come to more than 10000000000000\.00 in one file"):
        _read([_payment(number)._replace(amount=half) for number in (1, 2, 3)])


def test_the_culprit_is_named_where_one_value_stands_for_all() -> None:
    same = [_payment(number)._replace(amount=0) for number in (4, 5)]
    with pytest.raises(BreachError, match=r"Payment.amount 0 of record 4"):
        _read(same)
    with pytest.raises(BreachError, match=r"Payment.link 'one' of record 4: .*'two\|'"):
        _read([payment._replace(amount=1, link="one", key="two|") for payment in same])
    with pytest.raises(BreachError, match=r"Chargeback.amount -1 of record 4"):
        _read([Chargeback(*payment._replace(amount=-1)[: len(Chargeback._fields)]) for payment in same])


SHOWN = ShownField(1, "line", "cell", 1, 2, "ab", "ab", "")


def test_shown_fields_are_taken_in_the_order_of_the_file() -> None:
    showing = Showing()
    for batch in ([SHOWN, SHOWN], [SHOWN, SHOWN._replace(record=2, problem="wrong")]):
        assert showing.batch(encode(batch)) == batch
    with pytest.raises(BreachError, match="shows line 1 after line 2: they must ascend from 1"):
        showing.batch(encode([SHOWN]))


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (SHOWN._replace(record=0), "shows line 0 after line 0"),
        (SHOWN._replace(raw="a\n"), r"ShownField.raw 'a\\n' of record 1: it must have at most 500 characters"),
        (SHOWN._replace(value="x" * 501), "ShownField.value"),
        (SHOWN._replace(problem="\x9f"), "ShownField.problem"),
        (SHOWN._replace(layout="x" * 101), "ShownField.layout"),
        (Kept(1, "022", ""), "shows a Kept: a ShownField is needed"),
    ],
)
def test_what_may_not_be_shown(shown: ShownField, said: str) -> None:
    with pytest.raises(BreachError, match=said):
        Showing().batch(encode([shown]))


@pytest.mark.parametrize(
    ("at", "fits"),
    [
        ("", True),
        ("2026-01-02T12:54:04", True),
        ("2026-01-02", False),
        ("2026-01-02T12:54:04+01:00", False),
        ("2026-13-02T12:54:04", False),
        ("1899-12-31T23:59:59", False),
    ],
)
def test_a_receipts_moment_is_one_or_not_said(at: str, fits: bool) -> None:
    receipt = DeliveryReceipt(1, "accepted", "", "", "", "", at, -1, -1, -1, -1, -1, "nets|V", "")
    with nullcontext() if fits else pytest.raises(BreachError, match=r"says DeliveryReceipt\.at .* of record 1"):
        assert _read([receipt]) == [receipt]
