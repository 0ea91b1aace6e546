"""What is in effect for an instance, and where each value comes from (``hub vendors show NAME``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.errors import HubError
from hub.settings import Site, vendor_file
from hub.vendors.instance import Instance
from hub.vendors.keys import flatten, key_lines, line_of
from hub.vendors.messages import SettingValue


class Setting(NamedTuple):
    """One value in effect.

    ``origin`` is ``config/vendors/NAME.toml:LINE``, ``sheet default`` (the set-up sheet's value) or ``default`` (ours).
    """

    key: str
    #: Number in the set-up sheet, "" where there is none.
    item: str
    #: As JSON has it; a secret's is hidden.
    value: Any
    origin: str


def effective(site: Site, name: str) -> list[Setting]:
    """All settings of an instance. Raises HubError on an unknown name, VendorFault and ConfigError for its plug-in."""
    config = site.vendors.get(name)
    if config is None:
        if (site.root / vendor_file(name)).is_file():
            off = f"vendor instance {name!r} is off: enabled = false"
            raise HubError(off, where=vendor_file(name), do="set enabled = true; hub check then names what it lacks")
        raise HubError(f"no vendor instance is named {name!r}", do=f"there are: {', '.join(site.vendors) or 'none'}")
    with Instance(name, config, site.hub) as instance:
        return effective_of(site, instance)


def effective_of(site: Site, instance: Instance) -> list[Setting]:
    """As :func:`effective`, of an instance that is there already."""
    instance.start()
    of_plugin = [each.model_copy(update={"key": f"settings.{each.key}"}) for each in instance.settings]
    of_instance = [each for each in flatten(instance.config) if each.key.partition(".")[0] != "settings"]
    file = vendor_file(instance.name)
    lines = key_lines((site.root / file).read_text(encoding="utf-8-sig"))
    return [Setting(each.key, each.item, each.value, _origin(each, file, lines)) for each in of_instance + of_plugin]


def _origin(value: SettingValue, file: str, lines: Mapping[str, int]) -> str:
    if line := line_of(value.key, lines):
        return f"{file}:{line}"
    return "sheet default" if value.of_sheet else "default"
