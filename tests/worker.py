"""Several processes at the same books, for tests of concurrency: ``python -m tests.worker``, see :class:`Workers`.

A line on standard input is a list of works, each a function's name and its arguments. Each is done by a process of its
own, and all begin together; the answer is one line, what each made of it. The processes are forked from this one, which
has everything imported, and open their databases themselves.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from hub import log
from hub.acts.act import Acting, Done, perform
from hub.acts.charges import ChargeAsked, LineAsked, add_charge
from hub.acts.money import pay_out, receive
from hub.acts.reversals import Why, reverse
from hub.acts.suspense import match
from hub.cli.app import run
from hub.errors import HubError
from hub.settings import Site
from hub.store.database import Database, connect
from tests.desk import NOW

TENANTS = ("1-1-1-1", "1-1-2-1", "2-1-1-1")
_READY_SECONDS_MAX = 60
_FORKED = multiprocessing.get_context("fork")

#: Name and arguments.
Work = Sequence[str]


class Workers:
    """A running ``tests.worker``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, *works: Work) -> list[dict[str, Any]]:
        """What became of each, done at once."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(works) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "a process has failed, see what was written to standard error"
        told: list[dict[str, Any]] = json.loads(answer)
        return told

    def close(self) -> None:
        self._process.communicate(timeout=_READY_SECONDS_MAX)


class Clerk:
    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.site = Site(folder)

    def act(self, what: str, do: Callable[[Acting], dict[str, Any]], key: str | None = None) -> Done:
        return perform(self.database, self.site, what, {}, do, actor="worker", now=NOW, key=key)

    def refused(self, what: str, do: Callable[[Acting], dict[str, Any]]) -> dict[str, Any]:
        try:
            self.act(what, do)
        except HubError as error:
            return {"refused": type(error).__name__}
        return {"refused": ""}

    def pay_and_charge(self, rounds: str, number: str) -> dict[str, Any]:
        """Beginning with another tenant each, so that they cross."""
        for round_ in range(int(rounds)):
            key = TENANTS[(round_ + int(number)) % len(TENANTS)]
            asked = ChargeAsked(date(2026, 12, 1), (LineAsked("75020", 100_00),), reference=f"{number}-{round_}")
            self.act("charge", lambda acting, key=key, asked=asked: add_charge(acting, key, asked))
            self.act("pay", lambda acting, key=key: receive(acting, key, 60_00))
        return {"done": int(rounds)}

    def same_key(self, _number: str) -> dict[str, Any]:
        done = self.act("pay", lambda acting: receive(acting, TENANTS[0], 250_00), key="rent of november")
        return {"repeated": done.repeated, "result": dict(done.result)}

    def pay_out_deposit(self, _number: str) -> dict[str, Any]:
        return self.refused("payout", lambda acting: pay_out(acting, TENANTS[0], 1_000_00, holding="deposit"))

    def match(self, payment: str, _number: str) -> dict[str, Any]:
        return self.refused("match", lambda acting: match(acting, int(payment), TENANTS[0]))

    def reverse(self, entry: str, _number: str) -> dict[str, Any]:
        return self.refused("reverse", lambda acting: reverse(acting, int(entry), Why("other")))


def clerk(ready: Barrier, url: str, folder: str, work: str, *arguments: str) -> dict[str, Any]:
    """One of a clerk's works."""
    log.configure("console", "warning")
    with contextlib.closing(connect(url)) as database:
        do = getattr(Clerk(database, Path(folder)), work)
        ready.wait()
        told: dict[str, Any] = do(*arguments)
        return told


def hub(ready: Barrier, *arguments: str) -> dict[str, Any]:
    """``hub ARGUMENT...``: its exit status, and what it wrote to standard output."""
    out = io.StringIO()
    ready.wait()
    with contextlib.redirect_stdout(out):
        status = run(arguments)
    return {"status": status, "out": out.getvalue()}


_WORKS = {"clerk": clerk, "hub": hub}


def together(works: Sequence[Work]) -> Iterator[dict[str, Any]]:
    """Raises EOFError where a process has failed."""
    ready = _FORKED.Barrier(len(works), timeout=_READY_SECONDS_MAX)
    answers = []
    for work in works:
        answer, to_us = _FORKED.Pipe(duplex=False)
        _FORKED.Process(target=_done, args=(to_us, ready, *work)).start()
        # Nobody else may hold it open: else we would wait for an answer that nobody gives.
        to_us.close()
        answers.append(answer)
    for answer in answers:
        yield answer.recv()


def _done(to_them: Connection, ready: Barrier, name: str, *arguments: str) -> None:
    to_them.send(_WORKS[name](ready, *arguments))


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(list(together(json.loads(line)))), flush=True)
