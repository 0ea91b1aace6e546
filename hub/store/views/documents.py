"""Documents that vendors have sent for tenants and properties."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.store.documents import What
from hub.store.portfolio import tenancy_of
from hub.store.tables import company, document, file, property_, tenancy
from hub.store.views.scope import property_of


class Filed(NamedTuple):
    """A document on a tenancy, or on the property itself where ``tenancy`` is None. ``id`` is the file's."""

    id: int
    name: str
    vendor: str | None
    charge_type: str
    period_from: date
    period_to: date
    property: str
    tenancy: str | None
    sha256: str
    received_at: datetime
    #: Relative to the site's folder; None = not filed away yet.
    filed_at: str | None
    what: What


def documents(conn: Connection, key: str) -> list[Filed]:
    """A tenancy's documents (``1-12-304-2``), or all of a property (``1-12``), its tenants' included; oldest first.

    Those that were taken off are not among them.

    Raises HubError when the portfolio has no such tenancy or property.
    """
    if key.count("-") == 1:
        whose = document.c.property_id == property_of(conn, key).id
    else:
        whose = document.c.tenancy_id == tenancy_of(conn, key).ref.id
    query = (
        select(
            file.c.id,
            file.c.name,
            file.c.vendor,
            document.c.charge_type,
            document.c.period_from,
            document.c.period_to,
            company.c.number + "-" + property_.c.number,
            tenancy.c.key,
            file.c.sha256,
            file.c.received_at,
            file.c.filed_at,
            document.c.what,
        )
        .join_from(document, file, file.c.id == document.c.file_id)
        .join(property_, property_.c.id == document.c.property_id)
        .join(company, company.c.id == property_.c.company_id)
        .join(tenancy, tenancy.c.id == document.c.tenancy_id, isouter=True)
        .where(whose, document.c.dropped_at.is_(None))
        .order_by(document.c.period_from, file.c.id)
    )
    return [Filed._make(row) for row in conn.execute(query)]
