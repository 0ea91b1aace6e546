"""What a delivery is packed in before it leaves: a zip, a PGP message, the first within the second, or nothing.

Encrypted bytes differ each time that they are made. So they are made once, with the delivery, and kept as its own bytes
are: each try sends the same.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, NamedTuple

from hub.errors import HubError
from hub.outbox.keyring import keyring_of
from hub.settings import PackingSection, Site
from hub.store.collecting.deliveries import Delivery
from hub.transport.content import blob_path, chunks_of, keep, scratch
from hub.transport.pgp import PgpError

#: Of the name of what leaves encrypted.
_ENCRYPTED = ".pgp"
#: Rights and system of the file in a zip: the same wherever it is made.
_RIGHTS, _UNIX = 0o100640 << 16, 3


class InTheClearError(HubError):
    """A vendor's deliveries are to be encrypted, and this one would be handed over as it is."""


class Packed(NamedTuple):
    """What leaves, in the content store: its name, its SHA-256 as 64 hexadecimal digits, its bytes in number."""

    name: str
    sha256: str
    size: int


def packed(site: Site, vendor: str, delivery: Delivery) -> Packed:
    """The delivery as ``[packing]`` of its vendor has it leave; without such, as it is.

    Called in the transaction that makes the delivery: on return the bytes are durable. Raises HubError where it cannot
    be encrypted; nothing is to be delivered in the clear then.
    """
    packing = site.vendors[vendor].packing
    made = blob_path(site.content, delivery.sha256)
    if not packing.zip and packing.pgp_for is None:
        return Packed(delivery.name, delivery.sha256, made.stat().st_size)
    with ExitStack() as stack:
        name = packed_name(packing, delivery.name)
        source: BinaryIO = stack.enter_context(made.open("rb"))
        if packing.zip:
            source = stack.enter_context(_zipped(site, delivery, source, made.stat().st_size))
        if packing.pgp_for is not None:
            inside = name.removesuffix(_ENCRYPTED)
            source = stack.enter_context(_encrypted(site, packing, packing.pgp_for, inside, source))
        stored = keep(chunks_of(source), site.content, part=f"packed-{delivery.id}")
    return Packed(name, stored.sha256, stored.size)


def packed_name(packing: PackingSection, name: str) -> str:
    """What the file of a delivery with this name is called when it leaves."""
    zipped = f"{name}.zip" if packing.zip else name
    return zipped if packing.pgp_for is None else f"{zipped}{_ENCRYPTED}"


def refuse_in_the_clear(site: Site, made: Delivery, name: str) -> None:
    """Of a file called ``name`` that a person hands over. Raises InTheClearError."""
    config = site.vendors.get(made.vendor)
    if config is not None and config.packing.pgp_for is not None and not name.endswith(_ENCRYPTED):
        raise InTheClearError(
            f"{name} would lie in the outbox in the clear, and {made.vendor}'s deliveries are to be encrypted",
            where=f"config/vendors/{made.vendor}.toml, packing.pgp_for",
            why="only what has a way by machine is encrypted; nothing leaves in the clear that shall not",
            do="give it [sftp.push], [folder] or confirmed [mail], and make it anew; to hand it over by hand, take the "
            "encrypted file from its [folder]",
        )


@contextmanager
def _zipped(site: Site, delivery: Delivery, source: BinaryIO, size: int) -> Iterator[BinaryIO]:
    """The same bytes whenever and wherever it is made: its one member is dated the day of the delivery."""
    member = zipfile.ZipInfo(delivery.name, (*delivery.created_on.timetuple()[:3], 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.file_size = size
    member.external_attr, member.create_system = _RIGHTS, _UNIX
    with scratch(site.content) as target:
        with zipfile.ZipFile(target, "w") as made, made.open(member, "w") as writer:
            shutil.copyfileobj(source, writer)
        target.seek(0)
        yield target


@contextmanager
def _encrypted(site: Site, packing: PackingSection, recipient: str, name: str, source: BinaryIO) -> Iterator[BinaryIO]:
    keyring = keyring_of(site, locked=not packing.pgp_sign)
    if keyring is None:
        raise PgpError(
            "the vendor's deliveries are to be encrypted, and this site has no keyring",
            why="nothing leaves in the clear that shall not",
            do="set [pgp] in hub.toml, then: hub check",
        )
    with scratch(site.content) as target:
        keyring.encrypt(source, target, recipient=recipient, name=name, sign=packing.pgp_sign)
        target.seek(0)
        yield target
