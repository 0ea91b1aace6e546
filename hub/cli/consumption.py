"""``hub consumption``: consumption accounts, what came of them, and what a person decides about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.acting import ID_MAX, KeyOption, performed
from hub.cli.asking import PropertyOption, brief, iso
from hub.cli.context import ActorOption, JsonOption, SiteOption, as_unicode, books_of, now, root_of
from hub.cli.output import answer, say, table
from hub.money import format_amount, parse_amount

if TYPE_CHECKING:
    from hub.acts.act import Acting
    from hub.consumption.shown import Detail, RevisionShown, Shown, TenantShown

consumption_app = typer.Typer(help="Consumption accounts: on account, cost and result of every tenant.")

AccountArgument = Annotated[
    int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="Its number, as hub consumption list shows it.")
]


@consumption_app.command("list")
def list_accounts(
    ctx: typer.Context,
    property: PropertyOption = None,
    state: Annotated[
        Literal["open", "booked", "withdrawn"] | None,
        typer.Option("--state", help="open: a result is awaited, or one waits."),
    ] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Accounts, the latest period first."""
    from hub.consumption.shown import listed
    from hub.store.views.scope import property_of

    with books_of(root_of(ctx, site)) as (_, conn):
        of = None if property is None else property_of(conn, property).id
        found = listed(conn, of, state)
    rows = [_shown(one) for one in found]

    def tell() -> None:
        table(_COLUMNS, [[row[column] for column in _LISTED] for row in rows])

    answer(as_json, {"accounts": rows}, tell)
    return 0


