"""Deliveries written to a folder where another program takes them: a share, or a vendor's own transfer program."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hub.outbox.channels import Standing
from hub.settings import Site
from hub.store.exchange.dispatches import ChannelName, Dispatch
from hub.transport.content import hash_of, placing
from hub.transport.faults import LastingFault, PassingFault, TransportFault, UnsureFault

#: What a person has to mend; all else may pass: a full disk, a share that is away.
_LASTING = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.EINVAL, errno.ENOTDIR, errno.EISDIR)
#: An enrolment holds the payer's CPR number: for the program that takes it, by its group.
_MODE = 0o640
#: A share that answers at all is done by then, or its claim is taken over.
_SECONDS_MAX = 3_600.0


@dataclass(frozen=True)
class FolderChannel:
    path: Path
    name: ChannelName = "folder"
    can_look: bool = True
    seconds_max: float = _SECONDS_MAX

    @classmethod
    def of(cls, site: Site, name: str) -> Self:
        section = site.vendors[name].folder
        assert section is not None
        return cls(site.root / section.path)

    @property
    def target(self) -> str:
        return str(self.path)

    def new_message_id(self) -> str:
        return ""

    @contextmanager
    def session(self) -> Iterator[FolderSender]:
        """A folder that is not there is a mount that is away; it is never made here."""
        try:
            # Not is_dir(), to which a folder that may not be looked at is none.
            os.scandir(self.path).close()
        except OSError as error:
            raise _fault(error, self.path) from error
        yield FolderSender(self.path)


@dataclass(frozen=True)
class FolderSender:
    folder: Path

    def send(self, one: Dispatch, path: Path, before_final: Callable[[], None]) -> str:
        """Written under a temporary name, made durable, renamed: nobody ever finds a part of it."""
        target = self.folder / one.name
        final = False
        try:
            standing = self._standing(one)
            if standing == "identical":
                return "was there"
            if standing == "other":
                raise _taken(target)
            with placing(target) as writer, path.open("rb") as kept:
                os.fchmod(writer.fileno(), _MODE)
                hash_of(kept, copied_to=writer)
                before_final()
                # Another may have come while we wrote, and a rename would replace it.
                if os.path.lexists(target):
                    raise _taken(target)
                final = True
        except LastingFault:
            with suppress(OSError):
                self._temporary(one).unlink(missing_ok=True)
            raise
        except OSError as error:
            # A temporary name that is gone was renamed, or taken by who does not wait for that.
            if final and not (os.path.lexists(self._temporary(one)) and not os.path.lexists(target)):
                raise UnsureFault(
                    f"nobody knows whether the vendor has it: {error.strerror or error}",
                    where=str(target),
                    why="the file lies there, or is gone from there already; a power cut may lose it yet",
                    do="it is looked at again; else the vendor's receipt or a call tells",
                ) from error
            with suppress(OSError):
                self._temporary(one).unlink(missing_ok=True)
            raise _fault(error, target) from error
        return "written and renamed"

    def standing(self, one: Dispatch) -> Standing:
        try:
            return self._standing(one)
        except OSError as error:
            raise _fault(error, self.folder / one.name) from error

    def _standing(self, one: Dispatch) -> Standing:
        target = self.folder / one.name
        try:
            size = target.lstat().st_size
        except FileNotFoundError:
            return "temporary" if self._temporary(one).exists() else "absent"
        if size != one.size or not target.is_file():
            return "other"
        with target.open("rb") as lying:
            return "identical" if hash_of(lying) == one.sha256 else "other"

    def _temporary(self, one: Dispatch) -> Path:
        """Of :func:`hub.transport.content.placing`."""
        return self.folder / f".{one.name}.part"


def _taken(target: Path) -> LastingFault:
    return LastingFault(
        "the folder has another file of this name",
        where=str(target),
        why="it may be what the vendor was told before; nothing is overwritten",
        do="find out what it is, and move it away",
    )


def _fault(error: OSError, where: Path) -> TransportFault:
    told = error.strerror or str(error)
    if error.errno in _LASTING:
        return LastingFault(
            f"cannot be written: {told}", where=str(where), do="give the hub's user the right to write there"
        )
    return PassingFault(f"cannot be written now: {told}", where=str(where), do="see that it is mounted and has room")
