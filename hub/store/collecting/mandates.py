"""Mandates: tenants' agreements with a vendor, how they began and ended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, or_, select

from hub.store.lookup import among
from hub.store.tables import mandate

#: The vendor takes the money by itself; an agreement on electronic slips is none.
AUTOMATIC = "automatic"


def mandates_on(conn: Connection, tenancy_ids: Collection[int], day: date) -> dict[int, str]:
    """By tenancy, the number of the mandate that covers what falls due on ``day``; those without are left out.

    It covers what falls due on its first day or later and not after its last (R16). Of several the newest counts.
    """
    query = (
        select(mandate.c.tenancy_id, mandate.c.number)
        .where(
            among(conn, mandate.c.tenancy_id, tenancy_ids),
            mandate.c.agreement == AUTOMATIC,
            or_(mandate.c.first_day.is_(None), mandate.c.first_day <= day),
            or_(mandate.c.last_day.is_(None), mandate.c.last_day >= day),
        )
        .order_by(mandate.c.first_day.nulls_first(), mandate.c.id)
    )
    return dict(conn.execute(query).all())
