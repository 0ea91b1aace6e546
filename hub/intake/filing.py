"""Filing away: the file leaves the inbox for archive/ or quarantine/. Every step may be done twice."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from hub.errors import HubError
from hub.intake.hub import Hub
from hub.intake.identification import ATTACHED, doors
from hub.settings import Site
from hub.store.journal import Arrival, FileRow
from hub.store.members import PGP, ZIP
from hub.store.results import Result
from hub.transport.content import is_same, placing, sync_folder
from hub.transport.folders import DONE_SUFFIX, actual_path
from hub.transport.pdfs import is_called_pdf

#: Bytes of a name in our folders; with our prefix and suffixes it stays below the 255 of most file systems.
NAME_BYTES_MAX = 200
_SUFFIX_BYTES_MAX = 20
#: Folders in the archive of files that are no instance's, by kind.
_NOBODYS: Mapping[str | None, str] = {ZIP: "zips", PGP: "encrypted", ATTACHED: "attached"}
#: What file systems of this world allow.
_FILE_NAME_BYTES_MAX = 255


def file_away(
    hub: Hub, file: FileRow, result: Result, claim: Arrival | None, now: datetime, *, document: bool = False
) -> str:
    """Puts the file where its state says, and out of the inbox that ``claim`` found it in.

    ``document``: it is filed as somebody's.

    A file brought by hand stays where the person has it. Returns the place, relative to the site. Raises OSError and
    HubError with nothing lost: it can be done again.
    """
    target = place_of(hub.site, file, document=document)
    put_aside = _quarantined(hub.site, file)
    blob = hub.blob_path(file.sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    taken = _withdraw(claim) if claim is not None and Path(claim.source) in doors(hub.site) else None
    if not target.exists():
        if taken is not None:
            _move(taken, target)
        elif _is_original(put_aside, blob):
            _move(put_aside, target)
        elif blob.exists():
            _copy(blob, target)
    if taken is not None:
        taken.unlink(missing_ok=True)
    reason = put_aside.with_name(put_aside.name + ".reason.txt")
    if file.state == "quarantined":
        with placing(reason) as writer:
            writer.write(_explanation(hub.site, file, result, now).encode())
    else:
        reason.unlink(missing_ok=True)
        if _is_original(put_aside, blob):
            put_aside.unlink()
    return target.relative_to(hub.site.root).as_posix()


def place_of(site: Site, file: FileRow, *, document: bool = False) -> Path:
    """Where a file in this state lies: a read document where its instance says so (item 13.04)."""
    if file.state == "quarantined":
        return _quarantined(site, file)
    instance = site.vendors.get(file.vendor or "")
    if document and instance is not None and instance.consumption.read_documents is not None:
        return site.root / instance.consumption.read_documents / _own_name(file)
    month = file.received_at.astimezone(site.zone).strftime("%Y-%m")
    return site.archive / (file.vendor or _NOBODYS.get(file.kind, "unrecognised")) / month / _own_name(file)


def safe_name(name: str) -> str:
    """A name that stays inside its folder, can be seen there, and fits; its suffix is kept."""
    flat = "".join("_" if character in "/\\" or not character.isprintable() else character for character in name)
    path = Path(flat.lstrip(".") or "file")
    suffix = path.suffix if len(path.suffix.encode()) <= _SUFFIX_BYTES_MAX else ""
    stem = path.name.removesuffix(suffix).encode()
    return stem[: NAME_BYTES_MAX - len(suffix.encode())].decode("utf-8", errors="ignore") + suffix


def _own_name(file: FileRow) -> str:
    return f"{file.id}-{safe_name(file.name)}"


def _quarantined(site: Site, file: FileRow) -> Path:
    return site.quarantine / _own_name(file)


def _withdraw(claim: Arrival) -> Path | None:
    """Takes the claimed file out of sight, under a hidden name beside its own; None where it has gone already.

    A sender may put a new file under the same name between our look and our move: that one is given back.
    """
    path = actual_path(Path(claim.source), claim.name)
    hidden = path.with_name(f".{claim.id}.part")
    if not hidden.exists():
        if not is_same(path, claim.size, claim.mtime_ns):
            return None
        path.rename(hidden)
    if not is_same(hidden, claim.size, claim.mtime_ns):
        if path.exists():
            raise HubError(f"{hidden} was taken in place of another file, and cannot be given back: its name is used")
        hidden.rename(path)
        return None
    companion = path.with_name(path.name + DONE_SUFFIX)
    # A companion whose name would be longer than names may be is not there, and cannot be asked for.
    if len(os.fsencode(companion.name)) <= _FILE_NAME_BYTES_MAX:
        companion.unlink(missing_ok=True)
    return hidden


def _move(origin: Path, target: Path) -> None:
    try:
        origin.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(origin, target)
        origin.unlink()
    sync_folder(target.parent)


def _copy(origin: Path, target: Path) -> None:
    with origin.open("rb") as reader, placing(target) as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)


def _is_original(path: Path, blob: Path) -> bool:
    """False for one that is not there, or that somebody has mended in place: that is his, not ours."""
    return path.exists() and (not blob.exists() or filecmp.cmp(path, blob, shallow=False))


def _by_hand(file: FileRow) -> str:
    """What a person may do who knows whose a document is."""
    if not is_called_pdf(file.name):
        return ""
    command = 'hub documents attach "quarantine/..." --tenancy KEY --type TYPE --period FROM..TO'
    return f"  - you know whose it is: {command}\n"


def _explanation(site: Site, file: FileRow, result: Result, now: datetime) -> str:
    kind = f"{file.vendor} ({file.kind})" if file.vendor else "nobody's that the hub knows"
    reasons = "\n".join(f"  - {reason}" for reason in result.reasons)
    local = [moment.astimezone(site.zone).strftime("%Y-%m-%d %H:%M:%S %Z") for moment in (file.received_at, now)]
    return f"""This file is in quarantine: its last reading booked nothing.

Why:
{reasons}

File:      {file.id}  {file.name}
From:      {kind}
Received:  {local[0]}
Judged:    {local[1]}
SHA-256:   {file.sha256}

What to do:
  - the file is wrong:    ask the sender for a right one, and drop that into the inbox
  - the set-up is wrong:  mend it (hub check), then: hub files retry {file.id}
  - nobody needs it:      hub files ignore {file.id} --reason "..."
{_by_hand(file)}The original bytes are kept, whatever is done with the copy that lies here.
"""
