"""Where the fields of an instance's files stand and which setting says so, also of settings that are refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hub.plugin import FieldPlace
from hub.settings import ConfigError, Problem, Site, vendor_file
from hub.vendors.effective import effective_of
from hub.vendors.fault import VendorFault
from hub.vendors.instance import Instance
from hub.vendors.keys import key_lines, line_of
from hub.vendors.texts import sentence

#: Of all layouts of an instance; and of a record.
PLACES_MAX = 1_000
POSITION_MAX = 1 << 16


class PlacedField(NamedTuple):
    place: FieldPlace
    #: Where the settings that place it come from, start and length: as :class:`hub.vendors.effective.Setting` says it;
    #: "" where no setting does.
    origin: str
    length_origin: str


class Layouts(NamedTuple):
    #: By kind, then by place.
    fields: tuple[PlacedField, ...]
    #: Why the settings are refused; empty = they are not.
    problems: tuple[Problem, ...]

    def of_kind(self, kind: str) -> list[PlacedField]:
        return [field for field in self.fields if field.place.kind == kind]

    @property
    def kinds(self) -> list[str]:
        return list(dict.fromkeys(field.place.kind for field in self.fields))


def layouts_of(site: Site, instance: Instance) -> Layouts:
    """Raises VendorFault, and ConfigError for refused settings that tell no place."""
    try:
        instance.start()
    except ConfigError as error:
        if not instance.refused_places:
            raise
        # The raw settings are all there is; their lines are found as for any other setting.
        file = vendor_file(instance.name)
        lines = key_lines((site.root / file).read_text(encoding="utf-8-sig"))
        places, problems = instance.refused_places, tuple(error.problems)
        origins = {
            key: f"{file}:{line}" if (line := line_of(f"settings.{key}", lines)) else of_default
            for place in places
            for of_default in ["sheet default" if place.item else "default"]
            for key in (place.key, place.length_key)
            if key
        }
    else:
        places, problems = instance.description.places, ()
        origins = {
            setting.key.removeprefix("settings."): setting.origin
            for setting in effective_of(site, instance)
            if setting.key.startswith("settings.")
        }
    fields = tuple(
        PlacedField(place, origins.get(place.key, ""), origins.get(place.length_key, ""))
        for place in _possible(instance, places)
    )
    return Layouts(fields, problems)


def _possible(instance: Instance, places: Sequence[FieldPlace]) -> Iterator[FieldPlace]:
    """Raises VendorFault for what nobody could draw."""
    if len(places) > PLACES_MAX:
        raise VendorFault(f"plug-in {instance.plugin} tells {len(places)} places, more than {PLACES_MAX}")
    for place in places:
        if not 1 <= place.first <= place.last <= POSITION_MAX:
            told = f"field {sentence(place.field)} to stand at {place.first}-{place.last}"
            raise VendorFault(f"plug-in {instance.plugin} tells {told}: positions are from 1 to {POSITION_MAX}")
        yield place._replace(kind=sentence(place.kind), field=sentence(place.field), item=sentence(place.item))
