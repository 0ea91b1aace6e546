"""What became of money that is or was nobody's: matched, taken from there, charged back, matched again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, select

from hub.ledger import kinds
from hub.reports.explain_clearing import findings
from hub.reports.explain_facts import Step, Story
from hub.store.origins import ways_back
from hub.store.tables import batch, entry, posting, reversal, suspense, tenancy
from hub.store.taking_back import History, history_of

_TAKES_IT_FURTHER = (kinds.MATCH, kinds.SETTLEMENT, kinds.CHARGEBACK, kinds.REVERSAL)


def story_of(conn: Connection, entry_id: int) -> Story | None:
    """The way of the money that this entry brought or moved; None where it was never in suspense."""
    payment = _first_of(conn, entry_id)
    first = conn.execute(select(entry.c.kind, entry.c.value_date).where(entry.c.id == payment)).one()
    taken_further = dict(_steps_from(history_of(conn, [payment]), payment, first.kind, first.kind == kinds.CHARGEBACK))
    in_suspense = select(suspense.c.entry_id, suspense.c.remaining).where(
        suspense.c.entry_id.in_([payment, *taken_further])
    )
    left: dict[int, int] = dict(conn.execute(in_suspense).all())
    if not left:
        return None
    kinds_of = {payment: first.kind}
    found = findings(conn, taken_further)
    steps = []
    for row in _entries(conn, taken_further):
        kinds_of[row.id] = row.kind
        of, moves = taken_further[row.id]
        facts = (row.value_date, row.recorded_at, row.actor, row.amount, row.tenancy or "", row.reason or "")
        steps.append(Step(row.id, row.kind, of, kinds_of[of], moves, *facts, found.get(row.id)))
    return Story(payment, first.value_date, payment in left, tuple(steps), sum(left.values()))


def _first_of(conn: Connection, entry_id: int) -> int:
    """The entry that brought the money which this one has, or took."""
    while True:
        entry_id = ways_back(conn, [entry_id])[entry_id][-1]
        corrected = conn.execute(select(entry.c.corrects).where(entry.c.id == entry_id)).scalar_one_or_none()
        if corrected is None:
            return entry_id
        entry_id = corrected


def _steps_from(history: History, entry_id: int, kind: str, went_out: bool) -> Iterator[tuple[int, tuple[int, bool]]]:
    """(entry, (the one that it takes further, whether it books anew what that took from where it was)).

    A charge-back that was moved goes its own way: only where ``went_out``, the story is that of a charge-back.
    """
    for one in history.of(entry_id):
        if one.kind in _TAKES_IT_FURTHER:
            yield one.id, (entry_id, False)
            yield from _steps_from(history, one.id, one.kind, went_out)
            anew = history.moved_by(one.id)
            if anew is not None and (went_out or kind != kinds.CHARGEBACK):
                yield anew.id, (one.id, True)
                yield from _steps_from(history, anew.id, anew.kind, went_out)


def _entries(conn: Connection, ids: Collection[int]) -> Iterator[Any]:
    """As they were booked: what takes another further comes after it."""
    yield from conn.execute(
        select(
            entry.c.id,
            entry.c.kind,
            entry.c.value_date,
            batch.c.recorded_at,
            batch.c.actor,
            posting.c.amount,
            tenancy.c.key.label("tenancy"),
            reversal.c.reason,
        )
        .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(batch, batch.c.id == entry.c.batch_id)
        .join(tenancy, tenancy.c.account_id == posting.c.account_id, isouter=True)
        .join(reversal, reversal.c.entry_id == entry.c.id, isouter=True)
        .where(entry.c.id.in_(list(ids)))
        .order_by(entry.c.id)
    )
