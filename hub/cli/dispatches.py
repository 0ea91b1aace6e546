"""``hub outbox``: deliveries on their way by SFTP, mail or folder, and what a person does with one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.acting import ID_MAX, KeyOption, performed
from hub.cli.context import ActorOption, JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.deliveries import NoteOption
from hub.cli.ledger import moment
from hub.cli.outbox import placed
from hub.cli.output import answer, say, table
from hub.store.exchange.states import DispatchState

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.acts.act import Acting
    from hub.settings import Site
    from hub.store.exchange.dispatches import Dispatch

outbox_app = typer.Typer(invoke_without_command=True)

#: What a person does about one that waits for nobody else.
_NEXT: Mapping[DispatchState, str] = {
    "stopped": "see to that, then: hub outbox retry {id}; where the vendor has it: hub outbox settle {id} sent; "
    "by hand instead: hub outbox cancel {id}",
    "uncertain": "ask the vendor, then: hub outbox settle {id} sent|not-sent",
}

DispatchArgument = Annotated[
    int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="Its number here, as hub outbox shows it.")
]


@outbox_app.callback()
def outbox(
    ctx: typer.Context,
    state: Annotated[DispatchState | None, typer.Option("--state", help="Only those in this state.")] = None,
    vendor: Annotated[str | None, typer.Option("--vendor", metavar="NAME", help="To this vendor instance.")] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """What is sent by machine: every delivery on its way to a server, a folder or a mailbox, the oldest first."""
    from hub.store.exchange.dispatches import dispatches

    if ctx.invoked_subcommand is not None:
        return 0
    with books_of(root_of(ctx, site)) as (_, conn):
        document = {"dispatches": [_document(one) for one in dispatches(conn, vendor=vendor, state=state)]}
    answer(as_json, document, lambda: _tell_list(document))
    return 0


@outbox_app.command()
def show(ctx: typer.Context, dispatch: DispatchArgument, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """All that is known of one: where it goes, what leaves, each try and what came of it."""
    from hub.store.exchange.dispatches import dispatch_of, events_of

    with books_of(root_of(ctx, site)) as (_, conn):
        one = dispatch_of(conn, dispatch)
        events = [{**event._asdict(), "at": moment(event.at)} for event in events_of(conn, dispatch)]
    document = {**_document(one), "events": events}
    answer(as_json, document, lambda: _tell(document))
    return 0


@outbox_app.command()
def retry(
    ctx: typer.Context,
    dispatch: DispatchArgument,
    again: Annotated[
        bool, typer.Option("--again", help="Though the vendor may have it: handed over twice, it collects twice.")
    ] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Though it asks for what is owed no longer.")] = False,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", callback=as_unicode, help="Why, in your own words.")
    ] = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Lets it be sent once more, the same name and bytes: at the next round of hub run."""
    from hub.outbox.dispatching import retry

    def do(acting: Acting) -> Mapping[str, Any]:
        return retry(acting, dispatch, note, again=again, anyway=anyway)

    asked = {"dispatch": dispatch, "again": again, "anyway": anyway, "note": note}
    return performed(ctx, site, "outbox retry", asked, do, _after, actor=actor, key=key, as_json=as_json)


@outbox_app.command()
def cancel(
    ctx: typer.Context,
    dispatch: DispatchArgument,
    note: NoteOption,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """It is not sent this way; where no other is left, its delivery lies in the outbox for a person."""
    from hub.outbox.dispatching import cancel

    def do(acting: Acting) -> Mapping[str, Any]:
        return cancel(acting, dispatch, note)

    asked = {"dispatch": dispatch, "note": note}
    return performed(ctx, site, "outbox cancel", asked, do, _after, actor=actor, key=key, as_json=as_json)


@outbox_app.command()
def settle(
    ctx: typer.Context,
    dispatch: DispatchArgument,
    verdict: Annotated[Literal["sent", "not-sent"], typer.Argument(help="Whether the vendor has it.")],
    note: NoteOption,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Ends the doubt about one that is uncertain, as a person has found out."""
    from hub.outbox.dispatching import settle

    def do(acting: Acting) -> Mapping[str, Any]:
        return settle(acting, dispatch, verdict, note)

    asked = {"dispatch": dispatch, "verdict": verdict, "note": note}
    return performed(ctx, site, "outbox settle", asked, do, _after, actor=actor, key=key, as_json=as_json)


def _after(conn: Connection, site: Site, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Its delivery lies in the outbox where a person is to hand it over now, else not."""
    return {"path": placed(conn, site, result["delivery"])["path"]}


def _document(one: Dispatch) -> dict[str, Any]:
    return {
        "id": one.id,
        "delivery": one.delivery_id,
        "vendor": one.vendor,
        "channel": one.channel,
        "target": one.target,
        "name": one.name,
        "sha256": one.sha256,
        "size": one.size,
        "message_id": one.message_id,
        "state": one.state,
        "step": one.step,
        "attempts": one.attempts,
        "due_at": None if one.due_at is None else moment(one.due_at),
        "made_at": moment(one.made_at),
    }


def _tell_list(document: Mapping[str, Any]) -> None:
    columns = ("id", "made_at", "delivery", "vendor", "channel", "name", "state", "attempts", "due_at")
    rows = [[one[name] for name in columns] for one in document["dispatches"]]
    if rows:
        table((">id", "made (UTC)", ">delivery", *columns[3:7], ">tries", "not before (UTC)"), rows)
    else:
        say("nothing is sent by machine")


def _tell(document: Mapping[str, Any]) -> None:
    head = {name: value for name, value in document.items() if name != "events" and value not in ("", None)}
    table(("", ""), [(name.replace("_", " "), value) for name, value in head.items()])
    table(
        ("at (UTC)", "what", "who", "text"),
        [(one["at"], one["what"], one["actor"], one["text"]) for one in document["events"]],
    )
    if document["state"] in _NEXT:
        say(_NEXT[document["state"]].format(id=document["id"]))
