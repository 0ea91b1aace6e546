"""What of a vendor's settings says how its money is cleared: whose its numbers are, what pays what, bank rules."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from hub.ledger import kinds
from hub.money import AMOUNT_ORE_MAX, AmountError, parse_amount
from hub.settings.model import Model

#: What a reference of our own may name, where a file carries no customer number for sure.
OwnReference = Literal["customer", "charge", "tenancy"]
#: Of a payment slip: an FI creditor number of eight digits, or a giro account of seven or eight.
SlipCreditor = Annotated[str, StringConstraints(pattern=r"^\d{7,8}$")]
#: An account of the company's own books that is no tenancy's: ``bank_fees``.
AccountName = Annotated[str, StringConstraints(pattern=kinds.NAMED_PATTERN)]
_RANGE = re.compile(r"(-?[\d.]*)\.\.(-?[\d.]*)")


class AmountRange(NamedTuple):
    """Øre, both ends in."""

    least: int
    most: int


def is_fi_creditor(creditor: str) -> bool:
    """Whether a slip's number is an FI creditor's; a giro account, which no column of the portfolio has, is not."""
    return creditor.startswith("8")


def parse_range(text: str) -> AmountRange:
    """``-100.00..-0.01``; an end left out is open. Raises ValueError."""
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no range of amounts: write FROM..TO, e.g. -100.00..-0.01")
    try:
        least = parse_amount(found[1]) if found[1] else -AMOUNT_ORE_MAX
        most = parse_amount(found[2]) if found[2] else AMOUNT_ORE_MAX
    except AmountError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if most < least:
        raise ValueError(f"{text!r} ends before it begins")
    return AmountRange(least, most)


class ClearingSection(Model):
    """How the money that this instance tells of finds its line on a bank's statement, and what becomes of its fees."""

    #: Where fees that the vendor keeps are booked: ``named:NAME`` of the company.
    fee_account: AccountName = "vendor_fees"
    #: Shell pattern, capitals alike, that the text of a bank's line must fit to settle this vendor's money. "" = any
    #: does, and then a line is paired by itself only on the very day that the vendor says.
    bank_text: str = ""
    #: How many days the bank's booking may lie from that day, either way, where a text says whose the line is.
    days_max: int = Field(5, ge=0, le=60)


class BankRule(Model):
    """What lines of a bank's statement are, and where they belong; of several that fit, the first is used."""

    #: By which its uses are counted and shown.
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    #: Shell patterns, capitals alike; all that are given must fit. ``PMNT/*/CHRG``, ``*GEBYR*``.
    code: str | None = None
    text: str | None = None
    #: The payer's account as the file has it, blanks aside; a shell pattern too.
    payer_account: str | None = None
    #: ``-100.00..-0.01``: amounts, both ends in; below zero = money that went out.
    amount: str | None = None
    #: Where it is booked: an account of the company by name, or a tenancy.
    account: AccountName | None = None
    tenancy: str | None = None

    @field_validator("amount")
    @classmethod
    def _readable_range(cls, value: str | None) -> str | None:
        if value is not None:
            parse_range(value)
        return value

    @model_validator(mode="after")
    def _says_enough(self) -> Self:
        if not (self.code or self.text or self.payer_account):
            raise ValueError("give code, text or payer_account: an amount alone says nothing of what a line is")
        if (self.account is None) == (self.tenancy is None):
            raise ValueError("say where it is booked: account or tenancy, one of them")
        return self

    def fits(self, *, code: str, text: str, payer_account: str, amount: int) -> bool:
        """Whether a line is of this kind; øre, positive = came in."""
        least, most = parse_range(self.amount) if self.amount is not None else AmountRange(amount, amount)
        return (
            least <= amount <= most
            and fits_pattern(self.code, code)
            and fits_pattern(self.text, text)
            and fits_pattern(self.payer_account and _plain(self.payer_account), _plain(payer_account))
        )


def fits_pattern(pattern: str | None, text: str) -> bool:
    """Whether a text fits a shell pattern, capitals alike; None or "" = any does."""
    return not pattern or fnmatchcase(text.casefold(), pattern.casefold())


def _plain(account: str) -> str:
    return "".join(account.split())
