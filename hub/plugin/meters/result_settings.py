"""``[settings.result]``: where the parts of a result stand (items N.01-N.14 of a vendor's import section)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, field_validator

from hub.plugin.meters.parts import KEY_PARTS, Part
from hub.plugin.meters.record_settings import (
    CharacterOrNone,
    DelimitedRecord,
    FixedRecord,
    OneCharacter,
    RecordSettings,
    Section,
    place_fields,
)
from hub.plugin.meters.sheet import Item, Places, item_number, items_of, model_of, setting

#: Charged in advance during the year; a result never goes on one of them (R26).
ON_ACCOUNT_TYPES = ("75020", "73035", "73095")
ChargeType = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]

#: The sections of the sheet number these fields all alike, in this order.
_SHEET_FIELDS: Places = {
    **{part.name: (None, None) for part in KEY_PARTS},
    "amount": (None, None),
    "sign": (None,),
    "period_from": (None,),
    "period_to": (None,),
}
_SIGN, _AMOUNT, _DATE_FORMAT = 11, 10, 14


class ResultSettings(RecordSettings):
    """A result: one tenant's line of a settled account."""

    table = "result"
    parts: ClassVar[tuple[Part, ...]] = (
        *KEY_PARTS,
        Part("amount", "amount", needed=True),
        Part("sign", "sign", needed=True),
        Part("on_account", "amount", blank=True),
        Part("period_from", "day"),
        Part("period_to", "day"),
    )

    #: Signs of an amount that the tenant pays and of one that he receives: no default, ask the vendor (R25). Of costs,
    #: of what he has used and of what he is credited.
    sign_tenant_pays: CharacterOrNone
    sign_tenant_receives: CharacterOrNone
    #: The type that results are booked on: 75040 heat, 73039 water, 73099 electricity (R26); says what is read (R1).
    charge_type: ChargeType
    #: What an amount is: the result, or what the tenant has used, of which on account goes off (R28).
    amounts: Literal["balance", "cost"] = "balance"

    @field_validator("charge_type")
    @classmethod
    def _no_on_account_type(cls, value: str) -> str:
        if value in ON_ACCOUNT_TYPES:
            raise ValueError("an on-account type never carries a result (R26): use 75040, 73039 or 73099")
        return value

    def signs(self) -> tuple[str, str]:
        return self.sign_tenant_pays, self.sign_tenant_receives

    def _impossible(self) -> Any:
        yield from super()._impossible()
        names = [part.name for part in self.placed()]
        if ("period_from" in names) != ("period_to" in names):
            first, last = (self.item(self.place_keys(Part(name, "day"))[0]) for name in ("period_from", "period_to"))
            yield f"a period needs both its start (sheet item {first}) and its end ({last}), or neither"

    def _signs_named(self) -> str:
        return f"sign_tenant_pays and sign_tenant_receives (sheet item {self.item('sign_tenant_pays').split(',')[0]})"


class FixedResult(ResultSettings, FixedRecord):
    """``record_length`` counts the bytes of a line."""

    sign_tenant_pays: OneCharacter
    sign_tenant_receives: OneCharacter


class DelimitedResult(ResultSettings, DelimitedRecord):
    """Without a ``sign_column`` the sign stands before the amount, and one of the two may be no character."""

    #: Lines at the beginning that are no results.
    heading_lines: int = Field(0, ge=0, le=10)

    def _heading_lines(self) -> int:
        return self.heading_lines


ResultSection: TypeAlias = Section[FixedResult, DelimitedResult]


def result_section(section: int, places: Places | None = None, date_format: str | None = None) -> ResultSection:
    """An import section with what the sheet fills in: ``places`` by field, ``company``, ..., ``period_to``."""
    items = items_of(section, 1, {**_SHEET_FIELDS, **(places or {})})
    ask = "no default, ask the vendor"
    signs = f"{item_number(section, _SIGN)}, its characters: {ask}"
    asked: dict[str, tuple[Any, Any]] = {
        "implied_decimals": (int, setting(f"{item_number(section, _AMOUNT)}, its decimals: {ask}", ge=0, le=4)),
        "date_format": (
            str | None,
            Item(item_number(section, _DATE_FORMAT), date_format, of_sheet=True).setting(None),
        ),
    }
    return Section(
        fixed=model_of(
            FixedResult,
            place_fields(ResultSettings.parts, items, delimited=False)
            | asked
            | {f"sign_tenant_{does}": (OneCharacter, setting(signs)) for does in ("pays", "receives")},
        ),
        delimited=model_of(
            DelimitedResult,
            place_fields(ResultSettings.parts, items, delimited=True)
            | asked
            | {f"sign_tenant_{does}": (CharacterOrNone, setting(signs)) for does in ("pays", "receives")},
        ),
    )
