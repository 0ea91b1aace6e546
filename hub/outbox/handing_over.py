"""What a person does with a delivery: hands it over, doubts, settles, withdraws, writes it into the outbox again.

A delivery that lies in the outbox may be handed over by whoever looks there. So only what is to be handed over lies
there: ``sweep`` takes away what a person or a receipt has dealt with. The bytes are kept for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from hub.acts.act import Acting, judged_text
from hub.errors import HubError
from hub.outbox.settling import OWED_NO_LONGER, asks_too_much
from hub.plugin.records import EXPORT_KIND
from hub.settings import Site
from hub.store import journal
from hub.store.collecting.deliveries import (
    WRITTEN_AGAIN,
    Delivery,
    change_state,
    delivery_of,
    find,
    is_to_hand_over,
    note,
)
from hub.store.collecting.outdated import outdated_in
from hub.store.collecting.sent_by import OnItsWayError, dispatches_by
from hub.store.collecting.states import State
from hub.store.exchange import dispatches
from hub.store.exchange.states import DispatchState
from hub.transport.content import hash_of

#: Handed over once more; the state says already that the vendor may have it.
_HANDED_OVER = "handed over"
_CONFIRMED = "confirmed"
_BY_A_PERSON = "a person has handed its delivery over"
_GIVEN_UP = "its collections were given up, and may stand in a later delivery"


class NoNoteError(HubError):
    """Nobody said why."""


class WriteRefusedError(HubError):
    """A delivery that was handed over, or given up, would lie in the outbox again."""


class OutdatedError(HubError):
    """A delivery asks for what is owed no longer."""


def hand_over(acting: Acting, id: int, *, anyway: bool = False) -> dict[str, Any]:
    """The vendor has it from a person. ``anyway`` though it asks for what is owed no longer.

    What was stopped on its way by machine is not sent any more. Raises OutdatedError, OnItsWayError, MoveError,
    NoDeliveryError.
    """
    ours = delivery_of(acting.conn, id, lock=True)
    _refuse_on_its_way(acting, ours, ("waiting", "sending", "uncertain"))
    if ours.state == "made" and not anyway:
        _refuse_outdated(acting.conn, id)
    if ours.state not in ("made", "uncertain") and is_to_hand_over(acting.conn, ours):
        note(acting.conn, id, _HANDED_OVER, "", at=acting.now, actor=acting.actor)
        return _told(acting, id)
    for one in dispatches_by(acting.conn, id):
        if one.state == "stopped":
            dispatches.change_state(
                acting.conn, one.id, "cancelled", _BY_A_PERSON, by="person", at=acting.now, actor=acting.actor
            )
    return _moved(acting, id, "sent", "")


def doubt(acting: Acting, id: int, text: str) -> dict[str, Any]:
    """Nobody knows whether the vendor has it. Raises OnItsWayError, MoveError, NoDeliveryError, NoNoteError."""
    _refuse_on_its_way(acting, delivery_of(acting.conn, id, lock=True), ("waiting", "sending"))
    return _moved(acting, id, "uncertain", said(text))


def settle(
    acting: Acting, id: int, state: Literal["accepted", "refused"], text: str, *, receipt_file: int | None = None
) -> dict[str, Any]:
    """The vendor's verdict by a person's word; ``receipt_file`` is a file with a receipt that named no delivery.

    With a file, what has that state already keeps it: the file is then known to be about it.
    Raises MoveError, NoDeliveryError, NoNoteError, and HubError where there is no such file of its vendor.
    """
    why = said(text)
    ours = delivery_of(acting.conn, id)
    if receipt_file is not None:
        came = journal.get_file(acting.conn, receipt_file)
        if came is None or came.vendor != ours.vendor:
            raise HubError(f"there is no file {receipt_file} of {ours.vendor}", do="see: hub deliveries list")
        if ours.state == state:
            note(acting.conn, id, _CONFIRMED, why, at=acting.now, actor=acting.actor, file_id=receipt_file)
            return _told(acting, id)
    return _moved(acting, id, state, why, file_id=receipt_file)


def withdraw(acting: Acting, id: int, text: str) -> dict[str, Any]:
    """Nobody has it, and nobody shall: its collections are given up.

    Raises OnItsWayError, MoveError, NoDeliveryError, NoNoteError.
    """
    return _moved(acting, id, "withdrawn", said(text))


def write_again(acting: Acting, id: int, *, again: bool) -> dict[str, Any]:
    """Allows the same bytes in the outbox once more; ``place`` puts them there after the commit.

    ``again`` where the vendor may have it already. Raises WriteRefusedError, OnItsWayError, NoDeliveryError.
    """
    ours = delivery_of(acting.conn, id, lock=True)
    refuse_given_up(ours)
    _refuse_on_its_way(acting, ours, ("waiting", "sending"))
    if ours.state == "made":
        _refuse_on_its_way(acting, ours, ("stopped",))
        return _told(acting, id)
    risk = risk_of(ours)
    if not again:
        raise WriteRefusedError(
            f"delivery {id} is {ours.state}", why=risk, do="ask the vendor; where it has nothing: --again"
        )
    note(acting.conn, id, WRITTEN_AGAIN, risk, at=acting.now, actor=acting.actor)
    return {**_told(acting, id), "risk": risk}


def sweep(conn: Connection, site: Site) -> list[Path]:
    """Takes out of the outbox what is not to be handed over (any more); gives what was taken.

    What is not byte for byte a delivery of ours is nobody's business here.
    """
    taken = []
    for folder in (site.outbox / vendor for vendor in sorted(site.vendors)):
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            named = _named(conn, folder.name, path.name)
            if named and not any(is_to_hand_over(conn, one) for one, _ in named) and _is_any_of(path, named):
                path.unlink(missing_ok=True)
                taken.append(path)
    return taken


def _named(conn: Connection, vendor: str, name: str) -> list[tuple[Delivery, str]]:
    """Deliveries that lie in the outbox under this name, as they were made or packed, each with its SHA-256 there."""
    packed = dispatches.dispatches(conn, vendor=vendor, name=name)
    return [
        *((one, one.sha256) for one in find(conn, vendor, name=name)),
        *((delivery_of(conn, one.delivery_id), one.sha256) for one in packed),
    ]


def _is_any_of(path: Path, named: Sequence[tuple[Delivery, str]]) -> bool:
    with path.open("rb") as lying:
        return hash_of(lying) in {sha256 for _, sha256 in named}


def refuse_given_up(ours: Delivery) -> None:
    """Raises WriteRefusedError for what is never handed over any more."""
    if ours.state in ("refused", "withdrawn"):
        told = ours.kind == EXPORT_KIND
        raise WriteRefusedError(
            f"delivery {ours.id} is {ours.state}",
            why="a later one may tell otherwise" if told else _GIVEN_UP,
            do=f"make a new one: {'hub export' if told else 'hub collect'}",
        )


def risk_of(ours: Delivery) -> str:
    """What handing it over once more may do."""
    told = f"tells of {ours.items} tenancies twice"
    twice = told if ours.kind == EXPORT_KIND else f"collects {ours.items} demands twice"
    return f"the vendor may have it: a delivery that is handed over twice {twice}"


def said(text: str) -> str:
    """A person's reason. Raises NoNoteError, TextRefusedError."""
    why = judged_text(text, "a note").strip()
    if not why:
        raise NoNoteError("a note is needed", why="whoever looks here later asks why", do='write --note "..."')
    return why


