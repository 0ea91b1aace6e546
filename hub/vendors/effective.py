"""What is in effect for an instance, and where each value comes from (``hub vendors show NAME``)."""

from __future__ import annotations

from typing import Any, NamedTuple

from hub.errors import HubError
from hub.settings import Site, vendor_file
from hub.vendors.instance import Instance
from hub.vendors.keys import flatten, key_lines, line_of


class Setting(NamedTuple):
    """One value in effect; ``origin`` is ``default`` or ``config/vendors/NAME.toml:LINE``."""

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
        raise HubError(f"no vendor instance is named {name!r}", do=f"there are: {', '.join(site.vendors) or 'none'}")
    with Instance(name, config, site.hub) as instance:
        instance.start()
        of_plugin = [each.model_copy(update={"key": f"settings.{each.key}"}) for each in instance.settings]
    of_instance = [each for each in flatten(config) if each.key.partition(".")[0] != "settings"]
    file = vendor_file(name)
    lines = key_lines((site.root / file).read_text(encoding="utf-8-sig"))
    return [
        Setting(each.key, each.item, each.value, f"{file}:{line}" if (line := line_of(each.key, lines)) else "default")
        for each in of_instance + of_plugin
    ]
