"""E898 records: which document is whose (DTE898, chapter 10); and the documents themselves, PDFs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.plugin import DocumentNamed, FileView, HubError, Kept, Record
from hub_arge.reading import Read, Reading, Window
from hub_arge.settings import UNNAMED, ArgeSettings, some

_FOLDERS = re.compile(r"[/\\]")
#: Of a drive: ``C:test.pdf``.
_UNFIT_NAMES = ("", ".", "..")


def read(file: FileView, settings: ArgeSettings) -> Iterator[Record]:
    """Whose each named document is, or what was kept; then remarks. Raises Malformed."""
    if settings.index is None:
        raise HubError("documents are off: no [settings.index]")
    reading, window = Reading(file, settings), Window(file)
    for record in reading.records():
        first, last = window.look(record)
        numbers = reading.numbers(record)
        name, kind = document_name(record), record.row.document or UNNAMED
        if kind in settings.index.kept:
            yield Kept(record.line, kind, f"{numbers}: {name}, kept by config")
        elif kind in settings.index.charge_types:
            yield DocumentNamed(
                record=record.line,
                name=name,
                company=numbers.company,
                property=numbers.property,
                unit=numbers.unit,
                tenant=numbers.tenant,
                charge_type=settings.index.charge_types[kind],
                period_from=first,
                period_to=last,
            )
        else:
            filed, kept = some(sorted(settings.index.charge_types)), some(settings.index.kept)
            expected = f"a kind that settings.index files ({filed}) or keeps ({kept})"
            raise record.refusal("document", kind, expected)
    yield from reading.remarks()
    yield from window.remarks()


def document_name(record: Read) -> str:
    """The name in the path (field 7), its folders left out, of whichever system they are. Raises Malformed."""
    path: str = record.row.path
    name = _FOLDERS.split(path)[-1].strip(" ")
    if name in _UNFIT_NAMES or ":" in name:
        raise record.refusal("path", path, "a path that ends in a file's name")
    return name
