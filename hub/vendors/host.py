"""All vendor instances of a site."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from hub.settings import Site
from hub.vendors.discovery import Installed, installed
from hub.vendors.fault import VendorFault
from hub.vendors.instance import Instance


class Vendors:
    """The site's enabled instances by name. As a context manager it ends their processes."""

    def __init__(self, site: Site) -> None:
        self.instances: Mapping[str, Instance] = {
            name: Instance(name, config, site.hub) for name, config in site.vendors.items()
        }

    def installed(self) -> list[Installed]:
        """Every plug-in of this installation, from metadata alone."""
        return installed()

    def launch(self) -> None:
        """Starts the processes of all instances side by side and waits for none: the first question to each does."""
        for instance in self.instances.values():
            with suppress(VendorFault):  # its first question raises it again
                instance.launch()

    def close(self) -> None:
        for instance in self.instances.values():
            instance.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
