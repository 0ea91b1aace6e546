"""``hub unmatched``, ``verify``: what the books say as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.asking import bank_document, bank_text, source_document, source_text
from hub.cli.context import FAULT, JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.output import answer, say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from hub.settings import Site
    from hub.store.verify import Report

TenancyArgument = Annotated[
    str,
    typer.Argument(metavar="TENANCY", callback=as_unicode, help="company-property-unit-tenant, e.g. 1-12-304-2"),
]
_HASH = re.compile(r"[0-9a-fA-F]{64}")


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
                "bank": bank_document(one.bank),
                "source": source_document(one.source),
            }
            for one in found
        ]
    }
    rows = (
        (
            one.payment,
            one.value_date,
            format_amount(one.amount),
            f"{one.vendor}\n{one.bank.account}" if one.bank else one.vendor,
            one.reference,
            one.bank and bank_text(one.bank),
            one.reason,
            source_text(one.source),
        )
        for one in found
    )
    columns = (">payment", "date", ">amount", "vendor", "reference", "the bank says", "why", "from")
    answer(as_json, document, lambda: table(columns, rows) if found else say("nothing is unmatched"))
    return 0


def verify(
    ctx: typer.Context,
    expect: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head that was noted before: it has to be there still.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the bytes of stored files, which takes as long as reading them.")
    ] = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Prove the books from their postings, and every stored file from its bytes.

    Sums, cached balances, allocations, the chain of every company, files, exports, the portfolio.
    """
    from hub.store.verify import verify as proved

    # An empty one is a variable that was never set: nothing would be proved where something was asked.
    if expect is not None and not _HASH.fullmatch(expect.strip()):
        raise typer.BadParameter("a head has 64 hexadecimal digits, as hub verify prints it", param_hint="--expect")
    with books_of(root_of(ctx, site)) as (the_site, conn):
        report = proved(conn, expect or "", None if quick else the_site.content, _judge_of_currency(the_site))
    document: dict[str, Any] = {
        "ok": report.ok,
        "entries": report.entries,
        "postings": report.postings,
        "heads": {number: {"seq": head.seq, "hash": head.hash} for number, head in report.heads.items()},
        "head": report.head,
        "figures": [{**one._asdict(), "amount": format_amount(one.amount)} for one in report.figures],
        "counts": {one.what: one.rows for one in report.counts},
        "stored_files": None if report.files is None else report.files._asdict(),
        "problems": report.problems,
        "do": report.do,
    }
    answer(as_json, document, lambda: _tell_report(report))
    return 0 if report.ok else FAULT


def _judge_of_currency(site: Site) -> Callable[[str, str], str] | None:
    """None where settings cannot be read, which has been said: their company would be taken for one without any."""
    from hub.settings import read_site

    unread = any(problem.file.startswith("config/companies/") for problem in read_site(site.root)[1])
    return None if unread else site.other_currency


def moment(at: datetime) -> str:
    """ISO 8601 in UTC."""
    return at.isoformat(timespec="microseconds")


def _tell_report(report: Report) -> None:
    say(f"{report.entries} entries, {report.postings} postings: {'all is proved' if report.ok else 'NOT OK'}")
    if report.heads:
        rows = [(f"company {number}", head.seq, head.hash) for number, head in report.heads.items()]
        table(("chain", ">batches", "head"), [*rows, ("all", "", report.head)])
    if report.figures:
        sums = [(one.what, one.rows, format_amount(one.amount), one.currency) for one in report.figures]
        table(("figures", ">rows", ">sum", ""), sums)
    proofs: list[tuple[str, int | str]] = [*report.counts]
    if report.files is None:
        proofs.append(("stored files", "left out"))
    else:
        proofs += [("stored files", report.files.files), ("bytes of them", report.files.bytes)]
    table(("proved besides", ">rows"), proofs)
    say(*(f"- {problem}" for problem in report.problems))
    say(*(f"what to do: {do}" for do in report.do))
