"""The standard's own field types (its chapter 2): what is not filled is blank, in numbers too, and blank is not zero.

A-N fields stand to the left and are filled with blanks, N fields to the right and filled with zeros. Every type reads a
blank field as None or "", unless it must be filled (M in the standard's tables, against K).
"""

from __future__ import annotations

from datetime import date

from hub.plugin.layout import Field, Refused, Text

ENCODING = "iso8859-15"
_MINUS = b"-"


class Words(Text):
    """A-N: text; "" where nothing is said."""

    title = "A-N"

    def __init__(self, size: int, *, must: bool = False) -> None:
        super().__init__(size, ENCODING)
        self.must = must

    def load(self, raw: bytes, pivot: date | None = None) -> str:
        text = super().load(raw, pivot)
        if self.must and not text:
            raise Refused(raw, "text, not blank")
        return text

    def dump(self, value: str) -> bytes:
        raw = super().dump(value)
        if self.must and not raw.strip(b" "):
            raise Refused(value, "text, not blank")
        return raw


class Code(Field):
    """N: a number that names something, as digits with its zeros; None where nothing is said."""

    title = "N"

    def __init__(self, size: int, *, must: bool = False) -> None:
        super().__init__(size)
        self.must = must

    def load(self, raw: bytes, pivot: date | None = None) -> str | None:
        if not self.must and not raw.strip(b" "):
            return None
        if not raw.isdigit():
            raise Refused(raw, f"{self.size} digits" + ("" if self.must else " or blanks"))
        return raw.decode("ascii")

    def dump(self, value: str | None) -> bytes:
        if not self.must and value is None:
            return b" " * self.size
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == self.size):
            raise Refused(value, f"{self.size} digits")
        return value.encode("ascii")


class Decimals(Field):
    """N: a number with ``places`` decimals behind an unseen point, a minus in its first position where it is negative.

    Its value counts units of the last decimal: of an amount "8,2" øre. None where nothing is said.
    """

    title = "N"

    def __init__(self, before: int, places: int) -> None:
        super().__init__(before + places)
        self.places = places

    def load(self, raw: bytes, pivot: date | None = None) -> int | None:
        if not raw.strip(b" "):
            return None
        if not raw.removeprefix(_MINUS).isdigit():
            raise Refused(raw, f"{self.size} digits, a minus only in the first position, or blanks")
        return int(raw)

    def dump(self, value: int | None) -> bytes:
        if value is None:
            return b" " * self.size
        raw = b"%0*d" % (self.size, value) if type(value) is int else b""
        if len(raw) != self.size:
            raise Refused(value, f"a number that fits {self.size} positions with {self.places} decimals")
        return raw

    def spell(self, value: int) -> str:
        """As a person writes it: ``-1.50``."""
        whole, rest = divmod(abs(value), 10**self.places)
        return f"{'-' if value < 0 else ''}{whole}.{rest:0{self.places}}"


def blank(field: Field) -> str | None:
    """What a field of these records reads as where nothing is said: a number is None, not zero."""
    return None if isinstance(field, Code | Decimals) else ""
