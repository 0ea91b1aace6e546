"""The control list of a run: totals by property, and who is new, gone or asked another amount than last time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from hub.collecting.demand import Demand
from hub.store.collecting.collections import Asked


class PropertyTotal(NamedTuple):
    """One property in one run; øre."""

    #: ``1-12``
    property: str
    name: str
    collections: int
    automatic: int
    amount: int
    overdue: int
    payouts: int


class Compared(NamedTuple):
    """One tenancy then and now; øre, None = nothing was asked."""

    tenancy: str
    before: int | None
    now: int | None

    @property
    def what(self) -> str:
        return "new" if self.before is None else "gone" if self.now is None else "changed"


class Control(NamedTuple):
    properties: tuple[PropertyTotal, ...]
    #: The day that it is compared with; None = nothing was collected before.
    before: date | None
    compared: tuple[Compared, ...]


def control_of(demands: Sequence[Demand], before: date | None, asked: Mapping[str, Asked]) -> Control:
    """``asked`` is what was asked on ``before``, by tenancy, of the properties that this run is for."""
    by_property: defaultdict[str, list[Demand]] = defaultdict(list)
    for demand in demands:
        by_property["-".join(demand.debtor.tenancy.key.split("-")[:2])].append(demand)
    totals = tuple(
        PropertyTotal(
            key,
            those[0].heading,
            len(those),
            sum(one.channel == "automatic" for one in those),
            sum(one.amount for one in those),
            sum(line.amount for one in those for line in one.overdue),
            sum(one.payout for one in those),
        )
        for key, those in sorted(by_property.items())
    )
    now = {demand.debtor.tenancy.key: demand.amount for demand in demands}
    then = {key: one.amount for key, one in asked.items()}
    compared = tuple(
        Compared(key, then.get(key), now.get(key))
        for key in sorted(now.keys() | then.keys())
        if before is not None and now.get(key) != then.get(key)
    )
    return Control(totals, before, compared)
