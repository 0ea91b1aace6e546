"""Members of zips in the journal: what each was, what became of it, and how much one zip holds in all.

An encrypted file is as a zip with one member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import CTE, Connection, func, insert, select

from hub.store import journal
from hub.store.bulk import insert_if_new, insert_rows
from hub.store.journal import Arrival
from hub.store.results import State
from hub.store.tables import arrival, blob, document, event, file, outcome, reading

#: What begins a pass over a zip: it came, came again, or a person has it read again.
_BEGINNINGS = ("identified", "retried")
_UNPACKED = "unpacked"
#: Kinds of files that are taken apart.
ZIP, PGP = "zip", "pgp"
ENVELOPES = (ZIP, PGP)


class Taken(NamedTuple):
    """What became of a member's last arrival. ``state`` is None while it is being read.

    ``dropped``: it was filed as a document and taken off again, or holds such a one; it may be filed anew.
    """

    name: str
    file_id: int
    state: State | None
    dropped: bool


class Held(NamedTuple):
    """How much was taken out of a zip, with what was taken out of the zips in it."""

    members: int
    bytes: int


def claim(
    conn: Connection,
    zipped: Arrival,
    parent_id: int,
    *,
    name: str,
    sha256: str,
    size: int,
    owner: str,
    lease_until: datetime,
    now: datetime,
    actor: str,
    facts: Mapping[str, str],
) -> Arrival:
    """The claim on a member whose bytes are in the content store: as if dropped where the zip lay.

    ``facts`` are told of it in the journal besides.
    """
    insert_if_new(conn, blob, sha256=sha256, size=size, stored_at=now)
    values = {
        "source": zipped.source,
        "name": name,
        "size": size,
        "mtime_ns": 0,
        "door": zipped.door,
        "period_from": zipped.period_from,
        "period_to": zipped.period_to,
        "owner": owner,
        "lease_until": lease_until,
        "claimed_at": now,
        "sha256": sha256,
        "parent_id": parent_id,
    }
    id_ = conn.execute(insert(arrival).values(values).returning(arrival.c.id)).scalar_one()
    detail = {"of": parent_id, "name": name, "size": size, "sha256": sha256, **facts}
    journal.add_event(conn, at=now, actor=actor, what=_UNPACKED, arrival_id=id_, detail=detail)
    return journal.get_claim(conn, id_)


def open_claims(conn: Connection, parent_id: int) -> list[Arrival]:
    """Those on members of the zip, oldest first."""
    return [one for one in journal.open_claims(conn) if one.parent_id == parent_id]


def dealt_with(conn: Connection, parent_id: int) -> set[str]:
    """Names of the members of which it has become known, since the present pass over the zip began, what they are."""
    begun = select(func.max(event.c.id)).where(event.c.file_id == parent_id, event.c.what.in_(_BEGINNINGS))
    query = (
        select(arrival.c.name)
        .join_from(arrival, event, event.c.arrival_id == arrival.c.id)
        .where(
            arrival.c.parent_id == parent_id,
            arrival.c.file_id.is_not(None),
            event.c.what == _UNPACKED,
            event.c.id > begun.scalar_subquery(),
        )
    )
    return set(conn.scalars(query))


def has_dropped(conn: Connection, file_id: int) -> bool:
    """Whether a document that was taken off came in this zip, or in a zip within it."""
    tree = _tree(file_id)
    query = (
        select(file.c.id)
        .join_from(tree, file, file.c.id == tree.c.file_id)
        .join(document, document.c.file_id == file.c.id)
        .where(file.c.state == "reversed", document.c.dropped_at.is_not(None))
    )
    return bool(conn.execute(query.limit(1)).first())


def taken(conn: Connection, parent_id: int) -> list[Taken]:
    """By name, each member's last arrival of which it is known what it is."""
    last = (
        select(func.max(arrival.c.id).label("id"))
        .where(arrival.c.parent_id == parent_id, arrival.c.file_id.is_not(None))
        .group_by(arrival.c.name)
        .subquery()
    )
    query = (
        select(arrival.c.name, file.c.id, file.c.state, file.c.kind, document.c.dropped_at)
        .join_from(last, arrival, arrival.c.id == last.c.id)
        .join(file, file.c.id == arrival.c.file_id)
        .outerjoin(document, document.c.file_id == file.c.id)
        .order_by(arrival.c.name)
    )
    found = []
    for name, file_id, state, kind, dropped_at in conn.execute(query).all():
        dropped = state == "reversed" and dropped_at is not None
        found.append(Taken(name, file_id, state, dropped or (kind in ENVELOPES and has_dropped(conn, file_id))))
    return found


def zips_of(conn: Connection, file_id: int) -> list[int]:
    """The zips that this file ever came in and that are not being taken apart now."""
    query = select(arrival.c.parent_id).join_from(arrival, file, file.c.id == arrival.c.parent_id)
    return sorted(set(conn.scalars(query.where(arrival.c.file_id == file_id, file.c.state.is_not(None)))))


def parent_of(conn: Connection, file_id: int) -> int | None:
    """The zip that the file was taken out of when it came last; None = it was no member."""
    query = select(arrival.c.parent_id).where(arrival.c.file_id == file_id).order_by(arrival.c.id.desc()).limit(1)
    return conn.execute(query).scalar_one_or_none()


def held(conn: Connection, file_id: int) -> Held:
    """Of the zip and all zips within it, each member once however often it was taken out."""
    tree = _tree(file_id)
    once = select(tree.c.parent_id, tree.c.name, tree.c.size).distinct().subquery()
    members, bytes_ = conn.execute(select(func.count(), func.sum(once.c.size)).select_from(once)).one()
    # PostgreSQL sums bigint to numeric.
    return Held(members, int(bytes_ or 0))


def note_refused(conn: Connection, reading_id: int, refused: Sequence[tuple[int, str]]) -> None:
    """Members that were not taken out at this reading of the zip: 1-based position, and name with the reason."""
    insert_rows(conn, outcome, [(reading_id, at, "held", why, None, None, None, None, 0) for at, why in refused])


def refused(conn: Connection, file_id: int) -> list[tuple[int, str]]:
    """What the zip's last reading has not taken out."""
    last = select(func.max(reading.c.id)).where(reading.c.file_id == file_id).scalar_subquery()
    query = select(outcome.c.record, outcome.c.reason).where(outcome.c.reading_id == last).order_by(outcome.c.record)
    return [(record, reason) for record, reason in conn.execute(query)]


def _tree(file_id: int) -> CTE:
    """Members of the zip, and of the zips within it."""
    columns = (arrival.c.parent_id, arrival.c.name, arrival.c.size, arrival.c.file_id)
    tree = select(*columns).where(arrival.c.parent_id == file_id).cte(recursive=True)
    return tree.union(select(*columns).join(tree, tree.c.file_id == arrival.c.parent_id))
