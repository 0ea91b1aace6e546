"""D records as a provider would make them (DTD305): for demos, and to prove that what is read is what was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.plugin import ConsumptionResult, HubError, Record
from hub.plugin.layout import UnfitError
from hub_arge.fields import blank
from hub_arge.keys import TenancyNumbers
from hub_arge.layouts import RESULT, VERSION
from hub_arge.numbers import ProviderNumbers
from hub_arge.reading import LINE_END
from hub_arge.settings import ArgeSettings, ResultSettings

_BLANK = {place.name: blank(place.type) for place in RESULT.fields if place.type.has_value}


def make(records: Iterable[Record], settings: ArgeSettings) -> Iterator[bytes]:
    """The file that reads back as ``records``, if their period is given. Raises HubError for what it cannot carry."""
    if settings.result is None or settings.export is None:
        raise HubError("results are made with the provider's numbers: give [settings.result] and [settings.export]")
    provider, keys = ProviderNumbers(settings.export), {of: key for key, of in settings.result.charge_types.items()}
    for record in records:
        if not isinstance(record, ConsumptionResult) or record.charge_type not in keys or record.period_to is None:
            raise HubError(f"a file of results (DTD305) cannot carry {record!r}")
        numbers = TenancyNumbers(record.company, record.property, record.unit, record.tenant)
        values = _BLANK | {
            "version": VERSION,
            "customer": settings.customer,
            "provider": settings.provider or None,
            "provider_property": provider.property_of(numbers),
            "provider_dwelling": provider.dwelling_of(numbers),
            "client_key": settings.key.dump(numbers),
            "last_day": record.period_to,
            "cost_key": keys[record.charge_type],
            "currency": settings.currency,
        }
        try:
            yield RESULT.build(**values | _amounts(record, settings.result, str(numbers))) + LINE_END
        except UnfitError as unfit:
            raise HubError(unfit.what, where=f"tenancy {numbers}, {unfit.where}") from None


def _amounts(record: ConsumptionResult, settings: ResultSettings, whom: str) -> dict[str, int | None]:
    """Raises HubError for a record of the other measure, and for a balance that does not say what it is less."""
    if record.measure != settings.amounts:
        raise HubError(f"found a {record.measure}, expected a {settings.amounts}", where=f"tenancy {whom}")
    if record.measure == "balance" and record.on_account is None:
        raise HubError("a balance needs the amount on account that it is less", where=f"tenancy {whom}")
    cost = record.amount + (record.on_account or 0) if record.measure == "balance" else record.amount
    amounts = {"cost": cost, "advance": record.on_account, "balance": cost - (record.on_account or 0)}
    return {f"{name}_{settings.vat}": amount for name, amount in amounts.items()}
