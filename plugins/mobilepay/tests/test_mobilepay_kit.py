"""The test kit, passed by the plug-in mobilepay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from hub.plugin.testing import STRANGERS, PluginTests, samples
from hub_mobilepay import Plugin

_PLUGINS = Path(__file__).parents[2]


class TestMobilePay(PluginTests):
    plugin = Plugin
    golden = Path(__file__).parent / "golden"
    docs = (_PLUGINS.parent / "docs" / "mobilepay.md",)
    strangers: ClassVar[Mapping[str, bytes]] = {
        **STRANGERS,
        **samples(_PLUGINS / "nets_bs" / "tests" / "golden"),
        **samples(_PLUGINS / "arge" / "tests" / "golden"),
    }
