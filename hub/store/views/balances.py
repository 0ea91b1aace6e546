"""One tenancy's position: what it owes, since when, what it has paid ahead, what is held for it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, exists, func, select

from hub.ledger.ageing import Ageing, aged
from hub.store.portfolio import Tenancy, TenancyRef
from hub.store.tables import account, posting, tenancy
from hub.store.views.counting import AsOf, changed_since, coming_on, open_lines
from hub.store.views.holdings import Holding, holdings
from hub.store.views.scope import Scope, tenancy_of


class Balance(NamedTuple):
    """One tenancy's position on a day; positive = the tenant owes (R19)."""

    tenancy: str
    name: str
    currency: str
    #: What counts up to and including ``as_of``.
    balance: int
    #: What of ``balance`` is past its last timely day (R21).
    overdue: int
    #: What is booked already and counts only later, as its effect on the balance (R10).
    coming: int
    as_of: date
    #: As the books stood at this moment; None = as they stand now.
    recorded: datetime | None
    #: ``balance`` by the days since it fell due.
    ageing: Ageing
    #: Of its on-account account: eight digits.
    number: int
    holdings: tuple[Holding, ...]
    move_out: date | None

    @property
    def moved_out(self) -> bool:
        """On or before ``as_of``."""
        return self.move_out is not None and self.move_out <= self.as_of


class OpenLine(NamedTuple):
    """A charge line with something left; øre."""

    charge_id: int
    due_date: date
    holding: str | None
    remaining: int


class Figures(NamedTuple):
    """What a tenancy's account and lines said on a day."""

    balance: int
    coming: int
    currency: str
    number: int
    lines: tuple[OpenLine, ...]


def balance(conn: Connection, tenancy_key: str, as_of: date, recorded: datetime | None = None) -> Balance:
    """A tenancy's balance on ``as_of``, as the books stood at ``recorded``. Raises HubError when there is no such one.

    Overdue is what is past its last timely day, less credit: so a payment that another charge has used takes from what
    is overdue first, and what is overdue is never more than the balance.
    """
    found = tenancy_of(conn, tenancy_key)
    at = AsOf(as_of, recorded)
    figures = figures_of(conn, found, at)
    ageing = aged(
        ((line.due_date, line.remaining) for line in figures.lines), figures.balance, as_of, found.ref.business
    )
    unpaid: defaultdict[str, int] = defaultdict(int)
    for line in figures.lines:
        if line.holding is not None:
            unpaid[line.holding] += line.remaining
    return Balance(
        found.ref.key,
        found.name,
        figures.currency,
        figures.balance,
        ageing.overdue,
        figures.coming,
        as_of,
        recorded,
        ageing,
        figures.number,
        tuple(holdings(conn, found.ref.id, at, unpaid)),
        found.move_out,
    )


def figures_of(conn: Connection, found: Tenancy, at: AsOf) -> Figures:
    """Open lines by due date, oldest first."""
    ref = found.ref
    scope = Scope(ref.company_id, ref.property_id, ref.id)
    then = account.c.balance - func.coalesce(changed_since(account.c.id, at), 0)
    own = conn.execute(
        select(then, coming_on(account.c.id, at), account.c.currency, account.c.number).where(
            account.c.id == ref.account_id
        )
    ).one()
    lines = open_lines(scope, at, scope.condition)
    columns = (lines.c.charge_id, lines.c.due_date, lines.c.holding, lines.c.remaining)
    query = select(*columns).order_by(lines.c.due_date, lines.c.line_id)
    return Figures._make((*own, tuple(map(OpenLine._make, conn.execute(query)))))


def open_by_charge(conn: Connection, ref: TenancyRef, as_of: date) -> dict[int, int]:
    """Charge id, øre left of it on ``as_of``; charges with nothing left are left out."""
    scope = Scope(ref.company_id, ref.property_id, ref.id)
    lines = open_lines(scope, AsOf(as_of), scope.condition)
    total = cast(func.sum(lines.c.remaining), BigInteger)
    return dict(conn.execute(select(lines.c.charge_id, total).group_by(lines.c.charge_id)).all())


def has_movements() -> ColumnElement[bool]:
    """Of ``tenancy``: it was ever charged or paid anything."""
    return exists().where(posting.c.account_id == tenancy.c.account_id).correlate(tenancy)
