"""Payment slips: ids, check digits, the line that machines read. Numbers are published examples or follow by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.fik import CARD_TYPES, OcrLine, SlipError, judged_id, ocr_line, parse_ocr_line, payment_id

WITH_ID = sorted(code for code, kind in CARD_TYPES.items() if kind.id_digits)


@pytest.mark.parametrize(
    ("number", "full"),
    [(2684014996532, "026840149965328"), (404040000066, "004040400000669"), (123, "000000000001230")],
)
def test_a_check_digit_is_the_published_one(number: int, full: str) -> None:
    assert payment_id("71", number) == full


@pytest.mark.parametrize("valid", ["000000020211041", "000000003097920", "123456789012347"])
def test_ids_of_a_bank_are_valid_in_each_form(valid: str) -> None:
    assert {judged_id("71", form) for form in (valid, valid.lstrip("0"), valid.rjust(19, "0"))} == {valid}


def test_a_masked_id_is_refused_with_the_digit_that_it_should_end_in() -> None:
    with pytest.raises(SlipError, match="ends in 5, its check digit is 7"):
        judged_id("71", "123456789012345")


@given(st.sampled_from(WITH_ID), st.data())
def test_one_wrong_digit_is_always_seen(card: str, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 10 ** (CARD_TYPES[card].id_digits - 1) - 1))
    right = payment_id(card, number)
    at = data.draw(st.integers(0, len(right) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != right[at]]))
    assert judged_id(card, right) == right
    with pytest.raises(SlipError, match="check digit"):
        judged_id(card, right[:at] + other + right[at + 1 :])


def test_the_line_of_each_card_type() -> None:
    assert ocr_line("71", "26840149965328", "80882939") == "+71<026840149965328+80882939<"
    assert ocr_line("73", "", "80882939") == "+73<+80882939<"
    assert ocr_line("75", "1230", "80882939") == "+75<0000000000001230+80882939<"
    assert ocr_line("01", "", "1234567") == "+01<+1234567<"
    assert ocr_line("04", "1230", "1234567") == "+04<0000000000001230+1234567<"
    assert ocr_line("15", "1230", "12345678") == "+15<0000000000001230+12345678<"


@given(st.sampled_from(sorted(CARD_TYPES)), st.integers(0, 10**14 - 1), st.integers(10**7, 10**8 - 1))
def test_a_line_made_is_a_line_read(card: str, number: int, creditor: int) -> None:
    id_ = payment_id(card, number) if CARD_TYPES[card].id_digits else ""
    line = ocr_line(card, id_, str(creditor))
    assert parse_ocr_line(f"{line[:4]} {line[4:]}") == OcrLine(card, id_, str(creditor))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("+71<26840149965328+80882939<", "15 digits"),
        ("+71<026840149965328+8088293<", "no FI creditor number: 8 digits"),
        ("+72<026840149965328+80882939<", "no card type '72'"),
        ("+73<026840149965328+80882939<", "type 73 has no payment id"),
        ("+71<026840149965329+80882939<", "check digit is 8"),
        ("71 026840149965328 80882939", "no line of a payment slip"),
        ("+71<+80882939<", "check digit|15 digits"),
    ],
)
def test_a_wrong_line_is_refused_by_name(line: str, said: str) -> None:
    with pytest.raises(SlipError, match=said):
        parse_ocr_line(line)


def test_numbers_beyond_a_card_type_are_refused() -> None:
    with pytest.raises(SlipError, match="no number of a slip of type 71"):
        payment_id("71", 10**14)
    with pytest.raises(SlipError, match="type 73 has no payment id"):
        payment_id("73", 1)
    with pytest.raises(SlipError, match="no payment id of type 71"):
        judged_id("71", "1000000000000008")
