"""The bytes of a record in the stored file that it came in."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple

#: What is shown of a record; no record of ours is longer than a few hundred bytes.
SHOWN_BYTES_MAX = 4_096
_CHUNK_BYTES = 1 << 20
_BACKSLASH = 0x5C


class RecordBytes(NamedTuple):
    """A record is a line; its bytes are those before the line end."""

    #: Of its first byte in the file, counted from 0.
    offset: int
    #: In bytes, without the line end.
    length: int
    #: Printable ASCII as it is, the backslash and every other byte as ``\\xe6``; of a record longer than
    #: ``SHOWN_BYTES_MAX`` its beginning.
    text: str


def record_bytes(path: Path, record: int) -> RecordBytes | None:
    """The ``record``-th line of a file, from 1; None where the file is not there or has fewer.

    Lines end in LF or CR LF. However long file and line are, a megabyte of them is in memory.
    """
    try:
        with path.open("rb") as stream:
            offset = _start_of(stream, record)
            return None if offset is None else _line_at(stream, offset)
    except FileNotFoundError:
        return None


def _start_of(stream: BinaryIO, record: int) -> int | None:
    offset, line = 0, 1
    while line < record:
        chunk = stream.read(_CHUNK_BYTES)
        if not chunk:
            return None
        ends = chunk.count(b"\n")
        if line + ends < record:
            line += ends
            offset += len(chunk)
            continue
        at = 0
        while line < record:
            at = chunk.index(b"\n", at) + 1
            line += 1
        offset += at
    return offset


def _line_at(stream: BinaryIO, offset: int) -> RecordBytes | None:
    stream.seek(offset)
    shown, length, last = b"", 0, b""
    while chunk := stream.read(_CHUNK_BYTES):
        end = chunk.find(b"\n")
        part = chunk if end < 0 else chunk[:end]
        shown += part[: SHOWN_BYTES_MAX - len(shown)]
        length += len(part)
        last = part[-1:] or last
        if end >= 0:
            break
    if not chunk and not length:
        return None
    if last == b"\r":
        length -= 1
    return RecordBytes(offset, length, "".join(map(_shown, shown[:length])))


def _shown(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F and byte != _BACKSLASH else f"\\x{byte:02x}"
