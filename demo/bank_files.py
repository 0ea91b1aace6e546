"""A MobilePay settlement and bank statements as MobilePay and a bank write them, made from plain values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from xml.sax.saxutils import escape

ACCOUNT = "DK5000400440116243"
SALES_UNIT = "123456"
_CURRENCY = "DKK"
_MOBILEPAY = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"
_STATEMENT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
#: How banks code a transfer, payments by slip, and what they take for their work.
TRANSFER, SLIPS, CHARGES = ("RCDT", "DMCT"), ("RCDT", "VCOM"), ("MDOP", "CHRG")


class Paid(NamedTuple):
    """By MobilePay: øre, the fee of it, and what the payer was asked to write."""

    amount: int
    fee: int
    order: str


class Slip(NamedTuple):
    """One of the payments that a line sums up."""

    amount: int
    creditor: str
    #: Its last digit checks it.
    payment_id: str
    #: The bank's name for it.
    reference: str


class BankLine(NamedTuple):
    """Øre, positive = came in."""

    amount: int
    day: date
    text: str
    code: tuple[str, str] = TRANSFER
    slips: Sequence[Slip] = ()


def bank_text(settled: date) -> str:
    """What the bank writes with a payout: 20 digits, of which nobody tells how the last one is made."""
    return f"02{SALES_UNIT:0>8}001{settled:%d%m%y}7"


def settlement(settled: date, sold: date, number: int, payments: Sequence[Paid]) -> bytes:
    """Of one day, version 3.0: fees are taken before the money is paid out."""
    captured, fees = sum(paid.amount for paid in payments), sum(paid.fee for paid in payments)
    rows = [_transaction(sold, number * 1_000 + place, paid) for place, paid in enumerate(payments, start=1)]
    sums = [*_sums("SettlementAmount", captured, fees), ("SettledAmount", _kroner(captured - fees))]
    of_the_day = [
        ("SettlementDate", str(settled)),
        ("SettlementID", str(number)),
        ("SettlementCurrencyCode", _CURRENCY),
        ("SettlementType", "Net"),
    ]
    info = [_tags(of_the_day), *rows, _tag("NumOfTransactions", str(len(rows))), _tags(sums)]
    payments_info = [
        ("ReportDateFrom", str(sold)),
        ("ReportDateTo", str(settled)),
        ("SettlementCurrencyCode", _CURRENCY),
        ("SettlementAccountNum", ACCOUNT),
    ]
    sales_unit = [
        ("SaleUnitName", "Tre Ænder"),
        ("SerialNumber", SALES_UNIT),
        *((f"Organization{name}", "") for name in ("Name", "Number")),
        *((f"MainAddress{name}", "") for name in ("", "ZipCode", "City", "CountryCode")),
    ]
    paid = _tags(payments_info) + _tag("SettlementInfo", "".join(info)) + _tag("NumOfSettlements", "1")
    details = _tag("SettlementDetailsInfo", _tags(sales_unit) + _tag("PaymentsInfo", paid))
    sender = ("Name", "WebSite", "VisitingAddress", "PostBox", "PostAddress", "Country")
    report = details + _tag("VippsInfo", _tags([(name, "") for name in sender]))
    return f'{_HEAD}<SettlementReport xmlns="{_MOBILEPAY}">\n{report}</SettlementReport>\n'.encode()


def statement(number: int, first: date, last: date, opening: int, lines: Sequence[BankLine]) -> bytes:
    """Of our one account, camt.053. ``opening`` in øre."""
    closing = opening + sum(line.amount for line in lines)
    period = _tag("FrDtTm", f"{first}T00:00:00") + _tag("ToDtTm", f"{last}T23:59:59")
    parts = [
        _tag("Id", f"{last:%Y}-{number}"),
        _tag("ElctrncSeqNb", str(number)),
        _tag("CreDtTm", f"{last}T23:30:00"),
        _tag("FrToDt", period),
        _tag("Acct", _tag("Id", _tag("IBAN", ACCOUNT)) + _tag("Ccy", _CURRENCY)),
        _balance("OPBD", opening, first),
        _balance("CLBD", closing, last),
        *(_entry(number * 1_000 + place, line) for place, line in enumerate(lines, start=1)),
    ]
    header = _tag("GrpHdr", _tag("MsgId", f"M{number}") + _tag("CreDtTm", f"{last}T23:30:00"))
    message = _tag("BkToCstmrStmt", header + _tag("Stmt", "".join(parts)))
    return f'{_HEAD}<Document xmlns="{_STATEMENT}">\n{message}</Document>\n'.encode()


def _transaction(sold: date, number: int, paid: Paid) -> str:
    return _tag(
        "TransactionInfo",
        _tags(
            [
                ("TransactionTime", f"{sold}T12:00:00+01:00"),
                *_sums("Amount", paid.amount, paid.fee, ahead="Transaction"),
                ("SettlementCurrencyCode", _CURRENCY),
                ("TransactionID", str(number)),
                ("OrderID", paid.order),
            ]
        ),
    )


def _sums(behind: str, captured: int, fees: int, *, ahead: str = "") -> list[tuple[str, str]]:
    """The order of net and fee is not the same in a transaction and in the sums of a settlement."""
    said = {"Capture": captured, "Refund": 0, "Gross": captured, "Net": captured - fees, "Fee": fees}
    return [(f"{ahead}{name}{behind}", _kroner(ore)) for name, ore in said.items()]


def _entry(number: int, line: BankLine) -> str:
    family, code = line.code
    codes = _tag("Domn", _tag("Cd", "PMNT") + _tag("Fmly", _tag("Cd", family) + _tag("SubFmlyCd", code)))
    slips = [_transaction_of(slip.amount, slip=slip) for slip in line.slips]
    count = _tag("Btch", _tag("NbOfTxs", str(len(slips)))) if len(slips) > 1 else ""
    details = count + ("".join(slips) or _transaction_of(line.amount, text=line.text))
    parts = [
        _tag("NtryRef", str(number)),
        _amount(line.amount),
        _tag("Sts", "BOOK"),
        _tag("BookgDt", _tag("Dt", str(line.day))),
        _tag("ValDt", _tag("Dt", str(line.day))),
        _tag("AcctSvcrRef", f"B{number:012}"),
        _tag("BkTxCd", codes),
        _tag("NtryDtls", details),
    ]
    return _tag("Ntry", "".join(parts))


def _transaction_of(amount: int, *, text: str = "", slip: Slip | None = None) -> str:
    parties, told = "", _tag("Ustrd", escape(text))
    if slip is not None:
        parties = _tag("RltdPties", _tag("CdtrAcct", _tag("Id", _tag("Othr", _tag("Id", slip.creditor)))))
        kind = _tag("Tp", _tag("CdOrPrtry", _tag("Cd", "SCOR")))
        told = _tag("Strd", _tag("CdtrRefInf", kind + _tag("Ref", f"71/{slip.payment_id:0>15}")))
    own = _tag("AcctSvcrRef", slip.reference) if slip is not None else ""
    references = _tag("Refs", own + _tag("EndToEndId", "NOTPROVIDED"))
    details = _tag("AmtDtls", _tag("TxAmt", _money(amount)))
    return _tag("TxDtls", references + details + parties + _tag("RmtInf", told))


def _balance(code: str, ore: int, day: date) -> str:
    kind = _tag("Tp", _tag("CdOrPrtry", _tag("Cd", code)))
    return _tag("Bal", kind + _amount(ore) + _tag("Dt", _tag("Dt", str(day))))


def _amount(ore: int) -> str:
    return _money(ore) + _tag("CdtDbtInd", "CRDT" if ore >= 0 else "DBIT")


def _money(ore: int) -> str:
    return f'<Amt Ccy="{_CURRENCY}">{_kroner(abs(ore))}</Amt>\n'


def _kroner(ore: int) -> str:
    return f"{ore // 100}.{ore % 100:02}"


def _tags(said: Sequence[tuple[str, str]]) -> str:
    return "".join(_tag(name, escape(value)) for name, value in said)


def _tag(name: str, content: str) -> str:
    """Each on a line of its own, so that lines tell where something stands."""
    return f"<{name}>{content}</{name}>\n"
