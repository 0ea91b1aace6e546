"""One demand on one tenancy for one day: what it is for, and the one way that it goes (R12, R13)."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

from hub.store.portfolio import TenancyRef

#: automatic: the vendor takes the money. vendor_slip: the vendor makes a slip. own_slip: we do.
Channel = Literal["automatic", "vendor_slip", "own_slip"]


class DemandedLine(NamedTuple):
    """What is open on one charge line and is demanded; amounts in øre."""

    line_id: int
    charge_id: int
    #: Of the charge; on a slip's message and in a list.
    reference: str
    charge_type: str
    text: str
    amount: int
    #: Of the whole line, paid or not; its VAT, and the rate of that in hundredths of a percent.
    whole: int
    vat: int
    vat_rate: int
    period: tuple[date, date] | None
    due_date: date


class Debtor(NamedTuple):
    """Who is asked."""

    tenancy: TenancyRef
    name: str
    second_name: str
    #: Where letters go: a moved-out tenant's new address.
    address: str
    postal_code: str
    city: str
    email: str
    #: ``email`` or ``letter``; "" = not said.
    channel: str


class Demand(NamedTuple):
    debtor: Debtor
    channel: Channel
    #: PBS creditor number, what the company asks as where it has none, and debtor group, "" there.
    creditor: str
    group: str
    #: Name of the debtor group: the property's.
    heading: str
    #: Customer number, "" where an own slip needs none.
    customer: str
    #: "" = none.
    mandate: str
    due: date
    #: What falls due on that day, then what was due before and is collected along; none of a payout.
    lines: tuple[DemandedLine, ...]
    overdue: tuple[DemandedLine, ...]
    #: Øre of credit that is paid out to the tenant; 0 = this is a demand.
    payout: int = 0
    #: What the vendor is asked in: ``total``, paid by mandate, else by its slip; ``slip``, by its slip alone.
    section: Literal["total", "slip"] = "total"

    @property
    def amount(self) -> int:
        """Øre, positive = the tenant pays, negative = is paid."""
        return sum(line.amount for line in (*self.lines, *self.overdue)) - self.payout
