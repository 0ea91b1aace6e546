"""Whether each of our numbers means one thing: who books payment slips (R17), whose sales units and accounts are.

And whether the tenancies that bank rules give money to are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from hub.settings import Problem, Site, vendor_file
from hub.settings.clearing import is_fi_creditor

if TYPE_CHECKING:  # this package is loaded in every plug-in's process, which has no use for a database library
    from hub.store.portfolio import PortfolioFacts

_CREDITOR_DIGITS = 8


def wrong_numbers(site: Site) -> Iterator[Problem]:
    """What two enabled instances say of one number."""
    for (first, one), (second, other) in combinations(sorted(site.vendors.items()), 2):
        books = {creditor.zfill(_CREDITOR_DIGITS) for creditor in one.books_slips_of}
        for creditor in other.books_slips_of:
            if creditor.zfill(_CREDITOR_DIGITS) in books:
                told = (
                    f"listed in {vendor_file(first)} as well: every payment by these slips would be booked twice; "
                    "leave it to one of the two, the other confirms it (R17)"
                )
                yield Problem(vendor_file(second), "books_slips_of", repr(creditor), told)
        for number in sorted(one.numbers.keys() & other.numbers.keys()):
            told = f"listed in {vendor_file(first)} as well, for {one.numbers[number]}: leave it to who has its files"
            yield Problem(vendor_file(second), f"numbers.{number}", repr(other.numbers[number]), told)


def unknown_numbers(site: Site, portfolio: PortfolioFacts) -> Iterator[Problem]:
    """What numbers lead to, and creditor numbers of slips, that the portfolio does not have (R7, R14)."""
    known = {company.number for company in portfolio.companies}
    known |= {f"{company.number}-{number}" for company in portfolio.companies for number in company.properties}
    creditors = {company.fi_creditor for company in portfolio.companies}
    for name, config in site.vendors.items():
        for number, named in config.numbers.items():
            if named not in known:
                told = "no company and no property of the portfolio: what comes for that number is held"
                yield Problem(vendor_file(name), f"numbers.{number}", repr(named), told)
        for creditor in config.books_slips_of:
            if is_fi_creditor(creditor) and creditor not in creditors:
                told = "no company's creditor number of slips; the portfolio's column fi_creditor says it (R14)"
                yield Problem(vendor_file(name), "books_slips_of", repr(creditor), told)


def unusable_rules(site: Site, portfolio: PortfolioFacts) -> Iterator[Problem]:
    """Bank rules for a tenancy that the portfolio does not have, or of a company that no account is of (R7)."""
    for name, config in site.vendors.items():
        companies = {named.split("-")[0] for named in config.numbers.values()}
        for rule in config.rules:
            if rule.tenancy is None:
                continue
            company = portfolio.companies_of.get(rule.tenancy)
            if company is None:
                told = "no tenancy of the portfolio: what the rule fits stays open"
            elif company not in companies:
                told = (
                    f"a tenancy of company {company}, of which no account in numbers is: what the rule fits stays open"
                )
            else:
                continue
            yield Problem(vendor_file(name), f"rules.{rule.name}.tenancy", repr(rule.tenancy), told)
