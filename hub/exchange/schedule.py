"""When a vendor's server is looked at: not too often, in the hours and on the days that the vendor allows.

Betalingsservice forbids constant polling. So a look that reached the server, or that may have (its hub was killed),
is followed by the whole pause, whoever asks and however often the hub is started. One that a passing fault has ended
is tried again earlier, later each time. One that a lasting fault has ended is not, until its settings are other ones.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.calendar import Country, is_bank_day
from hub.settings import ExchangeSection, Site
from hub.settings.exchange import PullSection
from hub.store.exchange import rounds
from hub.store.exchange.rounds import Round
from hub.transport.backoff import pause_after

_MIDNIGHT = "24:00"


class History(NamedTuple):
    """What has been tried. ``looked_at``: when the last round began that no fault has ended.

    ``failures``: how many of the last rounds a passing fault has ended, in a row.
    """

    last: Round | None = None
    looked_at: datetime | None = None
    failures: int = 0


def history_of(conn: Connection, vendor: str) -> History:
    """Of its pulls."""
    looked = rounds.last_look(conn, vendor, "pull")
    last = rounds.last(conn, vendor, "pull")
    failures = rounds.failures_in_a_row(conn, vendor, "pull")
    return History(last, None if looked is None else looked.started_at, failures)


def settings_hash(site: Site, vendor: str) -> str:
    """Of all that decides whether a pull can go through."""
    sftp = site.vendors[vendor].sftp
    return rounds.settings_hash([] if sftp is None else [sftp])


def pull_due_at(conn: Connection, site: Site, vendor: str, now: datetime) -> datetime | None:
    """When a machine looks at the vendor's server next, ``now`` or later; None = never, as things are."""
    config = site.vendors.get(vendor)
    if config is None or config.sftp is None or config.sftp.pull is None:
        return None
    history = history_of(conn, vendor)
    if is_stopped(history, settings_hash(site, vendor)):
        return None
    earliest = retried_at(history, config.sftp.pull, site.hub.exchange, now)
    return next_open(config.sftp.pull, config.country, site.zone, earliest)


def is_stopped(history: History, settings_hash: str) -> bool:
    """Whether a person is needed first: a lasting fault, and the settings are still those that met it."""
    last = history.last
    return last is not None and last.result == "stopped" and last.settings_hash == settings_hash


def allowed_at(history: History, pull: PullSection, now: datetime) -> datetime:
    """From when on anybody may look at the server, ``now`` or later."""
    if history.looked_at is None:
        return now
    return _after(history.looked_at, timedelta(minutes=pull.every_minutes), now)


def retried_at(history: History, pull: PullSection, exchange: ExchangeSection, now: datetime) -> datetime:
    """From when on a machine may: as :func:`allowed_at`, and some time after the last fault.

    That pause is never longer than the one between two looks which went well.
    """
    allowed = allowed_at(history, pull, now)
    if not history.failures or history.last is None or history.last.ended_at is None:
        return allowed
    longest = min(exchange.retry_seconds_max, pull.every_minutes * 60)
    first = min(exchange.retry_seconds_first, longest)
    pause = pause_after(history.failures, first_seconds=first, longest_seconds=longest)
    return max(allowed, _after(history.last.ended_at, pause, now))


def _after(moment: datetime, pause: timedelta, now: datetime) -> datetime:
    """When the pause since that moment is over, ``now`` or later.

    A moment further ahead than that pause is one of a clock that has been put right since: it holds up nobody, or a
    machine that had the wrong year for an hour would not look for a year.
    """
    return now if moment > now + pause else max(now, moment + pause)


def next_open(pull: PullSection, country: Country, zone: ZoneInfo, earliest: datetime) -> datetime:
    """The first moment from ``earliest`` on that is within the hours and days, by the clock on the site's wall."""
    if _is_open(pull, country, earliest.astimezone(zone)):
        return earliest
    begins = time.fromisoformat(pull.hours[:5])
    day = earliest.astimezone(zone).date()
    while True:
        # Where clocks go back, the hour comes twice; where they go forward, it may not come at all.
        for fold in (0, 1):
            opens = datetime.combine(day, begins.replace(fold=fold), zone)
            moment = max(earliest, opens.astimezone(earliest.tzinfo))
            if _is_open(pull, country, moment.astimezone(zone)):
                return moment
        day += timedelta(days=1)


def _is_open(pull: PullSection, country: Country, local: datetime) -> bool:
    if pull.days == "bank" and not is_bank_day(local.date(), country):
        return False
    begins, ends = pull.hours[:5], pull.hours[6:]
    at = local.time().replace(tzinfo=None, fold=0)
    return time.fromisoformat(begins) <= at and (ends == _MIDNIGHT or at < time.fromisoformat(ends))
