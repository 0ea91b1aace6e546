"""Casi Technology for the hub: results of consumption accounts, and the statements that come with them as PDFs."""

from hub_casi.plugin import Plugin

__all__ = ["Plugin"]
