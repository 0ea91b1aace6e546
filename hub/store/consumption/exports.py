"""What meter companies were told with our files, to check their answers against (R28)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from hub.store import bulk
from hub.store.collecting.deliveries import Delivery
from hub.store.collecting.states import LIVE
from hub.store.tables import consumption_exported, delivery


def add_exported(conn: Connection, delivery_id: int, account_id: int, told: Iterable[tuple[int, int]]) -> None:
    """Tenancy and øre on account, each tenancy once."""
    rows = [(delivery_id, tenancy_id, account_id, on_account) for tenancy_id, on_account in told]
    bulk.insert_rows(conn, consumption_exported, rows)


def live_exports(conn: Connection, account_id: int, vendor: str | None = None) -> Sequence[Delivery]:
    """Files that this vendor, or any, has of the account, or may take yet; the newest first."""
    ours = select(consumption_exported.c.delivery_id).where(consumption_exported.c.account_id == account_id)
    query = (
        select(*(delivery.c[name] for name in Delivery._fields))
        .where(delivery.c.id.in_(ours), delivery.c.state.in_(LIVE))
        .order_by(delivery.c.id.desc())
    )
    if vendor is not None:
        query = query.where(delivery.c.vendor == vendor)
    return [Delivery(*row) for row in conn.execute(query)]


def last_told(conn: Connection, account_id: int, vendor: str) -> dict[int, int]:
    """Øre on account by tenancy id, as the newest of :func:`live_exports` says; empty where there is none."""
    exports = live_exports(conn, account_id, vendor)
    if not exports:
        return {}
    query = select(consumption_exported.c.tenancy_id, consumption_exported.c.on_account)
    return dict(conn.execute(query.where(consumption_exported.c.delivery_id == exports[0].id)).all())
