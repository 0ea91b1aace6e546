"""The test kit, passed by the plug-in ista."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from hub.plugin.testing import STRANGERS, PluginTests, samples
from hub_ista import Plugin

_PLUGINS = Path(__file__).parents[2]


class TestIsta(PluginTests):
    plugin = Plugin
    golden = Path(__file__).parent / "golden"
    docs = (_PLUGINS.parent / "docs" / "settings.md",)
    # Every PDF is taken for a statement: its name says whose it is (R35).
    claimed = ("letter.pdf",)
    strangers: ClassVar[Mapping[str, bytes]] = {**STRANGERS, **samples(_PLUGINS / "nets_bs" / "tests" / "golden")}
    makes: ClassVar[Mapping[str, Mapping[str, str]]] = {"result": {}}
