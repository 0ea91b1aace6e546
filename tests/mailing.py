"""A site that exports to a meter company by mail, to a mail server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub.acts.act import Acting, perform
from hub.outbox.sending import send_due
from hub.settings import HubConfig, Site, VendorConfig
from hub.store.collecting.deliveries import delivery_of
from hub.store.database import Database
from hub.store.exchange.dispatches import Dispatch, dispatches, events_of
from hub.store.exchange.rounds import Round
from hub.transport.content import blob_path
from tests.desk import NOW
from tests.exporting import ExportingHand
from tests.smtp import Sink

ANNA, BO = "anna@meters.example", "bo@meters.example"
SENDER = "hub@example.com"
#: Of every configured secret: found anywhere but in the mail server's own hands, it has leaked.
PASSWORD = "Kodeord-æøå-4711"


def server(port: int, confirmed: Sequence[str] = (ANNA, BO), **more: Any) -> dict[str, Any]:
    """``[mail]`` of hub.toml."""
    return {
        "host": "127.0.0.1",
        "port": port,
        "sender": SENDER,
        "confirmed": list(confirmed),
        "answer_seconds": 5.0,
        **more,
    }


class Mailer:
    """``hub`` is what hub.toml says, ``config`` the vendor's file; both may be changed between two goes."""

    def __init__(self, db: Database, root: Path, sink: Sink | None = None, **more: Any) -> None:
        self.db, self.root = db, root
        known = {} if sink is None else {"ca_file": sink.ca_file}
        port = 1 if sink is None else sink.port
        self.hub: dict[str, Any] = {"site": {"name": "Søgård"}, "mail": server(port, **known, **more)}
        self.mail: dict[str, Any] = {"send": True, "to": [ANNA, BO]}
        self.config: dict[str, Any] = {
            "plugin": "bars",
            "consumption": {"type": "heat", "export": True},
            "mail": self.mail,
        }
        self.now = NOW

    @property
    def site(self) -> Site:
        vendors = {"heat": VendorConfig.model_validate(self.config)}
        return Site(self.root, HubConfig.model_validate(self.hub), vendors=vendors)

    def export(self) -> None:
        """The books begin with it."""
        _Exporting(self).export()

    def act(self, do: Callable[[Acting], Mapping[str, Any]]) -> None:
        perform(self.db, self.site, "test", {}, do, actor="Anna", now=self.now)

    def go(self, *, later: timedelta = timedelta(0), by_hand: bool = False) -> list[Round]:
        """One go at all that is due then."""
        self.now += later
        asked = {"actor": "daemon", "by_hand": by_hand, "stop": threading.Event()}
        return send_due(self.db, self.site, "heat", clock=lambda: self.now, **asked)

    def dispatches(self) -> list[Dispatch]:
        with self.db.read() as conn:
            return dispatches(conn)

    def dispatch(self) -> Dispatch:
        (only,) = self.dispatches()
        return only

    def state(self) -> tuple[str, str]:
        """Of the only dispatch, and of its delivery."""
        one = self.dispatch()
        with self.db.read() as conn:
            return one.state, delivery_of(conn, one.delivery_id).state

    def story(self) -> str:
        """What is written down of the only dispatch, a line an event."""
        with self.db.read() as conn:
            return "\n".join(f"{event.what}: {event.text}" for event in events_of(conn, self.dispatch().id))

    def bytes_of(self, one: Dispatch) -> bytes:
        return blob_path(self.site.content, one.sha256).read_bytes()


class _Exporting(ExportingHand):
    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        super().__init__(mailer.db, mailer.root)

    @property
    def site(self) -> Site:
        return self._mailer.site
