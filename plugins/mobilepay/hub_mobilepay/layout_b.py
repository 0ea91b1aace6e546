"""Settlement files of layout B, whatever carries them: one table of transactions, with what is paid out of it.

Rows above the heading row are about the file and are passed over. A row is a transaction, empty, or says what a
settlement pays out; where no row says that, each transaction carries it. What is left of a settlement's transactions
after fees must come to it (R6).

A row gives one record, under its number: a transaction its payment or refund, a row of a payout that. The fees are one
sum for each settlement, numbered after the last row, as is a payout that has no row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.plugin import Kept, Malformed, Payout, Record, Remark, format_amount
from hub.plugin.limits import CONTROL
from hub.plugin.records import NAME_CHARACTERS_MAX
from hub_mobilepay import cells, records
from hub_mobilepay.cells import CellError, Row
from hub_mobilepay.headings import Carrier, Heading, is_heading, is_one, loads, refuse_no_heading
from hub_mobilepay.settings import MobilePaySettings

#: What a row of a payout says for itself, and what it may say besides.
_OF_PAYOUT = ("number", "settlement_id", "settlement_date", "settlement_sum")
_BESIDE_PAYOUT = ("sale_date", "store", "settlement_account")
_AGAIN = "fetch it again"


def read_table(rows: Iterable[Row], settings: MobilePaySettings, carrier: Carrier) -> Iterator[Record]:
    """Payments, refunds and payouts in file order, then what is summed up. Raises Malformed."""
    reading: _Reading | None = None
    number = 0
    for row in rows:
        number = row.number
        if not any(cell.strip() for cell in row.cells):
            continue
        if reading is not None:
            yield reading.row(row)
        elif is_heading(row, settings.layout_b):
            reading = _Reading(Heading(row, settings.layout_b, carrier), settings, carrier)
        else:
            refuse_no_heading(row, settings.layout_b)
    if reading is None:
        raise Malformed("the file is cut: it has no heading row", do=_AGAIN)
    yield from reading.end(number)


@dataclass
class _Settlement:
    settled_on: date
    #: Øre of its transactions so far: what is left, and what is kept of them.
    net: int = 0
    fees: int = 0
    #: What is paid out, as the file says; None = it has not said it yet.
    stated: int | None = None
    #: The row that says it for all, behind which no transaction may follow; 0 = none has.
    payout_row: int = 0
    last_row: int = 0


class _Reading:
    """The rows below the heading while they are read."""

    def __init__(self, heading: Heading, settings: MobilePaySettings, carrier: Carrier) -> None:
        self._heading = heading
        self._settings = settings
        self._layout = settings.layout_b
        self._loads = loads(carrier)
        #: By number of sales unit and of settlement, in file order.
        self._settlements: dict[tuple[str, str], _Settlement] = {}

    def row(self, row: Row) -> Record:
        """What a row says that is not empty. Raises Malformed."""
        mark = "point" if self._layout.decimal_mark == "." else "comma"
        self._heading.check_width(row, f"amounts have a decimal {mark}; with another one fills two cells")
        if is_one(self._heading.cell(row, "sale_date"), self._layout.payout):
            return self._payout(row)
        return self._transaction(row)

    def end(self, number: int) -> Iterator[Record]:
        """Fees, payouts without a row, and what is not paid out, behind the last row. Raises Malformed."""
        for key, settlement in self._settlements.items():
            self._check(key, settlement, settlement.last_row)
        for key, settlement in self._settlements.items():
            if settlement.fees:
                number += 1
                yield records.fee(
                    record=number,
                    creditor=key[0],
                    number=key[1],
                    amount=settlement.fees,
                    currency=self._layout.currency,
                    booked_on=settlement.settled_on,
                    note=f"afregning {key[1]}",
                )
            if settlement.net > 0 and not settlement.payout_row:
                number += 1
                yield self._paid_out(number, key, settlement)
        for key, settlement in self._settlements.items():
            if settlement.net <= 0 and not settlement.payout_row:
                left = format_amount(settlement.net)
                yield Remark(f"Settlement {key[1]} of {key[0]} leaves {left}: nothing is paid out, it rolls on")

    def _payout(self, row: Row) -> Record:
        for name in self._heading.columns:
            found = self._heading.cell(row, name)
            if found and name not in _OF_PAYOUT + _BESIDE_PAYOUT:
                raise self._refused(row, name, CellError(found, "nothing in the row of a payout"))
        values = self._values(row, _OF_PAYOUT)
        if values["settlement_sum"] is None:
            raise self._refused(row, "settlement_sum", CellError("", "what is paid out"))
        key, settlement = self._settlement_of(row, values)
        self._check(key, settlement, row.number)
        settlement.payout_row = row.number
        if settlement.net <= 0:
            text = f"afregning {key[1]}: {records.kroner(settlement.net)}, ingen udbetaling, saldoen føres videre"
            return Kept(row.number, "payout", text)
        return self._paid_out(row.number, key, settlement)

    def _transaction(self, row: Row) -> Record:
        values = self._values(row, self._heading.columns)
        _, settlement = self._settlement_of(row, values)
        gross, fee, net = values["gross"], values["fee"], values["net"]
        if abs(fee) != abs(gross - net):
            expected = f"{format_amount(gross)} less the fee of {format_amount(abs(fee))}"
            raise self._refused(row, "net", CellError(format_amount(net), expected), "a wrong sum")
        settlement.net += net
        settlement.fees += gross - net
        return self._moved(row, values)

    def _moved(self, row: Row, values: Mapping[str, Any]) -> Record:
        """What a transaction is, by its type."""
        gross, said = values["gross"], values["transaction_type"]
        is_sale, is_refund = is_one(said, self._layout.sale), is_one(said, self._layout.refund)
        about: dict[str, Any] = {
            "record": row.number,
            "creditor": values["number"],
            "transaction": values["transaction_id"],
            "reference": self._reference(values),
            "currency": self._layout.currency,
            "booked_on": values["settlement_date"],
        }
        if not (is_sale or is_refund):
            if gross:
                return records.unknown_money(entry_type=said, amount=gross, **about)
            return records.kept_unknown(record=row.number, entry_type=said)
        if gross == 0:
            return Kept(row.number, said, f"transaktion {values['transaction_id']} uden beløb")
        if is_sale != (gross > 0):
            expected = f"an amount {'above' if is_sale else 'below'} 0.00, as its type is {said!r}"
            raise self._refused(row, "gross", CellError(format_amount(gross), expected))
        make = records.captured if is_sale else records.refunded
        return make(amount=abs(gross), sold_on=values["sale_date"], note=_payer(values), **about)

    def _reference(self, values: Mapping[str, Any]) -> str:
        message = values.get("message", "")
        if len(message) > NAME_CHARACTERS_MAX or CONTROL.search(message):
            # Nothing of ours is as long.
            message = ""
        return self._settings.own_reference_of({"order_id": values["order_id"], "message": message})

    def _values(self, row: Row, wanted: Iterable[str]) -> dict[str, Any]:
        """What the cells of these columns say. Raises Malformed."""
        values = {}
        for name in wanted:
            try:
                values[name] = self._loads[name](self._heading.cell(row, name))
            except CellError as error:
                raise self._refused(row, name, error) from None
        return values

    def _settlement_of(self, row: Row, values: Mapping[str, Any]) -> tuple[tuple[str, str], _Settlement]:
        """A row's settlement, of which it must say what the others do. Raises Malformed."""
        key, settled_on = (values["number"], values["settlement_id"]), values["settlement_date"]
        settlement = self._settlements.setdefault(key, _Settlement(settled_on))
        if settlement.settled_on != settled_on:
            expected = f"{settlement.settled_on}, as row {settlement.last_row} of settlement {key[1]} says"
            raise self._refused(row, "settlement_date", CellError(str(settled_on), expected))
        if settlement.payout_row:
            expected = f"a settlement that row {settlement.payout_row} has not ended"
            raise self._refused(row, "settlement_id", CellError(key[1], expected))
        stated = values["settlement_sum"]
        if None not in (stated, settlement.stated) and stated != settlement.stated:
            expected = f"{format_amount(settlement.stated or 0)}, as the rows of settlement {key[1]} above say"
            raise self._refused(row, "settlement_sum", CellError(format_amount(stated), expected))
        settlement.stated = settlement.stated if stated is None else stated
        settlement.last_row = row.number
        return key, settlement

    def _check(self, key: tuple[str, str], settlement: _Settlement, number: int) -> None:
        """What is paid out is what its transactions leave (R6); only of nothing need nothing be said.

        Raises Malformed.
        """
        left = f"{format_amount(settlement.net)}, what the transactions of settlement {key[1]} leave"
        place = self._heading.place("settlement_sum", number)
        if settlement.stated is None:
            if settlement.net > 0:
                found = "no sum that is paid out"
                raise Malformed("the file is cut", line=number, field=place, found=found, expected=left, do=_AGAIN)
        elif settlement.stated != settlement.net:
            found = format_amount(settlement.stated)
            raise Malformed("a wrong sum", line=number, field=place, found=found, expected=left)

    def _paid_out(self, number: int, key: tuple[str, str], settlement: _Settlement) -> Payout:
        return records.paid_out(
            record=number,
            creditor=key[0],
            number=key[1],
            amount=settlement.net,
            currency=self._layout.currency,
            booked_on=settlement.settled_on,
            bank_text=self._settings.bank_text(payout=key[1], creditor=key[0], settled_on=settlement.settled_on),
        )

    def _refused(self, row: Row, name: str, error: CellError, what: str = "") -> Malformed:
        place = self._heading.place(name, row.number)
        return Malformed(what, line=row.number, field=place, found=cells.shown(error.found), expected=error.expected)


def _payer(values: Mapping[str, Any]) -> str:
    """Who has paid and what he writes, where the file says it: what a person finds the tenant by."""
    payer = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
    return ": ".join(filter(None, (payer, values.get("message", ""))))
