"""``hub collect``: the collection run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import KeyOption, acted, answered, checked
from hub.cli.asking import NowOption, moment_of, refuse_other_clocks, required_day
from hub.cli.context import ActorOption, JsonOption, SiteOption
from hub.cli.outbox import instance_of, placed, swept, where_it_is
from hub.cli.output import answer, say, table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.acts.act import Acting
    from hub.collecting.control import Control
    from hub.collecting.issue import Issued
    from hub.collecting.run import Planned, RunAsked
    from hub.settings import Site


def collect(
    ctx: typer.Context,
    company: Annotated[str, typer.Option("--company", metavar="NUMBER", help="Whose tenants are asked.")],
    due: Annotated[str, typer.Option("--due", metavar="DATE", help="When it falls due: YYYY-MM-DD.")],
    property: Annotated[
        str | None, typer.Option("--property", metavar="PROPERTY", help="Of this property alone: 12, or 1-12.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Show the data check and the control list; write nothing.")
    ] = False,
    payouts: Annotated[bool, typer.Option("--payouts", help="Pay out what tenants have to their credit.")] = False,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Collect from the others where some cannot be.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="After the vendor's deadline.")] = False,
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Also for what the vendor should have answered, and has not.")
    ] = False,
    moment: NowOption = None,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """The collection run: charge what is registered, demand what falls due, make the delivery. All of it or nothing."""
    from hub.collecting.run import RunAsked
    from hub.store.portfolio import plain_number

    number = plain_number(company)
    one = None if property is None else plain_number(property.removeprefix(f"{company}-"))
    asked = RunAsked(number, required_day(due, "--due"), one, payouts, leave_out, force, ask_again)
    at = moment_of(moment)
    if check:
        shown = checked(ctx, site, "collect", vars(asked), lambda acting: _check(acting, asked), actor=actor, at=at)
        answer(as_json, shown, lambda: _tell(shown))
        return 0

    def do(acting: Acting) -> Mapping[str, Any]:
        refuse_other_clocks(acting.site, at)
        return _run(acting, asked)

    done = acted(ctx, site, "collect", vars(asked), do, _after, actor=actor, key=key, at=at)
    if as_json or done.repeated:
        answered(as_json, done.result, done.repeated)
    else:
        _tell(done.result)
    return 0


def _check(acting: Acting, asked: RunAsked) -> Mapping[str, Any]:
    from hub.collecting.run import plan

    return _planned(acting, plan(acting, asked))


def _run(acting: Acting, asked: RunAsked) -> Mapping[str, Any]:
    from hub.collecting.issue import issue
    from hub.collecting.run import plan, refuse_unfit

    planned = plan(acting, asked)
    refuse_unfit(planned)
    with instance_of(acting.site, asked.company) as instance:
        return {**_planned(acting, planned), **_issued(issue(acting, planned, instance))}


def _after(conn: Connection, site: Site, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those that were merged into this run leave the outbox; its own delivery is put there."""
    if result["delivery"] is None:
        return swept(conn, site, result)
    return placed(conn, site, result["delivery"]["id"])


def _planned(acting: Acting, planned: Planned) -> dict[str, Any]:
    from hub.collecting.run import deadline_of
    from hub.collecting.texts import billed
    from hub.money import format_amount

    lines = billed(planned.demands, planned.texts)
    price = None if planned.section is None else planned.section.line_price
    return {
        "company": planned.asked.company,
        "property": planned.asked.property,
        "due": planned.asked.due.isoformat(),
        "deadline": deadline_of(acting, planned),
        "charged": {
            "charges": planned.charging.charges,
            "amount": format_amount(planned.charging.amount),
            "partial_months": list(planned.charging.partial),
        },
        "collections": len(planned.demands),
        "amount": format_amount(sum(one.amount for one in planned.demands)),
        "text_lines": lines,
        "text_lines_price": None if price is None else format_amount(lines * price),
        "payouts": [
            {"tenancy": one.debtor.tenancy.key, "amount": format_amount(one.payout)}
            for one in planned.demands
            if one.payout
        ],
        "unfit": [one._asdict() for one in planned.unfit],
        "withdraws": list(planned.withdraws),
        "left": [{**one._asdict(), "amount": format_amount(one.amount)} for one in planned.left],
        "open_and_not_asked": format_amount(sum(one.amount for one in planned.left if one.amount > 0)),
        "already_asked": [
            {
                **before._asdict(),
                "due": before.due.isoformat(),
                "tenancies": len({tenancy for tenancy, _ in rows}),
                "amount": format_amount(sum(amount for _, amount in rows)),
            }
            for before, rows in sorted(planned.already.items(), key=lambda one: (one[0].due, one[0].delivery or 0))
        ],
        "late_enrolments": list(planned.late),
        **_control(planned.control),
    }


