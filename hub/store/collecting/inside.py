"""What is in a delivery: its collections, or its orders on mandates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.store.tables import collection, mandate_order, tenancy


class CollectionInside(NamedTuple):
    tenancy: str
    customer: str
    due_date: date
    #: Øre, positive = the tenant pays.
    amount: int
    reference: str
    channel: str


class OrderInside(NamedTuple):
    """Without the payer's CPR number and account."""

    tenancy: str
    customer: str
    #: create or cancel
    what: str
    #: The mandate to cancel; "" for a new one.
    number: str
    #: None = no answer yet.
    outcome: str | None


def collections_inside(conn: Connection, delivery_id: int) -> Sequence[CollectionInside]:
    """In the order of the file."""
    columns = [collection.c[name] for name in CollectionInside._fields[1:]]
    query = (
        select(tenancy.c.key, *columns)
        .join_from(collection, tenancy, tenancy.c.id == collection.c.tenancy_id)
        .where(collection.c.delivery_id == delivery_id)
        .order_by(collection.c.debtor_group, collection.c.customer)
    )
    return [CollectionInside._make(row) for row in conn.execute(query)]


def orders_inside(conn: Connection, delivery_id: int) -> Sequence[OrderInside]:
    columns = [mandate_order.c[name] for name in OrderInside._fields[1:]]
    query = (
        select(tenancy.c.key, *columns)
        .join_from(mandate_order, tenancy, tenancy.c.id == mandate_order.c.tenancy_id)
        .where(mandate_order.c.delivery_id == delivery_id)
        .order_by(mandate_order.c.id)
    )
    return [OrderInside._make(row) for row in conn.execute(query)]
