"""The data check of a run: who cannot be collected and why, all at once, before anything is written."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hub.collecting.demand import Debtor, Demand
from hub.collecting.numbers import FORM, CustomerNumberError, customer_number
from hub.errors import HubError
from hub.ledger.fik import card_type
from hub.settings import CollectionSection, CompanyConfig, DeliverySection, Site
from hub.settings.collecting import NumberPart
from hub.store.collecting.collectables import CompanyFacts

#: Of a line of name or address in a delivery.
ADDRESS_CHARACTERS_MAX = 35
#: Of the line above a section's collections.
HEADING_CHARACTERS_MAX = 60
_ENCODING = "iso8859-1"
_POSTAL_CODE = re.compile(r"[0-9]{4}")
_GROUP = re.compile(r"[0-9]{5}")


class Unfit(NamedTuple):
    """Why a property (``1-12``) or tenancy (``1-12-304-2``) cannot be collected, and what mends it."""

    where: str
    why: str
    do: str


class CannotCollectError(HubError):
    """The company is not set up for what was asked."""


def delivery_section(site: Site, company: CompanyConfig) -> DeliverySection | None:
    """Of the instance that takes the company's collections; None = own slips alone. Raises CannotCollectError."""
    name = company.collection.vendor
    if name is None:
        return None
    where = f"company {company.number}"
    if name not in site.vendors:
        raise CannotCollectError(
            f"collection.vendor is {name!r}, which is no vendor instance", where=where, do="see: hub vendors"
        )
    section = site.vendors[name].delivery
    if section is None:
        raise CannotCollectError(
            f"vendor instance {name!r} has no table [delivery]",
            where=where,
            do=f"say its data supplier number in config/vendors/{name}.toml",
        )
    return section


def judge_company(company: CompanyFacts, config: CompanyConfig) -> None:
    """Raises CannotCollectError."""
    where = f"company {company.number}"
    if config.closed:
        raise CannotCollectError("the company is closed", where=where, do="open it in its settings")
    if config.collection.vendor is not None and not company.creditor:
        raise CannotCollectError(
            "the company has no creditor number (PBS number)", where=where, do="import it: portfolio column pbs_number"
        )
    if company.currency != "DKK":
        raise CannotCollectError(
            f"the company's books are in {company.currency}", where=where, why="collections and slips are in DKK alone"
        )


def slip_creditor(company: CompanyFacts, section: CollectionSection, card: str) -> str:
    """Where own slips of this card type are paid to; "" = the company has not said. Raises SlipError."""
    return company.slip_creditor if card_type(card).family == "FIK" else section.giro_account or ""


def unfit(company: CompanyFacts, section: CollectionSection, card: str, demands: Sequence[Demand]) -> list[Unfit]:
    """All that is wrong with these demands, properties first; ``card`` is the type of own slips among them."""
    found: dict[Unfit, None] = {}
    customers = Counter(demand.customer for demand in demands if demand.customer)
    paid_to = slip_creditor(company, section, card)
    for demand in demands:
        if demand.channel == "own_slip" and not paid_to:
            found.setdefault(_no_slip_creditor(_property(demand), card))
        for one in _unfit(demand, customers, section.customer_number):
            found.setdefault(one)
    return sorted(found, key=lambda one: (one.where.count("-"), one.where))


def fit(demands: Iterable[Demand], unfit_at: Iterable[str]) -> list[Demand]:
    """Those that nothing is wrong with, themselves or their property."""
    wrong = set(unfit_at)
    return [demand for demand in demands if not {demand.debtor.tenancy.key, _property(demand)} & wrong]


def _no_slip_creditor(where: str, card: str) -> Unfit:
    if card_type(card).family == "FIK":
        do = "import it: portfolio column fi_creditor; it is not the PBS number (R14)"
        return Unfit(where, "own slips need the company's FI creditor number", do)
    do = "say it in the company's settings: collection.giro_account"
    return Unfit(where, f"slips of type {card} need the company's giro account", do)


def without_deficits(demands: Sequence[Demand]) -> tuple[list[Demand], list[Demand]]:
    """Those that a delivery can hold, and payouts that it cannot: how it writes a negative sum is not known.

    A section that would pay out more than it collects pays nothing out.
    """
    sums: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for demand in demands:
        sums[_summed_with(demand)] += demand.amount
    kept = [one for one in demands if not (one.payout and sums[_summed_with(one)] < 0)]
    return kept, [one for one in demands if one.payout and sums[_summed_with(one)] < 0]


