"""The journal of files: arrivals, blobs, files, readings, events. What the faces show of it: views.files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hub.store.bulk import insert_if_new
from hub.store.results import Counts, Result, State
from hub.store.tables import arrival, blob, event, file, reading

#: What a person does to a file.
Act: TypeAlias = Literal["retried", "released", "ignored", "attached"]
#: What an event may say that a person has done to a file.
Deed: TypeAlias = Literal["retried", "released", "ignored", "reversed"]
COUNTS = ("booked", "failed", "duplicate", "unmatched", "held", "kept")


class Arrival(NamedTuple):
    """A claim on something that lies in a folder, and how far it has come.

    ``sha256`` is set once its bytes are in the content store, ``file_id`` once it is known what it is. ``act``: a
    person has reopened it to do this with the file; what lies in the folder now is none of its business.
    ``parent_id``: it was taken out of this file, a zip, which lay in that folder.
    """

    id: int
    source: str
    name: str
    size: int
    mtime_ns: int
    door: str | None
    period_from: date | None
    period_to: date | None
    owner: str
    lease_until: datetime
    sha256: str | None
    file_id: int | None
    act: Act | None = None
    parent_id: int | None = None

    @property
    def period(self) -> tuple[date, date] | None:
        return (self.period_from, self.period_to) if self.period_from and self.period_to else None


class FileRow(NamedTuple):
    """``state`` is that of the last reading that ended; None = being read. ``filed_at`` None = not yet filed away."""

    id: int
    sha256: str
    name: str
    vendor: str | None
    kind: str | None
    received_at: datetime
    state: State | None
    duplicate_of: int | None
    filed_at: str | None
    #: The zip that it came in, when it came first.
    parent_id: int | None = None


_ARRIVAL = [arrival.c[name] for name in Arrival._fields]
_FILE = [file.c[name] for name in FileRow._fields]

# --- Claims ------------------------------------------------------------------------------------------------------


def claim(
    conn: Connection,
    *,
    source: str,
    name: str,
    size: int,
    mtime_ns: int,
    door: str | None,
    period: tuple[date, date] | None,
    owner: str,
    lease_until: datetime,
    now: datetime,
) -> Arrival | None:
    """The new claim, or None when somebody's open claim on the same thing is there already."""
    first, last = period or (None, None)
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    made = conn.execute(
        dialect.insert(arrival)
        .values(
            source=source,
            name=name,
            size=size,
            mtime_ns=mtime_ns,
            door=door,
            period_from=first,
            period_to=last,
            owner=owner,
            lease_until=lease_until,
            claimed_at=now,
        )
        .on_conflict_do_nothing()
        .returning(*_ARRIVAL)
    ).one_or_none()
    return _arrival(made)


def open_claims(conn: Connection) -> list[Arrival]:
    """All claims whose files are not filed away yet, oldest first."""
    rows = conn.execute(select(*_ARRIVAL).where(arrival.c.closed_at.is_(None)).order_by(arrival.c.id))
    return [Arrival._make(row) for row in rows]


def get_claim(conn: Connection, arrival_id: int) -> Arrival:
    return Arrival._make(conn.execute(select(*_ARRIVAL).where(arrival.c.id == arrival_id)).one())


def change_owner(conn: Connection, seen: Arrival, owner: str, lease_until: datetime) -> Arrival | None:
    """Takes the claim as it was ``seen``, or None: its owner renewed it, closed it, or another was faster."""
    return _arrival(
        conn.execute(
            update(arrival)
            .where(
                arrival.c.id == seen.id,
                arrival.c.owner == seen.owner,
                arrival.c.lease_until == seen.lease_until,
                arrival.c.closed_at.is_(None),
            )
            .values(owner=owner, lease_until=lease_until)
            .returning(*_ARRIVAL)
        ).one_or_none()
    )


def renew(conn: Connection, arrival_id: int, owner: str, lease_until: datetime) -> None:
    """Puts off the end of our lease; nothing when the claim is ours no longer."""
    mine = (arrival.c.id == arrival_id, arrival.c.owner == owner, arrival.c.closed_at.is_(None))
    conn.execute(update(arrival).where(*mine).values(lease_until=lease_until))


def close_claim(conn: Connection, arrival_id: int, now: datetime) -> None:
    conn.execute(update(arrival).where(arrival.c.id == arrival_id, arrival.c.closed_at.is_(None)).values(closed_at=now))


