"""A desk that sends: deliveries with their dispatches, rounds by its own clock, and what came of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hub.acts.act import Acting, perform
from hub.outbox import dispatching
from hub.outbox.deliveries import Called, add_made
from hub.outbox.deliveries import Kept as KeptBytes
from hub.outbox.sending import send_due
from hub.settings import ExchangeSection, HubConfig, Site, VendorConfig
from hub.store.collecting.collections import add_collections
from hub.store.collecting.deliveries import Delivery
from hub.store.database import Database
from hub.store.exchange import dispatches
from hub.store.exchange.dispatches import Dispatch, DispatchEvent
from hub.store.exchange.rounds import Round
from hub.store.owners import own_name
from hub.store.tables import charge_line, collection
from hub.store.verify_deliveries import wrong_deliveries
from hub.store.verify_dispatches import wrong_dispatches
from hub.transport.content import blob_path, keep
from tests.delivering import DUE, DeliveringDesk, Writer
from tests.desk import NOW

#: Who sends in these tests.
MACHINE = "daemon"
#: Of a process that is no more, and of one on another machine, of which only its lease tells.
DEAD = f"{own_name().rsplit(':', 2)[0]}:999999999:0.1"
ELSEWHERE = "other-host/1:1:1.1"


class SendingDesk(DeliveringDesk):
    """``way`` is what the instance ``bs`` has of sftp, folder, mail and packing; ``toml`` what hub.toml has more."""

    def __init__(
        self, database: Database, root: Path, way: Mapping[str, Any], toml: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(database, root)
        self.clock = NOW
        exchange = ExchangeSection(retry_seconds_first=30, retry_seconds_max=3_600, attempts_max=4)
        self._hub = HubConfig.model_validate({"exchange": exchange, **(toml or {})})
        self.goes(**way)

    def act(self, do: Callable[..., Mapping[str, Any]], *arguments: object, **options: object) -> Mapping[str, Any]:
        """One act of a person's, by the desk's clock."""

        def done(acting: Acting) -> Mapping[str, Any]:
            return do(acting, *arguments, **options)

        return perform(self.db, self.site, "test", {}, done, actor="Anna", now=self.clock).result

    def goes(self, **way: Any) -> None:
        """By this way from now on."""
        self.site = Site(
            self.site.root, self._hub, vendors={"bs": VendorConfig.model_validate({"plugin": "nets_bs", **way})}
        )

    def send(self, *, by_hand: bool = False, later: timedelta = timedelta()) -> list[Round]:
        """One go, so much later."""
        self.clock += later
        stop = threading.Event()
        return send_due(self.db, self.site, "bs", clock=lambda: self.clock, actor=MACHINE, by_hand=by_hand, stop=stop)

    def export(self, content: bytes, name: str = "heat.txt") -> Delivery:
        """A file for a meter company, of these bytes."""
        found: list[Delivery] = []

        def do(acting: Acting) -> Mapping[str, Any]:
            stored = keep([content], acting.site.content, part="export")
            kept = KeptBytes(stored.sha256, stored.size, 1, 0, 0, 0, 1, ())
            number = self.number = getattr(self, "number", 0) + 1
            found.append(add_made(acting, Writer(), Called("export", "", "", number, name, NOW.date()), kept))
            return {}

        self.act(do)
        return found[0]

    def collect_charge(self, amount: int) -> Delivery:
        """A charge of one line on the tenancy of customer 101, and the delivery that asks for it."""
        self.charge("1-1-1-1", "2612-1", DUE.isoformat(), amount)
        ours = self.deliver(amount)
        with self.db.write() as conn:
            asking = conn.execute(select(collection.c.id).where(collection.c.delivery_id == ours.id)).scalar_one()
            line = conn.execute(select(charge_line.c.id)).scalar_one()
            add_collections(conn, [], [(asking, line, amount)])
        return ours

    def of(self, ours: Delivery) -> Dispatch:
        """The delivery's only dispatch, as it is now."""
        (one,) = self.all_of(ours)
        return one

    def all_of(self, ours: Delivery) -> list[Dispatch]:
        with self.db.read() as conn:
            return dispatches.dispatches_of(conn, [ours.id]).get(ours.id, [])

    def events(self, one: Dispatch) -> list[DispatchEvent]:
        with self.db.read() as conn:
            return dispatches.events_of(conn, one.id)

    def what(self, one: Dispatch) -> list[str]:
        return [event.what for event in self.events(one)]

    def last_text(self, one: Dispatch) -> str:
        return self.events(one)[-1].text

    def states(self, ours: Delivery) -> tuple[str, str]:
        """Of its only dispatch, and of the delivery itself."""
        return self.of(ours).state, self.now(ours.id).state

    def retry(self, one: Dispatch, *, again: bool = False, anyway: bool = False) -> Mapping[str, Any]:
        return self.act(dispatching.retry, one.id, "", again=again, anyway=anyway)

    def cut_short(self, one: Dispatch, owner: str, *, final: bool, lease_until: datetime | None = None) -> Dispatch:
        """As whoever was killed over it leaves it: claimed, before or after its final step."""
        until = lease_until or self.clock + timedelta(hours=1)
        with self.db.write() as conn:
            claimed = dispatches.claim(
                conn, one, one.target, owner=owner, lease_until=until, at=self.clock, actor=MACHINE
            )
            assert claimed is not None
            if final:
                dispatches.set_step(conn, claimed, "final")
        return claimed

    def kept(self, one: Dispatch) -> bytes:
        """Its bytes as they leave."""
        return blob_path(self.site.content, one.sha256).read_bytes()


def names(folder: Path) -> list[str]:
    """With what is not whole yet."""
    return sorted(path.name for path in folder.iterdir())


def proved(desk: SendingDesk) -> bool:
    """Whether deliveries of collections and their dispatches agree with their events."""
    with desk.db.read() as conn:
        return [*wrong_deliveries(conn), *wrong_dispatches(conn)] == []
