"""A desk that delivers: makes deliveries of collections with the plug-in's own writer, and takes receipts in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hub.acts.act import Acting, perform
from hub.outbox.deliveries import make_delivery
from hub.outbox.placing import place
from hub.plugin import Collection, DeliveryReceipt, Record
from hub.settings import DeliverySection, Site, VendorConfig
from hub.store.collecting.collections import NewCollection, add_collections
from hub.store.collecting.deliveries import Delivery, delivery_of, events_of, is_to_hand_over
from hub.store.collecting.sent_by import dispatches_by
from hub.store.database import Database
from hub.store.ids import Ids
from hub.store.tables import collection
from hub_nets_bs import makers
from hub_nets_bs.settings import BetalingsserviceSettings
from tests.desk import NOW, Desk, ref

SECTION = DeliverySection(data_supplier="99999994")
TENANCIES = {"101": "1-1-1-1", "102": "1-1-2-1"}
DUE = date(2026, 12, 1)


class Writer:
    """What of an instance makes files: the plug-in's own writer, in this process."""

    name = "bs"
    plugin_version = "1"

    def make(
        self, kind: str, records: Iterable[Record], head: Mapping[str, str], remarks: list[str] | None = None
    ) -> Iterator[bytes]:
        return makers.make(kind, records, head, BetalingsserviceSettings())


class DeliveringDesk(Desk):
    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database, folder)
        self.site = Site(folder, vendors={"bs": VendorConfig(plugin="nets_bs")})

    def act(self, do: Callable[..., Mapping[str, Any]], *arguments: object, **options: object) -> Mapping[str, Any]:
        """One act of a person's, as the command line does it."""

        def done(acting: Acting) -> Mapping[str, Any]:
            return do(acting, *arguments, **options)

        return perform(self.db, self.site, "test", {}, done, actor="Anna", now=NOW).result

    def deliver(self, *amounts: int, due: date = DUE) -> Delivery:
        """One collection of each tenant, in the outbox where no machine sends it."""

        def do(acting: Acting) -> Mapping[str, Any]:
            made = make_delivery(acting, Writer(), SECTION, "0601", demands(*amounts, due=due), created_on=NOW.date())
            add_collections(acting.conn, self._rows(acting, made, amounts, due), [])
            return {"id": made.id}

        with_id = self.act(do)
        ours = self.now(with_id["id"])
        with self.db.read() as conn:
            if is_to_hand_over(conn, ours):
                place(self.site, ours, dispatches_by(conn, ours.id))
        return ours

    def _rows(self, acting: Acting, made: Delivery, amounts: Iterable[int], due: date) -> list[NewCollection]:
        rows = []
        for (customer, key), amount in zip(TENANCIES.items(), amounts, strict=False):
            (id_,) = Ids(acting.conn).take("collection", 1)
            tenancy = ref(acting.conn, key)
            rows.append(
                NewCollection(
                    *(id_, tenancy.company_id, tenancy.id, made.id, "vendor_slip", "02345678", "00001", customer, ""),
                    *(due.isoformat(), amount, f"{made.number:03}{customer:>06}"),
                )
            )
        return rows

    def now(self, id_: int) -> Delivery:
        with self.db.read() as conn:
            return delivery_of(conn, id_)

    def story(self, id_: int) -> list[str]:
        with self.db.read() as conn:
            return [event.what for event in events_of(conn, id_)]

    def given_up(self, id_: int) -> list[bool]:
        rows = self.all(select(collection.c.withdrawn_at).where(collection.c.delivery_id == id_))
        return [at is not None for (at,) in rows]

    def in_outbox(self) -> list[str]:
        return sorted(path.name for path in (self.site.outbox / "bs").iterdir())


def demands(*amounts: int, due: date = DUE) -> list[Collection]:
    return [
        Collection(
            *(number, "02345678", "00001", "total", "Ågården", customer, "", due, amount, f"{number:09d}", ""),
            *(("Søren", "Testvej 1"), "2720", "DK", ("Husleje", "Vand")),
        )
        for number, (customer, amount) in enumerate(zip(TENANCIES, amounts, strict=False), start=1)
    ]


def receipt(verdict: str, ours: Delivery | None = None, **said: object) -> DeliveryReceipt:
    """Of ``ours`` it says what it counts, as a V receipt does; nothing that names it."""
    counts: dict[str, object] = {"records": -1, "sections": -1, "items": -1, "texts_counted": -1, "amount": -1}
    if ours is not None:
        counts = {"records": ours.records, "sections": ours.sections, "items": ours.items}
        counts |= {"texts_counted": ours.texts, "amount": ours.amount}
    names = {"file": "", "delivery_type": "", "delivery": "", "vendor_number": "", "at": ""}
    texts = {"key": f"receipt|{verdict}", "text": f"Kvittering: {verdict}"}
    return DeliveryReceipt(**{"record": 1, "verdict": verdict, **names, **counts, **texts, **said})
