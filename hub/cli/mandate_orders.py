"""``hub mandates enrol``, ``cancel``, ``deliver``, ``settle``, ``orders``: what a vendor shall do with agreements."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import ID_MAX, KeyOption, acted, answered, performed
from hub.cli.asking import CompanyOption, day_of
from hub.cli.context import ActorOption, JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.ledger import TenancyArgument
from hub.cli.mandates import order_document
from hub.cli.outbox import instance_of, placed, where_it_is
from hub.cli.output import answer, say, table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.acts.act import Acting
    from hub.settings import Site

_ORDERED = ("order", "what", "tenancy", "customer", "payer", "ordered_at", "delivery", "outcome", "reason")
#: Read from standard input, so that it stands in no history of commands.
_ASKED = "-"


def enrol(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    payer_id: Annotated[
        str,
        typer.Option("--payer-id", metavar="CPR|CVR", callback=as_unicode, help="Of the payer. - = one line of input."),
    ],
    account: Annotated[
        str,
        typer.Option(
            "--account", metavar="REG-ACCOUNT", callback=as_unicode, help="Of the payer. Default: the tenancy's."
        ),
    ] = "",
    due: Annotated[
        str | None, typer.Option("--for", metavar="DATE", help="The due date that it shall serve already.")
    ] = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Orders a mandate for a tenant who has agreed to it; it goes out with hub mandates deliver."""
    from hub.collecting.orders import Enrolment
    from hub.collecting.orders import enrol as order
    from hub.store.collecting.orders import masked
    from hub.store.portfolio import plain_key

    payer = (sys.stdin.readline().strip() if payer_id == _ASKED else payer_id).strip()
    asked = Enrolment(payer, account, day_of(due, "--for"))

    def do(acting: Acting) -> Mapping[str, Any]:
        return order(acting, tenancy, asked)

    # What is kept under a key can be guessed from its hash: the last digits must do.
    shown = {"tenancy": plain_key(tenancy), "payer": masked(payer), "account": masked(account), "for": asked.due}
    return performed(ctx, site, "mandates enrol", shown, do, actor=actor, key=key, as_json=as_json)


def cancel(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Orders the end of a tenancy's mandate; it goes out with hub mandates deliver."""
    from hub.collecting.orders import cancel as order
    from hub.store.portfolio import plain_key

    def do(acting: Acting) -> Mapping[str, Any]:
        return order(acting, tenancy)

    asked = {"tenancy": plain_key(tenancy)}
    return performed(ctx, site, "mandates cancel", asked, do, actor=actor, key=key, as_json=as_json)


def deliver(
    ctx: typer.Context,
    company: Annotated[str, typer.Option("--company", metavar="NUMBER", help="Whose orders.")],
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Makes one delivery of all orders of a company that wait."""
    from hub.collecting.orders import deliver as make
    from hub.store.portfolio import plain_number

    number = plain_number(company)

    def do(acting: Acting) -> Mapping[str, Any]:
        with instance_of(acting.site, number) as instance:
            return make(acting, number, instance)

    def after(conn: Connection, the_site: Site, result: Mapping[str, Any]) -> Mapping[str, Any]:
        return placed(conn, the_site, result["delivery"]["id"])

    done = acted(ctx, site, "mandates deliver", {"company": number}, do, after, actor=actor, key=key)
    result = done.result
    if as_json or done.repeated:
        answered(as_json, result, done.repeated)
        return 0
    table(("order", "tenancy", "what"), [tuple(one.values()) for one in result["orders"]])
    say(f"delivery {result['delivery']['id']}, number {result['delivery']['number']}: {where_it_is(result)}")
    return 0


def settle(
    ctx: typer.Context,
    order: Annotated[int, typer.Argument(metavar="ORDER", min=1, max=ID_MAX, help="As hub mandates orders shows it.")],
    refused: Annotated[
        str, typer.Option("--refused", metavar="REASON", callback=as_unicode, help="The vendor has refused it: why.")
    ] = "",
    withdrawn: Annotated[
        str, typer.Option("--withdrawn", metavar="REASON", callback=as_unicode, help="It shall not go out: why.")
    ] = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Ends an order: the vendor has refused it, or it is withdrawn before it was delivered."""
    from hub.collecting.orders import settle as end
    from hub.store.collecting.orders import REFUSED, WITHDRAWN

    if bool(refused) == bool(withdrawn):
        raise typer.BadParameter("say one of --refused and --withdrawn, and why")
    outcome = REFUSED if refused else WITHDRAWN

    def do(acting: Acting) -> Mapping[str, Any]:
        return end(acting, order, outcome, refused or withdrawn)

    asked = {"order": order, "outcome": outcome, "reason": refused or withdrawn}
    return performed(ctx, site, "mandates settle", asked, do, actor=actor, key=key, as_json=as_json)


def list_orders(
    ctx: typer.Context,
    company: CompanyOption = None,
    all: Annotated[bool, typer.Option("--all", help="With those that have their answer.")] = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Orders that wait for a delivery or for the vendor's answer."""
    from hub.store.collecting.orders import orders
    from hub.store.portfolio import plain_number

    with books_of(root_of(ctx, site)) as (_, conn):
        number = None if company is None else plain_number(company)
        found = [order_document(one) for one in orders(conn, company_number=number, unanswered=not all)]
    rows = [[one[name] for name in _ORDERED] for one in found]
    answer(as_json, {"orders": found}, lambda: table(_ORDERED, rows) if rows else say("no orders wait"))
    return 0
