"""What an entry has done and would have to be undone, and what has become of it since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select, union_all

from hub.ledger import kinds
from hub.store.entries import Account, Part, Withdrawn
from hub.store.lookup import among
from hub.store.tables import account, allocation, charge, charge_line, credit, entry, posting, suspense

#: How deep corrections may stand on one another: payment, match, charge-back, reversal.
_DEPTH_MAX = 8


class Corrector(NamedTuple):
    """An entry that points at an earlier one."""

    id: int
    kind: str
    key: str


class History:
    """What points at some entries, and what points at that."""

    def __init__(self, by_corrected: Mapping[int, Sequence[Corrector]]) -> None:
        self._by_corrected = by_corrected

    def of(self, entry_id: int) -> Sequence[Corrector]:
        """Oldest first."""
        return self._by_corrected.get(entry_id, ())

    def taken_back_by(self, entry_id: int) -> Corrector | None:
        """The charge-back or reversal of this entry, for good: what undoes a charge-back holds the money itself."""
        return next((one for one in self.of(entry_id) if one.kind in kinds.TAKING_BACK), None)

    def match_of(self, entry_id: int) -> Corrector | None:
        """The match of this money in suspense that no reversal has undone; it may have been charged back."""
        for one in self.of(entry_id):
            if one.kind == kinds.MATCH and not self._reversed_by(one.id):
                return one
        return None

    def holder_of(self, payment: Corrector) -> Corrector:
        """Who has the money of a payment now: its match, the reversal of its charge-back, or it still."""
        match = self.match_of(payment.id)
        back = self.taken_back_by(payment.id)
        moved = match or (back and self._reversed_by(back.id))
        return payment if moved is None else self.holder_of(moved)

    def standing(self, entry_id: int, kind: str) -> list[Corrector]:
        """Entries of this kind that point at the entry and are not taken back."""
        return [one for one in self.of(entry_id) if one.kind == kind and self.taken_back_by(one.id) is None]

    def _reversed_by(self, entry_id: int) -> Corrector | None:
        return next((one for one in self.of(entry_id) if one.kind == kinds.REVERSAL), None)


def history_of(conn: Connection, entry_ids: Collection[int]) -> History:
    found: defaultdict[int, list[Corrector]] = defaultdict(list)
    wanted = set(entry_ids)
    for _ in range(_DEPTH_MAX):
        if not wanted:
            break
        query = select(entry.c.corrects, entry.c.id, entry.c.kind, entry.c.key)
        rows = conn.execute(query.where(among(conn, entry.c.corrects, wanted)).order_by(entry.c.id)).all()
        for corrected, *corrector in rows:
            found[corrected].append(Corrector._make(corrector))
        wanted = {row.id for row in rows}
    return History(found)


def use_of(conn: Connection, entry_id: int, code: str) -> tuple[tuple[tuple[int, int], ...], int]:
    """What an entry's money has paid, (line id, øre), and how much of it is unused. ``code`` is its own account's."""
    if code == kinds.SUSPENSE:
        left = select(suspense.c.remaining).where(suspense.c.entry_id == entry_id)
        return (), conn.execute(left).scalar_one()
    rows = union_all(
        select(allocation.c.line_id, allocation.c.amount).where(
            allocation.c.entry_id == entry_id, allocation.c.payment_id == entry_id
        ),
        select(allocation.c.line_id, allocation.c.amount).where(
            allocation.c.payment_id == entry_id, allocation.c.payment_id != allocation.c.entry_id
        ),
    ).subquery()
    total = func.sum(rows.c.amount)
    paid = conn.execute(
        select(rows.c.line_id, total).group_by(rows.c.line_id).having(total != 0).order_by(rows.c.line_id)
    )
    left = select(credit.c.remaining).where(credit.c.entry_id == entry_id)
    # PostgreSQL sums bigint to numeric.
    return tuple((line_id, int(part)) for line_id, part in paid), conn.execute(left).scalar_one_or_none() or 0


def withdrawn_of(conn: Connection, entry_id: int) -> Withdrawn:
    """The lines of an entry's charge, and what has paid them."""
    of_charge = (
        select(charge_line.c.id, charge_line.c.amount)
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(charge.c.entry_id == entry_id)
        .order_by(charge_line.c.seq)
    )
    lines = conn.execute(of_charge).all()
    total = func.sum(allocation.c.amount)
    paid = conn.execute(
        select(allocation.c.line_id, allocation.c.payment_id, total)
        .where(among(conn, allocation.c.line_id, [line_id for line_id, _ in lines]))
        .group_by(allocation.c.line_id, allocation.c.payment_id)
        .having(total != 0)
        .order_by(allocation.c.line_id, allocation.c.payment_id)
    )
    return Withdrawn(
        tuple((line_id, amount) for line_id, amount in lines),
        tuple((line_id, payment_id, int(part)) for line_id, payment_id, part in paid),
    )


class Mirror(NamedTuple):
    """An entry's postings with their signs turned: what a reversal of it books."""

    own: Account
    #: Øre on its own account.
    amount: int
    parts: tuple[Part, ...]


def mirror_of(conn: Connection, entry_id: int) -> Mirror:
    own, *others = conn.execute(
        select(account.c.id, account.c.code, posting.c.amount)
        .join_from(posting, account, account.c.id == posting.c.account_id)
        .where(posting.c.entry_id == entry_id)
        .order_by(posting.c.seq)
    ).all()
    parts = tuple(Part(Account(id_, code), -amount) for id_, code, amount in others)
    return Mirror(Account(own.id, own.code), -own.amount, parts)
