"""``hub portfolio import``, ``charges import``, ``holdings import``, ``recurring import``: tables that people make."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

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
#: The import of one site: takes database, file, encoding, now, actor and errors_to.
Import: TypeAlias = Callable[..., "ImportReport"]
#: Bad rows that a person is shown; the file has them all.
_SHOWN_MAX = 20


def import_command(app: typer.Typer, what: str, help_text: str, import_of: Callable[[Site], Import]) -> None:
    """Gives ``app`` its command ``import``, which is the same for all tables; ``what`` names the file of bad rows."""

    def import_table(
        ctx: typer.Context,
        file: FileArgument,
        encoding: EncodingOption = "utf-8",
        actor: ActorOption = None,
        as_json: JsonOption = False,
        site: SiteOption = None,
    ) -> int:
        who, the_site = actor_of(actor), load(root_of(ctx, site))
        refused = _refused_file(the_site, what, file)
        with opened(the_site) as database:
            take_in = import_of(the_site)
            report = take_in(database, file, encoding=encoding, now=now(), actor=who, errors_to=refused)
        _answer(as_json, the_site, report, refused)
        return HELD_BACK if report.bad else 0

    app.command("import", help=help_text)(import_table)


def _portfolio(site: Site) -> Import:
    from hub.imports.portfolio import import_portfolio

    return partial(import_portfolio, currency_of=lambda number: site.company(number).currency)


def _charges(site: Site) -> Import:
    from hub.imports.charges import import_charges

    return partial(import_charges, company_of=site.company_with_language)


def _holdings(site: Site) -> Import:
    from hub.imports.holdings import import_holdings

    return partial(import_holdings, company_of=site.company_with_language)


import_command(
    portfolio_app,
    "portfolio",
    "Imports every good row. Run twice, nothing is there twice or changes, and nothing disappears by being absent.",
    _portfolio,
)
import_command(charges_app, "charges", "Books every good row. Run twice, nothing is booked twice.", _charges)
import_command(holdings_app, "holdings", "Books every good row. Run twice, nothing is booked twice.", _holdings)


def _refused_file(site: Site, what: str, file: Path) -> Path:
    """Where bad rows go, in the place of those of an earlier import of the same name."""
    site.lists.mkdir(parents=True, exist_ok=True)
    return site.lists / f"{what}-{file.stem}.refused.csv"


def _answer(as_json: bool, site: Site, report: ImportReport, refused: Path) -> None:
    refused_file = refused.relative_to(site.root).as_posix() if report.bad else None
    document = {
        "rows": report.rows,
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "posted_later": [
            {"company": number, "posting_date": day.isoformat(), "rows": rows}
            for (number, day), rows in sorted(report.posted_later.items())
        ],
        "refused": len(report.bad),
        "refused_file": refused_file,
        "errors": [{"line": row.line, "error": row.error} for row in report.bad],
        "warnings": report.warnings,
    }
    answer(as_json, document, lambda: _tell(report, document))


def _tell(report: ImportReport, document: dict[str, Any]) -> None:
    say(*(f"warning: {warning}" for warning in report.warnings))
    say(
        f"{report.rows} rows: {report.added} added, {report.changed} changed, {report.unchanged} as they were, "
        f"{len(report.bad)} refused"
    )
    for one in document["posted_later"]:
        say(
            f"company {one['company']}: {one['rows']} of them are dated in a closed period: each counts from its own "
            f"day and is posted on {one['posting_date']}, the first open day (R22)"
        )
    if report.bad:
        table((">line", "why"), [(row.line, row.error) for row in report.bad[:_SHOWN_MAX]])
        say(f"the refused rows are in {document['refused_file']}: mend them there and import that file")
