"""Records of a fixed length, one a line: from a stream of bytes to numbered, padded records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from hub.plugin.errors import Malformed

CHUNK_BYTES = 1 << 20
LINE_BYTES_MAX = 1 << 16

_BOMS = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def records(stream: BinaryIO, length: int) -> Iterator[tuple[int, bytes]]:
    """(1-based line number, record of exactly ``length`` bytes) of every line.

    Lines end in CR LF or LF, the last one may end in nothing. Stripped blanks at the end are put back, blanks beyond
    ``length`` cut off.

    Raises :class:`Malformed` for an empty file, a byte order mark, an empty line, a line with anything but blanks
    beyond ``length``, and a line of more than 64 KiB.
    """
    # Joined by chain: a generator would cost every line a step through one more function.
    return chain.from_iterable(_chunks(stream, length))


def _chunks(stream: BinaryIO, length: int) -> Iterator[Iterable[tuple[int, bytes]]]:
    number = 0
    rest = b""
    while chunk := stream.read(CHUNK_BYTES):
        if number == 0:
            _refuse_bom(rest + chunk, 1)
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        # One CR belongs to the line end; any other stays, for a field to refuse.
        lines = [line.removesuffix(b"\r") for line in lines]
        whole = set(map(len, lines)) <= {length}
        yield enumerate(lines, number + 1) if whole else _fitting(lines, length, number + 1)
        number += len(lines)
        if len(rest) > LINE_BYTES_MAX:
            raise _too_long(number + 1)
    if number == 0 and not rest:
        raise Malformed("the file is empty")
    if rest:
        yield _fitting([rest.removesuffix(b"\r")], length, number + 1)


def _fitting(lines: list[bytes], length: int, first: int) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, first):
        yield number, line if len(line) == length else _fitted(line, length, number)


def byte_order_mark(head: bytes) -> tuple[bytes, str]:
    """The byte order mark that these bytes begin with, and its encoding's name; both empty where there is none."""
    return next(((bom, name) for bom, name in _BOMS.items() if head.startswith(bom)), (b"", ""))


def _refuse_bom(line: bytes, number: int) -> None:
    bom, name = byte_order_mark(line)
    if bom:
        raise Malformed(line=number, positions=(1, len(bom)), found=f"a {name} byte order mark", expected="a record")


def _fitted(line: bytes, length: int, number: int) -> bytes:
    if len(line) > LINE_BYTES_MAX:
        raise _too_long(number)
    if not line or line[length:].strip(b" "):
        _refuse_bom(line, number)
        raise _wrong_length(line, length, number)
    return line[:length].ljust(length)


def _wrong_length(line: bytes, length: int, number: int) -> Malformed:
    found, positions = f"{len(line)} bytes", None
    if beyond := line[length:].lstrip(b" "):
        first = len(line) - len(beyond) + 1
        found, positions = f"{found} with {beyond[:1].decode('latin-1')!r} beyond the record", (first, first)
    return Malformed("wrong record length", line=number, positions=positions, found=found, expected=f"{length} bytes")


def _too_long(number: int) -> Malformed:
    return Malformed(
        "line too long",
        line=number,
        found=f"more than {LINE_BYTES_MAX} bytes",
        expected=f"at most {LINE_BYTES_MAX} bytes",
    )
