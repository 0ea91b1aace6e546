"""From a layout to one straight-line function: the speed of hand-written code, the words of the field types.

The generated function cuts a record with ``struct``, checks and reads every field in place, and returns the row. What
it does not take at once, a careful second reading takes or refuses field by field with the types' own ``load``: it may
be slow for an odd record, but says of every record what construct says. (Measured against slices, a regular expression
with and without groups, and decoding the record as a whole: this was the fastest.)

The writer is its mirror: it joins the fields' characters and encodes them at once. Every field gives at least as many
characters as it has bytes, so a record of the right length has every field at its place; anything else goes to
``Layout.build``, which writes or refuses it field by field.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from struct import Struct
from struct import error as StructError
from typing import TYPE_CHECKING, Any

from hub.plugin.layout.encodings import plain_bytes
from hub.plugin.layout.errors import Refused
from hub.plugin.layout.fields import Field, View

if TYPE_CHECKING:
    from hub.plugin.layout.layout import Layout, Place

#: Different values that a reader remembers for one field; at more it forgets them all and begins again.
REMEMBERED_MAX = 4096

_SOURCE = """\
def read(record, line):
    try:
        ({cuts}) = unpack(record)
        {views}
        if {conditions}:
            return new(Row, ({values}))
    except (KeyError, Refused, StructError):
        pass
    return read_carefully(record, line)
"""

_WRITER_SOURCE = """\
def write({parameters}):
    try:
        if {conditions}:
            record = "".join(({texts})).encode(encoding)
            if len(record) == {length} and record.translate(marking) == record:
                return record
    except (AttributeError, KeyError, Refused, TypeError, ValueError):
        pass
    return write_carefully({parameters})
"""

_Memory = dict[str, dict[bytes, Any]]


def compile_reader(layout: Layout, pivot: date | None) -> Callable[[bytes, int], Any]:
    """The reader of ``layout``: see :meth:`Layout.reader`."""
    memory: _Memory = {place.name: {} for place in layout.fields if place.type.remembered}
    named = [place for place in layout.fields if place.name]
    names: dict[str, Any] = {
        "unpack": _cutter(layout).unpack,
        "new": tuple.__new__,
        "Row": layout.Row,
        "Refused": Refused,
        "StructError": StructError,
        "pivot": pivot,
        "read_carefully": _careful_reader(layout, pivot, memory),
    }

    def bind(value: object) -> str:
        name = f"bound{len(names)}"
        names[name] = value
        return name

    conditions, values = [], []
    if encodings := {place.type.encoding for place in named} - {None}:
        conditions.append(f"record.translate({bind(_marking_table(encodings))}) == record")
    for index, place in enumerate(named):
        condition, value = _inline(place, f"raw{index}", bind, memory)
        conditions += [condition] if condition else []
        values += [value] if place.type.has_value else []
    source = _SOURCE.format(
        cuts="".join(f"raw{index}, " for index, place in enumerate(named) if not place.is_view),
        views="; ".join(
            f"raw{index} = record[{place.first - 1}:{place.last}]" for index, place in enumerate(named) if place.is_view
        ),
        conditions=" and ".join(conditions) or "True",
        values="".join(f"{value}, " for value in values),
    )
    exec(source, names)  # noqa: S102  # made of our own names and of numbers, never of text from a config
    reader: Callable[[bytes, int], Any] = names["read"]
    return reader


def compile_writer(layout: Layout) -> Callable[..., bytes]:
    """The writer of ``layout``: see :meth:`Layout.writer`."""

    def write_carefully(*values: Any) -> bytes:
        return layout.build(**dict(zip(layout.Row._fields, values, strict=True)))

    encodings = {place.type.encoding for place in layout.fields if place.type.encoding} or {"ascii"}
    if len(encodings) > 1:
        return write_carefully
    (encoding,) = encodings
    names: dict[str, Any] = {
        "encoding": encoding,
        "marking": _marking_table({encoding}),
        "Refused": Refused,
        "write_carefully": write_carefully,
    }

    def bind(value: object) -> str:
        name = f"bound{len(names)}"
        names[name] = value
        return name

    parameters = {name: f"value{index}" for index, name in enumerate(layout.Row._fields)}
    conditions, texts = [], []
    for place in layout.fields:
        if place.is_view:
            continue
        condition, text = _inline_dump(place.type, parameters.get(place.name, ""), encoding, bind)
        conditions += [condition] if condition else []
        texts.append(text)
    source = _WRITER_SOURCE.format(
        parameters=", ".join(parameters.values()),
        conditions=" and ".join(conditions) or "True",
        texts="".join(f"{text}, " for text in texts),
        length=layout.length,
    )
    exec(source, names)  # noqa: S102  # as above: our own names and numbers
    writer: Callable[..., bytes] = names["write"]
    return writer


def _inline_dump(field: Field, value: str, encoding: str, bind: Callable[[object], str]) -> tuple[str, str]:
    """The condition and the characters of a field in the generated source, of its value in the variable ``value``."""
    if not field.has_value:
        return "", bind(field.dump(None).decode(encoding, "replace"))
    if _is_of(field, "inline_dump", "dump") and (expressions := field.inline_dump(value, bind)):
        return expressions
    return "", f"{bind(field.dump)}({value}).decode(encoding)"


def _cutter(layout: Layout) -> Struct:
    return Struct("".join(f"{p.type.size}{'s' if p.name else 'x'}" for p in layout.fields if not p.is_view))


def _marking_table(encodings: set[str | None]) -> bytes:
    """A table for ``bytes.translate`` that changes every byte but those that are plain in all the encodings."""
    plain = set(range(256)).intersection(*(plain_bytes(encoding) for encoding in encodings if encoding))
    return bytes(code if code in plain else code ^ 1 for code in range(256))


def _inline(place: Place, raw: str, bind: Callable[[object], str], memory: _Memory) -> tuple[str, str]:
    """The condition and the value of a field in the generated source, over its bytes in the variable ``raw``."""
    if place.name in memory:
        return "", f"{bind(memory[place.name])}[{raw}]"
    field = place.type.field if isinstance(place.type, View) else place.type
    if _is_of(field, "inline", "load") and (expressions := field.inline(raw, bind)):
        return expressions
    return ("", f"{bind(field.load)}({raw}, pivot)") if field.has_value else ("False", "None")


def _is_of(field: Field, inline: str, method: str) -> bool:
    """False for a type that inherits ``inline`` but has a ``method`` of its own, which ``inline`` cannot know."""
    owner = {name: next(cls for cls in type(field).__mro__ if name in vars(cls)) for name in (inline, method)}
    return issubclass(owner[inline], owner[method])


def _careful_reader(layout: Layout, pivot: date | None, memory: _Memory) -> Callable[[bytes, int], Any]:
    def read_carefully(record: bytes, line: int) -> Any:
        layout.check_length(record, line)
        values = []
        for place in layout.fields:
            raw = record[place.first - 1 : place.last]
            try:
                value = place.type.load(raw, pivot)
            except Refused as refused:
                raise layout.refusal(place.name, line, refused.found, refused.expected) from None
            if place.name in memory:
                _remember(memory[place.name], raw, value)
            if place.type.has_value:
                values.append(value)
        return layout.Row(*values)

    return read_carefully


def _remember(known: dict[bytes, Any], raw: bytes, value: Any) -> None:
    if len(known) >= REMEMBERED_MAX:
        known.clear()
    known[raw] = value
