"""What a tenancy is charged for a period, from what is registered and what has been charged. Pure: books nothing.

This is the one place that decides it, for a preview and for whoever collects. No contribution is charged twice for any
of its days, however often it is asked: what has been charged is left out, by the lines that stand, whoever made them.

A collection covers ``interval`` whole months, counted from January of year 1: with an interval of three, January to
March, April to June and so on. It falls due on the first day of its period.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple, TypeAlias

#: Uncharged periods are looked for no further back; what is older is for a person.
LOOK_BACK_DAYS = 365
#: Periods that are looked at for one that is not charged: a line may say that it is for a hundred years.
_PERIODS_MAX = 240

_MONTHS_A_YEAR = 12
_DAY = timedelta(days=1)
#: First and last, both included.
_Days: TypeAlias = tuple[date, date]


class Period(NamedTuple):
    """First and last day; it falls due on its first."""

    first: date
    last: date


class Recurring(NamedTuple):
    """A line that comes with every collection; ``amount`` øre a month, VAT included."""

    id: int
    charge_type: str
    #: "" = the charge type's own.
    text: str
    amount: int
    #: Hundredths of a percent.
    vat_rate: int
    first_day: date
    #: None = until further notice.
    last_day: date | None


class OneOff(NamedTuple):
    """A line that waits for the first collection due on its day or later."""

    id: int
    charge_type: str
    text: str
    amount: int
    vat_rate: int
    due_from: date


class Registered(NamedTuple):
    """What a tenancy is charged, and how often."""

    interval: int
    #: First and last day of the tenancy, None = open: recurring lines come for those days alone.
    lived_in: tuple[date | None, date | None]
    recurring: tuple[Recurring, ...] = ()
    one_offs: tuple[OneOff, ...] = ()


class Charged(NamedTuple):
    """A line of a charge that stands. Without days of its own it is for the whole period in which it falls due."""

    charge: int
    #: The charge is of the kind ``rent``.
    rent: bool
    charge_type: str
    text: str
    due_date: date
    first: date | None
    last: date | None


class Line(NamedTuple):
    """A line that the collection would have; øre."""

    charge_type: str
    text: str
    amount: int
    #: Hundredths of a percent.
    vat_rate: int
    #: The days that it is for.
    first: date
    last: date
    #: Months that it is charged for; 0 = once.
    months: int
    #: It is not valid on all days of those months, and charged for them whole: a part of a month is for a person.
    partial: bool
    #: Ids of what it comes from.
    recurring: int | None = None
    one_off: int | None = None


class NextCharge(NamedTuple):
    """A collection as it would be; amounts in øre."""

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


def period_of(day: date, interval: int) -> Period:
    """The period of ``interval`` months that this day lies in."""
    return _period(_month_of(day) // interval, interval)


def next_period(after: date, interval: int) -> Period:
    """The first period of ``interval`` months that begins after this day."""
    return _period(_month_of(after) // interval + 1, interval)


class Collecting:
    """One tenancy's collections: what is registered for it, less what has been charged."""

    def __init__(self, registered: Registered, charged: Collection[Charged]) -> None:
        self._registered = registered
        of_types = {one.charge_type for one in registered.recurring}
        known = {line.charge for line in charged if line.charge_type in of_types}
        # Rent under charge types that are none of the contributions' is the rent of its period all the same.
        self._all = [self._days(line) for line in charged if line.rent and line.charge not in known]
        self._charged = {
            one.id: [self._days(line) for line in charged if _is_of(line, one, registered.recurring)]
            for one in registered.recurring
        }

    def lines(self, period: Period) -> tuple[Line, ...]:
        """What would be charged for this period now: recurring lines, and one-off lines that wait for it."""
        recurring = (line for one in self._registered.recurring for line in self._recurring_lines(one, period))
        once = (
            Line(one.charge_type, one.text, one.amount, one.vat_rate, *period, 0, False, one_off=one.id)
            for one in self._registered.one_offs
            if one.due_from <= period.first
        )
        return (*recurring, *once)

    def next(self, as_of: date, collects_from: date | None) -> tuple[Period, tuple[Line, ...]]:
        """The first period with something to charge, and its lines.

        Periods that have begun by ``as_of`` count where they begin on ``collects_from`` or later and something
        recurring of them is not charged; None = they do not count. A later one counts unless it has been charged.
        """
        period = self._first_period(as_of, collects_from)
        for _ in range(_PERIODS_MAX):
            lines = self.lines(period)
            if any(line.months for line in lines) or (period.first > as_of and not self._is_charged(period)):
                break
            period = next_period(period.last, self._registered.interval)
        return period, self.lines(period)

    def through(self, due: date, as_of: date, collects_from: date | None) -> tuple[Line, ...]:
        """What a run charges for ``due``: of every period that counts and begins by then, what is not charged yet."""
        lines: list[Line] = []
        once: dict[int, Line] = {}
        period = self._first_period(as_of, collects_from)
        while period.first <= due:
            for line in self.lines(period):
                if line.one_off is None:
                    lines.append(line)
                else:
                    # It waits for every period, and comes with the first.
                    once.setdefault(line.one_off, line)
            period = next_period(period.last, self._registered.interval)
        return (*lines, *once.values())

    def _first_period(self, as_of: date, collects_from: date | None) -> Period:
        """The first that counts."""
        start = max(collects_from or as_of + _DAY, as_of - timedelta(days=LOOK_BACK_DAYS))
        return next_period(start - _DAY, self._registered.interval)

    def _is_charged(self, period: Period) -> bool:
        return any(_overlap(days, period) for charged in (self._all, *self._charged.values()) for days in charged)

    def _recurring_lines(self, one: Recurring, period: Period) -> Iterator[Line]:
        """A line for each run of months that are not charged yet."""
        charged = (*self._all, *self._charged[one.id])
        run: list[_Days] = []
        for days in _months_of(period):
            part = self._valid(one, days)
            if part is not None and not any(_overlap(part, done) for done in charged):
                run.append(part)
            elif run:
                yield _line(one, run)
                run = []
        if run:
            yield _line(one, run)

    def _valid(self, one: Recurring, days: _Days) -> _Days | None:
        """Those of these days on which the line comes."""
        begun, over = self._registered.lived_in
        first = max(day for day in (days[0], one.first_day, begun) if day is not None)
        last = min(day for day in (days[1], one.last_day, over) if day is not None)
        return (first, last) if first <= last else None

    def _days(self, line: Charged) -> _Days:
        around = period_of(line.first or line.last or line.due_date, self._registered.interval)
        return line.first or around.first, line.last or around.last


