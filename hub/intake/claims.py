"""Who works on what: a claim has an owner and a lease, and passes on when the owner is gone.

On one machine the process table tells whether an owner lives, whatever its lease says: while a long booking holds
SQLite's only write lock, nobody could renew a lease there. Between machines (PostgreSQL) the lease decides, and a
thread renews it while the work lasts.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub.errors import HubError
from hub.intake.hub import Hub
from hub.store import journal
from hub.store.journal import Arrival

log = structlog.get_logger()


def own_name() -> str:
    """This process, told from every other that is or was: host, process id, start."""
    return _owner(os.getpid())


def is_free(claim: Arrival, now: datetime) -> bool:
    """Whether the claim's owner is this process, is dead, or let its lease run out."""
    host, pid, start = claim.owner.rsplit(":", 2)
    if host == _host():
        return claim.owner == own_name() or not _lives(int(pid), start)
    return claim.lease_until < now


def lease(hub: Hub) -> timedelta:
    return timedelta(seconds=hub.site.hub.intake.lease_seconds)


def lease_end(hub: Hub) -> datetime:
    return hub.clock() + lease(hub)


def take_over(hub: Hub, claim: Arrival, actor: str) -> Arrival | None:
    """The claim as ours, where its owner lets us have it."""
    if not is_free(claim, hub.clock()):
        return None
    with hub.db.write() as conn:
        taken = journal.change_owner(conn, claim, own_name(), lease_end(hub))
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


@cache
def _owner(pid: int) -> str:
    return f"{_host()}:{pid}:{_start(pid)}"


@cache
def _host() -> str:
    """Where process ids mean the same: containers may share a host name and still count processes on their own."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}/{namespace}"


def _lives(pid: int, start: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's, so there is one
    return _start(pid) in (start, "")


def _start(pid: int) -> str:
    """When the process started, in ticks of this boot; "dead" = it only waits to be buried, "" = nobody can say."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        return ""
    fields = status.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    return "dead" if state in "ZX" else f"{boot[:8]}.{ticks}"
