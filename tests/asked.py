"""Collections for tests, put straight into the tables: what a run would have written of charges that are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, update

from hub.store.collecting.collections import NewCollection, add_collections
from hub.store.collecting.slips import VENDOR, NewSlip, add_slips
from hub.store.ids import Ids
from hub.store.tables import charge, charge_line, collection, collection_result, entry, tenancy
from tests.desk import NOW, Desk, ref

CREDITOR, SLIP_CREDITOR = "02345678", "88888888"
#: That of payments of tests/desk.py.
DUE = date(2026, 11, 2)


def asked(
    desk: Desk,
    key: str,
    reference: str,
    *charges: str,
    amount: int | None = None,
    due: date = DUE,
    customer: str | None = None,
    withdrawn: bool = False,
) -> int:
    """The id of a collection of what is open on these charges of a tenancy; of ``amount`` øre where it pays out."""
    with desk.db.write() as conn:
        whose = ref(conn, key)
        open_ = (
            select(charge_line.c.id, charge_line.c.remaining)
            .join(charge, charge.c.id == charge_line.c.charge_id)
            .where(charge.c.tenancy_id == whose.id, charge.c.reference.in_(charges))
        )
        lines = conn.execute(open_.order_by(charge_line.c.id)).all()
        (id_,) = Ids(conn).take("collection", 1)
        number = customer or conn.execute(select(tenancy.c.bs_customer).where(tenancy.c.id == whose.id)).scalar_one()
        total = sum(line.remaining for line in lines) if amount is None else amount
        row = NewCollection(
            id_,
            whose.company_id,
            whose.id,
            None,
            "automatic",
            CREDITOR,
            "00001",
            number,
            "",
            due.isoformat(),
            total,
            reference,
        )
        add_collections(conn, [row], [(id_, line.id, line.remaining) for line in lines])
        if withdrawn:
            conn.execute(update(collection).where(collection.c.id == id_).values(withdrawn_at=NOW))
    return id_


def slip_of(desk: Desk, key: str, payment_id: str, collection_id: int | None, amount: int = 100_00) -> None:
    with desk.db.write() as conn:
        whose = ref(conn, key)
        one = NewSlip(
            *(whose.company_id, SLIP_CREDITOR, "71", payment_id, whose.id, VENDOR, None, collection_id, amount, DUE)
        )
        add_slips(conn, [one], at=NOW, actor="test")


def results(desk: Desk) -> Sequence[tuple[object, ...]]:
    """(kind of the entry, collection) of every answer, oldest first."""
    query = select(entry.c.kind, collection_result.c.collection_id)
    return desk.all(query.join(entry, entry.c.id == collection_result.c.entry_id).order_by(entry.c.id))
