"""Every field of every record of a file, for a person who looks into it; of broken files above all.

What is wrong is found twice. Reading the file as the hub would gives the first refusal, with its reason. Going through
all its lines without ever stopping gives every field that cannot be, every record out of its order, and every count
and total that a trailer has wrong, also behind the first refusal.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import date
from math import inf
from typing import Any, BinaryIO

from hub.plugin import FileView, Malformed, Mine, NotMine, Remark, ShownField, format_amount
from hub.plugin.layout import Amount, Gap, Layout, Refused, Text, View
from hub.plugin.layout.layout import Place
from hub_nets_bs import kinds, receipts
from hub_nets_bs.collection_delivery import CollectionDelivery
from hub_nets_bs.identifying import delivery_type, identify, reads_like_gateway_note
from hub_nets_bs.layouts import DELIVERY_START, RECORD_BYTES
from hub_nets_bs.layouts_0601 import COLLECTIONS
from hub_nets_bs.layouts_0605 import ORDERS
from hub_nets_bs.layouts_receipts import Unread
from hub_nets_bs.order_delivery import OrderDelivery
from hub_nets_bs.settings import BetalingsserviceSettings
from hub_nets_bs.shapes import layout_of, shapes
from hub_nets_bs.tally import Tally

#: Bytes of a line that are shown; what follows is passed over.
_LINE_BYTES_MAX = 4_096
_TEXT_CHARACTERS_MAX = 400
_CUT = "…"
_OWN = {COLLECTIONS: CollectionDelivery, ORDERS: OrderDelivery}
#: Records with a transaction code, or a section, in positions 14-17.
_CODED = ("BS012", "BS022", "BS042", "BS052", "BS092")
_MEANINGS = {
    "BS002": "start of delivery",
    "BS012": "start of section",
    "BS042 0200": "new mandate",
    "BS042 0230": "active mandate",
    "BS042 0231": "mandate registered",
    "BS042 0232": "mandate cancelled by the bank",
    "BS042 0233": "mandate cancelled by creditor",
    "BS042 0234": "mandate cancelled by BS",
    "BS042 0236": "paid",
    "BS042 0237": "rejected",
    "BS042 0238": "cancelled",
    "BS042 0239": "charged back",
    "BS042 0257": "cancel mandate",
    "BS042 0280": "collection",
    "BS042 0285": "slip to be made",
    "BS042 0295": "slip made",
    "BS042 0297": "paid by slip",
    "BS042 0299": "slip charged back",
    "BS022 0200": "result of an enrolment",
    "BS022 0240": "name and address",
    "BS022 0280": "information",
    "BS052 0241": "text to the payer",
    "BS092": "end of section",
    "BS992": "end of delivery",
}
#: Files of text, not of records.
_TEXTS = (receipts.F, receipts.GATEWAY)


def show(file: FileView, settings: BetalingsserviceSettings) -> Iterator[ShownField]:
    """In file order, what is wrong in ``problem``; never raises Malformed. Whose creditor it is does not matter."""
    anyones = settings.model_copy(update={"creditors": (), "receipts": True})
    with file.open() as stream, closing(_Refusal(file, anyones)) as refusal:
        yield from _Shown(file, refusal, anyones).fields(stream)


class _Refusal:
    """Why the hub, or the vendor of a delivery of ours, would refuse the file: read as far as the lines are shown."""

    def __init__(self, file: FileView, settings: BetalingsserviceSettings) -> None:
        self._file = file
        self._settings = settings
        self._reading = self._read()
        #: The last line of what has been read.
        self._reached: float = 0
        self._refused: Malformed | None = None
        answer = identify(file, settings)
        self.kind = answer.kind if isinstance(answer, Mine) else ""
        self._why_not = answer.why if isinstance(answer, NotMine) else ""
        if isinstance(answer, NotMine) and reads_like_gateway_note(file):
            self._why_not += "; a gateway note is known by its name: NAME.ERROR"

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

    def _read(self) -> Generator[int]:
        """The line of every record that can be read; raises Malformed."""
        own = _OWN.get(delivery_type(self._file))
        if self.kind:
            for record in kinds.read(self._file, self.kind, self._settings):
                if not isinstance(record, Remark):
                    yield record.record
        elif own is None:
            raise Malformed(f"not read here: {self._why_not}", line=1)
        else:
            with self._file.open() as stream:
                for read in own(stream, self._settings.encoding).records():
                    yield read.line


class _Shown:
    def __init__(self, file: FileView, refusal: _Refusal, settings: BetalingsserviceSettings) -> None:
        self._refusal = refusal
        self._encoding = settings.encoding
        self._is_text = refusal.kind in _TEXTS
        self._type = delivery_type(file)
        self._tally = Tally(settings.chargeback_rules)
        self._created: date | None = None

    def fields(self, stream: BinaryIO) -> Iterator[ShownField]:
        number = 0
        for number, line in _lines(stream):
            shown = self._text_line(number, line) if self._is_text else self._line(number, line)
            yield from self._with_refusal(number, line, shown)
        yield from self._beyond(number + 1)

    def _line(self, number: int, line: bytes) -> list[ShownField]:
        record = line[:RECORD_BYTES].ljust(RECORD_BYTES)
        layout = layout_of(record, self._tally.section, shapes(self._type, self._encoding))
        if layout is None:
            (shown,) = self._text_line(number, line)
            return [shown._replace(layout="unknown record", problem=self._tally.unknown())] if self._type else [shown]
        fields, values = self._judged(number, line, record, layout)
        if not self._type:
            return fields
        if record.startswith(DELIVERY_START):
            self._created = values.get("created")
        fields = _marked(fields, self._tally.count(record, layout, values))
        if beyond := line[RECORD_BYTES:].strip(b" "):
            problem = f"wrong record length: found {len(line)} bytes, expected {RECORD_BYTES} bytes"
            raw = _escaped(beyond, self._encoding)
            fields.append(ShownField(number, fields[0].layout, "beyond", RECORD_BYTES + 1, len(line), raw, "", problem))
        return fields

    def _judged(
        self, number: int, line: bytes, record: bytes, layout: Layout
    ) -> tuple[list[ShownField], dict[str, Any]]:
        """Every field, and the values of those that can be read."""
        name, fields, values = _name(record, layout), [], {}
        read = self._tally.as_read(record)
        for place in layout.fields:
            raw, problem, value = read[place.first - 1 : place.last], "", ""
            if isinstance(place.type, Gap) and not raw.strip(b" "):
                continue
            try:
                value, loaded = self._value(place, raw)
                values[place.name] = loaded
            except Refused as refused:
                problem = _plain(f"found {_found(refused.found)}, expected {refused.expected}")
            stands = _escaped(line[place.first - 1 : place.last], self._encoding)
            fields.append(
                ShownField(number, name, place.name or "gap", place.first, place.last, stands, _plain(value), problem)
            )
        return fields, values

    def _value(self, place: Place, raw: bytes) -> tuple[str, Any]:
        """As a person reads it and as it is; raises Refused."""
        field = place.type.field if isinstance(place.type, View) else place.type
        if isinstance(field, Unread):
            return _escaped(raw, self._encoding).strip(), None
        if isinstance(field, Gap):
            return Text(len(raw), self._encoding).load(raw).strip(), None
        loaded = field.load(raw, self._created)
        if isinstance(field, Amount):
            return format_amount(loaded), loaded
        if isinstance(loaded, bytes):
            return loaded.decode("latin-1"), loaded
        return "" if loaded is None else str(loaded), loaded

    def _text_line(self, number: int, line: bytes) -> list[ShownField]:
        raw = _escaped(line, self._encoding)
        return [ShownField(number, "text", "line", 1, max(len(line), 1), raw, raw.strip(), "")]

    def _with_refusal(self, number: int, line: bytes, shown: list[ShownField]) -> list[ShownField]:
        """With the first refusal at its field, where the field is not marked already."""
        refusal = self._refusal.up_to(number)
        if refusal is None or (refusal.line or 1) != number:
            return shown
        first, last = refusal.positions or (1, max(len(line), 1))
        same = [index for index, field in enumerate(shown) if (field.first, field.last) == (first, last)]
        what = _plain(refusal.what)
        if any(shown[index].problem for index in same) or (not same and any(field.problem for field in shown)):
            return shown
        if same:
            shown[same[0]] = shown[same[0]]._replace(problem=what)
            return shown
        raw = _escaped(line[first - 1 : last], self._encoding)
        name = shown[0].layout if shown else "text"
        return [*shown, ShownField(number, name, refusal.field or "record", first, last, raw, "", what)]

    def _beyond(self, number: int) -> Iterator[ShownField]:
        """What is missing after the last line."""
        missing = "" if self._is_text or not self._type else self._tally.missing()
        refusal = self._refusal.up_to(inf)
        if refusal is not None and (refusal.line or 1) >= number:
            missing = _plain(refusal.what)
        if missing:
            yield ShownField(number, "end of the file", "record", 1, 1, "", "", missing)


def _marked(fields: list[ShownField], problems: dict[str, str]) -> list[ShownField]:
    """With problems by the field's name; "" is the record's own and stands at its first field."""
    if not problems:
        return fields
    names = {field.field for field in fields}
    by_name = {(name if name in names else fields[0].field): what for name, what in problems.items()}
    return [field._replace(problem=field.problem or _plain(by_name.get(field.field, ""))) for field in fields]


def _name(record: bytes, layout: Layout) -> str:
    """``BS042 0236 paid``: the record, its code or section where it has one, and what that is."""
    start, code = record[:5].decode("latin-1"), record[13:17].decode("latin-1")
    if start not in _CODED or not (code.isascii() and code.isdigit()):
        return f"{layout.title} {_MEANINGS.get(start, '')}".rstrip()
    return f"{start} {code} {_MEANINGS.get(start) or _MEANINGS.get(f'{start} {code}', '')}".rstrip()


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(1-based number, line without its end); of a line that is too long only its beginning."""
    number, begins = 0, True
    while piece := stream.readline(_LINE_BYTES_MAX):
        if begins:
            number += 1
            yield number, piece.removesuffix(b"\n").removesuffix(b"\r")
        begins = piece.endswith(b"\n")


def _found(found: object) -> str:
    return repr(found.decode("latin-1")) if isinstance(found, bytes) else str(found)


def _escaped(raw: bytes, encoding: str) -> str:
    return _plain(raw.decode(encoding, "backslashreplace"))


def _plain(text: str) -> str:
    r"""A line of limited length in which what cannot be seen stands as ``\x9f``."""
    plain = text[: _TEXT_CHARACTERS_MAX + 1]
    if not plain.isprintable():
        plain = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in plain)
    return plain if len(plain) <= _TEXT_CHARACTERS_MAX else plain[: _TEXT_CHARACTERS_MAX - 1] + _CUT
