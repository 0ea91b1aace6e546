"""Notices: what a person is to be told once. What is open now, and what of it was told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from hub.store import bulk
from hub.store.lookup import among
from hub.store.tables import notice


class Matter(NamedTuple):
    """Something that needs a person. ``about`` names it, the same for as long as it is open."""

    about: str
    kind: str
    #: "" = nobody's.
    vendor: str
    text: str


class Notice(NamedTuple):
    """A matter that was written down for a person, and not told yet."""

    id: int
    about: str
    kind: str
    vendor: str
    text: str
    #: When it was first seen.
    at: datetime


def untold(conn: Connection) -> list[Notice]:
    """The oldest first."""
    columns = [notice.c[name] for name in Notice._fields]
    query = select(*columns).where(notice.c.told_at.is_(None)).order_by(notice.c.id)
    return [Notice._make(row) for row in conn.execute(query)]


def keep(conn: Connection, open_: Sequence[Matter], at: datetime) -> list[Notice]:
    """Writes down what is new, forgets what is over and was never told; gives what is to be told."""
    for matter in new_of(conn, open_):
        bulk.insert_if_new(conn, notice, **matter._asdict(), at=at, told_at=None)
    names = {matter.about for matter in open_}
    waiting = untold(conn)
    over = [one.id for one in waiting if one.about not in names]
    if over:
        conn.execute(delete(notice).where(among(conn, notice.c.id, over)))
    return [one for one in waiting if one.about in names]


def new_of(conn: Connection, open_: Sequence[Matter]) -> list[Matter]:
    """Those that were never written down."""
    names = [matter.about for matter in open_]
    known = set(conn.execute(select(notice.c.about).where(among(conn, notice.c.about, names))).scalars())
    return [matter for matter in open_ if matter.about not in known]


def set_told(conn: Connection, ids: Collection[int], at: datetime) -> None:
    conn.execute(update(notice).where(among(conn, notice.c.id, ids)).values(told_at=at))
