"""``hub portfolio import``: companies, properties, units and tenancies from a CSV file, one row a tenancy.

Importing again changes nothing. Nothing changes by an absent row or column, or by an empty cell of a company's
or property's column (it says nothing). An empty cell of a tenancy's column empties that field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Column, Table

from hub.imports.table import BadRow, ImportReport, Row, parse_day, printable, read_table
from hub.store.database import Database
from hub.store.journal import add_event
from hub.store.portfolio import creditor_number, customer_key, debtor_group, plain_number
from hub.store.portfolio_writer import Stored, TenancyFacts, load_portfolio, write_portfolio
from hub.store.tables import company, property_, tenancy, unit

_NUMBER_CHARACTERS_MAX = 20
_CREDITOR_DIGITS_MAX = 8
_GROUP_DIGITS_MAX = 5
_YES = {"1", "ja", "yes", "true"}
_NO = {"", "0", "nej", "no", "false"}


def _number(text: str) -> str:
    if "-" in text:
        raise ValueError(f"{text!r} holds a hyphen, which separates the parts of a key such as 1-12-304-2")
    if len(text) > _NUMBER_CHARACTERS_MAX:
        raise ValueError(f"{text!r} is longer than {_NUMBER_CHARACTERS_MAX} characters")
    return plain_number(printable(text))


def _digits(text: str, digits_max: int) -> str:
    if not (text.isascii() and text.isdigit()) or len(text.lstrip("0")) > digits_max:
        raise ValueError(f"{text!r} is no number of at most {digits_max} digits")
    return text.lstrip("0")


def _creditor(text: str) -> str:
    digits = _digits(text, _CREDITOR_DIGITS_MAX)
    if not digits:
        raise ValueError(f"{text!r} is no creditor number")
    return creditor_number(digits)


def _group(text: str) -> str | None:
    return debtor_group(_digits(text, _GROUP_DIGITS_MAX))


def _customer(text: str) -> str:
    if not customer_key(text):
        raise ValueError(f"{text!r} is no customer number: it would match nobody")
    return printable(text)


def _yes_or_no(text: str) -> bool:
    answer = text.lower()
    if answer not in _YES | _NO:
        raise ValueError(f"{text!r} is neither yes (1, ja, true) nor no (0, nej, false, empty)")
    return answer in _YES


class Declared(NamedTuple):
    """One column of the file and the column of the database that it fills."""

    name: str
    fills: Column[Any]
    #: What the cell means; raises ValueError. Not asked of an empty cell, unless the database column cannot be NULL.
    read: Callable[[str], Any] = printable
    required: bool = False


COLUMNS = (
    Declared("company", company.c.number, _number, required=True),
    Declared("company_name", company.c.name),
    Declared("cvr", company.c.cvr),
    Declared("pbs_number", company.c.pbs_number, _creditor),
    Declared("debtor_group", property_.c.debtor_group, _group),
    Declared("property", property_.c.number, _number, required=True),
    Declared("property_name", property_.c.name),
    Declared("unit", unit.c.number, _number, required=True),
    Declared("tenant", tenancy.c.number, _number, required=True),
    Declared("name", tenancy.c.name, required=True),
    Declared("address", tenancy.c.address),
    Declared("postal_code", tenancy.c.postal_code),
    Declared("city", tenancy.c.city),
    Declared("email", tenancy.c.email),
    Declared("move_in", tenancy.c.move_in, parse_day),
    Declared("move_out", tenancy.c.move_out, parse_day),
    Declared("business", tenancy.c.business, _yes_or_no),
    Declared("bs_customer", tenancy.c.bs_customer, _customer),
    Declared("bs_mandate", tenancy.c.bs_mandate),
)


_TITLES = {column.fills: column.name for column in COLUMNS}
#: An empty cell of these says nothing: one row a tenancy repeats what need be said but once.
_REPEATED = (company, property_)


class _Line(NamedTuple):
    row: Row
    facts: TenancyFacts


#: What is wrong, by line number.
_Errors: TypeAlias = dict[int, str]


def import_portfolio(
    database: Database,
    path: Path,
    *,
    encoding: str = "utf-8",
    now: datetime,
    actor: str,
    currency_of: Callable[[str], str],
    errors_to: Path | None = None,
) -> ImportReport:
    """Imports every good row in one transaction; gives the bad ones back, in ``errors_to`` too when there are any.

    ``currency_of`` gives the currency of a company, by number, when it is new. Raises TableError when the file as a
    whole cannot be read.
    """
    table = read_table(
        path,
        encoding=encoding,
        known=[column.name for column in COLUMNS],
        required=[column.name for column in COLUMNS if column.required],
    )
    report = ImportReport(rows=len(table.rows) + len(table.bad), bad=list(table.bad), warnings=table.warnings)
    lines = _understood(table.rows, report.bad)
    lines = _sieved(lines, _repeated_keys(lines), report.bad)
    with database.write() as connection:
        stored = load_portfolio(connection, {line.facts.company_number for line in lines})
        for judge in (_customers_taken, _disagreements):
            lines = _sieved(lines, judge(lines, stored), report.bad)
        added, changed = write_portfolio(connection, [line.facts for line in lines], stored, currency_of)
        report.added, report.changed = len(added), len(changed)
        report.unchanged = len(lines) - report.added - report.changed
        if added or changed:
            detail = {"file": path.name, "added": report.added, "changed": report.changed, "bad": len(report.bad)}
            add_event(connection, at=now, actor=actor, what="portfolio imported", detail=detail)
    report.bad.sort()
    if errors_to is not None and report.bad:
        table.write_bad(report.bad, errors_to)
    return report


def _understood(rows: Iterable[Row], bad: list[BadRow]) -> list[_Line]:
    lines = []
    for row in rows:
        facts, errors = _read(row.values)
        if facts is None:
            bad.append(BadRow(row.line, "; ".join(errors), row.cells))
        else:
            lines.append(_Line(row, facts))
    return lines


def _read(values: Mapping[str, str]) -> tuple[TenancyFacts | None, list[str]]:
    """What a row says, or all that is wrong with it."""
    said: dict[Table, dict[str, Any]] = {company: {}, property_: {}, unit: {}, tenancy: {}}
    errors = []
    for column in COLUMNS:
        text = values.get(column.name)
        if text is None or (text == "" and column.fills.table in _REPEATED and not column.required):
            continue
        try:
            said[column.fills.table][column.fills.name] = _meaning(column, text)
        except ValueError as error:
            errors.append(f"{column.name}: {error}")
    about = said[tenancy]
    if (about.get("move_in") or date.min) > (about.get("move_out") or date.max):
        errors.append("move_out: lies before move_in")
    if errors:
        return None, errors
    if "bs_customer" in about:
        about["customer_key"] = customer_key(about["bs_customer"] or "") or None
    facts = TenancyFacts(
        company_number=said[company].pop("number"),
        property_number=said[property_].pop("number"),
        unit_number=said[unit].pop("number"),
        tenant_number=about.pop("number"),
        about_company=said[company],
        about_property=said[property_],
        about_tenancy=about,
    )
    return facts, []


def _meaning(column: Declared, text: str) -> Any:
    if text == "" and column.required:
        raise ValueError("is missing")
    if text == "" and column.fills.nullable:
        return None
    value = column.read(text)
    characters_max = getattr(column.fills.type, "length", None)
    if characters_max is not None and len(value or "") > characters_max:
        raise ValueError(f"{text!r} is longer than {characters_max} characters")
    return value


def _sieved(lines: Sequence[_Line], errors: _Errors, bad: list[BadRow]) -> list[_Line]:
    bad.extend(BadRow(row.line, errors[row.line], row.cells) for row, _ in lines if row.line in errors)
    return [line for line in lines if line.row.line not in errors]


def _repeated_keys(lines: Sequence[_Line]) -> _Errors:
    first: dict[str, int] = {}
    errors = {}
    for row, facts in lines:
        earlier = first.setdefault(facts.key, row.line)
        if earlier != row.line:
            errors[row.line] = f"tenancy {facts.key} is on line {earlier} already"
    return errors


def _customers_taken(lines: Sequence[_Line], stored: Stored) -> _Errors:
    """Customer numbers that two tenancies of a company claim (R15): the holder keeps its own, newcomers get none."""
    numbers = {row.id: number for number, row in stored.companies.items()}
    holders = {
        (numbers[row.company_id], row.customer_key): row.key
        for row in stored.tenancies.values()
        if row.customer_key is not None
    }
    claims: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for line in lines:
        if key := line.facts.about_tenancy.get("customer_key"):
            claims[line.facts.company_number, key].append(line)
    errors = {}
    for claim, claimants in claims.items():
        holder = holders.get(claim)
        for row, facts in claimants:
            if holder is not None and holder != facts.key:
                error = f"is tenancy {holder}'s"
            elif holder is None and len(claimants) > 1:
                error = f"is on lines {', '.join(str(other.row.line) for other in claimants)}"
            else:
                continue
            errors[row.line] = f"bs_customer: {claim[1]!r} {error}: one would receive the other's payments"
    return errors


def _disagreements(lines: Sequence[_Line], stored: Stored) -> _Errors:
    """Rows that say something else of their company or property than an earlier row does."""
    said: dict[tuple[str, Column[Any]], tuple[int, Any]] = {}
    errors: dict[int, str] = {}
    for row, facts in lines:
        for table, whose, about in (
            (company, f"company {facts.company_number}", facts.about_company),
            (property_, f"property {facts.company_number}-{facts.property_number}", facts.about_property),
        ):
            for name, value in about.items():
                earlier, before = said.setdefault((whose, table.c[name]), (row.line, value))
                if before != value:
                    errors[row.line] = (
                        f"{_TITLES[table.c[name]]}: {value!r} here and {before!r} on line {earlier}, both of {whose}"
                    )
    return errors
