"""What the rules of ``hub verify`` are written with: a query gives the rows that break one, and each is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Row, Select, func, literal_column, select

from hub.money import format_amount
from hub.store.tables import account, entry, posting

#: Rows fetched at once of an answer that may be of any length.
_IN_PARTS = {"yield_per": 2_000}

#: An entry with its own posting, the first one: on a tenancy's receivable or on suspense.
OWN = (
    select(
        entry.c.id,
        entry.c.key,
        entry.c.kind,
        entry.c.corrects,
        entry.c.batch_id,
        posting.c.amount,
        account.c.id.label("account_id"),
        account.c.company_id,
        account.c.code,
        account.c.kind.label("account_kind"),
    )
    # Written into the statement: beside it, SQLite would read all postings where it is to find those of a few entries.
    .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == literal_column("0")))
    .join(account, account.c.id == posting.c.account_id)
)


def told_by(
    conn: Connection, query: Select[Any] | CompoundSelect[Any], told: Callable[[Row[Any]], str]
) -> Iterator[str]:
    """A sentence a row of ``query``."""
    for row in conn.execute(query, execution_options=_IN_PARTS):
        yield told(row)


def zero(amount: Any) -> Any:
    """NULL as nothing."""
    return func.coalesce(amount, 0)


def kr(ore: Any) -> str:
    """Øre as text; PostgreSQL sums bigint to numeric. What is no number, which SQLite lets anybody write, as it is."""
    return repr(ore) if isinstance(ore, str | bytes) else format_amount(int(ore))
