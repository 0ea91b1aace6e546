"""Orders on mandates (delivery 0605): a tenant's enrolment with the vendor, the end of an agreement, the delivery.

The payer's CPR or CVR number goes to the vendor and nowhere else: errors, logs and answers show its last four digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from hub.acts.act import Acting, judged_text
from hub.collecting.check import delivery_section, judge_company
from hub.collecting.numbers import FORM, give_numbers
from hub.errors import HubError
from hub.outbox.deliveries import make_delivery
from hub.plugin import MandateOrder
from hub.settings import CompanyConfig, DeliverySection
from hub.store.collecting import orders
from hub.store.collecting.collectables import CompanyFacts, Resident, company_facts, residents_with
from hub.store.collecting.mandates import running
from hub.store.collecting.orders import CANCEL, CREATE, REFUSED, WITHDRAWN, Order, masked
from hub.vendors import Instance

KIND = "0605"
_PAYER_ID = re.compile(r"[0-9]{8}|[0-9]{10}")
#: Registration number of four digits, then an account of at most ten; an IBAN of a Danish bank has both.
_ACCOUNT = re.compile(r"([0-9]{4})[ -]?([0-9]{1,10})")
_DANISH_IBAN = re.compile(r"DK[0-9]{2}([0-9]{4})([0-9]{10})")
_OUTCOMES = (REFUSED, WITHDRAWN)


class OrderRefusedError(HubError):
    """Nothing can be ordered of the vendor like this."""


@dataclass(frozen=True)
class Enrolment:
    """What a tenant has agreed to."""

    #: CPR number (ten digits) or CVR number (eight), blanks and hyphens aside.
    payer_id: str = field(repr=False)
    #: ``1234-1234567``; "" = the tenancy's own.
    account: str = field(default="", repr=False)
    #: The due date of the collection that it shall serve; None = whichever comes first.
    due: date | None = None


class _Party(NamedTuple):
    """Whom an order is about, and under which numbers."""

    company: CompanyFacts
    config: CompanyConfig
    section: DeliverySection
    resident: Resident


def enrol(acting: Acting, tenancy_key: str, asked: Enrolment) -> dict[str, Any]:
    """Orders a new mandate for the tenancy. Raises OrderRefusedError, CannotCollectError."""
    party = _party(acting, tenancy_key)
    key = party.resident.tenancy.key
    payer_id = re.sub(r"[\s-]", "", asked.payer_id)
    if not _PAYER_ID.fullmatch(payer_id) or not payer_id.strip("0"):
        raise OrderRefusedError("the payer's number is no CPR number of 10 digits and no CVR number of 8", where=key)
    registration, account = _account(acting, party, asked.account)
    today = acting.today(party.resident.tenancy)
    if (there := running(acting.conn, party.resident.tenancy.id, today)) is not None:
        raise OrderRefusedError(
            f"the tenancy has mandate {there.number} already",
            where=key,
            why="the vendor would refuse a second one",
            do=f"see: hub mandates show {key}",
        )
    last_day = None if asked.due is None else last_enrolment_day(party.section, asked.due)
    if last_day is not None and today > last_day:
        raise OrderRefusedError(
            f"an enrolment for {asked.due} had to be delivered on {last_day} at the latest",
            where=key,
            why=f"the vendor wants it {party.section.enrol_days_before} days before the collection (R16)",
            do="enrol without --for: the collections after that one are paid by it",
        )
    order_id = _order(acting, party, CREATE, "", (payer_id, registration, account))
    return {
        **_document(order_id, CREATE, party),
        "payer": masked(payer_id),
        "account": f"{registration}-{masked(account)}",
        "deliver_by": None if last_day is None else last_day.isoformat(),
    }


def cancel(acting: Acting, tenancy_key: str) -> dict[str, Any]:
    """Orders the end of the tenancy's mandate. Raises OrderRefusedError, CannotCollectError."""
    party = _party(acting, tenancy_key)
    tenancy = party.resident.tenancy
    there = running(acting.conn, tenancy.id, acting.today(tenancy))
    if there is None:
        raise OrderRefusedError(
            "the tenancy has no mandate that could be cancelled",
            where=tenancy.key,
            do=f"see: hub mandates show {tenancy.key}",
        )
    order_id = _order(acting, party, CANCEL, there.number, ("", "", ""))
    return {**_document(order_id, CANCEL, party), "mandate": there.number}


def settle(acting: Acting, order_id: int, outcome: str, reason: str) -> dict[str, Any]:
    """A person ends an order: the vendor has ``refused`` it, or it is ``withdrawn`` before it was delivered.

    Raises OrderRefusedError.
    """
    if outcome not in _OUTCOMES:
        raise OrderRefusedError(f"{outcome!r} is neither {' nor '.join(_OUTCOMES)}")
    order = orders.order_with(acting.conn, order_id)
    if order is None:
        raise OrderRefusedError(f"there is no order {order_id}", do="see: hub mandates orders")
    where = f"order {order_id}"
    acting.tenancy(order.tenancy)
    if order.outcome is not None:
        raise OrderRefusedError(f"it is {order.outcome} already: {order.reason}", where=where)
    if outcome == REFUSED and order.delivery_id is None:
        raise OrderRefusedError(
            "it has not been delivered: nobody can have refused it", where=where, do="withdraw it: --withdrawn REASON"
        )
    if outcome == WITHDRAWN and order.delivery_id is not None:
        raise OrderRefusedError(
            f"it is in delivery {order.delivery_id}, and cannot be withdrawn alone",
            where=where,
            do=f"while that has not left: hub deliveries withdraw {order.delivery_id}",
        )
    orders.settle(acting.conn, order_id, outcome, judged_text(reason, "a reason"))
    return {"order": order_id, "tenancy": order.tenancy, "what": order.what, "outcome": outcome, "reason": reason}


