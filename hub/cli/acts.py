"""``hub pay``, ``payout``, ``transfer``, ``reverse``, ``files reverse``: money by hand, and taking back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import DateOption, EntryArgument, KeyOption, acted, answered, performed
from hub.cli.asking import day_of
from hub.cli.context import (
    ActorOption,
    JsonOption,
    SiteOption,
    actor_of,
    as_unicode,
    load,
    now,
    opened,
    root_of,
    wants_json,
)
from hub.cli.intake import FileArgument
from hub.cli.ledger import TenancyArgument
from hub.cli.output import warn
from hub.money import parse_amount

if TYPE_CHECKING:
    from hub.acts.act import Acting

AmountArgument = Annotated[str, typer.Argument(metavar="AMOUNT", help="Above zero, e.g. 1250.50.")]
TextOption = Annotated[
    str, typer.Option("--text", metavar="TEXT", callback=as_unicode, help="On the tenant's statement.")
]
NoteOption = Annotated[str, typer.Option("--note", metavar="TEXT", callback=as_unicode, help="In your own words.")]
ReasonCodeOption = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="CODE",
        callback=as_unicode,
        help="wrong_tenancy, wrong_amount, wrong_date, wrong_company, duplicate, test_file, agreement, "
        "payment_taken_back or other.",
    ),
]
_HOLDING = "A holding, e.g. deposit; balance is the tenancy's own."


def pay(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    amount: AmountArgument,
    to: Annotated[str, typer.Option("--to", metavar="HOLDING", callback=as_unicode, help=_HOLDING)] = "balance",
    reference: Annotated[
        str, typer.Option("--reference", metavar="REFERENCE", callback=as_unicode, help="Of the charge it is for.")
    ] = "",
    date: DateOption = None,
    text: TextOption = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Money has come in on the bank: it pays what is open, or goes to a holding."""
    from hub.acts import money
    from hub.store.portfolio import plain_key

    ore, day, reference = parse_amount(amount, "AMOUNT"), day_of(date, "--date"), reference.strip()
    asked = {"tenancy": plain_key(tenancy), "ore": ore, "to": to, "reference": reference, "date": day, "text": text}

    def do(acting: Acting) -> Mapping[str, Any]:
        return money.receive(acting, tenancy, ore, holding=to, day=day, reference=reference, text=text)

    done = acted(ctx, site, "pay", asked, do, actor=actor, key=key)
    if done.result.get("reference_found") is False:
        whose = done.result["tenancy"]
        warn(f"hub: {whose} has no open charge with reference {reference}; the money was used in the usual order")
    elif reference and done.result["reference_found"] is None:
        warn(f"hub: reference {reference} pays no charge: the money went to {to}")
    answered(as_json, done.result, done.repeated)
    return 0


def payout(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    amount: AmountArgument,
    source: Annotated[str, typer.Option("--from", metavar="HOLDING", callback=as_unicode, help=_HOLDING)] = "balance",
    date: DateOption = None,
    text: TextOption = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also of credit that a collection is to pay out already.")
    ] = False,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Money has left by the bank: of the tenancy's credit, or of what a holding has."""
    from hub.acts import money
    from hub.store.portfolio import plain_key

    ore, day = parse_amount(amount, "AMOUNT"), day_of(date, "--date")
    asked = {"tenancy": plain_key(tenancy), "ore": ore, "from": source, "date": day, "text": text, "anyway": anyway}

    def do(acting: Acting) -> Mapping[str, Any]:
        return money.pay_out(acting, tenancy, ore, holding=source, day=day, text=text, anyway=anyway)

    return performed(ctx, site, "payout", asked, do, actor=actor, key=key, as_json=as_json)


def transfer(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    amount: AmountArgument,
    source: Annotated[str, typer.Option("--from", metavar="HOLDING", callback=as_unicode, help=_HOLDING)],
    target: Annotated[str, typer.Option("--to", metavar="HOLDING", callback=as_unicode, help=_HOLDING)],
    date: DateOption = None,
    text: TextOption = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Moves a tenancy's money from one holding to another."""
    from hub.acts import money
    from hub.store.portfolio import plain_key

    ore, day = parse_amount(amount, "AMOUNT"), day_of(date, "--date")
    asked = {
        **{"tenancy": plain_key(tenancy), "ore": ore, "from": source, "to": target},
        **{"date": day, "text": text},
    }

    def do(acting: Acting) -> Mapping[str, Any]:
        return money.transfer(acting, tenancy, ore, source=source, target=target, day=day, text=text)

    return performed(ctx, site, "transfer", asked, do, actor=actor, key=key, as_json=as_json)


def reverse(
    ctx: typer.Context,
    entry: EntryArgument,
    reason: ReasonCodeOption,
    note: NoteOption = "",
    date: DateOption = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Takes back one entry with all that it did, once; the entry itself stays as it is."""
    from hub.acts import reversals

    day, why = day_of(date, "--date"), reversals.Why(reason, note)
    asked = {"entry": entry, "reason": reason, "note": note, "date": day}

    def do(acting: Acting) -> Mapping[str, Any]:
        return reversals.reverse(acting, entry, why, day)

    return performed(ctx, site, "reverse", asked, do, actor=actor, key=key, as_json=as_json)


def reverse_file(
    ctx: typer.Context,
    file: FileArgument,
    reason: ReasonCodeOption,
    note: NoteOption = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Takes back all that a file has booked, or nothing; hub files retry books it anew."""
    from hub.acts import files
    from hub.acts.act import perform
    from hub.acts.reversals import Why

    who, the_site, why = actor_of(actor), load(root_of(ctx, site)), Why(reason, note)
    asked = {"file": file, "reason": reason, "note": note}
    with opened(the_site) as database, _shown() as progress:
        done = perform(
            database,
            the_site,
            "files reverse",
            asked,
            lambda acting: files.reverse_file(acting, file, why, progress),
            actor=who,
            now=now(),
            key=key,
        )
    answered(wants_json(ctx, as_json), done.result, done.repeated)
    return 0


@contextmanager
def _shown() -> Iterator[Callable[[int, int], None]]:
    """A line on a terminal: entries taken back, of all of the file; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("entries taken back", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
