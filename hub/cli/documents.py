"""``hub documents``: what meter companies and people have filed on tenancies and properties, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from hub.cli.acting import ID_MAX, KeyOption, answered, performed
from hub.cli.asking import PropertyOption, TenancyOption, iso
from hub.cli.context import (
    HELD_BACK,
    ActorOption,
    JsonOption,
    SiteOption,
    actor_of,
    as_unicode,
    books_of,
    hub_of,
    now,
    root_of,
)
from hub.cli.ledger import moment
from hub.cli.output import answer, say, table
from hub.errors import HubError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.acts.act import Acting
    from hub.consumption.statements import Scope, Without
    from hub.settings import Site
    from hub.store.views import Filed


class _ListsByDefault(TyperGroup):
    """``hub documents KEY`` lists: what is no command is asked of ``list``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = (*self.commands, *self.get_help_option_names(ctx))
        if args and args[0] not in known:
            args = ["list", *args]
        return super().parse_args(ctx, args)


documents_app = typer.Typer(
    cls=_ListsByDefault, no_args_is_help=True, help="Documents of tenancies and properties, and who has none."
)

AccountOption = Annotated[
    int | None, typer.Option("--account", metavar="ID", min=1, max=ID_MAX, help="A consumption account.")
]
TypeOption = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPE", help="heat, water, electricity, or another consumption type."),
]
PeriodOption = Annotated[str | None, typer.Option("--period", metavar="FROM..TO", help="e.g. 2025-06-01..2026-05-31.")]


