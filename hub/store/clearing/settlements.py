"""What bank lines were found to be, as long as nobody has taken that back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from hub.ledger import kinds
from hub.store.lookup import among
from hub.store.tables import account, batch, entry, posting, settlement


class Settled(NamedTuple):
    """A settlement that stands."""

    entry_id: int
    #: The entry that had the line's money in suspense.
    line_id: int
    account: str
    #: Whose money it was, on clearing (R18), and the payout or slip payment; 0 = the whole day.
    day: date
    item_id: int
    #: Øre of the line, signed as it.
    amount: int
    how: str
    vendor: str
    rule: str
    #: When the bank has booked the line.
    booked: date


#: Written into the statement, or SQLite does not know that the index of items has them all.
_HAS_ITEM = settlement.c.item_id != literal_column("0")


def is_live(entry_id: ColumnElement[int]) -> ColumnElement[bool]:
    """That no reversal has ended it."""
    back = entry.alias()
    return ~select(back.c.id).where(back.c.corrects == entry_id, back.c.kind == kinds.REVERSAL).exists()


def settlements_of_lines(conn: Connection, line_ids: Collection[int]) -> list[Settled]:
    """Those that stand, oldest first."""
    return _settled(conn, _SETTLED.where(among(conn, settlement.c.line_id, line_ids)))


def settlements_of_day(conn: Connection, account_id: int, day: date) -> list[Settled]:
    """Those that stand of one day of a clearing account, oldest first."""
    return _settled(conn, _SETTLED.where(settlement.c.account_id == account_id, settlement.c.day == day))


def settlements_of_items(conn: Connection, item_ids: Collection[int]) -> list[Settled]:
    """Those that stand of payouts or slip payments by their entries, oldest first."""
    return _settled(conn, _SETTLED.where(_HAS_ITEM, among(conn, settlement.c.item_id, item_ids)))


def settlements_on(conn: Connection, reading_ids: Collection[int], entry_ids: Collection[int]) -> list[int]:
    """Ids, latest first, of those that stand on what these readings have booked, ``entry_ids``.

    Of their bank lines; of their payouts and slip payments; of the days of clearing that they have money of (R18). What
    was given to a tenancy is left out: whoever has the money is taken back.
    """
    standing = (
        select(settlement.c.entry_id)
        .join_from(settlement, entry, entry.c.id == settlement.c.entry_id)
        .where(entry.c.kind == kinds.SETTLEMENT, is_live(settlement.c.entry_id))
    )
    days = (
        select(posting.c.account_id, posting.c.value_date)
        .distinct()
        .join_from(batch, entry, entry.c.id.between(batch.c.entry_first, batch.c.entry_last))
        .join(posting, posting.c.entry_id == entry.c.id)
        .join(account, account.c.id == posting.c.account_id)
        .where(
            among(conn, batch.c.reading_id, reading_ids),
            entry.c.batch_id == batch.c.id,
            account.c.kind == kinds.CLEARING,
        )
        .subquery()
    )
    of_days = standing.join(
        days, (days.c.account_id == settlement.c.account_id) & (days.c.value_date == settlement.c.day)
    ).where(settlement.c.item_id == 0)
    found: set[int] = set()
    for query in (
        standing.where(among(conn, settlement.c.line_id, entry_ids)),
        standing.where(_HAS_ITEM, among(conn, settlement.c.item_id, entry_ids)),
        of_days,
    ):
        found |= set(conn.scalars(query))
    return sorted(found, reverse=True)


def _settled(conn: Connection, query: Select[Any]) -> list[Settled]:
    standing = query.where(is_live(settlement.c.entry_id)).order_by(settlement.c.entry_id)
    return [Settled._make(row) for row in conn.execute(standing)]


_SETTLED = (
    select(
        settlement.c.entry_id,
        settlement.c.line_id,
        account.c.code,
        settlement.c.day,
        settlement.c.item_id,
        settlement.c.amount,
        settlement.c.how,
        settlement.c.vendor,
        settlement.c.rule,
        entry.c.value_date,
    )
    .join_from(settlement, account, account.c.id == settlement.c.account_id)
    .join(entry, entry.c.id == settlement.c.entry_id)
)
