"""``hub balance``, ``movements``, ``unmatched``, ``documents``, ``verify``: what the books say."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.context import FAULT, JsonOption, SiteOption, as_unicode, books_of, now, root_of
from hub.cli.output import answer, say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from hub.store.verify import Report
    from hub.store.views import Source

TenancyArgument = Annotated[
    str,
    typer.Argument(metavar="TENANCY", callback=as_unicode, help="company-property-unit-tenant, e.g. 1-12-304-2"),
]
_HASH = re.compile(r"[0-9a-fA-F]{64}")


def balance(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    as_of: Annotated[str, typer.Option(metavar="DATE", help="Up to and including this day, YYYY-MM-DD.")] = "today",
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """What a tenancy owes, is overdue with, and what is coming."""
    from hub.store import views

    day = None if as_of == "today" else _day(as_of)
    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = views.balance(conn, tenancy, day or now().astimezone(the_site.zone).date())
    document = {
        "tenancy": found.tenancy,
        "name": found.name,
        "currency": found.currency,
        "balance": format_amount(found.balance),
        "overdue": format_amount(found.overdue),
        "coming": format_amount(found.coming),
        "as_of": found.as_of.isoformat(),
    }
    answer(as_json, document, lambda: _tell_balance(document))
    return 0


def movements(
    ctx: typer.Context, tenancy: TenancyArgument, as_json: JsonOption = False, site: SiteOption = None
) -> int:
    """Everything that changed a tenancy's balance."""
    from hub.store import views

    with books_of(root_of(ctx, site)) as (_, conn):
        found = views.movements(conn, tenancy)
        key = views.tenancy_of(conn, tenancy).ref.key
    document = {
        "tenancy": key,
        "movements": [
            {
                "entry": one.entry,
                "value_date": one.value_date.isoformat(),
                "posting_date": one.posting_date.isoformat(),
                "recorded_at": moment(one.recorded_at),
                "kind": one.kind,
                "text": one.text,
                "amount": format_amount(one.amount),
                "balance": format_amount(one.balance),
                "source": _source(one.source),
            }
            for one in found
        ],
    }
    rows = (
        (
            one.value_date,
            one.kind,
            one.text,
            format_amount(one.amount),
            format_amount(one.balance),
            _source_text(one.source),
        )
        for one in found
    )
    columns = ("date", "kind", "text", ">amount", ">balance", "from")
    answer(as_json, document, lambda: table(columns, rows) if found else say(f"{key} has no movements"))
    return 0


def unmatched(ctx: typer.Context, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """Money that came and belongs to nobody we know, and why."""
    from hub.store import views

    with books_of(root_of(ctx, site)) as (_, conn):
        found = list(views.unmatched(conn))
    document = {
        "unmatched": [
            {
                "payment": one.payment,
                "company": one.company,
                "value_date": one.value_date.isoformat(),
                "amount": format_amount(one.amount),
                "currency": one.currency,
                "vendor": one.vendor,
                "customer": one.customer,
                "reference": one.reference,
                "reason": one.reason,
                "source": _source(one.source),
            }
            for one in found
        ]
    }
    rows = (
        (
            one.payment,
            one.value_date,
            format_amount(one.amount),
            one.vendor,
            one.reference,
            one.reason,
            _source_text(one.source),
        )
        for one in found
    )
    columns = (">payment", "date", ">amount", "vendor", "reference", "why", "from")
    answer(as_json, document, lambda: table(columns, rows) if found else say("nothing is unmatched"))
    return 0


def documents(
    ctx: typer.Context,
    key: Annotated[
        str,
        typer.Argument(metavar="TENANCY|PROPERTY", callback=as_unicode, help="e.g. 1-12-304-2, or 1-12 for a property"),
    ],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A tenancy's or a property's documents.

    A property's include those of its tenants.
    """
    from hub.store import views

    with books_of(root_of(ctx, site)) as (_, conn):
        found = views.documents(conn, key)
    document = {
        "documents": [
            {
                "id": one.id,
                "name": one.name,
                "vendor": one.vendor,
                "charge_type": one.charge_type,
                "period_from": one.period_from.isoformat(),
                "period_to": one.period_to.isoformat(),
                "property": one.property,
                "tenancy": one.tenancy,
                "sha256": one.sha256,
                "received_at": moment(one.received_at),
                "path": one.filed_at,
            }
            for one in found
        ]
    }
    rows = (
        (one.id, one.tenancy or one.property, one.charge_type, one.period_from, one.period_to, one.name, one.filed_at)
        for one in found
    )
    columns = (">file", "of", "type", "from", "to", "name", "lies in")
    answer(as_json, document, lambda: table(columns, rows) if found else say(f"{key} has no documents"))
    return 0


def verify(
    ctx: typer.Context,
    expect: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head that was noted before: it has to be there still.")
    ] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Prove the ledger from its postings.

    Sums, cached balances, allocations, and the chain of every company.
    """
    from hub.store.verify import verify as proved

    # An empty one is a variable that was never set: nothing would be proved where something was asked.
    if expect is not None and not _HASH.fullmatch(expect.strip()):
        raise typer.BadParameter("a head has 64 hexadecimal digits, as hub verify prints it", param_hint="--expect")
    with books_of(root_of(ctx, site)) as (_, conn):
        report = proved(conn, expect or "")
    document: dict[str, Any] = {
        "ok": report.ok,
        "entries": report.entries,
        "postings": report.postings,
        "heads": {number: {"seq": head.seq, "hash": head.hash} for number, head in report.heads.items()},
        "head": report.head,
        "problems": report.problems,
    }
    answer(as_json, document, lambda: _tell_report(report))
    return 0 if report.ok else FAULT


def moment(at: datetime) -> str:
    """ISO 8601 in UTC."""
    return at.isoformat(timespec="microseconds")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day: write YYYY-MM-DD", param_hint="--as-of") from error


def _source(source: Source) -> dict[str, Any]:
    return {"file": source.file, "record": source.record, "file_id": source.file_id}


def _source_text(source: Source) -> str:
    return f"{source.file}, line {source.record}" if source.file else ""


def _tell_balance(document: dict[str, str]) -> None:
    say(f"{document['tenancy']}  {document['name']}, {document['currency']} on {document['as_of']}")
    titles = {"balance": "owes", "overdue": "of this overdue", "coming": "booked, counts later"}
    table(("", ">amount"), [(title, document[key]) for key, title in titles.items()])


def _tell_report(report: Report) -> None:
    say(f"{report.entries} entries, {report.postings} postings: {'all is proved' if report.ok else 'NOT OK'}")
    if report.heads:
        rows = [(f"company {number}", head.seq, head.hash) for number, head in report.heads.items()]
        table(("chain", ">batches", "head"), [*rows, ("all", "", report.head)])
    say(*(f"- {problem}" for problem in report.problems))
