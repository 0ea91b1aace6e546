"""What crosses from a plug-in to the hub: immutable records, in file order.

Amounts are øre (minor units) and integers. ``record`` is the 1-based line of the file that the record was read from
(for files without lines: its running number), so that a ledger row can be followed down to the byte.

**Business keys** (R5) are readable text in file order and name one event in the world, not one line: the same payment
in another file has the same key. Leave out the amount (the hub compares it: same key, other amount is ``conflict``) and
the occurrence within the file (the hub counts it). A key starts with the plug-in's vendor, never with the instance.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, TypeAlias


class Payment(NamedTuple):
    """Money that the vendor says has moved: booked on the tenancy whose customer number this is, else to suspense."""

    record: int
    #: The vendor's name for the company and, optionally, the property (R7): creditor number and debtor group.
    creditor: str
    group: str
    #: The tenant's number with this creditor, as in the file without padding.
    customer: str
    #: Øre, positive = received from the tenant, negative = paid out to the tenant (R9, R19).
    amount: int
    currency: str
    #: When it counts (R10): the actual payment date.
    value_date: date
    #: When it clears at the bank (R10, R18).
    booking_date: date
    due_date: date | None
    #: The creditor's own reference, given back; names a charge where the hub knows it. "" = none.
    reference: str
    #: Names this payment for a later charge-back: ``key`` starts with it. Equal for payment and charge-back.
    link: str
    key: str
    #: One line for the tenant's movements.
    text: str


class PaymentFailed(NamedTuple):
    """The vendor says that nothing was paid (R9): books nothing, the charge stays open, an event is shown."""

    record: int
    creditor: str
    group: str
    customer: str
    #: Øre that should have been paid.
    amount: int
    currency: str
    due_date: date
    reference: str
    key: str
    text: str


class Chargeback(NamedTuple):
    """A payment taken back (R9): debits the tenant on its own date and reopens what the payment had paid."""

    record: int
    creditor: str
    group: str
    customer: str
    #: Øre taken back, positive.
    amount: int
    currency: str
    value_date: date
    booking_date: date
    due_date: date | None
    reference: str
    #: As in the payment that it takes back.
    link: str
    key: str
    text: str


class MandateChange(NamedTuple):
    """A tenant's direct-debit agreement began or ended at the vendor."""

    record: int
    creditor: str
    group: str
    customer: str
    mandate: str
    #: ``registered`` or ``cancelled``.
    change: str
    start: date | None
    end: date | None
    key: str
    text: str


class ConsumptionResult(NamedTuple):
    """One tenant's result of a consumption account: booked as a charge or a refund of ``charge_type`` (R26, R31).

    Its business key is made by the hub from type, tenancy and period.
    """

    record: int
    #: Numbers as text without leading zeros.
    company: str
    property: str
    unit: str
    tenant: str
    #: Øre, positive = the tenant pays.
    amount: int
    charge_type: str
    #: None where the file does not carry the period (R30).
    period_from: date | None
    period_to: date | None


class Document(NamedTuple):
    """Whose document a file is, read from its name (R35). ``unit`` and ``tenant`` are "" for a property's own."""

    company: str
    property: str
    unit: str
    tenant: str
    charge_type: str
    period_from: date
    period_to: date


class Kept(NamedTuple):
    """Understood and counted, nothing to book."""

    record: int
    code: str
    text: str


class Remark(NamedTuple):
    """A sentence about the whole file for the person who looks at it; no record of the file."""

    text: str


Record: TypeAlias = Payment | PaymentFailed | Chargeback | MandateChange | ConsumptionResult | Kept | Remark