@consumption_app.command()
def show(ctx: typer.Context, account: AccountArgument, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """Everybody who lived there in the period, with his result; and what speaks against booking what waits."""
    from hub.consumption.shown import detail

    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = detail(conn, the_site, account, now())
    document = _document(found)
    answer(as_json, document, lambda: _tell(document))
    return 0


@consumption_app.command("open")
def open_account(
    ctx: typer.Context,
    property: Annotated[
        str, typer.Option("--property", metavar="PROPERTY", callback=as_unicode, help="company-property, e.g. 1-12")
    ],
    type: Annotated[
        str, typer.Option("--type", metavar="TYPE", callback=as_unicode, help="heat, water, electricity, or your own.")
    ],
    period: Annotated[str, typer.Option("--period", metavar="FROM..TO", help="E.g. 2025-06-01..2026-05-31.")],
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A result that carries no period is of the one account that is open; one that is booked can be opened again."""
    from hub.settings import parse_period

    try:
        days = parse_period(period)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error

    def do(acting: Acting) -> Mapping[str, Any]:
        from hub.consumption.deciding import open_account as opened

        return opened(acting, property, type, days)

    asked = {"property": property, "type": type, "period": period}
    return performed(ctx, site, "consumption open", asked, do, actor=actor, key=key, as_json=as_json)


@consumption_app.command()
def withdraw(
    ctx: typer.Context,
    account: AccountArgument,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Gives up an account of which nothing stands, as one of a wrong period; opened again, it is as it was."""

    def do(acting: Acting) -> Mapping[str, Any]:
        from hub.consumption.deciding import withdraw_account

        return withdraw_account(acting, account)

    return performed(ctx, site, "consumption withdraw", {"account": account}, do, actor=actor, key=key, as_json=as_json)


@consumption_app.command()
def total(
    ctx: typer.Context,
    account: AccountArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="What the property's consumption cost in all.")],
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """The control total: results and on-account amounts of all tenants have to come to it."""
    ore = parse_amount(amount, "AMOUNT")

    def do(acting: Acting) -> Mapping[str, Any]:
        from hub.consumption.deciding import set_total

        return set_total(acting, account, ore)

    asked = {"account": account, "total": ore}
    return performed(ctx, site, "consumption total", asked, do, actor=actor, key=key, as_json=as_json)


@consumption_app.command()
def book(
    ctx: typer.Context,
    account: AccountArgument,
    accept: Annotated[
        str | None,
        typer.Option("--accept", metavar="TEXT", help="Why it is right in spite of what was found; it is kept."),
    ] = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Books what waits: every tenant's result, and what he was asked on account leaves his holding."""
    why = None if accept is None else as_unicode(accept)

    def do(acting: Acting) -> Mapping[str, Any]:
        from hub.consumption.deciding import book_account

        return book_account(acting, account, why)

    asked = {"account": account, "accept": why}
    return performed(ctx, site, "consumption book", asked, do, actor=actor, key=key, as_json=as_json)


def _shown(one: Shown) -> dict[str, Any]:
    account = one.account
    return {
        "id": account.id,
        "property": f"{one.of.company_number}-{one.of.number}",
        "name": one.of.name,
        "type": account.type,
        "period_from": iso(account.period_from),
        "period_to": iso(account.period_to),
        "state": account.state,
        "waiting": one.waiting,
        "booked": format_amount(one.booked),
        "total_cost": None if account.total_cost is None else format_amount(account.total_cost),
    }


def _document(found: Detail) -> dict[str, Any]:
    account = found.account
    counted = [one for one in found.tenants if one.result is not None and one.state != "reversed"]
    return {
        "id": account.id,
        "property": f"{found.of.company_number}-{found.of.number}",
        "name": found.of.name,
        "type": account.type,
        "period_from": iso(account.period_from),
        "period_to": iso(account.period_to),
        "state": account.state,
        "total_cost": None if account.total_cost is None else format_amount(account.total_cost),
        "results": format_amount(sum(one.result or 0 for one in counted)),
        "revisions": [_revision(one) for one in found.revisions],
        "tenants": [_tenant(one) for one in found.tenants],
    }


def _revision(one: RevisionShown) -> dict[str, Any]:
    its = one.revision
    return {
        "revision": its.seq,
        "what": its.what,
        "vendor": its.vendor,
        "state": its.state,
        "taken_at": its.taken_at.isoformat(),
        "booked_at": None if its.booked_at is None else its.booked_at.isoformat(),
        "accepted": its.accepted,
        "findings": [finding._asdict() for finding in one.findings],
        "contradictions": list(one.contradictions),
    }


def _tenant(one: TenantShown) -> dict[str, Any]:
    amounts = {name: getattr(one, name) for name in ("on_account", "cost", "result")}
    told = {name: None if ore is None else format_amount(ore) for name, ore in amounts.items()}
    return {**one._asdict(), **told, "due": iso(one.due)}


def _tell(document: Mapping[str, Any]) -> None:
    facts = {name: document[name] for name in _FACTS if document[name] is not None}
    table(("", ""), [(name.replace("_", " "), value) for name, value in facts.items()])
    say("")
    rows = [["" if row[name] is None else brief(str(row[name])) for name in _TENANT] for row in document["tenants"]]
    table(_TENANT_COLUMNS, rows)
    for one in document["revisions"]:
        told = f", booked in spite of what was found: {one['accepted']}" if one["accepted"] else ""
        say("", f"revision {one['revision']} ({one['what']}) of {one['vendor']}: {one['state']}{told}")
        for text in one["contradictions"]:
            say(f"  contradicts our books: {text}")
        for finding in one["findings"]:
            say(f"  {finding['code']}: {finding['tenancy'] or 'the account'}: {finding['text']}")


_LISTED = ("id", "property", "name", "type", "period_from", "period_to", "state", "waiting", "booked", "total_cost")
_COLUMNS = (
    *(">id", "property", "name", "type", "from", "to", "state"),
    *(">waiting", ">booked", ">total cost"),
)
_FACTS = ("id", "property", "name", "type", "period_from", "period_to", "state", "total_cost", "results")
_TENANT = ("tenancy", "name", "standing", "revision", "on_account", "cost", "result", "state", "due", "entry")
_TENANT_COLUMNS = (
    *("tenancy", "name", "standing", ">revision", ">on account", ">cost", ">result"),
    *("state", "due", ">entry"),
)
