"""``hub mandates``: tenants' agreements with a vendor, and a vendor's list of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import ID_MAX, KeyOption, answered, performed
from hub.cli.asking import CompanyOption, TenancyOption, day_of, iso, unicode_or_none
from hub.cli.context import ActorOption, JsonOption, SiteOption, actor_of, books_of, hub_of, now, root_of
from hub.cli.ledger import TenancyArgument
from hub.cli.output import answer, say, table
from hub.place import place

if TYPE_CHECKING:
    from hub.acts.act import Acting
    from hub.store.collecting.mandate_lists import Difference
    from hub.store.collecting.mandates import Listed, Told
    from hub.store.collecting.orders import Order

mandates_app = typer.Typer(help="Tenants' agreements with a vendor, that it takes their money by itself.")

FileArgument = Annotated[
    int, typer.Argument(metavar="FILE", min=1, max=ID_MAX, help="The file's number, as hub files shows it.")
]
_LISTED = ("id", "company", "tenancy", "customer", "number", "agreement", "first_day", "last_day", "serves")
_HISTORY = ("mandate", "what", "first_day", "last_day", "text", "source", "at", "actor")
_ORDERED = ("order", "what", "tenancy", "customer", "payer", "ordered_at", "delivery", "outcome", "reason")
_DIFFERING = ("line", "what", "customer", "number", "agreement", "listed_first_day", "mandate", "first_day", "last_day")


@mandates_app.command("list")
def list_mandates(
    ctx: typer.Context,
    company: CompanyOption = None,
    tenancy: TenancyOption = None,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Of customers that nobody here is.")] = False,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", callback=unicode_or_none, help="In force on that day.")
    ] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Agreements as they stand; serves = collections of the tenancy are made under its customer number and group."""
    from hub.store.collecting import mandates
    from hub.store.portfolio import plain_number, tenancy_of

    day = day_of(on, "--on")
    with books_of(root_of(ctx, site)) as (_, conn):
        found = mandates.mandates(
            conn,
            company_number=None if company is None else plain_number(company),
            tenancy_id=None if tenancy is None else tenancy_of(conn, tenancy).ref.id,
            unassigned=unassigned,
            day=day,
        )
    _show(as_json, {"mandates": list(map(_listed, found))}, {"mandates": _LISTED})
    return 0


