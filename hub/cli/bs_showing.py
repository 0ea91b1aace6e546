"""The fields that a plug-in shows, as a person reads them and as JSON: record by record, of files of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from hub.plugin import ShownField

#: More than any file has.
LINES_MAX = 2**53
#: Lines that are said at once.
_SAID_LINES = 500
#: Of a record under which a place is marked.
_MARKED_BYTES_MAX = 512
_LINE_BYTES_MAX = 1 << 16
_UNSEEN = "·"
_INDENT = " " * 8


class Record(NamedTuple):
    line: int
    layout: str
    fields: list[ShownField]


class Records:
    """The fields by record; ``problems`` and ``verdict`` are true once all have been taken.

    ``place`` is what their places are: a position, a column.
    """

    def __init__(self, fields: Iterable[ShownField], place: str = "position") -> None:
        self._fields = fields
        self._place = place
        self.records = 0
        self.problems = 0
        self._first = ""

    def __iter__(self) -> Iterator[Record]:
        for line, of_line in groupby(self._fields, key=lambda field: field.record):
            fields = list(of_line)
            self.records += 1
            for field in fields:
                if field.problem:
                    self.problems += 1
                    self._first = self._first or f"line {line}, {_place(field, self._place)}: {field.problem}"
            yield Record(line, fields[0].layout, fields)

    @property
    def verdict(self) -> str:
        if not self.problems:
            return f"well-formed: {self.records} records"
        return f"malformed: {self.problems} problems in {self.records} records, the first at {self._first}"


def told(records: Records, path: Path, wanted: range, *, raw: bool) -> Iterator[list[str]]:
    """Lines for a person, some at a time. ``path`` is read along, for the bytes around a problem."""
    said: list[str] = []
    with LineBytes(path) as content:
        for record in records:
            if record.line not in wanted:
                continue
            said += _raw(record) if raw else _short(record)
            for field in record.fields:
                if field.problem:
                    said += _marked(field, content.line(record.line))
            if len(said) >= _SAID_LINES:
                yield said
                said = []
    yield said


def documents(records: Records, wanted: range) -> Iterator[dict[str, Any]]:
    """A document a record."""
    for line, layout, fields in records:
        if line in wanted:
            shown = [{**field._asdict()} for field in fields]
            for field in shown:
                del field["record"], field["layout"]
            yield {"line": line, "layout": layout, "fields": shown}


def _short(record: Record) -> list[str]:
    """One line: what it is and what it says; nothing of the record's own type, of blanks and of zeros."""
    said = (field for field in record.fields if field.value.strip("0") and field.field != "record_type")
    facts = "; ".join(f"{field.field} {field.value}" for field in said)
    return [f"{record.line:>6}  {record.layout:<28}  {facts}".rstrip()]


def _raw(record: Record) -> list[str]:
    rows = (
        f"{_INDENT}{field.first:>4}-{field.last:<4} {field.field:<18} {_quoted(field.raw):<34} {field.value}".rstrip()
        for field in record.fields
    )
    return [f"{record.line:>6}  {record.layout}", *rows]


def _quoted(raw: str) -> str:
    """So that blanks at the end are seen."""
    return f"|{raw}|" if raw else "beyond the end of the line"


def _marked(field: ShownField, line: bytes) -> list[str]:
    """The problem, the record and a mark under the bytes."""
    said = [f"{_INDENT}! {_place(field)}: {field.problem}"]
    if field.last <= _MARKED_BYTES_MAX:
        text = "".join(each if each.isprintable() else _UNSEEN for each in line[:_MARKED_BYTES_MAX].decode("latin-1"))
        mark = "^" * (field.last - field.first + 1)
        said += [f"{_INDENT}{text}", f"{_INDENT}{' ' * (field.first - 1)}{mark}"]
    return said


def _place(field: ShownField, place: str = "position") -> str:
    where = f"{place} {field.first}" if field.first == field.last else f"{place}s {field.first}-{field.last}"
    return f"{where}, {field.field}"


class LineBytes:
    """The lines of a file, asked for in ascending order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        self._line = b""

    def __enter__(self) -> LineBytes:
        self._stream = self._path.open("rb")
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def line(self, number: int) -> bytes:
        """Without its end; of a long line the beginning, and nothing beyond the last line."""
        while self._number < number:
            self._number += 1
            self._line = piece = self._stream.readline(_LINE_BYTES_MAX)
            while piece and not piece.endswith(b"\n"):
                piece = self._stream.readline(_LINE_BYTES_MAX)
        return self._line.rstrip(b"\r\n")
