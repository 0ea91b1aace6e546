"""Bank statements in ISO 20022 as a bank sends them, so large that they are written as they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

ACCOUNT = "DK5000400440116243"
SLIP_CREDITOR = "88888888"
FIRST_DAY = date(2026, 11, 1)
_DAYS = 28
#: So many entries: what payers write by themselves comes now and then, between payments by slip.
_TRANSFER_EVERY = 5
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>
<GrpHdr><MsgId>BENCH</MsgId><CreDtTm>2026-11-29T06:00:00</CreDtTm></GrpHdr>
<Stmt><Id>2026-11</Id><CreDtTm>2026-11-29T06:00:00</CreDtTm>
<FrToDt><FrDtTm>{first}T00:00:00</FrDtTm><ToDtTm>{last}T23:59:59</ToDtTm></FrToDt>
<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>DKK</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="DKK">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
<Dt><Dt>{first}</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="DKK">{total}</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
<Dt><Dt>{last}</Dt></Dt></Bal>
"""
_ENTRY = """<Ntry><NtryRef>{number}</NtryRef><Amt Ccy="DKK">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>BENCH{number:010}</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>{code}</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>\
<AmtDtls><TxAmt><Amt Ccy="DKK">{amount}</Amt></TxAmt></AmtDtls>
<RltdPties>{parties}</RltdPties><RmtInf>{told}</RmtInf></TxDtls></NtryDtls></Ntry>
"""
_CREDITOR = "<CdtrAcct><Id><Othr><Id>{}</Id></Othr></Id></CdtrAcct>"
_PAYER = "<Dbtr><Nm>Beboer {0}</Nm></Dbtr><DbtrAcct><Id><Othr><Id>5051{0:010}</Id></Othr></Id></DbtrAcct>"
_REFERENCE = "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{}</Ref></CdtrRefInf></Strd>"
_WORDS = "<Ustrd>Husleje november</Ustrd><Ustrd>Lejemål {}</Ustrd>"
_TAIL = "</Stmt></BkToCstmrStmt></Document>\n"


def write_statement(path: Path, entries: int) -> None:
    """Four payments by slip, then a transfer, and so on."""
    _write(path, (_mixed(number) for number in range(1, entries + 1)), sum(map(_ore, range(1, entries + 1))))


def write_rents(path: Path, entries: int, ore: int, reference_of: Callable[[int], str]) -> None:
    """Transfers of this amount, the n-th with the creditor's reference for it."""
    rents = (
        _entry(number, ore, "ESCT", _PAYER.format(number), _REFERENCE.format(reference_of(number)))
        for number in range(1, entries + 1)
    )
    _write(path, rents, entries * ore)


def entries_of(megabytes: int) -> int:
    """About as many as make a file of this size."""
    sample = sum(len(_mixed(number).encode()) for number in range(1, 1_001))
    return megabytes * 1_000_000 * 1_000 // sample


def _write(path: Path, entries: Iterator[str], total_ore: int) -> None:
    last = FIRST_DAY + timedelta(_DAYS - 1)
    with path.open("w", encoding="utf-8") as stream:
        stream.write(_HEAD.format(account=ACCOUNT, first=FIRST_DAY, last=last, total=_kroner(total_ore)))
        stream.writelines(entries)
        stream.write(_TAIL)


def _mixed(number: int) -> str:
    if number % _TRANSFER_EVERY == 0:
        return _entry(number, _ore(number), "DMCT", _PAYER.format(number), _WORDS.format(number))
    reference = _REFERENCE.format(f"71/{number:018}{_check_digit(number)}")
    return _entry(number, _ore(number), "VCOM", _CREDITOR.format(SLIP_CREDITOR), reference)


def _entry(number: int, ore: int, code: str, parties: str, told: str) -> str:
    day = FIRST_DAY + timedelta(number % _DAYS)
    return _ENTRY.format(number=number, amount=_kroner(ore), day=day, code=code, parties=parties, told=told)


def _ore(number: int) -> int:
    return 100_00 + number * 7_919 % 2_000_000


def _kroner(ore: int) -> str:
    return f"{ore // 100}.{ore % 100:02}"


def _check_digit(number: int) -> int:
    """Of a payment id, modulus 10."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(str(number))))
    return -sum(sum(divmod(product, 10)) for product in doubled) % 10
