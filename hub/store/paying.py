"""What one movement does to a tenancy's position: which lines its money pays, what credit pays of what it demands.

Makes rows and changes nothing else; :mod:`hub.store.books` is who writes them.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.ledger import chain, kinds
from hub.ledger.allocation import Allocated, OpenCharge, allocate, missing, pay_demanded, pay_lines
from hub.ledger.terms import Terms
from hub.store import bulk
from hub.store.entries import Movement, NewLine, Rows
from hub.store.positions import Position


def receive(
    rows: Rows, position: Position, entry_id: int, movement: Movement, tenancy_id: int, policy: str, terms: Terms
) -> list[tuple[int, int]]:
    """Money for the tenant: pays what it is meant for, then what is open; the rest stays as credit.

    Gives the lines (id, øre) that a small difference is missing on.
    """
    amount = -movement.amount
    paid: list[Allocated] = []
    if movement.earmarked:
        paid, amount = pay_lines(amount, position.charges, movement.earmarked, kinds.BY_DOCUMENT)
    elif movement.demanded:
        paid, amount = pay_demanded(amount, position.charges, dict(movement.demanded), kinds.BY_COLLECTION)
    more, rest = allocate(amount, position.charges, movement.reference, policy)
    paid += more
    for seq, (line_id, part, why) in enumerate(paid):
        rows.allocate(entry_id, seq, entry_id, line_id, part, why, movement.value_date)
    if rest:
        rows.credits.append((entry_id, tenancy_id, rest))
        position.credits.append((entry_id, rest, movement.value_date))
        return []
    if not terms.small_difference or movement.kind not in (kinds.PAYMENT, kinds.MATCH):
        return []
    left = missing(position.charges, paid, terms.small_difference)
    pay_lines(sum(part for _, part in left), position.charges, left, kinds.BY_DOCUMENT)
    return left


def pay_with_credit(
    rows: Rows,
    position: Position,
    entry_id: int,
    ids: Sequence[int],
    lines: Sequence[NewLine],
    ranks: Sequence[int],
) -> dict[int, tuple[int, str]]:
    """What the tenancy's credits pay of a new charge, by line: in order of rank, shared over lines of one rank.

    Øre, and the ISO day on which the last of that money came or comes.
    """
    paid: dict[int, tuple[int, str]] = {}
    if not position.credits:
        return paid
    parts: dict[int, OpenCharge] = {}
    for line_id, line, rank in zip(ids, lines, ranks, strict=True):
        if rank in parts:
            parts[rank].add_line(line_id, line.amount)
        else:
            parts[rank] = OpenCharge(rank, "", 0, "", line_id, line.amount)
    ordered = sorted(parts.values())
    seq = 0
    while position.credits and any(part.remaining for part in ordered):
        credit_id, available, came = position.credits[0]
        used, left = allocate(available, ordered, "", kinds.BY_CREDIT)
        for line_id, part, why in used:
            rows.allocations.append((entry_id, seq, credit_id, line_id, part, why))
            before, last = paid.get(line_id, (0, ""))
            paid[line_id] = before + part, max(last, came)
            seq += 1
        rows.change_credit(credit_id, left - available)
        position.credits[0] = (credit_id, left, came)
        if not left:
            position.credits.pop(0)
    return paid


def difference(movement: Movement, entry_id: int, lines: Sequence[tuple[int, int]], text: str) -> Movement:
    written_off = sum(part for _, part in lines)
    return Movement(
        kinds.DIFFERENCE,
        movement.tenancy,
        -written_off,
        movement.value_date,
        movement.posting_date,
        movement.contra,
        movement.value_date,
        f"{movement.key}|difference",
        chain.input_hash(written_off),
        text,
        corrects=entry_id,
        corrects_key=movement.key,
    )


def suspended(company_id: int, entry_id: int, movement: Movement) -> bulk.Row:
    received = -movement.amount
    reason = "its charge-back was reversed" if movement.kind == kinds.REVERSAL else movement.reason
    said = (movement.vendor, movement.customer, movement.reference, reason)
    return (entry_id, company_id, received, received, *said)
