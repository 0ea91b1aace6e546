"""Field types: each a construct ``Adapter`` over ``Bytes(n)`` with one strict ``load`` and one ``dump``.

Strict means strict: Python's own ``int`` takes ``1_000``, blanks and signs, and so is never asked before ``isdigit``.

A type may offer ``inline``, the same reading as an expression for the generated reader, and ``inline_dump``, the same
writing for the generated writer. They may be narrower than ``load`` and ``dump`` (what they do not take goes there),
never wider or other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from typing import Literal as OneOf

from construct import Adapter, Bytes

from hub.money import AMOUNT_ORE_MAX, format_amount
from hub.plugin.layout.encodings import decode, encode, encoding_problems
from hub.plugin.layout.errors import Refused

#: A number of more digits might not fit the 64 bits of a database column.
NUMBER_DIGITS_MAX = 18
#: Gives an object a name in the generated reader.
Bind = Callable[[object], str]


class Field(Adapter):  # type: ignore[misc]  # construct has no types
    """A run of ``size`` bytes and what they mean."""

    #: Shown beside the field's positions.
    title = ""
    #: False where the bytes mean the same in every record: no value in a row, none needed to build.
    has_value = True
    #: True where few different values are to be expected: the generated reader remembers them.
    remembered = False
    #: Of text: its encoding. The generated reader then makes sure of ``encodings.plain_bytes`` in the whole record.
    encoding: str | None = None

    def __init__(self, size: int) -> None:
        super().__init__(Bytes(size))
        self.size = size

    def problems(self) -> list[str]:
        """What is wrong with the declaration itself, each in words that follow the field's name."""
        return [f"has the length {self.size}, which must be 1 or more"] if self.size < 1 else []

    def load(self, raw: bytes, pivot: date | None = None) -> Any:
        """The value of exactly ``size`` bytes; raises :class:`Refused`. Only two-digit years look at ``pivot``."""
        raise NotImplementedError

    def dump(self, value: Any) -> bytes:
        """Exactly ``size`` bytes that ``load`` reads as ``value``; raises :class:`Refused`."""
        raise NotImplementedError

    def inline(self, raw: str, bind: Bind) -> tuple[str, str] | None:
        """Two expressions over ``raw``, a variable of bytes: whether ``load`` takes it ("" = yes), and its value then.

        None = always ask ``load``. A KeyError while evaluating them says "ask ``load``" too. Where ``encoding`` is set
        they meet plain bytes only. They hold no text but ``raw``, names that ``bind`` gave to objects, and numbers.
        """
        return None

    def inline_dump(self, value: str, bind: Bind) -> tuple[str, str] | None:
        """Two expressions over ``value``, a variable: whether ``dump`` takes it ("" = yes), and its characters then.

        They may be too many, never fewer than ``size``. None = always ask ``dump``. Raising AttributeError, KeyError,
        TypeError or ValueError says "ask ``dump``" too. What they hold is as in ``inline``.
        """
        return None

    def _decode(self, raw: bytes, context: Any, path: str) -> Any:
        try:
            return self.load(raw, context._params.get("pivot"))
        except Refused as refused:
            refused.field = path.rpartition(" -> ")[2]
            raise

    def _encode(self, value: Any, context: Any, path: str) -> bytes:
        try:
            return self.dump(value)
        except Refused as refused:
            refused.field = path.rpartition(" -> ")[2]
            raise


class Literal(Field):
    """The same bytes in every record, such as ``BS042``."""

    title = "fixed"
    has_value = False

    def __init__(self, expected: bytes) -> None:
        super().__init__(len(expected))
        self.expected = expected
        self.flagbuildnone = True

    def load(self, raw: bytes, pivot: date | None = None) -> bytes:
        if raw != self.expected:
            raise Refused(raw, repr(self.expected.decode("latin-1")))
        return raw

    def dump(self, value: object = None) -> bytes:
        return self.expected

    def inline(self, raw: str, bind: Bind) -> tuple[str, str]:
        return f"{raw} == {bind(self.expected)}", raw


class Gap(Field):
    """Bytes that mean nothing to us: written blank, not looked at on reading (R34, see ``Layout.gap_content``)."""

    title = "gap"
    has_value = False

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.flagbuildnone = True

    def load(self, raw: bytes, pivot: date | None = None) -> None:
        return None

    def inline(self, raw: str, bind: Bind) -> tuple[str, str]:
        return "", "None"

    def dump(self, value: object = None) -> bytes:
        return b" " * self.size


