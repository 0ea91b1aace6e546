"""What commands that make or move a delivery have in common: its vendor, and the outbox after the commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.settings import Site
    from hub.vendors import Instance


@contextmanager
def instance_of(site: Site, company: str) -> Iterator[Instance | None]:
    """The vendor instance that takes the company's deliveries; None = it has none."""
    from hub.vendors import Vendors

    name = site.company(company).collection.vendor
    if name is None:
        yield None
        return
    with Vendors(site) as vendors:
        yield vendors.instances.get(name)


def swept(conn: Connection, site: Site, _: Mapping[str, Any]) -> Mapping[str, Any]:
    """After an act: what is not to be handed over any more leaves the outbox."""
    from hub.collecting.handing_over import sweep

    sweep(conn, site)
    return {}


def placed(conn: Connection, site: Site, delivery: int) -> Mapping[str, Any]:
    """After an act: the outbox is swept, and the delivery put there. ``path`` None = it is not to be handed over.

    Asked again under its key, it may have been handed over meanwhile.
    """
    from hub.collecting.deliveries import place
    from hub.collecting.handing_over import sweep
    from hub.store.collecting.deliveries import delivery_of, is_to_hand_over

    sweep(conn, site)
    ours = delivery_of(conn, delivery)
    return {"path": str(place(site, ours)) if is_to_hand_over(conn, ours) else None}
