"""Files fetched from vendors' servers: what lies there is compared with this, and never with the newest time of a file.

A row stands for one file under one name until it is seen to be gone, so that nothing is fetched twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Column, Connection, Row, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hub.store import journal
from hub.store.bulk import insert_if_new
from hub.store.results import State
from hub.store.tables import arrival, blob, fetched, file

#: Folder, printable name, bytes, the server's own time in seconds: what says that it is the same file.
There: TypeAlias = tuple[str, str, int, int]
#: Nothing more is to be done about a file in one of these: it may be removed where it came from.
_DEALT_WITH: tuple[State, ...] = ("booked", "partly_booked", "duplicate", "ignored", "reversed")
_KEYS_A_STATEMENT = 500
#: What no two open claims share.
_ARRIVAL_KEY = ("source", "name", "size", "mtime_ns")


class Fetched(NamedTuple):
    """``arrival_id``: the claim that takes it in. None = it was refused, and ``refusal`` says why.

    ``refusal`` of one that was fetched: why it cannot be removed there. ``cleared_at``: when it was; ``gone_at``: when
    it was seen to lie there no more.
    """

    id: int
    vendor: str
    folder: str
    name: str
    size: int
    mtime: int
    arrival_id: int | None
    refusal: str | None
    at: datetime
    cleared_at: datetime | None
    gone_at: datetime | None

    @property
    def there(self) -> There:
        return self.folder, self.name, self.size, self.mtime


class By(NamedTuple):
    """Who takes files: person or daemon, and the process that works on them until its lease ends."""

    actor: str
    owner: str
    lease_until: datetime


_FETCHED = [fetched.c[name] for name in Fetched._fields]


def source_of(vendor: str, folder: str) -> str:
    """The source of its arrivals; no folder of this machine is called so."""
    return f"sftp://{vendor}/{folder}"


def known(conn: Connection, vendor: str) -> dict[There, Fetched]:
    """All that was fetched or refused and, as far as anybody knows, lies there still."""
    query = select(*_FETCHED).where(fetched.c.vendor == vendor, fetched.c.gone_at.is_(None))
    return {one.there: one for one in map(Fetched._make, conn.execute(query))}


def take(conn: Connection, vendor: str, got: Mapping[There, str], by: By, now: datetime) -> int:
    """Claims files whose bytes (by sha256) are in the content store; how many of them are ours now.

    Of the others somebody else has a claim, and nothing was written. While another transaction takes the same,
    PostgreSQL waits for how that ends: give them in the same order everywhere.
    """
    same = {_arrival_key(vendor, there): (there, sha256) for there, sha256 in got.items()}
    _insert_new(conn, blob, [{"sha256": got[there], "size": there[2], "stored_at": now} for there in got])
    claims = [
        {
            **dict(zip(_ARRIVAL_KEY, key, strict=True)),
            "door": vendor,
            "owner": by.owner,
            "lease_until": by.lease_until,
            "claimed_at": now,
            "sha256": sha256,
        }
        for key, (_, sha256) in same.items()
    ]
    columns = [arrival.c.id, *(arrival.c[name] for name in _ARRIVAL_KEY)]
    made = {row[0]: same[tuple(row[1:])] for row in _insert_new(conn, arrival, claims, *columns)}
    _forget_refused(conn, vendor, [there for there, _ in made.values()])
    rows = [_row(vendor, there, now, arrival_id=id_) for id_, (there, _) in made.items()]
    ours = {arrival_id for (arrival_id,) in _insert_new(conn, fetched, rows, fetched.c.arrival_id)}
    # Fetched by another hub since we have looked, and filed away already.
    lost = made.keys() - ours
    if lost:
        conn.execute(delete(arrival).where(arrival.c.id.in_(lost)))
    for id_ in sorted(ours):
        (folder, name, size, mtime), sha256 = made[id_]
        source = source_of(vendor, folder)
        detail = {"from": source, "name": name, "size": size, "mtime": mtime, "sha256": sha256}
        journal.add_event(conn, at=now, actor=by.actor, what="fetched", arrival_id=id_, detail=detail)
    return len(ours)


def refuse(conn: Connection, vendor: str, there: There, why: str, now: datetime) -> bool:
    """Notes a file that is not fetched; whether nobody had before."""
    return insert_if_new(conn, fetched, **_row(vendor, there, now, refusal=why))


def note_gone(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    """They lie there no more: whatever has their names from now on is another file."""
    _set(conn, ids, gone_at=now)


def note_cleared(conn: Connection, ones: Sequence[Fetched], how: str, now: datetime, actor: str) -> None:
    """They were removed there by us; ``how`` is for people."""
    _set(conn, [one.id for one in ones], cleared_at=now, gone_at=now, refusal=None)
    for one in ones:
        detail = {"there": how, "from": source_of(one.vendor, one.folder)}
        journal.add_event(conn, at=now, actor=actor, what="cleared", arrival_id=one.arrival_id, detail=detail)


def note_not_cleared(conn: Connection, id_: int, why: str) -> None:
    """It could not be removed there."""
    _set(conn, [id_], refusal=why)


def clearable(conn: Connection, vendor: str) -> list[Fetched]:
    """What may be removed there: filed away here, and in a state in which nothing more is to be done about it.

    Those come first that nobody has tried to remove yet.
    """
    query = (
        select(*_FETCHED)
        .join(arrival, arrival.c.id == fetched.c.arrival_id)
        .join(file, file.c.id == arrival.c.file_id)
        .where(
            fetched.c.vendor == vendor,
            fetched.c.gone_at.is_(None),
            arrival.c.closed_at.is_not(None),
            file.c.state.in_(_DEALT_WITH),
        )
        .order_by(fetched.c.refusal.is_not(None), fetched.c.id)
    )
    return [Fetched._make(row) for row in conn.execute(query)]


def of_file(conn: Connection, file_id: int) -> list[Fetched]:
    """Whence a file came, oldest first; none where it was dropped into a folder."""
    query = select(*_FETCHED).join(arrival, arrival.c.id == fetched.c.arrival_id).where(arrival.c.file_id == file_id)
    return [Fetched._make(row) for row in conn.execute(query.order_by(fetched.c.id))]


def _arrival_key(vendor: str, there: There) -> tuple[object, ...]:
    folder, name, size, mtime = there
    return source_of(vendor, folder), name, size, mtime * 10**9


def _row(vendor: str, there: There, now: datetime, **values: object) -> dict[str, object]:
    folder, name, size, mtime = there
    its = {"vendor": vendor, "folder": folder, "name": name, "size": size, "mtime": mtime, "at": now}
    return {**its, "arrival_id": None, "refusal": None, **values}


def _forget_refused(conn: Connection, vendor: str, theirs: Collection[There]) -> None:
    """What was refused and is fetched now: the limit that it was over has been raised."""
    refused = select(fetched.c.id, *(fetched.c[name] for name in ("folder", "name", "size", "mtime"))).where(
        fetched.c.vendor == vendor, fetched.c.gone_at.is_(None), fetched.c.arrival_id.is_(None)
    )
    ids = [row[0] for row in conn.execute(refused) if tuple(row[1:]) in theirs]
    if ids:
        conn.execute(delete(fetched).where(fetched.c.id.in_(ids)))


def _set(conn: Connection, ids: Sequence[int], **values: object) -> None:
    for start in range(0, len(ids), _KEYS_A_STATEMENT):
        conn.execute(update(fetched).where(fetched.c.id.in_(ids[start : start + _KEYS_A_STATEMENT])).values(values))


def _insert_new(
    conn: Connection, table: Table, rows: Sequence[Mapping[str, object]], *columns: Column[Any]
) -> list[Row[Any]]:
    """Those that no UNIQUE rule says are there already; their ``columns``."""
    if not rows:
        return []
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    made = dialect.insert(table).on_conflict_do_nothing()
    if not columns:
        conn.execute(made, rows)
        return []
    return list(conn.execute(made.returning(*columns), rows))