class Digits(Field):
    """Text of exactly ``size`` ASCII digits, leading zeros kept."""

    title = "digits"

    def load(self, raw: bytes, pivot: date | None = None) -> str:
        if not raw.isdigit():
            raise Refused(raw, f"{self.size} digits")
        return raw.decode("ascii")

    def inline(self, raw: str, bind: Bind) -> tuple[str, str]:
        return f"{raw}.isdigit()", f"{raw}.decode()"

    def inline_dump(self, value: str, bind: Bind) -> tuple[str, str]:
        # No encoding of a record has decimal digits but the ASCII ones.
        return f"len({value}) == {self.size} and {value}.isdecimal()", value

    def dump(self, value: str) -> bytes:
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == self.size):
            raise Refused(value, f"{self.size} digits")
        return value.encode("ascii")


class Number(Field):
    """A whole number from 0, filled with zeros."""

    title = "number"

    def problems(self) -> list[str]:
        too_long = f"has {self.size} digits, more than the {NUMBER_DIGITS_MAX} that a number may have"
        return super().problems() + ([too_long] if self.size > NUMBER_DIGITS_MAX else [])

    def load(self, raw: bytes, pivot: date | None = None) -> int:
        if not raw.isdigit():
            raise Refused(raw, f"{self.size} digits")
        return int(raw)

    def inline(self, raw: str, bind: Bind) -> tuple[str, str] | None:
        return f"{raw}.isdigit()", f"int({raw})"

    def inline_dump(self, value: str, bind: Bind) -> tuple[str, str] | None:
        return f"type({value}) is int and {value} >= 0", f"'%0{self.size}d' % {value}"

    def dump(self, value: int) -> bytes:
        if not (type(value) is int and 0 <= value < 10**self.size):
            raise Refused(value, f"a number from 0 of at most {self.size} digits")
        return b"%0*d" % (self.size, value)


class Amount(Number):
    """Øre, written as digits with ``implied_decimals`` of a krone behind an unseen point (R25); never signed."""

    title = "amount"

    def __init__(self, size: int, implied_decimals: int = 2) -> None:
        super().__init__(size)
        self.implied_decimals = implied_decimals
        self._units_per_krone: int = 10**implied_decimals

    def problems(self) -> list[str]:
        wrong = f"has {self.implied_decimals} implied decimals, allowed are 0 to 4"
        return super().problems() + ([] if self.implied_decimals in range(5) else [wrong])

    def load(self, raw: bytes, pivot: date | None = None) -> int:
        ore, rest = divmod(super().load(raw) * 100, self._units_per_krone)
        if rest:
            raise Refused(raw, f"an amount in whole øre with {self.implied_decimals} decimals")
        if ore > AMOUNT_ORE_MAX:
            raise Refused(raw, f"an amount of at most {format_amount(AMOUNT_ORE_MAX)}")
        return ore

    def inline(self, raw: str, bind: Bind) -> tuple[str, str] | None:
        if self.implied_decimals > 2 or 10 ** (self.size + 2 - self.implied_decimals) > AMOUNT_ORE_MAX:
            return None
        return f"{raw}.isdigit()", f"int({raw}) * {100 // self._units_per_krone}".removesuffix(" * 1")

    def inline_dump(self, value: str, bind: Bind) -> tuple[str, str] | None:
        if self.implied_decimals != 2 or 10**self.size > AMOUNT_ORE_MAX:
            return None
        return super().inline_dump(value, bind)

    def dump(self, value: int) -> bytes:
        if type(value) is not int or not 0 <= value <= AMOUNT_ORE_MAX:
            raise Refused(value, f"øre from 0 to {AMOUNT_ORE_MAX}")
        units, rest = divmod(value * self._units_per_krone, 100)
        if rest or units >= 10**self.size:
            raise Refused(value, f"øre that fit {self.size} digits with {self.implied_decimals} implied decimals")
        return super().dump(units)


