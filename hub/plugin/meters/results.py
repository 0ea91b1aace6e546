"""Result files: one line a tenant, its parts where the settings put them (items N.01-N.14 of an import section)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from hub.errors import HubError
from hub.plugin.errors import Malformed
from hub.plugin.layout import byte_order_mark
from hub.plugin.meters.forms import Form
from hub.plugin.meters.result_settings import ResultSettings
from hub.plugin.records import ConsumptionResult, Record, Remark


def why_no_result(head: bytes, settings: ResultSettings) -> str:
    """Why a file with this beginning is no result file; "" where it looks like one."""
    bom, encoding = byte_order_mark(head)
    if encoding == "UTF-16":
        return "it begins with a UTF-16 byte order mark"
    form = settings.form()
    first = form.first_of(head.removeprefix(bom))
    for name in sorted(("company", "property"), key=form.place):
        if not first.get(name, b"").strip(b" ").isdigit():
            place = form.shown_place(name)
            return f"{place} of its first line {'hold' if ' ' in place and '-' in place else 'holds'} no {name} number"
    return ""


def read(stream: BinaryIO, settings: ResultSettings) -> Iterator[Record]:
    """The results of a file, then a remark where it has content between the fields (R34). Raises Malformed."""
    form = settings.form()
    has_period, has_on_account, has_sign = (name in form.names for name in ("period_to", "on_account", "sign"))
    for found in form.read(stream):
        if isinstance(found, Remark):
            yield found
            continue
        line, row = found
        if has_period and row.period_to < row.period_from:
            raise _ends_before_it_starts(form, line, row)
        yield ConsumptionResult(
            record=line,
            company=row.company,
            property=row.property,
            unit=row.unit,
            tenant=row.tenant,
            amount=row.sign * row.amount if has_sign else row.amount,
            measure=settings.amounts,
            on_account=row.on_account if has_on_account else None,
            charge_type=settings.charge_type,
            period_from=row.period_from if has_period else None,
            period_to=row.period_to if has_period else None,
        )


def make(results: Iterable[Record], settings: ResultSettings) -> Iterator[bytes]:
    """The file that reads back as ``results``, a line at a time. Raises HubError for what it cannot carry."""
    form = settings.form()
    if headings := form.headings():
        yield headings
    for result in results:
        if (
            not isinstance(result, ConsumptionResult)
            or result.charge_type != settings.charge_type
            or result.measure != settings.amounts
        ):
            raise HubError(f"a result file of type {settings.charge_type}, {settings.amounts}, cannot carry {result!r}")
        values = result._asdict()
        if "sign" in form.names:
            values |= {"amount": abs(result.amount), "sign": -1 if result.amount < 0 else 1}
        yield form.build({name: values[name] for name in form.names})


def _ends_before_it_starts(form: Form, line: int, row: Any) -> Malformed:
    return Malformed(
        "the period ends before it starts",
        line=line,
        positions=form.place("period_to"),
        field="period_to",
        found=str(row.period_to),
        expected=f"{row.period_from} or later",
    )
