"""ista for the hub: results of consumption accounts, and the statements that come with them as PDFs."""

from hub_ista.plugin import Plugin

__all__ = ["Plugin"]
