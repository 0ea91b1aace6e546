"""What a company and a vendor instance have decided about consumption accounts (the set-up sheet's items 01 to 10)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from hub.settings.model import Model, filled, limit_ore

ChargeTypeNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]
#: The name of a consumption type.
TypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,19}$")]


class ConsumptionType(Model):
    """``[consumption.NAME]`` of a company: the charge types of one consumption type (R26) and how it is settled."""

    #: Charged in advance; never carries a result.
    on_account: ChargeTypeNumber
    #: Additional charges and refunds (items 03.05, 04.03).
    result: ChargeTypeNumber
    #: What was asked on account is cleared over it when the account is booked (item 07.04).
    clearing: ChargeTypeNumber
    #: A later result of an account adds to it, or replaces it (item 10.03, R29).
    later_results: Literal["add", "replace", "refused"]
    #: An additional charge is due on the first day of this month after the booking's (item 03.06), a refund's (04.04).
    additional_charge_months: int = Field(2, ge=0, le=12)
    refund_months: int = Field(1, ge=0, le=12)
    #: Øre that results may differ from cost less on account: of an account (item 01.17), of a tenant (31.01).
    account_difference: Annotated[int, BeforeValidator(limit_ore)] = 10_00
    tenant_difference: Annotated[int, BeforeValidator(limit_ore)] = 0
    #: Tenants' numbers that stand for nobody (R32).
    vacant: tuple[str, ...] = ("0", "999")
    #: Moved out = by the last day of the month of today, and so many months more (item 08.10, ``+LM+3M``).
    moved_out_months: int = Field(3, ge=0, le=24)

    @model_validator(mode="after")
    def _three_types(self) -> Self:
        if len({self.on_account, self.result, self.clearing}) < 3:
            raise ValueError("on_account, result and clearing must be three charge types (R26)")
        return self


#: Of every company that says nothing else (R26, R29; items 07.04, 10.03).
CONSUMPTION_TYPES = {
    "heat": ConsumptionType(on_account="75020", result="75040", clearing="9975040", later_results="add"),
    "water": ConsumptionType(on_account="73035", result="73039", clearing="9973039", later_results="replace"),
    "electricity": ConsumptionType(on_account="73095", result="73099", clearing="9973099", later_results="replace"),
}


#: Folders of a site that the hub keeps for something else.
_OWN_FOLDERS = ("archive", "config", "content", "inbox", "journals", "lists", "outbox", "quarantine")


class ConsumptionSection(Model):
    """``[consumption]`` of a vendor instance: which accounts it settles, and how."""

    #: What its exports are of; what a result is of, its charge type says. None = it makes no exports.
    type: TypeName | None = None
    #: Results are booked when they come and all checks hold, or by ``hub consumption book`` alone.
    book: Literal["on_import", "by_hand"] = "on_import"
    #: What counts as paid on account: what was charged, or what was paid of it; then the rest is credited (R27).
    basis: Literal["charged", "paid"] = "charged"
    #: Whether files may be made for it (items 10.02, 26.02; R2, R36).
    export: bool = False
    #: Name of an exported file. Parts: company, property, type, period_from, period_to, day (dates YYYYMMDD), stamp
    #: (YYYYMMDDhhmmss, when it was made); property or stamp must be in it.
    export_name: Annotated[str, StringConstraints(pattern=r"^[^/\\\s]*\{(property|stamp)\}[^/\\\s]*$")] = (
        "{type}-{company}-{property}-{period_from}-{period_to}.txt"
    )
    #: Where read statements go, below the site (item 13.04); none = the archive like all other files.
    read_documents: Annotated[str, StringConstraints(pattern=r"^[^/\\.][^\\]*$")] | None = None
    #: Whether a tenant's statements of all types are shown as one (item 13.01, R37).
    combined_statement: bool = False

    @field_validator("export_name")
    @classmethod
    def _known_parts(cls, value: str) -> str:
        of = {"company": "1", "property": "12", "type": "heat", "period_from": "20250601", "period_to": "20260531"}
        named = filled(value, {**of, "day": "20260101", "stamp": "20260101120000"})
        if named.startswith("."):
            raise ValueError("may not begin with a point")
        return value

    @field_validator("read_documents")
    @classmethod
    def _a_folder_of_its_own(cls, value: str | None) -> str | None:
        parts = [] if value is None else value.split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or (parts and parts[0] in _OWN_FOLDERS):
            raise ValueError(f"a folder of its own below the site, without '..', and none of {', '.join(_OWN_FOLDERS)}")
        return value

    @model_validator(mode="after")
    def _exports_something(self) -> Self:
        if self.export and self.type is None:
            raise ValueError("an export is of one consumption type: give type, e.g. heat")
        return self
