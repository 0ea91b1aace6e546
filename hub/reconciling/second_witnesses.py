"""Payments that a second file has seen, and no machine can say which booked ones they are: for a person (R17)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from hub.acts.act import Acting
from hub.errors import HubError
from hub.money import format_amount
from hub.place import place
from hub.store.clearing.witnesses import Alike, OpenWitness, alike, confirm, open_witnesses
from hub.store.tables import witness

#: Of one payment that was seen: those of the nearest days.
ALIKE_MAX = 5


class ConfirmRefusedError(HubError):
    """What was seen is known already, or is not the payment that it was said to be."""


class Likeness(NamedTuple):
    """A booked payment that may be the one that was seen."""

    payment: Alike
    #: Why no machine has said so.
    why_not: str


class JudgedWitness(NamedTuple):
    """A payment that was seen, and what is known of which it may be."""

    seen: OpenWitness
    alike: tuple[Likeness, ...]


def judged_witnesses(conn: Connection, waiting: Sequence[OpenWitness]) -> list[JudgedWitness]:
    """Each of ``waiting``, in their order; nothing is changed."""
    found = alike(conn, waiting) if waiting else {}
    return [
        JudgedWitness(seen, tuple(Likeness(one, _why_not(seen, one)) for one in found.get(seen.id, [])[:ALIKE_MAX]))
        for seen in waiting
    ]


def confirm_by_hand(acting: Acting, witness_id: int, entry_id: int) -> dict[str, Any]:
    """Says which booked payment was seen: of the same company and amount, with its payment id or its reference.

    Nothing moves. It stays said until one of the two files is reversed. Raises ConfirmRefusedError.
    """
    conn = acting.conn
    row = conn.execute(
        select(witness.c.company_id, witness.c.entry_id).where(witness.c.id == witness_id).with_for_update()
    ).one_or_none()
    if row is not None and row.entry_id is not None:
        raise ConfirmRefusedError(f"payment seen {witness_id} is known to be entry {row.entry_id}")
    seen = None if row is None else _with(open_witnesses(conn, [row.company_id]), witness_id)
    if seen is None:
        raise ConfirmRefusedError(f"there is no payment seen {witness_id} that waits", do="see: hub reconcile")
    if not any(one.entry_id == entry_id for one in alike(conn, [seen]).get(witness_id, ())):
        raise ConfirmRefusedError(
            f"entry {entry_id} is not what was seen in {place(seen.file, seen.record)}",
            why=f"it is no payment of {format_amount(seen.amount)} in company {seen.company} with the same payment id "
            "or reference, or another one that was seen is known to be it",
            do="see: hub reconcile",
        )
    confirm(conn, {witness_id: entry_id}, actor=acting.actor, at=acting.now)
    return {
        "seen": witness_id,
        "entry": entry_id,
        "amount": format_amount(seen.amount),
        "date": seen.booking_date.isoformat(),
    }


def _with(waiting: Collection[OpenWitness], witness_id: int) -> OpenWitness | None:
    return next((one for one in waiting if one.id == witness_id), None)


def _why_not(seen: OpenWitness, payment: Alike) -> str:
    if payment.booking_date != seen.booking_date:
        return f"it was booked on {payment.booking_date}"
    if seen.reference and payment.reference and seen.reference != payment.reference:
        return f"its reference is {payment.reference}, what was seen has {seen.reference}"
    if seen.payment_id and payment.payment_id and seen.payment_id != payment.payment_id:
        return f"its payment id is {payment.payment_id}, what was seen has {seen.payment_id}"
    return "others could be meant as well"
