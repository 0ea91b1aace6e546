"""Deliveries by mail: one mail each, to all recipients of the vendor, with the file as its attachment.

The mail is the same to the byte at every try. Its Message-ID is kept with the dispatch before anything leaves, so that
a mail which had to be sent twice is known as one: many mail servers deliver it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from pathlib import Path

from hub.outbox.channels import Sender, Standing
from hub.settings import MailSection, MailServerSection, Site
from hub.store.exchange.dispatches import ChannelName, Dispatch
from hub.transport import mail
from hub.transport.faults import LastingFault
from hub.transport.folders import printable


@dataclass(frozen=True)
class MailChannel:
    """Of one vendor instance."""

    site: Site
    vendor: str
    section: MailSection
    server: MailServerSection

    name: ChannelName = "mail"
    can_look: bool = False

    @classmethod
    def of(cls, site: Site, name: str) -> MailChannel:
        assert site.hub.mail is not None
        return cls(site, name, site.vendors[name].mail, site.hub.mail)

    @property
    def target(self) -> str:
        return f"mailto:{','.join(self.section.to)}"

    @property
    def seconds_max(self) -> float:
        answers = mail.answers_max(len(self.section.to), self.server.file_bytes_max)
        return self.server.connect_seconds + answers * self.server.answer_seconds

    def new_message_id(self) -> str:
        return make_msgid(domain=_domain(self.server))

    @contextmanager
    def session(self) -> Iterator[Sender]:
        with mail.connected(server_of(self.site, self.server)) as session:
            yield _MailSender(self, session)

    def message(self, one: Dispatch, content: bytes) -> EmailMessage:
        """The mail of a dispatch: the same bytes whenever it is asked for, while the settings are the same."""
        parts = {
            "name": one.name,
            "vendor": self.vendor,
            "number": str(one.delivery_id),
            "site": self.site.hub.site.name,
            "day": one.made_at.astimezone(self.site.zone).date().isoformat(),
        }
        message = new_message(
            self.server,
            self.section.to,
            one.message_id,
            subject=self.section.subject.format_map(parts),
            text=self.section.text.format_map(parts),
            at=one.made_at.astimezone(self.site.zone),
        )
        # As it is, whatever its kind: what is called text may be given another encoding, or other ends of lines.
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=printable(one.name))
        # Else another one at each try. No line of base64 begins with a hyphen, and none of ours with this.
        message.set_boundary(f"hub-{one.sha256[:40]}")
        return message


class _MailSender:
    def __init__(self, channel: MailChannel, session: mail.Session) -> None:
        self._channel = channel
        self._session = session

    def send(self, one: Dispatch, path: Path, before_final: Callable[[], None]) -> str:
        limit = self._channel.server.file_bytes_max
        if one.size > limit:
            raise LastingFault(
                f"{one.name} has {one.size} bytes, and {limit} may be mailed",
                where="config/hub.toml, mail.file_bytes_max",
                do="hand it over otherwise, or allow more where the mail server takes it",
            )
        return self._session.send(self._channel.message(one, path.read_bytes()), before_final=before_final)

    def standing(self, one: Dispatch) -> Standing:
        """Nobody can look into a recipient's mailbox."""
        return "unknown"


def new_message(
    server: MailServerSection, to: Sequence[str], message_id: str, *, subject: str, text: str, at: datetime
) -> EmailMessage:
    """A mail of this machine's to people; ``at`` is its date. No part of it can become a header of its own."""
    message = EmailMessage(policy=SMTP)
    message["From"] = server.sender
    message["To"] = ", ".join(to)
    message["Subject"] = printable(" ".join(subject.split()))
    message["Date"] = at
    message["Message-ID"] = message_id
    # Nobody's holiday notice is for a machine (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return message


def server_of(site: Site, section: MailServerSection) -> mail.Server:
    """With its password: to be asked for when it is needed. Raises HubError where it is not kept."""
    return mail.Server(
        host=section.host,
        port=section.port,
        encryption=section.encryption,
        ca_file=None if section.ca_file is None else site.root / section.ca_file,
        user=section.user,
        password=None if section.password is None else section.password.reveal(site.root),
        sender=section.sender,
        connect_seconds=section.connect_seconds,
        answer_seconds=section.answer_seconds,
    )


def _domain(server: MailServerSection) -> str:
    return server.sender.rpartition("@")[2]
