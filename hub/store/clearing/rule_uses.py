"""How often bank rules have been used: counted from what they have settled, so it cannot drift from the books."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.ledger import kinds
from hub.store.tables import batch, entry, settlement


class RuleUses(NamedTuple):
    """Of one rule of one instance, whether its settings have it still or not."""

    vendor: str
    rule: str
    #: Lines that it has explained, and of them those that a person has taken from there since.
    uses: int
    taken_back: int
    last_used_at: datetime


def rule_uses(conn: Connection) -> list[RuleUses]:
    """By instance and name, of every rule that was ever used."""
    back = entry.alias("back")
    taken = select(back.c.id).where(back.c.corrects == settlement.c.entry_id, back.c.kind.in_(kinds.TAKING_BACK))
    query = (
        select(
            settlement.c.vendor,
            settlement.c.rule,
            func.count(),
            func.count().filter(taken.exists()),
            func.max(batch.c.recorded_at),
        )
        .join_from(settlement, entry, entry.c.id == settlement.c.entry_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .where(settlement.c.rule != "")
        .group_by(settlement.c.vendor, settlement.c.rule)
        .order_by(settlement.c.vendor, settlement.c.rule)
    )
    return [RuleUses._make(row) for row in conn.execute(query)]
