"""Finding the payment that a charge-back takes back, and what that payment had paid (R9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, union_all

from hub.errors import HubError
from hub.ledger import kinds
from hub.store.books import Account
from hub.store.tables import account, allocation, credit, entry, posting, suspense, tenancy

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
    #: Whose account that is; None for suspense.
    tenancy_id: int | None
    #: (line id, øre) that it has paid.
    paid: tuple[tuple[int, int], ...]
    #: Øre of it that had paid nothing: credit, or money in suspense.
    unused: int


class NoPayment(NamedTuple):
    """There is nothing to take back; ``others`` are øre of payments under the same link, of other amounts."""

    others: tuple[int, ...]


def find_payment(conn: Connection, company_id: int, link: str, amount: int) -> Taken | NoPayment:
    """The earliest payment under ``link`` of ``amount`` øre that is not taken back yet.

    Raises SecondChargebackError where a charge-back of that amount has come before for each of them, be it that it
    came before its payment and was booked without one.
    """
    under_link = _under(conn, company_id, link)
    payments = [row for row in under_link if row.kind == kinds.PAYMENT]
    free = [row for row in payments if -row.amount == amount and row.taken_back_by is None]
    loose = [row for row in under_link if row.kind == kinds.CHARGEBACK and row.amount == amount and not row.corrects]
    if len(free) > len(loose):
        row = free[0]
        paid, unused = _use_of(conn, row.id, row.code)
        return Taken(row.id, row.key, Account(row.account_id, row.code), row.tenancy_id, paid, unused)
    before = [row.taken_back_by for row in payments if -row.amount == amount and row.taken_back_by]
    before += [row.key for row in loose]
    if before:
        raise SecondChargebackError(f"a charge-back of this payment has come before, as {before[-1]}")
    return NoPayment(tuple(-row.amount for row in payments))


def _under(conn: Connection, company_id: int, link: str) -> Sequence[Any]:
    """Payments and charge-backs of the company whose keys begin with ``link``."""
    back = entry.alias("back")
    return conn.execute(
        select(
            entry.c.id,
            entry.c.key,
            entry.c.kind,
            entry.c.corrects,
            posting.c.account_id,
            posting.c.amount,
            account.c.code,
            tenancy.c.id.label("tenancy_id"),
            back.c.key.label("taken_back_by"),
        )
        .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .join(tenancy, tenancy.c.account_id == account.c.id, isouter=True)
        .join(back, (back.c.corrects == entry.c.id) & (back.c.kind == kinds.CHARGEBACK), isouter=True)
        .where(entry.c.key > link + _MARK, entry.c.key < link + _AFTER, account.c.company_id == company_id)
        .order_by(entry.c.id)
    ).all()


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
