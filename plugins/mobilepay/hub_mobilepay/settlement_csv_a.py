"""Settlement files as CSV, layout A: sections of settlements, fees and transactions, each row named by its first cell.

Cells are separated by commas and never quoted, amounts have a decimal point, days are dd.mm.yyyy. Fees and refunds are
negative. Every column of the transactions must come to what the settlement says (R6). A refund's own Net is 0.00 in the
published sample, though a payout is less by it: so Net is held against the other cells of sales alone.

A row gives one record, under its line: a settlement its payout, a transaction its payment or refund. The fees are one
sum for each settlement, numbered after the last line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, NoReturn

from hub.plugin import FileView, Kept, Malformed, Record, Remark, ShownField, format_amount
from hub_mobilepay import cells, records
from hub_mobilepay.cells import CellError, Row
from hub_mobilepay.csv_rows import Dialect, rows
from hub_mobilepay.settings import MobilePaySettings
from hub_mobilepay.table_showing import Column, show_csv

KIND = "settlement-csv-a"
TITLE = "Settlement (CSV, layout A)"
telltale = "mobilepay/settlement-csv-a"

DIALECT = Dialect(",")
_Load = Callable[[str], Any]

#: Columns of each section behind the row's name, and how their cells are read.
SECTIONS: dict[str, dict[str, _Load]] = {
    "SettlementInfo": {
        "SalesUnitName": cells.words,
        "SaleUnitNumber": cells.number,
        "SettlementDate": cells.day,
        "SettlementID": cells.number,
        "SettlementAccount": cells.words,
        "Gross": cells.amount,
        "Currency": cells.currency,
        "Fee": cells.amount,
        "Refund": cells.amount,
        "Net": cells.amount,
        "NumberOfTransactions": cells.count,
    },
    "FeeInfo": {
        "SettlementDate": cells.day,
        "SaleUnitName": cells.words,
        "SaleUnitNumber": cells.number,
        "FeeAccount": cells.words,
        "Fee": cells.amount,
        "Currency": cells.currency,
    },
    "TransactionInfo": {
        "SalesDate": cells.day,
        "SaleUnitName": cells.words,
        "SaleUnitNumber": cells.number,
        "TransactionId": cells.name,
        "SettlementId": cells.number,
        "OrderID": cells.words,
        "SettlementDate": cells.day,
        "Gross": cells.amount,
        "Currency": cells.currency,
        "Fee": cells.amount,
        "Refund": cells.amount,
        "Net": cells.amount,
    },
}
#: The two lines with a line of values each that begin a file.
_HEADS = (
    ("OrganizationNumber", "MerchantName"),
    ("Name", "VisitingAddress", "Postbox", "Zipno", "Place", "Country", "CompanyNumber"),
)
_HEAD_LINES = 2 * len(_HEADS)
_SUMMED = ("Gross", "Fee", "Refund", "Net")
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\"?OrganizationNumber[^A-Za-z]{1,3}MerchantName")


def identify(file: FileView) -> str:
    """By its first line, whatever the delimiter, the encoding and the quotes."""
    # Without the zeros of UTF-16 the names stand as in ASCII.
    is_ours = _BEGINNING.match(file.head[:200].replace(b"\0", b""))
    return "" if is_ours else "it does not begin with OrganizationNumber,MerchantName"


def read(file: FileView, settings: MobilePaySettings) -> Iterator[Record]:
    """Payouts, payments and refunds in file order, then fees and remarks. Raises Malformed."""
    reading = _Reading(settings)
    with file.open() as stream:
        for row in rows(stream, DIALECT):
            yield from reading.row(row)
    yield from reading.end()


def show(file: FileView, settings: MobilePaySettings) -> Iterator[ShownField]:
    """Every cell under the name of its column."""
    return show_csv(file, DIALECT, _columns_of, read(file, settings))


def _columns_of(row: Row) -> tuple[str, list[Column]]:
    kind = row.cells[0]
    if row.number in (2, 4):
        names = _HEADS[row.number // 2 - 1]
        return "sender", [Column(name, str) for name in names]
    if row.number > _HEAD_LINES and kind in SECTIONS and not _is_heading(row):
        named = SECTIONS[kind].items()
        return kind, [Column("row", str), *(Column(name, load, load is cells.amount) for name, load in named)]
    is_known = kind in SECTIONS or row.number <= _HEAD_LINES
    return "heading" if is_known else "unknown row" if any(row.cells) else "empty line", []


@dataclass
class _Settlement:
    """What a settlement's row says, and what its transactions come to so far."""

    line: int
    values: dict[str, Any]
    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_SUMMED, 0))
    transactions: int = 0


