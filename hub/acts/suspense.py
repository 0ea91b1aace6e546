"""Money that was nobody's: a person says whose it is, and may take that back or have it remembered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, select, update

from hub.acts.act import Acting, judged_text
from hub.acts.moving import MOVABLE, MatchRefusedError, move_out, move_to_suspense
from hub.acts.reversals import Why, refuse_taken_back, undone_alone
from hub.acts.undoing import held_by
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount
from hub.store import bulk
from hub.store.charges import charge_of
from hub.store.collecting.matching import add_results, answered_by_suspense, collection_of
from hub.store.differences import written_off_beside
from hub.store.entries import Movement
from hub.store.match_rules import CUSTOMER_CHARACTERS_MAX
from hub.store.portfolio import TenancyRef, customer_key
from hub.store.tables import account, company, customer_number, entry, match_rule, posting, suspense, tenancy


def match(
    acting: Acting,
    payment_id: int,
    tenancy_key: str,
    *,
    charge: str = "",
    takes_back: int | None = None,
    remember: bool = False,
    text: str = "",
) -> dict[str, Any]:
    """Gives money in suspense to a tenancy of the same company: it pays ``charge`` first, then as any payment.

    It counts from the day that it was paid; where that lies in a closed period it is posted on the first open day, as
    the payment itself was (R22). Money that went out is taken from the tenancy: a charge-back takes back the payment
    ``takes_back``, or the only one that it can mean, else it is a debit (R9). With ``remember``, money under the same
    customer number is that tenancy's from now on. Raises MatchRefusedError, NoChargeError.
    """
    ref = acting.tenancy(tenancy_key)
    row = _waiting(acting, payment_id, ref)
    if row.remaining < 0:
        if charge:
            raise MatchRefusedError("money that went out pays no charge", do="match it without --charge")
        result, entry_id = _take(acting, row, ref, takes_back, text)
    else:
        if takes_back is not None:
            raise MatchRefusedError("money that came in takes no payment back", do="match it without --takes-back")
        result, entry_id = _give(acting, row, ref, charge, text)
    return {**result, "rule": _remember(acting, ref, row.customer, entry_id)} if remember else result


def _take(
    acting: Acting, row: Row[Any], ref: TenancyRef, takes_back: int | None, text: str
) -> tuple[dict[str, Any], int]:
    """The match of money that went out; what to tell of it, and its entry's id.

    Where it answers a collection of the tenancy, it does so now; a charge-back answers what its payment did.
    """
    if row.remaining != row.amount:
        raise MatchRefusedError(
            f"of payment {row.entry_id} only {format_amount(row.remaining)} is left",
            why="money that went out is taken from a tenancy whole",
            do="first take back what was settled of it: hub reverse ENTRY",
        )
    named = answered_by_suspense(acting.conn, ref, row.entry_id, row.reference)
    result, entry_id = move_out(acting, row.entry_id, ref, takes_back, text)
    answered = None if named is None else named.id
    if result["takes_back"] is not None:
        answered = collection_of(acting.conn, result["takes_back"])
    if answered is not None:
        add_results(acting.conn, [(entry_id, answered)])
    return result, entry_id


def _give(acting: Acting, row: Row[Any], ref: TenancyRef, charge: str, text: str) -> tuple[dict[str, Any], int]:
    """The match of money that came in; what to tell of it, and its entry's id.

    Where it answers a collection of the tenancy, it does so now; ``charge`` says what it pays in place of that.
    """
    reference = charge_of(acting.conn, ref, charge).reference if charge else row.reference
    answered = answered_by_suspense(acting.conn, ref, row.entry_id, row.reference)
    amount = row.remaining
    posted = acting.first_open_day(acting.company_of(ref), row.value_date)
    on = row.value_date.isoformat()
    movement = Movement(
        kinds.MATCH,
        ref,
        -amount,
        on,
        posted.isoformat(),
        acting.books.shared_account(ref.company_id, kinds.SUSPENSE, kinds.SUSPENSE),
        on,
        acting.entry_key(),
        input_hash(row.entry_id, amount),
        judged_text(text, "a text") or acting.words(ref).payment,
        reference=reference,
        demanded=answered.lines if answered is not None and not charge else (),
        corrects=row.entry_id,
        corrects_key=row.key,
    )
    (entry_id,) = acting.books.post(ref.company_id, [movement])
    if answered is not None:
        add_results(acting.conn, [(entry_id, answered.id)])
    bulk.add_amounts(acting.conn, suspense.c.remaining, {row.entry_id: -amount})
    result = {
        "entry": entry_id,
        "payment": row.entry_id,
        "tenancy": ref.key,
        "amount": format_amount(amount),
        "date": on,
        "written_off": written_off_beside(acting.conn, entry_id),
    }
    return result, entry_id


def unmatch(acting: Acting, entry_id: int, why: Why) -> dict[str, Any]:
    """Takes money from the tenancy that has it and puts it into suspense, as if it had never been the tenancy's.

    ``entry_id`` is the payment's, its match's, or that of anything that has had the money since. What it had paid is
    open again from the day that it was paid. The rule that had booked it, or was made with it, is forgotten.
    ``payment`` of what it tells is what ``hub match`` takes. Raises MatchRefusedError, ReversalRefusedError.
    """
    why.check()
    held, history = held_by(acting, [entry_id])
    if entry_id not in held:
        raise MatchRefusedError(f"there is no entry {entry_id}", do="see: hub movements TENANCY")
    found = held[entry_id]
    refuse_taken_back(acting, found, history)
    if found.kind == kinds.MATCH:
        said = undone_alone(acting, found, history, why, found.value_date)
        return {**said, "payment": found.corrects}
    if found.mirror.own.code == kinds.SUSPENSE:
        raise MatchRefusedError(
            f"entry {entry_id} is in suspense: no tenancy has its money", do=f"hub match {found.id} TENANCY"
        )
    if not found.on_balance or found.kind not in MOVABLE:
        raise MatchRefusedError(
            f"entry {entry_id} is a {found.kind.replace('_', ' ')}: no payment that a tenancy's balance has",
            do=f"to take it back: hub reverse {found.id}",
        )
    return move_to_suspense(acting, found, history, why)


def forget(acting: Acting, rule_id: int) -> dict[str, Any]:
    """A remembered match is used no more. Raises MatchRefusedError."""
    query = update(match_rule).where(match_rule.c.id == rule_id, match_rule.c.forgotten_at.is_(None))
    if not acting.conn.execute(query.values(forgotten_at=acting.now)).rowcount:
        raise MatchRefusedError(f"there is no rule {rule_id} in use", do="see: hub rules list")
    return {"rule": rule_id, "forgotten": True}


def _waiting(acting: Acting, payment_id: int, ref: TenancyRef) -> Row[Any]:
    """The money in suspense, locked, where it may be given to this tenancy. Raises MatchRefusedError.

    A payment that a person has put there since, or whose charge-back was reversed there, goes by its own number too.
    """
    held, history = held_by(acting, [payment_id])
    holder_id = held[payment_id].id if payment_id in held else payment_id
    row = acting.conn.execute(
        select(suspense, entry.c.value_date, entry.c.key, company.c.id.label("owner_id"), company.c.number)
        .join_from(suspense, entry, entry.c.id == suspense.c.entry_id)
        # By the account that the money is on: it never leaves that one's company, whatever is said beside it.
        .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .join(company, company.c.id == account.c.company_id)
        .where(suspense.c.entry_id == holder_id)
    ).one_or_none()
    if row is None or row.remaining == 0:
        if settled := history.standing(holder_id, kinds.SETTLEMENT):
            raise MatchRefusedError(
                f"payment {payment_id} is in suspense no more: entry {settled[-1].id} says what the bank's line is",
                do=f"where that is wrong, first: hub reverse {settled[-1].id}",
            )
        holder = held.get(payment_id)
        if holder is not None and holder.tenancy is not None and history.taken_back_by(holder.id) is None:
            went = f"it went with {holder.kind} {holder.id}" if holder.id != payment_id else ""
            raise MatchRefusedError(
                f"payment {payment_id} is in suspense no more" if went else f"payment {payment_id} is not in suspense",
                why=went or f"{holder.tenancy.key} has it",
                do=f"to put it there: hub unmatch {payment_id}",
            )
        back = history.taken_back_by(holder_id)
        raise MatchRefusedError(
            f"payment {payment_id} is in suspense no more" if back else f"there is no payment {payment_id} in suspense",
            why=f"it was taken back by {back.kind} {back.id}" if back else "",
            do="see: hub unmatched",
        )
    if row.owner_id != ref.company_id:
        raise MatchRefusedError(
            f"payment {payment_id} is company {row.number}'s and {ref.key} another's",
            why="money never moves between companies (R7)",
            do="have it paid back, and paid to the right company",
        )
    return row


def _remember(acting: Acting, ref: TenancyRef, customer: str, entry_id: int) -> int:
    """Raises MatchRefusedError where the payer gave no number, or the number is somebody's already (R15)."""
    # One at a time: two rules for one number would be one too many.
    acting.conn.execute(select(company.c.id).where(company.c.id == ref.company_id).with_for_update(key_share=True))
    key = customer_key(customer)
    if not key:
        raise MatchRefusedError(
            "there is nothing to remember: the payer gave no customer number", do="match it without --remember"
        )
    if len(key) > CUSTOMER_CHARACTERS_MAX:
        raise MatchRefusedError(f"customer number {customer!r} is longer than {CUSTOMER_CHARACTERS_MAX} characters")
    owner = acting.conn.execute(
        select(tenancy.c.key).where(tenancy.c.company_id == ref.company_id, tenancy.c.customer_key == key)
    ).scalar_one_or_none()
    if owner is not None:
        raise MatchRefusedError(f"customer number {customer!r} is {owner}'s", why="the portfolio says so (R15)")
    former = acting.conn.execute(
        select(tenancy.c.key)
        .join(customer_number, customer_number.c.tenancy_id == tenancy.c.id)
        .where(
            customer_number.c.company_id == ref.company_id,
            customer_number.c.customer_key == key,
            customer_number.c.tenancy_id != ref.id,
        )
    ).scalar_one_or_none()
    if former is not None:
        raise MatchRefusedError(
            f"customer number {customer!r} was {former}'s",
            why="a number once used is never given again (R15)",
            do="match it without --remember",
        )
    known = (match_rule.c.company_id == ref.company_id, match_rule.c.customer_key == key)
    acting.conn.execute(
        update(match_rule).where(*known, match_rule.c.forgotten_at.is_(None)).values(forgotten_at=acting.now)
    )
    values = {"company_id": ref.company_id, "customer_key": key, "tenancy_id": ref.id, "entry_id": entry_id, "uses": 0}
    made = insert(match_rule).values(**values, at=acting.now, actor=acting.actor).returning(match_rule.c.id)
    rule_id: int = acting.conn.execute(made).scalar_one()
    return rule_id
