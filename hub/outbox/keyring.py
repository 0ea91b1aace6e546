"""The site's PGP keyring, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from hub.errors import HubError
from hub.settings import Problem, Site, vendor_file
from hub.transport.pgp import Keyring, PgpError

_FILE = "config/hub.toml"


def keyring_of(site: Site, *, locked: bool = False) -> Keyring | None:
    """As ``[pgp]`` of hub.toml says; None where there is no such.

    ``locked``: for what takes others' keys alone; the passphrase stays where it is. Raises PgpError when it has gone.
    """
    pgp = site.hub.pgp
    if pgp is None:
        return None
    try:
        passphrase = None if locked or pgp.passphrase is None else pgp.passphrase.reveal(site.root)
    except HubError as error:
        raise PgpError(f"the passphrase of our key is missing: {error.what}", do=error.do) from error
    return Keyring((site.root / pgp.home).resolve(), pgp.key, passphrase, pgp.seconds_max)


def problems_of_keyring(site: Site) -> list[Problem]:
    """What would keep files from being decrypted, or deliveries from being encrypted; ours is tried on a message.

    Nothing where there is no ``[pgp]``, or where its passphrase is not there: that is told without asking GnuPG.
    """
    try:
        keyring = keyring_of(site)
    except PgpError:
        return []
    if keyring is None:
        return []
    try:
        problems = list(_ours(site, keyring))
        for name, config in site.vendors.items():
            if config.packing.pgp_for and (why := keyring.why_unusable(config.packing.pgp_for)):
                allowed = f"{why}; import the vendor's present key: gpg --homedir {keyring.home} --import FILE"
                problems.append(Problem(vendor_file(name), "packing.pgp_for", config.packing.pgp_for, allowed))
    except PgpError as error:
        return [Problem(_FILE, "pgp.home", str(keyring.home), str(error))]
    return problems


def _ours(site: Site, keyring: Keyring) -> Iterator[Problem]:
    """Our own key. Raises PgpError where the keyring cannot be used at all."""
    ours = keyring.find(keyring.key)
    why = keyring.why_unusable(keyring.key)
    if ours is not None and not ours.secret:
        why = "it has no secret part in the keyring: what is encrypted for us cannot be read"
    if ours is not None and not ours.signs and any(config.packing.pgp_sign for config in site.vendors.values()):
        why = why or "it cannot sign, and packing.pgp_sign asks for it"
    if why:
        yield Problem(_FILE, "pgp.key", keyring.key, why)
        return
    try:
        keyring.prove()
    except PgpError as error:
        yield Problem(_FILE, "pgp", "", f"a message for our own key could not be read: {error}")
