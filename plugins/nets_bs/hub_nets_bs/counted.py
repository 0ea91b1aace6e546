"""What the trailers BS092 and BS992 of a delivery of ours say, counted by ourselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counted:
    """Named as the fields of the trailers' layouts. ``net_amount`` in øre: collected less paid out."""

    sections: int = 0
    payments: int = 0
    net_amount: int = 0
    texts: int = 0
    addresses: int = 0

    def add(self, section: Counted) -> None:
        self.sections += 1
        self.payments += section.payments
        self.net_amount += section.net_amount
        self.texts += section.texts
        self.addresses += section.addresses
