"""``hub slips``: own payment slips, listed, added, printed; and whose a slip is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import KeyOption, ReferenceArgument, performed
from hub.cli.asking import CompanyOption, LimitOption, TenancyOption, day_of, when_of
from hub.cli.context import ActorOption, JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.ledger import moment
from hub.cli.output import answer, say, table
from hub.errors import HubError, NotFoundError
from hub.money import format_amount

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.settings import Site
    from hub.store.collecting.slips import Slip

slips_app = typer.Typer(no_args_is_help=True, help="Payment slips (FI cards).", rich_markup_mode=None)

#: In one file, which is made in memory.
_ONE_FILE_MAX = 2_000
_COLUMNS = ("slip", "tenancy", "payment id", ">amount", "due", "state", ">open", "reference", "by")
DueOption = Annotated[str | None, typer.Option("--due", metavar="DATE", help="Those that fall due then: YYYY-MM-DD.")]


@slips_app.command("list")
def list_slips(
    ctx: typer.Context,
    company: CompanyOption = None,
    tenancy: TenancyOption = None,
    due: DueOption = None,
    limit: LimitOption = 500,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Own slips and the vendor's, with what has become of them; the latest due first."""
    from hub.store.collecting.slips import slips_in
    from hub.store.views import scope_of

    day = day_of(due, "--due")
    with books_of(root_of(ctx, site)) as (_, conn):
        scope = scope_of(conn, company=company, tenancy=tenancy)
        found = slips_in(conn, scope, due=day, limit=limit + 1)
    more = len(found) > limit
    shown = found[:limit]
    document = {"slips": [_document(one) for one in shown], "more": more}
    answer(as_json, document, lambda: _tell_list(shown, more))
    return 0


