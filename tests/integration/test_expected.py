"""Files that were expected and did not come: told at their hour, of the right days, and not when there is nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from hub.calendar import is_bank_day, last_bank_day
from hub.exchange.expected import last_deadline, missing, next_deadline
from hub.settings import HubConfig, Site, VendorConfig
from hub.settings.exchange import Expectation, parse_expectation
from hub.store import journal
from hub.store.database import Database
from hub.store.exchange import rounds
from hub.store.tables import blob, file
from tests.desk import Desk, paid

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
ZONES = (COPENHAGEN, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/St_Johns"))
BANK_DAYS = "by 12:00 on bank days"


def local(text: str, fold: int = 0) -> datetime:
    """A moment in Copenhagen."""
    return datetime.fromisoformat(text).replace(tzinfo=COPENHAGEN, fold=fold).astimezone(UTC)


def site_of(expect: str = BANK_DAYS, *, zone: str = "Europe/Copenhagen", **config: Any) -> Site:
    vendor = VendorConfig(plugin="nets_bs", expect=expect, **config)
    hub = HubConfig.model_validate({"site": {"timezone": zone}})
    return Site(Path("/nowhere"), hub, vendors={"bs": vendor})


def take_in(conn: Connection, at: datetime, *, state: str | None = "booked", vendor: str | None = "bs") -> int:
    sha256 = f"{at.timestamp():064.0f}"
    conn.execute(blob.insert().values(sha256=sha256, size=1, stored_at=at))
    came = journal.add_file(conn, sha256=sha256, name="D1", vendor=vendor, kind="0602", received_at=at)
    conn.execute(file.update().where(file.c.id == came.id).values(state=state))
    return came.id


def missed(database: Database, site: Site, now: datetime) -> list[datetime]:
    with database.read() as conn:
        return [one.expected_by for one in missing(conn, site, now)]


@pytest.fixture
def began(database: Database) -> Database:
    """A hub that has been at work since the first Monday of November 2026: a file of another vendor's has come."""
    with database.write() as conn:
        take_in(conn, local("2026-11-02 08:00"), vendor="heat")
    return database


def test_nothing_is_missed_before_the_hub_has_begun(database: Database) -> None:
    assert missed(database, site_of(), local("2026-11-23 13:00")) == []
    with database.write() as conn:
        rounds.begin(conn, "bs", "pull", "hash", local("2026-11-23 12:30"))
    assert missed(database, site_of(), local("2026-11-24 11:59")) == []
    assert missed(database, site_of(), local("2026-11-24 12:00")) == [local("2026-11-24 12:00")]


def test_it_is_missed_at_its_hour_until_it_comes_late(began: Database) -> None:
    with began.write() as conn:
        take_in(conn, local("2026-11-20 10:00"))
    friday, monday = local("2026-11-20 12:00"), local("2026-11-23 12:00")
    assert missed(began, site_of(), friday) == []
    assert missed(began, site_of(), monday - timedelta(seconds=1)) == []
    assert missed(began, site_of(), monday) == [monday]
    with began.read() as conn:
        (told,) = missing(conn, site_of(), monday)
    assert told.vendor == "bs"
    assert "2026-11-23 12:00" in told.text
    with began.write() as conn:
        take_in(conn, local("2026-11-23 15:00"))
    assert missed(began, site_of(), local("2026-11-23 15:01")) == []


def test_one_that_came_over_the_weekend_is_mondays(began: Database) -> None:
    with began.write() as conn:
        take_in(conn, local("2026-11-21 03:00"))
    assert missed(began, site_of(), local("2026-11-23 12:00")) == []


@pytest.mark.parametrize(
    ("state", "counts"),
    [("booked", True), ("quarantined", True), ("held_for_approval", True), (None, True), ("duplicate", False)],
)
def test_a_copy_of_an_old_file_has_not_come(began: Database, state: str | None, counts: bool) -> None:
    with began.write() as conn:
        take_in(conn, local("2026-11-23 11:00"), state=state)
    assert missed(began, site_of(), local("2026-11-23 12:00")) == ([] if counts else [local("2026-11-23 12:00")])


def test_what_came_through_its_door_and_nobody_could_read_has_come(began: Database) -> None:
    at = local("2026-11-23 11:00")
    with began.write() as conn:
        id_ = take_in(conn, at, state="quarantined", vendor=None)
        seen = {"source": "/inbox/bs", "name": "D1", "size": 1, "mtime_ns": 1, "door": "bs", "period": None}
        claim = journal.claim(conn, **seen, owner="host:1:x", lease_until=at, now=at)
        assert claim is not None
        journal.set_file(conn, claim.id, id_)
    assert missed(began, site_of(), local("2026-11-23 12:00")) == []


