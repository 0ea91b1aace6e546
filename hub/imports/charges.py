"""``hub charges import``: open charges and opening credits from another system, each with what remains of it (R20).

The key is tenancy and reference: importing again changes nothing, the same key with other content is an error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from hub.errors import HubError
from hub.imports.table import BadRow, ImportReport, Row, parse_day, printable, read_table
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount, parse_amount
from hub.settings import CompanyConfig
from hub.store.books import Books
from hub.store.database import Database
from hub.store.entries import Movement, NewLine
from hub.store.journal import add_event
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef, lock_properties, tenancies_by_key
from hub.store.tables import entry, posting

_CHARGE_TYPE_CHARACTERS_MAX = 20
_REFERENCE_CHARACTERS_MAX = 100
#: Movements given to the books at once.
_BATCH = 2_000
_DAY = timedelta(days=1)


def _amount(text: str) -> int:
    try:
        ore = parse_amount(text)
    except HubError as error:
        raise ValueError(str(error)) from error
    if ore == 0:
        raise ValueError("is zero: there is nothing to book")
    return ore


def _at_most(characters_max: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > characters_max:
            raise ValueError(f"{text!r} is longer than {characters_max} characters")
        return printable(text)

    return read


class Declared(NamedTuple):
    """One column of the file."""

    name: str
    #: What the cell means; raises ValueError. Not asked of an empty cell.
    read: Callable[[str], Any] = printable
    required: bool = False


COLUMNS = (
    Declared("tenancy", required=True),
    Declared("due_date", parse_day, required=True),
    Declared("charge_type", _at_most(_CHARGE_TYPE_CHARACTERS_MAX), required=True),
    Declared("amount", _amount, required=True),
    Declared("text"),
    Declared("reference", _at_most(_REFERENCE_CHARACTERS_MAX), required=True),
    Declared("period_from", parse_day),
    Declared("period_to", parse_day),
)


class _Charge(NamedTuple):
    """One good row; ``amount`` in øre, negative = opening credit."""

    row: Row
    tenancy: TenancyRef
    due_date: date
    charge_type: str
    amount: int
    text: str
    reference: str
    period_from: date | None
    period_to: date | None

    @property
    def key(self) -> str:
        return f"charge|{self.tenancy.key}|{self.reference}"

    @property
    def given(self) -> bytes:
        """What must be equal under an equal key."""
        return input_hash(
            self.due_date, self.charge_type, self.amount, self.text, self.period_from or "", self.period_to or ""
        )


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
    table = read_table(
        path,
        encoding=encoding,
        known=[column.name for column in COLUMNS],
        required=[column.name for column in COLUMNS if column.required],
    )
    report = ImportReport(rows=len(table.rows) + len(table.bad), bad=list(table.bad), warnings=table.warnings)
    with database.write() as connection:
        charges = _understood(connection, table.rows, company_of, report.bad)
        charges = _without_repeated(charges, report.bad)
        lock_properties(connection, {charge.tenancy.property_id for charge in charges})
        new = _not_booked_before(connection, charges, report)
        if new:
            books = Books(
                connection, recorded_at=now, actor=actor, terms_of=lambda number: company_of(number).allocation.terms
            )
            _book(books, new, company_of)
            books.close()
            detail = {"file": path.name, "added": len(new), "bad": len(report.bad)}
            add_event(connection, at=now, actor=actor, what="charges imported", detail=detail)
    report.added = len(new)
    report.bad.sort()
    if errors_to is not None:
        table.write_bad(report.bad, errors_to)
    return report


def _understood(
    connection: Connection, rows: Sequence[Row], company_of: Callable[[str], CompanyConfig], bad: list[BadRow]
) -> list[_Charge]:
    known = tenancies_by_key(connection, {row.values["tenancy"] for row in rows})
    charges = []
    for row in rows:
        said, errors = _read(row.values)
        tenancy = known.get(row.values["tenancy"])
        if tenancy is None and row.values["tenancy"]:
            errors.append(f"tenancy: {row.values['tenancy']!r} is not in the portfolio")
        elif tenancy is not None:
            errors.extend(_refusals(company_of(tenancy.key.split("-")[0]), said))
        if errors or tenancy is None:
            bad.append(BadRow(row.line, "; ".join(errors), row.cells))
        else:
            charges.append(_Charge(row, **{**said, "tenancy": tenancy}))
    return charges


def _read(values: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """What a row says, and all that is wrong with it."""
    said: dict[str, Any] = {}
    errors = []
    for column in COLUMNS:
        text = values.get(column.name, "")
        said[column.name] = "" if column.name == "text" else None
        if text == "":
            if column.required:
                errors.append(f"{column.name}: is missing")
            continue
        try:
            said[column.name] = column.read(text)
        except ValueError as error:
            errors.append(f"{column.name}: {error}")
    if (said["period_from"] or date.min) > (said["period_to"] or date.max):
        errors.append("period_to: lies before period_from")
    return said, errors


def _refusals(company: CompanyConfig, said: Mapping[str, Any]) -> Iterable[str]:
    if company.closed:
        yield f"tenancy: company {company.number} is closed (R6)"
    charge_type = said["charge_type"]
    if charge_type and company.charge_types and charge_type not in company.charge_types:
        yield f"charge_type: {charge_type!r} is not in use in company {company.number}"


def _without_repeated(charges: Sequence[_Charge], bad: list[BadRow]) -> list[_Charge]:
    """Which of two rows under one key is right, nobody can know: neither is booked (R20)."""
    lines: dict[str, list[int]] = defaultdict(list)
    for charge in charges:
        lines[charge.key].append(charge.row.line)
    for charge in charges:
        if len(lines[charge.key]) > 1:
            where = ", ".join(map(str, lines[charge.key]))
            error = f"reference: {charge.reference!r} of tenancy {charge.tenancy.key} is on lines {where}"
            bad.append(BadRow(charge.row.line, error, charge.row.cells))
    return [charge for charge in charges if len(lines[charge.key]) == 1]


def _not_booked_before(connection: Connection, charges: Sequence[_Charge], report: ImportReport) -> list[_Charge]:
    """The new ones; what was booked before is counted as unchanged, or is bad where its content was another."""
    earlier = {
        row.key: row
        for row in connection.execute(
            select(entry.c.key, entry.c.input_hash, entry.c.value_date, posting.c.amount)
            .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
            .where(among(connection, entry.c.key, [charge.key for charge in charges]))
        )
    }
    new = []
    for charge in charges:
        before = earlier.get(charge.key)
        if before is None:
            new.append(charge)
        elif bytes(before.input_hash) == charge.given:
            report.unchanged += 1
        else:
            error = (
                f"reference: {charge.reference!r} of tenancy {charge.tenancy.key} was imported before with other "
                f"content ({format_amount(before.amount)} due {before.value_date}); nothing was changed"
            )
            report.bad.append(BadRow(charge.row.line, error, charge.row.cells))
    return new


def _book(books: Books, charges: Sequence[_Charge], company_of: Callable[[str], CompanyConfig]) -> None:
    """Charges first, oldest due first, then credits: each credit then finds all that it may pay, in its order."""
    ordered = sorted(charges, key=lambda c: (c.tenancy.company_id, c.amount < 0, c.due_date, c.tenancy.id, c.reference))
    for (company_id, _), group in groupby(ordered, key=lambda charge: (charge.tenancy.company_id, charge.amount < 0)):
        movements = [_movement(books, charge, company_of(charge.tenancy.key.split("-")[0])) for charge in group]
        for first in range(0, len(movements), _BATCH):
            books.post(company_id, movements[first : first + _BATCH])


def _movement(books: Books, charge: _Charge, company: CompanyConfig) -> Movement:
    """Counts from its due date; an opening of a closed period is posted on the first open day (R22).

    A charge of a type that is held for the tenant goes to that holding, which it fills as far as it is paid (R23).
    """
    closed = company.books_closed_through
    posting_date = max(charge.due_date, closed + _DAY) if closed else charge.due_date
    is_credit = charge.amount < 0
    type_ = company.charge_type(charge.charge_type)
    line = NewLine(
        charge.charge_type,
        charge.amount,
        charge.period_from.isoformat() if charge.period_from else None,
        charge.period_to.isoformat() if charge.period_to else None,
        claim=type_.claim,
        holding=type_.holding,
    )
    if type_.holding and not is_credit:
        contra = books.holding(charge.tenancy, type_.holding)
    else:
        contra = books.shared_account(charge.tenancy.company_id, kinds.OPENING_BALANCE, kinds.OPENING_BALANCE)
    return Movement(
        kind=kinds.OPENING if is_credit else kinds.CHARGE,
        tenancy=charge.tenancy,
        amount=charge.amount,
        value_date=charge.due_date.isoformat(),
        posting_date=posting_date.isoformat(),
        contra=contra,
        contra_date=charge.due_date.isoformat(),
        key=charge.key,
        given=charge.given,
        text=charge.text or company.charge_type(charge.charge_type).text,
        reference="" if is_credit else charge.reference,
        due_date=charge.due_date.isoformat(),
        lines=() if is_credit else (line,),
    )
