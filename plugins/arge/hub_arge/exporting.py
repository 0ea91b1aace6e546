"""L and M records as we write them (DTM305): a property, then each of its tenants with what he was asked on account."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from hub.plugin import ConsumptionTenancy, HubError, Record, Remark
from hub.plugin.layout import Layout, UnfitError
from hub_arge.fields import blank
from hub_arge.keys import TenancyNumbers
from hub_arge.layouts import PROPERTY, TENANT, VERSION
from hub_arge.numbers import ProviderNumbers
from hub_arge.reading import LINE_END
from hub_arge.settings import ADVANCES, ArgeSettings, ExportSettings

#: L field 6 by settings.export.vat.
_VAT_SHOWN = {"gross": "3", "net": "4", "by_user": "5"}
_CHUNK_RECORDS = 100
#: Tenants that a remark names.
_NAMED_MAX = 5
_ROOM = {place.name: place.type.size for place in TENANT.fields}
_NEVER_CUT = ("user_country", "user_postal_code")


def make(records: Iterable[Record], head: Mapping[str, str], settings: ArgeSettings) -> Iterator[bytes | Remark]:
    """The file, its properties in the order of ``records``; then a remark for each field that was cut.

    ``head`` says the consumption ``type``; what else it says is in the records. Raises HubError for what the file
    cannot carry, each with whom it is about.
    """
    if settings.export is None:
        raise HubError("exports are off: no [settings.export]")
    return _chunks(_Export(settings, settings.export, head.get("type", "")), records)


def _chunks(export: _Export, records: Iterable[Record]) -> Iterator[bytes | Remark]:
    waiting: list[bytes] = []
    for line in export.lines(records):
        waiting.append(line + LINE_END)
        if len(waiting) == _CHUNK_RECORDS:
            yield b"".join(waiting)
            waiting.clear()
    if waiting:
        yield b"".join(waiting)
    yield from export.remarks()


class _Export:
    def __init__(self, settings: ArgeSettings, export: ExportSettings, type_: str) -> None:
        self._settings = settings
        self._export = export
        self._provider = ProviderNumbers(export)
        self._advance = _advance(export, type_)
        #: Properties with an L record, each with its period.
        self._periods: dict[str, tuple[date, date]] = {}
        self._current = ""
        #: Whose texts were cut, by field.
        self._cut: dict[str, list[str]] = {}

    def lines(self, records: Iterable[Record]) -> Iterator[bytes]:
        for record in records:
            if not isinstance(record, ConsumptionTenancy):
                raise HubError(f"a file of tenants (DTM305) cannot carry a {type(record).__name__}")
            numbers = TenancyNumbers(record.company, record.property, record.unit, record.tenant)
            self._check(record, numbers)
            key = f"{numbers.company}-{numbers.property}"
            if key != self._current:
                yield self._property(record, numbers, key)
            elif self._periods[key] != (record.period_from, record.period_to):
                raise HubError("another period than its property's", where=f"tenancy {numbers}")
            yield self._tenant(record, numbers)

    def remarks(self) -> Iterator[Remark]:
        """To be asked when all lines are made."""
        for name, tenants in sorted(self._cut.items()):
            more = f" and {len(tenants) - _NAMED_MAX} more" if len(tenants) > _NAMED_MAX else ""
            yield Remark(f"field {name!r} is cut for {', '.join(tenants[:_NAMED_MAX])}{more}")

    def _check(self, record: ConsumptionTenancy, numbers: TenancyNumbers) -> None:
        if record.currency != self._settings.currency:
            raise HubError(
                f"found currency {record.currency}, expected {self._settings.currency}, as settings.currency says",
                where=f"tenancy {numbers}",
            )

    def _property(self, record: ConsumptionTenancy, numbers: TenancyNumbers, key: str) -> bytes:
        """Its L record. Raises HubError."""
        if key in self._periods:
            raise HubError("its tenants do not stand together", where=f"property {key}")
        self._periods[key] = (record.period_from, record.period_to)
        self._current = key
        return _built(
            PROPERTY,
            f"property {key}",
            **self._head(numbers),
            vat=_VAT_SHOWN[self._export.vat],
            period_from=record.period_from,
            period_to=record.period_to,
            client_property=self._settings.key.dump_property(numbers),
            loss_risk="0",
            labour_share="0",
            currency=record.currency,
        )

    def _tenant(self, record: ConsumptionTenancy, numbers: TenancyNumbers) -> bytes:
        """His M record. Raises HubError."""
        first = max(record.period_from, record.move_in or record.period_from)
        last = min(record.period_to, record.move_out or record.period_to)
        if last < first:
            period = f"{record.period_from}..{record.period_to}"
            raise HubError(f"did not live there within {period}", where=f"tenancy {numbers}")
        shown = self._export.vat == "by_user" and record.vat == "1"
        return _built(
            TENANT,
            f"tenancy {numbers}",
            **self._head(numbers),
            **self._user(record, numbers),
            **{self._advance: record.amount},
            provider_dwelling=self._provider.dwelling_of(numbers),
            client_key=self._settings.key.dump(numbers),
            address="1",
            occupied_from=first,
            occupied_to=last,
            vat="1" if shown else "0",
            loss_risk="0",
            vacant="0",
            change_charged="1" if self._export.change_charged else "0",
        )

    def _head(self, numbers: TenancyNumbers) -> dict[str, Any]:
        return {
            "version": VERSION,
            "customer": self._settings.customer,
            "provider": self._settings.provider or None,
            "provider_property": self._provider.property_of(numbers),
        }

    def _user(self, record: ConsumptionTenancy, numbers: TenancyNumbers) -> dict[str, str]:
        """Names, and the address that his bill goes to: of one who has moved out the new one, if known."""
        if not record.name.strip():
            raise HubError("no name, and the bill is addressed to the user (M field 8)", where=f"tenancy {numbers}")
        address = (record.street, record.postal_code, record.city)
        if record.new_address:
            address = (record.new_address, record.new_postal_code, record.new_city)
        street, postal_code, town = address
        texts = {
            "user_name_1": record.name,
            "user_name_2": record.second_name,
            "user_street": street,
            "user_country": self._export.country if any(address) else "",
            "user_postal_code": postal_code,
            "user_town": town,
        }
        return {name: self._fitted(name, text, numbers) for name, text in texts.items()}

    def _fitted(self, name: str, text: str, numbers: TenancyNumbers) -> str:
        """Cut where config says so; else as it is, for the layout to refuse. A letter is one byte of the encoding."""
        text = unicodedata.normalize("NFC", text)
        room = _ROOM[name]
        if len(text) <= room or self._export.too_long == "refuse" or name in _NEVER_CUT:
            return text
        self._cut.setdefault(name, []).append(str(numbers))
        return text[:room]


def _advance(export: ExportSettings, type_: str) -> str:
    """The field of M that this file fills. Raises HubError."""
    if type_ not in export.advances:
        raise HubError(
            f"no advance of the standard is that of consumption type {type_!r}",
            where="settings.export.advances",
            do=f"say which, one of {', '.join(ADVANCES)}; it has none for electricity",
        )
    return f"{export.advances[type_]}_advance_{'net' if export.vat == 'net' else 'gross'}"


def _built(layout: Layout, whom: str, **values: Any) -> bytes:
    """The record, blank where nothing is said. Raises HubError that begins with whom it is about."""
    try:
        return layout.build(**{**_BLANK[layout.title], **values})
    except UnfitError as unfit:
        raise HubError(
            unfit.what, where=f"{whom}, {unfit.where}", do="mend it in the portfolio or the settings"
        ) from None


_BLANK = {
    layout.title: {place.name: blank(place.type) for place in layout.fields if place.type.has_value}
    for layout in (PROPERTY, TENANT)
}
