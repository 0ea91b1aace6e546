"""MobilePay's Danish CSV of transferred transactions (Transaction Reporting API v2, to March 2024), for old data.

Cells are separated by semicolons, amounts have a decimal comma, days are dd-mm-yyyy. Each row is one movement of the
balance that MobilePay owes us, signed as its effect on it; the format has no totals. A fee is a row of its own. Rows
may be of several currencies: each keeps its own.

What a type does with the sign is documented for payments and fees alone. A refund or a transfer that adds to the
balance would be booked the wrong way round if we guessed: it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from hub.plugin import FileView, Kept, Malformed, Record, ShownField, format_amount
from hub.plugin.records import DAY_FIRST, DAY_LAST, NUMBER_CHARACTERS_MAX
from hub_mobilepay import cells, records, values
from hub_mobilepay.cells import CellError, Row
from hub_mobilepay.csv_rows import Dialect, rows
from hub_mobilepay.settings import MobilePaySettings, OwnField
from hub_mobilepay.table_showing import Column, show_csv

KIND = "transferred-csv"
TITLE = "Transferred transactions (CSV of the old MobilePay)"
telltale = "mobilepay/transferred-csv"

_DIALECT = Dialect(";", quoted=True)
_DAY = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\"?Company Reg No[^A-Za-z]+Merchant Name")


def _amount(text: str) -> int:
    """Øre. Raises CellError."""
    return cells.amount(text, ",")


def _day(text: str) -> date:
    """Raises CellError."""
    if found := _DAY.fullmatch(text):
        try:
            read = date(int(found[3]), int(found[2]), int(found[1]))
        except ValueError:
            raise CellError(text, "a day that exists, as dd-mm-yyyy") from None
        if DAY_FIRST <= read <= DAY_LAST:
            return read
    raise CellError(text, f"a day as dd-mm-yyyy, between {DAY_FIRST} and {DAY_LAST}")


def _day_or_none(text: str) -> date | None:
    return _day(text) if text else None


_COLUMNS: Mapping[str, Callable[[str], Any]] = {
    "Company Reg No": cells.words,
    "Merchant Name": cells.words,
    "Payment Point ID": cells.words,
    "Payment Point Name": cells.words,
    "Type": cells.name,
    "Amount": _amount,
    "Currency": cells.currency,
    "Timestamp": values.moment,
    "Date": _day,
    "Message": values.free_text,
    "Merchant Reference": cells.words,
    "Merchant Payment Label": cells.words,
    "Payment Transaction ID": cells.words,
    "User Indicator": cells.words,
    "Loyalty ID": cells.words,
    "MyShop Number": values.text(NUMBER_CHARACTERS_MAX),
    "Brand Name": cells.words,
    "Brand ID": cells.words,
    "Location ID": cells.words,
    "POS Name": cells.words,
    "Beacon ID": cells.words,
    "Merchant Payer Reference": cells.words,
    "Agreement ID": cells.words,
    "Receiver Account": cells.words,
    "Transfer Reference Date": _day_or_none,
    "Transfer Reference": cells.words,
}
_PLACES = {name: f"{name}, cell {at}" for at, name in enumerate(_COLUMNS, start=1)}
#: What a row's amount must be by its type: 1 = positive, -1 = negative; others may be either.
_SIGNS: Mapping[str, int] = {"Payment": 1, "Refund": -1, "TransactionFee": -1, "ServiceFee": -1, "Transfer": -1}
_FEES = ("TransactionFee", "ServiceFee")


def identify(file: FileView) -> str:
    """By its first line, whatever the delimiter and the encoding."""
    # Without the zeros of UTF-16 the names stand as in ASCII.
    is_ours = _BEGINNING.match(file.head[:200].replace(b"\0", b""))
    return "" if is_ours else "it does not begin with Company Reg No;Merchant Name"


def read(file: FileView, settings: MobilePaySettings) -> Iterator[Record]:
    """One record of each row, under its line. Raises Malformed."""
    empty_line = 0
    with file.open() as stream:
        for row in rows(stream, _DIALECT):
            if row.number == 1:
                _check_heading(row)
            elif row.cells == ("",):
                empty_line = empty_line or row.number
            elif empty_line:
                raise Malformed("something follows an empty line", line=row.number)
            else:
                yield _record(_loaded(row), settings)


def show(file: FileView, settings: MobilePaySettings) -> Iterator[ShownField]:
    """Every cell under the name of its column."""
    return show_csv(file, _DIALECT, _columns_of, read(file, settings))


def _columns_of(row: Row) -> tuple[str, list[Column]]:
    if row.number == 1 or not any(row.cells):
        return "heading" if row.number == 1 else "empty line", []
    return "transaction", [Column(name, load, load is _amount) for name, load in _COLUMNS.items()]


def _check_heading(row: Row) -> None:
    names = tuple(_COLUMNS)
    if row.cells == names:
        return
    if len(row.cells) == 1 and (delimiter := row.cells[0].removeprefix(names[0])[:1]):
        do = "fetch the file as it was"
        raise Malformed("another delimiter", line=1, found=cells.shown(delimiter), expected="semicolons", do=do)
    for at, (found, expected) in enumerate(zip(row.cells, names, strict=False), start=1):
        if found != expected:
            raise Malformed("another heading", line=1, field=f"cell {at}", found=cells.shown(found), expected=expected)
    raise Malformed("a heading", line=1, found=f"{len(row.cells)} cells", expected=f"{len(names)} cells")


class _Line(NamedTuple):
    """One row, understood."""

    line: int
    cells: Mapping[str, Any]

    def refusal(self, column: str, found: str, expected: str, do: str = "") -> Malformed:
        """For the caller to raise."""
        place = _PLACES[column]
        return Malformed(f"a {self.cells['Type']}", line=self.line, field=place, found=found, expected=expected, do=do)

    def needed(self, column: str) -> str:
        """A cell that must say something. Raises Malformed."""
        found: str = self.cells[column]
        if not found:
            raise self.refusal(column, "nothing", "what names it")
        return found


def _loaded(row: Row) -> _Line:
    if len(row.cells) != len(_COLUMNS):
        raise Malformed("a row", line=row.number, found=f"{len(row.cells)} cells", expected=f"{len(_COLUMNS)} cells")
    loaded = {}
    for (column, load), text in zip(_COLUMNS.items(), row.cells, strict=True):
        try:
            loaded[column] = load(text)
        except CellError as error:
            raise cells.refused(row.number, _PLACES[column], error) from None
    return _Line(row.number, loaded)


def _record(row: _Line, settings: MobilePaySettings) -> Record:
    type_, amount = row.cells["Type"], row.cells["Amount"]
    if amount * _SIGNS.get(type_, 0) < 0:
        must = "a positive amount" if amount < 0 else "a negative amount: it takes from the balance"
        raise row.refusal("Amount", format_amount(amount), must)
    if not amount:
        return Kept(row.line, type_, f"post uden beløb: {row.cells['Payment Transaction ID']}")
    about: dict[str, Any] = {
        "record": row.line,
        "creditor": _creditor(row, settings),
        "currency": row.cells["Currency"],
        "booked_on": row.cells["Transfer Reference Date"] or row.cells["Date"],
    }
    if type_ == "Transfer":
        reference = row.needed("Transfer Reference")
        return records.paid_out(number=reference, bank_text=reference, amount=-amount, **about)
    number = row.needed("Payment Transaction ID")
    moment = row.cells["Timestamp"].isoformat()
    if type_ in _FEES:
        return records.fee(number=number, amount=-amount, moment=moment, **about)
    about |= {"transaction": number, "reference": _reference(row, settings), "amount": abs(amount)}
    if type_ == "Payment":
        return records.captured(sold_on=row.cells["Date"], **about)
    if type_ == "Refund":
        return records.refunded(sold_on=row.cells["Date"], **about)
    about |= {"amount": amount, "moment": moment}
    if type_ == "Adjustment":
        return records.correction(**about)
    return records.unknown_money(entry_type=type_, **about)


def _reference(row: _Line, settings: MobilePaySettings) -> str:
    fields: dict[OwnField, str] = {
        "merchant_reference": row.cells["Merchant Reference"],
        "payment_label": row.cells["Merchant Payment Label"],
        "message": row.cells["Message"],
    }
    return settings.own_reference_of(fields)


def _creditor(row: _Line, settings: MobilePaySettings) -> str:
    """The number that the row has, else that of its payment point. Raises Malformed."""
    point = row.cells["Payment Point ID"]
    number: str = row.cells["MyShop Number"] or settings.payment_points.get(point, "")
    if not number:
        do = f'set settings.payment_points."{point}" to the number that is meant'
        raise row.refusal("Payment Point ID", cells.shown(point), "a payment point whose number is known", do)
    return number
