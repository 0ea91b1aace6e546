"""A delivery 0621, information material: nothing to book, all of it counted, errors said aloud (R6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, BinaryIO

from hub.plugin import Kept, Record, Remark, format_amount
from hub_nets_bs.framing import SECTION_CUT, Framing, cut, foreign, must_equal, out_of_order
from hub_nets_bs.layouts import DELIVERY_END, DELIVERY_START, ENVELOPE, SECTION_END, SECTION_START
from hub_nets_bs.layouts_0621 import (
    ENROLMENT_CODE,
    FIRST,
    INFORMATION_RECORD,
    LIST_CODE,
    information_layouts,
)
from hub_nets_bs.settings import BetalingsserviceSettings

#: The second digit of a text number.
_LISTS = {"1": "control information", "2": "remark", "3": "error"}
_ERROR = "3"
#: Records of a frame, which a section cannot hold.
_FRAME = (DELIVERY_START, SECTION_START, DELIVERY_END, ENVELOPE)


def read(stream: BinaryIO, settings: BetalingsserviceSettings) -> Iterator[Record]:
    """Kept for every record of a section, then remarks: its errors, what its gaps hold. Raises Malformed."""
    delivery = Information(stream, settings)
    for _, kept in delivery.rows():
        yield kept
    if delivery.errors:
        what = "errors" if delivery.errors > 1 else "error"
        yield Remark(f"Betalingsservice reports {delivery.errors} {what}, the first at {delivery.first_error}")
    yield from delivery.gaps.remarks()


class Information(Framing):
    """One delivery 0621 being read; a row is a Kept. ``errors`` is true once ``rows`` has ended."""

    def __init__(self, stream: BinaryIO, settings: BetalingsserviceSettings) -> None:
        super().__init__(stream, settings)
        self.layouts = information_layouts(settings.encoding)
        self.delivery_start = self.layouts.delivery_start
        self.errors = 0
        self.first_error = ""
        self._sections_read = self._counted = 0

    def _section(self, line: int, record: bytes, created: date) -> Iterator[tuple[int, Kept]]:
        start = self._read_section_start(self.layouts.section_start, line, record, created)
        counted, first = 0, line
        for line, record in self._lines:
            if record.startswith(SECTION_END):
                self._section_end(line, record, start, counted)
                self._records += line - first + 1
                return
            if record.startswith(_FRAME):
                raise out_of_order(line, record, f"a record of section {start.section}")
            counted += record.startswith(INFORMATION_RECORD)
            yield line, self._kept(line, record, start, created)
        raise cut(*SECTION_CUT, line)

    def _kept(self, line: int, record: bytes, start: Any, created: date) -> Kept:
        known = (layout for begin, layout in self.layouts.record.items() if record.startswith(begin, 13))
        layout = next(known, None) if record.startswith(INFORMATION_RECORD) else None
        if layout is None:
            row = self._read(self.layouts.unknown, line, record)
            code = row.code or row.record_type
            return Kept(line, code, f"{row.record_type} with code {code}: kept in the file, its meaning is not known")
        row = self._read(layout, line, record, created)
        if row.creditor != start.creditor or getattr(row, "group", start.group) != start.group:
            raise foreign(layout, line, row, start)
        if row.code == LIST_CODE and record.startswith(FIRST, 17):
            return Kept(line, row.code, _amounts(row))
        return Kept(line, row.code, self._numbered(line, row))

    def _numbered(self, line: int, row: Any) -> str:
        """The text of a record with a text number."""
        kind = row.text_number[1:2]
        said = f"{_LISTS.get(kind, 'text number')} {row.text_number or 'not given'}"
        if kind == _ERROR:
            self.errors += 1
            self.first_error = self.first_error or f"line {line}: text number {row.text_number}"
        if row.code == ENROLMENT_CODE:
            return f"Result of a mandate registration: {said}"
        return f"Information material: {said}, {format_amount(row.amount)}{f' ({row.text})' if row.text else ''}"

    def _section_end(self, line: int, record: bytes, start: Any, counted: int) -> None:
        layout = self.layouts.section_end
        end = self._read_section_end(layout, line, record, start)
        must_equal(layout, "records", line, end, counted, "wrong count in the trailer BS092")
        self._sections_read += 1
        self._counted += counted

    def _verify_end(self, line: int, record: bytes, start: Any) -> None:
        layout = self.layouts.delivery_end
        end = self._read_delivery_end(layout, line, record, start)
        must_equal(layout, "sections", line, end, self._sections_read, "wrong count in the trailer BS992")
        must_equal(layout, "records", line, end, self._counted, "wrong count in the trailer BS992")


def _amounts(row: Any) -> str:
    day = f" on {row.paid_on}" if row.paid_on else ""
    return f"Information material: {row.payments} payments of {format_amount(row.amount)}{day}, {row.texts} text lines"
