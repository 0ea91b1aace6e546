"""A teller for tests: acts by hand at any moment, on a portfolio of a few tenancies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from hub.acts import charges, contributions, money, reversals
from hub.acts.act import Acting, perform
from hub.imports.portfolio import import_portfolio
from hub.settings import CompanyConfig, Site
from hub.store.database import Database

HOME, NEIGHBOUR, OTHER_PROPERTY, SHOP, ABROAD = "1-1-1-1", "1-1-2-1", "1-2-1-1", "1-2-2-1", "2-1-1-1"
PORTFOLIO = """company,company_name,cvr,property,property_name,unit,tenant,name,second_name,address,postal_code,city,\
move_in,move_out,business,bs_customer,new_address,new_postal_code,new_city,interval_months
1,Skovly,,1,Ågården,1,1,Søren Ærø,Ida Ærø,Skovvej 1,8000,Aarhus C,2020-01-01,,,101,,,,
1,Skovly,,1,Ågården,2,1,Åse Øst,,Skovvej 2,8000,Aarhus C,2020-01-01,2026-10-31,,102,Havnegade 9,9000,Aalborg,
1,Skovly,,2,Bakken,1,1,Mads Holm,,Bakken 1,8000,Aarhus C,2020-01-01,,,201,,,,3
1,Skovly,,2,Bakken,2,1,Bageren ApS,,Bakken 2,8000,Aarhus C,2020-01-01,,yes,202,,,,
2,Björken,,1,Lunden,1,1,Björn Åkesson,,Lundgatan 1,21120,Malmö,2020-01-01,,,901,,,,
"""
CHARGE_TYPES = {"10": "Husleje", "20": "Vask", "30": "Nøgle", "75020": "Varme, aconto"}
COMPANIES = {
    "1": CompanyConfig(number="1", address=("Torvet 1", "8000 Aarhus C"), charge_types=CHARGE_TYPES),
    "2": CompanyConfig(number="2", currency="SEK", language="sv"),
}


def moment(text: str) -> datetime:
    """Noon of a day, in UTC."""
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).replace(hour=12)


class Teller:
    """Every act gives what it tells; it happens at noon of the day ``at``."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.db = database
        self.site = Site(folder, companies=COMPANIES)
        portfolio = folder / "portfolio.csv"
        portfolio.write_text(PORTFOLIO, encoding="utf-8")
        report = import_portfolio(
            database,
            portfolio,
            now=moment("2020-01-01"),
            actor="test",
            currency_of=lambda number: COMPANIES[number].currency,
        )
        assert report.bad == []

    def charge(
        self, key: str, due: str, *lines: tuple[str, int], at: str = "", kind: str = "rent", reference: str = ""
    ) -> dict[str, Any]:
        asked = charges.ChargeAsked(
            date.fromisoformat(due),
            tuple(charges.LineAsked(charge_type, amount) for charge_type, amount in lines),
            kind=kind,
            reference=reference,
        )
        return self.act(at or due, partial(charges.add_charge, tenancy_key=key, asked=asked))

    def pay(self, key: str, day: str, amount: int, *, at: str = "", **more: Any) -> dict[str, Any]:
        act = money.receive if amount > 0 else money.pay_out
        return self.act(
            at or day, partial(act, tenancy_key=key, amount=abs(amount), day=date.fromisoformat(day), **more)
        )

    def transfer(self, key: str, day: str, amount: int, source: str, target: str) -> dict[str, Any]:
        on = date.fromisoformat(day)
        return self.act(
            day, partial(money.transfer, tenancy_key=key, amount=amount, source=source, target=target, day=on)
        )

    def reverse(self, entry: int, at: str) -> dict[str, Any]:
        return self.act(at, partial(reversals.reverse, entry_id=entry, why=reversals.Why("wrong_amount")))

    def recurring(self, key: str, charge_type: str, amount: int, first: str, last: str | None = None) -> None:
        line = charges.LineAsked(charge_type, amount)
        days = (date.fromisoformat(first), date.fromisoformat(last) if last else None)
        self.act(
            "2026-01-01",
            partial(contributions.add_recurring, tenancy_key=key, line=line, first_day=days[0], last_day=days[1]),
        )

    def act(self, at: str, do: Callable[[Acting], Any]) -> dict[str, Any]:
        done = perform(self.db, self.site, "test", {}, do, actor="test", now=moment(at))
        return dict(done.result)
