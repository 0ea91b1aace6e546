"""What is wrong with how a site exchanges files, as far as the site itself can tell: for ``hub check``.

No server is asked anything, and no secret is told: a problem says where it should be.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from posixpath import normpath
from typing import Any

from pydantic import BaseModel

from hub.errors import HubError
from hub.exchange.notices import not_told
from hub.outbox.channels import channels_of, not_mailed
from hub.outbox.keyring import problems_of_keyring
from hub.outbox.packing import packed_name
from hub.settings import DeliverySection, Problem, Secret, SftpSection, Site, VendorConfig, vendor_file
from hub.settings.exchange import PullSection

_HUB = "config/hub.toml"
#: Who may do anything with a file besides its owner: as OpenSSH judges a key.
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def problems(site: Site) -> Iterator[Problem]:
    """All there are, of hub.toml, then by instance, then between two of them."""
    yield from _of_hub(site)
    for name, config in site.vendors.items():
        yield from (Problem(vendor_file(name), *told) for told in _of_vendor(site, name, config))
    for (first, one), (second, other) in combinations(site.vendors.items(), 2):
        yield from _both_fetch(first, one, second, other)


def _of_hub(site: Site) -> Iterator[Problem]:
    for key, secret in _secrets("", site.hub):
        if told := _not_there(site, secret):
            yield Problem(_HUB, key, "", told)
    yield from problems_of_keyring(site)
    yield from (Problem(_HUB, "notices.mail_to", "", told) for told in not_told(site))


def _of_vendor(site: Site, name: str, config: VendorConfig) -> Iterator[tuple[str, str, str]]:
    """Key, what is given, what is allowed."""
    for key, secret in _secrets("", config):
        if told := _not_there(site, secret):
            yield key, "", told
    if config.sftp is not None:
        yield from _of_server(site, name, config.sftp)
        yield from _of_folders(config.sftp, packed_name(config.packing, _own_name(config.delivery)))
    if config.folder is not None:
        yield from (("folder.path", str(config.folder.path), told) for told in _of_folder(site, config.folder.path))
    yield from (("mail.to", "", told) for told in not_mailed(site, name))
    if config.packing.pgp_for is not None and site.hub.pgp is None:
        yield "packing.pgp_for", config.packing.pgp_for, f"needs a keyring: {_HUB} has no [pgp]"
    if config.packing.pgp_for is not None and not channels_of(site, name):
        allowed = "needs a way by machine, else no delivery is made: [sftp.push], [folder], or [mail] that is confirmed"
        yield "packing.pgp_for", config.packing.pgp_for, allowed
    if config.expect_unless_zero and config.expect is None:
        yield "expect_unless_zero", "true", "belongs to expect: without it no file is missed"


def _of_server(site: Site, name: str, sftp: SftpSection) -> Iterator[tuple[str, str, str]]:
    if not sftp.host_keys:
        allowed = f"no host key is pinned, so nothing is exchanged; hub sftp probe {name} shows which the server has"
        yield "sftp.host_keys", "", allowed
    if sftp.key_file is not None:
        path = site.root / sftp.key_file
        try:
            status = path.stat()
        except OSError as error:
            yield "sftp.key_file", str(sftp.key_file), f"a file with our private key: {error.strerror}"
            return
        if not stat.S_ISREG(status.st_mode):
            yield "sftp.key_file", str(sftp.key_file), "a file with our private key; this is none"
        elif status.st_uid == os.getuid() and status.st_mode & _OTHERS:
            yield "sftp.key_file", str(sftp.key_file), f"for the hub's user alone, others may read it: chmod 600 {path}"


def _of_folders(sftp: SftpSection, ours: str) -> Iterator[tuple[str, str, str]]:
    """Where what we put on the server would be fetched as if the vendor had sent it (R3 would refuse its bytes).

    ``ours`` is called as a delivery that leaves.
    """
    if sftp.pull is None:
        return
    pulled = {normpath(folder) for folder in sftp.pull.folders}
    if sftp.pull.move_to is not None and normpath(sftp.pull.move_to) in pulled:
        yield "sftp.pull.move_to", sftp.pull.move_to, "another folder than those that are fetched from"
    if sftp.push is not None and normpath(sftp.push.folder) in pulled:
        sent = {ours, sftp.push.temporary.format(name=ours)} if sftp.push.rename else {ours}
        fetched = sorted(name for name in sent if _is_fetched(name, sftp.pull))
        if fetched:
            allowed = f"another folder, or narrower pull.names: what we send would be fetched ({', '.join(fetched)})"
            yield "sftp.push.folder", sftp.push.folder, allowed


def _own_name(delivery: DeliverySection | None) -> str:
    """As a delivery of ours is called."""
    form = (delivery or DeliverySection(data_supplier="00000000")).file_name
    return form.format(kind="0601", number=f"{1:010d}", data_supplier="00000000", day="20260102")


def _is_fetched(name: str, pull: PullSection) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in pull.names)


def _of_folder(site: Site, path: Path) -> Iterator[str]:
    where = (site.root / path).resolve()
    if not where.is_dir():
        yield "a folder that is there: it is not made, for it might be a disk that is not mounted"
    ours = (site.inbox, site.outbox, site.content, site.archive, site.quarantine, site.lists, site.root / "config")
    for own in ours:
        if where.is_relative_to(own.resolve()):
            yield f"a folder outside the site's own {own.name}/"


def _both_fetch(first: str, one: VendorConfig, second: str, other: VendorConfig) -> Iterator[Problem]:
    """Two instances that fetch the same files: whoever comes first gets them."""
    if one.sftp is None or other.sftp is None or one.sftp.pull is None or other.sftp.pull is None:
        return
    if _account(one.sftp) != _account(other.sftp):
        return
    folders = {normpath(folder) for folder in one.sftp.pull.folders}
    shared = sorted(folders & {normpath(folder) for folder in other.sftp.pull.folders})
    meeting = [
        (ours, theirs)
        for ours in one.sftp.pull.names
        for theirs in other.sftp.pull.names
        if fnmatchcase(ours, theirs) or fnmatchcase(theirs, ours)
    ]
    if shared and meeting:
        ours, theirs = meeting[0]
        allowed = (
            f"other names or another folder: {first} fetches {ours} from {shared[0]} with the same login, and the file "
            "would be one's or the other's by chance (R1)"
        )
        yield Problem(vendor_file(second), "sftp.pull.names", theirs, allowed)


def _account(sftp: SftpSection) -> tuple[str, int, str]:
    return sftp.host.casefold(), sftp.port, sftp.user


def _secrets(key: str, value: Any) -> Iterator[tuple[str, Secret]]:
    """All secrets of a section and those below it, by dotted key."""
    if isinstance(value, Secret):
        yield key, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(f"{key}.{name}".lstrip("."), getattr(value, name))


def _not_there(site: Site, secret: Secret) -> str:
    """Why it cannot be used; "" = it can."""
    try:
        secret.reveal(site.root)
    except HubError as error:
        return str(error)
    return ""
