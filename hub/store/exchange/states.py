"""The states of a dispatch, and who may take it from one to another: the machine that sends, a receipt, a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from hub.errors import HubError

#: waiting: is sent when it is due. sending: somebody sends it now. sent: the far side has it. uncertain: nobody knows.
#: stopped: it was not sent, and no machine tries again. cancelled: it shall not be sent this way.
DispatchState: TypeAlias = Literal["waiting", "sending", "sent", "uncertain", "stopped", "cancelled"]
By: TypeAlias = Literal["machine", "receipt", "person"]
STATES: tuple[DispatchState, ...] = ("waiting", "sending", "sent", "uncertain", "stopped", "cancelled")

_MACHINE: tuple[By, ...] = ("machine",)
_PERSON: tuple[By, ...] = ("person",)
_WHOEVER_KNOWS: tuple[By, ...] = ("receipt", "person")
#: All there are. Out of ``uncertain`` leads only a receipt or a person: no machine sends anything twice.
MOVES: Mapping[DispatchState, Mapping[DispatchState, tuple[By, ...]]] = {
    # What waited in a backup may have been sent since (hub.store.exchange.restored).
    "waiting": {"sending": _MACHINE, "stopped": _MACHINE, "uncertain": _MACHINE, "cancelled": _PERSON},
    "sending": {"waiting": _MACHINE, "sent": _MACHINE, "uncertain": _MACHINE, "stopped": _MACHINE},
    "uncertain": {"sent": _WHOEVER_KNOWS, "stopped": _WHOEVER_KNOWS, "waiting": _PERSON},
    "stopped": {"waiting": _PERSON, "cancelled": _PERSON, "sent": _WHOEVER_KNOWS},
    "sent": {"waiting": _PERSON, "stopped": _WHOEVER_KNOWS},
    "cancelled": {"waiting": _PERSON},
}


class DispatchMoveError(HubError):
    """A dispatch cannot go from its state to that one."""


def refuse_move(id: int, now: DispatchState, to: DispatchState, by: By) -> None:
    """Raises DispatchMoveError."""
    if by in MOVES[now].get(to, ()):
        return
    others = [state for state, whose in MOVES[now].items() if by in whose]
    rest = sorted({who for whose in MOVES[now].values() for who in whose})
    ends, own = " or a ".join(rest), " or ".join(others)
    raise DispatchMoveError(
        f"dispatch {id} is {now} and cannot become {to}",
        why=f"from there a {by} can only make it {own}" if others else f"only a {ends} ends that",
        do=f"see: hub outbox show {id}",
    )
