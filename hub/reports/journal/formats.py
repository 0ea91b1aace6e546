"""Lines of a posting journal as the bytes of a CSV file, in the layout of the company's ``[journal]``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from typing import NamedTuple

from hub.money import format_amount
from hub.settings.journal import Column, JournalField, Layout
from hub.store.views.vouchers import voucher_text

#: Lines that become bytes at once.
_LINES_A_TIME = 2_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: A cell that begins so is a formula to a spreadsheet.
_FORMULA = "=+-@"


class Line(NamedTuple):
    """One line of the journal: an amount on one account of the general ledger."""

    #: In the company's series of the posting date's year; a summary has its first one.
    voucher: int
    #: ``000``, ``001``...: hub.ledger.kinds.document_type.
    document_type: str
    posting_date: date
    #: When it counts on this account (R10); None where a summary holds several.
    value_date: date | None
    #: Of the general ledger.
    account: str
    #: Øre, debit positive.
    amount: int
    currency: str
    text: str
    #: Number of the batch in the company's chain.
    batch: int
    #: What the entry is, our own account and the entry's key; empty in a summary.
    kind: str = ""
    code: str = ""
    key: str = ""


def render(layout: Layout, lines: Iterable[Line]) -> Iterator[bytes]:
    """The file's bytes in parts, of which memory holds one; lines end with CR LF.

    Of the text alone it can lack something: what the encoding has no letter for becomes ``?``, what is too long is
    cut, control characters become blanks.
    """
    cells = [_cell(column, layout) for column in layout.columns]
    if layout.header:
        yield _written(layout, [[column.title for column in layout.columns]])
    remaining = iter(lines)
    while some := list(islice(remaining, _LINES_A_TIME)):
        yield _written(layout, ([cell(line) for cell in cells] for line in some))


def _written(layout: Layout, rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=layout.delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(layout.encoding, errors="replace")


def _cell(column: Column, layout: Layout) -> Callable[[Line], str]:
    if column.field is None:
        constant = column.value or ""
        return lambda line: constant
    return _CELLS[column.field](layout)


def _amount(layout: Layout, ore: int) -> str:
    return format_amount(ore).replace(".", layout.decimal)


def _date(layout: Layout, day: date | None) -> str:
    if day is None:
        return ""
    return layout.date.replace("yyyy", f"{day.year:04}").replace("mm", f"{day.month:02}").replace("dd", f"{day.day:02}")


def _plain(text: str, characters_max: int | None = None) -> str:
    text = _CONTROL.sub(" ", text).strip()
    return (f"'{text}" if text.startswith(tuple(_FORMULA)) else text)[:characters_max]


#: Field -> layout -> line -> cell.
_CELLS: dict[JournalField, Callable[[Layout], Callable[[Line], str]]] = {
    "voucher": lambda layout: lambda line: str(line.voucher),
    "document": lambda layout: lambda line: voucher_text(line.posting_date.year, line.voucher),
    "document_type": lambda layout: lambda line: line.document_type,
    "posting_date": lambda layout: lambda line: _date(layout, line.posting_date),
    "value_date": lambda layout: lambda line: _date(layout, line.value_date),
    "account": lambda layout: lambda line: line.account,
    "amount": lambda layout: lambda line: _amount(layout, line.amount),
    "debit": lambda layout: lambda line: _amount(layout, line.amount) if line.amount > 0 else "",
    "credit": lambda layout: lambda line: _amount(layout, -line.amount) if line.amount < 0 else "",
    "currency": lambda layout: lambda line: line.currency,
    "text": lambda layout: lambda line: _plain(line.text, layout.text_characters_max),
    "kind": lambda layout: lambda line: line.kind,
    "code": lambda layout: lambda line: _plain(line.code),
    "batch": lambda layout: lambda line: str(line.batch),
    "key": lambda layout: lambda line: _plain(line.key),
}
