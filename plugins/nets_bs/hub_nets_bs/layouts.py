"""The records of delivery 0602 (payment information), 128 bytes each, and what all deliveries share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from construct import Struct

from hub.plugin import Malformed
from hub.plugin.layout import Amount, Choice, Day, Digits, Gap, Layout, Literal, Number, Refused, Text, View
from hub_nets_bs.records import AUTOMATIC, SECTION_OF_CODE, SLIP, Section

RECORD_BYTES = 128
PAYMENT_INFORMATION = "0602"

DELIVERY_START = b"BS002"
SECTION_START = b"BS012"
PAYMENT = b"BS042"
SECTION_END = b"BS092"
DELIVERY_END = b"BS992"
ENVELOPE = b"PBCNET"
ENVELOPE_START = b"PBCNET00"
ENVELOPE_END = b"PBCNET90"


class Layouts(NamedTuple):
    """Every layout of a delivery, text in one encoding."""

    delivery_start: Layout
    section_start: Layout
    payment: dict[Section, Layout]
    text: dict[bytes, Layout]
    section_end: Layout
    delivery_end: Layout
    envelope_end: Layout


class DayOrNone(Day):
    """A date that no source says must be there, nor how its absence is written: zeros and blanks are both none."""

    def load(self, raw: bytes, pivot: date | None = None) -> date | None:
        if not raw.strip(b" "):
            return None
        try:
            return super().load(raw, pivot)
        except Refused as refused:
            raise Refused(raw, f"{refused.expected} or blanks") from None


class _BlankGap(Gap):
    """A gap whose content stops the reader, so that none is overlooked and looking for it costs the others nothing."""

    def load(self, raw: bytes, pivot: date | None = None) -> None:
        if raw.strip(b" "):
            raise Refused(raw, "blanks")

    def inline(self, raw: str, bind: Callable[[object], str]) -> tuple[str, str]:
        return f"{raw} == {bind(b' ' * self.size)}", "None"


@cache
def layouts(encoding: str) -> Layouts:
    return Layouts(
        delivery_start=delivery_start(PAYMENT_INFORMATION, encoding),
        section_start=_section_start(),
        payment={AUTOMATIC: _automatic(encoding), SLIP: _slip(encoding)},
        text={start: _text(start, encoding) for start in (b"BS022", b"BS052", b"BS062")},
        section_end=section_end(AUTOMATIC, SLIP),
        delivery_end=delivery_end(PAYMENT_INFORMATION, encoding),
        envelope_end=envelope_end(),
    )


def refused(layout: Layout, field: str, line: int, what: str, found: object, expected: object) -> Malformed:
    """The refusal of a field whose value is readable and yet cannot be."""
    place = next(place for place in layout.fields if place.name == field)
    return Malformed(what, line=line, positions=(place.first, place.last), field=field, found=found, expected=expected)


def delivery_start(delivery_type: str, encoding: str) -> Layout:
    """BS002 of every delivery."""
    return Layout(
        "BS002",
        Struct(
            "record_type" / Literal(DELIVERY_START),
            "data_supplier" / Digits(8),
            "subsystem" / Text(3, encoding),
            "delivery_type" / Literal(delivery_type.encode("ascii")),
            "delivery" / Digits(10),
            Gap(19),
            "created" / Day("DDMMYY"),
            Gap(73),
        ),
    )


def _section_start() -> Layout:
    return Layout(
        "BS012",
        Struct(
            "record_type" / Literal(SECTION_START),
            "creditor" / Digits(8),
            "section" / one_of(AUTOMATIC, SLIP),
            "zeros" / Literal(b"000"),
            "group" / Digits(5),
            Gap(24),
            "date" / DayOrNone("DDMMYY", zeros="none"),
            Gap(73),
        ),
    )


def _automatic(encoding: str) -> Layout:
    return Layout(
        "BS042 in section 0211",
        Struct(
            "record_type" / Literal(PAYMENT),
            "creditor" / few(8),
            "code" / _codes(AUTOMATIC),
            "zeros" / Literal(b"000"),
            "group" / few(5),
            "customer" / Text(15, encoding),
            "mandate" / Digits(9),
            "due" / Day("DDMMYY", zeros="none"),
            "sign" / _sign(),
            "amount_due" / Amount(13),
            "reference" / Text(30, encoding),
            "gap" / _BlankGap(4),
            "paid_on" / Day("DDMMYY", zeros="none"),
            "booked_on" / Day("DDMMYY", zeros="none"),
            "paid" / Amount(13),
        ),
    )


def _slip(encoding: str) -> Layout:
    return Layout(
        "BS042 in section 0215",
        Struct(
            "record_type" / Literal(PAYMENT),
            "creditor" / few(8),
            "code" / _codes(SLIP),
            "zeros" / Literal(b"000"),
            "group" / few(5),
            "payment_id_start" / Digits(4),
            "customer" / Text(15, encoding),
            "card_type" / Digits(2),
            "fee_sign" / Digits(1),
            "fee" / Amount(5),
            "due" / Day("DDMMYY", zeros="none"),
            "sign" / _sign(),
            "amount_due" / Amount(13),
            "reference" / Text(9, encoding),
            "archive_reference" / Text(22, encoding),
            "paid_on" / Day("DDMMYY", zeros="none"),
            "booked_on" / Day("DDMMYY", zeros="none"),
            "paid" / Amount(13),
            "payment_id" / View(26, 44, Text(19, encoding)),
        ),
    )


def _text(start: bytes, encoding: str) -> Layout:
    """BS022 (payer's address) and BS052, BS062 (payer's text): their fields are known to nobody we could ask."""
    return Layout(
        start.decode("ascii"),
        Struct("record_type" / Literal(start), "creditor" / Digits(8), "content" / Text(115, encoding)),
    )


def section_end(*sections: str) -> Layout:
    """BS092 of 0602 and 0603."""
    return Layout(
        "BS092",
        Struct(
            "record_type" / Literal(SECTION_END),
            "creditor" / Digits(8),
            "section" / one_of(*sections),
            "zeros" / Literal(b"000"),
            "group" / Digits(5),
            Gap(6),
            "payments" / Number(11),
            "net_amount" / Amount(15),
            "texts" / Number(11),
            Gap(15),
            "addresses" / Number(11),
            Gap(34),
        ),
    )


def delivery_end(delivery_type: str, encoding: str) -> Layout:
    """BS992 of every delivery but 0621."""
    return Layout(
        "BS992",
        Struct(
            "record_type" / Literal(DELIVERY_END),
            "data_supplier" / Digits(8),
            "subsystem" / Text(3, encoding),
            "delivery_type" / Literal(delivery_type.encode("ascii")),
            "sections" / Number(11),
            "payments" / Number(11),
            "net_amount" / Amount(15),
            "texts" / Number(11),
            "zeros" / Literal(b"0" * 15),
            "addresses" / Number(11),
            # Looked at, since a file cut in here would otherwise pass for a whole one.
            "last_zeros" / Literal(b"0" * 34),
        ),
    )


def envelope_start() -> Layout:
    """The line before a delivery of ours in an envelope."""
    return Layout("PBCNET00", Struct("record_type" / Literal(ENVELOPE_START), "transmission" / Text(20), Gap(100)))


def envelope_end() -> Layout:
    """The line after a delivery in an envelope; it counts what stands between the envelope's lines."""
    return Layout(
        "PBCNET90",
        Struct("record_type" / Literal(ENVELOPE_END), "transmission" / Text(20), "records" / Number(6), Gap(94)),
    )


def _codes(section: Section) -> Choice:
    return one_of(*(code for code, its_section in SECTION_OF_CODE.items() if its_section == section))


def few(size: int) -> Digits:
    """Digits that are the same in all records of a section."""
    digits = Digits(size)
    digits.remembered = True
    return digits


def one_of(*values: str) -> Choice:
    """A code that is its own value."""
    codes: dict[bytes, Any] = {value.encode("ascii"): value for value in values}
    return Choice(codes)


def _sign() -> Choice:
    """0 no amount, 1 collection (the debtor pays), 2 disbursement (the creditor pays)."""
    return Choice({b"0": 0, b"1": 1, b"2": -1})
