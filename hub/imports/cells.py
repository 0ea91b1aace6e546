"""What cells of the portfolio mean: each function takes the text of one, and raises ValueError with what is wrong."""

from __future__ import annotations

import re

from hub.errors import HubError
from hub.imports.table import printable
from hub.money import parse_amount
from hub.store.contributions import INTERVALS_MONTHS
from hub.store.portfolio import creditor_number, customer_key, debtor_group, plain_number

EMAIL = "email"
CHANNELS = (EMAIL, "letter")
#: Stands where a unit that had a main unit shall have none; no number can be this.
NO_MAIN_UNIT = "-"

_NUMBER_CHARACTERS_MAX = 20
_CREDITOR_DIGITS = 8
_GROUP_DIGITS_MAX = 5
_GLN_DIGITS = 13
_WHOLE = 100_00
_YES = {"1", "ja", "yes", "true"}
_NO = {"", "0", "nej", "no", "false"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_DOMESTIC = re.compile(r"\d[\d -]*\d", re.ASCII)


def number(text: str) -> str:
    """Of a company, property, unit or tenant, as it stands in keys."""
    if "-" in text:
        raise ValueError(f"{text!r} holds a hyphen, which separates the parts of a key such as 1-12-304-2")
    if len(text) > _NUMBER_CHARACTERS_MAX:
        raise ValueError(f"{text!r} is longer than {_NUMBER_CHARACTERS_MAX} characters")
    return plain_number(printable(text))


def main_unit(text: str) -> str | None:
    return None if text == NO_MAIN_UNIT else number(text)


def creditor(text: str) -> str:
    """A creditor number of Betalingsservice, in eight digits."""
    digits = _digits(text, _CREDITOR_DIGITS)
    if not digits:
        raise ValueError(f"{text!r} is no creditor number")
    return creditor_number(digits)


def fi_creditor(text: str) -> str:
    """The creditor number of payment slips (R14)."""
    if not _all_digits(text, _CREDITOR_DIGITS):
        raise ValueError(f"{text!r} is no creditor number of payment slips, which has {_CREDITOR_DIGITS} digits")
    return text


def group(text: str) -> str | None:
    return debtor_group(_digits(text, _GROUP_DIGITS_MAX))


def customer(text: str) -> str:
    if not customer_key(text):
        raise ValueError(f"{text!r} is no customer number: it would match nobody")
    return printable(text)


def yes_or_no(text: str) -> bool:
    answer = text.lower()
    if answer not in _YES | _NO:
        raise ValueError(f"{text!r} is neither yes (1, ja, true) nor no (0, nej, false, empty)")
    return answer in _YES


def share(text: str) -> int:
    """Percent, in hundredths of a percent."""
    try:
        hundredths = parse_amount(text)
    except HubError as error:
        raise ValueError(f"{text!r} is no percentage: write it as 50 or 33,33") from error
    if not 0 < hundredths <= _WHOLE:
        raise ValueError(f"{text!r} is no share of the rent: it lies above 0 and is at most 100 percent")
    return hundredths


def gln(text: str) -> str:
    """The EAN location number that electronic invoices go to: 13 digits, the last one checks the others (GS1)."""
    if not _all_digits(text, _GLN_DIGITS):
        raise ValueError(f"{text!r} is no EAN number, which has {_GLN_DIGITS} digits")
    digits = [int(digit) for digit in text]
    if (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10:
        raise ValueError(f"{text!r} is no EAN number: its last digit does not check the others, one of them is wrong")
    return text


def channel(text: str) -> str:
    if text.lower() not in CHANNELS:
        raise ValueError(f"{text!r} is neither {' nor '.join(CHANNELS)}")
    return text.lower()


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def bank_account(text: str) -> str:
    """An IBAN without blanks, its check digits right (ISO 13616); or a domestic number, as it is written."""
    if not text[:2].isalpha():
        if not _DOMESTIC.fullmatch(text):
            raise ValueError(f"{text!r} is no bank account: write registration and account number, or an IBAN")
        return text
    iban = "".join(text.split()).upper()
    if not _IBAN.fullmatch(iban) or int("".join(str(int(one, 36)) for one in iban[4:] + iban[:4])) % 97 != 1:
        raise ValueError(f"{text!r} is no IBAN: its check digits say that something in it is wrong")
    return iban


def interval_months(text: str) -> int:
    """An empty cell is every month."""
    try:
        return INTERVALS_MONTHS[[str(months) for months in INTERVALS_MONTHS].index(text or "1")]
    except ValueError:
        allowed = ", ".join(map(str, INTERVALS_MONTHS))
        raise ValueError(f"{text!r} is no interval of collection: one of {allowed} months") from None


def _digits(text: str, digits_max: int) -> str:
    """Without leading zeros."""
    if not _all_digits(text) or len(text.lstrip("0")) > digits_max:
        raise ValueError(f"{text!r} is no number of at most {digits_max} digits")
    return text.lstrip("0")


def _all_digits(text: str, count: int | None = None) -> bool:
    return text.isascii() and text.isdigit() and count in (None, len(text))
