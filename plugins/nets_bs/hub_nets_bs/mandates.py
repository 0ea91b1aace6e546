"""A delivery 0603, mandates and slips, with every count and sum verified on the way (R6, R16)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, BinaryIO

from hub.plugin import MandateChange, Record, SlipIssued, format_amount
from hub.plugin.layout import Layout
from hub_nets_bs.framing import SECTION_CUT, Framing, cut, foreign, must_equal, out_of_order
from hub_nets_bs.layouts import PAYMENT, SECTION_END, refused
from hub_nets_bs.layouts_0603 import mandate_layouts
from hub_nets_bs.records import (
    CHANGED,
    REGISTERED,
    SLIPS,
    canonical_customer,
    has_right_check_digit,
    mandate_change,
    slip_issued,
)
from hub_nets_bs.settings import BetalingsserviceSettings

#: Records that a 0603 never has, as its trailers count them.
_NEVER = ("texts", "addresses")


def read(stream: BinaryIO, settings: BetalingsserviceSettings) -> Iterator[Record]:
    """MandateChange and SlipIssued in file order, then remarks. Raises Malformed."""
    delivery = Mandates(stream, settings)
    for _, record in delivery.rows():
        yield record
    yield from delivery.gaps.remarks()


class Mandates(Framing):
    """One delivery 0603 being read; a row is a record for the hub."""

    def __init__(self, stream: BinaryIO, settings: BetalingsserviceSettings) -> None:
        super().__init__(stream, settings)
        self.layouts = mandate_layouts(settings.encoding)
        self.delivery_start = self.layouts.delivery_start
        self._sections_read = self._records_read = self._amount = 0

    def _section(self, line: int, record: bytes, created: date) -> Iterator[tuple[int, MandateChange | SlipIssued]]:
        start = self._read_section_start(self.layouts.section_start, line, record, created)
        layout = self.layouts.record[start.section]
        amount, first = 0, line
        for line, record in self._lines:
            if record.startswith(SECTION_END):
                self._section_end(line, record, start, line - first - 1, amount)
                return
            if not record.startswith(PAYMENT):
                raise out_of_order(line, record, f"a record of section {start.section}")
            row = self._read(layout, line, record, created)
            if row.creditor != start.creditor or row.group != start.group:
                raise foreign(layout, line, row, start)
            if start.section == SLIPS:
                amount += row.amount
                yield line, _slip(layout, line, row)
            else:
                yield line, self._mandate(layout, line, row, start.section, created)
        raise cut(*SECTION_CUT, line)

    def _mandate(self, layout: Layout, line: int, row: Any, section: str, created: date) -> MandateChange:
        customer = canonical_customer(row.customer)
        if not customer:
            raise refused(layout, "customer", line, "a mandate of no customer", row.customer, "a customer number")
        if not row.mandate.strip("0"):
            raise refused(layout, "mandate", line, "a mandate without a number", "zeros", "nine digits")
        start, end = row.start, row.end
        if section == CHANGED and row.code != REGISTERED:
            if self.settings.cancellation_date == "start" or end is None:
                start, end = None, row.start
            if end is None:
                what = "a cancellation without a date"
                raise refused(layout, "end", line, what, "zeros", "a date DDMMYY here or in positions 50-55")
        elif section == CHANGED and start is None:
            raise refused(layout, "start", line, "a mandate without a first day", "zeros", "a date DDMMYY")
        return mandate_change(
            row.creditor,
            row.group,
            customer,
            row.mandate,
            row.code,
            start,
            end,
            section=section,
            listed=created,
            record=line,
        )

    def _section_end(self, line: int, record: bytes, start: Any, count: int, amount: int) -> None:
        layout = self.layouts.section_end
        end = self._read_section_end(layout, line, record, start, "group")
        _verify(layout, line, end, count, amount)
        self._sections_read += 1
        self._records_read += count
        self._amount += amount
        self._records += 2 + count

    def _verify_end(self, line: int, record: bytes, start: Any) -> None:
        layout = self.layouts.delivery_end
        end = self._read_delivery_end(layout, line, record, start)
        must_equal(layout, "sections", line, end, self._sections_read, "wrong count in the trailer BS992")
        _verify(layout, line, end, self._records_read, self._amount)


def _slip(layout: Layout, line: int, row: Any) -> SlipIssued:
    if not row.payment_id.strip("0"):
        raise refused(layout, "payment_id", line, "a slip without a payment identification", "zeros", "19 digits")
    if not has_right_check_digit(row.payment_id):
        what = "a payment identification whose last digit is no check digit (modulus 10)"
        raise refused(layout, "payment_id", line, what, row.payment_id, "the right check digit")
    return slip_issued(
        row.creditor,
        row.group,
        canonical_customer(row.customer),
        row.payment_id.lstrip("0"),
        row.amount,
        row.due,
        row.reference,
        card_type=row.card_type,
        slip_creditor=row.slip_creditor,
        record=line,
    )


def _verify(layout: Layout, line: int, trailer: Any, count: int, amount: int) -> None:
    wrong = f"wrong count in the trailer {layout.title}"
    must_equal(layout, "payments", line, trailer, count, wrong)
    for field in _NEVER:
        must_equal(layout, field, line, trailer, 0, wrong)
    if trailer.net_amount != amount:
        found, expected = format_amount(trailer.net_amount), format_amount(amount)
        raise refused(layout, "net_amount", line, f"wrong total in the trailer {layout.title}", found, expected)
