"""``[settings.statements]``: how PDFs are named (items N.05-N.18 of a vendor's document section, R35)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from hub.plugin.meters.result_settings import ChargeType
from hub.plugin.meters.sheet import Item, SheetSettings, item_number, model_of, setting

#: 1-based part of a name; 0 = not in the name.
NamePart = Annotated[int, Field(ge=0, le=30)]
_TENANT_PARTS = ("company", "property", "unit", "tenant", "period_from", "period_to", "type")
_PROPERTY_PARTS = ("company", "property", "period_from", "period_to", "type")
_TYPES, _TENANT_FIRST, _PROPERTY_FIRST, _SEPARATOR = 5, 6, 13, 18


class NamePositions(SheetSettings):
    """Which part of a document's name says what, counted from 1; 0 = not in the name."""

    company: NamePart
    property: NamePart
    unit: int = 0
    tenant: int = 0
    period_from: NamePart
    period_to: NamePart
    type: NamePart

    def count(self) -> int:
        """How many parts such a name has (R35)."""
        return max(self._given().values(), default=0)

    def exists(self) -> bool:
        return self.count() > 0

    @model_validator(mode="after")
    def _distinct(self) -> NamePositions:
        given = self._given()
        shared = sorted({position for position in given.values() if list(given.values()).count(position) > 1})
        for position in shared:
            fields = [f"{field} ({self.item(field)})" for field, its in given.items() if its == position]
            raise ValueError(f"part {position} of the name is given to {' and '.join(fields)}")
        missing = [f"{field} ({self.item(field)})" for field in self._required() if field not in given]
        if given and missing:
            raise ValueError(f"the name's positions lack {', '.join(missing)}")
        return self

    def _given(self) -> dict[str, int]:
        return {field: position for field, position in self if position}

    @classmethod
    def _required(cls) -> list[str]:
        return [field for field in cls.model_fields if cls.item(field)]


class TenantDocument(NamePositions):
    """A tenant's document."""

    unit: NamePart
    tenant: NamePart

    @model_validator(mode="after")
    def _given_at_all(self) -> TenantDocument:
        if not self.exists():
            first, last = self.item("company"), self.item("type")
            raise ValueError(f"a tenant's document needs its positions (sheet items {first}-{last})")
        return self


class PropertyDocument(NamePositions):
    """A property's document. All zeros: the vendor sends none."""

    unit: Literal[0] = 0
    tenant: Literal[0] = 0


class StatementSettings(SheetSettings):
    """How the names of statements are cut into parts."""

    #: The vendor's letter for a consumption type, and the charge type it stands for.
    types: Annotated[Mapping[str, ChargeType], Field(min_length=1)]
    tenant_document: TenantDocument
    property_document: PropertyDocument
    separator: Annotated[str, Field(min_length=1, max_length=5)] = "-"

    @field_validator("types")
    @classmethod
    def _composed(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        return {unicodedata.normalize("NFC", letter): charge_type for letter, charge_type in value.items()}

    @model_validator(mode="after")
    def _told_apart(self) -> StatementSettings:
        if self.tenant_document.count() == self.property_document.count():
            tenants, properties = (
                f"{document.item('company')}-{document.item('type')}"
                for document in (self.tenant_document, self.property_document)
            )
            raise ValueError(
                f"tenants' documents (sheet items {tenants}) and properties' ({properties}) both have "
                f"{self.tenant_document.count()} parts, so they cannot be told apart (R35)"
            )
        return self


def statement_section(
    section: int,
    *,
    types: Mapping[str, str] | None = None,
    tenant_document: tuple[int, ...] = (),
    property_document: tuple[int, ...] = (),
    separator: str | None = None,
) -> type[StatementSettings]:
    """A document section with what the sheet fills in, positions in its order; empty = the sheet's are.

    Order: company, property, unit and tenant (of a tenant's document), period start, period end, type.
    """
    tenants = _document(TenantDocument, section, _TENANT_FIRST, _TENANT_PARTS, tenant_document, empty=...)
    properties = _document(PropertyDocument, section, _PROPERTY_FIRST, _PROPERTY_PARTS, property_document, empty=0)
    where = f"{item_number(section, _TENANT_FIRST)}-{item_number(section, _TENANT_FIRST + len(_TENANT_PARTS) - 1)}"
    annotated = StatementSettings.__annotations__
    return model_of(
        StatementSettings,
        {
            "types": (annotated["types"], Item(item_number(section, _TYPES), types, of_sheet=True).setting(...)),
            "tenant_document": (tenants, tenants() if tenant_document else setting(where)),
            "property_document": (properties, properties()),
            "separator": (annotated["separator"], Item(item_number(section, _SEPARATOR), separator, True).setting("-")),
        },
    )


def _document(base: Any, section: int, first: int, names: tuple[str, ...], values: tuple[int, ...], empty: Any) -> Any:
    given = values or (None,) * len(names)
    fields = {
        name: (NamePart, Item(item_number(section, number), value, of_sheet=True).setting(empty))
        for number, (name, value) in enumerate(zip(names, given, strict=True), first)
    }
    return model_of(base, fields)
