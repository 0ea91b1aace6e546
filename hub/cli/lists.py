"""``hub transactions``, ``charges list``, ``charges show``, ``arrears``, ``search``: over many tenants at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.asking import (
    AsOfOption,
    CompanyOption,
    FromOption,
    LimitOption,
    PropertyOption,
    TenancyOption,
    ToOption,
    amount_said,
    brief,
    day_of,
    iso,
    source_document,
    source_text,
    span_of,
    when_of,
    zone_of,
)
from hub.cli.context import JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.ledger import moment
from hub.cli.output import answer, say, table, warn
from hub.ledger import kinds
from hub.money import format_amount

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.store.views import Arrears, Charge, ChargeDetail, Found, FoundEntry, TakenBack, Transaction

#: Between accounts of our own: no tenancy's by what they are.
_OWN_KINDS = (kinds.FEE, kinds.SETTLEMENT)
_TRANSACTION_KINDS = (kinds.PAYMENT, kinds.PAYOUT, kinds.CHARGEBACK, kinds.REVERSAL, *_OWN_KINDS)


def transactions(
    ctx: typer.Context,
    company: Annotated[
        str, typer.Option("--company", metavar="NUMBER", callback=as_unicode, help="As in the portfolio.")
    ],
    from_day: FromOption = None,
    to_day: ToOption = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help=f"{', '.join(_TRANSACTION_KINDS)}; may be repeated."),
    ] = None,
    limit: LimitOption = 500,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Money that came to a company and left it, over all channels, the newest first.

    Days are those on which the vendor or the bank has booked it.
    """
    from hub.store import views

    first, last = span_of(from_day, to_day)
    for one in kind or ():
        _known(one, _TRANSACTION_KINDS)
    with books_of(root_of(ctx, site)) as (_, conn):
        its = views.company_of(conn, company)
        asked = views.TransactionQuery(its.id, first, last, tuple(kind or ()))
        found = views.transactions(conn, asked, limit)
        left_out = asked.count(conn) - len(found) if len(found) == limit else 0
    document = {
        "company": its.number,
        "currency": its.currency,
        "transactions": [_transaction(one) for one in found],
        "left_out": left_out,
    }
    answer(as_json, document, lambda: _tell_transactions(found, left_out))
    return 0


def list_charges(
    ctx: typer.Context,
    company: CompanyOption = None,
    property: PropertyOption = None,
    tenancy: TenancyOption = None,
    open_only: Annotated[
        bool, typer.Option("--open", help="All with something left to pay, payouts and the like too.")
    ] = False,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help=f"One of {', '.join(kinds.CHARGE_KINDS)}.")
    ] = None,
    limit: LimitOption = 500,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Charges with what is left of them, the latest due first."""
    from hub.store import views

    if kind is not None:
        _known(kind, kinds.CHARGE_KINDS)
    with books_of(root_of(ctx, site)) as (_, conn):
        scope = views.scope_of(conn, company=company, property=property, tenancy=tenancy)
        asked = views.ChargeQuery(scope, open_only, kind)
        found = list(views.charges(conn, asked, limit))
        left_out = asked.count(conn) - len(found) if len(found) == limit else 0
    document = {"charges": [_charge(one) for one in found], "left_out": left_out}
    answer(as_json, document, lambda: _tell_charges(found, left_out))
    return 0


def show_charge(
    ctx: typer.Context,
    charge: Annotated[
        str,
        typer.Argument(metavar="REFERENCE|ID", callback=as_unicode, help="A reference, or an id as '#17'."),
    ],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A charge with its lines, what has paid it, notes and attachments."""
    from hub.store import views

    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = views.charge_detail(conn, charge)
    foreign = found.foreign
    document = {
        **_charge(found.charge),
        "foreign": {"currency": foreign[0], "amount": format_amount(foreign[1]), "rate": foreign[2]}
        if foreign
        else None,
        "lines": [
            {
                **line._asdict(),
                "amount": format_amount(line.amount),
                "remaining": format_amount(line.remaining),
                "period_from": iso(line.period_from),
                "period_to": iso(line.period_to),
                "vat_rate": format_amount(line.vat_rate),
                "vat": format_amount(line.vat),
            }
            for line in found.lines
        ],
        "allocations": [
            {**one._asdict(), "value_date": iso(one.value_date), "amount": format_amount(one.amount)}
            for one in found.paid
        ],
        "notes": [{**one._asdict(), "at": moment(one.at)} for one in found.notes],
        "attachments": [{**one._asdict(), "at": moment(one.at)} for one in found.attachments],
    }
    answer(as_json, document, lambda: _tell_charge(found, zone_of(the_site, found.charge.tenancy)))
    return 0


