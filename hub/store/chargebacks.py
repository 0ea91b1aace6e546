"""Finding the payment that a charge-back takes back, and what that payment had paid (R9)."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select, union_all

from hub.errors import HubError
from hub.ledger import kinds
from hub.store.books import Account
from hub.store.tables import account, allocation, credit, entry, posting, suspense

#: A payment's key goes on after the link with this, and no further than ``_AFTER``, the next character.
_MARK = "|"
_AFTER = "}"


class SecondChargebackError(HubError):
    """Every payment that this charge-back could mean has been taken back already."""


class Taken(NamedTuple):
    """A payment to take back."""

    entry_id: int
    key: str
    own: Account
    #: (line id, øre) that it has paid.
    paid: tuple[tuple[int, int], ...]
    #: Øre that has paid nothing: credit, or money in suspense.
    unused: int


def find_payment(conn: Connection, company_id: int, link: str, amount: int) -> Taken | None:
    """The earliest payment under ``link`` of ``amount`` øre that is not taken back yet; None where there never was one.

    Raises SecondChargebackError where there was, but each has been taken back.
    """
    back = entry.alias("back")
    candidates = conn.execute(
        select(entry.c.id, entry.c.key, account.c.id, account.c.code, back.c.key)
        .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .join(back, (back.c.corrects == entry.c.id) & (back.c.kind == kinds.CHARGEBACK), isouter=True)
        .where(
            entry.c.key > link + _MARK,
            entry.c.key < link + _AFTER,
            entry.c.kind == kinds.PAYMENT,
            account.c.company_id == company_id,
            posting.c.amount == -amount,
        )
        .order_by(entry.c.id)
    ).all()
    if not candidates:
        return None
    for entry_id, key, account_id, code, taken_back_by in candidates:
        if taken_back_by is None:
            paid, unused = _use_of(conn, entry_id, code)
            return Taken(entry_id, key, Account(account_id, code), paid, unused)
    raise SecondChargebackError(f"the payment {candidates[-1][1]} has been charged back already by {candidates[-1][4]}")


def _use_of(conn: Connection, entry_id: int, code: str) -> tuple[tuple[tuple[int, int], ...], int]:
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