class _Reading:
    """One file while it is read."""

    def __init__(self, settings: MobilePaySettings) -> None:
        self._settings = settings
        self._line = 0
        #: The first of those that may end a file; 0 = none yet.
        self._empty_line = 0
        #: Sections whose heading has come.
        self._begun: set[str] = set()
        #: By number of sales unit and of settlement.
        self._settlements: dict[tuple[str, str], _Settlement] = {}

    def row(self, row: Row) -> Iterator[Record]:
        """What a row says. Raises Malformed."""
        self._line = row.number
        if row.number <= _HEAD_LINES:
            _check_head(row)
            return
        if row.cells == ("",):
            self._empty_line = self._empty_line or row.number
            return
        if self._empty_line:
            raise Malformed("something follows an empty line", line=row.number)
        kind = row.cells[0]
        if kind not in SECTIONS:
            _refuse_delimiter(row)
            expected = ", ".join(SECTIONS)
            raise Malformed("unknown row", line=row.number, field="cell 1", found=cells.shown(kind), expected=expected)
        if _is_heading(row):
            _check_heading(row, (kind, *SECTIONS[kind]))
            self._begun.add(kind)
            return
        if kind not in self._begun:
            raise Malformed(f"a {kind} row before the heading of its section", line=row.number, field="cell 1")
        values = _loaded(row, kind)
        if kind == "SettlementInfo":
            yield self._settlement(row.number, values)
        elif kind == "FeeInfo":
            yield _invoiced(row.number, values)
        else:
            yield self._transaction(row.number, values)

    def end(self) -> Iterator[Record]:
        """The fees of every settlement, once all sums are verified. Raises Malformed."""
        if "TransactionInfo" not in self._begun or not self._settlements:
            missing = "a TransactionInfo heading" if self._settlements else "a SettlementInfo row"
            raise Malformed("the file is cut", found="its end", expected=missing, do="fetch it again")
        for settlement in self._settlements.values():
            _check_sums(settlement)
        for settlement in self._settlements.values():
            values = settlement.values
            if values["Fee"]:
                self._line += 1
                yield records.fee(
                    record=self._line,
                    creditor=values["SaleUnitNumber"],
                    number=values["SettlementID"],
                    amount=-values["Fee"],
                    currency=values["Currency"],
                    booked_on=values["SettlementDate"],
                    note=f"afregning {values['SettlementID']}",
                )
        for settlement in self._settlements.values():
            yield from _left_out(settlement)

    def _settlement(self, line: int, values: dict[str, Any]) -> Record:
        key = (values["SaleUnitNumber"], values["SettlementID"])
        if key in self._settlements:
            raise Malformed(f"settlement {key[1]} of {key[0]} is in line {self._settlements[key].line} too", line=line)
        self._settlements[key] = _Settlement(line, values)
        net, settled_on = values["Net"], values["SettlementDate"]
        if net <= 0:
            text = f"afregning {key[1]}: {records.kroner(net)}, ingen udbetaling, saldoen føres videre"
            return Kept(line, "SettlementInfo", text)
        return records.paid_out(
            record=line,
            creditor=key[0],
            number=key[1],
            amount=net,
            currency=values["Currency"],
            booked_on=settled_on,
            bank_text=self._settings.bank_text(payout=key[1], creditor=key[0], settled_on=settled_on),
        )

    def _transaction(self, line: int, values: dict[str, Any]) -> Record:
        settlement = self._settlements.get((values["SaleUnitNumber"], values["SettlementId"]))
        if settlement is None:
            found = f"settlement {values['SettlementId']} of {values['SaleUnitNumber']}"
            raise Malformed("not settled in this file", line=line, found=found, expected=self._expected())
        if values["Currency"] != settlement.values["Currency"]:
            place = _place("TransactionInfo", "Currency")
            found, expected = values["Currency"], f"{settlement.values['Currency']}, as line {settlement.line} says"
            raise Malformed("another currency", line=line, field=place, found=found, expected=expected)
        gross, refund = values["Gross"], values["Refund"]
        _check_transaction(line, values)
        for column in _SUMMED:
            settlement.sums[column] += values[column]
        settlement.transactions += 1
        told: dict[str, Any] = {
            "record": line,
            "creditor": values["SaleUnitNumber"],
            "transaction": values["TransactionId"],
            "reference": self._settings.own_reference_of({"order_id": values["OrderID"]}),
            "currency": values["Currency"],
            "sold_on": values["SalesDate"],
            "booked_on": values["SettlementDate"],
        }
        if gross:
            return records.captured(amount=gross, **told)
        if refund:
            return records.refunded(amount=-refund, **told)
        return Kept(line, "TransactionInfo", f"transaktion {values['TransactionId']} uden beløb")

    def _expected(self) -> str:
        """The first of the settlements, as an error names it."""
        first = next((f"{number} of {unit} (line {one.line})" for (unit, number), one in self._settlements.items()), "")
        more = f" and {len(self._settlements) - 1} more" if len(self._settlements) > 1 else ""
        return f"{first}{more}" if first else "a SettlementInfo row before it"


def _is_heading(row: Row) -> bool:
    return len(row.cells) > 1 and row.cells[1] == next(iter(SECTIONS[row.cells[0]]))


