"""The test kit of plug-ins: :class:`PluginTests` for pytest, ``python -m hub.plugin.testing`` for golden files.

It needs the extra ``bolighub[testing]``. See docs/write-a-plugin.md.
"""

from hub.plugin.testing.kit import PluginTests
from hub.plugin.testing.strangers import STRANGERS
from hub.plugin.testing.subject import BrokenError

__all__ = ["STRANGERS", "BrokenError", "PluginTests"]
