"""Numbers that are dealt one by one and never again: of deliveries, references, payment slips."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from hub.store import bulk
from hub.store.tables import serial


def deal(conn: Connection, name: str, count: int = 1, *, first: int = 1) -> range:
    """The next ``count`` numbers of the series ``name``, which begins with ``first``; in the caller's transaction.

    Whoever deals of the same series waits for this transaction to end: numbers have no gaps, and none is dealt twice.
    """
    bulk.insert_if_new(conn, serial, name=name, last=0)
    # PostgreSQL locks the row here, so that two writers never read the same number.
    conn.execute(update(serial).where(serial.c.name == name).values(last=serial.c.last))
    last = conn.execute(select(serial.c.last).where(serial.c.name == name)).scalar_one()
    start = max(last + 1, first)
    conn.execute(update(serial).where(serial.c.name == name).values(last=start + count - 1))
    return range(start, start + count)
