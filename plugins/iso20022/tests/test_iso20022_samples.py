"""The published samples of two Danish banks, where they lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.plugin import BankLine, BankStatement, Malformed, Remark

_SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "iso20022"
_NAME = "camt.053.001.02_danskebank-dk_example_fik"
pytestmark = pytest.mark.skipif(not _SAMPLES.is_dir(), reason="the published samples are not here")


def test_the_cleaned_sample_reads_with_its_totals(read) -> None:
    statement, *lines, remark = read((_SAMPLES / f"{_NAME}.wellformed.xml").read_bytes(), balances="tell")
    assert isinstance(statement, BankStatement)
    assert (statement.opening, statement.closing) == (-1_234_567, -2_345_678)
    assert all(isinstance(line, BankLine) for line in lines)
    # Four credits, one of them of two slips.
    assert sum(line.amount for line in lines if line.amount > 0) == 316_389
    assert [line.amount for line in lines if line.amount < 0] == [-34_427_801, -206_000]
    assert isinstance(remark, Remark)
    slips = [line for line in lines if line.payment_id]
    assert [(line.creditor, line.payment_id) for line in slips] == [
        ("87654321", "123456789012345"),
        ("87654321", "543210987654321"),
    ]
    # Its ids are masked: no check digit is right.
    assert all("(modulus 10)" in line.slip_fault for line in slips)
    assert lines[3].text == ("Invoice number 11223344 / Invoice number 11223345 / Invoice number 11223346 / 81223344")
    assert lines[3].payer_account == "31001234567890"


def test_the_cleaned_sample_is_refused_for_its_balances(read) -> None:
    with pytest.raises(Malformed) as caught:
        read((_SAMPLES / f"{_NAME}.wellformed.xml").read_bytes())
    said = str(caught.value)
    assert "opening balance -12345.67 and entries of -343174.12 make -355519.79" in said
    assert "the closing balance is -23456.78" in said


def test_the_sample_as_published_is_no_xml(read) -> None:
    with pytest.raises(Malformed) as caught:
        read((_SAMPLES / f"{_NAME}.xml").read_bytes())
    assert str(caught.value).startswith("line 2, position 10: this is no XML that can be read")
    assert "U+00A0" in str(caught.value)
