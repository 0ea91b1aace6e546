"""What came of consumption accounts: revisions, their lines, and what of them is booked and stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, insert, select, update

from hub.ledger import kinds
from hub.store.lookup import among
from hub.store.tables import (
    batch,
    consumption_result,
    consumption_revision,
    entry,
    posting,
    reading,
    tenancy,
)

#: first; adds (supplementary, or of tenants that had none yet); replaces (revised, R29); carried (booked before
#: accounts existed, R31).
What: TypeAlias = Literal["first", "adds", "replaces", "carried"]
State: TypeAlias = Literal["waits", "booked", "withdrawn"]


class Revision(NamedTuple):
    """As the table has it."""

    id: int
    account_id: int
    #: From 0.
    seq: int
    what: What
    vendor: str
    state: State
    taken_at: datetime
    actor: str
    booked_at: datetime | None
    accepted: str | None


class Line(NamedTuple):
    """One tenant's line of a revision; øre. As the table has it."""

    id: int
    revision_id: int
    unit: str
    tenant: str
    #: None = a vacancy, which is the owner's (R32).
    tenancy_id: int | None
    standing: str
    charge_type: str
    measure: str
    amount: int
    on_account_told: int | None
    on_account: int
    result: int
    reading_id: int
    record: int
    entry_id: int | None


class NewLine(NamedTuple):
    """A line as it was read, of a revision that is being taken in; øre."""

    unit: str
    tenant: str
    tenancy_id: int | None
    charge_type: str
    measure: str
    amount: int
    on_account_told: int | None
    record: int


_REVISION = [consumption_revision.c[name] for name in Revision._fields]
_LINE = [consumption_result.c[name] for name in Line._fields]


def add_revision(
    conn: Connection,
    account_id: int,
    what: What,
    *,
    vendor: str,
    actor: str,
    at: datetime,
    state: State = "waits",
    booked_at: datetime | None = None,
) -> Revision:
    """The account's next one; withdrawn ones keep their numbers, so that no business key is made twice."""
    last = select(func.max(consumption_revision.c.seq)).where(consumption_revision.c.account_id == account_id)
    seq = conn.execute(last).scalar_one()
    values = {
        "account_id": account_id,
        "seq": 0 if seq is None else seq + 1,
        "what": what,
        "vendor": vendor,
        "state": state,
        "taken_at": at,
        "actor": actor,
        "booked_at": booked_at,
    }
    return Revision(*conn.execute(insert(consumption_revision).values(values).returning(*_REVISION)).one())


def set_what(conn: Connection, revision_id: int, what: What) -> None:
    conn.execute(update(consumption_revision).where(consumption_revision.c.id == revision_id).values(what=what))


def set_booked(conn: Connection, revision_id: int, at: datetime, accepted: str | None) -> None:
    values = {"state": "booked", "booked_at": at, "accepted": accepted}
    conn.execute(update(consumption_revision).where(consumption_revision.c.id == revision_id).values(values))


def drop_revision(conn: Connection, revision_id: int) -> None:
    """One that has turned out, within the transaction that made it, to say nothing new."""
    conn.execute(delete(consumption_result).where(consumption_result.c.revision_id == revision_id))
    conn.execute(delete(consumption_revision).where(consumption_revision.c.id == revision_id))


def add_lines(conn: Connection, revision_id: int, reading_id: int, lines: Iterable[NewLine]) -> None:
    """As read: what they come to is :func:`set_figures`'s."""
    more = {"revision_id": revision_id, "reading_id": reading_id, "on_account": 0}
    rows = [
        {**one._asdict(), **more, "result": one.amount, "standing": "vacant" if one.tenancy_id is None else "present"}
        for one in lines
    ]
    if rows:
        conn.execute(insert(consumption_result), rows)


def drop_lines(conn: Connection, line_ids: Collection[int]) -> None:
    conn.execute(delete(consumption_result).where(among(conn, consumption_result.c.id, line_ids)))


def set_figures(conn: Connection, lines: Iterable[Line]) -> None:
    """How each tenant stands, what is on account by our books, and what each line books."""
    rows = [{"of": one.id, "stands": one.standing, "asked": one.on_account, "books": one.result} for one in lines]
    if rows:
        conn.execute(
            update(consumption_result)
            .where(consumption_result.c.id == bindparam("of"))
            .values(standing=bindparam("stands"), on_account=bindparam("asked"), result=bindparam("books")),
            rows,
        )


def set_entries(conn: Connection, booked: Iterable[tuple[int, int]]) -> None:
    """(line, the entry that books it)"""
    rows = [{"of": line_id, "by": entry_id} for line_id, entry_id in booked]
    if rows:
        conn.execute(
            update(consumption_result)
            .where(consumption_result.c.id == bindparam("of"))
            .values(entry_id=bindparam("by")),
            rows,
        )


