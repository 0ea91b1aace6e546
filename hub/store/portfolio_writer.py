"""Companies, properties, units and tenancies written as a file says: made or changed, never removed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, bindparam, insert, select, update

from hub.ledger import kinds
from hub.ledger.chain import genesis
from hub.store.accounts import next_number
from hub.store.lookup import among
from hub.store.portfolio_history import Change, Said, note_changes, shown
from hub.store.tables import account, company, customer_number, property_, tenancy, unit

_K = TypeVar("_K", str, tuple[str, str], tuple[str, str, str])
#: Columns that follow from another one.
_DERIVED = frozenset({"customer_key"})


@dataclass(frozen=True)
class TenancyFacts:
    """What is said of one tenancy, its unit, property and company, by column of the table; the unsaid is left out."""

    company_number: str
    property_number: str
    unit_number: str
    tenant_number: str
    about_company: Mapping[str, Any]
    about_property: Mapping[str, Any]
    #: ``main_unit_id`` is the number of the main unit, in the same property; None = it has none.
    about_unit: Mapping[str, Any]
    about_tenancy: Mapping[str, Any]

    @property
    def key(self) -> str:
        return f"{self.company_number}-{self.property_number}-{self.unit_number}-{self.tenant_number}"

    @property
    def property_key(self) -> tuple[str, str]:
        return self.company_number, self.property_number

    @property
    def unit_key(self) -> tuple[str, str, str]:
        return self.company_number, self.property_number, self.unit_number


@dataclass(frozen=True)
class Stored:
    """What the database holds of some companies, by number or key."""

    companies: Mapping[str, Row[Any]]
    properties: Mapping[tuple[str, str], Row[Any]]
    tenancies: Mapping[str, Row[Any]]
    #: Who was given a customer number first, by company number and number, whether it is theirs still or not (R15).
    customers: Mapping[tuple[str, str], str]


def load_portfolio(connection: Connection, company_numbers: Iterable[str]) -> Stored:
    """Everything of these companies except their units."""
    companies = _companies(connection, company_numbers)
    of_these = among(connection, tenancy.c.company_id, [row.id for row in companies.values()])
    tenancies = {row.key: row for row in connection.execute(select(tenancy).where(of_these))}
    return Stored(
        companies, _properties(connection, companies), tenancies, _customers(connection, companies, tenancies)
    )


def load_units(
    connection: Connection, properties: Mapping[tuple[str, str], Row[Any]]
) -> dict[tuple[str, str, str], Row[Any]]:
    """Id, number, and id and number of the main unit, of every unit in these properties."""
    keys = {row.id: key for key, row in properties.items()}
    main = unit.alias("main")
    units: Select[Any] = (
        select(unit.c.id, unit.c.property_id, unit.c.number, unit.c.main_unit_id, main.c.number.label("main_number"))
        .join_from(unit, main, main.c.id == unit.c.main_unit_id, isouter=True)
        .where(among(connection, unit.c.property_id, list(keys)))
    )
    return {(*keys[row.property_id], row.number): row for row in connection.execute(units)}


def write_portfolio(
    connection: Connection,
    facts: Sequence[TenancyFacts],
    stored: Stored,
    currency_of: Callable[[str], str],
    said: Said,
) -> tuple[set[str], set[str]]:
    """Writes what differs from ``stored``; gives the keys of new tenancies, and of those where something changed.

    What a value was before is kept, and who ``said`` otherwise (:mod:`hub.store.portfolio_history`).
    New rows come first and changes to companies last, in which order the ledger takes its locks too.
    """
    said_of_companies: dict[str, dict[str, Any]] = defaultdict(dict)
    said_of_properties: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for fact in facts:
        said_of_companies[fact.company_number].update(fact.about_company)
        said_of_properties[fact.property_key].update(fact.about_property)
    _add_companies(connection, said_of_companies, stored, currency_of)
    companies = _companies(connection, said_of_companies)
    _add_properties(connection, said_of_properties, stored, companies)
    properties = _properties(connection, companies)

    new = [fact for fact in facts if fact.key not in stored.tenancies]
    _add_tenancies(connection, new, companies, properties)
    _add_customers(connection, facts, stored, said.at)
    changed_units = _link_units(connection, facts, properties, said)
    said_of_tenancies = {fact.key: fact.about_tenancy for fact in facts}
    changed_tenancies = _change(connection, tenancy, said_of_tenancies, stored.tenancies, said)
    changed_properties = _change(connection, property_, said_of_properties, stored.properties, said)
    changed_companies = _change(connection, company, said_of_companies, stored.companies, said)
    added = {fact.key for fact in new}
    changed = {
        fact.key
        for fact in facts
        if fact.key in changed_tenancies
        or fact.unit_key in changed_units
        or fact.property_key in changed_properties
        or fact.company_number in changed_companies
    }
    return added, changed - added


def _companies(connection: Connection, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    rows = connection.execute(select(company).where(among(connection, company.c.number, list(numbers))))
    return {row.number: row for row in rows}


def _properties(connection: Connection, companies: Mapping[str, Row[Any]]) -> dict[tuple[str, str], Row[Any]]:
    owners = {row.id: number for number, row in companies.items()}
    rows = connection.execute(select(property_).where(among(connection, property_.c.company_id, list(owners))))
    return {(owners[row.company_id], row.number): row for row in rows}


def _customers(
    connection: Connection, companies: Mapping[str, Row[Any]], tenancies: Mapping[str, Row[Any]]
) -> dict[tuple[str, str], str]:
    numbers = {row.id: number for number, row in companies.items()}
    keys = {row.id: key for key, row in tenancies.items()}
    rows = connection.execute(
        select(customer_number).where(among(connection, customer_number.c.company_id, list(numbers)))
    )
    return {(numbers[row.company_id], row.customer_key): keys[row.tenancy_id] for row in rows}


def _add_companies(
    connection: Connection,
    said: Mapping[str, Mapping[str, Any]],
    stored: Stored,
    currency_of: Callable[[str], str],
) -> None:
    made = [
        {
            # Who has no name yet is called by number, until a row says more.
            "name": f"Selskab {number}",
            **values,
            "number": number,
            "currency": currency_of(number),
            "chain_hash": genesis(number),
        }
        for number, values in said.items()
        if number not in stored.companies
    ]
    _insert(connection, company, made)


def _add_properties(
    connection: Connection,
    said: Mapping[tuple[str, str], Mapping[str, Any]],
    stored: Stored,
    companies: Mapping[str, Row[Any]],
) -> None:
    made = [
        {"name": f"Ejendom {number}", "company_id": companies[company_number].id, "number": number, **values}
        for (company_number, number), values in said.items()
        if (company_number, number) not in stored.properties
    ]
    _insert(connection, property_, made)


def _add_tenancies(
    connection: Connection,
    new: Sequence[TenancyFacts],
    companies: Mapping[str, Row[Any]],
    properties: Mapping[tuple[str, str], Row[Any]],
) -> None:
    """With their units, where those are new too, and a receivable account each."""
    unit_ids = _unit_ids(connection, new, properties)
    numbers = {
        number: count(next_number(connection, companies[number].id, wanted))
        for number, wanted in Counter(fact.company_number for fact in new).items()
    }
    _insert(
        connection,
        account,
        [
            {
                "number": next(numbers[fact.company_number]),
                "company_id": companies[fact.company_number].id,
                "kind": kinds.RECEIVABLE,
                "code": kinds.receivable_code(fact.key),
                "currency": companies[fact.company_number].currency,
            }
            for fact in new
        ],
    )
    codes = [kinds.receivable_code(fact.key) for fact in new]
    in_these = among(connection, account.c.company_id, [row.id for row in companies.values()])
    accounts = select(account.c.code, account.c.id).where(in_these, among(connection, account.c.code, codes))
    account_ids = {row.code: row.id for row in connection.execute(accounts)}
    _insert(
        connection,
        tenancy,
        [
            {
                "business": False,
                **fact.about_tenancy,
                "key": fact.key,
                "company_id": companies[fact.company_number].id,
                "property_id": properties[fact.property_key].id,
                "unit_id": unit_ids[fact.unit_key],
                "number": fact.tenant_number,
                "account_id": account_ids[kinds.receivable_code(fact.key)],
            }
            for fact in new
        ],
    )


def _add_customers(connection: Connection, facts: Sequence[TenancyFacts], stored: Stored, now: datetime) -> None:
    """Notes whose a customer number is from now on, for good (R15)."""
    given = {
        fact.key: fact.about_tenancy["customer_key"]
        for fact in facts
        if fact.about_tenancy.get("customer_key")
        and (fact.company_number, fact.about_tenancy["customer_key"]) not in stored.customers
    }
    rows = connection.execute(
        select(tenancy.c.key, tenancy.c.id, tenancy.c.company_id).where(among(connection, tenancy.c.key, list(given)))
    )
    _insert(
        connection,
        customer_number,
        [
            {
                "company_id": row.company_id,
                "customer_key": given[row.key],
                "tenancy_id": row.id,
                "first_seen_at": now,
            }
            for row in rows
        ],
    )


def _unit_ids(
    connection: Connection, new: Sequence[TenancyFacts], properties: Mapping[tuple[str, str], Row[Any]]
) -> dict[tuple[str, str, str], int]:
    wanted = {fact.unit_key: (properties[fact.property_key].id, fact.unit_number) for fact in new}
    ids = {property_id for property_id, _ in wanted.values()}
    units: Select[Any] = select(unit.c.property_id, unit.c.number, unit.c.id).where(
        among(connection, unit.c.property_id, ids)
    )
    there = {(row.property_id, row.number) for row in connection.execute(units)}
    missing = dict.fromkeys(place for place in wanted.values() if place not in there)
    _insert(connection, unit, [{"property_id": property_id, "number": number} for property_id, number in missing])
    found = {(row.property_id, row.number): row.id for row in connection.execute(units)}
    return {key: found[place] for key, place in wanted.items()}


def _link_units(
    connection: Connection, facts: Sequence[TenancyFacts], properties: Mapping[tuple[str, str], Row[Any]], said: Said
) -> set[tuple[str, str, str]]:
    """To their main units; gives the keys of those where that is another than it was."""
    mains = {fact.unit_key: fact.about_unit["main_unit_id"] for fact in facts if fact.about_unit}
    if not mains:
        return set()
    units = load_units(connection, {key[:2]: properties[key[:2]] for key in mains})
    ids = {key: {"main_unit_id": number and units[(*key[:2], number)].id} for key, number in mains.items()}
    numbers = {row.id: row.number for row in units.values()}
    return _change(connection, unit, ids, units, said, lambda _, id_: numbers.get(id_))


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """One executemany; what a row does not say is NULL."""
    names = dict.fromkeys(name for row in rows for name in row)
    if rows:
        connection.execute(insert(table), [{name: row.get(name) for name in names} for row in rows])


def _change(
    connection: Connection,
    table: Table,
    facts: Mapping[_K, Mapping[str, Any]],
    stored: Mapping[_K, Row[Any]],
    said: Said,
    as_text: Callable[[str, Any], str | None] = shown,
) -> set[_K]:
    """Writes the rows of which something else is said than is stored, and what it was; gives their keys."""
    changed: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    keys = set()
    changes = []
    for key, values in facts.items():
        row = stored.get(key)
        if row is None:
            continue
        before = row._mapping
        others = [name for name, value in values.items() if before[name] != value]
        if others:
            keys.add(key)
            its_key = key if isinstance(key, str) else "-".join(key)
            changes += [
                Change(
                    table.name, its_key, name.removesuffix("_id"), *(as_text(name, of[name]) for of in (before, values))
                )
                for name in others
                if name not in _DERIVED
            ]
            parameters = {f"new_{name}": value for name, value in values.items()}
            changed[tuple(values)].append({"row_id": row.id, **parameters})
    for names, rows in changed.items():
        statement = update(table).where(table.c.id == bindparam("row_id"))
        values = {name: bindparam(f"new_{name}") for name in names}
        connection.execute(statement.values(values), sorted(rows, key=lambda row: row["row_id"]))
    note_changes(connection, changes, said)
    return keys
