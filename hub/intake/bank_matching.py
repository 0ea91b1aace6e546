"""Whose money a bank's line is: our account names the company, the slip, the payer or our reference the tenancy.

Payments by slip are booked by one source for each creditor number (R17): a line of another's stays in suspense until it
is found to be what that source has booked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hub.intake.answering import Heard
from hub.intake.companies import CompanyPlace
from hub.intake.matching import Matched, Matcher
from hub.intake.own_references import OwnWords
from hub.plugin import BankLine
from hub.settings import Site, VendorConfig, vendor_file
from hub.settings.clearing import is_fi_creditor
from hub.store.match_rules import tenancies_by_rule
from hub.store.portfolio import (
    CreditorCompany,
    TenancyRef,
    creditor_number,
    customer_key,
    slip_companies,
    slip_creditor_of,
    tenancies_by_customer,
)


def slip_bookers(site: Site) -> dict[str, str]:
    """The instance that books payments by slips of each creditor number that any lists, eight digits each (R17)."""
    return {
        creditor_number(creditor): name
        for name, config in sorted(site.vendors.items())
        for creditor in config.books_slips_of
    }


class _Whose(NamedTuple):
    """What a line itself says; ``reason`` says why it is nobody's."""

    tenancy: TenancyRef | None
    reason: str
    rule: int = 0
    named: str = ""
    heard: Heard | None = None


class _Known(NamedTuple):
    """What a batch asks of one company, answered at once."""

    #: By creditor number and payment id.
    slips: Mapping[str, Mapping[str, Heard | None]]
    words: OwnWords
    rules: Mapping[str, tuple[int, TenancyRef]]


