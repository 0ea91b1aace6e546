"""Kinds of entries, accounts and allocation policies: the words that are stored and shown."""

from __future__ import annotations

CHARGE = "charge"
PAYMENT = "payment"
PAYMENT_FAILED = "payment_failed"
CHARGEBACK = "chargeback"
RESULT = "result"
PAYOUT = "payout"
OPENING = "opening"

RECEIVABLE = "receivable"
CLEARING = "clearing"
SUSPENSE = "suspense"
INCOME = "income"
OPENING_BALANCE = "opening"

BY_REFERENCE = "reference"
BY_AGE = "oldest"
BY_CREDIT = "credit"
TAKEN_BACK = "chargeback"


def receivable_code(tenancy_key: str) -> str:
    """The stable name of a tenancy's receivable account."""
    return f"{RECEIVABLE}:{tenancy_key}"


def clearing_code(vendor: str, creditor: str, group: str) -> str:
    """Clearing is kept per vendor, creditor number and debtor group (R18)."""
    return f"{CLEARING}:{vendor}:{creditor}:{group}"


def income_code(charge_type: str) -> str:
    return f"{INCOME}:{charge_type}"
