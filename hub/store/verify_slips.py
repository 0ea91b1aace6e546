"""That each payment slip is what it says: its id by the check digit, whose charge and collection it pays (R14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, exists, func, or_, select

from hub.ledger.fik import CARD_TYPES, SlipError, judged_id
from hub.store.collecting.slips import OWN, VENDOR
from hub.store.tables import charge, charge_line, collection, collection_line, slip, tenancy
from hub.store.verify_rule import kr, told_by

#: Rows fetched at once of an answer that may be of any length.
_IN_PARTS = {"yield_per": 2_000}


def wrong_slips(conn: Connection) -> Iterator[str]:
    """A sentence for each slip that is not what it should be, and each own-slip collection that has none."""
    yield from _ids(conn)
    yield from told_by(conn, _repeated(), _tell_repeated)
    yield from told_by(conn, _misplaced(), _tell_misplaced)
    yield from told_by(conn, _without(), _tell_without)


def _ids(conn: Connection) -> Iterator[str]:
    query = select(slip.c.id, slip.c.card_type, slip.c.payment_id).order_by(slip.c.id)
    for row in conn.execute(query, execution_options=_IN_PARTS):
        kind = CARD_TYPES.get(row.card_type)
        if kind is None:
            yield f"slip {row.id} is of card type {row.card_type!r}, which there is not"
        elif not kind.id_digits:
            if row.payment_id:
                yield f"slip {row.id} of type {row.card_type} has payment id {row.payment_id}, that type has none"
        else:
            try:
                judged_id(row.card_type, row.payment_id)
            except SlipError as error:
                yield f"slip {row.id}: {error}"


def _repeated() -> Select[Any]:
    """An id pays one thing under its creditor number, for good."""
    key = (slip.c.slip_creditor, slip.c.card_type, slip.c.payment_id)
    return (
        select(*key, func.count().label("slips"), func.min(slip.c.id).label("first"))
        .where(slip.c.payment_id != "")
        .group_by(*key)
        .having(func.count() > 1)
    )


def _tell_repeated(row: Row[Any]) -> str:
    return f"{row.slips} slips have payment id {row.payment_id} under {row.slip_creditor}, slip {row.first} first"


def _misplaced() -> Select[Any]:
    """An own slip pays a charge that its collection demands, of its tenancy, all of it, on the day that it is due."""
    own = slip.c.origin == OWN
    demands_it = (
        exists()
        .where(
            collection_line.c.collection_id == slip.c.collection_id,
            collection_line.c.line_id == charge_line.c.id,
            charge_line.c.charge_id == slip.c.charge_id,
        )
        .correlate(slip)
    )
    gone = or_(tenancy.c.id.is_(None), charge.c.id.is_(None), collection.c.id.is_(None))
    others = or_(
        tenancy.c.company_id != slip.c.company_id,
        collection.c.company_id != slip.c.company_id,
        collection.c.tenancy_id != slip.c.tenancy_id,
        charge.c.tenancy_id != slip.c.tenancy_id,
    )
    fault = case(
        (slip.c.origin.not_in((OWN, VENDOR)), "is neither ours nor the vendor's"),
        (and_(own, gone), "has no tenancy, charge or collection"),
        (others, "is of another tenancy or company than what it pays"),
        (and_(own, collection.c.channel != "own_slip"), "pays a collection that goes another way"),
        (and_(own, ~demands_it), "is of a charge that its collection does not demand"),
        (and_(own, collection.c.amount != slip.c.amount), "demands another amount than its collection"),
        (and_(own, collection.c.due_date != slip.c.due_date), "is due on another day than its collection"),
    ).label("fault")
    return (
        select(slip.c.id, slip.c.amount, fault)
        .join_from(slip, tenancy, tenancy.c.id == slip.c.tenancy_id, isouter=True)
        .join(collection, collection.c.id == slip.c.collection_id, isouter=True)
        .join(charge, charge.c.id == slip.c.charge_id, isouter=True)
        .where(fault.is_not(None))
        .order_by(slip.c.id)
    )


def _tell_misplaced(row: Row[Any]) -> str:
    return f"slip {row.id} of {kr(row.amount)} {row.fault}"


def _without() -> Select[Any]:
    """What goes by own slip has one: its payment id was stored with it."""
    has_one = exists().where(slip.c.collection_id == collection.c.id, slip.c.origin == OWN).correlate(collection)
    return (
        select(collection.c.id, tenancy.c.key)
        .join_from(collection, tenancy, tenancy.c.id == collection.c.tenancy_id)
        .where(collection.c.channel == "own_slip", ~has_one)
    )


def _tell_without(row: Row[Any]) -> str:
    return f"tenancy {row.key}: collection {row.id} goes by an own slip, and there is none"
