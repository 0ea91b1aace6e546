"""``[settings]`` of a meter company's instance: a table that is absent turns its kind of file off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, field_validator, model_validator

from hub.plugin.hookspecs import FieldPlace, NumberLength
from hub.plugin.meters.export_settings import DelimitedExport, ExportSection, FixedExport
from hub.plugin.meters.result_settings import DelimitedResult, FixedResult, ResultSection
from hub.plugin.meters.statement_settings import StatementSettings
from hub.plugin.vendor import Settings


class Sheet(NamedTuple):
    """One vendor in the set-up sheet: its three sections."""

    export: ExportSection
    result: ResultSection
    statements: type[StatementSettings]


class MeterSettings(Settings):
    """What a config file may say; which positions it need not say is the vendor's ``sheet``."""

    sheet: ClassVar[Sheet]

    result: FixedResult | DelimitedResult | None = None
    export: FixedExport | DelimitedExport | None = None
    statements: StatementSettings | None = None

    @field_validator("result", "export", "statements", mode="wrap")
    @classmethod
    def _by_the_sheet(cls, value: Any, handler: Any, info: Any) -> Any:
        if not isinstance(value, Mapping):
            return handler(value)
        if info.field_name == "statements":
            return cls.sheet.statements.model_validate(value)
        return getattr(cls.sheet, info.field_name).settings_of(value)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.result is None and self.export is None and self.statements is None:
            raise ValueError("nothing to do: give [settings.result], [settings.export] or [settings.statements]")
        return self

    def number_lengths(self) -> tuple[NumberLength, ...]:
        """The room that its records have for each number of a tenancy (R34); a document's name has no limit."""
        return tuple(length for record in self._records() for length in record.number_lengths())

    def places(self) -> tuple[FieldPlace, ...]:
        """Where every field of its records stands."""
        return tuple(place for record in self._records() for place in record.places())

    @classmethod
    def tables_of(cls, field: str) -> tuple[type[BaseModel], ...]:
        sheet = cls.sheet
        return {"result": tuple(sheet.result), "export": tuple(sheet.export)}.get(field, (sheet.statements,))

    @classmethod
    def places_of(cls, given: Mapping[str, Any]) -> tuple[FieldPlace, ...]:
        sections = (("result", cls.sheet.result), ("export", cls.sheet.export))
        return tuple(
            place
            for table, section in sections
            if isinstance(of_table := given.get(table), Mapping)
            for place in section.places_of(of_table)
        )

    def _records(self) -> Iterator[FixedResult | DelimitedResult | FixedExport | DelimitedExport]:
        return (record for record in (self.result, self.export) if record is not None)
