"""Notices: people are told what needs them, once each, by mail and by a command, and of nobody's money."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from hub.exchange.notices import NotToldError, not_told
from hub.outbox.settling import OWED_NO_LONGER
from hub.store.database import Database, connect
from hub.store.exchange.dispatches import change_state
from hub.store.tables import delivery_event, dispatch, fetched
from tests.desk import NOW
from tests.mailing import ANNA, BO, PASSWORD, SENDER
from tests.smtp import Sink
from tests.watching import KEEP, Watched

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


@pytest.fixture
def watched(database: Database, tmp_path: Path) -> Watched:
    return Watched(database, tmp_path)


@pytest.fixture
def quick(tmp_path: Path, sqlite_template: Path) -> Iterator[Watched]:
    """Where the database makes no difference."""
    (tmp_path / "hub.db").write_bytes(sqlite_template.read_bytes())
    opened = connect(f"sqlite:///{tmp_path}/hub.db")
    yield Watched(opened, tmp_path)
    opened.close()


def lines(sink: Sink, number: int = -1) -> list[str]:
    body = sink.mails[number].message.get_body()
    assert body is not None
    return [line[2:] for line in str(body.get_content()).split("\r\n") if line.startswith("- ")]


def test_each_is_told_once_in_one_mail(watched: Watched, sink: Sink) -> None:
    watched.by_mail(sink)
    watched.file("juni.txt", "quarantined", "malformed: line 3, position 21: '12a' is no amount")
    watched.file("juli.txt", "partly_booked", "1-12 is held: tenancy 1-12-3-1 has moved out", held=7)
    watched.file("august.txt", "held_for_approval")
    watched.file("fine.txt", "booked")
    assert watched.tell() == 3
    (mail,) = sink.mails
    assert (mail.sender, mail.recipients, mail.encrypted) == (SENDER, [ANNA, BO], True)
    assert mail.message["Subject"] == "Søgård: 3 things need a person"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert lines(sink) == [
        "file juni.txt of heat is in quarantine (malformed); see: hub files show 1",
        "file juli.txt of heat is booked in part, 7 records are held (1-12 is held); see: hub files show 2",
        "file august.txt of heat waits for a release (R8); see: hub files show 3",
    ]
    assert watched.tell(later=HOUR) == 0
    watched.file("september.txt", "quarantined")
    assert watched.tell(later=HOUR) == 1
    assert [len(lines(sink, number)) for number in (0, 1)] == [3, 1]


def test_a_command_gets_them_as_json(watched: Watched) -> None:
    watched.by_command(KEEP)
    file_id = watched.file("juni.txt", "quarantined", "unrecognised: no vendor knows it")
    assert watched.tell() == 1
    document = json.loads((watched.root / "told.json").read_text(encoding="utf-8"))
    text = f"file juni.txt of heat is in quarantine (unrecognised); see: hub files show {file_id}"
    (only,) = document["notices"]
    assert document["site"] == "Søgård"
    assert only["id"] > 0
    assert {**only, "id": 0} == {
        "id": 0,
        "about": f"file:{file_id}:quarantined",
        "kind": "quarantined",
        "vendor": "heat",
        "text": text,
        "at": NOW.isoformat(),
    }
    assert watched.tell() == 0


def test_a_command_that_fails_is_given_them_later_and_later(quick: Watched) -> None:
    quick.by_command(KEEP)
    (quick.root / "broken").touch()
    quick.file("juni.txt", "quarantined")
    with pytest.raises(NotToldError, match="ended with status 1"):
        quick.tell()
    assert quick.tell() == 0, "it is too soon"
    with pytest.raises(NotToldError):
        quick.tell(later=timedelta(minutes=1))
    assert quick.tell(later=timedelta(seconds=55)) == 0, "the pause is longer now"
    (quick.root / "broken").unlink()
    quick.file("juli.txt", "quarantined")
    assert quick.tell(later=timedelta(minutes=1)) == 2
    assert [len(told) for told in quick.command_got()] == [1, 1, 2]


def test_a_person_does_not_wait_for_the_next_try(quick: Watched) -> None:
    quick.by_command(KEEP)
    (quick.root / "broken").touch()
    quick.file("juni.txt", "quarantined")
    with pytest.raises(NotToldError):
        quick.tell()
    (quick.root / "broken").unlink()
    assert quick.tell(by_hand=True) == 1


def test_what_was_dealt_with_before_it_could_be_told_is_not_told(quick: Watched) -> None:
    quick.by_command(KEEP)
    (quick.root / "broken").touch()
    first = quick.file("juni.txt", "quarantined")
    quick.file("juli.txt", "quarantined")
    with pytest.raises(NotToldError):
        quick.tell()
    (quick.root / "broken").unlink()
    quick.read_again(first, "booked")
    assert quick.tell(later=HOUR) == 1
    assert "juli.txt" in quick.command_got()[-1][0]


def test_what_one_way_has_told_is_told_and_the_other_ones_failure_too(quick: Watched, sink: Sink) -> None:
    quick.by_mail(sink)
    quick.by_command(KEEP)
    sink.misbehave("MAIL", "550 5.7.1 who are you")
    quick.file("juni.txt", "quarantined")
    assert quick.tell() == 1
    assert quick.tell(later=HOUR) == 1
    assert quick.tell(later=HOUR) == 0, "once a day"
    (_, (failure,)) = quick.command_got()
    assert "notices do not reach everybody" in failure
    assert "550 5.7.1 who are you" in failure
    assert sink.mails == []
    assert quick.tell(later=DAY) == 1
    sink.behave()
    quick.file("juli.txt", "quarantined")
    assert quick.tell(later=DAY) == 2
    assert quick.tell(later=DAY) == 0
    assert len(sink.mails) == 1


def test_who_is_not_confirmed_is_told_nothing(quick: Watched, sink: Sink) -> None:
    quick.by_mail(sink, ANNA, BO, confirmed=(BO,))
    quick.file("juni.txt", "quarantined")
    quick.tell()
    assert [mail.recipients for mail in sink.mails] == [[BO]]
    (told,) = not_told(quick.site)
    assert ANNA in told
    quick.by_mail(sink, ANNA, confirmed=(BO,))
    quick.file("juli.txt", "quarantined")
    assert quick.tell() == 0
    assert len(sink.mails) == 1


def test_with_nobody_to_tell_nothing_is_written_down_and_all_that_is_open_is_told_later(quick: Watched) -> None:
    quick.file("juni.txt", "quarantined")
    assert quick.tell() == 0
    quick.by_command(KEEP)
    assert quick.tell(later=DAY) == 1


def test_an_answer_that_is_lost_may_tell_twice_and_then_in_the_same_mail(quick: Watched, sink: Sink) -> None:
    quick.by_mail(sink)
    sink.misbehave("END", "drop", times=1)
    quick.file("juni.txt", "quarantined")
    with pytest.raises(NotToldError):
        quick.tell()
    assert quick.tell(later=HOUR) == 1
    first, second = (mail.message["Message-ID"] for mail in sink.mails)
    assert first == second


def test_dispatches_that_are_not_sent_are_told_each_time(watched: Watched) -> None:
    watched.by_command(KEEP)
    one = watched.dispatch()
    watched.stop(one, "127.0.0.1:25: the mail server does not take mail for anna: 550 nobody")
    assert watched.tell() == 1
    with watched.db.write() as conn:
        change_state(conn, one, "waiting", "mended", by="person", at=watched.now, actor="Anna")
    assert watched.tell() == 0
    watched.stop(one, "127.0.0.1:25: the mail server refuses our login: 535")
    assert watched.tell() == 1
    first, second = (told[0] for told in watched.command_got())
    assert "550 nobody" in first
    assert "535" in second
    assert f"hub outbox show {one}" in second


def test_whose_money_it_is_is_told_nobody(quick: Watched) -> None:
    quick.by_command(KEEP)
    quick.file("juni.txt", "quarantined", "malformed: line 3: 010190-1234 Mads Holm", "Mads Holm owes 100.00")
    owing = "1 collections of delivery 1 ask for more than is open: first 1-1-1-1, 100.00, of which 0.00 is open"
    quick.stop(quick.dispatch(), f"{owing}. {OWED_NO_LONGER}. hub deliveries withdraw 1")
    quick.tell()
    told = str(quick.command_got())
    assert OWED_NO_LONGER in told
    assert not any(secret in told for secret in ("010190", "Mads Holm", "100.00", "1-1-1-1"))


def test_servers_that_fail_for_long_or_for_good_are_told(watched: Watched) -> None:
    watched.by_command(KEEP)
    watched.round("pull", "failed", "no connection", NOW - timedelta(minutes=50))
    watched.round("pull", None, at=NOW - timedelta(minutes=40))
    watched.round("pull", "failed", "connection refused", NOW - timedelta(minutes=5))
    assert watched.tell() == 0
    assert watched.tell(later=timedelta(minutes=15)) == 1
    (failing,) = watched.command_got()[0]
    assert failing == "nothing could be fetched from heat since 2026-11-22 12:10: connection refused"
    watched.round("pull", "failed", "connection refused", watched.now)
    assert watched.tell(later=DAY) == 0, "it is the same still"
    watched.round("pull", "stopped", "another host key", watched.now)
    assert watched.tell() == 1
    assert "until somebody mends this: another host key" in watched.command_got()[1][0]


def test_a_delivery_that_does_not_get_through_is_told_whatever_else_goes(watched: Watched) -> None:
    watched.by_command(KEEP)
    late = watched.dispatch()
    with watched.db.write() as conn:
        conn.execute(update(dispatch).where(dispatch.c.id == late).values(attempts=3))
    watched.round("push", "done", "folder: 1 of 1 sent", NOW)
    assert watched.tell() == 0
    assert watched.tell(later=timedelta(hours=1)) == 1
    (told,) = watched.command_got()[0]
    assert f"eksport.txt to heat (mailto:{ANNA}) is not sent yet" in told
    assert "tried 3 times" in told
    assert watched.tell(later=DAY) == 0


def test_a_booked_file_that_wants_attention_is_told_without_its_figures(watched: Watched) -> None:
    watched.by_command(KEEP)
    id_ = watched.file("juni.txt", "booked", "3 kept", "attention: it announces 1,234.00 in D1, which holds 1,000.00")
    watched.file("fine.txt", "booked", "of which attention: none")
    assert watched.tell() == 1
    (told,) = json.loads((watched.root / "told.json").read_text(encoding="utf-8"))["notices"]
    assert (told["kind"], told["vendor"]) == ("attention", "heat")
    assert "juni.txt" in told["text"]
    assert f"hub files show {id_}" in told["text"]
    assert "1,234" not in told["text"]
    assert watched.tell(later=DAY) == 0


def test_what_wanted_attention_long_ago_is_no_news(quick: Watched) -> None:
    quick.file("juni.txt", "booked", "attention: a total does not agree")
    quick.by_command(KEEP)
    assert quick.tell(later=8 * DAY) == 0


def test_a_missing_file_is_told(quick: Watched) -> None:
    quick.by_command(KEEP)
    quick.vendor |= {"expect": "by 10:00 on all days"}
    quick.file("yesterday.txt", "booked")
    assert quick.tell(later=DAY) == 0
    assert quick.tell(later=DAY) == 1
    assert "2026-11-24 10:00" in quick.command_got()[0][0]


def test_files_that_stay_on_a_server_and_refused_deliveries_are_told(watched: Watched) -> None:
    watched.by_command(KEEP)
    values = {"vendor": "heat", "folder": "out", "size": 1, "mtime": 1, "at": NOW}
    refused = watched.delivery("refused")
    receipt = watched.file("receipt.txt", "booked")
    event = {"what": "refused", "text": "no", "about": "", "actor": "daemon", "file_id": receipt}
    with watched.db.write() as conn:
        conn.execute(fetched.insert().values(**values, name="big.txt", refusal="it is too large"))
        conn.execute(fetched.insert().values(**values, name="gone.txt", refusal="it is too large", gone_at=NOW))
        conn.execute(delivery_event.insert().values(**event, delivery_id=refused, at=NOW))
    assert watched.tell() == 2
    (told,) = watched.command_got()
    assert told == [
        f"heat refuses eksport.txt; see: hub deliveries show {refused}",
        "big.txt on the server of heat (out) is not fetched: it is too large",
    ]


def test_a_command_that_hangs_is_ended_with_what_it_has_started(quick: Watched) -> None:
    quick.by_command("sleep 300 & echo $! > child; sleep 300", command_seconds_max=1)
    quick.file("juni.txt", "quarantined")
    with pytest.raises(NotToldError, match="has not ended after 1 seconds"):
        quick.tell()
    child = int((quick.root / "child").read_text())
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def test_a_command_that_is_not_there_is_told_without_its_arguments(quick: Watched) -> None:
    quick.hub["notices"] |= {"command": ["/nowhere/tell", PASSWORD]}
    quick.file("juni.txt", "quarantined")
    with pytest.raises(NotToldError, match="/nowhere/tell: cannot be started") as caught:
        quick.tell()
    assert PASSWORD not in str(caught.value)


def test_a_mail_password_that_is_not_kept_is_told_without_stopping_the_command(quick: Watched, sink: Sink) -> None:
    quick.by_mail(sink, user="hub", password={"file": "nowhere"})
    quick.by_command(KEEP)
    quick.file("juni.txt", "quarantined")
    assert quick.tell() == 1
    assert sink.connections == 0


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
