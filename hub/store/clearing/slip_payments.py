"""Payments by slip that a file other than a bank's has booked, and whose money no bank line is known to be (R17)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.ledger import kinds
from hub.store.clearing.settlements import is_live
from hub.store.entries import Account
from hub.store.lookup import among
from hub.store.tables import account, entry, posting, settlement, slip_payment
from hub.store.taking_back import Corrector, history_of


class SlipPayment(NamedTuple):
    """A payment of a slip, on a vendor's clearing account."""

    entry_id: int
    #: Without leading zeros.
    payment_id: str
    #: Øre, positive = received.
    amount: int
    #: The archive's; "" = none.
    reference: str
    #: On which it waits for the bank, and the day that it counts there.
    clearing: Account
    day: date


def unsettled(conn: Connection, company_id: int, payment_ids: Collection[str]) -> list[SlipPayment]:
    """Of the company, those with one of these ids that stand and that no bank line settles."""
    settles = select(settlement.c.entry_id).where(
        settlement.c.account_id == posting.c.account_id,
        settlement.c.day == posting.c.value_date,
        settlement.c.item_id == slip_payment.c.entry_id,
        is_live(settlement.c.entry_id),
    )
    query = (
        select(
            slip_payment.c.entry_id,
            slip_payment.c.payment_id,
            slip_payment.c.amount,
            slip_payment.c.archive_reference,
            account.c.id,
            account.c.code,
            posting.c.value_date,
            entry.c.kind,
            entry.c.key,
        )
        .join_from(slip_payment, entry, entry.c.id == slip_payment.c.entry_id)
        .join(posting, posting.c.entry_id == slip_payment.c.entry_id)
        .join(account, account.c.id == posting.c.account_id)
        .where(
            slip_payment.c.company_id == company_id,
            among(conn, slip_payment.c.payment_id, payment_ids),
            account.c.kind == kinds.CLEARING,
            ~settles.exists(),
        )
        .order_by(slip_payment.c.entry_id)
    )
    rows = conn.execute(query).all()
    history = history_of(conn, [row.entry_id for row in rows]) if rows else None
    found = []
    for entry_id, payment_id, amount, reference, account_id, code, day, kind, key in rows:
        assert history is not None
        back = history.taken_back_by(history.holder_of(Corrector(entry_id, kind, key)).id)
        # A charge-back is another movement of that account's day; a reversal says that the payment never was.
        if back is None or back.kind == kinds.CHARGEBACK:
            found.append(SlipPayment(entry_id, payment_id, amount, reference, Account(account_id, code), day))
    return found
