from pathlib import Path

from hub.plugin.testing import PluginTests
from hub_acme import Plugin

HERE = Path(__file__).parent


class TestAcme(PluginTests):
    plugin = Plugin
    golden = HERE / "golden"
    docs = (HERE / "README.md",)
