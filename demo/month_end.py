"""The end of the month: the bank shows what Betalingsservice and MobilePay have told of, and then a little less."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from demo.bank_files import CHARGES, SALES_UNIT, SLIPS, BankLine, Paid, Slip, bank_text, settlement, statement
from demo.desk import Steps
from demo.files import SLIPS as PAID_BY_SLIP
from demo.files import archive_reference
from demo.portfolio import COMPANY, CREDITOR, PROPERTIES, SLIP_CREDITOR, tenancy
from hub.plugin import parse_amount

_DAY = timedelta(days=1)
_PAYOUT = 2_000_001
#: Whose heat settlement is paid by MobilePay, what of it MobilePay keeps, and what they write: key, customer number.
_BY_MOBILEPAY = (
    Paid(parse_amount("812.00"), parse_amount("8.12"), tenancy(3, 1).key),
    Paid(parse_amount("95.75"), parse_amount("0.96"), tenancy(3, 3).customer),
)
#: What Betalingsservice pays for each property: on the due day, in the coming days, and for the next month.
_PAID = ("97300.00", "82250.00", "92950.00")
_COMING = (2, "23100.00")
#: Of property 3 it should be 99,924.75: what 1-3-5-1 has paid is missing.
_NEXT_MONTH = ("110700.00", "107800.00", "92084.75")
_BANK_FEE = "-45.00"
#: What stands on the account before the first statement, and after it.
_OPENING, _CLOSING = parse_amount("250000.00"), parse_amount("558903.67")


class _Statements(Steps):
    """Files that are taken in, and what is made of them."""

    def _take_in(self, name: str, inbox: str, file: str, content: bytes) -> None:
        path = self._commands.site / "inbox" / inbox / file
        path.write_bytes(content)
        (taken,) = self._run(name, "ingest", str(path))["files"]
        self.found[name] = taken
        counts = (f"{count} {what}" for what, count in taken["records"].items() if count and what != "read")
        self._tell(f"{taken['state']}: {', '.join(counts)}")


class MonthEnd(_Statements):
    """``found`` is in the shape of :data:`demo.expected.MONTH_END`."""

    def work(self) -> None:
        """Betalingsservice's payments are booked; MobilePay's and the bank's are not yet."""
        settled = self._dates.settled
        paid = settlement(settled, settled - _DAY, _PAYOUT, _BY_MOBILEPAY)
        self._take_in("mobilepay", "mobilepay", f"{SALES_UNIT}-{_PAYOUT}.xml", paid)
        content = statement(1, self._dates.rent_due, self._dates.coming, _OPENING, self._lines())
        self._take_in("statement", "bank", "kontoudtog-1.xml", content)
        found = self._run("reconciled", "reconcile", "--company", COMPANY, statuses=(0, 2))
        (bank,) = found["banks"]
        ends = (
            f"bank and books both end with {bank['closing']}"
            if bank["difference"] == "0.00"
            else "BANK AND BOOKS DIFFER"
        )
        self._tell(f"{len(found['at_zero'])} clearing accounts are at 0.00; {ends}")

    def _lines(self) -> list[BankLine]:
        coming_of, coming = _COMING
        return [
            *_of_properties(_PAID, self._dates.paid),
            _of_property(coming_of, coming, self._dates.coming),
            _slips(self._dates.paid),
            *_of_the_bank(self._dates.settled),
        ]


class OneShort(_Statements):
    """``found`` is in the shape of :data:`demo.expected.ONE_SHORT`."""

    def work(self) -> None:
        """The bank shows what was collected for the next month, but for one payment."""
        first, last = self._dates.coming + _DAY, self._dates.cleared
        content = statement(2, first, last, _CLOSING, _of_properties(_NEXT_MONTH, last))
        self._take_in("statement", "bank", "kontoudtog-2.xml", content)
        found = self._run("reconciled", "reconcile", "--company", COMPANY, statuses=(0, 2))
        self._tell("; ".join(_missing(item) for account in found["clearing"] for item in account["items"]))
        self._run("verified", "verify", statuses=(0, 3))
        self._tell("all is proved" if self.found["verified"]["ok"] else "NOT IN ORDER")


def _missing(item: Any) -> str:
    told = (
        f"{one['amount']} less than told: {record['tenancy']} in {record['file']}, line {record['record']}"
        for one in item["short"]
        if (record := one["record"])
    )
    return f"{item['open']} is open of {item['day']}, {', '.join(told)}"


def _of_properties(amounts: Sequence[str], day: date) -> list[BankLine]:
    return [_of_property(number, amount, day) for number, amount in enumerate(amounts, start=1)]


def _of_property(number: int, amount: str, day: date) -> BankLine:
    group = PROPERTIES[number - 1].debtor_group
    return BankLine(parse_amount(amount), day, f"Betalingsservice {CREDITOR} {group}")


def _slips(day: date) -> BankLine:
    """One line for all of a day; Betalingsservice has told of each of them."""
    slips = [
        Slip(parse_amount(amount), SLIP_CREDITOR, tenancy(*place).customer, archive_reference(tenancy(*place)))
        for place, amount in PAID_BY_SLIP.items()
    ]
    return BankLine(sum(slip.amount for slip in slips), day, "", SLIPS, slips)


def _of_the_bank(settled: date) -> list[BankLine]:
    """MobilePay's payout, and what the bank takes."""
    paid_out = sum(paid.amount - paid.fee for paid in _BY_MOBILEPAY)
    fee = BankLine(parse_amount(_BANK_FEE), settled, "Gebyr kontohold", CHARGES)
    return [BankLine(paid_out, settled, bank_text(settled)), fee]
