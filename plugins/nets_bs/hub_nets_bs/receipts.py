"""Receipts: what Betalingsservice says of files on their way, T, V and F files and the gateway's notes.

T and V receipts name the transmission in their first line. An F note and the gateway's notes name their file by their
own name alone, so that two with the same content are two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from hub.plugin import DeliveryReceipt, FileKind, FileView, Kept, Malformed, Record, format_amount, parse_amount
from hub.plugin.layout import Layout, Refused, Text
from hub_nets_bs.layouts import RECORD_BYTES, refused
from hub_nets_bs.layouts_receipts import receipt_layouts
from hub_nets_bs.settings import BetalingsserviceSettings

T, V, F, GATEWAY = "receipt T", "receipt V", "note F", "gateway receipt"
KINDS = {
    T: FileKind("Betalingsservice receipt T: transmission received"),
    V: FileKind("Betalingsservice receipt V: delivery validated"),
    F: FileKind("Betalingsservice delivery note F", identity="name+content"),
    GATEWAY: FileKind("Betalingsservice gateway receipt (.OK, .ERROR, .REJECTED)", identity="name+content"),
}
#: Endings of a gateway's notes, which come after the name of the file that was sent, and their verdicts.
GATEWAY_VERDICTS = {".ok": "transmitted", ".error": "refused", ".rejected": "refused"}
#: How the name of the data file begins, by how that of its note does.
_DATA = {"F": "D", "f": "d"}
#: First line of an F note; a form-feed character of printers stands before it.
NOTE_START = b"1SYSTEM "
#: A gateway's note is empty or short.
GATEWAY_BYTES_MAX = 4_096

#: Bytes of a line in a receipt; a box is 80 wide, a note some 120.
_LINE_BYTES_MAX = 512
_BOX_LINES_MAX = 1_000
_NAME_CHARACTERS_MAX = 100
_SHOWN_CHARACTERS_MAX = 300
#: Codes that say yes. What the others mean no source tells: those that refuse are a setting.
_ACCEPTED = {T: ("PN00", "transmitted"), V: ("BS00", "accepted")}
_NOT_SAID = -1
#: Of a printed number; of an amount, øre and comma included.
_DIGITS_MAX = 15

_OWN_TRANSMISSION = re.compile(r" \d{8}  (\d{6})")
_VENDOR_NUMBER = re.compile(r"TILDELT LEVERANCE NR: *(\d{10})")
_RECORDS = re.compile(r"ANTAL RECORDS: *([\d.]+)")
_CODE = re.compile(r"([A-Z]{2}\d\d): ")
_TOTALS = re.compile(r"\* LEVERANCE +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+,\d\d) *\*")
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})*")
_KRONER = re.compile(r"(\d{1,3}(\.\d{3})*),\d\d")

_NOTE_SYSTEM = re.compile(r"1SYSTEM +: (\S+)")
_NOTE_TYPE = re.compile(r" LEVERANCETYPE : (\d{3,4}) - .+")
_NOTE_COLUMNS = re.compile(r"0PBS-NUMMER +DEBITOR-GRP +SEKTIONS-NR +DATALEV-IDENT +REC-ANTAL +TOTAL-BELØB\b.*")
_NOTE_SECTION = re.compile(r"[0 ] {2}(\d{8}) +(\d{5}) +(\d{3,4}) +(?:(\S.*?) {2,})?([\d.]+) +([\d.]+,\d\d)(?: +.*)?")
_NOTE_RULE = re.compile(r"[ 0] +-[- ]*")
_NOTE_TOTALS = re.compile(r"[ 0] +ANTAL SECTIONER +([\d.]+) +RECORD-ANTAL +([\d.]+) +([\d.]+,\d\d)")


class Line(NamedTuple):
    number: int
    text: str


def read(file: FileView, kind: str, settings: BetalingsserviceSettings) -> Iterator[Record]:
    """The records of a receipt: one DeliveryReceipt, after Kept for each section of a note. Raises Malformed."""
    if kind == GATEWAY:
        yield _gateway(file, settings)
    elif kind == F:
        yield from _Note(file, settings).records()
    else:
        yield _receipt(file, kind, settings)


def lines(file: FileView, encoding: str) -> Iterator[Line]:
    """The lines of a receipt, blank ones too. Raises Malformed for one that is no text or too long."""
    text = Text(_LINE_BYTES_MAX, encoding)
    with file.open() as stream:
        number = 0
        while raw := stream.readline(_LINE_BYTES_MAX + 2):
            number += 1
            if len(raw) > _LINE_BYTES_MAX:
                raise Malformed("line too long", line=number, expected=f"at most {_LINE_BYTES_MAX} bytes")
            try:
                yield Line(number, text.load(raw.rstrip(b"\r\n")))
            except Refused as wrong:
                raise Malformed(
                    "a line that is no text", line=number, found=wrong.found, expected=wrong.expected
                ) from None


# --- T and V -------------------------------------------------------------------------------------------------------


def _receipt(file: FileView, kind: str, settings: BetalingsserviceSettings) -> DeliveryReceipt:
    """T is one line; V has a box of text under it."""
    layouts = receipt_layouts(settings.encoding)
    layout = layouts.transmitted if kind == T else layouts.validated
    first, *box = islice(lines(file, settings.encoding), _BOX_LINES_MAX + 1) if file.size else [Line(1, "")]
    if len(box) == _BOX_LINES_MAX:
        raise Malformed("more than a receipt", line=box[-1].number, expected=f"fewer than {_BOX_LINES_MAX} lines")
    head = _head(layout, first, settings.encoding)
    if kind == T and any(line.text for line in box):
        number = next(line.number for line in box if line.text)
        raise Malformed("a receipt T of more than one line", line=number, positions=(1, 1))
    good, verdict = _ACCEPTED[kind]
    accepted = head.code == good
    if not accepted and head.code not in settings.refused_codes:
        # Taken for a refusal, what was accepted with a remark would be collected a second time.
        expected = f"{good}, or one of settings.refused_codes; ask Mastercard whether this one refuses the delivery"
        raise refused(layout, "code", first.number, "a result code that is not known", head.code, expected)
    boxed = _box(box, head.code, accepted=accepted) if kind == V else _Box()
    own = _OWN_TRANSMISSION.fullmatch(head.transmission)
    moment = f"{head.on.isoformat()}T{head.at[:2]}:{head.at[2:4]}:{head.at[4:]}"
    said = f"Kvittering {kind[-1]}: {head.code} {head.said.strip()}".rstrip()
    return DeliveryReceipt(
        record=1,
        verdict=verdict if accepted else "refused",
        file="",
        delivery_type="",
        delivery=own[1].lstrip("0") if own else "",
        vendor_number=boxed.vendor_number,
        at=moment,
        records=boxed.records,
        sections=boxed.sections,
        items=boxed.items,
        texts_counted=boxed.texts,
        amount=boxed.amount,
        key="|".join(("nets", "receipt", kind[-1], head.subsystem, head.transmission.strip(), moment, head.code)),
        text=f"{said} (transmission {head.transmission.strip() or 'uden navn'}, {moment})",
    )


def _head(layout: Layout, line: Line, encoding: str) -> Any:
    if len(line.text) > RECORD_BYTES:
        raise Malformed("wrong record length", line=line.number, positions=(RECORD_BYTES + 1, len(line.text)))
    head = layout.reader()(line.text.encode(encoding).ljust(RECORD_BYTES), line.number)
    if not re.fullmatch(r"[A-Z]{2}\d\d", head.code):
        raise refused(layout, "code", line.number, "no result code", head.code, "two letters and two digits")
    if not re.fullmatch(r"([01]\d|2[0-3])[0-5]\d[0-5]\d", head.at):
        raise refused(layout, "at", line.number, "no time of day", head.at, "HHMMSS")
    return head


class _Box(NamedTuple):
    """What a V receipt says below its first line; -1 = nothing."""

    vendor_number: str = ""
    records: int = _NOT_SAID
    sections: int = _NOT_SAID
    texts: int = _NOT_SAID
    items: int = _NOT_SAID
    amount: int = _NOT_SAID


def _box(box: list[Line], code: str, *, accepted: bool) -> _Box:
    """Of an accepted delivery all must be said; of a refused one nobody has seen what is."""
    told = _Box()
    for number, text in box:
        if found := _VENDOR_NUMBER.search(text):
            told = told._replace(vendor_number=found[1])
        elif found := _RECORDS.search(text):
            told = told._replace(records=_count(found, 1, number))
        elif found := _TOTALS.search(text):
            counts = [_count(found, group, number) for group in (1, 2, 3)]
            sections, texts, items = counts
            told = told._replace(sections=sections, texts=texts, items=items, amount=_amount(found, 4, number))
        elif (found := _CODE.search(text)) and found[1] != code:
            place = (found.start(1) + 1, found.end(1))
            raise Malformed("two results", line=number, positions=place, field="code", found=found[1], expected=code)
    if accepted and (missing := [name for name, value in told._asdict().items() if value in ("", _NOT_SAID)]):
        last = box[-1].number if box else 1
        what = f"an accepted delivery without {', '.join(missing)}"
        raise Malformed(what, line=last, expected="a box with delivery number, records and totals")
    return told


# --- F -------------------------------------------------------------------------------------------------------------


class _Note:
    """An F note: what stands in the data file that has its name with D for F."""

    def __init__(self, file: FileView, settings: BetalingsserviceSettings) -> None:
        self._file = file
        self._settings = settings
        self._sections = self._items = self._amount = 0

    def records(self) -> Iterator[Record]:
        name = name_of(self._file)
        written = (line for line in lines(self._file, self._settings.encoding) if line.text.strip())
        last = 0
        patterns = (_NOTE_SYSTEM, _NOTE_TYPE, _NOTE_COLUMNS)
        heads = []
        for pattern, what in zip(patterns, ("SYSTEM", "LEVERANCETYPE", "the titles of the columns"), strict=True):
            line = next(written, Line(last + 1, ""))
            heads.append(_must_match(pattern, line, what))
            last = line.number
        delivery_type = heads[1][1].zfill(4)
        for line in written:
            last = line.number
            if found := _NOTE_SECTION.fullmatch(line.text):
                yield self._section(found, line.number)
            elif found := _NOTE_TOTALS.fullmatch(line.text):
                self._verify(found, line.number)
                yield self._receipt(name, heads[0][1], delivery_type, line.number)
                break
            else:
                _must_match(_NOTE_RULE, line, "a section or the totals")
        else:
            raise Malformed("the note is cut", line=last + 1, found="the end of the file", expected="ANTAL SECTIONER")
        if extra := next(written, None):
            raise Malformed(
                "more after the totals", line=extra.number, found=extra.text, expected="the end of the note"
            )

    def _section(self, found: re.Match[str], number: int) -> Kept:
        creditor, group, section = found[1], found[2], found[3].zfill(4)
        if self._settings.creditors and creditor not in self._settings.creditors:
            allowed = f"one of {', '.join(self._settings.creditors)}"
            raise _wrong(found, 1, number, "a section of a foreign creditor", allowed)
        items, amount = _count(found, 5, number), _amount(found, 6, number)
        self._sections += 1
        self._items += items
        self._amount += amount
        told = f"{items} records, {format_amount(amount)}"
        return Kept(number, section, f"Section {section} of creditor {creditor}, group {group}: {told}")

    def _verify(self, found: re.Match[str], number: int) -> None:
        for group, counted in ((1, self._sections), (2, self._items)):
            if _count(found, group, number) != counted:
                raise _wrong(found, group, number, "wrong count in the note", str(counted))
        if _amount(found, 3, number) != self._amount:
            raise _wrong(found, 3, number, "wrong total in the note", format_amount(self._amount))

    def _receipt(self, name: str, system: str, delivery_type: str, number: int) -> DeliveryReceipt:
        data_file = f"{_DATA[name[:1]]}{name[1:]}" if name[:1] in _DATA else ""
        told = f"{self._sections} sektioner, {self._items} records, {format_amount(self._amount)}"
        return DeliveryReceipt(
            record=number,
            verdict="note",
            file=data_file,
            delivery_type=delivery_type,
            delivery="",
            vendor_number="",
            at="",
            records=_NOT_SAID,
            sections=self._sections,
            items=self._items,
            texts_counted=_NOT_SAID,
            amount=self._amount,
            key="|".join(("nets", "receipt", "F", system, delivery_type, name)),
            text=f"Følgeseddel {delivery_type} for {data_file or 'en fil uden navn'}: {told}",
        )


# --- The gateway ---------------------------------------------------------------------------------------------------


def gateway_ending(name: str) -> str:
    """The ending that makes a name a gateway's note, as it stands in ``GATEWAY_VERDICTS``; "" = none."""
    return next((ending for ending in GATEWAY_VERDICTS if name.casefold().endswith(ending)), "")


