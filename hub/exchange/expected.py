"""Files that were expected and did not come: by the site's clock, on the bank days of the vendor's country.

A file that comes late ends it. What comes after one deadline is taken for the next one's: nothing in a file says which
day it was meant for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.calendar import Country, is_bank_day, last_bank_day
from hub.settings import Site, VendorConfig
from hub.settings.exchange import Expectation, parse_expectation
from hub.store.exchange import coming


class Missing(NamedTuple):
    """A vendor's file that should have come by ``expected_by`` (UTC); ``text`` says so to a person."""

    vendor: str
    expected_by: datetime
    text: str


def missing(conn: Connection, site: Site, now: datetime) -> list[Missing]:
    """By vendor instance: what the latest deadline up to ``now`` has missed.

    Nothing is missed that was due before the hub took in its first file or ran its first round.
    """
    began = coming.began_at(conn)
    if began is None:
        return []
    found = []
    for name, config in sorted(site.vendors.items()):
        if config.expect is None:
            continue
        expectation = parse_expectation(config.expect)
        latest, before = _last_two(expectation, config.country, site.zone, now)
        if latest >= began and not coming.has_come_since(conn, name, before) and not _is_silent(conn, config):
            found.append(Missing(name, latest, _told(name, config.expect, latest.astimezone(site.zone))))
    return found


def next_deadline(expectation: Expectation, country: Country, zone: ZoneInfo, now: datetime) -> datetime:
    """The first one after ``now``, in UTC."""
    days = _deadlines(expectation, country, zone, now.astimezone(zone).date(), +1)
    return next(deadline for deadline in days if deadline > now)


def last_deadline(expectation: Expectation, country: Country, zone: ZoneInfo, now: datetime) -> datetime:
    """The last one up to ``now``, in UTC."""
    return _last_two(expectation, country, zone, now)[0]


def _last_two(expectation: Expectation, country: Country, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    days = _deadlines(expectation, country, zone, now.astimezone(zone).date(), -1)
    past = (deadline for deadline in days if deadline <= now)
    return next(past), next(past)


def _deadlines(
    expectation: Expectation, country: Country, zone: ZoneInfo, day: date, step: Literal[1, -1]
) -> Iterator[datetime]:
    """Day by day from ``day`` on, without end."""
    while True:
        if _is_expected_on(expectation, day, country):
            # An hour that comes twice is over when it has come twice; one that the clocks leave out, when they have.
            moments = (datetime.combine(day, expectation.by.replace(fold=fold), zone) for fold in (0, 1))
            yield max(moment.astimezone(UTC) for moment in moments)
        day += timedelta(days=step)


def _is_expected_on(expectation: Expectation, day: date, country: Country) -> bool:
    match expectation.on:
        case "all":
            return True
        case "bank":
            return is_bank_day(day, country)
        case "weekday":
            return day.weekday() == expectation.number
        case "month_day":
            return day.day == expectation.number
        case "last_bank":
            return day == last_bank_day(day.year, day.month, country=country)


def _is_silent(conn: Connection, config: VendorConfig) -> bool:
    """Whether there was nothing to send: a vendor that pays out what it holds sends nothing on a zero day."""
    return config.expect_unless_zero and coming.clearing_is_zero(conn, config.plugin, config.companies)


def _told(vendor: str, expect: str, deadline: datetime) -> str:
    return (
        f"{vendor}: the file expected by {deadline:%Y-%m-%d %H:%M} has not come ({expect}); ask the vendor, and look "
        "whether it lies in quarantine, on the vendor's server or in an inbox"
    )
