"""What a text says, as XML and JSON write it. All raise CellError."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime

from hub.plugin.limits import CONTROL
from hub.plugin.records import DAY_FIRST, DAY_LAST, NAME_CHARACTERS_MAX
from hub_mobilepay import cells
from hub_mobilepay.cells import CellError

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def text(characters_max: int, *, empty: bool = True) -> Callable[[str], str]:
    """Any, of so many characters at most; none that cannot be seen."""

    def load(found: str) -> str:
        if CONTROL.search(found) or len(found) > characters_max or not (found or empty):
            least = "at most" if empty else "1 to"
            raise CellError(found, f"{least} {characters_max} characters in one line, no control characters")
        return found

    return load


def free_text(found: str) -> str:
    """What a payer has written: no reason to refuse a file, so what no record can carry is left out."""
    return CONTROL.sub(" ", found.encode("utf-8", "ignore").decode())[:NAME_CHARACTERS_MAX].strip()


def one_of(*allowed: str) -> Callable[[str], str]:
    def load(found: str) -> str:
        if found not in allowed:
            raise CellError(found, " or ".join(allowed))
        return found

    return load


def whole(found: str) -> int:
    if not _WHOLE.fullmatch(found):
        raise CellError(found, "a whole number of at most 18 digits")
    return int(found)


def amount(found: str) -> int:
    """Øre."""
    return cells.amount(found.removeprefix("+") if found[1:2] != "-" else found)


def not_negative(found: str) -> int:
    """Øre."""
    ore = amount(found)
    if ore < 0:
        raise CellError(found, "an amount that is positive or 0.00")
    return ore


def not_positive(found: str) -> int:
    """Øre."""
    ore = amount(found)
    if ore > 0:
        raise CellError(found, "an amount that is negative or 0.00")
    return ore


def day(text: str) -> date:
    """Of ``2026-01-02``; a zone behind it, which XML allows, changes nothing."""
    with suppress(ValueError):
        if (found := _DAY.fullmatch(text)) and DAY_FIRST <= (read := date.fromisoformat(found[1])) <= DAY_LAST:
            return read
    raise CellError(text, f"a day as 2026-01-02, between {DAY_FIRST} and {DAY_LAST}")


def moment(text: str) -> datetime:
    """Aware, of ``2026-01-02T12:54:04.005+01:00`` or with ``Z``."""
    with suppress(ValueError):
        # A year from either end: in another zone it may be another day.
        if _MOMENT.fullmatch(text) and DAY_FIRST.year < (read := datetime.fromisoformat(text)).year < DAY_LAST.year:
            return read
    raise CellError(text, "a moment with its offset, as 2026-01-02T12:54:04+01:00")
