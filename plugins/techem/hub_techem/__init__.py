"""Techem for the hub: exports, results of consumption accounts, and the statements that come with them as PDFs."""

from hub_techem.plugin import Plugin

__all__ = ["Plugin"]
