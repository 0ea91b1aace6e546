"""What a day of a clearing account is made of: files and their records, and what of those files is not booked (R18)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, or_, select

from hub.ledger import kinds
from hub.store.clearing.items import ClearingAccount
from hub.store.lookup import among
from hub.store.portfolio import debtor_group
from hub.store.tables import (
    bank_statement,
    batch,
    entry,
    file,
    outcome,
    posting,
    property_,
    reading,
    settlement,
    suspense,
    tenancy,
)


class Part(NamedTuple):
    """Entries of one kind by one file, or by acts of persons, on one day of an account."""

    #: None = acts.
    file_id: int | None
    file: str
    kind: str
    entries: int
    #: Øre, as they stand on the clearing account: positive = to come in.
    amount: int


class Record(NamedTuple):
    """One entry of a day."""

    entry_id: int
    kind: str
    #: Øre on the clearing account.
    amount: int
    file_id: int | None
    file: str
    #: 1-based, in that file.
    record: int | None
    #: Whose it is: the tenancy's key and name and its number with the vendor; of nobody, the number that was given.
    tenancy: str
    name: str
    customer: str
    text: str


class Held(NamedTuple):
    """A record that its file has and that is not booked."""

    file_id: int
    file: str
    record: int
    #: Øre that it would add, positive = received.
    amount: int
    tenancy: str
    reference: str
    reason: str


class HeldTogether(NamedTuple):
    """Records of one file that are not booked for one reason."""

    file_id: int
    file: str
    #: The first of them.
    record: int
    records: int
    #: Øre that they would add, positive = received.
    amount: int
    reason: str


_PARTS = (
    select(file.c.id, file.c.name, entry.c.kind, func.count(), func.sum(posting.c.amount))
    .group_by(file.c.id, file.c.name, entry.c.kind)
    .order_by(func.min(entry.c.id))
)


def parts_of(conn: Connection, account_id: int, day: date) -> list[Part]:
    """By file and kind, in the order in which they came."""
    return _parts(conn, _of_day(_PARTS, account_id, day))


def parts_of_entries(conn: Connection, account_id: int, entry_ids: Collection[int]) -> list[Part]:
    """As :func:`parts_of`, of just these entries."""
    query = _with_files(_PARTS).where(posting.c.account_id == account_id, among(conn, posting.c.entry_id, entry_ids))
    return _parts(conn, query)


def standing_since_zero(conn: Connection, account: ClearingAccount, most: int = 10_000) -> dict[int, date]:
    """Entries, with their days, that have brought the account from its last 0.00 to its balance; ``most`` at most."""
    query = (
        select(posting.c.entry_id, posting.c.value_date, posting.c.amount)
        .where(posting.c.account_id == account.id)
        .order_by(posting.c.value_date.desc(), posting.c.entry_id.desc())
        .limit(most)
    )
    left, found = account.balance, {}
    for entry_id, day, amount in conn.execute(query):
        found[entry_id] = day
        left -= amount
        if not left:
            break
    return found


def records_of(
    conn: Connection, account_id: int, day: date, *, amount: int | None = None, most: int = 10
) -> list[Record]:
    """The first ``most`` entries of a day, or of those that put just this amount on it."""
    query = _of_day(select(entry.c.id), account_id, day).order_by(entry.c.id).limit(most)
    if amount is not None:
        query = query.where(posting.c.amount == amount)
    return records(conn, account_id, list(conn.scalars(query)))


def records(conn: Connection, account_id: int, entry_ids: Collection[int]) -> list[Record]:
    """What these entries have put on the account, and whose money it was."""
    own = posting.alias("own")
    query = (
        select(
            entry.c.id,
            entry.c.kind,
            posting.c.amount,
            file.c.id,
            func.coalesce(file.c.name, ""),
            entry.c.record,
            func.coalesce(tenancy.c.key, ""),
            func.coalesce(tenancy.c.name, ""),
            func.coalesce(tenancy.c.bs_customer, suspense.c.customer, ""),
            entry.c.text,
        )
        .join_from(entry, posting, and_(posting.c.entry_id == entry.c.id, posting.c.account_id == account_id))
        .join(own, and_(own.c.entry_id == entry.c.id, own.c.seq == 0))
        .join(batch, batch.c.id == entry.c.batch_id)
        .outerjoin(reading, reading.c.id == batch.c.reading_id)
        .outerjoin(file, file.c.id == reading.c.file_id)
        .outerjoin(tenancy, tenancy.c.account_id == own.c.account_id)
        .outerjoin(suspense, suspense.c.entry_id == entry.c.id)
        .where(among(conn, entry.c.id, entry_ids))
        .order_by(entry.c.id)
    )
    return [Record._make(row) for row in conn.execute(query)]


def anything_held(conn: Connection) -> bool:
    """Whether any file has records that are not booked; files are few that have."""
    return conn.execute(select(file.c.id).where(file.c.state == "partly_booked").limit(1)).first() is not None


def held_of(conn: Connection, account: ClearingAccount, day: date) -> list[Held]:
    """What is not booked of the files that have entries on this day of the account, as far as it belongs to that.

    As the last reading of each file has it; of a file with several days, what of any of them is not booked.
    """
    files = _of_day(select(reading.c.file_id), account.id, day).distinct()
    in_part = select(file.c.id).where(file.c.state == "partly_booked", file.c.id.in_(files))
    return [Held(*row[:7]) for row in conn.execute(_held(in_part)) if _belongs(row, account)]


def held_together(conn: Connection, company_number: str, amounts: Collection[int]) -> list[HeldTogether]:
    """Of vendors' files, what of a company is held for one reason and comes to one of these øre, oldest file first."""
    waits = select(file.c.id).where(file.c.state.in_(("partly_booked", "quarantined")))
    last = select(func.max(reading.c.id)).where(reading.c.file_id.in_(waits)).group_by(reading.c.file_id)
    total = func.sum(outcome.c.net)
    query = (
        select(file.c.id, file.c.name, func.min(outcome.c.record), func.count(), total, outcome.c.reason)
        .join_from(outcome, reading, reading.c.id == outcome.c.reading_id)
        .join(file, file.c.id == reading.c.file_id)
        .where(outcome.c.reading_id.in_(last), outcome.c.outcome == "held", outcome.c.net != 0)
        .group_by(file.c.id, file.c.name, outcome.c.reason)
        .having(among(conn, total, amounts))
        .order_by(file.c.id, func.min(outcome.c.record))
    )
    # A scope that is no company's yet may be this one's.
    scopes = (f"company {company_number}:", f"property {company_number}-", "creditor ")
    # PostgreSQL sums bigint to numeric.
    rows = [HeldTogether._make(row)._replace(amount=int(row[4])) for row in conn.execute(query)]
    return [one for one in rows if one.reason.removeprefix("suspense of ").startswith(scopes)]


