"""Brunata's answers to the hub's questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from hub.plugin import (
    API_VERSION,
    Description,
    Document,
    FileKind,
    FileView,
    HubError,
    Mine,
    NotMine,
    Record,
    Settings,
    Vendor,
    hookimpl,
)
from hub_brunata import results, statements
from hub_brunata.settings import BrunataSettings

RESULT = "result"
STATEMENT = "statement"


class Plugin(Vendor):
    """Results of consumption accounts, and statements as PDFs; each only where its settings are given."""

    name = "brunata"
    api = API_VERSION
    settings_model: ClassVar[type[Settings]] = BrunataSettings
    kinds: ClassVar[Mapping[str, FileKind]] = {
        RESULT: FileKind("Consumption result"),
        STATEMENT: FileKind("Consumption statement (PDF)", identity="name+content", document=True),
    }
    settings: BrunataSettings

    @hookimpl
    def describe(self) -> Description:
        result, statements_too = self.settings.result, self.settings.statements
        reads = [f"results of type {result.charge_type}"] if result else []
        reads += ["PDF statements"] if statements_too else []
        # What a result is of, and whose, its content does not say (R1): any two at one door are alike.
        telltales = ("result/fixed-width",) if result else ()
        telltales += ("statement/pdf",) if statements_too else ()
        return Description(f"Brunata: {' and '.join(reads)}", telltales, self.settings.number_lengths())

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        if statements.has_statement_name(file.name):
            return Mine(STATEMENT) if self.settings.statements else NotMine("PDFs are off: no [settings.statements]")
        if not file.size:
            return NotMine("the file is empty")
        if self.settings.result is None:
            return NotMine("its name does not end in .pdf, and results are off: no [settings.result]")
        why = results.why_no_result(file.head, self.settings.result)
        return NotMine(why) if why else Mine(RESULT)

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        if self.settings.result is None:
            raise HubError("results are off: no [settings.result]")
        with file.open() as stream:
            yield from results.read(stream, self.settings.result)

    @hookimpl
    def whose(self, file: FileView) -> Document:
        if self.settings.statements is None:
            raise HubError("PDFs are off: no [settings.statements]")
        return statements.whose(file, self.settings.statements)

    @hookimpl
    def make(self, kind: str, records: Iterable[Record]) -> Iterator[bytes]:
        if kind != RESULT or self.settings.result is None:
            raise HubError(f"this instance makes no file of kind {kind!r}")
        return results.make(records, self.settings.result)
