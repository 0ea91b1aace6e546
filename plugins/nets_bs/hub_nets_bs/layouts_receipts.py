"""The first line of receipts, and any other line of an envelope: ``PBCNET`` and two digits."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from construct import Struct

from hub.plugin.layout import Day, Digits, Gap, Layout, Literal, Text
from hub_nets_bs.layouts import ENVELOPE, RECORD_BYTES

TRANSMITTED, VALIDATED = b"PBCNET40", b"PBCNET41"


class Unread(Gap):
    """Bytes that nobody looks at: real envelopes have some that are no text."""


class ReceiptLayouts(NamedTuple):
    transmitted: Layout
    validated: Layout
    #: Of a line before a delivery; it is not read, only shown.
    envelope: Layout


@cache
def receipt_layouts(encoding: str) -> ReceiptLayouts:
    return ReceiptLayouts(
        transmitted=_receipt(TRANSMITTED, encoding),
        validated=_receipt(VALIDATED, encoding),
        envelope=_envelope(),
    )


def _receipt(start: bytes, encoding: str) -> Layout:
    return Layout(
        start.decode(),
        Struct(
            "record_type" / Literal(start),
            "subsystem" / Text(3, encoding),
            # What the sender called it, a blank, date and number, two blanks and the delivery number; or the gateway's.
            "transmission" / Text(17, encoding),
            "on" / Day("YYMMDD"),
            "at" / Digits(6),
            "plus" / Literal(b"+"),
            "code" / Text(4, encoding),
            "said" / Text(RECORD_BYTES - 45, encoding),
        ),
    )


def _envelope() -> Layout:
    return Layout(
        "PBCNET",
        Struct(
            "record_type" / Literal(ENVELOPE),
            "number" / Unread(2),
            "subsystem" / Unread(3),
            "transmission" / Unread(17),
            "rest" / Unread(RECORD_BYTES - 28),
        ),
    )
