"""The client's key of the user (20 characters, A-N): how company, property, unit and tenant stand in it."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from hub.plugin import HubError, NumberLength, Settings
from hub.plugin.layout import Refused

#: Characters of the key, and of the client's number of the property in an L record.
KEY_LENGTH, PROPERTY_KEY_LENGTH = 20, 15
Part = Literal["company", "property", "unit", "tenant"]
PARTS: tuple[Part, ...] = ("company", "property", "unit", "tenant")


class TenancyNumbers(NamedTuple):
    """Without leading zeros, as the hub compares numbers (R35)."""

    company: str
    property: str
    unit: str
    tenant: str

    def __str__(self) -> str:
        return "-".join(self)


class KeyPart(Settings):
    """Which characters of the key are a part of the tenancy's: digits with zeros before them, else blanks behind."""

    part: Part
    #: 1-based, within the key.
    first: int = Field(ge=1, le=KEY_LENGTH)
    length: int = Field(ge=1, le=KEY_LENGTH)

    @property
    def last(self) -> int:
        return self.first + self.length - 1


class KeySettings(Settings):
    """``[settings.key]``: a text with a separator, such as ``1-12-304-2``, or parts at fixed places.

    Standard: A, L, M, D field 6 and E898 field 5 ("Ordnungsbegriff des Auftraggebers"); it leaves the form to us.
    """

    #: Between company, property, unit and tenant, in this order; does not count where ``parts`` are given.
    separator: str = "-"
    parts: tuple[KeyPart, ...] = ()
    #: The company of keys that do not name it; "" = they do.
    company: str = Field("", max_length=20)

    @field_validator("separator")
    @classmethod
    def _one_mark(cls, value: str) -> str:
        if len(value) != 1 or value.isalnum() or not (value.isascii() and value.isprintable()) or value == " ":
            raise ValueError("give one mark that stands in no number: -, /, . or the like")
        return value

    @model_validator(mode="after")
    def _tells_a_tenancy(self) -> KeySettings:
        parts = sorted(self.parts, key=lambda part: part.first)
        named = [part.part for part in parts]
        if parts and sorted(named) != sorted(self.named):
            raise ValueError(f"parts must be {', '.join(self.named)}, each once (the company in one place only)")
        for one, next_ in pairwise(parts):
            if one.last >= next_.first:
                raise ValueError(f"{one.part} and {next_.part} overlap at position {next_.first}")
        if parts and parts[-1].last > KEY_LENGTH:
            raise ValueError(f"{parts[-1].part} ends at {parts[-1].last}; the key has {KEY_LENGTH} characters")
        return self

    @property
    def named(self) -> tuple[Part, ...]:
        """The parts that stand in a key."""
        return PARTS[1:] if self.company else PARTS

    def number_lengths(self) -> tuple[NumberLength, ...]:
        """The room for each number, where a number's place fixes it (R34)."""
        return tuple(
            NumberLength(part.part, part.length, f"key.parts.{index}.length") for index, part in enumerate(self.parts)
        )

    def load(self, key: str) -> TenancyNumbers:
        """Whose key it is. Raises :class:`Refused`."""
        texts = self._at_places(key) if self.parts else self._separated(key)
        for part, text in texts.items():
            if not text or text != text.strip(" "):
                raise Refused(key, f"a key with a {part} number, as settings.key says")
        texts.setdefault("company", self.company)
        return TenancyNumbers(*(plain(texts[part]) for part in PARTS))

    def dump(self, numbers: TenancyNumbers) -> str:
        """The key of a tenancy. Raises HubError for numbers that it has no room for: a key is never cut."""
        self._check_company(numbers)
        return self._written(numbers, self.named, KEY_LENGTH, f"tenancy {numbers}")

    def dump_property(self, numbers: TenancyNumbers) -> str:
        """The client's number of the property in an L record: the key's beginning. Raises HubError."""
        self._check_company(numbers)
        named = tuple(part for part in self.named if part in ("company", "property"))
        where = f"property {numbers.company}-{numbers.property}"
        return self._written(numbers, named, PROPERTY_KEY_LENGTH, where)

    def _written(self, numbers: TenancyNumbers, named: tuple[Part, ...], length: int, where: str) -> str:
        texts = {part: getattr(numbers, part) for part in named}
        for part, text in texts.items():
            if not text or (not self.parts and self.separator in text):
                raise _unfit(where, f"found {part} {text!r}, expected a number without {self.separator!r}")
        key = self._placed(texts, where) if self.parts else self.separator.join(texts.values())
        if len(key) > length:
            raise _unfit(where, f"its key {key!r} has {len(key)} characters, and there is room for {length}")
        return key

    def _placed(self, texts: dict[Part, str], where: str) -> str:
        key = [" "] * KEY_LENGTH
        for part in self.parts:
            if part.part not in texts:
                continue
            text = texts[part.part]
            if len(text) > part.length:
                raise _unfit(where, f"{part.part} {text!r} has {len(text)} characters, its place {part.length}")
            filled = text.rjust(part.length, "0") if _is_digits(text) else text.ljust(part.length)
            key[part.first - 1 : part.last] = filled
        return "".join(key).rstrip(" ")

    def _separated(self, key: str) -> dict[Part, str]:
        texts = key.split(self.separator)
        if len(texts) != len(self.named):
            raise Refused(
                key, f"{len(self.named)} numbers with {self.separator!r} between them: {', '.join(self.named)}"
            )
        return dict(zip(self.named, texts, strict=True))

    def _at_places(self, key: str) -> dict[Part, str]:
        padded = key.ljust(KEY_LENGTH)
        texts = {part.part: padded[part.first - 1 : part.last].rstrip(" ") for part in self.parts}
        covered = {place for part in self.parts for place in range(part.first - 1, part.last)}
        if any(character != " " for place, character in enumerate(padded) if place not in covered):
            raise Refused(key, "blanks where settings.key.parts has no part")
        return texts

    def _check_company(self, numbers: TenancyNumbers) -> None:
        if self.company and numbers.company != plain(self.company):
            raise _unfit(
                f"tenancy {numbers}", f"found company {numbers.company}, expected {self.company}, as settings.key says"
            )


def plain(text: str) -> str:
    """A number as numbers compare: without leading zeros where it is all digits (R35)."""
    return (text.lstrip("0") or "0") if _is_digits(text) else text


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _unfit(where: str, what: str) -> HubError:
    why = "a key that is cut, or that reads back as another, would give this tenant's result to somebody else"
    return HubError(what, where=where, why=why, do="change settings.key, and agree on it with the provider")
