"""Makes receipts as the provider writes them: for demos and tests. Texts, to be written in ISO 8859-1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from hub.plugin import format_amount

_END = "\r\n"


class Transmission(NamedTuple):
    """What names a transmission in a receipt: for one in an envelope, ``day and serial, delivery number``."""

    name: str
    at: datetime
    subsystem: str = "BS1"

    def head(self, start: str, code: str, said: str) -> str:
        return f"{start}{self.subsystem:3}{self.name:17}{self.at:%y%m%d%H%M%S}+{code}{said}{_END}"


class NoteSection(NamedTuple):
    """A section as an F note counts it; ``amount`` in øre."""

    creditor: str
    group: str
    section: str
    items: int
    amount: int


def transmitted(sent: Transmission, code: str = "PN00") -> str:
    """A receipt T."""
    return sent.head("PBCNET40", code, "DATA ACCEPTERET" if code == "PN00" else "DATA AFVIST")


def validated(
    sent: Transmission,
    code: str = "BS00",
    *,
    vendor_number: str,
    records: int,
    sections: int,
    texts: int,
    items: int,
    amount: int,
) -> str:
    """A receipt V; ``amount`` in øre."""
    verdict = "LEVERANCE ACCEPTERET" if code == "BS00" else "LEVERANCE AFVIST"
    inner = [
        "  DATA TIL PBS:",
        f"  TILDELT LEVERANCE NR: {vendor_number}",
        f"  ANTAL RECORDS: {records:06d}",
        f"  {code}:  {verdict}",
        " OPTÆLLING        SEKTIONER     TEKSTANTAL    BELØBSANTAL        BELØBS TOTAL",
        f" LEVERANCE{sections:17}{_count(texts):>15}{_count(items):>15}{_amount(amount):>20}",
    ]
    box = ["*" * 80, *(f"*{line:78}*" for line in inner), "*" * 80]
    return sent.head("PBCNET41", code, f" {verdict}") + "".join(line + _END for line in box)


def note(sections: Sequence[NoteSection], *, system: str = "BS1", delivery_type: str = "0602") -> str:
    """An F note on a data file."""
    lines = [
        f"1SYSTEM        : {system}",
        f" LEVERANCETYPE : {delivery_type.lstrip('0')} - BETALINGSOPLYSNINGER",
        "0PBS-NUMMER  DEBITOR-GRP  SEKTIONS-NR  DATALEV-IDENT          REC-ANTAL           TOTAL-BELØB  KREDITORNAVN",
    ]
    for creditor, group, section, items, amount in sections:
        said = f"{_count(items):>50}{_amount(amount):>22}  KREDITOR"
        lines.append(f"0  {creditor}        {group}          {section.lstrip('0'):3}{said}")
    items, amount = sum(one.items for one in sections), sum(one.amount for one in sections)
    lines.append(f"{'':26}{'-' * 11}{'':19}{'-' * 15}  {'-' * 20}")
    said = f"{_count(len(sections)):>12}     RECORD-ANTAL{_count(items):>17}{_amount(amount):>24}"
    lines.append(f"         ANTAL SECTIONER {said}")
    return "".join(line + _END for line in lines)


def _count(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _amount(ore: int) -> str:
    whole, _, decimals = format_amount(ore).partition(".")
    return f"{_count(int(whole))},{decimals}"
