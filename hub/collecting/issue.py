"""What a planned run writes: collections with their references, the delivery that asks, own slips and their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hub.acts.act import Acting
from hub.collecting.deliveries import make_delivery
from hub.collecting.demand import Demand
from hub.collecting.fik import payment_id
from hub.collecting.run import Planned
from hub.plugin import Collection
from hub.store.collecting import serials
from hub.store.collecting.collections import REFERENCE_DIGITS, NewCollection, add_collections
from hub.store.collecting.deliveries import Delivery
from hub.store.collecting.slips import OWN, NewSlip, add_slips
from hub.store.ids import Ids
from hub.vendors import Instance

KIND = "0601"
_COUNTRY = "DK"


class Issued(NamedTuple):
    """What a run has written."""

    #: None where it asks by own slips alone, or nobody.
    delivery: Delivery | None
    collections: int
    own_slips: int


class _Numbered(NamedTuple):
    id: int
    reference: str
    demand: Demand
    texts: tuple[str, ...]


def issue(acting: Acting, planned: Planned, instance: Instance | None) -> Issued:
    """Writes the run's collections; those that the vendor makes go into one delivery. Raises VendorFault."""
    numbered = _numbered(acting, planned)
    delivered = [one for one in numbered if one.demand.channel != "own_slip"]
    own = [one for one in numbered if one.demand.channel == "own_slip"]
    delivery = None
    if delivered:
        assert instance is not None
        assert planned.section is not None
        ordered = sorted(delivered, key=lambda one: (one.demand.group, one.demand.customer))
        today = acting.site.today(planned.asked.company, acting.now)
        records = _records(ordered)
        delivery = make_delivery(acting, instance, planned.section, KIND, records, created_on=today)
    rows = [_row(planned, one, None if delivery is None else delivery.id) for one in numbered]
    lines = [
        (one.id, line.line_id, line.amount) for one in numbered for line in (*one.demand.lines, *one.demand.overdue)
    ]
    add_collections(acting.conn, rows, lines)
    _issue_slips(acting, planned, own)
    return Issued(delivery, len(numbered), len(own))


def _numbered(acting: Acting, planned: Planned) -> list[_Numbered]:
    demands = planned.demands
    if not demands:
        return []
    series = f"reference:{planned.company.creditor or planned.company.number}"
    references = serials.deal(acting.conn, series, len(demands))
    ids = Ids(acting.conn).take("collection", len(demands))
    return [
        _Numbered(id_, f"{number:0{REFERENCE_DIGITS}d}", demand, texts)
        for id_, number, demand, texts in zip(ids, references, demands, planned.texts, strict=True)
    ]


def _records(ordered: Sequence[_Numbered]) -> Iterator[Collection]:
    for number, (_, reference, demand, texts) in enumerate(ordered, start=1):
        debtor = demand.debtor
        yield Collection(
            record=number,
            creditor=demand.creditor,
            group=demand.group,
            channel="total",
            heading=demand.heading,
            customer=demand.customer,
            mandate=demand.mandate,
            due_date=demand.due,
            amount=demand.amount,
            reference=reference,
            payment_id="",
            address=tuple(line for line in (debtor.name, debtor.second_name, debtor.address) if line),
            postal_code=debtor.postal_code,
            country=_COUNTRY,
            texts=texts,
        )


def _row(planned: Planned, one: _Numbered, delivery_id: int | None) -> NewCollection:
    demand = one.demand
    return NewCollection(
        one.id,
        planned.company.id,
        demand.debtor.tenancy.id,
        None if demand.channel == "own_slip" else delivery_id,
        demand.channel,
        demand.creditor,
        demand.group,
        # An own slip is known by its reference where the tenancy has no number with the vendor.
        demand.customer or f"-{one.reference}",
        demand.mandate,
        demand.due.isoformat(),
        demand.amount,
        one.reference,
    )


def _issue_slips(acting: Acting, planned: Planned, own: Sequence[_Numbered]) -> None:
    """The id of each is stored before its slip is printed (R14); it is that of the newest charge on it."""
    if not own:
        return
    card, creditor = planned.config.collection.card_type, planned.company.slip_creditor
    numbers = serials.deal(acting.conn, f"slip:{creditor}", len(own))
    slips = [
        NewSlip(
            planned.company.id,
            creditor,
            card,
            payment_id(card, number).lstrip("0"),
            one.demand.debtor.tenancy.id,
            OWN,
            (one.demand.lines or one.demand.overdue)[-1].charge_id,
            one.id,
            one.demand.amount,
            one.demand.due,
        )
        for number, one in zip(numbers, own, strict=True)
    ]
    add_slips(acting.conn, slips, at=acting.now, actor=acting.actor)
