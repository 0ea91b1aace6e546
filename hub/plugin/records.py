"""What crosses from a plug-in to the hub: immutable records, in file order.

Amounts are øre (minor units) and integers. ``record`` is the 1-based line of the file that the record was read from
(for files without lines: its running number), so that a ledger row can be followed down to the byte.

**Business keys** (R5) are readable text in file order and name one event in the world, not one line: the same payment
in another file has the same key. Leave out the amount (the hub compares it: same key, other amount is ``conflict``) and
the occurrence within the file (the hub counts it). A key starts with the plug-in's vendor, never with the instance.

**Limits.** The hub refuses a file, as a fault of the plug-in, over a record that breaks one of these:

- ``record`` ascends from 1 over the whole file, whatever the class of the record; no two records have the same.
- An amount is at most ``AMOUNT_ORE_MAX`` øre, either way, and so is the sum of a file's amounts without their signs. A
  payment is not 0, a charge-back is positive. A currency is three capital letters.
- Days lie between ``DAY_FIRST`` and ``DAY_LAST``.
- Texts hold no control characters, no line breaks, no NUL and no lone surrogates. Keys and links have at most
  ``KEY_CHARACTERS_MAX`` characters, ``text`` ``TEXT_CHARACTERS_MAX``, creditor, group and charge type
  ``NUMBER_CHARACTERS_MAX``, all others ``NAME_CHARACTERS_MAX``.
- Keys and links are not empty; a payment's key begins with its link and ``|``. Beyond that they may hold any character:
  the hub writes ``#`` and the occurrence behind a key and reads it from the end. Where ``|`` separates the parts of a
  link, replace it within a part, and give every link as many parts: one link must not be another's beginning.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, TypeAlias

from hub.money import AMOUNT_ORE_MAX as AMOUNT_ORE_MAX
from hub.plugin.bank_records import BankLine, BankStatement, Fee, PaymentSeen, Payout

#: Days outside of these are slips of the pen.
DAY_FIRST, DAY_LAST = date(1900, 1, 1), date(2199, 12, 31)
#: A creditor, group or charge type: parts of the codes of accounts.
NUMBER_CHARACTERS_MAX = 20
#: A customer, reference, mandate, code, or number of a company, property, unit or tenant.
NAME_CHARACTERS_MAX = 100
KEY_CHARACTERS_MAX = 500
TEXT_CHARACTERS_MAX = 500
#: Lines of one field.
TEXT_LINES_MAX = 5_000


#: What the amount of a consumption result is (R25).
MEASURES = ("balance", "cost")
#: The kind of file that ``hub export`` asks a plug-in to make of ``ConsumptionTenancy`` records.
EXPORT_KIND = "export"


class Payment(NamedTuple):
    """Money that the vendor says has moved: booked on the tenancy whose customer number this is, else to suspense."""

    record: int
    #: The vendor's name for the company and, optionally, the property (R7): creditor number and debtor group.
    creditor: str
    group: str
    #: The tenant's number with this creditor, as in the file without padding.
    customer: str
    #: Øre, positive = received from the tenant, negative = paid out to the tenant (R9, R19); not 0.
    amount: int
    currency: str
    #: When it counts (R10): the actual payment date.
    value_date: date
    #: When it clears at the bank (R10, R18).
    booking_date: date
    due_date: date | None
    #: The creditor's own reference, given back; names a charge where the hub knows it. "" = none.
    reference: str
    #: Names this payment for a later charge-back: ``key`` starts with it and ``|``. Equal for payment and charge-back.
    link: str
    key: str
    #: One line for the tenant's movements.
    text: str
    #: Of a payment by slip: its id without leading zeros, by which another source tells of it too (R17); "" = no slip.
    payment_id: str = ""
    #: The bank's name for it, as that source has it; "" = not told.
    archive_reference: str = ""


class PaymentFailed(NamedTuple):
    """The vendor says that nothing was paid (R9): books nothing, the charge stays open, an event is shown."""

    record: int
    creditor: str
    group: str
    customer: str
    #: Øre that should have been paid; negative = paid out.
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
    #: As of Payment: who books payments by slip books what is taken back of them too (R17); "" = no slip.
    payment_id: str = ""


class MandateChange(NamedTuple):
    """What the vendor says of a tenant's agreement with it: that it began, ended, or is in force."""

    record: int
    creditor: str
    group: str
    customer: str
    #: The vendor's number of the agreement.
    mandate: str
    #: ``registered`` or ``cancelled``; ``active`` in a full list, whose absences mean nothing (R16).
    change: str
    #: ``automatic`` payment, or ``electronic_slip``: slips go to the payer's netbank, nothing is paid by itself.
    agreement: str
    #: First day; a collection due before it is not covered (R16).
    start: date | None
    #: Last day; None = until further notice.
    end: date | None
    key: str
    text: str


class SlipIssued(NamedTuple):
    """A payment slip that the vendor has made for a collection: by its payment id a bank names the payment."""

    record: int
    creditor: str
    group: str
    customer: str
    #: Two digits: ``71``, ``75``, ...
    card_type: str
    #: Creditor number of the slip, eight digits; not the creditor number above (R14).
    slip_creditor: str
    #: Digits without padding, the check digit last.
    payment_id: str
    #: Øre, and the day it falls due.
    amount: int
    currency: str
    due_date: date
    #: The creditor's reference, as far as it is given back.
    reference: str
    key: str
    text: str


