"""A claim has an owner and a lease (hub.store.owners), and passes on when the owner is gone.

Between machines (PostgreSQL) the lease decides: a thread renews it while the work lasts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub.errors import HubError
from hub.intake.hub import Hub
from hub.store import journal, owners
from hub.store.journal import Arrival

log = structlog.get_logger()


def is_free(claim: Arrival, now: datetime) -> bool:
    """Whether the claim's owner is this process, is dead, or let its lease run out."""
    return owners.is_free(claim.owner, claim.lease_until, now)


def lease(hub: Hub) -> timedelta:
    return timedelta(seconds=hub.site.hub.intake.lease_seconds)


def lease_end(hub: Hub) -> datetime:
    return hub.clock() + lease(hub)


def take_over(hub: Hub, claim: Arrival, actor: str) -> Arrival | None:
    """The claim as ours, where its owner lets us have it."""
    if not is_free(claim, hub.clock()):
        return None
    with hub.db.write() as conn:
        taken = journal.change_owner(conn, claim, owners.own_name(), lease_end(hub))
        if taken is not None and claim.owner != taken.owner:
            detail = {"from": claim.owner, "to": taken.owner}
            about = {"arrival_id": claim.id, "file_id": claim.file_id}
            journal.add_event(conn, at=hub.clock(), actor=actor, what="taken over", detail=detail, **about)
    return taken


@contextmanager
def kept(hub: Hub, claim: Arrival) -> Iterator[None]:
    """While inside, other machines see that the claim's owner lives."""
    if hub.db.dialect == "sqlite":
        yield
        return
    done = threading.Event()
    pause = hub.site.hub.intake.lease_seconds / 3

    def renew() -> None:
        while not done.wait(pause):
            try:
                with hub.db.write() as conn:
                    journal.renew(conn, claim.id, claim.owner, lease_end(hub))
            except (SQLAlchemyError, HubError) as error:
                log.warning("lease not renewed, tried again", arrival=claim.id, error=str(error))

    thread = threading.Thread(target=renew, name=f"lease-{claim.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
