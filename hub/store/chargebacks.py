"""Finding the payment that a charge-back takes back, and what that payment had paid (R9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from hub.errors import HubError
from hub.ledger import kinds
from hub.store.books import Books
from hub.store.differences import Owed, owe_again
from hub.store.entries import Account, Movement
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef, lock_properties, tenancy_of_account
from hub.store.tables import account, entry, posting, suspense
from hub.store.taking_back import Corrector, History, history_of, uses_of

#: A payment's key goes on after the link with this, and no further than ``_AFTER``, the next character.
_MARK = "|"
_AFTER = "}"


class SecondChargebackError(HubError):
    """Every payment that this charge-back could mean has been taken back already."""


class Taken(NamedTuple):
    """A payment to take back; one that a person has matched is taken from the tenancy that it was given to."""

    entry_id: int
    key: str
    own: Account
    #: Whose account that is; None for suspense.
    tenancy: TenancyRef | None
    #: (line id, øre) that it has paid.
    paid: tuple[tuple[int, int], ...]
    #: Øre of it that had paid nothing: credit, or money in suspense.
    unused: int
    #: What was written off beside it because so little was missing, and is owed again.
    differences: tuple[Corrector, ...]


class NoPayment(NamedTuple):
    """There is nothing to take back.

    ``others`` are øre of payments under the same link, of other amounts; ``reversed`` is the payment that is meant, and
    the entry by which a person has taken it back.
    """

    others: tuple[int, ...]
    reversed: tuple[int, int] | None = None


def find_payment(conn: Connection, company_id: int, link: str, amount: int) -> Taken | NoPayment:
    """The earliest payment under ``link`` of ``amount`` øre that is not taken back yet.

    Raises SecondChargebackError where a charge-back of that amount has come before for each of them, be it that it
    came before its payment and was booked without one.
    """
    under_link = _under(conn, company_id, link)
    if not under_link:
        return NoPayment(())
    ids = [row.id for row in under_link]
    payments = [row for row in under_link if row.kind == kinds.PAYMENT]
    wanted = [Corrector(row.id, row.kind, row.key) for row in payments if -row.amount == amount]
    locked: set[int] = set()
    missing = set(ids)
    while missing:
        # Whoever matches, moves or reverses money in suspense locks it too, before looking at what became of it.
        in_suspense = select(suspense.c.entry_id).where(among(conn, suspense.c.entry_id, missing))
        conn.execute(in_suspense.order_by(suspense.c.entry_id).with_for_update()).all()
        locked |= missing
        history = history_of(conn, ids)
        holders = [history.holder_of(one) for one in wanted]
        missing = {one.id for one in holders} - locked
    # What a bank's line was found to settle is no tenancy's and not in suspense: its return is a line of its own.
    settled = {holder.id for holder in holders if history.standing(holder.id, kinds.SETTLEMENT)}
    free = [one for one in holders if history.taken_back_by(one.id) is None and one.id not in settled]
    loose = [
        row
        for row in under_link
        if row.kind == kinds.CHARGEBACK and row.amount == amount and not row.corrects and _waits(history, row)
    ]
    if len(free) > len(loose):
        return taken_of(conn, free[0], history)
    backs = [history.taken_back_by(holder.id) for holder in holders]
    before = [back.key for back in backs if back is not None and back.kind == kinds.CHARGEBACK]
    before += [row.key for row in loose]
    if before:
        raise SecondChargebackError(f"a charge-back of this payment has come before, as {before[-1]}")
    gone = [(one.id, back.id) for one, back in zip(wanted, backs, strict=True) if back is not None]
    return NoPayment(tuple(-row.amount for row in payments), gone[-1] if gone else None)


def taken_of(conn: Connection, holder: Corrector, history: History) -> Taken:
    """All that taking back this entry has to know; the property of the tenancy that has it is locked."""
    own = conn.execute(
        select(account.c.id, account.c.code)
        .join_from(posting, account, account.c.id == posting.c.account_id)
        .where(posting.c.entry_id == holder.id, posting.c.seq == 0)
    ).one()
    whose = tenancy_of_account(conn, own.id)
    if whose is not None:
        lock_properties(conn, {whose.property_id})
    use = uses_of(conn, {holder.id: own.code})[holder.id]
    differences = tuple(history.standing(holder.id, kinds.DIFFERENCE))
    return Taken(holder.id, holder.key, Account(*own), whose, use.paid, use.unused, differences)


def take_back_differences(books: Books, taken: Taken, movement: Movement) -> None:
    """What was written off beside a payment is owed again when ``movement`` takes that back."""
    if taken.tenancy is not None:
        owed = (Owed(one, taken.tenancy, movement.value_date, movement.posting_date) for one in taken.differences)
        owe_again(books, list(owed))


def _waits(history: History, row: Any) -> bool:
    """Whether a charge-back that came before its payment still stands, wherever a person has put it, and took none."""
    holder = history.holder_of(Corrector(row.id, row.kind, row.key))
    return history.taken_back_by(holder.id) is None and not history.took_payment(holder.id)


def _under(conn: Connection, company_id: int, link: str) -> Sequence[Any]:
    """Payments and charge-backs of the company whose keys begin with ``link``."""
    return conn.execute(
        select(entry.c.id, entry.c.key, entry.c.kind, entry.c.corrects, posting.c.amount)
        .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .where(
            entry.c.key > link + _MARK,
            entry.c.key < link + _AFTER,
            entry.c.kind.in_((kinds.PAYMENT, kinds.CHARGEBACK)),
            account.c.company_id == company_id,
        )
        .order_by(entry.c.id)
    ).all()
