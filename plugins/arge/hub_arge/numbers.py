"""The provider's numbers of our properties and dwellings, as config has them."""

from __future__ import annotations

from hub.plugin import HubError
from hub_arge.keys import TenancyNumbers, plain
from hub_arge.settings import ExportSettings

_DWELLING_DIGITS = 4


class ProviderNumbers:
    """``[settings.export]`` properties and dwellings; numbers compare without leading zeros (R35)."""

    def __init__(self, settings: ExportSettings) -> None:
        self._properties = {_named(key): number for key, number in settings.properties.items()}
        self._dwellings = {_named(key): number for key, number in settings.dwellings.items()}
        self._dwelling_is_unit = settings.dwelling_is_unit

    def of(self, numbers: TenancyNumbers) -> str:
        """The 13 digits of a dwelling; "" where config does not say them."""
        property_, dwelling = self._property(numbers), self._dwelling(numbers)
        return property_ + dwelling if property_ and dwelling else ""

    def property_of(self, numbers: TenancyNumbers) -> str:
        """The nine digits. Raises HubError."""
        if number := self._property(numbers):
            return number
        property_ = f"{numbers.company}-{numbers.property}"
        raise _unknown(f"property {property_}", f'settings.export.properties "{property_}"', "nine")

    def dwelling_of(self, numbers: TenancyNumbers) -> str:
        """The four digits. Raises HubError."""
        if number := self._dwelling(numbers):
            return number
        unit = f"{numbers.company}-{numbers.property}-{numbers.unit}"
        raise _unknown(f"unit {unit}", f'settings.export.dwellings "{unit}"', "four")

    def _property(self, numbers: TenancyNumbers) -> str:
        return self._properties.get(tuple(map(plain, numbers[:2])), "")

    def _dwelling(self, numbers: TenancyNumbers) -> str:
        if number := self._dwellings.get(tuple(map(plain, numbers[:3]))):
            return number
        unit = plain(numbers.unit)
        is_number = unit.isascii() and unit.isdigit() and len(unit) <= _DWELLING_DIGITS
        return unit.zfill(_DWELLING_DIGITS) if self._dwelling_is_unit and is_number else ""


def _named(key: str) -> tuple[str, ...]:
    return tuple(map(plain, key.split("-")))


def _unknown(what: str, key: str, digits: str) -> HubError:
    return HubError(
        f"the provider's number of {what} is not known",
        where=what,
        why="a tenant on a wrong number is settled with another's meters",
        do=f"give {key} its {digits} digits; they stand in the provider's DTA305 file",
    )
