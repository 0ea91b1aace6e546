"""Whose figures are asked for: one tenancy, a property, a company, or all."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Connection, FromClause, select, true

from hub.errors import HubError
from hub.store.portfolio import (
    NoSuchCompanyError,
    NoSuchPropertyError,
    PropertyRef,
    plain_number,
    property_by_numbers,
    tenancy_of,
)
from hub.store.tables import company, property_, tenancy


class Scope(NamedTuple):
    """All where every id is None."""

    company_id: int | None = None
    property_id: int | None = None
    tenancy_id: int | BindParameter[int] | None = None

    @property
    def tenancies(self) -> FromClause:
        """Tenancies with their property, in the order of which the indexes give them cheaply."""
        return property_.join(tenancy, tenancy.c.property_id == property_.c.id)

    @property
    def condition(self) -> ColumnElement[bool]:
        """On :attr:`tenancies`."""
        if self.tenancy_id is not None:
            return tenancy.c.id == self.tenancy_id
        if self.property_id is not None:
            return property_.c.id == self.property_id
        return true() if self.company_id is None else property_.c.company_id == self.company_id


class CompanyRef(NamedTuple):
    id: int
    number: str
    name: str
    currency: str


def company_of(conn: Connection, number: str) -> CompanyRef:
    """Raises NoSuchCompanyError; its number may be written with leading zeros."""
    query = select(company.c.id, company.c.number, company.c.name, company.c.currency)
    row = conn.execute(query.where(company.c.number == plain_number(number))).one_or_none()
    if row is None:
        raise NoSuchCompanyError(
            f"there is no company {number or repr(number)}", do="write its number as the portfolio has it"
        )
    return CompanyRef._make(row)


def property_of(conn: Connection, key: str) -> PropertyRef:
    """Raises NoSuchPropertyError; numbers may be written with leading zeros."""
    numbers = key.split("-")
    found = property_by_numbers(conn, *numbers) if len(numbers) == 2 else None
    if found is None:
        raise NoSuchPropertyError(
            f"there is no property {key or repr(key)}", do="write it as company-property, e.g. 1-12"
        )
    return found


def scope_of(
    conn: Connection, *, company: str | None = None, property: str | None = None, tenancy: str | None = None
) -> Scope:
    """What a person has named. Raises HubError where it is not in the portfolio, or where more than one is named."""
    if sum(one is not None for one in (company, property, tenancy)) > 1:
        raise HubError("a company, a property and a tenancy were named together", do="name one of them")
    if tenancy is not None:
        ref = tenancy_of(conn, tenancy).ref
        return Scope(ref.company_id, ref.property_id, ref.id)
    if property is not None:
        found = property_of(conn, property)
        return Scope(found.company_id, found.id)
    return Scope() if company is None else Scope(company_of(conn, company).id)
