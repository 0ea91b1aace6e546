"""A real mail server on loopback that delivers nowhere: it keeps what it takes, and misbehaves where it is told to."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import warnings
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sshd import free_port, wait_until

#: Steps of a dialogue at which it can misbehave. DATA: before the mail; CONTENT: in the middle of it; END: it has all.
Step: TypeAlias = Literal["EHLO", "MAIL", "RCPT", "DATA", "CONTENT", "END"]
#: The connection is cut; nothing is ever answered; the right answer comes late.
DROP, STALL, SLOW = "drop", "stall", "slow"
STALLED_SECONDS, SLOW_SECONDS = 3600, 1.0


class Mail(NamedTuple):
    """One that was taken: to be delivered, were there anybody."""

    sender: str
    recipients: list[str]
    content: bytes
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def attachments(self) -> dict[str, bytes]:
        return {str(part.get_filename()): part.get_content() for part in self.message.iter_attachments()}


class Sink:
    """One server. A context manager: inside, it runs.

    ``folder`` is made and holds its certificate. ``encryption`` as a site's settings say it; with ``user`` and
    ``password`` it takes nothing without them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        encryption: Literal["starttls", "tls", "none"] = "starttls",
        user: str = "",
        password: str = "",
        names: tuple[str, ...] = ("127.0.0.1", "localhost"),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.ca_file = folder / "certificate.pem"
        self.mails: list[Mail] = []
        #: Whoever has connected, who still is, and how often somebody has said that he is somebody.
        self.peers: set[object] = set()
        self.connected: set[object] = set()
        self.logins = 0
        self._user, self._password = user.encode(), password.encode()
        self._rules: list[_Rule] = []
        context = _certified(folder, self.ca_file, names)
        self._controller = _Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=context if encryption == "tls" else None,
            tls_context=context if encryption == "starttls" else None,
            require_starttls=encryption == "starttls",
            auth_require_tls=encryption == "starttls",
            auth_required=bool(user),
            authenticator=self._log_in,
        )

    def __enter__(self) -> Sink:
        self._controller.start()
        self.peers.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def connections(self) -> int:
        return len(self.peers)

    def wait_until_alone(self) -> None:
        """What was sent before its sender died is taken by then."""
        wait_until(lambda: not self.connected, "the mail server is left by everybody")

    def misbehave(self, step: Step, answer: str, *, of: str = "", times: int = 1_000_000) -> None:
        """From now on answers the step so (``450 4.2.0 later``), or DROP, STALL, SLOW; ``of`` one recipient alone."""
        self._rules.append(_Rule(step, answer, of, times))

    def behave(self) -> None:
        self._rules.clear()

    def settings(self, confirmed: str = "", **more: str) -> str:
        """``[mail]`` of hub.toml for it; recipients between blanks. ``more`` as TOML."""
        said = {
            "host": '"127.0.0.1"',
            "port": str(self.port),
            "sender": '"hub@example.com"',
            "ca_file": f'"{self.ca_file}"',
            "confirmed": str(confirmed.split()),
            **more,
        }
        return "[mail]\n" + "".join(f"{key} = {value}\n" for key, value in said.items())

    def next_rule(self, step: Step, about: str = "") -> str | None:
        for rule in self._rules:
            if rule.step == step and rule.of in ("", about) and rule.times:
                rule.times -= 1
                return rule.answer
        return None

    def _log_in(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, said: Any) -> AuthResult:
        self.logins += 1
        right = isinstance(said, LoginPassword) and (said.login, said.password) == (self._user, self._password)
        return AuthResult(success=right, handled=False)

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        answer = await self._misbehaved(server, "EHLO")
        return responses if answer is None else [answer]

    async def handle_MAIL(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._misbehaved(server, "MAIL")
        if answer is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 2.1.0 Ok"

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await self._misbehaved(server, "RCPT", address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        answer = self.next_rule("END")
        if answer in (None, DROP, STALL, SLOW):
            # Taken, and only its answer is lost: the sender cannot know.
            assert isinstance(envelope.original_content, bytes)
            encrypted = server.transport.get_extra_info("sslcontext") is not None
            sent = (str(envelope.mail_from), list(envelope.rcpt_tos), envelope.original_content)
            self.mails.append(Mail(*sent, encrypted))
        return await _done(server, answer) or f"250 2.0.0 Ok: queued as {len(self.mails)}"

    async def _misbehaved(self, server: SMTP, step: Step, about: str = "") -> str | None:
        return await _done(server, self.next_rule(step, about))


class _Rule:
    def __init__(self, step: Step, answer: str, of: str, times: int) -> None:
        self.step, self.answer, self.of, self.times = step, answer, of, times


async def _done(server: SMTP, answer: str | None) -> str | None:
    if answer == STALL:
        await asyncio.sleep(STALLED_SECONDS)
    if answer == SLOW:
        await asyncio.sleep(SLOW_SECONDS)
        return None
    if answer == DROP:
        server.transport.abort()
    return answer


class _Server(SMTP):
    """With the two steps that a handler is not asked about: the word DATA, and the middle of a mail."""

    def __init__(self, sink: Sink, **options: Any) -> None:
        super().__init__(sink, **options)
        self._sink = sink
        self._in_content = False
        self._peer: object = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # Made once more when it is encrypted.
        self._peer = transport.get_extra_info("peername")
        self._sink.peers.add(self._peer)
        self._sink.connected.add(self._peer)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._sink.connected.discard(self._peer)

    async def smtp_DATA(self, arg: str) -> None:
        answer = await _done(self, self._sink.next_rule("DATA"))
        if answer is not None:
            await self.push(answer)
            return
        self._in_content = True
        await super().smtp_DATA(arg)
        self._in_content = False

    def data_received(self, data: bytes) -> None:
        if self._in_content and self._sink.next_rule("CONTENT") == DROP:
            self.transport.abort()
            return
        super().data_received(data)


class _Controller(Controller):
    def factory(self) -> SMTP:
        with warnings.catch_warnings():
            # TLS from the first byte is not known to it, so it sees a password in the clear.
            warnings.simplefilter("ignore", UserWarning)
            return _Server(self.handler, loop=self.loop, **self.SMTP_kwargs)


def _certified(folder: Path, certificate: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    """With a certificate of its own making for these names, which nobody trusts who is not told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sink")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([_general_name(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    as_pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*as_pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
