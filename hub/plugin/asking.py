"""How a plug-in object is asked: its hooks, and no hook that nobody would ever call."""

from __future__ import annotations

from typing import Any

import pluggy

from hub.plugin.hookspecs import VendorHooks
from hub.plugin.vendor import Vendor


def hooks_of(vendor: Vendor, name: str) -> Any:
    """Calls go to this one object, by keyword. Raises pluggy.PluginValidationError for a hook that is none."""
    manager = pluggy.PluginManager("hub")
    manager.add_hookspecs(VendorHooks)
    manager.register(vendor, name)
    manager.check_pending()
    return manager.hook


def has_hook(hooks: Any, name: str) -> bool:
    """Whether the object answers that question."""
    return bool(getattr(hooks, name).get_hookimpls())
