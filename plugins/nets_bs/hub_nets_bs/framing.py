"""What all deliveries from Betalingsservice share: envelope, start, sections, end, in their order (R6)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain
from typing import Any, BinaryIO

from hub.plugin import Malformed
from hub.plugin.layout import Gaps, Layout, byte_order_mark, records
from hub_nets_bs.layouts import (
    DELIVERY_END,
    DELIVERY_START,
    ENVELOPE,
    ENVELOPE_END,
    RECORD_BYTES,
    SECTION_END,
    SECTION_START,
    envelope_end,
    refused,
)
from hub_nets_bs.settings import BetalingsserviceSettings

#: The end of a section, for a refusal by :func:`cut`.
SECTION_CUT = (SECTION_END, "the end of the section")
_ENVELOPE_END_LAYOUT = envelope_end()


class Framing(ABC):
    """One delivery being read. A subclass knows its layouts, its sections and what its trailers count."""

    delivery_start: Layout

    def __init__(self, stream: BinaryIO, settings: BetalingsserviceSettings) -> None:
        self.settings = settings
        #: What stands between the fields of the records so far.
        self.gaps = Gaps(settings.encoding)
        self._lines: Iterator[tuple[int, bytes]] = records(stream, RECORD_BYTES)
        self._readers: dict[str, Callable[[bytes, int], Any]] = {}
        #: The last line of what was last read as a whole.
        self._line = 0
        self._records = 0
        self._enveloped = False

    def rows(self) -> Iterator[tuple[int, Any]]:
        """(line, what the section makes of it) of every record that is more than a frame. Raises Malformed."""
        # Joined by chain: a `yield from` would cost every row a step through one more generator.
        return chain.from_iterable(self._sections())

    @abstractmethod
    def _section(self, line: int, record: bytes, created: date) -> Iterator[tuple[int, Any]]:
        """A section from its BS012 through its BS092."""

    @abstractmethod
    def _verify_end(self, line: int, record: bytes, start: Any) -> None:
        """Holds BS992 against the delivery's start and what was counted."""

    def _sections(self) -> Iterator[Iterator[tuple[int, Any]]]:
        line, record = self._first()
        start = self._read(self.delivery_start, line, record)
        self._line = line
        for line, record in self._lines:
            if record.startswith(SECTION_START):
                yield self._section(line, record, start.created)
            elif record.startswith(DELIVERY_END):
                self._verify_end(line, record, start)
                self._records += 1
                self._line = line
                self._envelope_end()
                return
            else:
                raise out_of_order(line, record, "BS012 or BS992")
        raise cut(DELIVERY_END, "the end of the delivery", self._line)

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
                raise out_of_order(line, record, "BS002, the start of a delivery")
        raise cut(DELIVERY_START, "the start of a delivery", self._line)

    def _read_section_start(self, layout: Layout, line: int, record: bytes, created: date) -> Any:
        start = self._read(layout, line, record, created)
        if self.settings.creditors and start.creditor not in self.settings.creditors:
            allowed = f"one of {', '.join(self.settings.creditors)}"
            raise refused(layout, "creditor", line, "a section of a foreign creditor", start.creditor, allowed)
        return start

    def _read_section_end(self, layout: Layout, line: int, record: bytes, start: Any, *same: str) -> Any:
        end = self._read(layout, line, record)
        for field in ("creditor", "section", *same):
            must_equal(layout, field, line, end, getattr(start, field), "the trailer is another section's")
        self._line = line
        return end

    def _read_delivery_end(self, layout: Layout, line: int, record: bytes, start: Any) -> Any:
        end = self._reader(layout)(record, line)
        for field in ("data_supplier", "subsystem"):
            must_equal(layout, field, line, end, getattr(start, field), "the trailer is another delivery's")
        return end

    def _envelope_end(self) -> None:
        """After BS992 there may be nothing but the end of an envelope, which counts what it holds."""
        closed = False
        for line, record in self._lines:
            if closed or not record.startswith(ENVELOPE_END):
                raise out_of_order(line, record, "nothing more after the end of the delivery")
            end = self._reader(_ENVELOPE_END_LAYOUT)(record, line)
            wrong = "wrong count in the envelope PBCNET90"
            must_equal(_ENVELOPE_END_LAYOUT, "records", line, end, self._records, wrong)
            closed = True
        if self._enveloped and not closed:
            raise cut(ENVELOPE_END, "the end of the envelope", self._line)


def must_equal(layout: Layout, field: str, line: int, row: Any, expected: object, what: str) -> None:
    """Raises Malformed for a field that is readable and not what it must be."""
    found = getattr(row, field)
    if found != expected:
        raise refused(layout, field, line, what, found, expected)


def foreign(layout: Layout, line: int, row: Any, start: Any) -> Malformed:
    """The refusal of a record whose creditor or group is not its section's."""
    field = "creditor" if row.creditor != start.creditor else "group"
    found, expected = getattr(row, field), getattr(start, field)
    return refused(layout, field, line, "not of its section", found, f"{expected}, as the section's BS012 says")


def out_of_order(line: int, record: bytes, expected: str) -> Malformed:
    """The refusal of a record that may not stand where it does."""
    bom, encoding = byte_order_mark(record)
    if bom:
        found = f"a {encoding} byte order mark"
        return Malformed("unexpected record", line=line, positions=(1, len(bom)), found=found, expected=expected)
    what = record[:8] if record.startswith(ENVELOPE) else record[:5]
    return Malformed(
        "unexpected record", line=line, positions=(1, len(what)), field="record_type", found=what, expected=expected
    )


def cut(missing: bytes, title: str, last: int) -> Malformed:
    """The refusal of a delivery that ends after line ``last`` without ``missing``."""
    return Malformed(
        f"the delivery is cut after line {last}",
        line=last + 1,
        positions=(1, len(missing)),
        field="record_type",
        found="the end of the file",
        expected=f"{missing.decode()}, {title}",
        do="fetch the file again",
    )
