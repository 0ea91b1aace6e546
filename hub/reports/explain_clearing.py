"""What is known of an entry from a bank's side: the line behind its money, what that was found to be, a payout."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.store.clearing.bank_lines import BankSaid, bank_lines_behind
from hub.store.clearing.settlements import settlements_of_items
from hub.store.lookup import among
from hub.store.tables import (
    account,
    batch,
    entry,
    file,
    payout,
    posting,
    reading,
    settlement,
    slip_payment,
    witness,
)


class FoundToBe(NamedTuple):
    """What a bank's line was found to be, by the entry that took it out of suspense."""

    entry: int
    #: Code of the account that it went to.
    account: str
    #: Whose money it was, on clearing (R18), and the payout's or slip payment's entry; 0 = the whole day.
    day: date
    item: int
    #: Øre of the line, signed as it.
    amount: int
    #: payout, day, slip, rule, person
    how: str
    #: The bank rule that said so; "" = none did.
    rule: str
    #: Of a payment slip: its id.
    payment_id: str
    actor: str


class Shown(NamedTuple):
    """So much of a payout on a bank's statement; øre, signed as the payout."""

    entry: int
    booked: date
    amount: int


class PaidOut(NamedTuple):
    """Money that a vendor has sent to our bank, or taken back (below zero); øre."""

    vendor: str
    amount: int
    #: When the vendor says that it goes to the bank.
    day: date
    #: What the bank's line will say; "" = the vendor did not tell.
    bank_text: str
    reference: str
    shown: tuple[Shown, ...]

    @property
    def waiting(self) -> int:
        return self.amount - sum(one.amount for one in self.shown)


class SeenIn(NamedTuple):
    """A file that told of a payment which another one has booked (R17)."""

    vendor: str
    file: str
    record: int


class Cleared(NamedTuple):
    """Codes of the entry's own account and of the first one beside it ("" = there is none), and what else is known."""

    account: str
    contra: str
    #: The bank's line that its money came or went by.
    bank: BankSaid | None
    found_to_be: FoundToBe | None
    paid_out: PaidOut | None
    seen_in: tuple[SeenIn, ...]


def cleared(conn: Connection, entry_id: int) -> Cleared:
    found = findings(conn, [entry_id]).get(entry_id)
    # Of what takes a line out of suspense: that line.
    line = select(settlement.c.line_id).where(settlement.c.entry_id == entry_id)
    behind = entry_id if found is None else conn.execute(line).scalar_one()
    bank = bank_lines_behind(conn, [behind]).get(behind)
    codes = _codes(conn, entry_id)
    return Cleared(codes[0], codes[1], bank, found, _paid_out(conn, entry_id), _seen_in(conn, entry_id))


def findings(conn: Connection, entry_ids: Collection[int]) -> dict[int, FoundToBe]:
    """By the entry that took a line out of suspense, whether it stands or not."""
    query = (
        select(
            settlement.c.entry_id,
            account.c.code,
            settlement.c.day,
            settlement.c.item_id,
            settlement.c.amount,
            settlement.c.how,
            settlement.c.rule,
            slip_payment.c.payment_id,
            batch.c.actor,
        )
        .join_from(settlement, account, account.c.id == settlement.c.account_id)
        .join(entry, entry.c.id == settlement.c.entry_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .outerjoin(slip_payment, slip_payment.c.entry_id == settlement.c.item_id)
        .where(among(conn, settlement.c.entry_id, entry_ids))
    )
    return {row.entry_id: FoundToBe(*row[:-2], row.payment_id or "", row.actor) for row in conn.execute(query)}


def _codes(conn: Connection, entry_id: int) -> tuple[str, str]:
    query = (
        select(account.c.code)
        .join(posting, posting.c.account_id == account.c.id)
        .where(posting.c.entry_id == entry_id)
        .order_by(posting.c.seq)
        .limit(2)
    )
    own, *others = conn.scalars(query)
    return own, others[0] if others else ""


def _paid_out(conn: Connection, entry_id: int) -> PaidOut | None:
    its = payout.c
    columns = (its.vendor, its.amount, its.booking_date, its.bank_text, its.reference)
    row = conn.execute(select(*columns).where(payout.c.entry_id == entry_id)).one_or_none()
    if row is None:
        return None
    shown = (Shown(one.entry_id, one.booked, one.amount) for one in settlements_of_items(conn, [entry_id]))
    return PaidOut(*row, tuple(shown))


def _seen_in(conn: Connection, entry_id: int) -> tuple[SeenIn, ...]:
    query = (
        select(witness.c.vendor, file.c.name, witness.c.record)
        .join_from(witness, reading, reading.c.id == witness.c.reading_id)
        .join(file, file.c.id == reading.c.file_id)
        .where(witness.c.entry_id == entry_id, reading.c.reversed_at.is_(None))
        .order_by(witness.c.id)
    )
    return tuple(map(SeenIn._make, conn.execute(query)))
