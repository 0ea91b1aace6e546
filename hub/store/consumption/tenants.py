"""Who lived in a property within some days, as a meter company is told of them."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from hub.store.portfolio import TenancyRef
from hub.store.tables import company, property_, tenancy, unit


class TenantFacts(NamedTuple):
    """One tenancy; texts are "" where nothing is said."""

    ref: TenancyRef
    company: str
    property: str
    unit: str
    tenant: str
    currency: str
    name: str
    second_name: str
    street: str
    postal_code: str
    city: str
    #: Where a tenant who has moved out lives now.
    new_address: str
    new_postal_code: str
    new_city: str
    #: First and last day; None = since ever, until further notice.
    move_in: date | None
    move_out: date | None
    vat_registered: bool
    #: Lives in a garage or storage room that is let along with a main unit.
    accessory: bool


_REF = (tenancy.c.id, tenancy.c.key, tenancy.c.company_id, tenancy.c.property_id, tenancy.c.account_id)
_TEXTS = ("name", "second_name", "address", "postal_code", "city", "new_address", "new_postal_code", "new_city")


def tenants_within(conn: Connection, property_id: int, period: tuple[date, date]) -> list[TenantFacts]:
    """Every tenancy of the property that began by the last day of ``period`` and did not end before its first.

    Each once, by unit, then in the order in which its tenants moved in.
    """
    first, last = period
    query = (
        select(
            *(*_REF, tenancy.c.business),
            *(company.c.number, property_.c.number, unit.c.number, tenancy.c.number, company.c.currency),
            *(tenancy.c[name] for name in _TEXTS),
            *(tenancy.c.move_in, tenancy.c.move_out, tenancy.c.vat_registered, unit.c.main_unit_id.is_not(None)),
        )
        .join_from(tenancy, unit, unit.c.id == tenancy.c.unit_id)
        .join(property_, property_.c.id == tenancy.c.property_id)
        .join(company, company.c.id == tenancy.c.company_id)
        .where(
            tenancy.c.property_id == property_id,
            or_(tenancy.c.move_in.is_(None), tenancy.c.move_in <= last),
            or_(tenancy.c.move_out.is_(None), tenancy.c.move_out >= first),
        )
    )
    facts = len(TenancyRef._fields)
    texts = facts + 5
    found = []
    for row in conn.execute(query):
        told = [text or "" for text in row[texts : texts + len(_TEXTS)]]
        found.append(TenantFacts(TenancyRef._make(row[:facts]), *row[facts:texts], *told, *row[texts + len(_TEXTS) :]))
    return sorted(found, key=_place)


def _place(one: TenantFacts) -> tuple[tuple[int, str], date, tuple[int, str]]:
    """Numbers in their own order: unit 2 before unit 10."""
    return _counted(one.unit), one.move_in or date.min, _counted(one.tenant)


def _counted(number: str) -> tuple[int, str]:
    return len(number), number
