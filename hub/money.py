"""Money is an integer in minor units (øre): read from and written as decimal text, never through a float."""

from __future__ import annotations

import re

from hub.errors import HubError

#: Largest amount in øre that we take from anyone: fits SQLite's and PostgreSQL's 64-bit integers with room for sums.
AMOUNT_ORE_MAX = 10**15

#: What a tenancy's balance may be, either way, and what any other account of a company may: all the accounts that a
#: company can number, and thousands of the others, still sum up within those 64 bits.
TENANCY_ORE_MAX = 10**12
ACCOUNT_ORE_MAX = 10**16

_PLAIN = re.compile(r"([+-]?)(\d+)(?:[.,](\d{1,2}))?", re.ASCII)
_GROUPED = re.compile(r"([+-]?)(\d{1,3}(?:\.\d{3})+),(\d{2})|([+-]?)(\d{1,3}(?:,\d{3})+)\.(\d{2})", re.ASCII)
#: Three digits behind one sign: thousands, or three decimals.
_COULD_MEAN_TWO = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_TOO_FINE = re.compile(r"[+-]?\d+[.,]\d{3,}", re.ASCII)
_WRITE_IT = "write it as 1250.50 or 1250,50, with at most two decimals"


class AmountError(HubError):
    """Text that is no amount of money."""


def parse_amount(text: str, where: str = "") -> int:
    """Øre of ``1250``, ``1250.5``, ``1250,50``, ``1.250,50`` or ``1,250.50``; a sign may lead.

    ``1.250`` alone could mean two things and is refused, as are three decimals, blanks inside and anything else, with
    AmountError; ``where`` says in it where the amount was given.
    """
    stripped = text.strip()
    if match := _PLAIN.fullmatch(stripped):
        sign, whole, decimals = match[1], match[2], match[3] or ""
    elif match := _GROUPED.fullmatch(stripped):
        sign = match[1] or match[4] or ""
        whole = (match[2] or match[5]).replace(".", "").replace(",", "")
        decimals = match[3] or match[6]
    else:
        raise AmountError(f"{text!r} is no amount", where=where, why=_why_none(stripped), do=_WRITE_IT)
    ore = int(whole) * 100 + int(decimals.ljust(2, "0") or 0)
    if ore > AMOUNT_ORE_MAX:
        raise AmountError(f"{text!r} is more than {format_amount(AMOUNT_ORE_MAX)}", where=where)
    return -ore if sign == "-" else ore


def _why_none(text: str) -> str:
    if _COULD_MEAN_TWO.fullmatch(text):
        return "its sign could stand between thousands or before decimals, and nothing is guessed"
    return "it has more than two decimals" if _TOO_FINE.fullmatch(text) else ""


def format_amount(ore: int) -> str:
    """``125000`` as ``"1250.00"``, the form of every amount in JSON."""
    whole, decimals = divmod(abs(ore), 100)
    return f"{'-' if ore < 0 else ''}{whole}.{decimals:02d}"
