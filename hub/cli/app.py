"""The program: its commands, and what becomes of every way that one can fail."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

import hub
from hub.cli import (
    acts,
    backup,
    balances,
    bs,
    charge_acts,
    collect,
    collections,
    consumption,
    contributions,
    deliveries,
    dispatches,
    documents,
    exchange,
    explaining,
    export,
    imports,
    intake,
    journal,
    layout,
    ledger,
    lists,
    mandate_orders,
    mandates,
    matching,
    messages,
    portfolio_history,
    reconcile,
    rules,
    sftp,
    site,
    slips,
    statement,
)
from hub.cli.context import FAULT, WRONG_USE, SiteOption, status_of
from hub.cli.output import OutputError, print_json, say, to_stdout, warn
from hub.errors import HubError

#: So that an amount below zero is refused as such, and not as an option that nobody knows.
_TAKES_AMOUNT = {"ignore_unknown_options": True}

app = typer.Typer(invoke_without_command=True, add_completion=False, rich_markup_mode=None)
app.command()(site.init)
imports.portfolio_app.command("history")(portfolio_history.history)
app.add_typer(imports.portfolio_app, name="portfolio")
app.add_typer(imports.charges_app, name="charges")
app.add_typer(imports.holdings_app, name="holdings")
app.add_typer(contributions.recurring_app, name="recurring")
app.add_typer(contributions.one_off_app, name="one-off")
app.add_typer(contributions.interval_app, name="interval")
app.command()(intake.run)
app.command()(intake.ingest)
app.add_typer(intake.files_app, name="files")
app.command()(balances.balance)
app.command()(balances.movements)
app.command()(balances.ageing)
app.command()(balances.next_charge)
app.command()(statement.statement)
app.command()(lists.arrears)
app.command()(lists.transactions)
app.command()(lists.search)
imports.charges_app.command("list")(lists.list_charges)
imports.charges_app.command("show")(lists.show_charge)
app.command()(ledger.unmatched)
app.add_typer(documents.documents_app, name="documents")
imports.charges_app.command("add")(charge_acts.add)
imports.charges_app.command("credit")(charge_acts.credit)
imports.charges_app.command("note")(charge_acts.note)
imports.charges_app.command("attach")(charge_acts.attach)
imports.charges_app.command("attachments")(charge_acts.list_attachments)
imports.charges_app.command("attachment")(charge_acts.take_out)
intake.files_app.command("reverse")(acts.reverse_file)
app.command()(collect.collect)
app.command()(export.export)
app.add_typer(collections.collections_app, name="collections")
app.add_typer(consumption.consumption_app, name="consumption")
app.add_typer(slips.slips_app, name="slips")
app.add_typer(deliveries.deliveries_app, name="deliveries")
app.add_typer(dispatches.outbox_app, name="outbox")
app.add_typer(exchange.exchange_app, name="exchange")
app.add_typer(sftp.sftp_app, name="sftp")
app.add_typer(messages.messages_app, name="messages")
app.add_typer(mandates.mandates_app, name="mandates")
mandates.mandates_app.command("enrol")(mandate_orders.enrol)
mandates.mandates_app.command("cancel")(mandate_orders.cancel)
mandates.mandates_app.command("deliver")(mandate_orders.deliver)
mandates.mandates_app.command("settle")(mandate_orders.settle)
mandates.mandates_app.command("orders")(mandate_orders.list_orders)
app.command(context_settings=_TAKES_AMOUNT)(acts.pay)
app.command(context_settings=_TAKES_AMOUNT)(acts.payout)
app.command(context_settings=_TAKES_AMOUNT)(acts.transfer)
app.command()(acts.reverse)
app.command()(matching.match)
app.command()(matching.unmatch)
app.command()(matching.suggest)
app.add_typer(rules.rules_app, name="rules")
app.command()(reconcile.reconcile)
app.command()(reconcile.settle)
app.command()(reconcile.confirm)
app.command()(explaining.explain)
app.add_typer(journal.journal_app, name="journal")
app.add_typer(journal.ledger_app, name="ledger")
app.add_typer(site.vendors_app, name="vendors")
app.add_typer(bs.bs_app, name="bs")
app.add_typer(layout.layout_app, name="layout")
app.command()(site.check)
app.command()(ledger.verify)
app.command()(backup.backup)
app.command()(backup.restore)

_INTERRUPTED = 130
_SECRET_OPTION = "--payer-id"
#: Where no error of the hub's says what it is: the command line was not understood, something broke.
_WRONG_USE, _OUR_FAULT = "WrongUse", "OurFault"


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"hub {hub.__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    site: SiteOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> int:
    """Takes in any vendor's file exactly once and keeps every tenant's running balance.

    Exit status: 0 well, 1 wrong use or configuration, 2 something was quarantined, held or partly booked, or is being
    worked on by another hub, 3 a fault of ours, books that are not in order, or an answer that could not be written.
    """
    told = os.environ.get("HUB_SITE")
    ctx.obj = site or (Path(told) if told else None)
    if ctx.invoked_subcommand is None:
        say(ctx.get_help())
    return WRONG_USE


@cache
def command() -> Any:
    """All commands, put together once: reading some 120 signatures takes longer than most commands do."""
    return typer.main.get_command(app)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None:
        warn("hub: standard output is closed, nothing was done: give the answer somewhere to go, if only /dev/null")
        return FAULT
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that a terminal cannot show is no reason not to show the rest.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = _ran(given)
        with to_stdout() as stdout:
            stdout.flush()
    except OutputError as error:
        return _unheard(error)
    return status


def _ran(given: list[str]) -> int:
    """Raises OutputError."""
    try:
        status = command().main(given, prog_name="hub", standalone_mode=False)
    except typer.TyperException as error:
        from hub.cli.wrong_use import told

        return _failed(given, told(error), code=_WRONG_USE)
    except HubError as error:
        return _failed(given, str(error), code=type(error).__name__, status=status_of(error), **_details(error))
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except OutputError:
        raise
    except Exception as error:
        log = _log()
        log.exception("a fault of ours", arguments=_shown(given))
        return _failed(given, f"a fault of ours: {type(error).__name__}: {error}", code=_OUR_FAULT, status=FAULT)
    return status if isinstance(status, int) else 0


def _unheard(error: OutputError) -> int:
    """Whoever reads our answer has had enough, or cannot take it."""
    # Without this, Python's own last flush would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.reader_left:
        return WRONG_USE
    warn(f"hub: the answer cannot be written to standard output: {error}")
    return FAULT


def _failed(arguments: Sequence[str], message: str, *, code: str, status: int = WRONG_USE, **details: Any) -> int:
    """One line for the person; a program that asked for JSON gets a document whatever happens, with a ``code`` that
    stays when the sentence is put better: the name of the error's class, or one of two of ours.
    """
    if "--json" in arguments:
        print_json({"error": message, "code": code, **details})
    warn(f"hub: {message}")
    return status


def _shown(arguments: Sequence[str]) -> list[str]:
    """Arguments as a log may have them: without a payer's CPR number."""
    shown = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, given, _ = argument.partition("=")
        hidden = f"{option}=..." if given and option == _SECRET_OPTION else argument
        shown.append("..." if before == _SECRET_OPTION else hidden)
    return shown


def _log() -> Any:
    import structlog

    if not structlog.is_configured():
        from hub.log import configure

        configure("console", "info")
    return structlog.get_logger()


def _details(error: HubError) -> dict[str, Any]:
    problems = getattr(error, "problems", None)
    if problems is None:
        return {}
    return {"problems": [vars(problem) for problem in problems]}
