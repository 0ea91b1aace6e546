"""Takes a delivery 0601 as strictly as the provider would: lengths, order, codes, counts, sums, one demand a day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

_RECORD = 128
_AHEAD_DAYS_MAX = 90
_CUSTOMER = re.compile(r"[0-9A-ZÆØÅ]+ *")
#: Code of BS042 in each section.
_CODES = {"0112": "0280", "0117": "0285"}


class RefusedError(Exception):
    """The provider would refuse the delivery; says where."""


class Record(NamedTuple):
    """One record, filled up to 128 characters; positions are 1-based and inclusive."""

    line: int
    text: str

    def at(self, first: int, last: int) -> str:
        return self.text[first - 1 : last]

    def number(self, first: int, last: int) -> int:
        raw = self.at(first, last)
        if not (raw.isascii() and raw.isdigit()):
            raise self.refused(first, last, "digits")
        return int(raw)

    def day(self, first: int) -> date:
        """ddmmyyyy"""
        raw = self.at(first, first + 7)
        try:
            return date(int(raw[4:]), int(raw[2:4]), int(raw[:2]))
        except ValueError:
            raise self.refused(first, first + 7, "a date ddmmyyyy") from None

    def must(self, first: int, last: int, expected: str) -> None:
        if self.at(first, last) != expected:
            raise self.refused(first, last, repr(expected))

    def blank(self, first: int, last: int) -> None:
        self.must(first, last, " " * (last - first + 1))

    def zeros(self, first: int, last: int) -> None:
        self.must(first, last, "0" * (last - first + 1))

    def refused(self, first: int, last: int, expected: str) -> RefusedError:
        return RefusedError(
            f"line {self.line}, positions {first}-{last}: found {self.at(first, last)!r}, expected {expected}"
        )


class Demand(NamedTuple):
    """One collection as the creditor asks for it; numbers as they stand in the file."""

    creditor: str
    group: str
    section: str
    customer: str
    mandate: str
    due: date
    #: Øre, negative = paid out to the debtor.
    amount: int
    reference: str
    texts: tuple[str, ...]


@dataclass
class _Count:
    """What a BS092 and the BS992 say."""

    payments: int = 0
    amount: int = 0
    texts: int = 0
    addresses: int = 0

    def add(self, other: _Count) -> None:
        self.payments += other.payments
        self.amount += other.amount
        self.texts += other.texts
        self.addresses += other.addresses

    def held_against(self, end: Record) -> None:
        for first, last, counted in (
            (32, 42, self.payments),
            (43, 57, self.amount),
            (58, 68, self.texts),
            (84, 94, self.addresses),
        ):
            if end.number(first, last) != counted:
                raise end.refused(first, last, str(counted))


@dataclass
class Taken:
    """A delivery that is in order."""

    data_supplier: str
    subsystem: str
    delivery: str
    created: date
    records: int
    sections: int
    texts: int
    amount: int
    demands: list[Demand] = field(repr=False)


def take(delivery: bytes) -> Taken:
    """Raises RefusedError."""
    records = _Records(_records(delivery))
    start = records.next("BS002")
    supplier, subsystem, number = start.at(6, 13), start.at(14, 16), start.at(21, 30)
    start.number(6, 13)
    start.must(17, 20, "0601")
    start.number(21, 30)
    start.blank(31, 49)
    short = start.at(50, 55)
    created = Record(start.line, f"{short[:4]}20{short[4:]}").day(1)
    start.blank(56, 128)
    total, sections, demands = _Count(), 0, []
    while records.ahead == "BS012":
        sections += 1
        demands += _section(records, total)
    end = records.next("BS992")
    end.must(6, 20, f"{supplier}{subsystem}0601")
    if end.number(21, 31) != sections:
        raise end.refused(21, 31, str(sections))
    total.held_against(end)
    end.zeros(69, 83)
    end.zeros(95, 128)
    records.must_be_over()
    _judge(demands, created)
    return Taken(supplier, subsystem, number, created, end.line, sections, total.texts, total.amount, demands)


class _Records:
    """The records one by one, with a look at what comes next."""

    def __init__(self, records: list[Record]) -> None:
        self._records = records
        self._taken = 0

    @property
    def ahead(self) -> str:
        """Type of the next record, "" at the end."""
        return self._records[self._taken].at(1, 5) if self._taken < len(self._records) else ""

    def next(self, expected: str) -> Record:
        if self.ahead != expected:
            line = min(self._taken + 1, len(self._records))
            raise RefusedError(f"line {line}: found {self.ahead or 'the end'!r}, expected {expected}")
        self._taken += 1
        return self._records[self._taken - 1]

    def must_be_over(self) -> None:
        if self.ahead:
            raise RefusedError(f"line {self._taken + 1}: found {self.ahead!r}, expected the end")


def _records(delivery: bytes) -> list[Record]:
    *lines, rest = delivery.decode("iso8859-1").split("\r\n")
    if rest or not lines:
        raise RefusedError("the delivery does not end with a line end")
    for number, line in enumerate(lines, start=1):
        if len(line) > _RECORD:
            raise RefusedError(f"line {number}: {len(line)} characters, a record has {_RECORD}")
        if "\r" in line or "\n" in line:
            raise RefusedError(f"line {number}: a line end within the record")
    return [Record(number, line.ljust(_RECORD)) for number, line in enumerate(lines, start=1)]


def _section(records: _Records, total: _Count) -> Iterator[Demand]:
    start = records.next("BS012")
    creditor, section, group = start.at(6, 13), start.at(14, 17), start.at(23, 27)
    start.number(6, 13)
    if section not in _CODES:
        raise start.refused(14, 17, " or ".join(_CODES))
    start.blank(18, 22)
    start.number(23, 27)
    start.blank(43, 46)
    start.day(47)
    count = _Count()
    while records.ahead == "BS022":
        yield _demand(records, creditor, section, group, count)
    end = records.next("BS092")
    end.must(6, 17, f"{creditor}{section}")
    end.zeros(18, 22)
    end.must(23, 27, group)
    end.blank(28, 31)
    count.held_against(end)
    end.blank(69, 83)
    end.blank(95, 128)
    total.add(count)


def _demand(records: _Records, creditor: str, section: str, group: str, count: _Count) -> Demand:
    """BS022 (1 to 5, 9, perhaps 10), BS042, BS052 from 1 upwards: all of one customer."""
    lines = []
    customer = ""
    while records.ahead == "BS022":
        line = records.next("BS022")
        customer = customer or line.at(28, 42)
        line.must(6, 17, f"{creditor}0240")
        line.must(23, 42, f"{group}{customer}")
        lines.append(line)
    count.addresses += len(lines)
    _judge_address(lines)
    pay = records.next("BS042")
    pay.must(6, 22, f"{creditor}{_CODES[section]}00000")
    pay.must(23, 42, f"{group}{customer}")
    if not _CUSTOMER.fullmatch(customer) or not customer.strip(" 0"):
        raise pay.refused(28, 42, "a customer number")
    pay.number(43, 51)
    sign, amount = pay.number(60, 60), pay.number(61, 73)
    if sign not in (0, 1, 2) or (sign == 0) != (amount == 0):
        raise pay.refused(60, 73, "a sign code and the amount that belongs to it")
    pay.zeros(104, 105)
    texts = []
    while records.ahead == "BS052":
        line = records.next("BS052")
        line.must(6, 22, f"{creditor}0241{len(texts) + 1:05d}")
        line.must(23, 51, pay.at(23, 51))
        line.blank(52, 52)
        line.blank(113, 128)
        texts.append(line.at(53, 112).rstrip())
    signed = -amount if sign == 2 else amount
    count.payments += 1
    count.amount += signed
    count.texts += len(texts)
    return Demand(
        creditor, group, section, customer, pay.at(43, 51), pay.day(52), signed, pay.at(74, 103).rstrip(), tuple(texts)
    )


def _judge_address(lines: list[Record]) -> None:
    """Name and address in lines 1 to 5, at least two; then 9 with postal code and country, and perhaps 10."""
    numbers = [line.number(18, 22) for line in lines]
    named = [number for number in numbers if number < 9]
    if (
        named != list(range(1, len(named) + 1))
        or not 2 <= len(named) <= 5
        or numbers[len(named) :] not in ([9], [9, 10])
    ):
        raise RefusedError(f"line {lines[0].line}: records {numbers} of BS022, expected 1, 2, ... 9")
    for line in lines[: len(named)]:
        if not line.at(52, 86).strip():
            raise line.refused(52, 86, "a line of name or address")
        line.blank(87, 128)
    postal = lines[len(named)]
    postal.blank(52, 66)
    postal.number(67, 70)
    if not postal.at(71, 73).rstrip().isalpha():
        raise postal.refused(71, 73, "a country")
    postal.blank(74, 128)


def _judge(demands: list[Demand], created: date) -> None:
    """What is only seen of them all together."""
    asked = set()
    for demand in demands:
        if not created < demand.due <= created + timedelta(days=_AHEAD_DAYS_MAX):
            raise RefusedError(f"{demand.customer}: due {demand.due}, created {created}")
        one = (demand.creditor, demand.customer, demand.due)
        if one in asked:
            raise RefusedError(f"{demand.customer}: two collections on {demand.due}")
        asked.add(one)
