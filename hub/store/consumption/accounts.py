"""Consumption accounts: one settlement of one consumption type on one property for one period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, insert, select, update

from hub.store.tables import consumption_account, consumption_result, consumption_revision, reading

#: withdrawn: nothing of it stands, and a person has given it up; its days are free for another.
State: TypeAlias = Literal["open", "booked", "withdrawn"]


class AccountRow(NamedTuple):
    """As the table has it."""

    id: int
    property_id: int
    type: str
    period_from: date
    period_to: date
    state: State
    #: Øre; None = not given.
    total_cost: int | None
    opened_at: datetime
    actor: str


_COLUMNS = [consumption_account.c[name] for name in AccountRow._fields]


def accounts_overlapping(
    conn: Connection, property_id: int, type: str, period: tuple[date, date]
) -> Sequence[AccountRow]:
    """Accounts of this property and type that have a day in common with ``period``, the earliest first."""
    query = (
        select(*_COLUMNS)
        .where(
            consumption_account.c.property_id == property_id,
            consumption_account.c.type == type,
            consumption_account.c.period_from <= period[1],
            consumption_account.c.period_to >= period[0],
        )
        .order_by(consumption_account.c.period_from, consumption_account.c.period_to)
    )
    return [AccountRow(*row) for row in conn.execute(query)]


def add_account(
    conn: Connection, property_id: int, type: str, period: tuple[date, date], *, opened_by: str, at: datetime
) -> AccountRow:
    """A new open account."""
    values = {
        "property_id": property_id,
        "type": type,
        "period_from": period[0],
        "period_to": period[1],
        "state": "open",
        "opened_at": at,
        "actor": opened_by,
    }
    return AccountRow(*conn.execute(insert(consumption_account).values(values).returning(*_COLUMNS)).one())


def account_with(conn: Connection, account_id: int) -> AccountRow | None:
    row = conn.execute(select(*_COLUMNS).where(consumption_account.c.id == account_id)).one_or_none()
    return None if row is None else AccountRow(*row)


def open_accounts(conn: Connection, property_id: int, type: str) -> Sequence[AccountRow]:
    """Those that wait for a result, the earliest first (R30)."""
    query = (
        select(*_COLUMNS)
        .where(
            consumption_account.c.property_id == property_id,
            consumption_account.c.type == type,
            consumption_account.c.state == "open",
        )
        .order_by(consumption_account.c.period_from)
    )
    return [AccountRow(*row) for row in conn.execute(query)]


def periods_settled_by(conn: Connection, file_id: int) -> set[tuple[date, date]]:
    """Of the accounts that a file's results are of."""
    query = (
        select(consumption_account.c.period_from, consumption_account.c.period_to)
        .join(consumption_revision, consumption_revision.c.account_id == consumption_account.c.id)
        .join(consumption_result, consumption_result.c.revision_id == consumption_revision.c.id)
        .join(reading, reading.c.id == consumption_result.c.reading_id)
        .where(reading.c.file_id == file_id)
        .distinct()
    )
    return {(first, last) for first, last in conn.execute(query)}


def set_account_state(conn: Connection, account_id: int, state: State) -> None:
    conn.execute(update(consumption_account).where(consumption_account.c.id == account_id).values(state=state))


def set_total_cost(conn: Connection, account_id: int, total_cost: int | None) -> None:
    """Øre that the property's consumption has cost in all; None = not given."""
    conn.execute(
        update(consumption_account).where(consumption_account.c.id == account_id).values(total_cost=total_cost)
    )


def accounts(conn: Connection, property_id: int | None, state: str | None) -> Sequence[AccountRow]:
    """The latest period first; None = whatever it is."""
    query = select(*_COLUMNS).order_by(
        consumption_account.c.period_to.desc(), consumption_account.c.property_id, consumption_account.c.type
    )
    if property_id is not None:
        query = query.where(consumption_account.c.property_id == property_id)
    if state is not None:
        query = query.where(consumption_account.c.state == state)
    return [AccountRow(*row) for row in conn.execute(query)]
