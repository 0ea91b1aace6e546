"""Money that belongs to nobody we know."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.store.clearing.bank_lines import BankSaid, bank_lines
from hub.store.lookup import among
from hub.store.origins import ways_back
from hub.store.tables import company, entry, suspense
from hub.store.views.sources import IN_PARTS, Source, split_source, with_source


class Unmatched(NamedTuple):
    """Money of a company that belongs to nobody we know; positive = received (R19)."""

    #: Id of its entry.
    payment: int
    company: str
    value_date: date
    amount: int
    currency: str
    vendor: str
    #: The number that the payer gave.
    customer: str
    reference: str
    reason: str
    source: Source
    #: What the bank says of it; None where it came another way.
    bank: BankSaid | None = None


def unmatched(conn: Connection) -> Iterator[Unmatched]:
    """What lies in suspense, oldest first."""
    query = (
        with_source(
            select(
                suspense.c.entry_id,
                company.c.number,
                entry.c.value_date,
                suspense.c.remaining,
                company.c.currency,
                suspense.c.vendor,
                suspense.c.customer,
                suspense.c.reference,
                suspense.c.reason,
            )
            .join_from(suspense, entry, entry.c.id == suspense.c.entry_id)
            .join(company, company.c.id == suspense.c.company_id)
        )
        .where(suspense.c.remaining != 0)
        .order_by(entry.c.value_date, entry.c.id)
    )
    for part in conn.execute(query, execution_options=IN_PARTS).partitions():
        found = [Unmatched._make((*own, source, None)) for own, source in map(split_source, part)]
        moved = {one.payment for one in found if one.source.file_id is None}
        brought = {id_: way[-1] for id_, way in ways_back(conn, moved).items()} if moved else {}
        came = _sources(conn, set(brought.values()))
        said = bank_lines(conn, {brought.get(one.payment, one.payment) for one in found})
        for one in found:
            root = brought.get(one.payment, one.payment)
            yield one._replace(source=came.get(root, one.source), bank=said.get(root))


def _sources(conn: Connection, entry_ids: Collection[int]) -> dict[int, Source]:
    """Where the money came from that a person has put into suspense; by the entry that brought it."""
    if not entry_ids:
        return {}
    rows = conn.execute(with_source(select(entry.c.id)).where(among(conn, entry.c.id, entry_ids)))
    return {own[0]: source for own, source in map(split_source, rows)}
