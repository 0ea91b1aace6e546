"""That nothing is left anywhere of what a reversed file booked, wherever a person has moved its money since."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.ledger import kinds
from hub.money import format_amount
from hub.store.lookup import among
from hub.store.tables import account, batch, entry, posting, reading
from hub.store.taking_back import moved_key


def wrong_reversed(conn: Connection) -> Iterator[str]:
    """A sentence for each account on which money of a reversed file stands."""
    undone = select(reading.c.id, reading.c.file_id).where(reading.c.reversed_at.is_not(None))
    readings: dict[int, list[int]] = {}
    for reading_id, file_id in conn.execute(undone.order_by(reading.c.file_id, reading.c.id)):
        readings.setdefault(file_id, []).append(reading_id)
    for file_id, ids in readings.items():
        for code, ore in _left(conn, _all_of(conn, ids)):
            yield f"file {file_id} is reversed, and {format_amount(ore)} of what it booked stands on account {code}"


def _all_of(conn: Connection, readings: Collection[int]) -> set[int]:
    """The entries of these readings, and all that stands on them.

    Not by ``History.holder_of``, by which a file is reversed: it would overlook the same. What a charge-back's reversal
    brings back is the payment's, and is followed only from there.
    """
    own = conn.execute(
        select(entry.c.id, entry.c.kind)
        .join(batch, batch.c.id == entry.c.batch_id)
        .where(among(conn, batch.c.reading_id, readings), entry.c.kind != kinds.DIFFERENCE)
    ).all()
    backs = {row.id for row in own if row.kind == kinds.CHARGEBACK}
    others = {row.id for row in own} - backs
    found_backs, found_others, ends = set(backs), set(others), set[int]()
    while backs or others:
        on = _standing_on(conn, backs, others)
        backs, others = on.backs - found_backs, on.others - found_others
        found_backs |= backs
        found_others |= others
        ends |= on.ends
    return found_backs | found_others | ends


class _On(NamedTuple):
    """What stands on entries, or was booked anew of them: charge-backs on their way, and others, to be followed."""

    backs: set[int]
    others: set[int]
    #: Reversals of charge-backs.
    ends: set[int]


def _standing_on(conn: Connection, backs: Collection[int], others: Collection[int]) -> _On:
    corrected = entry.alias("corrected")
    standing = select(entry.c.id, entry.c.kind, entry.c.key, corrected.c.kind.label("of")).join_from(
        entry, corrected, corrected.c.id == entry.c.corrects
    )
    ends = conn.execute(standing.where(among(conn, entry.c.corrects, backs), entry.c.kind == kinds.REVERSAL)).all()
    further = conn.execute(standing.where(among(conn, entry.c.corrects, others))).all()
    # What a charge-back's reversal was followed by is the charge-back's own way.
    moving = [*ends, *(row for row in further if row.kind == kinds.REVERSAL and row.of != kinds.CHARGEBACK)]
    keys = [moved_key(row.key) for row in moving]
    anew = conn.execute(select(entry.c.id, entry.c.kind).where(among(conn, entry.c.key, keys))).all()
    moved_backs = {row.id for row in anew if row.kind == kinds.CHARGEBACK}
    moved = {row.id for row in anew} - moved_backs
    return _On(moved_backs, {row.id for row in further} | moved, {row.id for row in ends})


def _left(conn: Connection, entry_ids: Collection[int]) -> Iterator[tuple[str, int]]:
    """(account, øre) where these entries do not come to nothing; a charge-back may come by another clearing account."""
    total = func.sum(posting.c.amount)
    rows = conn.execute(
        select(account.c.code, total)
        .join_from(posting, account, account.c.id == posting.c.account_id)
        .where(among(conn, posting.c.entry_id, entry_ids), account.c.kind != kinds.CLEARING)
        .group_by(account.c.id, account.c.code)
        .having(total != 0)
        .order_by(account.c.code)
    )
    for code, ore in rows:
        # PostgreSQL sums bigint to numeric.
        yield code, int(ore)
