"""What an open bank line could be, and why it was not paired: for the person who decides."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hub.money import format_amount
from hub.reconciling import days, payouts
from hub.reconciling.days import HeldOfDays, paid_by_day
from hub.reconciling.rules import fitting_rules
from hub.reconciling.slips import slip_candidates
from hub.reconciling.vendors import terms_of, window
from hub.settings import Site
from hub.store.clearing.items import Item, clearing_accounts, open_days, open_payouts
from hub.store.clearing.lines import OpenLine
from hub.store.clearing.makeup import HeldTogether, held_together

#: Of one line: those of its amount, then the nearest.
CANDIDATES_MAX = 5


class Candidate(NamedTuple):
    """Something that the line could settle."""

    #: As ``hub settle`` takes it.
    target: str
    #: Øre that are open of it; None = of a slip's payment, which is a part of its day.
    open: int | None
    why_not: str


class JudgedLine(NamedTuple):
    """An open line with all that is known of what it may be."""

    line: OpenLine
    candidates: tuple[Candidate, ...]
    #: Of the first bank rule that fits it: its name, and why it was not used; "" = none fits.
    rule: str
    rule_why_not: str
    #: What of vendors' files is not booked, and comes to just this amount (R18).
    held: tuple[HeldTogether, ...]


def judged_lines(conn: Connection, site: Site, lines: Sequence[OpenLine]) -> list[JudgedLine]:
    """Each of ``lines``, in their order; nothing is booked."""
    rules = {one.line.entry_id: one for one in fitting_rules(conn, site, lines)}
    candidates: dict[int, list[Candidate]] = {}
    held: dict[tuple[int, int], list[HeldTogether]] = {}
    for company_id in {line.company_id for line in lines}:
        ours = [line for line in lines if line.company_id == company_id]
        candidates |= _slips(conn, company_id, [line for line in ours if line.payment_id])
        for one in held_together(conn, ours[0].company, {line.amount for line in ours}):
            held.setdefault((company_id, one.amount), []).append(one)
        candidates |= _items(conn, site, company_id, [line for line in ours if not line.payment_id])
    found = []
    for line in lines:
        rule = rules.get(line.entry_id)
        said = (rule.rule.name, rule.why_not) if rule else ("", "")
        could_be = tuple(candidates.get(line.entry_id, ())[:CANDIDATES_MAX])
        found.append(JudgedLine(line, could_be, *said, tuple(held.get((line.company_id, line.amount), ()))))
    return found


def _slips(conn: Connection, company_id: int, lines: Sequence[OpenLine]) -> dict[int, list[Candidate]]:
    found = {}
    for entry_id, fits in slip_candidates(conn, company_id, lines).items():
        alone = sum(not one.why_not for one in fits) == 1
        doubt = "another line may be the same payment (R17)" if alone else "it may be any of these payments (R17)"
        found[entry_id] = [
            Candidate(
                f"{payment.clearing.code.split(':', 1)[1]}@{payment.day}",
                None,
                f"payment {payment.entry_id}: {why_not or doubt}",
            )
            for payment, why_not in fits
        ]
    return found


class _Fit(NamedTuple):
    item: Item
    #: Øre between the item and the line.
    differs: int
    why_not: str
    #: Why it may be somebody else's money all the same.
    why_unsure: str


def _items(conn: Connection, site: Site, company_id: int, lines: Sequence[OpenLine]) -> dict[int, list[Candidate]]:
    if not lines:
        return {}
    accounts = clearing_accounts(conn, [company_id])
    span = window(site, lines)
    items = [*open_days(conn, paid_by_day(accounts), *span), *open_payouts(conn, accounts, *span)]
    nearby = _Nearby(conn, site, items)
    fits = {line.entry_id: nearby.fits(line) for line in lines}
    wanting: dict[str, int] = {}
    for of_line in fits.values():
        for one in of_line:
            if not one.differs and not one.why_not:
                wanting[one.item.name] = wanting.get(one.item.name, 0) + 1
    return {
        line.entry_id: [_told(line, one, fits[line.entry_id], wanting) for one in fits[line.entry_id]] for line in lines
    }


class _Nearby:
    """Items of one company, found by day and by amount: there may be years of them."""

    def __init__(self, conn: Connection, site: Site, items: Sequence[Item]) -> None:
        self._site = site
        self._items = sorted(items, key=lambda item: item.day)
        self._days = [item.day for item in self._items]
        held = HeldOfDays(conn)
        self._amounts = [held.amounts_of(item) for item in self._items]
        self._terms = [terms_of(site, item) for item in self._items]
        self._of_amount: defaultdict[int, set[int]] = defaultdict(set)
        for at, amounts in enumerate(self._amounts):
            for ore in amounts:
                self._of_amount[ore].add(at)

    def fits(self, line: OpenLine) -> list[_Fit]:
        """Of its amount, whatever speaks against them, then what nothing else speaks against; the nearest first."""
        first, last = window(self._site, [line])
        near = range(bisect_left(self._days, first), bisect_right(self._days, last))
        found = []
        for at in self._of_amount.get(line.amount, set()).union(near):
            item = self._items[at]
            if (item.open > 0) != (line.amount > 0):
                continue
            judge = payouts.why_not if item.entry_id else days.why_not
            differs = min((ore - line.amount for ore in self._amounts[at]), key=abs)
            terms = self._terms[at]
            why_not = judge(item, line, terms)
            if not differs or not why_not:
                found.append(_Fit(item, differs, why_not, terms.why_unsure(item, line)))
        return sorted(found, key=lambda one: (abs(one.differs), bool(one.why_not), one.item.day, one.item.name))


def _told(line: OpenLine, one: _Fit, all_of_line: Sequence[_Fit], wanting: dict[str, int]) -> Candidate:
    if one.differs:
        than = "more" if one.differs > 0 else "less"
        why = f"it has {format_amount(abs(one.differs))} {than} than the line"
    elif one.why_not:
        why = one.why_not
    elif line.handled:
        why = "a person has had the line in hand: it is for a person"
    elif sum(not other.differs and not other.why_not for other in all_of_line) > 1:
        why = "the line could be more than one of these"
    elif wanting[one.item.name] > 1:
        why = f"{wanting[one.item.name]} lines could be it"
    elif one.why_unsure:
        why = one.why_unsure
    else:
        why = "nothing speaks against it: it is paired by the next hub reconcile"
    return Candidate(one.item.name, one.item.open, why)
