"""What an entry has done and would have to be undone, and what has become of it since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, func, select, union_all

from hub.ledger import kinds
from hub.store.entries import Account, Part, Withdrawn
from hub.store.lookup import among
from hub.store.tables import account, allocation, charge, charge_line, credit, entry, posting, suspense

_T = TypeVar("_T")
#: After the key of a reversal: that of the entry by which the same act booked the money anew, where it belongs.
MOVED = "|moved"


class Corrector(NamedTuple):
    """An entry that points at an earlier one."""

    id: int
    kind: str
    key: str


class History:
    """What points at some entries, and what points at that.

    ``moved`` is, by the id of a reversal, the entry by which the same act booked the money anew; ``took`` are those of
    them that take back a payment.
    """

    def __init__(
        self,
        by_corrected: Mapping[int, Sequence[Corrector]],
        moved: Mapping[int, Corrector],
        took: Collection[int],
    ) -> None:
        self._by_corrected = by_corrected
        self._moved = moved
        self._took = took

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
        """Who has the money of a payment now: it still, its match, the reversal of its charge-back, or the entry by
        which a person has moved it.
        """
        holder = payment
        while True:
            back = self.taken_back_by(holder.id)
            moved = self.match_of(holder.id) or (back and (self.moved_by(back.id) or self._brought_back(back)))
            if moved is None:
                return holder
            holder = moved

    def moved_by(self, reversal_id: int) -> Corrector | None:
        """The entry by which the act of a reversal booked the money anew."""
        return self._moved.get(reversal_id)

    def took_payment(self, moved_id: int) -> bool:
        """Whether a charge-back that a person has moved takes a payment back there."""
        return moved_id in self._took

    def standing(self, entry_id: int, kind: str) -> list[Corrector]:
        """Entries of this kind that point at the entry and are not taken back."""
        return [one for one in self.of(entry_id) if one.kind == kind and self.taken_back_by(one.id) is None]

    def _brought_back(self, back: Corrector) -> Corrector | None:
        """The reversal of a charge-back; that of a reversal only takes away what this had brought."""
        return self._reversed_by(back.id) if back.kind == kinds.CHARGEBACK else None

    def _reversed_by(self, entry_id: int) -> Corrector | None:
        return next((one for one in self.of(entry_id) if one.kind == kinds.REVERSAL), None)


def moved_key(of_reversal: str) -> str:
    """Of the entry that books anew, elsewhere, the money that a reversal has taken from where it was."""
    return of_reversal + MOVED


def reversal_key(key: str) -> str | None:
    """Of the reversal that has taken this entry's money from where it was; None where no act has moved it."""
    return key.removesuffix(MOVED) if key.endswith(MOVED) else None


def history_of(conn: Connection, entry_ids: Collection[int]) -> History:
    found: defaultdict[int, list[Corrector]] = defaultdict(list)
    moved: dict[int, Corrector] = {}
    took: set[int] = set()
    wanted = set(entry_ids)
    # It ends: whatever points at an entry is younger.
    while wanted:
        query = select(entry.c.corrects, entry.c.id, entry.c.kind, entry.c.key)
        rows = conn.execute(query.where(among(conn, entry.c.corrects, wanted)).order_by(entry.c.id)).all()
        for corrected, *corrector in rows:
            found[corrected].append(Corrector._make(corrector))
        wanted = {row.id for row in rows}
        reversals = {moved_key(row.key): row.id for row in rows if row.kind == kinds.REVERSAL}
        if reversals:
            anew = query.where(among(conn, entry.c.key, reversals.keys()))
            for corrected, *mover in conn.execute(anew):
                one = Corrector._make(mover)
                moved[reversals[one.key]] = one
                wanted.add(one.id)
                if corrected is not None and one.kind == kinds.CHARGEBACK:
                    took.add(one.id)
    return History(found, moved, took)


def waves(items: Iterable[_T], whose: Callable[[_T], Hashable | None]) -> Iterator[list[_T]]:
    """``items`` in their order, in lists of which none has two of one owner; those without an owner come first."""
    found: list[list[_T]] = []
    count: defaultdict[Hashable, int] = defaultdict(int)
    for item in items:
        owner = whose(item)
        wave = 0 if owner is None else count[owner]
        if owner is not None:
            count[owner] += 1
        if wave == len(found):
            found.append([])
        found[wave].append(item)
    yield from found


