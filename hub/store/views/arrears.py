"""Who is behind and who has money to his credit: one figure a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hub.store.views.ageing import Aged


class Arrears(NamedTuple):
    """``amount`` is all that is overdue, in one figure; below zero it is what the tenant has to his credit."""

    tenancy: str
    name: str
    currency: str
    amount: int
    #: Of which fell due more than 60 days ago.
    over_60: int
    balance: int


def arrears(rows: Sequence[Aged]) -> list[Arrears]:
    """The largest arrears first, the largest credit last; who has neither is left out."""
    found = [
        Arrears(row.tenancy, row.name, row.currency, amount, row.ageing.over_60, row.ageing.balance)
        for row in rows
        if (amount := row.ageing.overdue or min(0, row.ageing.balance))
    ]
    return sorted(found, key=lambda one: -one.amount)
