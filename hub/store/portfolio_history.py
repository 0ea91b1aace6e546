"""What the portfolio said before: every changed value with the old one, who said so, and when. Only ever added to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, insert, or_, select

from hub.errors import HubError
from hub.money import format_amount
from hub.store.portfolio import plain_key
from hub.store.tables import company, portfolio_change, property_, tenancy, unit


class Said(NamedTuple):
    """Who said something of the portfolio, when, and in which file or by which command."""

    at: datetime
    actor: str
    source: str


class Change(NamedTuple):
    """One value that became another; values as a portfolio file has them, None = nothing."""

    #: company, property, unit or tenancy.
    what: str
    #: company-property-unit-tenant, or as much of it as names it.
    key: str
    field: str
    old: str | None
    new: str | None


class Noted(NamedTuple):
    """A change, and who said it."""

    change: Change
    said: Said


_PROPERTY_KEY = company.c.number + "-" + property_.c.number
#: What may change, from the outside in: what to select it from, and its key there.
KEYS: Mapping[str, tuple[FromClause, ColumnElement[str]]] = {
    "company": (company, company.c.number),
    "property": (company.join(property_), _PROPERTY_KEY),
    "unit": (company.join(property_).join(unit), _PROPERTY_KEY + "-" + unit.c.number),
    "tenancy": (tenancy, tenancy.c.key),
}


def note_changes(conn: Connection, changes: Iterable[Change], said: Said) -> None:
    rows = [{**change._asdict(), **said._asdict()} for change in changes]
    if rows:
        conn.execute(insert(portfolio_change), rows)


def last_said_of_tenancies(conn: Connection, company_number: str, field: str, source: str) -> Change | None:
    """The last change of this field that ``source`` has made of any tenancy of the company."""
    its = portfolio_change.c
    query = (
        select(*(its[name] for name in Change._fields))
        .where(its.what == "tenancy", its.field == field, its.source == source)
        .where(its.key >= f"{company_number}-", its.key < f"{company_number}.")
        .order_by(its.id.desc())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else Change._make(row)


def history_of(conn: Connection, key: str) -> list[Noted]:
    """Of what has this key, of what it lies in, and of what lies in it; oldest first.

    Raises HubError where the portfolio has no such key; numbers may be written with leading zeros.
    """
    key = plain_key(key)
    if not _is_there(conn, key):
        raise HubError(
            f"the portfolio has no {key}",
            do="write a tenancy's key, e.g. 1-12-304-2, or its beginning: company, property or unit",
        )
    parts = key.split("-")
    around = ["-".join(parts[:count]) for count in range(1, len(parts) + 1)]
    its = portfolio_change.c
    # All that begin so: a period comes right after the hyphen.
    within = (its.key >= f"{key}-") & (its.key < f"{key}.")
    query = select(*(its[name] for name in (*Change._fields, *Said._fields)))
    rows = conn.execute(query.where(or_(its.key.in_(around), within)).order_by(its.id))
    cut = len(Change._fields)
    return [Noted(Change._make(row[:cut]), Said._make(row[cut:])) for row in rows]


def _is_there(conn: Connection, key: str) -> bool:
    parts = key.split("-")
    if len(parts) > len(KEYS):
        return False
    source, its_key = list(KEYS.values())[len(parts) - 1]
    return conn.execute(select(its_key).select_from(source).where(its_key == key).limit(1)).first() is not None


def shown(field: str, value: Any) -> str | None:
    """A column's value as text."""
    if value is None:
        return None
    if field == "co_tenant_share":
        return format_amount(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)
