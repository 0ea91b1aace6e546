"""What a tenancy is charged for a period: its lines, what has been charged already, and what credit takes off it."""

from __future__ import annotations

from datetime import date

import pytest

from hub.ledger.preview import (
    Charged,
    Collecting,
    Line,
    NextCharge,
    OneOff,
    Period,
    Recurring,
    Registered,
    next_period,
    period_of,
)

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
DECEMBER = Period(date(2026, 12, 1), date(2026, 12, 31))
QUARTER = Period(date(2027, 1, 1), date(2027, 3, 31))
OPEN = (None, None)
TODAY = date(2026, 11, 22)


def day(text: str) -> date:
    return date.fromisoformat(text)


def rent(first: str = "2020-01-01", last: str | None = None, *, id: int = 1, text: str = "") -> Recurring:
    return Recurring(id, "10", text, 5_000_00, 0, day(first), day(last) if last else None)


HEAT = Recurring(9, "75020", "", 600_00, 0, day("2020-01-01"), None)


def charged(
    due: str,
    days: tuple[str, str] | None = None,
    *,
    type_: str = "10",
    text: str = "Husleje",
    rent: bool = False,
    charge: int = 1,
) -> Charged:
    first, last = (day(days[0]), day(days[1])) if days else (None, None)
    return Charged(charge, rent, type_, text, day(due), first, last)


def collecting(*recurring: Recurring, done: tuple[Charged, ...] = (), interval: int = 1) -> Collecting:
    return Collecting(Registered(interval, OPEN, recurring), done)


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
    assert period_of(day(first), interval) == period_of(day(last), interval) == (day(first), day(last))


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
    one = rent(first_day, last_day)
    (line,) = collecting(one).lines(period)
    assert (line.months, line.amount, line.partial) == (months, months * 5_000_00, partial)
    assert (line.first, line.last) == (max(period.first, one.first_day), min(period.last, one.last_day or period.last))


@pytest.mark.parametrize(("first_day", "last_day"), [("2027-01-01", None), ("2020-01-01", "2026-11-30")])
def test_a_line_of_another_time_does_not_come(first_day: str, last_day: str | None) -> None:
    assert collecting(rent(first_day, last_day)).lines(DECEMBER) == ()


def test_nothing_recurs_outside_the_days_of_a_tenancy() -> None:
    gone = Collecting(Registered(1, (None, day("2026-11-30")), (rent(),)), ())
    going = Collecting(Registered(1, (day("2026-12-10"), day("2026-12-15")), (rent(),)), ())
    assert gone.lines(DECEMBER) == ()
    assert [(line.first, line.last, line.partial) for line in going.lines(DECEMBER)] == [
        (day("2026-12-10"), day("2026-12-15"), True)
    ]


def test_a_one_off_waits_for_its_day() -> None:
    once = (
        OneOff(4, "30", "Nøgle", 250_00, 25_00, day("2026-12-01")),
        OneOff(5, "30", "Vask", 90_00, 0, day("2026-12-02")),
    )
    found = Collecting(Registered(1, OPEN, (), once), ())
    assert found.lines(DECEMBER) == (Line("30", "Nøgle", 250_00, 25_00, *DECEMBER, 0, False, one_off=4),)