@documents_app.command("list")
def list_documents(
    ctx: typer.Context,
    key: Annotated[
        str | None,
        typer.Argument(metavar="TENANCY|PROPERTY", help="e.g. 1-12-304-2, or 1-12 for a property and its tenants"),
    ] = None,
    missing_of: Annotated[
        int | None,
        typer.Option("--missing", metavar="ACCOUNT", min=1, max=ID_MAX, help="As hub documents missing --account."),
    ] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A tenancy's or a property's documents.

    A property's include those of its tenants. Those that were taken off are not among them.
    """
    from hub.store import views

    if (key is None) == (missing_of is None):
        raise typer.BadParameter("give a tenancy or property, or --missing ACCOUNT", param_hint="TENANCY|PROPERTY")
    if key is None:
        return missing(ctx, account=missing_of, as_json=as_json, site=site)
    with books_of(root_of(ctx, site)) as (_, conn):
        found = views.documents(conn, as_unicode(key))
    columns = (">file", "of", "type", "what", "from", "to", "name", "lies in")
    rows = (
        (
            *(one.id, one.tenancy or one.property, one.charge_type, one.what),
            *(one.period_from, one.period_to, one.name, one.filed_at),
        )
        for one in found
    )
    document = {"documents": [_shape(one) for one in found]}
    answer(as_json, document, lambda: table(columns, rows) if found else say(f"{key} has no documents"))
    return 0


@documents_app.command()
def missing(
    ctx: typer.Context,
    account: AccountOption = None,
    property: PropertyOption = None,
    type: TypeOption = None,
    period: PeriodOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Tenants of an account, present and moved out, who have no statement of it.

    An account by its number, or --property, --type and --period.
    """
    from hub.consumption.statements import without_statement

    with books_of(root_of(ctx, site)) as (the_site, conn):
        scope = _scope(conn, the_site, account, property, type, period)
        found = without_statement(conn, scope, the_site.today(scope.house.company_number, now()))
    document = {
        **_scope_shape(scope),
        "tenants": found.of,
        "missing": [
            {
                "tenancy": one.key,
                "name": one.facts.name,
                "standing": one.standing,
                "move_in": iso(one.facts.move_in),
                "move_out": iso(one.facts.move_out),
            }
            for one in found.tenants
        ],
    }
    answer(as_json, document, lambda: _tell_missing(scope, found))
    return 0


@documents_app.command()
def show(
    ctx: typer.Context,
    tenancy: Annotated[
        str, typer.Argument(metavar="TENANCY", callback=as_unicode, help="company-property-unit-tenant")
    ],
    period: PeriodOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", file_okay=False, help="Copies of them; none is overwritten.")
    ] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A tenant's documents of a period, of all consumption types together.

    Those of vendors with consumption.combined_statement go into --out as one PDF.
    """
    from hub.store import views

    if tenancy.count("-") == 1:
        raise typer.BadParameter(f"{tenancy} is a property: give a tenancy", param_hint="TENANCY")
    days = None if period is None else _days(period)
    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = [one for one in views.documents(conn, tenancy) if days is None or _overlaps(one, days)]
    written = [] if out is None else _written(the_site, tenancy, found, out)
    document = {"documents": [_shape(one) for one in found], "written": written}
    columns = ("type", "what", "from", "to", "name", ">file")
    rows = [(one.charge_type, one.what, one.period_from, one.period_to, one.name, one.id) for one in found]

    def tell() -> None:
        if not found:
            say(f"{tenancy} has no documents{f' of {period}' if period else ''}")
            return
        table(columns, rows)
        say(*written)

    answer(as_json, document, tell)
    return 0


@documents_app.command()
def attach(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    type: Annotated[str, typer.Option("--type", metavar="TYPE", help="heat, water, electricity, or another.")],
    period: Annotated[str, typer.Option("--period", metavar="FROM..TO", help="The account's period.")],
    tenancy: TenancyOption = None,
    property: PropertyOption = None,
    what: Annotated[
        Literal["statement", "attachment"], typer.Option("--what", help="A meter company's, or added by hand.")
    ] = "statement",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Files a document by hand on a tenancy or property.

    One that lies in quarantine leaves it; another stays where it is.
    """
    from hub.intake.attaching import AttachAsked
    from hub.intake.attaching import attach as attached

    if (tenancy is None) == (property is None):
        raise typer.BadParameter("give one of them", param_hint="--tenancy, --property")
    asked = AttachAsked(tenancy or property or "", type, _days(period), what)
    with hub_of(root_of(ctx, site)) as hub:
        done = attached(hub, file, asked, actor=actor_of(actor), key=key)
    answered(as_json, done.result, done.repeated)
    return 0


@documents_app.command()
def drop(
    ctx: typer.Context,
    file: Annotated[
        int | None, typer.Argument(metavar="FILE", min=1, max=ID_MAX, help="Its number, as hub documents shows it.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the journal.")] = "",
    account: AccountOption = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Takes a document off its tenancy or property, or all statements of an account.

    The bytes are kept: hub documents refile files them anew, and so does the same file when it comes again.
    """
    from hub.consumption.statements import drop as dropped
    from hub.consumption.statements import scope_of_account, statements

    _one_of(file, account)

    def do(acting: Acting) -> Mapping[str, Any]:
        if file is not None:
            return dropped(acting, [file], reason)
        scope = scope_of_account(acting.conn, acting.site, account or 0)
        standing = [one.file_id for one in statements(acting.conn, scope) if one.dropped_at is None]
        return dropped(acting, standing, reason, account)

    asked = {"file": file, "account": account, "reason": reason}
    return performed(ctx, site, "documents drop", asked, do, actor=actor, key=key, as_json=as_json)


@documents_app.command()
def refile(
    ctx: typer.Context,
    file: Annotated[int | None, typer.Argument(metavar="FILE", min=1, max=ID_MAX, help="Its number.")] = None,
    account: AccountOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Files a document anew that was taken off, or those that drop --account took off last; no file has to be moved.

    Read again by its name, as the set-up now says; one that was attached by hand goes where it was. Asked again, it
    does what is left to do.
    """
    from hub.consumption.statements import scope_of_account
    from hub.intake.attaching import refile as refiled
    from hub.store import documents

    _one_of(file, account)
    with hub_of(root_of(ctx, site)) as hub:
        wanted = [file] if file is not None else []
        if account is not None:
            with hub.db.read() as conn:
                scope_of_account(conn, hub.site, account)
                wanted = documents.dropped_last_of(conn, account)
        outcomes = refiled(hub, wanted, actor=actor_of(actor))
    document = {
        "files": [
            {"id": one.id, "name": one.name, "state": one.result.state, "reasons": one.result.reasons}
            for one in outcomes
        ]
    }
    rows = [(one.id, one.name, one.result.state, "\n".join(one.result.reasons)) for one in outcomes]
    columns = (">file", "name", "state", "reasons")
    answer(as_json, document, lambda: table(columns, rows) if rows else say("nothing was taken off: nothing to do"))
    return HELD_BACK if any(one.result.state != "booked" for one in outcomes) else 0


def _scope(
    conn: Connection, site: Site, account: int | None, property: str | None, type: str | None, period: str | None
) -> Scope:
    from hub.consumption.statements import scope_of, scope_of_account

    if account is not None and (property, type, period) == (None, None, None):
        return scope_of_account(conn, site, account)
    if account is not None or property is None or type is None or period is None:
        raise typer.BadParameter(
            "give --account, or all of --property, --type and --period", param_hint="--account, --property"
        )
    return scope_of(conn, site, property, type, _days(period))


def _one_of(file: int | None, account: int | None) -> None:
    if (file is None) == (account is None):
        raise typer.BadParameter("give the number of a file, or --account ID", param_hint="FILE, --account")


def _days(period: str) -> tuple[date, date]:
    from hub.settings import parse_period

    try:
        return parse_period(period)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error


def _overlaps(one: Filed, days: tuple[date, date]) -> bool:
    return one.period_from <= days[1] and one.period_to >= days[0]


def _written(site: Site, tenancy: str, found: list[Filed], out: Path) -> list[str]:
    """Copies below ``out``; those that are shown as one come as one. Raises HubError."""
    import io
    import shutil

    from hub.intake.filing import safe_name
    from hub.reports.combined_pdf import combine
    from hub.transport.content import blob_path

    together = [one for one in found if _is_combined(site, one)]
    apart = [one for one in found if one not in together]
    written = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for one in apart:
            target = out / f"{one.id}-{safe_name(one.name)}"
            with blob_path(site.content, one.sha256).open("rb") as kept, target.open("xb") as copy:
                shutil.copyfileobj(kept, copy)
            written.append(str(target))
        if together:
            target = out / f"{tenancy}.pdf"
            joined = io.BytesIO()
            combine([(one.name, blob_path(site.content, one.sha256)) for one in together], joined)
            with target.open("xb") as copy:
                copy.write(joined.getbuffer())
            written.append(str(target))
    except OSError as error:
        raise HubError(f"cannot be written: {error.strerror}", where=str(error.filename or out)) from error
    return written


def _is_combined(site: Site, one: Filed) -> bool:
    vendor = site.vendors.get(one.vendor or "")
    return vendor is not None and vendor.consumption.combined_statement and one.name.lower().endswith(".pdf")


def _shape(one: Filed) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "vendor": one.vendor,
        "charge_type": one.charge_type,
        "what": one.what,
        "period_from": one.period_from.isoformat(),
        "period_to": one.period_to.isoformat(),
        "property": one.property,
        "tenancy": one.tenancy,
        "sha256": one.sha256,
        "received_at": moment(one.received_at),
        "path": one.filed_at,
    }


def _scope_shape(scope: Scope) -> dict[str, Any]:
    first, last = scope.period
    return {
        "property": scope.key,
        "type": scope.type,
        "period_from": first.isoformat(),
        "period_to": last.isoformat(),
    }


def _tell_missing(scope: Scope, found: Without) -> None:
    first, last = scope.period
    about = f"{scope.type} of {scope.key}, {first}..{last}"
    if not found.tenants:
        say(f"{about}: all {found.of} tenants have a statement")
        return
    say(f"{about}: {len(found.tenants)} of {found.of} tenants have no statement")
    rows = [
        (one.key, one.facts.name, one.standing.replace("_", " "), one.facts.move_in, one.facts.move_out)
        for one in found.tenants
    ]
    table(("tenancy", "name", "", "moved in", "moved out"), rows)
