"""Bank statements and notifications in ISO 20022 as a bank would send them, made from plain values.

Paths as in the published samples of two Danish banks; no code of the plug-in's is used. A line break stands before
each entry alone, so that the line of a file is the entry's number and one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

#: Below this version a status is a text, a party has its name itself, and a transaction has no amount of its own.
_CHOICES_SINCE = "001.07"
_AMOUNTS_SINCE = "001.04"
_NAMES = {"camt.053": ("BkToCstmrStmt", "Stmt"), "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}


@dataclass(frozen=True)
class Line:
    """One entry of an account, or one of the transactions that it sums up (``details``)."""

    #: Øre, positive = came in.
    amount: int
    #: Booked and valued.
    day: date
    _: KW_ONLY
    #: What the payer wrote, a line of the file for each line.
    text: str = ""
    payer: str = ""
    payer_account: str = ""
    #: Of a payment slip: creditor number, id in any length, card type.
    creditor: str = ""
    payment_id: str = ""
    card: str = "71"
    #: The creditor's reference, in its own field; an ``RF`` one is as any.
    reference: str = ""
    end_to_end: str = "NOTPROVIDED"
    servicer_reference: str = ""
    code: tuple[str, str, str] = ("PMNT", "RCDT", "DMCT")
    #: The bank's own text on the statement.
    bank_text: str = ""
    status: str = "BOOK"
    #: An entry with several has the sum of theirs in ``amount``.
    details: Sequence[Line] = ()
    #: Transactions of a batch whose details the bank leaves out; 0 = no batch.
    batch: int = 0
    #: Why the bank sends it back: an ISO reason code; "" = it is no return.
    return_reason: str = ""


#: An account and a day, and what may stand on a statement of them where a test needs just any.
ACCOUNT = "DK5000400440116243"
DAY = date(2026, 11, 2)
CREDITOR = "80000001"
SLIP = Line(750000, DAY, creditor=CREDITOR, payment_id="000000000001230", servicer_reference="012X0007")
TRANSFER = Line(
    812500,
    DAY,
    text="Husleje november\nTak for hjælpen",
    payer="Bo Æblegård",
    payer_account="3100 1234567890",
    servicer_reference="012X0001",
    bank_text="BGS 1-1234",
)


def batch(
    details: Sequence[Line], *, code: tuple[str, str, str] = ("PMNT", "RCDT", "VCOM"), servicer_reference: str = ""
) -> Line:
    """One entry for several transactions: their sum, on the first one's day."""
    total = sum(one.amount for one in details)
    return Line(total, details[0].day, details=details, code=code, servicer_reference=servicer_reference)


def statement(
    account: str,
    day_from: date,
    day_to: date,
    opening_ore: int,
    lines: Sequence[Line],
    *,
    identification: str,
    sequence: int | None = None,
    version: str = "001.02",
    kind: str = "camt.053",
    currency: str = "DKK",
) -> bytes:
    """A whole file of one statement (``camt.053``) or notification (``camt.054``, without balances and totals)."""
    return document(
        section(
            account,
            day_from,
            day_to,
            opening_ore,
            lines,
            identification=identification,
            sequence=sequence,
            version=version,
            kind=kind,
            currency=currency,
        ),
        version=version,
        kind=kind,
    )


def made(*lines: Line, **more: Any) -> bytes:
    """A whole file of ``ACCOUNT`` and ``DAY``, opening at 1,000.00; ``more`` as for :func:`statement`."""
    given: dict[str, Any] = {"identification": "2026-211", **more}
    return statement(ACCOUNT, DAY, DAY, 100_000, lines, **given)


def document(*sections: str, version: str = "001.02", kind: str = "camt.053") -> bytes:
    """A file of several statements: see :func:`section`."""
    message = _NAMES[kind][0]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{kind}.{version}"><{message}>'
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-01-02T06:00:00</CreDtTm></GrpHdr>"
        f"{''.join(sections)}</{message}></Document>"
    ).encode()


def section(
    account: str,
    day_from: date,
    day_to: date,
    opening_ore: int,
    lines: Sequence[Line],
    *,
    identification: str,
    sequence: int | None = None,
    version: str = "001.02",
    kind: str = "camt.053",
    currency: str = "DKK",
) -> str:
    """One statement or notification, to be put into a :func:`document`."""
    name = _NAMES[kind][1]
    number = "" if sequence is None else _tag("ElctrncSeqNb", str(sequence))
    id_ = _tag("IBAN", account) if account[:2].isalpha() else _tag("Othr", _tag("Id", account))
    head = [
        _tag("Id", escape(identification)),
        number,
        _tag("CreDtTm", f"{day_to}T23:30:00"),
        _tag("FrToDt", _tag("FrDtTm", f"{day_from}T00:00:00") + _tag("ToDtTm", f"{day_to}T23:59:59")),
        _tag("Acct", _tag("Id", id_) + _tag("Ccy", currency)),
    ]
    if kind == "camt.053":
        booked = [line for line in lines if line.status == "BOOK"]
        closing = opening_ore + sum(line.amount for line in booked)
        head += [_balance("OPBD", opening_ore, day_from, currency), _balance("CLBD", closing, day_to, currency)]
        head.append(_totals(lines))
    return _tag(name, "".join(head) + "".join(_entries(lines, version, currency)))


