"""A, L and M records as they come (DTA305, DTM305): kept, and held against what config says of the numbers."""

from __future__ import annotations

from collections.abc import Iterator

from hub.plugin import FileView, Kept, Record, Remark
from hub_arge.layouts import PROPERTY
from hub_arge.numbers import ProviderNumbers
from hub_arge.reading import Read, Reading
from hub_arge.settings import ArgeSettings


def read_pairs(file: FileView, settings: ArgeSettings) -> Iterator[Record]:
    """Each pair of numbers; a remark where config, by which we write L and M, has other ones. Raises Malformed."""
    reading = Reading(file, settings)
    ours = ProviderNumbers(settings.export) if settings.export else None
    different, first = 0, ""
    for record in reading.records():
        numbers, theirs = reading.numbers(record), _theirs(record)
        if ours is not None and ours.of(numbers) != theirs:
            different += 1
            first = first or f"line {record.line}: {numbers} is {theirs}, by config {ours.of(numbers) or 'nothing'}"
        yield Kept(record.line, "A", f"{numbers} is {theirs} at the provider")
    yield from reading.remarks()
    if different:
        yield Remark(f"{different} of the provider's numbers are not those of settings.export, first {first}")


def read_tenants(file: FileView, settings: ArgeSettings) -> Iterator[Record]:
    """Each property and user. Raises Malformed, also for a user whose property has no L record."""
    reading = Reading(file, settings)
    properties: set[str] = set()
    users: dict[str, Read] = {}
    for record in reading.records():
        row = record.row
        if record.layout is PROPERTY:
            if row.provider_property in properties:
                raise record.refusal("provider_property", row.provider_property, "one L record a property")
            properties.add(row.provider_property)
            if row.period_to < row.period_from:
                raise record.refusal("period_to", str(row.period_to), f"{row.period_from} or later")
            text = f"property {row.provider_property}: {row.period_from}..{row.period_to}, {row.currency}"
            yield Kept(record.line, "L", text)
        else:
            if row.occupied_to < row.occupied_from:
                raise record.refusal("occupied_to", str(row.occupied_to), f"{row.occupied_from} or later")
            users.setdefault(row.provider_property, record)
            text = f"{reading.numbers(record)} is {_theirs(record)} at the provider"
            yield Kept(record.line, "M", f"{text}: {row.occupied_from}..{row.occupied_to}")
    for number, record in users.items():
        if number not in properties:
            raise record.refusal("provider_property", number, "a property with an L record in the file")
    yield from reading.remarks()


def _theirs(record: Read) -> str:
    return f"{record.row.provider_property}{record.row.provider_dwelling}"
