"""Amounts, days and counts as XML writes them; whatever could mean two things is refused."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.plugin import Malformed
from hub_iso20022.paths import Money

#: At most two decimals that count: the standard allows five.
_AMOUNT = re.compile(r"\+?([0-9]{1,15})(?:\.([0-9]{1,2})0{0,3})?", re.ASCII)
#: As nearly all are written, and far below any limit.
_PLAIN_LENGTHS = range(4, 16)
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNT = re.compile(r"[0-9]{1,15}", re.ASCII)
#: Moments with an offset are the bank's; its days are Danish ones.
_BANK_TIME = ZoneInfo("Europe/Copenhagen")
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
_SIGNS = {"CRDT": 1, "DBIT": -1}
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
#: Øre: limit of any amount that is taken from a file, and of all of one file together, their signs left out.
ORE_MAX = 10**15


def ore(text: str, field: str) -> int:
    """Øre of ``1250.50``, without a sign. Raises Malformed for a decimal comma and anything else."""
    digits = text[:-3] + text[-2:]
    if text[-3:-2] == "." and digits.isdecimal() and digits.isascii() and len(text) in _PLAIN_LENGTHS:
        return int(digits)
    found = _AMOUNT.fullmatch(text)
    amount = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else ORE_MAX + 1
    if amount > ORE_MAX:
        expected = "an amount such as 1250.50: a point before at most two decimals, no sign"
        raise Malformed("no amount", field=field, found=text[:40], expected=expected)
    return amount


def currency(text: str, field: str) -> str:
    """Raises Malformed for what is no currency."""
    if _CURRENCY.fullmatch(text) is None:
        raise Malformed("no currency", field=field, found=text[:40] or "nothing", expected="three capital letters")
    return text


def money(amount: Money, field: str) -> int:
    """Øre of an amount with its currency. Raises Malformed for either that is none."""
    currency(amount.currency, f"{field}/@Ccy")
    return ore(amount.text, field)


def sign(text: str, field: str) -> int:
    """1 for CRDT (came in), -1 for DBIT. Raises Malformed."""
    if text not in _SIGNS:
        raise Malformed(field=field, found=text[:40] or "nothing", expected="CRDT or DBIT")
    return _SIGNS[text]


def truth(text: str, field: str) -> bool:
    """Raises Malformed for what is neither true nor false."""
    if text not in _TRUTHS:
        raise Malformed(field=field, found=text[:40] or "nothing", expected="true or false")
    return _TRUTHS[text]


def count(text: str, field: str) -> int:
    """Raises Malformed for what is no number."""
    if _COUNT.fullmatch(text) is None:
        raise Malformed(field=field, found=text[:40] or "nothing", expected="a number")
    return int(text)


class Days(dict[str, date]):
    """Days by text, each read once: a statement has few, and names them for every entry.

    A date, with or without an offset, or a moment; a moment with an offset is told in Danish time.
    """

    def of(self, text: str, field: str) -> date:
        """Raises Malformed for what is no day."""
        day = self.get(text)
        if day is None:
            day = _day(text)
            if day is None or not _FIRST_DAY <= day <= _LAST_DAY:
                raise Malformed(field=field, found=text[:40] or "nothing", expected="a day such as 2026-01-31")
            if len(self) < _DAYS_KEPT_MAX:
                self[text] = day
        return day


_DAYS_KEPT_MAX = 10_000
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?")


def _day(text: str) -> date | None:
    try:
        if found := _DAY.fullmatch(text):
            return date.fromisoformat(found[1])
        if found := _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text.replace(found[1] or "\0", "", 1))
            return moment.date() if moment.tzinfo is None else moment.astimezone(_BANK_TIME).date()
    except (ValueError, OverflowError):
        return None
    return None
