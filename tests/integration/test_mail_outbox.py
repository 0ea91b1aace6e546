"""Exports by mail: one mail each, whatever the mail server does, and none to whom the site has not confirmed (R38)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.acts.act import Acting
from hub.outbox import dispatching
from hub.outbox.channels import not_mailed
from hub.store.database import Database, connect
from tests.desk import NOW
from tests.mailing import ANNA, BO, PASSWORD, SENDER, Mailer
from tests.smtp import DROP, STALL, Sink, Step

LATER = timedelta(hours=2)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A site whose books have one export, which waits to be mailed."""
    root = tmp_path_factory.mktemp("exported")
    shutil.copyfile(sqlite_template, root / "hub.db")
    opened = connect(f"sqlite:///{root}/hub.db")
    Mailer(opened, root).export()
    opened.close()
    return root


@pytest.fixture
def site(exported: Path, tmp_path: Path) -> Iterator[tuple[Database, Path]]:
    root = tmp_path / "site"
    shutil.copytree(exported, root)
    (root / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    opened = connect(f"sqlite:///{root}/hub.db")
    yield opened, root
    opened.close()


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


@pytest.fixture
def hand(site: tuple[Database, Path], sink: Sink) -> Mailer:
    return Mailer(*site, sink)


def test_an_export_is_one_mail_to_all_with_the_file_as_it_was_made(hand: Mailer, sink: Sink) -> None:
    one = hand.dispatch()
    (round_,) = hand.go()
    (mail,) = sink.mails
    assert (mail.sender, mail.recipients, mail.encrypted) == (SENDER, [ANNA, BO], True)
    assert mail.attachments == {one.name: hand.bytes_of(one)}
    assert mail.message["Subject"] == f"Søgård: {one.name}"
    assert mail.message["Message-ID"] == one.message_id
    assert mail.message["Date"].datetime == NOW.replace(microsecond=0)
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Bcc"] is None
    assert hand.state() == ("sent", "sent")
    assert "sent: 250 2.0.0 Ok: queued as 1" in hand.story()
    assert (round_.result, round_.seen, round_.moved) == ("done", 1, 1)
    assert hand.go(later=LATER) == []
    assert len(sink.mails) == 1


def test_its_words_are_the_vendors_own(hand: Mailer, sink: Sink) -> None:
    hand.mail |= {"subject": "{vendor} {number} {day}", "text": "Hej,\n.\nhermed {name} fra {site}.\n"}
    one = hand.dispatch()
    hand.go()
    message = sink.mails[0].message
    assert message["Subject"] == f"heat {one.delivery_id} 2026-11-22"
    body = message.get_body()
    assert body is not None
    assert body.get_content() == f"Hej,\r\n.\r\nhermed {one.name} fra Søgård.\r\n"


def test_nobody_gets_it_where_one_is_not_confirmed(database: Database, tmp_path: Path, sink: Sink) -> None:
    hand = Mailer(database, tmp_path, sink, confirmed=[ANNA])
    hand.export()
    assert hand.dispatches() == []
    assert hand.go() == []
    assert sink.connections == 0
    (told,) = not_mailed(hand.site, "heat")
    assert BO in told
    assert ANNA not in told


def test_whose_confirmation_is_taken_back_gets_nothing_more(hand: Mailer, sink: Sink) -> None:
    hand.hub["mail"]["confirmed"] = [ANNA]
    hand.go()
    assert (hand.state(), sink.connections) == (("stopped", "made"), 0)


def test_one_refused_recipient_refuses_it_for_all(hand: Mailer, sink: Sink) -> None:
    sink.misbehave("RCPT", "550 5.1.1 no such mailbox", of=BO)
    hand.go()
    assert sink.mails == []
    assert hand.state() == ("stopped", "made")
    assert f"does not take mail for {BO}, so nobody gets it: 550 5.1.1 no such mailbox" in hand.story()


@pytest.mark.parametrize("step", ["RCPT", "DATA", "END"])
def test_greylisting_passes(hand: Mailer, sink: Sink, step: Step) -> None:
    sink.misbehave(step, "451 4.7.1 greylisted, come again", of=BO if step == "RCPT" else "", times=1)
    (round_,) = hand.go()
    assert (hand.state(), sink.mails) == (("waiting", "made"), [])
    assert (round_.result, "greylisted" in round_.text) == ("failed", True)
    assert hand.go() == []
    hand.go(later=LATER)
    assert hand.state() == ("sent", "sent")
    assert len(sink.mails) == 1


@pytest.mark.parametrize("step", ["MAIL", "DATA", "END"])
def test_a_lasting_refusal_stops_it(hand: Mailer, sink: Sink, step: Step) -> None:
    sink.misbehave(step, "554 5.7.1 we do not want this")
    hand.go()
    hand.go(later=LATER)
    assert (hand.state(), sink.mails, sink.connections) == (("stopped", "made"), [], 1)


@pytest.mark.parametrize("how", [DROP, STALL])
def test_an_answer_that_is_lost_leaves_it_uncertain_for_ever(hand: Mailer, sink: Sink, how: str) -> None:
    sink.misbehave("END", how, times=1)
    hand.hub["mail"]["answer_seconds"] = 0.4 if how == STALL else 5
    hand.go()
    assert hand.state() == ("uncertain", "uncertain")
    assert "it may deliver it, or not" in hand.story()
    hand.go(later=LATER)
    hand.go(later=LATER, by_hand=True)
    assert len(sink.mails) == 1


@pytest.mark.parametrize(("step", "how"), [("EHLO", DROP), ("RCPT", DROP), ("RCPT", STALL), ("DATA", DROP)])
def test_what_is_lost_before_the_mail_was_whole_is_sent_again(hand: Mailer, sink: Sink, step: Step, how: str) -> None:
    sink.misbehave(step, how, times=1)
    hand.hub["mail"]["answer_seconds"] = 0.4 if how == STALL else 5
    hand.go()
    assert (hand.state(), sink.mails) == (("waiting", "made"), [])
    hand.hub["mail"]["answer_seconds"] = 5
    hand.go(later=LATER)
    assert (hand.state(), len(sink.mails)) == (("sent", "sent"), 1)


def test_a_person_sends_an_uncertain_one_again_and_it_is_the_same_mail(hand: Mailer, sink: Sink) -> None:
    sink.misbehave("END", DROP, times=1)
    hand.go()
    one = hand.dispatch()

    def again(acting: Acting) -> dict[str, object]:
        return dispatching.retry(acting, one.id, "they have nothing", again=True, anyway=False)

    hand.act(again)
    hand.go(later=LATER)
    first, second = sink.mails
    assert first.content == second.content
    assert hand.state()[0] == "sent"


def test_a_dead_server_is_tried_later_and_ever_later(hand: Mailer, tmp_path: Path) -> None:
    hand.hub["exchange"] = {"attempts_max": 2}
    hand.hub["mail"]["port"] = 1
    (round_,) = hand.go()
    assert (hand.state(), round_.result) == (("waiting", "made"), "failed")
    assert "Connection refused" in round_.text
    hand.go(later=LATER)
    assert hand.state() == ("stopped", "made")
    assert "given up after 2 tries" in hand.story()


def test_a_certificate_that_nobody_trusts_stops_it_before_anything_is_said(hand: Mailer, sink: Sink) -> None:
    hand.hub["mail"] |= {"ca_file": None, "user": "hub", "password": {"file": "password"}}
    (round_,) = hand.go()
    assert (hand.state(), round_.result) == (("stopped", "made"), "stopped")
    assert "certificate is not trusted" in hand.story()
    assert (sink.logins, sink.mails) == (0, [])


def test_nothing_goes_in_the_clear_where_no_encryption_is_offered(site: tuple[Database, Path], tmp_path: Path) -> None:
    with Sink(tmp_path / "plain", encryption="none") as plain:
        hand = Mailer(*site, plain)
        hand.go()
        assert (hand.state(), plain.mails) == (("stopped", "made"), [])
        assert "offers no encryption (STARTTLS)" in hand.story()


def test_a_refused_login_is_tried_once_and_its_password_is_told_nobody(
    site: tuple[Database, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Sink(tmp_path / "sink", user="hub", password="another") as guarded:
        login = {"user": "hub", "password": {"file": "password"}}
        hand = Mailer(*site, guarded, **login)
        (round_,) = hand.go()
        hand.go(later=LATER)
        assert (guarded.logins, guarded.mails) == (1, [])
    assert (hand.state(), round_.result) == (("stopped", "made"), "stopped")
    assert "refuses our login: 535 5.7.8" in hand.story()
    told = capfd.readouterr()
    everywhere = f"{round_}{hand.story()}{hand.dispatches()}{hand.site}{told.out}{told.err}"
    assert PASSWORD not in everywhere
    assert "4711" not in everywhere


def test_a_right_password_of_any_letters_is_taken(site: tuple[Database, Path], tmp_path: Path) -> None:
    with Sink(tmp_path / "sink", encryption="tls", user="hub", password=PASSWORD) as guarded:
        login = {"encryption": "tls", "user": "hub", "password": {"file": "password"}}
        hand = Mailer(*site, guarded, **login)
        hand.go()
        assert (hand.state(), guarded.logins, guarded.mails[0].encrypted) == (("sent", "sent"), 1, True)


def test_a_file_that_is_too_large_for_mail_is_stopped(hand: Mailer, sink: Sink) -> None:
    hand.hub["mail"]["file_bytes_max"] = 100
    hand.go()
    assert (hand.state(), sink.mails) == (("stopped", "made"), [])
    assert "mail.file_bytes_max" in hand.story()


def test_a_vendor_with_mail_and_folder_gets_both(database: Database, tmp_path: Path, sink: Sink) -> None:
    hand = Mailer(database, tmp_path, sink)
    hand.config["folder"] = {"path": "share"}
    (tmp_path / "share").mkdir()
    hand.export()
    hand.go()
    by_folder, by_mail = hand.dispatches()
    assert [(one.channel, one.state) for one in (by_folder, by_mail)] == [("folder", "sent"), ("mail", "sent")]
    assert (by_folder.message_id, sink.mails[0].message["Message-ID"]) == ("", by_mail.message_id)
    assert sink.mails[0].attachments == {by_mail.name: (tmp_path / "share" / by_mail.name).read_bytes()}
