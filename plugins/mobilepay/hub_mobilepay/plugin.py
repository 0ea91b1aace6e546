"""MobilePay's answers to the hub's questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from hub.plugin import (
    API_VERSION,
    Description,
    FileKind,
    FileView,
    Malformed,
    Mine,
    NotMine,
    Record,
    Settings,
    ShownField,
    Vendor,
    format_amount,
    hookimpl,
)
from hub.plugin.records import AMOUNT_ORE_MAX
from hub_mobilepay import report_api, settlement_csv_a, settlement_xml, transferred_csv
from hub_mobilepay.formats import Format
from hub_mobilepay.settings import MobilePaySettings
from hub_mobilepay.settlement_csv_b import SettlementCsvB
from hub_mobilepay.settlement_xlsx import SettlementXlsx

#: Formats whose files are known without settings.
FORMATS: tuple[Format, ...] = (settlement_csv_a, settlement_xml, report_api, transferred_csv)
_TITLES = {
    **{one.KIND: one.TITLE for one in FORMATS},
    **{one.KIND: one.TITLE for one in (SettlementCsvB, SettlementXlsx)},
}


class Plugin(Vendor):
    """Settlements of MobilePay and Vipps, as files and as the Report API's pages."""

    name = "mobilepay"
    api = API_VERSION
    settings_model: ClassVar[type[Settings]] = MobilePaySettings
    kinds: ClassVar[Mapping[str, FileKind]] = {kind: FileKind(title) for kind, title in _TITLES.items()}
    settings: MobilePaySettings

    def __init__(self, settings: MobilePaySettings) -> None:
        super().__init__(settings)
        layout_b = (SettlementCsvB(settings.layout_b), SettlementXlsx(settings.layout_b, settings.xlsx))
        formats: tuple[Format, ...] = (*FORMATS, *layout_b)
        self._formats = {one.KIND: one for one in formats}

    @hookimpl
    def describe(self) -> Description:
        telltales = tuple(one.telltale for one in self._formats.values())
        return Description("MobilePay: payments, refunds, fees and payouts of its settlements", telltales)

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        if not file.size:
            return NotMine("the file is empty")
        whys = []
        for one in self._formats.values():
            why = one.identify(file)
            if not why:
                return Mine(one.KIND)
            whys.append(f"{one.KIND}: {why}")
        return NotMine("; ".join(whys))

    @hookimpl
    def read(self, file: FileView, kind: str) -> Iterator[Record]:
        return _bounded(self._formats[kind].read(file, self.settings))

    @hookimpl
    def show(self, file: FileView) -> Iterator[ShownField]:
        """As what the option ``kind`` says, else as what it is; what is neither, as a CSV of lines and cells."""
        said = self.identify(file)
        kind = file.options.get("kind") or (said.kind if isinstance(said, Mine) else settlement_csv_a.KIND)
        return self._formats.get(kind, settlement_csv_a).show(file, self.settings)


def _bounded(records: Iterator[Record]) -> Iterator[Record]:
    """Refuses amounts that no settlement can have, each of which may be one that can be. Raises Malformed."""
    left = AMOUNT_ORE_MAX
    for record in records:
        left -= abs(getattr(record, "amount", 0))
        if left < 0:
            most = format_amount(AMOUNT_ORE_MAX)
            raise Malformed(f"its amounts come to more than {most}", line=getattr(record, "record", None))
        yield record
