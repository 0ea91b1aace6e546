"""``[settings.export]``: where the parts of an export stand, and what is done with a value that has no room.

No section of the sheet has a place for a sign, and those of ista and Casi have no places at all (R33, R36).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from hub.plugin.layout import Field as LayoutField
from hub.plugin.layout import Key
from hub.plugin.meters.parts import KEY_PARTS, Part, can_write
from hub.plugin.meters.record_settings import (
    DelimitedRecord,
    FixedRecord,
    RecordSettings,
    Section,
    length_not_asked,
    place_fields,
)
from hub.plugin.meters.sheet import Item, Places, item_number, items_of, model_of, setting

Code = Annotated[str, Field(max_length=20)]
Constant = Annotated[str, Field(min_length=1, max_length=50)]


class ExportSettings(RecordSettings):
    """An export: one tenancy's line of what the meter company is told."""

    table = "export"
    parts: ClassVar[tuple[Part, ...]] = (
        *KEY_PARTS,
        Part("amount", "amount", needed=True),
        Part("sign", "sign"),
        Part("period_from", "day"),
        Part("period_to", "day"),
        Part("move_in", "day", blank=True),
        Part("move_out", "day", blank=True),
        *(Part(name, "text") for name in ("name", "second_name", "street", "postal_code", "city")),
        *(Part(name, "text") for name in ("new_address", "new_postal_code", "new_city")),
        Part("vat", "code"),
    )

    #: A negative amount has one, if config gives it a place (R33).
    sign_positive: str | None = Field(None, max_length=1)
    sign_negative: str | None = Field(None, max_length=1)
    #: What is written of a tenant who is registered for VAT, and of one who is not.
    vat_registered: Code = "1"
    vat_not_registered: Code = "0"
    #: Of letters that the encoding lacks: "replace" writes the letter without its mark, else a question mark.
    unwritable: Literal["refuse", "replace"] = "refuse"

    def signs(self) -> tuple[str, str] | None:
        if self.sign_positive is None or self.sign_negative is None:
            return None
        return self.sign_positive, self.sign_negative

    def vat_code(self, vat: str) -> str:
        """What stands in the file for the ``vat`` of a tenancy."""
        return self.vat_registered if vat == "1" else self.vat_not_registered

    def constants(self) -> dict[str, str]:
        """What every record says alike, by part."""
        return {part.name: getattr(self, part.name) for part in self.parts if part.kind == "constant"}

    def _said(self, part: Part) -> dict[str, str]:
        """What a part of fixed content may say, by the setting that says it; nothing for a part of the tenancy's."""
        if part.kind == "code":
            return {"vat_registered": self.vat_registered, "vat_not_registered": self.vat_not_registered}
        return {part.name: getattr(self, part.name)} if part.kind == "constant" else {}

    def _missing(self) -> Iterator[str]:
        yield from super()._missing()
        given = {key: getattr(self, key) is not None for key in ("sign_positive", "sign_negative")}
        if any(given.values()) or self.stands_at(_SIGN):
            yield from (key for key, is_given in given.items() if not is_given)

    def _impossible(self) -> Iterator[str]:
        yield from super()._impossible()
        for part in self.placed():
            said = self._said(part)
            if len(set(said.values())) < len(said):
                yield f"{' and '.join(said)} must be two"
            yield from (
                f"{self.named(key)} has a character that {self.encoding} cannot write"
                for key, value in said.items()
                if not can_write(value, self.encoding)
            )

    def _signs_named(self) -> str:
        return "sign_positive and sign_negative"


class FixedExport(ExportSettings, FixedRecord):
    """``record_length`` counts the bytes of a line; what no field covers is written blank (R34)."""

    #: Of a text that is longer than its field. Numbers, amounts and dates are never cut.
    too_long: Literal["refuse", "cut"] = "refuse"
    #: What numbers of the key that are all digits are filled up with: zeros on the left, or blanks on the right.
    fill: Literal["zeros", "blanks"] = "zeros"

    def _field(self, part: Part, size: int) -> LayoutField:
        return Key(size, self.encoding, self.fill) if part.kind == "key" else super()._field(part, size)

    def _impossible(self) -> Iterator[str]:
        yield from super()._impossible()
        if self.signs() is not None and not self.stands_at(_SIGN):
            yield "sign_positive and sign_negative need a place: give sign_start"
        if any(sign == "" for sign in self.signs() or ()):
            yield "sign_positive and sign_negative must be a character each"
        for part in self.placed():
            room = self.length_of(part) or 0
            yield from (
                f"{self.named(key)} {value!r} is longer than {self.named(f'{part.name}_length')}, which is {room}"
                for key, value in self._said(part).items()
                if len(value) > room
            )


class DelimitedExport(ExportSettings, DelimitedRecord):
    """Without a ``sign_column`` the sign stands before the amount, and one of the two may be no character."""


_SIGN = Part("sign", "sign")
ExportSection: TypeAlias = Section[FixedExport, DelimitedExport]


def export_section(
    section: int | None,
    first: int,
    places: Places,
    date_format: str | None = None,
    constants: Mapping[str, int] | None = None,
) -> ExportSection:
    """An export section with what the sheet fills in.

    ``places`` are the fields of the sheet in its order, the first of them item ``first``; ``section`` None: they are
    ours. ``date_format`` is that of the vendor's import section: the export's is none of the sheet's (R33).
    ``constants`` are values that the section asks for and that stand in every record, by name, with their items.
    """
    items = items_of(section, first, places)
    vat = items.get("vat_start", Item("", None))
    items["vat_length"] = length_not_asked(vat, 1)
    parts = (*ExportSettings.parts, *(Part(name, "constant", needed=True) for name in constants or {}))
    amount = items.get("amount_length") or items.get("amount_start") or Item("", None)
    decimals = f"{amount.number}, its decimals: no default, ask the vendor" if amount.number else ""
    asked: dict[str, tuple[Any, Any]] = {
        "implied_decimals": (int, setting(decimals, ge=0, le=4)),
        "date_format": (str | None, setting("", date_format)),
    }
    asked |= {name: (Constant, setting(item_number(section, number))) for name, number in (constants or {}).items()}
    made = Section(
        model_of(FixedExport, place_fields(parts, items, delimited=False) | asked),
        model_of(DelimitedExport, place_fields(parts, items, delimited=True) | asked),
    )
    made.fixed.parts = made.delimited.parts = parts
    return made
