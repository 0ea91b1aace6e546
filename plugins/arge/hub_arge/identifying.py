"""Whose a file is: by its name, which decides what it may hold, then by the numbers in its first record."""

from __future__ import annotations

from hub.plugin import FileView, Mine, NotMine
from hub_arge.layouts import INDEXES, RESULTS
from hub_arge.names import StandardName, standard_name, why_none
from hub_arge.settings import ArgeSettings

#: The documents that an index names: their own names say nothing, without the index nobody knows whose they are.
STATEMENT = "statement"
_DOCUMENT_ENDING = ".pdf"


def identify(file: FileView, settings: ArgeSettings) -> Mine | NotMine:
    """Looks at the name and the first record. A file of ours that is broken is ours."""
    if file.name.lower().endswith(_DOCUMENT_ENDING):
        return Mine(STATEMENT) if settings.index else NotMine("PDFs are off: no [settings.index]")
    name = standard_name(file.name)
    if name is None:
        return NotMine(why_none(file.name))
    kind = name.type.kind
    if kind == RESULTS and settings.result is None:
        return NotMine("results are off: no [settings.result]")
    if kind == INDEXES and settings.index is None:
        return NotMine("documents are off: no [settings.index]")
    why = _foreign(file, name, settings)
    return NotMine(why) if why else Mine(kind)


def _foreign(file: FileView, name: StandardName, settings: ArgeSettings) -> str:
    """Why the first record is another customer's or provider's; "" where it says nothing that we can read."""
    record = file.head.partition(b"\n")[0]
    layout = name.type.layout_of(record)
    for place in layout.fields if layout else ():
        ours = {"customer": settings.customer, "provider": settings.provider}.get(place.name, "")
        found = record[place.first - 1 : place.last]
        if ours and found.isdigit() and len(found) == len(ours) and found != ours.encode():
            return f"a file of {place.name} {found.decode()} (settings.{place.name} is {ours})"
    return ""
