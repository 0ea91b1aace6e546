"""The plug-in of mobilepay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hub.plugin import Description, FileKind, FileView, NotMine, Vendor, hookimpl


class Plugin(Vendor):
    name = "mobilepay"
    kinds: ClassVar[Mapping[str, FileKind]] = {}

    @hookimpl
    def describe(self) -> Description:
        return Description("mobilepay", ())

    @hookimpl
    def identify(self, file: FileView) -> NotMine:
        return NotMine("no file is")
