"""Handing a mail to a mail server (SMTP), so that afterwards it is known whether the server has it.

The dialogue is the standard library's ``smtplib``, a step at a time: its own ``sendmail`` goes on when one of several
recipients is refused, tries one login after the other, and does not tell a connection that was lost before the mail was
whole from one that was lost after.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from hub.transport.faults import LastingFault, PassingFault, TransportFault, UnsureFault
from hub.transport.folders import printable

_PIECE_BYTES = 64 * 1024
#: What a server has to take within ``answer_seconds``.
_PACE_BYTES = 1024 * 1024
#: How many times ``answer_seconds`` the last answer may take, for the server then looks through the mail: who gives up
#: too early gets mails twice (RFC 5321, 4.5.3.2.6: ten minutes).
_LAST_ANSWER = 10
#: Of a dialogue, beside one for each recipient; with encryption, login and goodbye.
_ANSWERS = 12 + _LAST_ANSWER
#: Of a server's answer, as people are told it.
_ANSWER_CHARACTERS = 200
_GOODBYE_SECONDS = 5.0
_END_OF_DATA = b".\r\n"
_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)
_STATUS = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True)
class Server:
    """A mail server, how it is reached, and who we are there."""

    host: str
    port: int
    #: ``tls`` from the first byte. ``none`` is for a server on this machine.
    encryption: Literal["starttls", "tls", "none"]
    #: Certificates that are trusted in place of the system's.
    ca_file: Path | None
    #: None = no login.
    user: str | None
    password: str | None = field(repr=False)
    #: Our address; its domain is what we greet with.
    sender: str
    connect_seconds: float
    #: For each answer as a whole, and for each mebibyte that the server takes; ten times as long for the last answer.
    answer_seconds: float

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Session:
    """A mail server that knows us and takes mails, one after the other."""

    def __init__(self, server: Server, dialogue: _Dialogue) -> None:
        self._server = server
        self._dialogue = dialogue

    def send(self, message: EmailMessage, *, before_final: Callable[[], None]) -> str:
        """Mails to everybody in ``To``, or to nobody; gives the server's answer.

        ``before_final`` is called when the server has all but the end of the mail: without that it must not deliver
        (RFC 5321, 4.1.1.10). Raises PassingFault and LastingFault where the server has nothing, UnsureFault where the
        connection was lost before it had answered.
        """
        content = _on_the_wire(message)
        try:
            self._address(message, len(content))
            self._ask(354, "does not take the mail", *self._dialogue.docmd("DATA"))
        except smtplib.SMTPException as error:
            raise self._lost(error) from error
        try:
            self._pour(content)
            before_final()
        except BaseException as error:
            # Whatever else went over this connection now would be part of the mail.
            self._dialogue.close()
            if isinstance(error, smtplib.SMTPException):
                raise self._lost(error) from error
            raise
        return self._end()

    def _address(self, message: EmailMessage, size: int) -> None:
        """Sender and recipients; one that is refused ends it for all. Raises PassingFault, LastingFault."""
        sender, *recipients = (_plain(address.addr_spec) for address in _addresses(message))
        size_told = [f"size={size}"] if self._dialogue.has_extn("size") else []
        self._ask(250, f"does not take mail from {sender}", *self._dialogue.mail(sender, size_told))
        answers = [(address, *self._dialogue.rcpt(address)) for address in recipients]
        refused = [answer for answer in answers if answer[1] not in (250, 251)]
        # Of several refusals the lasting one: trying again would not help.
        for address, code, answer in sorted(refused, key=lambda one: one[1], reverse=True)[:1]:
            self._ask(250, f"does not take mail for {address}, so nobody gets it", code, answer)

    def _ask(self, expected: int, refusal: str, code: int, answer: bytes) -> None:
        if code == expected:
            return
        with suppress(smtplib.SMTPException):
            self._dialogue.rset()
        raise _refused(self._server, refusal, code, answer)

    def _pour(self, content: bytes) -> None:
        deadline = monotonic() + self._server.answer_seconds * (1 + len(content) / _PACE_BYTES)
        for start in range(0, len(content), _PIECE_BYTES):
            if monotonic() > deadline:
                raise smtplib.SMTPServerDisconnected("the server takes it too slowly")
            self._dialogue.send(content[start : start + _PIECE_BYTES])

    def _end(self) -> str:
        try:
            self._dialogue.send(_END_OF_DATA)
            with self._dialogue.patient(self._server.answer_seconds * _LAST_ANSWER):
                code, answer = self._dialogue.getreply()
        except smtplib.SMTPException as error:
            self._dialogue.close()
            raise UnsureFault(
                "the mail server had the whole mail when the connection was lost, and had not answered",
                where=str(self._server),
                why="it may deliver it, or not",
                do="ask the recipient",
            ) from error
        if code == 250:
            return f"{code} {_words(answer)}"
        if 400 <= code < 600:
            raise _refused(self._server, "does not take the mail", code, answer)
        self._dialogue.close()
        raise UnsureFault(
            f"the mail server had the whole mail, and gave an answer that says nothing: {code} {_words(answer)}",
            where=str(self._server),
            why="it may deliver it, or not",
            do="ask the recipient",
        )

    def _lost(self, error: smtplib.SMTPException) -> PassingFault:
        return PassingFault(f"the connection was lost before the mail was whole: {error}", where=str(self._server))


def answers_max(recipients: int, file_bytes: int) -> float:
    """How many times ``answer_seconds`` a mail with a file of this size may take, once connected."""
    # Base64 makes four bytes of three, and ends lines; the text is small beside it.
    return _ANSWERS + recipients + 2 + file_bytes * 1.4 / _PACE_BYTES


@contextmanager
def connected(server: Server) -> Iterator[Session]:
    """A session; connected, encrypted and logged in. Raises PassingFault, LastingFault."""
    dialogue = _opened(server)
    try:
        yield Session(server, dialogue)
    finally:
        if dialogue.sock is not None:
            with dialogue.patient(_GOODBYE_SECONDS), suppress(smtplib.SMTPException, OSError):
                dialogue.quit()
        dialogue.close()


class _Dialogue(smtplib.SMTP):
    """Its deadlines are for an answer as a whole: a socket's own timeout begins anew with each byte."""

    def __init__(self, server: Server, **more: Any) -> None:
        self._answer_seconds = server.answer_seconds
        domain = _plain(server.sender).rpartition("@")[2]
        super().__init__(server.host, server.port, domain, timeout=server.connect_seconds, **more)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        self.sock.settimeout(self._answer_seconds)
        watch = threading.Timer(self._answer_seconds, _cut, [self.sock])
        watch.daemon = True
        began = monotonic()
        watch.start()
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected as error:
            if monotonic() - began < self._answer_seconds:
                raise
            raise smtplib.SMTPServerDisconnected(f"no answer within {self._answer_seconds:g} seconds") from error
        finally:
            watch.cancel()

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Answers may take so long inside."""
        usual, self._answer_seconds = self._answer_seconds, seconds
        try:
            yield
        finally:
            self._answer_seconds = usual

    def greet(self) -> None:
        """Raises SMTPHeloError. No HELO instead: a server that knows no EHLO knows no encryption."""
        code, answer = self.ehlo()
        if code != 250:
            raise smtplib.SMTPHeloError(code, answer)


class _EncryptedDialogue(_Dialogue, smtplib.SMTP_SSL):
    """TLS from the first byte."""


def _opened(server: Server) -> _Dialogue:
    trusted = None if server.encryption == "none" else _trusted(server)
    dialogue: _Dialogue | None = None
    try:
        dialogue = _EncryptedDialogue(server, context=trusted) if server.encryption == "tls" else _Dialogue(server)
        dialogue.greet()
        if server.encryption == "starttls":
            dialogue.starttls(context=trusted)
            dialogue.greet()
        _log_in(server, dialogue)
    except BaseException as error:
        if dialogue is not None:
            dialogue.close()
        if isinstance(error, OSError):
            raise _not_opened(server, error) from error
        raise
    return dialogue


def _trusted(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:
        raise LastingFault(
            f"the certificates in {server.ca_file} cannot be read: {error.strerror or error}",
            where="config/hub.toml, mail.ca_file",
            do="name a file with certificates in PEM",
        ) from error


def _not_opened(server: Server, error: OSError) -> TransportFault:
    """smtplib's own exceptions are OSErrors, too."""
    where = str(server)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return LastingFault(
            "the mail server offers no encryption (STARTTLS)",
            where=where,
            why="nothing is sent in the clear: neither the password nor the mail",
            do='ask who runs it; encryption = "tls" belongs to port 465',
        )
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        return _refused(server, "does not let us in", error.smtp_code, answer)
    if isinstance(error, ssl.SSLCertVerificationError):
        return LastingFault(
            f"the mail server's certificate is not trusted: {error.verify_message}",
            where=where,
            why="another server may answer in its name",
            do="ask who runs it; where the certificate is its own, name it in mail.ca_file",
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return LastingFault(
            f"no encryption could be agreed on with the mail server: {error.reason or error}",
            where=where,
            do='look at mail.port and mail.encryption: port 465 is "tls", port 587 "starttls"',
        )
    return PassingFault(f"no connection to the mail server: {error.strerror or error}", where=where)


def _log_in(server: Server, dialogue: _Dialogue) -> None:
    """Once: a second way of saying a wrong password counts as a second wrong login.

    Raises LastingFault, PassingFault and SMTPException.
    """
    if server.user is None or server.password is None:
        return
    user, password = server.user.encode(), server.password.encode()
    offered = dialogue.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        said = ["AUTH PLAIN " + _base64(b"\0" + user + b"\0" + password)]
    elif "LOGIN" in offered:
        said = ["AUTH LOGIN", _base64(user), _base64(password)]
    else:
        raise LastingFault(
            f"the mail server takes no password: it offers {' '.join(offered) or 'no login'}",
            where=str(server),
            do="take mail.user and mail.password away, or ask who runs it",
        )
    code, answer = 334, b""
    for command in said:
        if code == 334:
            code, answer = dialogue.docmd(command)
    if code != 235:
        # Not in its own words: they may repeat what we said.
        status = _STATUS.match(answer)
        raise _refused(server, "refuses our login", code, status[0] if status else b"")


def _refused(server: Server, refusal: str, code: int, answer: bytes) -> TransportFault:
    """Of what was refused before anything was handed over: 4xx may go through later, all else needs a person."""
    text = f"the mail server {refusal}: {code} {_words(answer)}".rstrip()
    if 400 <= code < 500:
        return PassingFault(text, where=str(server))
    return LastingFault(text, where=str(server), do="mend what it says, or ask who runs it")


def _on_the_wire(message: EmailMessage) -> bytes:
    """Lines end with CR LF, also the last; a dot that begins one is doubled."""
    content = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    return _LINE_START_DOT.sub(b"..", content)


def _addresses(message: EmailMessage) -> list[Address]:
    """Of the sender, then of the recipients: who stands in the mail is who gets it."""
    return [*message["From"].addresses, *message["To"].addresses]


def _plain(address: str) -> str:
    """Raises LastingFault."""
    if not address.isascii():
        raise LastingFault(
            f"{address} has letters that not every mail server takes",
            do="write the domain as xn--..., and ask for a mailbox in plain letters",
        )
    return address


def _words(answer: bytes) -> str:
    """A server's own, on one line and not too long."""
    text = printable(" ".join(answer.decode("utf-8", "replace").split()))
    return text[:_ANSWER_CHARACTERS]


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _cut(connection: socket.socket) -> None:
    """Whoever waits for it is told that it has ended. As a plain socket: an encrypted one would go on in the clear."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
