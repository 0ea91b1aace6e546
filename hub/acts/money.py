"""Money by hand: payments and payouts, into and out of a named holding, and transfers between holdings (R23)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import exists, select

from hub.acts.act import REFERENCE_CHARACTERS_MAX, Acting, judged_text
from hub.acts.holdings import refuse_above, refuse_going_out
from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount
from hub.store.differences import written_off_beside
from hub.store.entries import Account, Movement
from hub.store.portfolio import TenancyRef
from hub.store.tables import allocation


class AmountRefusedError(HubError):
    """An amount that cannot be, or a holding that is none."""


def receive(
    acting: Acting,
    tenancy_key: str,
    amount: int,
    *,
    holding: str = kinds.BALANCE,
    day: date | None = None,
    reference: str = "",
    text: str = "",
) -> dict[str, Any]:
    """``amount`` øre has come in on the bank: it pays what is open, or goes to ``holding``. Default day: today.

    ``written_off`` of what it tells is how little was missing and is not owed any more (R24), None for nothing;
    ``reference_found`` whether ``reference`` named a charge that was open, None where none was asked for.
    """
    tenancy, booked_on = _begun(acting, tenancy_key, amount, day)
    bank = acting.books.shared_account(tenancy.company_id, kinds.BANK, kinds.BANK)
    movement = _movement(
        acting,
        kinds.PAYMENT,
        tenancy,
        -amount,
        booked_on,
        bank,
        text or acting.words(tenancy).payment,
        reference,
    )
    if _named(acting, tenancy, holding) == kinds.BALANCE:
        (entry_id,) = acting.books.post(tenancy.company_id, [movement])
    else:
        entry_id = acting.books.enter(tenancy.company_id, acting.books.holding(tenancy, holding), movement)
    told = _told(entry_id, tenancy, amount, booked_on, to=holding)
    found = _paid_by_reference(acting, entry_id) if reference and holding == kinds.BALANCE else None
    return {**told, "written_off": written_off_beside(acting.conn, entry_id), "reference_found": found}


def _paid_by_reference(acting: Acting, entry_id: int) -> bool:
    its = exists().where(allocation.c.entry_id == entry_id, allocation.c.policy == kinds.BY_REFERENCE)
    found: bool = acting.conn.execute(select(its)).scalar_one()
    return found


def pay_out(
    acting: Acting,
    tenancy_key: str,
    amount: int,
    *,
    holding: str = kinds.BALANCE,
    day: date | None = None,
    text: str = "",
    anyway: bool = False,
) -> dict[str, Any]:
    """``amount`` øre leaves by the bank, of the tenancy's credit or of what ``holding`` has. Raises OverdrawnError.

    Credit that a collection is to pay out already is not paid out by the bank as well, unless ``anyway``.
    """
    tenancy, booked_on = _begun(acting, tenancy_key, amount, day)
    if holding == kinds.BALANCE and not anyway:
        refuse_going_out(acting, tenancy, amount, booked_on)
    bank = acting.books.shared_account(tenancy.company_id, kinds.BANK, kinds.BANK)
    movement = _movement(
        acting,
        kinds.PAYOUT,
        tenancy,
        amount,
        booked_on,
        bank,
        text or acting.words(tenancy).payout,
    )
    return _told(_taken(acting, tenancy, holding, movement), tenancy, amount, booked_on, of=holding)


def transfer(
    acting: Acting,
    tenancy_key: str,
    amount: int,
    *,
    source: str,
    target: str,
    day: date | None = None,
    text: str = "",
) -> dict[str, Any]:
    """``amount`` øre from one holding to another; ``balance`` is the tenancy's own. Raises OverdrawnError."""
    tenancy, booked_on = _begun(acting, tenancy_key, amount, day)
    if _named(acting, tenancy, source) == _named(acting, tenancy, target):
        raise AmountRefusedError(
            f"a transfer from {source!r} to itself",
            where=tenancy.key,
            why="it would move nothing",
            do=f"name two of its holdings, or {kinds.BALANCE} and one; see: hub balance {tenancy.key}",
        )
    text = text or acting.words(tenancy).transferred(source, target)
    if target != kinds.BALANCE:
        to = acting.books.holding(tenancy, target)
        movement = _movement(acting, kinds.TRANSFER, tenancy, amount, booked_on, to, text)
        entry_id = _taken(acting, tenancy, source, movement)
    else:
        refuse_above(acting, tenancy, source, amount, booked_on)
        of = acting.books.holding(tenancy, source)
        movement = _movement(acting, kinds.TRANSFER, tenancy, -amount, booked_on, of, text)
        (entry_id,) = acting.books.post(tenancy.company_id, [movement])
    return _told(entry_id, tenancy, amount, booked_on, of=source, to=target)


def _begun(acting: Acting, tenancy_key: str, amount: int, day: date | None) -> tuple[TenancyRef, date]:
    tenancy = acting.tenancy(tenancy_key)
    if amount <= 0:
        raise AmountRefusedError(
            f"an amount of {format_amount(amount)}",
            where=tenancy.key,
            why="the command says which way the money goes",
            do="give it above zero",
        )
    return tenancy, acting.open_day(acting.company_of(tenancy), day or acting.today(tenancy))


def _named(acting: Acting, tenancy: TenancyRef, holding: str) -> str:
    """Raises AmountRefusedError: a misspelled holding would hide the money."""
    known = (kinds.BALANCE, *acting.company_of(tenancy).known_holdings)
    if holding not in known:
        raise AmountRefusedError(
            f"{holding!r} is no holding of this company", where=tenancy.key, do=f"use one of {', '.join(known)}"
        )
    return holding


def _taken(acting: Acting, tenancy: TenancyRef, source: str, movement: Movement) -> int:
    """Books a debit on what it is taken from, where so much is there; gives the entry's id."""
    own = _named(acting, tenancy, source) == kinds.BALANCE
    refuse_above(acting, tenancy, source, movement.amount, date.fromisoformat(movement.value_date))
    if own:
        (entry_id,) = acting.books.post(tenancy.company_id, [movement])
        return entry_id
    return acting.books.enter(tenancy.company_id, acting.books.holding(tenancy, source), movement)


def _movement(
    acting: Acting,
    kind: str,
    tenancy: TenancyRef,
    amount: int,
    day: date,
    contra: Account,
    text: str,
    reference: str = "",
) -> Movement:
    on = day.isoformat()
    key = acting.entry_key()
    judged_text(text, "a text")
    judged_text(reference, "a reference", REFERENCE_CHARACTERS_MAX)
    # As vendors' files write theirs: the text is where movements, the general ledger and a search find it again.
    text = text if reference in text else f"{text} {reference}"
    return Movement(kind, tenancy, amount, on, on, contra, on, key, input_hash(amount), text, reference=reference)


def _told(entry_id: int, tenancy: TenancyRef, amount: int, day: date, **holdings: str) -> dict[str, Any]:
    said = {"entry": entry_id, "tenancy": tenancy.key, "amount": format_amount(amount), "date": day.isoformat()}
    return {**said, **holdings}
