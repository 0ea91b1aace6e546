"""What commands that make or move a delivery have in common: its vendor, and the outbox after the commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub.errors import HubError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.settings import Site
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

    Asked again under its key, it may have been handed over meanwhile. Raises NotInOutboxError.
    """
    from hub.outbox.handing_over import sweep
    from hub.outbox.placing import outbox_path, place
    from hub.store.collecting.deliveries import delivery_of, is_to_hand_over

    ours = delivery_of(conn, delivery)
    try:
        sweep(conn, site)
        return {"path": str(place(site, ours)) if is_to_hand_over(conn, ours) else None}
    except OSError as error:
        raise NotInOutboxError(
            f"delivery {delivery} is made and kept, but is not in the outbox: {error.strerror or error}",
            where=str(outbox_path(site, ours)),
            why="nobody can hand it over from there; whom it asks counts as asked, and is not asked by another run",
            do=f"mend the folder, then: hub deliveries write {delivery}",
        ) from error
