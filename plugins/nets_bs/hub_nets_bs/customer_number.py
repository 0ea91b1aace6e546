"""A customer number as a delivery of ours writes it: the key to the mandate, and so one form for ever (R15)."""

from __future__ import annotations

import re

from hub.plugin import HubError
from hub_nets_bs.settings import CustomerFill

CHARACTERS_MAX = 15
_ALLOWED = re.compile(rf"[0-9A-ZÆØÅ]{{1,{CHARACTERS_MAX}}}")


def written_customer(customer: str, fill: CustomerFill, where: str) -> str:
    """As it goes into 15 positions, without blanks to the right. Raises HubError for what the provider refuses."""
    if not _ALLOWED.fullmatch(customer) or not customer.strip("0"):
        expected = f"1 to {CHARACTERS_MAX} digits and capital letters A-Z, Æ, Ø, Å, not zeros only"
        raise HubError(f"found {customer!r}, expected {expected}", where=f"{where}, field 'customer'")
    return customer.zfill(CHARACTERS_MAX) if fill == "zeros" and customer.isdecimal() else customer
