"""Settlement files as XLSX: the table of layout B on the only sheet of a workbook."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.plugin import FileView, Malformed, Record, ShownField
from hub_mobilepay import cells
from hub_mobilepay.headings import Carrier, columns_of, known_headings
from hub_mobilepay.layout_b import read_table
from hub_mobilepay.settings import LayoutB, MobilePaySettings, XlsxLimits
from hub_mobilepay.settlement_csv_b import HEADINGS_LEAST
from hub_mobilepay.sheet import beginning, column_name, sheet_rows
from hub_mobilepay.table_showing import outcome_of, shown_end, shown_row

_CARRIER = Carrier(cells.sheet_amount, lambda column, row: f"cell {column_name(column)}{row}", is_exact=False)
_LOOKED_AT_BYTES = 1 << 16
#: As the vendor names them: sales unit and settlement.
_NAME = re.compile(r"[0-9]+-[0-9]+\.xlsx", re.IGNORECASE)


class SettlementXlsx:
    """Takes its settings at once: they say what its headings are called, and how large it may be."""

    KIND = "settlement-xlsx"
    TITLE = "Settlement (XLSX)"
    telltale = "mobilepay/settlement-xlsx"

    def __init__(self, layout: LayoutB, limits: XlsxLimits) -> None:
        self._layout = layout
        self._limits = limits

    def identify(self, file: FileView) -> str:
        """By the headings among its texts; where it cannot be unpacked, by the vendor's name for it."""
        if not file.head.startswith(b"PK\x03\x04"):
            return "no XLSX"
        if _NAME.fullmatch(file.name):
            return ""
        try:
            texts = beginning(file, self._limits, _LOOKED_AT_BYTES).decode("utf-8", "replace")
        except Malformed as malformed:
            return malformed.what
        return "" if known_headings(texts, self._layout) >= HEADINGS_LEAST else "not the headings of settings.layout_b"

    def read(self, file: FileView, settings: MobilePaySettings) -> Iterator[Record]:
        """Raises Malformed."""
        return read_table(sheet_rows(file, self._limits), settings, _CARRIER)

    def show(self, file: FileView, settings: MobilePaySettings) -> Iterator[ShownField]:
        """Every cell under the heading of its column, as far as the file can be unpacked."""
        summed, refused = outcome_of(self.read(file, settings))
        columns, number = columns_of(self._layout, _CARRIER), 0
        try:
            for row in sheet_rows(file, self._limits):
                number = row.number
                at_row = refused if refused and refused.line == number else None
                yield from shown_row(row, columns, at_row, is_exact=False)
        except Malformed as broken:
            refused = refused or broken
        yield from shown_end(number, summed, refused)
