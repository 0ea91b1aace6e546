"""Amounts that are looked for, in the ways that people write them."""

from __future__ import annotations

import pytest

from hub.cli.asking import AmountSaid, amount_said


@pytest.mark.parametrize(
    "text",
    [
        *("6412,5", "6412.50", "6 412,50", "6\u00a0412,50", "6\u202f412.5", "6\u2009412,50", "6.412,50", "6,412.50"),
        *("kr. 6.412,50", "kr 6412,50", "6412.50 kr", "6412.50 kr.", "DKK 6412.50", "6412,50 SEK", "6412,50 kroner"),
        *("+6412.50", "  6412,50  "),
    ],
)
def test_every_way_that_can_mean_one_thing(text: str) -> None:
    assert amount_said(text) == AmountSaid(6412_50)


@pytest.mark.parametrize(
    ("text", "ore"),
    [
        *(
            ("-6412.50", -6412_50),
            ("\u2212412,50", -412_50),
            ("1.234.567", 1234567_00),
            ("6.412,-", 6412_00),
            ("7", 7_00),
        ),
        *(("6.412,50-", -6412_50), ("6412.50 -", -6412_50), ("412,50\u2212 kr.", -412_50), ("6 412,50-", -6412_50)),
    ],
)
def test_signs_and_whole_amounts(text: str, ore: int) -> None:
    said = amount_said(text)
    assert said is not None
    assert said.ore == ore


@pytest.mark.parametrize("text", ["6.412", "6,412", "kr. 6.412"])
def test_what_could_mean_two_is_read_in_thousands_and_said(text: str) -> None:
    assert amount_said(text) == AmountSaid(6412_00, f"{text} is read as 6412.00: no amount has three decimals")


@pytest.mark.parametrize(
    "text",
    [
        "64 12,50",
        "6.41.2",
        "1.2345",
        "6412 kr extra",
        "krone",
        "6,412,50",
        "6.412.50",
        "Søren",
        "",
        "9" * 30,
        "-5-",
        "2026-123",
        "1-12-304",
    ],
)
def test_no_amount(text: str) -> None:
    assert amount_said(text) is None
