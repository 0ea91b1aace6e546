"""The test kit, passed by the plug-in nets_bs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from hub.plugin.testing import STRANGERS, PluginTests, samples
from hub_nets_bs import Plugin

_PLUGINS = Path(__file__).parents[2]
_HEAD = {"data_supplier": "87654321", "created": "2025-12-30"}


class TestNetsBs(PluginTests):
    plugin = Plugin
    golden = Path(__file__).parent / "golden"
    docs = (_PLUGINS.parent / "docs" / "settings.md",)
    strangers: ClassVar[Mapping[str, bytes]] = {**STRANGERS, **samples(_PLUGINS / "brunata" / "tests" / "golden")}
    makes: ClassVar[Mapping[str, Mapping[str, str]]] = {"0602": _HEAD, "0603": _HEAD}
