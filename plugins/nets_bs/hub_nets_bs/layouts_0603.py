"""The records of delivery 0603 (mandates and slip information), 128 bytes each."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from construct import Struct

from hub.plugin.layout import Amount, Choice, Day, Digits, Gap, Layout, Literal, Text
from hub_nets_bs.layouts import (
    PAYMENT,
    SECTION_START,
    DayOrNone,
    delivery_end,
    delivery_start,
    few,
    one_of,
    section_end,
)
from hub_nets_bs.records import ACTIVE, CHANGED, ELECTRONIC, MANDATE_TEXTS, SLIPS

MANDATES = "0603"
SECTIONS = (ACTIVE, CHANGED, SLIPS, ELECTRONIC)
LISTED_CODE = "0230"
SLIP_CODE = "0295"


class MandateLayouts(NamedTuple):
    """Every layout of a delivery 0603, text in one encoding; ``record`` by section."""

    delivery_start: Layout
    section_start: Layout
    record: dict[str, Layout]
    section_end: Layout
    delivery_end: Layout


@cache
def mandate_layouts(encoding: str) -> MandateLayouts:
    changes = tuple(code for code in MANDATE_TEXTS if code != LISTED_CODE)
    return MandateLayouts(
        delivery_start=delivery_start(MANDATES, encoding),
        section_start=_section_start(),
        record={
            ACTIVE: _mandate(ACTIVE, encoding, LISTED_CODE),
            CHANGED: _mandate(CHANGED, encoding, *changes),
            ELECTRONIC: _mandate(ELECTRONIC, encoding, LISTED_CODE),
            SLIPS: _slip(encoding),
        },
        section_end=section_end(*SECTIONS),
        delivery_end=delivery_end(MANDATES, encoding),
    )


def _section_start() -> Layout:
    return Layout(
        "BS012",
        Struct(
            "record_type" / Literal(SECTION_START),
            "creditor" / Digits(8),
            "section" / one_of(*SECTIONS),
            # Blank in real deliveries, zeros by one implementation.
            "zeros" / Choice({b"   ": "", b"000": "000"}),
            "group" / Digits(5),
            Gap(24),
            "date" / DayOrNone("DDMMYY", zeros="none"),
            Gap(73),
        ),
    )


def _mandate(section: str, encoding: str, *codes: str) -> Layout:
    return Layout(
        f"BS042 in section {section}",
        Struct(
            "record_type" / Literal(PAYMENT),
            "creditor" / few(8),
            "code" / one_of(*codes),
            "zeros" / Literal(b"000"),
            "group" / few(5),
            "customer" / Text(15, encoding),
            "mandate" / Digits(9),
            "start" / Day("DDMMYY", zeros="none"),
            "end" / Day("DDMMYY", zeros="none"),
            Gap(67),
        ),
    )


def _slip(encoding: str) -> Layout:
    return Layout(
        f"BS042 in section {SLIPS}",
        Struct(
            "record_type" / Literal(PAYMENT),
            "creditor" / few(8),
            "code" / one_of(SLIP_CODE),
            "zeros" / Literal(b"000"),
            "group" / few(5),
            "customer" / Text(15, encoding),
            "card_type" / Digits(2),
            "slip_creditor" / few(8),
            "payment_id" / Digits(19),
            "due" / Day("DDMMYY"),
            "amount" / Amount(13),
            "reference" / Text(9, encoding),
            Gap(31),
        ),
    )
