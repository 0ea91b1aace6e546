"""Betalingsservice's answers to the hub's questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from hub.plugin import (
    API_VERSION,
    Description,
    FileKind,
    FileView,
    Mine,
    NotMine,
    Record,
    Settings,
    Vendor,
    hookimpl,
)
from hub.plugin.layout import byte_order_mark
from hub_nets_bs import making, reading
from hub_nets_bs.layouts import DELIVERY_START, DELIVERY_TYPE, ENVELOPE, SECTION_START
from hub_nets_bs.settings import BetalingsserviceSettings

KIND = "0602"
_TELLTALE = "betalingsservice/0602"


class Plugin(Vendor):
    """Delivery 0602: what became of collections by Betalingsservice (section 0211) and of slips (section 0215)."""

    name = "nets_bs"
    api = API_VERSION
    settings_model: ClassVar[type[Settings]] = BetalingsserviceSettings
    kinds: ClassVar[Mapping[str, FileKind]] = {KIND: FileKind("Betalingsservice payment information (0602)")}
    settings: BetalingsserviceSettings

    @hookimpl
    def describe(self) -> Description:
        creditors = self.settings.creditors
        whose = f"creditor {', '.join(creditors)}" if creditors else "any creditor"
        telltales = tuple(f"{_TELLTALE}/{creditor}" for creditor in creditors)
        return Description(f"Betalingsservice 0602, {whose}", telltales or (_TELLTALE,))

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        if not file.size:
            return NotMine("the file is empty")
        start, *following = [line for line in _lines(file.head) if not line.startswith(ENVELOPE)] or [b""]
        if not start.startswith(DELIVERY_START):
            _, mark = byte_order_mark(file.head)
            instead = f", but with a {mark} byte order mark" if mark else ""
            return NotMine(f"it does not begin with BS002, the start of a Betalingsservice delivery{instead}")
        delivery_type = start[16:20]
        if delivery_type != DELIVERY_TYPE:
            shown = delivery_type.decode("latin-1")
            return NotMine(f"Betalingsservice delivery {shown}, which this version does not read")
        section = next((line for line in following if line.startswith(SECTION_START)), None)
        if self.settings.creditors and section is not None:
            creditor = section[5:13].decode("latin-1")
            if creditor not in self.settings.creditors:
                return NotMine(f"a delivery of creditor {creditor}")
        return Mine(KIND)

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        with file.open() as stream:
            yield from reading.read(stream, self.settings)

    @hookimpl
    def make(self, records: Iterable[Record], head: Mapping[str, str]) -> Iterator[bytes]:
        return making.make(records, head, self.settings.encoding)


def _lines(head: bytes) -> list[bytes]:
    """The lines without byte order marks: a delivery with one is ours to refuse, with a reason that names the mark."""
    if byte_order_mark(head)[1] == "UTF-16":
        head = head.decode("utf-16", "replace").encode("latin-1", "replace")
    return [line.removeprefix(byte_order_mark(line)[0]) for line in head.split(b"\n")]
