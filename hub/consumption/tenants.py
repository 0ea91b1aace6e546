"""The tenants of a consumption account: everybody who lived there within it, and who of them still does (R32)."""

from __future__ import annotations

import calendar
from collections.abc import Collection
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection

from hub.store.consumption.tenants import TenantFacts, tenants_within
from hub.store.portfolio import TenancyRef, plain_number

Standing: TypeAlias = Literal["present", "moved_out", "vacant"]
_MONTHS_A_YEAR = 12


class AccountTenant(NamedTuple):
    """One tenancy of an account; texts are "" where nothing is said."""

    ref: TenancyRef
    standing: Standing
    #: Numbers, names, addresses, first and last day, VAT mark.
    facts: TenantFacts

    @property
    def key(self) -> str:
        """company-property-unit-tenant"""
        return self.ref.key

    @property
    def unit(self) -> str:
        return self.facts.unit

    @property
    def tenant(self) -> str:
        return self.facts.tenant


def tenants_of(
    conn: Connection,
    property_id: int,
    period: tuple[date, date],
    *,
    moved_out_by: date,
    vacant: Collection[str],
) -> list[AccountTenant]:
    """Every tenancy that lived in the property on any day of ``period``, each once, by unit and day of moving in.

    ``moved_out_by`` is the cut-off: who moves out on it or before has moved out, who does later is still present.
    ``vacant`` are tenants' numbers that stand for nobody, leading zeros or not.
    """
    nobody = {plain_number(number) for number in vacant}
    return [
        AccountTenant(one.ref, _standing(one, moved_out_by, nobody), one)
        for one in tenants_within(conn, property_id, period)
    ]


def moved_out_by(today: date, months: int) -> date:
    """The cut-off (item 08.10, ``+LM+3M``): the last day of the month that is ``months`` after today's."""
    year, month = divmod(today.year * _MONTHS_A_YEAR + today.month - 1 + months, _MONTHS_A_YEAR)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def _standing(one: TenantFacts, cut_off: date, nobody: Collection[str]) -> Standing:
    if plain_number(one.tenant) in nobody:
        return "vacant"
    return "moved_out" if one.move_out is not None and one.move_out <= cut_off else "present"
