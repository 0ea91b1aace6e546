"""What a tenancy's next collection would contain, if nothing happened before it. Pure: books nothing.

A collection covers ``interval`` whole months, counted from January of year 1: with an interval of three, January to
March, April to June and so on. It falls due on the first day of its period.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

_MONTHS_A_YEAR = 12
_DAY = timedelta(days=1)


class Period(NamedTuple):
    """First and last day; it falls due on its first."""

    first: date
    last: date


class Recurring(NamedTuple):
    """A line that comes with every collection; ``amount`` øre a month, VAT included."""

    charge_type: str
    text: str
    amount: int
    first_day: date
    #: None = until further notice.
    last_day: date | None


class OneOff(NamedTuple):
    """A line that waits for the first collection due on its day or later."""

    charge_type: str
    text: str
    amount: int
    due_from: date


class Line(NamedTuple):
    """A line that the collection would have; øre."""

    charge_type: str
    text: str
    amount: int
    #: The days that it is for.
    first: date
    last: date
    #: Months that it is charged for; 0 = once.
    months: int
    #: It is not valid on all days of those months, and charged for them whole: a part of a month is for a person.
    partial: bool


class NextCharge(NamedTuple):
    """The collection as it would be; amounts in øre."""

    period: Period
    #: Due already and unpaid.
    arrears: int
    lines: tuple[Line, ...]
    #: What the tenancy has to its credit.
    credits: int

    @property
    def new(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def credits_used(self) -> int:
        return min(self.credits, self.arrears + self.new)

    @property
    def total(self) -> int:
        return self.arrears + self.new - self.credits_used


def next_period(after: date, interval: int) -> Period:
    """The first period of ``interval`` months that begins after this day."""
    months = after.year * _MONTHS_A_YEAR + after.month - 1
    start = (months // interval + 1) * interval
    return Period(_first_of(start), _first_of(start + interval) - _DAY)


def preview(
    period: Period,
    recurring: Iterable[Recurring],
    one_offs: Iterable[OneOff],
    *,
    lived_in: tuple[date | None, date | None],
    arrears: int,
    credits: int,
) -> NextCharge:
    """``lived_in`` are the tenancy's first and last day, None = open: recurring lines come for those days alone."""
    lines = [line for one in recurring if (line := _recurring_line(one, period, lived_in)) is not None]
    lines += [
        Line(one.charge_type, one.text, one.amount, period.first, period.last, 0, False)
        for one in one_offs
        if one.due_from <= period.first
    ]
    return NextCharge(period, arrears, tuple(lines), credits)


def _recurring_line(one: Recurring, period: Period, lived_in: Sequence[date | None]) -> Line | None:
    first = max(day for day in (period.first, one.first_day, lived_in[0]) if day is not None)
    last = min(day for day in (period.last, one.last_day, lived_in[1]) if day is not None)
    if first > last:
        return None
    months = _month_of(last) - _month_of(first) + 1
    whole = first.day == 1 and (last + _DAY).day == 1
    return Line(one.charge_type, one.text, one.amount * months, first, last, months, not whole)


def _month_of(day: date) -> int:
    return day.year * _MONTHS_A_YEAR + day.month - 1


def _first_of(month: int) -> date:
    return date(month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1)
