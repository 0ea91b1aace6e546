"""What a planned run writes: collections with their references, the delivery that asks, own slips and their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hub.acts.act import Acting
from hub.collecting.check import slip_creditor
from hub.collecting.demand import Demand
from hub.collecting.run import Planned
from hub.ledger.fik import card_type, payment_id
from hub.outbox.deliveries import make_delivery
from hub.plugin import Collection
from hub.settings import CollectionSection
from hub.store.collecting import serials
from hub.store.collecting.collectables import CompanyFacts
from hub.store.collecting.collections import REFERENCE_DIGITS, NewCollection, add_collections
from hub.store.collecting.deliveries import Delivery
from hub.store.collecting.slips import OWN, NewSlip, add_slips, ids_used
from hub.store.ids import Ids
from hub.vendors import Instance

KIND = "0601"
_COUNTRY = "DK"
_COLLECTIONS_A_PART = 2_000


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
    asked = list(zip(planned.demands, planned.texts, strict=True))
    vendors = [(demand, texts) for demand, texts in asked if demand.channel != "own_slip"]
    own = [demand for demand, _ in asked if demand.channel == "own_slip"]
    delivery = None
    if vendors:
        assert instance is not None
        assert planned.section is not None
        numbered = _numbered(acting, planned.company, vendors)
        ordered = sorted(numbered, key=_place)
        today = acting.site.today(planned.asked.company, acting.now)
        records = _records(ordered)
        delivery = make_delivery(acting, instance, planned.section, KIND, records, created_on=today)
        _write(acting, planned.company, numbered, delivery.id)
    section = planned.config.collection
    slips = issue_slips(acting, planned.company, section, section.card_type, own)
    return Issued(delivery, len(asked), len(slips))


def issue_slips(
    acting: Acting, company: CompanyFacts, section: CollectionSection, card: str, demands: Sequence[Demand]
) -> list[NewSlip]:
    """Writes collections by own slips of one card type, and what each slip pays before any is printed (R14).

    A slip is that of the newest charge on it. Where it is paid to is known, see hub.collecting.check.
    """
    if not demands:
        return []
    numbered = _numbered(acting, company, [(demand, ()) for demand in demands])
    _write(acting, company, numbered, None)
    paid_to = slip_creditor(company, section, card)
    ids = _payment_ids(acting, paid_to, card, len(demands), section.first_slip_number)
    slips = [
        NewSlip(
            company.id,
            paid_to,
            card,
            id_,
            one.demand.debtor.tenancy.id,
            OWN,
            (one.demand.lines or one.demand.overdue)[-1].charge_id,
            one.id,
            one.demand.amount,
            one.demand.due,
        )
        for id_, one in zip(ids, numbered, strict=True)
    ]
    add_slips(acting.conn, slips, at=acting.now, actor=acting.actor)
    return slips


def _numbered(
    acting: Acting, company: CompanyFacts, demands: Sequence[tuple[Demand, tuple[str, ...]]]
) -> list[_Numbered]:
    series = f"reference:{company.asks_as}"
    references = serials.deal(acting.conn, series, len(demands))
    ids = Ids(acting.conn).take("collection", len(demands))
    return [
        _Numbered(id_, f"{number:0{REFERENCE_DIGITS}d}", demand, texts)
        for id_, number, (demand, texts) in zip(ids, references, demands, strict=True)
    ]


def _payment_ids(acting: Acting, paid_to: str, card: str, count: int, first: int) -> list[str]:
    """Never dealt before, and not among those that the vendor has dealt under the same creditor number."""
    if not card_type(card).id_digits:
        return [""] * count
    found: list[str] = []
    while len(found) < count:
        numbers = serials.deal(acting.conn, f"slip:{paid_to}", count - len(found), first=first)
        ids = [payment_id(card, number).lstrip("0") for number in numbers]
        used = ids_used(acting.conn, paid_to, card, ids)
        found += [id_ for id_ in ids if id_ not in used]
    return found


def _place(one: _Numbered) -> tuple[str, ...]:
    """In a delivery: neighbours share a section."""
    demand = one.demand
    return demand.group, demand.section, demand.heading, demand.customer


def _records(ordered: Sequence[_Numbered]) -> Iterator[Collection]:
    for number, (_, reference, demand, texts) in enumerate(ordered, start=1):
        debtor = demand.debtor
        yield Collection(
            record=number,
            creditor=demand.creditor,
            group=demand.group,
            channel=demand.section,
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


def _write(acting: Acting, company: CompanyFacts, numbered: Sequence[_Numbered], delivery_id: int | None) -> None:
    """``delivery_id`` None: they go out by own slips."""
    for start in range(0, len(numbered), _COLLECTIONS_A_PART):
        part = numbered[start : start + _COLLECTIONS_A_PART]
        rows = [_row(company, one, delivery_id) for one in part]
        lines = [
            (one.id, line.line_id, line.amount) for one in part for line in (*one.demand.lines, *one.demand.overdue)
        ]
        add_collections(acting.conn, rows, lines)


def _row(company: CompanyFacts, one: _Numbered, delivery_id: int | None) -> NewCollection:
    demand = one.demand
    return NewCollection(
        one.id,
        company.id,
        demand.debtor.tenancy.id,
        delivery_id,
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
