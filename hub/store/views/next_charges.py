"""What tenancies' next collections would contain, from what is registered and booked now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, or_, select

from hub.ledger import kinds
from hub.ledger.ageing import aged
from hub.ledger.preview import LOOK_BACK_DAYS, Charged, Collecting, NextCharge, Period
from hub.store.contributions import registered_of
from hub.store.lookup import among
from hub.store.portfolio import tenancy_of
from hub.store.tables import charge, charge_line, entry
from hub.store.views.balances import figures_of
from hub.store.views.counting import AsOf

#: A line without days of its own is for the period in which it falls due: of at most so many days.
_PERIOD_DAYS_MAX = 366


class Upcoming(NamedTuple):
    """Of one tenancy, as things stand on ``as_of``."""

    tenancy: str
    name: str
    currency: str
    as_of: date
    charge: NextCharge
    #: Open on charges that fall due after ``as_of``: demanded already, and not demanded again.
    demanded: int
    #: The tenant's last day; None = not known.
    move_out: date | None

    @property
    def after_move_out(self) -> bool:
        """The period begins after that day: nothing new is charged."""
        return _has_left(self.move_out, self.charge.period)


def next_charge(conn: Connection, tenancy_key: str, as_of: date, collects_from: date | None = None) -> Upcoming:
    """Books nothing. ``collects_from`` is its company's setting. Raises HubError when there is no such tenancy."""
    found = tenancy_of(conn, tenancy_key)
    figures = figures_of(conn, found, AsOf(as_of))
    booked = figures_of(conn, found, AsOf(date.max))
    ageing = aged(
        ((line.due_date, line.remaining) for line in figures.lines), figures.balance, as_of, found.ref.business
    )
    period, lines = collecting_of(conn, [found.ref.id], as_of)[found.ref.id].next(as_of, collects_from)
    arrears = sum(line.remaining for line in figures.lines if line.due_date <= as_of)
    demanded = sum(line.remaining for line in booked.lines if line.due_date > as_of)
    upcoming = NextCharge(period, arrears, lines, -ageing.credit)
    return Upcoming(found.ref.key, found.name, figures.currency, as_of, upcoming, demanded, found.move_out)


def next_due(conn: Connection, tenancy_key: str, as_of: date, collects_from: date | None = None) -> date | None:
    """When the next collection falls due; None for who has moved out before. Raises HubError for no such tenancy."""
    found = tenancy_of(conn, tenancy_key)
    period, _ = collecting_of(conn, [found.ref.id], as_of)[found.ref.id].next(as_of, collects_from)
    return None if _has_left(found.move_out, period) else period.first


def _has_left(move_out: date | None, period: Period) -> bool:
    return move_out is not None and move_out < period.first


def collecting_of(conn: Connection, tenancy_ids: Collection[int], as_of: date) -> dict[int, Collecting]:
    """By tenancy, what is charged it for any period that begins no more than LOOK_BACK_DAYS before ``as_of``.

    Four queries however many tenancies there are: give some thousand at a time. Whoever books what it says holds their
    properties locked since before he asked: then nobody charges the same days in between.
    """
    registered = registered_of(conn, tenancy_ids)
    charged = _charged(conn, tenancy_ids, as_of - timedelta(days=LOOK_BACK_DAYS))
    return {id_: Collecting(one, charged.get(id_, ())) for id_, one in registered.items()}


def _charged(conn: Connection, tenancy_ids: Collection[int], since: date) -> dict[int, list[Charged]]:
    """Lines that stand and are for ``since`` or later. One that a credit note has paid stands: it was charged."""
    taken_back = exists().where(entry.c.corrects == charge.c.entry_id, entry.c.kind == kinds.REVERSAL)
    booked = entry.alias("booked")
    rows = conn.execute(
        select(
            charge.c.tenancy_id,
            charge.c.id,
            charge.c.kind,
            charge_line.c.charge_type,
            charge_line.c.text,
            charge.c.due_date,
            charge_line.c.period_from,
            charge_line.c.period_to,
        )
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .join(booked, booked.c.id == charge.c.entry_id)
        .where(
            among(conn, charge.c.tenancy_id, tenancy_ids),
            booked.c.kind == kinds.CHARGE,
            or_(
                charge_line.c.period_to >= since,
                and_(
                    charge_line.c.period_to.is_(None),
                    or_(
                        charge.c.due_date >= since - timedelta(days=_PERIOD_DAYS_MAX),
                        charge_line.c.period_from >= since - timedelta(days=_PERIOD_DAYS_MAX),
                    ),
                ),
            ),
            ~taken_back.correlate(charge),
        )
        .order_by(charge_line.c.id)
    )
    found: defaultdict[int, list[Charged]] = defaultdict(list)
    for tenancy_id, charge_id, kind, *line in rows:
        found[tenancy_id].append(Charged(charge_id, kind == kinds.RENT, *line))
    return found
