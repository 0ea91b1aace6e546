"""What a config file may say of an instance of ``arge``. Fields are named as in version 3.05 of the standard.

The standard says where things stand; what the two parties agree on it leaves to them ("wird zwischen den Beteiligten
vereinbart"): that has no default here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from hub.plugin import Settings
from hub.plugin.meters.result_settings import ON_ACCOUNT_TYPES, ChargeType
from hub_arge.keys import KeySettings
from hub_arge.tables import COST_KEYS, DOCUMENTS, SUMS, TOTAL

#: Of an index line that does not say what its document is (E898 field 10 is blank).
UNNAMED = "blank"

ADVANCES = ("heating", "hot_water", "cold_water")
Advance = Literal["heating", "hot_water", "cold_water"]
CostKey = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
PropertyName = Annotated[str, StringConstraints(pattern=r"^[^-\s]+-[^-\s]+$")]
UnitName = Annotated[str, StringConstraints(pattern=r"^[^-\s]+-[^-\s]+-[^-\s]+$")]


class ResultSettings(Settings):
    """``[settings.result]``: what D records (DTD305) are of. Agreed between the parties (chapter 2, "D-Satz")."""

    #: Charge type of the result by cost key (field 17, table K): { 231 = "75040" }.
    charge_types: Mapping[CostKey, ChargeType] = Field(min_length=1)
    #: Cost keys whose records are for information: kept, never booked. Any other key refuses the file.
    kept: tuple[CostKey, ...] = ()
    #: What is booked (R25): "balance" = fields 15, 16 less what was paid on account; "cost" = fields 8, 9.
    amounts: Literal["balance", "cost"]
    #: Which of each pair of amounts: with VAT or without.
    vat: Literal["gross", "net"] = "gross"

    @model_validator(mode="after")
    def _nothing_twice(self) -> ResultSettings:
        booked = sorted(self.charge_types)
        if unknown := sorted({*booked, *self.kept} - COST_KEYS.keys()):
            raise ValueError(f"a D record has no cost key {', '.join(unknown)} (field 17, table K)")
        if both := sorted({*booked} & {*self.kept}):
            raise ValueError(f"cost key {', '.join(both)} is both booked and kept")
        for one, other in combinations(booked, 2):
            if TOTAL in (one, other) or other in SUMS.get(one, ()) or one in SUMS.get(other, ()):
                raise ValueError(f"cost keys {one} and {other}: one holds the other, and both would be booked")
            if self.charge_types[one] == self.charge_types[other]:
                raise ValueError(
                    f"cost keys {one} and {other} both go on {self.charge_types[one]}: a tenancy has one result of a "
                    "charge type in an account; have the provider send their sum (230, 231, 236, 244)"
                )
        if wrong := sorted({*self.charge_types.values()}.intersection(ON_ACCOUNT_TYPES)):
            raise ValueError(f"on-account type {', '.join(wrong)} never carries a result (R26)")
        return self


class IndexSettings(Settings):
    """``[settings.index]``: what the documents of an E898 file (DTE898) are."""

    #: On-account charge type by document kind (field 10: HKA, BKA, VDA), ``blank`` where it says none (R26).
    charge_types: Mapping[str, ChargeType] = Field(min_length=1)
    #: Document kinds that are not filed: kept. Any other kind refuses the file.
    kept: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> IndexSettings:
        known = (*DOCUMENTS, UNNAMED)
        if unknown := sorted({*self.charge_types, *self.kept} - {*known}):
            raise ValueError(f"an index has no document kind {', '.join(unknown)}; allowed are {', '.join(known)}")
        if both := sorted({*self.charge_types} & {*self.kept}):
            raise ValueError(f"document kind {', '.join(both)} is both filed and kept")
        return self


class ExportSettings(Settings):
    """``[settings.export]``: what L and M records (DTM305) are made with."""

    #: The provider's nine digits by our property, "COMPANY-PROPERTY" (field 5, first part); known from its A file.
    properties: Mapping[PropertyName, Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]] = Field(min_length=1)
    #: The provider's four digits by our unit, "COMPANY-PROPERTY-UNIT" (field 5, second part).
    dwellings: Mapping[UnitName, Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]] = {}
    #: Where ``dwellings`` is silent: a unit's own number of up to four digits is the provider's too.
    dwelling_is_unit: bool = False
    #: Which advance of M is filled (fields 28-35) by the consumption type that the file is of; "heating" may hold all
    #: that is settled together. The standard has none for electricity.
    advances: Mapping[str, Advance] = {"heat": "heating", "water": "cold_water"}
    #: L field 6 and M field 25: amounts with VAT, without, or with it and shown to whoever is registered for VAT.
    vat: Literal["gross", "net", "by_user"] = "gross"
    #: Country of addresses, ISO 3166 alpha-3 (field 13).
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "DNK"
    #: Whether a change of user is charged to him: M field 68.
    change_charged: bool = False
    #: Of a name or address that is longer than its 35 positions. Numbers, keys and amounts are never cut.
    too_long: Literal["refuse", "cut"] = "refuse"


class ArgeSettings(Settings):
    """``[settings]`` of an instance of ``arge``: one customer number at one provider."""

    #: Our number at the provider (A, L, M, D field 3): a file of another's is not ours.
    customer: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}$")]
    #: The provider's key, table U (field 4); "" = it has none, or files leave it out.
    provider: Annotated[str, StringConstraints(pattern=r"^([0-9]{2})?$")] = ""
    #: Of all amounts (L field 16, D field 22): a file in another is refused.
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "DKK"
    #: The standard has two-digit years and no rule for their century. "nearest" = the one that brings a day nearest to
    #: the day in the file's name; "2000" = always 20YY.
    century: Literal["nearest", "2000"] = "nearest"
    key: KeySettings = KeySettings()
    #: None = D files are not read.
    result: ResultSettings | None = None
    #: None = E898 files and PDFs are not read.
    index: IndexSettings | None = None
    #: None = no files are made.
    export: ExportSettings | None = None

    @field_validator("customer")
    @classmethod
    def _ten_digits(cls, value: str) -> str:
        return value.zfill(10)


def some(names: Collection[str]) -> str:
    """``230, 231``; "none" where there are none."""
    return ", ".join(names) or "none"
