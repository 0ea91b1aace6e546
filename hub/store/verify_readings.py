"""That a file's state is that of its readings, what was reversed is taken back, and events tell of both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, or_, select

from hub.ledger import kinds
from hub.store.tables import arrival, batch, document, entry, event, file, property_, reading, tenancy
from hub.store.verify_rule import told_by


def wrong_readings(conn: Connection) -> Iterator[str]:
    """A sentence for each file, reading or event that does not fit the others."""
    # Without any, a database would go through all entries to find none of theirs.
    any_reversed = conn.execute(select(reading.c.id).where(reading.c.reversed_at.is_not(None)).limit(1)).first()
    if any_reversed is not None:
        yield from told_by(conn, _standing(), _tell_standing)
    for query, told in (
        (_states(), _tell_state),
        (_unread(), _tell_unread),
        (_reversed_without_event(), _tell_reversed),
        (_events_of_reversals(), _tell_event_of_reversal),
        (_readings_without_event(), _tell_reading),
        (_events_without_reading(), _tell_event),
        (_documents(), _tell_document),
        (_dropped(), _tell_dropped),
    ):
        yield from told_by(conn, query, told)


def _states() -> Select[Any]:
    """Of its last reading; or reversed, where nothing that it booked is left. One that is being read has none."""
    last = select(func.max(reading.c.id)).where(reading.c.file_id == file.c.id).correlate(file).scalar_subquery()
    of_file = reading.alias("of_file")
    ours = of_file.c.file_id == file.c.id
    undone = exists().where(ours, of_file.c.reversed_at.is_not(None))
    left = exists().where(ours, of_file.c.reversed_at.is_(None), batch.c.reading_id == of_file.c.id)
    return (
        select(file.c.id, file.c.name, file.c.state, reading.c.state.label("read"), reading.c.reversed_at)
        .outerjoin_from(file, reading, reading.c.id == last)
        .where(
            file.c.state.is_not(None),
            or_(
                and_(file.c.state == "reversed", or_(left, ~undone)),
                and_(
                    file.c.state != "reversed",
                    or_(reading.c.id.is_(None), reading.c.state != file.c.state, reading.c.reversed_at.is_not(None)),
                ),
            ),
        )
    )


def _tell_state(row: Row[Any]) -> str:
    if row.state == "reversed":
        return f"file {row.id} ({row.name}) is reversed, its readings say that not all of it was taken back"
    ended = "is taken back" if row.reversed_at else f"ended as {row.read or 'none'}"
    return f"file {row.id} ({row.name}) is {row.state}, its last reading {ended}"


def _unread() -> Select[Any]:
    """A file without a state is being read: somebody has a claim on it."""
    claimed = exists().where(arrival.c.file_id == file.c.id, arrival.c.closed_at.is_(None))
    return select(file.c.id, file.c.name).where(file.c.state.is_(None), ~claimed)


def _tell_unread(row: Row[Any]) -> str:
    return f"file {row.id} ({row.name}) has no state, and nobody is reading it"


def _standing() -> Select[Any]:
    """Entries of a reversed file that nothing has taken back: neither a reversal nor a charge-back of the same file."""
    direct, match, back = entry.alias("direct"), entry.alias("match"), entry.alias("back")
    taken = exists().where(direct.c.corrects == entry.c.id, direct.c.kind.in_(kinds.TAKING_BACK))
    with_its_match = exists().where(
        match.c.corrects == entry.c.id,
        match.c.kind == kinds.MATCH,
        back.c.corrects == match.c.id,
        back.c.kind == kinds.CHARGEBACK,
    )
    # A payment and its charge-back come to nothing together.
    cancelling = and_(entry.c.kind == kinds.CHARGEBACK, entry.c.corrects.is_not(None))
    return (
        select(entry.c.id, entry.c.key, reading.c.file_id, reading.c.id.label("reading_id"))
        .join_from(reading, batch, batch.c.reading_id == reading.c.id)
        .join(entry, entry.c.id.between(batch.c.entry_first, batch.c.entry_last) & (entry.c.batch_id == batch.c.id))
        .where(
            reading.c.reversed_at.is_not(None),
            entry.c.kind.not_in((kinds.DIFFERENCE, kinds.REVERSAL)),
            ~taken,
            ~with_its_match,
            ~cancelling,
        )
    )


def _tell_standing(row: Row[Any]) -> str:
    return (
        f"file {row.file_id}: its reading {row.reading_id} says that all it booked was taken back, and entry {row.id} "
        f"({row.key}) stands"
    )


def _reversed_without_event() -> Select[Any]:
    told = exists().where(
        event.c.file_id == reading.c.file_id, event.c.what == "reversed", event.c.at == reading.c.reversed_at
    )
    return select(reading.c.id, reading.c.file_id, reading.c.reversed_at).where(
        reading.c.reversed_at.is_not(None), ~told
    )


def _tell_reversed(row: Row[Any]) -> str:
    return (
        f"file {row.file_id}: its reading {row.id} says that it was taken back at "
        f"{row.reversed_at:%Y-%m-%d %H:%M} UTC, and no event tells of that"
    )


def _events_of_reversals() -> Select[Any]:
    marked = exists().where(reading.c.file_id == event.c.file_id, reading.c.reversed_at == event.c.at)
    return select(event.c.id, event.c.file_id, event.c.at).where(event.c.what == "reversed", ~marked)


def _tell_event_of_reversal(row: Row[Any]) -> str:
    return (
        f"file {row.file_id} was reversed at {row.at:%Y-%m-%d %H:%M} UTC, says event {row.id}, and none of its "
        "readings says so"
    )


def _of_event() -> Any:
    """The event that a reading's end is told by."""
    return and_(
        event.c.file_id == reading.c.file_id,
        event.c.what == "read",
        event.c.detail["reading"].as_integer() == reading.c.id,
    )


