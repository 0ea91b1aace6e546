"""Records as lines of a file: fields at byte positions, or columns between delimiters. One interface for both."""

from __future__ import annotations

import csv
import io
from collections import namedtuple
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Protocol

from hub.plugin.errors import Malformed
from hub.plugin.layout import Field, Gaps, Layout, Refused, UnfitError, byte_order_mark, records
from hub.plugin.layout.lines import LINE_BYTES_MAX
from hub.plugin.records import Remark

LINE_END = b"\r\n"


class Form(Protocol):
    """How one kind of record stands in a line."""

    #: The parts that are in the file.
    names: tuple[str, ...]

    def read(self, stream: BinaryIO) -> Iterator[tuple[int, Any] | Remark]:
        """(1-based line, row with an attribute for each of ``names``) of every line, then remarks. Raises Malformed."""
        ...

    def headings(self) -> bytes:
        """The lines that stand above the first record, their ends included."""
        ...

    def build(self, values: Mapping[str, Any]) -> bytes:
        """The line of these values, its end included. Raises UnfitError naming field and place."""
        ...

    def place(self, name: str) -> tuple[int, int]:
        """First and last byte of a field, 1-based; its column, twice."""
        ...

    def shown_place(self, name: str) -> str:
        """``positions 47-71``, ``column 5``."""
        ...

    def first_of(self, head: bytes) -> Mapping[str, bytes]:
        """The bytes of each field of a file's first record, as far as they are there; never raises."""
        ...


class FixedForm:
    """Fields at byte positions; what lies between them is blank on writing and remarked on reading (R34)."""

    def __init__(self, layout: Layout, encoding: str) -> None:
        self.layout = layout
        self.names = tuple(place.name for place in layout.fields if place.name)
        self._encoding = encoding
        self._places = {place.name: (place.first, place.last) for place in layout.fields if place.name}

    def read(self, stream: BinaryIO) -> Iterator[tuple[int, Any] | Remark]:
        row_of = self.layout.reader()
        gaps = Gaps(self._encoding)
        for line, record in records(stream, self.layout.length):
            row = row_of(record, line)
            gaps.look(self.layout, record, line)
            yield line, row
        yield from gaps.remarks()

    def headings(self) -> bytes:
        return b""

    def build(self, values: Mapping[str, Any]) -> bytes:
        return self.layout.build(**values) + LINE_END

    def place(self, name: str) -> tuple[int, int]:
        return self._places[name]

    def shown_place(self, name: str) -> str:
        first, last = self._places[name]
        return f"position {first}" if first == last else f"positions {first}-{last}"

    def first_of(self, head: bytes) -> Mapping[str, bytes]:
        first = head.partition(b"\n")[0]
        return {name: first[start - 1 : last] for name, (start, last) in self._places.items()}


class DelimitedForm:
    """Columns between delimiters; quoted where they hold one, as in RFC 4180, but never over several lines.

    ``columns`` holds the 1-based column and the type of each field. Columns that no field has are written empty and
    not looked at on reading. All lines have as many columns as the first: a delimiter too many in a name moves nothing
    unseen.
    """

    def __init__(
        self, title: str, columns: Mapping[str, tuple[int, Field]], delimiter: str, heading_lines: int = 0
    ) -> None:
        self.title = title
        self.delimiter = delimiter
        self.heading_lines = heading_lines
        self.columns = dict(columns)
        self.names = tuple(columns)
        self.width = max(column for column, _ in columns.values())
        self._row: Any = namedtuple("Row", list(columns))  # type: ignore[misc]

    def read(self, stream: BinaryIO) -> Iterator[tuple[int, Any] | Remark]:
        width = 0
        line = 0
        for line, raw in _lines(stream):
            if line <= self.heading_lines:
                continue
            cells = self.cells(raw, line)
            width = width or len(cells)
            if len(cells) != width or width < self.width:
                expected = f"{width} columns, as in the first" if width >= self.width else f"{self.width} or more"
                raise Malformed("wrong number of columns", line=line, found=f"{len(cells)} columns", expected=expected)
            yield (
                line,
                self._row._make(
                    self._value(name, field, cells[column - 1], line) for name, (column, field) in self.columns.items()
                ),
            )
        if line <= self.heading_lines:
            raise Malformed("the file is empty" if not line else "the file has headings and nothing else")

    def headings(self) -> bytes:
        """The fields' names above their columns, in each of them."""
        titles = [""] * self.width
        for name, (column, _) in self.columns.items():
            titles[column - 1] = name
        return (self.delimiter.join(titles).encode("ascii") + LINE_END) * self.heading_lines

    def build(self, values: Mapping[str, Any]) -> bytes:
        cells = [""] * self.width
        for name, (column, field) in self.columns.items():
            try:
                cells[column - 1] = field.dump(values[name]).decode("latin-1").strip(" ")
            except Refused as refused:
                where = f"{self.title}, {self.shown_place(name)}, field {name!r}"
                raise UnfitError(f"found {refused.found!r}, expected {refused.expected}", where=where) from None
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator="").writerow(cells)
        return text.getvalue().encode("latin-1") + LINE_END

    def place(self, name: str) -> tuple[int, int]:
        column, _ = self.columns[name]
        return column, column

    def shown_place(self, name: str) -> str:
        return f"column {self.columns[name][0]}"

    def first_of(self, head: bytes) -> Mapping[str, bytes]:
        lines = head.split(b"\n")[self.heading_lines :]
        try:
            cells = self.cells(lines[0].removesuffix(b"\r"), 1) if lines else []
        except Malformed:
            cells = []
        return {name: cells[column - 1] for name, (column, _) in self.columns.items() if column <= len(cells)}

    def cells(self, raw: bytes, line: int) -> list[bytes]:
        """What stands in the columns of a line, unquoted. Raises Malformed."""
        # Latin-1 and back: every byte stays what it is, whatever the encoding of the file.
        try:
            (cells,) = csv.reader([raw.decode("latin-1")], delimiter=self.delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            raise Malformed(f"cannot be cut into columns: {error}", line=line) from None
        return [cell.encode("latin-1") for cell in cells]

    def _value(self, name: str, field: Field, raw: bytes, line: int) -> Any:
        try:
            return load_cell(field, raw)
        except Refused as refused:
            found = refused.found.rstrip(b" ") if isinstance(refused.found, bytes) else refused.found
            field_name = f"{name} ({self.shown_place(name)})"
            raise Malformed(line=line, field=field_name, found=found, expected=refused.expected) from None


def load_cell(field: Field, raw: bytes) -> Any:
    """The value of what stands in a column. Raises Refused."""
    if len(raw) > field.size:
        raise Refused(raw, f"at most {field.size} characters")
    return field.load(raw.ljust(field.size))


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(1-based number, line without its end). Raises Malformed for a byte order mark, an empty and a long line."""
    number = 0
    while raw := stream.readline(LINE_BYTES_MAX + 2):
        number += 1
        bom, encoding = byte_order_mark(raw) if number == 1 else (b"", "")
        if bom:
            found = f"a {encoding} byte order mark"
            raise Malformed(line=1, positions=(1, len(bom)), found=found, expected="a record")
        line = raw.removesuffix(b"\n").removesuffix(b"\r")
        if len(line) > LINE_BYTES_MAX:
            raise Malformed("line too long", line=number, found=f"more than {LINE_BYTES_MAX} bytes", expected="fewer")
        if not line.strip(b" "):
            raise Malformed("empty line", line=number)
        yield number, line
