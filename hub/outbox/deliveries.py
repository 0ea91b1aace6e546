"""Making a delivery: a number, bytes from the plug-in, both kept in one transaction before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from hub.acts.act import Acting
from hub.errors import HubError
from hub.outbox.dispatching import add_dispatches
from hub.plugin import Collection, ConsumptionTenancy, MandateOrder, Record
from hub.settings import DeliverySection, Site
from hub.store.collecting import serials
from hub.store.collecting.deliveries import Delivery, add_delivery, find, note
from hub.transport.content import keep
from hub.vendors import Instance

_LINE_END = b"\n"
#: An event of a delivery.
_REMARK = "note"


class TestDeliveryError(HubError):
    """A test would be delivered from a production site."""


class NameUsedError(HubError):
    """Two deliveries to a vendor would have one file name."""


class Kept(NamedTuple):
    """The bytes of a file to go out, in the content store, and what is in it; øre."""

    sha256: str
    size_bytes: int
    sections: int
    items: int
    amount: int
    texts: int
    records: int
    #: What the plug-in says of the file.
    remarks: tuple[str, ...]


class Called(NamedTuple):
    """What a delivery is known by, with us and with its vendor."""

    kind: str
    #: "" for vendors who know of no such.
    data_supplier: str
    subsystem: str
    number: int
    name: str
    created_on: date


@dataclass
class _Counts:
    """What goes into a delivery, counted while it is made."""

    sections: int = 0
    items: int = 0
    amount: int = 0
    texts: int = 0
    records: int = 0
    _section: tuple[str, ...] = field(default=(), repr=False)

    def going_in(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            section: tuple[str, ...]
            if isinstance(record, Collection):
                section = (record.creditor, record.group, record.channel, record.heading)
                self.amount += record.amount
                self.texts += len(record.texts)
            elif isinstance(record, MandateOrder):
                section = (record.creditor, record.order)
            elif isinstance(record, ConsumptionTenancy):
                section = (record.company, record.property)
                self.amount += record.amount
            else:
                raise TypeError(f"{type(record).__name__} is not delivered")
            self.sections += section != self._section
            self._section = section
            self.items += 1
            yield record

    def coming_out(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.records += chunk.count(_LINE_END)
            yield chunk


def make_delivery(
    acting: Acting,
    instance: Instance,
    section: DeliverySection,
    kind: str,
    records: Iterable[Record],
    *,
    created_on: date,
) -> Delivery:
    """A new delivery of ``records`` in state ``made``: its bytes are on the disk, its row is in the transaction.

    Where no channel sends it, ``hub.outbox.placing.place`` puts it into the outbox once the transaction is committed.
    Raises TestDeliveryError, NameUsedError, SeveralWaysError, VendorFault, and Unmakeable where the plug-in refuses a
    record.
    """
    refuse_tests(acting.site, section)
    number = deal_number(acting, section.data_supplier, first=section.first_number)
    name = _name(section, kind, number, created_on)
    _refuse_used(acting, instance.name, name)
    part = f"{section.data_supplier}-{number}"
    kept = keep_made(acting, instance, kind, records, _head(section, number, created_on), part=part)
    called = Called(kind, section.data_supplier, section.subsystem, number, name, created_on)
    return add_made(acting, instance, called, kept)


def deal_number(acting: Acting, data_supplier: str, *, first: int = 1) -> int:
    """The next delivery number: it rises by one for each data supplier, and is never used twice."""
    (number,) = serials.deal(acting.conn, f"delivery:{data_supplier}", first=first)
    return number


def keep_made(
    acting: Acting, instance: Instance, kind: str, records: Iterable[Record], head: Mapping[str, str], *, part: str
) -> Kept:
    """The plug-in's bytes, durable in the content store before any row says so.

    ``part`` names the file in the making, and is nobody else's. Raises VendorFault, Unmakeable.
    """
    counts, remarks = _Counts(), list[str]()
    made = instance.make(kind, counts.going_in(records), head, remarks)
    stored = keep(counts.coming_out(made), acting.site.content, part=f"delivery-{part}")
    counted = (counts.sections, counts.items, counts.amount, counts.texts, counts.records)
    return Kept(stored.sha256, stored.size, *counted, tuple(remarks))


def add_made(acting: Acting, instance: Instance, called: Called, kept: Kept) -> Delivery:
    """The row of what was kept, in state ``made``, what the plug-in said of it, and a dispatch for each channel.

    Raises SeveralWaysError, and whatever packing raises.
    """
    row = Delivery(
        id=0,
        vendor=instance.name,
        kind=called.kind,
        data_supplier=called.data_supplier,
        subsystem=called.subsystem,
        number=called.number,
        name=called.name,
        sha256=kept.sha256,
        created_on=called.created_on,
        plugin_version=instance.plugin_version,
        state="made",
        sections=kept.sections,
        items=kept.items,
        amount=kept.amount,
        texts=kept.texts,
        records=kept.records,
        vendor_number=None,
        made_at=acting.now,
        actor=acting.actor,
    )
    id_ = add_delivery(acting.conn, row, kept.size_bytes)
    for remark in kept.remarks:
        note(acting.conn, id_, _REMARK, remark, at=acting.now, actor=acting.actor)
    made = row._replace(id=id_)
    add_dispatches(acting, made)
    return made


def refuse_tests(site: Site, section: DeliverySection) -> None:
    """Raises TestDeliveryError."""
    if section.subsystem in section.test_subsystems and site.hub.site.production:
        raise TestDeliveryError(
            f"subsystem {section.subsystem} is a test, and this is a production site",
            why="a vendor could take a test for real, or real collections for a test that collects nothing",
            do="set delivery.subsystem to the agreed one; or site.production = false where nothing is real",
        )


def _refuse_used(acting: Acting, vendor: str, name: str) -> None:
    """As where the data supplier was changed, and numbers began anew. Raises NameUsedError."""
    used = find(acting.conn, vendor, name=name)
    if used:
        raise NameUsedError(
            f"the delivery would be called {name}, as delivery {used[0].id} is",
            why="in the outbox one would take the other's place, and a receipt by that name could mean either",
            do="let names differ: {data_supplier} in delivery.file_name, or a higher delivery.first_number",
        )


def _head(section: DeliverySection, number: int, created_on: date) -> Mapping[str, str]:
    """What the plug-in is told beside the records."""
    return {
        "data_supplier": section.data_supplier,
        "subsystem": section.subsystem,
        "delivery": f"{number:010d}",
        "created": created_on.isoformat(),
    }


def _name(section: DeliverySection, kind: str, number: int, created_on: date) -> str:
    return section.file_name.format(
        kind=kind, number=f"{number:010d}", data_supplier=section.data_supplier, day=f"{created_on:%Y%m%d}"
    )
