"""Settlement reports as XML, version 3.0: transactions by sales unit and settlement, with sums of each settlement.

The format's rules are held against the file while it is read, so that the first element that breaks one is named by
its line: which elements stand where, what each may say, and that every sum is that of its rows (R6). Amounts are in
kroner with a decimal point; fees are positive here, refunds negative.

A settlement of type ``Net`` pays out what is left after fees: they are booked as kept back, in one sum. One of type
``Gross`` pays out everything, and its fees are invoiced apart: they are listed and move no money of the clearing
account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hub.plugin import FileView, Kept, Malformed, Record, ShownField, format_amount
from hub_mobilepay import cells, records, values
from hub_mobilepay.line_showing import show_lines
from hub_mobilepay.settings import MobilePaySettings
from hub_mobilepay.xml_schema import Closed, Part, Value, closed

KIND = "settlement-xml"
TITLE = "Settlement report (XML 3.0)"
telltale = "mobilepay/settlement-xml"

NAMESPACE = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"
#: Elements and namespaces of any version: of another one it is said which.
_ROOT = re.compile(rb"<(?:[\w.-]+:)?SettlementReport[\s/>]|xmlschema/SettlementReport")

#: An element that says something, without elements in it.
_SAYING = re.compile(rb"<(?P<name>[\w.:-]++)[^<>]*+>(?P<value>[^<>]*+)</")
_NET = "Net"
_CURRENCY = "SettlementCurrencyCode"

_text = values.text(200)
_TRANSACTION = (
    Part("TransactionTime", values.moment),
    Part("TransactionCaptureAmount", values.not_negative),
    Part("TransactionRefundAmount", values.not_positive),
    Part("TransactionGrossAmount", values.amount),
    Part("TransactionNetAmount", values.amount),
    Part("TransactionFeeAmount", values.not_negative),
    Part(_CURRENCY, cells.currency),
    Part("TransactionID", values.whole),
    Part("OrderID", values.text(100)),
)
_SETTLEMENT = (
    Part("SettlementDate", values.day),
    Part("SettlementID", values.whole),
    Part(_CURRENCY, cells.currency),
    Part("SettlementType", values.one_of("Gross", _NET)),
    Part("TransactionInfo", parts=_TRANSACTION, is_many=True),
    Part("NumOfTransactions", values.whole),
    Part("CaptureSettlementAmount", values.not_negative),
    Part("RefundSettlementAmount", values.not_positive),
    Part("GrossSettlementAmount", values.amount),
    Part("NetSettlementAmount", values.amount),
    Part("FeeSettlementAmount", values.not_negative),
    Part("SettledAmount", values.amount),
)
_FEE = (
    Part("FeeDate", values.day),
    Part("FeeID", values.whole),
    Part("FeeAmount", values.amount),
    Part("FeeAccount", _text),
    Part("FeeType", _text),
)
_PAYMENTS = (
    Part("ReportDateFrom", values.day),
    Part("ReportDateTo", values.day),
    Part(_CURRENCY, cells.currency),
    Part("ReportReferenceNum", _text, is_optional=True),
    Part("SettlementAccountNum", _text),
    Part("SettlementInfo", parts=_SETTLEMENT, is_many=True),
    Part("NumOfSettlements", values.whole),
    Part("FeeDetailsInfo", parts=(Part("FeeInfo", parts=_FEE, is_optional=True, is_many=True),), is_optional=True),
)
_SALES_UNIT = (
    Part("SaleUnitName", _text),
    Part("SerialNumber", values.text(20, empty=False)),
    *(Part(name, _text) for name in ("OrganizationName", "OrganizationNumber", "MainAddress")),
    *(Part(f"MainAddress{name}", _text) for name in ("ZipCode", "City", "CountryCode")),
    Part("PaymentsInfo", parts=_PAYMENTS),
)
_SENDER = tuple(
    Part(name, _text) for name in ("Name", "WebSite", "VisitingAddress", "PostBox", "PostAddress", "Country")
)
_REPORT = Part(
    "SettlementReport",
    parts=(Part("SettlementDetailsInfo", parts=_SALES_UNIT, is_many=True), Part("VippsInfo", parts=_SENDER)),
)
#: What the file gives as the sum of which rows.
_SUMS = {f"{name}SettlementAmount": f"Transaction{name}Amount" for name in ("Capture", "Refund", "Gross", "Net", "Fee")}


def identify(file: FileView) -> str:
    """By its root element or namespace, whatever the encoding."""
    # Without the zeros of UTF-16 the names stand as in ASCII.
    return "" if _ROOT.search(file.head.replace(b"\0", b"")) else "no XML settlement report: no SettlementReport in it"


def read(file: FileView, settings: MobilePaySettings) -> Iterator[Record]:
    """Payments, refunds and fees of every transaction, then the payout of its settlement. Raises Malformed."""
    reading = _Reading(settings)
    with file.open() as stream:
        for element in closed(stream, _REPORT, NAMESPACE):
            yield from reading.element(element)


def show(file: FileView, settings: MobilePaySettings) -> Iterator[ShownField]:
    """Every element that says something, at its line."""
    return show_lines(file, read(file, settings), TITLE, _SAYING)


class _Reading:
    """One report while it is read: what its elements come to, and the records they are."""

    def __init__(self, settings: MobilePaySettings) -> None:
        self._settings = settings
        self._record = 0
        #: Of the settlement that is open: øre by element of its transactions, and how many they are.
        self._sums = dict.fromkeys(_SUMS.values(), 0)
        self._transactions = 0
        #: Line of each settlement by number, of the sales unit that is open.
        self._settlements: dict[int, int] = {}

    def element(self, element: Closed) -> Iterator[Record]:
        """What an element that has ended says. Raises Malformed."""
        if element.name == "TransactionInfo":
            self._add(element)
            yield from self._transaction(element)
        elif element.name == "SettlementInfo":
            self._check_settlement(element)
            yield from self._settled(element)
        elif element.name == "FeeInfo":
            yield self._fee(element)
        elif element.name == "PaymentsInfo":
            _check_count(element, "NumOfSettlements", len(self._settlements))
            self._settlements.clear()

    def _add(self, row: Closed) -> None:
        ore = {name: row.values[name].value for name in self._sums}
        capture, refund, gross, _, fee = (ore[name] for name in _SUMS.values())
        _check_sum(row, "TransactionGrossAmount", capture + refund, "captured and refunded")
        _check_sum(row, "TransactionNetAmount", gross - fee, "gross without the fee")
        _check_currency(row)
        self._transactions += 1
        for name in self._sums:
            self._sums[name] += ore[name]

    def _transaction(self, row: Closed) -> Iterator[Record]:
        _, sales_unit, _, settlement = row.around
        capture, refund = (row.values[f"Transaction{name}Amount"] for name in ("Capture", "Refund"))
        number = str(row.values["TransactionID"].value)
        told: Any = {
            "creditor": sales_unit["SerialNumber"].value,
            "transaction": number,
            "reference": self._settings.own_reference_of({"order_id": row.values["OrderID"].value}),
            "currency": row.values[_CURRENCY].value,
            "sold_on": self._settings.day_of(row.values["TransactionTime"].value),
            "booked_on": settlement["SettlementDate"].value,
        }
        if capture.value:
            yield records.captured(record=self._at(capture), amount=capture.value, **told)
        if refund.value:
            yield records.refunded(record=self._at(refund), amount=-refund.value, **told)
        if not (capture.value or refund.value):
            yield Kept(self._at(capture), "TransactionInfo", f"transaktion {number} uden beløb")

    def _check_settlement(self, settlement: Closed) -> None:
        _check_currency(settlement)
        _check_count(settlement, "NumOfTransactions", self._transactions)
        for total, of in _SUMS.items():
            _check_sum(settlement, total, self._sums[of], f"the sum of {of}")
        paid_out = f"{settlement.values['SettlementType'].value}SettlementAmount"
        of_type = f"{paid_out}, as SettlementType says"
        _check_sum(settlement, "SettledAmount", settlement.values[paid_out].value, of_type)
        self._sums = dict.fromkeys(self._sums, 0)
        self._transactions = 0
        line, number = settlement.values["SettlementID"]
        if number in self._settlements:
            at = self._settlements[number]
            raise Malformed(f"settlement {number} is in line {at} too", line=line, field="SettlementID")
        self._settlements[number] = line

    def _settled(self, settlement: Closed) -> Iterator[Record]:
        """Its fees in one sum, and the payout."""
        _, sales_unit, _ = settlement.around
        fee, settled = settlement.values["FeeSettlementAmount"], settlement.values["SettledAmount"]
        number = str(settlement.values["SettlementID"].value)
        creditor, day = sales_unit["SerialNumber"].value, settlement.values["SettlementDate"].value
        told: Any = {
            "creditor": creditor,
            "number": number,
            "currency": settlement.values[_CURRENCY].value,
            "booked_on": day,
        }
        if fee.value and settlement.values["SettlementType"].value == _NET:
            yield records.fee(record=self._at(fee), amount=fee.value, note=f"afregning {number}", **told)
        elif fee.value:
            text = f"afregning {number}: gebyrer {records.kroner(fee.value)} opkræves særskilt"
            yield Kept(self._at(fee), "FeeSettlementAmount", text)
        if settled.value > 0:
            text = self._settings.bank_text(payout=number, creditor=creditor, settled_on=day)
            yield records.paid_out(record=self._at(settled), amount=settled.value, bank_text=text, **told)
        else:
            # At zero or below nothing is paid out: what is left rolls on.
            text = f"afregning {number}: {records.kroner(settled.value)}, ingen udbetaling, saldoen føres videre"
            yield Kept(self._at(settled), "SettlementInfo", text)

    def _fee(self, fee: Closed) -> Record:
        """Taken from an account of ours: no money of the settlement, the bank's statement shows it."""
        amount = fee.values["FeeAmount"]
        text = f"gebyr {fee.values['FeeID'].value} af {fee.values['FeeDate'].value}: {records.kroner(amount.value)}"
        return Kept(self._at(amount), "FeeInfo", f"{text}, opkræves særskilt")

    def _at(self, value: Value) -> int:
        """Its line; where a line says several things, the next number that is free."""
        self._record = max(value.line, self._record + 1)
        return self._record


def _check_sum(element: Closed, name: str, expected: int, what: str) -> None:
    """Raises Malformed where an amount is not what its parts come to (R6)."""
    line, found = element.values[name]
    if found != expected:
        said = f"{format_amount(expected)}, {what}"
        raise Malformed("a wrong sum", line=line, field=name, found=format_amount(found), expected=said)


def _check_count(element: Closed, name: str, expected: int) -> None:
    line, found = element.values[name]
    if found != expected:
        said = f"{expected}, as many as there are"
        raise Malformed("a wrong count", line=line, field=name, found=str(found), expected=said)


def _check_currency(element: Closed) -> None:
    """Sums of several currencies would be none."""
    line, found = element.values[_CURRENCY]
    around = element.around[-1][_CURRENCY].value
    if found != around:
        raise Malformed("another currency", line=line, field=_CURRENCY, found=found, expected=f"{around}, as around it")
