"""``hub reconcile``, ``settle``, ``confirm``: bank lines, what they settle, and every krone that is still open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import ID_MAX, EntryArgument, KeyOption, performed
from hub.cli.asking import CompanyOption
from hub.cli.context import (
    HELD_BACK,
    ActorOption,
    JsonOption,
    SiteOption,
    actor_of,
    as_unicode,
    load,
    now,
    opened,
    root_of,
)
from hub.cli.output import answer
from hub.cli.reconcile_document import document_of
from hub.cli.reconcile_showing import tell
from hub.errors import NotFoundError
from hub.money import parse_amount

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.acts.act import Acting


def reconcile(
    ctx: typer.Context,
    account: Annotated[
        str,
        typer.Option(
            "--account",
            metavar="ACCOUNT",
            callback=as_unicode,
            help="Show this one alone: nets_bs:09999999:00001, or a bank account without blanks.",
        ),
    ] = "",
    company: CompanyOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be paired, and book nothing.")] = False,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Pairs bank lines with what vendors have told of, then shows all that is open, by file and record.

    Exit status 0: all of it is at 0.00; 2: something is open.
    """
    from hub.reconciling.candidates import judged_lines
    from hub.reconciling.engine import reconcile
    from hub.reconciling.explaining import picture
    from hub.reconciling.second_witnesses import judged_witnesses

    who, the_site = actor_of(actor), load(root_of(ctx, site))
    with opened(the_site) as database:
        with database.read() as conn:
            company_ids = _companies(conn, company)
            if account:
                _refuse_unknown(conn, account, company_ids)
        done = reconcile(database, the_site, actor=who, now=now(), company_ids=company_ids, dry_run=dry_run)
        with database.read() as conn:
            found = picture(conn, the_site, company_ids, account=account)
            lines, seen = judged_lines(conn, the_site, found.lines), judged_witnesses(conn, found.witnesses)
        document = document_of(done, found, lines, seen, dry_run=dry_run)
    answer(as_json, document, lambda: tell(document))
    return 0 if found.is_clear else HELD_BACK


def settle(
    ctx: typer.Context,
    line: Annotated[
        int,
        typer.Argument(metavar="LINE", min=1, max=ID_MAX, help="The bank line's number, as hub reconcile shows it."),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            callback=as_unicode,
            help="What it is: a day of clearing (nets_bs:09999999:00001@2026-07-01), a payout's entry, account:NAME.",
        ),
    ],
    amount: Annotated[
        str | None, typer.Option("--amount", metavar="AMOUNT", help="A part of it, above zero. Default: all of it.")
    ] = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Says what a bank line is, or a part of it; what is left of it stays open. To undo: hub reverse ENTRY."""
    from hub.reconciling.by_hand import settle_line

    ore = None if amount is None else parse_amount(amount, "--amount")

    def do(acting: Acting) -> Mapping[str, Any]:
        return settle_line(acting, line, target, ore)

    asked = {"line": line, "target": target, "amount": ore}
    return performed(ctx, site, "settle", asked, do, actor=actor, key=key, as_json=as_json)


def confirm(
    ctx: typer.Context,
    seen: Annotated[
        int,
        typer.Argument(metavar="SEEN", min=1, max=ID_MAX, help="The number of what was seen, by hub reconcile."),
    ],
    entry: EntryArgument,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Says which booked payment it is that a second file has seen (R17); no money moves."""
    from hub.reconciling.second_witnesses import confirm_by_hand

    def do(acting: Acting) -> Mapping[str, Any]:
        return confirm_by_hand(acting, seen, entry)

    asked = {"seen": seen, "entry": entry}
    return performed(ctx, site, "confirm", asked, do, actor=actor, key=key, as_json=as_json)


def _companies(conn: Connection, number: str | None) -> list[int] | None:
    """None = all. Raises HubError where there is no such company."""
    from hub.store.views import company_of

    return None if number is None else [company_of(conn, number).id]


def _refuse_unknown(conn: Connection, account: str, company_ids: list[int] | None) -> None:
    """Raises HubError: a name mistyped must not look like an account at 0.00."""
    from hub.store.clearing.bank_accounts import bank_accounts
    from hub.store.clearing.items import clearing_accounts

    known = [name for one in clearing_accounts(conn, company_ids) for name in (one.name, one.code)]
    banks = [one.account for one in bank_accounts(conn, company_ids)]
    if account not in (*known, *banks):
        raise NotFoundError(f"there is no clearing or bank account {account}", do="see: hub reconcile --dry-run")
