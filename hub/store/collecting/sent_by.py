"""A delivery and its dispatches: what becomes of these when a receipt or a person says what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from hub.errors import HubError
from hub.store.collecting.states import State
from hub.store.exchange import dispatches
from hub.store.exchange.dispatches import Dispatch

_WITHDRAWN = "its delivery was withdrawn"


class OnItsWayError(HubError):
    """A machine hands the delivery over, or has; a person would do otherwise with it."""


def dispatches_by(conn: Connection, delivery_id: int) -> list[Dispatch]:
    """Of one delivery, in order; [] = a person hands it over."""
    return dispatches.dispatches_of(conn, [delivery_id]).get(delivery_id, [])


def is_for_a_machine(conn: Connection, delivery_id: int) -> bool:
    """Whether a machine hands it over, may have, or would once more at a person's word: until that way is cancelled."""
    return any(one.state != "cancelled" for one in dispatches_by(conn, delivery_id))


def dispatches_follow(
    conn: Connection,
    delivery_id: int,
    state: State,
    text: str,
    *,
    by: Literal["receipt", "person"],
    at: datetime,
    actor: str,
) -> None:
    """Ends doubts where the vendor's verdict has ended them; what is given up is not sent any more.

    That a person calls the delivery sent says of none of its dispatches that it was. Raises OnItsWayError.
    """
    has_it = state == "accepted" or (state == "sent" and by == "receipt")
    ways = dispatches_by(conn, delivery_id)
    # What was stopped on the only way there was has come to the vendor all the same, or by a person.
    ended = ("uncertain", "stopped") if len(ways) == 1 else ("uncertain",)
    for one in ways:
        if state == "withdrawn":
            _give_up(conn, one, at=at, actor=actor)
        elif one.state in ended and has_it:
            dispatches.change_state(conn, one.id, "sent", text, by=by, at=at, actor=actor)
        elif one.state == "uncertain" and state == "refused":
            dispatches.change_state(conn, one.id, "stopped", text, by=by, at=at, actor=actor)
        elif one.state == "waiting" and state == "refused":
            dispatches.change_state(conn, one.id, "stopped", text, by="machine", at=at, actor=actor)


def _give_up(conn: Connection, one: Dispatch, *, at: datetime, actor: str) -> None:
    if one.state in ("waiting", "stopped"):
        dispatches.change_state(conn, one.id, "cancelled", _WITHDRAWN, by="person", at=at, actor=actor)
    elif one.state != "cancelled":
        ways = {
            "sending": f"wait until it is through: hub outbox show {one.id}",
            "uncertain": f"find out whether the vendor has it; where it has not: hub outbox settle {one.id} not-sent",
        }
        raise OnItsWayError(
            f"delivery {one.delivery_id} cannot be withdrawn: dispatch {one.id} is {one.state}, by {one.channel}",
            where=one.target,
            why="the vendor has it, may have it, or gets it now; its collections would be asked for again",
            do=ways.get(one.state, f"see: hub outbox show {one.id}"),
        )
