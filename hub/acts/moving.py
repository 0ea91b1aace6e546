"""Money that was booked in the wrong place: taken from there and booked anew, both on the day that it first counted.

The reversal and the new entry go through the same clearing or bank account on the same day, where they come to
nothing. The new entry's key is the reversal's with a mark, by which the history of the money is followed
(hub.store.taking_back).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from hub.acts.act import Acting, judged_text
from hub.acts.holdings import none_overdrawn
from hub.acts.reversals import Why, refuse_taken_back
from hub.acts.undoing import Booked, booked, held_by, undo
from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount
from hub.store.chargebacks import take_back_differences, taken_of
from hub.store.entries import Correction, Movement, Part
from hub.store.lookup import among
from hub.store.match_rules import rule_marked
from hub.store.origins import Payer, payer_of, ways_back
from hub.store.portfolio import TenancyRef, tenancies_of_posted
from hub.store.tables import entry, match_rule, posting
from hub.store.taking_back import History, history_of, moved_key

#: What a tenancy's balance may have of money that came in or went out, and a person may put into suspense; a reversal
#: is that of a charge-back.
MOVABLE = (kinds.PAYMENT, kinds.PAYOUT, kinds.CHARGEBACK, kinds.REVERSAL)

#: What has a payment's money on a tenancy's balance: itself, its match, or the reversal of its charge-back.
_HAS_PAYMENT = (kinds.PAYMENT, kinds.MATCH, kinds.REVERSAL)


class MatchRefusedError(HubError):
    """The money is not in suspense, not that company's, or not a tenancy's."""


def move_to_suspense(acting: Acting, found: Booked, history: History, why: Why) -> dict[str, Any]:
    """Takes an entry from the tenancy's balance and books it anew as nobody's. Raises OverdrawnError."""
    tenancy = found.tenancy
    assert tenancy is not None
    way = ways_back(acting.conn, [found.id])[found.id]
    payer = _payer(acting, way)
    with none_overdrawn(acting, tenancy, found.value_date):
        undone = undo(acting, [found], history, why.reason, why.note, lambda one: one.value_date)[found.id]
    kind = kinds.PAYMENT if found.kind == kinds.REVERSAL else found.kind
    movement = _anew(found, undone.movement, kind, None)._replace(
        customer=payer.customer,
        vendor=payer.vendor,
        reference=payer.reference,
        reason=f"taken from {tenancy.key}: {why.reason}" + (f", {why.note}" if why.note else ""),
    )
    if kind == kinds.PAYMENT:
        movement = movement._replace(corrects=found.id, corrects_key=found.key)
    (entry_id,) = acting.books.post(tenancy.company_id, [movement])
    return {
        "entry": undone.entry_id,
        "reverses": found.id,
        "tenancy": tenancy.key,
        "amount": format_amount(undone.movement.amount),
        "date": undone.movement.value_date,
        "reason": why.reason,
        "payment": entry_id,
    }


def move_out(
    acting: Acting, entry_id: int, ref: TenancyRef, takes_back: int | None, text: str
) -> tuple[dict[str, Any], int]:
    """Takes money that went out for nobody from suspense, and from the tenancy; what to tell, and its entry's id.

    Raises MatchRefusedError.
    """
    found = booked(acting, [entry_id])[entry_id]
    history = history_of(acting.conn, [entry_id])
    why = Why("other", f"matched to {ref.key}")
    undone = undo(acting, [found], history, why.reason, why.note, lambda one: one.value_date)[entry_id]
    movement = _anew(found, undone.movement, found.kind, ref)
    movement = movement._replace(
        text=judged_text(text, "a text") or found.text, reference=payer_of(acting.conn, found.id).reference
    )
    payment = _told(acting, found, ref, takes_back) if takes_back is not None else _found(acting, found, ref)
    if payment is None:
        (moved_id,) = acting.books.post(ref.company_id, [movement])
    else:
        taken = taken_of(acting.conn, payment.as_corrector, history_of(acting.conn, [payment.id]))
        movement = movement._replace(corrects=payment.id, corrects_key=payment.key)
        correction = Correction(movement, taken.own, ref, taken.paid, taken.unused)
        moved_id = acting.books.correct(ref.company_id, correction)
        take_back_differences(acting.books, taken, movement)
    told = {
        "entry": moved_id,
        "payment": entry_id,
        "tenancy": ref.key,
        "amount": format_amount(-movement.amount),
        "date": movement.value_date,
        "takes_back": None if payment is None else payment.id,
    }
    return told, moved_id


def _anew(found: Booked, back: Movement, kind: str, tenancy: TenancyRef | None) -> Movement:
    """What ``back`` has reversed, as it was, on another's account."""
    return Movement(
        kind,
        tenancy,
        -back.amount,
        back.value_date,
        back.posting_date,
        back.contra,
        back.contra_date,
        moved_key(back.key),
        input_hash(found.id, back.amount),
        found.text,
        parts=tuple(Part(on, -amount) for on, amount in found.mirror.parts),
    )


