"""The test kit, passed by the plug-in brunata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from hub.plugin.testing import PluginTests
from hub_brunata import Plugin


class TestBrunata(PluginTests):
    plugin = Plugin
    golden = Path(__file__).parent / "golden"
    docs = (Path(__file__).parents[3] / "docs" / "settings.md",)
    # Every PDF is taken for a statement: its name says whose it is (R35).
    claimed = ("letter.pdf",)
    makes: ClassVar[Mapping[str, Mapping[str, str]]] = {"result": {}}
