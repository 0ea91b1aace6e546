"""What a plug-in's records may say: checked on the hub's side, where no plug-in can get around it.

The limits stand in :mod:`hub.plugin.records`, their rules in :mod:`hub.plugin.limits`. They keep what the ledger relies
on: sums that fit a column of the database, texts that every database and a person's screen can take, and records in the
order of their file.

Whole columns are checked at once, and looked through value by value only where that finds something: 2,000 payments
take half the time that it takes to unpack them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, repeat
from typing import Any, cast

from hub.money import AMOUNT_ORE_MAX, format_amount
from hub.plugin import Document, Record, Remark, ShownField
from hub.plugin.limits import LINKED, NOT_READ, AmountRule, FieldRule, Rule, TextRule, rules_of, shown_value
from hub.vendors.columns import END_OF_TEXT, Column, decode

#: The bytes of control characters in UTF-8 (NUL ends a text and is none of it); the last two begin others as well.
_CONTROL_BYTES = [bytes([byte]) for byte in (*range(1, 0x20), 0x7F, 0xC2, 0xE2)]
_END = END_OF_TEXT.encode()
_RECORD = 0


class BreachError(Exception):
    """A record says what none may say; the message names class, field, value and record."""


def _surely_fit(rule: Rule, column: Column) -> bool:
    """Are they all as they must be? False may also mean that each has to be asked."""
    if isinstance(rule, TextRule):
        return _texts_surely_fit(rule, column)
    if isinstance(rule, AmountRule):
        # ``Reading`` sums them up and so knows already that none is too large, either way.
        amounts = column.values
        return (rule.zero or 0 not in amounts) and (rule.least < 0 or min(amounts) >= rule.least)
    return all(map(rule.fits, set(column.values)))


def _texts_surely_fit(rule: TextRule, column: Column) -> bool:
    packed = bytes(column.packed)
    return (
        (rule.empty or "" not in column.values)
        and not any(byte in packed for byte in _CONTROL_BYTES)
        and not _any_longer(packed, rule.characters_max)
    )


def _any_longer(packed: bytes, characters_max: int) -> bool:
    """Strides over the texts, as far as the longest may reach: quicker than measuring each."""
    start = 0
    while len(packed) - start > characters_max:
        end = packed.rfind(_END, start, start + characters_max + 1)
        if end < 0:
            return True
        start = end + 1
    return False


#: On one file that a plug-in makes.
REMARKS_MAX = 100


class Reading:
    """The records of one reading of a file, batch after batch."""

    def __init__(self) -> None:
        self._last_record = 0
        self._amounts_left = AMOUNT_ORE_MAX
        #: Record numbers of the batch by class.
        self._numbers: list[Sequence[int]] = []

    def batch(self, packed: bytes | bytearray) -> list[Record]:
        """The records of the next batch. Raises ColumnError for what is no batch, BreachError."""
        self._numbers.clear()
        records = decode(packed, self._inspect)
        if len(self._numbers) == 1:
            self._follow(self._numbers[0])
        else:
            self._follow([record[0] for record in records if not isinstance(record, Remark)])
        return records

    def _inspect(self, record_class: type, columns: Sequence[Column], count: int) -> None:
        if record_class in NOT_READ:
            raise BreachError(f"reads a {record_class.__name__}, which no file is read for")
        if record_class is not Remark:
            numbers = columns[_RECORD].values
            self._numbers.append([*numbers] * count if len(numbers) == 1 else numbers)
        for field in rules_of(record_class):
            column = columns[field.position]
            if field.name == "amount":
                self._sum_up(record_class, field, columns, count)
            if not _surely_fit(field.rule, column):
                _look_through(record_class, field, columns)
        if record_class in LINKED:
            places = map(record_class._fields.index, ("record", "link", "key"))
            _links_begin_keys(record_class, *(columns[place].values for place in places))

    def _sum_up(self, record_class: type, field: FieldRule, columns: Sequence[Column], count: int) -> None:
        amounts = columns[field.position].values
        self._amounts_left -= sum(map(abs, amounts)) * (count if len(amounts) == 1 else 1)
        if self._amounts_left < 0:
            _look_through(record_class, field, columns)
            most = format_amount(AMOUNT_ORE_MAX)
            raise BreachError(f"says amounts that come to more than {most} in one file, their signs left out")

    def _follow(self, numbers: Sequence[int]) -> None:
        """Ascending from 1, each once: the journal keeps one outcome a record, a reader looks for it in the file."""
        if not numbers or (numbers[0] > self._last_record and sorted(set(numbers)) == numbers):
            self._last_record = numbers[-1] if numbers else self._last_record
            return
        for number in numbers:
            if number <= self._last_record:
                after = f"after record {self._last_record}" if self._last_record else "at the beginning"
                raise BreachError(f"says record {number} {after}: they must ascend from 1, as in the file, each once")
            self._last_record = number


class Showing:
    """The fields of one file's records, batch after batch."""

    def __init__(self) -> None:
        self._last_record = 0

    def batch(self, packed: bytes | bytearray) -> list[ShownField]:
        """The fields of the next batch. Raises ColumnError for what is no batch, BreachError."""
        fields = cast("list[ShownField]", decode(packed, _inspect_shown))
        for shown in fields:
            if shown.record < max(self._last_record, 1):
                raise BreachError(f"shows line {shown.record} after line {self._last_record}: they must ascend from 1")
            self._last_record = shown.record
        return fields


