"""What a config file may say of a Brunata instance; defaults are the values of the administrators' set-up sheet.

``item`` in a field's ``json_schema_extra`` is the sheet's own number; every error about the field repeats it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from hub.plugin import NumberLength, Settings
from hub.plugin.layout import ENCODINGS, Amount, Choice, Day, Key, Layout, LayoutError, day_format

#: Charged in advance during the year; a result never goes on one of them (R26).
ON_ACCOUNT_TYPES = ("75020", "73035", "73095")
POSITION_MAX = 4_096

ChargeType = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


def _sheet(item: str, default: Any = ..., **limits: Any) -> Any:
    return Field(default, json_schema_extra={"item": item}, **limits)


def _start(item: str, default: int) -> Any:
    return _sheet(item, default, ge=1, le=POSITION_MAX)


def _start_or_none(item: str, default: int) -> Any:
    return _sheet(item, default, ge=0, le=POSITION_MAX)


def _length(item: str, default: int) -> Any:
    return _sheet(item, default, ge=1, le=50)


def _part(item: str, default: int) -> Any:
    return _sheet(item, default, ge=0, le=30)


class SheetSettings(Settings):
    """Settings whose errors name the set-up sheet's items."""

    @classmethod
    def item(cls, field: str) -> str:
        """The sheet's number of a field; "" for what the sheet does not ask."""
        extra = cls.model_fields[field].json_schema_extra if field in cls.model_fields else None
        return str(extra["item"]) if isinstance(extra, dict) and "item" in extra else ""

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_items(cls, data: Any, handler: ModelWrapValidatorHandler[SheetSettings]) -> SheetSettings:
        try:
            return handler(data)
        except ValidationError as error:
            findings = error.errors(include_url=False)
        details = []
        for finding in findings:
            item = cls.item(str(finding["loc"][0])) if finding["loc"] else ""
            said = f"{finding['msg']} (sheet item {item})" if item else finding["msg"]
            kind = PydanticCustomError("sheet", "{said}", {"said": said})
            details.append(InitErrorDetails(type=kind, loc=finding["loc"], input=finding["input"]))
        raise ValidationError.from_exception_data(cls.__name__, details)


class ResultSettings(SheetSettings):
    """``[settings.result]``: where the fields of a result stand (items 12.01-12.14), positions and lengths in bytes."""

    company_start: int = _start("12.01", 1)
    company_length: int = _length("12.02", 4)
    property_start: int = _start("12.03", 5)
    property_length: int = _length("12.04", 6)
    unit_start: int = _start("12.05", 11)
    unit_length: int = _length("12.06", 6)
    tenant_start: int = _start("12.07", 17)
    tenant_length: int = _length("12.08", 3)
    amount_start: int = _start("12.09", 21)
    amount_length: int = _sheet("12.10", 10, ge=1, le=18)
    sign_start: int = _start("12.11", 31)
    #: 0 = not in the file (R30).
    period_from_start: int = _start_or_none("12.12", 0)
    period_to_start: int = _start_or_none("12.13", 0)
    date_format: str = _sheet("12.14", "DDMMÅÅÅÅ")

    #: The sheet leaves open what follows; what has no default must be asked of the vendor (R25).
    implied_decimals: int = _sheet("12.10, its decimals: no default, ask the vendor", ge=0, le=4)
    sign_tenant_pays: str = _sheet("12.11, its characters: no default, ask the vendor", min_length=1, max_length=1)
    sign_tenant_receives: str = _sheet("12.11, its characters: no default, ask the vendor", min_length=1, max_length=1)
    #: The type that results are booked on: 75040 heat, 73039 water, 73099 electricity (R26); says what is read (R1).
    charge_type: ChargeType
    amounts: Literal["balance", "cost"] = "balance"
    #: The sheet names no encoding; this default is the hub's own.
    encoding: str = "iso8859-1"
    #: Bytes of a record; default: up to the last position that a field takes.
    record_length: int | None = Field(None, ge=1, le=POSITION_MAX)

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        day_format(value)
        return value

    @field_validator("charge_type")
    @classmethod
    def _no_on_account_type(cls, value: str) -> str:
        if value in ON_ACCOUNT_TYPES:
            raise ValueError("an on-account type never carries a result (R26): use 75040, 73039 or 73099")
        return value

    @field_validator("amounts")
    @classmethod
    def _only_balances(cls, value: str) -> str:
        if value == "cost":
            raise ValueError("costs need consumption accounts, which this version does not keep: only 'balance' (R31)")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        if value not in ENCODINGS:
            raise ValueError(f"allowed are {', '.join(ENCODINGS)}")
        return value

    @model_validator(mode="after")
    def _possible(self) -> ResultSettings:
        if self.sign_tenant_pays == self.sign_tenant_receives:
            raise ValueError("sign_tenant_pays and sign_tenant_receives (sheet item 12.11) must be two characters")
        if bool(self.period_from_start) != bool(self.period_to_start):
            raise ValueError("a period needs both its start (sheet item 12.12) and its end (12.13), or neither")
        try:
            self.layout()
        except LayoutError as error:
            raise ValueError("; ".join(map(self._with_items, error.problems))) from None
        return self

    def layout(self) -> Layout:
        """The layout of a record. Raises LayoutError naming the fields that overlap or cannot be."""
        spelling = day_format(self.date_format)
        fields = {
            "company": (self.company_start, Key(self.company_length, self.encoding)),
            "property": (self.property_start, Key(self.property_length, self.encoding)),
            "unit": (self.unit_start, Key(self.unit_length, self.encoding)),
            "tenant": (self.tenant_start, Key(self.tenant_length, self.encoding)),
            "amount": (self.amount_start, Amount(self.amount_length, self.implied_decimals)),
            "sign": (self.sign_start, Choice(self._signs())),
            "period_from": (self.period_from_start, Day(spelling)),
            "period_to": (self.period_to_start, Day(spelling)),
        }
        last = max(start + field.size - 1 for start, field in fields.values() if start)
        return Layout.at("result", self.record_length or last, fields)

    @property
    def has_period(self) -> bool:
        return bool(self.period_from_start)

    def _signs(self) -> dict[bytes, int]:
        """Each sign's byte and what it makes of an amount: positive = the tenant pays."""
        signs = {self.sign_tenant_pays: 1, self.sign_tenant_receives: -1}
        try:
            return {character.encode(self.encoding): factor for character, factor in signs.items()}
        except UnicodeEncodeError as error:
            raise LayoutError("result", [f"field 'sign' has a character that {self.encoding} cannot write"]) from error

    def _with_items(self, problem: str) -> str:
        for field in ("company", "property", "unit", "tenant", "amount", "sign", "period_from", "period_to"):
            items = [
                self.item(f"{field}_{end}")
                for end in ("start", "length")
                if f"{field}_{end}" in self.__class__.model_fields
            ]
            problem = problem.replace(f"field {field!r}", f"field {field!r} of sheet item {'-'.join(items)}")
        return problem


