"""A bank and a MobilePay for tests: lines, fees and payouts as their plug-ins tell them, booked on a hand's desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from hub.plugin import BankLine, Fee, Payment, Payout, Record
from hub.reconciling.by_hand import settle_line
from hub.reconciling.engine import reconcile
from hub.reconciling.settling import Explained
from hub.settings import VendorConfig
from hub.store.results import Result
from hub.store.tables import bank_line, entry
from tests.desk import NOW, FileOf
from tests.hand import Hand

#: Ours at the bank, and what we are called at MobilePay.
ACCOUNT, UNIT = "DK5000400440116243", "10115225"
PAYER = "DK2050510001234567"
_DAY = date(2026, 11, 4)


class InstanceOf(FileOf):
    """An instance of another plug-in than the desk's own, whose file holds just these records."""

    def __init__(self, name: str, config: VendorConfig, records: Sequence[Record]) -> None:
        super().__init__(records)
        self.name, self.plugin, self.config = name, config.plugin, config


class Bank:
    """The bank instance ``bank`` on a hand's desk, for company 1; ``rules`` as its settings have them."""

    def __init__(self, hand: Hand, *rules: dict[str, Any], **config: Any) -> None:
        self.hand = hand
        self._told = {"plugin": "iso20022", "numbers": {ACCOUNT: "1"}, **config}
        self._lines = 0
        self.rules(*rules)

    def rules(self, *rules: dict[str, Any]) -> None:
        """From now on."""
        self.hand.desk.vendors["bank"] = VendorConfig.model_validate({**self._told, "rules": rules})

    def books(self, *lines: BankLine) -> list[int]:
        """Entries that have booked these lines, in their order; each line is another one to the bank."""
        named = [line._replace(record=n, key=f"{line.key}|{self._count()}") for n, line in enumerate(lines, start=1)]
        result = self.tells(*named)
        assert result.counts.held == 0, result.reasons
        with self.hand.db.read() as conn:
            entries = select(entry.c.key, entry.c.id).join(bank_line, bank_line.c.entry_id == entry.c.id)
            by_key = dict(conn.execute(entries).all())
        return [by_key[f"{line.key}#1"] for line in named]

    def tells(self, *records: Record) -> Result:
        return self._book("bank", records)

    def reconciles(self, actor: str = "hub") -> list[Explained]:
        return list(reconcile(self.hand.db, self.hand.site, actor=actor, now=NOW).explained)

    def person_says(self, entry_id: int, account: str) -> int:
        """That an open line belongs to a named account; gives the entry that says so."""
        done = self.hand.do("settle", lambda acting: settle_line(acting, entry_id, f"account:{account}"))
        return int(done.result["entry"])

    def mobilepay_tells(self, *records: Record) -> Result:
        self.hand.desk.vendors.setdefault("mobilepay", VendorConfig(plugin="mobilepay", numbers={UNIT: "1"}))
        return self._book("mobilepay", records)

    def _book(self, name: str, records: Sequence[Record]) -> Result:
        desk = self.hand.desk
        return desk.book_as(InstanceOf(name, desk.vendors[name], records), desk.new_file())

    def _count(self) -> int:
        self._lines += 1
        return self._lines


def line(amount: int, text: str = "Overførsel", **more: Any) -> BankLine:
    """A line of 4 November 2026 that names nobody."""
    day = more.pop("on", _DAY)
    told = {
        "record": 1,
        "account": ACCOUNT,
        "amount": amount,
        "currency": "DKK",
        "value_date": day,
        "booking_date": day,
        "creditor": "",
        "payment_id": "",
        "slip_fault": "",
        "customer": "",
        "reference": "",
        "servicer_reference": "",
        "code": "PMNT/RCDT/DMCT",
        "payer": "",
        "payer_account": "",
        "takes_back": "",
        "text": text,
        **more,
    }
    link = f"iso20022|{ACCOUNT}|||{told['payer_account']}|-"
    return BankLine(**{"link": link, "key": f"{link}|{day}", **told})


def paid_by_phone(customer: str, amount: int, record: int = 1) -> Payment:
    day = date(2026, 11, 2)
    link = f"mobilepay|{UNIT}|{customer}"
    return Payment(
        record, UNIT, "", customer, amount, "DKK", day, day, None, "", link, f"{link}|{day}", "MobilePay-betaling"
    )


def fee(amount: int, record: int = 2) -> Fee:
    day = date(2026, 11, 2)
    return Fee(record, UNIT, "", amount, "DKK", day, day, "", f"mobilepay|{UNIT}|fee|{day}", "MobilePay-gebyr")


def payout(amount: int, record: int = 3, bank_text: str = "MP 10115225 20261103") -> Payout:
    day = date(2026, 11, 3)
    key = f"mobilepay|{UNIT}|payout|{day}"
    return Payout(record, UNIT, "", amount, "DKK", day, day, bank_text, "9", key, "MobilePay-udbetaling")
