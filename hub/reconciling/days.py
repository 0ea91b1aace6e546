"""A day of a vendor's clearing account and the bank's line for it, charge-backs included (R18).

What the vendor's file has and is not booked is on the bank's line all the same: then the line settles the day and more,
and what is left of the day is explained by those records until they are booked.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from hub.reconciling.pairing import certain, free_lines
from hub.reconciling.payouts import target_of
from hub.reconciling.settling import Run, settle
from hub.reconciling.vendors import Terms, terms_of, window
from hub.store.clearing.items import ClearingAccount, Item, open_days
from hub.store.clearing.lines import OpenLine
from hub.store.clearing.makeup import Held, anything_held, held_of


class HeldOfDays:
    """What is not booked of the files of each day; asked for once a day, and never where no file has any."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._anything: bool | None = None
        self._known: dict[str, list[Held]] = {}

    def of(self, item: Item) -> list[Held]:
        if self._anything is None:
            self._anything = anything_held(self._conn)
        if not self._anything or item.entry_id:
            return []
        if item.name not in self._known:
            self._known[item.name] = held_of(self._conn, item.account, item.day)
        return self._known[item.name]

    def sum_of(self, item: Item) -> int:
        """Øre."""
        return sum(one.amount for one in self.of(item))

    def amounts_of(self, item: Item) -> tuple[int, int]:
        """Øre of which a line may be the item's: what is open, and that with all that is not booked."""
        return item.open, item.open + self.sum_of(item)


def settle_days(run: Run, lines: Sequence[OpenLine], accounts: Sequence[ClearingAccount]) -> None:
    """Each day with the one line that it can be. Accounts that payouts empty have none: see payouts."""
    site = run.acting.site
    free = free_lines(lines)
    if not free:
        return
    items = open_days(run.acting.conn, paid_by_day(accounts), *window(site, free))
    terms = {item.account.id: terms_of(site, item) for item in items}
    held = HeldOfDays(run.acting.conn)
    for line, item in certain(
        free, items, held.amounts_of, lambda item, line: why_not(item, line, terms[item.account.id])
    ):
        if not terms[item.account.id].why_unsure(item, line):
            settle(run, line, target_of(item), "day")


def paid_by_day(accounts: Sequence[ClearingAccount]) -> list[ClearingAccount]:
    """Those whose vendor pays out what each day comes to."""
    return [one for one in accounts if not one.in_transit and not one.emptied_by_payouts]


def why_not(item: Item, line: OpenLine, terms: Terms) -> str:
    """Why a line is not the day's, whatever its amount; "" = nothing speaks against it."""
    if late := terms.why_late(item, line):
        return late
    if not terms.text_fits(line):
        return f"its text is not {' or '.join(terms.bank_texts)}"
    return ""
