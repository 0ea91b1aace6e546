"""The control list of a run: totals by property, and who is new, gone or asked another amount than last month.

Months are compared, not days: a supplement in the middle of a month is no month of its own, in which all others are
gone and after which all are new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from hub.collecting.demand import Demand


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
    """One tenancy in the month before and in this one, this run included; øre, None = nothing is asked."""

    tenancy: str
    before: int | None
    now: int | None

    @property
    def what(self) -> str:
        return "new" if self.before is None else "gone" if self.now is None else "changed"


class Control(NamedTuple):
    properties: tuple[PropertyTotal, ...]
    #: The month that it is compared with, ``2026-11``; None = nothing was collected before.
    before: str | None
    compared: tuple[Compared, ...]


def control_of(
    demands: Sequence[Demand], month: date | None, then: Mapping[str, int], besides: Mapping[str, int]
) -> Control:
    """``then``: what was asked in ``month``; ``besides``: what is asked in this one already; øre by tenancy.

    Both are of the properties that this run is for.
    """
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
    now = dict(besides)
    for demand in demands:
        now[demand.debtor.tenancy.key] = now.get(demand.debtor.tenancy.key, 0) + demand.amount
    compared = tuple(
        Compared(key, then.get(key), now.get(key))
        for key in sorted(now.keys() | then.keys())
        if month is not None and now.get(key) != then.get(key)
    )
    return Control(totals, None if month is None else f"{month:%Y-%m}", compared)
