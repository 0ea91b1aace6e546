"""``hub match``, ``unmatch``, ``suggest``: whose money it is that came and belongs to nobody we know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import ID_MAX, EntryArgument, KeyOption, performed
from hub.cli.acts import NoteOption, TextOption
from hub.cli.asking import bank_document, bank_text
from hub.cli.context import ActorOption, JsonOption, SiteOption, as_unicode, books_of, now, root_of
from hub.cli.ledger import TenancyArgument
from hub.cli.output import answer, say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from hub.acts.act import Acting
    from hub.reports.candidates import Suggestion

PaymentArgument = Annotated[
    int, typer.Argument(metavar="PAYMENT", min=1, max=ID_MAX, help="Its number, as hub unmatched shows it.")
]


def match(
    ctx: typer.Context,
    payment: PaymentArgument,
    tenancy: TenancyArgument,
    charge: Annotated[
        str, typer.Option("--charge", metavar="REFERENCE", callback=as_unicode, help="Paid before anything else.")
    ] = "",
    takes_back: Annotated[
        int | None,
        typer.Option(
            "--takes-back",
            metavar="ENTRY",
            min=1,
            max=ID_MAX,
            help="Of a charge-back: the tenancy's payment that it takes back. Default: the only one it can mean.",
        ),
    ] = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="Money under the same customer number is this tenancy's from now on.")
    ] = False,
    text: TextOption = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Gives unmatched money to a tenancy of the same company; what went out is taken from it."""
    from hub.acts import suspense
    from hub.store.portfolio import plain_key

    asked = {
        **{"payment": payment, "tenancy": plain_key(tenancy), "charge": charge},
        **{"remember": remember, "text": text},
        # Only where it is given, so that a key of before this option is known again.
        **({} if takes_back is None else {"takes_back": takes_back}),
    }

    def do(acting: Acting) -> Mapping[str, Any]:
        return suspense.match(
            acting, payment, tenancy, charge=charge, takes_back=takes_back, remember=remember, text=text
        )

    return performed(ctx, site, "match", asked, do, actor=actor, key=key, as_json=as_json)


def unmatch(
    ctx: typer.Context,
    entry: EntryArgument,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="CODE", callback=as_unicode, help="As of hub reverse. Default: wrong_tenancy."
        ),
    ] = "wrong_tenancy",
    note: NoteOption = "",
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Takes money from the tenancy that has it, to the unmatched; ENTRY is the payment's or its match's."""
    from hub.acts import suspense
    from hub.acts.reversals import Why

    asked = {"entry": entry, "reason": reason, "note": note}

    def do(acting: Acting) -> Mapping[str, Any]:
        return suspense.unmatch(acting, entry, Why(reason, note))

    return performed(ctx, site, "unmatch", asked, do, actor=actor, key=key, as_json=as_json)


def suggest(
    ctx: typer.Context,
    payment: Annotated[
        int | None, typer.Argument(metavar="[PAYMENT]", min=1, max=ID_MAX, help="Default: the oldest unmatched.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="Payments at most.")] = 50,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Whose unmatched money may be, and why; nothing is booked."""
    from hub.reports.candidates import suggestions

    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = suggestions(conn, lambda number: the_site.today(number, now()), payment=payment, limit=limit)
    document = {"payments": [_shape(one) for one in found.payments], "more": found.more}
    answer(as_json, document, lambda: _tell(found.payments, found.more))
    return 0


def _shape(one: Suggestion) -> dict[str, Any]:
    said = one.payment
    return {
        "payment": said.payment,
        "company": said.company,
        "value_date": said.value_date.isoformat(),
        "amount": format_amount(said.amount),
        "currency": said.currency,
        "customer": said.customer,
        "reference": said.reference,
        "reason": said.reason,
        "bank": bank_document(said.bank),
        "candidates": [
            {
                "tenancy": candidate.tenancy,
                "name": candidate.name,
                "charge": candidate.charge or None,
                "reasons": [{"code": reason.code, "text": reason.text} for reason in candidate.reasons],
                "command": candidate.command,
            }
            for candidate in one.candidates
        ],
        "more": one.more,
    }


def _tell(found: list[Suggestion], more: int) -> None:
    if not found:
        say("nothing is unmatched")
    for one in found:
        said = one.payment
        say(f"payment {said.payment}  {format_amount(said.amount)} {said.currency} on {said.value_date}: {said.reason}")
        if said.bank is not None:
            say(f"  the bank says: {bank_text(said.bank)}")
        rows = [
            (candidate.name, "\n".join(reason.text for reason in candidate.reasons), candidate.command)
            for candidate in one.candidates
        ]
        if rows:
            table(("tenant", "because", "if so"), rows)
        else:
            say("  nothing fits")
        if one.more:
            say(f"  and {one.more} more that fit no better")
    if more:
        say(f"and {more} more payments: give --limit, or one payment")