def _refuse_on_its_way(acting: Acting, ours: Delivery, states: Sequence[DispatchState]) -> None:
    """A machine hands it over, or nobody knows whether it has: a person does not do so beside it."""
    for one in dispatches_by(acting.conn, ours.id):
        if one.state in states:
            by_hand = f"first: hub outbox cancel {one.id}; then it lies in the outbox"
            ways = {
                "waiting": by_hand,
                "stopped": f"{by_hand}; or send it: hub outbox retry {one.id}",
                "sending": f"wait until it is through: hub outbox show {one.id}",
                "uncertain": f"find out whether the vendor has it, then: hub outbox settle {one.id} sent|not-sent",
            }
            raise OnItsWayError(
                f"delivery {ours.id} goes by {one.channel} as dispatch {one.id}, which is {one.state}",
                where=one.target,
                why="the vendor could have it twice",
                do=ways[one.state],
            )


def _refuse_outdated(conn: Connection, id: int) -> None:
    found = outdated_in(conn, id)
    if found:
        raise OutdatedError(
            asks_too_much(id, found),
            why=OWED_NO_LONGER,
            do=f"hub deliveries withdraw {id}, then collect again; where the vendor has it already: --anyway",
        )


def _moved(acting: Acting, id: int, state: State, text: str, *, file_id: int | None = None) -> dict[str, Any]:
    change_state(acting.conn, id, state, text, at=acting.now, actor=acting.actor, file_id=file_id)
    return _told(acting, id)


def _told(acting: Acting, id: int) -> dict[str, Any]:
    ours = delivery_of(acting.conn, id)
    return {"delivery": ours.id, "vendor": ours.vendor, "name": ours.name, "state": ours.state}
