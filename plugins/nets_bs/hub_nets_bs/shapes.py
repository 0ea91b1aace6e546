"""Which layout a line of a file has: by its first bytes, and by delivery, section and transaction code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from hub.plugin.layout import Layout
from hub_nets_bs.layouts import (
    DELIVERY_END,
    DELIVERY_START,
    ENVELOPE,
    ENVELOPE_END,
    PAYMENT,
    PAYMENT_INFORMATION,
    SECTION_END,
    SECTION_START,
    delivery_end,
    delivery_start,
    envelope_end,
    layouts,
)
from hub_nets_bs.layouts_0601 import (
    ADDRESS,
    CODES,
    COLLECTIONS,
    OPTIONAL_NUMBER,
    POSTAL_NUMBER,
    SEPARATE_TEXT,
    TEXT,
    collection_layouts,
)
from hub_nets_bs.layouts_0603 import MANDATES, mandate_layouts
from hub_nets_bs.layouts_0605 import ORDERS, order_layouts
from hub_nets_bs.layouts_0621 import INFORMATION, INFORMATION_RECORD, information_layouts
from hub_nets_bs.layouts_receipts import TRANSMITTED, VALIDATED, receipt_layouts
from hub_nets_bs.records import SECTION_OF_CODE

_CODE_AT = 13


class Shape(NamedTuple):
    """A layout and the records that have it; what is empty does not matter."""

    start: bytes
    layout: Layout
    section: str = ""
    #: From position 14 on.
    code: bytes = b""


@cache
def shapes(delivery_type: str, encoding: str) -> tuple[Shape, ...]:
    """Of all records of a delivery of this type, the envelope's included; of an unknown type only what all share."""
    known = _OF_TYPE.get(delivery_type)
    own = known(encoding) if known else _of_any(encoding)
    receipt = receipt_layouts(encoding)
    return (
        *own,
        Shape(ENVELOPE_END, envelope_end()),
        Shape(TRANSMITTED, receipt.transmitted),
        Shape(VALIDATED, receipt.validated),
        Shape(ENVELOPE, receipt.envelope),
    )


def layout_of(record: bytes, section: str, known: tuple[Shape, ...]) -> Layout | None:
    """The layout that fits this record best, though its code may be undefined; None for a start that none has."""
    fitting = [shape for shape in known if record.startswith(shape.start)]
    if not fitting:
        return None
    coded = [shape for shape in fitting if record.startswith(shape.code, _CODE_AT)]
    if not coded:
        return max(fitting, key=lambda shape: shape.section == section).layout
    return max(coded, key=lambda shape: (len(shape.start), len(shape.code), shape.section in ("", section))).layout


def _payments(encoding: str) -> Iterator[Shape]:
    made = layouts(encoding)
    yield from _frame(made.delivery_start, made.section_start, made.section_end, made.delivery_end)
    for code, section in SECTION_OF_CODE.items():
        yield Shape(PAYMENT, made.payment[section], section, code.encode())
    for start, layout in made.text.items():
        yield Shape(start, layout)


def _mandates(encoding: str) -> Iterator[Shape]:
    made = mandate_layouts(encoding)
    yield from _frame(made.delivery_start, made.section_start, made.section_end, made.delivery_end)
    for section, layout in made.record.items():
        yield Shape(PAYMENT, layout, section)


def _information(encoding: str) -> Iterator[Shape]:
    made = information_layouts(encoding)
    yield from _frame(made.delivery_start, made.section_start, made.section_end, made.delivery_end)
    for code, layout in made.record.items():
        yield Shape(INFORMATION_RECORD, layout, code=code)
    yield Shape(INFORMATION_RECORD[:2], made.unknown)


def _collections(encoding: str) -> Iterator[Shape]:
    made = collection_layouts(encoding)
    yield from _frame(made.delivery_start, made.section_start, made.section_end, made.delivery_end)
    for section, layout in made.payment.items():
        yield Shape(PAYMENT, layout, section, CODES[section].encode())
    yield Shape(ADDRESS, made.address)
    yield Shape(ADDRESS, made.postal, code=b"0240%05d" % POSTAL_NUMBER)
    yield Shape(ADDRESS, made.optional, code=b"0240%05d" % OPTIONAL_NUMBER)
    yield Shape(TEXT, made.text)
    yield Shape(SEPARATE_TEXT, made.separate_text)


def _orders(encoding: str) -> Iterator[Shape]:
    made = order_layouts(encoding)
    yield from _frame(made.delivery_start, made.section_start, made.section_end, made.delivery_end)
    for section, layout in made.order.items():
        yield Shape(PAYMENT, layout, section)


def _of_any(encoding: str) -> Iterator[Shape]:
    """Of a delivery whose type cannot be known, for a person to see at least where it begins and ends."""
    yield Shape(DELIVERY_START, delivery_start(PAYMENT_INFORMATION, encoding))
    yield Shape(DELIVERY_END, delivery_end(PAYMENT_INFORMATION, encoding))


def _frame(start: Layout, section_start: Layout, section_end: Layout, end: Layout) -> Iterator[Shape]:
    yield Shape(DELIVERY_START, start)
    yield Shape(SECTION_START, section_start)
    yield Shape(SECTION_END, section_end)
    yield Shape(DELIVERY_END, end)


_OF_TYPE: dict[str, Callable[[str], Iterator[Shape]]] = {
    PAYMENT_INFORMATION: _payments,
    MANDATES: _mandates,
    INFORMATION: _information,
    COLLECTIONS: _collections,
    ORDERS: _orders,
}
