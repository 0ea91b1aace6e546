"""One round now, because a person asks for it: also after what stopped the machine, and outside its hours."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from hub.errors import HubError
from hub.exchange.pulling import pull
from hub.exchange.workers import is_exchanging
from hub.intake.hub import Hub
from hub.outbox import sending
from hub.store import results
from hub.store.exchange import dispatches, totals
from hub.store.exchange.rounds import Round
from hub.store.exchange.states import DispatchState
from hub.store.exchange.totals import Brought

#: What a person has to do something about.
_TO_MEND: tuple[DispatchState, ...] = ("uncertain", "stopped")


@dataclass
class Exchange:
    """What came of it for one vendor instance."""

    vendor: str
    rounds: list[Round] = field(default_factory=list)
    #: What was fetched, and has been taken in.
    brought: list[Brought] = field(default_factory=list)
    #: Dispatches that have become uncertain or were stopped meanwhile.
    to_mend: int = 0
    #: Why one of its ways was not tried at all.
    refusals: list[HubError] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing of it needs a person, or another try."""
        through = all(one.result == "done" and not one.refused for one in self.rounds)
        held_back = any(one.state in (*results.HELD_BACK, None) for one in self.brought)
        return through and not held_back and not self.to_mend and not self.refusals


def exchange_now(
    hub: Hub, vendor: str, *, pulls: bool = True, pushes: bool = True, anyway: bool = False, actor: str
) -> Exchange:
    """Sends what waits, due or not, then fetches, and takes in what was fetched.

    The pause between two looks at the vendor's server is kept, unless ``anyway``. Raises HubError where there is no
    such instance, or nothing is exchanged with it that way.
    """
    _refuse_nothing_to_do(hub, vendor, pulls=pulls, pushes=pushes)
    began, before = hub.clock(), _to_mend(hub, vendor)
    made = Exchange(vendor)
    stop = threading.Event()
    if pushes:
        try:
            made.rounds += sending.send_due(
                hub.db, hub.site, vendor, clock=hub.clock, actor=actor, by_hand=True, stop=stop
            )
        except HubError as error:
            made.refusals.append(error)
    if pulls and _is_pulled(hub, vendor):
        try:
            made.rounds.append(pull(hub, vendor, actor=actor, by_hand=True, anyway=anyway, stop=stop))
        except HubError as error:
            made.refusals.append(error)
    made.to_mend = max(0, _to_mend(hub, vendor) - before)
    with hub.db.read() as conn:
        made.brought = totals.fetched_since(conn, vendor, began)
    return made


def _refuse_nothing_to_do(hub: Hub, vendor: str, *, pulls: bool, pushes: bool) -> None:
    with hub.db.read() as conn:
        if pushes and vendor in dispatches.open_vendors(conn):
            return
    config = hub.site.vendors.get(vendor)
    if config is None:
        known = ", ".join(sorted(hub.site.vendors)) or "there are none"
        raise HubError(f"no vendor instance is called {vendor!r}", do=f"the instances: {known}")
    if not is_exchanging(config):
        raise HubError(
            f"nothing is exchanged with {vendor} by a machine",
            do=f"say how in config/vendors/{vendor}.toml: [sftp.pull], [sftp.push], [folder] or [mail]",
        )
    if pulls and not pushes and not _is_pulled(hub, vendor):
        raise HubError(f"nothing is fetched from {vendor}", do=f"say what in config/vendors/{vendor}.toml: [sftp.pull]")


def _is_pulled(hub: Hub, vendor: str) -> bool:
    config = hub.site.vendors.get(vendor)
    return config is not None and config.sftp is not None and config.sftp.pull is not None


def _to_mend(hub: Hub, vendor: str) -> int:
    with hub.db.read() as conn:
        counts = totals.dispatches_by_state(conn)
    return sum(counts.get((vendor, state), 0) for state in _TO_MEND)
