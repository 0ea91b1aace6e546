"""Danish payment slips: card types, payment ids with their check digit, and the line that machines read.

Sources: published descriptions of Danish banks and of ledgers that print such slips;
the check digit is modulus 10 with weights 2, 1, 2, 1 from the right (the Luhn algorithm).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stdnum import luhn

from hub.errors import HubError


class SlipError(HubError):
    """A card type, payment id, creditor number or OCR line that no payment slip can have."""


class CardType(NamedTuple):
    code: str
    #: ``FIK``: paid to an FI creditor number of eight digits; ``GIK``: to a giro account of seven or eight.
    family: str
    #: Digits of its payment id with the check digit; 0 = it has none.
    id_digits: int
    #: The payer may write a message to the payee.
    message: bool


CARD_TYPES = {
    one.code: one
    for one in (
        CardType("71", "FIK", 15, False),
        CardType("73", "FIK", 0, True),
        CardType("75", "FIK", 16, True),
        CardType("01", "GIK", 0, True),
        CardType("04", "GIK", 16, False),
        CardType("15", "GIK", 16, False),
    )
}
#: Longest form of an id in a file: filled up with zeros from the left.
ID_DIGITS_MAX = 19
_LINE = re.compile(r"\+?(?P<card>[0-9]{2})<(?P<id>[0-9]*)\+(?P<creditor>[0-9]{7,8})<")


class OcrLine(NamedTuple):
    card_type: str
    #: All its digits; "" for a card type without one.
    payment_id: str
    creditor: str


def card_type(code: str) -> CardType:
    """Raises SlipError."""
    if code not in CARD_TYPES:
        raise SlipError(f"there is no card type {code!r}", do=f"one of {', '.join(CARD_TYPES)}")
    return CARD_TYPES[code]


def payment_id(card: str, number: int) -> str:
    """The id of the slip with this running number: filled up with zeros, check digit last. Raises SlipError."""
    digits = _with_id(card)
    body = str(number).rjust(digits - 1, "0")
    if number < 0 or len(body) >= digits:
        raise SlipError(f"{number} is no number of a slip of type {card}: 0 to {10 ** (digits - 1) - 1}")
    return body + luhn.calc_check_digit(body)


def judged_id(card: str, digits: str) -> str:
    """The id in its full length, from any form in a file: without leading zeros, or filled up to 19 digits.

    Raises SlipError for other characters, too many digits, or a wrong check digit.
    """
    length = _with_id(card)
    bare = digits.lstrip("0")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > ID_DIGITS_MAX or len(bare) > length:
        raise SlipError(f"{digits!r} is no payment id of type {card}: {length} digits, zeros before them")
    full = bare.rjust(length, "0")
    if not luhn.is_valid(full):
        expected = luhn.calc_check_digit(full[:-1])
        raise SlipError(
            f"payment id {full} ends in {full[-1]}, its check digit is {expected} (modulus 10)",
            why="one of its digits is wrong, and the payment could be another's",
        )
    return full


def ocr_line(card: str, id_: str, creditor: str) -> str:
    """``+71<026840149965328+80882939<``; ``id_`` is "" for a card type without one. Raises SlipError."""
    kind = card_type(card)
    if kind.id_digits or id_:
        id_ = judged_id(card, id_)
    _judge_creditor(kind, creditor)
    return f"+{card}<{id_}+{creditor}<"


def parse_ocr_line(line: str) -> OcrLine:
    """What a line says that was typed or read from a slip; blanks in it mean nothing. Raises SlipError."""
    found = _LINE.fullmatch("".join(line.split()))
    if found is None:
        raise SlipError(f"{line!r} is no line of a payment slip", do="write it as it stands: +71<id+creditor<")
    kind = card_type(found["card"])
    if kind.id_digits == 0 and found["id"]:
        raise SlipError(f"a slip of type {kind.code} has no payment id", where=line)
    id_ = judged_id(kind.code, found["id"]) if kind.id_digits else ""
    if id_ != found["id"]:
        raise SlipError(f"a payment id of type {kind.code} has {kind.id_digits} digits", where=line)
    _judge_creditor(kind, found["creditor"])
    return OcrLine(kind.code, id_, found["creditor"])


def _with_id(card: str) -> int:
    """Digits of its id. Raises SlipError for a type without one."""
    digits = card_type(card).id_digits
    if not digits:
        raise SlipError(f"a slip of type {card} has no payment id")
    return digits


def _judge_creditor(kind: CardType, creditor: str) -> None:
    lengths = (8,) if kind.family == "FIK" else (7, 8)
    if not (creditor.isascii() and creditor.isdigit() and len(creditor) in lengths):
        number = "FI creditor number" if kind.family == "FIK" else "giro account"
        allowed = " or ".join(map(str, lengths))
        raise SlipError(f"{creditor!r} is no {number}: {allowed} digits", why="the payment would go to somebody else")
