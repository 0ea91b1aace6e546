"""What every plug-in must be able to do; the golden files are those of a bank, made here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from hub.plugin import Vendor
from hub.plugin.testing import PluginTests
from hub_iso20022 import Plugin

_HERE = Path(__file__).parent


class TestIso20022(PluginTests):
    plugin: ClassVar[type[Vendor]] = Plugin
    golden: ClassVar[Path] = _HERE / "golden"
    docs: ClassVar[Sequence[Path]] = (_HERE.parents[2] / "docs" / "bank.md",)
