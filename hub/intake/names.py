"""Index files: what they say of documents by their names, and the documents that had come before (E898 of ARGE)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from hub.intake import claims
from hub.intake.booking import Booking
from hub.intake.documents import NoPlaceError, place_of
from hub.intake.hub import Hub
from hub.intake.identification import nfc
from hub.plugin import Document, DocumentNamed, Record
from hub.settings import VendorConfig
from hub.store import documents, journal, owners
from hub.store.documents import Place
from hub.store.journal import Arrival, FileRow
from hub.store.results import LOUD


class NamesDesk:
    """Takes the lines of an index; ``period`` is that of lines which carry none (R30)."""

    def __init__(self, booking: Booking, config: VendorConfig, period: tuple[date, date] | None) -> None:
        self._booking = booking
        self._config = config
        self._period = period
        self._records: list[DocumentNamed] = []

    def take(self, records: Sequence[DocumentNamed]) -> None:
        """One batch in file order."""
        self._records.extend(records)

    def close(self) -> None:
        """At the end. A line about nobody whom we know is held: read again, it may be somebody.

        So is every line of a name that the index gives to two: a document at the wrong tenant's is worse than none.
        """
        booking = self._booking
        places: dict[str, set[Place]] = {}
        known: list[tuple[DocumentNamed, str, Place, str | None]] = []
        for record in self._records:
            name = nfc(record.name)
            try:
                place, tenancy = place_of(booking.conn, self._config, self._document(record))
            except NoPlaceError as error:
                booking.note_named(record, f"{name}: {error}", None, held=True)
                continue
            places.setdefault(name, set()).add(place)
            known.append((record, name, place, tenancy))
        announced: dict[str, tuple[int, Place]] = {}
        for record, name, place, tenancy in known:
            if len(places[name]) > 1:
                booking.note_named(record, f"{name}: the index gives this name to two", tenancy, held=True)
                continue
            announced[name] = (record.record, place)
            booking.note_named(record, f"{name}: document of {tenancy or 'the property'}", tenancy, held=False)
        if announced:
            self._announce(announced)
        booking.write_outcomes()

    def _announce(self, announced: dict[str, tuple[int, Place]]) -> None:
        booking = self._booking
        elsewhere = documents.announce(booking.conn, booking.vendor, announced, booking.reading_id)
        booking.tally.named_documents = True
        booking.tally.notes += [
            f"{LOUD}{name} is another's by this index than where it is filed as file {file_id}; if the index is "
            f"right: hub documents drop {file_id} --reason ..., hub documents refile {file_id}"
            for name, file_id in elsewhere
        ]

    def _document(self, record: DocumentNamed) -> Document:
        period = _period_of(record) or self._period
        assert period is not None, "the check refuses a file whose period nobody knows"
        return Document(record.company, record.property, record.unit, record.tenant, record.charge_type, *period)


def names_in(records: Sequence[Record]) -> list[DocumentNamed]:
    return [record for record in records if isinstance(record, DocumentNamed)]


def undated(records: Sequence[DocumentNamed]) -> Iterator[int]:
    """1-based records that carry no period."""
    return (record.record for record in records if _period_of(record) is None)


def named_meanwhile(hub: Hub, index: FileRow, actor: str) -> list[Arrival]:
    """Claims on the documents in quarantine that this index has a name for: they are read again. May be done twice."""
    with hub.db.read() as conn:
        waiting = documents.waiting_for(conn, index.id)
    found = []
    for file_id in waiting:
        with hub.db.write() as conn:
            file = journal.get_file(conn, file_id)
            assert file is not None
            journal.lock_blob(conn, file.sha256)
            file = journal.get_file(conn, file_id)
            if file is None or file.state != "quarantined" or journal.open_claim_on(conn, file_id) is not None:
                continue
            ours = journal.reopen(
                conn, file_id, "retried", period=None, owner=owners.own_name(), lease_until=claims.lease_end(hub)
            )
            detail = {"reason": f"named by file {index.id} {index.name}"}
            about = {"arrival_id": ours.id, "file_id": file_id}
            journal.add_event(conn, at=hub.clock(), actor=actor, what="retried", detail=detail, **about)
            journal.set_being_read(conn, file_id, file.vendor, file.kind)
        found.append(ours)
    return found


def _period_of(record: DocumentNamed) -> tuple[date, date] | None:
    if record.period_from is None or record.period_to is None:
        return None
    return record.period_from, record.period_to