def _gateway(file: FileView, settings: BetalingsserviceSettings) -> DeliveryReceipt:
    name = name_of(file)
    ending = gateway_ending(name)
    told = _plain(file.head, settings.encoding)
    return DeliveryReceipt(
        record=1,
        verdict=GATEWAY_VERDICTS[ending],
        file=name.removesuffix(name[-len(ending) :]),
        delivery_type="",
        delivery="",
        vendor_number="",
        at="",
        records=_NOT_SAID,
        sections=_NOT_SAID,
        items=_NOT_SAID,
        texts_counted=_NOT_SAID,
        amount=_NOT_SAID,
        key="|".join(("nets", "receipt", ending[1:].upper(), name)),
        text=f"Gateway {ending[1:].upper()}{f': {told[:_SHOWN_CHARACTERS_MAX]}' if told else ''}",
    )


def _plain(written: bytes, encoding: str) -> str:
    """What of it is text, in one line. The verdict stands in the name: no byte of this may hide that."""
    try:
        text = written.decode("utf-8")
    except UnicodeDecodeError:
        text = written.decode(encoding, "replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


# --- What they share -----------------------------------------------------------------------------------------------


def name_of(file: FileView) -> str:
    """The file's own name, which says what the receipt is about. Raises Malformed for one that none can have."""
    if len(file.name) > _NAME_CHARACTERS_MAX or not file.name.isprintable():
        what = f"a name of at most {_NAME_CHARACTERS_MAX} printable characters"
        raise Malformed("a receipt that names its file by its own name", found=file.name, expected=what)
    return file.name


def _must_match(pattern: re.Pattern[str], line: Line, what: str) -> re.Match[str]:
    found = pattern.fullmatch(line.text)
    if found is None:
        raise Malformed("not as a note has it", line=line.number, found=line.text, expected=what)
    return found


def _count(found: re.Match[str], group: int, number: int) -> int:
    """``1.300`` as 1300; printed without points it is taken as well."""
    text = found[group]
    digits = text.replace(".", "")
    if not (_THOUSANDS.fullmatch(text) or text.isdigit()) or len(digits) > _DIGITS_MAX:
        raise _wrong(found, group, number, "no number", f"{_DIGITS_MAX} digits at most, with a point before each three")
    return int(digits)


def _amount(found: re.Match[str], group: int, number: int) -> int:
    """``48.750,00`` as 4875000 øre."""
    text = found[group]
    if not (_KRONER.fullmatch(text) or text[:-3].isdigit()) or len(text.replace(".", "")) > _DIGITS_MAX:
        raise _wrong(found, group, number, "no amount", "kroner, with a point before each three and two decimals")
    return parse_amount(text)


def _wrong(found: re.Match[str], group: int, number: int, what: str, expected: str) -> Malformed:
    place = (found.start(group) + 1, found.end(group))
    return Malformed(what, line=number, positions=place, found=found[group], expected=expected)
