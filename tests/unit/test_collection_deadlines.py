"""Deadlines for collections: the sixth-last bank day of the month before, and 90 days ahead."""

from __future__ import annotations

import json
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.collecting.deadlines import DueDateError, TooLateError, deadline, judge_due_date
from hub.settings import DeliverySection

SAMPLE = Path(__file__).resolve().parents[3] / "shared/samples/ledger/11_dk_calendar.json"
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
SECTION = DeliverySection(data_supplier="99999994")


def _sixth_last_open_day(year: int, month: int, closed: set[str]) -> date:
    """By counting, apart from the code under test."""
    days = [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]
    return [day for day in days if day.weekday() < 5 and day.isoformat() not in closed][-6]


@pytest.mark.skipif(not SAMPLE.exists(), reason="no samples beside the checkout")
@pytest.mark.parametrize("month", range(1, 13))
def test_the_days_of_2024_are_the_published_ones(month: int) -> None:
    published = json.loads(SAMPLE.read_text(encoding="utf-8"))["betalingsservice_2024"]["days"]
    due = date(2024 + month // 12, month % 12 + 1, 1)
    assert deadline(due, SECTION, COPENHAGEN).date().isoformat() == published[f"2024-{month:02d}"]


@pytest.mark.skipif(not SAMPLE.exists(), reason="no samples beside the checkout")
@pytest.mark.parametrize("year", [2026, 2027])
@pytest.mark.parametrize("month", range(1, 13))
def test_the_days_of_other_years_follow_from_the_published_closing_days(year: int, month: int) -> None:
    closed = set(json.loads(SAMPLE.read_text(encoding="utf-8"))["bank_closing_days"][str(year)])
    due = date(year + month // 12, month % 12 + 1, 15)
    assert deadline(due, SECTION, COPENHAGEN).date() == _sixth_last_open_day(year, month, closed)


def test_a_minute_before_the_hour_is_in_time_and_the_hour_is_not() -> None:
    due, limit = date(2026, 12, 1), datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert deadline(due, SECTION, COPENHAGEN) == limit
    judge_due_date(due, SECTION, COPENHAGEN, limit - timedelta(seconds=1), force=False)
    with pytest.raises(TooLateError, match=r"December 2026 were to be delivered before 2026-11-23 11:00"):
        judge_due_date(due, SECTION, COPENHAGEN, limit, force=False)
    judge_due_date(due, SECTION, COPENHAGEN, limit, force=True)


def test_neither_the_past_nor_more_than_ninety_days_ahead_can_be_forced() -> None:
    now = datetime(2026, 11, 10, 9, tzinfo=UTC)
    judge_due_date(date(2027, 2, 8), SECTION, COPENHAGEN, now, force=False)
    for due, said in ((date(2027, 2, 9), "more than 90 days ahead"), (date(2026, 11, 10), "is not ahead")):
        with pytest.raises(DueDateError, match=said):
            judge_due_date(due, SECTION, COPENHAGEN, now, force=True)
