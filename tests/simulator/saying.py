"""What the provider says, as bytes: the V receipt, deliveries 0602 and 0603; trailing blanks are left off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from tests.simulator.taking import Taken

_BOX_CHARACTERS = 80
_CARD_TYPE = "71"
NO_DAY = "000000"


class Sender(NamedTuple):
    """Whom a delivery of the provider's goes to, and its number."""

    data_supplier: str
    subsystem: str
    delivery: int
    created: date


@dataclass
class Section:
    """Records of one section of 0602 or 0603, and what its trailer counts."""

    creditor: str
    number: str
    group: str
    records: list[str] = field(default_factory=list)
    payments: int = 0
    amount: int = 0
    texts: int = 0
    addresses: int = 0

    def automatic(
        self, code: str, customer: str, mandate: str, due: date, sign: int, asked: int, reference: str, paid: str
    ) -> None:
        """0236 to 0239 of section 0211; ``paid`` is what :func:`paid` says."""
        self._pay(
            f"BS042{self.creditor}{code}000{self.group}{customer:15}{mandate}{short(due)}{sign}{asked:013d}"
            f"{reference:30}    {paid}",
            paid,
            sign,
        )

    def slip(
        self, code: str, customer: str, due: date, asked: int, reference: str, archive: str, paid: str, *, wrote: str
    ) -> None:
        """0297 and 0299 of section 0215; ``wrote`` is what the payer had to say."""
        self._pay(
            f"BS042{self.creditor}{code}000{self.group}0000{customer:15}{_CARD_TYPE}000000{short(due)}1{asked:013d}"
            f"{reference[:9]:9}{archive:22}{paid}",
            paid,
            1,
        )
        if wrote:
            self.records += [f"BS022{self.creditor}{wrote}", f"BS052{self.creditor}{wrote}"]
            self.addresses += 1
            self.texts += 1

    def mandate(self, code: str, customer: str, mandate: str, start: date, end: date | None) -> None:
        """0230 to 0234."""
        ended = short(end) if end else NO_DAY
        self.records.append(f"BS042{self.creditor}{code}000{self.group}{customer:15}{mandate}{short(start)}{ended}")
        self.payments += 1

    def issued(self, customer: str, slip_creditor: str, payment_id: str, due: date, amount: int, ref: str) -> None:
        """0295: a slip has been made."""
        self.records.append(
            f"BS042{self.creditor}0295000{self.group}{customer:15}{_CARD_TYPE}{slip_creditor}{payment_id:0>19}"
            f"{short(due)}{amount:013d}{ref[:9]:9}"
        )
        self.payments += 1
        self.amount += amount

    def _pay(self, record: str, paid: str, sign: int) -> None:
        self.records.append(record)
        self.payments += 1
        self.amount += -int(paid[12:]) if sign == 2 else int(paid[12:])

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return self.payments, self.amount, self.texts, self.addresses


def short(day: date) -> str:
    return f"{day:%d%m%y}"


def paid(on: date, booked: date, amount: int) -> str:
    """Payment date, booking date, amount: the last 25 positions of a payment."""
    return f"{short(on)}{short(booked)}{amount:013d}"


NOTHING_PAID = f"{NO_DAY}{NO_DAY}{0:013d}"


def delivery(kind: str, sender: Sender, sections: Iterable[Section]) -> bytes:
    """0602 or 0603: sections with nothing in them are left out."""
    whose = f"{sender.data_supplier}{sender.subsystem}{kind}"
    lines = [f"BS002{whose}{sender.delivery:010d}{'':19}{short(sender.created)}"]
    filled = [section for section in sections if section.records]
    filler = "000" if kind == "0602" else "   "
    for section in filled:
        head = f"{section.creditor}{section.number}"
        payments, amount, texts, addresses = section.counts
        lines.append(f"BS012{head}{filler}{section.group}{'':24}{short(sender.created)}")
        lines += section.records
        lines.append(
            f"BS092{head}000{section.group}{'':6}{payments:011d}{amount:015d}{texts:011d}{'':15}{addresses:011d}"
        )
    payments, amount, texts, addresses = (sum(one.counts[at] for one in filled) for at in range(4))
    lines.append(
        f"BS992{whose}{len(filled):011d}{payments:011d}{amount:015d}{texts:011d}{0:015d}{addresses:011d}{0:034d}"
    )
    return _written(lines)


def receipt(taken: Taken, assigned: int, at: datetime) -> bytes:
    """V: the delivery is accepted; in its first line the number that it was sent under."""
    sent = f" {taken.created:%y%m%d}01  {taken.delivery[-6:]}"
    box = (
        "",
        " DATA TIL PBS:",
        "",
        f" TILDELT LEVERANCE NR: {assigned:010d}",
        "",
        f" LEVERANDØR: {taken.data_supplier}   SYSTEM: {taken.subsystem}       TIDSPUNKT: {at:%d%m%y} - {at:%H%M%S}",
        "",
        f" ANTAL RECORDS: {taken.records:06d}",
        "",
        " BS00:  LEVERANCE ACCEPTERET",
        "",
        "OPTÆLLING        SEKTIONER     TEKSTANTAL    BELØBSANTAL        BELØBS TOTAL",
        "",
        f"LEVERANCE {_dotted(taken.sections):>16}{_dotted(taken.texts):>15}{_dotted(len(taken.demands)):>15}"
        f"{_dotted(taken.amount // 100):>17},{taken.amount % 100:02d}",
        "",
        " LEVERANCEN ER ACCEPTERET",
        "",
    )
    edge = "*" * _BOX_CHARACTERS
    lines = [f"PBCNET41{taken.subsystem}{sent}{at:%y%m%d%H%M%S}+BS00 LEVERANCE ACCEPTERET", edge]
    lines += [f"* {line:{_BOX_CHARACTERS - 4}} *" for line in box]
    return _written([*lines, edge])


def payment_id(number: int) -> str:
    """15 digits, the last of them the check digit (modulus 10): digits weigh 1, 2, 1, 2, ... 2 from the left."""
    body = f"{number:014d}"
    products = (int(digit) * (1 + place % 2) for place, digit in enumerate(body))
    return f"{body}{-sum(product // 10 + product % 10 for product in products) % 10}"


def _dotted(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _written(lines: Sequence[str]) -> bytes:
    return "".join(f"{line.rstrip()}\r\n" for line in lines).encode("iso8859-1")
