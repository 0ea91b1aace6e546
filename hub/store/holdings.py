"""What is held for a tenancy, by name: charged, unpaid, and so truly held (R23)."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.ledger import kinds
from hub.store.positions import NOTHING
from hub.store.tables import account, charge_line


class Holding(NamedTuple):
    """Øre; positive = we hold the tenant's money (R19)."""

    account_id: int
    name: str
    number: int | None
    #: What has been charged, paid in or moved there, less what has left.
    charged: int
    #: What is still open of the charges that fill it.
    unpaid: int

    @property
    def held(self) -> int:
        """What a payout or transfer may take; below zero after a charge-back of what had left already."""
        return self.charged - self.unpaid


def holdings_of(conn: Connection, tenancy_id: int) -> list[Holding]:
    """All of a tenancy, in the order in which they were made."""
    rows = conn.execute(
        select(account.c.id, account.c.code, account.c.number, account.c.balance)
        .where(account.c.tenancy_id == tenancy_id)
        .order_by(account.c.id)
    ).all()
    if not rows:
        return []
    unpaid = dict(
        conn.execute(
            select(charge_line.c.holding, func.sum(charge_line.c.remaining))
            .where(
                charge_line.c.tenancy_id == tenancy_id,
                charge_line.c.remaining > NOTHING,
                charge_line.c.holding.is_not(None),
            )
            .group_by(charge_line.c.holding)
        ).all()
    )
    return [
        Holding(row.id, name, row.number, -row.balance, int(unpaid.get(name, 0)))
        for row in rows
        for name in [row.code.removeprefix(f"{kinds.HOLDING}:").split(":")[0]]
    ]
