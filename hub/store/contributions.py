"""What a tenancy is charged each time or once: registered here, made into charges by the rent run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, insert, or_, select, update

from hub.ledger import preview
from hub.ledger.preview import Registered
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef
from hub.store.portfolio_history import Change, Said, note_changes
from hub.store.tables import one_off, recurring, tenancy

#: Months between two collections: the parts into which a year falls.
INTERVALS_MONTHS = (1, 2, 3, 4, 6, 12)


class Recurring(NamedTuple):
    """A recurring contribution."""

    id: int
    #: Its key.
    tenancy: str
    charge_type: str
    #: "" = the charge type's own.
    text: str
    #: Øre a month, VAT included.
    amount: int
    #: Hundredths of a percent.
    vat_rate: int
    first_day: date
    #: None = until further notice.
    last_day: date | None


class OneOff(NamedTuple):
    """A line that comes once, with the first collection due on ``due_from`` or later."""

    id: int
    #: Its key.
    tenancy: str
    charge_type: str
    #: "" = the charge type's own.
    text: str
    #: Øre, VAT included.
    amount: int
    #: Hundredths of a percent.
    vat_rate: int
    due_from: date
    #: Set when it was charged, or withdrawn before it was.
    charge_id: int | None
    withdrawn_at: datetime | None


def _columns(table: Table, fields: Sequence[str]) -> Select[Any]:
    return select(*(tenancy.c.key if name == "tenancy" else table.c[name] for name in fields)).join_from(table, tenancy)


_RECURRING = _columns(recurring, Recurring._fields)
#: One that ends before it begins was taken back: it never comes.
_COMES = or_(recurring.c.last_day.is_(None), recurring.c.last_day >= recurring.c.first_day)
_ONE_OFFS = _columns(one_off, OneOff._fields)


def recurring_of(conn: Connection, tenancy_ids: Collection[int]) -> list[Recurring]:
    """All that were, are and will be; in order of tenancy, type, text and first day."""
    order = (recurring.c.tenancy_id, recurring.c.charge_type, recurring.c.text, recurring.c.first_day)
    found = _RECURRING.where(among(conn, recurring.c.tenancy_id, tenancy_ids), _COMES).order_by(*order)
    return [Recurring(*row) for row in conn.execute(found)]


def recurring_by_id(conn: Connection, id: int) -> Recurring | None:
    row = conn.execute(_RECURRING.where(recurring.c.id == id, _COMES)).one_or_none()
    return None if row is None else Recurring(*row)


def add_recurring(conn: Connection, lines: Sequence[Mapping[str, Any]], *, now: datetime, actor: str) -> list[int]:
    """Registers ``lines``, by column; gives their ids."""
    return _added(conn, recurring, lines, now, actor)


def end_recurring(conn: Connection, id: int, last_day: date) -> None:
    conn.execute(update(recurring).where(recurring.c.id == id).values(last_day=last_day))


def collision(lines: Sequence[Recurring]) -> tuple[Recurring, Recurring] | None:
    """Two lines of one tenancy, type and text that run at the same time: the tenant would be charged twice."""
    ordered = sorted(lines, key=lambda line: line.first_day)
    for one, next_ in pairwise(ordered):
        if one.last_day is None or one.last_day >= next_.first_day:
            return one, next_
    return None


def one_offs_of(conn: Connection, tenancy_ids: Collection[int]) -> list[OneOff]:
    """All that were ever registered, in order of tenancy, first day and id."""
    order = (one_off.c.tenancy_id, one_off.c.due_from, one_off.c.id)
    found = _ONE_OFFS.where(among(conn, one_off.c.tenancy_id, tenancy_ids)).order_by(*order)
    return [OneOff(*row) for row in conn.execute(found)]


def one_off_by_id(conn: Connection, id: int) -> OneOff | None:
    row = conn.execute(_ONE_OFFS.where(one_off.c.id == id)).one_or_none()
    return None if row is None else OneOff(*row)


def add_one_off(conn: Connection, line: Mapping[str, Any], *, now: datetime, actor: str) -> int:
    """Registers ``line``, by column; gives its id."""
    (id_,) = _added(conn, one_off, [line], now, actor)
    return id_


def withdraw_one_off(conn: Connection, id: int, now: datetime) -> None:
    conn.execute(update(one_off).where(one_off.c.id == id).values(withdrawn_at=now))


def registered_of(conn: Connection, tenancy_ids: Collection[int]) -> dict[int, Registered]:
    """By tenancy, all that its collections are made of; one-off lines that wait. Unknown ids are left out."""
    lines: defaultdict[int, list[preview.Recurring]] = defaultdict(list)
    comes = _registered(conn, recurring, preview.Recurring._fields, tenancy_ids).where(_COMES)
    for row in conn.execute(comes.order_by(recurring.c.charge_type, recurring.c.text, recurring.c.first_day)):
        lines[row[0]].append(preview.Recurring._make(row[1:]))
    waiting: defaultdict[int, list[preview.OneOff]] = defaultdict(list)
    unspent = one_off.c.charge_id.is_(None) & one_off.c.withdrawn_at.is_(None)
    waits = _registered(conn, one_off, preview.OneOff._fields, tenancy_ids).where(unspent)
    for row in conn.execute(waits.order_by(one_off.c.due_from, one_off.c.id)):
        waiting[row[0]].append(preview.OneOff._make(row[1:]))
    whose = select(tenancy.c.id, tenancy.c.interval_months, tenancy.c.move_in, tenancy.c.move_out)
    return {
        id_: Registered(interval, (move_in, move_out), tuple(lines[id_]), tuple(waiting[id_]))
        for id_, interval, move_in, move_out in conn.execute(whose.where(among(conn, tenancy.c.id, tenancy_ids)))
    }


def interval_months(conn: Connection, tenancy_id: int) -> int:
    """Between two collections of this tenancy."""
    months: int = conn.execute(select(tenancy.c.interval_months).where(tenancy.c.id == tenancy_id)).scalar_one()
    return months


def set_interval_months(conn: Connection, whose: TenancyRef, months: int, said: Said) -> None:
    """What it was is kept."""
    before = interval_months(conn, whose.id)
    conn.execute(update(tenancy).where(tenancy.c.id == whose.id).values(interval_months=months))
    if before != months:
        note_changes(conn, [Change("tenancy", whose.key, "interval_months", str(before), str(months))], said)


def _registered(conn: Connection, table: Table, fields: Sequence[str], tenancy_ids: Collection[int]) -> Select[Any]:
    """The tenancy's id and these columns."""
    columns = (table.c.tenancy_id, *(table.c[name] for name in fields))
    return select(*columns).where(among(conn, table.c.tenancy_id, tenancy_ids))


def _added(conn: Connection, table: Table, lines: Sequence[Mapping[str, Any]], now: datetime, actor: str) -> list[int]:
    rows = [{**line, "recorded_at": now, "actor": actor} for line in lines]
    ids = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(conn.scalars(ids, rows)) if rows else []
