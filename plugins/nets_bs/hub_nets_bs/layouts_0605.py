"""The records of delivery 0605 (orders on mandates), 128 bytes each: creating (0120) and cancelling (0126) one.

No guide was seen; the positions are those of two or three programs that send it. They differ in a filler of BS012 and
in the end of BS092: both forms are read, the more frequent one is written.
"""

from __future__ import annotations

from functools import cache
from typing import Literal as OneOf
from typing import NamedTuple

from construct import Struct

from hub.plugin.layout import Digits, Gap, Layout, Literal, Number, Text
from hub_nets_bs.layouts import PAYMENT, SECTION_END, SECTION_START, delivery_end, delivery_start, one_of
from hub_nets_bs.person_number import PersonNumber

ORDERS = "0605"

Section = OneOf["0120", "0126"]
CREATE: Section = "0120"
CANCEL: Section = "0126"

#: Positions 18-20 of BS012: two programs write zeros, one blanks.
FILLERS = ("000", "   ")
#: Positions 90-128 of BS092: two programs write zeros, one blanks.
ENDS = ("0" * 39, " " * 39)


class OrderLayouts(NamedTuple):
    """Every layout of a delivery, text in one encoding."""

    delivery_start: Layout
    section_start: Layout
    order: dict[Section, Layout]
    section_end: Layout
    delivery_end: Layout


@cache
def order_layouts(encoding: str) -> OrderLayouts:
    return OrderLayouts(
        delivery_start=delivery_start(ORDERS, encoding),
        section_start=_section_start(encoding),
        order={CREATE: _create(encoding), CANCEL: _cancel(encoding)},
        section_end=_section_end(),
        delivery_end=delivery_end(ORDERS, encoding),
    )


def _section_start(encoding: str) -> Layout:
    return Layout(
        "BS012",
        Struct(
            "record_type" / Literal(SECTION_START),
            "creditor" / Digits(8),
            "section" / one_of(CREATE, CANCEL),
            "filler" / one_of(*FILLERS),
            "user_id" / Text(15, encoding),
            Gap(9),
            "zeros" / Literal(b"000000"),
            Gap(78),
        ),
    )


def _create(encoding: str) -> Layout:
    return Layout(
        "BS042 in section 0120",
        Struct(
            "record_type" / Literal(PAYMENT),
            "creditor" / Digits(8),
            "code" / Literal(b"0200"),
            "number" / Literal(b"000"),
            "group" / Digits(5),
            "customer" / Text(15, encoding),
            # No mandate yet, no dates.
            "no_mandate" / Literal(b"0" * 21),
            "payer_id" / PersonNumber(10),
            Gap(10),
            "bank_registration" / Digits(4),
            Gap(4),
            "bank_account" / Digits(10),
            Gap(10),
            "zeros" / Literal(b"00000"),
            Gap(14),
        ),
    )


def _cancel(encoding: str) -> Layout:
    return Layout(
        "BS042 in section 0126",
        Struct(
            "record_type" / Literal(PAYMENT),
            "creditor" / Digits(8),
            "code" / Literal(b"0257"),
            "number" / Literal(b"000"),
            "group" / Digits(5),
            "customer" / Text(15, encoding),
            "mandate" / Digits(9),
            "zeros" / Literal(b"0" * 79),
        ),
    )


def _section_end() -> Layout:
    return Layout(
        "BS092",
        Struct(
            "record_type" / Literal(SECTION_END),
            "creditor" / Digits(8),
            "section" / one_of(CREATE, CANCEL),
            Gap(9),
            "payments" / Number(11),
            "no_amount" / Literal(b"0" * 15),
            "no_texts" / Literal(b"0" * 11),
            Gap(15),
            "no_addresses" / Literal(b"0" * 11),
            "end" / one_of(*ENDS),
        ),
    )
