"""``hub recurring``, ``hub one-off``, ``hub interval``: what a tenancy is charged each time or once, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import ID_MAX, KeyOption, performed
from hub.cli.asking import day_of
from hub.cli.context import ActorOption, JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.imports import Import, import_command
from hub.cli.ledger import TenancyArgument
from hub.cli.output import answer, say, table
from hub.money import parse_amount

if TYPE_CHECKING:
    from hub.acts.act import Acting
    from hub.acts.charges import LineAsked
    from hub.settings import Site

recurring_app = typer.Typer(help="What a tenancy is charged with every collection.")
one_off_app = typer.Typer(help="What a tenancy is charged once, with its next collection.")
interval_app = typer.Typer(help="How often a tenancy's rent is collected.")

TypeOption = Annotated[str, typer.Option("--type", metavar="NUMBER", callback=as_unicode, help="Charge type.")]
AmountOption = Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="VAT included, e.g. 7500.00.")]
TextOption = Annotated[
    str, typer.Option("--text", metavar="TEXT", callback=as_unicode, help="On the charge. Default: its type's.")
]
VatOption = Annotated[str | None, typer.Option("--vat", metavar="PERCENT", help="Default: its type's.")]
IdArgument = Annotated[int, typer.Argument(metavar="ID", min=1, max=ID_MAX)]


def _recurring(site: Site) -> Import:
    from hub.imports.recurring import import_recurring

    return partial(import_recurring, company_of=site.company)


import_command(
    recurring_app, "recurring", "Registers every good row. Run twice, nothing is registered twice.", _recurring
)


@recurring_app.command("add")
def add_recurring(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    charge_type: TypeOption,
    amount: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="A month's, VAT included, e.g. 7500.00.")],
    from_day: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, YYYY-MM-DD.")],
    to_day: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day, YYYY-MM-DD. Default: until further notice.")
    ] = None,
    text: TextOption = "",
    vat: VatOption = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Charges a tenancy with every collection from one day on."""
    from hub.acts import contributions
    from hub.store.portfolio import plain_key

    first, last = _day(from_day, "--from"), day_of(to_day, "--to")
    line = _line(charge_type, amount, text, vat)
    asked = {"tenancy": plain_key(tenancy), **asdict(line), "from": first, "to": last}

    def do(acting: Acting) -> Mapping[str, Any]:
        return contributions.add_recurring(acting, tenancy, line, first, last)

    return performed(ctx, site, "recurring add", asked, do, actor=actor, key=key, as_json=as_json)


@recurring_app.command("end")
def end_recurring(
    ctx: typer.Context,
    id: IdArgument,
    last_day: Annotated[
        str,
        typer.Option("--last-day", metavar="DATE", help="YYYY-MM-DD. The day before its first day takes it back."),
    ],
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Ends a recurring contribution."""
    from hub.acts import contributions

    last = _day(last_day, "--last-day")

    def do(acting: Acting) -> Mapping[str, Any]:
        return contributions.end_recurring(acting, id, last)

    asked = {"id": id, "last_day": last}
    return performed(ctx, site, "recurring end", asked, do, actor=actor, key=key, as_json=as_json)


@recurring_app.command("list")
def list_recurring(
    ctx: typer.Context, tenancy: TenancyArgument, as_json: JsonOption = False, site: SiteOption = None
) -> int:
    """A tenancy's recurring contributions: those that were, are and will be."""
    from hub.acts.contributions import recurring_document
    from hub.store import contributions, views

    with books_of(root_of(ctx, site)) as (_, conn):
        ref = views.tenancy_of(conn, tenancy).ref
        found = [recurring_document(one) for one in contributions.recurring_of(conn, [ref.id])]
    columns = ("id", "charge_type", "text", "amount", "vat_rate", "first_day", "last_day")
    _listed(as_json, ref.key, "recurring", found, columns, "recurring contributions")
    return 0


@one_off_app.command("add")
def add_one_off(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    charge_type: TypeOption,
    amount: AmountOption,
    due_from: Annotated[
        str, typer.Option("--due-from", metavar="DATE", help="With the first collection due that day or later.")
    ],
    text: TextOption = "",
    vat: VatOption = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Charges a tenancy once, with a collection to come."""
    from hub.acts import contributions
    from hub.store.portfolio import plain_key

    day, line = _day(due_from, "--due-from"), _line(charge_type, amount, text, vat)

    def do(acting: Acting) -> Mapping[str, Any]:
        return contributions.add_one_off(acting, tenancy, line, day)

    asked = {"tenancy": plain_key(tenancy), **asdict(line), "due_from": day}
    return performed(ctx, site, "one-off add", asked, do, actor=actor, key=key, as_json=as_json)


@one_off_app.command("withdraw")
def withdraw_one_off(
    ctx: typer.Context,
    id: IdArgument,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Takes a one-off line back that was not charged yet."""
    from hub.acts import contributions

    def do(acting: Acting) -> Mapping[str, Any]:
        return contributions.withdraw_one_off(acting, id)

    return performed(ctx, site, "one-off withdraw", {"id": id}, do, actor=actor, key=key, as_json=as_json)


@one_off_app.command("list")
def list_one_offs(
    ctx: typer.Context, tenancy: TenancyArgument, as_json: JsonOption = False, site: SiteOption = None
) -> int:
    """A tenancy's one-off lines: waiting, charged and withdrawn."""
    from hub.acts.contributions import one_off_document
    from hub.store import contributions, views

    with books_of(root_of(ctx, site)) as (_, conn):
        ref = views.tenancy_of(conn, tenancy).ref
        found = [one_off_document(one) for one in contributions.one_offs_of(conn, [ref.id])]
    columns = ("id", "charge_type", "text", "amount", "vat_rate", "due_from", "state", "charge")
    _listed(as_json, ref.key, "one_offs", found, columns, "one-off lines")
    return 0


@interval_app.command("set")
def set_interval(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    months: Annotated[int, typer.Argument(metavar="MONTHS", help="1, 2, 3, 4, 6 or 12.")],
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Collects a tenancy's rent every so many months."""
    from hub.acts import contributions
    from hub.store.portfolio import plain_key

    def do(acting: Acting) -> Mapping[str, Any]:
        return contributions.set_interval(acting, tenancy, months)

    asked = {"tenancy": plain_key(tenancy), "months": months}
    return performed(ctx, site, "interval set", asked, do, actor=actor, key=key, as_json=as_json)


def _line(charge_type: str, amount: str, text: str, vat: str | None) -> LineAsked:
    from hub.acts.charges import LineAsked

    return LineAsked(charge_type, parse_amount(amount, "--amount"), text, vat_rate=None if vat is None else _rate(vat))


def _rate(vat: str) -> int:
    from hub.settings.company import vat_rate_of

    try:
        return vat_rate_of(vat.replace(",", "."))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--vat") from error


def _day(text: str, option: str) -> date:
    day = day_of(text, option)
    assert day is not None
    return day


def _listed(
    as_json: bool,
    tenancy: str,
    name: str,
    found: list[dict[str, Any]],
    columns: tuple[str, ...],
    what: str,
) -> None:
    titles = [f">{column}" if column in ("id", "amount", "vat_rate") else column for column in columns]
    rows = [[one[column] for column in columns] for one in found]
    document = {"tenancy": tenancy, name: found}
    answer(as_json, document, lambda: table(titles, rows) if found else say(f"{tenancy} has no {what}"))
