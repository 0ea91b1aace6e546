"""Betalingsservice (Mastercard Payment Services, formerly Nets) for the hub: what it sends, what is sent to it."""

from hub_nets_bs.plugin import Plugin

__all__ = ["Plugin"]
