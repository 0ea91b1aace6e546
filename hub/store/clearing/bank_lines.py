"""What the bank has said of money: of the line that brought it, whoever has the money now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.store.lookup import among
from hub.store.origins import ways_back
from hub.store.tables import bank_line


class BankSaid(NamedTuple):
    """Of one line of a bank's statement; texts are "" where the bank does not say. ``amount`` positive = came in."""

    #: By which the line was booked.
    entry: int
    vendor: str
    #: Ours, as the bank writes it, without blanks.
    account: str
    amount: int
    booking_date: date
    #: Of a payment slip.
    creditor: str
    payment_id: str
    servicer_reference: str
    code: str
    payer: str
    payer_account: str
    text: str


def bank_lines(conn: Connection, entry_ids: Collection[int]) -> dict[int, BankSaid]:
    """By the id of the entry that booked the line; entries that are no bank's line are left out."""
    if not entry_ids:
        return {}
    columns = [bank_line.c[name] for name in BankSaid._fields if name != "entry"]
    rows = conn.execute(select(bank_line.c.entry_id, *columns).where(among(conn, bank_line.c.entry_id, entry_ids)))
    return {row.entry_id: BankSaid._make(row) for row in rows}


def bank_lines_behind(conn: Connection, entry_ids: Collection[int]) -> dict[int, BankSaid]:
    """As :func:`bank_lines`, by each entry that has the money of a line now, however it has come there."""
    found = bank_lines(conn, entry_ids)
    roots = {id_: way[-1] for id_, way in ways_back(conn, set(entry_ids) - found.keys()).items()}
    lines = bank_lines(conn, {root for id_, root in roots.items() if root != id_})
    return found | {id_: lines[root] for id_, root in roots.items() if root in lines}
