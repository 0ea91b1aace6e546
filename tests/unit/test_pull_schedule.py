"""When a vendor's server is looked at: never too often, never outside its hours and days, on any clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.calendar import is_bank_day
from hub.exchange.schedule import History, allowed_at, is_stopped, next_open, retried_at
from hub.settings import ExchangeSection
from hub.settings.exchange import PullSection, SftpSection
from hub.store.exchange.rounds import Round

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
ZONES = (COPENHAGEN, ZoneInfo("UTC"), ZoneInfo("Atlantic/Reykjavik"), ZoneInfo("Australia/Lord_Howe"))
EXCHANGE = ExchangeSection()
#: A Monday.
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def pull(**how: Any) -> PullSection:
    return PullSection(**how)


def ended(result: str | None, began: datetime, hash_: str = "now", *, after: float = 1) -> Round:
    end = None if result is None else began + timedelta(seconds=after)
    return Round(1, "bs", "pull", began, end, result, "", 0, 0, 0, hash_)  # type: ignore[arg-type]


def local(text: str, fold: int = 0) -> datetime:
    """A moment in Copenhagen."""
    return datetime.fromisoformat(text).replace(tzinfo=COPENHAGEN, fold=fold).astimezone(UTC)


clocks = st.times().map(lambda at: at.strftime("%H:%M"))


@st.composite
def sections(draw: st.DrawFn) -> PullSection:
    begins, ends = draw(clocks), draw(st.one_of(st.just("24:00"), clocks))
    begins, ends = min(begins, ends), max(begins, ends)
    hours = "00:00-24:00" if begins == ends else f"{begins}-{ends}"
    every = draw(st.floats(0.1, 10_080))
    return pull(hours=hours, days=draw(st.sampled_from(["bank", "all"])), every_minutes=every)


def is_open(section: PullSection, zone: ZoneInfo, moment: datetime) -> bool:
    at = moment.astimezone(zone)
    begins, ends = time.fromisoformat(section.hours[:5]), section.hours[6:]
    within = begins <= at.time() and (ends == "24:00" or at.time() < time.fromisoformat(ends))
    return within and (section.days == "all" or is_bank_day(at.date()))


#: Three years of minutes.
moments = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@settings(deadline=None)
@given(sections(), moments, st.sampled_from(ZONES))
def test_it_is_always_within_hours_and_days(section: PullSection, now: datetime, zone: ZoneInfo) -> None:
    due = next_open(section, "DK", zone, now)
    assert due >= now
    assert is_open(section, zone, due)
    if is_open(section, zone, now):
        assert due == now
    # Longer than a week no bank is closed; nor does any day lack these hours but the one when clocks go forward.
    assert due - now < timedelta(days=9)


@settings(max_examples=60, deadline=None)
@given(sections(), moments, st.lists(st.tuples(st.sampled_from(["done", "failed", "killed"]), st.floats(0, 9_000))))
def test_no_two_looks_are_closer_than_the_pause(
    section: PullSection, now: datetime, ends: list[tuple[str, float]]
) -> None:
    """Whatever becomes of them; a look that was killed counts as one."""
    history = History()
    looks: list[datetime] = []
    for result, lasted_seconds in ends:
        due = next_open(section, "DK", COPENHAGEN, retried_at(history, section, EXCHANGE, now))
        assert is_open(section, COPENHAGEN, due)
        assert not looks or due - looks[-1] >= timedelta(minutes=section.every_minutes)
        if history.failures:
            assert history.last is not None
            assert history.last.ended_at is not None
            first = min(EXCHANGE.retry_seconds_first, section.every_minutes * 60)
            assert due - history.last.ended_at >= timedelta(seconds=first)
        round_ = ended(None if result == "killed" else result, due, after=lasted_seconds)
        if result != "failed":
            looks.append(due)
        looked_at = looks[-1] if looks else None
        history = History(round_, looked_at, history.failures + 1 if result == "failed" else 0)
        now = round_.ended_at or due


def test_what_a_passing_fault_has_ended_is_tried_again_soon_and_then_later_and_later() -> None:
    section = pull(every_minutes=60)
    failed = ended("failed", NOW)
    assert failed.ended_at is not None
    pauses = []
    for failures in (1, 2, 3, 4, 50):
        due = retried_at(History(failed, NOW - timedelta(hours=1), failures), section, EXCHANGE, NOW)
        pauses.append((due - failed.ended_at).total_seconds())
    assert 30 <= pauses[0] <= 45 < pauses[1] < pauses[2] < pauses[3] < pauses[4] <= 3_600


def test_a_pause_after_a_fault_is_never_longer_than_after_a_look_that_went_well() -> None:
    section = pull(every_minutes=1)
    due = retried_at(History(ended("failed", NOW), None, 50), section, EXCHANGE, NOW)
    assert due - NOW <= timedelta(seconds=61)


def test_after_a_look_the_pause_holds_for_everybody() -> None:
    looked = History(ended("done", NOW), NOW)
    assert allowed_at(looked, pull(every_minutes=60), NOW + timedelta(minutes=1)) == NOW + timedelta(minutes=60)
    assert allowed_at(looked, pull(every_minutes=60), NOW + timedelta(minutes=61)) == NOW + timedelta(minutes=61)
    # Not after a try that reached nothing, though a machine waits some time then.
    assert allowed_at(History(ended("failed", NOW), None, 1), pull(), NOW) == NOW


def test_a_killed_look_counts_as_one() -> None:
    killed = History(ended(None, NOW), NOW)
    assert allowed_at(killed, pull(every_minutes=60), NOW) == NOW + timedelta(minutes=60)


@pytest.mark.parametrize(
    ("ahead", "waits"),
    [
        # The look of an hour's pause was just now, by a clock that is right or a little behind: the pause is kept.
        (timedelta(0), timedelta(minutes=60)),
        (timedelta(minutes=5), timedelta(minutes=65)),
        (timedelta(minutes=60), timedelta(minutes=120)),
        # By a clock that was far off: nobody knows when it was.
        (timedelta(minutes=61), timedelta(0)),
        (timedelta(days=3_650), timedelta(0)),
    ],
)
def test_a_clock_that_was_put_back_holds_up_nobody_for_long(ahead: timedelta, waits: timedelta) -> None:
    section = pull(every_minutes=60)
    looked = History(ended("done", NOW + ahead), NOW + ahead)
    assert allowed_at(looked, section, NOW) == NOW + waits
    assert retried_at(looked, section, EXCHANGE, NOW) == NOW + waits


def test_a_fault_of_a_clock_that_was_put_back_holds_up_nobody_for_long() -> None:
    failed = History(ended("failed", NOW + timedelta(days=3_650)), None, 50)
    assert retried_at(failed, pull(every_minutes=60), EXCHANGE, NOW) == NOW


def test_after_a_lasting_fault_nothing_is_tried_until_the_settings_differ() -> None:
    stopped = History(ended("stopped", NOW, "before"))
    assert is_stopped(stopped, "before")
    assert not is_stopped(stopped, "mended")
    assert not is_stopped(History(), "before")
    assert not is_stopped(History(ended("failed", NOW, "before"), None, 1), "before")


@pytest.mark.parametrize(
    ("hours", "days", "now", "due"),
    [
        ("08:00-16:00", "all", local("2026-11-23 07:59"), local("2026-11-23 08:00")),
        ("08:00-16:00", "all", local("2026-11-23 15:59"), local("2026-11-23 15:59")),
        ("08:00-16:00", "all", local("2026-11-23 16:00"), local("2026-11-24 08:00")),
        ("20:00-24:00", "all", local("2026-11-23 23:59"), local("2026-11-23 23:59")),
        # Friday evening; Christmas; the Friday after Ascension.
        ("08:00-16:00", "bank", local("2026-11-20 18:00"), local("2026-11-23 08:00")),
        ("08:00-16:00", "bank", local("2026-12-23 18:00"), local("2026-12-28 08:00")),
        ("00:00-24:00", "bank", local("2026-05-14 10:00"), local("2026-05-18 00:00")),
        # Clocks go forward on 29 March, from 02:00 to 03:00: that hour does not come, and is not made up for.
        ("02:00-03:00", "all", local("2026-03-29 00:00"), local("2026-03-30 02:00")),
        ("02:30-04:00", "all", local("2026-03-29 00:00"), local("2026-03-29 03:30")),
        # They go back on 25 October, from 03:00 to 02:00: that hour comes twice.
        ("02:30-04:00", "all", local("2026-10-25 02:00", fold=1), local("2026-10-25 02:30", fold=1)),
        ("02:00-03:00", "all", local("2026-10-25 02:30", fold=1), local("2026-10-25 02:30", fold=1)),
    ],
)
def test_next_open(hours: str, days: str, now: datetime, due: datetime) -> None:
    assert next_open(pull(hours=hours, days=days), "DK", COPENHAGEN, now) == due


def test_bank_days_are_the_vendors_own() -> None:
    # 5 June is a bank day in neither; Midsummer's eve is one in Denmark.
    eve = datetime.combine(date(2026, 6, 19), time(8), COPENHAGEN).astimezone(UTC)
    assert next_open(pull(days="bank"), "DK", COPENHAGEN, eve) == eve
    assert next_open(pull(days="bank"), "SE", COPENHAGEN, eve) > eve


def test_a_look_lasts_until_a_file_has_settled() -> None:
    section: dict[str, Any] = {"host": "h", "user": "u", "key_file": "k", "total_seconds": 60}
    assert SftpSection(**section, pull=pull(settle_seconds=59)).pull
    with pytest.raises(ValueError, match="a look ends before a file has settled"):
        SftpSection(**section, pull=pull(settle_seconds=60))


@pytest.mark.parametrize("hours", ["22:00-02:00", "08:00-08:00", "24:00-24:00", "8:00-16:00"])
def test_hours_are_of_one_day(hours: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        pull(hours=hours)
