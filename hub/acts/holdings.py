"""What an act may take from a holding, and from a tenancy's own credit (R23)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from sqlalchemy import func, select

from hub.acts.act import Acting
from hub.errors import HubError
from hub.ledger import kinds
from hub.money import format_amount
from hub.store.collecting.answers import open_payouts
from hub.store.holdings import holdings_among
from hub.store.portfolio import TenancyRef
from hub.store.positions import NOTHING
from hub.store.tables import allocation, charge, charge_line, credit, entry, posting
from hub.store.views.balances import least_held

#: Charges that one refusal names.
TOLD_MAX = 5


class OverdrawnError(HubError):
    """More would be taken than is held or in credit."""


def held(acting: Acting, tenancy: TenancyRef, name: str, day: date) -> int:
    """Øre that may be taken from a holding on ``day``: the least that it has then or on any day after it.

    A charge for it fills it on the day that its payment counts, however early that was booked (R10).
    """
    return least_held(acting.conn, tenancy, day).get(name, 0)


def in_credit(acting: Acting, tenancy: TenancyRef, day: date) -> int:
    """Øre of the tenancy's own credit on ``day``: what is free of it, and no more than its balance then or later.

    Money that comes later is not ours to give back yet, and what it has paid already is owed until it comes.
    """
    free = (
        select(func.coalesce(func.sum(credit.c.remaining), 0))
        .join_from(credit, entry, entry.c.id == credit.c.entry_id)
        .where(credit.c.tenancy_id == tenancy.id, credit.c.remaining > NOTHING, entry.c.value_date <= day)
    )
    return min(int(acting.conn.execute(free).scalar_one()), _least_credit(acting, tenancy.account_id, day))


def _least_credit(acting: Acting, account_id: int, day: date) -> int:
    """The least that an account is in credit with at the end of ``day`` or of any day after it; below zero: in debt."""
    days = acting.conn.execute(
        select(posting.c.value_date, func.sum(posting.c.amount))
        .where(posting.c.account_id == account_id)
        .group_by(posting.c.value_date)
        .order_by(posting.c.value_date)
    ).all()
    so_far = -sum(int(amount) for on, amount in days if on <= day)
    least = so_far
    for _, amount in (one for one in days if one[0] > day):
        so_far -= int(amount)
        least = min(least, so_far)
    return least


def refuse_above(acting: Acting, tenancy: TenancyRef, name: str, amount: int, day: date) -> None:
    """Of holding ``name``, or of the tenancy's own credit for ``balance``. Raises OverdrawnError."""
    own = name == kinds.BALANCE
    available = in_credit(acting, tenancy, day) if own else held(acting, tenancy, name, day)
    if amount <= available:
        return
    what = "the tenancy has in credit" if own else f"holding {name!r} has"
    why, do = "what is charged and not paid is not held, nor is what leaves on a day after it (R10, R23)", ""
    if own:
        why = "no more may leave than is in credit on that day and on every day after it (R10)"
        if used := _used_later(acting, tenancy, day):
            why = f"credit has paid already what counts only later: {used}"
            do = f"take that back first where it is wrong, see: hub movements {tenancy.key}"
    raise OverdrawnError(
        f"{format_amount(amount)} is more than the {format_amount(max(available, 0))} that {what} from {day} on",
        where=tenancy.key,
        why=why,
        do=do or f"see: hub balance {tenancy.key} --as-of {day}",
    )


