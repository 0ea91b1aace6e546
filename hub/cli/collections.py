"""``hub collections``: what was demanded of whom, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.asking import CompanyOption, LimitOption, PropertyOption, TenancyOption, brief, day_of, iso
from hub.cli.context import JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.ledger import moment
from hub.cli.output import answer, say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from hub.store.collecting.answers import AnsweringEntry, Asked, AskedDetail, AskedLine, Came, State

collections_app = typer.Typer(help="What was demanded of whom, and what became of it.")


@collections_app.command("list")
def list_collections(
    ctx: typer.Context,
    company: CompanyOption = None,
    property: PropertyOption = None,
    tenancy: TenancyOption = None,
    due: Annotated[str | None, typer.Option("--due", metavar="DATE", help="Due on this day, YYYY-MM-DD.")] = None,
    delivery: Annotated[int | None, typer.Option("--delivery", metavar="ID", min=1, help="In this delivery.")] = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="waiting, paid, part-paid, overpaid, failed, charged-back or withdrawn.",
        ),
    ] = None,
    limit: LimitOption = 500,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Collections with what was paid on them, the latest due first."""
    from hub.store import views
    from hub.store.collecting.answers import AskedQuery, collections

    day, wanted = day_of(due, "--due"), _state(state)
    with books_of(root_of(ctx, site)) as (_, conn):
        scope = views.scope_of(conn, company=company, property=property, tenancy=tenancy)
        found, more = collections(conn, AskedQuery(scope, day, delivery, wanted), limit)
    rows = [_asked(one, came) for one, came in found]

    def tell() -> None:
        table(_COLUMNS, [[row[column] for column in _SHOWN] for row in rows])
        if more:
            say(f"and {more} more: see --limit")

    answer(as_json, {"collections": rows, "left_out": more}, tell)
    return 0


@collections_app.command("show")
def show_collection(
    ctx: typer.Context,
    collection: Annotated[
        str,
        typer.Argument(metavar="REFERENCE|ID", callback=as_unicode, help="Its reference of nine digits, or its id."),
    ],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """A collection with what it demands, and the entries and files that say what became of it."""
    from hub.store.collecting.answers import collection_detail

    with books_of(root_of(ctx, site)) as (_, conn):
        found = collection_detail(conn, collection)
    document = {
        **_asked(found.asked, found.came),
        "creditor": found.asked.creditor,
        "debtor_group": found.asked.debtor_group,
        "mandate": found.asked.mandate or None,
        "withdrawn_at": None if found.asked.withdrawn_at is None else moment(found.asked.withdrawn_at),
        "lines": [_line(one) for one in found.lines],
        "answers": [_entry(one) for one in found.came.entries],
        "slips": [one._asdict() for one in found.slips],
    }
    answer(as_json, document, lambda: _tell(found, document))
    return 0


def _state(text: str | None) -> State | None:
    from hub.store.collecting.answers import STATES

    if text is None:
        return None
    for one in STATES:
        if one == text.strip().replace("-", " ").replace("_", " "):
            return one
    told = ", ".join(one.replace(" ", "-") for one in STATES)
    raise typer.BadParameter(f"{text!r} is no state: write one of {told}", param_hint="--state")


def _asked(one: Asked, came: Came) -> dict[str, Any]:
    return {
        "id": one.id,
        "reference": one.reference,
        "company": one.company,
        "tenancy": one.tenancy,
        "name": one.name,
        "customer": one.customer,
        "channel": one.channel,
        "due_date": iso(one.due_date),
        "amount": format_amount(one.amount),
        "currency": one.currency,
        "paid": format_amount(came.paid),
        "difference": format_amount(came.paid - one.amount),
        "state": came.state,
        "delivery": one.delivery,
        "delivery_state": one.delivery_state,
    }


def _line(one: AskedLine) -> dict[str, Any]:
    return {
        **one._asdict(),
        "due_date": iso(one.due_date),
        "amount": format_amount(one.amount),
        "remaining": format_amount(one.remaining),
    }


def _entry(one: AnsweringEntry) -> dict[str, Any]:
    return {**one._asdict(), "value_date": iso(one.value_date), "amount": format_amount(one.amount)}


def _tell(found: AskedDetail, document: dict[str, Any]) -> None:
    said = {name: document[name] for name in _FACTS if document[name] not in (None, "")}
    table(("", ""), [(name.replace("_", " "), value) for name, value in said.items()])
    for title, name, columns, titles in (
        ("it demands", "lines", _LINE, _LINE_COLUMNS),
        ("what became of it", "answers", _ANSWER, _ANSWER_COLUMNS),
        ("its slip", "slips", _SLIP, _SLIP_COLUMNS),
    ):
        if document[name]:
            say("", title)
            table(titles, [[_cell(row[column]) for column in columns] for row in document[name]])
    if not found.came.entries:
        say("", "the vendor has not answered yet")


def _cell(value: object) -> str:
    return "" if value is None else brief(str(value))


_SHOWN = ("id", "reference", "tenancy", "name", "channel", "due_date", "amount", "paid", "state", "delivery")
_COLUMNS = (">id", "reference", "tenancy", "name", "channel", "due", ">amount", ">paid", "state", ">delivery")
_FACTS = (
    *("id", "reference", "company", "tenancy", "name", "customer", "channel", "creditor", "debtor_group", "mandate"),
    *("due_date", "amount", "paid", "difference", "currency", "state", "delivery", "delivery_state", "withdrawn_at"),
)
_LINE = ("reference", "due_date", "charge_type", "text", "amount", "remaining")
_LINE_COLUMNS = ("charge", "due", "type", "text", ">demanded", ">open of the line")
_ANSWER = ("entry", "kind", "value_date", "amount", "file", "file_id", "record", "taken_back_by")
_ANSWER_COLUMNS = (">entry", "kind", "on", ">amount", "file", ">file", ">line", ">taken back by")
_SLIP = ("card_type", "slip_creditor", "payment_id", "origin")
_SLIP_COLUMNS = ("card type", "creditor", "payment id", "made by")
