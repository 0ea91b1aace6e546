"""Hub records of what a bank has booked: the one place where their keys, links and texts are made.

A link is ``iso20022|account|slip creditor|payment id|payer's account|end-to-end id``: what a later line that sends the
money back tells too. For a slip the last two are empty, its id is enough. A key is ``link|booking date|servicer's
reference|amount|transaction id``. The amount is in it because nothing else of a line need be its own: banks write one
reference on many lines, and never change a line that they have booked. Nothing of the statement is in it, so that the
same line in an overlapping statement has the same key (R5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from hub.plugin import format_amount

_VENDOR = "iso20022"
_TEXT_CHARACTERS_MAX = 500
_CUT = "…"
_PART_CHARACTERS_MAX = 45
#: Stands for a bar of the file, so that no two lines share a key.
_BAR = "‖"
#: Control characters that XML lets through; blanks of all kinds are one.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NAMES_ALONE = re.compile("[1-9]", re.ASCII)


def link(account: str, creditor: str, payment_id: str, payer_account: str, end_to_end: str) -> str:
    """Of a slip without payer and end-to-end id, else without creditor and payment id."""
    return f"{_VENDOR}|{account}|{creditor}|{_part(payment_id)}|{_part(payer_account)}|{_part(end_to_end)}"


def key(link: str, booked: date, servicer_reference: str, amount: int, transaction: str) -> str:
    return f"{link}|{booked.isoformat()}|{_part(servicer_reference)}|{format_amount(amount)}|{_part(transaction)}"


def notified(told: str) -> str:
    """The key or link of what a notification books: the statement's line of the same money is another event."""
    return f"{_VENDOR}-notified{told.removeprefix(_VENDOR)}"


def statement_key(account: str, identification: str, first: date, last: date, sequence: int | None) -> str:
    """A statement sent twice has it twice."""
    number = "" if sequence is None else sequence
    return f"{_VENDOR}|statement|{account}|{first}|{last}|{number}|{_part(identification)}"


def naming(reference: str) -> str:
    """A servicer's reference, if it can name a line; "" for zeros and for words such as ``FISAM.POST``."""
    plain = line_of_text(reference)[:_PART_CHARACTERS_MAX]
    return plain if _NAMES_ALONE.search(plain) else ""


def line_of_text(text: str) -> str:
    """Without line breaks, control characters and blanks at its ends."""
    plain = " ".join(text.split())
    return plain if plain.isprintable() else _CONTROL.sub(" ", plain)


def one_text(parts: Iterable[str]) -> str:
    """All that is said, each once, in one line of limited length."""
    text = " / ".join(dict.fromkeys([plain for part in parts if part and (plain := line_of_text(part))]))
    return text if len(text) <= _TEXT_CHARACTERS_MAX else text[: _TEXT_CHARACTERS_MAX - 1] + _CUT


def _part(text: str) -> str:
    if not text or (text.isalnum() and len(text) <= _PART_CHARACTERS_MAX):
        return text
    return line_of_text(text)[:_PART_CHARACTERS_MAX].replace("|", _BAR)
