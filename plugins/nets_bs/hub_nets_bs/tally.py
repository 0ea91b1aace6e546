"""Counts a delivery while it is shown, past everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.plugin import format_amount
from hub.plugin.layout import Layout
from hub_nets_bs.delivery import with_blank_payment_read
from hub_nets_bs.layouts import (
    DELIVERY_END,
    DELIVERY_START,
    ENVELOPE,
    ENVELOPE_END,
    PAYMENT,
    SECTION_END,
    SECTION_START,
)
from hub_nets_bs.records import CHARGED_BACK
from hub_nets_bs.settings import CHARGEBACK_FACTORS, ChargebackRule

_ADDRESS = b"BS022"
_TEXTS = (b"BS052", b"BS062")
_CHARGEBACK_CODES = frozenset(CHARGED_BACK.values())

#: What may come next, by what came last; a frame record found elsewhere is out of order, and read all the same.
_START, _DELIVERY, _SECTION, _END = (
    "BS002, the start of a delivery",
    "BS012 or BS992",
    "a record of the section, or BS092",
    "nothing more after the end of the delivery",
)
_AFTER = {
    DELIVERY_START: (_START, _DELIVERY),
    SECTION_START: (_DELIVERY, _SECTION),
    SECTION_END: (_SECTION, _DELIVERY),
    DELIVERY_END: (_DELIVERY, _END),
}


@dataclass
class _Sums:
    payments: int = 0
    texts: int = 0
    addresses: int = 0
    sections: int = 0
    paid: int = 0
    charged_back: int = 0
    #: False after an amount that nobody can read: then no total can be wrong.
    are_known: bool = True

    def add(self, section: _Sums) -> None:
        self.payments += section.payments
        self.texts += section.texts
        self.addresses += section.addresses
        self.sections += 1
        self.paid += section.paid
        self.charged_back += section.charged_back
        self.are_known = self.are_known and section.are_known


@dataclass
class Tally:
    """Fed with one record after the other, whatever they are."""

    rules: Sequence[ChargebackRule]
    #: Number of the section that the last BS012 began.
    section: str = ""
    _expected: str = _START
    _in_section: _Sums = field(default_factory=_Sums)
    _in_delivery: _Sums = field(default_factory=_Sums)
    _records: int = 0

    def as_read(self, record: bytes) -> bytes:
        """The record as reading takes it: a cancelled collection may leave its payment blank."""
        return with_blank_payment_read(record) if record.startswith(PAYMENT) else record

    def unknown(self) -> str:
        """Counts a record that has no layout, and says what is wrong with that."""
        self._records += 1
        return f"unexpected record: expected {self._expected}"

    def missing(self) -> str:
        """What the delivery ends without; "" where it ends well."""
        return "" if self._expected == _END else f"the delivery is cut: expected {self._expected}"

    def count(self, record: bytes, layout: Layout, values: dict[str, Any]) -> dict[str, str]:
        """Problems by field: ``record_type`` for a record out of its order, else a trailer's count or total."""
        if record.startswith(ENVELOPE):
            return self._envelope(record, values)
        self._records += 1
        start = record[:5]
        problems = self._order(start)
        if start == SECTION_START:
            self.section, self._in_section = record[13:17].decode("latin-1"), _Sums()
        elif start == SECTION_END:
            problems |= self._compared(layout, values, self._in_section)
            self._in_delivery.add(self._in_section)
            self._in_section = _Sums()
        elif start == DELIVERY_END:
            problems |= self._compared(layout, values, self._in_delivery)
        else:
            self._member(start, layout, values)
        return problems

    def _order(self, start: bytes) -> dict[str, str]:
        needed, following = _AFTER.get(start, (_SECTION, _SECTION))
        expected = self._expected
        if start in _AFTER:
            self._expected = following
        return {} if needed == expected else {"record_type": f"unexpected record: expected {expected}"}

    def _member(self, start: bytes, layout: Layout, values: dict[str, Any]) -> None:
        sums = self._in_section
        sums.addresses += start == _ADDRESS
        sums.texts += start in _TEXTS
        if start != PAYMENT:
            return
        sums.payments += 1
        amount = "paid" if "paid" in layout.Row._fields else "amount"
        needed = [name for name in (amount, "sign", "code") if name in layout.Row._fields]
        if not all(name in values for name in needed):
            sums.are_known = False
        elif amount in values:
            if amount == "paid" and values["code"] in _CHARGEBACK_CODES:
                sums.charged_back += values[amount]
            else:
                sums.paid += values.get("sign", 1) * values[amount]

    def _compared(self, layout: Layout, values: dict[str, Any], sums: _Sums) -> dict[str, str]:
        counted = {"sections": sums.sections, "payments": sums.payments, "texts": sums.texts}
        counted |= {"addresses": sums.addresses, "records": sums.addresses}
        problems = {
            name: f"wrong count in the trailer {layout.title}: found {values[name]}, expected {count}"
            for name, count in counted.items()
            if values.get(name, count) != count
        }
        nets = {sums.paid + CHARGEBACK_FACTORS[rule] * sums.charged_back for rule in self.rules}
        found = values.get("net_amount")
        if found is not None and sums.are_known and found not in nets:
            expected = " or ".join(map(format_amount, sorted(nets)))
            said = f"found {format_amount(found)}, expected {expected}"
            problems["net_amount"] = f"wrong total in the trailer {layout.title}: {said}"
        return problems

    def _envelope(self, record: bytes, values: dict[str, Any]) -> dict[str, str]:
        ends = record.startswith(ENVELOPE_END)
        if self._expected != (_END if ends else _START):
            return {"record_type": f"unexpected record: expected {self._expected}"}
        if ends and values.get("records", self._records) != self._records:
            said = f"found {values['records']}, expected {self._records}"
            return {"records": f"wrong count in the envelope PBCNET90: {said}"}
        return {}
