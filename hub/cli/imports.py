"""``hub portfolio import``, ``charges import``, ``holdings import``: tables that people make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.context import HELD_BACK, ActorOption, JsonOption, SiteOption, actor_of, load, now, opened, root_of
from hub.cli.output import answer, say, table

if TYPE_CHECKING:
    from hub.imports.table import ImportReport
    from hub.settings import Site

portfolio_app = typer.Typer(help="Companies, properties, units and tenancies.")
holdings_app = typer.Typer(help="Deposits, prepaid rent and what else is held of a tenant's money.")
charges_app = typer.Typer(help="Open charges and opening credits from another system.")

FileArgument = Annotated[Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False)]
EncodingOption = Annotated[str, typer.Option(metavar="NAME", help="utf-8 or cp1252; never guessed.")]
#: Bad rows that a person is shown; the file has them all.
_SHOWN_MAX = 20


@portfolio_app.command("import")
def import_portfolio(
    ctx: typer.Context,
    file: FileArgument,
    encoding: EncodingOption = "utf-8",
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Imports every good row; importing again changes nothing, and nothing disappears by being absent."""
    from hub.imports.portfolio import import_portfolio as imported

    who, the_site = actor_of(actor), load(root_of(ctx, site))
    refused = refused_file(the_site, "portfolio", file)
    with opened(the_site) as database:
        report = imported(
            database,
            file,
            encoding=encoding,
            now=now(),
            actor=who,
            currency_of=lambda number: the_site.company(number).currency,
            errors_to=refused,
        )
    return answered(as_json, the_site, report, refused)


@charges_app.command("import")
def import_charges(
    ctx: typer.Context,
    file: FileArgument,
    encoding: EncodingOption = "utf-8",
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Books every good row; importing again changes nothing."""
    from hub.imports.charges import import_charges as imported

    who, the_site = actor_of(actor), load(root_of(ctx, site))
    refused = refused_file(the_site, "charges", file)
    with opened(the_site) as database:
        report = imported(
            database, file, encoding=encoding, now=now(), actor=who, company_of=the_site.company, errors_to=refused
        )
    return answered(as_json, the_site, report, refused)


@holdings_app.command("import")
def import_holdings(
    ctx: typer.Context,
    file: FileArgument,
    encoding: EncodingOption = "utf-8",
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Books every good row; importing again changes nothing."""
    from hub.imports.holdings import import_holdings as imported

    who, the_site = actor_of(actor), load(root_of(ctx, site))
    refused = refused_file(the_site, "holdings", file)
    with opened(the_site) as database:
        report = imported(
            database, file, encoding=encoding, now=now(), actor=who, company_of=the_site.company, errors_to=refused
        )
    return answered(as_json, the_site, report, refused)


def refused_file(site: Site, what: str, file: Path) -> Path:
    """Where bad rows go, in the place of those of an earlier import of the same name."""
    site.lists.mkdir(parents=True, exist_ok=True)
    return site.lists / f"{what}-{file.stem}.refused.csv"


def answered(as_json: bool, site: Site, report: ImportReport, refused: Path) -> int:
    refused_file = refused.relative_to(site.root).as_posix() if report.bad else None
    document = {
        "rows": report.rows,
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "refused": len(report.bad),
        "refused_file": refused_file,
        "errors": [{"line": row.line, "error": row.error} for row in report.bad],
        "warnings": report.warnings,
    }
    answer(as_json, document, lambda: _tell(report, refused_file))
    return HELD_BACK if report.bad else 0


def _tell(report: ImportReport, refused_file: str | None) -> None:
    say(*(f"warning: {warning}" for warning in report.warnings))
    say(
        f"{report.rows} rows: {report.added} added, {report.changed} changed, {report.unchanged} as they were, "
        f"{len(report.bad)} refused"
    )
    if report.bad:
        table((">line", "why"), [(row.line, row.error) for row in report.bad[:_SHOWN_MAX]])
        say(f"the refused rows are in {refused_file}: mend them there and import that file")
