"""Rows that each say one thing of a tenancy: their columns, their cells, and all that is wrong with them at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

from hub.errors import HubError
from hub.imports.table import BadRow, Row, Table, printable, read_table
from hub.money import parse_amount
from hub.settings import CompanyConfig
from hub.store.portfolio import TenancyRef, tenancies_by_key


class Declared(NamedTuple):
    """One column of the file."""

    name: str
    #: What the cell means; raises ValueError. Not asked of an empty cell.
    read: Callable[[str], Any] = printable
    required: bool = False
    #: What an empty cell means.
    empty: Any = None


class Said(NamedTuple):
    """A row that can be read: whose it is, that one's company, and by column what it says."""

    row: Row
    tenancy: TenancyRef
    company: CompanyConfig
    values: Mapping[str, Any]

    def refused(self, error: str) -> BadRow:
        return BadRow(self.row.line, error, self.row.cells)


class Keyed(Protocol):
    """What a row makes."""

    @property
    def said(self) -> Said: ...

    @property
    def key(self) -> Hashable: ...


_Item = TypeVar("_Item", bound=Keyed)


def read_declared(path: Path, encoding: str, columns: Sequence[Declared]) -> Table:
    """Raises TableError when the file as a whole cannot be read."""
    return read_table(
        path,
        encoding=encoding,
        known=[column.name for column in columns],
        required=[column.name for column in columns if column.required],
    )


def understood(
    connection: Connection,
    rows: Sequence[Row],
    columns: Sequence[Declared],
    company_of: Callable[[str], CompanyConfig],
    refusals: Callable[[CompanyConfig, Mapping[str, Any]], Iterator[str]],
    bad: list[BadRow],
) -> Iterator[Said]:
    """The good rows; the others go to ``bad``. ``columns`` have one named ``tenancy``.

    ``refusals`` tells what else a row is refused for, of one that may hold None where a cell cannot be read.
    """
    known = tenancies_by_key(connection, {row.values["tenancy"] for row in rows})
    for row in rows:
        values, errors = _read(row.values, columns)
        tenancy = known.get(row.values["tenancy"])
        if tenancy is not None:
            company = company_of(tenancy.key.split("-")[0])
            if company.closed:
                errors.append(f"tenancy: company {company.number} is closed (R6)")
            errors.extend(refusals(company, values))
            if not errors:
                yield Said(row, tenancy, company, values)
                continue
        elif row.values["tenancy"]:
            errors.append(f"tenancy: {row.values['tenancy']!r} is not in the portfolio")
        bad.append(BadRow(row.line, "; ".join(errors), row.cells))


def _read(cells: Mapping[str, str], columns: Sequence[Declared]) -> tuple[dict[str, Any], list[str]]:
    """What a row says, and all that is wrong with it."""
    values: dict[str, Any] = {}
    errors = []
    for column in columns:
        text = cells.get(column.name, "")
        values[column.name] = column.empty
        if text == "":
            if column.required:
                errors.append(f"{column.name}: is missing")
            continue
        try:
            values[column.name] = column.read(text)
        except ValueError as error:
            errors.append(f"{column.name}: {error}")
    return values, errors


def without_repeated(items: Sequence[_Item], column: str, bad: list[BadRow]) -> list[_Item]:
    """Which of two rows under one key is right, nobody can know: neither is believed (R20)."""
    by_key: dict[Hashable, list[_Item]] = defaultdict(list)
    for item in items:
        by_key[item.key].append(item)
    for same in by_key.values():
        if len(same) > 1:
            where = ", ".join(str(item.said.row.line) for item in same)
            for said in (item.said for item in same):
                bad.append(
                    said.refused(f"{column}: {said.values[column]!r} of tenancy {said.tenancy.key} is on lines {where}")
                )
    return [item for item in items if len(by_key[item.key]) == 1]


def other_currency(company: CompanyConfig, values: Mapping[str, Any]) -> Iterator[str]:
    """A row may say its currency, and then it has to be the company's."""
    if values["currency"] not in (None, company.currency):
        yield f"currency: {values['currency']!r}, but company {company.number} has {company.currency}"


def positive_amount(text: str) -> int:
    """Øre above zero."""
    try:
        ore = parse_amount(text)
    except HubError as error:
        raise ValueError(str(error)) from error
    if ore <= 0:
        raise ValueError(f"{text!r} is not above zero")
    return ore


def at_most(characters_max: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > characters_max:
            raise ValueError(f"{text!r} is longer than {characters_max} characters")
        return printable(text)

    return read
