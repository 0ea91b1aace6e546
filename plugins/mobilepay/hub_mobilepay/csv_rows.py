"""Rows of a CSV, one line each: streamed, numbered, and refused where another program has written them otherwise."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from hub.plugin import Malformed
from hub.plugin.layout import byte_order_mark
from hub_mobilepay.cells import Row

#: Of one line.
LINE_BYTES_MAX = 1 << 16
_UTF8_MARK = b"\xef\xbb\xbf"


class Dialect(NamedTuple):
    """How the cells of a line are written."""

    delimiter: str = ","
    #: Cells that hold a delimiter may stand in quotes.
    quoted: bool = False

    def cells(self, line: bytes, number: int) -> tuple[str, ...]:
        """Raises Malformed for a line that is not UTF-8, or whose quotes do not end."""
        if number == 1:
            line = line.removeprefix(_UTF8_MARK)
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            at = error.start + 1
            raise Malformed(
                line=number, positions=(at, at), found=line[error.start : error.start + 1], expected="UTF-8"
            ) from None
        if not self.quoted or '"' not in text:
            return tuple(text.split(self.delimiter))
        try:
            return tuple(next(csv.reader([text], delimiter=self.delimiter, strict=True)))
        except csv.Error:
            raise Malformed("quotes that do not end, or with something behind them", line=number) from None


def rows(stream: BinaryIO, dialect: Dialect) -> Iterator[Row]:
    """Every line. Raises Malformed: no line at all, UTF-16, a line that is too long, an empty one is one empty cell."""
    number = 0
    for number, line, whole in lines(stream):
        if number == 1:
            refuse_utf16(line)
        if not whole:
            found, expected = f"more than {LINE_BYTES_MAX} bytes", f"at most {LINE_BYTES_MAX}"
            raise Malformed("line too long", line=number, found=found, expected=expected)
        yield Row(number, dialect.cells(line, number))
    if number == 0:
        raise Malformed("the file is empty")


def lines(stream: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """(1-based number, line without its end, whether that is all of it); of a line too long only its beginning."""
    number, begins = 0, True
    while piece := stream.readline(LINE_BYTES_MAX):
        ends = piece.endswith(b"\n")
        if begins:
            number += 1
            whole = ends or len(piece) < LINE_BYTES_MAX
            yield number, piece.removesuffix(b"\n").removesuffix(b"\r"), whole
        begins = ends


def refuse_utf16(line: bytes) -> None:
    """Raises Malformed where the first line is written in two bytes a character."""
    mark, encoding = byte_order_mark(line)
    if mark and mark != _UTF8_MARK:
        found = f"a {encoding} byte order mark"
        raise Malformed(line=1, positions=(1, len(mark)), found=found, expected="UTF-8", do="ask for the file as UTF-8")
