"""``hub holdings import``: what is held of each tenant's money when the books begin (R20).

Deposit, prepaid rent, what was paid on account: an amount is what we hold, and never below zero (R19). The key is
tenancy and reference: importing again changes nothing, the same key with other content is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from hub.imports.openings import Kind, import_openings, posting_date
from hub.imports.rows import Declared, Said, at_most, other_currency, positive_amount
from hub.imports.table import ImportReport, parse_day
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount
from hub.settings import CompanyConfig
from hub.store.books import Books
from hub.store.database import Database
from hub.store.entries import Movement

_REFERENCE_CHARACTERS_MAX = 100


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
    def day(self) -> date:
        """On which we hold it."""
        held_on: date = self.said.values["date"]
        return held_on

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
    kind = Kind("holdings imported", COLUMNS, _refusals, _told)
    return import_openings(
        database,
        path,
        kind,
        _Held,
        _book,
        encoding=encoding,
        now=now,
        actor=actor,
        company_of=company_of,
        errors_to=errors_to,
    )


def _refusals(company: CompanyConfig, values: Mapping[str, Any]) -> Iterator[str]:
    yield from other_currency(company, values)
    holding = values["holding"]
    if holding and holding not in company.known_holdings:
        yield f"holding: {holding!r} is none of company {company.number}: {', '.join(company.known_holdings)}"


def _told(before: Any) -> str:
    return f"{format_amount(-before.amount)} on {before.value_date}"


def _book(books: Books, held: Sequence[_Held]) -> None:
    for one in sorted(held, key=lambda one: (one.said.tenancy.company_id, one.said.row.line)):
        tenancy, values = one.said.tenancy, one.said.values
        day = one.day.isoformat()
        movement = Movement(
            kind=kinds.OPENING,
            tenancy=None,
            amount=-values["amount"],
            value_date=day,
            posting_date=posting_date(one).isoformat(),
            contra=books.shared_account(tenancy.company_id, kinds.OPENING_BALANCE, kinds.OPENING_BALANCE),
            contra_date=day,
            key=one.key,
            given=one.given,
            text=values["text"] or books.words(tenancy.company_id).holding(values["holding"]),
        )
        books.enter(tenancy.company_id, books.holding(tenancy, values["holding"]), movement)
