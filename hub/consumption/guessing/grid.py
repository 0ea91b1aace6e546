"""A file's lines as a grid of places: bytes of a fixed-length record, or the columns of a delimited one."""

from __future__ import annotations

import csv
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hub.errors import HubError

#: What is read of a file: the numbers and names of so many lines say where they stand, or no more would.
HEAD_BYTES_MAX = 512 * 1024
LINES_MAX = 400
#: Of a line; behind that no field is looked for.
LINE_BYTES_MAX = 1_024
#: A number's room in a record.
NUMBER_BYTES_MAX = 16
SEPARATORS = (";", "\t", "|", ",")
#: Fewer columns are no record of a tenancy: unit, tenant, amount.
_COLUMNS_MIN = 3
_SAME_SHAPE_SHARE = 0.8


class Place(NamedTuple):
    """Where a field stands: 1-based bytes, both ends in; of a delimited file its column, twice."""

    first: int
    last: int

    def meets(self, other: Place) -> bool:
        return self.first <= other.last and other.first <= self.last

    def lies_in(self, other: Place) -> bool:
        return other.first <= self.first and self.last <= other.last

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"


class Line(NamedTuple):
    #: 1-based, in the file.
    number: int
    raw: bytes


def plain(text: str) -> str:
    """A number as the portfolio keeps it: no blanks around it and, when it is all digits, no leading zeros (R35)."""
    number = text.strip(" ")
    return (number.lstrip("0") or "0") if number.isascii() and number.isdigit() else number


def head_lines(content: bytes) -> list[Line]:
    """The lines with content of a file's head, without their ends. Raises HubError where they are no text."""
    if content.startswith((b"%PDF", b"PK\x03\x04")) or b"\0" in content:
        raise HubError("this is no file of lines", do="give a vendor's result or export file as it came")
    rows = content[:HEAD_BYTES_MAX].split(b"\n")
    if len(rows) > 1 and len(content) >= HEAD_BYTES_MAX:
        # Cut where we stopped reading.
        rows.pop()
    lines = [Line(number, row.removesuffix(b"\r")[:LINE_BYTES_MAX]) for number, row in enumerate(rows, 1)]
    return [line for line in lines if line.raw.strip()][:LINES_MAX]


def separator_of(lines: Sequence[Line]) -> str:
    """What separates the columns of nearly all lines; "" where nothing does."""
    for separator in SEPARATORS:
        counts = Counter(line.raw.count(separator.encode()) for line in lines)
        most, times = counts.most_common(1)[0] if counts else (0, 0)
        if most + 1 >= _COLUMNS_MIN and times >= _SAME_SHAPE_SHARE * len(lines):
            return separator
    return ""


class Grid(ABC):
    """The lines of a file in one encoding; rows count from 0."""

    def __init__(self, lines: Sequence[Line], encoding: str) -> None:
        self.lines = lines
        self.encoding = encoding

    def __len__(self) -> int:
        return len(self.lines)

    @property
    @abstractmethod
    def width(self) -> int:
        """The last place there is."""

    @abstractmethod
    def number_places(self) -> Iterator[Place]:
        """Wherever a number may stand, the short places first."""

    @abstractmethod
    def text(self, row: int, place: Place) -> str:
        """What stands there, blanks and all; "" beyond the end of the line."""

    @abstractmethod
    def found(self, row: int, text: str) -> Iterator[Place]:
        """Wherever exactly this stands."""

    @abstractmethod
    def beginnings(self, row: int, text: str) -> Iterator[Place]:
        """Wherever something begins with this, in small or capital letters."""


class Fixed(Grid):
    """One byte a character, whatever the encoding: those that hold byte positions have no other."""

    def __init__(self, lines: Sequence[Line], encoding: str) -> None:
        super().__init__(lines, encoding)
        self._width = max((len(line.raw) for line in lines), default=0)
        self.rows = [line.raw.decode(encoding, "replace").ljust(self._width) for line in lines]
        self._small = [row.lower() for row in self.rows]

    @property
    def width(self) -> int:
        return self._width

    def number_places(self) -> Iterator[Place]:
        for length in range(1, NUMBER_BYTES_MAX + 1):
            for first in range(1, self._width - length + 2):
                yield Place(first, first + length - 1)

    def text(self, row: int, place: Place) -> str:
        return self.rows[row][place.first - 1 : place.last]

    def found(self, row: int, text: str) -> Iterator[Place]:
        return _occurrences(self.rows[row], text)

    def beginnings(self, row: int, text: str) -> Iterator[Place]:
        return _occurrences(self._small[row], text.lower())


class Delimited(Grid):
    def __init__(self, lines: Sequence[Line], encoding: str, separator: str) -> None:
        super().__init__(lines, encoding)
        self.separator = separator
        texts = [line.raw.decode(encoding, "replace") for line in lines]
        self.rows = [_columns(text, separator) for text in texts]
        self._width = max(map(len, self.rows), default=0)

    @property
    def width(self) -> int:
        return self._width

    def number_places(self) -> Iterator[Place]:
        return (Place(column, column) for column in range(1, self._width + 1))

    def text(self, row: int, place: Place) -> str:
        columns = self.rows[row]
        return columns[place.first - 1] if place.first <= len(columns) else ""

    def found(self, row: int, text: str) -> Iterator[Place]:
        return (Place(at, at) for at, column in enumerate(self.rows[row], 1) if column.strip(" ") == text)

    def beginnings(self, row: int, text: str) -> Iterator[Place]:
        wanted = text.lower()
        return (
            Place(at, at) for at, column in enumerate(self.rows[row], 1) if column.strip().lower().startswith(wanted)
        )


def _columns(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:  # a lone carriage return
        return text.split(separator)


def _occurrences(text: str, wanted: str) -> Iterator[Place]:
    for match in re.finditer(re.escape(wanted), text):
        yield Place(match.start() + 1, match.end())
