"""Totals of what was exchanged: what became of fetched files, what lies on servers still, dispatches by state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.store.exchange.rounds import Round
from hub.store.exchange.states import DispatchState
from hub.store.results import State
from hub.store.tables import arrival, dispatch, exchange_round, fetched, file


class Brought(NamedTuple):
    """A file that was fetched; ``file_id`` and ``state`` None = it is not read yet."""

    name: str
    file_id: int | None
    state: State | None


def fetched_since(conn: Connection, vendor: str, since: datetime) -> list[Brought]:
    """What became of the vendor's files that were fetched from then on, oldest first."""
    query = (
        select(fetched.c.name, arrival.c.file_id, file.c.state)
        .join(arrival, arrival.c.id == fetched.c.arrival_id)
        .outerjoin(file, file.c.id == arrival.c.file_id)
        .where(fetched.c.vendor == vendor, fetched.c.at >= since)
        .order_by(fetched.c.id)
    )
    return [Brought._make(row) for row in conn.execute(query)]


def lying_there(conn: Connection) -> Mapping[tuple[str, str], int]:
    """By vendor and folder: files that were fetched and, as far as anybody knows, lie on its server still."""
    place = (fetched.c.vendor, fetched.c.folder)
    query = select(*place, func.count()).where(fetched.c.gone_at.is_(None), fetched.c.arrival_id.is_not(None))
    return {(vendor, folder): many for vendor, folder, many in conn.execute(query.group_by(*place))}


def dispatches_by_state(conn: Connection) -> Mapping[tuple[str, DispatchState], int]:
    """By vendor and state; those of which there are none are left out."""
    query = select(dispatch.c.vendor, dispatch.c.state, func.count()).group_by(dispatch.c.vendor, dispatch.c.state)
    return {(vendor, state): many for vendor, state, many in conn.execute(query)}


def recent_rounds(conn: Connection, vendor: str, most: int) -> list[Round]:
    """Of the vendor, pulls and pushes, the latest first."""
    columns = [exchange_round.c[name] for name in Round._fields]
    query = select(*columns).where(exchange_round.c.vendor == vendor).order_by(exchange_round.c.id.desc()).limit(most)
    return [Round._make(row) for row in conn.execute(query)]