@slips_app.command()
def show(
    ctx: typer.Context,
    payment_id: Annotated[
        str, typer.Argument(metavar="PAYMENT_ID", callback=as_unicode, help="In any length, or #SLIP for its number.")
    ],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """What a payment id pays, and whether it has been."""
    from hub.store.charges import ID_MARK
    from hub.store.collecting.slips import slip_with, slips_with

    digits = payment_id.removeprefix(ID_MARK)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise typer.BadParameter(f"{payment_id!r} is no payment id and no #SLIP", param_hint="PAYMENT_ID")
    with books_of(root_of(ctx, site)) as (_, conn):
        if payment_id.startswith(ID_MARK):
            one = slip_with(conn, int(digits))
            found = [] if one is None else [one]
        else:
            bare = digits.lstrip("0")
            found = slips_with(conn, bare) if bare else []
    if not found:
        raise NotFoundError(f"there is no slip {payment_id}", do="see: hub slips list")
    answer(as_json, {"slips": [_document(one) for one in found]}, lambda: _tell_each(found))
    return 0


@slips_app.command()
def read(
    ctx: typer.Context,
    line: Annotated[str, typer.Argument(metavar="LINE", help="As it stands on the slip: '+71<id+creditor<'.")],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """What the line that machines read says, typed or scanned: whether it can be right, and whose slip it is."""
    from hub.ledger.fik import parse_ocr_line
    from hub.store.collecting.slips import slips_with

    said = parse_ocr_line(as_unicode(line))
    bare = said.payment_id.lstrip("0")
    with books_of(root_of(ctx, site)) as (_, conn):
        found = slips_with(conn, bare, card_type=said.card_type, slip_creditor=said.creditor) if bare else []
    document = {**said._asdict(), "slips": [_document(one) for one in found]}

    def tell() -> None:
        table(("", ""), [("card type", said.card_type), ("payment id", said.payment_id), ("creditor", said.creditor)])
        if not bare:
            say("slips of this type have no id: the payer's own message says what he pays")
        elif not found:
            say("the line is well formed; no slip here has this id under that creditor")
        _tell_each(found)

    answer(as_json, document, tell)
    return 0


@slips_app.command()
def add(
    ctx: typer.Context,
    tenancy: Annotated[str, typer.Argument(metavar="TENANCY", callback=as_unicode)],
    reference: ReferenceArgument,
    card: Annotated[
        str | None, typer.Option("--card", metavar="TYPE", help="71, 73, 75, 01, 04 or 15. Default: the company's.")
    ] = None,
    due: Annotated[
        str | None, typer.Option("--due", metavar="DATE", help="By when to pay. Default: when the charge falls due.")
    ] = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """An own slip for what is open of a charge, outside a collection run."""
    from hub.collecting.slips import add_slip

    day = day_of(due, "--due")
    asked = {"tenancy": tenancy, "reference": reference, "card": card, "due": due}
    return performed(
        ctx,
        site,
        "slips add",
        asked,
        lambda acting: add_slip(acting, tenancy, reference, card=card, due=day),
        actor=actor,
        key=key,
        as_json=as_json,
    )


@slips_app.command("print")
def print_slips(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR|FILE", help="Where to: a folder, or with --one-file a file.")
    ],
    company: CompanyOption = None,
    tenancy: TenancyOption = None,
    due: Annotated[
        str | None,
        typer.Option("--due", metavar="DATE", help="Those that fall due then. Default: today or later."),
    ] = None,
    one_file: Annotated[bool, typer.Option("--one-file", help="All in one PDF, for a printer.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Put it in the place of a file that is there.")] = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Letters with own slips as PDF: as often as you like, each time with what was demanded then."""
    from hub.collecting.slips import why_not_printed
    from hub.store.collecting.slips import OWN, slips_in
    from hub.store.views import scope_of

    if (company is None) == (tenancy is None):
        raise typer.BadParameter("name a company or a tenancy", param_hint="--company")
    day = day_of(due, "--due")
    with books_of(root_of(ctx, site)) as (the_site, conn):
        today = when_of(the_site, company or tenancy, None, None).as_of
        scope = scope_of(conn, company=company, tenancy=tenancy)
        found = slips_in(conn, scope, due=day, not_before=None if day else today, origin=OWN)
        wanted = [one for one in found if not why_not_printed(one)]
        left_out = [(one, why) for one in found if (why := why_not_printed(one))]
        if not wanted:
            raise _nothing(company or tenancy or "", day, left_out)
        paths = (
            _one_file(the_site, conn, wanted, out, force) if one_file else _files(the_site, conn, wanted, out, force)
        )
    document = {
        "printed": [{**_document(one), "path": str(path)} for one, path in zip(wanted, paths, strict=True)],
        "left_out": [{**_document(one), "why": why} for one, why in left_out],
    }
    answer(as_json, document, lambda: _tell_printed(wanted, left_out, out))
    return 0


def _one_file(site: Site, conn: Connection, wanted: Sequence[Slip], out: Path, force: bool) -> list[Path]:
    from hub.collecting.slip_pdf import render_slips
    from hub.collecting.slips import letters

    if len(wanted) > _ONE_FILE_MAX:
        raise HubError(
            f"{len(wanted)} slips are more than the {_ONE_FILE_MAX} that one file may hold",
            why="all of it is made in memory",
            do="leave --one-file out: each is a file then",
        )
    _refuse_overwriting([out], force)
    _place(out, render_slips(letters(conn, site, wanted)))
    return [out] * len(wanted)


def _files(site: Site, conn: Connection, wanted: Sequence[Slip], out: Path, force: bool) -> list[Path]:
    from hub.collecting.slip_pdf import render_slip
    from hub.collecting.slips import full_id, letters

    paths = [out / f"{one.tenancy}-{full_id(one) or one.number}.pdf" for one in wanted]
    _refuse_overwriting(paths, force)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HubError(f"the folder cannot be made: {error.strerror}", where=str(out)) from error
    for path, letter in zip(paths, letters(conn, site, wanted), strict=True):
        _place(path, render_slip(letter))
    return paths


def _refuse_overwriting(paths: Sequence[Path], force: bool) -> None:
    there = [] if force else [path for path in paths if path.exists()]
    if there:
        raise HubError(
            "the file is there already", where=str(there[0]), do="name another place with --out, or say --force"
        )


def _place(path: Path, content: bytes) -> None:
    from hub.transport.content import placing

    try:
        with placing(path) as file:
            file.write(content)
    except OSError as error:
        raise HubError(f"the slip cannot be written: {error.strerror}", where=str(path)) from error


def _nothing(whose: str, day: date | None, left_out: Sequence[tuple[Slip, str]]) -> HubError:
    when = f"due {day}" if day else "due today or later"
    if not left_out:
        return HubError(f"{whose} has no own slips {when}", do="see: hub slips list")
    one, why = left_out[0]
    return HubError(
        f"none of {len(left_out)} slips is printed, {when}",
        where=f"slip #{one.id} of {one.tenancy}",
        why=why,
        do="see: hub slips list",
    )


def _document(one: Slip) -> dict[str, Any]:
    from hub.collecting.slips import full_id

    return {
        "slip": one.id,
        "company": one.company,
        "tenancy": one.tenancy,
        "card_type": one.card_type,
        "payment_id": full_id(one),
        "creditor": one.slip_creditor,
        "amount": format_amount(one.amount),
        "due_date": one.due_date.isoformat(),
        "state": one.state,
        "open": None if one.open is None else format_amount(one.open),
        "charge": one.charge_id,
        "reference": one.reference,
        "collection": one.collection_id,
        "number": one.number,
        "by": one.origin,
        "at": moment(one.at),
        "actor": one.actor,
    }


def _tell_list(slips: Sequence[Slip], more: bool) -> None:
    if not slips:
        say("no slips")
        return
    table(_COLUMNS, [_row(_document(one)) for one in slips])
    if more:
        say("there are more: raise --limit, or name a tenancy or a day")


def _row(one: Mapping[str, Any]) -> list[Any]:
    names = ("slip", "tenancy", "payment_id", "amount", "due_date", "state", "open", "reference", "by")
    return [one[name] for name in names]


def _tell_each(slips: Sequence[Slip]) -> None:
    for one in slips:
        table(
            ("", ""), [(name.replace("_", " "), value) for name, value in _document(one).items() if value is not None]
        )


def _tell_printed(printed: Sequence[Slip], left_out: Sequence[tuple[Slip, str]], out: Path) -> None:
    for one, why in left_out:
        say(f"not printed: slip #{one.id} of {one.tenancy}: {why}")
    for one in printed:
        if one.open is not None and one.open != one.amount:
            paid, asked = format_amount(one.amount - one.open), format_amount(one.amount)
            say(f"slip #{one.id} of {one.tenancy} says {asked} as it did, of which {paid} is paid")
    say(f"{out}: {len(printed)} slips")
