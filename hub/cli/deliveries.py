"""``hub deliveries``: files that we made for a vendor, what became of them, and what a person says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli import delivery_detail
from hub.cli.acting import ID_MAX, KeyOption, performed
from hub.cli.context import ActorOption, JsonOption, SiteOption, as_unicode, books_of, now, root_of
from hub.cli.outbox import placed, swept
from hub.cli.output import answer
from hub.store.collecting.states import State

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.acts.act import Acting
    from hub.settings import Site

deliveries_app = typer.Typer(help="Files that go to a vendor, and what became of them.")

DeliveryArgument = Annotated[
    int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="Its number here, as hub deliveries list shows it.")
]
NoteOption = Annotated[str, typer.Option("--note", metavar="TEXT", callback=as_unicode, help="Why, in your own words.")]


@deliveries_app.command("list")
def list_deliveries(
    ctx: typer.Context,
    vendor: Annotated[str | None, typer.Option("--vendor", metavar="NAME", help="For this vendor instance.")] = None,
    state: Annotated[State | None, typer.Option("--state", help="Only those in this state.")] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """All of them, the newest first; then verdicts that name none of them."""
    from hub.store.collecting.deliveries import deliveries, unassigned_receipts

    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = deliveries(conn, vendor=vendor, state=state)
        receipts = unassigned_receipts(conn, vendor)
        document = delivery_detail.listed(conn, the_site, found, receipts, now())
    answer(as_json, document, lambda: delivery_detail.tell_list(document))
    return 0


@deliveries_app.command()
def show(ctx: typer.Context, delivery: DeliveryArgument, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """All that is known of one: counts, who said what of it and when, where it lies, what is in it."""
    with books_of(root_of(ctx, site)) as (the_site, conn):
        document = delivery_detail.shape(conn, the_site, delivery)
    answer(as_json, document, lambda: delivery_detail.tell(document))
    return 0


@deliveries_app.command()
def sent(
    ctx: typer.Context,
    delivery: DeliveryArgument,
    anyway: Annotated[bool, typer.Option("--anyway", help="Though it asks for what is owed no longer.")] = False,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A person has handed it over to the vendor; it leaves the outbox."""
    from hub.outbox.handing_over import hand_over

    def do(acting: Acting) -> Mapping[str, Any]:
        return hand_over(acting, delivery, anyway=anyway)

    asked = {"delivery": delivery, "anyway": anyway}
    return performed(ctx, site, "deliveries sent", asked, do, swept, actor=actor, key=key, as_json=as_json)


@deliveries_app.command()
def uncertain(
    ctx: typer.Context,
    delivery: DeliveryArgument,
    note: NoteOption,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Nobody knows whether the vendor has it; only a receipt or a person ends that."""
    from hub.outbox.handing_over import doubt

    def do(acting: Acting) -> Mapping[str, Any]:
        return doubt(acting, delivery, note)

    asked = {"delivery": delivery, "note": note}
    return performed(ctx, site, "deliveries uncertain", asked, do, swept, actor=actor, key=key, as_json=as_json)


@deliveries_app.command()
def settle(
    ctx: typer.Context,
    delivery: DeliveryArgument,
    verdict: Annotated[Literal["accepted", "refused"], typer.Argument(help="What the vendor says.")],
    note: NoteOption,
    receipt: Annotated[
        int | None,
        typer.Option("--receipt", metavar="FILE", min=1, max=ID_MAX, help="The receipt's file, where it named none."),
    ] = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """The vendor's verdict, as a person was told it; what was refused collects nothing."""
    from hub.outbox.handing_over import settle

    def do(acting: Acting) -> Mapping[str, Any]:
        return settle(acting, delivery, verdict, note, receipt_file=receipt)

    asked = {"delivery": delivery, "verdict": verdict, "note": note, "receipt": receipt}
    return performed(ctx, site, "deliveries settle", asked, do, swept, actor=actor, key=key, as_json=as_json)


@deliveries_app.command()
def withdraw(
    ctx: typer.Context,
    delivery: DeliveryArgument,
    note: NoteOption,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Gives up what nobody has handed over yet, with all its collections."""
    from hub.outbox.handing_over import withdraw

    def do(acting: Acting) -> Mapping[str, Any]:
        return withdraw(acting, delivery, note)

    asked = {"delivery": delivery, "note": note}
    return performed(ctx, site, "deliveries withdraw", asked, do, swept, actor=actor, key=key, as_json=as_json)


@deliveries_app.command()
def write(
    ctx: typer.Context,
    delivery: DeliveryArgument,
    again: Annotated[
        bool, typer.Option("--again", help="Though the vendor may have it: handed over twice, it collects twice.")
    ] = False,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Puts the same bytes into the outbox again."""
    from hub.outbox.handing_over import write_again

    def do(acting: Acting) -> Mapping[str, Any]:
        return write_again(acting, delivery, again=again)

    def after(conn: Connection, the_site: Site, _: Mapping[str, Any]) -> Mapping[str, Any]:
        lying = placed(conn, the_site, delivery)
        return {name: lying[name] for name in ("path", "not_mailed")}

    asked = {"delivery": delivery, "again": again}
    return performed(ctx, site, "deliveries write", asked, do, after, actor=actor, key=key, as_json=as_json)
