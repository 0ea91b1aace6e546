"""What is kept of money beside its entry as it is booked: what the bank said, what was paid out, which slip it was."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, union

from hub.plugin import BankLine, Payment, Payout
from hub.store import bulk
from hub.store.tables import bank_line, batch, payout, reading, slip_payment, witness


def note_lines(conn: Connection, vendor: str, lines: Sequence[tuple[int, int, BankLine]]) -> None:
    """(entry id, company id, line): each has booked that line."""
    bulk.insert_rows(
        conn,
        bank_line,
        [
            (
                entry_id,
                company_id,
                vendor,
                line.account,
                line.amount,
                line.booking_date.isoformat(),
                line.creditor,
                line.payment_id,
                line.servicer_reference,
                line.code,
                line.payer,
                line.payer_account,
                line.text,
            )
            for entry_id, company_id, line in lines
        ],
    )


def note_slip_payments(conn: Connection, company_id: int, payments: Sequence[tuple[int, Payment]]) -> None:
    """(entry id, payment): each has booked that payment by slip, which a bank's file tells of too (R17)."""
    bulk.insert_rows(
        conn,
        slip_payment,
        [
            (
                entry_id,
                company_id,
                payment.payment_id,
                payment.archive_reference,
                payment.booking_date.isoformat(),
                payment.amount,
            )
            for entry_id, payment in payments
        ],
    )


def note_payouts(conn: Connection, vendor: str, payouts: Sequence[tuple[int, int, Payout]]) -> None:
    """(entry id, company id, payout): each has put that payout in transit."""
    bulk.insert_rows(
        conn,
        payout,
        [
            (
                entry_id,
                company_id,
                vendor,
                one.creditor,
                one.amount,
                one.booking_date.isoformat(),
                one.bank_text,
                one.reference,
            )
            for entry_id, company_id, one in payouts
        ],
    )


def companies_told_of(conn: Connection, file_id: int) -> set[int]:
    """Those (ids) that this file has booked anything of, or has seen payments of."""
    booked = select(batch.c.company_id).join(reading, reading.c.id == batch.c.reading_id)
    seen = select(witness.c.company_id).join(reading, reading.c.id == witness.c.reading_id)
    ours = reading.c.file_id == file_id
    return set(conn.scalars(union(booked.where(ours), seen.where(ours))))
