"""What a value of a record must be: the limits of :mod:`hub.plugin.records` as rules that can be asked.

The hub asks them of every record that a plug-in reads (:mod:`hub.vendors.limits`), the test kit of those that an
author's samples give.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from typing import Any, Final, NamedTuple, get_type_hints

from hub.money import AMOUNT_ORE_MAX, format_amount
from hub.plugin.bank_records import BankLine, Fee, Payout
from hub.plugin.records import (
    DAY_FIRST,
    DAY_LAST,
    KEY_CHARACTERS_MAX,
    MEASURES,
    NAME_CHARACTERS_MAX,
    NUMBER_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    TEXT_LINES_MAX,
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

#: Unicode's control characters and its two breaks of a line.
CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: No file is read for these: they go out, or are shown.
NOT_READ: Final = (Collection, ConsumptionTenancy, MandateOrder, ShownField)
_SHOWN_CHARACTERS_MAX = 60


class Rule(ABC):
    """What the values of a field must be; ``must`` says it."""

    must: str

    @abstractmethod
    def fits(self, value: Any) -> bool:
        """Is this value as it must be?"""


class TextRule(Rule):
    def __init__(self, characters_max: int, *, empty: bool = True) -> None:
        self.characters_max = characters_max
        self.empty = empty
        self.must = f"it must have {'at most' if empty else '1 to'} {characters_max} characters, no control characters"

    def fits(self, value: str) -> bool:
        return (self.empty or value != "") and len(value) <= self.characters_max and not CONTROL.search(value)


class TextsRule(Rule):
    """Several texts in one field."""

    def __init__(self, lines_max: int, characters_max: int) -> None:
        self._lines_max = lines_max
        self._each = TextRule(characters_max)
        self.must = f"at most {lines_max} texts; of each, {self._each.must}"

    def fits(self, value: tuple[str, ...]) -> bool:
        return len(value) <= self._lines_max and all(map(self._each.fits, value))


class CountRule(Rule):
    must = f"it must be between -1 (not said) and {AMOUNT_ORE_MAX}"

    def fits(self, value: int) -> bool:
        return -1 <= value <= AMOUNT_ORE_MAX


class MomentRule(Rule):
    must = f"it must be empty or a moment as 2026-01-02T12:54:04, without a zone, between {DAY_FIRST} and {DAY_LAST}"

    def fits(self, value: str) -> bool:
        if not value:
            return True
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
            is_plain = moment.tzinfo is None and moment.isoformat(timespec="seconds") == value
            return is_plain and DAY_FIRST <= moment.date() <= DAY_LAST
        return False


class CurrencyRule(Rule):
    must = "it must be the three capital letters of a currency"
    _form = re.compile("[A-Z]{3}")

    def fits(self, value: str) -> bool:
        return self._form.fullmatch(value) is not None


class AmountRule(Rule):
    def __init__(self, least: int, *, zero: bool) -> None:
        self.least = least
        self.zero = zero
        nor_zero = "" if zero or least > 0 else " and not 0"
        self.must = f"it must be between {least} and {AMOUNT_ORE_MAX} øre{nor_zero}"

    def fits(self, value: int) -> bool:
        return self.least <= value <= AMOUNT_ORE_MAX and (self.zero or value != 0)


class AmountOrNoneRule(Rule):
    must = f"it must be between {-AMOUNT_ORE_MAX} and {AMOUNT_ORE_MAX} øre, or None"

    def fits(self, value: int | None) -> bool:
        return value is None or abs(value) <= AMOUNT_ORE_MAX


class DayRule(Rule):
    must = f"it must be between {DAY_FIRST} and {DAY_LAST}"

    def fits(self, value: date | None) -> bool:
        return value is None or DAY_FIRST <= value <= DAY_LAST


class MeasureRule(Rule):
    must = f"it must be one of {', '.join(MEASURES)}"

    def fits(self, value: str) -> bool:
        return value in MEASURES


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("creditor", "group", "charge_type"), TextRule(NUMBER_CHARACTERS_MAX)),
    **dict.fromkeys(
        ("customer", "reference", "mandate", "change", "code", "company", "property", "unit", "tenant"),
        TextRule(NAME_CHARACTERS_MAX),
    ),
    **dict.fromkeys(
        ("agreement", "card_type", "slip_creditor", "payment_id", "verdict", "file", "delivery_type", "delivery"),
        TextRule(NAME_CHARACTERS_MAX),
    ),
    **dict.fromkeys(
        ("vendor_number", "channel", "heading", "postal_code", "country", "order", "payer_id", "bank_registration"),
        TextRule(NAME_CHARACTERS_MAX),
    ),
    "bank_account": TextRule(NAME_CHARACTERS_MAX),
    **dict.fromkeys(
        ("account", "bank_text", "identification", "servicer_reference", "archive_reference", "payer_account"),
        TextRule(NAME_CHARACTERS_MAX),
    ),
    **dict.fromkeys(("payer", "slip_fault"), TextRule(TEXT_CHARACTERS_MAX)),
    "sequence": AmountOrNoneRule(),
    **dict.fromkeys(("opening", "closing"), AmountOrNoneRule()),
    **dict.fromkeys(("first_day", "last_day"), DayRule()),
    "takes_back": TextRule(KEY_CHARACTERS_MAX),
    "address": TextsRule(TEXT_LINES_MAX, NAME_CHARACTERS_MAX),
    "texts": TextsRule(TEXT_LINES_MAX, NAME_CHARACTERS_MAX),
    **dict.fromkeys(("records", "sections", "items", "texts_counted", "first", "last"), CountRule()),
    **dict.fromkeys(("layout", "field"), TextRule(NAME_CHARACTERS_MAX)),
    **dict.fromkeys(("raw", "value", "problem"), TextRule(TEXT_CHARACTERS_MAX)),
    **dict.fromkeys(("key", "link"), TextRule(KEY_CHARACTERS_MAX, empty=False)),
    **dict.fromkeys(
        ("name", "second_name", "street", "city", "new_address", "new_postal_code", "new_city", "vat"),
        TextRule(NAME_CHARACTERS_MAX),
    ),
    **dict.fromkeys(("move_in", "move_out"), DayRule()),
    "measure": MeasureRule(),
    "on_account": AmountOrNoneRule(),
    **dict.fromkeys(("value_date", "booking_date", "due_date", "start", "end"), DayRule()),
    **dict.fromkeys(("period_from", "period_to"), DayRule()),
    "at": MomentRule(),
    "text": TextRule(TEXT_CHARACTERS_MAX),
    "currency": CurrencyRule(),
    "amount": AmountRule(-AMOUNT_ORE_MAX, zero=True),
}
_AMOUNTS: dict[type, Rule] = {
    Payment: AmountRule(-AMOUNT_ORE_MAX, zero=False),
    Chargeback: AmountRule(1, zero=False),
    **dict.fromkeys((Fee, Payout, BankLine), AmountRule(-AMOUNT_ORE_MAX, zero=False)),
}
#: Their keys begin with their links.
LINKED: Final = (Payment, BankLine)


class FieldRule(NamedTuple):
    """The rule of one field of a record class."""

    name: str
    #: Of the field in the tuple.
    position: int
    rule: Rule


@cache
def rules_of(record_class: Any) -> tuple[FieldRule, ...]:
    """Of each field but ``record``, which is judged over all classes together, and a payment's link: see its key."""
    rules = {**_RULES, "amount": _AMOUNTS.get(record_class, _RULES["amount"])}
    return tuple(
        FieldRule(name, position, rules[name])
        for position, name in enumerate(record_class._fields)
        if name != "record" and not (name == "link" and record_class in LINKED)
    )


