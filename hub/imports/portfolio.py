"""``hub portfolio import``: companies, properties, units and tenancies from a CSV file, one row a tenancy.

Importing again changes nothing. Nothing changes by an absent row or column, or by an empty cell of a company's,
property's or unit's column (it says nothing). An empty cell of a tenancy's column empties that field. Of rows that
contradict each other none is believed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Column, Connection, Table

from hub.imports import cells
from hub.imports.main_units import wrong_main_units
from hub.imports.table import BadRow, ImportReport, Row, parse_day, printable, read_table, taken_in
from hub.store.collecting.mandate_imports import take_over
from hub.store.database import Database
from hub.store.journal import add_event
from hub.store.portfolio import customer_key
from hub.store.portfolio_history import Said
from hub.store.portfolio_writer import Stored, TenancyFacts, load_portfolio, load_units, write_portfolio
from hub.store.tables import company, property_, tenancy, unit


class Declared(NamedTuple):
    """One column of the file and the column of the database that it fills."""

    name: str
    fills: Column[Any]
    #: What the cell means; raises ValueError. Not asked of an empty cell, unless the database column cannot be NULL.
    read: Callable[[str], Any] = printable
    required: bool = False


COLUMNS = (
    Declared("company", company.c.number, cells.number, required=True),
    Declared("company_name", company.c.name),
    Declared("cvr", company.c.cvr),
    Declared("pbs_number", company.c.pbs_number, cells.creditor),
    Declared("fi_creditor", company.c.fi_creditor, cells.fi_creditor),
    Declared("debtor_group", property_.c.debtor_group, cells.group),
    Declared("property", property_.c.number, cells.number, required=True),
    Declared("property_name", property_.c.name),
    Declared("caseworker", property_.c.caseworker),
    Declared("unit", unit.c.number, cells.number, required=True),
    Declared("main_unit", unit.c.main_unit_id, cells.main_unit),
    Declared("tenant", tenancy.c.number, cells.number, required=True),
    Declared("name", tenancy.c.name, required=True),
    Declared("second_name", tenancy.c.second_name),
    Declared("co_tenant", tenancy.c.co_tenant),
    Declared("co_tenant_share", tenancy.c.co_tenant_share, cells.share),
    Declared("address", tenancy.c.address),
    Declared("postal_code", tenancy.c.postal_code),
    Declared("city", tenancy.c.city),
    Declared("email", tenancy.c.email),
    Declared("channel", tenancy.c.channel, cells.channel),
    Declared("new_address", tenancy.c.new_address),
    Declared("new_postal_code", tenancy.c.new_postal_code),
    Declared("new_city", tenancy.c.new_city),
    Declared("move_in", tenancy.c.move_in, parse_day),
    Declared("move_out", tenancy.c.move_out, parse_day),
    Declared("business", tenancy.c.business, cells.yes_or_no),
    Declared("vat_registered", tenancy.c.vat_registered, cells.yes_or_no),
    Declared("ean", tenancy.c.ean, cells.gln),
    Declared("bank_account", tenancy.c.bank_account, cells.bank_account),
    Declared("interval_months", tenancy.c.interval_months, cells.interval_months),
    Declared("bs_customer", tenancy.c.bs_customer, cells.customer),
    Declared("bs_mandate", tenancy.c.bs_mandate),
)


_TITLES = {column.fills: column.name for column in COLUMNS}
#: An empty cell of these says nothing: one row a tenancy repeats what need be said but once.
_REPEATED = (company, property_, unit)


class _Line(NamedTuple):
    row: Row
    facts: TenancyFacts


#: What is wrong, by line number.
_Errors: TypeAlias = dict[int, list[str]]
#: Lines that a message names of those that say the same; the rest are counted.
_LINES_NAMED_MAX = 5


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
    """Imports every good row in one transaction; gives the bad ones back, in ``errors_to`` too.

    A file ``errors_to`` of an earlier import is replaced, or removed where no row is bad. ``currency_of`` gives the
    currency of a company, by number, when it is new. Raises TableError when the file as a whole cannot be read.
    """
    table = read_table(
        path,
        encoding=encoding,
        known=[column.name for column in COLUMNS],
        required=[column.name for column in COLUMNS if column.required],
    )

    def do(connection: Connection, report: ImportReport) -> None:
        lines = _without_copies(_understood(table.rows, report.bad), report.warnings)
        stored = load_portfolio(connection, {line.facts.company_number for line in lines})
        # Every row is heard before one is refused: a contradiction is none the less one for another fault in its row.
        errors: _Errors = defaultdict(list)
        _repeated_tenancies(lines, errors)
        _contradictions(lines, errors)
        _customers_taken(lines, stored, errors)
        _without_address(lines, stored, errors)
        _refuse_main_units(connection, lines, stored, errors)
        good = _sieved(lines, errors, report.bad)
        said = Said(now, actor, path.name)
        added, changed = write_portfolio(connection, [line.facts for line in good], stored, currency_of, said)
        take_over(connection, [line.facts.key for line in good], said)
        report.added, report.changed = len(added), len(changed)
        report.unchanged = report.rows - len(report.bad) - report.added - report.changed
        if added or changed:
            detail = {"file": path.name, "added": report.added, "changed": report.changed, "bad": len(report.bad)}
            add_event(connection, at=now, actor=actor, what="portfolio imported", detail=detail)

    return taken_in(database, table, errors_to, do)


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
        about_unit=said[unit],
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
    bad.extend(BadRow(row.line, "; ".join(errors[row.line]), row.cells) for row, _ in lines if row.line in errors)
    return [line for line in lines if line.row.line not in errors]


def _by_tenancy(lines: Iterable[_Line]) -> dict[str, list[_Line]]:
    found: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        found[line.facts.key].append(line)
    return found


def _without_copies(lines: Sequence[_Line], warnings: list[str]) -> list[_Line]:
    """Of rows that say the same of the same tenancy, one is enough."""
    kept = []
    for key, of_it in _by_tenancy(lines).items():
        if all(line.facts == of_it[0].facts for line in of_it):
            if len(of_it) > 1:
                warnings.append(f"tenancy {key} is {_on(of_it)}, each time with the same content: once is enough")
            kept.append(of_it[0])
        else:
            kept.extend(of_it)
    return kept


def _repeated_tenancies(lines: Sequence[_Line], errors: _Errors) -> None:
    """Which of two rows on one tenancy is right, nobody can know: neither is believed."""
    for key, of_it in _by_tenancy(lines).items():
        if len(of_it) > 1:
            error = f"tenancy {key} is {_on(of_it)} with different {', '.join(_differences(of_it))}: keep one of them"
            for line in of_it:
                errors[line.row.line].append(error)


def _differences(lines: Sequence[_Line]) -> Iterator[str]:
    """The titles of the columns in which rows on one tenancy differ."""
    for title, column in ((declared.name, declared.fills) for declared in COLUMNS):
        said = [_about(line.facts, column.table).get(column.name, "") for line in lines]
        if any(one != said[0] for one in said):
            yield title


def _about(facts: TenancyFacts, table: Table) -> Mapping[str, Any]:
    return {
        company: facts.about_company,
        property_: facts.about_property,
        unit: facts.about_unit,
        tenancy: facts.about_tenancy,
    }[table]


def _customers_taken(lines: Sequence[_Line], stored: Stored, errors: _Errors) -> None:
    """Customer numbers that are or were another tenancy's of the company, or that two newcomers claim (R15)."""
    claims: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for line in lines:
        if key := line.facts.about_tenancy.get("customer_key"):
            claims[line.facts.company_number, key].append(line)
    for claim, claimants in claims.items():
        holder = stored.customers.get(claim)
        for row, facts in claimants:
            if holder is not None and holder != facts.key:
                is_so_still = stored.tenancies[holder].customer_key == claim[1]
                error = f"is tenancy {holder}'s" if is_so_still else f"was tenancy {holder}'s, and is never given again"
            elif holder is None and any(other.facts.key != facts.key for other in claimants):
                error = f"is {_on(claimants)}"
            else:
                continue
            errors[row.line].append(f"bs_customer: {claim[1]!r} {error}: one would receive the other's payments (R15)")


