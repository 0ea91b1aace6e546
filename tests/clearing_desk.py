"""A desk for tests of clearing: files of a bank, of Betalingsservice and of MobilePay, and what pairs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from hub.acts import files, reversals, suspense
from hub.acts.act import Acting, perform
from hub.plugin import BankLine, BankStatement, Fee, Payment, Payout, Record
from hub.reconciling.by_hand import settle_line
from hub.reconciling.engine import Reconciled, reconcile
from hub.settings import Site, VendorConfig
from hub.store import journal
from hub.store.clearing.lines import OpenLine, open_lines
from hub.store.database import Database
from hub.store.results import Result
from hub.store.tables import account, entry, settlement
from hub.store.verify import verify
from tests.desk import NOW, Desk, FileOf

ACCOUNT = "DK5000400440116243"
SALES_UNIT = "123456"
#: Of company 1 in tests.desk.
DAY = date(2026, 11, 2)
BS = "nets_bs:02345678:00001"
MOBILEPAY = f"mobilepay:{SALES_UNIT}:00001"
IN_TRANSIT = f"mobilepay:{SALES_UNIT}:payout"
_VENDORS: Mapping[str, dict[str, Any]] = {
    "bs": {"plugin": "nets_bs"},
    "mp": {"plugin": "mobilepay", "numbers": {SALES_UNIT: "1"}},
    "bank": {"plugin": "iso20022", "numbers": {ACCOUNT: "1"}},
}


class _FileOf(FileOf):
    """A file of any instance."""

    def __init__(self, vendor: str, config: VendorConfig, records: Sequence[Record]) -> None:
        super().__init__(records)
        self.name, self.plugin, self.config = vendor, config.plugin, config


class ClearingDesk:
    """``settings`` are by instance (``bs``, ``mp``, ``bank``) what it is set up with beside what every test needs."""

    def __init__(self, database: Database, folder: Path, **settings: Mapping[str, Any]) -> None:
        self.db = database
        self.desk = Desk(database, folder)
        for name, values in _VENDORS.items():
            self.desk.vendors[name] = VendorConfig.model_validate({**values, **settings.get(name, {})})
        self.site = Site(folder, companies=self.desk.companies, vendors=self.desk.vendors)
        self.files: list[int] = []

    def book(self, vendor: str, *records: Record) -> Result:
        """A file of these records; what it makes possible is not paired yet."""
        file = self.desk.new_file()
        self.files.append(file.id)
        return self.desk.book_as(_FileOf(vendor, self.desk.vendors[vendor], records), file)

    def retry(self, file_id: int, vendor: str, *records: Record) -> Result:
        """The same file once more."""
        with self.db.read() as conn:
            file = journal.get_file(conn, file_id)
        assert file is not None
        return self.desk.book_as(_FileOf(vendor, self.desk.vendors[vendor], records), file)

    def set(self, vendor: str, **values: Any) -> None:
        self.desk.vendors[vendor] = self.desk.vendors[vendor].model_copy(update=values)

    def reconcile(self, *, dry_run: bool = False) -> Reconciled:
        return reconcile(self.db, self.site, actor="test", now=NOW, dry_run=dry_run)

    def settle(self, line: int, target: str, amount: int | None = None, **more: Any) -> dict[str, Any]:
        return self.act("settle", lambda acting: settle_line(acting, line, target, amount), **more)

    def reverse(self, entry_id: int, reason: str = "other") -> dict[str, Any]:
        return self.act("reverse", lambda acting: reversals.reverse(acting, entry_id, reversals.Why(reason)))

    def reverse_file(self, file_id: int) -> dict[str, Any]:
        return self.act("files reverse", lambda acting: files.reverse_file(acting, file_id, reversals.Why("test_file")))

    def match(self, entry_id: int, tenancy: str) -> dict[str, Any]:
        return self.act("match", lambda acting: suspense.match(acting, entry_id, tenancy))

    def act(self, what: str, do: Callable[[Acting], Mapping[str, Any]], **more: Any) -> dict[str, Any]:
        return dict(perform(self.db, self.site, what, {}, do, actor="test", now=NOW, **more).result)

    def open(self) -> list[OpenLine]:
        with self.db.read() as conn:
            return open_lines(conn)

    def on(self, code: str) -> int:
        """Øre on an account; of clearing without its kind."""
        with self.db.read() as conn:
            wanted = account.c.code.in_((code, f"clearing:{code}"))
            return int(conn.execute(select(func.coalesce(func.sum(account.c.balance), 0)).where(wanted)).scalar_one())

    def settlements(self) -> list[tuple[str, int]]:
        """How and øre of each that was ever made, oldest first."""
        with self.db.read() as conn:
            query = select(settlement.c.how, settlement.c.amount).order_by(settlement.c.entry_id)
            return [(how, amount) for how, amount in conn.execute(query)]

    def entry(self, kind: str) -> int:
        """The id of the latest entry of this kind."""
        with self.db.read() as conn:
            return int(conn.execute(select(func.max(entry.c.id)).where(entry.c.kind == kind)).scalar_one())

    def proven(self) -> None:
        with self.db.read() as conn:
            assert verify(conn).problems == []


def line(amount: int, text: str = "", *, on: date = DAY, record: int = 1, **more: Any) -> BankLine:
    """Øre, positive = came in."""
    values = {
        **{"creditor": "", "payment_id": "", "slip_fault": "", "customer": "", "reference": ""},
        **{"servicer_reference": f"REF{record}", "code": "PMNT/RCDT/ESCT", "payer": "", "payer_account": ""},
        **{"takes_back": "", "link": f"bank|{ACCOUNT}|{on}|{record}", "key": f"bank|{ACCOUNT}|{on}|{record}|{text}"},
        **more,
    }
    return BankLine(
        record=record,
        account=ACCOUNT,
        amount=amount,
        currency="DKK",
        value_date=on,
        booking_date=on,
        text=text,
        **values,
    )


def statement(opening: int, closing: int, *, first: date = DAY, last: date = DAY, number: int = 1) -> BankStatement:
    key = f"bank|{ACCOUNT}|{number}"
    return BankStatement(90 + number, ACCOUNT, "DKK", str(number), number, first, last, opening, closing, key, "")


def mobile_payment(customer: str, amount: int, *, record: int = 1, on: date = DAY) -> Payment:
    key = f"mp|{SALES_UNIT}|{on}|{customer}|{record}"
    return Payment(
        record, SALES_UNIT, "00001", customer, amount, "DKK", on, on, None, "", f"mp|{record}", key, "MobilePay"
    )


def fee(amount: int, *, record: int = 50, on: date = DAY) -> Fee:
    key = f"mp|fee|{on}|{record}"
    return Fee(record, SALES_UNIT, "00001", amount, "DKK", on, on, "", key, "Gebyr")


def payout(amount: int, bank_text: str = "", *, record: int = 60, on: date = DAY) -> Payout:
    key = f"mp|payout|{on}|{record}"
    return Payout(record, SALES_UNIT, "00001", amount, "DKK", on, on, bank_text, f"T{record}", key, "Overførsel")
