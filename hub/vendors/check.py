"""``hub check``: all that is wrong with a site's configuration, at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Set
from fnmatch import fnmatchcase
from itertools import combinations, product
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hub.plugin.records import EXPORT_KIND
from hub.settings import ConfigError, Problem, Site, VendorConfig, read_site, vendor_file
from hub.vendors.check_numbers import unknown_numbers, unusable_rules, wrong_numbers
from hub.vendors.fault import VendorFault
from hub.vendors.host import Vendors
from hub.vendors.instance import Instance

if TYPE_CHECKING:  # this package is loaded in every plug-in's process, which has no use for a database library
    from hub.store.portfolio import PortfolioFacts

_PORTFOLIO = "the portfolio"


def check(site_root: Path, portfolio: PortfolioFacts | None = None) -> list[Problem]:
    """Every problem of every file, plug-ins' own judgement of their settings included. Without ``portfolio`` what
    only the portfolio can tell is left out. Starts each plug-in once, in a process of its own."""
    site, problems = read_site(site_root)
    with Vendors(site) as vendors:
        vendors.launch()
        for instance in vendors.instances.values():
            problems += _start(instance)
            problems += _exports(instance)
        problems += _doors(site, vendors)
        problems += wrong_numbers(site)
        if portfolio is not None:
            problems += _against(portfolio, site, vendors)
    return problems


def _start(instance: Instance) -> list[Problem]:
    try:
        instance.start()
    except ConfigError as error:
        return error.problems
    except VendorFault as fault:
        return [Problem(vendor_file(instance.name), "plugin", instance.plugin, str(fault))]
    return []


def _exports(instance: Instance) -> Iterator[Problem]:
    """Instances that shall make exports, and cannot (R2, R36)."""
    if instance.fault or not instance.config.consumption.export:
        return
    if EXPORT_KIND not in instance.kinds:
        allowed = f"false, or another plug-in: {instance.plugin} makes no exports"
        yield Problem(vendor_file(instance.name), "consumption.export", "true", allowed)
    elif any(setting.key == EXPORT_KIND and setting.value is None for setting in instance.settings):
        allowed = "a table: consumption.export is true, and without it no export has a layout (R36)"
        yield Problem(vendor_file(instance.name), "settings.export", "", allowed)


def _doors(site: Site, vendors: Vendors) -> Iterator[Problem]:
    """Instances whose files nothing tells apart (R1)."""
    for (first, one), (second, other) in combinations(site.vendors.items(), 2):
        folder = one.door.folder or first
        if _folded(folder) == _folded(other.door.folder or second):
            yield _door_problem(second, "door.folder", other.door.folder or second, f"is the inbox of {first} as well")
        elif _share_common_inbox(one, other):
            shared = _shared(vendors.instances[first], vendors.instances[second])
            if shared:
                told = f"{first} takes the same names from the common inbox, and both know as theirs"
                yield _door_problem(second, "door.pattern", other.door.pattern, f"{told}: {', '.join(shared)}")


def _door_problem(name: str, key: str, given: str, wrong: str) -> Problem:
    return Problem(vendor_file(name), key, repr(given), f"{wrong}; give one of the two another (R1)")


def _share_common_inbox(one: VendorConfig, other: VendorConfig) -> bool:
    """Patterns that surely meet: alike, or one has the names of the other (``heat-*`` and ``*``). Others that could
    (``*a*`` and ``*b*``) are left to show: such a file is ambiguous."""
    first, second = (unicodedata.normalize("NFC", config.door.pattern) for config in (one, other))
    if not first or not second:
        return False
    # A pattern is a name that fits itself, but for its brackets.
    return first == second or fnmatchcase(first, second) or fnmatchcase(second, first)


def _shared(one: Instance, other: Instance) -> list[str]:
    """What both take: of two telltales where one covers the other, the narrower."""
    shared = set()
    for ours, theirs in product(_telltales(one), _telltales(other)):
        if ours.is_relative_to(theirs):
            shared.add(str(ours))
        elif theirs.is_relative_to(ours):
            shared.add(str(theirs))
    return sorted(shared)


def _telltales(instance: Instance) -> list[PurePosixPath]:
    """Empty where the plug-in could not be started: that is a problem of its own."""
    return [] if instance.fault else list(map(PurePosixPath, instance.description.telltales))


def _folded(folder: str) -> str:
    """As file systems that know no case compare names."""
    return unicodedata.normalize("NFC", folder).casefold()


def _against(portfolio: PortfolioFacts, site: Site, vendors: Vendors) -> Iterator[Problem]:
    """What only the portfolio can tell."""
    yield from _scopes(site, portfolio)
    yield from unknown_numbers(site, portfolio)
    yield from unusable_rules(site, portfolio)
    for instance in vendors.instances.values():
        yield from _lengths(instance, portfolio)
    yield from _currencies(site, portfolio)
    yield from _consumption_types(site, portfolio)
    for clash in portfolio.clashes:  # R7
        yield Problem(_PORTFOLIO, "debtor_group", "", clash)


def _scopes(site: Site, portfolio: PortfolioFacts) -> Iterator[Problem]:
    """Companies and properties to serve that the portfolio does not have (R2)."""
    companies = {company.number for company in portfolio.companies}
    properties = {f"{company.number}-{number}" for company in portfolio.companies for number in company.properties}
    for name, config in site.vendors.items():
        yield from _unknown(name, "companies", config.companies, companies)
        yield from _unknown(name, "properties", config.properties, properties)


def _unknown(name: str, key: str, given: Iterable[str], known: Set[str]) -> Iterator[Problem]:
    for number in given:
        if number not in known:
            yield Problem(vendor_file(name), key, repr(number), f"the portfolio has no such; {_some(known)}")


def _some(known: Set[str]) -> str:
    names = sorted(known)
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"it has {', '.join(names[:10])}{more}" if names else "it is empty"


def _currencies(site: Site, portfolio: PortfolioFacts) -> Iterator[Problem]:
    for company in portfolio.companies:
        if wrong := site.other_currency(company.number, company.currency):
            yield Problem("config/companies", "currency", repr(site.company(company.number).currency), wrong)


def _consumption_types(site: Site, portfolio: PortfolioFacts) -> Iterator[Problem]:
    """Types that an instance exports and a company that it serves does not have (R26)."""
    for name, config in site.vendors.items():
        wanted = config.consumption.type
        served = [one.number for one in portfolio.companies if not config.companies or one.number in config.companies]
        without = [number for number in served if wanted and site.company(number).consumption_type(wanted) is None]
        if without:
            allowed = f"a type of all companies that it serves; company {without[0]} has no [consumption.{wanted}]"
            yield Problem(vendor_file(name), "consumption.type", repr(wanted), allowed)


def _lengths(instance: Instance, portfolio: PortfolioFacts) -> Iterator[Problem]:
    """Layouts that have no room for a number of a property that the instance serves (R2, R34)."""
    if instance.fault:
        return
    items = {setting.key: setting.item for setting in instance.settings}
    served = {name: lengths for name, lengths in portfolio.number_lengths.items() if _serves(instance.config, name)}
    for part, length, key in instance.description.number_lengths:
        needed, name = max(((lengths[part], name) for name, lengths in served.items()), default=(0, ""))
        if length < needed:
            item = items.get(key)
            rule = f"sheet item {item}, R34" if item else "R34"
            allowed = f"{needed} or more: property {name} has {part} numbers of {needed} characters ({rule})"
            yield Problem(vendor_file(instance.name), f"settings.{key}", str(length), allowed)


def _serves(config: VendorConfig, property_: str) -> bool:
    in_company = not config.companies or property_.split("-")[0] in config.companies
    return in_company and (not config.properties or property_ in config.properties)
