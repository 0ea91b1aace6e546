"""Dates as digits: four spellings, impossible days, zeros, and the century of two-digit years."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin.layout import DAY_FORMATS, Day, Refused, day_format

PIVOT = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("spelling", "raw", "expected"),
    [
        ("DDMMYY", b"040110", date(2010, 1, 4)),
        ("DDMMYYYY", b"04011998", date(1998, 1, 4)),
        ("YYMMDD", b"100104", date(2010, 1, 4)),
        ("YYYYMMDD", b"19980104", date(1998, 1, 4)),
        ("DDMMYY", b"290224", date(2024, 2, 29)),
    ],
)
def test_spellings(spelling: str, raw: bytes, expected: date) -> None:
    assert Day(spelling).load(raw, PIVOT) == expected
    assert Day(spelling).dump(expected) == raw


@pytest.mark.parametrize(
    ("raw", "pivot", "year"),
    [
        (b"010199", None, 2099),
        (b"010199", PIVOT, 1999),
        (b"010175", PIVOT, 2075),
        (b"010177", PIVOT, 1977),
        (b"311299", date(2000, 1, 1), 1999),
        (b"010100", date(1999, 12, 31), 2000),
        # 2100 is nearer to 2060 than 2000 is, but has no 29 February.
        (b"290200", date(2060, 1, 1), 2000),
    ],
)
def test_two_digit_years_take_the_century_nearest_to_the_delivery(raw: bytes, pivot: date | None, year: int) -> None:
    found = Day("DDMMYY").load(raw, pivot)
    assert found is not None
    assert found.year == year


@pytest.mark.parametrize(
    "raw", [b"310226", b"290223", b"001226", b"320126", b"011326", b"0101 6", b"01/1/6", b"+10126"]
)
def test_impossible_days_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        Day("DDMMYY").load(raw, PIVOT)
    assert (refusal.value.found, refusal.value.expected) == (raw, "a date DDMMYY")


def test_zeros_mean_none_only_where_the_layout_says_so() -> None:
    assert Day("DDMMYY", zeros="none").load(b"000000", PIVOT) is None
    assert Day("DDMMYY", zeros="none").dump(None) == b"000000"
    for raw in (b"000000", b"      "):
        with pytest.raises(Refused, match="a date DDMMYY"):
            Day("DDMMYY").load(raw, PIVOT)
    with pytest.raises(Refused, match="a date DDMMYY or zeros"):
        Day("DDMMYY", zeros="none").load(b"      ", PIVOT)


@pytest.mark.parametrize("value", [None, "2026-03-01", datetime(2026, 3, 1)])  # noqa: DTZ001
def test_what_is_no_date_cannot_be_written(value: object) -> None:
    with pytest.raises(Refused):
        Day("DDMMYYYY").dump(value)  # type: ignore[arg-type]


@given(day=st.dates(), spelling=st.sampled_from([name for name in DAY_FORMATS if len(name) == 8]))
def test_a_four_digit_year_reads_back(day: date, spelling: str) -> None:
    assert Day(spelling).load(Day(spelling).dump(day)) == day


@given(
    pivot=st.dates(date(1950, 1, 1), date(2150, 1, 1)),
    days=st.integers(-49 * 365, 49 * 365),
    spelling=st.sampled_from([name for name in DAY_FORMATS if len(name) == 6]),
)
def test_a_two_digit_year_reads_back_within_49_years_of_the_delivery(pivot: date, days: int, spelling: str) -> None:
    day = pivot + timedelta(days)
    assert Day(spelling).load(Day(spelling).dump(day), pivot) == day


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("DDMMÅÅ", "DDMMYY"),
        ("DDMMÅÅÅÅ", "DDMMYYYY"),
        ("ååmmdd", "YYMMDD"),
        (" ÅÅÅÅMMDD ", "YYYYMMDD"),
        *zip(DAY_FORMATS, DAY_FORMATS, strict=True),
    ],
)
def test_the_sheets_own_spellings(text: str, name: str) -> None:
    assert day_format(text) == name


@pytest.mark.parametrize("text", ["", "DD-MM-YY", "MMDDYY", "DDMMÅY"])
def test_other_spellings_are_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="DDMMYY, DDMMYYYY, YYMMDD, YYYYMMDD, DDMMÅÅ"):
        day_format(text)
