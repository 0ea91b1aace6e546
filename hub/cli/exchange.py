"""``hub exchange``: files to and from vendors, a round by hand, and what people are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.context import (
    FAULT,
    HELD_BACK,
    ActorOption,
    JsonOption,
    SiteOption,
    actor_of,
    books_of,
    hub_of,
    load,
    now,
    opened,
    root_of,
    wants_json,
)
from hub.cli.ledger import moment
from hub.cli.output import answer, say, table, warn
from hub.cli.progress import shown
from hub.errors import HubError

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from hub.exchange.by_hand import Exchange
    from hub.exchange.overview import Exchanged, Pulled, Pushed
    from hub.settings import Site
    from hub.store.exchange.rounds import Round

exchange_app = typer.Typer(help="Files to and from vendors: what was, what is next.", invoke_without_command=True)

#: Rounds that ``hub exchange show`` tells.
_ROUNDS_MOST = 20


@exchange_app.callback()
def exchange(ctx: typer.Context, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """Last and next pull and push of every vendor instance, what came of them, what is missing."""
    ctx.obj = root_of(ctx, site)
    if ctx.invoked_subcommand is not None:
        return 0
    from hub.exchange.notices import last_telling
    from hub.exchange.overview import overview

    with books_of(ctx.obj) as (the_site, conn):
        found = overview(conn, the_site, now())
        told = last_telling(conn)
    document = {"exchange": [_shape(one) for one in found], "notices": told and _telling(told)}

    def tell() -> None:
        _tell(found, the_site.zone)
        if told is not None and (told.result == "failed" or told.refused):
            say(f"people are not told, {_at(told.started_at, the_site.zone)}: {told.text}")

    answer(as_json, document, tell)
    return 0


@exchange_app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The instance: config/vendors/NAME.toml")],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """One vendor instance, with its last rounds."""
    from hub.exchange.overview import overview
    from hub.store.exchange.totals import recent_rounds

    with books_of(root_of(ctx, site)) as (the_site, conn):
        _refuse_unknown(the_site, name)
        found = [one for one in overview(conn, the_site, now()) if one.vendor == name]
        last = recent_rounds(conn, name, _ROUNDS_MOST)
    if not found:
        raise HubError(
            f"nothing is exchanged with {name} by a machine, and no file of its is expected",
            do=f"say how in config/vendors/{name}.toml: [sftp.pull], [sftp.push], [folder], [mail] or expect",
        )
    document = {**_shape(found[0]), "rounds": [_round(one) for one in last]}

    def tell() -> None:
        _tell(found, the_site.zone)
        if last:
            say("", "Last rounds")
            _tell_rounds(last, the_site.zone)

    answer(wants_json(ctx, as_json), document, tell)
    return 0


@exchange_app.command("run")
def run_now(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The instance. Default: all.")] = None,
    pull: Annotated[bool, typer.Option("--pull", help="Fetch only.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Send only.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Look though the pause between two looks is not over: the vendor agrees.")
    ] = False,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """One round now: send what waits, fetch, and take in what was fetched.

    Also outside its hours, and after what has stopped the machine. Exit status 2: something was refused, is uncertain,
    did not go through, or waits for a person.
    """
    import structlog

    from hub.exchange.by_hand import Exchange, exchange_now
    from hub.exchange.workers import exchanging

    log = structlog.get_logger()
    if anyway and name is None:
        raise typer.BadParameter("goes with the NAME of one instance", param_hint="--anyway")
    who = actor_of(actor)
    made: list[Exchange] = []
    status = 0
    with hub_of(root_of(ctx, site)) as quiet:
        names = exchanging(quiet) if name is None else [name]
        with shown(quiet, len(names)) as at_work:
            for vendor in names:
                at_work.describe(vendor)
                asked = {"pulls": pull or not push, "pushes": push or not pull, "anyway": anyway}
                try:
                    made.append(exchange_now(at_work.hub, vendor, **asked, actor=who))
                except HubError as error:
                    if name is not None:
                        raise
                    made.append(Exchange(vendor, refusals=[error]))
                except Exception as error:
                    # One vendor's fault of ours is no reason to leave the others.
                    log.exception("our fault, nothing of it is half done", vendor=vendor)
                    told = HubError(f"a fault of ours: {type(error).__name__}: {error}")
                    made.append(Exchange(vendor, refusals=[told]))
                    status = FAULT
                at_work.step()
    answer(wants_json(ctx, as_json), {"exchange": [_made(one) for one in made]}, lambda: _tell_made(made))
    for one in made:
        for refusal in one.refusals:
            warn(f"hub: {one.vendor}: {refusal}")
    return status or (0 if all(one.is_well for one in made) else HELD_BACK)


@exchange_app.command("tell")
def tell_now(
    ctx: typer.Context, actor: ActorOption = None, as_json: JsonOption = False, site: SiteOption = None
) -> int:
    """Notices now: what needs a person and was not told yet, by mail and by command."""
    from hub.exchange.notices import tell

    the_site = load(root_of(ctx, site))
    given = the_site.hub.notices
    if not given.mail_to and not given.command:
        raise HubError("nobody is to be told", do="name mail_to or command in config/hub.toml, [notices]")
    with opened(the_site) as database:
        told = tell(database, the_site, now=now(), actor=actor_of(actor), by_hand=True)
    answer(
        wants_json(ctx, as_json),
        {"told": told},
        lambda: say(f"told: {told}" if told else "there is nothing new to tell"),
    )
    return 0


def _refuse_unknown(site: Site, name: str) -> None:
    if name not in site.vendors:
        known = ", ".join(sorted(site.vendors)) or "there are none"
        raise HubError(f"no vendor instance is called {name!r}", do=f"the instances: {known}")


def _shape(one: Exchanged) -> dict[str, Any]:
    pull, push, expected = one.pull, one.push, one.expected
    return {
        "name": one.vendor,
        "pull": pull
        and {
            "from": pull.server,
            "last": pull.last and _round(pull.last),
            "next_at": pull.next_at and moment(pull.next_at),
            "to_be_cleared": pull.uncleared,
        },
        "push": push
        and {
            "to": [way.target for way in push.channels],
            "last": push.last and _round(push.last),
            "channels": [
                {"channel": way.channel, "to": way.target, "last": way.last and _round(way.last)}
                for way in push.channels
            ],
            "next_at": push.next_at and moment(push.next_at),
            "not_mailed": list(push.not_mailed),
            **push.counts,
        },
        "expected": expected
        and {
            "expect": expected.expect,
            "next_by": moment(expected.next_by),
            "missing_since": expected.missing and moment(expected.missing.expected_by),
        },
    }


def _round(one: Round) -> dict[str, Any]:
    names = ("seen", "fetched", "refused") if one.what == "pull" else ("tried", "sent", "not_sent")
    return {
        "what": one.what,
        "started_at": moment(one.started_at),
        "ended_at": one.ended_at and moment(one.ended_at),
        "result": one.result,
        "text": one.text,
        **dict(zip(names, (one.seen, one.moved, one.refused), strict=True)),
    }


def _telling(one: Round) -> dict[str, Any]:
    return {"last_at": moment(one.started_at), "result": one.result, "text": one.text, "ways_failed": one.refused}


def _tell(found: Sequence[Exchanged], zone: ZoneInfo) -> None:
    if not found:
        say(
            "nothing is exchanged by a machine: see docs/exchange.md for [sftp], [folder] and [mail] of a vendor's file"
        )
        return
    rows: list[tuple[str, ...]] = []
    for one in found:
        if one.pull is not None:
            rows.append((one.vendor, "pull", *_told_last(one.pull.last, zone), _next_pull(one.pull, zone)))
        if one.push is not None:
            rows += _rows_of_push(one.vendor, one.push, zone)
        if one.expected is not None:
            what = "MISSING" if one.expected.missing else ""
            rows.append((one.vendor, "file", "", what, one.expected.expect, f"by {_at(one.expected.next_by, zone)}"))
    table(("name", "what", "last", "result", "of it", "next"), rows)
    for one in found:
        for last in _last_rounds(one):
            if last.result is not None and (last.result != "done" or last.refused):
                say(f"{one.vendor} {last.what}: {last.text}")
        for why in () if one.push is None else one.push.not_mailed:
            say(f"{one.vendor}: {why}")
        if one.expected is not None and one.expected.missing is not None:
            say(one.expected.missing.text)


def _rows_of_push(vendor: str, push: Pushed, zone: ZoneInfo) -> list[tuple[str, ...]]:
    """Where there are several ways, one row for what waits for any of them, and one for the last round of each."""
    waits = _next_push(push, zone)
    if len(push.channels) > 1:
        ways = [(vendor, f"push {way.channel}", *_told_last(way.last, zone), "") for way in push.channels]
        return [(vendor, "push", "", "", "", waits), *ways]
    (last,) = _last_pushes(push)
    return [(vendor, "push", *_told_last(last, zone), waits)]


def _last_rounds(one: Exchanged) -> list[Round]:
    """The pull's, and those of all ways of the push."""
    lasts = [] if one.pull is None else [one.pull.last]
    lasts += [] if one.push is None else _last_pushes(one.push)
    return [last for last in lasts if last is not None]


