"""A site as small as one can be and still take in every kind of file: one company, two properties, three tenancies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from hub.imports.portfolio import import_portfolio
from hub.intake.hub import Hub
from hub.settings import Site, load_site
from hub.store import database
from hub.store.database import Database
from hub.vendors import Vendors
from hub_nets_bs import making, records

NOW = datetime(2026, 7, 6, 8, 0, tzinfo=UTC)
CREDITOR = "09999999"

_HUB = """
database = "{database}"
[intake]
settle_looks = 1
settle_age_seconds = 0
scan_seconds = 0.1
"""

_VENDORS = {
    "bs": f'plugin = "nets_bs"\n[settings]\ncreditors = ["{CREDITOR}"]\n',
    "heat": """plugin = "brunata"
period = "2025-06-01..2026-05-31"
[door]
pattern = "*.pdf"
[settings.result]
implied_decimals = 2
sign_tenant_pays = "+"
sign_tenant_receives = "-"
charge_type = "75040"
[settings.statements]
""",
}

_PORTFOLIO = f"""company,company_name,pbs_number,property,property_name,unit,tenant,name,move_in,move_out,bs_customer
1,Skovly,{CREDITOR},1,Aakaj,1,1,Søren Ærø,2020-01-01,,101
1,Skovly,{CREDITOR},1,Aakaj,2,1,Åse Øst,2020-01-01,2024-12-31,102
1,Skovly,{CREDITOR},2,Bakken,1,1,Mads Holm,2020-01-01,,201
"""

#: What the names of PDFs and lines of results below mean.
STATEMENT = "1-1-F-20250601-20260531-1-1.pdf"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def write_site(root: Path, database_url: str = "sqlite:///hub.db") -> None:
    """Configuration and database, with the portfolio."""
    for folder in ("config/companies", "config/vendors", "content", "archive", "quarantine", "lists", "inbox"):
        (root / folder).mkdir(parents=True)
    (root / "config/hub.toml").write_text(_HUB.format(database=database_url))
    for name, text in _VENDORS.items():
        (root / f"config/vendors/{name}.toml").write_text(text)
        (root / "inbox" / name).mkdir()
    (root / "portfolio.csv").write_text(_PORTFOLIO, encoding="utf-8")
    fill_database(root)


def fill_database(root: Path) -> None:
    """The schema where it is missing, and the portfolio."""
    opened = database.create(load_site(root).database_url)
    report = import_portfolio(opened, root / "portfolio.csv", now=NOW, actor="test", currency_of=lambda _: "DKK")
    opened.close()
    assert not report.bad


def open_hub(root: Path, clock: Callable[[], datetime] = lambda: NOW) -> Hub:
    site: Site = load_site(root)
    db: Database = database.connect(site.database_url)
    return Hub.of(site, db, Vendors(site), clock)


def close_hub(hub: Hub) -> None:
    hub.vendors.close()
    hub.db.close()


def delivery(*payments: tuple[str, int], number: int = 1) -> bytes:
    """A 0602 with these payments of (customer number, øre)."""
    day = date(2026, 7, 1)
    made = [
        records.payment(CREDITOR, "00001", customer, amount, day, day, day, f"R{number}{index}")
        for index, (customer, amount) in enumerate(payments, start=1)
    ]
    head = {"data_supplier": "00000001", "created": "2026-07-02", "delivery": f"{number:010}"}
    return b"".join(making.make(made, head, "iso8859-1"))


def results(*rows: tuple[int, int, int, int]) -> bytes:
    """A Brunata result file of company 1: (property, unit, tenant, øre)."""
    lines = [
        f"{1:>4}{property_:>6}{unit:>6}{tenant:>3} {abs(amount):010}{'+' if amount >= 0 else '-'}\r\n"
        for property_, unit, tenant, amount in rows
    ]
    return "".join(lines).encode("ascii")
