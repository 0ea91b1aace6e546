"""Kills the hub at every step of a file's way: ``python launcher.py TEMPLATE WORK FIRST STEP [CALL...]``.

Wraps what makes a step durable or visible (fsync, replace, rename, unlink, link, commit) in a child process that runs
the daemon's own rounds until the inbox is empty, and kills that child with SIGKILL before or after its Nth call. A
second child, undisturbed, then does what a restarted hub does. Children are forked from this process, which has
everything imported, the plug-ins started and every statement compiled, so that a kill point costs a tenth of a second.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy.engine.default import DefaultDialect

import tests.compiled  # noqa: F401  shared with what is forked from here
from hub import log
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
        self._nth, self._after, self._only = nth, after, only
        self._calls = 0

    def wrap(self) -> None:
        for owner, name in _CALLS:
            if name in self._only or not self._only:
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
    with closing(database.connect(site.database_url)) as opened:
        hub = Hub.of(site, opened, vendors, lambda: NOW)
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
    status = _FAILED
    try:
        work()
        status = _DONE
    except Exception:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)


def main(template: Path, work: Path, first: int, step: int, only: list[str]) -> None:
    """Kill points ``first``, ``first + step``... Each begins with a line on stdin and ends with a JSON line on stdout;
    so does a run before them that nobody disturbs and nobody judges.

    Every point works on a new copy of the site ``template``, below ``work``; ``only``: calls to wrap, not all.
    Ends with the first point at which nobody was killed.
    """
    log.configure("console", "error")
    vendors = Vendors(load_site(template))
    for instance in vendors.instances.values():
        instance.start()
    sys.stdin.readline()
    with tempfile.TemporaryDirectory(dir=work) as folder:
        root = Path(folder) / "site"
        shutil.copytree(template, root)
        empty_the_inbox(root, vendors)
    print(json.dumps({}), flush=True)
    killed = True
    for nth, after in ((nth, after) for nth in itertools.count(first, step) for after in (False, True)):
        if not killed or not sys.stdin.readline():
            break
        root = work / f"{nth:03}-{'after' if after else 'before'}"
        shutil.copytree(template, root)
        status = in_child(lambda root=root, nth=nth, after=after: disturbed(root, vendors, Killer(nth, after, only)))
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        again = in_child(lambda root=root: empty_the_inbox(root, vendors))
        print(json.dumps({"site": str(root), "killed": killed, "status": status, "again": again}), flush=True)
    vendors.close()


def disturbed(root: Path, vendors: Vendors, killer: Killer) -> None:
    killer.wrap()
    empty_the_inbox(root, vendors)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
