"""A delivery 0605 of ours read back: every record in its order, and the orders that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from hub.plugin import MandateOrder, Record
from hub_nets_bs.counted import Counted
from hub_nets_bs.framing import foreign, out_of_order
from hub_nets_bs.layouts import PAYMENT
from hub_nets_bs.layouts_0605 import CANCEL, CREATE, Section, order_layouts
from hub_nets_bs.own_delivery import OwnDelivery, ReadRecord
from hub_nets_bs.records import canonical_customer
from hub_nets_bs.settings import BetalingsserviceSettings

#: ``MandateOrder.order`` of each section.
ORDER_OF_SECTION: dict[Section, str] = {CREATE: "create", CANCEL: "cancel"}


def read(stream: BinaryIO, settings: BetalingsserviceSettings) -> Iterator[Record]:
    """The orders of a delivery in file order, then a remark on what its gaps hold. Raises Malformed."""
    delivery = OrderDelivery(stream, settings.encoding)
    yield from delivery.orders()
    yield from delivery.gaps.remarks()


class OrderDelivery(OwnDelivery):
    """One delivery; its older sections 0105 and 0125 are not known here and refused."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        super().__init__(stream, encoding)
        self._layouts = order_layouts(encoding)
        self.delivery_start = self._layouts.delivery_start
        self.section_start = self._layouts.section_start
        self.section_end = self._layouts.section_end
        self.delivery_end = self._layouts.delivery_end

    def orders(self) -> Iterator[MandateOrder]:
        """The orders in file order, numbered from 1. Raises Malformed, also after the last one."""
        number = 0
        for _, layout, row, _ in self.records():
            if layout not in self._layouts.order.values():
                continue
            number += 1
            is_new = layout is self._layouts.order[CREATE]
            yield MandateOrder(
                record=number,
                creditor=row.creditor,
                group=row.group,
                customer=canonical_customer(row.customer),
                order=ORDER_OF_SECTION[CREATE if is_new else CANCEL],
                mandate="" if is_new else row.mandate,
                payer_id=row.payer_id if is_new else "",
                bank_registration=row.bank_registration if is_new else "",
                bank_account=row.bank_account if is_new else "",
            )

    def _member(self, line: int, record: bytes, start: Any, counted: Counted) -> ReadRecord:
        if not record.startswith(PAYMENT):
            raise out_of_order(line, record, f"BS042 in section {start.section}, or BS092")
        read = self._take(self._layouts.order[start.section], line, record)
        if read.row.creditor != start.creditor:
            raise foreign(read.layout, line, read.row, start)
        counted.payments += 1
        return read

    def _close(self, line: int, record: bytes) -> None:
        """A section may end after any order."""