def arrears(
    ctx: typer.Context,
    company: CompanyOption = None,
    property: PropertyOption = None,
    as_of: AsOfOption = None,
    limit: LimitOption = 1000,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Who is behind and who has credit, one figure a tenant, the largest arrears first."""
    from hub.store import views

    with books_of(root_of(ctx, site)) as (the_site, conn):
        scope = views.scope_of(conn, company=company, property=property)
        day = when_of(the_site, company or property, as_of, None).as_of
        found = views.arrears(views.ageing(conn, scope, day))
    document = {
        "as_of": day.isoformat(),
        "tenants": [
            {
                "tenancy": one.tenancy,
                "name": one.name,
                "currency": one.currency,
                "amount": format_amount(one.amount),
                "over_60": format_amount(one.over_60),
                "balance": format_amount(one.balance),
            }
            for one in found[:limit]
        ],
        "left_out": max(0, len(found) - limit),
    }
    answer(as_json, document, lambda: _tell_arrears(found, limit))
    return 0


def search(
    ctx: typer.Context,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT|AMOUNT",
            callback=as_unicode,
            help="A name, address, number, reference, voucher or text; or 6.412,50.",
        ),
    ],
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="Of this day alone, YYYY-MM-DD.")] = None,
    from_day: FromOption = None,
    to_day: ToOption = None,
    company: CompanyOption = None,
    limit: Annotated[int, typer.Option("--limit", metavar="COUNT", min=1, max=1000, help="Of each kind.")] = 50,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Look for an amount, a name, a reference, a voucher or a text over all tenancies.

    An amount, however it is written, finds entries of it with either sign, also of money that is nobody's, and tells
    which of them were taken back. Who paid it on the 3rd: --on DATE, on which it counts or was booked. A voucher is
    written as it is printed, 2026-123; each company has its own. What begins with a minus sign goes after --.
    """
    from hub.store import views

    if not text.strip():
        raise typer.BadParameter("there is nothing to look for", param_hint="TEXT|AMOUNT")
    if on is not None and (from_day is not None or to_day is not None):
        raise typer.BadParameter("give one day, or the first and the last", param_hint="--on, --from, --to")
    first, last = span_of(from_day, to_day) if on is None else (day_of(on, "--on"), day_of(on, "--on"))
    amount = amount_said(text)
    with books_of(root_of(ctx, site)) as (_, conn):
        company_id = None if company is None else views.company_of(conn, company).id
        asked = views.Asked(text.strip(), amount and amount.ore, first, last, company_id)
        found = views.search(conn, asked, limit)
    document = {
        "amount": amount and format_amount(amount.ore),
        "tenancies": [one._asdict() for one in found.tenancies],
        "charges": [_charge(one) for one in found.charges],
        "entries": [_entry(one) for one in found.entries],
        "more": found.more,
    }
    if amount is not None and amount.doubt:
        warn(f"hub: {amount.doubt}")
    answer(as_json, document, lambda: _tell_found(text, found))
    return 0


def _known(kind: str, known: tuple[str, ...]) -> None:
    if kind not in known:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(known)}", param_hint="--kind")


def _transaction(one: Transaction) -> dict[str, Any]:
    return {
        **one._asdict(),
        "booked_on": one.booked_on.isoformat(),
        "value_date": one.value_date.isoformat(),
        "amount": format_amount(one.amount),
        "source": source_document(one.source),
        "taken_back_by": one.taken_back_by and one.taken_back_by._asdict(),
    }


def _charge(one: Charge) -> dict[str, Any]:
    return {
        **one._asdict(),
        "due_date": one.due_date.isoformat(),
        "amount": format_amount(one.amount),
        "remaining": format_amount(one.remaining),
        "credited": format_amount(one.credited),
    }


def _entry(one: FoundEntry) -> dict[str, Any]:
    return {
        **one._asdict(),
        "value_date": one.value_date.isoformat(),
        "booked_on": one.booked_on.isoformat(),
        "amount": format_amount(one.amount),
        "source": source_document(one.source),
        "taken_back_by": one.taken_back_by and one.taken_back_by._asdict(),
    }