def _payer(acting: Acting, way: Sequence[int]) -> Payer:
    """Who paid, as far as that is known: of the entry that brought the money, or the rule that it was booked by.

    A rule that booked any of it is forgotten: whoever was wrong about this payment is wrong about the next.
    """
    conn = acting.conn
    of_files = (among(conn, entry.c.id, way), entry.c.record.is_not(None))
    texts = conn.execute(select(entry.c.id, entry.c.text).where(*of_files))
    marked = {id_: rule_id for id_, text in texts if (rule_id := rule_marked(text)) is not None}
    whose = tenancies_of_posted(conn, marked.keys())
    payer = payer_of(conn, way[-1])
    for id_, rule_id in marked.items():
        if id_ in whose:
            its = (match_rule.c.id == rule_id, match_rule.c.tenancy_id == whose[id_].id)
            in_use = match_rule.c.forgotten_at.is_(None)
            conn.execute(update(match_rule).where(*its, in_use).values(forgotten_at=acting.now))
            number = conn.execute(select(match_rule.c.customer_key).where(*its)).scalar_one_or_none()
            payer = payer._replace(customer=payer.customer or number or "")
    return payer


def _told(acting: Acting, found: Booked, ref: TenancyRef, payment_id: int) -> Booked:
    """The payment that a person has named. Raises MatchRefusedError, ReversalRefusedError."""
    if found.kind != kinds.CHARGEBACK:
        raise MatchRefusedError(f"entry {found.id} is a payout: it takes no payment back", do="match it as it is")
    held, history = held_by(acting, [payment_id])
    payment = held.get(payment_id)
    if payment is None or payment.tenancy != ref or not payment.on_balance or payment.mirror.amount <= 0:
        raise MatchRefusedError(f"entry {payment_id} is no payment of {ref.key}", do=f"see: hub movements {ref.key}")
    refuse_taken_back(acting, payment, history)
    if payment.mirror.amount != -found.mirror.amount:
        raise MatchRefusedError(
            f"payment {payment_id} is of {format_amount(payment.mirror.amount)}, the charge-back of "
            f"{format_amount(-found.mirror.amount)}",
            why="a charge-back takes a payment back whole",
            do="name another, or none: then it is a debit",
        )
    return payment


def _found(acting: Acting, found: Booked, ref: TenancyRef) -> Booked | None:
    """The tenancy's only payment that a charge-back can mean: of its amount, through its account, before it.

    Also one that a person has given it, whose money came so.
    """
    if found.kind != kinds.CHARGEBACK:
        return None
    conn = acting.conn
    # A debit's mirror is what such a payment has put on the balance.
    has_it = (posting.c.account_id == ref.account_id, posting.c.seq == 0, posting.c.amount == found.mirror.amount)
    held = select(posting.c.entry_id).join(entry, entry.c.id == posting.c.entry_id)
    ways = ways_back(conn, conn.scalars(held.where(*has_it, entry.c.kind.in_(_HAS_PAYMENT))).all())
    came = set(
        conn.scalars(
            select(entry.c.id)
            .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 1))
            .where(
                among(conn, entry.c.id, {way[-1] for way in ways.values()}),
                posting.c.account_id == found.mirror.parts[0].account.id,
                entry.c.kind == kinds.PAYMENT,
                entry.c.value_date <= found.value_date,
            )
        )
    )
    meant = [id_ for id_, way in ways.items() if way[-1] in came]
    history = history_of(conn, meant)
    standing = [id_ for id_ in meant if history.taken_back_by(id_) is None]
    return booked(acting, standing)[standing[0]] if len(standing) == 1 else None
