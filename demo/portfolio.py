"""The demo's company as CSV files: 42 tenancies in three properties, what they owe, what is held for them and what they
pay every month. All names are invented.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import NamedTuple

from stdnum import luhn

from hub.calendar import is_bank_day, last_bank_day

COMPANY = "1"
COMPANY_NAME = "Ejendomsselskabet Tre Ænder"
CREDITOR = "09999999"
#: Of its payment slips.
SLIP_CREDITOR = "88888888"
#: Due days this long ago are past their last timely day, whatever weekends and holidays lie between.
_SURELY_OVERDUE_DAYS = 14
_DAY = timedelta(days=1)


class Property(NamedTuple):
    number: int
    name: str
    units: int
    #: Whole kroner a month.
    rent: int
    city: str

    @property
    def debtor_group(self) -> str:
        return f"{self.number:05}"


PROPERTIES = (
    Property(1, "Æblehaven", 16, 6500, "Nørreby"),
    Property(2, "Ørnereden", 14, 7250, "Østerå"),
    Property(3, "Ålegården", 12, 8000, "Sønderkær"),
)
#: Whole kroner a month, on account.
HEAT = 450

_FIRST_NAMES = ("Åse", "Søren", "Lærke", "Bjørn", "Mærta", "Øjvind", "Kåre")
_LAST_NAMES = ("Æblegård", "Ørnsø", "Ålund", "Bøgedal", "Kærhøj", "Råløkke")
#: A shop: the only business tenancy.
_SHOP = (2, 14)


class Tenancy(NamedTuple):
    """The only tenant, number 1, of a unit."""

    property_: Property
    unit: int
    name: str

    @property
    def key(self) -> str:
        return f"{COMPANY}-{self.property_.number}-{self.unit}-1"

    @property
    def customer(self) -> str:
        """Property, unit, tenant, and a digit that checks it, for it is a slip's id too: never given to another."""
        number = f"{self.property_.number}{self.unit:03}01"
        return f"{number}{luhn.calc_check_digit(number)}"

    def reference(self, letter: str, due: date) -> str:
        """Nine characters, of which payment slips give back all."""
        return f"{due:%y%m}{letter}{self.property_.number}{self.unit:03}"


@dataclass(frozen=True)
class Dates:
    """The demo's days, all told by the day on which it runs."""

    today: date

    @property
    def rent_due(self) -> date:
        """The first of a month, long enough ago to be overdue where it is unpaid."""
        return (self.today - _SURELY_OVERDUE_DAYS * _DAY).replace(day=1)

    @property
    def paid(self) -> date:
        """When Betalingsservice collected it; a due day that is no bank day moves to the next one."""
        return _bank_day_from(self.rent_due)

    @property
    def coming(self) -> date:
        """When money comes that the delivery of today tells of already."""
        return _bank_day_from(self.today + 2 * _DAY)

    @property
    def settled(self) -> date:
        """When MobilePay pays out, and the bank takes its fee: the last bank day that there was."""
        return _bank_day_until(self.today)

    @property
    def cleared(self) -> date:
        """When the bank shows what is collected for the next month; after everything that it has shown before."""
        return max(self.collected_for, self.coming + _DAY)

    @property
    def collected_for(self) -> date:
        """The first of the next month: the day for which its rent is collected."""
        return (self.today.replace(day=1) + 32 * _DAY).replace(day=1)

    @property
    def after_the_deadline(self) -> bool:
        """Betalingsservice takes collections until the sixth-last bank day of the month before."""
        return self.today >= last_bank_day(self.today.year, self.today.month, 6)

    @property
    def heat_year(self) -> tuple[date, date]:
        """The last whole year from June to May."""
        year = self.today.year - (self.today.month < 6)
        return date(year - 1, 6, 1), date(year, 5, 31)


def tenancies() -> Iterator[Tenancy]:
    names = (f"{first} {last}" for last, first in product(_LAST_NAMES, _FIRST_NAMES))
    for property_ in PROPERTIES:
        for unit in range(1, property_.units + 1):
            name = next(names)
            yield Tenancy(property_, unit, "Ørneredens Brødhus" if (property_.number, unit) == _SHOP else name)


def tenancy(property_number: int, unit: int) -> Tenancy:
    return next(one for one in tenancies() if (one.property_.number, one.unit) == (property_number, unit))


def write_portfolio(path: Path) -> None:
    header = (
        *("company", "company_name", "pbs_number", "fi_creditor", "debtor_group"),
        *("property", "property_name", "unit", "tenant"),
        *("name", "address", "postal_code", "city", "move_in", "business", "bs_customer", "bs_mandate"),
    )
    rows = (
        (
            *(COMPANY, COMPANY_NAME, CREDITOR, SLIP_CREDITOR, one.property_.debtor_group),
            *(one.property_.number, one.property_.name, one.unit, 1),
            *(one.name, f"Gåsevænget {one.property_.number}, {one.unit}", "0999", one.property_.city),
            *("2019-09-01", "ja" if (one.property_.number, one.unit) == _SHOP else "nej", one.customer),
            f"{int(one.customer):09}",
        )
        for one in tenancies()
    )
    _write(path, header, rows)


def write_charges(path: Path, dates: Dates) -> None:
    """A month's rent and on-account heat for everyone, and one opening credit, as another system would hand them over.

    Amounts in Danish spelling.
    """
    due = dates.rent_due
    rows: list[Sequence[object]] = []
    for one in tenancies():
        rows.append((one.key, due, "10010", f"{one.property_.rent},00", "", one.reference("H", due)))
        rows.append((one.key, due, "75020", f"{HEAT},00", "", one.reference("V", due)))
    rows.append((tenancy(2, 3).key, due, "10010", "-500,00", "Betalt for meget, gammelt system", "GAMMEL-1"))
    _write(path, ("tenancy", "due_date", "charge_type", "amount", "text", "reference"), rows)


def write_holdings(path: Path, dates: Dates) -> None:
    """Three months' rent as deposit for every home; the shop has not paid one yet."""
    rows = [
        (one.key, "deposit", f"{3 * one.property_.rent},00", dates.rent_due, f"D{one.customer}")
        for one in tenancies()
        if (one.property_.number, one.unit) != _SHOP
    ]
    _write(path, ("tenancy", "holding", "amount", "date", "reference"), rows)


def write_recurring(path: Path, dates: Dates) -> None:
    """What the next collections contain."""
    rows: list[Sequence[object]] = []
    for one in tenancies():
        rows.append((one.key, "10010", f"{one.property_.rent},00", dates.rent_due))
        rows.append((one.key, "75020", f"{HEAT},00", dates.rent_due))
    _write(path, ("tenancy", "charge_type", "amount", "first_day"), rows)


def _write(path: Path, header: Sequence[str], rows: Iterator[Sequence[object]] | list[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(header)
        writer.writerows(rows)


def _bank_day_until(day: date) -> date:
    while not is_bank_day(day):
        day -= _DAY
    return day


def _bank_day_from(day: date) -> date:
    while not is_bank_day(day):
        day += _DAY
    return day
