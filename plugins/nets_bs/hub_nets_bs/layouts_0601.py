"""The records of delivery 0601 (collections), 128 bytes each, as the provider's guides place them.

What a guide calls filler is a gap. Where deliveries of different years differ, the field is a text that keeps what it
holds: bank account in BS012, payment identification and the end of BS042, BS062 as a whole.
"""

from __future__ import annotations

from functools import cache
from typing import Literal as OneOf
from typing import NamedTuple

from construct import Struct

from hub.plugin.layout import Amount, Choice, Day, Digits, Gap, Layout, Literal, Number, Text
from hub_nets_bs.layouts import PAYMENT, SECTION_END, SECTION_START, delivery_end, delivery_start, one_of
from hub_nets_bs.person_number import PersonNumber

COLLECTIONS = "0601"

Section = OneOf["0112", "0117"]
#: Automatic payment with a mandate, the provider's slip without; and slips only.
TOTAL: Section = "0112"
SLIP: Section = "0117"
#: Transaction code of a section's BS042.
CODES: dict[Section, str] = {TOTAL: "0280", SLIP: "0285"}

ADDRESS = b"BS022"
TEXT = b"BS052"
#: "Separate text to the debtor": counted with BS052; its fields are known to nobody we could ask.
SEPARATE_TEXT = b"BS062"

#: BS022 with this record number holds the postal code, or what is optional; others hold lines of name and address.
POSTAL_NUMBER = 9
OPTIONAL_NUMBER = 10
ADDRESS_LINES_MAX = 5


class CollectionLayouts(NamedTuple):
    """Every layout of a delivery, text in one encoding."""

    delivery_start: Layout
    section_start: Layout
    address: Layout
    postal: Layout
    optional: Layout
    payment: dict[Section, Layout]
    text: Layout
    separate_text: Layout
    section_end: Layout
    delivery_end: Layout


@cache
def collection_layouts(encoding: str) -> CollectionLayouts:
    return CollectionLayouts(
        delivery_start=delivery_start(COLLECTIONS, encoding),
        section_start=_section_start(encoding),
        address=_address(encoding),
        postal=_postal(encoding),
        optional=_optional(encoding),
        payment={section: _payment(section, code, encoding) for section, code in CODES.items()},
        text=_text(encoding),
        separate_text=_separate_text(encoding),
        section_end=_section_end(),
        delivery_end=delivery_end(COLLECTIONS, encoding),
    )


def _section_start(encoding: str) -> Layout:
    return Layout(
        "BS012",
        Struct(
            "record_type" / Literal(SECTION_START),
            "creditor" / Digits(8),
            "section" / one_of(*CODES),
            Gap(5),
            "group" / Digits(5),
            "user_id" / Text(15, encoding),
            Gap(4),
            "date" / Day("DDMMYYYY", zeros="none"),
            "bank_registration" / Text(4, encoding),
            "bank_account" / Text(10, encoding),
            "heading" / Text(60, encoding),
        ),
    )


def _address(encoding: str) -> Layout:
    return Layout(
        "BS022",
        Struct(
            "record_type" / Literal(ADDRESS),
            "creditor" / Digits(8),
            "code" / Literal(b"0240"),
            "number" / Number(5),
            "group" / Digits(5),
            "customer" / Text(15, encoding),
            "mandate" / Digits(9),
            "line" / Text(35, encoding),
            Gap(42),
        ),
    )


def _postal(encoding: str) -> Layout:
    """The town is not sent: the provider knows it by the postal code, 0000 for a foreign address."""
    return Layout(
        "BS022 00009",
        Struct(
            "record_type" / Literal(ADDRESS),
            "creditor" / Digits(8),
            "code" / Literal(b"0240"),
            "number" / Literal(b"%05d" % POSTAL_NUMBER),
            "group" / Digits(5),
            "customer" / Text(15, encoding),
            "mandate" / Digits(9),
            Gap(15),
            "postal_code" / Digits(4),
            "country" / Text(3, encoding),
            Gap(55),
        ),
    )


def _optional(encoding: str) -> Layout:
    """What the two flags mean, no source says."""
    return Layout(
        "BS022 00010",
        Struct(
            "record_type" / Literal(ADDRESS),
            "creditor" / Digits(8),
            "code" / Literal(b"0240"),
            "number" / Literal(b"%05d" % OPTIONAL_NUMBER),
            "group" / Digits(5),
            "customer" / Text(15, encoding),
            Gap(40),
            "payer_id" / PersonNumber(10),
            "first_flag" / Text(1, encoding),
            "second_flag" / Text(1, encoding),
            Gap(34),
        ),
    )


def _payment(section: Section, code: str, encoding: str) -> Layout:
    return Layout(
        f"BS042 in section {section}",
        Struct(
            "record_type" / Literal(PAYMENT),
            "creditor" / Digits(8),
            "code" / Literal(code.encode("ascii")),
            "number" / Literal(b"00000"),
            "group" / Digits(5),
            "customer" / Text(15, encoding),
            "mandate" / Digits(9),
            "due" / Day("DDMMYYYY"),
            # 0 no amount, 1 collection (the debtor pays), 2 disbursement (the creditor pays).
            "sign" / Choice({b"0": 0, b"1": 1, b"2": -1}),
            "amount" / Amount(13),
            "reference" / Text(30, encoding),
            "zeros" / Literal(b"00"),
            "payment_id" / Text(15, encoding),
            "end" / Text(8, encoding),
        ),
    )


def _text(encoding: str) -> Layout:
    return Layout(
        "BS052",
        Struct(
            "record_type" / Literal(TEXT),
            "creditor" / Digits(8),
            "code" / Literal(b"0241"),
            "number" / Number(5),
            "group" / Digits(5),
            "customer" / Text(15, encoding),
            "mandate" / Digits(9),
            "control" / Text(1, encoding),
            "text" / Text(60, encoding),
            Gap(16),
        ),
    )


def _separate_text(encoding: str) -> Layout:
    return Layout(
        "BS062",
        Struct("record_type" / Literal(SEPARATE_TEXT), "creditor" / Digits(8), "content" / Text(115, encoding)),
    )


def _section_end() -> Layout:
    return Layout(
        "BS092",
        Struct(
            "record_type" / Literal(SECTION_END),
            "creditor" / Digits(8),
            "section" / one_of(*CODES),
            "zeros" / Literal(b"00000"),
            "group" / Digits(5),
            Gap(4),
            "payments" / Number(11),
            "net_amount" / Amount(15),
            "texts" / Number(11),
            Gap(15),
            "addresses" / Number(11),
            Gap(34),
        ),
    )
