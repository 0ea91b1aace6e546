"""Money that belongs to nobody we know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.store.tables import company, entry, suspense
from hub.store.views.sources import IN_PARTS, Source, split_source, with_source


class Unmatched(NamedTuple):
    """Money of a company that belongs to nobody we know; positive = received (R19)."""

    #: Id of its entry.
    payment: int
    company: str
    value_date: date
    amount: int
    currency: str
    vendor: str
    #: The number that the payer gave.
    customer: str
    reference: str
    reason: str
    source: Source


def unmatched(conn: Connection) -> Iterator[Unmatched]:
    """What lies in suspense, oldest first."""
    query = (
        with_source(
            select(
                suspense.c.entry_id,
                company.c.number,
                entry.c.value_date,
                suspense.c.remaining,
                company.c.currency,
                suspense.c.vendor,
                suspense.c.customer,
                suspense.c.reference,
                suspense.c.reason,
            )
            .join_from(suspense, entry, entry.c.id == suspense.c.entry_id)
            .join(company, company.c.id == suspense.c.company_id)
        )
        .where(suspense.c.remaining != 0)
        .order_by(entry.c.value_date, entry.c.id)
    )
    for row in conn.execute(query, execution_options=IN_PARTS):
        own, source = split_source(row)
        yield Unmatched._make((*own, source))
