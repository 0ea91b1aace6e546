"""What a delivery asks for and is owed no longer: it was paid, credited or reversed since the delivery was made."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from hub.store.collecting.answers import still_asking
from hub.store.positions import NOTHING
from hub.store.tables import charge_line, collection, collection_line, credit, tenancy


class Outdated(NamedTuple):
    """A collection that asks for more than is open, or pays out more than there is credit; øre, below zero = payout."""

    collection: int
    tenancy: str
    reference: str
    amount: int
    #: Of its amount, today.
    open: int


def outdated_in(conn: Connection, delivery_id: int) -> list[Outdated]:
    """Of those in the delivery that ask still, in order."""
    found = [*_demands(conn, delivery_id), *_payouts(conn, delivery_id)]
    asking = still_asking(conn, {one.collection for one in found})
    return sorted(one for one in found if one.collection in asking)


def _demands(conn: Connection, delivery_id: int) -> list[Outdated]:
    less = charge_line.c.remaining < collection_line.c.amount
    left = func.sum(case((less, charge_line.c.remaining), else_=collection_line.c.amount))
    query = (
        select(collection.c.id, tenancy.c.key, collection.c.reference, collection.c.amount, left)
        .join_from(collection, tenancy, tenancy.c.id == collection.c.tenancy_id)
        .join(collection_line, collection_line.c.collection_id == collection.c.id)
        .join(charge_line, charge_line.c.id == collection_line.c.line_id)
        .where(collection.c.delivery_id == delivery_id, collection.c.withdrawn_at.is_(None))
        .group_by(collection.c.id, tenancy.c.key, collection.c.reference, collection.c.amount)
        .having(left < collection.c.amount)
    )
    # PostgreSQL sums bigint to numeric.
    return [Outdated._make((*its, int(open_))) for *its, open_ in conn.execute(query)]


def _payouts(conn: Connection, delivery_id: int) -> list[Outdated]:
    left = func.coalesce(func.sum(credit.c.remaining), 0)
    query = (
        select(collection.c.id, tenancy.c.key, collection.c.reference, collection.c.amount, left)
        .join_from(collection, tenancy, tenancy.c.id == collection.c.tenancy_id)
        .outerjoin(credit, (credit.c.tenancy_id == collection.c.tenancy_id) & (credit.c.remaining > NOTHING))
        .where(
            collection.c.delivery_id == delivery_id,
            collection.c.withdrawn_at.is_(None),
            collection.c.amount < NOTHING,
        )
        .group_by(collection.c.id, tenancy.c.key, collection.c.reference, collection.c.amount)
        .having(left < -collection.c.amount)
    )
    return [Outdated._make((*its, -int(open_))) for *its, open_ in conn.execute(query)]