def shown_value(value: object) -> str:
    """A value as a breach names it: one line, not long."""
    text = str(value) if isinstance(value, int | date) else ascii(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}..."


def breach_of(record: Record | Document | ShownField) -> str:
    """What a record says that none may say, as "Payment.amount 0 of record 3: it must be ..."; "" = nothing."""
    return next(_breaches(record), "")


def breach_of_reading(records: Iterable[Record]) -> str:
    """The same of all records of one reading of a file, in order: each alone, their numbers, and their sum."""
    last, amounts = 0, 0
    for record in records:
        if isinstance(record, NOT_READ):
            return f"a {type(record).__name__}, which no file is read for"
        if breach := breach_of(record):
            return breach
        amounts += abs(getattr(record, "amount", 0))
        if amounts > AMOUNT_ORE_MAX:
            return f"amounts that come to more than {format_amount(AMOUNT_ORE_MAX)} in one file, their signs left out"
        if not isinstance(record, Remark):
            if record.record <= last:
                return f"record {record.record} after record {last}: they must ascend from 1, each once"
            last = record.record
    return ""


def _breaches(record: Record | Document | ShownField) -> Iterator[str]:
    of: Any = type(record)
    named = of.__name__
    number = getattr(record, "record", None)
    of_record = "" if number is None else f" of record {number}"
    for (name, is_one), value in zip(_types_of(of), record, strict=True):
        if not is_one(value):
            yield f"{named}.{name} {shown_value(value)}{of_record}: a {type(value).__name__} cannot stand here"
            return
    for field in rules_of(of):
        value = record[field.position]
        if not field.rule.fits(value):
            yield f"{named}.{field.name} {shown_value(value)}{of_record}: {field.rule.must}"
    if isinstance(record, LINKED) and not (record.link and record.key.startswith(f"{record.link}|")):
        link, key = shown_value(record.link), shown_value(record.key)
        yield f"{named}.link {link}{of_record}: it must not be empty, and the key, {key}, must begin with it and |"


@cache
def _types_of(record_class: type) -> tuple[tuple[str, Callable[[Any], bool]], ...]:
    return tuple((name, _TYPES[hint]) for name, hint in get_type_hints(record_class).items())


def _is_text(value: Any) -> bool:
    """Of characters that any encoding of Unicode can write: no lone surrogates."""
    with suppress(UnicodeEncodeError):
        return isinstance(value, str) and value.encode() is not None
    return False


def _is_integer(value: Any) -> bool:
    return type(value) is int


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


_TYPES: dict[Any, Callable[[Any], bool]] = {
    str: _is_text,
    int: _is_integer,
    int | None: lambda value: value is None or _is_integer(value),
    date: _is_day,
    date | None: lambda value: value is None or _is_day(value),
    tuple[str, ...]: lambda value: isinstance(value, tuple) and all(map(_is_text, value)),
}
