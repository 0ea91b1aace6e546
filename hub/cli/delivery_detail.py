"""One delivery or all of them, as JSON and for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hub.cli.ledger import moment
from hub.cli.outbox import brief, way_of
from hub.cli.output import say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.settings import Site
    from hub.store.collecting.deliveries import Delivery, UnassignedReceipt

#: Collections that a person is shown; a program gets all.
_SHOWN = 20


def listed(
    conn: Connection, site: Site, found: Sequence[Delivery], receipts: Sequence[UnassignedReceipt], now: datetime
) -> dict[str, Any]:
    from hub.outbox.placing import outbox_path
    from hub.store.exchange.dispatches import dispatches_of

    limits = _deadlines(conn, site, found)
    ways = dispatches_of(conn, [one.id for one in found])
    return {
        "deliveries": [
            {
                **_delivery(one),
                "in_outbox": outbox_path(site, one, ways.get(one.id, [])).exists(),
                "dispatches": [brief(way) for way in ways.get(one.id, [])],
                "deliver_before": limits[one.id].isoformat() if one.id in limits else None,
                "late": one.id in limits and now >= limits[one.id],
            }
            for one in found
        ],
        "receipts": [
            {
                "file": one.file_id,
                "vendor": one.vendor,
                "verdict": one.what,
                "about": one.about,
                "text": one.text,
                "at": moment(one.at),
            }
            for one in receipts
        ],
    }


def _deadlines(conn: Connection, site: Site, found: Sequence[Delivery]) -> dict[int, datetime]:
    """By when those must be with their vendor that nobody has handed over yet."""
    from hub.collecting.deadlines import deadline
    from hub.store.collecting.collections import first_due_days

    made = {
        one.id: site.vendors[one.vendor].delivery for one in found if one.state == "made" and one.vendor in site.vendors
    }
    due = first_due_days(conn, list(made))
    return {id: deadline(due[id], section, site.zone) for id, section in made.items() if section and id in due}


def shape(conn: Connection, site: Site, delivery_id: int) -> dict[str, Any]:
    """Raises NoDeliveryError."""
    from hub.outbox.placing import is_as_made, outbox_path
    from hub.store.collecting.deliveries import delivery_of, events_of, is_to_hand_over
    from hub.store.collecting.inside import collections_inside, orders_inside, told_inside
    from hub.store.collecting.outdated import outdated_in
    from hub.store.collecting.sent_by import dispatches_by

    one = delivery_of(conn, delivery_id)
    ways = dispatches_by(conn, one.id)
    path = outbox_path(site, one, ways)
    return {
        **_delivery(one),
        "data_supplier": one.data_supplier,
        "subsystem": one.subsystem,
        "created_on": one.created_on.isoformat(),
        "plugin_version": one.plugin_version,
        "sha256": one.sha256,
        "bytes_as_made": is_as_made(site, one),
        "to_hand_over": is_to_hand_over(conn, one),
        "outbox": str(path) if path.exists() else None,
        "dispatches": [brief(way) for way in ways],
        "events": [{**event._asdict(), "at": moment(event.at)} for event in events_of(conn, one.id)],
        "collections": [
            {**inside._asdict(), "due_date": inside.due_date.isoformat(), "amount": format_amount(inside.amount)}
            for inside in collections_inside(conn, one.id)
        ],
        "outdated": [
            {
                "tenancy": asked.tenancy,
                "reference": asked.reference,
                "amount": format_amount(asked.amount),
                "open": format_amount(asked.open),
            }
            for asked in outdated_in(conn, one.id)
        ],
        "orders": [inside._asdict() for inside in orders_inside(conn, one.id)],
        "told": [
            {
                "tenancy": inside.tenancy,
                "name": inside.name,
                "on_account": format_amount(inside.on_account),
                "account": inside.account,
                "type": inside.type,
                "period": f"{inside.period_from}..{inside.period_to}",
            }
            for inside in told_inside(conn, one.id)
        ],
    }


def tell_list(document: Mapping[str, Any]) -> None:
    found, receipts = document["deliveries"], document["receipts"]
    columns = ("id", "made_at", "vendor", "kind", "number", "name", "state", "items", "amount")
    if found:
        table(
            (">id", "made (UTC)", *columns[2:7], ">items", ">amount"),
            [[one[name] for name in columns] for one in found],
        )
        for one in found:
            _tell_way(one)
            if one["late"]:
                say(f"delivery {one['id']} is late: it had to be with {one['vendor']} before {one['deliver_before']}")
    else:
        say("no deliveries")
    if receipts:
        say(
            "", "verdicts that name none of them (hub deliveries settle ID accepted|refused --receipt FILE --note ...):"
        )
        said = ("file", "at", "vendor", "verdict", "about", "text")
        table((">file", *said[1:]), [[one[name] for name in said] for one in receipts])


def _tell_way(one: Mapping[str, Any]) -> None:
    """What of a delivery of the list needs a person, or is to be waited for."""
    for way in one["dispatches"]:
        if way["state"] not in ("sent", "cancelled"):
            say(f"delivery {one['id']}: {way_of(way)} is {way['state']}: hub outbox show {way['id']}")
    by_machine = any(way["state"] != "cancelled" for way in one["dispatches"])
    if one["state"] == "made" and not one["in_outbox"] and not by_machine:
        say(f"delivery {one['id']} is not in the outbox: hub deliveries write {one['id']}")


def tell(document: Mapping[str, Any]) -> None:
    rest = ("dispatches", "events", "collections", "outdated", "orders", "told")
    head = {name: value for name, value in document.items() if name not in rest and value not in ("", None)}
    table(("", ""), [(name.replace("_", " "), value) for name, value in head.items()])
    for way in document["dispatches"]:
        say(f"{way_of(way)}: {way['state']}")
    columns = ("at", "what", "actor", "file_id", "about", "text")
    table(
        ("at (UTC)", "what", "who", ">file", *columns[4:]),
        [[one[name] for name in columns] for one in document["events"]],
    )
    for what, title in (
        ("collections", "collections"),
        ("outdated", "collections ask for more than is open: withdraw it and collect again"),
        ("orders", "orders"),
        ("told", "tenancies, with what was asked of them on account"),
    ):
        rows = document[what]
        if rows:
            say("", f"{len(rows)} {title}:")
            table(tuple(rows[0]), [list(one.values()) for one in rows[:_SHOWN]])
        if len(rows) > _SHOWN:
            say(f"and {len(rows) - _SHOWN} more: --json")


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "vendor": one.vendor,
        "kind": one.kind,
        "number": f"{one.number:010d}",
        "name": one.name,
        "state": one.state,
        "vendor_number": one.vendor_number,
        "sections": one.sections,
        "items": one.items,
        "amount": format_amount(one.amount),
        "texts": one.texts,
        "records": one.records,
        "made_at": moment(one.made_at),
        "actor": one.actor,
    }
