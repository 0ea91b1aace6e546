"""ARGE HeiWaKo / bved standard data exchange 3.05 for the hub: pairs of numbers, tenants, results, index of PDFs."""

from hub_arge.plugin import Plugin

__all__ = ["Plugin"]
