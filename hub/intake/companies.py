"""What a vendor's numbers mean (R7): creditor and debtor group, sales unit or bank account -> company or property.

What cannot be booked is held under a scope: ``company 1``, ``account DK50...``, ``creditor 09999999, debtor group
00001``.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from hub.settings import Site, VendorConfig, vendor_file
from hub.store.portfolio import CreditorCompany, company_or_property, resolve_creditor

#: What Betalingsservice gives its creditor numbers; whoever has another is named by the instance's settings alone.
_CREDITOR_DIGITS = 8


class CompanyPlace(NamedTuple):
    """What a number leads to. ``found`` None = nothing that can be booked on; ``trouble`` says why."""

    found: CreditorCompany | None
    scope: str
    trouble: str
    #: By what it leads to some properties alone, where it does: ``debtor group 00001``.
    limit: str


class Companies:
    """Of one reading: each number is asked for once. ``troubles`` has what holds a scope, the first reason each."""

    def __init__(self, conn: Connection, site: Site, vendor: str, config: VendorConfig) -> None:
        self._conn = conn
        self._site = site
        self._vendor = vendor
        self._config = config
        #: By creditor and debtor group, as far as they were asked for.
        self.creditors: dict[tuple[str, str], CompanyPlace] = {}
        self._accounts: dict[str, CompanyPlace] = {}
        self.troubles: dict[str, str] = {}

    def hold(self, scope: str, reason: str) -> None:
        self.troubles.setdefault(scope, reason)

    def of_creditor(self, creditor: str, group: str) -> CompanyPlace:
        known = self.creditors.get((creditor, group))
        if known is None:
            known = self.creditors[creditor, group] = self._creditor(creditor, group)
        return known

    def of_account(self, account: str) -> CompanyPlace:
        """Of one of our bank accounts, by the instance's ``numbers`` alone."""
        known = self._accounts.get(account)
        if known is None:
            known = self._accounts[account] = self._account(account)
        return known

    def judged_account(self, account: str, currency: str) -> CompanyPlace:
        """As :meth:`of_account`; notes what holds it, for money of this currency."""
        place = self.of_account(account)
        if place.found is None:
            self.hold(place.scope, place.trouble)
        self.judge_currency(place, currency)
        return place

    def judge_currency(self, place: CompanyPlace, currency: str) -> None:
        if place.found is not None and currency != place.found.currency:
            self.hold(place.scope, f"the file is in {currency}, but the company has {place.found.currency}")

    def judge_company(self, scope: str, number: str) -> None:
        if self._site.company(number).closed:
            self.hold(scope, f"company {number} is closed")
        elif self._config.companies and number not in self._config.companies:
            self.hold(scope, f"company {number} is not among those that this vendor instance serves (R2)")

    def judge_property(self, scope: str) -> None:
        served = self._config.properties
        if served and scope.removeprefix("property ") not in served:
            self.hold(scope, f"{scope} is not among those that this vendor instance serves (R2)")

    def _creditor(self, creditor: str, group: str) -> CompanyPlace:
        limit = f"debtor group {group}"
        scope = f"creditor {creditor}, {limit}" if group else f"creditor {creditor}"
        named = self._config.numbers.get(creditor)
        if named is not None:
            return self._named(creditor, named, scope, "")
        companies = resolve_creditor(self._conn, creditor, group)
        if len(companies) == 1:
            return self._found(companies[0], "", limit)
        said = f"creditor {creditor} with group {group}" if group else f"creditor {creditor}"
        if companies:
            numbers = ", ".join(company.company_number for company in companies)
            return CompanyPlace(None, scope, f"{said} may be companies {numbers} (R7)", limit)
        trouble = f"{said} is no company of the portfolio"
        if len(creditor) != _CREDITOR_DIGITS:
            trouble += f", nor among numbers in {vendor_file(self._vendor)}: say there whose it is (R7)"
        return CompanyPlace(None, scope, trouble, limit)

    def _account(self, account: str) -> CompanyPlace:
        scope = f"account {account}"
        named = self._config.numbers.get(account)
        if named is None:
            told = f"account {account} is not among numbers in {vendor_file(self._vendor)}: say there whose it is (R7)"
            return CompanyPlace(None, scope, told, scope)
        return self._named(account, named, scope, scope)

    def _named(self, number: str, named: str, scope: str, own_scope: str) -> CompanyPlace:
        """What the instance's settings call a number. ``own_scope`` "" = it is held with all of its company."""
        found = company_or_property(self._conn, named)
        if found is None:
            told = f"{number} is {named} by numbers in {vendor_file(self._vendor)}, which the portfolio does not have"
            return CompanyPlace(None, scope, told, "")
        return self._found(found, own_scope, f"property {named}, which {number} is of")

    def _found(self, found: CreditorCompany, own_scope: str, limit: str) -> CompanyPlace:
        place = CompanyPlace(found, own_scope or f"company {found.company_number}", "", limit)
        self.judge_company(place.scope, found.company_number)
        return place