def deliver(acting: Acting, company_number: str, instance: Instance | None) -> dict[str, Any]:
    """One delivery of all orders of a company that wait. Raises OrderRefusedError, CannotCollectError, VendorFault."""
    company, _, section = _company(acting, company_number)
    waiting = orders.orders(acting.conn, company_number=company.number, waiting=True, lock=True)
    if not waiting:
        raise OrderRefusedError(f"no orders of company {company.number} wait for a delivery")
    assert instance is not None
    # Those of a kind together: each has a section of its own.
    waiting.sort(key=lambda order: (order.creditor, order.what != CREATE, order.id))
    today = acting.site.today(company.number, acting.now)
    made = make_delivery(acting, instance, section, KIND, _records(waiting), created_on=today)
    orders.mark_delivered(acting.conn, [order.id for order in waiting], made.id)
    return {
        "company": company.number,
        "orders": [{"order": order.id, "tenancy": order.tenancy, "what": order.what} for order in waiting],
        "delivery": {"id": made.id, "number": f"{made.number:010d}", "name": made.name, "sha256": made.sha256},
    }


def last_enrolment_day(section: DeliverySection, due: date) -> date:
    """The last day on which an enrolment may be delivered for a collection due then (R16)."""
    return due - timedelta(days=section.enrol_days_before)


def late_enrolments(acting: Acting, company_number: str, section: DeliverySection, due: date) -> list[Order]:
    """Enrolments that wait and can serve what falls due then no more: these tenants are asked by slip once again."""
    if acting.site.today(company_number, acting.now) <= last_enrolment_day(section, due):
        return []
    waiting = orders.orders(acting.conn, company_number=company_number, waiting=True)
    return [order for order in waiting if order.what == CREATE]


def _company(acting: Acting, number: str) -> tuple[CompanyFacts, CompanyConfig, DeliverySection]:
    """Raises CannotCollectError, OrderRefusedError."""
    facts = company_facts(acting.conn, number)
    if facts is None:
        raise OrderRefusedError(f"company {number!r} is not in the portfolio", do="see: hub portfolio import")
    config = acting.site.company(facts.number)
    section = delivery_section(acting.site, config)
    if section is None:
        raise OrderRefusedError(
            f"company {number} has no agreement with a vendor of mandates",
            why="only own slips are offered then (R13)",
            do=f"name its vendor instance: collection.vendor in config/companies/{number}.toml",
        )
    judge_company(facts, config)
    return facts, config, section


def _party(acting: Acting, tenancy_key: str) -> _Party:
    ref = acting.tenancy(tenancy_key)
    company, config, section = _company(acting, ref.key.split("-")[0])
    living = residents_with(acting.conn, {ref.id})[ref.id]
    (resident,) = give_numbers(acting, config.collection.customer_number, [living])
    if not resident.debtor_group:
        raise OrderRefusedError(
            "the property has no debtor group", where=ref.key, do="import it: portfolio column debtor_group"
        )
    if not FORM.fullmatch(resident.customer):
        raise OrderRefusedError(
            f"customer number {resident.customer!r} is none that the vendor takes"
            if resident.customer
            else "the tenancy has no customer number",
            where=ref.key,
            why="it is what the vendor keeps the mandate under (R15)",
            do="import it: portfolio column bs_customer",
        )
    if (before := orders.unanswered_of(acting.conn, {ref.id}).get(ref.id)) is not None:
        raise OrderRefusedError(
            f"order {before.id} ({before.what}, of {acting.site.today(company.number, before.at)}) has no answer yet",
            where=ref.key,
            do=f"wait for it; or see: hub mandates settle {before.id} --refused REASON",
        )
    return _Party(company, config, section, resident)


def _account(acting: Acting, party: _Party, given: str) -> tuple[str, str]:
    """Registration number and account."""
    text = given or orders.bank_account_of(acting.conn, party.resident.tenancy.id)
    plain = text.replace(" ", "").upper()
    found = _ACCOUNT.fullmatch(text.strip()) or _DANISH_IBAN.fullmatch(plain) or _ACCOUNT.fullmatch(plain)
    if found is None or not found[2].strip("0"):
        raise OrderRefusedError(
            "that is no account of a Danish bank" if given else "the tenancy has no account with a Danish bank",
            where=party.resident.tenancy.key,
            do="write it as REGISTRATION-ACCOUNT: --account 1234-1234567",
        )
    return found[1], found[2]


def _order(acting: Acting, party: _Party, what: str, number: str, payer: tuple[str, str, str]) -> int:
    one = party.resident
    order = Order(
        0,
        party.company.id,
        one.tenancy.id,
        party.company.creditor,
        one.debtor_group,
        one.customer,
        what,
        number,
        *payer,
        acting.now,
        acting.actor,
        None,
        None,
        None,
        one.tenancy.key,
    )
    return orders.add_order(acting.conn, order)


def _document(order_id: int, what: str, party: _Party) -> dict[str, Any]:
    one = party.resident
    return {"order": order_id, "what": what, "tenancy": one.tenancy.key, "customer": one.customer}


def _records(waiting: Sequence[Order]) -> Iterator[MandateOrder]:
    for number, order in enumerate(waiting, start=1):
        yield MandateOrder(
            record=number,
            creditor=order.creditor,
            group=order.debtor_group,
            customer=order.customer,
            order=order.what,
            mandate=order.number,
            payer_id=order.payer_id,
            bank_registration=order.bank_registration,
            bank_account=order.bank_account,
        )
