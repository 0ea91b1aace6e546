"""The file of a backup: a plain tar that any tar reads, whose members prove themselves.

``about.json`` comes first and says what is needed to read the rest; ``manifest.json.gz`` comes last, so that a file
without it was cut off, and has the SHA-256 of every member. Between them, in this order: ``config/``, ``tables/``,
``content/`` by ascending SHA-256 (which is the name, and proves it), ``lists/``, ``quarantine/``.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.errors import HubError
from hub.transport.content import blob_name

#: Of the file as this program writes and reads it.
FORMAT = 1
ABOUT = "about.json"
MANIFEST = "manifest.json.gz"
#: Folders of the site that are copied as they lie.
FOLDERS = ("config", "lists", "quarantine")
_ORDER = ("about", "config", "tables", "content", "lists", "quarantine", "manifest")
_CONTENT = re.compile(r"content/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_TABLE = re.compile(r"tables/([a-z][a-z0-9_]{0,62})/[0-9]{6}\.json\.gz")
_CHUNK_BYTES = 1 << 20
#: One part of a table, unpacked; and whatever else is read as a whole.
PART_BYTES_MAX = 64 * 1024**2
#: Measured: level 1 packs rows to a third at 110 MB/s, level 6 at half that speed and no smaller.
_GZIP_LEVEL = 1

_ANOTHER = "nothing was restored from it: take another backup, or another copy of this one"

#: As a column's values stand in a row. integer, text: as they are. boolean: 0 or 1. date: YYYY-MM-DD.
#: moment: YYYY-MM-DDTHH:MM:SS.ffffffZ. bytes: hexadecimal. json: its text, as a string.
Kind = Literal["integer", "text", "boolean", "date", "moment", "bytes", "json"]
Section = Literal["about", "config", "tables", "content", "lists", "quarantine", "manifest"]
_Document = TypeVar("_Document", bound=BaseModel)


class ArchiveError(HubError):
    """The file is not a whole and unharmed backup that this program can read."""


class About(BaseModel):
    """What is needed to read the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: int
    #: Version of the hub that wrote it.
    hub: str
    #: Revision of its schema.
    schema_revision: str
    database: Literal["sqlite", "postgresql"]
    made_at: datetime
    #: Columns with their kinds, by table.
    tables: Mapping[str, tuple[tuple[str, Kind], ...]]


class Manifest(BaseModel):
    """What has to be there."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    #: By table.
    rows: Mapping[str, int]
    #: By member; those below content/ have it for their names.
    sha256: Mapping[str, str]
    content_files: int
    content_bytes: int
    #: Files that the journal names and whose bytes were never kept (too big), or are lost.
    absent: tuple[str, ...]
    #: The next value of every sequence, by its PostgreSQL name.
    sequences: Mapping[str, int]
    #: The hash over all chains, as ``hub verify`` prints it.
    head: str


class Member(NamedTuple):
    """``size`` is bytes; ``key`` is the table, or the SHA-256 of content, else "". ``mode``: a file's permissions."""

    name: str
    section: Section
    key: str
    size: int
    mode: int


class Writer:
    """Writes members one after the other; remembers nothing but their hashes."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self.sha256: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> None:
        self.sha256[name] = hashlib.sha256(data).hexdigest()
        self.add_file(name, io.BytesIO(data), len(data), 0o600)

    def add_file(self, name: str, source: BinaryIO, size: int, mode: int) -> None:
        """Copies just ``size`` bytes; the caller knows their hash. Raises OSError when there are fewer."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, mode
        self._target.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict"))
        left = size
        while left:
            chunk = source.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise OSError(errno.EIO, "it became shorter while it was read", name)
            self._target.write(chunk)
            left -= len(chunk)
        self._target.write(bytes(-size % tarfile.BLOCKSIZE))

    def add_document(self, name: str, document: BaseModel) -> None:
        data = document.model_dump_json().encode()
        self.add(name, packed(data) if name.endswith(".gz") else data)

    def close(self) -> None:
        """Two empty blocks end a tar."""
        self._target.write(bytes(2 * tarfile.BLOCKSIZE))


class Archive:
    """A backup that was read to its end and found whole. Made by :meth:`checked`."""

    def __init__(self, path: Path, about: About, manifest: Manifest) -> None:
        self._path = path
        self.about = about
        self.manifest = manifest

    @classmethod
    def checked(cls, path: Path) -> Archive:
        """Reads every byte before anything is done with one. Raises ArchiveError."""
        with _told_of(path):
            found: dict[str, str] = {}
            files = bytes_ = 0
            about: About | None = None
            manifest: Manifest | None = None
            for member, stream in _members(path, found):
                if member.section == "about":
                    about = _about(read_whole(member, stream))
                elif about is None:
                    raise ArchiveError(f"this is no backup of a hub: {ABOUT} is missing")
                elif member.section == "content":
                    files, bytes_ = files + 1, bytes_ + member.size
                elif member.section == "manifest":
                    manifest = _parsed(Manifest, unpacked(member, stream))
            if about is None or manifest is None:
                raise ArchiveError("it ends before its manifest: it was cut off, or a header inside it is damaged")
            _compare(found, manifest)
            if (files, bytes_) != (manifest.content_files, manifest.content_bytes):
                raise ArchiveError(
                    f"it holds {files} files of content with {bytes_} bytes, and was written with "
                    f"{manifest.content_files} with {manifest.content_bytes}"
                )
            return cls(path, about, manifest)

    def members(self, *sections: Section) -> Iterator[tuple[Member, BinaryIO]]:
        """Members of these sections, checked again while they are read. Raises ArchiveError."""
        with _told_of(self._path):
            last = max(map(_ORDER.index, sections))
            for member, stream in _members(self._path, dict(self.manifest.sha256)):
                if _ORDER.index(member.section) > last:
                    return
                if member.section in sections:
                    yield member, stream


