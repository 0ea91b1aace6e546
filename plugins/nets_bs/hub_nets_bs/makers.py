"""Who makes which delivery: 0601 and 0605 as we send them, 0602 and 0603 as the provider would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hub.plugin import HubError, Record
from hub_nets_bs import collections, making, making_mandates, orders
from hub_nets_bs.layouts import PAYMENT_INFORMATION
from hub_nets_bs.layouts_0601 import COLLECTIONS
from hub_nets_bs.layouts_0603 import MANDATES
from hub_nets_bs.layouts_0605 import ORDERS
from hub_nets_bs.settings import BetalingsserviceSettings


def make(
    kind: str, records: Iterable[Record], head: Mapping[str, str], settings: BetalingsserviceSettings
) -> Iterator[bytes]:
    """The file in chunks. Raises HubError for a kind that is not made, and for what a delivery cannot carry."""
    if kind == COLLECTIONS:
        return collections.make(records, head, settings)
    if kind == ORDERS:
        return orders.make(records, head, settings)
    if kind == PAYMENT_INFORMATION:
        return making.make(records, head, settings.encoding)
    if kind == MANDATES:
        return making_mandates.make(records, head, settings.encoding)
    raise HubError(f"makes no {kind}, only {COLLECTIONS}, {ORDERS}, {PAYMENT_INFORMATION} and {MANDATES}")
