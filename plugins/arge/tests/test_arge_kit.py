"""What every plug-in must be able to do; the golden files are version 3.05 of the standard, written by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from hub.plugin import Vendor
from hub.plugin.testing import PluginTests
from hub_arge import Plugin

_HERE = Path(__file__).parent


class TestArge(PluginTests):
    plugin: ClassVar[type[Vendor]] = Plugin
    golden: ClassVar[Path] = _HERE / "golden"
    docs: ClassVar[Sequence[Path]] = (_HERE.parents[2] / "docs" / "configuration.md",)
    makes: ClassVar[Mapping[str, Mapping[str, str]]] = {"result": {}}
    #: PDFs have any name: the index says whose they are.
    claimed: ClassVar[Collection[str]] = ("letter.pdf",)
