"""Pages of the Report API v2 as JSON files: the entries of one ledger, with a running balance.

An account of the vendor's has two ledgers. ``funds`` is the money that it owes us: every entry moves it. ``fees`` is
what we owe it: the fees of each capture, and once a day their sum (``fees-retained``), which ``funds`` has too, with
the other sign. So money is booked from ``funds`` alone, and an entry of ``fees`` is verified and listed: booking both
would count every fee twice.

Amounts are whole øre, signed as their effect on the ledger's balance. Each entry's balances must come out, and follow
from the entry before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.plugin import FileView, Kept, Malformed, Record, Remark, ShownField, format_amount
from hub_mobilepay import cells, json_page, records, report_entries
from hub_mobilepay.json_page import Page, Told
from hub_mobilepay.line_showing import show_lines
from hub_mobilepay.report_entries import ReportEntry
from hub_mobilepay.settings import MobilePaySettings, OwnField

KIND = "report-api"
TITLE = "Report API page (JSON)"
telltale = "mobilepay/report-api"

FUNDS, FEES = "funds", "fees"
#: What an entry's amount must be by its type: 1 = positive, -1 = negative, 0 = either.
_SIGNS: Mapping[str, Mapping[str, int]] = {
    FUNDS: {
        "capture": 1,
        "refund": -1,
        "fees-retained": -1,
        "payout-scheduled": -1,
        "scheduled-for-payout": -1,
        "payout-aborted": 1,
        "retained-disputed-capture": -1,
        "returned-disputed-capture": 1,
        "correction": 0,
        "top-up": 1,
        "credit-note": 0,
    },
    FEES: {
        "capture-fee": -1,
        "fees-invoiced": 1,
        "fees-retained": 1,
        "correction": 0,
        "credit-note": 0,
    },
}
_BEGINS_AS_PAGE = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*\{")
_OF_A_PAGE = re.compile(rb'"(?:entryType|tryLater|hasMore)"\s*:')
_TOPIC = re.compile(r"(?<![a-z])(funds|fees)(?![a-z])")
#: A name and what it says; for people who look into the file.
_SAYING = re.compile(rb'"(?P<name>[^"\\]*+)"\s*+:\s*+"?(?P<value>(?<=")(?:[^"\\]|\\.)*+|[^\s",{}\[\]]++)')
_OF_PAYER = frozenset(("capture", "refund", "retained-disputed-capture", "returned-disputed-capture"))
_OF_BANK = frozenset(("payout-scheduled", "scheduled-for-payout", "payout-aborted", "top-up"))


def identify(file: FileView) -> str:
    """By its envelope or its entries, whatever the encoding."""
    # Without the zeros of UTF-16 the names stand as in ASCII.
    head = file.head.replace(b"\0", b"")
    if _BEGINS_AS_PAGE.match(head) and _OF_A_PAGE.search(head):
        return ""
    return "no Report API page: no entryType, hasMore or tryLater in it"


def read(file: FileView, settings: MobilePaySettings) -> Iterator[Record]:
    """What the entries of a page say, in their order. Raises Malformed."""
    page = json_page.page(file, "items", settings.report.page_bytes_max)
    has_more = _flags(page)
    rows = list(report_entries.rows(page, settings))
    if rows:
        topic = _topic(file.name, rows, settings)
        _check(rows, topic)
        if topic == FEES:
            yield from map(_fee_told, rows)
        else:
            yield from _Funds(rows, settings).records()
    else:
        yield Remark("no entries: nothing has moved on this ledger")
    if has_more:
        yield Remark("the vendor has more entries behind these: fetch the next page too")


def show(file: FileView, settings: MobilePaySettings) -> Iterator[ShownField]:
    """Every name and what it says, at its line."""
    return show_lines(file, read(file, settings), TITLE, _SAYING)


def _flags(page: Page) -> bool:
    """Whether more pages follow. Raises Malformed for what is no page, or no whole one."""
    if "items" not in page.fields:
        raise Malformed("a page without items, which are its entries", line=1, field="items")
    flags = {}
    for name in ("tryLater", "hasMore"):
        told = page.fields.get(name, Told(1, False))
        if not isinstance(told.value, bool):
            raise Malformed(line=told.line, field=name, found=cells.shown(str(told.value)), expected="true or false")
        flags[name] = told.value
    if flags["tryLater"]:
        raise Malformed(
            "the vendor has not closed this day yet: entries may come yet",
            line=page.fields["tryLater"].line,
            field="tryLater",
            do="fetch the page again later",
        )
    return flags["hasMore"]


def _topic(name: str, rows: Sequence[ReportEntry], settings: MobilePaySettings) -> str:
    """Of which ledger the entries are: by their types, by the file's name, by the setting. Raises Malformed."""
    told = {topic: row for row in reversed(rows) if (topic := _topic_of_type(row))}
    named: set[str] = set(_TOPIC.findall(name.casefold()))
    if len(told) > 1:
        line = max(row.line for row in told.values())
        types = " and ".join(f"{row.entry_type} of line {row.line}" for row in told.values())
        raise Malformed(f"entries of both ledgers in one page: {types}", line=line, field="entryType")
    for topic, row in told.items():
        if named and topic not in named:
            found, expected = f"{row.entry_type}, an entry of {topic}", f"entries of {named.pop()}, as its name says"
            raise Malformed("another ledger", line=row.line, field="entryType", found=found, expected=expected)
        return topic
    if len(named) == 1:
        return named.pop()
    if settings.report.topic:
        return settings.report.topic
    raise Malformed(
        "neither its entries nor its name say whether it is of the ledger funds or fees",
        line=rows[0].line,
        field="entryType",
        do="write funds or fees in the file's name, or set settings.report.topic",
    )