def _readings_without_event() -> Select[Any]:
    return (
        select(reading.c.id, reading.c.file_id, reading.c.state, event.c.detail["state"].as_string().label("told"))
        .outerjoin_from(reading, event, _of_event())
        .where(
            or_(
                event.c.id.is_(None),
                event.c.detail["state"].as_string() != reading.c.state,
                event.c.at != reading.c.finished_at,
                event.c.actor != reading.c.actor,
            )
        )
    )


def _tell_reading(row: Row[Any]) -> str:
    told = f"is {row.told} or another's by the event of it" if row.told else "has no event"
    return f"file {row.file_id}: its reading {row.id} says that it ended as {row.state}, and {told}"


def _events_without_reading() -> Select[Any]:
    return (
        select(event.c.id, event.c.file_id, event.c.detail["reading"].as_integer().label("reading_id"))
        .outerjoin_from(event, reading, _of_event())
        .where(event.c.what == "read", reading.c.id.is_(None))
    )


def _tell_event(row: Row[Any]) -> str:
    return f"file {row.file_id}: event {row.id} tells of reading {row.reading_id}, which is not there"


def _documents() -> Select[Any]:
    """A tenant's document lies on the property of the tenancy."""
    return (
        select(document.c.file_id, tenancy.c.key, property_.c.number)
        .join_from(document, tenancy, tenancy.c.id == document.c.tenancy_id)
        .join(property_, property_.c.id == document.c.property_id)
        .where(tenancy.c.property_id != document.c.property_id)
    )


def _tell_document(row: Row[Any]) -> str:
    return f"file {row.file_id} is a document of tenancy {row.key}, filed on property {row.number}, which is not its"


def _dropped() -> Select[Any]:
    """A document that was taken off is of a file that is so, or was refused since; one that was not is read."""
    stands = document.c.dropped_at.is_(None)
    return (
        select(document.c.file_id, file.c.name, file.c.state, document.c.dropped_at)
        .join_from(document, file, file.c.id == document.c.file_id)
        .where(file.c.state.is_not(None), stands != (file.c.state == "booked"))
    )


def _tell_dropped(row: Row[Any]) -> str:
    said = "was taken off" if row.dropped_at else "is filed"
    return f"file {row.file_id} ({row.name}) {said} as a document, and is {row.state}"
