"""A site at the end of a month: Betalingsservice, MobilePay and a bank, asked by its command line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from demo.bank_files import SALES_UNIT, Paid, bank_text, settlement
from hub.ledger import kinds
from hub.money import format_amount
from hub.plugin import Payment
from hub.settings import load_site
from hub.store.database import connect, create
from hub.store.tables import account
from hub_nets_bs import making, records
from tests import camt
from tests.integration.cli_runner import Answer, hub

CREDITOR, SLIP_CREDITOR, ACCOUNT = "02345678", "88888888", "DK5000400440116243"
PAID, SETTLED = date(2026, 11, 2), date(2026, 11, 5)
#: Tenancies of two properties; their customer numbers are ids of slips too, the last digit checks them.
A, B, C, D = "1-1-1-1", "1-1-2-1", "1-2-1-1", "1-2-2-1"
CUSTOMERS = {A: "1016", B: "1024", C: "2014", D: "2022"}
_PORTFOLIO = (
    "company,company_name,pbs_number,fi_creditor,debtor_group,property,property_name,unit,tenant,name,bs_customer"
)
_BETALINGSSERVICE = """plugin = "nets_bs"
[clearing]
bank_text = "betalingsservice*"
[settings]
creditors = ["02345678"]
"""
_MOBILEPAY = f"""plugin = "mobilepay"
numbers = {{ "{SALES_UNIT}" = "1", "2142" = "1", "575598" = "1", "100716" = "1" }}
match = ["customer", "tenancy"]
[clearing]
fee_account = "mobilepay_fees"
[settings]
payout_text = "02{{recipient8}}001{{ddmmyy}}"
"""
_BANK = f"""plugin = "iso20022"
numbers = {{ "{ACCOUNT}" = "1", "DK8030000001234567" = "1" }}
MORE
[[rules]]
name = "bank-fees"
code = "PMNT/*/CHRG"
amount = "-100.00..-0.01"
account = "bank_fees"
[settings]
SETTINGS
"""
FEE = ("PMNT", "MDOP", "CHRG")
SLIP = ("PMNT", "RCDT", "VCOM")


class MonthEndSite:
    """``bank`` and ``bank_settings``: more of the bank's config file. Numbers of published samples are company 1's."""

    def __init__(self, root: Path, database_url: str, bank: str = "", bank_settings: str = "") -> None:
        self.root = root
        kept = ("content", "archive", "quarantine", "lists", "inbox/bs", "inbox/mobilepay", "inbox/bank")
        for folder in ("config/companies", "config/vendors", "files", *kept):
            (root / folder).mkdir(parents=True)
        self._write("config/hub.toml", f"database = {json.dumps(database_url)}\n")
        for name, text in (
            ("bs", _BETALINGSSERVICE),
            ("mobilepay", _MOBILEPAY),
            ("bank", _BANK.replace("MORE", bank).replace("SETTINGS", bank_settings)),
        ):
            self._write(f"config/vendors/{name}.toml", text)
        create(load_site(root).database_url).close()
        rows = [
            f"1,Ådal,{CREDITOR},{SLIP_CREDITOR},0000{key[2]},{key[2]},Ejendom,{key[4]},1,Lejer,{CUSTOMERS[key]}"
            for key in (A, B, C, D)
        ]
        self._write("portfolio.csv", "\n".join([_PORTFOLIO, *rows, ""]))
        charges = [f"{key},2026-11-01,10010,5000.00,Husleje,H{key}" for key in (A, B, C, D)]
        self._write("charges.csv", "\n".join(["tenancy,due_date,charge_type,amount,text,reference", *charges, ""]))
        self.hub("portfolio", "import", root / "portfolio.csv")
        self.hub("charges", "import", root / "charges.csv")

    def hub(self, *arguments: object, status: int = 0) -> Answer:
        """``hub ARGUMENTS``; fails where it ends otherwise than it should."""
        answer = hub(*arguments, site=self.root)
        assert answer.status == status, f"{answer.status}: {answer.err or answer.out}"
        return answer

    def ask(self, *arguments: object, status: int = 0) -> Any:
        return self.hub(*arguments, "--json", status=status).json

    def take_in(self, name: str, content: bytes, vendor: str, state: str = "booked") -> Any:
        """What became of the file."""
        path = self.root / "files" / name
        path.write_bytes(content)
        (taken,) = self.ask("ingest", path, "--vendor", vendor, status=0 if state == "booked" else 2)["files"]
        assert taken["state"] == state, taken
        return taken

    def betalingsservice(self, *payments: Payment, number: int = 1) -> Any:
        head = {"data_supplier": "00000001", "created": "2026-11-03", "delivery": f"{number:010}"}
        content = b"".join(making.make(list(payments), head, "iso8859-1"))
        return self.take_in(f"0602-{number}.txt", content, "bs")

    def mobilepay(self, *payments: Paid, number: int = 2_000_001) -> Any:
        content = settlement(SETTLED, date(2026, 11, 4), number, payments)
        return self.take_in(f"{SALES_UNIT}-{number}.xml", content, "mobilepay")

    def bank(self, number: int, opening: int, *lines: camt.Line, kind: str = "camt.053") -> Any:
        """Of the days of all lines."""
        days = [line.day for line in lines]
        content = camt.statement(
            ACCOUNT, min(days), max(days), opening, lines, identification=f"S{number}", sequence=number, kind=kind
        )
        return self.take_in(f"{kind}-{number}.xml", content, "bank")

    def clearing(self) -> dict[str, str]:
        """What stands on clearing accounts, by account."""
        opened = connect(load_site(self.root).database_url)
        query = select(account.c.code, account.c.balance).where(account.c.kind == kinds.CLEARING)
        with opened.read() as conn:
            stands = {row.code.removeprefix("clearing:"): format_amount(row.balance) for row in conn.execute(query)}
        opened.close()
        return stands

    def balance(self, tenancy: str) -> str:
        return str(self.ask("balance", tenancy, "--as-of", "2026-12-31")["balance"])

    def _write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")


def paid(tenancy: str, amount: int, day: date = PAID) -> Payment:
    """By Betalingsservice."""
    group = f"0000{tenancy[2]}"
    return records.payment(CREDITOR, group, CUSTOMERS[tenancy], amount, day, day, day, f"H{tenancy}")


def paid_by_slip(tenancy: str, amount: int, archive_reference: str, day: date = PAID) -> Payment:
    group, customer = f"0000{tenancy[2]}", CUSTOMERS[tenancy]
    return records.payment(
        CREDITOR, group, customer, amount, day, day, day, section=records.SLIP, trace=archive_reference
    )


def pays(group: int, amount: int, day: date = PAID) -> camt.Line:
    """The bank's line for what Betalingsservice pays of a debtor group."""
    return camt.Line(amount, day, text=f"Betalingsservice {CREDITOR} 0000{group}", servicer_reference=f"BS{group}{day}")


def slip_line(tenancy: str, amount: int, archive_reference: str, day: date = PAID) -> camt.Line:
    return camt.Line(
        amount,
        day,
        creditor=SLIP_CREDITOR,
        payment_id=CUSTOMERS[tenancy].zfill(15),
        servicer_reference=archive_reference,
        code=SLIP,
    )


def slips(*lines: camt.Line) -> camt.Line:
    return camt.batch(lines, code=SLIP)


def payout_line(amount: int) -> camt.Line:
    return camt.Line(amount, SETTLED, text=bank_text(SETTLED), servicer_reference="MP1")


def fee_line(amount: int) -> camt.Line:
    return camt.Line(amount, SETTLED, text="Gebyr kontohold", code=FEE, servicer_reference="FEE1")
