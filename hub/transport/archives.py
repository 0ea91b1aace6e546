"""Zip files from strangers: what is in one, told by names that can be kept, and each member's bytes as a stream.

Nothing is ever written here, and no name of a member becomes a path. What a zip says of itself is a claim: sizes are
held against what is really unpacked, and its own list of members is read only as far as the limits go.
"""

from __future__ import annotations

import io
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from hub.errors import HubError
from hub.transport.folders import printable

#: Bytes of a member's name in UTF-8: what a file system could have held.
NAME_BYTES_MAX = 255
#: So much may be unpacked whatever the ratio is: a page of blanks packs a thousand times smaller, and harms nobody.
HARMLESS_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18
#: Of the list at a zip's end: name, extra fields and comment of a member.
_LISTED_BYTES_MAX = 1_024
#: What any zip may take for its list, and what is looked at from its end to find that.
_LIST_BYTES_LEAST = 1 << 17
_HEADS = (b"PK\x03\x04", b"PK\x05\x06")
#: Members by which a zip is another program's document: Office Open XML, OpenDocument and EPUB, Java.
_DOCUMENTS = ("[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF")
#: Members among which such a one is looked for.
_LOOKED_AT_MAX = 10_000
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_SHOWN_CHARACTERS_MAX = 80
_DRIVE = re.compile(r"^[A-Za-z]:")
#: What a broken or lying zip makes Python's reader raise, at any byte.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)


class ArchiveError(HubError):
    """The zip cannot be taken apart as a whole."""


class MemberError(HubError):
    """One member cannot be unpacked; the others may be."""


class Limits(NamedTuple):
    """Of one zip: members, bytes of one and of all unpacked, and how much larger than the zip all of it may be."""

    members: int
    member_bytes: int
    bytes: int
    ratio: int


class Member(NamedTuple):
    """``name`` in NFC and without folders; ``size`` is bytes, as the zip says. ``refused`` is why it is not taken."""

    name: str
    size: int
    info: zipfile.ZipInfo
    refused: str = ""


def is_zip(path: Path) -> bool:
    """Whether the bytes begin as those of a zip that is no program's document, such as an xlsx."""
    with path.open("rb") as stream:
        if stream.read(4) not in _HEADS:
            return False
    try:
        with _opened(path, _LOOKED_AT_MAX) as zipped:
            names = {info.filename for info in zipped.infolist()}
    except ArchiveError:
        return True
    return names.isdisjoint(_DOCUMENTS)


class Archive:
    """One zip, opened."""

    def __init__(self, zipped: zipfile.ZipFile, members: list[Member], limits: Limits) -> None:
        #: In the zip's order, without folders and hidden files.
        self.members = members
        self._zipped = zipped
        self._limits = limits

    def unpack(self, member: Member) -> Iterator[bytes]:
        """The member's bytes, some at a time. Raises MemberError as soon as they are not what the zip says of them."""
        if member.refused:
            raise MemberError(member.refused)
        size = 0
        try:
            with self._zipped.open(member.info) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    size += len(chunk)
                    if size > min(member.size, self._limits.member_bytes):
                        raise MemberError(f"unpacks to more than the {member.size} bytes that the zip says")
                    yield chunk
        except _BROKEN as error:
            raise MemberError(f"broken: {error}") from error
        if size != member.size:
            raise MemberError(f"broken: the zip says {member.size} bytes, and it unpacks to {size}")


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[Archive]:
    """The zip at ``path``. Raises ArchiveError, before a byte of any member is unpacked, where it breaks the limits."""
    with _opened(path, limits.members) as zipped:
        infos = [info for info in zipped.infolist() if not info.is_dir()]
        if len(infos) > limits.members:
            raise ArchiveError(
                f"it has {len(infos)} members, intake.zip_members_max allows {limits.members}", do=_RAISE
            )
        total = sum(info.file_size for info in infos)
        if total > limits.bytes:
            raise ArchiveError(f"it unpacks to {total} bytes, intake.zip_bytes_max leaves {limits.bytes}", do=_RAISE)
        packed = path.stat().st_size
        if total > max(limits.ratio * packed, HARMLESS_BYTES):
            raise ArchiveError(
                f"it unpacks to {total} bytes from {packed}, intake.zip_ratio_max allows {limits.ratio} times as many",
                why="so small a zip of so much is made to do harm",
                do=_RAISE,
            )
        yield Archive(zipped, _judged(infos, limits), limits)


