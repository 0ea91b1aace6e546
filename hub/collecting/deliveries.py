"""Making a delivery: a number, bytes from the plug-in, both kept in one transaction before anything leaves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from hub.acts.act import Acting
from hub.errors import HubError
from hub.plugin import Collection, MandateOrder, Record
from hub.settings import DeliverySection, Site
from hub.store.collecting import serials
from hub.store.collecting.deliveries import Delivery, add_delivery, find
from hub.transport.content import blob_path, hash_of, keep, placing
from hub.vendors import Instance

_LINE_END = b"\n"


class TestDeliveryError(HubError):
    """A test would be delivered from a production site."""


class NameUsedError(HubError):
    """Two deliveries to a vendor would have one file name."""


class ChangedBytesError(HubError):
    """What is kept of a delivery is no longer what was made."""


class TakenError(HubError):
    """A folder has another file under the name of a delivery."""


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

    ``place`` puts it into the outbox once the transaction is committed. Raises TestDeliveryError,
    NameUsedError, VendorFault, and Unmakeable where the plug-in refuses a record.
    """
    refuse_tests(acting.site, section)
    (number,) = serials.deal(acting.conn, f"delivery:{section.data_supplier}", first=section.first_number)
    name = _name(section, kind, number, created_on)
    _refuse_used(acting, instance.name, name)
    counts = _Counts()
    made = instance.make(kind, counts.going_in(records), _head(section, number, created_on))
    kept = keep(counts.coming_out(made), acting.site.content, part=f"delivery-{section.data_supplier}-{number}")
    row = Delivery(
        id=0,
        vendor=instance.name,
        kind=kind,
        data_supplier=section.data_supplier,
        subsystem=section.subsystem,
        number=number,
        name=name,
        sha256=kept.sha256,
        created_on=created_on,
        plugin_version=instance.plugin_version,
        state="made",
        sections=counts.sections,
        items=counts.items,
        amount=counts.amount,
        texts=counts.texts,
        records=counts.records,
        vendor_number=None,
        made_at=acting.now,
        actor=acting.actor,
    )
    return row._replace(id=add_delivery(acting.conn, row, kept.size))


def place(site: Site, made: Delivery) -> Path:
    """Puts the bytes of a delivery into its vendor's outbox, where a person fetches them; again, the same bytes.

    Raises ChangedBytesError.
    """
    return _written(site, made, outbox_path(site, made))


def copy_to(site: Site, made: Delivery, folder: Path) -> Path:
    """The bytes of a delivery under its name in a folder of the caller's, which is made where there is none.

    Raises ChangedBytesError, and TakenError where a file with other bytes has the name there.
    """
    target = folder / made.name
    if target.exists():
        with target.open("rb") as lying:
            if hash_of(lying) != made.sha256:
                raise TakenError(
                    f"{target} is there with other bytes",
                    why="it may be what a vendor was told before; nothing is overwritten",
                    do=f"name another folder; delivery {made.id} itself is made, and kept",
                )
        return target
    return _written(site, made, target)


def _written(site: Site, made: Delivery, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with placing(target) as writer, blob_path(site.content, made.sha256).open("rb") as kept:
        # An enrolment holds the payer's CPR number: at no moment is it for everybody's eyes.
        os.fchmod(writer.fileno(), 0o640)
        if hash_of(kept, copied_to=writer) != made.sha256:
            # The writer's file is given up with the exception.
            raise ChangedBytesError(
                f"the bytes of delivery {made.id} ({made.name}) are not those that were made",
                where=str(blob_path(site.content, made.sha256)),
                why="the vendor would be asked for something that nobody decided",
                do="restore the content store from a backup; see: hub verify",
            )
    target.chmod(0o440)
    return target


def outbox_path(site: Site, made: Delivery) -> Path:
    """Where it lies while it is to be handed over."""
    return site.outbox / made.vendor / made.name


def is_as_made(site: Site, made: Delivery) -> bool:
    """Whether its bytes are kept, and are those that were made."""
    try:
        with blob_path(site.content, made.sha256).open("rb") as kept:
            return hash_of(kept) == made.sha256
    except FileNotFoundError:
        return False


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
