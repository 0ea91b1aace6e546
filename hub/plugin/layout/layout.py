"""A layout: fields at byte positions, declared once with construct, read by a generated function."""

from __future__ import annotations

import keyword
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import combinations
from typing import Any, NamedTuple

from construct import Renamed, Struct

from hub.plugin.errors import Malformed
from hub.plugin.layout.compiler import compile_reader, compile_writer
from hub.plugin.layout.errors import LayoutError, Refused, UnfitError
from hub.plugin.layout.fields import Field, Gap, View

#: Readers that a layout keeps, one a pivot.
READERS_MAX = 16

Reader = Callable[[bytes, int], Any]


class Place(NamedTuple):
    """A field and where it stands, 1-based and inclusive. ``name`` is "" for a gap."""

    name: str
    first: int
    last: int
    type: Field

    @property
    def title(self) -> str:
        return self.type.title

    @property
    def is_view(self) -> bool:
        return isinstance(self.type, View)


class Layout:
    """One kind of fixed-length record.

    ``struct`` is a construct ``Struct`` of this package's field types, each named (gaps need no name). Raises
    :class:`LayoutError` with every problem at once.
    """

    def __init__(self, title: str, struct: Struct) -> None:
        self.title = title
        self.struct = struct
        self.fields, self.length = _places(title, struct)
        self._by_name = {place.name: place for place in self.fields if place.name}
        self._named = [place for place in self.fields if place.type.has_value]
        self._gaps = [place for place in self.fields if isinstance(place.type, Gap)]
        row = namedtuple("Row", [place.name for place in self._named])  # type: ignore[misc]
        #: The class of what ``reader`` returns: a named tuple of all fields but gaps and literals, in order.
        self.Row: type[Any] = row
        self._readers: dict[date | None, Reader] = {}
        self._writer: Callable[..., bytes] | None = None

    @classmethod
    def at(cls, title: str, length_bytes: int, fields: Mapping[str, tuple[int | None, Field]]) -> Layout:
        """The layout of records of ``length_bytes`` with fields where config puts them.

        ``fields`` holds a start (1-based; 0 or None = not in the file) and a type for each name. What no field covers
        is a gap (R34). Raises :class:`LayoutError` naming all that overlaps or cannot be.
        """
        placed = sorted(
            (Place(name, start, start + field.size - 1, field) for name, (start, field) in fields.items() if start),
            key=lambda place: (place.first, place.last),
        )
        if problems := list(_position_problems(placed, length_bytes)):
            raise LayoutError(title, problems)
        subcons: list[Any] = []
        following = 1
        for place in placed:
            if place.first > following:
                subcons.append(Gap(place.first - following))
            subcons.append(place.name / place.type)
            following = place.last + 1
        if following <= length_bytes:
            subcons.append(Gap(length_bytes - following + 1))
        return cls(title, Struct(*subcons))

    def reader(self, pivot: date | None = None) -> Reader:
        """A function from a record of exactly ``length`` bytes and its 1-based line number to a ``Row``.

        It raises :class:`Malformed` with line, positions, field, found and expected. ``pivot`` is the delivery's own
        date, which settles the century of two-digit years. Cheap to ask for again.
        """
        if pivot not in self._readers:
            if len(self._readers) >= READERS_MAX:
                self._readers.clear()
            self._readers[pivot] = compile_reader(self, pivot)
        return self._readers[pivot]

    def interpret(self, record: bytes, line: int, pivot: date | None = None) -> Any:
        """What ``reader`` returns or raises, by way of construct's own parser: slow, and the measure for ``reader``."""
        self.check_length(record, line)
        try:
            parsed = self.struct.parse(record, pivot=pivot)
        except Refused as refused:
            raise self.refusal(refused.field, line, refused.found, refused.expected) from None
        return self.Row(*(parsed[place.name] for place in self._named))

    def writer(self) -> Callable[..., bytes]:
        """A function from the values of a ``Row``, in its order, to the record that ``build`` gives: fast, for many.

        It raises what ``build`` raises. Cheap to ask for again.
        """
        if self._writer is None:
            self._writer = compile_writer(self)
        return self._writer

    def build(self, **values: Any) -> bytes:
        """The record of these values, one for each field of ``Row``. Views are not written, and may be left out.

        Raises :class:`UnfitError` naming the field whose value cannot be written.
        """
        needed = {place.name for place in self._named if not place.is_view}
        if problems := [f"no value for {name!r}" for name in sorted(needed - values.keys())] + [
            f"no field for {name!r}" for name in sorted(values.keys() - set(self.Row._fields))
        ]:
            raise UnfitError("; ".join(problems), where=self.title)
        try:
            record: bytes = self.struct.build(values)
        except Refused as refused:
            place = self._by_name[refused.field]
            raise UnfitError(
                f"found {refused.found!r}, expected {refused.expected}",
                where=f"{self.title}, positions {place.first}-{place.last}, field {place.name!r}",
            ) from None
        return record

    def gap_content(self, record: bytes) -> list[tuple[int, int, bytes]]:
        """The gaps that are not blank, as (first, last, bytes): worth a warning (R34), no refusal."""
        gaps = ((place, record[place.first - 1 : place.last]) for place in self._gaps)
        return [(place.first, place.last, raw) for place, raw in gaps if raw.strip(b" ")]

    def check_length(self, record: bytes, line: int) -> None:
        """Raises :class:`Malformed` for a record that is not of the layout's length."""
        if len(record) != self.length:
            raise Malformed(
                "wrong record length", line=line, found=f"{len(record)} bytes", expected=f"{self.length} bytes"
            )

    def refusal(self, field: str, line: int, found: object, expected: object, what: str = "") -> Malformed:
        """The error for a field whose content cannot be, with its place: for the caller to raise."""
        place = self._by_name[field]
        return Malformed(
            what, line=line, positions=(place.first, place.last), field=field, found=found, expected=expected
        )


