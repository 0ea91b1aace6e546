"""That what went out to the books is what its entries are: each once, none gone, every file with its control total."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, case, func, or_, select

from hub.store.tables import batch, company, entry, exported, journal_export, posting
from hub.store.verify_rule import kr, told_by, zero

_CHUNK_BYTES = 1 << 20


class _Content(NamedTuple):
    """``lines`` are those of the file, a heading included."""

    sha256: str
    lines: int


def wrong_exports(conn: Connection) -> Iterator[str]:
    """A sentence for each posting journal, or entry in one, that is not what it was."""
    yield from told_by(conn, _strangers(), _tell_stranger)
    # Without the files, which are read one at a time.
    for row in conn.execute(_exports()).all():
        yield from _wrong_export(conn, row)


def _strangers() -> Select[Any]:
    """An exported entry is there, and of the company whose journal has it."""
    return (
        select(exported.c.entry_id, exported.c.export_id, company.c.number, entry.c.key)
        .join_from(exported, journal_export, journal_export.c.id == exported.c.export_id, isouter=True)
        .join(company, company.c.id == journal_export.c.company_id, isouter=True)
        .join(entry, entry.c.id == exported.c.entry_id, isouter=True)
        .join(batch, batch.c.id == entry.c.batch_id, isouter=True)
        .where(
            or_(journal_export.c.id.is_(None), entry.c.id.is_(None), batch.c.company_id != journal_export.c.company_id)
        )
    )


def _tell_stranger(row: Row[Any]) -> str:
    if row.number is None:
        return f"entry {row.entry_id} was exported with journal {row.export_id}, which is not there"
    whose = "which is not there" if row.key is None else f"({row.key}), which is another company's"
    return f"journal {row.export_id} of company {row.number} has entry {row.entry_id}, {whose}"


def _exports() -> Select[Any]:
    moved = (
        select(
            exported.c.export_id,
            func.count(exported.c.entry_id.distinct()).label("entries"),
            func.count().filter(posting.c.amount != 0).label("lines"),
            func.sum(case((posting.c.amount > 0, posting.c.amount), else_=0)).label("debit"),
        )
        .join_from(exported, posting, posting.c.entry_id == exported.c.entry_id)
        .group_by(exported.c.export_id)
        .subquery()
    )
    its = journal_export.c
    return (
        select(
            its.id,
            company.c.number,
            its.sha256,
            its.entries,
            its.debit,
            its.credit,
            zero(moved.c.entries).label("found"),
            zero(moved.c.lines).label("lines"),
            zero(moved.c.debit).label("moved"),
        )
        .join_from(journal_export, company, company.c.id == its.company_id)
        .join(moved, moved.c.export_id == its.id, isouter=True)
        .order_by(its.id)
    )


def _wrong_export(conn: Connection, row: Row[Any]) -> Iterator[str]:
    named = f"journal {row.id} of company {row.number}"
    content = _content(conn, row.id)
    if content is None or content.sha256 != row.sha256:
        yield f"{named}: its file is not the one that went out, whose SHA-256 was {row.sha256}"
        return
    if row.found != row.entries:
        yield f"{named} went out with {row.entries} entries, and has {row.found}"
    # A line a posting; a summary has fewer, and what it nets is left out of its total.
    in_full = content.lines >= row.lines
    if row.debit != row.credit or row.debit > row.moved or (in_full and row.debit != row.moved):
        yield (
            f"{named} went out with a control total of {kr(row.debit)} debit and {kr(row.credit)} credit, its entries "
            f"move {kr(row.moved)}"
        )


def _content(conn: Connection, export_id: int) -> _Content | None:
    """None where it cannot be unpacked."""
    packed: bytes = conn.execute(select(journal_export.c.content).where(journal_export.c.id == export_id)).scalar_one()
    unpacker, digest, lines = zlib.decompressobj(), sha256(), 0
    try:
        while packed:
            part = unpacker.decompress(packed, _CHUNK_BYTES)
            packed = unpacker.unconsumed_tail
            part += b"" if packed else unpacker.flush()
            digest.update(part)
            lines += part.count(b"\n")
    except zlib.error:
        return None
    return _Content(digest.hexdigest(), lines) if unpacker.eof else None
