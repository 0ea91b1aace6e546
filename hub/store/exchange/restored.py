"""Dispatches out of a backup: what was on its way then may have been handed over since."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from hub.store.collecting import deliveries
from hub.store.exchange import dispatches
from hub.store.exchange.states import DispatchState

_ACTOR = "restore"
_ON_ITS_WAY: tuple[DispatchState, ...] = ("waiting", "sending")


def doubt_what_was_on_its_way(conn: Connection, made_at: datetime) -> int:
    """Makes uncertain, with its delivery, what waited or was being sent when the backup was made; how many it was.

    A vendor that has taken a file away shows nothing to whoever looks there: sent again, it would collect twice.
    """
    text = f"this is out of a backup of {made_at:%Y-%m-%d %H:%M:%S} UTC: it may have been sent since"
    doubted = [one for state in _ON_ITS_WAY for one in dispatches.dispatches(conn, state=state)]
    for one in doubted:
        if deliveries.delivery_of(conn, one.delivery_id, lock=True).state == "made":
            deliveries.change_state(conn, one.delivery_id, "uncertain", text, at=made_at, actor=_ACTOR, by="machine")
        dispatches.change_state(conn, one.id, "uncertain", text, by="machine", at=made_at, actor=_ACTOR)
    return len(doubted)
