"""File names of the standard: ``DTD305_20260131120000.DAT``. The name decides which records a file may hold."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NamedTuple

from hub.plugin import Malformed
from hub_arge.layouts import FILE_TYPES, FileType

_NAME = re.compile(r"(DTA305|DTM305|DTD305|DTE898)_([0-9]{14})\.DAT", re.IGNORECASE | re.ASCII)
#: Of the standard, and not read: what to say of them.
_OTHERS = {
    re.compile(r"DTK305_.*", re.IGNORECASE): "a file of fuels and costs (DTK305), which only goes to a provider",
    re.compile(
        r"DTE835_.*", re.IGNORECASE
    ): "a file of labour shares (DTE835), which matter to German income tax alone",
    re.compile(r"DT[AMKD]3(?!05)[0-9]{2}_.*", re.IGNORECASE): "of another version of the standard than 3.05",
}


class StandardName(NamedTuple):
    """What a file's name says of it."""

    #: ``DTD305``
    prefix: str
    #: YYYYMMDDhhmmss
    stamp: str

    @property
    def type(self) -> FileType:
        return FILE_TYPES[self.prefix]

    def made_on(self) -> date:
        """The day in the name. Raises Malformed where there is none."""
        try:
            return datetime.strptime(self.stamp, "%Y%m%d%H%M%S").date()  # noqa: DTZ007  # a day, of nobody's clock
        except ValueError:
            raise Malformed(
                "impossible time in the file's name", field="name", found=self.stamp, expected="YYYYMMDDhhmmss"
            ) from None


def standard_name(name: str) -> StandardName | None:
    """None for a name that is none of the standard's. Upper and lower case are the same."""
    found = _NAME.fullmatch(name)
    return StandardName(found[1].upper(), found[2]) if found else None


def why_none(name: str) -> str:
    """In words that follow "not mine: "."""
    for pattern, why in _OTHERS.items():
        if pattern.fullmatch(name):
            return why
    prefixes = ", ".join(FILE_TYPES)
    return f"its name, which decides what it may hold, is none of {prefixes}, each with _YYYYMMDDhhmmss.DAT"
