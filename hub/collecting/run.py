"""The collection run: charges what is registered, demands what falls due, makes the delivery; all of it or nothing.

A run is planned inside its transaction, so that what the check shows is what would be done; the check takes the
transaction back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import NamedTuple

from hub.acts.act import Acting
from hub.collecting.charging import Charging, charge_due
from hub.collecting.check import (
    CannotCollectError,
    Unfit,
    delivery_section,
    fit,
    judge_company,
    unfit,
    without_deficits,
)
from hub.collecting.control import Control, control_of
from hub.collecting.deadlines import awaited_from, deadline, judge_due_date, judge_own_day
from hub.collecting.demand import Demand
from hub.collecting.demands import Already, Asking, Left, Way, demands_of
from hub.collecting.numbers import give_numbers
from hub.collecting.orders import late_enrolments
from hub.collecting.texts import Texts, texts_of
from hub.settings import CompanyConfig, DeliverySection
from hub.store.collecting.collectables import CompanyFacts, Demanded, Resident, company_facts, demanded_on, residents
from hub.store.collecting.collections import asked_in_month, by_delivery, last_month_before
from hub.store.collecting.deliveries import change_state, delivery_of
from hub.store.collecting.messages import Messages, messages_of
from hub.store.portfolio import lock_properties

_TENANCIES_A_PART = 2_000
_DEFICIT = (
    "has credit, but its property would be paid out more than is collected from it, and how a delivery says that is "
    "not known: pay it out by hand"
)
_UNFIT = "cannot be collected, as told above"


class UnfitError(CannotCollectError):
    """Some cannot be collected, and nobody said to leave them out."""

    def __init__(self, found: Sequence[Unfit]) -> None:
        super().__init__(
            f"{len(found)} problems keep properties or tenants from being collected; first: {found[0].where}: "
            f"{found[0].why}",
            why="a tenant who is not asked pays nothing, and finds out with a reminder",
            do="see them all: hub collect ... --check; mend them, or collect the others: --leave-out",
        )
        self.unfit = tuple(found)


class SecondCollectionError(CannotCollectError):
    """A customer would be collected from twice on one day, which the vendor refuses."""


@dataclass(frozen=True)
class RunAsked:
    company: str
    due: date
    #: Of one property, by number.
    property: str | None = None
    payouts: bool = False
    #: Collects the others where some cannot be.
    leave_out: bool = False
    #: After the vendor's deadline.
    force: bool = False
    #: Also for what the vendor has not answered in time.
    ask_again: bool = False


class Planned(NamedTuple):
    """A run as it would be; the charges in it are booked in the transaction already."""

    asked: RunAsked
    company: CompanyFacts
    config: CompanyConfig
    #: None = own slips alone.
    section: DeliverySection | None
    charging: Charging
    #: Those that nothing is wrong with.
    demands: list[Demand]
    texts: list[tuple[str, ...]]
    left: list[Left]
    #: Tenancy and øre, a row a line.
    already: Mapping[Already, Sequence[tuple[str, int]]]
    #: Deliveries that this one takes the place of.
    withdraws: tuple[int, ...]
    unfit: list[Unfit]
    control: Control
    #: Tenants whose enrolments wait and come too late for this day (R16).
    late: tuple[str, ...]


def plan(acting: Acting, asked: RunAsked) -> Planned:
    """Raises CannotCollectError, DueDateError, TooLateError, SecondCollectionError, ChargeRefusedError."""
    facts = company_facts(acting.conn, asked.company)
    if facts is None:
        raise CannotCollectError(f"company {asked.company!r} is not in the portfolio", do="write its number, e.g. 1")
    config = acting.site.company(facts.number)
    judge_company(facts, config)
    section = delivery_section(acting.site, config)
    today = acting.site.today(asked.company, acting.now)
    if section is None:
        judge_own_day(asked.due, today)
    else:
        judge_due_date(asked.due, section, acting.site.zone, acting.now, force=asked.force)
    people = _residents(acting, facts, config, asked)
    charging = _charge(acting, config, people, asked.due, today)
    way = Way(asked.due, today, awaited_from(today, section), asked.payouts, asked.ask_again)
    asking = _ask(acting, facts, config, people, way)
    withdraws: tuple[int, ...] = ()
    if again := _second(acting, facts, asking.demands, asked.due):
        withdraws = _make_room(acting, config, again, people)
        asking = _ask(acting, facts, config, people, way)
    demands, wrong = _collectable(facts, config, asking)
    return Planned(
        asked,
        facts,
        config,
        section,
        charging,
        demands,
        _texts(acting, facts, config, demands),
        asking.left,
        asking.already,
        withdraws,
        wrong,
        _control(acting, facts, asked, demands),
        _late(acting, asked, section),
    )


def refuse_unfit(planned: Planned) -> None:
    """Raises UnfitError unless those were to be left out."""
    if planned.unfit and not planned.asked.leave_out:
        raise UnfitError(planned.unfit)


def deadline_of(acting: Acting, planned: Planned) -> str | None:
    """ISO text of the moment by which the delivery must be with the vendor; None = nothing is delivered."""
    if planned.section is None:
        return None
    return deadline(planned.asked.due, planned.section, acting.site.zone).isoformat()


def _control(acting: Acting, facts: CompanyFacts, asked: RunAsked, demands: Sequence[Demand]) -> Control:
    before = last_month_before(acting.conn, facts.id, asked.due)
    then = asked_in_month(acting.conn, facts.id, before, asked.property) if before else {}
    return control_of(demands, before, then, asked_in_month(acting.conn, facts.id, asked.due, asked.property))


def _late(acting: Acting, asked: RunAsked, section: DeliverySection | None) -> tuple[str, ...]:
    if section is None:
        return ()
    return tuple(order.tenancy for order in late_enrolments(acting, asked.company, section, asked.due))


def _residents(acting: Acting, facts: CompanyFacts, config: CompanyConfig, asked: RunAsked) -> list[Resident]:
    """Their properties are locked from here on: what is open stays as it is read."""
    found = residents(acting.conn, facts.id, asked.property)
    if asked.property is not None and not found:
        raise CannotCollectError(f"property {asked.company}-{asked.property} has no tenancies in the portfolio")
    lock_properties(acting.conn, {one.tenancy.property_id for one in found})
    return give_numbers(acting, config.collection.customer_number, found)


def _charge(acting: Acting, config: CompanyConfig, people: Sequence[Resident], due: date, today: date) -> Charging:
    whole = Charging(0, 0, ())
    for part in _parts(people):
        done = charge_due(acting, config, [one.tenancy for one in part], due, today)
        whole = Charging(whole.charges + done.charges, whole.amount + done.amount, whole.partial + done.partial)
    return whole


def _ask(
    acting: Acting,
    facts: CompanyFacts,
    config: CompanyConfig,
    people: Sequence[Resident],
    way: Way,
) -> Asking:
    whole = Asking([], [], defaultdict(list))
    for part in _parts(people):
        some = demands_of(acting.conn, facts, config.collection, part, way)
        whole.demands.extend(some.demands)
        whole.left.extend(some.left)
        for before, rows in some.already.items():
            whole.already[before].extend(rows)
    return whole


def _collectable(facts: CompanyFacts, config: CompanyConfig, asking: Asking) -> tuple[list[Demand], list[Unfit]]:
    """Those that nothing is wrong with, and all that is wrong; what is not asked therefore is told with the rest."""
    wrong = unfit(facts, config.collection, config.collection.card_type, asking.demands)
    fitting = fit(asking.demands, {one.where for one in wrong})
    kept = {one.debtor.tenancy for one in fitting}
    out = (one for one in asking.demands if one.debtor.tenancy not in kept)
    asking.left.extend(Left(one.debtor.tenancy.key, one.amount, _UNFIT) for one in out)
    # Only what is really collected can make up for what is paid out.
    demands, unpaid = without_deficits(fitting)
    asking.left.extend(Left(one.debtor.tenancy.key, one.amount, _DEFICIT) for one in unpaid)
    return demands, wrong


def _second(acting: Acting, facts: CompanyFacts, demands: Sequence[Demand], due: date) -> list[Demanded]:
    """Live collections of the same customers for the same day."""
    there = demanded_on(acting.conn, facts.asks_as, facts.id, due)
    return [there[demand.customer] for demand in demands if demand.customer in there]


def _make_room(
    acting: Acting,
    config: CompanyConfig,
    again: Sequence[Demanded],
    people: Sequence[Resident],
) -> tuple[int, ...]:
    """Gives up what has not left yet, so that one collection asks for all, and tells what; else refuses."""
    first = again[0]
    whose = next(one.tenancy.key for one in people if one.tenancy.id == first.tenancy_id)
    why = "the vendor refuses a second collection of a customer for one day (R12)"
    asks = f"{len(again)} tenants are asked for that day already, first {whose} by delivery {first.delivery_id}"
    if config.collection.second == "refuse":
        raise SecondCollectionError(asks, why=why, do=_way_out(acting, first.delivery_id))
    ours = {one.tenancy.id for one in people}
    deliveries = {one.delivery_id for one in again}
    if None in deliveries:
        raise SecondCollectionError(asks, why="that is an own slip, and it is out", do="choose another due date")
    reached = by_delivery(acting.conn, [id_ for id_ in deliveries if id_ is not None])
    for id_, tenancies in reached.items():
        state = delivery_of(acting.conn, id_).state
        if state != "made":
            do = "choose another due date"
            raise SecondCollectionError(asks, why=f"{why}; delivery {id_} is {state} and can be changed no more", do=do)
        if not tenancies <= ours:
            do = "collect for the whole company"
            raise SecondCollectionError(asks, why=f"delivery {id_} asks tenants of other properties too", do=do)
        text = "merged into a later run"
        change_state(acting.conn, id_, "withdrawn", text, at=acting.now, actor=acting.actor)
    return tuple(sorted(reached))


def _way_out(acting: Acting, delivery_id: int | None) -> str:
    """What makes room for a second collection, while nobody has the first."""
    if delivery_id is None or delivery_of(acting.conn, delivery_id).state != "made":
        return "choose another due date"
    return f"hub deliveries withdraw {delivery_id}, then collect again; or choose another due date"


def _texts(
    acting: Acting, facts: CompanyFacts, config: CompanyConfig, demands: Sequence[Demand]
) -> list[tuple[str, ...]]:
    messages = Messages(messages_of(acting.conn, facts.id))
    made = []
    for demand in demands:
        slip = demand.channel != "automatic"
        around = Texts(
            messages.around(demand.debtor.tenancy, "before", slip=slip),
            messages.around(demand.debtor.tenancy, "after", slip=slip),
        )
        made.append(texts_of(demand, around, tell_vat=config.collection.tell_vat))
    return made


def _parts(people: Sequence[Resident]) -> Iterator[list[Resident]]:
    remaining = iter(people)
    while part := list(islice(remaining, _TENANCIES_A_PART)):
        yield part
