"""That collections demand what their tenancies owe, to the øre, and are answered on their balances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, or_, select

from hub.store.tables import (
    charge_line,
    collection,
    collection_line,
    collection_result,
    entry,
    posting,
    tenancy,
)
from hub.store.verify_rule import kr, told_by, zero

#: Section 0215 gives back no more of a reference (R12).
_REFERENCE_CHARACTERS = 9


def wrong_collections(conn: Connection) -> Iterator[str]:
    """A sentence for each row that is not what it should be."""
    for query, told in (
        (_collections(), _tell_collection),
        (_sums(), _tell_sum),
        (_lines(), _tell_line),
        (_results(), _tell_result),
    ):
        yield from told_by(conn, query, told)


def _collections() -> Select[Any]:
    """Its tenancy is the company's; its reference can come back whole. That it is unique is a rule of the database."""
    return (
        select(collection.c.id, collection.c.reference, tenancy.c.key)
        .outerjoin_from(collection, tenancy, tenancy.c.id == collection.c.tenancy_id)
        .where(
            or_(
                tenancy.c.id.is_(None),
                tenancy.c.company_id != collection.c.company_id,
                func.length(collection.c.reference) != _REFERENCE_CHARACTERS,
            )
        )
    )


def _tell_collection(row: Row[Any]) -> str:
    return (
        f"collection {row.id} of {row.key} is of another company than its tenancy, or its reference {row.reference!r} "
        "has not nine characters (R12)"
    )


def _sums() -> Select[Any]:
    """What it demands line by line is its amount; a payout demands nothing."""
    lines = zero(func.sum(collection_line.c.amount))
    return (
        select(collection.c.id, collection.c.amount, lines.label("lines"))
        .outerjoin_from(collection, collection_line, collection_line.c.collection_id == collection.c.id)
        .group_by(collection.c.id, collection.c.amount)
        .having(lines != case((collection.c.amount < 0, 0), else_=collection.c.amount))
    )


def _tell_sum(row: Row[Any]) -> str:
    return f"collection {row.id} is of {kr(row.amount)}, and its lines demand {kr(row.lines)}"


def _lines() -> Select[Any]:
    return (
        select(collection_line.c.collection_id, collection_line.c.line_id)
        .outerjoin_from(collection_line, collection, collection.c.id == collection_line.c.collection_id)
        .outerjoin(charge_line, charge_line.c.id == collection_line.c.line_id)
        .where(
            or_(
                collection.c.id.is_(None),
                charge_line.c.id.is_(None),
                charge_line.c.tenancy_id != collection.c.tenancy_id,
                ~collection_line.c.amount.between(1, charge_line.c.amount),
            )
        )
    )


def _tell_line(row: Row[Any]) -> str:
    return (
        f"collection {row.collection_id} demands charge line {row.line_id}, which is not its tenancy's, or not so much"
    )


def _results() -> Select[Any]:
    """An answer is an entry on the balance of the tenancy that was asked."""
    return (
        select(collection_result.c.entry_id, collection_result.c.collection_id)
        .outerjoin_from(collection_result, collection, collection.c.id == collection_result.c.collection_id)
        .outerjoin(tenancy, tenancy.c.id == collection.c.tenancy_id)
        .outerjoin(entry, entry.c.id == collection_result.c.entry_id)
        .outerjoin(posting, and_(posting.c.entry_id == entry.c.id, posting.c.seq == 0))
        .where(
            or_(collection.c.id.is_(None), posting.c.entry_id.is_(None), posting.c.account_id != tenancy.c.account_id)
        )
    )


def _tell_result(row: Row[Any]) -> str:
    return (
        f"entry {row.entry_id} is said to answer collection {row.collection_id}, and is not on the balance of the "
        "tenancy that was asked"
    )
