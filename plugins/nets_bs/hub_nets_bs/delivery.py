"""A delivery 0602 as typed rows, in file order, with every count and total verified on the way (R6, R11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, BinaryIO

from hub.plugin import Kept, Malformed, format_amount
from hub.plugin.layout import Gaps, Layout, byte_order_mark, records
from hub_nets_bs.layouts import (
    DELIVERY_END,
    DELIVERY_START,
    ENVELOPE,
    ENVELOPE_END,
    PAYMENT,
    RECORD_BYTES,
    SECTION_END,
    SECTION_START,
    layouts,
    refused,
)
from hub_nets_bs.records import CHARGED_BACK, SLIP, Section
from hub_nets_bs.settings import CHARGEBACK_FACTORS, BetalingsserviceSettings, ChargebackRule

_CHARGEBACK_CODES = frozenset(CHARGED_BACK.values())
_TEXT_TITLES = {"022": "Payer's address (BS022)", "052": "Payer's text (BS052)", "062": "Payer's text (BS062)"}

_Lines = Iterator[tuple[int, bytes]]


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


class Delivery:
    """One delivery being read; ``totals`` and ``chargeback_rules`` are true once ``rows`` has ended."""

    def __init__(self, stream: BinaryIO, settings: BetalingsserviceSettings) -> None:
        self.settings = settings
        self.layouts = layouts(settings.encoding)
        self.totals = Totals()
        #: How charge-backs may enter the totals, by all trailers so far (R11).
        self.chargeback_rules = settings.chargeback_rules
        self._lines: _Lines = records(stream, RECORD_BYTES)
        self._readers: dict[str, Callable[[bytes, int], Any]] = {}
        #: What stands between the fields of the records so far.
        self.gaps = Gaps(settings.encoding)
        #: The last line of what was last read as a whole.
        self._line = 0
        self._records = 0
        self._enveloped = False

    def rows(self) -> Iterator[tuple[int, Any]]:
        """(line, row of the section's BS042 layout, or Kept for BS022, BS052, BS062). Raises Malformed."""
        # Joined by chain: a `yield from` would cost every row a step through one more generator.
        return chain.from_iterable(self._sections())

    def _sections(self) -> Iterator[Iterator[tuple[int, Any]]]:
        line, record = self._first()
        start = self._read(self.layouts.delivery_start, line, record)
        self._line = line
        for line, record in self._lines:
            if record.startswith(SECTION_START):
                yield self._section(line, record, start.created)
            elif record.startswith(DELIVERY_END):
                self._end(line, record, start)
                return
            else:
                raise _out_of_order(line, record, "BS012 or BS992")
        raise _cut(DELIVERY_END, "the end of the delivery", self._line)

    def _reader(self, layout: Layout, pivot: date | None = None) -> Callable[[bytes, int], Any]:
        """The layout's reader, made once a delivery: there may be thousands of sections."""
        if layout.title not in self._readers:
            self._readers[layout.title] = layout.reader(pivot)
        return self._readers[layout.title]

    def _read(self, layout: Layout, line: int, record: bytes, pivot: date | None = None) -> Any:
        row = self._reader(layout, pivot)(record, line)
        self.gaps.look(layout, record, line)
        return row

    def _first(self) -> tuple[int, bytes]:
        for line, record in self._lines:
            if record.startswith(ENVELOPE) and not record.startswith(ENVELOPE_END):
                self._enveloped = True
                self._line = line
            elif record.startswith(DELIVERY_START):
                self._records += 1
                return line, record
            else:
                raise _out_of_order(line, record, "BS002, the start of a delivery")
        raise _cut(DELIVERY_START, "the start of a delivery", self._line)

    def _section(self, line: int, record: bytes, created: date) -> Iterator[tuple[int, Any]]:
        start = self._section_start(line, record, created)
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
                    raise _foreign(layout, line, row, start)
                payments += 1
                if row.code in _CHARGEBACK_CODES:
                    charged_back += row.paid
                else:
                    paid += row.sign * row.paid
                yield line, row
            elif record.startswith(SECTION_END):
                totals.payments, totals.paid, totals.charged_back = payments, paid, charged_back
                self._section_end(line, record, start, totals)
                self._line = line
                return
            else:
                yield line, self._text(line, record, start, totals)
        raise _cut(SECTION_END, "the end of the section", line)

    def _section_start(self, line: int, record: bytes, created: date) -> Any:
        layout = self.layouts.section_start
        start = self._read(layout, line, record, created)
        if self.settings.creditors and start.creditor not in self.settings.creditors:
            allowed = f"one of {', '.join(self.settings.creditors)}"
            raise refused(layout, "creditor", line, "a section of a foreign creditor", start.creditor, allowed)
        return start

    def _text(self, line: int, record: bytes, start: Any, totals: Totals) -> Kept:
        section: Section = start.section
        layout = self.layouts.text.get(record[:5]) if section == SLIP else None
        if layout is None:
            raise _out_of_order(line, record, f"a record of section {section}")
        row = self._reader(layout)(record, line)
        if row.creditor != start.creditor:
            raise _foreign(layout, line, row, start)
        code = layout.title[2:]
        if code == "022":
            totals.addresses += 1
        else:
            totals.texts += 1
        return Kept(line, code, _TEXT_TITLES[code])

    def _section_end(self, line: int, record: bytes, start: Any, totals: Totals) -> None:
        layout = self.layouts.section_end
        end = self._read(layout, line, record)
        for field in ("creditor", "section", "group"):
            _must_equal(layout, field, line, end, getattr(start, field), "the trailer is another section's")
        self._verify(layout, line, end, totals)
        self.totals.add(totals)
        self._records += 2 + totals.payments + totals.texts + totals.addresses

    def _end(self, line: int, record: bytes, start: Any) -> None:
        layout = self.layouts.delivery_end
        end = self._reader(layout)(record, line)
        for field in ("data_supplier", "subsystem"):
            _must_equal(layout, field, line, end, getattr(start, field), "the trailer is another delivery's")
        _must_equal(layout, "sections", line, end, self.totals.sections, "wrong count in the trailer BS992")
        self._verify(layout, line, end, self.totals)
        self._records += 1
        self._line = line
        self._envelope_end()

    def _verify(self, layout: Layout, line: int, trailer: Any, totals: Totals) -> None:
        for field in ("payments", "texts", "addresses"):
            wrong = f"wrong count in the trailer {layout.title}"
            _must_equal(layout, field, line, trailer, getattr(totals, field), wrong)
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

    def _envelope_end(self) -> None:
        """After BS992 there may be nothing but the end of an envelope, which counts what it holds."""
        layout = self.layouts.envelope_end
        closed = False
        for line, record in self._lines:
            if closed or not record.startswith(ENVELOPE_END):
                raise _out_of_order(line, record, "nothing more after the end of the delivery")
            end = self._reader(layout)(record, line)
            _must_equal(layout, "records", line, end, self._records, "wrong count in the envelope PBCNET90")
            closed = True
        if self._enveloped and not closed:
            raise _cut(ENVELOPE_END, "the end of the envelope", self._line)


def _without_oddities(record: bytes, layout: Layout) -> bytes:
    """With blanks in the gaps (R34), and zeros in the payment fields of a cancelled collection.

    A cancelled collection (0238) has no payment; whether its fields are then zeros or blank no source says.
    """
    for first, last, raw in layout.gap_content(record):
        record = record[: first - 1] + b" " * len(raw) + record[last:]
    is_blank = record[13:17] == b"0238" and not record[103:].strip(b" ")
    return record[:103] + b"0" * 25 if is_blank else record


def _must_equal(layout: Layout, field: str, line: int, row: Any, expected: object, what: str) -> None:
    found = getattr(row, field)
    if found != expected:
        raise refused(layout, field, line, what, found, expected)


def _foreign(layout: Layout, line: int, row: Any, start: Any) -> Malformed:
    field = "creditor" if row.creditor != start.creditor else "group"
    found, expected = getattr(row, field), getattr(start, field)
    return refused(layout, field, line, "not of its section", found, f"{expected}, as the section's BS012 says")


def _out_of_order(line: int, record: bytes, expected: str) -> Malformed:
    bom, encoding = byte_order_mark(record)
    if bom:
        found = f"a {encoding} byte order mark"
        return Malformed("unexpected record", line=line, positions=(1, len(bom)), found=found, expected=expected)
    found = record[:8] if record.startswith(ENVELOPE) else record[:5]
    return Malformed(
        "unexpected record", line=line, positions=(1, len(found)), field="record_type", found=found, expected=expected
    )


def _cut(missing: bytes, title: str, last: int) -> Malformed:
    return Malformed(
        f"the delivery is cut after line {last}",
        line=last + 1,
        positions=(1, len(missing)),
        field="record_type",
        found="the end of the file",
        expected=f"{missing.decode()}, {title}",
        do="fetch the file again",
    )
