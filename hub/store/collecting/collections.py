"""Collections: what was demanded, of whom, for which day, by which way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.store import bulk
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


class Asked(NamedTuple):
    """What one tenancy was asked for on a day; øre."""

    tenancy: str
    property: str
    amount: int


def add_collections(
    conn: Connection, collections: Sequence[NewCollection], lines: Sequence[tuple[int, int, int]]
) -> None:
    """``lines`` are (collection, charge line, øre demanded)."""
    bulk.insert_rows(conn, collection, collections)
    bulk.insert_rows(conn, collection_line, lines)


def asked_on(conn: Connection, company_id: int, due: date) -> dict[str, Asked]:
    """By tenancy, what live collections ask for on that day."""
    query = (
        select(tenancy.c.key, property_.c.number, func.sum(collection.c.amount))
        .join_from(collection, tenancy, tenancy.c.id == collection.c.tenancy_id)
        .join(property_, property_.c.id == tenancy.c.property_id)
        .where(
            collection.c.company_id == company_id,
            collection.c.due_date == due,
            collection.c.withdrawn_at.is_(None),
        )
        .group_by(tenancy.c.key, property_.c.number)
    )
    return {key: Asked(key, number, int(amount)) for key, number, amount in conn.execute(query)}


def last_day_before(conn: Connection, company_id: int, due: date) -> date | None:
    """The latest day before ``due`` that anything was collected for: last month's, as a rule."""
    query = select(func.max(collection.c.due_date)).where(
        collection.c.company_id == company_id, collection.c.due_date < due, collection.c.withdrawn_at.is_(None)
    )
    day: date | None = conn.execute(query).scalar_one()
    return day


def by_delivery(conn: Connection, delivery_ids: Collection[int]) -> Mapping[int, set[int]]:
    """The tenancies that live collections of these deliveries ask, by delivery."""
    query = select(collection.c.delivery_id, collection.c.tenancy_id).where(
        collection.c.delivery_id.in_(delivery_ids), collection.c.withdrawn_at.is_(None)
    )
    found: dict[int, set[int]] = {}
    for delivery_id, tenancy_id in conn.execute(query):
        found.setdefault(delivery_id, set()).add(tenancy_id)
    return found
