"""Betalingsservice (Mastercard Payment Services, formerly Nets) for the hub: delivery 0602, payment information."""

from hub_nets_bs.plugin import Plugin

__all__ = ["Plugin"]