def _control(control: Control) -> dict[str, Any]:
    from hub.money import format_amount

    return {
        "properties": [
            {
                **one._asdict(),
                "amount": format_amount(one.amount),
                "overdue": format_amount(one.overdue),
                "payouts": format_amount(one.payouts),
            }
            for one in control.properties
        ],
        "compared_with": control.before,
        "changes": [
            {
                "tenancy": one.tenancy,
                "what": one.what,
                "before": None if one.before is None else format_amount(one.before),
                "now": None if one.now is None else format_amount(one.now),
            }
            for one in control.compared
        ],
    }


def _issued(issued: Issued) -> dict[str, Any]:
    delivery = issued.delivery
    return {
        "own_slips": issued.own_slips,
        "delivery": None
        if delivery is None
        else {
            "id": delivery.id,
            "number": f"{delivery.number:010d}",
            "name": delivery.name,
            "sha256": delivery.sha256,
            "records": delivery.records,
        },
    }


def _tell(document: Mapping[str, Any]) -> None:
    for title, rows, columns in (
        ("cannot be collected:", "unfit", ("where", "why", "do")),
        ("not asked:", "left", ("tenancy", "amount", "why")),
        ("", "properties", ("property", "name", "collections", "automatic", "amount", "overdue", "payouts")),
        ("paid out:", "payouts", ("tenancy", "amount")),
        (f"against {document['compared_with']}:", "changes", ("tenancy", "what", "before", "now")),
    ):
        if document[rows]:
            say(*([title] if title else []))
            table(columns, [[one[name] for name in columns] for one in document[rows]])
    if document["late_enrolments"]:
        say(f"enrolled too late for this day (hub mandates deliver): {', '.join(document['late_enrolments'])}")
    if document["left"]:
        say(f"open and not asked: {document['open_and_not_asked']}")
    for one in document["already_asked"]:
        say(f"already asked for {one['due']} by {_by(one)}: {one['tenancies']} tenancies, {one['amount']}")
    for delivery in document["withdraws"]:
        say(f"takes the place of delivery {delivery}, which is withdrawn: be sure that nobody has uploaded it")
    charged = document["charged"]
    say(f"charged now: {charged['charges']} charges, {charged['amount']}")
    if charged["partial_months"]:
        say(f"for a part of a month, and charged for the whole: {', '.join(charged['partial_months'])}")
    price = document["text_lines_price"]
    billed = f"{document['text_lines']} text lines" + (f", {price} of them to the vendor" if price else "")
    say(f"{document['collections']} collections of {document['amount']}, due {document['due']}; {billed}")
    if document["deadline"]:
        say(f"to be delivered before {document['deadline']}")
    _tell_written(document)


def _by(one: Mapping[str, Any]) -> str:
    if one["delivery"] is None:
        return "own slips"
    return f"delivery {one['delivery']} ({one['state']}{', not handed over' if one['state'] == 'made' else ''})"


def _tell_written(document: Mapping[str, Any]) -> None:
    if "delivery" not in document:
        say("nothing was written: this was the check")
        return
    if delivery := document["delivery"]:
        say(f"delivery {delivery['id']}, number {delivery['number']}: {where_it_is(document)}")
    if document["own_slips"]:
        asked = f"--company {document['company']} --due {document['due']}"
        say(f"{document['own_slips']} own slips: hub slips print {asked} --out DIR")
