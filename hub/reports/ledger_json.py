"""The ledger as JSON lines: all that somebody needs to compute every balance and the chain anew without us.

One object a line, each with its ``type``; docs/journal.md names the fields. Amounts are decimal text, debit positive;
days are ISO, moments ISO in UTC, hashes hexadecimal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from hub.money import format_amount
from hub.reports.ledger_rows import ROWS_A_TIME, companies, document_type, entries_with_postings, of_companies
from hub.store.tables import (
    account,
    allocation,
    bank_line,
    batch,
    charge,
    charge_line,
    company,
    credited,
    entry,
    file,
    payout,
    reading,
    reversal,
    settlement,
    suspense,
    tenancy,
)

#: Of what the lines say; another one where a field changes its meaning or goes away.
VERSION = 1
_AMOUNTS = frozenset({"amount", "balance", "vat", "foreign_amount"})


def write_json(conn: Connection, *, now: datetime, company_number: str | None = None) -> Iterator[str]:
    """The lines of the file, in the one view of ``conn``, of one company or of all; memory does not grow with them.

    The last line, of type ``end``, counts the others: without it the file is cut. Raises NoSuchCompanyError.
    """
    some = companies(conn, company_number)
    mine = of_companies(some)
    counts: Counter[str] = Counter()

    def lines(type_: str, rows: Iterator[dict[str, Any]]) -> Iterator[str]:
        for row in rows:
            counts[type_] += 1
            yield _line(type_, row)

    yield _line("ledger", {"version": VERSION, "at": _moment(now), "companies": [one.number for one in some]})
    for type_, query in _SECTIONS.items():
        yield from lines(type_, _objects(conn, query().where(mine)))
    yield from lines("entry", _entries(conn, mine))
    yield _line("end", {"lines": dict(counts)})


def _line(type_: str, told: dict[str, Any]) -> str:
    return json.dumps({"type": type_, **told}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _objects(conn: Connection, query: Select[Any]) -> Iterator[dict[str, Any]]:
    rows = conn.execute(query, execution_options={"yield_per": ROWS_A_TIME})
    names = list(rows.keys())
    makers = [_amount if name in _AMOUNTS else _plain for name in names]
    for row in rows:
        yield {name: make(value) for name, make, value in zip(names, makers, row, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _amount(ore: int | None) -> str | None:
    return None if ore is None else format_amount(ore)


def _moment(at: datetime) -> str:
    """As the chain's canonical bytes have it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _entries(conn: Connection, mine: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    for _, rows in groupby(entries_with_postings(conn, mine), attrgetter("id")):
        yield _entry(list(rows))


def _entry(rows: list[Row[Any]]) -> dict[str, Any]:
    head = rows[0]
    return {
        "id": head.id,
        "company": head.company,
        "batch": head.batch,
        "voucher": head.voucher,
        "kind": head.kind,
        "document_type": document_type(head),
        "value_date": head.value_date.isoformat(),
        "posting_date": head.posting_date.isoformat(),
        "text": head.text,
        "record": head.record,
        "key": head.key,
        "corrects": head.corrects,
        "input_hash": bytes(head.input_hash).hex(),
        "leaf": bytes(head.leaf).hex(),
        "postings": [
            {"account": row.code, "amount": format_amount(row.amount), "value_date": row.posting_value_date.isoformat()}
            for row in rows
        ],
    }


def _companies() -> Select[Any]:
    return select(
        company.c.number, company.c.currency, company.c.chain_seq.label("batches"), company.c.chain_hash.label("head")
    ).order_by(company.c.id)


def _accounts() -> Select[Any]:
    return (
        select(
            company.c.number.label("company"),
            account.c.code,
            account.c.kind,
            account.c.number,
            account.c.currency,
            account.c.balance,
        )
        .join_from(account, company, company.c.id == account.c.company_id)
        .order_by(account.c.id)
    )


