"""The file as a plug-in sees it: name, size, head, tail, and a stream with a read budget."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES_MAX = 65_536
TAIL_BYTES_MAX = 4_096


class ReadBudgetError(Exception):
    """The plug-in read more of the file than its budget allows (see :class:`FileView`)."""


class _Budgeted(io.RawIOBase):
    """A read-only stream that raises :class:`ReadBudgetError` past its budget."""

    def __init__(self, inner: BinaryIO, budget_bytes: int) -> None:
        self._inner = inner
        self._left_bytes = budget_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if len(buffer) == 0:
            return 0
        if self._left_bytes <= 0:
            raise ReadBudgetError
        chunk = self._inner.read(min(len(buffer), self._left_bytes))
        self._left_bytes -= len(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._inner.close()
        super().close()


@dataclass(frozen=True)
class FileView:
    """One stored, immutable file.

    ``name`` is the name it came under, in NFC and without a path. ``budget_bytes`` limits what ``open()`` gives
    (None = no limit, as in ``read``). ``options`` carry what the person or config said of this file.
    """

    name: str
    size: int
    path: Path
    budget_bytes: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB at most."""
        with self.path.open("rb") as stream:
            return stream.read(HEAD_BYTES_MAX)

    @cached_property
    def tail(self) -> bytes:
        """The last 4 KiB at most."""
        with self.path.open("rb") as stream:
            stream.seek(max(0, self.size - TAIL_BYTES_MAX))
            return stream.read(TAIL_BYTES_MAX)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names inside a zip or xlsx; empty for anything else."""
        if not self.head.startswith(b"PK\x03\x04"):
            return ()
        try:
            with zipfile.ZipFile(self.path) as archive:
                return tuple(archive.namelist())
        except (zipfile.BadZipFile, OSError):
            return ()

    def open(self) -> BinaryIO:
        """The content as a buffered binary stream from its first byte."""
        if self.budget_bytes is None:
            return self.path.open("rb", buffering=1 << 18)
        return io.BufferedReader(_Budgeted(self.path.open("rb", buffering=0), self.budget_bytes))
