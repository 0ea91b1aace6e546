"""``hub holdings import``: what is held of each tenant's money when the books begin (R20).

Deposit, prepaid rent, what was paid on account: an amount is what we hold, and never below zero (R19). The key is
tenancy and reference: importing again changes nothing, the same key with other content is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from hub.imports.openings import not_booked_before
from hub.imports.rows import (
    Declared,
    Said,
    at_most,
    other_currency,
    positive_amount,
    read_declared,
    understood,
    without_repeated,
)
from hub.imports.table import ImportReport, parse_day
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount
from hub.settings import CompanyConfig
from hub.store.books import Books
from hub.store.database import Database
from hub.store.entries import Movement
from hub.store.journal import add_event
from hub.store.portfolio import lock_properties

_REFERENCE_CHARACTERS_MAX = 100
_DAY = timedelta(days=1)


def _holding(text: str) -> str:
    if text == kinds.BALANCE:
        raise ValueError(f"{text!r} is what the tenant owes: import that with hub charges import")
    if not re.fullmatch(kinds.HOLDING_PATTERN, text):
        raise ValueError(
            f"{text!r} is no name of a holding: {', '.join(kinds.HOLDINGS)}, or another of 2 to 20 letters a-z and _"
        )
    return text


COLUMNS = (
    Declared("tenancy", required=True),
    Declared("holding", _holding, required=True),
    Declared("amount", positive_amount, required=True),
    Declared("date", parse_day, required=True),
    Declared("reference", at_most(_REFERENCE_CHARACTERS_MAX), required=True),
    Declared("text", empty=""),
    Declared("currency"),
)


class _Held(NamedTuple):
    said: Said

    @property
    def key(self) -> str:
        return f"holding|{self.said.tenancy.key}|{self.said.values['reference']}"

    @property
    def given(self) -> bytes:
        """What must be equal under an equal key."""
        return input_hash(*(self.said.values[name] for name in ("holding", "amount", "date", "text")))


def import_holdings(
    database: Database,
    path: Path,
    *,
    encoding: str = "utf-8",
    now: datetime,
    actor: str,
    company_of: Callable[[str], CompanyConfig],
    errors_to: Path | None = None,
) -> ImportReport:
    """Books every good row in one transaction; gives the bad ones back, in ``errors_to`` too.

    A file ``errors_to`` of an earlier import is replaced, or removed where no row is bad. ``company_of`` gives a
    company's configuration by number. Raises TableError when the file as a whole cannot be read.
    """
    table = read_declared(path, encoding, COLUMNS)
    report = ImportReport(rows=len(table.rows) + len(table.bad), bad=list(table.bad), warnings=table.warnings)
    with database.write() as connection:
        rows = understood(connection, table.rows, COLUMNS, company_of, _refusals, report.bad)
        held = without_repeated([_Held(said) for said in rows], "reference", report.bad)
        lock_properties(connection, {one.said.tenancy.property_id for one in held})
        new = not_booked_before(connection, held, report, _told)
        if new:
            books = Books(
                connection, recorded_at=now, actor=actor, terms_of=lambda number: company_of(number).allocation.terms
            )
            for one in sorted(new, key=lambda one: (one.said.tenancy.company_id, one.said.row.line)):
                _book(books, one)
            books.close()
            detail = {"file": path.name, "added": len(new), "bad": len(report.bad)}
            add_event(connection, at=now, actor=actor, what="holdings imported", detail=detail)
    report.added = len(new)
    report.bad.sort()
    if errors_to is not None:
        table.write_bad(report.bad, errors_to)
    return report


def _refusals(company: CompanyConfig, values: Mapping[str, Any]) -> Iterator[str]:
    yield from other_currency(company, values)
    holding = values["holding"]
    if holding and holding not in company.known_holdings:
        yield f"holding: {holding!r} is none of company {company.number}: {', '.join(company.known_holdings)}"


def _told(before: Any) -> str:
    return f"{format_amount(-before.amount)} on {before.value_date}"


def _book(books: Books, held: _Held) -> None:
    """Counts from its date; what lies in a closed period is posted on the first open day (R22)."""
    tenancy, values = held.said.tenancy, held.said.values
    day: date = values["date"]
    closed = held.said.company.books_closed_through
    movement = Movement(
        kind=kinds.OPENING,
        tenancy=None,
        amount=-values["amount"],
        value_date=day.isoformat(),
        posting_date=(max(day, closed + _DAY) if closed else day).isoformat(),
        contra=books.shared_account(tenancy.company_id, kinds.OPENING_BALANCE, kinds.OPENING_BALANCE),
        contra_date=day.isoformat(),
        key=held.key,
        given=held.given,
        text=values["text"] or values["holding"],
    )
    books.enter(tenancy.company_id, books.holding(tenancy, values["holding"]), movement)
