"""A meter company for tests: what it says of consumption accounts, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from hub.acts.act import Acting
from hub.acts.charges import ChargeAsked, LineAsked, add_charge
from hub.acts.money import receive
from hub.consumption import deciding
from hub.consumption.shown import Detail, detail
from hub.plugin import ConsumptionResult
from hub.settings import ConsumptionSection, VendorConfig
from hub.settings.consumption import CONSUMPTION_TYPES
from hub.store.tables import consumption_account
from tests.desk import NOW, PERIOD
from tests.hand import Hand

HEAT, WATER = "75040", "73039"
#: What is asked on account every month, in øre.
MONTHLY = 600_00


def months(period: tuple[date, date] = PERIOD) -> list[tuple[date, date]]:
    """First and last day of each month of a year that begins with one."""
    starts = [date(period[0].year + (month > 12), (month - 1) % 12 + 1, 1) for month in range(period[0].month, 25)][:13]
    return [(first, date.fromordinal(after.toordinal() - 1)) for first, after in pairwise(starts)]


def said(
    unit: str,
    amount: int,
    line: int = 1,
    *,
    cost: bool = False,
    on_account: int | None = None,
    charge_type: str = HEAT,
    tenant: str = "1",
    property_: str = "1",
    period: tuple[date, date] | None = PERIOD,
) -> ConsumptionResult:
    measure = "cost" if cost else "balance"
    first, last = period or (None, None)
    return ConsumptionResult(line, "1", property_, unit, tenant, amount, measure, on_account, charge_type, first, last)


def settles(hand: Hand, **section: Any) -> None:
    """How the vendor instance of the desk settles accounts from now on."""
    hand.desk.vendors["bs"] = VendorConfig(plugin="nets_bs", consumption=ConsumptionSection(**section))


def later_results(hand: Hand, what: str, type: str = "heat") -> None:
    """What company 1 does with a later result from now on (R29)."""
    said_so = CONSUMPTION_TYPES[type].model_copy(update={"later_results": what})
    hand.companies["1"] = hand.companies["1"].model_copy(update={"consumption": {type: said_so}})


def ask_on_account(hand: Hand, tenancy: str, *, paid: int, charge_type: str = "75020") -> None:
    """Every month of the account's year; the first ``paid`` of them are paid."""

    def ask(acting: Acting) -> Mapping[str, Any]:
        for number, span in enumerate(months()):
            line = LineAsked(charge_type, MONTHLY, period=span)
            asked = ChargeAsked(span[0], (line,), reference=f"A{span[0]:%y%m}{tenancy[-3]}")
            add_charge(acting, tenancy, asked)
            if number < paid:
                receive(acting, tenancy, MONTHLY, reference=asked.reference, day=span[0])
        return {}

    hand.do("charges add", ask)


def book(hand: Hand, account: int, accept: str | None = None) -> dict[str, Any]:
    done = hand.do("consumption book", lambda acting: deciding.book_account(acting, account, accept))
    return dict(done.result)


def total(hand: Hand, account: int, ore: int) -> None:
    hand.do("consumption total", lambda acting: deciding.set_total(acting, account, ore))


def open_account(
    hand: Hand, property_: str = "1-1", type: str = "heat", period: tuple[date, date] = PERIOD
) -> dict[str, Any]:
    done = hand.do("consumption open", lambda acting: deciding.open_account(acting, property_, type, period))
    return dict(done.result)


def shown(hand: Hand, account: int) -> Detail:
    with hand.db.read() as conn:
        return detail(conn, hand.site, account, NOW)


def findings(hand: Hand, account: int) -> list[tuple[str, str]]:
    return [(found.code, found.tenancy) for one in shown(hand, account).revisions for found in one.findings]


def state_of(hand: Hand, account: int) -> str:
    return str(hand.desk.one(select(consumption_account.c.state).where(consumption_account.c.id == account)))
