"""A site that collects: one company with two properties, Betalingsservice, and people to ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from hub.imports.portfolio import import_portfolio
from hub.settings import load_site
from hub.store.database import Database, connect
from hub.store.tables import mandate, property_, tenancy
from tests.integration.cli_runner import Answer, hub

CREDITOR, SLIP_CREDITOR, DATA_SUPPLIER = "02345678", "88888888", "99999994"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DUE = "2026-12-01"
#: Of all but the last; tenancies A to D of the tests.
A, B, C, D = "1-1-1-1", "1-1-2-1", "1-2-1-1", "1-2-2-1"
_HEAD = (
    "company,company_name,pbs_number,fi_creditor,debtor_group,property,property_name,"
    "unit,tenant,name,second_name,address,postal_code,city,move_in,business,ean,bs_customer"
)
PEOPLE = (
    f"1,Ådal,{CREDITOR},{SLIP_CREDITOR},00001,1,Ågården,1,1,Søren Ø,Åse Ø,Testvej 1,2720,Vanløse,2020-01-01,0,,101",
    f"1,Ådal,{CREDITOR},{SLIP_CREDITOR},00001,1,Ågården,2,1,Bo Æ,,Testvej 2,2720,Vanløse,2020-01-01,0,,102",
    f"1,Ådal,{CREDITOR},{SLIP_CREDITOR},00002,2,Parken,1,1,Ib,,Testvej 3,2720,Vanløse,2020-01-01,0,,201",
    f"1,Ådal,{CREDITOR},{SLIP_CREDITOR},00002,2,Parken,2,1,Eva,,Testvej 4,2720,Vanløse,2020-01-01,0,,202",
)
_HUB = """
database = "{database}"
[site]
production = {production}
[intake]
settle_looks = 1
settle_age_seconds = 0
scan_seconds = 0.1
"""
_VENDOR = """
plugin = "nets_bs"
[delivery]
data_supplier = "{data_supplier}"
line_price = "0.25"
{delivery}
[settings]
creditors = ["{creditor}"]
"""
_COMPANY = """
number = "1"
collects_from = 2026-12-01
[charge_types]
10010 = "Husleje"
20010 = {{ text = "Parkering", vat = 25 }}
[collection]
vendor = "bs"
{collection}
"""


class CollectingSite:
    """Asked by its command line, as a person would."""

    def __init__(
        self,
        root: Path,
        database_url: str,
        *,
        collection: str = "",
        delivery: str = "",
        people: Iterable[str] = PEOPLE,
        production: bool = False,
    ) -> None:
        """On a production site nothing is written as of ``now``: see :func:`hub.cli.asking.refuse_other_clocks`."""
        self.root = root
        for folder in ("config/companies", "config/vendors", "content", "archive", "quarantine", "lists", "inbox/bs"):
            (root / folder).mkdir(parents=True)
        self._write("hub.toml", _HUB.format(database=database_url, production=str(production).lower()))
        vendor = _VENDOR.format(data_supplier=DATA_SUPPLIER, creditor=CREDITOR, delivery=delivery)
        self._write("vendors/bs.toml", vendor)
        self._write("companies/1.toml", _COMPANY.format(collection=collection))
        (root / "portfolio.csv").write_text("\n".join([_HEAD, *people]) + "\n", encoding="utf-8")
        opened = self.database()
        arguments: dict[str, Any] = {"now": NOW, "actor": "test", "currency_of": lambda _: "DKK"}
        assert not import_portfolio(opened, root / "portfolio.csv", **arguments).bad
        opened.close()

    def _write(self, name: str, text: str) -> None:
        (self.root / "config" / name).write_text(text, encoding="utf-8")

    def database(self) -> Database:
        return connect(load_site(self.root).database_url)

    def hub(self, *arguments: object, status: int = 0) -> Answer:
        """``hub ARGUMENTS``; fails where it ends otherwise than it should."""
        answer = hub(*arguments, site=self.root)
        assert answer.status == status, f"{answer.status}: {answer.err or answer.out}"
        return answer

    def ask(self, *arguments: object) -> Any:
        """``hub ARGUMENTS --json``"""
        return self.hub(*arguments, "--json").json

    def rent(self, *tenancies: str, amount: str = "5000.00") -> None:
        """From December 2026 on."""
        for key in tenancies:
            self.hub("recurring", "add", key, "--type", "10010", "--amount", amount, "--from", "2026-12-01")

    def mandate(self, *tenancies: str) -> None:
        """As a vendor's file would have it."""
        opened = self.database()
        with opened.write() as conn:
            for number, key in enumerate(tenancies, start=1):
                found = conn.execute(select(tenancy).where(tenancy.c.key == key)).one()
                group = conn.execute(
                    select(property_.c.debtor_group).where(property_.c.id == found.property_id)
                ).scalar_one()
                values = {"creditor": CREDITOR, "debtor_group": group, "customer": found.bs_customer}
                values |= {"customer_key": found.customer_key, "number": f"{number:09d}", "agreement": "automatic"}
                conn.execute(insert(mandate).values(company_id=found.company_id, tenancy_id=found.id, **values))
        opened.close()

    def collect(self, *arguments: object, due: str = DUE, now: datetime = NOW) -> Any:
        return self.ask("collect", "--company", "1", "--due", due, "--now", now.isoformat(), *arguments)

    def refused(self, *arguments: object, due: str = DUE, now: datetime = NOW) -> str:
        """What a run that writes nothing says."""
        asked = ("collect", "--company", "1", "--due", due, "--now", now.isoformat(), *arguments)
        answer = hub(*asked, site=self.root)
        assert answer.status == 1, answer.out
        return answer.err

    def delivered(self, run: Any) -> list[str]:
        """The lines of a run's delivery, filled up to 128 characters."""
        lines = Path(run["path"]).read_bytes().decode("iso8859-1").split("\r\n")
        assert lines.pop() == ""
        return [line.ljust(128) for line in lines]

    def balance(self, tenancy: str) -> str:
        return str(self.ask("balance", tenancy, "--as-of", "2026-12-31")["balance"])