def _tell_transactions(found: list[Transaction], left_out: int) -> None:
    columns = ("booked", "counts", "kind", ">amount", "taken back by", "channel", "tenancy", "who", "from")
    rows = [
        (
            one.booked_on,
            one.value_date,
            one.kind,
            format_amount(one.amount),
            _back(one.taken_back_by),
            one.channel,
            one.tenancy or ("" if one.kind in _OWN_KINDS else "nobody's"),
            brief(one.name or f"{one.customer or ''} {one.reference or ''}".strip()),
            source_text(one.source),
        )
        for one in found
    ]
    _tell(columns, rows, left_out, "no money came or left")


def _tell_charges(found: list[Charge], left_out: int) -> None:
    columns = (">id", "tenancy", "name", "reference", "kind", "due", ">amount", ">remaining", ">credited")
    rows = [
        (
            *(one.id, one.tenancy, brief(one.name), one.reference, one.kind, one.due_date),
            *map(format_amount, (one.amount, one.remaining, one.credited)),
        )
        for one in found
    ]
    _tell(columns, rows, left_out, "no charges")


def _tell_charge(found: ChargeDetail, zone: ZoneInfo) -> None:
    it = found.charge
    say(f"charge {it.id}  {it.reference}, {it.kind}, of {it.tenancy} {it.name}, entry {it.entry}")
    say(f"{it.text}: due {it.due_date}, {it.currency}")
    if found.foreign:
        currency, minor_units, rate = found.foreign
        say(f"asked as {currency} {format_amount(minor_units)} at {rate}")
    amounts = (("amount", it.amount), ("credited", it.credited), ("remaining", it.remaining))
    table(("", ">amount"), [(title, format_amount(ore)) for title, ore in amounts])
    columns = ("type", "text", "from", "to", ">amount", ">of it VAT", ">remaining", "claim", "holding")
    table(
        columns,
        [
            (
                *(one.charge_type, brief(one.text), one.period_from, one.period_to),
                *map(format_amount, (one.amount, one.vat, one.remaining)),
                *(one.claim, one.holding),
            )
            for one in found.lines
        ],
    )
    if found.paid:
        rows = [
            (one.value_date, one.act_kind, one.act, one.payment, one.charge_type, format_amount(one.amount), one.policy)
            for one in found.paid
        ]
        table(("date", "by", ">entry", ">money of", "type", ">amount", "why"), rows)
    say(*(f"note {one.at.astimezone(zone):%Y-%m-%d} {one.actor}: {one.text}" for one in found.notes))
    if found.attachments:
        files = [
            (one.id, one.name, one.size, f"{one.at.astimezone(zone):%Y-%m-%d}", one.actor) for one in found.attachments
        ]
        table((">attachment", "name", ">bytes", "added", "by"), files)
        say(f"to have one: hub charges attachment {found.attachments[0].id} --out FILE")


def _tell_arrears(found: list[Arrears], limit: int) -> None:
    rows = [
        (one.tenancy, brief(one.name), format_amount(one.amount), format_amount(one.over_60), one.currency)
        for one in found[:limit]
    ]
    _tell(("tenancy", "name", ">arrears", ">over 60 days", ""), rows, max(0, len(found) - limit), "nobody is behind")


def _tell_found(text: str, found: Found) -> None:
    if found.tenancies:
        rows = [(one.key, one.name, one.address, one.new_address, one.customer) for one in found.tenancies]
        table(("tenancy", "name", "address", "new address", "customer number"), rows)
    if found.charges:
        _tell_charges(list(found.charges), 0)
    if found.entries:
        columns = (
            *(">entry", "voucher", "booked", "counts", "kind", ">amount", "taken back by"),
            *("tenancy", "who", "text", "from"),
        )
        table(
            columns,
            [
                (
                    *(one.entry, one.voucher, one.booked_on, one.value_date, one.kind, format_amount(one.amount)),
                    *(_back(one.taken_back_by), one.tenancy or "nobody's"),
                    brief(one.name or f"{one.customer or ''} {one.reference or ''}".strip()),
                    brief(one.text),
                    source_text(one.source),
                )
                for one in found.entries
            ],
        )
    if not (found.tenancies or found.charges or found.entries):
        say(f"nothing is found for {text}")
    elif found.more:
        say("and more: name a company, a day or a longer text")


def _back(by: TakenBack | None) -> str:
    return f"{by.kind} {by.entry}" if by else ""


def _tell(columns: tuple[str, ...], rows: Sequence[tuple[object, ...]], left_out: int, nothing: str) -> None:
    if not rows:
        say(nothing)
        return
    table(columns, rows)
    if left_out:
        say(f"and {left_out} more: see --limit")
