"""The content store: every file that ever came, under its sha256, never changed."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from hub.errors import HubError
from hub.transport.folders import Seen, printable

_CHUNK_BYTES = 1 << 20
#: What a file share says of a file that is open elsewhere, and a file system of one that is not ours to read.
_LOCKED = (errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY, errno.EAGAIN)


class SourceChanged(HubError):
    """The file is not the one that was claimed: it has changed, was replaced or has gone. Let it settle again."""


class LockedError(HubError):
    """The file is there and cannot be read now: another program has it open, or its rights say no. Try again later."""


class Stored(NamedTuple):
    """``kept`` is False for a file over the limit: it was hashed where it lies, and not copied."""

    sha256: str
    size: int
    kept: bool


def blob_name(sha256: str) -> str:
    """Where the bytes lie, from the content store's folder."""
    return f"{sha256[:2]}/{sha256}"


def blob_path(content: Path, sha256: str) -> Path:
    return content / blob_name(sha256)


def store(seen: Seen, content: Path, *, part: str, bytes_max: int) -> Stored:
    """Copies the file into ``content`` while hashing it; on return it is on the disk under its final name.

    The order is fsync, rename, fsync of the folder; the caller commits after that. ``part`` names the temporary file:
    the same for a second try, so that nothing is left behind. Raises SourceChanged, LockedError, and OSError (disk
    full: nothing is lost, try again).
    """
    with _open_claimed(seen) as source:
        if seen.size > bytes_max:
            stored = Stored(hash_of(source), seen.size, False)
            _check_unchanged(source, seen)
            return stored
        temporary = content / "tmp" / f"{part}.part"
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        try:
            with temporary.open("xb") as target:
                sha256 = hash_of(source, copied_to=target)
                _check_unchanged(source, seen)
                os.fchmod(target.fileno(), 0o444)
                target.flush()
                os.fsync(target.fileno())
        except (OSError, SourceChanged):
            temporary.unlink(missing_ok=True)
            raise
    _place(temporary, content, sha256)
    return Stored(sha256, seen.size, True)


def keep(chunks: Iterable[bytes], content: Path, *, part: str) -> Stored:
    """Bytes of our own making, kept as ``store`` keeps a file that came: durable under their name on return."""
    with Keeper(content, part) as keeper:
        stored = keeper.add(chunks)
        keeper.settle()
    return stored


class Keeper:
    """Keeps several files with few waits for the disk. A context manager: what has not settled at its end is gone.

    ``part`` names the temporary files, as of :func:`store`.
    """

    def __init__(self, content: Path, part: str) -> None:
        self._content = content
        self._part = part
        self._waiting: list[tuple[BinaryIO, Path, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for target, temporary, _sha256 in self._waiting:
            # What cannot be written cannot be written by closing it either.
            with suppress(OSError):
                target.close()
            temporary.unlink(missing_ok=True)

    def add(self, chunks: Iterable[bytes]) -> Stored:
        """Not durable yet, and not there under its name."""
        number = f"-{len(self._waiting)}" if self._waiting else ""
        temporary = self._content / "tmp" / f"{self._part}{number}.part"
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        digest, size = hashlib.sha256(), 0
        target = temporary.open("xb")
        try:
            for chunk in chunks:
                digest.update(chunk)
                size += target.write(chunk)
            os.fchmod(target.fileno(), 0o444)
            target.flush()
        except BaseException:
            with suppress(OSError):
                target.close()
            temporary.unlink(missing_ok=True)
            raise
        self._waiting.append((target, temporary, digest.hexdigest()))
        return Stored(digest.hexdigest(), size, True)

    def settle(self) -> None:
        """All that was added is durable under its name on return; after a fault this keeper is of no more use."""
        for target, _, _ in self._waiting:
            os.fsync(target.fileno())
        folders: set[Path] = set()
        for target, temporary, sha256 in self._waiting:
            target.close()
            folders.add(_named(temporary, self._content, sha256))
        self._waiting.clear()
        for folder in (*sorted(folders), self._content):
            sync_folder(folder)


def _place(temporary: Path, content: Path, sha256: str) -> None:
    sync_folder(_named(temporary, content, sha256))
    sync_folder(content)


def _named(temporary: Path, content: Path, sha256: str) -> Path:
    """Puts the bytes under their name; gives the folder, which is not durable yet."""
    final = blob_path(content, sha256)
    final.parent.mkdir(exist_ok=True)
    temporary.replace(final)
    return final.parent


@contextmanager
def scratch(content: Path) -> Iterator[BinaryIO]:
    """A file without a name on the content store's disk: it is gone when we are, however we end."""
    folder = content / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as stream:
        yield stream


def chunks_of(source: BinaryIO) -> Iterator[bytes]:
    """What is left to read, some at a time."""
    while chunk := source.read(_CHUNK_BYTES):
        yield chunk


@contextmanager
def placing(target: Path) -> Iterator[BinaryIO]:
    """A writer whose bytes lie durably under ``target`` at the end, or not at all."""
    temporary = target.with_name(f".{target.name}.part")
    with temporary.open("wb") as writer:
        yield writer
        writer.flush()
        os.fsync(writer.fileno())
    temporary.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in ``folder`` durable: a rename is otherwise lost by a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hash_of(source: BinaryIO, *, copied_to: BinaryIO | None = None) -> str:
    """The sha256, as 64 hex digits, of what is left to read."""
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        if copied_to is not None:
            copied_to.write(chunk)
    return digest.hexdigest()


def is_same(path: Path, size: int, mtime_ns: int) -> bool:
    """Whether ``path`` is a regular file of this size and mtime."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) == (size, mtime_ns)


def _open_claimed(seen: Seen) -> BinaryIO:
    # A symbolic link or pipe that took the name since the look must neither be followed nor block us.
    try:
        descriptor = os.open(seen.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _changed(seen, "it has gone") from error
    except OSError as error:
        if seen.path.is_symlink():
            raise _changed(seen, "it has become a symbolic link") from error
        if error.errno in _LOCKED:
            raise LockedError(
                f"cannot be read: {os.strerror(error.errno)}",
                where=printable(str(seen.path)),
                do="close it in the program that has it open, or let the hub's user read it; it is tried again",
            ) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _changed(seen, "it is no regular file any more")
    return os.fdopen(descriptor, "rb", buffering=0)


def _check_unchanged(source: BinaryIO, seen: Seen) -> None:
    """What was read is what was claimed, and is still what lies under the name."""
    read = os.fstat(source.fileno())
    try:
        named = seen.path.lstat()
    except FileNotFoundError as error:
        raise _changed(seen, "it has gone") from error
    if (read.st_dev, read.st_ino) != (named.st_dev, named.st_ino):
        raise _changed(seen, "another file has taken its name")
    if (read.st_size, read.st_mtime_ns) != (seen.size, seen.mtime_ns) or source.tell() != seen.size:
        raise _changed(
            seen, f"size or time changed while it was read ({seen.size} bytes claimed, {source.tell()} read)"
        )


def _changed(seen: Seen, why: str) -> SourceChanged:
    return SourceChanged(f"taken too early: {why}", where=printable(str(seen.path)))
