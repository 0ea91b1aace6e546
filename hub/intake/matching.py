"""Whose money a record is: creditor and group name the company, the customer number the tenancy (R7).

What cannot be booked is *held* under a scope, so that a property is booked whole or not at all (R6): a scope is the
text that a person reads, ``property 1-12``, ``company 1`` or ``creditor 09999999, debtor group 00001``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection

from hub.consumption.accounts import type_by_result
from hub.intake.answering import Answer, Answering, Heard, Said
from hub.intake.companies import Companies, CompanyPlace
from hub.intake.own_references import CUSTOMER_ALONE, OwnWords
from hub.plugin import (
    BankLine,
    Chargeback,
    ConsumptionResult,
    Fee,
    MandateChange,
    Payment,
    PaymentFailed,
    PaymentSeen,
    Payout,
    SlipIssued,
)
from hub.settings import Site, VendorConfig
from hub.store.collecting.mandates import Owner, owners
from hub.store.match_rules import has_rules, tenancies_by_rule
from hub.store.portfolio import (
    CreditorCompany,
    PropertyRef,
    TenancyRef,
    creditor_number,
    customer_key,
    lock_properties,
    plain_number,
    properties_of_customers,
    property_by_numbers,
    tenancies_by_customer,
    tenancies_by_key,
    units_of,
)

MoneyRecord: TypeAlias = Payment | PaymentFailed | Chargeback


#: What a vendor says of the money that it keeps or passes on.
SettledRecord: TypeAlias = Fee | Payout
T = TypeVar(
    "T", Payment | PaymentFailed | Chargeback, ConsumptionResult, SlipIssued, Fee | Payout, BankLine, PaymentSeen
)
#: What is booked.
R = TypeVar("R", Payment | PaymentFailed | Chargeback, ConsumptionResult, Fee | Payout, BankLine)
#: What names a customer of a creditor.
C = TypeVar("C", Payment | PaymentFailed | Chargeback, SlipIssued)


class Matched(NamedTuple, Generic[T]):
    """A record with its place. ``tenancy`` None = suspense of the company, and ``reason`` says why."""

    record: T
    company_id: int
    company_number: str
    tenancy: TenancyRef | None
    reason: str
    #: The scopes that may be held, widest first.
    scopes: tuple[str, ...]
    #: The remembered match that found the tenancy; 0 = its own number did.
    rule: int = 0
    #: The reference of the charge that the payer's own words name; "" = they name none.
    named: str = ""
    #: The collection that a money record answers; the last field, see Matcher._heard.
    answer: Answer | None = None


#: Two thirds of the time of calling the class, and this is made for every payment there is.
_new_place = partial(tuple.__new__, Matched)


class MandatePlace(NamedTuple):
    """A change of a mandate with its place. ``owner`` None = an unknown customer's, and ``reason`` says why."""

    change: MandateChange
    company_id: int
    owner: Owner | None
    reason: str
    #: As in Matched.
    scopes: tuple[str, ...]


def property_scope(tenancy_key: str) -> str:
    company, property_, *_ = tenancy_key.split("-")
    return f"property {company}-{property_}"


