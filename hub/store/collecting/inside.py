"""What is in a delivery: its collections, its orders on mandates, or what it tells of tenancies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.store.tables import collection, consumption_account, consumption_exported, mandate_order, tenancy, unit


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


class ToldInside(NamedTuple):
    """One tenancy that an export tells of."""

    tenancy: str
    name: str
    #: Øre on account (R27), and the account that it is told for.
    on_account: int
    account: int
    type: str
    period_from: date
    period_to: date


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


def told_inside(conn: Connection, delivery_id: int) -> Sequence[ToldInside]:
    """Names as they are now; by unit, as the portfolio orders them."""
    of_account = [consumption_account.c[name] for name in ToldInside._fields[4:]]
    query = (
        select(
            tenancy.c.key,
            tenancy.c.name,
            consumption_exported.c.on_account,
            consumption_exported.c.account_id,
            *of_account,
        )
        .join_from(consumption_exported, tenancy, tenancy.c.id == consumption_exported.c.tenancy_id)
        .join(unit, unit.c.id == tenancy.c.unit_id)
        .join(consumption_account, consumption_account.c.id == consumption_exported.c.account_id)
        .where(consumption_exported.c.delivery_id == delivery_id)
        .order_by(func.length(unit.c.number), unit.c.number, tenancy.c.id)
    )
    return [ToldInside._make(row) for row in conn.execute(query)]
