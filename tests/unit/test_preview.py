"""The next collection before it is made: its period, its lines, and what credit takes off it."""

from __future__ import annotations

from datetime import date

import pytest

from hub.ledger.preview import Line, OneOff, Period, Recurring, next_period, preview

DECEMBER = Period(date(2026, 12, 1), date(2026, 12, 31))
QUARTER = Period(date(2027, 1, 1), date(2027, 3, 31))
OPEN = (None, None)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("after", "interval", "first", "last"),
    [
        ("2026-11-22", 1, "2026-12-01", "2026-12-31"),
        ("2026-11-30", 1, "2026-12-01", "2026-12-31"),
        ("2026-12-01", 1, "2027-01-01", "2027-01-31"),
        ("2024-01-31", 1, "2024-02-01", "2024-02-29"),
        ("2026-11-22", 2, "2027-01-01", "2027-02-28"),
        ("2026-03-31", 3, "2026-04-01", "2026-06-30"),
        ("2026-04-01", 3, "2026-07-01", "2026-09-30"),
        ("2026-11-22", 6, "2027-01-01", "2027-06-30"),
        ("2026-01-01", 12, "2027-01-01", "2027-12-31"),
    ],
)
def test_periods_are_counted_from_january(after: str, interval: int, first: str, last: str) -> None:
    assert next_period(day(after), interval) == (day(first), day(last))


@pytest.mark.parametrize(
    ("period", "first_day", "last_day", "months", "partial"),
    [
        (DECEMBER, "2020-01-01", None, 1, False),
        (DECEMBER, "2026-12-01", "2026-12-31", 1, False),
        (DECEMBER, "2026-12-15", None, 1, True),
        (DECEMBER, "2020-01-01", "2026-12-30", 1, True),
        (QUARTER, "2020-01-01", None, 3, False),
        (QUARTER, "2027-02-01", None, 2, False),
        (QUARTER, "2027-02-15", None, 2, True),
        (QUARTER, "2020-01-01", "2027-01-31", 1, False),
    ],
)
def test_a_recurring_line_comes_for_each_month_that_it_touches(
    period: Period, first_day: str, last_day: str | None, months: int, partial: bool
) -> None:
    """A broken month is shown, and charged whole: how to share it is for a person."""
    rent = Recurring("10", "Husleje", 5_000_00, day(first_day), day(last_day) if last_day else None)
    (line,) = preview(period, [rent], [], lived_in=OPEN, arrears=0, credits=0).lines
    assert (line.months, line.amount, line.partial) == (months, months * 5_000_00, partial)
    assert (line.first, line.last) == (
        max(period.first, rent.first_day),
        min(period.last, rent.last_day or period.last),
    )


@pytest.mark.parametrize(("first_day", "last_day"), [("2027-01-01", None), ("2020-01-01", "2026-11-30")])
def test_a_line_of_another_time_does_not_come(first_day: str, last_day: str | None) -> None:
    rent = Recurring("10", "Husleje", 5_000_00, day(first_day), day(last_day) if last_day else None)
    assert preview(DECEMBER, [rent], [], lived_in=OPEN, arrears=0, credits=0).lines == ()


def test_nothing_recurs_after_the_last_day_of_a_tenancy() -> None:
    rent = Recurring("10", "Husleje", 5_000_00, day("2020-01-01"), None)
    gone = preview(DECEMBER, [rent], [], lived_in=(None, day("2026-11-30")), arrears=70_00, credits=0)
    going = preview(DECEMBER, [rent], [], lived_in=(None, day("2026-12-15")), arrears=70_00, credits=0)
    assert (gone.lines, gone.total) == ((), 70_00)
    assert [(line.last, line.partial) for line in going.lines] == [(day("2026-12-15"), True)]


def test_a_one_off_waits_for_its_day() -> None:
    once = [OneOff("30", "Nøgle", 250_00, day("2026-12-01")), OneOff("30", "Vask", 90_00, day("2026-12-02"))]
    found = preview(DECEMBER, [], once, lived_in=OPEN, arrears=0, credits=0)
    assert found.lines == (Line("30", "Nøgle", 250_00, *DECEMBER, 0, False),)


@pytest.mark.parametrize(
    ("arrears", "credits", "used", "total"),
    [(0, 0, 0, 250_00), (100_00, 0, 0, 350_00), (0, 50_00, 50_00, 200_00), (0, 900_00, 250_00, 0)],
)
def test_arrears_are_collected_with_it_and_credit_is_used(arrears: int, credits: int, used: int, total: int) -> None:
    once = [OneOff("30", "Nøgle", 250_00, day("2026-12-01"))]
    found = preview(DECEMBER, [], once, lived_in=OPEN, arrears=arrears, credits=credits)
    assert (found.credits_used, found.total) == (used, total)
