"""Every field of every record of a file, for a person who looks into it; of broken files above all (R6)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import date
from math import inf
from typing import Any, BinaryIO

from hub.plugin import FileView, HubError, Malformed, Remark, ShownField
from hub.plugin.layout import Gap, Layout, Refused
from hub.plugin.layout.layout import Place
from hub_arge import readers
from hub_arge.fields import ENCODING, Decimals, Words
from hub_arge.layouts import FILE_TYPES, FileType
from hub_arge.names import standard_name, why_none
from hub_arge.reading import LINE_BYTES_MAX, LINE_END
from hub_arge.settings import ArgeSettings
from hub_arge.tables import COST_KEYS, DOCUMENTS, PROVIDERS, READINGS, UNITS

_TEXT_CHARACTERS_MAX = 400
_CUT = "…"
_RECORDS = {
    "A": "A pair of numbers",
    "L": "L property",
    "M": "M user",
    "D": "D result",
    "E898": "E898 document",
}
#: What stands behind a key, by field.
_MEANINGS = {
    "provider": PROVIDERS,
    "cost_key": COST_KEYS,
    "document": DOCUMENTS,
    "share_unit": UNITS,
    "allocation_1_unit": UNITS,
    "allocation_2_unit": UNITS,
    "allocation_3_unit": UNITS,
    "reading": READINGS,
}


def show(file: FileView, settings: ArgeSettings) -> Iterator[ShownField]:
    """In file order, what is wrong in ``problem``; never raises Malformed."""
    with file.open() as stream, closing(_Refusal(file, settings)) as refusal:
        yield from _Shown(file, refusal, settings).fields(stream)


class _Refusal:
    """Why the hub would refuse the file: read as far as the lines are shown."""

    def __init__(self, file: FileView, settings: ArgeSettings) -> None:
        self._reading = self._read(file, settings)
        self._reached: float = 0
        self._refused: Malformed | None = None

    def up_to(self, line: float) -> Malformed | None:
        """The first refusal, where it lies in one of the lines up to this one."""
        while self._reached <= line and self._reached < inf:
            try:
                self._reached = next(self._reading, inf)
            except Malformed as refused:
                self._refused, self._reached = refused, inf
        return None if self._refused is None or (self._refused.line or 1) > line else self._refused

    def close(self) -> None:
        self._reading.close()

    @staticmethod
    def _read(file: FileView, settings: ArgeSettings) -> Generator[int]:
        """The line of every record that can be read. Raises Malformed."""
        name = standard_name(file.name)
        if name is None:
            raise Malformed(f"not read here: {why_none(file.name)}", line=1)
        try:
            for record in readers.read(file, name.type.kind, settings):
                if not isinstance(record, Remark):
                    yield record.record
        except Malformed:
            raise
        except HubError as off:
            raise Malformed(f"not read here: {off.what}", line=1) from None


class _Shown:
    def __init__(self, file: FileView, refusal: _Refusal, settings: ArgeSettings) -> None:
        self._refusal = refusal
        self._name = standard_name(file.name)
        self._pivot = _pivot(file, settings)

    def fields(self, stream: BinaryIO) -> Iterator[ShownField]:
        number = 0
        for number, line in _lines(stream):
            yield from self._with_refusal(number, line, self._line(number, line))
        refused = self._refusal.up_to(inf)
        if refused is not None and (refused.line or 1) > number:
            yield ShownField(number + 1, "end of the file", "record", 1, 1, "", "", _plain(refused.what))

    def _line(self, number: int, line: bytes) -> list[ShownField]:
        layout = self._layout_of(line)
        if layout is None:
            return [ShownField(number, "unknown record", "line", 1, max(len(line), 1), _escaped(line), "", "")]
        shown = []
        for place in layout.fields:
            raw = line[place.first - 1 : place.last]
            if not isinstance(place.type, Gap) or raw.strip(b" "):
                shown.append(self._field(number, layout, place, raw))
        if beyond := line[layout.length :]:
            stands = _escaped(beyond)
            shown.append(ShownField(number, shown[0].layout, "beyond", layout.length + 1, len(line), stands, "", ""))
        return shown

    def _field(self, number: int, layout: Layout, place: Place, raw: bytes) -> ShownField:
        value, problem = "", ""
        try:
            if len(raw) < place.type.size:
                raise Refused(raw, f"{place.type.size} byte{'s' if place.type.size > 1 else ''}")
            value = _spelled(place, raw, self._pivot)
        except Refused as refused:
            problem = f"found {_found(refused.found)}, expected {refused.expected}"
        if not place.name:
            problem = problem or "content where the standard has blanks"
        name = _RECORDS[layout.title]
        stands = _escaped(raw)
        return ShownField(
            number, name, place.name or "gap", place.first, place.last, stands, _plain(value), _plain(problem)
        )

    def _layout_of(self, line: bytes) -> Layout | None:
        """By the file's name; where it is none of the standard's, by the line's own beginning and length."""
        if self._name is not None:
            return self._name.type.layout_of(line)
        return next((layout for each in FILE_TYPES.values() if (layout := _fitting(each, line))), None)

    def _with_refusal(self, number: int, line: bytes, shown: list[ShownField]) -> list[ShownField]:
        """With the first refusal at its field, where the field is not marked already."""
        refused = self._refusal.up_to(number)
        if refused is None or (refused.line or 1) != number:
            return shown
        first, last = refused.positions or (1, max(len(line), 1))
        same = [index for index, field in enumerate(shown) if (field.first, field.last) == (first, last)]
        if any(shown[index].problem for index in same):
            return shown
        if same:
            shown[same[0]] = shown[same[0]]._replace(problem=_plain(refused.what))
            return shown
        raw = _escaped(line[first - 1 : last])
        wrong = ShownField(
            number, shown[0].layout, refused.field or "record", first, last, raw, "", _plain(refused.what)
        )
        return [*shown, wrong]


