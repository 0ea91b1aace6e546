"""Rounds: each look at a vendor's server, and each go at what waits for it. What schedules and overviews stand on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from pydantic import BaseModel
from sqlalchemy import Connection, func, insert, or_, select, text, update

from hub.store.exchange.dispatches import ChannelName
from hub.store.tables import exchange_round

What: TypeAlias = Literal["pull", "push", "tell"]
#: done; failed = a passing fault, it is tried again; stopped = a lasting one, a person is needed.
RoundResult: TypeAlias = Literal["done", "failed", "stopped"]
#: First of the two numbers of PostgreSQL's advisory locks on rounds; any fixed one.
_LOCKS = 0x726F756E


class Round(NamedTuple):
    """One round. ``result`` is None while somebody is at it, and for ever where he was killed over it.

    ``seen``, ``moved``, ``refused`` count files. Of a pull: seen there, fetched, refused. Of a push: tried, sent, not
    sent. Of a tell: notices; ways that took them, and that did not; it is of no vendor. ``settings_hash``: of the
    settings that it was made with (:func:`settings_hash`).
    """

    id: int
    vendor: str
    what: What
    started_at: datetime
    ended_at: datetime | None
    result: RoundResult | None
    text: str
    seen: int
    moved: int
    refused: int
    settings_hash: str


_ROUND = [exchange_round.c[name] for name in Round._fields]


def settings_hash(sections: Iterable[BaseModel]) -> str:
    """Of what a round is made with: after a lasting fault nothing is tried until it differs.

    A secret counts by where it is kept, which is all that settings hold of it.
    """
    return hashlib.sha256("\n".join(section.model_dump_json() for section in sections).encode()).hexdigest()


def lock(conn: Connection, vendor: str, what: What) -> None:
    """Until the end of the transaction nobody else begins such a round: on SQLite nobody writes at all meanwhile."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:a, hashtext(:b))"), {"a": _LOCKS, "b": f"{what} {vendor}"})


def begin(
    conn: Connection, vendor: str, what: What, settings_hash: str, at: datetime, channel: ChannelName | None = None
) -> int:
    """Id of the new round; a push is of one ``channel``, whose name stands before its text."""
    values = {"vendor": vendor, "what": what, "settings_hash": settings_hash, "started_at": at}
    counts = {"text": "" if channel is None else _of(channel), "seen": 0, "moved": 0, "refused": 0}
    made = insert(exchange_round).values(values | counts).returning(exchange_round.c.id)
    return int(conn.execute(made).scalar_one())


def end(
    conn: Connection, id: int, result: RoundResult, text: str, seen: int, moved: int, refused: int, at: datetime
) -> None:
    """``text`` says to people how it went; the name of a push's channel stands before it already."""
    values = {"result": result, "text": exchange_round.c.text + text, "ended_at": at}
    counts = {"seen": seen, "moved": moved, "refused": refused}
    conn.execute(update(exchange_round).where(exchange_round.c.id == id).values(values | counts))


def get(conn: Connection, id: int) -> Round:
    return Round._make(conn.execute(select(*_ROUND).where(exchange_round.c.id == id)).one())


def last(conn: Connection, vendor: str, what: What) -> Round | None:
    """The one that began last, whatever became of it."""
    query = select(*_ROUND).where(exchange_round.c.vendor == vendor, exchange_round.c.what == what)
    row = conn.execute(query.order_by(exchange_round.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Round._make(row)


def last_with(conn: Connection, vendor: str, what: What, settings_hash: str) -> Round | None:
    """The one that began last of those made with just these settings."""
    same = (exchange_round.c.vendor == vendor, exchange_round.c.what == what)
    query = select(*_ROUND).where(*same, exchange_round.c.settings_hash == settings_hash)
    row = conn.execute(query.order_by(exchange_round.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Round._make(row)


def last_push(conn: Connection, vendor: str, channel: ChannelName) -> Round | None:
    """The push of the channel that began last, whatever became of it."""
    its = (exchange_round.c.vendor == vendor, exchange_round.c.what == "push")
    query = select(*_ROUND).where(*its, exchange_round.c.text.startswith(_of(channel)))
    row = conn.execute(query.order_by(exchange_round.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Round._make(row)


def last_rounds(conn: Connection) -> list[Round]:
    """The last one of each vendor, pulls and pushes."""
    latest = select(func.max(exchange_round.c.id)).group_by(exchange_round.c.vendor, exchange_round.c.what)
    query = select(*_ROUND).where(exchange_round.c.id.in_(latest))
    return [Round._make(row) for row in conn.execute(query.order_by(exchange_round.c.vendor, exchange_round.c.what))]


def last_look(conn: Connection, vendor: str, what: What) -> Round | None:
    """The last that no fault has ended: it got where it wanted, or nobody knows (it is at it, or was killed)."""
    its = (exchange_round.c.vendor == vendor, exchange_round.c.what == what)
    unhindered = or_(exchange_round.c.result.is_(None), exchange_round.c.result == "done")
    query = select(*_ROUND).where(*its, unhindered).order_by(exchange_round.c.id.desc()).limit(1)
    row = conn.execute(query).one_or_none()
    return None if row is None else Round._make(row)


def failures_in_a_row(conn: Connection, vendor: str, what: What) -> int:
    """How many of the last rounds, without one of another end between them, a passing fault has ended."""
    its = (exchange_round.c.vendor == vendor, exchange_round.c.what == what)
    others = exchange_round.c.result.is_distinct_from("failed")
    before = select(func.coalesce(func.max(exchange_round.c.id), 0)).where(*its, others).scalar_subquery()
    return int(conn.execute(select(func.count()).where(*its, exchange_round.c.id > before)).scalar_one())


def _of(channel: ChannelName) -> str:
    return f"{channel}: "
