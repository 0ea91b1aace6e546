"""What the journal shows of files: all of them, and one with all that happened to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, literal, or_, select

from hub.store.exchange.fetched import Fetched, of_file
from hub.store.journal import FileRow, get_file
from hub.store.members import Taken, taken
from hub.store.results import HELD_BACK, State
from hub.store.tables import arrival, event, file, reading
from hub.store.views.sources import IN_PARTS


class ListedFile(NamedTuple):
    """One line of ``hub files``."""

    id: int
    name: str
    sha256: str
    vendor: str | None
    kind: str | None
    state: State | None
    received_at: datetime
    reasons: list[str]


class FileDetail(NamedTuple):
    """All that the journal knows of one file: rows by column name, oldest first; of a zip what was in it, by name.

    ``fetched``: the vendors' servers that it came from.
    """

    file: FileRow
    arrivals: list[dict[str, Any]]
    readings: list[dict[str, Any]]
    events: list[dict[str, Any]]
    members: list[Taken]
    fetched: list[Fetched]


def files(conn: Connection, state: State | None = None) -> Iterator[ListedFile]:
    """Every file, or those in one state, oldest first, with the reasons of its last reading."""
    latest = select(func.max(reading.c.id)).where(reading.c.file_id == file.c.id).correlate(file).scalar_subquery()
    query = (
        select(
            file.c.id,
            file.c.name,
            file.c.sha256,
            file.c.vendor,
            file.c.kind,
            file.c.state,
            file.c.received_at,
            reading.c.reasons,
        )
        .outerjoin_from(file, reading, reading.c.id == latest)
        .where(literal(True) if state is None else file.c.state == state)
        .order_by(file.c.id)
    )
    for row in conn.execute(query, execution_options=IN_PARTS):
        yield ListedFile(*row[:7], list(row.reasons or ()))


def files_held_back(conn: Connection) -> int:
    """How many files there are of which something is not booked, and waits for a person."""
    query = select(func.count()).select_from(file).where(file.c.state.in_(HELD_BACK))
    count: int = conn.execute(query).scalar_one()
    return count


def file_detail(conn: Connection, file_id: int) -> FileDetail | None:
    found = get_file(conn, file_id)
    if found is None:
        return None
    arrivals = _all(conn, arrival, arrival.c.file_id == file_id)
    readings = _all(conn, reading, reading.c.file_id == file_id)
    ids = [row["id"] for row in arrivals]
    events = _all(conn, event, or_(event.c.file_id == file_id, event.c.arrival_id.in_(ids)))
    return FileDetail(found, arrivals, readings, events, taken(conn, file_id), of_file(conn, file_id))


def _all(conn: Connection, table: Table, condition: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in conn.execute(select(table).where(condition).order_by(table.c.id)).mappings()]