def test_on_a_zero_day_silence_is_not_missed(database: Database, tmp_path: Path) -> None:
    desk = Desk(database, tmp_path)
    site = site_of("by 12:00 on all days", expect_unless_zero=True)
    assert not missed(database, site, local("2026-11-30 12:00"))
    with database.write() as conn:
        take_in(conn, local("2026-11-02 08:00"), vendor="heat")
    desk.book(paid("101", 100_00))
    late = local("2027-01-10 12:00")
    assert missed(database, site, late) == [late]
    others = site_of("by 12:00 on all days", expect_unless_zero=True, companies=("2",))
    assert missed(database, others, late) == []
    other_plugin = site_of("by 12:00 on all days", expect_unless_zero=True)
    vendor = VendorConfig(plugin="nets", expect="by 12:00 on all days", expect_unless_zero=True)
    assert missed(database, Site(other_plugin.root, other_plugin.hub, vendors={"bs": vendor}), late) == []


@pytest.mark.parametrize(
    ("expect", "now", "last", "following"),
    [
        # Maundy Thursday to Easter Monday 2027 are no bank days in Denmark.
        (BANK_DAYS, "2027-03-29 15:00", "2027-03-24 12:00", "2027-03-30 12:00"),
        (BANK_DAYS, "2027-01-01 00:00", "2026-12-30 12:00", "2027-01-04 12:00"),
        ("by 09:00 on the last bank day of the month", "2027-01-01 00:00", "2026-12-30 09:00", "2027-01-29 09:00"),
        ("by 09:00 on Fridays", "2026-11-23 12:00", "2026-11-20 09:00", "2026-11-27 09:00"),
        ("by 09:00 on day 1 of the month", "2026-11-01 08:59", "2026-10-01 09:00", "2026-11-01 09:00"),
        # Clocks went back at 03:00 on 25 October 2026: 02:30 came twice, and was over at the second.
        ("by 02:30 on all days", "2026-10-25 12:00", "2026-10-25 01:30+00:00", "2026-10-26 02:30"),
        # And forward at 02:00 on 28 March 2027: there was no 02:30.
        ("by 02:30 on all days", "2027-03-28 12:00", "2027-03-28 01:30+00:00", "2027-03-29 02:30"),
    ],
)
def test_deadlines_by_the_calendar(expect: str, now: str, last: str, following: str) -> None:
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text) if "+" in text else local(text)

    expectation = parse_expectation(expect)
    assert last_deadline(expectation, "DK", COPENHAGEN, local(now)) == moment(last)
    assert next_deadline(expectation, "DK", COPENHAGEN, local(now)) == moment(following)


def test_swedish_bank_days_are_swedish() -> None:
    epiphany = local("2027-01-06 13:00")
    assert last_deadline(parse_expectation(BANK_DAYS), "SE", COPENHAGEN, epiphany) < local("2027-01-06 00:00")
    assert last_deadline(parse_expectation(BANK_DAYS), "DK", COPENHAGEN, epiphany) == local("2027-01-06 12:00")


expectations = st.builds(
    lambda by, on: Expectation(by.replace(second=0, microsecond=0), *on),
    st.times(),
    st.one_of(
        st.sampled_from([("bank", 0), ("all", 0), ("last_bank", 0)]),
        st.tuples(st.just("weekday"), st.integers(0, 6)),
        st.tuples(st.just("month_day"), st.integers(1, 28)),
    ),
)
moments = st.integers(0, 800 * 24 * 60).map(lambda minutes: local("2025-12-01 00:00") + timedelta(minutes=minutes))


@given(expectations, st.sampled_from(ZONES), moments)
def test_deadlines_lie_around_now_on_their_days_with_none_between(
    expectation: Expectation, zone: ZoneInfo, now: datetime
) -> None:
    last = last_deadline(expectation, "DK", zone, now)
    following = next_deadline(expectation, "DK", zone, now)
    assert last <= now < following
    assert next_deadline(expectation, "DK", zone, last) == following
    assert last_deadline(expectation, "DK", zone, following) == following
    days = {last.astimezone(zone).date(), following.astimezone(zone).date()}
    assert all(_is_its(expectation, day) for day in days)
    day = last.astimezone(zone).date() + timedelta(days=1)
    while day < following.astimezone(zone).date():
        assert not _is_its(expectation, day)
        day += timedelta(days=1)


def _is_its(expectation: Expectation, day: date) -> bool:
    return {
        "all": True,
        "bank": is_bank_day(day),
        "weekday": day.isoweekday() == expectation.number + 1,
        "month_day": day.day == expectation.number,
        "last_bank": day == last_bank_day(day.year, day.month),
    }[expectation.on]
