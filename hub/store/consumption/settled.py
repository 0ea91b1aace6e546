"""What was asked on account and is settled by a result: it has left the holding, and no revision settles it again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, insert, select

from hub.ledger import kinds
from hub.store.consumption.accounts import AccountRow
from hub.store.consumption.on_account import holdings_opened, lines_asked
from hub.store.consumption.results import stands
from hub.store.lookup import among
from hub.store.tables import (
    charge_line,
    consumption_result,
    consumption_revision,
    consumption_settled,
)


class Unsettled(NamedTuple):
    """What a tenancy was asked for on account, and no result has settled; øre."""

    tenancy_id: int
    #: 0 = what was held when the books began (R20).
    line_id: int
    #: Its charge, and its place in it from 1; 0 where there is none.
    charge_id: int
    place: int
    #: The holding that it fills; None = none, it is income.
    holding: str | None
    #: Less what credit notes took back.
    asked: int
    #: Of that, what nobody has paid.
    unpaid: int


class Settled(NamedTuple):
    """As the table has it, but for its id."""

    entry_id: int
    line_id: int | None
    amount: int
    credit_id: int | None


def unsettled(conn: Connection, account: AccountRow, charge_type: str) -> Sequence[Unsettled]:
    """All that lies in the account's period (R27), by line."""
    property_id, period = account.property_id, (account.period_from, account.period_to)
    within = lines_asked(conn, property_id, charge_type, period)
    lines = [one for one in within if one.asked and period[0] <= one.first and one.last <= period[1]]
    places = _places(conn, [one.line_id for one in lines])
    found = [
        Unsettled(one.tenancy_id, one.line_id, *places[one.line_id], one.asked, one.unpaid)
        for one in lines
        if one.line_id in places
    ]
    holding = kinds.ON_ACCOUNT.get(charge_type)
    if holding is None:
        return found
    done = _openings_settled(conn, account.id)
    found += [
        Unsettled(one.tenancy_id, 0, 0, 0, holding, one.held, 0)
        for one in holdings_opened(conn, property_id, holding, period)
        if one.held and one.tenancy_id not in done
    ]
    return found


def add_settled(conn: Connection, rows: Iterable[Settled]) -> None:
    values = [one._asdict() for one in rows]
    if values:
        conn.execute(insert(consumption_settled), values)


def is_settled(line_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a result that stands has settled this charge line: then it fills its holding no more (R23)."""
    return exists().where(consumption_settled.c.line_id == line_id, stands(consumption_settled.c.entry_id))


def credit_notes_of(conn: Connection, entry_ids: Collection[int]) -> list[int]:
    """Those by which results took back what nobody had paid on account."""
    query = select(consumption_settled.c.credit_id).where(
        among(conn, consumption_settled.c.entry_id, entry_ids), consumption_settled.c.credit_id.is_not(None)
    )
    return list(conn.scalars(query.distinct()))


def _places(conn: Connection, line_ids: Collection[int]) -> Mapping[int, tuple[int, int, str | None]]:
    """Charge, place in it from 1 and holding by line id, of those that no result has settled."""
    query = select(charge_line.c.id, charge_line.c.charge_id, charge_line.c.seq + 1, charge_line.c.holding).where(
        among(conn, charge_line.c.id, line_ids), ~is_settled(charge_line.c.id)
    )
    return {line_id: (charge_id, place, holding) for line_id, charge_id, place, holding in conn.execute(query)}


def _openings_settled(conn: Connection, account_id: int) -> Collection[int]:
    """Tenancies whose opening holding a result of the account has settled."""
    query = (
        select(consumption_result.c.tenancy_id)
        .join_from(consumption_revision, consumption_result)
        .join(consumption_settled, consumption_settled.c.entry_id == consumption_result.c.entry_id)
        .where(
            consumption_revision.c.account_id == account_id,
            consumption_settled.c.line_id.is_(None),
            stands(consumption_settled.c.entry_id),
        )
    )
    return set(conn.scalars(query))
