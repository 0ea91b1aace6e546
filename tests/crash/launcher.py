"""Kills the hub at every step of a file's way: ``python launcher.py CASE.json``, one JSON line a kill point on stdout.

Wraps what makes a step durable or visible (fsync, replace, rename, unlink, link, commit) in a child process that runs the
daemon's own rounds until the inbox is empty, and kills that child with SIGKILL before or after its Nth call. A second
child, undisturbed, then does what a restarted hub does. Children are forked from this process, which has everything
imported and the plug-ins started, so that a kill point costs a tenth of a second.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import structlog
from sqlalchemy.engine.default import DefaultDialect

from hub.daemon import Looker
from hub.intake import steps
from hub.intake.hub import Hub
from hub.settings import load_site
from hub.store import database
from hub.vendors import Vendors
from tests.tiny_site import NOW

_CALLS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "replace"),
    (os, "rename"),
    (os, "unlink"),
    (os, "link"),
    (DefaultDialect, "do_commit"),
)
_ROUNDS_MAX = 20
#: Exit statuses of a child that was not killed.
_DONE, _FAILED = 0, 1


class Killer:
    """Kills this process before (``when`` 0) or after (1) the ``nth`` wrapped call; 0 = never."""

    def __init__(self, nth: int, after: bool, only: list[str]) -> None:
        self._nth, self._after = nth, after
        self._calls = 0
        for owner, name in _CALLS:
            if name in only or not only:
                setattr(owner, name, self._wrapped(getattr(owner, name)))

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self._calls += 1
            mine = self._calls == self._nth
            if mine and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return call(*args, **kwargs)
            finally:
                if mine and self._after:
                    os.kill(os.getpid(), signal.SIGKILL)

        return wrapper


def empty_the_inbox(root: Path, vendors: Vendors) -> None:
    """What the daemon does, until nothing is left to do."""
    site = load_site(root)
    hub = Hub.of(site, database.connect(site.database_url), vendors, lambda: NOW)
    looker = Looker(hub, threading.Event())
    for _ in range(_ROUNDS_MAX):
        looker.look()
        if not steps.waiting(hub) and not any(path.is_file() for path in site.inbox.rglob("*")):
            return
    raise AssertionError("the inbox is never empty")


def in_child(work: Callable[[], None]) -> int:
    """How it ended, as ``os.waitpid`` says it."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    try:
        work()
        os._exit(_DONE)
    except BaseException:
        traceback.print_exc()
        os._exit(_FAILED)


def kill_points(first: int, step: int) -> Iterator[tuple[int, bool]]:
    nth = first
    while True:
        yield nth, False
        yield nth, True
        nth += step


def main(case: dict[str, Any]) -> None:
    """``template``: a site with full inboxes; ``work``: where copies of it go, one a kill point; ``only``: calls to wrap.

    The sites are left for the test to judge. Ends with the first N at which nobody was killed.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    template, work = Path(case["template"]), Path(case["work"])
    vendors = Vendors(load_site(template))
    for instance in vendors.instances.values():
        instance.start()
    for nth, after in kill_points(case["first"], case["step"]):
        root = work / f"{nth:03}-{'after' if after else 'before'}"
        shutil.copytree(template, root)
        if urls := case["urls"]:
            (root / "config/hub.toml").write_text((template / "config/hub.toml").read_text().replace("URL", urls.pop()))

        def disturbed(root: Path = root, nth: int = nth, after: bool = after) -> None:
            Killer(nth, after, case["only"])
            empty_the_inbox(root, vendors)

        status = in_child(disturbed)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        again = in_child(lambda root=root: empty_the_inbox(root, vendors))
        print(json.dumps({"site": str(root), "killed": killed, "status": status, "again": again}), flush=True)
        if not killed:
            break
    vendors.close()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