def _summed_with(demand: Demand) -> tuple[str, ...]:
    return demand.group, demand.section, demand.heading


def _unfit(demand: Demand, customers: Mapping[str, int], form: Sequence[NumberPart]) -> Iterator[Unfit]:
    key = demand.debtor.tenancy.key
    if demand.channel != "own_slip":
        yield from _wrong_texts(demand, key)
        if not _GROUP.fullmatch(demand.group):
            do = "import it: portfolio column debtor_group"
            yield Unfit(_property(demand), "the property has no debtor group", do)
        yield from _wrong_number(demand, key, customers, form)
        yield from _wrong_lines(demand.debtor, key)
    if demand.amount <= 0 and not demand.payout:
        yield Unfit(key, "the demand is not above zero", "look at its charges")
    yield from _wrong_address(demand.debtor, key)


def _wrong_texts(demand: Demand, key: str) -> Iterator[Unfit]:
    """What the payer reads; messages are judged when they are said."""
    if len(demand.heading) > HEADING_CHARACTERS_MAX:
        why = f"the property's name has {len(demand.heading)} characters, a heading has {HEADING_CHARACTERS_MAX}"
        yield Unfit(_property(demand), why, "shorten it in the portfolio: nothing is cut in silence")
    if wrong := _unwritable(demand.heading):
        why = f"the property's name has a character that a delivery cannot hold: {wrong!r}"
        yield Unfit(_property(demand), why, "write it otherwise in the portfolio")
    for line in demand.lines:
        if wrong := _unwritable(line.text):
            why = (
                f"text {line.text!r} of charge {line.reference} has a character that a delivery cannot hold: {wrong!r}"
            )
            yield Unfit(key, why, "credit it and charge it anew with another text")


def _unwritable(text: str) -> str:
    """The first characters that a delivery cannot hold; "" = it can hold them all."""
    try:
        text.encode(_ENCODING)
    except UnicodeEncodeError as error:
        return text[error.start : error.end]
    return ""


def _wrong_number(
    demand: Demand, key: str, customers: Mapping[str, int], form: Sequence[NumberPart]
) -> Iterator[Unfit]:
    number = demand.customer
    if not number:
        why, do = "the tenancy has no customer number", "import it (bs_customer)"
        if form:
            try:
                customer_number(form, key)
            except CustomerNumberError as error:
                why = f"{why}: {error.what}"
        else:
            do = f"{do}, or say how it is made: collection.customer_number"
        yield Unfit(key, why, do)
    elif not FORM.fullmatch(number):
        why = f"customer number {number!r} has other characters than 0-9, A-Z, Æ, Ø, Å, or more than 15"
        yield Unfit(key, why, "give it another number, before its first mandate")
    elif customers[number] > 1:
        why = f"customer number {number!r} is also another tenancy's (R15)"
        yield Unfit(key, why, "one would receive the other's payments: give one of them another")


def _wrong_address(debtor: Debtor, key: str) -> Iterator[Unfit]:
    do = "mend it in the portfolio"
    for what, text in (("name", debtor.name), ("address", debtor.address)):
        if not text.strip():
            yield Unfit(key, f"the tenant has no {what}", do)
    if not _POSTAL_CODE.fullmatch(debtor.postal_code):
        why = f"postal code {debtor.postal_code!r} is no Danish one of four digits"
        yield Unfit(key, why, f"{do}; a tenant abroad gets an invoice by hand")


def _wrong_lines(debtor: Debtor, key: str) -> Iterator[Unfit]:
    """What a delivery has no room or no character for."""
    for what, text in (("name", debtor.name), ("second name", debtor.second_name), ("address", debtor.address)):
        if len(text) > ADDRESS_CHARACTERS_MAX:
            why = f"{what} {text!r} has {len(text)} characters, a line has {ADDRESS_CHARACTERS_MAX}"
            yield Unfit(key, why, "shorten it in the portfolio: nothing is cut in silence")
        if wrong := _unwritable(text):
            why = f"{what} {text!r} has a character that a delivery cannot hold: {wrong!r}"
            yield Unfit(key, why, "write it otherwise in the portfolio")


def _property(demand: Demand) -> str:
    return "-".join(demand.debtor.tenancy.key.split("-")[:2])
