"""The records of delivery 0621 (information material), as far as anybody has told: the rest are gaps.

Decoded from one real kind of delivery and one implementation; what is not named here is UNVERIFIED.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from construct import Struct

from hub.plugin.layout import Amount, Digits, Gap, Layout, Literal, Number, Text
from hub_nets_bs.layouts import (
    DELIVERY_END,
    SECTION_END,
    SECTION_START,
    DayOrNone,
    delivery_start,
    few,
    one_of,
)

INFORMATION = "0621"
SECTION = "0120"
INFORMATION_RECORD = b"BS022"
#: Transaction codes of a BS022: a line of a list, the result of an enrolment.
LIST_CODE, ENROLMENT_CODE = "0280", "0200"
#: Positions 18-20 of a BS022 with code 0280: a pair of records says one thing.
FIRST, SECOND = b"001", b"002"


class InformationLayouts(NamedTuple):
    """Every known layout of a delivery 0621, text in one encoding."""

    delivery_start: Layout
    section_start: Layout
    #: By code and, for a list, positions 18-20.
    record: dict[bytes, Layout]
    #: Of any other record in a section.
    unknown: Layout
    section_end: Layout
    delivery_end: Layout


@cache
def information_layouts(encoding: str) -> InformationLayouts:
    return InformationLayouts(
        delivery_start=delivery_start(INFORMATION, encoding),
        section_start=_section_start(),
        record={
            LIST_CODE.encode() + FIRST: _list_amounts(encoding),
            LIST_CODE.encode() + SECOND: _list_text(encoding),
            ENROLMENT_CODE.encode(): _enrolment(encoding),
        },
        unknown=_unknown(encoding),
        section_end=_section_end(),
        delivery_end=_delivery_end(encoding),
    )


def _section_start() -> Layout:
    return Layout(
        "BS012",
        Struct(
            "record_type" / Literal(SECTION_START),
            "creditor" / Digits(8),
            "section" / one_of(SECTION),
            Gap(3),
            "group" / Digits(5),
            Gap(29),
            "date" / DayOrNone("DDMMYY", zeros="none"),
            Gap(68),
        ),
    )


def _list_amounts(encoding: str) -> Layout:
    return Layout(
        "BS022 code 0280, first of a pair",
        Struct(
            "record_type" / Literal(INFORMATION_RECORD),
            "creditor" / few(8),
            "code" / one_of(LIST_CODE),
            "number" / Literal(FIRST),
            "group" / few(5),
            Gap(15),
            # Ends in 2 for slips, 0 for automatic payments; inferred.
            "payments_kind" / Text(16, encoding),
            "bank_registration" / Text(4, encoding),
            "bank_account" / Text(10, encoding),
            "paid_on" / DayOrNone("DDMMYY", zeros="none"),
            "other_date" / DayOrNone("DDMMYY", zeros="none"),
            "payments" / Number(9),
            "texts" / Number(9),
            "amount" / Amount(13),
            Gap(15),
        ),
    )


def _list_text(encoding: str) -> Layout:
    return Layout(
        "BS022 code 0280, second of a pair",
        Struct(
            "record_type" / Literal(INFORMATION_RECORD),
            "creditor" / few(8),
            "code" / one_of(LIST_CODE),
            "number" / Literal(SECOND),
            Gap(38),
            "amount" / Amount(13),
            "text" / Text(43, encoding),
            "text_number" / Text(6, encoding),
            Gap(8),
        ),
    )


def _enrolment(encoding: str) -> Layout:
    """Nothing but the text number is known: the content may hold a CPR number, and stays in the file."""
    return Layout(
        "BS022 code 0200",
        Struct(
            "record_type" / Literal(INFORMATION_RECORD),
            "creditor" / few(8),
            "code" / one_of(ENROLMENT_CODE),
            "content" / Text(97, encoding),
            "text_number" / Text(6, encoding),
            Gap(8),
        ),
    )


def _unknown(encoding: str) -> Layout:
    return Layout(
        "record of no known kind",
        Struct(
            "record_type" / Text(5, encoding),
            "creditor" / Text(8, encoding),
            "code" / Text(4, encoding),
            "content" / Text(111, encoding),
        ),
    )


def _section_end() -> Layout:
    return Layout(
        "BS092",
        Struct(
            "record_type" / Literal(SECTION_END),
            "creditor" / Digits(8),
            "section" / one_of(SECTION),
            Gap(3),
            "records" / Number(11),
            Gap(97),
        ),
    )


def _delivery_end(encoding: str) -> Layout:
    return Layout(
        "BS992",
        Struct(
            "record_type" / Literal(DELIVERY_END),
            "data_supplier" / Digits(8),
            "subsystem" / Text(3, encoding),
            "delivery_type" / Literal(INFORMATION.encode()),
            "sections" / Number(11),
            "records" / Number(11),
            Gap(86),
        ),
    )
