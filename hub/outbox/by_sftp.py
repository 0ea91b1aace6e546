"""Deliveries uploaded to a vendor's SFTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hub.outbox.accounts import account_of
from hub.outbox.channels import Standing
from hub.settings import Site
from hub.settings.exchange import PushSection, SftpSection
from hub.store.exchange.dispatches import ChannelName, Dispatch
from hub.transport.sftp import Session, connected


@dataclass(frozen=True)
class SftpChannel:
    site: Site
    vendor: str
    name: ChannelName = "sftp"
    can_look: bool = True

    @classmethod
    def of(cls, site: Site, name: str) -> Self:
        return cls(site, name)

    @property
    def target(self) -> str:
        section = self._section
        folder = _push(section).folder.strip("/")
        return f"sftp://{section.user}@{section.host}:{section.port}/{'' if folder == '.' else folder}"

    @property
    def seconds_max(self) -> float:
        return self._section.total_seconds

    def new_message_id(self) -> str:
        return ""

    @contextmanager
    def session(self) -> Iterator[SftpSender]:
        with connected(account_of(self.site, self.vendor)) as session:
            yield SftpSender(session, _push(self._section))

    @property
    def _section(self) -> SftpSection:
        section = self.site.vendors[self.vendor].sftp
        assert section is not None
        return section


@dataclass(frozen=True)
class SftpSender:
    session: Session
    push: PushSection

    def send(self, one: Dispatch, path: Path, before_final: Callable[[], None]) -> str:
        with path.open("rb") as source:
            return self.session.upload(
                source,
                folder=self.push.folder,
                name=one.name,
                temporary=self._temporary(one),
                size=one.size,
                sha256=one.sha256,
                read_back=self.push.read_back,
                before_final=before_final,
            )

    def standing(self, one: Dispatch) -> Standing:
        """What has its temporary name alone is given the final one, and is never sent again."""
        temporary = self._temporary(one)
        where = (self.push.folder, one.name, temporary, one.size, one.sha256)
        found = self.session.standing(*where)
        if found == "temporary" and temporary is not None:
            self.session.finish(self.push.folder, one.name, temporary, one.size, one.sha256)
            found = self.session.standing(*where)
        return found

    def _temporary(self, one: Dispatch) -> str | None:
        """None = the server allows no rename."""
        return self.push.temporary.format(name=one.name) if self.push.rename else None


def _push(section: SftpSection) -> PushSection:
    assert section.push is not None
    return section.push
