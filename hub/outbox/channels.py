"""The ways of a delivery to its vendor: SFTP, a folder, mail. Each is one :class:`Channel` of the instance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from pydantic import BaseModel

from hub.settings import Site
from hub.store.exchange.dispatches import ChannelName, Dispatch

#: Of a dispatch, on the far side. identical: it has it. other: something else has its name. temporary: it lies there
#: under its temporary name alone. absent: neither. unknown: nobody can look (mail).
Standing: TypeAlias = Literal["identical", "other", "temporary", "absent", "unknown"]


class Sender(Protocol):
    """An open connection to the far side."""

    def send(self, one: Dispatch, path: Path, before_final: Callable[[], None]) -> str:
        """Hands over the bytes at ``path`` as ``one.name``; gives how it went, for people.

        ``before_final`` is called right before the first thing that the far side may keep: the rename, or the first
        byte where there is none, or a mail's DATA. What it raises goes through, and nothing is handed over. A target
        that is there already is as good as sent where it is identical, else a LastingFault. Raises PassingFault,
        LastingFault (neither has handed anything over), UnsureFault.
        """

    def standing(self, one: Dispatch) -> Standing:
        """Of one that was cut off after ``before_final``: finished where that takes no byte more, and then looked at.

        Raises PassingFault, LastingFault.
        """


class Channel(Protocol):
    """One way to one vendor, as its settings say now."""

    @property
    def name(self) -> ChannelName: ...

    @property
    def target(self) -> str:
        """For people: ``sftp://user@host:port/folder``, ``mailto:address,address``, a folder."""

    @property
    def seconds_max(self) -> float:
        """One file is through, or given up, by then."""

    @property
    def can_look(self) -> bool:
        """Whether :meth:`Sender.standing` can tell what lies on the far side."""

    def new_message_id(self) -> str:
        """For a new dispatch: a mail's, another at each call; "" for what is no mail."""

    def session(self) -> AbstractContextManager[Sender]:
        """Raises PassingFault, LastingFault: of the connection, so for all that waits for it.

        Another HubError, as of a secret that is not where the settings say, is as good as a lasting one.
        """


def channels_of(site: Site, name: str) -> list[Channel]:
    """Those by which every delivery goes to the instance, in the order sftp, folder, mail; none = a person hands over.

    None also of an instance that the site no longer has. No secret is revealed before a session is opened.
    """
    config = site.vendors.get(name)
    found: list[Channel] = []
    if config is None:
        return found
    if config.sftp is not None and config.sftp.push is not None:
        from hub.outbox.by_sftp import SftpChannel

        found.append(SftpChannel.of(site, name))
    if config.folder is not None:
        from hub.outbox.by_folder import FolderChannel

        found.append(FolderChannel.of(site, name))
    if config.mail.send and not not_mailed(site, name):
        from hub.outbox.by_mail import MailChannel

        found.append(MailChannel.of(site, name))
    return found


def not_mailed(site: Site, name: str) -> Sequence[str]:
    """Why nothing is mailed to the instance though its settings say so: a sentence each (R38)."""
    mail = site.vendors[name].mail
    if not mail.send:
        return ()
    if site.hub.mail is None:
        return ("not mailed: config/hub.toml has no [mail], so no server is confirmed (R38)",)
    confirmed = {address.casefold() for address in site.hub.mail.confirmed}
    return tuple(
        f"not mailed: {address} is not confirmed in config/hub.toml, mail.confirmed (R38)"
        for address in mail.to
        if address.casefold() not in confirmed
    )


def sections_of(site: Site, name: str, channel: ChannelName) -> list[BaseModel]:
    """All that the settings say of the channel: after a lasting fault nothing is tried until it differs."""
    config = site.vendors[name]
    sections = {"sftp": (config.sftp,), "folder": (config.folder,), "mail": (config.mail, site.hub.mail)}[channel]
    return [section for section in sections if section is not None]
