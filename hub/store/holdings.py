"""What is held for a tenancy, by name: charged, unpaid, and so truly held (R23)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, func, select

from hub.ledger import kinds
from hub.store.consumption.settled import is_settled
from hub.store.lookup import among
from hub.store.positions import NOTHING
from hub.store.tables import account, allocation, charge, charge_line, credited, entry


class Holding(NamedTuple):
    """Øre; positive = we hold the tenant's money (R19)."""

    account_id: int
    name: str
    number: int | None
    #: What has been charged, paid in or moved there, less what has left.
    charged: int
    #: What is still open of the charges that fill it, or was written off of them (R24): nobody has paid that. What a
    #: result has settled has left the holding, paid or not.
    unpaid: int

    @property
    def held(self) -> int:
        """What a payout or transfer may take; below zero after a charge-back of what had left already."""
        return self.charged - self.unpaid


def holdings_of(conn: Connection, tenancy_id: int) -> list[Holding]:
    """All of a tenancy, in the order in which they were made."""
    return holdings_among(conn, [tenancy_id]).get(tenancy_id, [])


def holdings_among(conn: Connection, tenancy_ids: Collection[int]) -> dict[int, list[Holding]]:
    """As :func:`holdings_of`, by tenancy id; a tenancy without any is left out."""
    rows = conn.execute(
        select(account.c.tenancy_id, account.c.id, account.c.code, account.c.number, account.c.balance)
        .where(among(conn, account.c.tenancy_id, tenancy_ids), account.c.tenancy_id.is_not(None))
        .order_by(account.c.id)
    ).all()
    found: dict[int, list[Holding]] = {}
    if not rows:
        return found
    # What a credit note took from a line has left the holding, though a charge-back opens the whole line again.
    taken = select(func.sum(credited.c.amount)).where(credited.c.line_id == charge_line.c.id).correlate(charge_line)
    most = charge_line.c.amount - func.coalesce(taken.scalar_subquery(), 0)
    left_unpaid = case((charge_line.c.remaining > most, most), else_=charge_line.c.remaining)
    open_lines = (
        select(charge_line.c.tenancy_id, charge_line.c.holding, func.sum(left_unpaid))
        .where(
            among(conn, charge_line.c.tenancy_id, {row.tenancy_id for row in rows}),
            charge_line.c.remaining > NOTHING,
            charge_line.c.holding.is_not(None),
            ~is_settled(charge_line.c.id),
        )
        .group_by(charge_line.c.tenancy_id, charge_line.c.holding)
    )
    unpaid: defaultdict[tuple[int, str], int] = defaultdict(int)
    for query in (open_lines, _written_off(conn, {row.tenancy_id for row in rows})):
        for tenancy_id, name, left in conn.execute(query):
            unpaid[tenancy_id, name] += int(left)
    for row in rows:
        name = row.code.removeprefix(f"{kinds.HOLDING}:").split(":")[0]
        left = unpaid[row.tenancy_id, name]
        found.setdefault(row.tenancy_id, []).append(Holding(row.id, name, row.number, -row.balance, left))
    return found


def _written_off(conn: Connection, tenancy_ids: Collection[int]) -> Select[Any]:
    """By tenancy id and name of the holding."""
    return (
        select(charge.c.tenancy_id, charge_line.c.holding, func.sum(allocation.c.amount))
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .join(allocation, allocation.c.line_id == charge_line.c.id)
        .join(entry, entry.c.id == allocation.c.payment_id)
        .where(
            among(conn, charge.c.tenancy_id, tenancy_ids),
            charge_line.c.holding.is_not(None),
            entry.c.kind == kinds.DIFFERENCE,
            ~is_settled(charge_line.c.id),
        )
        .group_by(charge.c.tenancy_id, charge_line.c.holding)
    )