def revisions_of(conn: Connection, account_id: int, *, standing: bool = False) -> Sequence[Revision]:
    """In order; ``standing`` leaves the withdrawn ones out."""
    query = select(*_REVISION).where(consumption_revision.c.account_id == account_id)
    if standing:
        query = query.where(consumption_revision.c.state != "withdrawn")
    return [Revision(*row) for row in conn.execute(query.order_by(consumption_revision.c.seq))]


def lines_of(conn: Connection, revision_ids: Collection[int]) -> Sequence[Line]:
    """By revision, then as they stand in the file."""
    query = select(*_LINE).where(among(conn, consumption_result.c.revision_id, revision_ids))
    return [
        Line(*row)
        for row in conn.execute(query.order_by(consumption_result.c.revision_id, consumption_result.c.record))
    ]


def tenancies_in(conn: Connection, revision_id: int, tenancy_ids: Collection[int]) -> dict[int, int]:
    """Those that have a line there already: its record, by tenancy id."""
    query = select(consumption_result.c.tenancy_id, consumption_result.c.record).where(
        consumption_result.c.revision_id == revision_id, among(conn, consumption_result.c.tenancy_id, tenancy_ids)
    )
    return dict(conn.execute(query).all())


def taken_from(conn: Connection, file_id: int) -> dict[int, int]:
    """What earlier readings of a file have brought and nobody took back: the account's id by record."""
    query = (
        select(consumption_result.c.record, consumption_revision.c.account_id)
        .join_from(reading, consumption_result, consumption_result.c.reading_id == reading.c.id)
        .join(consumption_revision, consumption_revision.c.id == consumption_result.c.revision_id)
        .where(reading.c.file_id == file_id, consumption_revision.c.state != "withdrawn")
    )
    return dict(conn.execute(query).all())


def stands(entry_id: ColumnElement[int | None]) -> ColumnElement[bool]:
    """Whether the entry was booked, and no reversal has taken it back."""
    back = entry.alias()
    return entry_id.is_not(None) & ~exists().where(back.c.corrects == entry_id, back.c.kind == kinds.REVERSAL)


def taken_back(conn: Connection, entry_ids: Collection[int]) -> set[int]:
    """Those of them that a reversal has taken back."""
    query = select(entry.c.corrects).where(among(conn, entry.c.corrects, entry_ids), entry.c.kind == kinds.REVERSAL)
    return set(conn.scalars(query))


def booked_so_far(conn: Connection, account_id: int) -> dict[tuple[str, str], int]:
    """Øre by unit and tenant that stands of all that the account's revisions have booked."""
    its = (consumption_result.c.unit, consumption_result.c.tenant)
    query = (
        select(*its, func.sum(consumption_result.c.result))
        .join_from(consumption_revision, consumption_result)
        .where(consumption_revision.c.account_id == account_id, stands(consumption_result.c.entry_id))
        .group_by(*its)
    )
    # PostgreSQL sums bigint to numeric.
    return {(unit, tenant): int(total) for unit, tenant, total in conn.execute(query)}


class BookedBefore(NamedTuple):
    """The entry of a result that was booked before there were accounts (R31)."""

    entry_id: int
    key: str
    tenancy_id: int
    #: company-property-unit-tenant
    tenancy: str
    amount: int
    reading_id: int
    record: int
    vendor: str
    booked_at: datetime
    #: None has taken it back.
    stands: bool


def booked_before(conn: Connection, property_id: int) -> Sequence[BookedBefore]:
    """Results on the property's tenancies that are no account's, in order of reading and record."""
    ours = exists().where(consumption_result.c.entry_id == entry.c.id)
    query = (
        select(
            entry.c.id,
            entry.c.key,
            tenancy.c.id,
            tenancy.c.key,
            posting.c.amount,
            batch.c.reading_id,
            entry.c.record,
            reading.c.vendor,
            batch.c.recorded_at,
            stands(entry.c.id),
        )
        .join_from(tenancy, posting, (posting.c.account_id == tenancy.c.account_id) & (posting.c.seq == 0))
        .join(entry, (entry.c.id == posting.c.entry_id) & (entry.c.kind == kinds.RESULT))
        .join(batch, batch.c.id == entry.c.batch_id)
        .join(reading, reading.c.id == batch.c.reading_id)
        .where(tenancy.c.property_id == property_id, ~ours)
        .order_by(batch.c.reading_id, entry.c.record)
    )
    return [BookedBefore(*row) for row in conn.execute(query)]
