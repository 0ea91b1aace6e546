"""Dispatches of a delivery: added with it, and what a person does with one: retries, cancels, settles it."""

from __future__ import annotations

from typing import Any, Literal

from hub.acts.act import Acting
from hub.errors import HubError
from hub.outbox.channels import channels_of
from hub.outbox.handing_over import refuse_given_up, risk_of, said
from hub.outbox.packing import packed, refuse_in_the_clear
from hub.outbox.settling import may_have_it
from hub.plugin.records import EXPORT_KIND
from hub.store.collecting import deliveries
from hub.store.collecting.deliveries import Delivery
from hub.store.exchange import dispatches
from hub.store.exchange.dispatches import AGAIN, ANYWAY, NOTE, Dispatch
from hub.store.exchange.states import DispatchMoveError, DispatchState


class SeveralWaysError(HubError):
    """What collects would go to its vendor by two channels: it would collect twice."""


class RetryRefusedError(HubError):
    """The vendor may have it, and nobody has said that it shall go out all the same."""


def add_dispatches(acting: Acting, made: Delivery) -> None:
    """One for each channel of its vendor, with its bytes as they leave: in the transaction that makes the delivery.

    Raises SeveralWaysError, and whatever packing raises.
    """
    channels = channels_of(acting.site, made.vendor)
    if not channels:
        refuse_in_the_clear(acting.site, made, made.name)
        return
    if len(channels) > 1 and made.kind != EXPORT_KIND:
        raise SeveralWaysError(
            f"{made.vendor} has {len(channels)} ways for its deliveries: {', '.join(one.name for one in channels)}",
            where=f"config/vendors/{made.vendor}.toml",
            why="handed over twice, a delivery collects twice",
            do="leave one of [sftp.push], [folder] and mail.send",
        )
    leaving = packed(acting.site, made.vendor, made)
    for channel in channels:
        one = Dispatch(
            id=0,
            delivery_id=made.id,
            vendor=made.vendor,
            channel=channel.name,
            target=channel.target,
            name=leaving.name,
            sha256=leaving.sha256,
            size=leaving.size,
            message_id=channel.new_message_id(),
            state="waiting",
            step="",
            owner=None,
            lease_until=None,
            attempts=0,
            due_at=None,
            made_at=acting.now,
        )
        dispatches.add_dispatch(acting.conn, one, actor=acting.actor)


def retry(acting: Acting, id: int, text: str, *, again: bool, anyway: bool) -> dict[str, Any]:
    """It waits, and is due at once. ``again`` where the vendor may have it, ``anyway`` where it is owed no longer.

    Raises RetryRefusedError, WriteRefusedError, DispatchMoveError, NoDispatchError.
    """
    one = dispatches.dispatch_of(acting.conn, id, lock=True)
    ours = deliveries.delivery_of(acting.conn, one.delivery_id)
    refuse_given_up(ours)
    risk = risk_of(ours) if may_have_it(acting.conn, ours, one) else ""
    if risk and not again:
        raise RetryRefusedError(
            f"dispatch {id} is {one.state}, and its delivery {ours.id} is {ours.state}",
            why=risk,
            do="ask the vendor; where it has nothing: --again",
        )
    if one.state == "waiting":
        dispatches.hurry(acting.conn, one.vendor, one.channel)
        _note(acting, id, NOTE, text or "to be tried at once")
    else:
        _move(acting, id, "waiting", text)
    for wanted, word in ((again, AGAIN), (anyway, ANYWAY)):
        if wanted:
            _note(acting, id, word, risk if word == AGAIN else "")
    return _told(acting, id) | ({"risk": risk} if risk else {})


def cancel(acting: Acting, id: int, text: str) -> dict[str, Any]:
    """It is not sent this way; where no other is left, a person hands its delivery over.

    Raises NoNoteError, DispatchMoveError, NoDispatchError.
    """
    _move(acting, id, "cancelled", said(text))
    return _told(acting, id)


def settle(acting: Acting, id: int, verdict: Literal["sent", "not-sent"], text: str) -> dict[str, Any]:
    """What a person has found out of one that is uncertain, or was stopped; its delivery follows.

    Raises NoNoteError, DispatchMoveError, NoDispatchError.
    """
    why = said(text)
    one = dispatches.dispatch_of(acting.conn, id, lock=True)
    if verdict == "not-sent" and one.state != "uncertain":
        raise DispatchMoveError(
            f"dispatch {id} is {one.state}, not uncertain",
            why="that it was not sent ends a doubt, and there is none",
            do=f"to send it once more: hub outbox retry {id}; see: hub outbox show {id}",
        )
    _move(acting, id, "sent" if verdict == "sent" else "stopped", why)
    ours = deliveries.delivery_of(acting.conn, one.delivery_id)
    told = f"dispatch {id}, by {one.channel}: {why}"
    if verdict == "sent" and ours.state in ("made", "uncertain"):
        _move_delivery(acting, ours, "sent", told)
    elif verdict == "not-sent" and ours.state == "uncertain" and not _others_went(acting, one):
        _move_delivery(acting, ours, "made", told)
    return _told(acting, id)


def _others_went(acting: Acting, one: Dispatch) -> bool:
    siblings = dispatches.dispatches_of(acting.conn, [one.delivery_id])[one.delivery_id]
    return any(other.state in ("sent", "uncertain") for other in siblings if other.id != one.id)


def _move(acting: Acting, id: int, state: DispatchState, text: str) -> None:
    dispatches.change_state(acting.conn, id, state, text, by="person", at=acting.now, actor=acting.actor)


def _move_delivery(acting: Acting, ours: Delivery, state: Literal["made", "sent"], text: str) -> None:
    deliveries.change_state(acting.conn, ours.id, state, text, at=acting.now, actor=acting.actor)


def _note(acting: Acting, id: int, what: str, text: str) -> None:
    dispatches.note(acting.conn, id, what, text, at=acting.now, actor=acting.actor)


def _told(acting: Acting, id: int) -> dict[str, Any]:
    one = dispatches.dispatch_of(acting.conn, id)
    ours = deliveries.delivery_of(acting.conn, one.delivery_id)
    return {
        "dispatch": id,
        "delivery": ours.id,
        "vendor": one.vendor,
        "channel": one.channel,
        "name": one.name,
        "state": one.state,
        "delivery_state": ours.state,
    }