def _fitting(type_: FileType, line: bytes) -> Layout | None:
    layout = type_.layout_of(line)
    return layout if layout is not None and len(line) == layout.length else None


def _pivot(file: FileView, settings: ArgeSettings) -> date | None:
    name = standard_name(file.name)
    try:
        return name.made_on() if name is not None and settings.century == "nearest" else None
    except Malformed:
        return None


def _spelled(place: Place, raw: bytes, pivot: date | None) -> str:
    """As a person reads it. Raises Refused."""
    field = place.type
    if isinstance(field, Gap):
        return Words(len(raw)).load(raw)
    loaded: Any = field.load(raw, pivot)
    if loaded is None:
        return ""
    if isinstance(field, Decimals):
        return field.spell(loaded)
    text = loaded.decode("ascii") if isinstance(loaded, bytes) else str(loaded)
    meaning = _MEANINGS.get(place.name, {}).get(text, "")
    return f"{text} {meaning}".rstrip()


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(1-based number, line without its end); of a line that is too long only its beginning."""
    number, begins = 0, True
    while piece := stream.readline(LINE_BYTES_MAX):
        if begins:
            number += 1
            yield number, piece.removesuffix(LINE_END) if piece.endswith(LINE_END) else piece.removesuffix(b"\n")
        begins = piece.endswith(b"\n")


def _found(found: object) -> str:
    return repr(found.decode("latin-1")) if isinstance(found, bytes) else str(found)


def _escaped(raw: bytes) -> str:
    return _plain(raw.decode(ENCODING))


def _plain(text: str) -> str:
    r"""A line of limited length in which what cannot be seen stands as ``\x9f``."""
    plain = text[: _TEXT_CHARACTERS_MAX + 1]
    if not plain.isprintable():
        plain = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in plain)
    return plain if len(plain) <= _TEXT_CHARACTERS_MAX else plain[: _TEXT_CHARACTERS_MAX - 1] + _CUT
