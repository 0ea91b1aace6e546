"""``hub ingest``, ``run``, ``files``: files on their way in."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import DONE_BEFORE, ID_MAX, KeyOption
from hub.cli.context import (
    FAULT,
    HELD_BACK,
    ActorOption,
    JsonOption,
    ReasonOption,
    SiteOption,
    actor_of,
    books_of,
    hub_of,
    reason_of,
    root_of,
    status_of,
    wants_json,
)
from hub.cli.ledger import moment
from hub.cli.output import answer, counts_of, say, table, warn
from hub.cli.progress import shown
from hub.errors import HubError, NotFoundError
from hub.money import format_amount
from hub.store.results import State

if TYPE_CHECKING:
    from hub.intake.outcome import FileOutcome

files_app = typer.Typer(help="Every file that came, and what became of it.", invoke_without_command=True)

FileArgument = Annotated[
    int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="The file's number, as hub files shows it.")
]
PeriodOption = Annotated[
    str | None,
    typer.Option(metavar="FROM..TO", help="The period of results that carry none, e.g. 2025-06-01..2026-05-31."),
]


def ingest(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False)],
    vendor: Annotated[str | None, typer.Option(metavar="NAME", help="Ask this vendor instance alone.")] = None,
    period: PeriodOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would become of them; write nothing.")] = False,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Take files in by hand, the way the daemon does.

    The exit status is the worst of all files'.
    """
    import structlog

    from hub.intake import pipeline

    log = structlog.get_logger()
    who, dates = actor_of(actor), _dates(period)
    outcomes: list[FileOutcome] = []
    errors: list[dict[str, str]] = []
    status = 0
    with hub_of(root_of(ctx, site)) as quiet, shown(quiet, len(files)) as at_work:
        hub = at_work.hub
        if vendor is not None and vendor not in hub.site.vendors:
            names = ", ".join(sorted(hub.site.vendors)) or "there are none"
            raise HubError(f"no vendor instance is called {vendor!r}", do=f"the instances: {names}")
        for path in files:
            try:
                outcomes.append(pipeline.ingest(hub, path, actor=who, vendor=vendor, period=dates, dry_run=dry_run))
            except HubError as error:
                errors.append({"file": str(path), "error": str(error)})
                status = max(status, status_of(error))
            except Exception as error:
                # One file's fault of ours is no reason to leave the others lying.
                log.exception("our fault, nothing of it is half done", file=str(path))
                errors.append({"file": str(path), "error": f"a fault of ours: {type(error).__name__}: {error}"})
                status = max(status, FAULT)
            at_work.step()
    document: dict[str, Any] = {"files": [_shape(outcome) for outcome in outcomes]}
    if errors:
        document["errors"] = errors
    answer(as_json, document, lambda: _tell(outcomes))
    for failed in errors:
        warn(f"hub: {failed['file']}: {failed['error']}")
    return max(status, _status(outcomes))


def run(ctx: typer.Context, site: SiteOption = None) -> int:
    """Watch the folders until told to stop.

    The file in work is finished first. SIGTERM and Ctrl-C tell it.
    """
    import signal
    import threading

    from hub import daemon

    stop = threading.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: stop.set())
    with hub_of(root_of(ctx, site), daemon=True) as hub:
        daemon.run(hub, stop)
    return 0


