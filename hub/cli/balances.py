"""``hub balance``, ``movements``, ``ageing``, ``next-charge``: what tenants owe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.asking import (
    AsOfOption,
    CompanyOption,
    FromOption,
    PropertyOption,
    RecordedOption,
    TenancyOption,
    ToOption,
    When,
    ageing_document,
    day_of,
    iso,
    source_document,
    source_text,
    span_of,
    when_of,
)
from hub.cli.context import JsonOption, SiteOption, books_of, root_of
from hub.cli.ledger import TenancyArgument, moment
from hub.cli.output import answer, say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from hub.settings import Site
    from hub.store.views import Aged, Balance, Movement, Paid, Total, Upcoming

_BANDS = ("not due", "under 30 days", "30 to 60", "over 60", "credit")


def balance(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    as_of: AsOfOption = None,
    recorded: RecordedOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """What a tenancy owes, is overdue with, and what is coming.

    Its holdings, and since when it owes. What we hold never reduces what is owed.
    """
    from hub.store import views

    with books_of(root_of(ctx, site)) as (the_site, conn):
        when = when_of(the_site, tenancy, as_of, recorded)
        found = views.balance(conn, tenancy, when.as_of, when.recorded)
        upcoming = views.next_due(conn, tenancy, when.as_of, _collects_from(the_site, tenancy))
    document = {
        "tenancy": found.tenancy,
        "name": found.name,
        "currency": found.currency,
        "balance": format_amount(found.balance),
        "overdue": format_amount(found.overdue),
        "coming": format_amount(found.coming),
        "as_of": found.as_of.isoformat(),
        "recorded": moment(found.recorded) if found.recorded else None,
        "account": str(found.number),
        "moved_out": found.moved_out,
        "move_out": iso(found.move_out),
        "next_charge": iso(upcoming),
        "ageing": ageing_document(found.ageing),
        "holdings": [
            {
                "name": one.name,
                "account": str(one.number),
                "charged": format_amount(one.charged),
                "unpaid": format_amount(one.unpaid),
                "held": format_amount(one.held),
            }
            for one in found.holdings
        ],
    }
    answer(as_json, document, lambda: _tell_balance(found, document))
    return 0


def movements(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    from_day: FromOption = None,
    to_day: ToOption = None,
    holding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of this holding, e.g. deposit; default: of the balance.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="What counts by this day. Default: what is coming too."),
    ] = None,
    recorded: RecordedOption = None,
    detail: Annotated[bool, typer.Option("--detail", help="With what paid what.")] = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Everything that changed a tenancy's balance, or one of its holdings."""
    from hub.store import views

    first, last = span_of(from_day, to_day)
    if as_of is not None and last is not None:
        raise typer.BadParameter("both say until when: leave one of them out", param_hint="--to, --as-of")
    if detail and holding is not None:
        raise typer.BadParameter("what paid what is of the balance alone", param_hint="--detail, --holding")
    until = last or day_of(as_of, "--as-of")
    with books_of(root_of(ctx, site)) as (the_site, conn):
        at = when_of(the_site, tenancy, None, recorded).recorded
        found = views.movements(conn, tenancy, until=until, recorded=at, holding=holding)
        paid = views.paid_by_entry(conn, tenancy, at) if detail else None
        key = views.tenancy_of(conn, tenancy).ref.key
    earlier = [one for one in found if first is not None and one.value_date < first]
    shown = found[len(earlier) :]
    opening = earlier[-1].balance if earlier else 0
    document: dict[str, Any] = {
        "tenancy": key,
        "holding": holding,
        "opening": format_amount(opening),
        "movements": [_movement(one, paid) for one in shown],
        "closing": format_amount(shown[-1].balance if shown else opening),
    }

    def tell() -> None:
        _tell_recorded(at)
        _tell_movements(key, opening if earlier else None, shown, paid)

    answer(as_json, document, tell)
    return 0


