from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.calendar import is_bank_day, is_overdue, last_timely_day

SAMPLE = Path(__file__).resolve().parents[3] / "shared/samples/ledger/11_dk_calendar.json"
DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared samples are not beside this checkout")
class TestAgainstNationalbanken:
    def test_closing_days_on_weekdays(self) -> None:
        published = json.loads(SAMPLE.read_text())["bank_closing_days"]
        for year in (2026, 2027):
            closed = [str(day) for day in days_of(year) if day.weekday() < 5 and not is_bank_day(day)]
            assert closed == published[str(year)]

    def test_sixth_last_bank_day_of_the_month(self) -> None:
        for month, expected in json.loads(SAMPLE.read_text())["betalingsservice_2024"]["days"].items():
            bank_days = [day for day in days_of(2024) if str(day).startswith(month) and is_bank_day(day)]
            assert str(bank_days[-6]) == expected


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2023, 5, 5), False),  # the last Great Prayer Day
        (date(2024, 4, 26), True),  # would have been the next
        (date(2026, 5, 15), False),  # Friday after Ascension
        (date(2008, 5, 2), False),  # Friday after an Ascension that shared its day with 1 May
        (date(2026, 5, 1), True),  # 1 May is no Danish bank holiday
        (date(2026, 6, 5), False),
        (date(2026, 12, 24), False),
        (date(2026, 12, 31), False),
        (date(2026, 12, 30), True),
        (date(2026, 6, 6), False),  # a Saturday
    ],
)
def test_danish_bank_days(day: date, open_: bool) -> None:
    assert is_bank_day(day) is open_


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 5, 1), False),
        (date(2025, 6, 6), False),  # National Day, a Friday
        (date(2026, 6, 19), False),  # Midsummer Eve
        (date(2026, 12, 24), False),
        (date(2026, 6, 5), True),  # Danish only
        (date(2026, 4, 2), True),  # Maundy Thursday is Danish only
        (date(2026, 5, 17), False),  # a Sunday
    ],
)
def test_swedish_bank_days(day: date, open_: bool) -> None:
    assert is_bank_day(day, "SE") is open_


@pytest.mark.parametrize(
    ("due", "last"),
    [
        (date(2026, 7, 1), date(2026, 7, 1)),  # a Wednesday
        (date(2026, 8, 1), date(2026, 8, 3)),  # Saturday -> Monday
        (date(2026, 11, 1), date(2026, 11, 2)),  # Sunday -> Monday
        (date(2026, 1, 1), date(2026, 1, 2)),  # New Year -> Friday
        (date(2026, 4, 2), date(2026, 4, 7)),  # Maundy Thursday -> Tuesday after Easter
        (date(2026, 6, 5), date(2026, 6, 8)),  # Constitution Day, a Friday -> Monday
        (date(2025, 12, 24), date(2025, 12, 24)),  # closes banks, but moves no due day
        (date(2026, 5, 15), date(2026, 5, 15)),  # the same
    ],
)
def test_last_timely_day_of_a_home(due: date, last: date) -> None:
    assert last_timely_day(due, business=False) == last
    assert not is_overdue(due, last, business=False)
    assert is_overdue(due, last + timedelta(days=1), business=False)


@pytest.mark.parametrize(
    ("due", "last"),
    [
        (date(2026, 7, 1), date(2026, 7, 6)),  # Wednesday: Thursday, Friday, (weekend), Monday
        (date(2026, 8, 1), date(2026, 8, 5)),  # Saturday: Monday, Tuesday, Wednesday
        (date(2026, 4, 1), date(2026, 4, 9)),  # before Easter: Tuesday, Wednesday, Thursday
        (date(2026, 6, 4), date(2026, 6, 10)),  # 5 June is not counted
    ],
)
def test_last_timely_day_of_a_business(due: date, last: date) -> None:
    assert last_timely_day(due, business=True) == last
    assert not is_overdue(due, last, business=True)
    assert is_overdue(due, last + timedelta(days=1), business=True)


@given(due=DATES, business=st.booleans())
def test_nothing_is_overdue_on_its_due_day(due: date, business: bool) -> None:
    assert not is_overdue(due, due, business)
    assert last_timely_day(due, business).weekday() < 5


@given(due=DATES)
def test_a_business_never_has_less_time_than_a_home(due: date) -> None:
    assert last_timely_day(due, business=True) >= last_timely_day(due, business=False)
