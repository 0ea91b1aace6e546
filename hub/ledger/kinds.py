"""Kinds of entries, accounts and allocations: the words that are stored and shown."""

from __future__ import annotations

# --- Entries -----------------------------------------------------------------------------------------------------

CHARGE = "charge"
CREDIT_NOTE = "credit_note"
PAYMENT = "payment"
PAYMENT_FAILED = "payment_failed"
PAYOUT = "payout"
TRANSFER = "transfer"
CHARGEBACK = "chargeback"
RESULT = "result"
OPENING = "opening"
#: Money in suspense that a person has given to a tenancy.
MATCH = "match"
#: What was missing of a charge and is written off (R24).
DIFFERENCE = "difference"
REVERSAL = "reversal"
#: What a vendor keeps of the money that it settles.
FEE = "fee"
#: Money between own accounts on its way to the bank: a vendor's payout, a bank's line that a person or rule explains.
SETTLEMENT = "settlement"

#: They take an earlier entry back: on its own account, with what it had done there.
TAKING_BACK = (CHARGEBACK, REVERSAL)

#: Why an entry is reversed.
PAYMENT_TAKEN_BACK = "payment_taken_back"
REASONS = (
    "wrong_tenancy",
    "wrong_amount",
    "wrong_date",
    "wrong_company",
    "duplicate",
    "test_file",
    "agreement",
    PAYMENT_TAKEN_BACK,
    "other",
)

# --- Charges -----------------------------------------------------------------------------------------------------

RENT = "rent"
MOVING_IN = "moving_in"
MOVING_OUT = "moving_out"
OTHER = "other"
CHARGE_KINDS = (RENT, MOVING_IN, MOVING_OUT, OTHER)
#: Each is a *pligtig pengeydelse*: rent and what comes with it, deposit, prepaid rent (lejelov §182; R24). What is
#: demanded when a tenant leaves, or for anything else, is not: a company says so where it is, by charge type.
OBLIGATORY_CHARGES = (RENT, MOVING_IN)

ON_ACCOUNT_DOCUMENT = "000"
INVOICE = "001"
SETTLEMENT_DOCUMENT = "003"
PAYOUT_DOCUMENT = "010"
OWN_ACCOUNT = "100"

#: Document types of the receivables ledger (underlagstyp); a charge's follows from its kind.
_DOCUMENT_TYPES = {
    CHARGE: INVOICE,
    CREDIT_NOTE: INVOICE,
    RESULT: SETTLEMENT_DOCUMENT,
    PAYOUT: PAYOUT_DOCUMENT,
    TRANSFER: OWN_ACCOUNT,
    FEE: OWN_ACCOUNT,
    SETTLEMENT: OWN_ACCOUNT,
}
_CHARGE_DOCUMENT_TYPES = {MOVING_OUT: SETTLEMENT_DOCUMENT}


def document_type(kind: str, charge_kind: str | None = None) -> str:
    """Three digits: what a document of this kind of entry is in the receivables ledger.

    Money that comes or goes back stands on the tenancy's on-account account, 000; a reversal is of the type of what
    it takes back, so ask with that entry's kinds.
    """
    if kind == CHARGE and charge_kind in _CHARGE_DOCUMENT_TYPES:
        return _CHARGE_DOCUMENT_TYPES[charge_kind]
    return _DOCUMENT_TYPES.get(kind, ON_ACCOUNT_DOCUMENT)


# --- Accounts ----------------------------------------------------------------------------------------------------

RECEIVABLE = "receivable"
HOLDING = "holding"
CLEARING = "clearing"
SUSPENSE = "suspense"
INCOME = "income"
OPENING_BALANCE = "opening"
BANK = "bank"
VAT = "vat"
DIFFERENCES = "differences"
#: What the owner bears of consumption where nobody lived (R32), a property each.
VACANCY = "vacancy"
#: An account of the company's own that is no tenancy's: what vendors and banks keep, interest.
NAMED = "named"
NAMED_PATTERN = r"^[a-z][a-z0-9_]{1,39}$"
#: In place of a debtor group, of the account where a vendor's payouts wait for the bank's line.
IN_TRANSIT = "payout"

DEPOSIT = "deposit"
PREPAID_RENT = "prepaid_rent"
WITHHELD = "withheld"
#: What a tenancy pays on account, by charge type (R26).
ON_ACCOUNT = {"75020": "heat", "73035": "water", "73095": "electricity"}
#: On account and settled (R26): it is a *pligtig pengeydelse* on whatever it stands.
CONSUMPTION = (*ON_ACCOUNT, "75040", "73039", "73099")
HOLDINGS = (DEPOSIT, PREPAID_RENT, *ON_ACCOUNT.values(), WITHHELD)
#: A company may name others.
HOLDING_PATTERN = r"^[a-z][a-z_]{1,19}$"
#: The tenancy's balance itself, where a transfer names a holding.
BALANCE = "balance"

#: The first number of a company's receivables and holdings: eight digits from 99.
FIRST_ACCOUNT_NUMBER = 99_000_000
LAST_ACCOUNT_NUMBER = 99_999_999

# --- Allocations: why this line --------------------------------------------------------------------------------------

BY_REFERENCE = "reference"
#: The collection that the money answers asks for the line (R12).
BY_COLLECTION = "collection"
BY_CREDIT = "credit"
#: A credit note pays what it credits, a reversal what it takes back.
BY_DOCUMENT = "document"
TAKEN_BACK = "chargeback"
REVERSED = "reversal"


def receivable_code(tenancy_key: str) -> str:
    """The stable name of a tenancy's receivable account."""
    return f"{RECEIVABLE}:{tenancy_key}"


def holding_code(holding: str, tenancy_key: str) -> str:
    return f"{HOLDING}:{holding}:{tenancy_key}"


def clearing_code(vendor: str, creditor: str, group: str) -> str:
    """Clearing is kept per vendor, creditor number and debtor group (R18)."""
    return f"{CLEARING}:{vendor}:{creditor}:{group}"


def bank_code(account: str) -> str:
    """``account`` is our account's number as the bank writes it, without blanks; what a person books has none."""
    return f"{BANK}:{account}"


def named_code(name: str) -> str:
    return f"{NAMED}:{name}"


def vacancy_code(company_number: str, property_number: str) -> str:
    return f"{VACANCY}:{company_number}-{property_number}"


def income_code(charge_type: str) -> str:
    return f"{INCOME}:{charge_type}"
