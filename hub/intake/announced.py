"""Files that the vendor announces: what a note says of its data file is held against that file, whichever comes first.

The one that comes second has the other read again: both lie in the content store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TypeGuard

from sqlalchemy import Connection

from hub.intake.hub import Hub
from hub.money import format_amount
from hub.plugin import Chargeback, DeliveryReceipt, Kept, Malformed, Payment, Record, Remark, SlipIssued
from hub.store import journal
from hub.store.collecting.deliveries import notes_about
from hub.store.journal import FileRow
from hub.store.results import LOUD
from hub.transport.content import blob_path
from hub.vendors import Instance

_FACTORS = (-1, 0, 1)


@dataclass
class Contents:
    """What a data file holds; amounts in øre."""

    #: Records that a note counts, and those that it may count.
    items: int = 0
    kept: int = 0
    collected: int = 0
    #: A vendor adds them to a file's total, subtracts them or leaves them out (R11).
    charged_back: int = 0

    def count(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, Kept):
                self.kept += 1
            elif not isinstance(record, Remark):
                self.items += 1
                if isinstance(record, Payment | SlipIssued):
                    self.collected += record.amount
                elif isinstance(record, Chargeback):
                    self.charged_back += record.amount

    def is_as_said(self, note: DeliveryReceipt) -> bool:
        totals = {self.collected + factor * self.charged_back for factor in _FACTORS}
        return self.items <= note.items <= self.items + self.kept and note.amount in totals


@dataclass
class Announced:
    """Beside the check pass over ``file``: looks at its records, and tells afterwards what does not agree."""

    hub: Hub
    instance: Instance
    file: FileRow
    conn: Connection
    _contents: Contents = field(default_factory=Contents, init=False)
    #: Notes in the file itself.
    _own: list[DeliveryReceipt] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        #: Notes on the file, that came before it.
        self._earlier = notes_about(self.conn, self.instance.name, self.file.name)

    def look(self, batch: Sequence[Record], others: Sequence[Record]) -> None:
        """``others`` are those of the batch that are neither money nor results."""
        self._own.extend(filter(_is_note, others))
        if self._earlier:
            self._contents.count(batch)

    def differences(self) -> Iterator[str]:
        """Sentences for the reading's reasons; to be asked when the file is read to its end. Raises VendorFault."""
        for file_id in self._earlier:
            came = journal.get_file(self.conn, file_id)
            assert came is not None
            for note in self._notes_in(came):
                yield from _difference(note, came.name, self._contents, self.file.name)
        for note in self._own:
            data = journal.latest_named(self.conn, self.instance.name, note.file)
            if data is not None and (contents := self._contents_of(data)) is not None:
                yield from _difference(note, self.file.name, contents, data.name)

    def _notes_in(self, came: FileRow) -> list[DeliveryReceipt]:
        with suppress(Malformed):
            return [one for batch in self._batches(came) for one in batch if _is_note(one)]
        return []

    def _contents_of(self, came: FileRow) -> Contents | None:
        """None where it cannot be read any more: settings have changed since, which is for its own retry to tell."""
        contents = Contents()
        try:
            for batch in self._batches(came):
                contents.count(batch)
        except Malformed:
            return None
        return contents

    def _batches(self, came: FileRow) -> Iterator[list[Record]]:
        path = blob_path(self.hub.site.content, came.sha256)
        with closing(self.instance.read(path, came.name, came.kind or "", options={})) as batches:
            yield from batches


def _is_note(record: Record) -> TypeGuard[DeliveryReceipt]:
    return isinstance(record, DeliveryReceipt) and record.verdict == "note"


def _difference(note: DeliveryReceipt, note_name: str, contents: Contents, data_name: str) -> Iterator[str]:
    if contents.is_as_said(note):
        return
    said = f"{note.items} records of {format_amount(note.amount)}"
    holds = f"{contents.items} of {format_amount(contents.collected - contents.charged_back)}"
    yield (
        f"{LOUD}{note_name} announces {said} in {data_name}, which holds {holds}: something of it is missing or came "
        "twice; ask the vendor which file holds"
    )
