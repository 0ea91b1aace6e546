"""Makes a delivery 0603 of hub records, as the provider would: for demos and round-trip tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from hub.plugin import HubError, MandateChange, Record, SlipIssued
from hub_nets_bs.layouts_0603 import MANDATES, SECTIONS, SLIP_CODE, MandateLayouts, mandate_layouts
from hub_nets_bs.making import Head, chunks, head_of
from hub_nets_bs.records import SLIPS

#: A key's parts in which the section and, of a mandate, the code counted from the end stand.
_SECTION_PART, _CODE_PART = 3, -3


def make(records: Iterable[Record], head: Mapping[str, str], encoding: str) -> Iterator[bytes]:
    """A delivery that reads back as ``records``, in chunks; neighbours of one creditor, group and section share one.

    The day of a full list is the delivery's ``created``. Raises HubError for a record that a delivery cannot carry.
    """
    return chunks(_lines(records, head_of(MANDATES, head), mandate_layouts(encoding)))


def _lines(records: Iterable[Record], head: Head, layouts: MandateLayouts) -> Iterator[bytes]:
    sender = {"data_supplier": head.data_supplier, "subsystem": head.subsystem}
    sections = count = total = 0
    yield layouts.delivery_start.build(**sender, delivery=head.delivery, created=head.created)
    for (creditor, group, section), members in groupby(map(_carried, records), _section):
        where = {"creditor": creditor, "group": group, "section": section}
        yield layouts.section_start.build(**where, zeros="", date=head.created)
        before, amount = count, 0
        for record in members:
            count += 1
            amount += record.amount if isinstance(record, SlipIssued) else 0
            yield _record(record, section, layouts)
        yield layouts.section_end.build(**where, **_trailer(count - before, amount))
        sections, total = sections + 1, total + amount
    yield layouts.delivery_end.build(**sender, sections=sections, **_trailer(count, total))


def _record(record: MandateChange | SlipIssued, section: str, layouts: MandateLayouts) -> bytes:
    shared = {"creditor": record.creditor, "group": record.group, "customer": f"{record.customer:0>15}"}
    if isinstance(record, SlipIssued):
        return layouts.record[SLIPS].build(
            **shared,
            code=SLIP_CODE,
            card_type=record.card_type,
            slip_creditor=record.slip_creditor,
            payment_id=record.payment_id.zfill(19),
            due=record.due_date,
            amount=record.amount,
            reference=record.reference,
        )
    code = record.key.split("|")[_CODE_PART]
    # A cancellation whose first day nobody knows has its only date there.
    is_old = record.start is None and record.change == "cancelled"
    start, end = (record.end, None) if is_old else (record.start, record.end)
    return layouts.record[section].build(**shared, code=code, mandate=record.mandate, start=start, end=end)


def _trailer(count: int, amount: int) -> dict[str, int]:
    return {"payments": count, "net_amount": amount, "texts": 0, "addresses": 0}


def _carried(record: Record) -> MandateChange | SlipIssued:
    if not isinstance(record, MandateChange | SlipIssued):
        raise HubError(f"a delivery {MANDATES} cannot carry {record!r}")
    return record


def _section(record: MandateChange | SlipIssued) -> tuple[str, str, str]:
    section = record.key.split("|")[_SECTION_PART]
    if section not in SECTIONS:
        raise HubError(f"{record.key!r} is no key of a mandate or slip of Betalingsservice")
    return record.creditor, record.group, section
