"""Entries of the Report API as its pages write them: each field strictly, with its line where it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from hub.plugin import Malformed
from hub.plugin.records import AMOUNT_ORE_MAX, NAME_CHARACTERS_MAX, NUMBER_CHARACTERS_MAX
from hub_mobilepay import cells, records, values
from hub_mobilepay.cells import CellError
from hub_mobilepay.json_page import Entry, Page, Told
from hub_mobilepay.settings import MobilePaySettings

_TYPE_CHARACTERS_MAX = 60
_Loaded = TypeVar("_Loaded")


class ReportEntry(NamedTuple):
    """One entry, understood."""

    entry: Entry
    record: int
    transaction: str
    #: As it stands there.
    time: str
    sold_on: date
    #: Of the ledger.
    day: date
    entry_type: str
    #: Either may be our own reference.
    reference: str
    message: str
    currency: str
    #: Øre.
    amount: int
    before: int
    after: int
    #: "" = the entry does not say.
    creditor: str

    @property
    def line(self) -> int:
        return self.entry.line

    @property
    def payout(self) -> str:
        """The number of a payout: its ``pspReference`` is the ledger's, a dash and that."""
        return self.transaction.rpartition("-")[2] or self.transaction

    def refusal(self, field: str, found: str, expected: str) -> Malformed:
        """For the caller to raise."""
        what = f"a {self.entry_type} that cannot be"
        return Malformed(what, line=self.entry.fields[field].line, field=field, found=found, expected=expected)


def rows(page: Page, settings: MobilePaySettings) -> Iterator[ReportEntry]:
    """The entries of a page, in its order. Raises Malformed."""
    record = 0
    for entry in page.entries:
        record = max(entry.line, record + 1)
        sold_on = settings.day_of(_field(entry, "time", _moment))
        yield ReportEntry(
            entry,
            record,
            transaction=_field(entry, "pspReference", _text(NAME_CHARACTERS_MAX)),
            time=_field(entry, "time", _told),
            sold_on=sold_on,
            day=_field(entry, "ledgerDate", _day, sold_on),
            entry_type=_field(entry, "entryType", _text(_TYPE_CHARACTERS_MAX)),
            reference=_field(entry, "reference", _text(NAME_CHARACTERS_MAX, empty=True), ""),
            message=_field(entry, "message", _message, ""),
            currency=_field(entry, "currency", _currency),
            amount=_field(entry, "amount", _ore),
            before=_field(entry, "balanceBefore", _ore),
            after=_field(entry, "balanceAfter", _ore),
            creditor=_field(entry, "recipientHandle", _number_of_handle, ""),
        )


def _field(entry: Entry, name: str, load: Callable[[Any], _Loaded], without: _Loaded | None = None) -> _Loaded:
    """What a field says; ``without`` where it is not there. Raises Malformed."""
    told = entry.fields.get(name, Told(entry.line, None))
    if told.value is None:
        if without is None:
            raise Malformed("an entry without it", line=told.line, field=name)
        return without
    try:
        return load(told.value)
    except CellError as error:
        raise cells.refused(told.line, name, error) from None


def _text(characters_max: int, *, empty: bool = False) -> Callable[[Any], str]:
    load_text = values.text(characters_max, empty=empty)

    def load(value: Any) -> str:
        return load_text(_told(value).strip())

    return load


def _told(value: Any) -> str:
    """A text that any encoding can write."""
    if not isinstance(value, str):
        raise CellError(str(value), "a text in quotes")
    with suppress(UnicodeEncodeError):
        value.encode()
        return value
    raise CellError(value, "a text without lone surrogates")


def _message(value: Any) -> str:
    return values.free_text(value) if isinstance(value, str) else _told(value)


def _moment(value: Any) -> datetime:
    return values.moment(_told(value))


def _day(value: Any) -> date:
    return values.day(_told(value))


def _currency(value: Any) -> str:
    return cells.currency(_told(value))


def _ore(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > AMOUNT_ORE_MAX:
        raise CellError(str(value), "whole øre: a number without quotes and without decimals")
    return value


def _number_of_handle(value: Any) -> str:
    return _text(NUMBER_CHARACTERS_MAX)(records.creditor_of(_told(value)))
