"""When a delivery of collections must be with the vendor, and how far ahead a collection may fall due.

Betalingsservice: before 11:00 on the sixth-last Danish bank day of the month before the payment month, and at most 90
days ahead (guide for data suppliers of February 2025, read at second hand: each is a setting of ``[delivery]``). Which
zone the hour is of no source says: the site's.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.calendar import last_bank_day
from hub.errors import HubError
from hub.settings import DeliverySection

_OWN_DAYS_AHEAD_MAX = 366


class TooLateError(HubError):
    """The vendor's deadline for this due date has passed."""


class DueDateError(HubError):
    """A due date that no collection may have."""


def deadline(due: date, section: DeliverySection, zone: ZoneInfo) -> datetime:
    """The moment before which collections for ``due`` must be delivered, in ``zone``."""
    before = due.replace(day=1) - timedelta(days=1)
    day = last_bank_day(before.year, before.month, section.deadline_bank_day)
    return datetime.combine(day, time.fromisoformat(section.deadline_time), zone)


def awaited_from(today: date, section: DeliverySection | None) -> date:
    """What was collected for this day or later may still be answered; without a vendor, what is ahead."""
    return today if section is None else today - timedelta(days=section.answer_days)


def judge_own_day(due: date, today: date) -> None:
    """Of own slips, for which no vendor has a rule. Raises DueDateError."""
    if due < today:
        raise DueDateError(f"{due} has passed: today is {today}", why="nobody can pay in time", do="name a later day")
    if (due - today).days > _OWN_DAYS_AHEAD_MAX:
        raise DueDateError(
            f"{due} is more than {_OWN_DAYS_AHEAD_MAX} days ahead",
            why="every rent until then would be charged now",
            do="is the year right? Collect for an earlier day",
        )


def judge_due_date(due: date, section: DeliverySection, zone: ZoneInfo, now: datetime, *, force: bool) -> None:
    """Raises DueDateError for a day that is past or too far ahead; TooLateError after the deadline unless forced."""
    today = now.astimezone(zone).date()
    if due <= today:
        raise DueDateError(f"{due} is not ahead: today is {today}", why="nothing can be collected on it any more")
    if (due - today).days > section.days_ahead_max:
        last = today + timedelta(days=section.days_ahead_max)
        raise DueDateError(
            f"{due} is more than {section.days_ahead_max} days ahead",
            why="the vendor refuses what falls due later",
            do=f"collect for {last} or earlier, or this from {due - timedelta(days=section.days_ahead_max)} on",
        )
    limit = deadline(due, section, zone)
    if now >= limit and not force:
        raise TooLateError(
            f"collections for {due:%B %Y} were to be delivered before {limit:%Y-%m-%d %H:%M}",
            why="the vendor may refuse them, or collect them on another day than the tenant was told",
            do="choose a later due date; or, where the vendor has agreed to take it, say --force",
        )
