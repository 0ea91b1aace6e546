"""One payment, two witnesses (R17): slips that the bank shows beside the file that books them, and payments seen again.

A tenant's real second payment is never swallowed: what could be more than one payment waits for a person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.money import format_amount
from hub.reconciling.settling import Run, Target, settle
from hub.store.clearing import witnesses
from hub.store.clearing.items import clearing_accounts, open_days
from hub.store.clearing.lines import OpenLine
from hub.store.clearing.settlements import settlements_of_day
from hub.store.clearing.slip_payments import SlipPayment, unsettled
from hub.store.tables import witness


def confirm_witnesses(run: Run) -> int:
    """Lays each payment that was seen a second time beside the one that is booked, where only one can be meant."""
    acting = run.acting
    conn = acting.conn
    seen = select(witness.c.id).where(witness.c.company_id == run.company_id, witness.c.entry_id.is_(None))
    # Whoever confirms at the same time has done so before we look.
    conn.execute(seen.order_by(witness.c.id).with_for_update()).all()
    waiting = witnesses.open_witnesses(conn, [run.company_id])
    if not waiting:
        return 0
    candidates = witnesses.candidates_for(conn, waiting)
    pairs = witnesses.unique_pairs(candidates, waiting)
    witnesses.confirm(conn, pairs, actor=acting.actor, at=acting.now)
    counts = {one.id: len(candidates.get(one.id, ())) for one in waiting if one.id not in pairs}
    known = {one.id: one.candidates for one in waiting}
    witnesses.note_candidates(conn, {id_: count for id_, count in counts.items() if count != known[id_]})
    return len(pairs)


def settle_slips(run: Run, lines: Sequence[OpenLine]) -> None:
    """Slip money of a creditor whose slips another instance books goes to the clearing account of that payment."""
    conn = run.acting.conn
    meant = {
        entry_id: [one.payment for one in found if not one.why_not]
        for entry_id, found in slip_candidates(conn, run.company_id, lines).items()
    }
    wanted = Counter(payment.entry_id for payments in meant.values() for payment in payments)
    certain = [
        (line, payments[0])
        for line in lines
        if len(payments := meant.get(line.entry_id, [])) == 1 and wanted[payments[0].entry_id] == 1
    ]
    left = _left_of_days(conn, run.company_id, [payment for _, payment in certain])
    for line, payment in certain:
        of_day = (payment.clearing.id, payment.day)
        if of_day in left:
            if left[of_day] < payment.amount:
                continue
            left[of_day] -= payment.amount
        settle(run, line, Target(payment.clearing, payment.day, payment.entry_id), "slip")


class SlipFit(NamedTuple):
    """A payment with the id and amount of a slip line."""

    payment: SlipPayment
    #: What speaks against it; "" = nothing.
    why_not: str


def slip_candidates(conn: Connection, company_id: int, lines: Collection[OpenLine]) -> dict[int, tuple[SlipFit, ...]]:
    """By the entry of each slip line, the payments that it may be; lines without any are left out.

    Same payment id and amount. Another booking day speaks against it, and another archive reference where both have
    one; so does a line that has settled the whole day, this payment with it. The nearest day first.
    """
    by_slip: defaultdict[tuple[str, int], list[SlipPayment]] = defaultdict(list)
    ids = {line.payment_id for line in lines if line.payment_id}
    if not ids:
        return {}
    payments = unsettled(conn, company_id, ids)
    for payment in payments:
        by_slip[payment.payment_id, payment.amount].append(payment)
    found = {
        line.entry_id: alike
        for line in lines
        if line.payment_id and (alike := by_slip.get((line.payment_id, line.amount)))
    }
    left = _left_of_days(conn, company_id, [payment for alike in found.values() for payment in alike])
    return {
        line.entry_id: tuple(
            SlipFit(payment, _why_not(payment, line, left))
            for payment in sorted(found[line.entry_id], key=lambda one: abs((one.day - line.booking_date).days))
        )
        for line in lines
        if line.entry_id in found
    }


def _why_not(payment: SlipPayment, line: OpenLine, left: Mapping[tuple[int, date], int]) -> str:
    if payment.day != line.booking_date:
        return f"it was booked on {payment.day} (R17)"
    if payment.reference and line.servicer_reference and payment.reference != line.servicer_reference:
        return f"its archive reference is {payment.reference}, the bank's {line.servicer_reference} (R17)"
    of_day = left.get((payment.clearing.id, payment.day), payment.amount)
    if of_day < payment.amount:
        return f"another line has settled its day, of which {format_amount(of_day)} is open"
    return ""


def _left_of_days(conn: Connection, company_id: int, payments: Collection[SlipPayment]) -> dict[tuple[int, date], int]:
    """Øre by account and day, of those days alone that a line has settled as a whole, or a part of one."""
    days = {(payment.clearing.id, payment.day) for payment in payments}
    settled = {one for one in days if any(not done.item_id for done in settlements_of_day(conn, *one))}
    if not settled:
        return {}
    accounts = [one for one in clearing_accounts(conn, [company_id]) if one.id in {id_ for id_, _ in settled}]
    first, last = min(day for _, day in settled), max(day for _, day in settled)
    left = {(item.account.id, item.day): item.open for item in open_days(conn, accounts, first, last)}
    return {one: left.get(one, 0) for one in settled}