def _is_of(line: Charged, one: Recurring, recurring: Iterable[Recurring]) -> bool:
    """Whether a charged line is this contribution's.

    Its type says so, and where a type has several contributions its text, if it is that of one of them. A line without
    a text is of all of them: nobody shall be charged twice for what may have been one sum.
    """
    if line.charge_type != one.charge_type or line.text in ("", one.text):
        return line.charge_type == one.charge_type
    texts = {other.text for other in recurring if other.charge_type == one.charge_type}
    return line.text not in texts and (one.text == "" or "" not in texts)


def _line(one: Recurring, run: Sequence[_Days]) -> Line:
    first, last = run[0][0], run[-1][1]
    whole = first.day == 1 and (last + _DAY).day == 1
    amount = one.amount * len(run)
    return Line(one.charge_type, one.text, amount, one.vat_rate, first, last, len(run), not whole, recurring=one.id)


def _months_of(period: Period) -> Iterator[_Days]:
    for month in range(_month_of(period.first), _month_of(period.last) + 1):
        yield _period(month, 1)


def _overlap(one: _Days, other: _Days) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _period(number: int, interval: int) -> Period:
    start = number * interval
    return Period(_first_of(start), _first_of(start + interval) - _DAY)


def _month_of(day: date) -> int:
    return day.year * _MONTHS_A_YEAR + day.month - 1


def _first_of(month: int) -> date:
    return date(month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1)
