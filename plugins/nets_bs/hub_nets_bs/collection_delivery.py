"""A delivery 0601 of ours read back: every record in its order, and the collections that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from hub.plugin import Collection, Record
from hub.plugin.layout import Layout
from hub_nets_bs.counted import Counted
from hub_nets_bs.framing import foreign, must_equal, out_of_order
from hub_nets_bs.layouts import PAYMENT, refused
from hub_nets_bs.layouts_0601 import (
    ADDRESS,
    ADDRESS_LINES_MAX,
    OPTIONAL_NUMBER,
    POSTAL_NUMBER,
    SEPARATE_TEXT,
    SLIP,
    TEXT,
    TOTAL,
    Section,
    collection_layouts,
)
from hub_nets_bs.own_delivery import OwnDelivery, ReadRecord
from hub_nets_bs.records import NO_MANDATE, canonical_customer
from hub_nets_bs.settings import BetalingsserviceSettings

#: What each part of a collection may follow; after "payment" the collection may end, and the section with it.
_START = "start"
_ENDS = frozenset(("payment", "text", "separate_text"))
_FOLLOWS = {
    "address": {_START, "address", *_ENDS},
    "postal": {"address"},
    "optional": {"postal"},
    "payment": {"postal", "optional"},
    "text": _ENDS,
    "separate_text": _ENDS,
}
_PART_OF_TYPE = {ADDRESS: "address", PAYMENT: "payment", TEXT: "text", SEPARATE_TEXT: "separate_text"}
_PART_OF_NUMBER = {b"%05d" % POSTAL_NUMBER: "postal", b"%05d" % OPTIONAL_NUMBER: "optional"}

#: ``Collection.channel`` of each section, and the postal code and country of other than Danish addresses.
CHANNELS: dict[Section, str] = {TOTAL: "total", SLIP: "slip"}
FOREIGN_POSTAL_CODE = "0000"
DENMARK = "DK"


def read(stream: BinaryIO, settings: BetalingsserviceSettings) -> Iterator[Record]:
    """The collections of a delivery in file order, then a remark on what its gaps hold. Raises Malformed."""
    delivery = CollectionDelivery(stream, settings.encoding)
    yield from delivery.collections()
    yield from delivery.gaps.remarks()


class CollectionDelivery(OwnDelivery):
    """One delivery of any age: bank account in BS012, optional functions, separate texts are kept as they are."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        super().__init__(stream, encoding)
        self._layouts = collection_layouts(encoding)
        self.delivery_start = self._layouts.delivery_start
        self.section_start = self._layouts.section_start
        self.section_end = self._layouts.section_end
        self.delivery_end = self._layouts.delivery_end
        #: The part read last, and of the collection being read: its first record, its BS042, its lines so far.
        self._part = _START
        self._first: Any = None
        self._payment: Any = None
        self._addresses = 0
        self._texts = 0

    def collections(self) -> Iterator[Collection]:
        """The collections in file order, numbered from 1. Raises Malformed, also after the last one."""
        number = 0
        start: Any = None
        parts: dict[Layout, list[Any]] = {}
        for _, layout, row, _ in self.records():
            if layout is self.section_start:
                start = row
            begins = layout is self._layouts.address and row.number == 1
            if parts and (begins or layout is self.section_end):
                number += 1
                yield self._collection(number, start, parts)
                parts = {}
            if begins or parts:
                parts.setdefault(layout, []).append(row)

    def _member(self, line: int, record: bytes, start: Any, counted: Counted) -> ReadRecord:
        part = _part(record)
        if part is None or self._part not in _FOLLOWS[part]:
            raise out_of_order(line, record, self._expected(start.section))
        read = self._take(self._layout(part, start.section), line, record)
        is_first = part == "address" and self._part != "address"
        if is_first:
            self._first, self._addresses, self._texts = read.row, 0, 0
        self._part = part
        if part == "separate_text":
            if read.row.creditor != start.creditor:
                raise refused(read.layout, "creditor", line, "not of its section", read.row.creditor, start.creditor)
            counted.texts += 1
            return read
        if read.row.creditor != start.creditor or read.row.group != start.group:
            raise foreign(read.layout, line, read.row, start)
        must_equal(read.layout, "customer", line, read.row, self._first.customer, "not of its collection")
        self._count(part, read, counted)
        return read

    def _close(self, line: int, record: bytes) -> None:
        if self._part not in {_START, *_ENDS}:
            raise out_of_order(line, record, "the rest of the collection, BS042 at least")
        self._part = _START

    def _count(self, part: str, read: ReadRecord, counted: Counted) -> None:
        line, layout, row, _ = read
        if part == "text":
            self._texts += 1
            must_equal(layout, "number", line, row, self._texts, "a text out of its order")
            must_equal(layout, "mandate", line, row, self._payment.mandate, "not of its collection")
            counted.texts += 1
        elif part == "payment":
            if row.sign == 0 and row.amount:
                raise refused(layout, "amount", line, "sign code 0 (no amount) with an amount", row.amount, "zeros")
            self._payment = row
            counted.payments += 1
            counted.net_amount += row.sign * row.amount
        else:
            counted.addresses += 1
        if part == "address":
            self._addresses += 1
            must_equal(layout, "number", line, row, self._addresses, "a line of the address out of its order")
            if self._addresses > ADDRESS_LINES_MAX:
                what = "too many lines of name and address"
                raise refused(layout, "number", line, what, row.number, f"at most {ADDRESS_LINES_MAX}")

    def _layout(self, part: str, section: Any) -> Layout:
        if part == "payment":
            return self._layouts.payment[section]
        layout: Layout = getattr(self._layouts, part)
        return layout

    def _expected(self, section: str) -> str:
        after = ", ".join(part.replace("_", " ") for part, before in _FOLLOWS.items() if self._part in before)
        return f"one of section {section}: {after}" + (", or BS092" if self._part in {_START, *_ENDS} else "")

    def _collection(self, number: int, start: Any, parts: dict[Layout, list[Any]]) -> Collection:
        layouts = self._layouts
        (payment,), (postal,) = parts[layouts.payment[start.section]], parts[layouts.postal]
        is_foreign = postal.postal_code == FOREIGN_POSTAL_CODE
        return Collection(
            record=number,
            creditor=start.creditor,
            group=start.group,
            channel=CHANNELS[start.section],
            heading=start.heading,
            customer=canonical_customer(payment.customer),
            mandate="" if payment.mandate == NO_MANDATE else payment.mandate,
            due_date=payment.due,
            amount=payment.sign * payment.amount,
            reference=payment.reference,
            payment_id=payment.payment_id if payment.payment_id.strip("0") else "",
            address=tuple(row.line for row in parts[layouts.address]),
            postal_code="" if is_foreign else postal.postal_code,
            country=postal.country or ("" if is_foreign else DENMARK),
            texts=tuple(row.text for row in parts.get(layouts.text, ())),
        )


def _part(record: bytes) -> str | None:
    part = _PART_OF_TYPE.get(record[:5])
    return _PART_OF_NUMBER.get(record[17:22], part) if part == "address" else part
