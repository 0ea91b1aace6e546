"""Exports: what a meter company is told of each tenancy, its parts where the settings put them."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from hub.errors import HubError
from hub.plugin.layout import UnfitError
from hub.plugin.meters.export_settings import DelimitedExport, FixedExport
from hub.plugin.meters.forms import Form
from hub.plugin.meters.parts import can_write
from hub.plugin.records import ConsumptionTenancy, Record, Remark

#: Tenancies that a remark names.
_NAMED_MAX = 5
_UNKNOWN_LETTER = "?"


def make(records: Iterable[Record], settings: FixedExport | DelimitedExport) -> Iterator[bytes | Remark]:
    """The file of these tenancies, a line each; then a remark for each field of which something was cut or replaced.

    Raises HubError naming the tenancy and the field for what has no room, no letters or no sign in the file (R33).
    """
    writer = _Writer(settings)
    for record in records:
        if not isinstance(record, ConsumptionTenancy):
            raise HubError(f"an export of tenancies cannot carry {record!r}")
        yield writer.line(record)
    yield from writer.remarks()


class _Writer:
    """Makes the lines of one file, and remembers what had to be changed to make them."""

    def __init__(self, settings: FixedExport | DelimitedExport) -> None:
        self._settings = settings
        self._form: Form = settings.form()
        self._texts = {part.name for part in settings.placed() if part.kind == "text"}
        self._signed = settings.signs() is not None
        #: Tenancies by what was done to which field.
        self._changed: dict[tuple[str, str], list[str]] = defaultdict(list)

    def line(self, tenancy: ConsumptionTenancy) -> bytes:
        values = self._values(tenancy)
        for name in self._texts:
            values[name] = self._text(name, values[name], tenancy)
        try:
            return self._form.build({name: values[name] for name in self._form.names})
        except UnfitError as unfit:
            raise HubError(unfit.what, where=f"{_key(tenancy)}, {unfit.where}", why=_WHY) from None

    def remarks(self) -> Iterator[Remark]:
        for (name, done), tenancies in sorted(self._changed.items()):
            more = f" and {len(tenancies) - _NAMED_MAX} more" if len(tenancies) > _NAMED_MAX else ""
            whose = f"{', '.join(tenancies[:_NAMED_MAX])}{more}"
            yield Remark(f"field {name!r} ({self._form.shown_place(name)}) {done} for {whose}")

    def _values(self, tenancy: ConsumptionTenancy) -> dict[str, Any]:
        values = tenancy._asdict() | self._settings.constants()
        values["vat"] = self._settings.vat_code(tenancy.vat)
        if tenancy.amount < 0 and not self._signed:
            raise HubError(
                f"the amount is negative: {tenancy.amount} øre, and the file has no place for a sign",
                where=_place(tenancy, "amount", self._form),
                why="the vendor would read it as what was asked of the tenant (R33)",
                do="agree on a sign with the vendor and set export.sign_start, sign_positive and sign_negative",
            )
        if "sign" in self._form.names:
            values |= {"amount": abs(tenancy.amount), "sign": -1 if tenancy.amount < 0 else 1}
        return values

    def _text(self, name: str, text: str, tenancy: ConsumptionTenancy) -> str:
        written = self._writable(name, unicodedata.normalize("NFC", text).strip(" "), tenancy)
        settings = self._settings
        if not isinstance(settings, FixedExport):
            return written
        first, last = self._form.place(name)
        room = last - first + 1
        if len(written) <= room:
            return written
        if settings.too_long == "refuse":
            raise HubError(
                f"{len(written)} characters have no room in {room}",
                where=_place(tenancy, name, self._form),
                why=_WHY,
                do='shorten it, give the field more room, or set export.too_long = "cut"',
            )
        self._changed[name, f"is cut to {room} characters"].append(_key(tenancy))
        return written[:room]

    def _writable(self, name: str, text: str, tenancy: ConsumptionTenancy) -> str:
        """In a single-byte encoding every letter is one byte: what is cut or counted here is bytes too."""
        encoding = self._settings.encoding
        unknown = [letter for letter in text if not can_write(letter, encoding)]
        if not unknown:
            return text
        if self._settings.unwritable == "refuse":
            letters = ", ".join(f"{letter!r} (U+{ord(letter):04X})" for letter in dict.fromkeys(unknown))
            raise HubError(
                f"{encoding} has no {letters}",
                where=_place(tenancy, name, self._form),
                why=_WHY,
                do='spell it otherwise, set another export.encoding, or set export.unwritable = "replace"',
            )
        self._changed[name, f"has letters replaced that {encoding} lacks"].append(_key(tenancy))
        return "".join(letter if can_write(letter, encoding) else _replacement(letter, encoding) for letter in text)


_WHY = "nothing is written that the vendor would read otherwise, or not at all"


def _key(tenancy: ConsumptionTenancy) -> str:
    return f"tenancy {tenancy.company}-{tenancy.property}-{tenancy.unit}-{tenancy.tenant}"


def _place(tenancy: ConsumptionTenancy, name: str, form: Form) -> str:
    return f"{_key(tenancy)}, {form.shown_place(name)}, field {name!r}"


def _replacement(letter: str, encoding: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if can_write(base, encoding) else _UNKNOWN_LETTER