def set_stored(conn: Connection, arrival_id: int, sha256: str, size: int, now: datetime) -> None:
    """The bytes are in the content store; the same bytes may have been there before."""
    insert_if_new(conn, blob, sha256=sha256, size=size, stored_at=now)
    conn.execute(update(arrival).where(arrival.c.id == arrival_id).values(sha256=sha256))


def set_file(conn: Connection, arrival_id: int, file_id: int) -> None:
    conn.execute(update(arrival).where(arrival.c.id == arrival_id).values(file_id=file_id))


def open_claim_on(conn: Connection, file_id: int) -> Arrival | None:
    """Whoever works on this file, or died over it."""
    query = select(*_ARRIVAL).where(arrival.c.file_id == file_id, arrival.c.closed_at.is_(None)).limit(1)
    return _arrival(conn.execute(query).one_or_none())


def reopen(
    conn: Connection,
    file_id: int,
    act: Act,
    *,
    period: tuple[date, date] | None,
    owner: str,
    lease_until: datetime,
) -> Arrival:
    """Claims the file for a person's act, by the last arrival that brought it; ``period`` None = as before."""
    last = select(func.max(arrival.c.id)).where(arrival.c.file_id == file_id).scalar_subquery()
    values: dict[str, Any] = {"act": act, "owner": owner, "lease_until": lease_until, "closed_at": None}
    if period is not None:
        values |= {"period_from": period[0], "period_to": period[1]}
    reopened = update(arrival).where(arrival.c.id == last).values(values).returning(*_ARRIVAL)
    return Arrival._make(conn.execute(reopened).one())


# --- Files -------------------------------------------------------------------------------------------------------


def lock_blob(conn: Connection, sha256: str) -> int:
    """Size in bytes. Until the end of the transaction nobody else decides what a file of these bytes is."""
    return int(conn.execute(select(blob.c.size).where(blob.c.sha256 == sha256).with_for_update()).scalar_one())


def files_with(conn: Connection, sha256: str) -> list[FileRow]:
    """All files of these bytes, latest first."""
    query = select(*_FILE).where(file.c.sha256 == sha256).order_by(file.c.id.desc())
    return [_file(row) for row in conn.execute(query)]


def add_file(
    conn: Connection,
    *,
    sha256: str,
    name: str,
    vendor: str | None,
    kind: str | None,
    received_at: datetime,
    parent_id: int | None = None,
) -> FileRow:
    """A file that is going to be read. ``name`` in NFC."""
    values = {"sha256": sha256, "name": name, "vendor": vendor, "kind": kind, "received_at": received_at}
    return _file(conn.execute(insert(file).values(**values, parent_id=parent_id).returning(*_FILE)).one())


def set_being_read(conn: Connection, file_id: int, vendor: str | None, kind: str | None) -> None:
    """An earlier file is read again, as what it is now known to be."""
    conn.execute(update(file).where(file.c.id == file_id).values(vendor=vendor, kind=kind, state=None, filed_at=None))


def set_duplicate_of(conn: Connection, file_id: int, original_id: int) -> None:
    conn.execute(update(file).where(file.c.id == file_id).values(duplicate_of=original_id))


def set_filed(conn: Connection, file_id: int, filed_at: str) -> None:
    """``filed_at`` is relative to the site's folder."""
    conn.execute(update(file).where(file.c.id == file_id).values(filed_at=filed_at))


def get_file(conn: Connection, file_id: int) -> FileRow | None:
    row = conn.execute(select(*_FILE).where(file.c.id == file_id)).one_or_none()
    return None if row is None else _file(row)