class Making:
    """What a plug-in remarks on one file that it makes."""

    def __init__(self) -> None:
        self._left = REMARKS_MAX

    def batch(self, packed: bytes | bytearray) -> list[str]:
        """The next remarks. Raises ColumnError for what is no batch, BreachError."""
        remarks = cast("list[Remark]", decode(packed, _inspect_remarks))
        self._left -= len(remarks)
        if self._left < 0:
            raise BreachError(f"remarks more than {REMARKS_MAX} times on one file")
        return [remark.text for remark in remarks]


def _inspect_shown(record_class: type, columns: Sequence[Column], _: int) -> None:
    _inspect_only(ShownField, record_class, columns, "shows")


def _inspect_remarks(record_class: type, columns: Sequence[Column], _: int) -> None:
    _inspect_only(Remark, record_class, columns, "makes")


def _inspect_only(needed: type, record_class: type, columns: Sequence[Column], doing: str) -> None:
    if record_class is not needed:
        raise BreachError(f"{doing} a {record_class.__name__}: a {needed.__name__} is needed")
    for field in rules_of(needed):
        if not _surely_fit(field.rule, columns[field.position]):
            _look_through(needed, field, columns)


def check_document(document: Document) -> None:
    """Raises BreachError."""
    for field in rules_of(Document):
        value = document[field.position]
        if not field.rule.fits(value):
            raise BreachError(f"says Document.{field.name} {shown_value(value)}: {field.rule.must}")


def _look_through(record_class: type, field: FieldRule, columns: Sequence[Column]) -> None:
    numbers = _filled(columns[_RECORD].values)
    named = repeat("") if record_class is Remark else map(" of record {}".format, numbers)
    for value, of_record in zip(columns[field.position].values, named, strict=False):
        if not field.rule.fits(value):
            what = f"{record_class.__name__}.{field.name} {shown_value(value)}{of_record}"
            raise BreachError(f"says {what}: {field.rule.must}")


def _links_begin_keys(of: type, numbers: Sequence[int], links: Sequence[str], keys: Sequence[str]) -> None:
    """Else no charge-back would find its payment, and nobody would know why. What holds of a key holds of its link."""
    if len(links) == len(keys) and all(map(str.startswith, keys, [f"{link}|" for link in links])) and "" not in links:
        return
    count = max(len(numbers), len(links), len(keys))
    for number, link, key in islice(zip(_filled(numbers), _filled(links), _filled(keys), strict=False), count):
        if not link or not key.startswith(f"{link}|"):
            what = f"says {of.__name__}.link {shown_value(link)} of record {number}"
            raise BreachError(
                f"{what}: it must not be empty, and the key, {shown_value(key)}, must begin with it and |"
            )


def _filled(values: Sequence[Any]) -> Iterable[Any]:
    return repeat(values[0]) if len(values) == 1 else values
