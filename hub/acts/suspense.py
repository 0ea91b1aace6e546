"""Money that was nobody's: a person says whose it is, and may take that back or have it remembered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, select, update

from hub.acts.act import Acting, judged_text
from hub.acts.reversals import Why, reverse
from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount
from hub.store import bulk
from hub.store.charges import charge_of
from hub.store.entries import Movement
from hub.store.match_rules import CUSTOMER_CHARACTERS_MAX
from hub.store.portfolio import TenancyRef, customer_key
from hub.store.tables import company, customer_number, entry, match_rule, suspense, tenancy
from hub.store.taking_back import history_of


class MatchRefusedError(HubError):
    """The money is not in suspense, or not that company's."""


def match(
    acting: Acting, payment_id: int, tenancy_key: str, *, charge: str = "", remember: bool = False, text: str = ""
) -> dict[str, Any]:
    """Gives money in suspense to a tenancy of the same company: it pays ``charge`` first, then as any payment.

    It counts from the day that it was paid; where that lies in a closed period it is posted on the first open day, as
    the payment itself was (R22). With ``remember``, money under the same customer number is that tenancy's from now on.
    Raises MatchRefusedError, NoChargeError.
    """
    ref = acting.tenancy(tenancy_key)
    row = _waiting(acting, payment_id, ref)
    reference = charge_of(acting.conn, ref, charge).reference if charge else row.reference
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
        input_hash(payment_id, amount),
        judged_text(text, "a text") or acting.word(ref, "Indbetaling", "Inbetalning"),
        reference=reference,
        corrects=payment_id,
        corrects_key=row.key,
    )
    (entry_id,) = acting.books.post(ref.company_id, [movement])[:1]
    bulk.add_amounts(acting.conn, suspense.c.remaining, {payment_id: -amount})
    result = {
        "entry": entry_id,
        "payment": payment_id,
        "tenancy": ref.key,
        "amount": format_amount(amount),
        "date": on,
    }
    return {**result, "rule": _remember(acting, ref, row.customer, entry_id)} if remember else result


def unmatch(acting: Acting, entry_id: int, why: Why) -> dict[str, Any]:
    """Puts matched money back into suspense; ``entry_id`` is the match's or the payment's. Raises MatchRefusedError."""
    row = acting.conn.execute(select(entry.c.kind).where(entry.c.id == entry_id)).one_or_none()
    if row is not None and row.kind == kinds.MATCH:
        return reverse(acting, entry_id, why)
    standing = history_of(acting.conn, [entry_id]).standing(entry_id, kinds.MATCH)
    if not standing:
        raise MatchRefusedError(f"entry {entry_id} is no match, and no payment that is matched")
    return reverse(acting, standing[0].id, why)


def forget(acting: Acting, rule_id: int) -> dict[str, Any]:
    """A remembered match is used no more. Raises MatchRefusedError."""
    query = update(match_rule).where(match_rule.c.id == rule_id, match_rule.c.forgotten_at.is_(None))
    if not acting.conn.execute(query.values(forgotten_at=acting.now)).rowcount:
        raise MatchRefusedError(f"there is no rule {rule_id} in use", do="see: hub rules list")
    return {"rule": rule_id, "forgotten": True}


def _waiting(acting: Acting, payment_id: int, ref: TenancyRef) -> Row[Any]:
    """The money in suspense, locked, where it may be given to this tenancy. Raises MatchRefusedError."""
    # Nobody else gives it away meanwhile.
    row = acting.conn.execute(
        select(suspense, entry.c.value_date, entry.c.key, company.c.number)
        .join_from(suspense, entry, entry.c.id == suspense.c.entry_id)
        .join(company, company.c.id == suspense.c.company_id)
        .where(suspense.c.entry_id == payment_id)
        .with_for_update(of=suspense)
    ).one_or_none()
    if row is None:
        raise MatchRefusedError(f"payment {payment_id} was never in suspense", do="see: hub unmatched")
    if row.remaining == 0:
        raise MatchRefusedError(
            f"payment {payment_id} is in suspense no more",
            why=_where_it_went(acting, payment_id),
            do="see: hub unmatched",
        )
    if row.company_id != ref.company_id:
        raise MatchRefusedError(
            f"payment {payment_id} is company {row.number}'s and {ref.key} another's",
            why="money never moves between companies (R7)",
            do="have it paid back, and paid to the right company",
        )
    if row.remaining < 0:
        raise MatchRefusedError(
            f"payment {payment_id} is {format_amount(row.remaining)}: money that was paid out",
            why="a match gives a tenancy money that came in",
            do="ask the vendor whose it was; until then it stays listed by hub unmatched",
        )
    return row


def _where_it_went(acting: Acting, payment_id: int) -> str:
    history = history_of(acting.conn, [payment_id])
    gone = history.match_of(payment_id) or history.taken_back_by(payment_id)
    return "" if gone is None else f"it went with {gone.kind} {gone.id}"


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
