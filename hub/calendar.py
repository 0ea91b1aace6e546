"""Bank days and the last day on which a payment is in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any, Literal

Country = Literal["DK", "SE"]

_DAY = timedelta(days=1)
_SATURDAY = 5
_MONTHS_A_YEAR = 12
#: Lejelov §58 and erhvervslejelov §43 treat Constitution Day like a holiday, though it is none.
_CONSTITUTION_DAY = (6, 5)
_DANISH_CLOSING_DAYS = {_CONSTITUTION_DAY, (12, 24), (12, 31)}
_WEEKDAYS_BUSINESS = 3


def is_bank_day(day: date, country: Country = "DK") -> bool:
    """Whether banks settle on ``day``.

    Denmark: not on Saturday, Sunday, a public holiday, the Friday after Ascension, 5 June, 24 or 31 December (general
    rules of Betalingsservice; equal to Danmarks Nationalbank's closing days). Sweden: not on Saturday, Sunday, a
    public holiday, or the eves of Midsummer, Christmas and New Year.
    """
    return day.weekday() < _SATURDAY and day not in _closing_days(country, day.year)


def last_bank_day(year: int, month: int, nth: int = 1, country: Country = "DK") -> date:
    """The ``nth`` bank day of a month, counted from its end."""
    day = date(year + month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1)
    for _ in range(nth):
        day -= _DAY
        while not is_bank_day(day, country):
            day -= _DAY
    return day


def last_timely_day(due: date, business: bool) -> date:
    """The last day on which what falls due on ``due`` is paid in time under Danish tenancy law (R21).

    Homes (lejelov §58): the due day; if that is a Saturday, Sunday, public holiday or 5 June, the next weekday.
    Business (erhvervslejelov §43): the third weekday after the due day. Whether Saturday counts as one is argued; we
    count without it, because a demand made a day late is valid and one made a day early is void.
    """
    if not business:
        return _first(due, _is_weekday)
    day = due
    for _ in range(_WEEKDAYS_BUSINESS):
        day = _first(day + _DAY, _is_weekday)
    return day


def is_overdue(due: date, on: date, business: bool) -> bool:
    """Whether what falls due on ``due`` and is unpaid is overdue at the start of ``on``: never on its due day (R21)."""
    return on > last_timely_day(due, business)


def _is_weekday(day: date) -> bool:
    holiday = day in _public_holidays("DK", day.year) or (day.month, day.day) == _CONSTITUTION_DAY
    return day.weekday() < _SATURDAY and not holiday


def _first(day: date, fits: Callable[[date], bool]) -> date:
    while not fits(day):
        day += _DAY
    return day


def _holidays(country: Country, **how: Any) -> Any:
    # Here, because it is slow to import, and most commands ask about no holiday.
    from holidays import country_holidays

    return country_holidays(country, **how)


@cache
def _public_holidays(country: Country, year: int) -> frozenset[date]:
    return frozenset(_holidays(country, years=year))


@cache
def _closing_days(country: Country, year: int) -> frozenset[date]:
    public = _public_holidays(country, year)
    if country == "SE":
        return public | frozenset(_holidays("SE", years=year, categories=("de_facto",)))
    fixed = {date(year, month, day) for month, day in _DANISH_CLOSING_DAYS}
    return public | fixed | {_ascension(year) + _DAY}


def _ascension(year: int) -> date:
    named: list[date] = _holidays("DK", years=year, language="en_US").get_named("Ascension Day", lookup="exact")
    return named[0]
