"""Whose is this file? Asked of every instance behind the door it came through; exactly one must remain (R1)."""

from __future__ import annotations

import unicodedata
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from hub.intake.hub import Hub
from hub.plugin import Mine
from hub.settings import Site
from hub.store.members import PGP, ZIP
from hub.transport.archives import is_zip
from hub.transport.pgp import is_encrypted
from hub.vendors import Instance, VendorFault

#: Of one that a person has attached to a tenancy or property.
ATTACHED = "attached"


class Verdict(NamedTuple):
    """``reason`` is why the file is quarantined, "" where it is known whose it is, or that it is taken apart.

    ``by_name``: two files of this kind are the same only if their names are, too.
    """

    vendor: str | None
    kind: str | None
    by_name: bool
    reason: str = ""


def refused(reason: str) -> Verdict:
    """Nobody's: that two such files are the same is certain only where their names are equal, too."""
    return Verdict(None, None, True, reason)


def nfc(name: str) -> str:
    """The form in which file names are kept and compared: macOS writes "å" as two characters."""
    return unicodedata.normalize("NFC", name)


def doors(site: Site) -> dict[Path, str | None]:
    """Every watched folder, with the one instance whose own inbox it is (None: the common inbox, or a shared one)."""
    found: dict[Path, str | None] = {site.inbox.resolve(): None}
    for vendor in sorted(site.vendors):
        folder = site.own_inbox(vendor).resolve()
        found[folder] = None if folder in found else vendor
    return found


def identify(hub: Hub, path: Path, name: str, *, source: Path, door: str | None) -> Verdict:
    """Asks the instances behind ``door`` (else those behind the folder ``source``) about the bytes at ``path``.

    Nobody is asked about an encrypted file. Its name counts: it says what the file in it is called.
    """
    if is_encrypted(path):
        return Verdict(None, PGP, True)
    asked = _asked(hub, nfc(name), source, door)
    mine: list[tuple[Instance, str]] = []
    refusals: list[str] = []
    faults: dict[str, str] = {}
    for vendor in asked:
        instance = hub.vendors.instances.get(vendor)
        if instance is None:
            faults[vendor] = "its plug-in is not at work, see: hub check"
            continue
        try:
            answer = instance.identify(path, nfc(name))
        except VendorFault as fault:
            faults[vendor] = str(fault)
            continue
        if isinstance(answer, Mine):
            mine.append((instance, answer.kind))
        else:
            refusals.append(f"{vendor}: not mine: {answer.why}")
    troubled = "; ".join(f"{vendor}: {fault}" for vendor, fault in faults.items())
    if len(mine) == 1:
        instance, kind = mine[0]
        if any(hub.site.vendors[vendor].plugin == instance.plugin for vendor in faults):
            # Two instances of one plug-in know the same files: who cannot answer might have said yes as well.
            return refused(f"ambiguous: claimed by {instance.name} (as {kind}), and another cannot answer: {troubled}")
        return Verdict(instance.name, kind, instance.kinds[kind].identity == "name+content")
    if mine:
        claimants = " and ".join(f"{instance.name} (as {kind})" for instance, kind in mine)
        return refused(f"ambiguous: claimed by {claimants}; give them different doors or telltales")
    if faults and not refusals:
        return refused(f"plug-in fault: {troubled}")
    if not faults and is_zip(path):
        return Verdict(None, ZIP, False)
    said = (
        "; ".join([*refusals, *([troubled] if troubled else [])])
        or "no instance takes files of this name from this folder"
    )
    return refused(f"unrecognised: {said}")


def _asked(hub: Hub, name: str, source: Path, door: str | None) -> list[str]:
    site = hub.site
    if door is not None:
        return [door]
    owners = [vendor for vendor in sorted(site.vendors) if site.own_inbox(vendor).resolve() == source]
    if owners:
        return owners
    return [vendor for vendor in sorted(site.vendors) if fnmatchcase(name, nfc(site.vendors[vendor].door.pattern))]