class LineMatcher:
    """Matches the lines of one reading; what holds a scope is noted with ``matcher``."""

    def __init__(self, conn: Connection, site: Site, vendor: str, config: VendorConfig, matcher: Matcher) -> None:
        self._conn = conn
        self._vendor = vendor
        self._ways = config.match
        self._matcher = matcher
        self._bookers = slip_bookers(site)
        self._slip_companies: dict[str, Mapping[int, str]] = {}
        self._own_creditors: dict[int, str] = {}

    def survey(self, lines: Sequence[BankLine]) -> set[int]:
        """The properties to lock for these lines; notes what holds a scope."""
        if self._matcher.asks_where:
            return {place.tenancy.property_id for place in self.match(lines) if place.tenancy is not None}
        for account, currency in {(line.account, line.currency) for line in lines}:
            self._matcher.companies.judged_account(account, currency)
        return set()

    def match(self, lines: Sequence[BankLine]) -> list[Matched[BankLine]]:
        """In their order."""
        places = [self._matcher.companies.judged_account(line.account, line.currency) for line in lines]
        by_company: defaultdict[int, list[BankLine]] = defaultdict(list)
        for line, place in zip(lines, places, strict=True):
            if place.found is not None:
                by_company[place.found.company_id].append(line)
        known = {company_id: self._ask(company_id, ours) for company_id, ours in by_company.items()}
        return [self._matched(line, place, known) for line, place in zip(lines, places, strict=True)]

    def _ask(self, company_id: int, lines: Sequence[BankLine]) -> _Known:
        ids: defaultdict[str, set[str]] = defaultdict(set)
        texts: set[str] = set()
        for line in lines:
            if line.payment_id:
                creditor = self._creditor_of(line, company_id)
                if self._books(creditor):
                    ids[creditor].add(line.payment_id)
            elif not line.takes_back:
                texts |= set(_own_words(line)) - {""}
        slips = {creditor: self._slips(company_id, creditor, wanted) for creditor, wanted in ids.items()}
        rules: Mapping[str, tuple[int, TenancyRef]] = {}
        if self._matcher.has_rules(company_id):
            keys = {customer_key(line.payment_id or line.customer) for line in lines} - {""}
            rules = tenancies_by_rule(self._conn, company_id, keys)
        return _Known(slips, OwnWords(self._conn, company_id, self._ways, texts), rules)

    def _slips(self, company_id: int, creditor: str, ids: set[str]) -> Mapping[str, Heard | None]:
        numbers = tenancies_by_customer(self._conn, company_id, ids)
        by_number = {payment_id: numbers.get(payment_id) for payment_id in ids}
        return self._matcher.answering.hear_slips(company_id, creditor, by_number)

    def _matched(self, line: BankLine, place: CompanyPlace, known: Mapping[int, _Known]) -> Matched[BankLine]:
        found = place.found
        if found is None:
            return Matched(line, 0, "", None, place.trouble, (place.scope,))
        whose = self._whose(line, found, known[found.company_id])
        tenancy, reason = whose.tenancy, whose.reason
        if tenancy is not None and found.property_ids is not None and tenancy.property_id not in found.property_ids:
            reason = f"it names {tenancy.key}, outside {place.limit}"
            tenancy = None
        if tenancy is None:
            scopes: tuple[str, ...] = (place.scope, f"suspense of {place.scope}")
            return Matched(line, found.company_id, found.company_number, None, reason, scopes)
        scopes = self._matcher.scopes_of(place.scope, tenancy)
        answer = None if whose.heard is None else whose.heard.answer
        return Matched(
            line, found.company_id, found.company_number, tenancy, "", scopes, whose.rule, whose.named, answer
        )

    def _whose(self, line: BankLine, found: CreditorCompany, known: _Known) -> _Whose:
        if line.slip_fault:
            return _Whose(None, f"payment slip: {line.slip_fault}")
        if line.takes_back:
            return _Whose(None, "it takes back an earlier line that is not here as a payment of that amount")
        if line.payment_id:
            return self._by_slip(line, found, known)
        tenancy, reason, named = known.words.of(_own_words(line))
        if tenancy is None and (ruled := known.rules.get(customer_key(line.customer))):
            return _Whose(ruled[1], "", ruled[0])
        return _Whose(tenancy, reason, named=named)

    def _by_slip(self, line: BankLine, found: CreditorCompany, known: _Known) -> _Whose:
        creditor = self._creditor_of(line, found.company_id)
        if not creditor:
            return _Whose(None, f"payment id {line.payment_id}: the bank does not say whose payment slip it is")
        slip = f"payment slip {line.payment_id} of creditor {creditor}"
        others = self._companies_of(creditor)
        if others and found.company_id not in others:
            numbers = ", ".join(others.values())
            return _Whose(
                None, f"{slip} is company {numbers}'s, paid into company {found.company_number}'s account (R7)"
            )
        if not self._books(creditor):
            return _Whose(None, f"{slip} {self._booked_by(creditor)}")
        if not others and is_fi_creditor(creditor):
            # Betalingsservice could not know that it is to leave this slip to us: both would book it (R17).
            return _Whose(None, f"{slip} is no company's: put its number into the portfolio's column fi_creditor (R14)")
        heard = known.slips[creditor][line.payment_id]
        if heard is None:
            if ruled := known.rules.get(customer_key(line.payment_id)):
                return _Whose(ruled[1], "", ruled[0])
            return _Whose(None, f"{slip} is no slip and no customer number of the company")
        return _Whose(heard.tenancy, heard.reason, heard=heard)

    def _books(self, creditor: str) -> bool:
        return self._bookers.get(creditor) == self._vendor

    def _booked_by(self, creditor: str) -> str:
        booker = self._bookers.get(creditor)
        if booker is not None:
            return f"is booked by {booker}, and waits to be found there (R17)"
        setting = f"books_slips_of in {vendor_file(self._vendor)}"
        return f"is not booked from here, but from Betalingsservice where that tells of it (R17); else set {setting}"

    def _creditor_of(self, line: BankLine, company_id: int) -> str:
        """Where the bank does not say whose slip it is: that of the account's company; "" = it has none."""
        if line.creditor:
            return creditor_number(line.creditor)
        known = self._own_creditors.get(company_id)
        if known is None:
            known = self._own_creditors[company_id] = slip_creditor_of(self._conn, company_id)
        return known

    def _companies_of(self, creditor: str) -> Mapping[int, str]:
        known = self._slip_companies.get(creditor)
        if known is None:
            known = self._slip_companies[creditor] = slip_companies(self._conn, creditor)
        return known


def _own_words(line: BankLine) -> tuple[str, str]:
    """What names a tenancy by itself. A bank account does not: it is digits as a customer number is, a creditor's above
    all, and paying a bill must not be a payout to whoever has its number. What a person has remembered of it holds.
    """
    return line.reference, "" if line.customer == line.payer_account else line.customer
