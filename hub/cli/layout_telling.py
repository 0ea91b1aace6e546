"""What ``hub layout`` says to a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from hub.cli.bs_showing import Record
from hub.cli.layout_drawing import (
    Drawn,
    Ruler,
    byte_rows,
    drawn,
    gaps,
    overlaps,
    place,
    readable,
    value_rows,
)
from hub.cli.output import columns_wide, say, table

if TYPE_CHECKING:
    from hub.consumption.guessing import Guess
    from hub.vendors import Layouts, PlacedField

#: Of a line that is drawn.
_DRAWN_BYTES_MAX = 1_024
#: What a plug-in shows beside the fields of a layout.
_NO_FIELDS = frozenset(["gap", "beyond", "record", "line"])


class Shown(NamedTuple):
    """Lines of a file, and what is said of it as a whole."""

    name: str
    records: list[Record]
    #: Bytes of each record's line.
    raw: list[bytes]
    lines: int
    problems: int
    verdict: str


def tell_layouts(layouts: Layouts, kinds: Sequence[str], *, with_ruler: bool) -> None:
    """The legend of each, and above it the ruler where no file's lines will stand under one."""
    for kind in kinds:
        fields = layouts.of_kind(kind)
        places = _drawn(fields)
        in_columns = any(field.place.is_column for field in fields)
        length = max(field.last for field in places)
        say(f"{kind}: {length} {'columns' if in_columns else 'bytes'}")
        if with_ruler and not in_columns:
            ruler = Ruler(places, length, columns_wide())
            for stretch in ruler.stretches:
                say(*ruler.head(stretch))
        table(*_legend(fields, places, in_columns=in_columns))
        unit = "column" if in_columns else "position"
        if found := gaps(places):
            say(f"no field has {unit} {', '.join(place(*gap) for gap in found)} (R34)")
        for each in overlaps(places):
            say(f"! {' and '.join(each.fields)} overlap in {unit} {place(each.first, each.last)}")
        say("")


def _legend(
    fields: Sequence[PlacedField], places: Sequence[Drawn], *, in_columns: bool
) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    by_place = sorted(fields, key=lambda field: field.place[2:4])
    columns = ("", "field", "column" if in_columns else "positions", ">length", "sheet item", "setting", "from")
    rows = [
        (
            one.letter,
            one.name,
            place(one.first, one.last),
            "" if in_columns else one.last - one.first + 1,
            field.place.item,
            _settings(field),
            _origins(field),
        )
        for one, field in zip(places, by_place, strict=True)
    ]
    return columns, rows


def _settings(field: PlacedField) -> str:
    """``result.unit_start, _length``: the second is of the same table and field."""
    if not field.place.length_key:
        return field.place.key
    return f"{field.place.key}, _{field.place.length_key.rpartition('_')[2]}"


def _origins(field: PlacedField) -> str:
    return ", ".join(dict.fromkeys(origin for origin in (field.origin, field.length_origin) if origin))


def _drawn(fields: Sequence[PlacedField]) -> list[Drawn]:
    return drawn([(field.place.field, field.place.first, field.place.last) for field in fields])


def tell_lines(layouts: Layouts, shown: Shown) -> None:
    """Lines one after the other that have the same layout stand under one ruler."""
    lines = zip(shown.records, shown.raw, strict=True)
    for layout, of_layout in groupby(lines, key=lambda line: line[0].layout):
        group = list(of_layout)
        fields = layouts.of_kind(layout)
        if any(field.place.is_column for field in fields):
            _tell_cells(_drawn(fields), [record for record, _ in group])
            continue
        places = _drawn(fields) if fields else _own_fields(group[0][0])
        if not fields:
            say(layout)
        _tell_stretches(places, group)


def _own_fields(record: Record) -> list[Drawn]:
    """The fields that the plug-in shows in a line, where no layout of its settings is the line's."""
    return drawn([(field.field, field.first, field.last) for field in record.fields if field.field not in _NO_FIELDS])


def _tell_stretches(places: Sequence[Drawn], group: Sequence[tuple[Record, bytes]]) -> None:
    longest = max((len(raw) for _, raw in group), default=0)
    length = min(max([longest, *(field.last for field in places)]), _DRAWN_BYTES_MAX)
    ruler = Ruler(places, length, columns_wide())
    letters = {(field.name, field.first): field.letter for field in places}
    texts = [readable(raw, record.fields) for record, raw in group]
    if len(ruler.stretches) == 1:
        say(*ruler.head(ruler.stretches[0]))
        for (record, _), text in zip(group, texts, strict=True):
            say(*byte_rows(ruler, record, text, ruler.stretches[0]), *value_rows(record, letters))
        return
    # Values under lines that are cut into stretches would part what belongs together: they come behind.
    for stretch in ruler.stretches:
        say(*ruler.head(stretch))
        for (record, _), text in zip(group, texts, strict=True):
            say(*byte_rows(ruler, record, text, stretch))
    for record, _ in group:
        say(f"line {record.line}", *value_rows(record, letters))


def _tell_cells(places: Sequence[Drawn], records: Sequence[Record]) -> None:
    """Of a delimited file a column of its own for each; under a heading that says which it is there."""
    table((">line", *(f"{one.first} {one.name}" for one in places)), _cells(places, records))
    for record in records:
        for field in record.fields:
            if field.problem:
                say(f"! line {record.line}, column {field.first}, {field.field}: {field.problem}")


def _cells(places: Sequence[Drawn], records: Sequence[Record]) -> Iterator[Sequence[object]]:
    for record in records:
        by_name = {field.field: field for field in record.fields}
        if record.line and not by_name.keys() & {one.name for one in places}:
            yield (record.line, *(field.raw for field in record.fields[:1]), *[""] * (len(places) - 1))
            continue
        cells = []
        for one in places:
            field = by_name.get(one.name)
            if field is None:
                cells.append("")
            elif field.problem:
                cells.append(f"! {field.raw}")
            else:
                cells.append(field.raw if field.raw == field.value else f"{field.raw} = {field.value or '(blank)'}")
        yield (record.line, *cells)


def tell_guess(guess: Guess, toml: str) -> None:
    """What was found, the snippet, and what was not."""
    unit = "column" if guess.separator else "positions"
    rows = [
        (
            finding.field,
            str(finding.place),
            finding.verdict,
            finding.evidence,
            _lines(finding.contradicted_by),
            ", ".join(map(str, finding.others[:5])),
        )
        for finding in guess.findings
    ]
    say(f"{guess.known_lines} of {guess.lines} lines are those of known tenancies, of {guess.tenancies} different ones")
    table(("field", unit, "verdict", "evidence", "contradicts: line", "or"), rows)
    if guess.missing:
        say(f"not found: {', '.join(guess.missing)}")
    say("", *toml.rstrip("\n").split("\n"))


def _lines(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return f"{', '.join(map(str, numbers[:10]))}{more}"
