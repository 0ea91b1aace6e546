"""Mail to a mail server: what it took is known afterwards, and nothing is said to one that is not the right one."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from hub.outbox.by_mail import MailChannel, new_message
from hub.settings import HubConfig, MailServerSection, Site, VendorConfig
from hub.store.exchange.dispatches import Dispatch
from hub.transport.faults import LastingFault, PassingFault, TransportFault, UnsureFault
from hub.transport.mail import Server, connected
from tests.desk import NOW
from tests.mailing import ANNA, BO, PASSWORD, SENDER, server
from tests.smtp import DROP, SLOW, SLOW_SECONDS, STALL, Sink, Step


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


def at(sink: Sink, **more: Any) -> Server:
    known = Server(
        host="127.0.0.1",
        port=sink.port,
        encryption="starttls",
        ca_file=sink.ca_file,
        user=None,
        password=None,
        sender=SENDER,
        connect_seconds=2,
        answer_seconds=5,
    )
    return replace(known, **more)


def mail(text: str = "Hej\n", content: bytes = b"", to: tuple[str, ...] = (ANNA, BO)) -> EmailMessage:
    section = MailServerSection.model_validate(server(1))
    message = new_message(section, to, "<1@example.com>", subject="Fil", text=text, at=NOW)
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename="fil.txt")
    return message


def sent(server: Server, message: EmailMessage) -> tuple[str, bool]:
    """The answer, or the fault's name and words; and whether the server may have it."""
    final: list[bool] = []
    try:
        with connected(server) as session:
            return session.send(message, before_final=lambda: final.append(True)), bool(final)
    except TransportFault as fault:
        return f"{type(fault).__name__}: {fault}", bool(final)


@pytest.mark.parametrize(
    ("step", "how", "fault", "final"),
    [
        ("EHLO", "421 4.3.2 later", PassingFault, False),
        ("EHLO", "554 5.3.2 never", LastingFault, False),
        ("EHLO", STALL, PassingFault, False),
        ("MAIL", "450 4.7.1 later", PassingFault, False),
        ("MAIL", "550 5.7.1 never", LastingFault, False),
        ("RCPT", "450 4.2.1 later", PassingFault, False),
        ("RCPT", DROP, PassingFault, False),
        ("DATA", "451 4.3.0 later", PassingFault, False),
        ("DATA", "554 5.5.1 never", LastingFault, False),
        ("DATA", STALL, PassingFault, False),
        ("END", "452 4.3.1 full", PassingFault, True),
        ("END", "552 5.3.4 never", LastingFault, True),
        ("END", "999 what is this", UnsureFault, True),
        ("END", DROP, UnsureFault, True),
        ("END", STALL, UnsureFault, True),
    ],
)
def test_what_each_misbehaviour_means(sink: Sink, step: Step, how: str, fault: type, final: bool) -> None:
    sink.misbehave(step, how)
    told, may_have_it = sent(at(sink, answer_seconds=0.4 if how == STALL else 5), mail())
    assert told.startswith(fault.__name__), told
    assert may_have_it == final
    if how not in (DROP, STALL):
        assert how in told


def test_one_lasting_refusal_counts_more_than_a_passing_one(sink: Sink) -> None:
    sink.misbehave("RCPT", "450 4.2.1 later", of=ANNA)
    sink.misbehave("RCPT", "550 5.1.1 nobody", of=BO)
    told, _ = sent(at(sink), mail())
    assert told.startswith("LastingFault")
    assert BO in told
    assert sink.mails == []


def test_the_last_answer_may_take_longer(sink: Sink) -> None:
    """RFC 5321, 4.5.3.2.6: the server looks through the mail, and who gives up then gets it twice."""
    sink.misbehave("END", SLOW, times=1)
    assert sent(at(sink, answer_seconds=SLOW_SECONDS / 2), mail())[0].startswith("250")
    sink.misbehave("RCPT", SLOW, times=1)
    assert sent(at(sink, answer_seconds=SLOW_SECONDS / 2), mail())[0].startswith("PassingFault")


def test_a_session_goes_on_after_a_refusal(sink: Sink) -> None:
    sink.misbehave("RCPT", "550 5.1.1 nobody", of=BO)
    with connected(at(sink)) as session:
        with pytest.raises(LastingFault):
            session.send(mail(), before_final=lambda: None)
        session.send(mail(to=(ANNA,)), before_final=lambda: None)
    assert [one.recipients for one in sink.mails] == [[ANNA]]


def test_a_mail_that_is_cut_in_the_middle_was_not_handed_over(sink: Sink) -> None:
    sink.misbehave("CONTENT", DROP)
    told, final = sent(at(sink), mail(content=bytes(8_000_000)))
    assert told.startswith("PassingFault")
    assert (final, sink.mails) == (False, [])


