"""The standard's answers to the hub's questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from hub.plugin import (
    API_VERSION,
    Description,
    FieldPlace,
    FileKind,
    FileView,
    HubError,
    Mine,
    NotMine,
    Record,
    Remark,
    Settings,
    ShownField,
    Vendor,
    hookimpl,
)
from hub_arge import exporting, making, readers, showing
from hub_arge.identifying import STATEMENT, identify
from hub_arge.layouts import FILE_TYPES, INDEXES, PAIRS, RESULTS, TENANTS
from hub_arge.settings import ArgeSettings

EXPORT = "export"


class Plugin(Vendor):
    """Version 3.05: pairs of numbers, properties and tenants both ways, results, and the index of the statements."""

    name = "arge"
    api = API_VERSION
    settings_model: ClassVar[type[Settings]] = ArgeSettings
    kinds: ClassVar[Mapping[str, FileKind]] = {
        PAIRS: FileKind("Pairs of numbers (DTA305)"),
        TENANTS: FileKind("Properties and tenants (DTM305)"),
        RESULTS: FileKind("Consumption result (DTD305)"),
        INDEXES: FileKind("Index of documents (DTE898)"),
        STATEMENT: FileKind("Document of an index (PDF)", "name+content", document=True, indexed=True),
        EXPORT: FileKind("Properties and tenants as we send them (DTM305)"),
    }
    settings: ArgeSettings

    @hookimpl
    def describe(self) -> Description:
        settings = self.settings
        telltales = [f"arge/305/{settings.customer}"]
        # Neither an index nor a PDF says whose customer it is of: any two at one door are alike (R1).
        telltales += ["arge/E898", "statement/pdf"] if settings.index else []
        summary = f"Standard data exchange 3.05, customer {settings.customer}"
        return Description(summary, tuple(telltales), settings.key.number_lengths(), tuple(_places()))

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        return identify(file, self.settings)

    @hookimpl
    def read(self, file: FileView, kind: str) -> Iterator[Record]:
        return readers.read(file, kind, self.settings)

    @hookimpl
    def make(self, kind: str, records: Iterable[Record], head: Mapping[str, str]) -> Iterator[bytes | Remark]:
        if kind == EXPORT:
            return exporting.make(records, head, self.settings)
        if kind == RESULTS:
            return making.make(records, self.settings)
        raise HubError(f"makes no file of kind {kind!r}, only {EXPORT} and {RESULTS}")

    @hookimpl
    def show(self, file: FileView) -> Iterator[ShownField]:
        return showing.show(file, self.settings)


def _places() -> Iterator[FieldPlace]:
    """Of the files with one kind of record: the standard's own places, which no setting moves."""
    for type_ in FILE_TYPES.values():
        if len(type_.layouts) == 1:
            for place in type_.layouts[0].fields:
                if place.name:
                    yield FieldPlace(type_.kind, place.name, place.first, place.last, "")
