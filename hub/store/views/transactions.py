"""Money that came to a company and left it, over all its channels: vendors, and the bank.

What a vendor has settled comes to its channel and again to the bank; what settles the two against each other, and the
vendor's fees, are movements too, so that the sum over all channels is what the company has got.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from hub.ledger import kinds
from hub.store.tables import account, entry, posting, suspense
from hub.store.views.owners import OWNER, with_owner
from hub.store.views.sources import IN_PARTS, Source, split_source, with_source
from hub.store.views.standing import TakenBack, taken_back

_CHANNELS = (kinds.CLEARING, kinds.BANK)


class Transaction(NamedTuple):
    """One movement of money; ``amount`` positive = received."""

    entry: int
    #: When it was booked at the channel, and when it counts for the tenant (R10).
    booked_on: date
    value_date: date
    kind: str
    amount: int
    #: Code of the account: ``clearing:nets_bs:02345678:00001``, ``bank:DK5000400440116243``, ``bank`` by hand.
    channel: str
    #: Whose it was when it came, None where nobody's: what is given to a tenancy later, its match has.
    tenancy: str | None
    name: str | None
    #: Of what nobody's was: the number that the payer gave, and his reference.
    customer: str | None
    reference: str | None
    text: str
    source: Source
    #: None = it stands.
    taken_back_by: TakenBack | None = None


class TransactionQuery(NamedTuple):
    """Which are asked for; days are those of the channel's booking."""

    company_id: int
    first: date | None = None
    last: date | None = None
    #: Kinds of entries; empty = all.
    kinds: Collection[str] = ()

    def _from(self, columns: Select[Any]) -> Select[Any]:
        channels = select(account.c.id).where(account.c.company_id == self.company_id, account.c.kind.in_(_CHANNELS))
        query = columns.where(posting.c.account_id.in_(channels))
        if self.first is not None:
            query = query.where(posting.c.value_date >= self.first)
        if self.last is not None:
            query = query.where(posting.c.value_date <= self.last)
        if self.kinds:
            query = query.join(entry, entry.c.id == posting.c.entry_id).where(entry.c.kind.in_(self.kinds))
        return query

    def count(self, conn: Connection) -> int:
        found: int = conn.execute(self._from(select(func.count()).select_from(posting))).scalar_one()
        return found

    def newest(self, limit: int) -> Select[Any]:
        """entry_id and seq of their postings on the channels."""
        query = self._from(select(posting.c.entry_id, posting.c.seq).select_from(posting))
        return query.order_by(posting.c.value_date.desc(), posting.c.entry_id.desc(), posting.c.seq).limit(limit)


def transactions(conn: Connection, asked: TransactionQuery, limit: int) -> list[Transaction]:
    """The newest first, ``limit`` of them."""
    chosen = asked.newest(limit).subquery("chosen")
    query = with_source(
        with_owner(
            select(
                entry.c.id,
                posting.c.value_date,
                entry.c.value_date,
                entry.c.kind,
                posting.c.amount,
                account.c.code,
                OWNER.c.key,
                OWNER.c.name,
                suspense.c.customer,
                suspense.c.reference,
                entry.c.text,
            )
            .join_from(chosen, posting, (posting.c.entry_id == chosen.c.entry_id) & (posting.c.seq == chosen.c.seq))
            .join(entry, entry.c.id == posting.c.entry_id)
            .join(account, account.c.id == posting.c.account_id)
            .join(suspense, suspense.c.entry_id == entry.c.id, isouter=True)
        )
    ).order_by(posting.c.value_date.desc(), entry.c.id.desc(), posting.c.seq)
    rows = list(map(split_source, conn.execute(query, execution_options=IN_PARTS)))
    back = taken_back(conn, {values[0] for values, _ in rows})
    return [Transaction._make((*values, source, back.get(values[0]))) for values, source in rows]
