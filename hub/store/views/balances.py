"""One tenancy's position: what it owes, since when, what it has paid ahead, what is held for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, bindparam, exists, func, select

from hub.ledger.ageing import Ageing, aged, paid_from
from hub.store.portfolio import Tenancy, TenancyRef, tenancy_of
from hub.store.tables import account, posting, tenancy
from hub.store.views.counting import AsOf, Prepared, as_of_moment, changed_since, coming_on, lines_on
from hub.store.views.holdings import Holding, fillable, holdings


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

    line_id: int
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
    at = as_of_moment(conn, as_of, recorded)
    figures = figures_of(conn, found, at)
    ageing = aged(
        ((line.due_date, line.remaining) for line in figures.lines), figures.balance, as_of, found.ref.business
    )
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
        tuple(_holdings(conn, found.ref, at, figures.lines)),
        found.move_out,
    )


def least_held(conn: Connection, ref: TenancyRef, day: date) -> dict[str, int]:
    """Øre of every holding by name, at the end of ``day`` or of whichever day after it leaves it the least (R23).

    So what comes only later is not in it, and what leaves later is not either; a few questions a day that is to come.
    """
    own = [ref.account_id, *conn.scalars(select(account.c.id).where(account.c.tenancy_id == ref.id))]
    later = select(posting.c.value_date).where(posting.c.account_id.in_(own), posting.c.value_date > day)
    least: dict[str, int] = {}
    for on in [day, *conn.scalars(later.distinct())]:
        at = AsOf(on)
        for one in _holdings(conn, ref, at, list(_open_lines(conn, ref, at))):
            least[one.name] = min(one.held, least.get(one.name, one.held))
    return least


def figures_of(conn: Connection, found: Tenancy, at: AsOf) -> Figures:
    """Open lines by due date, oldest first."""
    [own] = _OWN(conn, at, account_id=found.ref.account_id)
    return Figures._make((*own, tuple(_open_lines(conn, found.ref, at))))


def open_by_charge(conn: Connection, ref: TenancyRef, as_of: date) -> dict[int, int]:
    """Charge id, øre left of it on ``as_of``; charges with nothing left are left out."""
    left: defaultdict[int, int] = defaultdict(int)
    for line in _open_lines(conn, ref, AsOf(as_of)):
        left[line.charge_id] += line.remaining
    return left


def has_movements() -> ColumnElement[bool]:
    """Of ``tenancy``: it was ever charged or paid anything."""
    return exists().where(posting.c.account_id == tenancy.c.account_id).correlate(tenancy)


def _holdings(conn: Connection, ref: TenancyRef, at: AsOf, lines: Collection[OpenLine]) -> list[Holding]:
    """``lines`` is all that was open then."""
    filling = [(line.line_id, line.holding, line.remaining) for line in lines if line.holding is not None]
    most = fillable(conn, [line_id for line_id, _, _ in filling], at)
    unpaid: defaultdict[str, int] = defaultdict(int)
    for line_id, name, left in filling:
        unpaid[name] += min(left, most.get(line_id, 0))
    return holdings(conn, ref.id, at, unpaid)


def _open_lines(conn: Connection, ref: TenancyRef, at: AsOf) -> Iterator[OpenLine]:
    """Oldest first. What had been paid too much of one line has paid the others."""
    lines = [OpenLine._make(row) for row in _LINES(conn, at, tenancy_id=ref.id)]
    too_much = -sum(line.remaining for line in lines if line.remaining < 0)
    unpaid = [line for line in lines if line.remaining > 0]
    for line, left in zip(unpaid, paid_from(too_much, (line.remaining for line in unpaid)), strict=True):
        if left:
            yield line._replace(remaining=left)


def _own(at: AsOf) -> Select[Any]:
    then = account.c.balance - func.coalesce(changed_since(account.c.id, at), 0)
    columns = (then, coming_on(account.c.id, at), account.c.currency, account.c.number)
    return select(*columns).where(account.c.id == bindparam("account_id"))


def _lines(at: AsOf) -> Select[Any]:
    lines = lines_on(lambda id_: id_ == bindparam("tenancy_id", type_=BigInteger), at)
    columns = (lines.c.line_id, lines.c.charge_id, lines.c.due_date, lines.c.holding, lines.c.remaining)
    return select(*columns).order_by(lines.c.due_date, lines.c.line_id)


_OWN, _LINES = Prepared(_own), Prepared(_lines)
