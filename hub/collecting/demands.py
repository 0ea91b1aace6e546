"""What each tenancy of a run is asked for, and by which way (R12, R13): decided here, written nowhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from hub.calendar import is_overdue
from hub.collecting.demand import Channel, Debtor, Demand, DemandedLine
from hub.money import format_amount
from hub.settings import CollectionSection
from hub.store.collecting.answers import OWN_SLIP, VENDOR_SLIP, Asked, asked_already
from hub.store.collecting.collectables import CompanyFacts, OpenLine, Resident, credits_of, open_lines
from hub.store.collecting.mandates import mandates_on


class Left(NamedTuple):
    """What a tenancy is not asked for, and why that is right: no error, but a person may wonder."""

    tenancy: str
    #: Øre that are open and not asked; below zero = credit that is not paid out.
    amount: int
    why: str


class Already(NamedTuple):
    """What collections ask for whose answers may still come; ``delivery`` None = own slips."""

    due: date
    delivery: int | None
    state: str | None


class Asking(NamedTuple):
    """What a run asks of some tenancies."""

    demands: list[Demand]
    left: list[Left]
    #: Tenancy and øre, a row a line.
    already: defaultdict[Already, list[tuple[str, int]]]


class Way(NamedTuple):
    """How a run asks, beside its company's settings."""

    due: date
    today: date
    #: What was collected for this day or later may still be answered.
    awaited_from: date
    payouts: bool = False
    #: Also for what the vendor has not answered in time.
    ask_again: bool = False


def demands_of(
    conn: Connection, company: CompanyFacts, section: CollectionSection, residents: Sequence[Resident], way: Way
) -> Asking:
    """What falls due that day, what is overdue where the company collects that along, and payouts where asked for."""
    ids = [one.tenancy.id for one in residents]
    opened = open_lines(conn, ids, way.due)
    asked = asked_already(conn, ids)
    mandates = mandates_on(conn, ids, way.due)
    credits = credits_of(conn, ids) if way.payouts else {}
    asking = Asking([], [], defaultdict(list))
    for one in residents:
        free = _free(asking, one, opened[one.tenancy.id], asked, way)
        mandate = mandates.get(one.tenancy.id, "")
        demand = _demand(asking, company, section, one, free, mandate, way)
        credit = credits.get(one.tenancy.id, 0)
        if demand is None and credit:
            if why := _no_payout(section, one, credit, mandate):
                asking.left.append(Left(one.tenancy.key, -credit, why))
            else:
                demand = _asked_of(company, section, one, mandate, way.due)._replace(payout=credit)
        if demand is not None:
            asking.demands.append(demand)
    return asking


def _free(
    asking: Asking, one: Resident, lines: Sequence[OpenLine], asked: Mapping[int, Asked], way: Way
) -> list[OpenLine]:
    """What nothing asks for. The rest is told: what may still be answered, and what nobody has answered in time."""
    free = []
    unanswered: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        before = asked.get(line.line_id)
        if before is None or _may_be_asked_again(before, way):
            free.append(line)
        elif before.due_date >= (way.today if before.channel == OWN_SLIP else way.awaited_from):
            of_it = Already(before.due_date, before.delivery, before.delivery_state)
            asking.already[of_it].append((one.tenancy.key, line.remaining))
        elif before.channel == OWN_SLIP:
            unanswered[f"asked for {before.due_date} by an own slip: a reminder asks again"] += line.remaining
        else:
            why = f"asked for {before.due_date} by delivery {before.delivery}, not answered: --ask-again"
            unanswered[why] += line.remaining
    asking.left.extend(Left(one.tenancy.key, amount, why) for why, amount in unanswered.items())
    return free


def _may_be_asked_again(before: Asked, way: Way) -> bool:
    """The vendor says nothing of a slip that nobody pays: in the end that is what is overdue, as any arrears are."""
    if before.channel == OWN_SLIP or before.due_date >= way.awaited_from:
        return False
    return before.channel == VENDOR_SLIP or way.ask_again


def _demand(
    asking: Asking,
    company: CompanyFacts,
    section: CollectionSection,
    one: Resident,
    free: Sequence[OpenLine],
    mandate: str,
    way: Way,
) -> Demand | None:
    """What the tenancy is asked for; the rest of ``free`` is told with the reason."""
    key = one.tenancy.key
    if one.ean:
        if free:
            why = "gets electronic invoices (EAN), which no collection is made for (R13)"
            asking.left.append(Left(key, _total(free), why))
        return None
    demanded = [line for line in free if line.due_date == way.due]
    late = [line for line in free if is_overdue(line.due_date, way.today, one.tenancy.business)]
    overdue = [line for line in late if line not in demanded]
    asking.left.extend(_between(one, [line for line in free if line not in demanded and line not in late], way.today))
    why = _not_along(section, _total(overdue)) if overdue else ""
    if not why and overdue and not demanded and _channel(section, mandate) == OWN_SLIP:
        # Each charge has one slip with one id (R14), and that one is out.
        why = "has only what is overdue, and slips for that: a reminder asks for it"
    if why:
        asking.left.append(Left(key, _total(overdue), why))
        overdue = []
    if not (demanded or overdue):
        return None
    return _asked_of(company, section, one, mandate, way.due)._replace(
        lines=tuple(map(demanded_line, demanded)), overdue=tuple(map(demanded_line, overdue))
    )


def _asked_of(company: CompanyFacts, section: CollectionSection, one: Resident, mandate: str, due: date) -> Demand:
    """By whom and by which way, for nothing yet."""
    channel = _channel(section, mandate)
    return Demand(
        Debtor(one.tenancy, *one[4:11]),
        channel,
        company.asks_as,
        one.debtor_group,
        one.property_name,
        one.customer,
        mandate,
        due,
        (),
        (),
        section="slip" if channel == VENDOR_SLIP and section.slips_apart else "total",
    )


def _between(one: Resident, lines: Sequence[OpenLine], today: date) -> Iterator[Left]:
    """What falls due before the day that is collected for, and is not overdue."""
    by_day: defaultdict[date, int] = defaultdict(int)
    for line in lines:
        by_day[line.due_date] += line.remaining
    for day, amount in by_day.items():
        then = "collect for that day" if day > today else "not overdue yet (R21)"
        yield Left(one.tenancy.key, amount, f"{format_amount(amount)} due {day}: {then}")


def _not_along(section: CollectionSection, amount: int) -> str:
    """Why what is overdue (R21) does not come along; "" where all of it together lies within the company's interval."""
    told = f"overdue {format_amount(amount)}"
    if section.overdue is None:
        return f"{told}: collection.overdue is not set"
    if amount > section.overdue.most:
        return f"{told} is above collection.overdue.most"
    return f"{told} is below collection.overdue.least" if amount < section.overdue.least else ""


def _total(lines: Sequence[OpenLine]) -> int:
    return sum(line.remaining for line in lines)


def _channel(section: CollectionSection, mandate: str) -> Channel:
    if section.vendor is None:
        return "own_slip"
    return "automatic" if mandate else section.without_mandate


def _no_payout(section: CollectionSection, one: Resident, payout: int, mandate: str) -> str:
    if one.ean:
        return "has credit, and gets electronic invoices (EAN), which no collection is made for (R13)"
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
        line.amount,
        line.vat,
        line.vat_rate,
        (line.period_from, line.period_to) if line.period_from and line.period_to else None,
        line.due_date,
    )
