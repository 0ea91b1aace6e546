"""What became of one try to send, and what keeps the next from being made: the dispatch and its delivery together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from hub.money import format_amount
from hub.store.collecting import deliveries
from hub.store.collecting.deliveries import Delivery
from hub.store.collecting.outdated import Outdated, outdated_in
from hub.store.collecting.states import State
from hub.store.database import Database
from hub.store.exchange import dispatches
from hub.store.exchange.dispatches import AGAIN, ANYWAY, Dispatch
from hub.store.exchange.states import DispatchState

log = structlog.get_logger()

OWED_NO_LONGER = "the tenant is asked for what he no longer owes: it was paid, credited or reversed since"
#: Of a delivery: nobody needs it any more.
_GIVEN_UP = ("refused", "withdrawn")


def asks_too_much(delivery_id: int, found: Sequence[Outdated]) -> str:
    """``found`` is of :func:`hub.store.collecting.outdated.outdated_in`, and not empty."""
    first = found[0]
    return (
        f"{len(found)} collections of delivery {delivery_id} ask for more than is open: first {first.tenancy}, "
        f"{format_amount(first.amount)}, of which {format_amount(first.open)} is open"
    )


def may_have_it(conn: Connection, ours: Delivery, one: Dispatch) -> bool:
    """Whether the vendor may have the delivery by this dispatch, or otherwise than by its other ones."""
    if one.state in ("sent", "uncertain"):
        return True
    return ours.state in ("sent", "uncertain", "accepted") and not _went_otherwise(conn, one)


def refusal_of(conn: Connection, one: Dispatch) -> str:
    """Why no machine may send it now; "" = it may."""
    ours = deliveries.delivery_of(conn, one.delivery_id)
    if ours.state in _GIVEN_UP:
        return f"delivery {ours.id} is {ours.state}: nothing of it is handed over any more"
    allowed = dispatches.allowed(dispatches.events_of(conn, one.id))
    if AGAIN not in allowed and may_have_it(conn, ours, one):
        return f"delivery {ours.id} is {ours.state}: the vendor may have it, and no machine hands it over twice"
    found = [] if ANYWAY in allowed else outdated_in(conn, ours.id)
    if found:
        ways = f"hub deliveries withdraw {ours.id}, then collect again; or hub outbox retry {one.id} --anyway"
        return f"{asks_too_much(ours.id, found)}. {OWED_NO_LONGER}. {ways}"
    return ""


def end(
    db: Database,
    one: Dispatch,
    state: DispatchState,
    text: str,
    *,
    at: datetime,
    actor: str,
    due_at: datetime | None = None,
) -> None:
    """What a machine knows of it now; its delivery follows. Nothing, where it is no longer as ``one`` is.

    What nobody knows, the vendor may have said already.
    """
    with db.write() as conn:
        now = dispatches.dispatch_of(conn, one.id, lock=True)
        if (now.state, now.owner) != (one.state, one.owner):
            log.warning("somebody else has dealt with it", dispatch=one.id, state=now.state, wanted=state)
            return
        ours = deliveries.delivery_of(conn, one.delivery_id)
        if state == "uncertain":
            state, text = _as_the_vendor_says(conn, ours, one, text)
        dispatches.change_state(conn, one.id, state, text, by="machine", at=at, actor=actor, due_at=due_at)
        follows = {"sent": ("made", "uncertain"), "uncertain": ("made",)}.get(state, ())
        if ours.state in follows:
            told = f"by {one.channel} to {one.target}: {text}"
            to: State = "sent" if state == "sent" else "uncertain"
            deliveries.change_state(conn, ours.id, to, told, at=at, actor=actor, by="machine")


def _as_the_vendor_says(conn: Connection, ours: Delivery, one: Dispatch, text: str) -> tuple[DispatchState, str]:
    # Of one that a person has sent once more, what was known of the first time says nothing.
    again = AGAIN in dispatches.allowed(dispatches.events_of(conn, one.id))
    if ours.state == "accepted" or (ours.state == "sent" and not again and not _went_otherwise(conn, one)):
        return "sent", f"{text}; delivery {ours.id} is {ours.state}: the vendor has it"
    if ours.state in _GIVEN_UP:
        return "stopped", f"{text}; delivery {ours.id} is {ours.state}"
    return "uncertain", text


def _went_otherwise(conn: Connection, one: Dispatch) -> bool:
    """Whether another dispatch of its delivery says where the vendor may have it from."""
    siblings = dispatches.dispatches_of(conn, [one.delivery_id])[one.delivery_id]
    return any(other.id != one.id and other.state in ("sent", "uncertain") for other in siblings)
