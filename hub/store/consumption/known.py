"""What the portfolio knows of its tenancies: by it a file's fields are recognised (``hub layout guess``)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select, tuple_

from hub.store.portfolio import plain_key
from hub.store.tables import company, property_, tenancy, unit

#: More are not looked at: the newest are.
TENANCIES_MAX = 200_000


class KnownTenancy(NamedTuple):
    #: Numbers as the portfolio keeps them: without leading zeros.
    company: str
    property: str
    unit: str
    tenant: str
    name: str
    second_name: str
    move_in: date | None
    move_out: date | None


def known_tenancies(
    connection: Connection, companies: Collection[str] = (), properties: Collection[str] = ()
) -> list[KnownTenancy]:
    """Tenancies of these companies (``1``) and properties (``1-12``); none named = all."""
    query = (
        select(
            company.c.number,
            property_.c.number,
            unit.c.number,
            tenancy.c.number,
            tenancy.c.name,
            tenancy.c.second_name,
            tenancy.c.move_in,
            tenancy.c.move_out,
        )
        .join_from(tenancy, company, tenancy.c.company_id == company.c.id)
        .join(property_, tenancy.c.property_id == property_.c.id)
        .join(unit, tenancy.c.unit_id == unit.c.id)
        .order_by(tenancy.c.id.desc())
        .limit(TENANCIES_MAX)
    )
    if companies:
        query = query.where(company.c.number.in_(list(map(plain_key, companies))))
    if properties:
        pairs = [tuple(plain_key(each).split("-")) for each in properties]
        query = query.where(tuple_(company.c.number, property_.c.number).in_(pairs))
    return [
        KnownTenancy(*row[:4], row.name, row.second_name or "", row.move_in, row.move_out)
        for row in connection.execute(query)
    ]