class DeliveryReceipt(NamedTuple):
    """The vendor's word on one file: on one of ours, or on one of its own that it announces."""

    record: int
    #: ``transmitted`` (it has the file), ``accepted``, ``refused``; ``note`` announces a file of the vendor's.
    verdict: str
    #: Name of the file that it is about, where the receipt or its own name says so; "" = it does not.
    file: str
    #: Delivery type and our delivery number, where it says so; "" = it does not.
    delivery_type: str
    delivery: str
    #: The number that the vendor gave our delivery; "" = none.
    vendor_number: str
    #: When the vendor wrote it, by its own clock: ``2026-01-02T12:54:04``, without a zone (the site's); "" = not said.
    at: str
    #: What it counted, -1 = it does not say: records, sections, amounts, texts; and the sum of the amounts in øre.
    records: int
    sections: int
    items: int
    texts_counted: int
    amount: int
    key: str
    text: str


class Collection(NamedTuple):
    """One demand to be made: what a tenant is to pay, or is paid, on a day. Goes out only."""

    #: Running number in the delivery, from 1.
    record: int
    creditor: str
    group: str
    #: ``total`` (automatic with a mandate, else the vendor's slip) or ``slip``.
    channel: str
    #: One line that stands above all of a section's collections: the name of the debtor group.
    heading: str
    customer: str
    #: "" = none.
    mandate: str
    due_date: date
    #: Øre, positive = the tenant pays, negative = is paid.
    amount: int
    reference: str
    #: Own payment id of a slip, digits; "" = the vendor makes one.
    payment_id: str
    #: The name, then lines of address without postal code and town.
    address: tuple[str, ...]
    postal_code: str
    #: Two letters; DK where the postal code is Danish.
    country: str
    #: What the payer reads, a line each.
    texts: tuple[str, ...]


class MandateOrder(NamedTuple):
    """What we ask the vendor to do with an agreement. Goes out only."""

    #: Running number in the delivery, from 1.
    record: int
    creditor: str
    group: str
    customer: str
    #: ``create`` or ``cancel``.
    order: str
    #: The agreement to be cancelled; "" for a new one.
    mandate: str
    #: For a new one: the payer's CPR or CVR number, bank registration number and account, digits.
    payer_id: str
    bank_registration: str
    bank_account: str


class ConsumptionResult(NamedTuple):
    """One tenant's result of a consumption account: booked as a charge or a refund of ``charge_type`` (R26, R31).

    Its business key is made by the hub from type, tenancy, period and revision.
    """

    record: int
    #: Numbers as text without leading zeros.
    company: str
    property: str
    unit: str
    tenant: str
    #: Øre. A ``balance`` is positive where the tenant pays; a ``cost`` is what he has used (R25, R28).
    amount: int
    measure: str
    #: Øre that he was asked for on account, where the file gives it back; None = it does not say (R28).
    on_account: int | None
    charge_type: str
    #: None where the file does not carry the period (R30).
    period_from: date | None
    period_to: date | None
    #: The last day of use, where the file says that alone: the account that it is taken into must have it (R30).
    last_day: date | None = None


class ConsumptionTenancy(NamedTuple):
    """One tenancy of a consumption account, as the meter company is told of it. Goes out only."""

    #: Running number in the file, from 1.
    record: int
    company: str
    property: str
    unit: str
    tenant: str
    #: Øre on account in the period (R27).
    amount: int
    currency: str
    #: None = since ever, until further notice.
    move_in: date | None
    move_out: date | None
    name: str
    second_name: str
    street: str
    postal_code: str
    city: str
    #: Of a tenant who has moved out; "" = not known, or he has not.
    new_address: str
    new_postal_code: str
    new_city: str
    #: ``1`` = registered for VAT, ``0`` = not.
    vat: str
    period_from: date
    period_to: date


class DocumentNamed(NamedTuple):
    """A line of an index file: whose document the file of this name is. ``unit`` and ``tenant`` as in Document."""

    record: int
    #: Of the document's file, without folders.
    name: str
    company: str
    property: str
    unit: str
    tenant: str
    charge_type: str
    #: None where the index does not carry the period (R30).
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


class ShownField(NamedTuple):
    """One field of one record of a file, for a person who looks into it; of broken files too."""

    #: 1-based line, or the record's number (``FileKind.counted``).
    record: int
    #: What the record is: ``BS042 0236``.
    layout: str
    field: str
    #: 1-based bytes within the line, both ends in; of a delimited file its column, twice.
    first: int
    last: int
    #: As it stands there, undecodable bytes escaped; "" for what lies beyond the end of the line.
    raw: str
    #: As it is understood; "" where it is not.
    value: str
    #: What is wrong with it; "" = nothing.
    problem: str


Record: TypeAlias = (
    Payment
    | PaymentFailed
    | Chargeback
    | Fee
    | Payout
    | BankStatement
    | BankLine
    | PaymentSeen
    | MandateChange
    | SlipIssued
    | DeliveryReceipt
    | Collection
    | MandateOrder
    | ConsumptionResult
    | ConsumptionTenancy
    | DocumentNamed
    | Kept
    | Remark
)