def _without_address(lines: Sequence[_Line], stored: Stored, errors: _Errors) -> None:
    """Who shall get letters by e-mail needs an address for them, said now or before."""
    for row, facts in lines:
        said = facts.about_tenancy
        if not {"channel", "email"} & said.keys():
            continue
        known = stored.tenancies.get(facts.key)
        channel, email = (said.get(name, getattr(known, name, None)) for name in ("channel", "email"))
        if channel == cells.EMAIL and not cells.is_email(email or ""):
            given = f"{email!r} is no e-mail address" if email else "is email, and the tenancy has no e-mail address"
            errors[row.line].append(f"channel: {given}: nothing could be sent")


def _refuse_main_units(connection: Connection, lines: Sequence[_Line], stored: Stored, errors: _Errors) -> None:
    """A refused row leaves its unit as it was, which may make another row's main unit a wrong one: till none is."""
    if not any(line.facts.about_unit for line in lines):
        return
    units = load_units(connection, stored.properties)
    mains = {key: row.main_number for key, row in units.items()}
    while wrong := wrong_main_units(mains, [(row.line, facts) for row, facts in lines if row.line not in errors]):
        for line, error in wrong:
            errors[line].append(f"main_unit: {error}")


def _contradictions(lines: Sequence[_Line], errors: _Errors) -> None:
    """What is said in two ways of one company, property or unit: all who say it are refused, for a payment's way may
    hang on it.

    The message names each value and its lines, the most frequent first, so that one slip of the pen is soon found.
    """
    said: dict[tuple[tuple[str, ...], Column[Any]], dict[Any, list[_Line]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        facts = line.facts
        for table, number, about in (
            (company, (facts.company_number,), facts.about_company),
            (property_, facts.property_key, facts.about_property),
            (unit, facts.unit_key, facts.about_unit),
        ):
            for name, value in about.items():
                said[number, table.c[name]][value].append(line)
    for (key, column), by_value in said.items():
        if len(by_value) == 1:
            continue
        frequent_first = sorted(by_value.items(), key=lambda item: -len(item[1]))
        values = ", ".join(f"{value!r} {_on(who)}" for value, who in frequent_first)
        whose = f"{column.table.name} {'-'.join(key)}"
        error = f"{_TITLES[column]}: must be the same for all of {whose}, and is {values}"
        for who in by_value.values():
            for line in who:
                errors[line.row.line].append(error)


def _on(lines: Sequence[_Line]) -> str:
    """``on line 7``, ``on lines 7, 9`` or ``on 998 lines (2, 3, 4, 5, 6 ...)``."""
    numbers = [str(line.row.line) for line in lines]
    if len(numbers) > _LINES_NAMED_MAX:
        return f"on {len(numbers)} lines ({', '.join(numbers[:_LINES_NAMED_MAX])} ...)"
    return f"on line{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