def _batches() -> Select[Any]:
    return (
        select(
            company.c.number.label("company"),
            batch.c.seq,
            batch.c.recorded_at,
            batch.c.actor,
            file.c.name.label("file"),
            file.c.sha256.label("source"),
            batch.c.entries,
            batch.c.root,
            batch.c.previous_hash,
            batch.c.hash,
            batch.c.allocated,
        )
        .join_from(batch, company, company.c.id == batch.c.company_id)
        .outerjoin(reading, reading.c.id == batch.c.reading_id)
        .outerjoin(file, file.c.id == reading.c.file_id)
        .order_by(company.c.id, batch.c.seq)
    )


def _charges() -> Select[Any]:
    return (
        select(
            charge.c.id,
            charge.c.entry_id.label("entry"),
            tenancy.c.key.label("tenancy"),
            charge.c.reference,
            charge.c.due_date,
            charge.c.kind,
            charge.c.text,
            charge.c.foreign_currency,
            charge.c.foreign_amount,
            charge.c.foreign_rate,
        )
        .join_from(charge, tenancy, tenancy.c.id == charge.c.tenancy_id)
        .join(company, company.c.id == tenancy.c.company_id)
        .order_by(charge.c.entry_id)
    )


def _lines() -> Select[Any]:
    return (
        select(
            charge_line.c.id,
            charge_line.c.charge_id.label("charge"),
            charge_line.c.seq,
            charge_line.c.charge_type,
            charge_line.c.text,
            charge_line.c.amount,
            charge_line.c.vat_rate,
            charge_line.c.vat,
            charge_line.c.claim,
            charge_line.c.holding,
            charge_line.c.period_from,
            charge_line.c.period_to,
        )
        .join_from(charge_line, tenancy, tenancy.c.id == charge_line.c.tenancy_id)
        .join(company, company.c.id == tenancy.c.company_id)
        .order_by(charge_line.c.charge_id, charge_line.c.seq)
    )


def _of_entry(table: Any, *columns: ColumnElement[Any]) -> Select[Any]:
    """Rows that belong to an entry, whose company they have."""
    return (
        select(table.c.entry_id.label("entry"), *columns)
        .join_from(table, entry, entry.c.id == table.c.entry_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .join(company, company.c.id == batch.c.company_id)
        .order_by(table.c.entry_id)
    )


def _suspended() -> Select[Any]:
    said = suspense.c
    return _of_entry(suspense, said.amount, said.vendor, said.customer, said.reference, said.reason)


def _credited() -> Select[Any]:
    its = (credited.c.line_id.label("line"), credited.c.amount, credited.c.vat)
    return _of_entry(credited, *its).order_by(credited.c.line_id)


def _reversals() -> Select[Any]:
    return _of_entry(reversal, reversal.c.reason)


def _allocations() -> Select[Any]:
    its = (allocation.c.payment_id.label("payment"), allocation.c.line_id.label("line"), allocation.c.amount)
    return _of_entry(allocation, allocation.c.seq, *its, allocation.c.policy).order_by(allocation.c.seq)


def _bank_lines() -> Select[Any]:
    said = bank_line.c
    return _of_entry(
        bank_line,
        said.account,
        said.amount,
        said.booking_date,
        said.creditor,
        said.payment_id,
        said.servicer_reference,
        said.code,
        said.payer,
        said.payer_account,
        said.text,
    )


def _payouts() -> Select[Any]:
    said = payout.c
    return _of_entry(payout, said.creditor, said.amount, said.booking_date, said.bank_text, said.reference)


def _settlements() -> Select[Any]:
    said = settlement.c
    its = (said.line_id.label("line"), account.c.code.label("account"), said.day, said.item_id.label("item"))
    how = (said.amount, said.how, said.vendor, said.rule)
    return _of_entry(settlement, *its, *how).join(account, account.c.id == said.account_id)


#: Type of line -> what it tells, in the order in which the file has them; entries come last.
_SECTIONS: dict[str, Callable[[], Select[Any]]] = {
    "company": _companies,
    "account": _accounts,
    "batch": _batches,
    "charge": _charges,
    "line": _lines,
    "suspense": _suspended,
    "credited": _credited,
    "reversal": _reversals,
    "bank_line": _bank_lines,
    "payout": _payouts,
    "settlement": _settlements,
    "allocation": _allocations,
}
