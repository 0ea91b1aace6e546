"""config/companies/*.toml: what a company has decided about its books."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, StringConstraints, field_validator, model_validator

from hub.ledger import kinds
from hub.ledger.terms import Claim, Policy, Terms
from hub.ledger.words import Language
from hub.settings.collecting import CollectionSection
from hub.settings.consumption import CONSUMPTION_TYPES, ConsumptionType, TypeName
from hub.settings.journal import JournalConfig
from hub.settings.model import Model, limit_ore

#: A company's number stands in the key company-property-unit-tenant.
CompanyNumber = Annotated[str, StringConstraints(pattern=r"^[^-\s]+$")]
PropertyNumber = Annotated[str, StringConstraints(pattern=r"^[^-\s]+-[^-\s]+$")]

_VAT_RATE_MAX = 100_00


def vat_rate_of(value: object) -> int:
    """Hundredths of a percent of ``25``, ``"25"`` or ``"12.5"``. Raises ValueError."""
    try:
        rate = Decimal(str(value)) * 100
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is no rate: write percent, e.g. 25") from error
    if isinstance(value, bool) or rate != int(rate) or not 0 <= rate <= _VAT_RATE_MAX:
        raise ValueError(f"{value!r} is no rate from 0 to 100 percent with at most two decimals")
    return int(rate)


def _claim_of(number: str, charge_kind: str) -> Claim:
    """Of a charge type that nothing is said of."""
    obligatory = charge_kind in kinds.OBLIGATORY_CHARGES or number in kinds.CONSUMPTION
    return "obligatory" if obligatory else "other"


def _as_table(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


class ChargeType(Model):
    """A kind of charge line; its text alone where nothing else is said."""

    text: str
    #: What it is by law (R24).
    claim: Claim = "obligatory"
    #: The holding that it fills as far as it is paid (R23).
    holding: Annotated[str, StringConstraints(pattern=kinds.HOLDING_PATTERN)] | None = None
    #: VAT in percent; kept in hundredths of a percent.
    vat: Annotated[int, BeforeValidator(vat_rate_of)] = 0

    @model_validator(mode="after")
    def _no_vat_held(self) -> Self:
        if self.vat and self.holding:
            raise ValueError("money that is held for the tenant carries no VAT: give vat or holding, not both")
        return self


class AllocationSection(Model):
    """What money pays, beyond what its reference names (R24)."""

    homes: Policy = "obligatory"
    business: Policy = "costs"
    #: What may be missing of a charge that a payment nearly paid, and is then written off; kept in øre.
    small_difference: Annotated[int, BeforeValidator(limit_ore)] = 0

    @property
    def terms(self) -> Terms:
        return Terms(self.homes, self.business, self.small_difference)


class CompanyConfig(Model):
    """config/companies/*.toml. A company of the portfolio without a file has the defaults."""

    number: CompanyNumber
    currency: Literal["DKK", "SEK"] = "DKK"
    #: Of its letters and statements; none = the site's.
    language: Language | None = None
    #: In which its business days begin; none = the site's.
    timezone: str | None = None
    #: Lines below its name on statements.
    address: tuple[str, ...] = ()
    #: A closed company blocks booking (R6).
    closed: bool = False
    #: Last day of the last closed period: a vendor's payment dated in it is posted on the day after (R22).
    books_closed_through: date | None = None
    #: First day of the first period that is collected here; those before it are the earlier system's. None = nothing
    #: that has begun is collected.
    collects_from: date | None = None
    #: Charge types in use, number = text or table; empty = any is taken. An unknown one blocks its property (R6).
    charge_types: Mapping[str, Annotated[ChargeType, BeforeValidator(_as_table)]] = {}
    #: Of its own, beside those that every company has and those that its charge types fill.
    holdings: tuple[Annotated[str, StringConstraints(pattern=kinds.HOLDING_PATTERN)], ...] = ()
    allocation: AllocationSection = AllocationSection()
    collection: CollectionSection = CollectionSection()
    #: Consumption types beside, or in place of, heat, water and electricity as every company has them (R26).
    consumption: Mapping[TypeName, ConsumptionType] = {}
    #: What the general ledger gets (docs/journal.md); none = no journal is exported.
    journal: JournalConfig | None = None

    @field_validator("charge_types")
    @classmethod
    def _no_vat_on_account(cls, value: Mapping[str, ChargeType]) -> Mapping[str, ChargeType]:
        for number, said in value.items():
            if number in kinds.ON_ACCOUNT and said.vat:
                raise ValueError(f"{number} is held for the tenant (R26) and carries no VAT")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return None if value is None else known_zone(value)

    @property
    def known_holdings(self) -> tuple[str, ...]:
        """All that money may be held in."""
        filled = (said.holding for said in self.charge_types.values() if said.holding)
        return tuple(dict.fromkeys((*kinds.HOLDINGS, *self.holdings, *filled)))

    def consumption_type(self, name: str) -> ConsumptionType | None:
        """The charge types of a consumption type; None = the company has no such."""
        return self.consumption.get(name) or CONSUMPTION_TYPES.get(name)

    def charge_type(self, number: str, charge_kind: str = kinds.RENT) -> ChargeType:
        """What is said of a charge type, which stands on a charge of this kind.

        Of one that the company has not declared, the kind says whether it is obligatory (R24). Consumption is, on
        whatever it stands; on-account types fill their holding whether it is said or not (R26).
        """
        said = self.charge_types.get(number) or ChargeType(text=number, claim=_claim_of(number, charge_kind))
        if said.holding is None and number in kinds.ON_ACCOUNT:
            return said.model_copy(update={"holding": kinds.ON_ACCOUNT[number]})
        return said


def known_zone(value: str) -> str:
    """``value``, where it names a time zone. Raises ValueError."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError) as error:
        raise ValueError(f"no such time zone: {value}") from error
    return value
