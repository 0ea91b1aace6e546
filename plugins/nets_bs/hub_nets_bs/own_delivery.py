"""A delivery of ours read back, every record kept: to see what was made, and to make the same bytes again (R6).

What is taken here can be written again byte for byte (trailing blanks and line ends aside): content between the fields
is kept too, and remarked (R34).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from hub.plugin import format_amount
from hub.plugin.layout import Gaps, Layout, records
from hub_nets_bs.counted import Counted
from hub_nets_bs.framing import SECTION_CUT, cut, must_equal, out_of_order
from hub_nets_bs.layouts import (
    DELIVERY_END,
    DELIVERY_START,
    ENVELOPE_END,
    ENVELOPE_START,
    RECORD_BYTES,
    SECTION_END,
    SECTION_START,
    envelope_end,
    envelope_start,
    refused,
)

_ENVELOPE_START_LAYOUT, _ENVELOPE_END_LAYOUT = envelope_start(), envelope_end()
_SECTION_FIELDS = ("creditor", "section", "group")
_SENDER_FIELDS = ("data_supplier", "subsystem")


class ReadRecord(NamedTuple):
    """One record: its 1-based line, its layout, the row of its fields, and what stands between them."""

    line: int
    layout: Layout
    row: Any
    #: First and last position and bytes of every gap that is not blank.
    gaps: list[tuple[int, int, bytes]]

    def written(self) -> bytes:
        """The record's 128 bytes again."""
        record: bytes = self.layout.writer()(*self.row)
        for first, last, raw in self.gaps:
            record = record[: first - 1] + raw + record[last:]
        return record


def rebuilt(read: Iterable[ReadRecord]) -> Iterator[bytes]:
    """The lines of a delivery as it was, each 128 bytes and CR LF."""
    return (record.written() + b"\r\n" for record in read)


class OwnDelivery(ABC):
    """One delivery being read back. A subclass knows its layouts and the records between BS012 and BS092."""

    delivery_start: Layout
    section_start: Layout
    section_end: Layout
    delivery_end: Layout

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        #: What stands between the fields of the records so far.
        self.gaps = Gaps(encoding)
        self._lines = records(stream, RECORD_BYTES)
        self._counted = Counted()
        #: The last line, and how many records stand so far between those of an envelope.
        self._line = 0
        self._records = 0

    def records(self) -> Iterator[ReadRecord]:
        """Every record in file order, the envelope's too; counts and totals verified on the way. Raises Malformed."""
        line, record = next(self._lines)
        envelope = None
        if record.startswith(ENVELOPE_START):
            envelope = self._take(_ENVELOPE_START_LAYOUT, line, record)
            yield envelope
            line, record = next(self._lines, (0, b""))
            if not line:
                raise cut(DELIVERY_START, "the start of a delivery", self._line)
        if not record.startswith(DELIVERY_START):
            raise out_of_order(line, record, "BS002, the start of a delivery")
        start = self._take(self.delivery_start, line, record)
        yield start
        yield from self._sections(start)
        yield from self._envelope_end(envelope)

    @abstractmethod
    def _member(self, line: int, record: bytes, start: Any, counted: Counted) -> ReadRecord:
        """A record of the section that the row ``start`` of BS012 begins; raises Malformed for one out of order."""

    @abstractmethod
    def _close(self, line: int, record: bytes) -> None:
        """Raises Malformed where a section may not end yet."""

    def _sections(self, start: ReadRecord) -> Iterator[ReadRecord]:
        for line, record in self._lines:
            if record.startswith(SECTION_START):
                yield from self._section(self._take(self.section_start, line, record))
            elif record.startswith(DELIVERY_END):
                end = self._take(self.delivery_end, line, record)
                self._verify(end, start, _SENDER_FIELDS, "the trailer is another delivery's", self._counted)
                yield end
                return
            else:
                raise out_of_order(line, record, "BS012 or BS992")
        raise cut(DELIVERY_END, "the end of the delivery", self._line)

    def _section(self, start: ReadRecord) -> Iterator[ReadRecord]:
        yield start
        counted = Counted()
        for line, record in self._lines:
            if record.startswith(SECTION_END):
                self._close(line, record)
                end = self._take(self.section_end, line, record)
                self._verify(end, start, _SECTION_FIELDS, "the trailer is another section's", counted)
                self._counted.add(counted)
                yield end
                return
            yield self._member(line, record, start.row, counted)
        raise cut(*SECTION_CUT, self._line)

    def _take(self, layout: Layout, line: int, record: bytes) -> ReadRecord:
        row = layout.reader()(record, line)
        gaps = layout.gap_content(record)
        if gaps:
            self.gaps.look(layout, record, line)
        self._line = line
        self._records += 1
        return ReadRecord(line, layout, row, gaps)

    def _verify(
        self, end: ReadRecord, start: ReadRecord, same: tuple[str, ...], foreign: str, counted: Counted
    ) -> None:
        line, layout, row, _ = end
        for field in same:
            if field in layout.Row._fields:
                must_equal(layout, field, line, row, getattr(start.row, field), foreign)
        for field, count in vars(counted).items():
            if field in layout.Row._fields and field != "net_amount":
                must_equal(layout, field, line, row, count, f"wrong count in the trailer {layout.title}")
        if "net_amount" not in layout.Row._fields:
            return
        if counted.net_amount < 0:
            what = "more is paid out than collected, and how a trailer writes a negative net amount is not known"
            raise refused(layout, "net_amount", line, what, format_amount(row.net_amount), "a net amount from 0.00")
        if row.net_amount != counted.net_amount:
            found, expected = format_amount(row.net_amount), format_amount(counted.net_amount)
            raise refused(layout, "net_amount", line, f"wrong total in the trailer {layout.title}", found, expected)

    def _envelope_end(self, start: ReadRecord | None) -> Iterator[ReadRecord]:
        """After BS992 there may be nothing but the end of the envelope, which counts what it holds."""
        inside = self._records - 1
        closed = False
        for line, record in self._lines:
            if start is None or closed or not record.startswith(ENVELOPE_END):
                raise out_of_order(line, record, "nothing more after the end of the delivery")
            end = self._take(_ENVELOPE_END_LAYOUT, line, record)
            other = "another transmission's end"
            must_equal(end.layout, "transmission", line, end.row, start.row.transmission, other)
            must_equal(end.layout, "records", line, end.row, inside, "wrong count in the envelope PBCNET90")
            closed = True
            yield end
        if start is not None and not closed:
            raise cut(ENVELOPE_END, "the end of the envelope", self._line)
