"""``hub check``: all that is wrong with a site's configuration, at once."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from hub.settings import ConfigError, Problem, Site, VendorConfig, read_site, vendor_file
from hub.vendors.fault import VendorFault
from hub.vendors.host import Vendors
from hub.vendors.instance import Instance

_PORTFOLIO = "the portfolio"


@dataclass(frozen=True)
class PortfolioFacts:
    """What the portfolio says that configuration must agree with."""

    #: Company numbers.
    companies: frozenset[str] = frozenset()
    #: ``company-property``.
    properties: frozenset[str] = frozenset()
    #: (PBS creditor number, debtor group, "" = none) -> companies that use them.
    creditors: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


def check(site_root: Path, portfolio: PortfolioFacts | None = None) -> list[Problem]:
    """Every problem of every file, plug-ins' own judgement of their settings included. Without ``portfolio`` what
    only the portfolio can tell is left out. Starts each plug-in once, in a process of its own."""
    site, problems = read_site(site_root)
    with Vendors(site) as vendors:
        vendors.launch()
        for instance in vendors.instances.values():
            problems += _start(instance)
        problems += _doors(site, vendors)
    if portfolio is not None:
        problems += _scopes(site, portfolio)
        problems += _creditors(portfolio)
    return problems


def _start(instance: Instance) -> list[Problem]:
    try:
        instance.start()
    except ConfigError as error:
        return error.problems
    except VendorFault as fault:
        return [Problem(vendor_file(instance.name), "plugin", instance.plugin, str(fault))]
    return []


def _doors(site: Site, vendors: Vendors) -> Iterator[Problem]:
    """Instances whose files nothing tells apart (R1)."""
    for (first, one), (second, other) in combinations(site.vendors.items(), 2):
        folder = one.door.folder or first
        if _folded(folder) == _folded(other.door.folder or second):
            yield _door_problem(second, "door.folder", other.door.folder or second, f"is the inbox of {first} as well")
        elif _share_common_inbox(one, other):
            shared = _telltales(vendors.instances[first]) & _telltales(vendors.instances[second])
            if shared:
                told = f"{first} takes the same names from the common inbox, and both know their files by the same"
                yield _door_problem(second, "door.pattern", other.door.pattern, f"{told}: {', '.join(sorted(shared))}")


def _door_problem(name: str, key: str, given: str, wrong: str) -> Problem:
    return Problem(vendor_file(name), key, repr(given), f"{wrong}; give one of the two another (R1)")


def _share_common_inbox(one: VendorConfig, other: VendorConfig) -> bool:
    """Patterns that surely meet. Others that could (``*a*`` and ``*b*``) are left to show: such a file is ambiguous."""
    patterns = {one.door.pattern, other.door.pattern}
    return "" not in patterns and (len(patterns) == 1 or "*" in patterns)


def _telltales(instance: Instance) -> set[str]:
    """Empty where the plug-in could not be started: that is a problem of its own."""
    return set() if instance.fault else set(instance.description.telltales)


def _folded(folder: str) -> str:
    """As file systems that know no case compare names."""
    return unicodedata.normalize("NFC", folder).casefold()


def _scopes(site: Site, portfolio: PortfolioFacts) -> Iterator[Problem]:
    for name, config in site.vendors.items():
        yield from _unknown(name, "companies", config.companies, portfolio.companies)
        yield from _unknown(name, "properties", config.properties, portfolio.properties)


def _unknown(name: str, key: str, given: Iterable[str], known: frozenset[str]) -> Iterator[Problem]:
    for number in given:
        if number not in known:
            yield Problem(vendor_file(name), key, repr(number), f"the portfolio has no such; {_some(known)}")


def _some(known: frozenset[str]) -> str:
    names = sorted(known)
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"it has {', '.join(names[:10])}{more}" if names else "it is empty"


def _creditors(portfolio: PortfolioFacts) -> Iterator[Problem]:
    """Companies that a payment could not be told apart by (R7)."""
    groups: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for (creditor, group), companies in portfolio.creditors.items():
        if creditor:
            groups[creditor][group] = companies
    for creditor, by_group in sorted(groups.items()):
        users = sorted(frozenset().union(*by_group.values()))
        if len(users) < 2:
            continue
        for group, companies in sorted(by_group.items()):
            if group == "" or len(companies) > 1:
                told = f"companies {', '.join(users)} share creditor number {creditor}: each needs debtor groups (R7)"
                yield Problem(_PORTFOLIO, "debtor_group", repr(group), told)
