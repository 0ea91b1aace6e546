"""Payment slips: which payment id pays what; stored before a slip exists, and never used twice (R14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert

from hub.store.tables import slip

OWN, VENDOR = "own", "vendor"


class NewSlip(NamedTuple):
    """What a slip is for; øre."""

    company_id: int
    #: Creditor number of slips, eight digits.
    slip_creditor: str
    card_type: str
    #: Digits without leading zeros, check digit last.
    payment_id: str
    tenancy_id: int | None
    #: ``own`` or ``vendor``.
    origin: str
    charge_id: int | None
    collection_id: int | None
    amount: int
    due_date: date


def add_slips(
    conn: Connection,
    slips: Sequence[NewSlip],
    *,
    at: datetime,
    actor: str,
    reading_id: int | None = None,
    records: Sequence[int] = (),
) -> None:
    """``records`` are the 1-based lines of the reading's file that say so, one a slip."""
    said = {"at": at, "actor": actor, "reading_id": reading_id}
    rows = [
        {**one._asdict(), **said, "record": records[number] if records else None} for number, one in enumerate(slips)
    ]
    if rows:
        conn.execute(insert(slip), rows)
