"""``hub charges import``: open charges and opening credits from another system, each with what remains of it (R20).

The key is tenancy and reference: importing again changes nothing, the same key with other content is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from hub.errors import HubError
from hub.imports.openings import Kind, import_openings, posting_date
from hub.imports.rows import Declared, Said, at_most, other_currency
from hub.imports.table import ImportReport, parse_day
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount, parse_amount
from hub.settings import CompanyConfig
from hub.store.books import Books
from hub.store.database import Database
from hub.store.entries import Movement, NewLine
from hub.store.portfolio import TenancyRef

_CHARGE_TYPE_CHARACTERS_MAX = 20
_REFERENCE_CHARACTERS_MAX = 100
#: Movements given to the books at once.
_BATCH = 2_000


def _amount(text: str) -> int:
    try:
        ore = parse_amount(text)
    except HubError as error:
        raise ValueError(str(error)) from error
    if ore == 0:
        raise ValueError("is zero: there is nothing to book")
    return ore


def _kind(text: str) -> str:
    if text not in kinds.CHARGE_KINDS:
        raise ValueError(f"{text!r} is no kind of charge: {', '.join(kinds.CHARGE_KINDS)}")
    return text


COLUMNS = (
    Declared("tenancy", required=True),
    Declared("due_date", parse_day, required=True),
    Declared("charge_type", at_most(_CHARGE_TYPE_CHARACTERS_MAX), required=True),
    Declared("amount", _amount, required=True),
    Declared("text", empty=""),
    Declared("currency"),
    Declared("reference", at_most(_REFERENCE_CHARACTERS_MAX), required=True),
    Declared("period_from", parse_day),
    Declared("period_to", parse_day),
    Declared("kind", _kind),
)


class _Charge(NamedTuple):
    """One good row; its amount is in øre, negative = opening credit."""

    said: Said

    @property
    def tenancy(self) -> TenancyRef:
        return self.said.tenancy

    @property
    def amount(self) -> int:
        ore: int = self.said.values["amount"]
        return ore

    @property
    def day(self) -> date:
        """On which it falls due."""
        due: date = self.said.values["due_date"]
        return due

    @property
    def key(self) -> str:
        return f"charge|{self.tenancy.key}|{self.said.values['reference']}"

    @property
    def given(self) -> bytes:
        """What must be equal under an equal key."""
        names = ["due_date", "charge_type", "amount", "text", "period_from", "period_to"]
        if self.said.values["kind"]:
            # A file without the column says what it said before there was one.
            names.append("kind")
        return input_hash(*(self.said.values[name] or "" for name in names))


def import_charges(
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
    kind = Kind("charges imported", COLUMNS, _refusals, _told)
    return import_openings(
        database,
        path,
        kind,
        _Charge,
        _book,
        encoding=encoding,
        now=now,
        actor=actor,
        company_of=company_of,
        errors_to=errors_to,
    )


def _refusals(company: CompanyConfig, values: Mapping[str, Any]) -> Iterator[str]:
    yield from other_currency(company, values)
    charge_type = values["charge_type"]
    if charge_type and company.charge_types and charge_type not in company.charge_types:
        yield f"charge_type: {charge_type!r} is not in use in company {company.number}"
    if (values["period_from"] or date.min) > (values["period_to"] or date.max):
        yield "period_to: lies before period_from"


def _told(before: Any) -> str:
    return f"{format_amount(before.amount)} due {before.value_date}"


def _book(books: Books, charges: Sequence[_Charge]) -> None:
    """Charges first, oldest due first, then credits: each credit then finds all that it may pay, in its order."""
    ordered = sorted(
        charges,
        key=lambda c: (c.tenancy.company_id, c.amount < 0, c.day, c.tenancy.id, c.said.values["reference"]),
    )
    for (company_id, _), group in groupby(ordered, key=lambda charge: (charge.tenancy.company_id, charge.amount < 0)):
        movements = [_movement(books, charge) for charge in group]
        for first in range(0, len(movements), _BATCH):
            books.post(company_id, movements[first : first + _BATCH])


def _movement(books: Books, charge: _Charge) -> Movement:
    """Counts from its due date; an opening of a closed period is posted on the first open day (R22).

    A charge of a type that is held for the tenant goes to that holding, which it fills as far as it is paid (R23).
    """
    company, values = charge.said.company, charge.said.values
    is_credit = charge.amount < 0
    charge_kind = values["kind"] or kinds.OTHER
    type_ = company.charge_type(values["charge_type"], charge_kind)
    line = NewLine(
        values["charge_type"],
        charge.amount,
        values["period_from"].isoformat() if values["period_from"] else None,
        values["period_to"].isoformat() if values["period_to"] else None,
        claim=type_.claim,
        holding=type_.holding,
        text=type_.text,
    )
    if type_.holding and not is_credit:
        contra = books.holding(charge.tenancy, type_.holding)
    else:
        contra = books.shared_account(charge.tenancy.company_id, kinds.OPENING_BALANCE, kinds.OPENING_BALANCE)
    return Movement(
        kind=kinds.OPENING if is_credit else kinds.CHARGE,
        tenancy=charge.tenancy,
        amount=charge.amount,
        value_date=charge.day.isoformat(),
        posting_date=posting_date(charge).isoformat(),
        contra=contra,
        contra_date=charge.day.isoformat(),
        key=charge.key,
        given=charge.given,
        text=values["text"] or type_.text,
        reference="" if is_credit else values["reference"],
        due_date=charge.day.isoformat(),
        lines=() if is_credit else (line,),
        charge_kind=charge_kind,
    )