def _topic_of_type(row: ReportEntry) -> str:
    """Of the one ledger that has such entries, of this sign where both have them; "" = either may."""
    of_type = [topic for topic, signs in _SIGNS.items() if row.entry_type in signs]
    fitting = [topic for topic in of_type if row.amount * _SIGNS[topic][row.entry_type] >= 0]
    told = of_type if len(of_type) == 1 else fitting
    return told[0] if len(told) == 1 else ""


def _check(rows: Sequence[ReportEntry], topic: str) -> None:
    """Signs and running balances. Raises Malformed."""
    balance, currency = rows[0].before, rows[0].currency
    for row in rows:
        if row.currency != currency:
            raise row.refusal("currency", row.currency, f"{currency}, as the entries before it: a ledger has one")
        sign = _SIGNS[topic].get(row.entry_type, 0)
        if row.amount * sign < 0:
            must = "positive" if sign > 0 else "negative"
            expected = f"a {must} amount, which every {row.entry_type} on the ledger {topic} has"
            raise row.refusal("amount", format_amount(row.amount), expected)
        if row.before != balance:
            expected = f"{format_amount(balance)}, what the entry before it left"
            raise row.refusal("balanceBefore", format_amount(row.before), expected)
        balance = row.before + row.amount
        if row.after != balance:
            expected = f"{format_amount(balance)}, which is balanceBefore and amount"
            raise row.refusal("balanceAfter", format_amount(row.after), expected)


def _fee_told(row: ReportEntry) -> Record:
    """An entry of the ledger of fees: its money is in the ``fees-retained`` of the other ledger."""
    text = f"gebyrkonto: {records.kroner(row.amount)} {row.currency}, {row.transaction} {row.reference}".rstrip()
    return Kept(row.record, row.entry_type, text)


class _Funds:
    """Entries of the ledger of funds as records."""

    def __init__(self, rows: Sequence[ReportEntry], settings: MobilePaySettings) -> None:
        self._rows = rows
        self._settings = settings
        told = {row.creditor for row in rows if row.creditor}
        #: Of entries that name none: a payout is of the whole ledger.
        self._creditor = records.creditor_of(settings.report.recipient) or (told.pop() if len(told) == 1 else "")

    def records(self) -> Iterator[Record]:
        """One of each entry. Raises Malformed."""
        for row in self._rows:
            creditor = row.creditor or self._creditor
            if not creditor:
                raise Malformed(
                    f"a {row.entry_type} that names no recipient, among entries of "
                    f"{'several' if any(each.creditor for each in self._rows) else 'none'}",
                    line=row.line,
                    field="recipientHandle",
                    do="set settings.report.recipient",
                )
            yield self._record(row, {"record": row.record, "creditor": creditor, "currency": row.currency})

    def _record(self, row: ReportEntry, about: dict[str, Any]) -> Record:
        if not row.amount:
            return Kept(row.record, row.entry_type, f"post uden beløb: {row.transaction}")
        if row.entry_type in _OF_PAYER:
            return self._of_payer(row, about)
        if row.entry_type in _OF_BANK:
            return self._of_bank(row, about)
        about |= {"booked_on": row.day, "moment": row.time}
        if row.entry_type == "fees-retained":
            return records.fee(number=row.transaction, amount=-row.amount, **about)
        if row.entry_type == "credit-note":
            return records.credit_note(number=row.transaction, amount=-row.amount, note=row.reference, **about)
        about |= {"transaction": row.transaction, "reference": row.reference, "amount": row.amount}
        if row.entry_type == "correction":
            return records.correction(**about)
        return records.unknown_money(entry_type=row.entry_type, **about)

    def _of_payer(self, row: ReportEntry, about: dict[str, Any]) -> Record:
        fields: dict[OwnField, str] = {"reference": row.reference, "message": row.message}
        about |= {
            "transaction": row.transaction,
            "reference": self._settings.own_reference_of(fields),
            "amount": abs(row.amount),
            "sold_on": row.sold_on,
            "booked_on": row.day,
        }
        if row.entry_type == "capture":
            return records.captured(**about)
        if row.entry_type == "refund":
            return records.refunded(**about)
        if row.entry_type == "retained-disputed-capture":
            return records.disputed(moment=row.time, **about)
        return records.dispute_returned(moment=row.time, **about)

    def _of_bank(self, row: ReportEntry, about: dict[str, Any]) -> Record:
        about |= {"amount": abs(row.amount), "booked_on": row.day}
        if row.entry_type == "top-up":
            # What the bank writes with it is for us to choose, and not told here.
            return records.top_up(number=row.transaction, moment=row.time, **about)
        about["number"] = row.payout
        by_setting = self._settings.bank_text(payout=row.payout, creditor=about["creditor"], settled_on=row.day)
        bank_text = row.reference or by_setting
        if row.entry_type == "payout-aborted":
            return records.payout_aborted(bank_text=bank_text, moment=row.time, **about)
        return records.paid_out(bank_text=bank_text, **about)
