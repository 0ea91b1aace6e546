"""Every field of every line of a result or export file, for a person who looks into it; of broken files above all.

Each field is read by itself, so that one that cannot be does not hide the next. What is wrong with a line or with the
file as a whole, the reader itself says: it reads along, up to its first refusal.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from math import inf
from typing import Any, BinaryIO, TypeAlias

from hub.money import format_amount
from hub.plugin.errors import Malformed
from hub.plugin.file import FileView
from hub.plugin.layout import Field, Gap, Refused, Text, byte_order_mark
from hub.plugin.meters import results
from hub.plugin.meters.export_settings import DelimitedExport, FixedExport
from hub.plugin.meters.forms import DelimitedForm, FixedForm, load_cell
from hub.plugin.meters.result_settings import DelimitedResult, FixedResult
from hub.plugin.meters.settings import MeterSettings
from hub.plugin.records import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, Remark, ShownField

RecordKind: TypeAlias = FixedResult | DelimitedResult | FixedExport | DelimitedExport
#: Bytes of a line that are shown; what follows is passed over.
_LINE_BYTES_MAX = 4_096
#: Lines by which it is judged whether a file is a result or an export.
_JUDGED_LINES = 50
_CUT = "…"


def show(file: FileView, settings: MeterSettings) -> Iterator[ShownField]:
    """In file order, what is wrong in ``problem``; never raises.

    The option ``kind`` says whether it is looked at as a ``result`` or an ``export``; without it, as what it fits
    better. In a delimited file ``first`` and ``last`` are the column.
    """
    record = _record(file, settings)
    if record is None:
        problem = "no layout is set for such a file: give [settings.result] or [settings.export]"
        yield ShownField(1, "file", "record", 1, 1, "", "", problem)
        return
    with file.open() as stream, closing(_Refusal(file, record)) as refusal:
        yield from _shown(stream, record, refusal)


def _record(file: FileView, settings: MeterSettings) -> RecordKind | None:
    given = {record.table: record for record in (settings.result, settings.export) if record is not None}
    if kind := file.options.get("kind"):
        return given.get(kind)
    return min(given.values(), key=lambda record: _faults(file, record), default=None)


def _faults(file: FileView, record: RecordKind) -> int:
    """How many fields of the first lines could not be read."""
    form = record.form()
    with file.open() as stream:
        lines = islice(_lines(stream), _JUDGED_LINES)
        return sum(bool(shown.problem) for number, line in lines for shown in _fields(record, form, number, line))


def _shown(stream: BinaryIO, record: RecordKind, refusal: _Refusal) -> Iterator[ShownField]:
    form = record.form()
    number = 0
    for number, line in _lines(stream):
        fields = _fields(record, form, number, line)
        refused = refusal.at(number)
        if refused is not None and not any(field.problem for field in fields):
            fields = _with_refusal(fields, number, line, record, refused)
        yield from fields
    refused = refusal.at(inf)
    if refused is not None and (refused.line or 1) > number:
        yield ShownField(number + 1, record.table, "record", 1, 1, "", "", _plain(refused.what))


class _Refusal:
    """Why the hub would refuse the file, once the line is reached where it would."""

    def __init__(self, file: FileView, record: RecordKind) -> None:
        self._reading = _reading(file, record)
        self._reached: float = 0
        self._refused: Malformed | None = None

    def at(self, line: float) -> Malformed | None:
        """The refusal, where it is of this line; of any, for ``inf``."""
        while self._reached <= line and self._reached < inf:
            try:
                self._reached = next(self._reading, inf)
            except Malformed as refused:
                self._refused, self._reached = refused, inf
        if self._refused is None or (line < inf and self._refused.line != line):
            return None
        return self._refused

    def close(self) -> None:
        self._reading.close()


def _reading(file: FileView, record: RecordKind) -> Generator[int]:
    """The line of every record that can be read; raises Malformed."""
    with file.open() as stream:
        if isinstance(record, FixedResult | DelimitedResult):
            yield from (read.record for read in results.read(stream, record) if not isinstance(read, Remark))
        else:
            yield from (read[0] for read in record.form().read(stream) if not isinstance(read, Remark))


def _with_refusal(
    fields: list[ShownField], number: int, line: bytes, record: RecordKind, refused: Malformed
) -> list[ShownField]:
    """With the refusal at its field, or as one more field at its place."""
    first, last = refused.positions or (1, 1)
    for index, field in enumerate(fields):
        if refused.positions == (field.first, field.last):
            return [*fields[:index], field._replace(problem=_plain(refused.what)), *fields[index + 1 :]]
    raw = _escaped(line[first - 1 : last], record.encoding)
    name = (refused.field or "record")[:NAME_CHARACTERS_MAX]
    return [*fields, ShownField(number, record.table, name, first, last, raw, "", _plain(refused.what))]


def _fields(record: RecordKind, form: FixedForm | DelimitedForm, number: int, line: bytes) -> list[ShownField]:
    if isinstance(form, DelimitedForm):
        return _cells(record, form, number, line)
    return _places(record, form, number, line)


def _places(record: RecordKind, form: FixedForm, number: int, line: bytes) -> list[ShownField]:
    bom, encoding = byte_order_mark(line) if number == 1 else (b"", "")
    if bom:
        problem = f"found a {encoding} byte order mark, expected a record"
        return [ShownField(number, record.table, "record", 1, len(bom), _escaped(bom, record.encoding), "", problem)]
    length = form.layout.length
    padded = line[:length].ljust(length)
    fields = []
    for place in form.layout.fields:
        raw = padded[place.first - 1 : place.last]
        is_gap = isinstance(place.type, Gap)
        if is_gap and not raw.strip(b" "):
            continue
        field = Text(len(raw), record.encoding) if is_gap else place.type
        stands = line[place.first - 1 : place.last]
        fields.append(_field(record, number, place.name or "gap", (place.first, place.last), stands, field, raw))
    if beyond := line[length:].rstrip(b" "):
        problem = f"wrong record length: found {len(line)} bytes, expected {length} bytes"
        raw_beyond = _escaped(line[length:], record.encoding)
        fields.append(
            ShownField(number, record.table, "beyond", length + 1, length + len(beyond), raw_beyond, "", problem)
        )
    return fields


def _cells(record: RecordKind, form: DelimitedForm, number: int, line: bytes) -> list[ShownField]:
    if number <= form.heading_lines:
        raw = _escaped(line, record.encoding)
        return [ShownField(number, "heading", "line", 1, 1, raw, raw.strip(), "")]
    try:
        cells = form.cells(line, number)
    except Malformed as refused:
        raw = _escaped(line, record.encoding)
        return [ShownField(number, record.table, "record", 1, 1, raw, "", _plain(refused.what))]
    fields = []
    for name, (column, field) in sorted(form.columns.items(), key=lambda item: item[1][0]):
        place = (column, column)
        if column > len(cells):
            problem = f"found {len(cells)} columns, expected {form.width} or more"
            fields.append(ShownField(number, record.table, name, *place, "", "", problem))
            continue
        fields.append(_field(record, number, name, place, cells[column - 1], field, cells[column - 1]))
    return fields


def _field(
    record: RecordKind, number: int, name: str, place: tuple[int, int], stands: bytes, field: Field, raw: bytes
) -> ShownField:
    """``stands`` is what the line has there, ``raw`` the same filled up as it is read."""
    value, problem = "", ""
    try:
        loaded = load_cell(field, raw)
        value = _plain(_said(record, name, loaded))
    except Refused as refused:
        found = refused.found
        text = repr(found.decode("latin-1")) if isinstance(found, bytes) else str(found)
        problem = _plain(f"found {text}, expected {refused.expected}")
    return ShownField(number, record.table, name, *place, _escaped(stands, record.encoding), value, problem)


def _said(record: RecordKind, name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "sign":
        says = ("tenant pays", "tenant receives") if record.table == "result" else ("positive", "negative")
        return says[value < 0]
    return format_amount(value) if isinstance(value, int) else str(value).strip(" ")


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(1-based number, line without its end); of a line that is too long only its beginning."""
    number, begins = 0, True
    while piece := stream.readline(_LINE_BYTES_MAX):
        if begins:
            number += 1
            yield number, piece.removesuffix(b"\n").removesuffix(b"\r")
        begins = piece.endswith(b"\n")


def _escaped(raw: bytes, encoding: str) -> str:
    return _plain(raw.decode(encoding, "backslashreplace"))


def _plain(text: str) -> str:
    r"""A line of limited length in which what cannot be seen stands as ``\x9f``."""
    plain = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text[: TEXT_CHARACTERS_MAX + 1])
    return plain if len(plain) <= TEXT_CHARACTERS_MAX else plain[: TEXT_CHARACTERS_MAX - 1] + _CUT
