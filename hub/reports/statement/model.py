"""What an account statement says: plain values, gathered elsewhere, that every format shows alike.

Amounts are øre and signed as in R19: a balance or a movement is positive when the tenant owes, a holding is positive
when we hold the tenant's money.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from hub.ledger.words import Language


class Company(NamedTuple):
    """The sender. ``lines`` = address and contact, one per line, as they shall stand in the letter."""

    name: str
    number: str
    #: CVR number in Denmark, organisation number in Sweden.
    cvr: str | None = None
    lines: tuple[str, ...] = ()


class Tenant(NamedTuple):
    """The recipient. ``address`` = the lines below the names, for the window of the envelope."""

    name: str
    #: "" = none.
    second_name: str = ""
    address: tuple[str, ...] = ()


class Ageing(NamedTuple):
    """The balance by days since the due date; 30 and 60 belong to 30-60 (R21). ``credit`` is negative or 0."""

    not_due: int = 0
    under_30: int = 0
    from_30_to_60: int = 0
    over_60: int = 0
    credit: int = 0


class LineRow(NamedTuple):
    """One line of a charge. ``vat`` is included in ``amount``; ``vat_rate`` in hundredths of a percent, 0 = no VAT."""

    charge_type: str
    text: str
    period_from: date | None
    period_to: date | None
    amount: int
    vat_rate: int = 0
    vat: int = 0


class CreditNoteRow(NamedTuple):
    """A credit note on a charge; ``amount`` is what it takes off, positive."""

    value_date: date
    text: str
    amount: int


class ChargeRow(NamedTuple):
    """One charge. ``kind`` is rent, moving_in, moving_out or other; ``overdue`` is R21's word on what remains."""

    reference: str
    kind: str
    text: str
    due_date: date
    amount: int
    remaining: int
    overdue: bool
    lines: tuple[LineRow, ...] = ()
    #: Told in a settlement, which has no movements to find them among.
    credit_notes: tuple[CreditNoteRow, ...] = ()

    @property
    def settled(self) -> int:
        """What is paid or credited."""
        return self.amount - self.remaining


class MovementRow(NamedTuple):
    """One change of the balance; ``kind`` as in ``hub.ledger.kinds``, ``balance`` the sum up to and including it."""

    value_date: date
    kind: str
    text: str
    amount: int
    balance: int


class HoldingRow(NamedTuple):
    """A sub-balance of the tenancy: what was charged for it and what of that we hold (R23).

    ``name`` is deposit, prepaid_rent, heat, water, electricity or withheld, which get their word in the statement's
    language; any other name is shown as it is.
    """

    name: str
    charged: int
    held: int


class Statement(NamedTuple):
    """One tenancy's account as of a day.

    With ``chosen`` it is a settlement of the chosen charges alone: ``charges`` holds only those, and movements,
    holdings and ageing are not printed.
    """

    language: Language
    currency: str
    company: Company
    tenant: Tenant
    #: ``1-12-304-2``.
    tenancy: str
    as_of: date
    made_on: date
    balance: int
    overdue: int
    #: What is booked and counts only after ``as_of``, as its effect on the balance (R10).
    coming: int
    ageing: Ageing
    charges: tuple[ChargeRow, ...]
    #: Oldest first. Those after ``as_of`` are shown as coming.
    movements: tuple[MovementRow, ...]
    holdings: tuple[HoldingRow, ...]
    #: What is open that no charge demands, as of a payout or a charge-back; ``kind`` as of a movement, without lines.
    debts: tuple[ChargeRow, ...] = ()
    chosen: bool = False

    @property
    def remaining(self) -> int:
        """What is left to pay on the charges listed."""
        return sum(row.remaining for row in self.charges)

    @property
    def opening(self) -> int:
        """The balance before the movements listed; 0 in a settlement, which has none."""
        if self.chosen:
            return 0
        return self.movements[0].balance - self.movements[0].amount if self.movements else self.balance