def content_name(sha256: str) -> str:
    """Where the bytes lie, from the site's folder and in a backup."""
    return f"content/{blob_name(sha256)}"


def packed(data: bytes) -> bytes:
    """The same for the same ``data``, whenever it is made."""
    return gzip.compress(data, _GZIP_LEVEL, mtime=0)


def unpacked(member: Member, stream: BinaryIO) -> bytes:
    with gzip.GzipFile(fileobj=stream) as reader:
        return _whole(member, reader.read(PART_BYTES_MAX + 1))


def read_whole(member: Member, stream: BinaryIO) -> bytes:
    return _whole(member, stream.read(PART_BYTES_MAX + 1))


def _whole(member: Member, data: bytes) -> bytes:
    if len(data) > PART_BYTES_MAX:
        raise ArchiveError(f"{member.name} holds more than {PART_BYTES_MAX} bytes, which no backup's does")
    return data


class _Hashing(io.RawIOBase):
    """Hashes what is read of a member."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._source.read(len(buffer))
        self._digest.update(data)
        buffer[: len(data)] = data
        return len(data)

    def sha256(self) -> str:
        """Of the whole member, read to its end."""
        while chunk := self._source.read(_CHUNK_BYTES):
            self._digest.update(chunk)
        return self._digest.hexdigest()


def _members(path: Path, known: dict[str, str]) -> Iterator[tuple[Member, BinaryIO]]:
    """Every member in its order, with what it holds; ``known`` are hashes that have to be right, and gets the others.

    Memory grows by one hash a member outside content/.
    """
    seen: set[str] = set()
    reached = -1
    content = ""
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:", errorlevel=2) as tar:
        while (info := tar.next()) is not None:
            # Else tarfile would remember every one of what may be millions.
            tar.members.clear()  # type: ignore[attr-defined]
            member = _member(info)
            if _ORDER.index(member.section) < reached:
                raise ArchiveError(f"{member.name} stands in the wrong place")
            reached = _ORDER.index(member.section)
            if member.section == "content":
                if member.key <= content:
                    raise ArchiveError(f"{member.name} stands in the wrong place")
                content = member.key
            elif member.name in seen:
                raise ArchiveError(f"it holds {member.name} twice")
            else:
                seen.add(member.name)
            source = tar.extractfile(info)
            assert source is not None
            stream = _Hashing(source)
            yield member, io.BufferedReader(stream, _CHUNK_BYTES)
            expected = member.key if member.section == "content" else known.setdefault(member.name, stream.sha256())
            if stream.sha256() != expected:
                raise ArchiveError(f"{member.name} is damaged: its SHA-256 is not the one it was written with")


def _member(info: tarfile.TarInfo) -> Member:
    """Raises ArchiveError for what no backup holds: above all a name that would lead out of the site."""
    name, mode = info.name, info.mode & 0o777
    if info.isreg():
        if name in (ABOUT, MANIFEST):
            return Member(name, "about" if name == ABOUT else "manifest", "", info.size, mode)
        if match := _CONTENT.fullmatch(name):
            return Member(name, "content", match[2], info.size, mode)
        if match := _TABLE.fullmatch(name):
            return Member(name, "tables", match[1], info.size, mode)
        top, *below = name.split("/")
        if below and not {"", ".", ".."} & set(below) and "\0" not in name:
            for section in FOLDERS:
                if top == section:
                    return Member(name, section, "", info.size, mode)  # type: ignore[arg-type]
    raise ArchiveError(f"it holds {name!r}, which no backup does", why="a made-up name could overwrite any file")


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Whatever goes wrong while reading, as an ArchiveError about this file."""
    try:
        yield
    except ArchiveError as error:
        if not error.where:
            error.where = str(path)
            error.do = error.do or _ANOTHER
        raise
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveError(f"it cannot be read as a backup: {error}", where=str(path), do=_ANOTHER) from error
    except OSError as error:
        raise ArchiveError(f"it cannot be read: {error.strerror}", where=str(path), do=_ANOTHER) from error


def _about(data: bytes) -> About:
    try:
        format_ = json.loads(data)["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveError(f"{ABOUT} is not that of a backup") from error
    if format_ != FORMAT:
        raise ArchiveError(
            f"it is of format {format_!r}, this program reads format {FORMAT}", do="restore it with a newer hub"
        )
    return _parsed(About, data)


def _compare(found: Mapping[str, str], manifest: Manifest) -> None:
    expected = {**manifest.sha256, MANIFEST: found[MANIFEST]}
    if missing := sorted(expected.keys() - found.keys()):
        raise ArchiveError(f"{missing[0]} is missing ({len(missing)} members are)")
    if added := sorted(found.keys() - expected.keys()):
        raise ArchiveError(f"{added[0]} is in no manifest ({len(added)} members are not)")
    for name, sha256 in found.items():
        if sha256 != expected[name]:
            raise ArchiveError(f"{name} is damaged: its SHA-256 is not the one it was written with")


def _parsed(model: type[_Document], data: bytes) -> _Document:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise ArchiveError(f"its {model.__name__.lower()} cannot be understood: {error.errors()[0]['msg']}") from error