def latest_named(conn: Connection, vendor: str, name: str) -> FileRow | None:
    """The newest file of the vendor with this name (in NFC) that was read to its end."""
    read = ("booked", "partly_booked", "held_for_approval", "duplicate")
    query = select(*_FILE).where(file.c.vendor == vendor, file.c.name == name, file.c.state.in_(read))
    row = conn.execute(query.order_by(file.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _file(row)


def add_rehearsed(conn: Connection, rehearsed: FileRow) -> None:
    """The file of a dry run: what its booking writes must hang on something until all is rolled back."""
    insert_if_new(conn, blob, sha256=rehearsed.sha256, size=0, stored_at=rehearsed.received_at)
    conn.execute(insert(file).values(rehearsed._asdict()))


def file_of(conn: Connection, arrival_id: int) -> FileRow:
    """The file that an identified claim is about."""
    return _file(conn.execute(select(*_FILE).join(arrival).where(arrival.c.id == arrival_id)).one())


# --- Readings, events --------------------------------------------------------------------------------------------


def finish_reading(
    conn: Connection,
    reading_id: int,
    file_id: int,
    result: Result,
    *,
    vendor: str | None,
    plugin_version: str | None,
    actor: str,
    started_at: datetime,
    finished_at: datetime,
) -> None:
    """One reading's end: its row, the file's state, an event. The file has to be filed away (again) after it.

    A file of which something is booked is never in quarantine, whatever hinders its next reading.
    """
    if result.state == "quarantined" and (booked := booked_at(conn, file_id)):
        kept = f"what was booked of it before, first at {moment(booked)}, stays booked"
        result = replace(result, state="partly_booked", reasons=[*result.reasons, kept])
    counts = {name: getattr(result.counts, name) for name in COUNTS}
    conn.execute(
        insert(reading).values(
            id=reading_id,
            file_id=file_id,
            vendor=vendor,
            plugin_version=plugin_version,
            actor=actor,
            started_at=started_at,
            finished_at=finished_at,
            state=result.state,
            reasons=result.reasons,
            read=result.counts.read,
            amount=result.amount,
            currency=result.currency,
            total=result.total,
            **counts,
        )
    )
    conn.execute(update(file).where(file.c.id == file_id).values(state=result.state, filed_at=None))
    detail = {"reading": reading_id, "state": result.state, "reasons": result.reasons}
    add_event(conn, at=finished_at, actor=actor, what="read", file_id=file_id, detail=detail)


class Ended(NamedTuple):
    """How and when a file's last reading ended."""

    reading_id: int
    result: Result
    finished_at: datetime


class Acted(NamedTuple):
    """Who did something to a file, when, and what the act has of its own: see hub.intake.pipeline."""

    actor: str
    at: datetime
    detail: dict[str, Any]


def last_reading(conn: Connection, file_id: int) -> Ended:
    """Of a file that has a state."""
    query = select(reading).where(reading.c.file_id == file_id).order_by(reading.c.id.desc()).limit(1)
    return _ended(conn.execute(query).one())


def reading_after(conn: Connection, file_id: int, reading_id: int) -> Ended | None:
    """The file's first reading after that one; None = it has not ended yet."""
    query = select(reading).where(reading.c.file_id == file_id, reading.c.id > reading_id).order_by(reading.c.id)
    row = conn.execute(query.limit(1)).one_or_none()
    return None if row is None else _ended(row)


def booked_at(conn: Connection, file_id: int) -> datetime | None:
    """When the first reading ended that booked something of this file; None = nothing of it is booked (any more)."""
    done = reading.c.booked + reading.c.unmatched + reading.c.failed
    standing = (reading.c.file_id == file_id, done > 0, reading.c.reversed_at.is_(None))
    query = select(func.min(reading.c.finished_at)).where(*standing)
    first: datetime | None = conn.execute(query).scalar_one()
    return first


def last_act(conn: Connection, file_id: int, act: Deed) -> Acted | None:
    query = select(event.c.actor, event.c.at, event.c.detail).where(event.c.file_id == file_id, event.c.what == act)
    row = conn.execute(query.order_by(event.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Acted._make(row)


def moment(at: datetime) -> str:
    """As reasons name it."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def add_event(
    conn: Connection,
    *,
    at: datetime,
    actor: str,
    what: str,
    arrival_id: int | None = None,
    file_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Append-only: nothing in the hub changes or deletes an event."""
    values = {"at": at, "actor": actor, "what": what, "arrival_id": arrival_id, "file_id": file_id}
    conn.execute(insert(event).values(**values, detail=detail or {}))


def _arrival(row: Row[Any] | None) -> Arrival | None:
    return None if row is None else Arrival._make(row)


def _file(row: Row[Any]) -> FileRow:
    return FileRow._make(row)


def _ended(row: Row[Any]) -> Ended:
    counts = Counts(**{name: getattr(row, name) for name in COUNTS})
    return Ended(row.id, Result(row.state, list(row.reasons), counts, row.amount, row.currency), row.finished_at)
