"""``hub export``: the file that tells a meter company of tenants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.acting import DONE_BEFORE, KeyOption, acted, checked
from hub.cli.asking import iso
from hub.cli.context import WRONG_USE, ActorOption, JsonOption, SiteOption, as_unicode
from hub.cli.outbox import placed, where_it_is
from hub.cli.output import answer, say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.acts.act import Acting
    from hub.consumption.telling import ExportAsked, Telling, Told
    from hub.settings import Site

#: Tenants that a person is shown; a program gets all.
_SHOWN = 40


def export(
    ctx: typer.Context,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", callback=as_unicode, help="The vendor instance.")],
    property: Annotated[
        str, typer.Option("--property", metavar="PROPERTY", callback=as_unicode, help="company-property, e.g. 1-12")
    ],
    period: Annotated[
        str, typer.Option("--period", metavar="FROM..TO", help="The account's, e.g. 2025-06-01..2026-05-31.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", file_okay=False, help="A copy of the file goes there too.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Show what the file would say; write nothing.")] = False,
    key: KeyOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Tells a meter company who lives in a property, who moved, and what was asked of them on account.

    Asked again when nothing has changed, it makes no second file.
    """
    from hub.consumption.telling import ExportAsked
    from hub.outbox.placing import copy_to
    from hub.settings import parse_period
    from hub.store.collecting.deliveries import delivery_of
    from hub.store.portfolio import plain_key

    try:
        days = parse_period(period)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error
    asked = ExportAsked(instance, plain_key(property), days)
    if check:
        shown = checked(ctx, site, "export", vars(asked), lambda acting: _checked(acting, asked), actor=actor)
        answer(as_json, shown, lambda: _tell_check(shown))
        return WRONG_USE if shown["refused"] else 0

    def after(conn: Connection, the_site: Site, result: Mapping[str, Any]) -> Mapping[str, Any]:
        delivery = result["delivery"]["id"]
        ways = placed(conn, the_site, delivery)
        return ways if out is None else {**ways, "copy": str(copy_to(the_site, delivery_of(conn, delivery), out))}

    done = acted(ctx, site, "export", vars(asked), lambda acting: _made(acting, asked), after, actor=actor, key=key)
    document = {**done.result, "repeated": done.repeated}
    answer(as_json, document, lambda: _tell(document))
    return 0


def _made(acting: Acting, asked: ExportAsked) -> Mapping[str, Any]:
    from hub.consumption.export import export
    from hub.consumption.telling import plan
    from hub.vendors import Vendors

    planned = plan(acting, asked)
    with Vendors(acting.site) as vendors:
        exported = export(acting, planned, vendors.instances[asked.instance])
    ours = exported.delivery
    return {
        **_planned(planned),
        "unchanged": exported.unchanged,
        "withdraws": list(exported.withdraws),
        "remarks": list(exported.remarks),
        "delivery": {"id": ours.id, "number": f"{ours.number:010d}", "name": ours.name, "sha256": ours.sha256},
    }


def _checked(acting: Acting, asked: ExportAsked) -> Mapping[str, Any]:
    from hub.consumption.export import try_out
    from hub.consumption.telling import plan
    from hub.vendors import Vendors

    planned = plan(acting, asked)
    with Vendors(acting.site) as vendors:
        tried = try_out(planned, vendors.instances[asked.instance])
    return {
        **_planned(planned),
        # What was opened a moment ago is taken back with the check.
        "account": planned.account.id if planned.account.opened_at < acting.now else None,
        "tenants": [_tenant(one) for one in planned.told],
        "refused": [one._asdict() for one in tried.refused],
        "remarks": list(tried.remarks),
    }


def _planned(planned: Telling) -> dict[str, Any]:
    first, last = planned.asked.period
    standings = [one.tenant.standing for one in planned.told]
    return {
        "instance": planned.asked.instance,
        "property": f"{planned.property_ref.company_number}-{planned.property_ref.number}",
        "type": planned.type,
        "period": f"{first}..{last}",
        "account": planned.account.id,
        "present": standings.count("present"),
        "moved_out": standings.count("moved_out"),
        "on_account": format_amount(planned.on_account),
        "basis": planned.section.basis,
        "left_out": [{**one._asdict(), "amount": format_amount(one.amount)} for one in planned.left],
    }


def _tenant(one: Told) -> dict[str, Any]:
    facts = one.tenant.facts
    return {
        "tenancy": one.tenant.key,
        "name": facts.name,
        "standing": one.tenant.standing,
        "move_in": iso(facts.move_in),
        "move_out": iso(facts.move_out),
        "on_account": format_amount(one.on_account),
    }


def _tell_check(document: Mapping[str, Any]) -> None:
    tenants = document["tenants"]
    table(("tenancy", "name", "", "in", "out", ">on account"), [list(one.values()) for one in tenants[:_SHOWN]])
    if len(tenants) > _SHOWN:
        say(f"and {len(tenants) - _SHOWN} more: --json")
    _tell_planned(document)
    if document["refused"]:
        say("cannot be told:")
        table(("tenancy", "why"), [list(one.values()) for one in document["refused"]])
    say("nothing was written: this was the check")


def _tell(document: Mapping[str, Any]) -> None:
    if document["repeated"]:
        say(DONE_BEFORE)
    _tell_planned(document)
    delivery = document["delivery"]
    for withdrawn in document["withdraws"]:
        say(f"takes the place of delivery {withdrawn}, which is withdrawn: be sure that nobody has sent it")
    if document["unchanged"]:
        say(f"nothing has changed since delivery {delivery['id']}: no second file was made")
    say(f"delivery {delivery['id']}, {delivery['name']}: {where_it_is(document)}")
    if "copy" in document:
        say(f"copy: {document['copy']}")


def _tell_planned(document: Mapping[str, Any]) -> None:
    if document["left_out"]:
        say("charged on account, and not in the file:")
        table(("tenancy", ">amount", "why"), [list(one.values()) for one in document["left_out"]])
    say(*document["remarks"])
    present, gone = document["present"], document["moved_out"]
    account = f"account {document['account']}" if document["account"] else "account, not opened yet,"
    say(
        f"{document['type']} {account} of {document['property']}, {document['period']}: "
        f"{present + gone} tenancies, {gone} of them moved out; {document['on_account']} on account "
        f"({document['basis']})"
    )
