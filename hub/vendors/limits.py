"""What a plug-in's records may say: checked on the hub's side, where no plug-in can get around it.

The limits stand in :mod:`hub.plugin.records`. They keep what the ledger relies on: sums that fit a column of the
database, texts that every database and a person's screen can take, and records in the order of their file.

Whole columns are checked at once, and looked through value by value only where that finds something: 2,000 payments
take half the time that it takes to unpack them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import islice, repeat
from typing import Any, NamedTuple, cast

from hub.money import AMOUNT_ORE_MAX, format_amount
from hub.plugin import (
    Chargeback,
    Collection,
    ConsumptionTenancy,
    Document,
    MandateOrder,
    Payment,
    Record,
    Remark,
    ShownField,
)
from hub.plugin.records import (
    DAY_FIRST,
    DAY_LAST,
    KEY_CHARACTERS_MAX,
    MEASURES,
    NAME_CHARACTERS_MAX,
    NUMBER_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    TEXT_LINES_MAX,
)
from hub.vendors.columns import CLASSES, END_OF_TEXT, Column, decode
from hub.vendors.texts import CONTROL

#: The bytes of control characters in UTF-8 (NUL ends a text and is none of it); the last two begin others as well.
_CONTROL_BYTES = [bytes([byte]) for byte in (*range(1, 0x20), 0x7F, 0xC2, 0xE2)]
_END = END_OF_TEXT.encode()
_SHOWN_CHARACTERS_MAX = 60
_RECORD, _LINK, _KEY = map(Payment._fields.index, ("record", "link", "key"))


class BreachError(Exception):
    """A record says what none may say; the message names class, field, value and record."""


class _Rule(ABC):
    """What the values of a field must be; ``must`` says it."""

    must: str

    @abstractmethod
    def fits(self, value: Any) -> bool:
        """Is this value as it must be?"""

    @abstractmethod
    def surely_fit(self, column: Column) -> bool:
        """Are they all? False may also mean that each has to be asked."""


class _Text(_Rule):
    def __init__(self, characters_max: int, *, empty: bool = True) -> None:
        self._characters_max = characters_max
        self._empty = empty
        at_least = "" if empty else "1 to "
        self.must = f"it must have {at_least or 'at most '}{characters_max} characters, no control characters"

    def fits(self, value: str) -> bool:
        return (self._empty or value != "") and len(value) <= self._characters_max and not CONTROL.search(value)

    def surely_fit(self, column: Column) -> bool:
        packed = bytes(column.packed)
        return (
            (self._empty or "" not in column.values)
            and not any(byte in packed for byte in _CONTROL_BYTES)
            and not self._any_longer(packed)
        )

    def _any_longer(self, packed: bytes) -> bool:
        """Strides over the texts, as far as the longest may reach: quicker than measuring each."""
        start = 0
        while len(packed) - start > self._characters_max:
            end = packed.rfind(_END, start, start + self._characters_max + 1)
            if end < 0:
                return True
            start = end + 1
        return False


class _Texts(_Rule):
    """Several texts in one field."""

    def __init__(self, lines_max: int, characters_max: int) -> None:
        self._lines_max = lines_max
        self._each = _Text(characters_max)
        self.must = f"at most {lines_max} texts; of each, {self._each.must}"

    def fits(self, value: tuple[str, ...]) -> bool:
        return len(value) <= self._lines_max and all(map(self._each.fits, value))

    def surely_fit(self, column: Column) -> bool:
        return all(map(self.fits, column.values))


class _Count(_Rule):
    must = f"it must be between -1 (not said) and {AMOUNT_ORE_MAX}"

    def fits(self, value: int) -> bool:
        return -1 <= value <= AMOUNT_ORE_MAX

    def surely_fit(self, column: Column) -> bool:
        return all(map(self.fits, column.values))


class _Moment(_Rule):
    must = f"it must be empty or a moment as 2026-01-02T12:54:04, without a zone, between {DAY_FIRST} and {DAY_LAST}"

    def fits(self, value: str) -> bool:
        if not value:
            return True
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
            is_plain = moment.tzinfo is None and moment.isoformat(timespec="seconds") == value
            return is_plain and DAY_FIRST <= moment.date() <= DAY_LAST
        return False

    def surely_fit(self, column: Column) -> bool:
        return all(map(self.fits, set(column.values)))


class _Currency(_Rule):
    must = "it must be the three capital letters of a currency"
    _form = re.compile("[A-Z]{3}")

    def fits(self, value: str) -> bool:
        return self._form.fullmatch(value) is not None

    def surely_fit(self, column: Column) -> bool:
        return all(map(self.fits, set(column.values)))


class _Amount(_Rule):
    def __init__(self, least: int, *, zero: bool) -> None:
        self._least = least
        self._zero = zero
        nor_zero = "" if zero or least > 0 else " and not 0"
        self.must = f"it must be between {least} and {AMOUNT_ORE_MAX} øre{nor_zero}"

    def fits(self, value: int) -> bool:
        return self._least <= value <= AMOUNT_ORE_MAX and (self._zero or value != 0)

    def surely_fit(self, column: Column) -> bool:
        """``Reading`` sums them up and so knows already that none is too large, either way."""
        amounts = column.values
        return (self._zero or 0 not in amounts) and (self._least < 0 or min(amounts) >= self._least)


class _Day(_Rule):
    must = f"it must be between {DAY_FIRST} and {DAY_LAST}"

    def fits(self, value: date | None) -> bool:
        return value is None or DAY_FIRST <= value <= DAY_LAST

    def surely_fit(self, column: Column) -> bool:
        return all(map(self.fits, set(column.values)))


class _Measure(_Rule):
    must = f"it must be one of {', '.join(MEASURES)}"

    def fits(self, value: str) -> bool:
        return value in MEASURES

    def surely_fit(self, column: Column) -> bool:
        return all(map(self.fits, set(column.values)))


class _AmountOrNone(_Rule):
    must = f"it must be between {-AMOUNT_ORE_MAX} and {AMOUNT_ORE_MAX} øre, or None"

    def fits(self, value: int | None) -> bool:
        return value is None or abs(value) <= AMOUNT_ORE_MAX

    def surely_fit(self, column: Column) -> bool:
        return all(map(self.fits, column.values))


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(("creditor", "group", "charge_type"), _Text(NUMBER_CHARACTERS_MAX)),
    **dict.fromkeys(
        ("customer", "reference", "mandate", "change", "code", "company", "property", "unit", "tenant"),
        _Text(NAME_CHARACTERS_MAX),
    ),
    **dict.fromkeys(
        ("agreement", "card_type", "slip_creditor", "payment_id", "verdict", "file", "delivery_type", "delivery"),
        _Text(NAME_CHARACTERS_MAX),
    ),
    **dict.fromkeys(
        ("vendor_number", "channel", "heading", "postal_code", "country", "order", "payer_id", "bank_registration"),
        _Text(NAME_CHARACTERS_MAX),
    ),
    "bank_account": _Text(NAME_CHARACTERS_MAX),
    "address": _Texts(TEXT_LINES_MAX, NAME_CHARACTERS_MAX),
    "texts": _Texts(TEXT_LINES_MAX, NAME_CHARACTERS_MAX),
    **dict.fromkeys(("records", "sections", "items", "texts_counted", "first", "last"), _Count()),
    **dict.fromkeys(("layout", "field"), _Text(NAME_CHARACTERS_MAX)),
    **dict.fromkeys(("raw", "value", "problem"), _Text(TEXT_CHARACTERS_MAX)),
    **dict.fromkeys(("key", "link"), _Text(KEY_CHARACTERS_MAX, empty=False)),
    **dict.fromkeys(
        ("name", "second_name", "street", "city", "new_address", "new_postal_code", "new_city", "vat"),
        _Text(NAME_CHARACTERS_MAX),
    ),
    **dict.fromkeys(("move_in", "move_out"), _Day()),
    "measure": _Measure(),
    "on_account": _AmountOrNone(),
    **dict.fromkeys(("value_date", "booking_date", "due_date", "start", "end", "period_from", "period_to"), _Day()),
    "at": _Moment(),
    "text": _Text(TEXT_CHARACTERS_MAX),
    "currency": _Currency(),
    "amount": _Amount(-AMOUNT_ORE_MAX, zero=True),
}
_AMOUNTS: dict[type, _Rule] = {
    Payment: _Amount(-AMOUNT_ORE_MAX, zero=False),
    Chargeback: _Amount(1, zero=False),
}


class _Field(NamedTuple):
    name: str
    position: int
    rule: _Rule


def _fields_of(record_class: Any) -> Iterator[_Field]:
    rules = {**_RULES, "amount": _AMOUNTS.get(record_class, _RULES["amount"])}
    for position, name in enumerate(record_class._fields):
        # Numbers of records are judged over all classes together; a payment's link as the beginning of its key.
        if name != "record" and (record_class, name) != (Payment, "link"):
            yield _Field(name, position, rules[name])


#: No file is read for these: they go out, or are shown.
_NOT_READ = (Collection, ConsumptionTenancy, MandateOrder, ShownField)
_FIELDS: dict[type, tuple[_Field, ...]] = {of: tuple(_fields_of(of)) for of in (*CLASSES, Document)}


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
        if record_class in _NOT_READ:
            raise BreachError(f"reads a {record_class.__name__}, which no file is read for")
        if record_class is not Remark:
            numbers = columns[_RECORD].values
            self._numbers.append([*numbers] * count if len(numbers) == 1 else numbers)
        for field in _FIELDS[record_class]:
            column = columns[field.position]
            if field.name == "amount":
                self._sum_up(record_class, field, columns, count)
            if not field.rule.surely_fit(column):
                _look_through(record_class, field, columns)
        if record_class is Payment:
            _links_begin_keys(columns[_RECORD].values, columns[_LINK].values, columns[_KEY].values)

    def _sum_up(self, record_class: type, field: _Field, columns: Sequence[Column], count: int) -> None:
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


def _inspect_shown(record_class: type, columns: Sequence[Column], _: int) -> None:
    if record_class is not ShownField:
        raise BreachError(f"shows a {record_class.__name__}: a ShownField is needed")
    for field in _FIELDS[ShownField]:
        if not field.rule.surely_fit(columns[field.position]):
            _look_through(ShownField, field, columns)


def check_document(document: Document) -> None:
    """Raises BreachError."""
    for field in _FIELDS[Document]:
        value = document[field.position]
        if not field.rule.fits(value):
            raise BreachError(f"says Document.{field.name} {_shown(value)}: {field.rule.must}")


def _look_through(record_class: type, field: _Field, columns: Sequence[Column]) -> None:
    numbers = _filled(columns[_RECORD].values)
    named = repeat("") if record_class is Remark else map(" of record {}".format, numbers)
    for value, of_record in zip(columns[field.position].values, named, strict=False):
        if not field.rule.fits(value):
            what = f"{record_class.__name__}.{field.name} {_shown(value)}{of_record}"
            raise BreachError(f"says {what}: {field.rule.must}")


def _links_begin_keys(numbers: Sequence[int], links: Sequence[str], keys: Sequence[str]) -> None:
    """Else no charge-back would find its payment, and nobody would know why. What holds of a key holds of its link."""
    if len(links) == len(keys) and all(map(str.startswith, keys, [f"{link}|" for link in links])) and "" not in links:
        return
    count = max(len(numbers), len(links), len(keys))
    for number, link, key in islice(zip(_filled(numbers), _filled(links), _filled(keys), strict=False), count):
        if not link or not key.startswith(f"{link}|"):
            what = f"says Payment.link {_shown(link)} of record {number}"
            raise BreachError(f"{what}: it must not be empty, and the key, {_shown(key)}, must begin with it and |")


def _filled(values: Sequence[Any]) -> Iterable[Any]:
    return repeat(values[0]) if len(values) == 1 else values


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, int | date) else ascii(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}..."
