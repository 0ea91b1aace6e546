"""Which entries stand, and which were taken back since."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection

from hub.store.taking_back import history_of


class TakenBack(NamedTuple):
    """The entry that has done it, and its kind: a charge-back or a reversal."""

    entry: int
    kind: str


def taken_back(conn: Connection, entry_ids: Collection[int]) -> dict[int, TakenBack]:
    """By entry id, those that were taken back; money in suspense too, where its match was taken from the tenancy."""
    history = history_of(conn, entry_ids)
    found = {}
    for entry_id in entry_ids:
        back, match = history.taken_back_by(entry_id), history.match_of(entry_id)
        if back is None and match is not None:
            back = history.taken_back_by(match.id)
        if back is not None:
            found[entry_id] = TakenBack(back.id, back.kind)
    return found