def _used_later(acting: Acting, tenancy: TenancyRef, day: date) -> str:
    """What has used credit of ``day`` and is due only after it, oldest first; "" for nothing.

    A charge uses credit when it is made, however far off it is due.
    """
    act, money = entry.alias("act"), entry.alias("money")
    used = func.sum(allocation.c.amount)
    rows = acting.conn.execute(
        select(charge.c.reference, act.c.id, act.c.kind, charge.c.due_date, used)
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .join(act, act.c.id == charge.c.entry_id)
        .join(allocation, allocation.c.line_id == charge_line.c.id)
        .join(money, money.c.id == allocation.c.payment_id)
        .where(charge.c.tenancy_id == tenancy.id, charge_line.c.value_date > day, money.c.value_date <= day)
        .group_by(charge.c.id, charge.c.reference, act.c.id, act.c.kind, charge.c.due_date)
        .having(used > 0)
        .order_by(charge.c.due_date, charge.c.id)
    ).all()
    told = []
    for reference, id_, kind, due, ore in rows[:TOLD_MAX]:
        named = f"charge {reference!r}" if kind == kinds.CHARGE else f"{kind} {id_}"
        told.append(f"{named} due {due} with {format_amount(int(ore))}")
    more = [f"{len(rows) - TOLD_MAX} more"] if len(rows) > TOLD_MAX else []
    return ", ".join(told + more)


def refuse_going_out(acting: Acting, tenancy: TenancyRef, amount: int, day: date) -> None:
    """Raises OverdrawnError for credit that the vendor is to pay out and has not answered for."""
    going = open_payouts(acting.conn, [tenancy.id]).get(tenancy.id, 0)
    credit_then = in_credit(acting, tenancy, day)
    if going and credit_then - going < amount <= credit_then:
        raise OverdrawnError(
            f"{format_amount(going)} of the {format_amount(credit_then)} in credit is to be paid out by a collection",
            where=tenancy.key,
            why="paid out by the bank too, the tenant would have it twice",
            do="wait for the vendor's answer, see: hub collections list; or --anyway, where the vendor will not pay it",
        )


@contextmanager
def none_overdrawn(acting: Acting, tenancy: TenancyRef | None, day: date) -> Iterator[None]:
    """An act by hand that takes back or credits from ``day`` on; None = nobody's money.

    Raises OverdrawnError where it has left a holding with less than nothing on that day or on any day after it, which
    it was not before. A credit note or reversal of a charge takes from the holding itself; the reversal of a payment
    opens again the charge that had filled it. What fills the holding again only later is not there yet (R10, R23).
    """
    before = _least(acting, tenancy, day)
    yield
    _refuse_less(_least(acting, tenancy, day), before)


def _least(acting: Acting, tenancy: TenancyRef | None, day: date) -> dict[tuple[str, str], int]:
    if tenancy is None:
        return {}
    return {(tenancy.key, name): ore for name, ore in least_held(acting.conn, tenancy, day).items()}


def all_held(acting: Acting, tenancies: Iterable[TenancyRef]) -> dict[tuple[str, str], int]:
    """Øre of every holding by tenancy's key and name, when all has come, with what this act has done to it so far."""
    keys = {tenancy.id: tenancy.key for tenancy in tenancies}
    return {
        (keys[tenancy_id], one.name): one.held - acting.books.pending(one.account_id)
        for tenancy_id, found in holdings_among(acting.conn, keys.keys()).items()
        for one in found
    }


def refuse_overdrawn(acting: Acting, tenancies: Iterable[TenancyRef], before: Mapping[tuple[str, str], int]) -> None:
    """After a file was taken back: raises OverdrawnError where that has left a holding with less than nothing.

    ``before`` is what :func:`all_held` gave before it. A file is taken back on its own days, of thousands of tenancies
    at a time: on one of those days a holding may be below zero, at the end it is not.
    """
    _refuse_less(all_held(acting, tenancies), before)


def _refuse_less(after: Mapping[tuple[str, str], int], before: Mapping[tuple[str, str], int]) -> None:
    for (tenancy_key, name), ore in after.items():
        if ore < 0 and ore < before.get((tenancy_key, name), 0):
            raise OverdrawnError(
                f"holding {name!r} would be left with {format_amount(ore)}",
                where=tenancy_key,
                why="it has been paid out, moved, or settled by a result already, or is filled only later (R10, R23)",
                do="take back that payout, transfer or result first",
            )
