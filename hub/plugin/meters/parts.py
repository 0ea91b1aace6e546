"""The parts that a record of a meter company may have, and the field types that read and write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from hub.money import AMOUNT_ORE_MAX
from hub.plugin.layout import Amount, Field, Refused

#: Of an amount in a delimited file, its sign and decimal mark included.
AMOUNT_CHARACTERS_MAX = 20


class Part(NamedTuple):
    """One thing that a record may say."""

    name: str
    #: A ``constant`` is the same in every record: a setting of the part's name says it.
    kind: Literal["key", "amount", "sign", "day", "text", "code", "constant"]
    #: Without it there is no record.
    needed: bool = False
    #: It may be blank, which is not zero: None.
    blank: bool = False

    @property
    def has_length(self) -> bool:
        """False where the length follows from something else: one sign, the digits of a date."""
        return self.kind not in ("sign", "day")


KEY_PARTS = tuple(Part(name, "key", needed=True) for name in ("company", "property", "unit", "tenant"))


class OrBlank(Field):
    """A field that may be blank: None, never zero."""

    def __init__(self, field: Field) -> None:
        super().__init__(field.size)
        self.field = field
        self.title = f"{field.title} or blank"
        self.encoding = field.encoding

    def problems(self) -> list[str]:
        return self.field.problems()

    def load(self, raw: bytes, pivot: date | None = None) -> Any:
        return self.field.load(raw, pivot) if raw.strip(b" ") else None

    def dump(self, value: Any) -> bytes:
        return b" " * self.size if value is None else self.field.dump(value)


class DecimalAmount(Field):
    """An amount of a delimited file: ``1250,50``, with its sign in front where there are signs.

    ``decimals`` digits stand behind the mark, always; without a mark they are implied. ``signs`` are the characters
    (``""`` is one too) of a positive and a negative amount; without them it is never negative.
    """

    title = "amount"

    def __init__(self, decimals: int, mark: str = "", signs: tuple[str, str] | None = None) -> None:
        super().__init__(AMOUNT_CHARACTERS_MAX)
        self.decimals = decimals
        self.mark = mark.encode("ascii")
        self.signs = signs
        #: Reads and writes the digits; of a size that holds any amount.
        self._digits = Amount(18, decimals)

    def problems(self) -> list[str]:
        return self._digits.problems()

    def load(self, raw: bytes, pivot: date | None = None) -> int:
        found = raw.strip(b" ")
        sign, digits = self._sign_of(found)
        if self.mark and self.decimals:
            whole, mark, fraction = digits.partition(self.mark)
            if not whole or not mark or len(fraction) != self.decimals:
                raise Refused(found, self._expected())
            digits = whole + fraction
        if not digits.isdigit() or len(digits) > self._digits.size:
            raise Refused(found, self._expected())
        ore: int = self._digits.load(digits)
        return sign * ore

    def dump(self, value: int) -> bytes:
        if type(value) is not int or abs(value) > AMOUNT_ORE_MAX or (value < 0 and not self.signs):
            raise Refused(value, f"øre {'to either side' if self.signs else 'from 0'} up to {AMOUNT_ORE_MAX}")
        digits = self._digits.dump(abs(value)).lstrip(b"0").rjust(self.decimals + 1, b"0")
        if self.mark and self.decimals:
            digits = digits[: -self.decimals] + self.mark + digits[-self.decimals :]
        sign = self.signs[value < 0].encode("latin-1") if self.signs else b""
        return (sign + digits).ljust(self.size)

    def _sign_of(self, found: bytes) -> tuple[int, bytes]:
        """1 or -1, and what stands behind the sign. A sign that is no character is taken where the other is not."""
        for factor, sign in sorted(zip((1, -1), self.signs or ("",), strict=False), key=lambda pair: not pair[1]):
            if found.startswith(sign.encode("latin-1")):
                return factor, found[len(sign) :]
        raise Refused(found, self._expected())

    def _expected(self) -> str:
        mark = f" behind a {self.mark.decode()!r}" if self.mark else ""
        signs = f", with {' or '.join(repr(sign) for sign in self.signs)} in front" if self.signs else ""
        return f"an amount in digits, {self.decimals} of them decimals{mark}{signs}"


def sign_codes(signs: tuple[str, str], encoding: str) -> Mapping[bytes, int]:
    """The byte of each sign and the factor that it stands for. Raises UnicodeEncodeError."""
    return {signs[0].encode(encoding): 1, signs[1].encode(encoding): -1}


def can_write(text: str, encoding: str) -> bool:
    """Whether an encoding has all the letters of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
