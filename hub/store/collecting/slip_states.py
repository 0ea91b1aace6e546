"""What has become of what slips demand: paid, credited, reversed, given up, or open still."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.store.lookup import among
from hub.store.tables import batch, charge, charge_line, collection, collection_line, credited, entry
from hub.store.taking_back import history_of


class SlipState(StrEnum):
    OPEN = "open"
    PART_PAID = "part paid"
    PAID = "paid"
    #: A credit note has taken back some of it since: it demands what is not owed.
    CREDITED = "credited"
    #: A charge on it has been reversed.
    REVERSED = "reversed"
    #: Its collection was given up.
    WITHDRAWN = "withdrawn"
    #: The vendor made it, and has not said for which collection.
    UNKNOWN = "unknown"


class _Line(NamedTuple):
    id: int
    amount: int
    remaining: int
    #: Of its charge.
    entry_id: int


#: State, and øre of the slip's amount that are open; None where nobody knows.
State = tuple[SlipState, int | None]


def states_of(conn: Connection, slips: Sequence[tuple[int, int | None, int, datetime]]) -> dict[int, State]:
    """By slip id; ``slips`` are (id, collection, øre demanded, when it was stored)."""
    collections = {collection_id for _, collection_id, _, _ in slips if collection_id is not None}
    lines = _lines(conn, collections)
    withdrawn = _withdrawn(conn, collections)
    history = history_of(conn, {line.entry_id for of_it in lines.values() for line in of_it})
    credits = _credits(conn, {line.id for of_it in lines.values() for line in of_it})
    found: dict[int, State] = {}
    for id_, collection_id, amount, at in slips:
        demanded = () if collection_id is None else lines[collection_id]
        left = sum(min(line.amount, line.remaining) for line in demanded)
        if not demanded:
            found[id_] = SlipState.UNKNOWN, None
        elif collection_id in withdrawn:
            found[id_] = SlipState.WITHDRAWN, left
        elif any(history.taken_back_by(line.entry_id) is not None for line in demanded):
            found[id_] = SlipState.REVERSED, left
        elif any(sum(ore for since, ore in credits[line.id] if since > at) > 0 for line in demanded):
            found[id_] = SlipState.CREDITED, left
        elif left == 0:
            found[id_] = SlipState.PAID, left
        else:
            found[id_] = SlipState.OPEN if left == amount else SlipState.PART_PAID, left
    return found


def _lines(conn: Connection, collections: set[int]) -> defaultdict[int, list[_Line]]:
    query = (
        select(
            collection_line.c.collection_id,
            collection_line.c.line_id,
            collection_line.c.amount,
            charge_line.c.remaining,
            charge.c.entry_id,
        )
        .join_from(collection_line, charge_line, charge_line.c.id == collection_line.c.line_id)
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(among(conn, collection_line.c.collection_id, collections))
    )
    found: defaultdict[int, list[_Line]] = defaultdict(list)
    for collection_id, *line in conn.execute(query):
        found[collection_id].append(_Line(*line))
    return found


def _withdrawn(conn: Connection, collections: set[int]) -> set[int]:
    gone = collection.c.withdrawn_at.is_not(None)
    return set(conn.scalars(select(collection.c.id).where(gone, among(conn, collection.c.id, collections))))


def _credits(conn: Connection, lines: set[int]) -> defaultdict[int, list[tuple[datetime, int]]]:
    """By charge line, when credit notes took back how much; a reversed credit note's are less than nothing."""
    query = (
        select(credited.c.line_id, batch.c.recorded_at, func.sum(credited.c.amount))
        .join_from(credited, entry, entry.c.id == credited.c.entry_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .where(among(conn, credited.c.line_id, lines))
        .group_by(credited.c.line_id, batch.c.recorded_at)
    )
    found: defaultdict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for line_id, at, ore in conn.execute(query):
        found[line_id].append((at, int(ore)))
    return found
