"""A desk for tests: books files whose records are given, on a real database, and looks at what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from hub.imports.portfolio import import_portfolio
from hub.intake.hub import Hub
from hub.intake.reading import read_file
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.ledger.terms import Terms
from hub.plugin import Chargeback, ConsumptionResult, Payment, PaymentFailed, Record
from hub.settings import CompanyConfig, Site, VendorConfig
from hub.store import journal
from hub.store.books import Books
from hub.store.database import Database
from hub.store.entries import Movement, NewLine
from hub.store.portfolio import TenancyRef, tenancy_by_key
from hub.store.results import Result
from hub.store.tables import account, blob, charge, charge_line

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERIOD = (date(2025, 6, 1), date(2026, 5, 31))
PORTFOLIO = """company,company_name,pbs_number,debtor_group,property,property_name,unit,tenant,name,bs_customer
1,Ådal,02345678,1,1,Ågården,1,1,Søren,101
1,Ådal,02345678,1,1,Ågården,2,1,Åse,102
1,Ådal,02345678,2,2,Ørneparken,1,1,Bjørn,201
2,Bække,09999999,1,1,Lærkevej,1,1,Ægir,901
"""


class FileOf:
    """A vendor instance whose file holds just these records, in batches of ``size``."""

    name = "bs"
    plugin = "nets_bs"
    plugin_version = "1"

    def __init__(self, records: Sequence[Record], size: int = 2000, **config: object) -> None:
        self.config = VendorConfig(plugin="nets_bs", **config)
        self._records = records
        self._size = size

    def read(self, path: Path, name: str, kind: str, *, options: object) -> Iterator[list[Record]]:
        for start in range(0, len(self._records), self._size):
            yield list(self._records[start : start + self._size])


class Desk:
    """Books files into one database and looks at what came of it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.db = database
        self.companies: dict[str, CompanyConfig] = {}
        self.vendors: dict[str, VendorConfig] = {}
        self.folder = folder
        self._files = 0
        portfolio = folder / "portfolio.csv"
        portfolio.write_text(PORTFOLIO, encoding="utf-8")
        import_portfolio(database, portfolio, now=NOW, actor="test", currency_of=lambda number: "DKK")

    def charge(self, key: str, reference: str, due: str, *amounts: int) -> None:
        with self.db.write() as conn:
            tenancy = ref(conn, key)
            books = Books(conn, recorded_at=NOW, actor="test", terms_of=lambda number: Terms())
            contra = books.shared_account(tenancy.company_id, kinds.OPENING_BALANCE, "opening")
            movement = Movement(
                kinds.CHARGE,
                tenancy,
                sum(amounts),
                due,
                due,
                contra,
                due,
                f"charge|{key}|{reference}#1",
                input_hash(amounts),
                "Husleje",
                reference=reference,
                due_date=due,
                lines=tuple(NewLine("10", amount) for amount in amounts),
            )
            books.post(tenancy.company_id, [movement])
            books.close()

    def book(self, *records: Record, size: int = 2000, **options: object) -> Result:
        config = {name: options.pop(name) for name in ("properties",) if name in options}
        return self.book_as(FileOf(records, size, **config), self.new_file(), **options)

    def new_file(self) -> journal.FileRow:
        self._files += 1
        sha256 = f"{self._files:064d}"
        with self.db.write() as conn:
            conn.execute(blob.insert().values(sha256=sha256, size=1, stored_at=NOW))
            return journal.add_file(
                conn, sha256=sha256, name=f"file{self._files}", vendor="bs", kind="0602", received_at=NOW
            )

    def book_as(self, instance: FileOf, file: journal.FileRow, **options: object) -> Result:
        site = Site(self.folder, companies=self.companies, vendors=self.vendors)
        hub = Hub(site, self.db, None, lambda: NOW, self.folder)
        given = {"approved": False, "period": None, "actor": "test", "now": NOW} | options
        return read_file(hub, instance, file, **given)

    def balance(self, key: str) -> int:
        with self.db.read() as conn:
            code = f"receivable:{key}"
            return conn.execute(select(account.c.balance).where(account.c.code == code)).scalar_one()

    def open_lines(self, key: str) -> list[tuple[str, int]]:
        with self.db.read() as conn:
            tenancy = ref(conn, key)
            rows = conn.execute(
                select(charge.c.reference, charge_line.c.remaining)
                .join(charge, charge.c.id == charge_line.c.charge_id)
                .where(charge_line.c.tenancy_id == tenancy.id, charge_line.c.remaining > 0)
                .order_by(charge_line.c.id)
            )
            return [tuple(row) for row in rows]

    def one(self, query: object) -> object:
        with self.db.read() as conn:
            return conn.execute(query).scalar_one()

    def all(self, query: object) -> list[tuple[object, ...]]:
        with self.db.read() as conn:
            return [tuple(row) for row in conn.execute(query)]


def ref(conn: Connection, key: str) -> TenancyRef:
    found = tenancy_by_key(conn, key)
    assert found is not None
    return found.ref


def link(customer: str, reference: str) -> str:
    return f"nets|02345678|00001|0211|2026-11-02|{customer}|{reference}"


def paid(
    customer: str, amount: int, reference: str = "", *, line: int = 3, on: date = date(2026, 11, 2), **other: str
) -> Payment:
    creditor, group = other.get("creditor", "02345678"), other.get("group", "00001")
    its_link = link(customer, reference)
    key = f"{its_link}|0236|{on}|{other.get('trace', '-')}"
    return Payment(
        line, creditor, group, customer, amount, "DKK", on, on, date(2026, 11, 2), reference, its_link, key, "BS"
    )


def taken_back(
    customer: str, amount: int, reference: str = "", *, line: int = 9, on: date = date(2026, 11, 9)
) -> Chargeback:
    its_link = link(customer, reference)
    key = f"{its_link}|0239|{on}|-"
    return Chargeback(
        line, "02345678", "00001", customer, amount, "DKK", on, on, None, reference, its_link, key, "retur"
    )


def failed(customer: str, amount: int, line: int = 4) -> PaymentFailed:
    key = f"{link(customer, '')}|0237|-|-"
    return PaymentFailed(line, "02345678", "00001", customer, amount, "DKK", date(2026, 11, 2), "", key, "afvist")


def result(unit: str, amount: int, line: int = 1, property_: str = "1", period: bool = True) -> ConsumptionResult:
    first, last = PERIOD if period else (None, None)
    return ConsumptionResult(line, "1", property_, unit, "1", amount, "balance", None, "75040", first, last)
