"""D records: what a user's consumption cost, less what he paid on account (DTD305, chapter 8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.plugin import ConsumptionResult, FileView, HubError, Kept, Record, Remark
from hub_arge.fields import Decimals
from hub_arge.layouts import RESULT
from hub_arge.reading import Read, Reading, Window
from hub_arge.settings import ArgeSettings, ResultSettings, some
from hub_arge.tables import COST_KEYS

_AMOUNT = next(place.type for place in RESULT.fields if place.name == "cost_gross")


def read(file: FileView, settings: ArgeSettings) -> Iterator[Record]:
    """A result for each booked cost key, else what was kept; then remarks. Raises Malformed."""
    if settings.result is None:
        raise HubError("results are off: no [settings.result]")
    reading, window, advances = Reading(file, settings), Window(file), 0
    for record in reading.records():
        first, last = window.look(record)
        numbers = reading.numbers(record)
        advances += record.row.new_advance_gross is not None or record.row.new_advance_net is not None
        key = record.row.cost_key
        if key in settings.result.kept:
            yield Kept(record.line, key, f"{numbers}: {COST_KEYS[key]}, kept by config")
        elif key in settings.result.charge_types:
            amounts = amounts_of(record, settings.result)
            yield ConsumptionResult(
                record=record.line,
                company=numbers.company,
                property=numbers.property,
                unit=numbers.unit,
                tenant=numbers.tenant,
                amount=amounts.amount,
                measure=settings.result.amounts,
                on_account=amounts.on_account,
                charge_type=settings.result.charge_types[key],
                period_from=first,
                period_to=last,
                last_day=record.row.last_day if last is None else None,
            )
        else:
            booked, kept = some(sorted(settings.result.charge_types)), some(settings.result.kept)
            raise record.refusal("cost_key", key, f"a key that settings.result books ({booked}) or keeps ({kept})")
    yield from reading.remarks()
    yield from window.remarks()
    if advances:
        carry = "records carry" if advances > 1 else "record carries"
        yield Remark(f"{advances} {carry} a new monthly advance, which is not used")


class Amounts(NamedTuple):
    """Øre of one record."""

    #: What ``settings.result.amounts`` says that it is.
    amount: int
    #: None = the record does not say.
    on_account: int | None


def amounts_of(record: Read, settings: ResultSettings) -> Amounts:
    """Raises Malformed where the record lacks what is booked, or contradicts itself.

    Fields 15 and 16 hold the balance, cost less advances, or the cost alone where there are no advances: a blank
    advance is not an advance of zero.
    """
    cost, advance, balance = (getattr(record.row, f"{name}_{settings.vat}") for name in ("cost", "advance", "balance"))
    if cost is not None and balance is not None and balance != cost - (advance or 0):
        due = f"{_spelled(cost)} less {_spelled(advance or 0)}"
        raise record.refusal(
            f"balance_{settings.vat}", _spelled(balance), due, "the record's amounts contradict each other"
        )
    if settings.amounts == "balance":
        if balance is None:
            raise record.refusal(f"balance_{settings.vat}", "blanks", "the balance that settings.result asks for")
        if advance is None:
            raise record.refusal(
                f"advance_{settings.vat}",
                "blanks",
                "an amount, zero if nothing was paid: without it the standard has the cost in the balance's place",
            )
        return Amounts(balance, advance)
    if cost is None and advance is None:
        cost = balance
    if cost is None:
        raise record.refusal(f"cost_{settings.vat}", "blanks", "the cost that settings.result asks for")
    return Amounts(cost, advance)


def _spelled(amount: int) -> str:
    assert isinstance(_AMOUNT, Decimals)
    return _AMOUNT.spell(amount)