def _places(title: str, struct: Struct) -> tuple[tuple[Place, ...], int]:
    places: list[Place] = []
    problems: list[str] = []
    following = 1
    for subcon in struct.subcons:
        name, field = subcon.name or "", subcon
        while isinstance(field, Renamed):
            field = field.subcon
        if not isinstance(field, Field):
            problems.append(f"field {name!r} is a {type(field).__name__}, no field type of hub.plugin.layout")
            continue
        if isinstance(field, View):
            places.append(Place(name, field.first, field.last, field))
        else:
            places.append(Place(name, following, following + field.sizeof() - 1, field))
            following += field.sizeof()
    length = following - 1
    for place in places:
        problems += (f"field {place.name!r} {problem}" for problem in place.type.problems())
        if not place.name and not isinstance(place.type, Gap):
            problems.append(f"the {place.title} at {place.first}-{place.last} has no name")
        if place.is_view and not 1 <= place.first <= place.last <= length:
            problems.append(f"{_shown(place)} lies outside the record of {length} bytes")
    names = [place.name for place in places if place.name]
    for name in dict.fromkeys(names):
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            problems.append(f"{name!r} cannot be a field's name")
        if names.count(name) > 1:
            problems.append(f"{names.count(name)} fields have the name {name!r}")
    if not names:
        problems.append("no field has a name")
    if problems:
        raise LayoutError(title, problems)
    return tuple(places), length


def _position_problems(placed: list[Place], length_bytes: int) -> Iterator[str]:
    if length_bytes < 1:
        yield f"the record has the length {length_bytes}, which must be 1 or more"
    for place in placed:
        if place.first < 1:
            yield f"field {place.name!r} starts at {place.first}; positions count from 1"
        if place.last > length_bytes:
            yield f"{_shown(place)} ends beyond the record of {length_bytes} bytes"
        for problem in place.type.problems():
            yield f"field {place.name!r} {problem}"
    for place, other in combinations(placed, 2):
        first, last = max(place.first, other.first), min(place.last, other.last)
        if first <= last:
            yield f"{_shown(place)} and {_shown(other)} overlap at {first}-{last}"


def _shown(place: Place) -> str:
    return f"field {place.name!r} ({place.first}-{place.last})"
