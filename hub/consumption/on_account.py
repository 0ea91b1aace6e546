"""What a tenancy was asked for on account in a consumption account's period, and what of it is paid (R27)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from hub.ledger import kinds
from hub.store.consumption.on_account import AskedLine, holdings_opened, lines_asked


class OnAccount(NamedTuple):
    """Øre of one tenancy."""

    #: Asked for, less credit notes, paid or not.
    charged: int = 0
    #: What of it is paid.
    paid: int = 0


class Straddling(NamedTuple):
    """A line that is for days of the account and for others: it lies in no account, and nobody settles it (R27)."""

    tenancy_id: int
    tenancy: str
    first: date
    last: date
    #: Øre, less credit notes.
    amount: int


def on_account_of(
    conn: Connection, property_id: int, charge_type: str, period: tuple[date, date]
) -> dict[int, OnAccount]:
    """By tenancy id; who was asked for nothing is left out, who got all of it credited has zeros.

    A line counts where all its days lie in ``period``; one without days of its own, where it falls due in it. What was
    held on account when the books began, dated within ``period``, was asked for and paid in the system before (R20).
    """
    found: dict[int, OnAccount] = {}

    def add(tenancy_id: int, charged: int, paid: int) -> None:
        before = found.get(tenancy_id, OnAccount())
        found[tenancy_id] = OnAccount(before.charged + charged, before.paid + paid)

    for line in lines_asked(conn, property_id, charge_type, period):
        if _lies_in(line, period):
            add(line.tenancy_id, line.asked, line.asked - line.unpaid)
    holding = kinds.ON_ACCOUNT.get(charge_type)
    for opening in holdings_opened(conn, property_id, holding, period) if holding else ():
        add(opening.tenancy_id, opening.held, opening.held)
    return found


def straddling(conn: Connection, property_id: int, charge_type: str, period: tuple[date, date]) -> Iterator[Straddling]:
    """Lines that :func:`on_account_of` leaves out because some of their days lie outside of ``period``."""
    for line in lines_asked(conn, property_id, charge_type, period):
        if line.asked and not _lies_in(line, period):
            yield Straddling(line.tenancy_id, line.tenancy, line.first, line.last, line.asked)


def _lies_in(line: AskedLine, period: tuple[date, date]) -> bool:
    return period[0] <= line.first and line.last <= period[1]
