"""What each tenancy of a run is asked for, and by which way (R12, R13): decided here, written nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from hub.calendar import is_overdue
from hub.collecting.demand import Channel, Debtor, Demand, DemandedLine
from hub.ledger.vat import vat_share
from hub.settings import CollectionSection
from hub.store.collecting.collectables import CompanyFacts, OpenLine, Resident, credits_of, open_lines
from hub.store.collecting.mandates import mandates_on


class Left(NamedTuple):
    """A tenancy that is not asked, and why that is right: no error, but a person may wonder."""

    tenancy: str
    why: str


class Asking(NamedTuple):
    """What a run asks of some tenancies."""

    demands: list[Demand]
    left: list[Left]


def demands_of(
    conn: Connection,
    company: CompanyFacts,
    section: CollectionSection,
    residents: Sequence[Resident],
    due: date,
    today: date,
    *,
    payouts: bool,
) -> Asking:
    """What falls due on ``due``, what is overdue where the company collects that along, and payouts where asked for."""
    ids = [one.tenancy.id for one in residents]
    opened = open_lines(conn, ids, due, today)
    mandates = mandates_on(conn, ids, due)
    credits = credits_of(conn, ids) if payouts else {}
    asking = Asking([], [])
    for one in residents:
        key = one.tenancy.key
        demanded = [line for line in opened[one.tenancy.id] if line.due_date == due]
        overdue = _overdue(section, one, opened[one.tenancy.id], today)
        payout = 0 if demanded or overdue else credits.get(one.tenancy.id, 0)
        if not (demanded or overdue or payout):
            continue
        if one.ean:
            asking.left.append(Left(key, "gets electronic invoices (EAN), which no collection is made for (R13)"))
            continue
        mandate = mandates.get(one.tenancy.id, "")
        channel = _channel(section, mandate)
        if channel == "own_slip" and overdue and not demanded:
            # Each charge has one slip with one id (R14), and that one is out.
            asking.left.append(Left(key, "has only what is overdue, and slips for that: a reminder asks for it"))
            continue
        if payout and (why := _no_payout(section, payout, mandate)):
            asking.left.append(Left(key, why))
            continue
        demand = Demand(
            Debtor(one.tenancy, *one[4:11]),
            channel,
            company.asks_as,
            one.debtor_group,
            one.property_name,
            one.customer,
            mandate,
            due,
            tuple(map(demanded_line, demanded)),
            tuple(map(demanded_line, overdue)),
            payout,
        )
        asking.demands.append(demand)
    return asking


def _channel(section: CollectionSection, mandate: str) -> Channel:
    if section.vendor is None:
        return "own_slip"
    return "automatic" if mandate else section.without_mandate


def _overdue(section: CollectionSection, one: Resident, lines: Sequence[OpenLine], today: date) -> list[OpenLine]:
    """What is overdue today (R21), where all of it together lies within the company's interval."""
    if section.overdue is None:
        return []
    late = [line for line in lines if is_overdue(line.due_date, today, one.tenancy.business)]
    total = sum(line.remaining for line in late)
    return late if section.overdue.least <= total <= section.overdue.most else []


def _no_payout(section: CollectionSection, payout: int, mandate: str) -> str:
    if section.payout_most is None:
        return "has credit, and the company has no agreement on payouts (collection.payout_most)"
    if not mandate:
        return "has credit, and no mandate through which the vendor could pay it out"
    if payout > section.payout_most:
        return "has more credit than the company pays out by itself (collection.payout_most)"
    return ""


def demanded_line(line: OpenLine) -> DemandedLine:
    """All that is open of it."""
    return DemandedLine(
        line.line_id,
        line.charge_id,
        line.reference,
        line.charge_type,
        line.text,
        line.remaining,
        vat_share(line.vat, line.amount, line.remaining),
        line.vat_rate,
        (line.period_from, line.period_to) if line.period_from and line.period_to else None,
        line.due_date,
    )
