"""Makes the file that tells a meter company of tenants, keeps it, and remembers what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import PurePath
from typing import NamedTuple

from hub.acts.act import Acting
from hub.consumption.telling import ExportRefusedError, Telling, records_of
from hub.errors import HubError
from hub.outbox.deliveries import Called, add_made, deal_number, keep_made
from hub.plugin.records import EXPORT_KIND
from hub.settings import vendor_file
from hub.store.collecting.deliveries import Delivery, change_state, find
from hub.store.consumption.exports import add_exported, live_exports
from hub.vendors import Instance, Unmakeable

#: What a file's name may not hold of a company's or property's number.
_UNSAFE = re.compile(r"[^\w.+=@-]")
#: In the pattern of a name: then every second has another.
_STAMP = "{stamp}"


class Refused(NamedTuple):
    """What the plug-in cannot say of a tenancy, and why."""

    tenancy: str
    why: str


class UntellableError(HubError):
    """The plug-in refuses what it would have to say of some tenancies; ``refused`` names all of them."""

    def __init__(self, refused: Sequence[Refused], of: int, instance: str, do: str) -> None:
        super().__init__(
            f"{len(refused)} of {of} tenancies cannot be told: "
            + "; ".join(f"{one.tenancy}: {one.why}" for one in refused),
            where=f"vendor {instance}",
            why="no file was made, as one without them would be settled as it stands",
            do=do or f"mend them in the portfolio, or the layout in {vendor_file(instance)}",
        )
        self.refused = tuple(refused)


class Exported(NamedTuple):
    delivery: Delivery
    #: The vendor was told exactly this before: nothing was made.
    unchanged: bool
    #: Files that nobody had handed over yet, which this one takes the place of.
    withdraws: tuple[int, ...]
    #: What the plug-in says of the file: names that it cut, because a setting lets it.
    remarks: tuple[str, ...]


class Tried(NamedTuple):
    """What would come of making a file: nothing is kept."""

    refused: tuple[Refused, ...]
    remarks: tuple[str, ...]


def try_out(telling: Telling, instance: Instance) -> Tried:
    """What keeps the file from being made, of every tenancy, or what is said of it. Raises as :func:`export`."""
    _refuse_plugins_without(instance)
    remarks: list[str] = []
    try:
        _spend(instance.make(EXPORT_KIND, records_of(telling), _head(telling), remarks))
    except Unmakeable as error:
        return Tried(tuple(_all_refused(telling, instance, error)), ())
    return Tried((), tuple(remarks))


def export(acting: Acting, telling: Telling, instance: Instance) -> Exported:
    """The file as a delivery in state ``made``; where the vendor was told exactly this before, the one that told it.

    Its bytes are on the disk, its rows in the transaction. Raises UntellableError, ExportRefusedError, VendorFault,
    and Unmakeable where the plug-in refuses the file for another reason than one of its tenancies.
    """
    account = telling.account
    _refuse_plugins_without(instance)
    part = f"{instance.name}-{account.id}"
    try:
        kept = keep_made(acting, instance, EXPORT_KIND, records_of(telling), _head(telling), part=part)
    except Unmakeable as error:
        refused = _all_refused(telling, instance, error)
        raise UntellableError(refused, len(telling.told), instance.name, error.do) from error
    before = live_exports(acting.conn, account.id, instance.name)
    if before and before[0].sha256 == kept.sha256:
        return Exported(before[0], True, (), kept.remarks)
    waiting = tuple(one.id for one in before if one.state == "made")
    for id_ in waiting:
        text = "a later file tells of the same account"
        change_state(acting.conn, id_, "withdrawn", text, at=acting.now, actor=acting.actor)
    delivery = add_made(acting, instance, _called(acting, telling, instance), kept)
    told = ((one.tenant.ref.id, one.on_account) for one in telling.told)
    add_exported(acting.conn, delivery.id, account.id, told)
    return Exported(delivery, False, waiting, kept.remarks)


def _refuse_plugins_without(instance: Instance) -> None:
    if EXPORT_KIND not in instance.kinds:
        raise ExportRefusedError(
            f"plug-in {instance.plugin} makes no exports",
            where=f"{vendor_file(instance.name)}, plugin",
            do="set consumption.export = false, or choose a plug-in of a meter company",
        )


def _head(telling: Telling) -> Mapping[str, str]:
    """What the plug-in is told beside the records; nothing that differs when the same is told again."""
    first, last = telling.asked.period
    return {
        "type": telling.type,
        "company": telling.property_ref.company_number,
        "property": telling.property_ref.number,
        "period_from": first.isoformat(),
        "period_to": last.isoformat(),
    }


def _all_refused(telling: Telling, instance: Instance, error: Unmakeable) -> list[Refused]:
    """Asked for one tenancy at a time, the plug-in says of each what is wrong with it. Raises ``error`` where it is
    not about tenancies: all fail alike, or none by itself.
    """
    refused = []
    for record, one in zip(records_of(telling), telling.told, strict=True):
        try:
            _spend(instance.make(EXPORT_KIND, [record._replace(record=1)], _head(telling)))
        except Unmakeable as alone:
            place = alone.where.removeprefix(f"tenancy {one.tenant.key}, ")
            refused.append(Refused(one.tenant.key, f"{place}: {alone.what}" if place else alone.what))
    reasons = {one.why for one in refused}
    if not refused or (len(refused) == len(telling.told) > 1 and len(reasons) == 1):
        raise error
    return refused


def _spend(chunks: Iterable[bytes]) -> None:
    for _ in chunks:
        pass


def _called(acting: Acting, telling: Telling, instance: Instance) -> Called:
    number = deal_number(acting, "")
    at = acting.site.local(telling.property_ref.company_number, acting.now)
    name = next(one for one in _names(telling, at) if not find(acting.conn, instance.name, name=one))
    return Called(EXPORT_KIND, "", "", number, name, at.date())


def _names(telling: Telling, at: datetime) -> Iterator[str]:
    """That of the settings; then, as no two files of a vendor ever have one name, with later seconds or numbers."""
    first, last = telling.asked.period
    pattern = telling.section.export_name
    for number in count(1):
        name = pattern.format(
            type=telling.type,
            company=_UNSAFE.sub("_", telling.property_ref.company_number),
            property=_UNSAFE.sub("_", telling.property_ref.number),
            period_from=f"{first:%Y%m%d}",
            period_to=f"{last:%Y%m%d}",
            day=f"{at:%Y%m%d}",
            stamp=f"{at + timedelta(seconds=number - 1):%Y%m%d%H%M%S}",
        )
        path = PurePath(name)
        yield name if number == 1 or _STAMP in pattern else f"{path.stem}-{number}{path.suffix}"