@mandates_app.command()
def show(ctx: typer.Context, tenancy: TenancyArgument, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """A tenancy's agreements, all that was ever said of them and by whom, and what was ordered."""
    from hub.store.collecting import mandates, orders
    from hub.store.portfolio import tenancy_of

    with books_of(root_of(ctx, site)) as (the_site, conn):
        ref = tenancy_of(conn, tenancy).ref
        today = the_site.today(ref.key.split("-")[0], now())
        found = mandates.mandates(conn, tenancy_id=ref.id)
        told = mandates.history(conn, [one.mandate.id for one in found])
        ordered = orders.orders(conn, tenancy_id=ref.id)
        number = mandates.mandates_on(conn, [ref.id], today).get(ref.id)
    document = {
        "tenancy": ref.key,
        "today": today.isoformat(),
        "mandate": number,
        "mandates": list(map(_listed, found)),
        "history": list(map(_told, told)),
        "orders": list(map(order_document, ordered)),
    }
    _show(as_json, document, {"mandates": _LISTED, "history": _HISTORY, "orders": _ORDERED})
    return 0


@mandates_app.command()
def assign(
    ctx: typer.Context,
    id: Annotated[int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="As hub mandates list shows it.")],
    tenancy: TenancyArgument,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Gives the mandates of an unknown customer, and the customer number, to a tenancy that has none."""
    from hub.collecting.mandates import assign_to
    from hub.store.portfolio import plain_key

    def do(acting: Acting) -> Mapping[str, Any]:
        return assign_to(acting, id, tenancy)

    asked = {"id": id, "tenancy": plain_key(tenancy)}
    return performed(ctx, site, "mandates assign", asked, do, actor=actor, key=key, as_json=as_json)


@mandates_app.command()
def compare(ctx: typer.Context, file: FileArgument, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """Holds a vendor's full list against the mandates of today; nothing is changed."""
    from hub.intake.mandates import differences_of

    with hub_of(root_of(ctx, site)) as hub:
        found = differences_of(hub, file)
    _show(as_json, {"file": file, "differences": list(map(_difference, found))}, {"differences": _DIFFERING})
    return 0


@mandates_app.command()
def adopt(
    ctx: typer.Context,
    file: FileArgument,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Registers the mandates that a vendor's full list has and we do not; all else in it is left as it is."""
    from hub.acts.act import perform
    from hub.collecting.mandates import adopt as adopt_missing
    from hub.intake.mandates import differences_of

    who = actor_of(actor)
    with hub_of(root_of(ctx, site)) as hub:
        found = differences_of(hub, file)

        def do(acting: Acting) -> Mapping[str, Any]:
            return adopt_missing(acting, file, found)

        done = perform(hub.db, hub.site, "mandates adopt", {"file": file}, do, actor=who, now=now(), key=key)
    if as_json or done.repeated:
        answered(as_json, done.result, done.repeated)
        return 0
    adopted = done.result["adopted"]
    if adopted:
        table(tuple(adopted[0]), [tuple(one.values()) for one in adopted])
    say(f"{len(adopted)} mandates adopted; {done.result['left']} other differences left as they are")
    return 0


def order_document(one: Order) -> dict[str, Any]:
    """An order as it may be shown: the payer by the last four digits alone."""
    return {
        "order": one.id,
        "what": one.what,
        "tenancy": one.tenancy,
        "customer": one.customer,
        "number": one.number or None,
        "payer": one.payer or None,
        "ordered_at": f"{one.at:%Y-%m-%dT%H:%M:%SZ}",
        "actor": one.actor,
        "delivery": one.delivery_id,
        "outcome": one.outcome,
        "reason": one.reason,
    }


def _show(as_json: bool, document: Mapping[str, Any], tables: Mapping[str, Sequence[str]]) -> None:
    def tell() -> None:
        if "today" in document:
            say(f"{document['tenancy']} on {document['today']}: mandate {document['mandate'] or 'none'}")
        for name, columns in tables.items():
            if rows := document[name]:
                table(columns, [[row[column] for column in columns] for row in rows])
            else:
                say(f"no {name}")

    answer(as_json, document, tell)


def _listed(one: Listed) -> dict[str, Any]:
    mandate = one.mandate
    return {
        "id": mandate.id,
        "company": one.company,
        "tenancy": one.tenancy or None,
        "creditor": mandate.creditor,
        "debtor_group": mandate.debtor_group,
        "customer": mandate.customer,
        "number": mandate.number,
        "agreement": mandate.agreement,
        "first_day": iso(mandate.first_day),
        "last_day": iso(mandate.last_day),
        "serves": one.serves,
    }


def _told(one: Told) -> dict[str, Any]:
    return {
        "mandate": one.mandate_id,
        "what": one.what,
        "first_day": iso(one.first_day),
        "last_day": iso(one.last_day),
        "text": one.text,
        "file": one.file or None,
        "line": one.record,
        "source": place(one.file, one.record),
        "at": f"{one.at:%Y-%m-%dT%H:%M:%SZ}",
        "actor": one.actor,
    }


def _difference(one: Difference) -> dict[str, Any]:
    its, ours = one.agreement, one.ours
    return {
        "line": one.record,
        "what": one.what,
        "text": one.text,
        "creditor": its.creditor,
        "debtor_group": its.debtor_group,
        "customer": its.customer,
        "number": its.number,
        "agreement": its.agreement,
        "listed_first_day": iso(one.listed_first),
        "mandate": None if ours is None else ours.id,
        "first_day": None if ours is None else iso(ours.first_day),
        "last_day": None if ours is None else iso(ours.last_day),
    }
