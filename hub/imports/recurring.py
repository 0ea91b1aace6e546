"""``hub recurring import``: what tenancies are charged with every collection, a row a contribution.

A contribution is named by tenancy, charge type, text and first day. Importing again changes nothing; a last day ends
what is there, an empty cell says nothing of its end. Another amount is an error, for what was charged stays charged:
end the old one and begin another. Of one tenancy, type and text there is never more than one at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.imports.rows import Declared, Said, at_most, positive_amount, read_declared, understood, without_repeated
from hub.imports.table import BadRow, ImportReport, parse_day, taken_in
from hub.money import format_amount
from hub.settings import CompanyConfig
from hub.settings.company import vat_rate_of
from hub.store.contributions import Recurring, add_recurring, collision, end_recurring, recurring_of
from hub.store.database import Database
from hub.store.journal import add_event
from hub.store.portfolio import lock_properties

_CHARGE_TYPE_CHARACTERS_MAX = 20


def _rate(text: str) -> int:
    return vat_rate_of(text.replace(",", "."))


COLUMNS = (
    Declared("tenancy", required=True),
    Declared("charge_type", at_most(_CHARGE_TYPE_CHARACTERS_MAX), required=True),
    Declared("amount", positive_amount, required=True),
    Declared("first_day", parse_day, required=True),
    Declared("last_day", parse_day),
    Declared("text", empty=""),
    Declared("vat", _rate),
)


class _Row(NamedTuple):
    said: Said

    @property
    def alike(self) -> tuple[str, str, str]:
        """Of these there is one at a time."""
        return self.said.tenancy.key, self.said.values["charge_type"], self.said.values["text"]

    @property
    def first_day(self) -> date:
        day: date = self.said.values["first_day"]
        return day

    @property
    def key(self) -> tuple[str, str, str, date]:
        return *self.alike, self.first_day

    def says(self, stored: Recurring) -> bool:
        """The same as what is there, but for its end."""
        amount, rate = self.said.values["amount"], self.said.values["vat"]
        return amount == stored.amount and rate in (None, stored.vat_rate)


@dataclass
class _Plan:
    """What an import would do to the contributions of one tenancy, type and text."""

    #: As they will be, by first day; new ones have id 0.
    after: dict[date, Recurring]
    new: list[_Row] = field(default_factory=list)
    #: Last days by id.
    ended: dict[int, date] = field(default_factory=dict)
    unchanged: int = 0

    def add(self, row: _Row, before: Recurring | None) -> None:
        """``before`` is what is there under this row's first day."""
        last_day = row.said.values["last_day"]
        if before is None:
            self.new.append(row)
            self.after[row.first_day] = Recurring(id=0, tenancy=row.said.tenancy.key, **_values(row))
        elif last_day in (None, before.last_day):
            self.unchanged += 1
        else:
            self.ended[before.id] = last_day
            self.after[row.first_day] = before._replace(last_day=last_day)


def import_recurring(
    database: Database,
    path: Path,
    *,
    encoding: str = "utf-8",
    now: datetime,
    actor: str,
    company_of: Callable[[str], CompanyConfig],
    errors_to: Path | None = None,
) -> ImportReport:
    """Registers every good row in one transaction; gives the bad ones back, in ``errors_to`` too.

    A file ``errors_to`` of an earlier import is replaced, or removed where no row is bad. ``company_of`` gives a
    company's configuration by number. Raises TableError when the file as a whole cannot be read.
    """
    table = read_declared(path, encoding, COLUMNS)

    def do(connection: Connection, report: ImportReport) -> None:
        said = understood(connection, table.rows, COLUMNS, company_of, _refusals, report.bad)
        rows = without_repeated([_Row(one) for one in said], "first_day", report.bad)
        lock_properties(connection, {row.said.tenancy.property_id for row in rows})
        plans = list(_plans(connection, rows, report.bad))
        new = [row for plan in plans for row in plan.new]
        lines = [{**_values(row), "tenancy_id": row.said.tenancy.id} for row in new]
        add_recurring(connection, lines, now=now, actor=actor)
        for plan in plans:
            for id_, last_day in plan.ended.items():
                end_recurring(connection, id_, last_day)
        report.added, report.changed = len(new), sum(len(plan.ended) for plan in plans)
        report.unchanged = sum(plan.unchanged for plan in plans)
        if report.added or report.changed:
            detail = {"file": path.name, "added": report.added, "ended": report.changed, "bad": len(report.bad)}
            add_event(connection, at=now, actor=actor, what="recurring imported", detail=detail)

    return taken_in(database, table, errors_to, do)


def _refusals(company: CompanyConfig, values: Mapping[str, Any]) -> Iterator[str]:
    charge_type = values["charge_type"]
    if charge_type and company.charge_types and charge_type not in company.charge_types:
        yield f"charge_type: {charge_type!r} is not in use in company {company.number}"
    if charge_type and _rate_of(company, values) and company.charge_type(charge_type).holding:
        yield "vat: money that is held for the tenant carries no VAT"
    if values["first_day"] and values["last_day"] and values["last_day"] < values["first_day"]:
        yield "last_day: lies before first_day"


def _plans(connection: Connection, rows: Sequence[_Row], bad: list[BadRow]) -> Iterator[_Plan]:
    stored: dict[tuple[str, str, str], list[Recurring]] = defaultdict(list)
    for one in recurring_of(connection, {row.said.tenancy.id for row in rows}):
        stored[one.tenancy, one.charge_type, one.text].append(one)
    by_alike: dict[tuple[str, str, str], list[_Row]] = defaultdict(list)
    for row in rows:
        by_alike[row.alike].append(row)
    for alike, of_it in by_alike.items():
        there = {one.first_day: one for one in stored[alike]}
        plan, good = _Plan(dict(there)), []
        for row in of_it:
            before = there.get(row.first_day)
            if before is None or row.says(before):
                plan.add(row, before)
                good.append(row)
            else:
                bad.append(row.said.refused(_other_content(before)))
        if both := collision(list(plan.after.values())):
            bad.extend(row.said.refused(_told(both)) for row in good)
        else:
            yield plan


def _values(row: _Row) -> dict[str, Any]:
    """By column. The text is kept as given, so that a charge type's new text is on the next charge."""
    values = row.said.values
    taken = {name: values[name] for name in ("charge_type", "text", "amount", "first_day", "last_day")}
    return {**taken, "vat_rate": _rate_of(row.said.company, values)}


def _rate_of(company: CompanyConfig, values: Mapping[str, Any]) -> int:
    rate: int | None = values["vat"]
    return company.charge_type(values["charge_type"]).vat if rate is None else rate


def _other_content(stored: Recurring) -> str:
    return (
        f"first_day: is that of #{stored.id}, which is {format_amount(stored.amount)} a month with "
        f"{format_amount(stored.vat_rate)} % VAT; end it, and let another begin when that changes"
    )


def _told(both: tuple[Recurring, Recurring]) -> str:
    one, next_ = both
    until = f"through {one.last_day}" if one.last_day else "until further notice"
    return (
        f"first_day: charge type {one.charge_type} would come from {one.first_day} {until} and from {next_.first_day} "
        "as well, and the tenant be charged twice: end the one, or give each a text of its own"
    )
