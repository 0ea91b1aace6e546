"""``hub messages``: what stands before and after the specification of collections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import KeyOption, performed
from hub.cli.asking import unicode_or_none
from hub.cli.context import ActorOption, JsonOption, SiteOption, books_of, root_of
from hub.cli.output import answer, say, table

if TYPE_CHECKING:
    from hub.acts.act import Acting

messages_app = typer.Typer(help="What stands before and after the specification of collections.")


@messages_app.command("set")
def set_message(
    ctx: typer.Context,
    company: Annotated[str | None, typer.Option("--company", metavar="NUMBER", help="On all its collections.")] = None,
    property: Annotated[
        str | None, typer.Option("--property", metavar="PROPERTY", help="On those of this property, e.g. 1-12.")
    ] = None,
    tenancy: Annotated[str | None, typer.Option("--tenancy", metavar="KEY", help="On those of this tenancy.")] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="TEXT", callback=unicode_or_none, help="At most 5 lines of 60.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="TEXT", callback=unicode_or_none, help="At most 5 lines of 60.")
    ] = None,
    slips: Annotated[bool, typer.Option("--slips", help="On payment slips alone, in place of the other.")] = False,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Say something on collections from now on; an empty text takes it away."""
    if [company, property, tenancy].count(None) != 2:
        raise typer.BadParameter("say one of --company, --property and --tenancy")
    if before is None and after is None:
        raise typer.BadParameter("say --before, --after, or both")
    asked = {"company": company, "property": property, "tenancy": tenancy, "slips": slips}
    texts = {"before": before, "after": after}

    def do(acting: Acting) -> Mapping[str, Any]:
        from hub.collecting.messages import say_on_collections

        return say_on_collections(acting, company, property, tenancy, texts, on_slips=slips)

    return performed(ctx, site, "messages set", {**asked, **texts}, do, actor=actor, key=key, as_json=as_json)


@messages_app.command("list")
def list_messages(
    ctx: typer.Context,
    company: Annotated[str, typer.Option("--company", metavar="NUMBER", help="Whose collections.")],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """All that is said on a company's collections."""
    from hub.collecting.messages import messages_said

    with books_of(root_of(ctx, site)) as (_, conn):
        found = messages_said(conn, company)
    columns = ("where", "place", "slips", "text")
    rows = [[one["where"], one["place"], one["on_slips"], " / ".join(one["lines"])] for one in found]
    answer(as_json, {"messages": found}, lambda: table(columns, rows) if found else say("nothing is said"))
    return 0