class Use(NamedTuple):
    """What an entry's money has paid, (line id, øre), and how much of it is unused."""

    paid: tuple[tuple[int, int], ...]
    unused: int


def uses_of(conn: Connection, codes: Mapping[int, str]) -> dict[int, Use]:
    """By entry id; ``codes`` are those of the entries' own accounts, by entry id."""
    suspended = {id_ for id_, code in codes.items() if code == kinds.SUSPENSE}
    lefts = select(suspense.c.entry_id, suspense.c.remaining).where(among(conn, suspense.c.entry_id, suspended))
    left: dict[int, int] = dict(conn.execute(lefts).all()) if suspended else {}
    others = codes.keys() - suspended
    paid: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    if others:
        credits = select(credit.c.entry_id, credit.c.remaining).where(among(conn, credit.c.entry_id, others))
        left |= dict(conn.execute(credits).all())
        rows = union_all(
            select(allocation.c.payment_id, allocation.c.line_id, allocation.c.amount).where(
                among(conn, allocation.c.entry_id, others), allocation.c.payment_id == allocation.c.entry_id
            ),
            select(allocation.c.payment_id, allocation.c.line_id, allocation.c.amount).where(
                among(conn, allocation.c.payment_id, others), allocation.c.payment_id != allocation.c.entry_id
            ),
        ).subquery()
        total = func.sum(rows.c.amount)
        sums = select(rows.c.payment_id, rows.c.line_id, total).group_by(rows.c.payment_id, rows.c.line_id)
        for id_, line_id, part in conn.execute(sums.having(total != 0).order_by(rows.c.line_id)):
            # PostgreSQL sums bigint to numeric.
            paid[id_].append((line_id, int(part)))
    return {id_: Use(tuple(paid[id_]), left.get(id_, 0)) for id_ in codes}


def withdrawn_of(conn: Connection, entry_ids: Collection[int]) -> dict[int, Withdrawn]:
    """The lines of the charges that entries have made, and what has paid them, by entry id; only where there is one."""
    lines: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    paid: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    of_charges = (
        select(charge.c.entry_id, charge_line.c.id, charge_line.c.amount)
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .where(among(conn, charge.c.entry_id, entry_ids))
        .order_by(charge.c.entry_id, charge_line.c.seq)
    )
    demanded: dict[int, int] = {}
    for entry_id, line_id, amount in conn.execute(of_charges):
        lines[entry_id].append((line_id, amount))
        demanded[line_id] = entry_id
    total = func.sum(allocation.c.amount)
    payments = (
        select(allocation.c.line_id, allocation.c.payment_id, total)
        .where(among(conn, allocation.c.line_id, demanded.keys()))
        .group_by(allocation.c.line_id, allocation.c.payment_id)
        .having(total != 0)
        .order_by(allocation.c.line_id, allocation.c.payment_id)
    )
    for line_id, payment_id, part in conn.execute(payments):
        paid[demanded[line_id]].append((line_id, payment_id, int(part)))
    return {entry_id: Withdrawn(tuple(of_it), tuple(paid[entry_id])) for entry_id, of_it in lines.items()}


class Mirror(NamedTuple):
    """An entry's postings with their signs turned: what a reversal of it books."""

    own: Account
    #: Øre on its own account.
    amount: int
    parts: tuple[Part, ...]
    #: When it counts on the other accounts; None where there are none.
    contra_date: date | None = None


def mirrors_of(conn: Connection, entry_ids: Collection[int]) -> dict[int, Mirror]:
    """By entry id."""
    rows = conn.execute(
        select(posting.c.entry_id, posting.c.seq, account.c.id, account.c.code, posting.c.amount, posting.c.value_date)
        .join_from(posting, account, account.c.id == posting.c.account_id)
        .where(among(conn, posting.c.entry_id, entry_ids))
        .order_by(posting.c.entry_id, posting.c.seq)
    )
    found: dict[int, Mirror] = {}
    for entry_id, seq, account_id, code, amount, day in rows:
        on = Account(account_id, code)
        if seq == 0:
            found[entry_id] = Mirror(on, -amount, ())
        else:
            mirror = found[entry_id]
            found[entry_id] = mirror._replace(parts=(*mirror.parts, Part(on, -amount)), contra_date=day)
    return found
