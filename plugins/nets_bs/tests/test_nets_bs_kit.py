"""The test kit, passed by the plug-in nets_bs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from hub.plugin.testing import PluginTests
from hub_nets_bs import Plugin

_HEAD = {"data_supplier": "87654321", "created": "2025-12-30"}


class TestNetsBs(PluginTests):
    plugin = Plugin
    golden = Path(__file__).parent / "golden"
    docs = (Path(__file__).parents[3] / "docs" / "settings.md",)
    makes: ClassVar[Mapping[str, Mapping[str, str]]] = {"0602": _HEAD, "0603": _HEAD}
