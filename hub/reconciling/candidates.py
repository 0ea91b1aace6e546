"""What an open bank line could be, and why it was not paired: for the person who decides."""

from __future__ import annotations

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


def judged_lines(conn: Connection, site: Site, lines: Sequence[OpenLine]) -> list[JudgedLine]:
    """Each of ``lines``, in their order; nothing is booked."""
    rules = {one.line.entry_id: one for one in fitting_rules(conn, site, lines)}
    candidates: dict[int, list[Candidate]] = {}
    for company_id in {line.company_id for line in lines}:
        ours = [line for line in lines if line.company_id == company_id]
        candidates |= _slips(conn, company_id, [line for line in ours if line.payment_id])
        candidates |= _items(conn, site, company_id, [line for line in ours if not line.payment_id])
    found = []
    for line in lines:
        rule = rules.get(line.entry_id)
        said = (rule.rule.name, rule.why_not) if rule else ("", "")
        found.append(JudgedLine(line, tuple(candidates.get(line.entry_id, ())[:CANDIDATES_MAX]), *said))
    return found


def _slips(conn: Connection, company_id: int, lines: Sequence[OpenLine]) -> dict[int, list[Candidate]]:
    meant = slip_candidates(conn, company_id, lines)
    found = {}
    for entry_id, payments in meant.items():
        alone = len(payments) == 1
        why = "another line may be the same payment (R17)" if alone else "it may be any of these payments (R17)"
        found[entry_id] = [
            Candidate(f"{one.clearing.code.split(':', 1)[1]}@{one.day}", None, f"payment {one.entry_id}: {why}")
            for one in payments
        ]
    return found


class _Fit(NamedTuple):
    item: Item
    #: Øre between the item and the line.
    differs: int
    why_not: str


def _items(conn: Connection, site: Site, company_id: int, lines: Sequence[OpenLine]) -> dict[int, list[Candidate]]:
    if not lines:
        return {}
    accounts = clearing_accounts(conn, [company_id])
    span = window(site, lines)
    items = [*open_days(conn, paid_by_day(accounts), *span), *open_payouts(conn, accounts, *span)]
    held = HeldOfDays(conn)
    fits = {line.entry_id: _fits(site, line, items, held) for line in lines}
    wanting: dict[str, int] = {}
    for of_line in fits.values():
        for one in of_line:
            if not one.differs and not one.why_not:
                wanting[one.item.name] = wanting.get(one.item.name, 0) + 1
    return {
        line.entry_id: [_told(line, one, fits[line.entry_id], wanting) for one in fits[line.entry_id]] for line in lines
    }


def _fits(site: Site, line: OpenLine, items: Sequence[Item], held: HeldOfDays) -> list[_Fit]:
    """Those of its amount whatever speaks against them, then what nothing else speaks against, the nearest first."""
    found = []
    for item in items:
        if (item.open > 0) != (line.amount > 0):
            continue
        judge = payouts.why_not if item.entry_id else days.why_not
        differs = min((item.open - line.amount, item.open + held.sum_of(item) - line.amount), key=abs)
        why_not = judge(item, line, terms_of(site, item))
        if not differs or not why_not:
            found.append(_Fit(item, differs, why_not))
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
    else:
        why = "nothing speaks against it: it is paired by the next hub reconcile"
    return Candidate(one.item.name, one.item.open, why)