def held_lines(conn: Connection, account_number: str) -> list[Held]:
    """Lines of one of our accounts with a bank that are not booked, as the last reading of each file has it."""
    file_ids = (
        select(reading.c.file_id)
        .join_from(bank_statement, reading, reading.c.id == bank_statement.c.reading_id)
        .join(file, file.c.id == reading.c.file_id)
        .where(bank_statement.c.account == account_number, file.c.state.in_(("partly_booked", "quarantined")))
    )
    told = reading.alias("told")
    # A file may have statements of several accounts: a line is of that before it.
    own_account = (
        select(bank_statement.c.account)
        .join(told, told.c.id == bank_statement.c.reading_id)
        .where(told.c.file_id == reading.c.file_id, bank_statement.c.record < outcome.c.record)
        .order_by(bank_statement.c.record.desc())
        .limit(1)
        .scalar_subquery()
    )
    return [Held(*row[:7]) for row in conn.execute(_held(file_ids).where(own_account == account_number))]


def _held(file_ids: Select[Any]) -> Select[Any]:
    """Of the last reading of each of these files."""
    last = select(func.max(reading.c.id)).where(reading.c.file_id.in_(file_ids)).group_by(reading.c.file_id)
    return (
        select(
            reading.c.file_id,
            file.c.name,
            outcome.c.record,
            outcome.c.net,
            func.coalesce(outcome.c.tenancy, ""),
            func.coalesce(outcome.c.reference, ""),
            outcome.c.reason,
            property_.c.debtor_group,
        )
        .join_from(outcome, reading, reading.c.id == outcome.c.reading_id)
        .join(file, file.c.id == reading.c.file_id)
        .outerjoin(tenancy, tenancy.c.key == outcome.c.tenancy)
        .outerjoin(property_, property_.c.id == tenancy.c.property_id)
        .where(outcome.c.reading_id.in_(last), outcome.c.outcome == "held", outcome.c.net != 0)
        .order_by(outcome.c.reading_id, outcome.c.record)
    )


def _of_day(query: Select[Any], account_id: int, day: date) -> Select[Any]:
    """Entries with a posting on that day of the account; what bank lines have settled there is none of them."""
    of_line = select(settlement.c.entry_id).where(
        or_(
            settlement.c.entry_id == entry.c.id,
            and_(entry.c.kind == kinds.REVERSAL, settlement.c.entry_id == entry.c.corrects),
        )
    )
    on_it = (posting.c.account_id == account_id, posting.c.value_date == day)
    return _with_files(query).where(*on_it, ~of_line.exists())


def _with_files(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(posting)
        .join(entry, entry.c.id == posting.c.entry_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .outerjoin(reading, reading.c.id == batch.c.reading_id)
        .outerjoin(file, file.c.id == reading.c.file_id)
    )


def _parts(conn: Connection, query: Select[Any]) -> list[Part]:
    # PostgreSQL sums bigint to numeric.
    rows = conn.execute(query)
    return [Part(file_id, name or "", kind, count, int(ore)) for file_id, name, kind, count, ore in rows]


def _belongs(row: Any, account: ClearingAccount) -> bool:
    """Whether a record that is not booked would stand on this account, as far as its tenancy or its scope tells."""
    tenancy_key = row[4]
    if tenancy_key:
        group = debtor_group(account.group)
        same_group = row.debtor_group is None or group is None or row.debtor_group == group
        return bool(tenancy_key.split("-")[0] == account.company and same_group)
    scope: str = row.reason.split(":")[0]
    if scope.startswith("creditor "):
        return account.creditor in scope and account.group in scope
    return scope.removeprefix("suspense of ") == f"company {account.company}"
