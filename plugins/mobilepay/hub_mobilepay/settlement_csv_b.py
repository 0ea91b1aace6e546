"""Settlement files as CSV, layout B: a table of transactions under headings, documented in 2023."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from hub.plugin import FileView, Record, ShownField
from hub_mobilepay import cells
from hub_mobilepay.csv_rows import Dialect, rows
from hub_mobilepay.headings import Carrier, columns_of, known_headings
from hub_mobilepay.layout_b import read_table
from hub_mobilepay.settings import LayoutB, MobilePaySettings
from hub_mobilepay.table_showing import show_csv

#: Of the 17, for a file to be of this layout.
HEADINGS_LEAST = 8


class SettlementCsvB:
    """Takes its settings at once: they say what its headings are called."""

    KIND = "settlement-csv-b"
    TITLE = "Settlement (CSV, layout B)"
    telltale = "mobilepay/settlement-csv-b"

    def __init__(self, layout: LayoutB) -> None:
        self._layout = layout
        self._dialect = Dialect(layout.delimiter, quoted=True)
        self._carrier = Carrier(
            partial(cells.amount, mark=layout.decimal_mark), lambda column, _row: f"cell {column}", is_exact=True
        )

    def identify(self, file: FileView) -> str:
        """By its headings, whatever the delimiter and the encoding."""
        head = file.head
        text = head.decode("utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8", "replace")
        found = known_headings(text, self._layout) if b"<" not in head[:100] else 0
        return "" if found >= HEADINGS_LEAST else "not the headings of settings.layout_b"

    def read(self, file: FileView, settings: MobilePaySettings) -> Iterator[Record]:
        """Raises Malformed."""
        with file.open() as stream:
            yield from read_table(rows(stream, self._dialect), settings, self._carrier)

    def show(self, file: FileView, settings: MobilePaySettings) -> Iterator[ShownField]:
        """Every cell under the heading of its column."""
        return show_csv(file, self._dialect, columns_of(self._layout, self._carrier), self.read(file, settings))