class NamePositions(SheetSettings):
    """Which part of a document's name says what, counted from 1; 0 = not in the name."""

    company: int
    property: int
    unit: int = 0
    tenant: int = 0
    period_from: int
    period_to: int
    type: int

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
    company: int = _part("13.06", 1)
    property: int = _part("13.07", 2)
    unit: int = _part("13.08", 6)
    tenant: int = _part("13.09", 7)
    period_from: int = _part("13.10", 4)
    period_to: int = _part("13.11", 5)
    type: int = _part("13.12", 3)

    @model_validator(mode="after")
    def _given_at_all(self) -> TenantDocument:
        if not self.exists():
            raise ValueError("a tenant's document needs its positions (sheet items 13.06-13.12)")
        return self


class PropertyDocument(NamePositions):
    """All zeros: the vendor sends none."""

    company: int = _part("13.13", 1)
    property: int = _part("13.14", 2)
    unit: Literal[0] = 0
    tenant: Literal[0] = 0
    period_from: int = _part("13.15", 4)
    period_to: int = _part("13.16", 5)
    type: int = _part("13.17", 3)


class StatementSettings(SheetSettings):
    """``[settings.statements]``: how PDFs are named (items 13.05-13.18, R35)."""

    #: The vendor's letter for a consumption type, and the charge type it stands for.
    types: Mapping[str, ChargeType] = _sheet("13.05", {"F": "75020", "V": "73035", "E": "73095"}, min_length=1)
    tenant_document: TenantDocument = TenantDocument()
    property_document: PropertyDocument = PropertyDocument()
    separator: str = _sheet("13.18", "-", min_length=1, max_length=5)

    @field_validator("types")
    @classmethod
    def _composed(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        return {unicodedata.normalize("NFC", letter): charge_type for letter, charge_type in value.items()}

    @model_validator(mode="after")
    def _told_apart(self) -> StatementSettings:
        if self.tenant_document.count() == self.property_document.count():
            raise ValueError(
                f"tenants' documents (sheet items 13.06-13.12) and properties' (13.13-13.17) both have "
                f"{self.tenant_document.count()} parts, so they cannot be told apart (R35)"
            )
        return self


class BrunataSettings(Settings):
    """``[settings]`` of an instance of ``brunata``: a table that is absent turns its kind of file off."""

    result: ResultSettings | None = None
    statements: StatementSettings | None = None

    @model_validator(mode="after")
    def _something(self) -> BrunataSettings:
        if self.result is None and self.statements is None:
            raise ValueError("nothing to read: give [settings.result] or [settings.statements] or both")
        return self

    def number_lengths(self) -> tuple[NumberLength, ...]:
        """The room that a result has for each number of a tenancy (R34); a document's name has no limit."""
        if self.result is None:
            return ()
        return (
            NumberLength("company", self.result.company_length, "result.company_length"),
            NumberLength("property", self.result.property_length, "result.property_length"),
            NumberLength("unit", self.result.unit_length, "result.unit_length"),
            NumberLength("tenant", self.result.tenant_length, "result.tenant_length"),
        )
