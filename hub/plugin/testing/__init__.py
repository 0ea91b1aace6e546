"""The test kit of plug-ins: :class:`PluginTests` for pytest, ``python -m hub.plugin.testing`` for golden files.

It needs the extra ``bolighub[testing]``. See docs/write-a-plugin.md.
"""

import pytest

# Before it is imported: so that a test that fails shows what was compared.
pytest.register_assert_rewrite("hub.plugin.testing.kit")

from hub.plugin.testing.golden import samples  # noqa: E402
from hub.plugin.testing.kit import PluginTests  # noqa: E402
from hub.plugin.testing.strangers import STRANGERS  # noqa: E402
from hub.plugin.testing.subject import BrokenError, TooSlowError  # noqa: E402

__all__ = ["STRANGERS", "BrokenError", "PluginTests", "TooSlowError", "samples"]
