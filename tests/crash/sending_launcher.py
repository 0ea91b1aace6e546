"""Kills the hub at every step of a delivery's way out: ``python sending_launcher.py TEMPLATE WORK THERE``.

A child process, forked when all is imported, sends what waits on a copy of the site ``TEMPLATE`` below ``WORK``, and is
killed with SIGKILL before or after its Nth durable step: an fsync, replace, unlink or commit of its own, or a request
to the server. ``THERE`` is the folder on the far side. What is left is started again twice, on copies: once as it lies
there, and once after the vendor has fetched what has its final name. One JSON line each on stdout; the last two are of
the run that nobody killed.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import hub.outbox.by_folder
import hub.outbox.by_sftp  # noqa: F401
import tests.compiled  # noqa: F401  shared with what is forked from here
from hub import log
from hub.outbox.sending import send_due
from hub.settings import load_site
from hub.store import database
from hub.transport.sftp.protocol import Client
from tests.crash.launcher import Killer, in_child

_HOURS_MAX = 20
_TEMPORARY = ".part"


class FarKiller(Killer):
    """Counts requests to the server as well."""

    def wrap(self) -> None:
        super().wrap()
        Client.send = self._wrapped(Client.send)


def send_all(root: Path) -> None:
    """What the daemon does, hour after hour, until nothing is left to do."""
    site = load_site(root)
    with closing(database.connect(site.database_url)) as opened:
        for hours in range(_HOURS_MAX):
            at = datetime.now(UTC) + timedelta(hours=hours)
            going = {"clock": lambda at=at: at, "actor": "daemon", "stop": threading.Event()}
            if not send_due(opened, site, "bs", **going):
                return
    raise AssertionError("it is never sent")


def main(template: Path, work: Path, there: Path) -> None:
    log.configure("console", "critical")
    for nth, after in ((nth, after) for nth in itertools.count(1) for after in (False, True)):
        left = work / f"{nth:03}-{'after' if after else 'before'}"
        shutil.copytree(template, left / "site")
        empty(there)
        status = in_child(lambda left=left, nth=nth, after=after: disturbed(left, FarKiller(nth, after, [])))
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        shutil.copytree(there, left / "there")
        for fetched in (False, True):
            again(left, there, killed=killed, fetched=fetched)
        if not killed:
            return


def empty(there: Path) -> None:
    for path in there.iterdir():
        path.unlink()


def disturbed(left: Path, killer: Killer) -> None:
    killer.wrap()
    send_all(left / "site")


def again(left: Path, there: Path, *, killed: bool, fetched: bool) -> None:
    """As a restarted hub goes on; ``fetched``: the vendor was faster."""
    root = left / ("fetched" if fetched else "lying")
    shutil.copytree(left / "site", root)
    empty(there)
    shutil.copytree(left / "there", there, dirs_exist_ok=True)
    taken = [path.name for path in there.iterdir() if fetched and not path.name.endswith(_TEMPORARY)]
    (root / "taken").mkdir()
    for name in taken:
        (there / name).rename(root / "taken" / name)
    status = in_child(lambda: send_all(root))
    shutil.copytree(there, root / "there")
    told = {"site": str(root), "killed": killed, "fetched": taken, "status": status}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
