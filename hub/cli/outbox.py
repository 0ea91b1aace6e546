"""What commands that make or move a delivery have in common: its vendor, and the outbox after the commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub.errors import HubError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.settings import Site
    from hub.store.exchange.dispatches import Dispatch
    from hub.vendors import Instance


@contextmanager
def instance_of(site: Site, company: str) -> Iterator[Instance | None]:
    """The vendor instance that takes the company's deliveries; None = it has none."""
    from hub.vendors import Vendors

    config = site.companies.get(company)
    if config is None or config.collection.vendor is None:
        yield None
        return
    with Vendors(site) as vendors:
        yield vendors.instances.get(config.collection.vendor)


class NotInOutboxError(HubError):
    """A delivery is made and kept, and its file could not be put where it is fetched from."""


def swept(conn: Connection, site: Site, _: Mapping[str, Any]) -> Mapping[str, Any]:
    """After an act: what is not to be handed over any more leaves the outbox."""
    from hub.outbox.handing_over import sweep

    sweep(conn, site)
    return {}


def placed(conn: Connection, site: Site, delivery: int) -> Mapping[str, Any]:
    """After an act: the outbox is swept, and the delivery put there. ``path`` None = it is not to be handed over.

    Asked again under its key, it may have been handed over meanwhile. ``dispatches`` are its ways by machine,
    ``not_mailed`` says why it has not one more (R38). Raises NotInOutboxError, ChangedBytesError, InTheClearError.
    """
    from hub.outbox.channels import not_mailed
    from hub.outbox.handing_over import sweep
    from hub.outbox.placing import outbox_path, place
    from hub.store.collecting.deliveries import delivery_of, is_to_hand_over
    from hub.store.collecting.sent_by import dispatches_by

    ours, ways = delivery_of(conn, delivery), dispatches_by(conn, delivery)
    try:
        sweep(conn, site)
        path = str(place(site, ours, ways)) if is_to_hand_over(conn, ours) else None
    except OSError as error:
        raise NotInOutboxError(
            f"delivery {delivery} is made and kept, but is not in the outbox: {error.strerror or error}",
            where=str(outbox_path(site, ours, ways)),
            why="nobody can hand it over from there; whom it asks counts as asked, and is not asked by another run",
            do=f"mend the folder, then: hub deliveries write {delivery}",
        ) from error
    unmailed = list(not_mailed(site, ours.vendor)) if ours.vendor in site.vendors else []
    return {"path": path, "dispatches": [brief(one) for one in ways], "not_mailed": unmailed}


def brief(one: Dispatch) -> dict[str, Any]:
    """A dispatch as its delivery tells of it."""
    return {"id": one.id, "channel": one.channel, "target": one.target, "state": one.state}


def where_it_is(document: Mapping[str, Any]) -> str:
    """Of a document of :func:`placed`: where its file lies for a person, or which way it goes, in words."""
    ways = ", ".join(f"{way_of(one)} ({one['state']})" for one in document["dispatches"])
    words = [document["path"] or ways or "handed over already", *document["not_mailed"]]
    return "; ".join(words)


def way_of(one: Mapping[str, Any]) -> str:
    return f"dispatch {one['id']} by {one['channel']} to {one['target']}"