class Matcher:
    """Matches records of one reading. ``troubles`` collects what holds a scope, with the first reason for it."""

    def __init__(self, conn: Connection, site: Site, vendor: str, config: VendorConfig) -> None:
        self._conn = conn
        self._site = site
        self.companies = Companies(conn, site, vendor, config)
        #: None = customer numbers alone.
        self._ways = None if config.match == CUSTOMER_ALONE else config.match
        #: Creditor numbers of slips whose payments this instance books (R17), as payments name them.
        self._slip_creditors = set(map(creditor_number, config.books_slips_of))
        self._scopes: dict[int, tuple[str, str]] = {}
        self._rules: dict[int, bool] = {}
        self._properties: dict[tuple[str, str], PropertyRef | None] = {}
        #: Of the property that was asked for last: results come property by property.
        self._units: dict[int, Collection[str]] = {}
        self.answering = Answering(conn)
        #: SQLite has one writer, who need not lock properties: then where customers live matters only to a scope.
        self.asks_where = conn.dialect.name != "sqlite" or bool(config.properties)
        self.troubles = self.companies.troubles
        self._hold = self.companies.hold

    def survey(self, records: Sequence[MoneyRecord] | Sequence[SlipIssued]) -> set[int]:
        """The properties to lock for these records; notes what holds a scope, and builds nothing a record."""
        customers: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
        for record in records:
            customers[record.creditor, record.group, record.currency].add(record.customer)
        properties: set[int] = set()
        for (creditor, group, currency), names in customers.items():
            place = self.companies.of_creditor(creditor, group)
            if place.found is None:
                self._hold(place.scope, place.trouble)
                continue
            self.companies.judge_currency(place, currency)
            if self.asks_where:
                properties.update(self._lived_in(place.found, creditor, names))
        return properties

    def _lived_in(self, found: CreditorCompany, creditor: str, names: set[str]) -> dict[int, str]:
        keys = set(map(customer_key, names))
        lived_in = properties_of_customers(self._conn, found.company_id, keys)
        if self._ways is not None:
            for ref in OwnWords(self._conn, found.company_id, self._ways, names).tenancies():
                lived_in[ref.property_id] = ref.key.split("-")[1]
        if self.has_rules(found.company_id):
            for _, ref in tenancies_by_rule(self._conn, found.company_id, keys).values():
                lived_in[ref.property_id] = ref.key.split("-")[1]
        if self.asks(creditor) or self._are_slips_of(creditor):
            for ref in self.answering.slips_of(found.company_id, keys):
                lived_in[ref.property_id] = ref.key.split("-")[1]
        for number in lived_in.values():
            self.companies.judge_property(f"property {found.company_number}-{number}")
        return lived_in

    def has_rules(self, company_id: int) -> bool:
        """Whether a person has had any match remembered there; mostly not, and then no batch need ask for them."""
        known = self._rules.get(company_id)
        if known is None:
            known = self._rules[company_id] = has_rules(self._conn, company_id)
        return known

    def money(self, records: Sequence[C]) -> list[Matched[C]]:
        """Payments and their kin, in order; slips that the vendor has made are found alike."""
        wanted: dict[int, set[str]] = defaultdict(set)
        texts: dict[int, set[str]] = defaultdict(set)
        places = []
        for record in records:
            place = self.companies.creditors.get((record.creditor, record.group))
            if place is None:
                place = self.companies.of_creditor(record.creditor, record.group)
            customer = customer_key(record.customer)
            places.append((record, place, customer))
            if place.found is not None:
                wanted[place.found.company_id].add(customer)
                if self._ways is not None:
                    texts[place.found.company_id].add(record.customer)
        words = {id_: OwnWords(self._conn, id_, self._ways or (), said) for id_, said in texts.items()}
        known = {id_: tenancies_by_customer(self._conn, id_, customers) for id_, customers in wanted.items()}
        ruled = {
            id_: tenancies_by_rule(self._conn, id_, unknown)
            for id_, customers in wanted.items()
            if self.has_rules(id_) and (unknown := customers - known[id_].keys())
        }
        matched = [self._place(record, place, customer, known, ruled, words) for record, place, customer in places]
        asking = {
            creditor for (creditor, _), one in self.companies.creditors.items() if one.found and self.asks(creditor)
        }
        if asking:
            self._hear(matched, [customer for *_, customer in places], asking)
        if self._slip_creditors:
            self._hear_slips(matched)
        return matched

    def _are_slips_of(self, creditor: str) -> bool:
        return creditor_number(creditor) in self._slip_creditors

    def _hear_slips(self, matched: list[Matched[C]]) -> None:
        """As :meth:`_hear`, of payments that a bank tells of by the creditor number of the slip itself."""
        ats: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        for at, place in enumerate(matched):
            record = place.record
            by_slip = isinstance(record, Payment) and record.payment_id != "" and self._are_slips_of(record.creditor)
            if place.company_id and by_slip:
                ats[place.company_id, creditor_number(record.creditor)].append(at)
        for (company_id, creditor), ours in ats.items():
            by_number = {customer_key(matched[at].record.customer): matched[at].tenancy for at in ours}
            heard = self.answering.hear_slips(company_id, creditor, by_number)
            for at in ours:
                one = heard[customer_key(matched[at].record.customer)]
                if one is not None:
                    matched[at] = self._heard(matched[at], one)

    def asks(self, creditor: str) -> bool:
        """Whether the hub collects under this creditor number, so that records may answer a collection."""
        return self.answering.asks(creditor)

    def _hear(self, matched: list[Matched[C]], customers: Sequence[str], asking: set[str]) -> None:
        """Puts beside each what its collection says: which that is, whose, or that the record contradicts itself."""
        by_company: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for at, place in enumerate(matched):
            if place.company_id and place.record.creditor in asking:
                by_company[place.record.creditor, place.company_id].append(at)
        for (creditor, company_id), ats in by_company.items():
            said = [_said(matched[at], customers[at]) for at in ats]
            of_batch = list(zip(ats, self.answering.hear(creditor, company_id, said), strict=True))
            # The survey knew customer numbers and slips, and has locked where those live.
            new = [one.tenancy for at, one in of_batch if one is not None and matched[at].tenancy is None]
            others = {tenancy.property_id for tenancy in new if tenancy is not None}
            if others:
                lock_properties(self._conn, others)
            for at, heard in of_batch:
                if heard is not None:
                    matched[at] = self._heard(matched[at], heard)

    def _heard(self, place: Matched[C], heard: Heard) -> Matched[C]:
        tenancy, record, company_scope = heard.tenancy, place.record, place.scopes[0]
        if tenancy is None:
            scopes = (company_scope, f"suspense of {company_scope}")
            return place._replace(tenancy=None, reason=heard.reason, scopes=scopes, rule=0)
        if place.tenancy is None:
            limit = self.companies.of_creditor(record.creditor, record.group)
            found = limit.found
            if found is None or (found.property_ids is not None and tenancy.property_id not in found.property_ids):
                outside = f"outside {limit.limit}"
                return place._replace(reason=f"{record.customer!r} is a number of {tenancy.key}, {outside}")
            place = place._replace(tenancy=tenancy, reason="", scopes=self.scopes_of(company_scope, tenancy))
        # Not by _replace, which takes three times as long, and this is done for every answer there is.
        return Matched(*place[:-1], heard.answer)

    def survey_mandates(self, changes: Sequence[MandateChange]) -> set[int]:
        """The properties to lock for these, as far as they are known; notes what holds a scope."""
        return {place.owner.property_id for place in self.mandates(changes) if place.owner is not None}

    def mandates(self, changes: Sequence[MandateChange]) -> list[MandatePlace]:
        """Whose these agreements are, in order: a customer number's first tenancy has it for good (R15)."""
        wanted: defaultdict[int, set[str]] = defaultdict(set)
        places = [self.companies.of_creditor(change.creditor, change.group) for change in changes]
        for change, place in zip(changes, places, strict=True):
            if place.found is None:
                self._hold(place.scope, place.trouble)
            else:
                wanted[place.found.company_id].add(customer_key(change.customer))
        known = {id_: owners(self._conn, id_, keys) for id_, keys in wanted.items()}
        return [self._mandate(change, place, known) for change, place in zip(changes, places, strict=True)]

    def _mandate(
        self, change: MandateChange, place: CompanyPlace, known: Mapping[int, Mapping[str, Owner]]
    ) -> MandatePlace:
        found = place.found
        if found is None:
            return MandatePlace(change, 0, None, "", (place.scope,))
        owner = known[found.company_id].get(customer_key(change.customer))
        if owner is None:
            return MandatePlace(change, found.company_id, None, "customer number unknown", (place.scope,))
        if found.property_ids is not None and owner.property_id not in found.property_ids:
            reason = f"customer number is {owner.key}, outside {place.limit}"
            return MandatePlace(change, found.company_id, None, reason, (place.scope,))
        scope = property_scope(owner.key)
        self.companies.judge_property(scope)
        return MandatePlace(change, found.company_id, owner, "", (place.scope, scope))

    def results(self, records: Sequence[ConsumptionResult]) -> list[Matched[ConsumptionResult]]:
        """Results of a meter company: an unknown tenancy holds its property, for a result belongs to nobody else.

        A vacancy is the owner's: ``tenancy`` is None there, and nothing is wrong with it (R32).
        """
        if not records:
            return []
        keys = ["-".join(map(plain_number, (r.company, r.property, r.unit, r.tenant))) for r in records]
        known = tenancies_by_key(self._conn, set(keys))
        matched = []
        for record, key in zip(records, keys, strict=True):
            tenancy = known.get(key)
            company, scope = plain_number(record.company), property_scope(key)
            of_type = type_by_result(self._site.company(company), record.charge_type)
            vacancy = of_type is not None and plain_number(record.tenant) in map(plain_number, of_type[1].vacant)
            owner = self.property_of(record)
            if owner is None or (tenancy is None and not vacancy):
                self._hold(scope, f"record {record.record}: tenancy {key} is not in the portfolio")
            elif tenancy is None and plain_number(record.unit) not in self._units_of(owner.id):
                self._hold(scope, f"record {record.record}: {key} is a vacancy of a unit that is not in the portfolio")
            self.companies.judge_company(f"company {company}", company)
            self.companies.judge_property(scope)
            self._judge_charge_type(scope, company, record.charge_type)
            if of_type is None:
                told = f"charge type {record.charge_type} carries no results in company {company} (R26)"
                self._hold(scope, f"record {record.record}: {told}: set result of a [consumption.NAME] in its settings")
            company_id = owner.company_id if owner is not None else 0
            tenancy = None if vacancy else tenancy
            matched.append(Matched(record, company_id, company, tenancy, "", (f"company {company}", scope)))
        return matched

    def property_of(self, record: ConsumptionResult) -> PropertyRef | None:
        """The property that a result is of."""
        numbers = (record.company, record.property)
        if numbers not in self._properties:
            self._properties[numbers] = property_by_numbers(self._conn, *numbers)
        return self._properties[numbers]

    def _units_of(self, property_id: int) -> Collection[str]:
        if property_id not in self._units:
            self._units = {property_id: units_of(self._conn, property_id)}
        return self._units[property_id]

    def _place(
        self,
        record: C,
        place: CompanyPlace,
        customer: str,
        known: Mapping[int, Mapping[str, TenancyRef]],
        ruled: Mapping[int, Mapping[str, tuple[int, TenancyRef]]],
        words: Mapping[int, OwnWords],
    ) -> Matched[C]:
        found = place.found
        if found is None:
            self._hold(place.scope, place.trouble)
            return Matched(record, 0, "", None, place.trouble, (place.scope,))
        if record.currency != found.currency:
            self.companies.judge_currency(place, record.currency)
        tenancy = known[found.company_id].get(customer)
        rule, reason, named = 0, "", ""
        if words:
            tenancy, reason, named = words[found.company_id].of((record.customer,))
        if tenancy is None and found.company_id in ruled:
            rule, tenancy = ruled[found.company_id].get(customer, (0, None))
        if tenancy is None:
            reason = reason or f"customer number {record.customer!r} is unknown under creditor {record.creditor}"
        elif found.property_ids is not None and tenancy.property_id not in found.property_ids:
            what = repr(record.customer) if words else f"customer number {record.customer!r}"
            reason = f"{what} is {tenancy.key}, outside {place.limit}"
            tenancy = None
        if tenancy is None:
            scopes = (place.scope, f"suspense of {place.scope}")
            return Matched(record, found.company_id, found.company_number, None, reason, scopes)
        known_scopes = self._scopes.get(tenancy.property_id) or self.scopes_of(place.scope, tenancy)
        return _new_place(
            (record, found.company_id, found.company_number, tenancy, "", known_scopes, rule, named, None)
        )

    def settled(self, records: Sequence[Fee | Payout]) -> list[Matched[Fee | Payout]]:
        """What a vendor keeps or passes on, in order: the company's own, no tenancy's."""
        return [self._settled(record) for record in records]

    def _settled(self, record: Fee | Payout) -> Matched[Fee | Payout]:
        place = self.companies.of_creditor(record.creditor, record.group)
        if place.found is None:
            self._hold(place.scope, place.trouble)
            return Matched(record, 0, "", None, place.trouble, (place.scope,))
        self.companies.judge_currency(place, record.currency)
        return Matched(record, place.found.company_id, place.found.company_number, None, "", (place.scope,))

    def scopes_of(self, widest: str, tenancy: TenancyRef) -> tuple[str, str]:
        """That of its company or account, and its property's; notes what holds that."""
        known = self._scopes.get(tenancy.property_id)
        if known is None or known[0] != widest:
            known = self._scopes[tenancy.property_id] = (widest, property_scope(tenancy.key))
            self.companies.judge_property(known[-1])
        return known

    def _judge_charge_type(self, scope: str, company: str, charge_type: str) -> None:
        known = self._site.company(company).charge_types
        if known and charge_type not in known:
            self._hold(scope, f"charge type {charge_type} is unknown in company {company}")


def _said(place: Matched[C], customer: str) -> Said:
    record = place.record
    return Said(record.customer, customer, record.reference, record.due_date, place.tenancy)
