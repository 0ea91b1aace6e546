"""Bank rules: what a line of a bank's statement is, and where it belongs, because the bank's settings say so.

They come last: a line that a slip, a payout or a clearing day explains is none of theirs. A rule is used for a line
that is whole and that no person has handled; what it may not be used for stays open, and why not is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hub.reconciling.settling import Explained, Run, settle
from hub.settings import BankRule, Site
from hub.store.clearing.lines import OpenLine
from hub.store.portfolio import TenancyRef, plain_key, tenancies_by_key


class Fitting(NamedTuple):
    """A line, and the first rule of its bank that fits it."""

    line: OpenLine
    rule: BankRule
    #: Why the rule is not used for it; "" = it is.
    why_not: str


def apply_rules(run: Run, lines: Sequence[OpenLine]) -> list[Explained]:
    """Explains each of ``lines`` that is still open by the first rule that fits it, where that may be used for it."""
    used = [one for one in fitting_rules(run.acting.conn, run.acting.site, run.still_open(lines)) if not one.why_not]
    return [_use(run, line, rule) for line, rule, _ in used]


def fitting_rules(conn: Connection, site: Site, lines: Sequence[OpenLine]) -> list[Fitting]:
    """Of each open line that a rule fits: the first that does, and why it is not used; nothing is booked."""
    fitting = [(line, rule) for line in lines if (rule := _first_fitting(site, line)) is not None]
    if not fitting:
        return []
    keys = {plain_key(rule.tenancy) for _, rule in fitting if rule.tenancy is not None}
    refs = tenancies_by_key(conn, keys) if keys else {}
    return [Fitting(line, rule, _why_not(site, line, rule, refs)) for line, rule in fitting]


def _first_fitting(site: Site, line: OpenLine) -> BankRule | None:
    config = site.vendors.get(line.vendor)
    return next((rule for rule in (config.rules if config else ()) if _fits(rule, line)), None)


def _fits(rule: BankRule, line: OpenLine) -> bool:
    return rule.fits(code=line.code, text=line.text, payer_account=line.payer_account, amount=line.whole)


def _why_not(site: Site, line: OpenLine, rule: BankRule, refs: Mapping[str, TenancyRef]) -> str:
    if line.creditor or line.payment_id:
        return "it is a payment slip: whoever books its creditor's slips says whose it is, or a person (R17)"
    if line.handled:
        return "a person has had it in hand, or a part of it is explained: the rest is for a person too"
    company = site.company(line.company)
    if company.closed:
        return f"company {line.company} is closed"
    if company.currency != line.currency:
        return f"company {line.company} is set to {company.currency}, its books are in {line.currency}"
    if rule.tenancy is None:
        return ""
    ref = refs.get(plain_key(rule.tenancy))
    if ref is None:
        return f"there is no tenancy {rule.tenancy}"
    if ref.company_id != line.company_id:
        return f"{ref.key} is another company's, and money never moves between companies (R7)"
    return ""


def _use(run: Run, line: OpenLine, rule: BankRule) -> Explained:
    if rule.tenancy is not None:
        target = run.tenancy(rule.tenancy, line)
    else:
        assert rule.account is not None
        target = run.named(rule.account, line)
    return settle(run, line, target, "rule", vendor=line.vendor, rule=rule.name)
