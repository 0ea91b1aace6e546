"""What has come from a vendor, and whether its clearing accounts stand at nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, exists, func, or_, select

from hub.ledger import kinds
from hub.store.lookup import among
from hub.store.tables import account, arrival, company, exchange_round, file

_COPY = "duplicate"


def began_at(conn: Connection) -> datetime | None:
    """When the hub took in its first file or ran its first round; None = it has done neither."""
    first = [
        conn.execute(select(func.min(moment))).scalar_one()
        for moment in (file.c.received_at, exchange_round.c.started_at)
    ]
    return min((moment for moment in first if moment is not None), default=None)


def has_come_since(conn: Connection, vendor: str, after: datetime) -> bool:
    """Whether a file of the vendor came after that moment: known as its, or through its door; copies do not count."""
    its = or_(
        file.c.vendor == vendor,
        exists().where(arrival.c.file_id == file.c.id, arrival.c.door == vendor),
    )
    told = file.c.state.is_distinct_from(_COPY)
    return bool(conn.execute(select(exists().where(file.c.received_at > after, told, its))).scalar_one())


def clearing_is_zero(conn: Connection, plugin: str, companies: Collection[str]) -> bool:
    """Whether all its clearing accounts stand at 0.00, in these companies (numbers; none = in all).

    What is on its way to our bank is no longer the vendor's to tell of.
    """
    any_creditor = kinds.clearing_code(plugin, "", "").removesuffix(":")
    query = select(account.c.id).where(
        account.c.kind == kinds.CLEARING,
        account.c.code.startswith(any_creditor, autoescape=True),
        ~account.c.code.endswith(f":{kinds.IN_TRANSIT}", autoescape=True),
        account.c.balance != 0,
    )
    if companies:
        ours = select(company.c.id).where(among(conn, company.c.number, companies))
        query = query.where(account.c.company_id.in_(ours))
    return not conn.execute(select(query.exists())).scalar_one()