def _check_head(row: Row) -> None:
    """The lines that say whose file it is: of the values only how many they are."""
    names = _HEADS[(row.number - 1) // 2]
    if row.number % 2:
        _check_heading(row, names)
    elif len(row.cells) != len(names):
        _refuse_count(row, "the line below a heading", names)


def _check_heading(row: Row, names: tuple[str, ...]) -> None:
    if row.cells == names:
        return
    _refuse_delimiter(row)
    for at, (found, expected) in enumerate(zip(row.cells, names, strict=False), start=1):
        if found != expected:
            raise Malformed(
                "another heading", line=row.number, field=f"cell {at}", found=cells.shown(found), expected=expected
            )
    _refuse_count(row, "a heading", names)


def _refuse_delimiter(row: Row) -> None:
    """Raises Malformed where the line is one cell, because something else separates its cells."""
    for other, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(row.cells) == 1 and other in row.cells[0]:
            raise Malformed(
                "another delimiter", line=row.number, found=called, expected="commas", do="fetch the file as it was"
            )


def _refuse_count(row: Row, what: str, names: tuple[str, ...]) -> NoReturn:
    """With the cells that look like one amount, where there is one cell more."""
    found, place, do = f"{len(row.cells)} cells", "", ""
    if len(row.cells) == len(names) + 1:
        for at, (left, right) in enumerate(pairwise(row.cells)):
            if _is_split(left, right):
                place = f"{names[at]}, cell {at + 1}"
                found = f"{found}, of which {at + 1} and {at + 2} look like one amount: {left},{right}"
                do = "amounts have a decimal point: with a decimal comma one fills two cells"
                break
    raise Malformed(what, line=row.number, field=place, found=found, expected=f"{len(names)} cells", do=do)


def _is_split(left: str, right: str) -> bool:
    """Whether two cells are an amount with a decimal comma."""
    return re.fullmatch(r"-?[0-9]+", left) is not None and re.fullmatch(r"[0-9]{2}", right) is not None


def _loaded(row: Row, kind: str) -> dict[str, Any]:
    """The cells of a row by column. Raises Malformed."""
    loads = SECTIONS[kind]
    if len(row.cells) != len(loads) + 1:
        _refuse_count(row, f"a {kind} row", (kind, *loads))
    values = {}
    for at, (column, load) in enumerate(loads.items(), start=1):
        try:
            values[column] = load(row.cells[at])
        except CellError as error:
            raise cells.refused(row.number, _place(kind, column), error) from None
    return values


def _place(kind: str, column: str) -> str:
    """A column with the number of its cell."""
    return f"{column}, cell {list(SECTIONS[kind]).index(column) + 2}"


def _check_transaction(line: int, values: dict[str, Any]) -> None:
    """A row is a sale or a refund, and what a sale leaves is its Net."""
    gross, fee, refund, net = (values[column] for column in _SUMMED)
    for column, wrong in (("Gross", gross < 0), ("Refund", refund > 0 or (refund and gross))):
        if wrong:
            found = f"Gross {format_amount(gross)}, Refund {format_amount(refund)}"
            expected = "a sale with Gross above 0.00, or a refund with Refund below"
            raise Malformed(line=line, field=_place("TransactionInfo", column), found=found, expected=expected)
    if not refund and net != gross + fee:
        place = _place("TransactionInfo", "Net")
        expected = f"{format_amount(gross + fee)}, Gross and Fee together"
        raise Malformed("a wrong sum", line=line, field=place, found=format_amount(net), expected=expected)


def _check_sums(settlement: _Settlement) -> None:
    """Every column, and how many rows they are (R6). Raises Malformed."""
    counted, said = settlement.transactions, settlement.values["NumberOfTransactions"]
    if counted != said:
        place = _place("SettlementInfo", "NumberOfTransactions")
        raise Malformed("a wrong count", line=settlement.line, field=place, found=said, expected=counted)
    for column in _SUMMED:
        if settlement.sums[column] != settlement.values[column]:
            raise Malformed(
                "a wrong sum",
                line=settlement.line,
                field=_place("SettlementInfo", column),
                found=format_amount(settlement.values[column]),
                expected=f"{format_amount(settlement.sums[column])}, the sum of its transactions",
            )


def _left_out(settlement: _Settlement) -> Iterator[Remark]:
    """Where the payout is not what the settlement leaves: what then stays open."""
    gross, fee, refund, net = (settlement.values[column] for column in _SUMMED)
    if net > 0 and net != gross + fee + refund:
        left = format_amount(gross + fee + refund - net)
        yield Remark(
            f"Settlement {settlement.values['SettlementID']} says that {format_amount(net)} is paid out, which leaves "
            f"its refunds of {format_amount(refund)} out: {left} stays open until a later payout is less by it"
        )


def _invoiced(line: int, values: dict[str, Any]) -> Kept:
    """A fee taken from an account of ours: it is no money of the settlement, the bank's statement shows it."""
    settled_on: date = values["SettlementDate"]
    text = f"gebyr {records.kroner(values['Fee'])} af {settled_on} opkræves særskilt fra konto {values['FeeAccount']}"
    return Kept(line, "FeeInfo", text)
