"""One of several processes at the same books, for tests of concurrency: ``python -m tests.worker URL SITE WORK ...``.

It says ``ready``, waits until its standard input is closed, so that all begin together, and answers with JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from hub import log
from hub.acts.act import Acting, Done, perform
from hub.acts.charges import ChargeAsked, LineAsked, add_charge
from hub.acts.money import pay_out, receive
from hub.acts.reversals import Why, reverse
from hub.acts.suspense import match
from hub.errors import HubError
from hub.settings import Site
from hub.store.database import Database, connect
from tests.desk import NOW

TENANTS = ("1-1-1-1", "1-1-2-1", "2-1-1-1")


class Worker:
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


def main(url: str, folder: str, work: str, *arguments: str) -> None:
    log.configure("console", "warning")
    database = connect(url)
    worker = Worker(database, Path(folder))
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps(getattr(worker, work)(*arguments)), flush=True)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
