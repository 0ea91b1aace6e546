"""What a vendor's settings say of how the bank's line for its money is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from hub.settings import ClearingSection, Site
from hub.settings.clearing import fits_pattern
from hub.store.clearing.items import Item
from hub.store.clearing.lines import OpenLine

_DEFAULT = ClearingSection()


class Terms(NamedTuple):
    """Of one item; where several instances may have told of it, any of them may be meant."""

    #: How many days the bank's booking may lie from the vendor's, either way.
    days_max: int
    #: Shell patterns, one of which the line's text must fit; none = any text does.
    bank_texts: tuple[str, ...]

    def why_late(self, item: Item, line: OpenLine) -> str:
        """Why the line's day cannot be the item's; "" = it can."""
        days = abs((line.booking_date - item.day).days)
        return f"it lies more than {self.days_max} days from {item.day}" if days > self.days_max else ""

    def why_unsure(self, item: Item, line: OpenLine) -> str:
        """Why the line may be somebody else's money, though nothing speaks against it; "" = it is the vendor's.

        Where no text says whose it is, a tenant's transfer may have that amount. Only the statement of the item's own
        day has the vendor's line beside it.
        """
        if self.bank_texts or item.bank_text or line.booking_date == item.day:
            return ""
        return f"no text says whose it is (clearing.bank_text), and it was not booked on {item.day}"

    def text_fits(self, line: OpenLine) -> bool:
        return not self.bank_texts or any(fits_pattern(pattern, line.text) for pattern in self.bank_texts)


def terms_of(site: Site, item: Item) -> Terms:
    """Of the instance that told of a payout; of a day, of all that use its plug-in and serve its company."""
    if item.vendor:
        config = site.vendors.get(item.vendor)
        sections = [config.clearing if config else _DEFAULT]
    else:
        served = [
            config.clearing
            for config in site.vendors.values()
            if config.plugin == item.account.plugin
            and (not config.companies or item.account.company in config.companies)
        ]
        sections = served or [_DEFAULT]
    texts = tuple(section.bank_text for section in sections)
    return Terms(max(section.days_max for section in sections), () if "" in texts else texts)


def window(site: Site, lines: Sequence[OpenLine]) -> tuple[date, date]:
    """First and last day whose money any of ``lines`` may be."""
    most = timedelta(
        days=max([config.clearing.days_max for config in site.vendors.values()], default=_DEFAULT.days_max)
    )
    days = [line.booking_date for line in lines]
    return min(days) - most, max(days) + most