def _entries(lines: Sequence[Line], version: str, currency: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        status = _tag("Cd", line.status) if version >= _CHOICES_SINCE else line.status
        parts = [
            _tag("NtryRef", str(number)),
            _amount(line.amount, currency),
            _tag("Sts", status),
            _tag("BookgDt", _tag("Dt", str(line.day))),
            _tag("ValDt", _tag("Dt", str(line.day))),
            _tag("AcctSvcrRef", escape(line.servicer_reference)) if line.servicer_reference else "",
            _code(line),
            _details(line, version, currency),
        ]
        yield "\n" + _tag("Ntry", "".join(parts))


def _details(line: Line, version: str, currency: str) -> str:
    count = len(line.details) if len(line.details) > 1 else line.batch
    head = _tag("Btch", _tag("NbOfTxs", str(count))) if count else ""
    if line.batch and not line.details:
        return _tag("NtryDtls", head)
    return _tag("NtryDtls", head + "".join(_detail(one, line, version, currency) for one in line.details or (line,)))


def _detail(line: Line, entry: Line, version: str, currency: str) -> str:
    own_reference = line.servicer_reference if line is not entry else ""
    parts = [
        _tag(
            "Refs",
            (_tag("AcctSvcrRef", escape(own_reference)) if own_reference else "")
            + _tag("EndToEndId", escape(line.end_to_end)),
        ),
        _amount(line.amount, currency) if version >= _AMOUNTS_SINCE else "",
        _tag("AmtDtls", _tag("TxAmt", _money(line.amount, currency))) if version < _AMOUNTS_SINCE else "",
        _parties(line, version),
        _remittance(line),
        _tag("RtrInf", _tag("Rsn", _tag("Cd", line.return_reason))) if line.return_reason else "",
    ]
    return _tag("TxDtls", "".join(parts))


def _parties(line: Line, version: str) -> str:
    payer, account = ("Dbtr", "DbtrAcct") if line.amount > 0 else ("Cdtr", "CdtrAcct")
    name = _tag("Nm", escape(line.payer))
    parts = _tag(payer, _tag("Pty", name) if version >= _CHOICES_SINCE else name) if line.payer else ""
    if line.payer_account:
        parts += _tag(account, _tag("Id", _tag("Othr", _tag("Id", escape(line.payer_account)))))
    if line.creditor:
        parts += _tag("CdtrAcct", _tag("Id", _tag("Othr", _tag("Id", line.creditor))))
    return _tag("RltdPties", parts) if parts else ""


def _remittance(line: Line) -> str:
    parts = "".join(_tag("Ustrd", escape(one)) for one in line.text.split("\n") if one)
    reference = f"{line.card}/{line.payment_id}" if line.payment_id else line.reference
    if reference:
        kind = _tag("Tp", _tag("CdOrPrtry", _tag("Cd", "SCOR")))
        parts += _tag("Strd", _tag("CdtrRefInf", kind + _tag("Ref", escape(reference))))
    return _tag("RmtInf", parts) if parts else ""


def _code(line: Line) -> str:
    domain, family, subfamily = line.code
    codes = _tag("Domn", _tag("Cd", domain) + _tag("Fmly", _tag("Cd", family) + _tag("SubFmlyCd", subfamily)))
    own = _tag("Prtry", _tag("Cd", escape(line.bank_text))) if line.bank_text else ""
    return _tag("BkTxCd", codes + own)


def _totals(lines: Sequence[Line]) -> str:
    credits = [line.amount for line in lines if line.amount > 0]
    debits = [-line.amount for line in lines if line.amount < 0]
    of = [("TtlCdtNtries", credits), ("TtlDbtNtries", debits)]
    sums = [_tag(name, _tag("NbOfNtries", str(len(each))) + _tag("Sum", _kroner(sum(each)))) for name, each in of]
    return _tag("TxsSummry", _tag("TtlNtries", _tag("NbOfNtries", str(len(lines)))) + "".join(sums))


def _balance(code: str, ore: int, day: date, currency: str) -> str:
    kind = _tag("Tp", _tag("CdOrPrtry", _tag("Cd", code)))
    return _tag("Bal", kind + _amount(ore, currency) + _tag("Dt", _tag("Dt", str(day))))


def _amount(ore: int, currency: str) -> str:
    return _money(ore, currency) + _tag("CdtDbtInd", "CRDT" if ore >= 0 else "DBIT")


def _money(ore: int, currency: str) -> str:
    return f'<Amt Ccy="{currency}">{_kroner(abs(ore))}</Amt>'


def _kroner(ore: int) -> str:
    return f"{ore // 100}.{ore % 100:02d}"


def _tag(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"
