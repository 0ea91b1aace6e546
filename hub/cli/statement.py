"""``hub statement``: what tenants are told of their account, in Danish or Swedish."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.asking import AsOfOption, CompanyOption, PropertyOption, day_of, when_of
from hub.cli.context import JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.out_file import ForceOption, refuse_unfit, writing
from hub.cli.output import answer, say
from hub.errors import HubError

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from hub.reports.statement.model import Statement
    from hub.reports.statements import Asked
    from hub.settings import Site

#: A selection of more than these is told of while it is made.
_QUIET_MAX = 20


class StatementFormat(StrEnum):
    pdf = "pdf"
    csv = "csv"
    xlsx = "xlsx"
    json = "json"


def statement(
    ctx: typer.Context,
    tenancies: Annotated[
        list[str] | None,
        typer.Argument(metavar="TENANCY...", callback=lambda keys: [*map(as_unicode, keys or ())], help="One or more."),
    ] = None,
    company: CompanyOption = None,
    property: PropertyOption = None,
    charge: Annotated[
        list[str] | None,
        typer.Option("--charge", metavar="REFERENCE", help="A settlement of this charge alone; may be repeated."),
    ] = None,
    as_of: AsOfOption = None,
    from_day: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="Movements and charges from this day; what is open always."),
    ] = None,
    format_: Annotated[StatementFormat, typer.Option("--format", help="pdf, csv, xlsx or json.")] = StatementFormat.pdf,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", dir_okay=False, help="Default: named after whose it is.")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Statements of account, for one tenant, some, or all of a property or company, in one file."""
    from hub.reports.statement import STATEMENTS_MAX, render
    from hub.store import views
    from hub.store.portfolio import plain_key

    keys = [*map(plain_key, tenancies or ())]
    _refuse_contradictions(keys, company, property, charge)
    first = day_of(from_day, "--from")
    with books_of(root_of(ctx, site)) as (the_site, conn):
        chosen = keys or _keys(conn, company, property, STATEMENTS_MAX)
        # No file is named after what is not there.
        views.tenancy_of(conn, chosen[0])
        named = plain_key(next(one for one in (company, property, *keys) if one is not None))
        asked = _asked(the_site, named, as_of, first, charge or ())
        path = out or Path(f"statement-{named}-{asked.as_of}.{format_.value}")
        refuse_unfit(path, force=force)
        gathered = _told(_gathered(conn, the_site, chosen, asked), len(chosen))
        content = render(gathered, format_.value, count=len(chosen))
    with writing(path, force=force) as file:
        file.write(content)
    document = {"path": str(path), "format": format_.value, "statements": len(chosen), "bytes": len(content)}
    answer(as_json, document, lambda: say(f"{path}: {len(chosen)} statements as of {asked.as_of}"))
    return 0


def _refuse_contradictions(
    keys: Sequence[str], company: str | None, property: str | None, charge: Sequence[str] | None
) -> None:
    if sum((bool(keys), company is not None, property is not None)) != 1:
        raise typer.BadParameter("name tenancies, or one company, or one property", param_hint="TENANCY...")
    if charge and len(keys) != 1:
        raise typer.BadParameter("charges are chosen of one tenancy: name it", param_hint="--charge")
    if len(set(keys)) < len(keys):
        raise typer.BadParameter("a tenancy is named twice", param_hint="TENANCY...")


def _asked(site: Site, named: str, as_of: str | None, first: date | None, charges: Sequence[str]) -> Asked:
    """Whose day it is says ``named``, a tenancy, property or company."""
    from hub.reports.statements import Asked

    day, today = when_of(site, named, as_of, None).as_of, when_of(site, named, None, None).as_of
    if first is not None and first > day:
        raise typer.BadParameter(f"{first} is after {day}", param_hint="--from")
    return Asked(day, today, first, tuple(charges))


def _keys(conn: Connection, company: str | None, property: str | None, most: int) -> list[str]:
    """Raises HubError where there are none, or too many for one file."""
    from hub.reports.statements import keys_of
    from hub.store import views

    keys = keys_of(conn, views.scope_of(conn, company=company, property=property))
    named = f"property {property}" if property else f"company {company}"
    if not keys:
        raise HubError(f"{named} has no tenancy with movements", do="name another, or a tenancy")
    if len(keys) > most:
        raise HubError(
            f"{named} has {len(keys)} tenancies with movements, and one file holds {most} statements at most",
            do="name one property at a time",
        )
    return keys


def _gathered(conn: Connection, site: Site, keys: Sequence[str], asked: Asked) -> Iterator[Statement]:
    from hub.reports.statements import statement_of

    for key in keys:
        yield statement_of(conn, site, key, asked)


def _told(statements: Iterator[Statement], wanted: int) -> Iterator[Statement]:
    """``statements`` as they are; of many it is told on standard error how far it is."""
    if wanted <= _QUIET_MAX or not sys.stderr.isatty():
        yield from statements
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(statements, "statements", total=wanted, console=Console(stderr=True), transient=True)
