"""What a tenancy's next collection would contain, from what is registered and booked today."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, exists, func, select

from hub.ledger import kinds
from hub.ledger.ageing import aged
from hub.ledger.preview import NextCharge, OneOff, Period, Recurring, next_period, preview
from hub.store import contributions
from hub.store.contributions import one_offs_of, recurring_of
from hub.store.portfolio import Tenancy
from hub.store.tables import charge, entry, tenancy
from hub.store.views.balances import figures_of
from hub.store.views.counting import AsOf
from hub.store.views.scope import tenancy_of


class Upcoming(NamedTuple):
    """Of one tenancy, as things stand on ``as_of``."""

    tenancy: str
    name: str
    currency: str
    as_of: date
    charge: NextCharge
    #: Open on charges that fall due after ``as_of``: demanded already, and not demanded again.
    demanded: int


def next_charge(conn: Connection, tenancy_key: str, as_of: date) -> Upcoming:
    """Books nothing. Raises HubError when there is no such tenancy."""
    found = tenancy_of(conn, tenancy_key)
    figures = figures_of(conn, found, AsOf(as_of))
    booked = figures_of(conn, found, AsOf(date.max))
    ageing = aged(
        ((line.due_date, line.remaining) for line in figures.lines), figures.balance, as_of, found.ref.business
    )
    upcoming = preview(
        next_period_of(conn, found, as_of),
        [Recurring(*one[2:5], one.first_day, one.last_day) for one in recurring_of(conn, [found.ref.id])],
        [OneOff(*one[2:5], one.due_from) for one in one_offs_of(conn, [found.ref.id]) if _waits(one)],
        lived_in=(found.move_in, found.move_out),
        arrears=sum(line.remaining for line in figures.lines if line.due_date <= as_of),
        credits=-ageing.credit,
    )
    demanded = sum(line.remaining for line in booked.lines if line.due_date > as_of)
    return Upcoming(found.ref.key, found.name, figures.currency, as_of, upcoming, demanded)


def next_due(conn: Connection, tenancy_key: str, as_of: date) -> date | None:
    """When the next collection falls due; None for who has moved out before. Raises HubError for no such tenancy."""
    found = tenancy_of(conn, tenancy_key)
    due = next_period_of(conn, found, as_of).first
    return None if found.move_out is not None and found.move_out < due else due


def next_period_of(conn: Connection, found: Tenancy, as_of: date) -> Period:
    """The first that begins after ``as_of`` and for which no rent is booked yet."""
    taken_back = exists().where(entry.c.corrects == charge.c.entry_id, entry.c.kind == kinds.REVERSAL)
    last_rent = (
        select(func.max(charge.c.due_date))
        .where(
            charge.c.tenancy_id == tenancy.c.id,
            charge.c.kind == kinds.RENT,
            charge.c.due_date > as_of,
            ~taken_back.correlate(charge),
        )
        .correlate(tenancy)
        .scalar_subquery()
    )
    interval, booked = conn.execute(
        select(tenancy.c.interval_months, last_rent).where(tenancy.c.id == found.ref.id)
    ).one()
    return next_period(booked or as_of, interval)


def _waits(line: contributions.OneOff) -> bool:
    return line.charge_id is None and line.withdrawn_at is None
