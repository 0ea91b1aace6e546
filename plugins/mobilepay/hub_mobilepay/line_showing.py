"""Every line of a text file with what stands in it, for a person who looks into it; of broken files above all (R6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from hub.plugin import FileView, Malformed, Record, ShownField
from hub.plugin.records import NAME_CHARACTERS_MAX
from hub_mobilepay.cells import plain

#: Of one piece of a line: an XML or JSON file may have all that it says in one.
_PIECE_BYTES_MAX = 1 << 16


def show_lines(
    file: FileView, records: Iterable[Record], layout: str, named: re.Pattern[bytes]
) -> Iterator[ShownField]:
    """Each match of ``named`` (groups ``name`` and ``value``) as a field, each other line as it stands; never raises.

    ``records`` are those that reading the file gives: why it would be refused is marked at its line and field.
    """
    refused = refusal_of(records)
    at = (refused.line or 1) if refused is not None else 0
    number = 0
    with file.open() as stream:
        for number, first, piece in _pieces(stream):
            shown = list(_fields(number, first, piece, layout, named))
            if refused is not None and number == at:
                shown, refused = _marked(shown, refused), None
            yield from shown
    if refused is not None:
        yield ShownField(max(number, at, 1), layout, "file", 1, 1, "", "", plain(refused.what))


def refusal_of(records: Iterable[Record]) -> Malformed | None:
    """Why the hub would refuse the file that gives these records; None = it would not."""
    try:
        for _ in records:
            pass
    except Malformed as refused:
        return refused
    return None


def escaped(raw: bytes) -> str:
    """Bytes as they stand, in one line: what is no UTF-8 stands as ``\\xe6``."""
    return plain(raw.decode("utf-8", "backslashreplace"))


def _pieces(stream: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """(1-based line, 1-based byte of the line, piece of it without its end)."""
    number, first = 1, 1
    while piece := stream.readline(_PIECE_BYTES_MAX):
        yield number, first, piece.removesuffix(b"\n").removesuffix(b"\r")
        if piece.endswith(b"\n"):
            number, first = number + 1, 1
        else:
            first += len(piece)


def _fields(number: int, first: int, piece: bytes, layout: str, named: re.Pattern[bytes]) -> Iterator[ShownField]:
    is_empty = True
    for found in named.finditer(piece):
        is_empty = False
        name = escaped(found["name"])[:NAME_CHARACTERS_MAX] or "?"
        begins, ends = found.span("value")
        value = escaped(found["value"])
        yield ShownField(number, layout, name, first + begins, first + max(begins, ends - 1), value, value, "")
    if is_empty:
        yield ShownField(number, layout, "line", first, first + max(len(piece) - 1, 0), escaped(piece), "", "")


def _marked(shown: list[ShownField], refused: Malformed) -> list[ShownField]:
    """With the refusal at its field, else at the first of the line."""
    at = next((index for index, field in enumerate(shown) if field.field == refused.field), 0)
    marked = shown[at]._replace(value="", problem=plain(refused.what))
    return [*shown[:at], marked, *shown[at + 1 :]]
