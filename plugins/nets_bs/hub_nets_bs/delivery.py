"""A delivery 0602 as typed rows, in file order, with every count and total verified on the way (R6, R11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

from hub.plugin import Kept, Malformed, format_amount
from hub.plugin.layout import Layout
from hub_nets_bs.framing import SECTION_CUT, Framing, cut, foreign, must_equal, out_of_order
from hub_nets_bs.layouts import PAYMENT, SECTION_END, layouts, refused
from hub_nets_bs.records import CHARGED_BACK, SLIP, Section
from hub_nets_bs.settings import CHARGEBACK_FACTORS, BetalingsserviceSettings, ChargebackRule

_CHARGEBACK_CODES = frozenset(CHARGED_BACK.values())
_TEXT_TITLES = {"022": "Payer's address (BS022)", "052": "Payer's text (BS052)", "062": "Payer's text (BS062)"}


@dataclass
class Totals:
    """What a trailer says, counted by ourselves; amounts in øre."""

    sections: int = 0
    payments: int = 0
    paid: int = 0
    charged_back: int = 0
    texts: int = 0
    addresses: int = 0

    def add(self, section: Totals) -> None:
        self.sections += 1
        self.payments += section.payments
        self.paid += section.paid
        self.charged_back += section.charged_back
        self.texts += section.texts
        self.addresses += section.addresses

    def net(self, rule: ChargebackRule) -> int:
        return self.paid + CHARGEBACK_FACTORS[rule] * self.charged_back


class Delivery(Framing):
    """One delivery being read; ``totals`` and ``chargeback_rules`` are true once ``rows`` has ended.

    A row is that of the section's BS042 layout, or Kept for BS022, BS052, BS062.
    """

    def __init__(self, stream: BinaryIO, settings: BetalingsserviceSettings) -> None:
        super().__init__(stream, settings)
        self.layouts = layouts(settings.encoding)
        self.delivery_start = self.layouts.delivery_start
        self.totals = Totals()
        #: How charge-backs may enter the totals, by all trailers so far (R11).
        self.chargeback_rules = settings.chargeback_rules

    def _section(self, line: int, record: bytes, created: date) -> Iterator[tuple[int, Any]]:
        start = self._read_section_start(self.layouts.section_start, line, record, created)
        creditor, group = start.creditor, start.group
        layout = self.layouts.payment[start.section]
        read = self._reader(layout, created)
        totals = Totals()
        payments = paid = charged_back = 0
        for line, record in self._lines:
            if record.startswith(PAYMENT):
                try:
                    row = read(record, line)
                except Malformed:
                    self.gaps.look(layout, record, line)
                    row = read(_without_oddities(record, layout), line)
                if row.creditor != creditor or row.group != group:
                    raise foreign(layout, line, row, start)
                payments += 1
                if row.code in _CHARGEBACK_CODES:
                    charged_back += row.paid
                else:
                    paid += row.sign * row.paid
                yield line, row
            elif record.startswith(SECTION_END):
                totals.payments, totals.paid, totals.charged_back = payments, paid, charged_back
                self._section_end(line, record, start, totals)
                return
            else:
                yield line, self._text(line, record, start, totals)
        raise cut(*SECTION_CUT, line)

    def _text(self, line: int, record: bytes, start: Any, totals: Totals) -> Kept:
        section: Section = start.section
        layout = self.layouts.text.get(record[:5]) if section == SLIP else None
        if layout is None:
            raise out_of_order(line, record, f"a record of section {section}")
        row = self._reader(layout)(record, line)
        if row.creditor != start.creditor:
            raise foreign(layout, line, row, start)
        code = layout.title[2:]
        if code == "022":
            totals.addresses += 1
        else:
            totals.texts += 1
        return Kept(line, code, _TEXT_TITLES[code])

    def _section_end(self, line: int, record: bytes, start: Any, totals: Totals) -> None:
        layout = self.layouts.section_end
        end = self._read_section_end(layout, line, record, start, "group")
        self._verify(layout, line, end, totals)
        self.totals.add(totals)
        self._records += 2 + totals.payments + totals.texts + totals.addresses

    def _verify_end(self, line: int, record: bytes, start: Any) -> None:
        layout = self.layouts.delivery_end
        end = self._read_delivery_end(layout, line, record, start)
        must_equal(layout, "sections", line, end, self.totals.sections, "wrong count in the trailer BS992")
        self._verify(layout, line, end, self.totals)

    def _verify(self, layout: Layout, line: int, trailer: Any, totals: Totals) -> None:
        for field in ("payments", "texts", "addresses"):
            wrong = f"wrong count in the trailer {layout.title}"
            must_equal(layout, field, line, trailer, getattr(totals, field), wrong)
        rules = tuple(rule for rule in self.chargeback_rules if totals.net(rule) == trailer.net_amount)
        if not rules:
            raise self._wrong_total(layout, line, trailer.net_amount, totals)
        self.chargeback_rules = rules

    def _wrong_total(self, layout: Layout, line: int, found: int, totals: Totals) -> Malformed:
        nets = {rule: totals.net(rule) for rule in self.chargeback_rules}
        what = f"wrong total in the trailer {layout.title}"
        if all(net < 0 for net in nets.values()):
            what = "more was paid out than paid in, and how a trailer writes a negative net amount is not known"
        expected = format_amount(totals.paid)
        if totals.charged_back:
            expected = " or ".join(
                f"{format_amount(net)} (charge-backs {rule.replace('_', ' ')})" for rule, net in nets.items()
            )
        return refused(layout, "net_amount", line, what, format_amount(found), expected)


def _without_oddities(record: bytes, layout: Layout) -> bytes:
    """With blanks in the gaps (R34), and zeros in the payment fields of a cancelled collection.

    A cancelled collection (0238) has no payment; whether its fields are then zeros or blank no source says.
    """
    for first, last, raw in layout.gap_content(record):
        record = record[: first - 1] + b" " * len(raw) + record[last:]
    return with_blank_payment_read(record)


def with_blank_payment_read(record: bytes) -> bytes:
    """A BS042 of a cancelled collection (0238) whose payment fields are blank, with zeros in them."""
    is_blank = record[13:17] == b"0238" and not record[103:].strip(b" ")
    return record[:103] + b"0" * 25 if is_blank else record
