"""The way that money has come, back from the entry that has it to the one that brought it.

:mod:`hub.store.taking_back` follows the same way forward. Neither is guessed: a match and money booked anew point at
what they come from, or carry its reversal's key; a charge-back's reversal has the money of the payment taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from hub.ledger import kinds
from hub.store.lookup import among
from hub.store.portfolio import customer_key
from hub.store.tables import allocation, batch, charge, charge_line, customer_number, entry, posting, reading, suspense
from hub.store.tables import tenancy as tenancy_table
from hub.store.taking_back import reversal_key


class Payer(NamedTuple):
    """What is known of who paid: the vendor that told of it, the number and the reference that it came with."""

    vendor: str
    customer: str
    reference: str


def ways_back(conn: Connection, entry_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """By entry id, the entries that have had its money, from itself to the one that brought it."""
    ways = {id_: [id_] for id_ in entry_ids}
    at = {id_: id_ for id_ in ways}
    while at:
        before = _before(conn, set(at.values()))
        at = {id_: before[now] for id_, now in at.items() if now in before}
        for id_, earlier in at.items():
            ways[id_].append(earlier)
    return {id_: tuple(way) for id_, way in ways.items()}


def payer_of(conn: Connection, root_id: int) -> Payer:
    """Of the entry that brought the money: what was kept of it in suspense, or what its key and use tell."""
    kept = conn.execute(
        select(suspense.c.vendor, suspense.c.customer, suspense.c.reference).where(suspense.c.entry_id == root_id)
    ).one_or_none()
    if kept is not None:
        return Payer(*kept)
    vendor = conn.execute(
        select(reading.c.vendor)
        .join(batch, batch.c.reading_id == reading.c.id)
        .join(entry, entry.c.batch_id == batch.c.id)
        .where(entry.c.id == root_id)
    ).scalar_one_or_none()
    named = (
        select(charge.c.reference)
        .join_from(allocation, charge_line, charge_line.c.id == allocation.c.line_id)
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(
            allocation.c.entry_id == root_id,
            allocation.c.payment_id == root_id,
            allocation.c.policy == kinds.BY_REFERENCE,
        )
        .order_by(allocation.c.seq)
        .limit(1)
    )
    reference = conn.execute(named).scalar_one_or_none()
    return Payer(vendor or "", _number_in_key(conn, root_id) if vendor else "", reference or "")


def _before(conn: Connection, entry_ids: Collection[int]) -> dict[int, int]:
    """By entry id, who had its money before; what brought it itself is left out."""
    taken_back = entry.alias("taken_back")
    rows = conn.execute(
        select(
            entry.c.id,
            entry.c.kind,
            entry.c.key,
            entry.c.corrects,
            taken_back.c.kind.label("corrected_kind"),
            taken_back.c.corrects.label("payment_id"),
        )
        .outerjoin_from(entry, taken_back, taken_back.c.id == entry.c.corrects)
        .where(among(conn, entry.c.id, entry_ids))
    ).all()
    reversals = {key: row.id for row in rows if (key := reversal_key(row.key)) is not None}
    found = {row.id: earlier for row in rows if (earlier := _had_before(row)) is not None}
    if reversals:
        moved = select(entry.c.key, entry.c.corrects).where(among(conn, entry.c.key, reversals.keys()))
        found |= {reversals[key]: corrects for key, corrects in conn.execute(moved) if corrects is not None}
    return found


def _had_before(row: Any) -> int | None:
    if row.kind in (kinds.MATCH, kinds.SETTLEMENT):
        corrects: int | None = row.corrects
        return corrects
    if row.kind == kinds.REVERSAL and row.corrected_kind == kinds.CHARGEBACK:
        payment_id: int | None = row.payment_id
        return payment_id
    return None


def _number_in_key(conn: Connection, entry_id: int) -> str:
    """The tenancy's customer number, present or former, that a vendor's payment names in its key; "" = none."""
    rows = conn.execute(
        select(entry.c.key, customer_number.c.customer_key)
        .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(tenancy_table, tenancy_table.c.account_id == posting.c.account_id)
        .join(customer_number, customer_number.c.tenancy_id == tenancy_table.c.id)
        .where(entry.c.id == entry_id)
    ).all()
    numbers = {row.customer_key for row in rows}
    parts = (customer_key(part) for row in rows[:1] for part in row.key.split("|"))
    return next((part for part in parts if part in numbers), "")
