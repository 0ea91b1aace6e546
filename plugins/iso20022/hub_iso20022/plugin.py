"""The plug-in of iso20022."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hub.plugin import Description, FileKind, FileView, NotMine, Vendor, hookimpl


class Plugin(Vendor):
    name = "iso20022"
    kinds: ClassVar[Mapping[str, FileKind]] = {}

    @hookimpl
    def describe(self) -> Description:
        return Description("iso20022", ())

    @hookimpl
    def identify(self, file: FileView) -> NotMine:
        return NotMine("no file is")