def ageing(
    ctx: typer.Context,
    company: CompanyOption = None,
    property: PropertyOption = None,
    tenancy: TenancyOption = None,
    as_of: AsOfOption = None,
    recorded: RecordedOption = None,
    everyone: Annotated[bool, typer.Option("--all", help="Also tenancies that have nothing.")] = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Balances by the days since they fell due, a row a tenancy that has anything.

    The five columns sum to the balance. All companies, where none is named.
    """
    from hub.store import views

    with books_of(root_of(ctx, site)) as (the_site, conn):
        scope = views.scope_of(conn, company=company, property=property, tenancy=tenancy)
        when = when_of(the_site, company or property or tenancy, as_of, recorded)
        rows = views.ageing(conn, scope, when.as_of, when.recorded, everyone=everyone)
        properties, companies = views.totals(conn, scope, rows)
    document = {
        "as_of": when.as_of.isoformat(),
        "recorded": moment(when.recorded) if when.recorded else None,
        "tenancies": [_aged(one) for one in rows],
        "properties": [_total(one) for one in properties],
        "companies": [_total(one) for one in companies],
    }
    answer(as_json, document, lambda: _tell_ageing(when, rows, properties, companies))
    return 0


def next_charge(
    ctx: typer.Context,
    tenancy: TenancyArgument,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """What a tenancy's next collection would contain.

    Nothing is booked.
    """
    from hub.store import views

    with books_of(root_of(ctx, site)) as (the_site, conn):
        when = when_of(the_site, tenancy, as_of, None)
        found = views.next_charge(conn, tenancy, when.as_of, _collects_from(the_site, tenancy))
    it = found.charge
    document = {
        "tenancy": found.tenancy,
        "name": found.name,
        "currency": found.currency,
        "as_of": found.as_of.isoformat(),
        "collects_from": iso(_collects_from(the_site, found.tenancy)),
        "due_date": it.period.first.isoformat(),
        "period_from": it.period.first.isoformat(),
        "period_to": it.period.last.isoformat(),
        "arrears": format_amount(it.arrears),
        "lines": list(_lines(the_site, found)),
        "new": format_amount(it.new),
        "credits": format_amount(it.credits),
        "credits_used": format_amount(it.credits_used),
        "total": format_amount(it.total),
        "demanded": format_amount(found.demanded),
        "move_out": iso(found.move_out),
        "after_move_out": found.after_move_out,
    }
    answer(as_json, document, lambda: _tell_next_charge(found, document))
    return 0


def _collects_from(site: Site, tenancy: str) -> date | None:
    from hub.store.portfolio import plain_number

    return site.company(plain_number(tenancy.partition("-")[0])).collects_from


def _movement(one: Movement, paid: dict[int, list[Paid]] | None) -> dict[str, Any]:
    document = {
        "entry": one.entry,
        "value_date": one.value_date.isoformat(),
        "posting_date": one.posting_date.isoformat(),
        "recorded_at": moment(one.recorded_at),
        "kind": one.kind,
        "document_type": one.document_type,
        "voucher": one.voucher,
        "reference": one.reference,
        "corrects": one.corrects,
        "text": one.text,
        "amount": format_amount(one.amount),
        "balance": format_amount(one.balance),
        "source": source_document(one.source),
    }
    if paid is not None:
        document["allocations"] = [
            {**part._asdict(), "amount": format_amount(part.amount)} for part in paid.get(one.entry, ())
        ]
    return document


def _aged(one: Aged) -> dict[str, Any]:
    return {
        "tenancy": one.tenancy,
        "name": one.name,
        "property": one.property,
        "currency": one.currency,
        **ageing_document(one.ageing),
        "balance": format_amount(one.ageing.balance),
        "overdue": format_amount(one.ageing.overdue),
    }


def _total(one: Total) -> dict[str, Any]:
    return {
        "key": one.key,
        "currency": one.currency,
        "tenancies": one.tenancies,
        **ageing_document(one.ageing),
        "balance": format_amount(one.ageing.balance),
    }


def _lines(site: Site, found: Upcoming) -> Iterator[dict[str, Any]]:
    company = site.company(found.tenancy.partition("-")[0])
    for line in found.charge.lines:
        yield {
            "charge_type": line.charge_type,
            "text": line.text or company.charge_type(line.charge_type).text,
            "amount": format_amount(line.amount),
            "from": line.first.isoformat(),
            "to": line.last.isoformat(),
            "months": line.months,
            "partial": line.partial,
        }


def _tell_balance(found: Balance, document: dict[str, Any]) -> None:
    moved_out = f", moved out {found.move_out}" if found.moved_out else ""
    say(f"{found.tenancy}  {found.name}, {found.currency} on {found.as_of}, account {found.number}{moved_out}")
    _tell_recorded(found.recorded)
    titles = {"balance": "owes", "overdue": "of this overdue", "coming": "booked, counts later"}
    table(("", ">amount"), [(title, document[key]) for key, title in titles.items()])
    if any(found.ageing):
        table([f">{band}" for band in _BANDS], [list(map(format_amount, found.ageing))])
    if found.holdings:
        rows = [list(one.values()) for one in document["holdings"]]
        table(("holding", "account", ">charged", ">unpaid", ">held"), rows)
    if document["next_charge"]:
        say(f"next collection due {document['next_charge']}")


def _tell_recorded(recorded: datetime | None) -> None:
    if recorded is not None:
        say(f"as the books stood at {moment(recorded)}")


def _tell_movements(
    key: str, opening: int | None, found: Sequence[Movement], paid: dict[int, list[Paid]] | None
) -> None:
    if not found:
        say(f"{key} has no movements")
        return
    columns = ("date", "posted", "kind", "doc", "voucher", "text", ">amount", ">balance", "from")
    before = [] if opening is None else [(*[""] * 5, "brought forward", "", format_amount(opening), "")]
    table(columns, [*before, *(row for one in found for row in _movement_rows(one, paid))])


def _movement_rows(one: Movement, paid: dict[int, list[Paid]] | None) -> Iterator[tuple[object, ...]]:
    """The posting date is told where it is another than the value date: of a closed period (R22)."""
    posted = "" if one.posting_date == one.value_date else one.posting_date
    amounts = (format_amount(one.amount), format_amount(one.balance))
    told = (one.value_date, posted, one.kind, one.document_type, one.voucher, one.text)
    yield (*told, *amounts, source_text(one.source))
    for part in () if paid is None else paid.get(one.entry, ()):
        other = f"by entry {part.payment}" if part.charge == one.entry else f"to {part.reference or part.charge}"
        yield (*[""] * 5, f"  {other}, {part.charge_type} ({part.policy})", format_amount(part.amount), "", "")


def _tell_ageing(when: When, rows: Sequence[Aged], properties: Sequence[Total], companies: Sequence[Total]) -> None:
    say(f"on {when.as_of}")
    _tell_recorded(when.recorded)
    columns = ("tenancy", "name", *(f">{band}" for band in _BANDS), ">balance")
    if rows:
        table(columns, [(one.tenancy, one.name, *_amounts(one.ageing)) for one in rows])
    tenancies = sum(one.tenancies for one in companies)
    if tenancies > len(rows):
        say(f"and {tenancies - len(rows)} with nothing")
    totals = [(f"property {one.key}", one) for one in properties] + [(f"company {one.key}", one) for one in companies]
    if tenancies > 1:
        table(
            ("total of", "tenancies", *columns[2:], ""),
            [(title, one.tenancies, *_amounts(one.ageing), one.currency) for title, one in totals],
        )


def _amounts(ageing: Iterable[int]) -> list[str]:
    bands = list(ageing)
    return [format_amount(ore) for ore in (*bands, sum(bands))]


def _tell_next_charge(found: Upcoming, document: dict[str, Any]) -> None:
    say(f"{found.tenancy}  {found.name}, {found.currency}: due {document['due_date']}, to {document['period_to']}")
    if found.after_move_out:
        say(f"the last day is {found.move_out}: nothing new is charged, a collection asks for what is open alone")
    rows = [("arrears", "", document["arrears"])]
    for line in document["lines"]:
        days = f"{line['from']} - {line['to']}"
        part = ", not all of it: charged whole" if line["partial"] else ""
        rows.append(
            (f"{line['charge_type']} {line['text']}", f"{days}{part}" if line["months"] else "once", line["amount"])
        )
    if found.charge.credits_used:
        rows.append(("credit used", "", format_amount(-found.charge.credits_used)))
    table(("", "", ">amount"), [*rows, ("total", "", document["total"])])
    if found.demanded:
        say(f"{document['demanded']} is demanded already and falls due after {found.as_of}")
    if document["collects_from"] is None:
        say(f"periods that have begun by {found.as_of} are left out: its company's settings have no collects_from")
