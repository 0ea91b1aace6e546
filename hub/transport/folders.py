"""Watched folders: what lies in one, and which of it has stopped changing.

Events of the operating system are hints that get lost; these looks are the truth.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

#: Names under which senders write before they rename; never taken.
UNFINISHED_SUFFIXES = (".part", ".tmp", ".filepart", ".writing", "~")
#: ``x.done`` beside ``x`` says that x is complete.
DONE_SUFFIX = ".done"
#: Control, format (also right-to-left overrides), lone surrogate, line and paragraph separator.
_UNSAFE_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")


class Seen(NamedTuple):
    """A regular file in a watched folder.

    ``name`` is :func:`printable`, so that journal and logs can hold it; ``path`` is what the file system knows.
    ``size`` is bytes; ``announced`` says that its ``.done`` companion lies beside it.
    """

    path: Path
    name: str
    size: int
    mtime_ns: int
    announced: bool = False

    @property
    def folder(self) -> str:
        return str(self.path.parent)


class Look(NamedTuple):
    """One look at one folder. ``refused`` has what is neither file nor folder: by printable path, why."""

    files: tuple[Seen, ...]
    refused: Mapping[str, str]
    folders: tuple[Path, ...]


def scan(folder: Path) -> Look:
    """What lies in ``folder`` now, by name. Sub-folders are other doors, dotfiles and half-written files nobody's.

    A symbolic link is refused: it could name any file of the machine. Raises OSError when the folder cannot be read.
    """
    files: list[Seen] = []
    folders: list[Path] = []
    refused: dict[str, str] = {}
    with os.scandir(folder) as listing:
        entries = {entry.name: entry for entry in listing}
    for name, entry in sorted(entries.items()):
        if is_never_taken(name):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode):
            announced = name + DONE_SUFFIX in entries
            files.append(Seen(folder / name, printable(name), status.st_size, status.st_mtime_ns, announced))
        elif stat.S_ISDIR(status.st_mode):
            folders.append(folder / name)
        else:
            kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no regular file"
            refused[printable(str(folder / name))] = f"{kind}; put the file itself here"
    return Look(tuple(files), refused, tuple(folders))


def is_never_taken(name: str) -> bool:
    """Whether the name says that it is hidden, half written, or that it only tells of another file."""
    return name.startswith(".") or name.lower().endswith((*UNFINISHED_SUFFIXES, DONE_SUFFIX))


def look_at(path: Path) -> Seen:
    """One file by hand. Raises OSError when it cannot be seen, ValueError when it is no regular file."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{printable(str(path))} is no regular file")
    return Seen(path, printable(path.name), status.st_size, status.st_mtime_ns)


def printable(name: str) -> str:
    """``name`` with every byte that is no UTF-8, every control character and every backslash escaped.

    Two names never become one, and a backslash in the answer means that something was escaped.
    """
    return "".join(map(_printable_character, name))


def _printable_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte of a name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if character == "\\":
        return "\\\\"
    return f"\\u{code:04x}" if unicodedata.category(character) in _UNSAFE_CATEGORIES else character


def actual_path(folder: Path, name: str) -> Path:
    """The path whose printable name is ``name``; for one that is no longer there, a path that does not exist."""
    if "\\" in name:
        return next((entry for entry in folder.iterdir() if printable(entry.name) == name), folder / name)
    return folder / name


class Settling:
    """Tells files that have stopped changing from those still written (one per daemon).

    A file has settled when its size and mtime were equal over ``looks`` looks and for ``age_seconds``, or its ``.done``
    companion has come. The age is counted on our own clock from the look that first saw this size and mtime: the mtime
    itself is the sender's word, may lie in the future, or be kept from the original by a copy that still runs.
    """

    def __init__(self, looks: int, age_seconds: float) -> None:
        self._looks = looks
        self._age = timedelta(seconds=age_seconds)
        self._known: dict[Path, tuple[tuple[int, int], int, datetime]] = {}

    def settled(self, seen: Iterable[Seen], now: datetime) -> list[Seen]:
        """Of all that is seen in this look, what has settled. What is no longer seen is forgotten."""
        known: dict[Path, tuple[tuple[int, int], int, datetime]] = {}
        ready = []
        for one in seen:
            print_ = (one.size, one.mtime_ns)
            before, looks, since = self._known.get(one.path, (print_, 0, now))
            if before != print_ or since > now:
                # Another file, or our clock was put back: what it said then says nothing now.
                looks, since = 0, now
            known[one.path] = (print_, looks + 1, since)
            if one.announced or (looks + 1 >= self._looks and now - since >= self._age):
                ready.append(one)
        self._known = known
        return ready
