"""What a company and a vendor instance have decided about collecting: channels, customer numbers, deliveries."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from hub.settings.model import Model, filled, limit_ore

Part = Literal["company", "property", "unit", "tenant"]


class DeliverySection(Model):
    """``[delivery]`` of a vendor instance: what our deliveries to it are made with."""

    #: CVR number of whoever delivers: the company itself, or its administrator.
    data_supplier: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]
    #: Agreed with the vendor.
    subsystem: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{3}$")] = "BS1"
    #: Those of them that are tests: refused on a production site.
    test_subsystems: tuple[str, ...] = ("KR9",)
    #: The first delivery number; each delivery then takes the next.
    first_number: int = Field(1, ge=1, lt=10**10)
    #: Of its files; the vendor says how they shall be called. Parts: kind, number (ten digits), data_supplier, day.
    file_name: Annotated[str, StringConstraints(pattern=r"^[^/\\\s]*\{number\}[^/\\\s]*$")] = "BS{kind}-{number}.txt"
    #: A collection falls due at most so many days ahead.
    days_ahead_max: int = Field(90, ge=1, le=366)
    #: The delivery is due before this hour on the bank day that is so many from the end of the month before.
    deadline_bank_day: int = Field(6, ge=1, le=15)
    deadline_time: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "11:00"
    #: Its answers are awaited so many calendar days after the due date: nothing of that is asked for again meanwhile.
    answer_days: int = Field(10, ge=0, le=90)
    #: An enrolment goes so many days before the collection that it shall serve (R16).
    enrol_days_before: int = Field(2, ge=0, le=60)
    #: What the vendor takes for a text line, øre; for the figure in the control list only.
    line_price: Annotated[int, BeforeValidator(limit_ore)] | None = None

    @field_validator("file_name")
    @classmethod
    def _known_parts(cls, value: str) -> str:
        of = {"kind": "0601", "number": "0000000001", "data_supplier": "00000000", "day": "20260101"}
        named = filled(value, of)
        if named.startswith("."):
            raise ValueError("may not begin with a point")
        return value


class NumberPart(Model):
    """Which characters of a customer number are a part of the tenancy's key, filled up with zeros (R15)."""

    part: Part
    #: 1-based.
    first: int = Field(ge=1, le=15)
    length: int = Field(ge=1, le=15)

    @property
    def last(self) -> int:
        return self.first + self.length - 1


class OverdueSection(Model):
    """What is overdue is collected along, where it is not less and not more than this; øre."""

    least: Annotated[int, BeforeValidator(limit_ore)] = 1
    most: Annotated[int, BeforeValidator(limit_ore)]

    @model_validator(mode="after")
    def _an_interval(self) -> Self:
        if self.least > self.most:
            raise ValueError("least is more than most")
        return self


class CollectionSection(Model):
    """``[collection]`` of a company."""

    #: The vendor instance that takes its collections and enrolments; none = only own slips are offered (R13).
    vendor: str | None = None
    #: Who makes the slip of a tenant without a mandate.
    without_mandate: Literal["vendor_slip", "own_slip"] = "vendor_slip"
    #: Slips of the vendor are asked for in a section of their own (Betalingsservice: 0117), apart from mandates.
    slips_apart: bool = False
    #: A second collection of a customer for a day: merged into the first while that is still ours, or refused.
    second: Literal["refuse", "merge"] = "refuse"
    #: Collects what is overdue along; none = it does not.
    overdue: OverdueSection | None = None
    #: Tells the VAT in each charge type.
    tell_vat: bool = False
    #: The most that a collection pays out to a tenant, with the vendor's agreement on payouts; none = no payouts.
    payout_most: Annotated[int, BeforeValidator(limit_ore)] | None = None
    #: Customer numbers are made of these; none = they come with the portfolio's own column.
    customer_number: tuple[NumberPart, ...] = ()
    #: Card type of own slips with a payment id.
    card_type: Literal["71", "75", "04", "15"] = "71"
    #: Where slips of types 01, 04 and 15 are paid to; those of 71, 73 and 75 are paid to the FI creditor number (R14).
    giro_account: Annotated[str, StringConstraints(pattern=r"^[0-9]{7,8}$")] | None = None
    #: The first number of a payment id; above those that an earlier system has used under the same creditor number.
    first_slip_number: int = Field(1, ge=1, lt=10**14)

    @model_validator(mode="after")
    def _paid_somewhere(self) -> Self:
        if self.card_type in ("04", "15") and self.giro_account is None:
            raise ValueError(f"slips of type {self.card_type} are paid to a giro account: say giro_account")
        return self

    @model_validator(mode="after")
    def _a_form_for_ever(self) -> Self:
        parts = sorted(self.customer_number, key=lambda part: part.first)
        if not parts:
            return self
        if "tenant" not in {part.part for part in parts}:
            raise ValueError("a customer number without the tenant would give the next tenant the last one's payments")
        if len({part.part for part in parts}) < len(parts):
            raise ValueError("a part stands in a customer number once")
        for one, next_ in pairwise(parts):
            if one.last >= next_.first:
                raise ValueError(f"{one.part} and {next_.part} overlap at position {next_.first}")
        if parts[-1].last > 15:
            raise ValueError("a customer number has at most 15 characters")
        return self
