"""Bank lines that were nobody's, and what people and the hub have said that they are; of payment slips, none (R17)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.ledger import kinds
from hub.store.clearing.bank_lines import BankSaid, bank_lines
from hub.store.lookup import among
from hub.store.tables import account, bank_line, batch, entry, posting, settlement, suspense
from hub.store.taking_back import Corrector, History, history_of

#: The newest: what people said of older ones may not hold any more.
LINES_MAX = 5_000
_EXPLAINS = (kinds.MATCH, kinds.SETTLEMENT)


class ExplainedLine(NamedTuple):
    """A line that somebody has explained at least once."""

    said: BankSaid
    #: Code of the account that all of it went to and is on; None = to several, or it was taken back from one.
    target: str | None
    #: Whether a person said so, rather than the hub or a rule.
    by_person: bool
    #: The last entry that explained it, and whoever did that.
    entry: int
    actor: str


class _Where(NamedTuple):
    code: str
    actor: str


def explained_lines(conn: Connection) -> list[ExplainedLine]:
    """The newest first."""
    query = (
        select(suspense.c.entry_id, suspense.c.remaining, entry.c.kind, entry.c.key)
        .join_from(bank_line, suspense, suspense.c.entry_id == bank_line.c.entry_id)
        .join(entry, entry.c.id == suspense.c.entry_id)
        .where(bank_line.c.creditor == "", bank_line.c.payment_id == "")
        .order_by(suspense.c.entry_id.desc())
        .limit(LINES_MAX)
    )
    rows = conn.execute(query).all()
    history = history_of(conn, [row.entry_id for row in rows])
    explaining = {row.entry_id: list(_explaining(history, row.entry_id)) for row in rows}
    some = {one.id for ones in explaining.values() for one in ones}
    if not some:
        return []
    said = bank_lines(conn, [id_ for id_, ones in explaining.items() if ones])
    places = _places(conn, some)
    by_hub = set(
        conn.scalars(
            select(settlement.c.entry_id).where(among(conn, settlement.c.entry_id, some), settlement.c.how != "person")
        )
    )
    found = []
    for row in rows:
        ones = explaining[row.entry_id]
        if not ones or _is_gone(history, row.entry_id):
            continue
        last = ones[-1]
        alone = len(ones) == 1 and not row.remaining and history.taken_back_by(last.id) is None
        where = places[last.id]
        target = where.code if alone else None
        found.append(ExplainedLine(said[row.entry_id], target, last.id not in by_hub, last.id, where.actor))
    return found


def _explaining(history: History, line_id: int) -> Iterator[Corrector]:
    """Entries that said what a line is, standing or not; of money that went out, it was booked anew on a tenancy."""
    for one in history.of(line_id):
        if one.kind in _EXPLAINS:
            yield one
        elif one.kind == kinds.REVERSAL and (moved := history.moved_by(one.id)) is not None:
            yield moved


def _is_gone(history: History, line_id: int) -> bool:
    """Whether its file was reversed: then it says nothing of what such a line is."""
    back = history.taken_back_by(line_id)
    return back is not None and back.kind == kinds.REVERSAL and history.moved_by(back.id) is None


def _places(conn: Connection, entry_ids: Collection[int]) -> dict[int, _Where]:
    rows = conn.execute(
        select(entry.c.id, account.c.code, batch.c.actor)
        .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .where(among(conn, entry.c.id, entry_ids))
    )
    return {id_: _Where(code, actor) for id_, code, actor in rows}
