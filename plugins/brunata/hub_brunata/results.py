"""Result files: one line a tenant, fields where config puts them (sheet items 12.01-12.14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from hub.plugin import ConsumptionResult, HubError, Malformed, Record
from hub.plugin.layout import Gaps, Layout, byte_order_mark, records
from hub_brunata.settings import ResultSettings


def why_no_result(head: bytes, settings: ResultSettings) -> str:
    """Why a file with this beginning is no result file; "" where it looks like one."""
    bom, encoding = byte_order_mark(head)
    if encoding == "UTF-16":
        return "it begins with a UTF-16 byte order mark"
    first = head.removeprefix(bom).partition(b"\n")[0]
    for place in settings.layout().fields:
        found = first[place.first - 1 : place.last]
        if place.name in ("company", "property") and not found.strip(b" ").isdigit():
            return f"positions {place.first}-{place.last} of its first line hold no {place.name} number"
    return ""


def read(stream: BinaryIO, settings: ResultSettings) -> Iterator[Record]:
    """The results of a file, then a remark where it has content between the fields (R34). Raises Malformed."""
    layout = settings.layout()
    row_of = layout.reader()
    gaps = Gaps(settings.encoding)
    for line, record in records(stream, layout.length):
        row = row_of(record, line)
        gaps.look(layout, record, line)
        period_from, period_to = (row.period_from, row.period_to) if settings.has_period else (None, None)
        if period_from and period_to < period_from:
            raise _ends_before_it_starts(layout, line, row)
        yield ConsumptionResult(
            record=line,
            company=row.company,
            property=row.property,
            unit=row.unit,
            tenant=row.tenant,
            amount=row.sign * row.amount,
            measure=settings.amounts,
            on_account=None,
            charge_type=settings.charge_type,
            period_from=period_from,
            period_to=period_to,
        )
    yield from gaps.remarks()


def make(results: Iterable[Record], settings: ResultSettings) -> Iterator[bytes]:
    """The file that reads back as ``results``, a line at a time. Raises HubError for what it cannot carry."""
    layout = settings.layout()
    for result in results:
        if not isinstance(result, ConsumptionResult) or result.charge_type != settings.charge_type:
            raise HubError(f"a result file of type {settings.charge_type} cannot carry {result!r}")
        period = {"period_from": result.period_from, "period_to": result.period_to} if settings.has_period else {}
        yield (
            layout.build(
                company=result.company,
                property=result.property,
                unit=result.unit,
                tenant=result.tenant,
                amount=abs(result.amount),
                sign=-1 if result.amount < 0 else 1,
                **period,
            )
            + b"\r\n"
        )


def _ends_before_it_starts(layout: Layout, line: int, row: Any) -> Malformed:
    place = next(place for place in layout.fields if place.name == "period_to")
    return Malformed(
        "the period ends before it starts",
        line=line,
        positions=(place.first, place.last),
        field=place.name,
        found=str(row.period_to),
        expected=f"{row.period_from} or later",
    )
