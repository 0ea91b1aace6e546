"""Betalingsservice's answers to the hub's questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from hub.plugin import (
    API_VERSION,
    Description,
    FileKind,
    FileView,
    Mine,
    NotMine,
    Record,
    Settings,
    ShownField,
    Vendor,
    hookimpl,
)
from hub_nets_bs import identifying, kinds, makers, showing
from hub_nets_bs.settings import BetalingsserviceSettings

_TELLTALE = "betalingsservice"


class Plugin(Vendor):
    """What Betalingsservice sends: payments (0602), mandates and slips (0603), information (0621), receipts."""

    name = "nets_bs"
    api = API_VERSION
    settings_model: ClassVar[type[Settings]] = BetalingsserviceSettings
    kinds: ClassVar[Mapping[str, FileKind]] = kinds.KINDS
    settings: BetalingsserviceSettings

    @hookimpl
    def describe(self) -> Description:
        creditors = self.settings.creditors
        whose = f"creditor {', '.join(creditors)}" if creditors else "any creditor"
        deliveries = [f"{_TELLTALE}/{delivery}" for delivery in kinds.READ_DELIVERIES]
        telltales = [f"{delivery}/{creditor}" for delivery in deliveries for creditor in creditors] or deliveries
        if self.settings.receipts:
            telltales.append(f"{_TELLTALE}/receipts")
        read = ", ".join(kinds.READ_DELIVERIES)
        return Description(f"Betalingsservice {read}, {whose}", tuple(telltales))

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        return identifying.identify(file, self.settings)

    @hookimpl
    def read(self, file: FileView, kind: str) -> Iterator[Record]:
        return kinds.read(file, kind, self.settings)

    @hookimpl
    def make(self, kind: str, records: Iterable[Record], head: Mapping[str, str]) -> Iterator[bytes]:
        return makers.make(kind, records, head, self.settings)

    @hookimpl
    def show(self, file: FileView) -> Iterator[ShownField]:
        return showing.show(file, self.settings)
