"""Collections: what was demanded, of whom, for which day, by which way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.store import bulk
from hub.store.lookup import among
from hub.store.tables import collection, collection_line, property_, tenancy

REFERENCE_DIGITS = 9


class NewCollection(NamedTuple):
    """A row of the table, in the order of its columns; ``due_date`` ISO, ``withdrawn_at`` None."""

    id: int
    company_id: int
    tenancy_id: int
    delivery_id: int | None
    channel: str
    creditor: str
    debtor_group: str
    customer: str
    mandate: str
    due_date: str
    #: Øre, positive = the tenant pays.
    amount: int
    reference: str
    withdrawn_at: None = None


def add_collections(
    conn: Connection, collections: Sequence[NewCollection], lines: Sequence[tuple[int, int, int]]
) -> None:
    """``lines`` are (collection, charge line, øre demanded)."""
    bulk.insert_rows(conn, collection, collections)
    bulk.insert_rows(conn, collection_line, lines)


def asked_in_month(conn: Connection, company_id: int, day: date, property: str | None = None) -> dict[str, int]:
    """Øre by tenancy, what live collections ask for in the month of ``day``; of one property, by number."""
    first = day.replace(day=1)
    query = (
        select(tenancy.c.key, func.sum(collection.c.amount))
        .join_from(collection, tenancy, tenancy.c.id == collection.c.tenancy_id)
        .where(
            collection.c.company_id == company_id,
            collection.c.due_date >= first,
            collection.c.due_date < (first + timedelta(days=31)).replace(day=1),
            collection.c.withdrawn_at.is_(None),
        )
        .group_by(tenancy.c.key)
    )
    if property is not None:
        query = query.join(property_, property_.c.id == tenancy.c.property_id).where(property_.c.number == property)
    return {key: int(amount) for key, amount in conn.execute(query)}


def last_month_before(conn: Connection, company_id: int, day: date) -> date | None:
    """A day of the latest month before that of ``day`` in which anything was collected."""
    query = select(func.max(collection.c.due_date)).where(
        collection.c.company_id == company_id,
        collection.c.due_date < day.replace(day=1),
        collection.c.withdrawn_at.is_(None),
    )
    found: date | None = conn.execute(query).scalar_one()
    return found


def first_due_days(conn: Connection, delivery_ids: Collection[int]) -> dict[int, date]:
    """By delivery, the first day that its live collections are for."""
    query = (
        select(collection.c.delivery_id, func.min(collection.c.due_date).label("first_day"))
        .where(among(conn, collection.c.delivery_id, delivery_ids), collection.c.withdrawn_at.is_(None))
        .group_by(collection.c.delivery_id)
    )
    return {row.delivery_id: row.first_day for row in conn.execute(query)}


def by_delivery(conn: Connection, delivery_ids: Collection[int]) -> Mapping[int, set[int]]:
    """The tenancies that live collections of these deliveries ask, by delivery."""
    query = select(collection.c.delivery_id, collection.c.tenancy_id).where(
        collection.c.delivery_id.in_(delivery_ids), collection.c.withdrawn_at.is_(None)
    )
    found: dict[int, set[int]] = {}
    for delivery_id, tenancy_id in conn.execute(query):
        found.setdefault(delivery_id, set()).add(tenancy_id)
    return found
