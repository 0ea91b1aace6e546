"""Records of what vendors settle and what banks state; what is said in :mod:`hub.plugin.records` goes for them too."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Fee(NamedTuple):
    """What a vendor keeps of the money that it settles: off its clearing account, onto the instance's fee account."""

    record: int
    #: As of Payment.
    creditor: str
    group: str
    #: Øre, positive = the vendor keeps it, negative = it gives some back; not 0.
    amount: int
    currency: str
    value_date: date
    booking_date: date
    #: The vendor's own for it; "" = none.
    reference: str
    key: str
    text: str


class Payout(NamedTuple):
    """What a vendor says that it has sent to our bank, or taken back: off its clearing account until the bank shows it.

    A bank's line is paired with it by amount, day and ``bank_text``.
    """

    record: int
    #: As of Payment.
    creditor: str
    group: str
    #: Øre, positive = on its way to our bank; negative = sent back, or from our bank to the vendor; not 0.
    amount: int
    currency: str
    value_date: date
    #: When the vendor says that it goes to the bank.
    booking_date: date
    #: The text that the bank's line will carry, blanks aside; "" = the vendor does not say.
    bank_text: str
    #: The vendor's number of the payout; "" = none.
    reference: str
    key: str
    text: str


class BankStatement(NamedTuple):
    """One statement of one account, before its lines: what continues it is judged by its balances and days."""

    record: int
    #: Our account as the bank writes it, without blanks: an IBAN, or registration and account number.
    account: str
    currency: str
    #: The bank's name for this statement.
    identification: str
    #: Its running number with this account; None = the bank gives none.
    sequence: int | None
    first_day: date
    last_day: date
    #: Øre, positive = ours; None = the bank does not say.
    opening: int | None
    closing: int | None
    key: str
    text: str


class BankLine(NamedTuple):
    """Money that a bank has booked on our account: one line, or one of the transactions that a line sums up.

    Booked on the tenancy that its slip, customer or reference names, else to suspense with all that the bank says.
    """

    record: int
    #: As of BankStatement.
    account: str
    #: Øre, positive = came in, negative = went out; not 0.
    amount: int
    currency: str
    #: When it counts, and when the bank has booked it (R10).
    value_date: date
    booking_date: date
    #: Of a payment slip: its creditor number, and its id without leading zeros; "" = no slip, or one that is not told.
    creditor: str
    payment_id: str
    #: Why a slip's id is none that can be (check digit, length): then it is nobody's; "" = nothing is wrong.
    slip_fault: str
    #: What the payer has named himself by, else his account; "" = neither is told.
    customer: str
    #: Our own reference, given back in its own field; never picked out of free text. "" = none.
    reference: str
    #: The bank's reference, by which two files tell of one line (R17); "" = none that names it alone.
    servicer_reference: str
    #: The bank's code of what it is, ``PMNT/RCDT/VCOM``, or its own where it has no such; "" = none.
    code: str
    payer: str
    payer_account: str
    #: The link of the earlier line that it takes back; "" = none.
    takes_back: str
    #: Names this line for a later one that takes it back: ``key`` starts with it and ``|``.
    link: str
    key: str
    #: All that the payer and the bank have written, in one line.
    text: str


class PaymentSeen(NamedTuple):
    """A second witness of a payment that another file books (R17): moves no money, confirms or is listed."""

    record: int
    #: As of BankLine.
    account: str
    creditor: str
    payment_id: str
    amount: int
    currency: str
    booking_date: date
    servicer_reference: str
    key: str
    text: str
