"""A hand that exports: a property of forty tenancies, and a plug-in in this process that writes what it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from hub.acts.charges import LineAsked
from hub.consumption.export import Exported, export
from hub.consumption.telling import ExportAsked, Telling, plan
from hub.imports.portfolio import import_portfolio
from hub.plugin import ConsumptionTenancy, FileKind, Record
from hub.settings import Site, VendorConfig
from hub.store.database import Database
from hub.vendors import Unmakeable
from tests.desk import NOW
from tests.hand import Hand

PERIOD = (date(2025, 6, 1), date(2026, 5, 31))
#: Characters that the writer's name column holds.
NAME_CHARACTERS = 20
_HEAD = (
    "company,company_name,property,property_name,unit,main_unit,tenant,name,second_name,address,postal_code,city,"
    "new_address,new_postal_code,new_city,move_in,move_out,vat_registered"
)
#: Of them, who lived there within the period: 38 in as many units, and in two of them the one before.
STAYED = tuple(f"1-7-{unit}-1" for unit in range(1, 37))
MOVED_OUT, MOVED_IN = ("1-7-37-1", "1-7-38-1"), ("1-7-37-2", "1-7-38-2")
#: Who did not.
GONE_BEFORE, COMES_AFTER, NOBODY = "1-7-1-9", "1-7-2-9", "1-7-3-999"
FORTY = (*STAYED, "1-7-37-1", "1-7-37-2", "1-7-38-1", "1-7-38-2")


def row(
    key: str, move_in: str = "2020-01-01", move_out: str = "", new: str = ",,", name: str = "", main: str = ""
) -> str:
    """``new`` is the new address, postal code and town, ``main`` the unit that this one is let along with."""
    company, estate, unit, tenant = key.split("-")
    name = name or f"Lejer {unit}.{tenant} Øst"
    numbers = f"{company},Ådal,{estate},Søgård,{unit},{main},{tenant}"
    return f"{numbers},{name},,Vej {unit},8000,Aarhus,{new},{move_in},{move_out},0"


PEOPLE = (
    *map(row, STAYED),
    row("1-7-37-1", move_out="2025-11-30", new="Nyvej 1,5000,Odense"),
    row("1-7-37-2", move_in="2025-12-01"),
    # On the last and first day of the period.
    row("1-7-38-1", move_out="2025-06-01", new="Nyvej 2,9000,Aalborg"),
    row("1-7-38-2", move_in="2026-05-31"),
    row(GONE_BEFORE, move_out="2025-05-31"),
    row(COMES_AFTER, move_in="2026-06-01"),
    row(NOBODY),
)


def write_people(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([_HEAD, *rows]) + "\n", encoding="utf-8")
    return path


class Charged(NamedTuple):
    entry: int
    reference: str


class Writer:
    """What of an instance makes files: a line a tenancy, its fields between bars; names have so many characters."""

    name = "heat"
    plugin = "bars"
    plugin_version = "1"
    kinds: Mapping[str, FileKind] = {"export": FileKind("What is told")}

    def make(
        self, kind: str, records: Iterable[Record], head: Mapping[str, str], remarks: list[str] | None = None
    ) -> Iterator[bytes]:
        for one in records:
            assert isinstance(one, ConsumptionTenancy)
            if len(one.name) > NAME_CHARACTERS:
                raise Unmakeable(f"name {one.name!r} is longer than {NAME_CHARACTERS}")
            yield ("|".join("" if value is None else str(value) for value in one) + "\r\n").encode("iso8859-1")


class ExportingHand(Hand):
    """``consumption`` are settings of the instance ``heat`` beside type and export."""

    def __init__(self, database: Database, folder: Path, rows: Iterable[str] = PEOPLE, **consumption: Any) -> None:
        super().__init__(database, folder)
        self.config: dict[str, Any] = {"plugin": "bars", "consumption": {"type": "heat", "export": True, **consumption}}
        self.writer = Writer()
        self.people(*rows)

    @property
    def site(self) -> Site:
        vendors = {"heat": VendorConfig.model_validate(self.config)}
        return Site(self._folder, companies=self.companies, vendors=vendors)

    def people(self, *rows: str) -> None:
        """Imported, or changed."""
        table = write_people(self._folder / "people.csv", *rows)
        report = import_portfolio(self.db, table, now=NOW, actor="test", currency_of=lambda _: "DKK")
        assert not report.bad

    def on_account(self, tenancy: str, amount: int, first: date, last: date | None, *, type: str = "75020") -> Charged:
        """A charge of one line, due on its first day."""
        line = LineAsked(type, amount, period=None if last is None else (first, last))
        made = self.charge(tenancy, "", first.isoformat(), line, kind="rent")
        return Charged(made["entry"], made["reference"])

    def plan(self, property: str = "1-7", period: tuple[date, date] = PERIOD, instance: str = "heat") -> Telling:
        """What would be told, with an account opened for it."""
        found: list[Telling] = []
        asked = ExportAsked(instance, property, period)
        self.do("export", lambda acting: found.append(plan(acting, asked)) or {})
        return found[0]

    def export(self, property: str = "1-7", period: tuple[date, date] = PERIOD) -> Exported:
        found: list[Exported] = []
        asked = ExportAsked("heat", property, period)
        self.do("export", lambda acting: found.append(export(acting, plan(acting, asked), self.writer)) or {})
        return found[0]

    def told(self, property: str = "1-7", period: tuple[date, date] = PERIOD) -> dict[str, int]:
        """Øre on account by tenancy, in the order of the file."""
        planned = self.plan(property, period).told
        amounts = {one.tenant.key: one.on_account for one in planned}
        assert len(amounts) == len(planned)
        return amounts
