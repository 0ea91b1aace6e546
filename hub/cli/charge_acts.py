"""``hub charges add``, ``credit``, ``note``, ``attach``, ``attachments``, ``attachment``: charges by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import ID_MAX, DateOption, KeyOption, ReferenceArgument, performed
from hub.cli.acts import TextOption
from hub.cli.asking import day_of
from hub.cli.context import ActorOption, JsonOption, SiteOption, as_unicode, books_of, load, opened, root_of
from hub.cli.ledger import TenancyArgument, moment
from hub.cli.output import answer, say, table
from hub.errors import HubError, NotFoundError
from hub.money import AmountError, parse_amount

if TYPE_CHECKING:
    from hub.acts.act import Acting
    from hub.acts.charges import LineAsked
    from hub.settings import Site
    from hub.store.entries import Foreign
    from hub.transport.content import Stored

_OF_LINE = re.compile(r"(\d{1,3})=(.+)", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
#: As long as the column.
_RATE_CHARACTERS_MAX = 20


def add(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    due: Annotated[str, typer.Option("--due", metavar="DATE", help="When it falls due and counts, YYYY-MM-DD.")],
    line: Annotated[
        list[str],
        typer.Option(
            "--line", metavar="TYPE=AMOUNT[=TEXT]", help="VAT included, e.g. 10=7500.00=Husleje; as often as needed."
        ),
    ],
    period: Annotated[
        str | None,
        typer.Option("--period", metavar="FROM..TO", help="What all lines are for, e.g. 2026-11-01..2026-11-30."),
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", callback=as_unicode, help="rent, moving_in, moving_out or other.")
    ] = "other",
    vat: Annotated[
        str | None, typer.Option("--vat", metavar="PERCENT", help="In all lines. Default: what each type has.")
    ] = None,
    reference: Annotated[
        str, typer.Option("--reference", metavar="REFERENCE", callback=as_unicode, help="Default: one is made.")
    ] = "",
    foreign: Annotated[
        str | None,
        typer.Option(
            "--foreign", metavar="CURRENCY:AMOUNT:RATE", help="What it was asked in, for information: EUR:100.00:7.46."
        ),
    ] = None,
    text: TextOption = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Demands money of a tenancy; credit that it has is used at once."""
    from hub.acts.charges import ChargeAsked, add_charge
    from hub.store.portfolio import plain_key

    due_day = day_of(due, "--due")
    assert due_day is not None
    lines = _lines(line, period, vat)
    charge = ChargeAsked(due_day, lines, kind, text, reference, None if foreign is None else _foreign(foreign))

    def do(acting: Acting) -> Mapping[str, Any]:
        return add_charge(acting, tenancy, charge)

    asked = {"tenancy": plain_key(tenancy), **asdict(charge)}
    return performed(ctx, site, "charges add", asked, do, actor=actor, key=key, as_json=as_json)


