"""A meter company's answers to the hub's questions: all of them the same but for the sheet's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from hub.errors import HubError
from hub.plugin.file import FileView
from hub.plugin.hookspecs import Description, FileKind, Mine, NotMine, hookimpl
from hub.plugin.meters import exports, results, showing, statements
from hub.plugin.meters.record_settings import DelimitedRecord
from hub.plugin.meters.settings import MeterSettings
from hub.plugin.records import Document, Record, Remark, ShownField
from hub.plugin.vendor import Vendor

RESULT = "result"
EXPORT = "export"
STATEMENT = "statement"


class MeterVendor(Vendor):
    """Results of consumption accounts, statements as PDFs, and exports; each only where its settings are given.

    A vendor gives it ``name``, ``title`` and a ``settings_model`` with the sheet's numbers.
    """

    #: What people call the company.
    title: str
    kinds: ClassVar[Mapping[str, FileKind]] = {
        RESULT: FileKind("Consumption result"),
        STATEMENT: FileKind("Consumption statement (PDF)", identity="name+content", document=True),
        EXPORT: FileKind("Tenancies and amounts on account"),
    }
    settings: MeterSettings

    @hookimpl
    def describe(self) -> Description:
        settings = self.settings
        does = [f"results of type {settings.result.charge_type}"] if settings.result else []
        does += ["PDF statements"] if settings.statements else []
        does += ["exports"] if settings.export else []
        # What a result is of, and whose, its content does not say (R1): any two at one door are alike.
        layout = "delimited" if isinstance(settings.result, DelimitedRecord) else "fixed-width"
        telltales = [f"result/{layout}"] if settings.result else []
        telltales += ["statement/pdf"] if settings.statements else []
        said = " and ".join(filter(None, (", ".join(does[:-1]), does[-1])))
        return Description(f"{self.title}: {said}", tuple(telltales), settings.number_lengths(), settings.places())

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
    def show(self, file: FileView) -> Iterator[ShownField]:
        return showing.show(file, self.settings)

    @hookimpl
    def make(self, kind: str, records: Iterable[Record]) -> Iterator[bytes | Remark]:
        if kind == EXPORT:
            if self.settings.export is None:
                raise HubError("exports are off: no [settings.export]", do="give the instance such a table")
            return exports.make(records, self.settings.export)
        if kind == RESULT and self.settings.result is not None:
            return results.make(records, self.settings.result)
        raise HubError(f"this instance makes no file of kind {kind!r}")
