"""The bytes of a record in the stored file that it came in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, NamedTuple

#: What is shown of a record.
SHOWN_BYTES_MAX = 4_096
_CHUNK_BYTES = 1 << 20
#: An element that is longer is shown as its first line.
_ELEMENT_BYTES_MAX = 1 << 20
_HEAD_BYTES = 64
#: A workbook; UTF-16.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NO_LINES = (b"PK\x03\x04", *_UTF_16)
_XML = re.compile(rb"(\xef\xbb\xbf)?\s*<")
_TAG = re.compile(rb"\s*(<([A-Za-z_][\w.:-]*)(?:\s[^<>]*)?/?>)", re.ASCII)
_BACKSLASH = 0x5C


class RecordBytes(NamedTuple):
    """A record is a line; its bytes are those before the line end. Of XML it is an element, to its end."""

    #: Of its first byte in the file, counted from 0.
    offset: int
    #: In bytes, without the line end.
    length: int
    #: Printable ASCII as it is, the backslash and every other byte as ``\\xe6``; of a record longer than
    #: ``SHOWN_BYTES_MAX`` its beginning.
    text: str


def is_xml(path: Path) -> bool:
    """Whether a file begins as XML; not one that is not there."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except FileNotFoundError:
        return False
    return head.startswith(_UTF_16) or _XML.match(head) is not None


def record_bytes(path: Path, record: int) -> RecordBytes | None:
    """The ``record``-th line of a file, from 1; None where the file is not there, has fewer, or has no lines of bytes.

    Lines end in LF or CR LF; of XML, it is the element whose tag stands first on the line. A workbook is packed, and
    UTF-16 has no lines of single bytes. However long file and line are, a megabyte of them is in memory.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
            if head.startswith(_NO_LINES):
                return None
            stream.seek(0)
            offset = _start_of(stream, record)
            if offset is None:
                return None
            element = _element_at(stream, offset) if _XML.match(head) else None
            return element or _line_at(stream, offset)
    except FileNotFoundError:
        return None


def _element_at(stream: BinaryIO, offset: int) -> RecordBytes | None:
    """The element that begins the line; None where none does, or where its end is further than any record's."""
    stream.seek(offset)
    text = stream.read(_ELEMENT_BYTES_MAX)
    begins = _TAG.match(text)
    if begins is None:
        return None
    start = begins.start(1)
    ends = re.compile(rb"</" + re.escape(begins[2]) + rb"\s*>").search(text, begins.end())
    end = begins.end() if begins[1].endswith(b"/>") else ends.end() if ends else None
    if end is None:
        return None
    shown = text[start : min(end, start + SHOWN_BYTES_MAX)]
    return RecordBytes(offset + start, end - start, "".join(map(_shown, shown)))


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
