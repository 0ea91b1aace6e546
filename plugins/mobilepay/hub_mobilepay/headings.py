"""The columns of a settlement table of layout B: which heading is which, and what reads their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from hub.plugin import Malformed
from hub_mobilepay import cells
from hub_mobilepay.cells import Row
from hub_mobilepay.settings import LayoutB
from hub_mobilepay.table_showing import Column

#: Before the heading row.
FRONT_ROWS_MAX = 20
#: Columns that a file may be without.
_OPTIONAL = ("first_name", "last_name", "message")
_AMOUNTS = ("gross", "fee", "net", "settlement_sum")
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Carrier(NamedTuple):
    """What a CSV and a sheet do differently."""

    #: Reads an amount. Raises CellError.
    amount: Callable[[str], int]
    #: ``cell 7``, or ``cell G9``: of a 1-based column and a row.
    place: Callable[[int, int], str]
    #: Whether every row has as many cells as the heading row; else those at its end may be missing.
    is_exact: bool


class Heading:
    """The heading row: which cell of a row is which column."""

    def __init__(self, row: Row, layout: LayoutB, carrier: Carrier) -> None:
        """Raises Malformed for a heading that is unknown, stands twice or is missing."""
        self._carrier = carrier
        self.number = row.number
        self.width = len(row.cells)
        #: By column: its 0-based cell, and its heading as it stands.
        self.columns: dict[str, tuple[int, str]] = {}
        for at, heading in enumerate(map(str.strip, row.cells)):
            name = column_of(heading, layout)
            if not name and heading:
                raise Malformed(
                    "an unknown heading",
                    line=row.number,
                    field=carrier.place(at + 1, row.number),
                    found=cells.shown(heading),
                    expected="one of settings.layout_b",
                    do="if the vendor calls a column so, say there which",
                )
            if name in self.columns:
                raise Malformed(
                    "a heading that stands twice",
                    line=row.number,
                    field=carrier.place(at + 1, row.number),
                    found=cells.shown(heading),
                    expected=f"it in {carrier.place(self.columns[name][0] + 1, row.number)} alone",
                )
            if name:
                self.columns[name] = (at, heading)
        for name in layout.columns():
            if name not in self.columns and name not in _OPTIONAL:
                expected = " or ".join(getattr(layout, name))
                raise Malformed("a missing heading", line=row.number, found="none", expected=expected)

    def cell(self, row: Row, name: str) -> str:
        """Without blanks around it; "" = the row, or the file, has none."""
        at = self.columns.get(name, (self.width, ""))[0]
        text = row.cells[at] if at < len(row.cells) else ""
        return text if isinstance(text, cells.Numeral) else text.strip()

    def place(self, name: str, number: int) -> str:
        """A column of a row as an error names it: ``Brutto, cell G9``."""
        at, heading = self.columns[name]
        return f"{heading}, {self._carrier.place(at + 1, number)}"

    def check_width(self, row: Row, do: str) -> None:
        """Raises Malformed for a row with cells that no heading is of, or without some."""
        beyond = next((at for at, cell in enumerate(row.cells) if at >= self.width and cell.strip()), -1)
        if beyond >= 0 or (self._carrier.is_exact and len(row.cells) != self.width):
            raise Malformed(
                "a row unlike the heading",
                line=row.number,
                field=self._carrier.place(beyond + 1, row.number) if beyond >= 0 else "",
                found=f"{len(row.cells)} cells",
                expected=f"{self.width} cells",
                do=do if len(row.cells) > self.width else "",
            )


def column_of(heading: str, layout: LayoutB) -> str:
    """The column that a heading is of; "" = none."""
    return next((name for name in layout.columns() if is_one(heading, getattr(layout, name))), "")


def is_one(text: str, words: Iterable[str]) -> bool:
    """Whether a text is one of these words, blanks around it and capitals aside."""
    return text.strip().casefold() in {word.casefold() for word in words}


def is_heading(row: Row, layout: LayoutB) -> bool:
    """Whether a row begins with the first column's heading."""
    return bool(row.cells) and is_one(row.cells[0], layout.sale_date)


def refuse_no_heading(row: Row, layout: LayoutB) -> None:
    """Raises Malformed for a row before the heading row that is it with other delimiters, or one too many."""
    first = row.cells[0] if row.cells else ""
    for delimiter, called in _DELIMITERS.items():
        if delimiter in first and is_one(first.partition(delimiter)[0], layout.sale_date):
            raise Malformed(
                "another delimiter",
                line=row.number,
                found=called,
                expected=_DELIMITERS[layout.delimiter],
                do="fetch the file as it was, or set settings.layout_b.delimiter",
            )
    if row.number >= FRONT_ROWS_MAX:
        expected = f"{' or '.join(layout.sale_date)} in one of the first {FRONT_ROWS_MAX} rows"
        raise Malformed("no heading row", line=row.number, found="none", expected=expected)


def known_headings(text: str, layout: LayoutB) -> int:
    """How many of the columns are named in a text."""
    folded = text.casefold()
    return sum(any(word.casefold() in folded for word in getattr(layout, name)) for name in layout.columns())


def loads(carrier: Carrier) -> Mapping[str, Callable[[str], Any]]:
    """What reads the cells of each column; they raise CellError."""
    return {
        "sale_date": cells.day,
        "store": str,
        "number": cells.number,
        "product": str,
        "transaction_id": cells.identifier,
        "order_id": lambda text: cells.identifier(text) if text else "",
        "gross": carrier.amount,
        "fee": carrier.amount,
        "net": carrier.amount,
        "transaction_type": cells.name,
        "settlement_id": cells.number,
        "settlement_date": cells.day,
        "settlement_sum": lambda text: carrier.amount(text) if text else None,
        "settlement_account": str,
        "first_name": lambda text: " ".join(text.split()),
        "last_name": lambda text: " ".join(text.split()),
        "message": lambda text: " ".join(text.split()),
    }


def columns_of(layout: LayoutB, carrier: Carrier) -> Callable[[Row], tuple[str, list[Column]]]:
    """What the rows of one file are, asked in file order, for a person who looks into it."""
    loaded = loads(carrier)
    named: list[Column] = []

    def of(row: Row) -> tuple[str, list[Column]]:
        if not any(cell.strip() for cell in row.cells):
            return "empty row", []
        if not named and is_heading(row, layout):
            for heading in map(str.strip, row.cells):
                name = column_of(heading, layout)
                named.append(Column(heading or "?", loaded.get(name, str), name in _AMOUNTS))
            return "heading", []
        if not named:
            return "front", []
        if is_one(row.cells[0], layout.payout):
            return "payout", [Column(column.name, str) for column in named]
        return "transaction", named

    return of
