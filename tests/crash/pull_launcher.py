"""Kills the hub at every step of fetching: ``python pull_launcher.py TEMPLATE WORK SERVER FIRST STEP [CALL...]``.

Every point works on a new copy of the site ``TEMPLATE`` below ``WORK``, whose vendor's server holds what lies in
``TEMPLATE/server``, in a folder of its own below ``SERVER``. A child looks at the server and takes in what came, again
and again until nothing is left to do, and is killed with SIGKILL before or after the Nth step of a look: what makes it
durable, and what asks something of the server; ``CALL``: these alone. A second child, undisturbed, does what a
restarted hub does. One JSON line a point on stdout; the last is of the run that nobody killed.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from hub import log
from hub.daemon import ACTOR, Looker
from hub.exchange.pulling import pull
from hub.intake import steps
from hub.intake.hub import Hub
from hub.settings import load_site
from hub.store import database
from hub.store.exchange import rounds
from hub.transport.sftp import Session
from hub.vendors import Vendors
from tests.crash.launcher import Killer, in_child
from tests.tiny_site import NOW

_REMOTE = ("list", "download", "remove", "move")
_LOOKS_MAX = 10
#: In the vendor's settings, for the folder of this point.
FOLDER = "POINT"


class LookKiller(Killer):
    """Counts only while ``at_it``: what taking files in does is proven elsewhere."""

    at_it = False

    def wrap(self) -> None:
        super().wrap()
        for name in [name for name in _REMOTE if name in self._only or not self._only]:
            setattr(Session, name, self._wrapped(getattr(Session, name)))

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        counted = super()._wrapped(call)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return (counted if self.at_it else call)(*args, **kwargs)

        return wrapper


def fetch_all(root: Path, vendors: Vendors, killer: LookKiller | None = None) -> None:
    """What the daemon does, hour after hour, until nothing is left to do."""
    site = load_site(root)
    now = NOW

    def clock() -> datetime:
        return now

    hub = Hub.of(site, database.connect(site.database_url), vendors, clock)
    with hub.db.read() as conn:
        last = rounds.last(conn, "bs", "pull")
    now = last.started_at if last else now
    looker = Looker(hub, threading.Event())
    idle = 0
    for _ in range(_LOOKS_MAX):
        now += timedelta(minutes=61)
        if killer is not None:
            killer.at_it = True
        looked = pull(hub, "bs", actor=ACTOR, stop=threading.Event())
        if killer is not None:
            killer.at_it = False
        assert looked.result == "done", looked.text
        looker.look()
        # What a look has fetched is booked after it, and removed there at the next.
        idle = 0 if looked.moved or steps.waiting(hub) else idle + 1
        if idle == 2:
            return
    raise AssertionError("it never comes to an end")


def main(template: Path, work: Path, server: Path, first: int, step: int, only: list[str]) -> None:
    log.configure("console", "error")
    vendors = Vendors(load_site(template))
    for instance in vendors.instances.values():
        instance.start()
    killed = True
    for nth, after in ((nth, after) for nth in itertools.count(first, step) for after in (False, True)):
        if not killed:
            break
        root = work / f"{nth:03}-{'after' if after else 'before'}"
        shutil.copytree(template, root)
        shutil.move(root / "server", server / root.name)
        config = root / "config/vendors/bs.toml"
        config.write_text(config.read_text().replace(FOLDER, root.name))
        status = in_child(
            lambda root=root, nth=nth, after=after: disturbed(root, vendors, LookKiller(nth, after, only))
        )
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        again = in_child(lambda root=root: fetch_all(root, vendors))
        report = {"site": str(root), "killed": killed, "status": status, "again": again}
        print(json.dumps(report), flush=True)
    vendors.close()


def disturbed(root: Path, vendors: Vendors, killer: LookKiller) -> None:
    killer.wrap()
    fetch_all(root, vendors, killer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6:])
