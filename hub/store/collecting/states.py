"""The states of a delivery, and who may take it from one to another: the machine that sends, a receipt, a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from hub.errors import HubError

#: made: kept here. sent: handed over. uncertain: nobody knows whether it was. accepted, refused: the vendor says so.
#: withdrawn: given up before it was handed over.
State: TypeAlias = Literal["made", "sent", "uncertain", "accepted", "refused", "withdrawn"]
By: TypeAlias = Literal["machine", "receipt", "person"]
STATES: tuple[State, ...] = ("made", "sent", "uncertain", "accepted", "refused", "withdrawn")
#: In these the vendor may have it, or take it yet.
LIVE: tuple[State, ...] = ("made", "sent", "uncertain", "accepted")

_ANYONE: tuple[By, ...] = ("machine", "receipt", "person")
_WHOEVER_KNOWS: tuple[By, ...] = ("receipt", "person")
_A_PERSON: tuple[By, ...] = ("person",)
#: All there are. No machine sends what is ``uncertain`` again by itself: it makes it ``sent`` where a person has told
#: it to send it all the same, or where it went by another channel as well. Back to ``made`` a person takes what the
#: vendor has not got. What is refused or withdrawn never comes back: its collections are given up, and may stand in a
#: later delivery by now.
MOVES: Mapping[State, Mapping[State, tuple[By, ...]]] = {
    "made": {
        "sent": _ANYONE,
        "uncertain": ("machine", "person"),
        "accepted": _WHOEVER_KNOWS,
        "refused": _WHOEVER_KNOWS,
        "withdrawn": _A_PERSON,
    },
    "sent": {"uncertain": _A_PERSON, "accepted": _WHOEVER_KNOWS, "refused": _WHOEVER_KNOWS},
    "uncertain": {"made": _A_PERSON, "sent": _ANYONE, "accepted": _WHOEVER_KNOWS, "refused": _WHOEVER_KNOWS},
    # The vendor deletes an accepted delivery when it is asked to on the telephone.
    "accepted": {"refused": _A_PERSON},
    "refused": {},
    "withdrawn": {},
}


class MoveError(HubError):
    """A delivery cannot go from its state to that one."""


def may_move(now: State, to: State, by: By) -> bool:
    return by in MOVES[now].get(to, ())


def refuse_move(delivery_id: int, now: State, to: State, by: By) -> None:
    """Raises MoveError."""
    if may_move(now, to, by):
        return
    others = [state for state in MOVES[now] if may_move(now, state, by)]
    raise MoveError(
        f"delivery {delivery_id} is {now} and cannot become {to}",
        why=f"from there a {by} can only make it {' or '.join(others)}" if others else f"what is {now} stays so",
        do=f"see: hub deliveries show {delivery_id}",
    )
