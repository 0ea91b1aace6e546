"""``hub rules``: what money is without being asked, by remembered matches and by the rules of banks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from hub.cli.acting import ID_MAX, KeyOption, performed
from hub.cli.context import ActorOption, JsonOption, SiteOption, books_of, root_of
from hub.cli.ledger import moment
from hub.cli.output import answer, say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.acts.act import Acting
    from hub.reports.rule_suggestions import RuleSuggestion
    from hub.settings import BankRule, Site
    from hub.store.clearing.rule_uses import RuleUses
    from hub.store.match_rules import Rule

rules_app = typer.Typer(help="What money is without being asked: remembered matches, and rules of banks.")

_PATTERNS = ("code", "text", "payer_account", "amount")
_REMEMBERED = (">id", "company", "customer number", "tenancy", ">payments", "since, by", "")
_BANK = ("bank", "rule", "fits", "to", ">uses", ">taken back", "last used", "")


class _BankRule(NamedTuple):
    """A rule as its settings have it, and its uses; None = they have it no more, or it was never used."""

    vendor: str
    name: str
    rule: BankRule | None
    used: RuleUses | None


@rules_app.command("list")
def list_rules(ctx: typer.Context, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """All that were ever remembered, and which are forgotten; then the rules of banks, and how often each was used."""
    from hub.store.clearing.rule_uses import rule_uses
    from hub.store.match_rules import rules

    with books_of(root_of(ctx, site)) as (the_site, conn):
        remembered = rules(conn)
        banks = list(_bank_rules(the_site, rule_uses(conn)))
    document = {"rules": list(map(_remembered_document, remembered)), "bank_rules": list(map(_bank_document, banks))}
    answer(as_json, document, lambda: _tell_rules(the_site, remembered, banks))
    return 0


def _bank_rules(site: Site, uses: Iterable[RuleUses]) -> Iterator[_BankRule]:
    """In the order in which they are tried, by instance; then those that were used and are there no more."""
    left = {(one.vendor, one.rule): one for one in uses}
    for vendor, config in sorted(site.vendors.items()):
        for rule in config.rules:
            yield _BankRule(vendor, rule.name, rule, left.pop((vendor, rule.name), None))
    for (vendor, name), used in left.items():
        yield _BankRule(vendor, name, None, used)


def _remembered_document(one: Rule) -> dict[str, Any]:
    return {**one._asdict(), "at": moment(one.at), "forgotten_at": one.forgotten_at and moment(one.forgotten_at)}


def _bank_document(one: _BankRule) -> dict[str, Any]:
    used = one.used
    return {
        "vendor": one.vendor,
        "name": one.name,
        "in_settings": one.rule is not None,
        **{name: getattr(one.rule, name, None) for name in (*_PATTERNS, "account", "tenancy")},
        "uses": used.uses if used else 0,
        "taken_back": used.taken_back if used else 0,
        "last_used_at": moment(used.last_used_at) if used else None,
    }


def _tell_rules(site: Site, remembered: list[Rule], banks: list[_BankRule]) -> None:
    if not remembered and not banks:
        say("nothing is remembered, and no bank has rules")
    if remembered:
        rows = (
            (
                one.id,
                one.company,
                one.customer,
                one.tenancy,
                one.uses,
                f"{site.today(one.company, one.at)} {one.actor}",
                one.forgotten_at and f"forgotten {site.today(one.company, one.forgotten_at)}",
            )
            for one in remembered
        )
        table(_REMEMBERED, rows)
    if remembered and banks:
        say("")
    if banks:
        table(_BANK, (_bank_row(one, site.zone) for one in banks))


def _bank_row(one: _BankRule, zone: ZoneInfo) -> tuple[object, ...]:
    used = one.used
    return (
        one.vendor,
        one.name,
        "\n".join(f"{name} {value}" for name in _PATTERNS if (value := getattr(one.rule, name, None))),
        one.rule and (one.rule.tenancy or one.rule.account),
        used.uses if used else 0,
        used.taken_back if used else 0,
        used and f"{used.last_used_at.astimezone(zone):%Y-%m-%d}",
        "" if one.rule else "no longer in the settings",
    )


@rules_app.command("forget")
def forget_rule(
    ctx: typer.Context,
    rule: Annotated[int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="As hub rules list shows it.")],
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Uses a remembered match no more; what it has booked stays."""
    from hub.acts import suspense

    def do(acting: Acting) -> Mapping[str, Any]:
        return suspense.forget(acting, rule)

    return performed(ctx, site, "rules forget", {"rule": rule}, do, actor=actor, key=key, as_json=as_json)


@rules_app.command("suggest")
def suggest_rules(ctx: typer.Context, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """Rules of banks that would have said what people have said again and again; nothing is made."""
    from hub.reports.rule_suggestions import TIMES_MIN, rule_suggestions

    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = rule_suggestions(conn, the_site)
    document = {"suggestions": list(map(_suggestion_document, found))}

    def tell() -> None:
        if not found:
            say(f"nothing was said {TIMES_MIN} times of the same kind of line, and never otherwise")
        for one in found:
            _tell_suggestion(one)

    answer(as_json, document, tell)
    return 0


def _suggestion_document(one: RuleSuggestion) -> dict[str, Any]:
    from hub.settings import vendor_file

    return {
        "vendor": one.vendor,
        "file": vendor_file(one.vendor),
        "times": len(one.evidence),
        "rule": {name: value for name, value in one.rule.model_dump().items() if value is not None},
        "toml": one.toml,
        "evidence": [
            {
                "entry": line.entry,
                "line": line.said.entry,
                "booked_on": line.said.booking_date.isoformat(),
                "amount": format_amount(line.said.amount),
                "payer": line.said.payer,
                "payer_account": line.said.payer_account,
                "code": line.said.code,
                "text": line.said.text,
                "actor": line.actor,
            }
            for line in one.evidence
        ],
    }


def _tell_suggestion(one: RuleSuggestion) -> None:
    from hub.settings import vendor_file

    times, where = len(one.evidence), one.rule.tenancy or one.rule.account
    say(f"{times} lines of {one.vendor} were given to {where}, and none like them to another:")
    rows = (
        (
            line.entry,
            line.said.booking_date,
            format_amount(line.said.amount),
            line.said.payer,
            line.said.payer_account,
            line.said.text,
            line.actor,
        )
        for line in one.evidence
    )
    table((">entry", "booked", ">amount", "payer", "his account", "text", "by"), rows)
    say("", f"to have it so from now on, paste at the end of {vendor_file(one.vendor)}:", "", one.toml)