def _last_pushes(push: Pushed) -> list[Round | None]:
    """Of each way; where the settings have lost all of them, the last there was."""
    return [way.last for way in push.channels] or [push.last]


def _told_last(last: Round | None, zone: ZoneInfo) -> tuple[str, str, str]:
    """When it began, how it ended, and its counts."""
    if last is None:
        return "", "never", ""
    return _at(last.started_at, zone), last.result or "not ended", _counted(last)


def _counted(one: Round) -> str:
    if one.what == "pull":
        return f"{one.seen} there, {one.moved} fetched, {one.refused} refused"
    return f"{one.moved} of {one.seen} sent"


def _next_pull(pull: Pulled, zone: ZoneInfo) -> str:
    when = "when a person has mended it" if pull.next_at is None else _at(pull.next_at, zone)
    return f"{when}; {pull.uncleared} to be cleared there" if pull.uncleared else when


def _next_push(push: Pushed, zone: ZoneInfo) -> str:
    waits = ", ".join(f"{many} {state}" for state, many in push.counts.items() if many and state != "cancelled")
    return f"{_at(push.next_at, zone)}; {waits}" if push.next_at else waits


def _tell_rounds(rounds: Sequence[Round], zone: ZoneInfo) -> None:
    rows = [(_at(one.started_at, zone), one.what, one.result or "not ended", _counted(one), one.text) for one in rounds]
    table(("began", "what", "result", "of it", "said"), rows)


def _made(one: Exchange) -> dict[str, Any]:
    return {
        "name": one.vendor,
        "rounds": [_round(each) for each in one.rounds],
        "files": [{"name": file.name, "id": file.file_id, "state": file.state} for file in one.brought],
        "refusals": [str(refusal) for refusal in one.refusals],
        "ok": one.is_well,
    }


def _tell_made(made: Sequence[Exchange]) -> None:
    if not made:
        say(
            "nothing is exchanged by a machine: see docs/exchange.md for [sftp], [folder] and [mail] of a vendor's file"
        )
    rounds = [(one.vendor, each) for one in made for each in one.rounds]
    if rounds:
        rows = [(vendor, each.what, each.result, _counted(each), each.text) for vendor, each in rounds]
        table(("name", "what", "result", "of it", "said"), rows)
    elif made and not any(one.refusals for one in made):
        say("nothing was due")
    files = [(each.file_id, each.name, one.vendor, each.state or "waits") for one in made for each in one.brought]
    if files:
        say("")
        table((">id", "file", "vendor", "state"), files)


def _at(at: datetime, zone: ZoneInfo) -> str:
    """By the site's clock."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
