"""References that a payer gives back: of payment slips (FIK, GIK), and those of ISO 11649 that begin with RF."""

from __future__ import annotations

import re
from typing import NamedTuple

from stdnum import iso11649
from stdnum.exceptions import ValidationError

#: Card types with an id, and its digits, the check digit being the last. 73 and 01 carry a message in its place.
ID_DIGITS = {"71": 15, "75": 16, "04": 16, "15": 16}
#: As banks write an id: its own digits (Nordea), or filled up with zeros (Danske Bank).
_DIGITS_MIN, _DIGITS_MAX = 15, 19
#: Each digit as the cross sum of twice its value.
_DOUBLED = str.maketrans("0123456789", "0246813579")
_REFERENCE = re.compile(r"(71|75|04|15)/(.*)", re.ASCII | re.DOTALL)
_CREDITOR = re.compile(r"0{0,3}([0-9]{7,8})", re.ASCII)


class Slip(NamedTuple):
    """A payment slip as a payer has given it back."""

    #: "" = the bank does not say, or gives an account that is no creditor's number.
    creditor: str
    #: Without leading zeros; where something is wrong with it, as it is told.
    payment_id: str
    #: "" = nothing is wrong.
    fault: str


def slip(reference: str, account: str) -> Slip | None:
    """The slip of ``71/000000000001230`` paid to ``account``; None = the reference is no slip's."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    card, digits = found[1], found[2].strip()
    creditor = _CREDITOR.fullmatch("".join(account.split()))
    return Slip(creditor[1] if creditor else "", digits.lstrip("0")[:100], _fault(card, digits))


def _fault(card: str, digits: str) -> str:
    length = ID_DIGITS[card]
    shown = f"payment id {card}/{digits[:40]}"
    if not (digits.isascii() and digits.isdigit() and _DIGITS_MIN <= len(digits) <= _DIGITS_MAX):
        return f"{shown} is none: {_DIGITS_MIN} to {_DIGITS_MAX} digits"
    bare = digits.lstrip("0")
    if not bare:
        return f"{shown} is all zeros"
    if len(bare) > length:
        return f"{shown} is none: {length} digits, zeros before them"
    if told := _modulus_10(bare):
        return f"{shown} ends in {bare[-1]}, its check digit is {(int(bare[-1]) - told) % 10} (modulus 10)"
    return ""


def _modulus_10(digits: str) -> int:
    """0 = its check digit, the last one, is right: every second digit before it counts twice, by its cross sum."""
    return (sum(map(int, digits[::-2])) + sum(map(int, digits[-2::-2].translate(_DOUBLED)))) % 10


def creditor_reference(reference: str) -> tuple[str, str]:
    """(the reference, "") as the hub compares it; ("", why) of one that begins with RF and is wrong.

    RF and two digits make a reference of ISO 11649, which carries its own check digits; any other stands as it is.
    """
    plain = " ".join(reference.split())
    if not re.match(r"RF[0-9]{2}", plain, re.ASCII | re.IGNORECASE):
        return plain[:100], ""
    try:
        return iso11649.validate(plain), ""
    except ValidationError:
        return "", f"referencen {plain[:40]} har forkerte kontrolcifre"
