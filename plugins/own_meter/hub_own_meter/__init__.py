"""Any meter company for the hub: what it sends and wants, its config file says."""

from hub_own_meter.plugin import Plugin

__all__ = ["Plugin"]
