"""Statements as a workbook: an overview with a row a tenant, then charges, other debts, lines, movements and holdings.

Amounts are numbers and dates are dates, in the formats that Excel shows as its user's country writes them. Texts are
never formulas. The workbook's language is that of the first statement.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import ARC_CORE
from openpyxl.xml.functions import tostring

from hub.errors import HubError
from hub.reports.statement.model import ChargeRow, Statement
from hub.reports.statement.texts import Words, charge_kind, credit_note, holding_name, movement_kind, one_line, words_of

#: What a sheet of Excel holds, its header included.
SHEET_ROWS_MAX = 1_048_576

#: Built-in formats 4 and 14: separators and order of the date follow the reader's country.
_MONEY = "#,##0.00"
_DATE = "mm-dd-yy"
_TEXT = "@"
_FORMULA_SIGNS = ("=", "+", "-", "@")
_HEADER_FONT = Font(bold=True, color="FFFFFF")
_HEADER_FILL = PatternFill("solid", fgColor="1D3B53")
_HEADER_ALIGNMENT = Alignment(vertical="center", wrap_text=True)

_Value = str | date | Decimal | None


class _Sheet(NamedTuple):
    title: str
    #: Name and width, in characters, of the columns between the tenant and the currency.
    columns: tuple[tuple[str, int], ...]
    rows: Callable[[Statement, Words], Iterator[tuple[_Value, ...]]]


def render_xlsx(statements: Sequence[Statement]) -> bytes:
    """The same statements give the same bytes. Raises HubError when they need more rows than a sheet of Excel has."""
    words = words_of(statements[0].language)
    book = Workbook(write_only=True)
    for sheet in _sheets(words):
        _write(book, sheet, statements, words)
    made_at = datetime.combine(statements[0].made_on, time())
    book.properties.creator = one_line(statements[0].company.name)
    book.properties.created = made_at
    return _same_bytes(book, made_at)


def _sheets(words: Words) -> tuple[_Sheet, ...]:
    return (
        _Sheet(words.overview, _overview_columns(words), _overview),
        _Sheet(words.charges, _demanded_columns(words), _charges),
        _Sheet(words.debts, _demanded_columns(words), _debts),
        _Sheet(
            words.lines,
            (
                (words.reference, 22),
                (words.due_date, 13),
                (words.charge_type, 17),
                (words.text, 40),
                (words.period_from, 13),
                (words.period_to, 13),
                (words.amount, 15),
                (words.vat_rate, 13),
                (words.vat, 15),
            ),
            _lines,
        ),
        _Sheet(
            words.movements,
            (
                (words.date, 13),
                (words.kind, 24),
                (words.text, 40),
                (words.amount, 15),
                (words.balance, 15),
            ),
            _movements,
        ),
        _Sheet(words.holdings, ((words.holding, 30), (words.charged, 15), (words.held, 15)), _holdings),
    )


def _demanded_columns(words: Words) -> tuple[tuple[str, int], ...]:
    return (
        (words.reference, 22),
        (words.kind, 24),
        (words.text, 40),
        (words.due_date, 13),
        (words.amount, 15),
        (words.settled, 18),
        (words.remaining, 15),
        (words.is_overdue, 10),
    )


def _overview_columns(words: Words) -> tuple[tuple[str, int], ...]:
    titles = (words.balance, words.overdue, words.coming, *words.ageing_bands)
    return (words.as_of, 12), *((title, 15) for title in titles)


def _overview(it: Statement, words: Words) -> Iterator[tuple[_Value, ...]]:
    figures = (it.balance, it.overdue, it.coming, *it.ageing)
    yield it.as_of, *map(_amount, figures)


def _charges(it: Statement, words: Words) -> Iterator[tuple[_Value, ...]]:
    return (_demanded(row, charge_kind(words, row.kind), words) for row in it.charges)


def _debts(it: Statement, words: Words) -> Iterator[tuple[_Value, ...]]:
    return (_demanded(row, movement_kind(words, row.kind), words) for row in it.debts)


def _demanded(row: ChargeRow, kind: str, words: Words) -> tuple[_Value, ...]:
    return (
        row.reference,
        kind,
        row.text,
        row.due_date,
        _amount(row.amount),
        _amount(row.settled),
        _amount(row.remaining),
        words.yes if row.overdue else words.no,
    )


def _lines(it: Statement, words: Words) -> Iterator[tuple[_Value, ...]]:
    for charge in it.charges:
        for line in charge.lines:
            yield (
                charge.reference,
                charge.due_date,
                line.charge_type,
                line.text,
                line.period_from,
                line.period_to,
                _amount(line.amount),
                _amount(line.vat_rate),
                _amount(line.vat),
            )
        for note in charge.credit_notes:
            text = credit_note(words, note.text)
            yield charge.reference, note.value_date, "", text, None, None, _amount(-note.amount), None, None


def _movements(it: Statement, words: Words) -> Iterator[tuple[_Value, ...]]:
    if it.opening:
        yield None, words.opening_balance, "", None, _amount(it.opening)
    for row in it.movements:
        yield (
            row.value_date,
            movement_kind(words, row.kind),
            row.text,
            _amount(row.amount),
            _amount(row.balance),
        )


def _holdings(it: Statement, words: Words) -> Iterator[tuple[_Value, ...]]:
    for row in it.holdings:
        yield holding_name(words, row.name), _amount(row.charged), _amount(row.held)


def _amount(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


def _write(book: Workbook, what: _Sheet, statements: Sequence[Statement], words: Words) -> None:
    # All rows first: a sheet that is begun and not finished leaves openpyxl's writer in mid-air.
    rows = [(it.tenancy, it.tenant.name, *row, it.currency) for it in statements for row in what.rows(it, words)]
    if len(rows) >= SHEET_ROWS_MAX:
        raise HubError(
            f"the sheet {what.title!r} would need {len(rows) + 1} rows",
            why=f"Excel opens no more than {SHEET_ROWS_MAX}",
            do="choose fewer tenants, or write CSV or JSON",
        )
    columns = ((words.tenancy, 16), (words.tenant, 30), *what.columns, (words.currency, 9))
    sheet = book.create_sheet(what.title)
    for position, (_, width_chars) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(position)].width = width_chars
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = Worksheet.ORIENTATION_LANDSCAPE
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.append([_header_cell(sheet, title) for title, _ in columns])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    sheet.close()


def _header_cell(sheet: Any, title: str) -> Any:
    cell = WriteOnlyCell(sheet, title)
    cell.font, cell.fill, cell.alignment = _HEADER_FONT, _HEADER_FILL, _HEADER_ALIGNMENT
    return cell


def _cell(sheet: Any, value: _Value) -> Any:
    """A text that a formula could hide in is a styled cell: plain text now, and still text when somebody edits it."""
    if value is None:
        return None
    if not isinstance(value, str):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = _DATE if isinstance(value, date) else _MONEY
        return cell
    shown = one_line(value)
    if not shown.startswith(_FORMULA_SIGNS):
        return shown
    cell = WriteOnlyCell(sheet, shown)
    cell.data_type, cell.number_format, cell.quotePrefix = "s", _TEXT, True
    return cell


def _same_bytes(book: Workbook, made_at: datetime) -> bytes:
    """The workbook without the moment of writing, which openpyxl puts into the core properties and on every member."""
    written = io.BytesIO()
    book.save(written)
    book.properties.modified = made_at
    out = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            info = zipfile.ZipInfo(member.filename, made_at.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.file_size = member.file_size
            with target.open(info, "w") as copy:
                if member.filename == ARC_CORE:
                    copy.write(tostring(book.properties.to_tree()))
                else:
                    shutil.copyfileobj(source.open(member), copy, 1 << 20)
    return out.getvalue()