class TestChargedAlready:
    """By the lines that stand, whoever made them and whatever kind of charge they stand on."""

    @pytest.mark.parametrize(
        "done",
        [
            charged("2026-12-01", ("2026-12-01", "2026-12-31")),
            charged("2026-11-20", ("2026-12-01", "2026-12-31")),
            charged("2026-12-01"),
            charged("2026-12-10", text=""),
            charged("2026-12-01", rent=True),
            charged("2026-12-01", rent=True, type_="1"),
            charged("2026-12-01", ("2026-12-15", "2026-12-20")),
        ],
    )
    def test_is_not_charged_again(self, done: Charged) -> None:
        assert collecting(rent(), done=(done,)).lines(DECEMBER) == ()

    @pytest.mark.parametrize(
        "done",
        [
            charged("2026-12-01", ("2026-11-01", "2026-11-30")),
            charged("2026-11-30"),
            charged("2026-12-01", type_="20"),
            charged("2026-12-01", type_="75020", rent=False),
        ],
    )
    def test_is_only_that_period_and_that_type(self, done: Charged) -> None:
        assert [line.amount for line in collecting(rent(), done=(done,)).lines(DECEMBER)] == [5_000_00]

    def test_is_taken_line_by_line_also_of_rent(self) -> None:
        done = (charged("2026-12-01", rent=True),)
        assert [line.charge_type for line in collecting(rent(), HEAT, done=done).lines(DECEMBER)] == ["75020"]

    def test_a_line_without_a_period_is_for_all_of_the_one_it_falls_due_in(self) -> None:
        assert collecting(rent(), done=(charged("2027-01-01"),), interval=3).lines(QUARTER) == ()

    def test_only_the_months_left_are_charged_where_the_interval_has_changed(self) -> None:
        done = (charged("2027-02-01", ("2027-02-01", "2027-02-28")),)
        found = collecting(rent(), done=done, interval=3).lines(QUARTER)
        assert [(line.first, line.last, line.amount) for line in found] == [
            (day("2027-01-01"), day("2027-01-31"), 5_000_00),
            (day("2027-03-01"), day("2027-03-31"), 5_000_00),
        ]

    def test_a_raise_within_a_month_is_a_contribution_of_its_own(self) -> None:
        old, new = rent(last="2026-12-14"), rent("2026-12-15", id=2)
        done = (charged("2026-12-01", ("2026-12-01", "2026-12-14")),)
        assert [line.recurring for line in collecting(old, new, done=done).lines(DECEMBER)] == [2]

    @pytest.mark.parametrize(("text", "left"), [("Husleje", [2]), ("Garage", [1]), ("", [])])
    def test_of_two_of_a_type_the_text_says_which(self, text: str, left: list[int]) -> None:
        """Without a text it may have been one sum for both."""
        found = collecting(rent(), rent(id=2, text="Garage"), done=(charged("2026-12-01", text=text),))
        assert [line.recurring for line in found.lines(DECEMBER)] == left

    def test_asked_again_after_it_was_booked_nothing_is_left(self) -> None:
        first = collecting(rent(), rent(id=2, text="Garage"), HEAT, interval=3).lines(QUARTER)
        done = tuple(
            Charged(1, True, line.charge_type, line.text or "its type's", QUARTER.first, line.first, line.last)
            for line in first
        )
        again = collecting(rent(), rent(id=2, text="Garage"), HEAT, done=done, interval=3)
        assert len(first) == 3
        assert again.lines(QUARTER) == ()


class TestNext:
    def test_is_the_first_period_that_begins_later(self) -> None:
        period, lines = collecting(rent()).next(TODAY, None)
        assert (period, [line.amount for line in lines]) == (DECEMBER, [5_000_00])

    def test_is_one_that_has_begun_and_is_not_charged(self) -> None:
        assert collecting(rent()).next(TODAY, day("2026-11-01"))[0] == NOVEMBER
        assert collecting(rent()).next(TODAY, day("2026-10-02"))[0] == NOVEMBER
        assert collecting(rent(), done=(charged("2026-11-01"),)).next(TODAY, day("2026-11-01"))[0] == DECEMBER

    def test_is_no_period_before_the_company_collects(self) -> None:
        assert collecting(rent()).next(TODAY, day("2027-01-01"))[0].first == day("2027-01-01")
        assert collecting(rent(), interval=3).next(TODAY, day("2026-11-01"))[0] == QUARTER

    def test_looks_back_a_year_at_most(self) -> None:
        assert collecting(rent()).next(TODAY, day("2020-01-01"))[0].first == day("2025-12-01")

    def test_what_was_forgotten_comes_alone(self) -> None:
        period, lines = collecting(rent(), HEAT, done=(charged("2026-11-01"),)).next(TODAY, day("2026-11-01"))
        assert (period, [line.charge_type for line in lines]) == (NOVEMBER, ["75020"])

    def test_passes_over_what_is_charged_ahead(self) -> None:
        ahead = (charged("2026-12-01"), charged("2027-01-01"))
        assert collecting(rent(), done=ahead).next(TODAY, None)[0].first == day("2027-02-01")
        by_kind = (charged("2026-12-01", rent=True),)
        assert collecting(done=by_kind).next(TODAY, None)[0].first == day("2027-01-01")

    def test_a_one_off_calls_for_no_period_that_has_begun(self) -> None:
        once = (OneOff(4, "30", "Nøgle", 250_00, 0, day("2026-10-01")),)
        done = (charged("2026-11-01"),)
        period, lines = Collecting(Registered(1, OPEN, (rent(),), once), done).next(TODAY, day("2026-11-01"))
        assert (period, [line.charge_type for line in lines]) == (DECEMBER, ["10", "30"])

    def test_a_line_for_a_hundred_years_ends_the_search(self) -> None:
        done = (charged("2026-12-01", ("2026-12-01", "9999-12-31")),)
        assert collecting(rent(), done=done).next(TODAY, None)[1] == ()


@pytest.mark.parametrize(
    ("arrears", "credits", "used", "total"),
    [(0, 0, 0, 250_00), (100_00, 0, 0, 350_00), (0, 50_00, 50_00, 200_00), (0, 900_00, 250_00, 0)],
)
def test_arrears_are_collected_with_it_and_credit_is_used(arrears: int, credits: int, used: int, total: int) -> None:
    line = Line("30", "Nøgle", 250_00, 0, *DECEMBER, 0, False, one_off=1)
    found = NextCharge(DECEMBER, arrears, (line,), credits)
    assert (found.credits_used, found.total) == (used, total)
