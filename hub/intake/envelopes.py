"""What files come in: a zip with any number of them, and a PGP message with exactly one.

A PGP message is no vendor's own format: it is decrypted before anybody is asked whose it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from hub.intake.hub import Hub
from hub.outbox.keyring import keyring_of
from hub.store.journal import FileRow
from hub.store.members import PGP, ZIP
from hub.transport import archives
from hub.transport.archives import HARMLESS_BYTES, ArchiveError, Limits
from hub.transport.content import chunks_of, scratch
from hub.transport.pgp import PgpError, TooMuchError

#: What each kind is called.
CALLED = {ZIP: "zip", PGP: "encrypted file"}
#: Endings of an encrypted file's name, beyond the name of what is in it.
_ENDINGS = (".pgp", ".gpg", ".asc")


class EnvelopeError(Exception):
    """Nothing can be taken out. The text is for people: what it is about, why, and what to do."""


@dataclass
class Inside:
    """One file in an envelope. ``unpack`` gives its bytes, some at a time.

    It raises MemberError for this file alone, EnvelopeError for all. ``facts``: for the journal, known afterwards.
    """

    name: str
    unpack: Callable[[], Iterator[bytes]]
    facts: dict[str, str] = field(default_factory=dict)


@contextmanager
def opened(hub: Hub, envelope: FileRow, limits: Limits) -> Iterator[list[Inside]]:
    """The files in an envelope, in its order. Raises EnvelopeError, here and wherever its inside is unpacked."""
    try:
        if envelope.kind == PGP:
            yield [_encrypted(hub, envelope, limits)]
        else:
            with archives.opened(hub.blob_path(envelope.sha256), limits) as archive:
                yield [Inside(member.name, partial(archive.unpack, member)) for member in archive.members]
    except (ArchiveError, PgpError) as error:
        raise EnvelopeError(f"{CALLED[envelope.kind or ZIP]}: {error}") from error


def _encrypted(hub: Hub, envelope: FileRow, limits: Limits) -> Inside:
    facts: dict[str, str] = {}

    def decrypted() -> Iterator[bytes]:
        with scratch(hub.content) as plain:
            if signed_by := _decrypt(hub, envelope, limits, plain):
                facts["signed_by"] = signed_by
            plain.seek(0)
            yield from chunks_of(plain)

    return Inside(_name_inside(envelope.name), decrypted, facts)


def _decrypt(hub: Hub, envelope: FileRow, limits: Limits, plain: BinaryIO) -> str:
    """Who signed it. Raises PgpError."""
    keyring = keyring_of(hub.site)
    if keyring is None:
        raise PgpError(
            "this site has no PGP keyring, and cannot read it",
            do="set [pgp] in hub.toml, then: hub files retry; or ask the sender for the file in the clear",
        )
    if limits.members < 1:
        raise PgpError("intake.zip_members_max leaves no more files to what it came in")
    path = hub.blob_path(envelope.sha256)
    bytes_max, limit = min(
        (hub.site.hub.intake.file_bytes_max, "intake.file_bytes_max"),
        (limits.bytes, "intake.zip_bytes_max"),
        # As of zips: so small a message of so much is made to do harm.
        (max(limits.ratio * path.stat().st_size, HARMLESS_BYTES), "intake.zip_ratio_max"),
    )
    try:
        return keyring.decrypt(path, plain, bytes_max=bytes_max)
    except TooMuchError as error:
        raise PgpError(
            error.what, why=f"{limit} allows no more", do="where it is a good file: raise it, then: hub files retry"
        ) from error


def _name_inside(name: str) -> str:
    """The envelope's without its ending, as senders name them. The one in the message may be a path of the sender's."""
    stem, dot, ending = name.rpartition(".")
    return stem if stem.strip(". ") and f"{dot}{ending}".lower() in _ENDINGS else name