def credit(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    reference: ReferenceArgument,
    amount: Annotated[
        str | None, typer.Option("--amount", metavar="AMOUNT", help="Shared over its lines. Default: all that is left.")
    ] = None,
    line: Annotated[
        list[str], typer.Option("--line", metavar="N=AMOUNT", help="Of the N-th line, from 1; as often as needed.")
    ] = [],  # noqa: B006  # Typer reads the default and never changes it.
    date: DateOption = None,
    text: TextOption = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A credit note on a charge: it pays what is open of it; what was paid becomes the tenancy's credit."""
    from hub.acts.charges import credit_charge
    from hub.store.portfolio import plain_key

    if amount is not None and line:
        raise typer.BadParameter("an amount and lines were given together: give one of them", param_hint="--amount")
    ore = None if amount is None else parse_amount(amount, "--amount")
    day, lines = day_of(date, "--date"), _by_line(line)

    def do(acting: Acting) -> Mapping[str, Any]:
        return credit_charge(acting, tenancy, reference, amount=ore, lines=lines, day=day, text=text)

    asked = {
        **{"tenancy": plain_key(tenancy), "reference": reference, "ore": ore},
        **{"lines": lines, "date": day, "text": text},
    }
    return performed(ctx, site, "charges credit", asked, do, actor=actor, key=key, as_json=as_json)


def note(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    reference: ReferenceArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", callback=as_unicode)],
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A comment on a charge, for those who work with it; nothing is booked."""
    from hub.acts.charges import add_note
    from hub.store.portfolio import plain_key

    def do(acting: Acting) -> Mapping[str, Any]:
        return add_note(acting, tenancy, reference, text)

    asked = {"tenancy": plain_key(tenancy), "reference": reference, "text": text}
    return performed(ctx, site, "charges note", asked, do, actor=actor, key=key, as_json=as_json)


def attach(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    reference: ReferenceArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)],
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Keeps a copy of a file with a charge."""
    from hub.acts.act import result_under
    from hub.acts.charges import add_attachment
    from hub.store.charges import charge_of
    from hub.store.portfolio import plain_key
    from hub.store.views import tenancy_of
    from hub.transport.folders import printable

    the_site = load(root_of(ctx, site))
    with opened(the_site) as database, database.read() as conn:
        # Before its bytes are kept: there has to be something that they belong to.
        charge_of(conn, tenancy_of(conn, tenancy).ref, reference)
        # Who asks again may have deleted the file: it is kept.
        before = None if file.exists() else result_under(conn, key, "charges attach")
    if before is None and not file.exists():
        raise typer.BadParameter(f"file {str(file)!r} does not exist", param_hint="FILE")
    if before is None:
        stored = _stored(the_site, file)
        sha256, size = stored.sha256, stored.size
    else:
        # It is done, and nothing is kept a second time: the size is not asked for.
        sha256, size = before["sha256"], 0
    name = printable(file.name)

    def do(acting: Acting) -> Mapping[str, Any]:
        return add_attachment(acting, tenancy, reference, name, sha256, size)

    asked = {"tenancy": plain_key(tenancy), "reference": reference, "name": name, "sha256": sha256}
    return performed(ctx, site, "charges attach", asked, do, actor=actor, key=key, as_json=as_json)


def list_attachments(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    reference: ReferenceArgument,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """The files that are kept with a charge."""
    from hub.store.attachments import attachments_of
    from hub.store.charges import charge_of
    from hub.store.views import tenancy_of

    with books_of(root_of(ctx, site)) as (_, conn):
        found = attachments_of(conn, charge_of(conn, tenancy_of(conn, tenancy).ref, reference).id)
    document = {"attachments": [{**one._asdict(), "at": moment(one.at)} for one in found]}
    rows = ((one.id, one.name, one.size, f"{one.at:%Y-%m-%d %H:%M}", one.actor) for one in found)
    columns = (">id", "name", ">bytes", "added (UTC)", "by")
    answer(as_json, document, lambda: table(columns, rows) if found else say("nothing is attached"))
    return 0


def take_out(
    ctx: typer.Context,
    attachment: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=ID_MAX, help="As hub charges attachments shows it.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to; nothing there is overwritten.")],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Copies a file that is kept with a charge out again."""
    import shutil

    from hub.store.attachments import attachment_with
    from hub.transport.content import blob_path

    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = attachment_with(conn, attachment)
    if found is None:
        raise NotFoundError(f"there is no attachment {attachment}", do="see: hub charges attachments TENANCY REFERENCE")
    try:
        with blob_path(the_site.content, found.sha256).open("rb") as kept, out.open("xb") as target:
            shutil.copyfileobj(kept, target)
    except OSError as error:
        raise HubError(
            f"attachment {attachment} cannot be copied out: {error.strerror}", where=str(error.filename or out)
        ) from error
    document = {**found._asdict(), "at": moment(found.at), "path": str(out)}
    answer(as_json, document, lambda: say(f"{out}: {found.size} bytes, {found.name} of charge {found.reference}"))
    return 0


def _lines(given: Sequence[str], period: str | None, vat: str | None) -> tuple[LineAsked, ...]:
    """Of one charge: the period and the VAT are those of all its lines."""
    from hub.settings import parse_period
    from hub.settings.company import vat_rate_of

    try:
        dates = None if period is None else parse_period(period)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error
    try:
        rate = None if vat is None else vat_rate_of(vat.replace(",", "."))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--vat") from error
    return tuple(_line(as_unicode(one), dates, rate) for one in given)


def _line(text: str, period: tuple[date, date] | None, vat_rate: int | None) -> LineAsked:
    from hub.acts.charges import LineAsked

    charge_type, given, rest = text.partition("=")
    if not given:
        raise typer.BadParameter(f"{text!r}: write TYPE=AMOUNT[=TEXT]", param_hint="--line")
    amount, _, said = rest.partition("=")
    return LineAsked(charge_type, parse_amount(amount, "--line"), said, period, vat_rate)


def _by_line(lines: list[str]) -> dict[int, int]:
    """Øre by line number."""
    found: dict[int, int] = {}
    for text in lines:
        match = _OF_LINE.fullmatch(text)
        if match is None or int(match[1]) in found:
            raise typer.BadParameter(f"{text!r}: write N=AMOUNT, each line once", param_hint="--line")
        found[int(match[1])] = parse_amount(match[2], "--line")
    return found


def _foreign(text: str) -> Foreign:
    from hub.store.entries import Foreign

    parts = text.split(":")
    if len(parts) == 3 and _CURRENCY.fullmatch(parts[0]) and len(parts[2]) <= _RATE_CHARACTERS_MAX:
        try:
            amount, rate = parse_amount(parts[1]), Decimal(parts[2].replace(",", "."))
        except (AmountError, InvalidOperation):
            amount, rate = 0, Decimal(0)
        if amount > 0 and rate.is_finite() and rate > 0:
            return Foreign(parts[0], amount, str(rate))
    raise typer.BadParameter(f"{text!r}: write CURRENCY:AMOUNT:RATE, e.g. EUR:100.00:7.46", param_hint="--foreign")


def _stored(site: Site, file: Path) -> Stored:
    """The file's bytes in the content store."""
    from hub.transport.content import store
    from hub.transport.folders import look_at

    most = site.hub.intake.file_bytes_max
    try:
        stored = store(look_at(file), site.content, part=f"attachment-{os.getpid()}", bytes_max=most)
    except (OSError, ValueError) as error:
        raise HubError(f"{file} cannot be kept: {error}") from error
    if not stored.kept:
        raise HubError(f"{file} has {stored.size} bytes", why=f"intake.file_bytes_max allows {most}")
    return stored
