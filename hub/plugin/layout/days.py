"""Dates as digits: ``DDMMYY`` and its kin."""

from __future__ import annotations

from datetime import date
from typing import Literal as OneOf

from hub.plugin.layout.errors import Refused
from hub.plugin.layout.fields import Field

DAY_FORMATS = ("DDMMYY", "DDMMYYYY", "YYMMDD", "YYYYMMDD")
_DANISH = {name.replace("Y", "Å"): name for name in DAY_FORMATS}


def day_format(text: str) -> str:
    """The format that a person or the set-up sheet names: ``DDMMÅÅÅÅ`` as ``DDMMYYYY``; ValueError for any other."""
    name = text.strip().upper()
    name = _DANISH.get(name, name)
    if name not in DAY_FORMATS:
        raise ValueError(f"{text!r} is no date format; allowed are {', '.join((*DAY_FORMATS, *_DANISH))}")
    return name


class Day(Field):
    """A date; all zeros are None where ``zeros`` is ``none``.

    Of two-digit years the century counts that brings the date nearest to the reader's pivot, the delivery's own date
    (the earlier, if two are equally near). Without a pivot, as for the delivery's own date itself, it is 20YY. Writing
    two digits leaves the century out, whichever it is.
    """

    title = "date"
    remembered = True

    def __init__(self, spelling: str, zeros: OneOf["none", "refused"] = "refused") -> None:
        super().__init__(len(spelling))
        self.spelling = spelling
        self.zeros = zeros
        self._day, self._month, self._year = (
            slice(spelling.find(letter), spelling.rfind(letter) + 1) for letter in "DMY"
        )

    def problems(self) -> list[str]:
        if self.spelling in DAY_FORMATS:
            return []
        return [f"has the date format {self.spelling!r}; allowed are {', '.join(DAY_FORMATS)}"]

    def load(self, raw: bytes, pivot: date | None = None) -> date | None:
        if not raw.isdigit():
            raise Refused(raw, self._expected())
        if self.zeros == "none" and not raw.strip(b"0"):
            return None
        year, month, day = int(raw[self._year]), int(raw[self._month]), int(raw[self._day])
        if self.size == 8:
            years = [year]
        elif pivot is None:
            years = [2000 + year]
        else:
            century = pivot.year - pivot.year % 100
            years = [century - 100 + year, century + year, century + 100 + year]
        days = [found for year in years if (found := _day_or_none(year, month, day))]
        if not days:
            raise Refused(raw, self._expected())
        return days[0] if pivot is None else min(days, key=lambda found: abs(found - pivot))

    def dump(self, value: date | None) -> bytes:
        if value is None and self.zeros == "none":
            return b"0" * self.size
        if type(value) is not date:
            raise Refused(value, "a date" if self.zeros == "refused" else "a date or None")
        year = f"{value.year:04d}"[-(self._year.stop - self._year.start) :]
        day, month = f"{value.day:02d}", f"{value.month:02d}"
        return (day + month + year if self._day.start == 0 else year + month + day).encode("ascii")

    def _expected(self) -> str:
        return f"a date {self.spelling}" + (" or zeros" if self.zeros == "none" else "")


def _day_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