_RAISE = "raise the limit if the sender is to be trusted, and retry; or ask for smaller zips"


def _judged(infos: list[zipfile.ZipInfo], limits: Limits) -> list[Member]:
    found = [_member(info, limits) for info in infos]
    # What no inbox would show either.
    visible = [one for one in found if one.refused or not one.name.startswith(".")]
    alike = Counter(one.name.casefold() for one in visible)
    return [
        one._replace(refused=f"{alike[one.name.casefold()]} members have this name, apart from folders and case")
        if alike[one.name.casefold()] > 1 and not one.refused
        else one
        for one in visible
    ]


def _member(info: zipfile.ZipInfo, limits: Limits) -> Member:
    whole = _decoded(info)
    name, refused = _plain_name(whole)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not refused and kind not in (0, stat.S_IFREG):
        refused = "a symbolic link" if kind == stat.S_IFLNK else "no regular file"
    if not refused and info.flag_bits & _ENCRYPTED:
        refused = "encrypted: unpack it with its password, and drop what was in it"
    if not refused and info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        refused = f"packed by method {info.compress_type}: only stored and deflated members are unpacked"
    if not refused and info.file_size > limits.member_bytes:
        refused = f"{info.file_size} bytes unpacked, intake.zip_member_bytes_max allows {limits.member_bytes}"
    return Member(name, info.file_size, info, refused)


def _decoded(info: zipfile.ZipInfo) -> str:
    """The name as its maker wrote it. Where the zip does not say that it is UTF-8, Windows means code page 850.

    Python cuts a name at a NUL; the whole one tells that there was one.
    """
    whole = info.orig_filename
    if info.flag_bits & _UTF_8:
        return whole
    raw = whole.encode("cp437")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp850")


def _plain_name(whole: str) -> tuple[str, str]:
    """The last part of the name in NFC, and why it is refused; then the name is only fit to be shown."""
    parts = unicodedata.normalize("NFC", whole).replace("\\", "/").split("/")
    name = parts[-1]
    shown = printable(unicodedata.normalize("NFC", whole))
    if len(shown) > _SHOWN_CHARACTERS_MAX:
        shown = f"{shown[:_SHOWN_CHARACTERS_MAX]}…"
    if ".." in parts:
        return shown, "its name leads out of the folder"
    if not parts[0] or _DRIVE.match(whole):
        return shown, "its name is a path from the root"
    if not name.strip(". "):
        return shown, "it has no name"
    if len(name.encode("utf-8", errors="replace")) > NAME_BYTES_MAX:
        return shown, f"its name has more than {NAME_BYTES_MAX} bytes"
    if "\\" in printable(name):
        return shown, "its name has control characters, or what is no text"
    return name, ""


@contextmanager
def _opened(path: Path, members_max: int) -> Iterator[zipfile.ZipFile]:
    """Raises ArchiveError."""
    limit = max(members_max * _LISTED_BYTES_MAX, _LIST_BYTES_LEAST)
    with path.open("rb") as stream:
        try:
            zipped = zipfile.ZipFile(_Sparing(stream, limit))
        except _BROKEN as error:
            raise ArchiveError(f"no zip that can be read: {error}", do="ask the sender for it again") from error
        with zipped:
            yield zipped


class _Sparing(io.BufferedIOBase):
    """A stream that gives no more than a limit at a time: a zip's list of members is read into memory at once."""

    def __init__(self, stream: BinaryIO, bytes_max: int) -> None:
        self._stream = stream
        self._bytes_max = bytes_max

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._bytes_max + 1 if size is None or size < 0 else size
        found = b"" if wanted > self._bytes_max + 1 else self._stream.read(wanted)
        if wanted > self._bytes_max + 1 or len(found) > self._bytes_max:
            raise zipfile.BadZipFile(f"its list of members takes more than {self._bytes_max} bytes")
        return found

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if whence == os.SEEK_SET and offset < 0:
            raise zipfile.BadZipFile("a place within it lies before its beginning")
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
