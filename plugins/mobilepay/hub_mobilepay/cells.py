"""Cells of settlement files: text as it stands to amounts, days and numbers, strictly; never through a float."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from hub.plugin import Malformed
from hub.plugin.limits import CONTROL
from hub.plugin.records import AMOUNT_ORE_MAX, DAY_FIRST, DAY_LAST, NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX

_DAY = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_AMOUNTS = {mark: re.compile(rf"(-?)([0-9]{{1,13}})(?:{re.escape(mark)}([0-9]{{1,2}}))?") for mark in ".,"}
_SHEET_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[Ee][+-]?[0-9]{1,3})?")
_NUMBER = re.compile(r"[0-9]{1,20}")
_COUNT = re.compile(r"[0-9]{1,9}")
_CURRENCY = re.compile(r"[A-Z]{3}")
#: How far a number of a spreadsheet may lie from whole øre: it is stored with 15 to 17 digits in base 2.
_STRAY_ORE = Decimal("0.001")
_FOUND_CHARACTERS_MAX = 60
_CUT = "…"


class CellError(Exception):
    """A cell does not hold what its column does; knows neither its row nor its column."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        return f"found {shown(self.found)}, expected {self.expected}"


class Numeral(str):
    """A cell that a sheet stores as a number, with the digits that it stores; any other cell is a text."""


class Row(NamedTuple):
    """A row of a file, before it is known what it says."""

    #: 1-based: the line of a CSV, the row of a sheet.
    number: int
    cells: tuple[str, ...]


def amount(text: str, mark: str = ".") -> int:
    """Øre of ``-1490.00``; ``mark`` is what stands before the øre. Raises CellError."""
    found = _AMOUNTS[mark].fullmatch(text)
    if found is None:
        raise CellError(text, f"an amount like 1490{mark}50")
    ore = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))
    if ore > AMOUNT_ORE_MAX:
        raise CellError(text, "an amount that can be")
    return -ore if found[1] else ore


def sheet_amount(text: str) -> int:
    """Øre of a number as a sheet stores it: ``492.5``, ``5486.4500000000007``, ``1E+3``. Raises CellError.

    A text is refused, whatever it looks like: ``1.000`` in one is a thousand or one.
    """
    if not isinstance(text, Numeral):
        raise CellError(text, "a number of the sheet, no text")
    if not _SHEET_NUMBER.fullmatch(text):
        raise CellError(text, "a number")
    exact = Decimal(text) * 100
    if abs(exact) > AMOUNT_ORE_MAX:
        raise CellError(text, "an amount that can be")
    whole = exact.to_integral_value()
    if abs(exact - whole) > _STRAY_ORE:
        raise CellError(text, "an amount with two decimals")
    return int(whole)


def day(text: str) -> date:
    """The day of ``08.04.2021``. Raises CellError."""
    found = _DAY.fullmatch(text)
    if found is not None:
        try:
            value = date(int(found[3]), int(found[2]), int(found[1]))
        except ValueError:
            raise CellError(text, "a day that exists, as dd.mm.yyyy") from None
        if DAY_FIRST <= value <= DAY_LAST:
            return value
    raise CellError(text, "a day as dd.mm.yyyy")


def number(text: str) -> str:
    """A number of the vendor's, as a text: of a sales unit, a settlement. Raises CellError."""
    if not _NUMBER.fullmatch(text):
        raise CellError(text, "1 to 20 digits")
    return text


def count(text: str) -> int:
    """How many there are. Raises CellError."""
    if not _COUNT.fullmatch(text):
        raise CellError(text, "1 to 9 digits")
    return int(text)


def currency(text: str) -> str:
    """Raises CellError."""
    if not _CURRENCY.fullmatch(text):
        raise CellError(text, "three capital letters")
    return text


def name(text: str) -> str:
    """What names something, and is not empty: a transaction. Raises CellError."""
    if not text:
        raise CellError(text, "a text")
    return words(text)


def identifier(text: str) -> str:
    """As ``name``; of a number that a sheet stores, all its digits. Raises CellError."""
    return number(text) if isinstance(text, Numeral) else name(text)


def words(text: str) -> str:
    """A text that may be empty. Raises CellError for one that no record can carry."""
    if len(text) > NAME_CHARACTERS_MAX:
        raise CellError(text, f"at most {NAME_CHARACTERS_MAX} characters")
    if CONTROL.search(text):
        raise CellError(text, "a text without control characters")
    return text


def refused(row: int, column: str, error: CellError, do: str = "") -> Malformed:
    """The refusal of a file over one cell; ``column`` names it with its place."""
    return Malformed(line=row, field=column, found=shown(error.found), expected=error.expected, do=do)


def shown(text: str) -> str:
    """A cell as an error tells it: in quotes, one line, not long."""
    return f"'{plain(text, _FOUND_CHARACTERS_MAX)}'"


def plain(text: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    r"""A line of limited length in which what cannot be seen stands as ``\x9f``."""
    line = text[: characters_max + 1]
    if not line.isprintable():
        line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    return line if len(line) <= characters_max else line[: characters_max - 1] + _CUT
