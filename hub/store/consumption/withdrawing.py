"""Taking back what a file has brought to consumption accounts: each is as it was before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, exists, select, update

from hub.store.consumption.accounts import set_account_state
from hub.store.consumption.results import revisions_of
from hub.store.consumption.settled import credit_notes_of
from hub.store.lookup import among
from hub.store.tables import consumption_account, consumption_result, consumption_revision, reading


class Brought(NamedTuple):
    """A revision that stands, by the file that has brought it."""

    id: int
    account_id: int
    property_id: int
    seq: int


def brought_by(conn: Connection, readings: Collection[int]) -> Sequence[Brought]:
    ours = exists().where(
        consumption_result.c.revision_id == consumption_revision.c.id,
        among(conn, consumption_result.c.reading_id, readings),
    )
    query = (
        select(
            consumption_revision.c.id,
            consumption_revision.c.account_id,
            consumption_account.c.property_id,
            consumption_revision.c.seq,
        )
        .join_from(consumption_revision, consumption_account)
        .where(ours, consumption_revision.c.state != "withdrawn")
        .order_by(consumption_revision.c.id)
    )
    return [Brought(*row) for row in conn.execute(query)]


def entries_of(conn: Connection, readings: Collection[int]) -> list[int]:
    """All by which results of these readings were booked, whoever did that, with the credit notes beside them."""
    query = select(consumption_result.c.entry_id).where(
        among(conn, consumption_result.c.reading_id, readings), consumption_result.c.entry_id.is_not(None)
    )
    booked = list(conn.scalars(query))
    return [*booked, *credit_notes_of(conn, booked)]


def replaced_by(conn: Connection, account_id: int, seq: int) -> int | None:
    """The file of a later revision of the account that stands and replaces what was there; None = there is none."""
    later = (
        select(reading.c.file_id)
        .join_from(consumption_revision, consumption_result)
        .join(reading, reading.c.id == consumption_result.c.reading_id)
        .where(
            consumption_revision.c.account_id == account_id,
            consumption_revision.c.seq > seq,
            consumption_revision.c.what == "replaces",
            consumption_revision.c.state == "booked",
        )
        .order_by(consumption_revision.c.seq.desc())
    )
    return conn.execute(later.limit(1)).scalar()


def withdraw(conn: Connection, revisions: Collection[Brought]) -> None:
    """They count no more. An account of which something else is booked stays booked, any other waits again."""
    ids = [one.id for one in revisions]
    conn.execute(
        update(consumption_revision).where(among(conn, consumption_revision.c.id, ids)).values(state="withdrawn")
    )
    for account_id in {one.account_id for one in revisions}:
        left = {one.state for one in revisions_of(conn, account_id, standing=True)}
        set_account_state(conn, account_id, "booked" if left == {"booked"} else "open")