@files_app.callback()
def files(
    ctx: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Every file that came, and what became of it."""
    ctx.obj = root_of(ctx, site)
    if ctx.invoked_subcommand is not None:
        return 0
    from hub.store import views

    with books_of(ctx.obj) as (_, conn):
        found = list(views.files(conn, state))
    document = {
        "files": [
            {
                "id": one.id,
                "name": one.name,
                "sha256": one.sha256,
                "vendor": one.vendor,
                "kind": one.kind,
                "state": one.state,
                "received_at": moment(one.received_at),
                "reasons": one.reasons,
            }
            for one in found
        ]
    }
    rows = (
        (
            one.id,
            one.received_at.strftime("%Y-%m-%d %H:%M"),
            one.state or "being read",
            one.vendor,
            one.name,
            "\n".join(one.reasons),
        )
        for one in found
    )
    columns = (">id", "received (UTC)", "state", "vendor", "name", "reasons")
    answer(as_json, document, lambda: table(columns, rows) if found else say("no files"))
    return 0


@files_app.command()
def show(ctx: typer.Context, file: FileArgument, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """All that the journal knows of a file: when it came, every reading, every event."""
    from hub.cli import file_detail
    from hub.store import views

    with books_of(root_of(ctx, site)) as (_, conn):
        found = views.file_detail(conn, file)
    if found is None:
        raise NotFoundError(f"there is no file {file}", do="see: hub files")
    answer(wants_json(ctx, as_json), file_detail.shape(found), lambda: file_detail.tell(found))
    return 0


@files_app.command()
def retry(
    ctx: typer.Context,
    file: FileArgument,
    period: PeriodOption = None,
    reason: ReasonOption = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Reads a file again that was quarantined, ignored or partly booked; what is booked stays as it is."""
    from hub.intake import pipeline

    who, why, dates = actor_of(actor), reason_of(reason), _dates(period)
    with hub_of(root_of(ctx, site)) as hub:
        outcome = pipeline.retry(hub, file, actor=who, reason=why, period=dates, key=key)
    return _answered(wants_json(ctx, as_json), outcome)


@files_app.command()
def release(
    ctx: typer.Context,
    file: FileArgument,
    reason: ReasonOption = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Books a file that is held for approval."""
    from hub.intake import pipeline

    who, why = actor_of(actor), reason_of(reason)
    with hub_of(root_of(ctx, site)) as hub:
        outcome = pipeline.release(hub, file, actor=who, reason=why, key=key)
    return _answered(wants_json(ctx, as_json), outcome)


@files_app.command()
def ignore(
    ctx: typer.Context,
    file: FileArgument,
    reason: ReasonOption = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Sets a file aside for good; its bytes are kept, and a retry takes it up again."""
    from hub.intake import pipeline

    who, why = actor_of(actor), reason_of(reason)
    with hub_of(root_of(ctx, site)) as hub:
        outcome = pipeline.ignore(hub, file, actor=who, reason=why, key=key)
    return _answered(wants_json(ctx, as_json), outcome)


def _answered(as_json: bool, outcome: FileOutcome) -> int:
    document = {"files": [_shape(outcome)], "repeated": outcome.repeated}
    answer(as_json, document, lambda: _tell_act(outcome))
    return _status([outcome])


def _tell_act(outcome: FileOutcome) -> None:
    if outcome.repeated:
        say(DONE_BEFORE)
    _tell([outcome])


def _status(outcomes: list[FileOutcome]) -> int:
    from hub.store import results

    return HELD_BACK if any(outcome.result.state in results.HELD_BACK for outcome in outcomes) else 0


def _shape(outcome: FileOutcome) -> dict[str, Any]:
    result = outcome.result
    return {
        "id": outcome.id,
        "name": outcome.name,
        "sha256": outcome.sha256,
        "vendor": outcome.vendor,
        "kind": outcome.kind,
        "state": result.state,
        "records": counts_of(result.counts),
        "amount": format_amount(result.amount),
        "currency": result.currency,
        "reasons": result.reasons,
    }


def _tell(outcomes: list[FileOutcome]) -> None:
    rows = []
    for outcome in outcomes:
        result, counts = outcome.result, counts_of(outcome.result.counts)
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count and what != "read")
        rows.append(
            (
                outcome.id,
                outcome.name,
                outcome.vendor,
                result.state,
                told,
                format_amount(result.amount),
                result.currency,
            )
        )
    table((">id", "name", "vendor", "state", "records", ">amount", ""), rows)
    for outcome in outcomes:
        say(*(f"{outcome.name}: {reason}" for reason in outcome.result.reasons))


def _dates(period: str | None) -> tuple[date, date] | None:
    from hub.settings import parse_period

    try:
        return None if period is None else parse_period(period)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error