def test_what_is_raised_before_the_end_takes_the_mail_back(sink: Sink) -> None:
    def fail() -> None:
        raise KeyError("the books cannot be written")

    with pytest.raises(KeyError), connected(at(sink)) as session:
        session.send(mail(), before_final=fail)
    assert sink.mails == []
    assert sent(at(sink), mail())[0].startswith("250")


def test_every_byte_arrives(sink: Sink) -> None:
    content = bytes(range(256)) * 3_000 + b"\r\n.\r\nQUIT\r\n.\n\r\xff"
    sent(at(sink), mail("Første\n.\n..\nFrom mig\n", content))
    (one,) = sink.mails
    assert one.attachments == {"fil.txt": content}
    body = one.message.get_body()
    assert body is not None
    assert body.get_content() == "Første\r\n.\r\n..\r\nFrom mig\r\n"
    # Every line ends as the protocol has it, and is seven bits wide: no server on the way has to change anything.
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|[^\x00-\x7f]", one.content)


def test_a_server_that_drips_its_answer_is_given_up() -> None:
    """Each byte comes in time, the answer never."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not over.wait(0.1):
                    try:
                        connection.sendall(b"220-still here\r\n")
                    except OSError:
                        return

        dripping = threading.Thread(target=drip)
        dripping.start()
        port = listening.getsockname()[1]
        asked = Server("127.0.0.1", port, "none", None, None, None, SENDER, connect_seconds=2, answer_seconds=0.5)
        told, _ = sent(asked, mail())
        over.set()
        dripping.join()
    assert told.startswith("PassingFault")
    assert "no answer within 0.5 seconds" in told


def test_another_servers_certificate_is_refused(tmp_path: Path) -> None:
    with Sink(tmp_path / "sink", names=("mail.example.com",)) as other:
        told, _ = sent(at(other, user="hub", password=PASSWORD), mail())
        assert told.startswith("LastingFault")
        assert "not valid for '127.0.0.1'" in told
        assert (other.logins, other.mails) == (0, [])


def test_starttls_and_tls_mixed_up_are_told(sink: Sink) -> None:
    told, _ = sent(at(sink, encryption="tls"), mail())
    assert told.startswith("LastingFault")
    assert 'port 465 is "tls", port 587 "starttls"' in told


def test_certificates_that_cannot_be_read_are_told(sink: Sink, tmp_path: Path) -> None:
    told, _ = sent(at(sink, ca_file=tmp_path / "none.pem"), mail())
    assert told.startswith("LastingFault")
    assert "mail.ca_file" in told
    assert sink.connections == 0


def test_a_password_is_in_no_representation(sink: Sink) -> None:
    assert PASSWORD not in repr(at(sink, user="hub", password=PASSWORD))


def dispatch(name: str = "eksport.txt") -> Dispatch:
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    head = (1, 7, "heat", "mail", "", name, "ab" * 32, 3, "<1@example.com>")
    return Dispatch(*head, "sending", "", None, None, 1, None, moment)


def channel(site_name: str = "Søgård", **section: Any) -> MailChannel:
    hub = HubConfig.model_validate({"site": {"name": site_name}, "mail": server(1)})
    vendor = VendorConfig.model_validate({"plugin": "x", "mail": {"send": True, "to": [ANNA, BO], **section}})
    return MailChannel.of(Site(Path(), hub, vendors={"heat": vendor}), "heat")


def test_a_mail_is_the_same_at_every_try() -> None:
    one, other = channel().message(dispatch(), b"abc"), channel().message(dispatch(), b"abc")
    assert one.as_bytes() == other.as_bytes()
    assert channel().new_message_id() != channel().new_message_id()


def test_no_name_becomes_a_header_a_recipient_or_a_part_of_its_own(sink: Sink) -> None:
    hostile = "x\r\nBcc: thief@example.com\r\n\r\nmore"
    section = {"subject": "{site} {name}", "text": "{site}\n{name}"}
    sent(at(sink), channel(hostile, **section).message(dispatch("a\r\nTo: thief@example.com"), b"abc"))
    (one,) = sink.mails
    assert one.recipients == [ANNA, BO]
    ours = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    assert one.message.keys() == ours
    assert one.message["To"] == f"{ANNA}, {BO}"
    assert list(one.attachments.values()) == [b"abc"]


def test_a_file_name_of_any_letters_arrives(sink: Sink) -> None:
    name = 'regnskab Ærø; "2026" ½.txt'
    sent(at(sink), channel().message(dispatch(name), b"abc"))
    assert sink.mails[0].attachments == {name: b"abc"}


def test_an_address_that_not_every_server_takes_is_told(sink: Sink) -> None:
    told, _ = sent(at(sink), mail(to=("bjørn@example.com",)))
    assert told.startswith("LastingFault")
    assert "bjørn@example.com" in told
    assert sink.mails == []
