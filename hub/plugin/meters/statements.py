"""PDF statements: whose one is, read from its name (items N.05-N.18 of a document section, R35)."""

from __future__ import annotations

import unicodedata
from datetime import date

from hub.plugin.errors import Malformed
from hub.plugin.file import FileView
from hub.plugin.meters.statement_settings import NamePositions, StatementSettings
from hub.plugin.records import Document

_EXTENSION = ".pdf"
#: Of a number, as many as the portfolio takes.
NUMBER_CHARACTERS_MAX = 20
#: Unicode categories that no number of the portfolio holds: controls, formats, lone surrogates, line ends.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def has_statement_name(name: str) -> bool:
    return name.lower().endswith(_EXTENSION)


def whose(file: FileView, settings: StatementSettings) -> Document:
    """The tenancy or property that a PDF belongs to. Raises Malformed for a name or a content that is none."""
    document = document_of(file.name, settings)
    if not file.size:
        raise Malformed("no PDF: the file is empty", do=_ASK)
    if not file.head.startswith(b"%PDF-"):
        raise Malformed("no PDF", positions=(1, 5), field="first bytes", found=file.head[:5], expected="%PDF-", do=_ASK)
    if b"%%EOF" not in file.tail:
        raise Malformed(
            "no whole PDF: it was cut on its way",
            positions=(file.size - len(file.tail) + 1, file.size),
            field="last bytes",
            found="the end of the file",
            expected="%%EOF",
            do=_ASK,
        )
    return document


def document_of(name: str, settings: StatementSettings) -> Document:
    """Reads ``1-1-V-20170601-20180531-1-2.pdf``; a number is any text, without leading zeros. Raises Malformed."""
    if not has_statement_name(name):
        raise Malformed(f"{name!r} is no PDF's name", field="extension", found=name[-4:], expected=_EXTENSION)
    stem = unicodedata.normalize("NFC", name)[: -len(_EXTENSION)]
    parts = stem.split(settings.separator)
    if len(parts) == settings.tenant_document.count():
        return _document(parts, settings.tenant_document, settings)
    if settings.property_document.exists() and len(parts) == settings.property_document.count():
        return _document(parts, settings.property_document, settings)
    raise Malformed(
        f"{name!r} is no document's name",
        field="number of parts",
        found=len(parts),
        expected=_counts(settings),
        do=f"name it as agreed with the vendor, parts separated by {settings.separator!r} (R35)",
    )


_ASK = "ask the vendor for the file again"


def _counts(settings: StatementSettings) -> str:
    expected = f"{settings.tenant_document.count()} (a tenant's document)"
    if settings.property_document.exists():
        expected += f" or {settings.property_document.count()} (a property's)"
    return expected


def _document(parts: list[str], positions: NamePositions, settings: StatementSettings) -> Document:
    def number(field: str, position: int) -> str:
        text = parts[position - 1].strip()
        if not text or len(text) > NUMBER_CHARACTERS_MAX or _UNPRINTABLE.intersection(map(unicodedata.category, text)):
            expected = f"1 to {NUMBER_CHARACTERS_MAX} printable characters as part {position} of the name"
            raise Malformed(field=field, found=repr(text), expected=expected)
        return text.lstrip("0") or "0"

    def day(field: str, position: int) -> date:
        return _day(field, position, parts[position - 1])

    letter = parts[positions.type - 1]
    if letter not in settings.types:
        raise Malformed(
            "unknown type letter",
            field="type",
            found=letter,
            expected=f"one of {', '.join(settings.types)} as part {positions.type} of the name",
            do=f"add it to settings.statements.{settings.named('types')} if the vendor has a new type",
        )
    first, last = day("period start", positions.period_from), day("period end", positions.period_to)
    if last < first:
        raise Malformed(
            "the period ends before it starts", field="period end", found=str(last), expected=f"{first} or later"
        )
    has_tenant = positions.unit and positions.tenant
    return Document(
        company=number("company", positions.company),
        property=number("property", positions.property),
        unit=number("unit", positions.unit) if has_tenant else "",
        tenant=number("tenant", positions.tenant) if has_tenant else "",
        charge_type=settings.types[letter],
        period_from=first,
        period_to=last,
    )


def _day(field: str, position: int, text: str) -> date:
    expected = f"a date written YYYYMMDD as part {position} of the name"
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        raise Malformed(field=field, found=text, expected=expected)
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise Malformed("impossible date", field=field, found=text, expected=expected) from None