class Text(Field):
    """Text filled with blanks to the right, in the encoding that config names; no control characters, no UTF-8."""

    title = "text"

    def __init__(self, size: int, encoding: str = "iso8859-1") -> None:
        super().__init__(size)
        self.encoding: str = encoding

    def problems(self) -> list[str]:
        return super().problems() + encoding_problems(self.encoding)

    def load(self, raw: bytes, pivot: date | None = None) -> str:
        return decode(raw, self.encoding).rstrip(" ")

    def inline(self, raw: str, bind: Bind) -> tuple[str, str]:
        return "", f"{raw}.rstrip().decode({bind(self.encoding)})"

    def inline_dump(self, value: str, bind: Bind) -> tuple[str, str] | None:
        return "", f"{value}.ljust({self.size})"

    def dump(self, value: str) -> bytes:
        if not isinstance(value, str):
            raise Refused(value, "text")
        raw = encode(value.rstrip(" "), self.encoding)
        if len(raw) > self.size:
            raise Refused(value, f"text of at most {self.size} bytes")
        return raw.ljust(self.size)


class Key(Text):
    """A company's, property's, unit's or tenant's number: digits or letters, aligned either way.

    Read without blanks around it and, when it is all digits, without leading zeros (R35); all zeros read as ``0``.
    A blank one is refused. Written with zeros to the left when it is all digits and ``fill`` is ``zeros``, else with
    blanks to the right.
    """

    title = "key"

    def __init__(self, size: int, encoding: str = "iso8859-1", fill: OneOf["zeros", "blanks"] = "zeros") -> None:
        super().__init__(size, encoding)
        self.fill = fill

    def load(self, raw: bytes, pivot: date | None = None) -> str:
        key = decode(raw, self.encoding).strip(" ")
        if not key:
            raise Refused(raw, "a number, not blank")
        return (key.lstrip("0") or "0") if key.isascii() and key.isdigit() else key

    def inline(self, raw: str, bind: Bind) -> tuple[str, str]:
        digits = f"({raw}.lstrip(b'0') or b'0') if {raw}.isdigit() else {raw}"
        return f"({raw} := {raw}.strip())", f"({digits}).decode({bind(self.encoding)})"

    def dump(self, value: str) -> bytes:
        raw = super().dump(value).strip(b" ")
        if not raw:
            raise Refused(value, "a number, not blank")
        return raw.rjust(self.size, b"0") if raw.isdigit() and self.fill == "zeros" else raw.ljust(self.size)


class Choice(Field):
    """One of a fixed set of codes of equal length, read as the value that each stands for.

    Of several codes for one value the first is written.
    """

    title = "choice"

    def __init__(self, codes: Mapping[bytes, Any]) -> None:
        super().__init__(max(map(len, codes), default=0))
        self.codes = dict(codes)
        self._code_of = {value: code for code, value in reversed(self.codes.items())}

    def problems(self) -> list[str]:
        uneven = len({len(code) for code in self.codes}) > 1
        return super().problems() + (["has codes of different lengths"] if uneven else [])

    def load(self, raw: bytes, pivot: date | None = None) -> Any:
        if raw not in self.codes:
            raise Refused(raw, self._allowed(self.codes))
        return self.codes[raw]

    def inline(self, raw: str, bind: Bind) -> tuple[str, str]:
        return "", f"{bind(self.codes)}[{raw}]"

    def inline_dump(self, value: str, bind: Bind) -> tuple[str, str] | None:
        if not all(code.isascii() for code in self.codes):
            return None
        return "", f"{bind({meant: code.decode('ascii') for meant, code in self._code_of.items()})}[{value}]"

    def dump(self, value: Any) -> bytes:
        try:
            return self._code_of[value]
        except (KeyError, TypeError):
            raise Refused(value, self._allowed(self._code_of)) from None

    @staticmethod
    def _allowed(values: Any) -> str:
        return "one of " + ", ".join(repr(v.decode("latin-1") if isinstance(v, bytes) else v) for v in values)


class View(Field):
    """A declared second reading of bytes that other fields own: read like a field, not written.

    ``first`` and ``last`` are 1-based and inclusive. (0215: positions 26-44 are one payment identification and also
    26-29 and 30-44.)
    """

    def __init__(self, first: int, last: int, field: Field) -> None:
        super().__init__(0)
        self.first = first
        self.last = last
        self.field = field
        self.title = f"view of {field.title}"
        self.remembered = field.remembered
        self.encoding = field.encoding
        self.flagbuildnone = True

    def problems(self) -> list[str]:
        if self.last - self.first + 1 != self.field.size:
            return [f"views positions {self.first}-{self.last}, but its type takes {self.field.size} bytes"]
        return self.field.problems()

    def load(self, raw: bytes, pivot: date | None = None) -> Any:
        return self.field.load(raw, pivot)

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        here = stream.tell()
        stream.seek(self.first - 1)
        raw = stream.read(self.field.size)
        stream.seek(here)
        return self._decode(raw, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        return obj
