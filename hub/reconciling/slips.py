"""One payment, two witnesses (R17): slips that the bank shows beside the file that books them, and payments seen again.

A tenant's real second payment is never swallowed: what could be more than one payment waits for a person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select

from hub.reconciling.settling import Run, Target, settle
from hub.store.clearing import witnesses
from hub.store.clearing.lines import OpenLine
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
    candidates = slip_candidates(run.acting.conn, run.company_id, lines)
    wanted = Counter(payment.entry_id for found in candidates.values() for payment in found)
    for line in lines:
        found = candidates.get(line.entry_id, ())
        if len(found) == 1 and wanted[found[0].entry_id] == 1:
            payment = found[0]
            settle(run, line, Target(payment.clearing, payment.day, payment.entry_id), "slip")


def slip_candidates(
    conn: Connection, company_id: int, lines: Collection[OpenLine]
) -> dict[int, tuple[SlipPayment, ...]]:
    """By the entry of each slip line, the payments that it may be; lines without any are left out.

    Same payment id, amount and booking day, and the same archive reference where both have one.
    """
    slips = [line for line in lines if line.payment_id]
    if not slips:
        return {}
    found: defaultdict[int, list[SlipPayment]] = defaultdict(list)
    by_id: defaultdict[str, list[SlipPayment]] = defaultdict(list)
    for payment in unsettled(conn, company_id, {line.payment_id for line in slips}):
        by_id[payment.payment_id].append(payment)
    for line in slips:
        for payment in by_id[line.payment_id]:
            if (payment.amount, payment.day) == (line.amount, line.booking_date) and _agree(payment, line):
                found[line.entry_id].append(payment)
    return {entry_id: tuple(payments) for entry_id, payments in found.items()}


def _agree(payment: SlipPayment, line: OpenLine) -> bool:
    return not (payment.reference and line.servicer_reference) or payment.reference == line.servicer_reference
