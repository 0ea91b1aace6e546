"""What the ledger and the journal say, read only: balances, movements, unmatched money, documents. Amounts are øre."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from hub.calendar import is_overdue
from hub.errors import HubError
from hub.store.portfolio import Tenancy, property_by_numbers, tenancy_by_key
from hub.store.tables import (
    account,
    allocation,
    batch,
    charge,
    charge_line,
    company,
    document,
    entry,
    file,
    posting,
    property_,
    reading,
    suspense,
    tenancy,
)

#: Rows fetched at once of an answer that may be of any length.
_IN_PARTS = {"yield_per": 2_000}


class Source(NamedTuple):
    """Where an entry comes from; all empty for an act of a person."""

    #: The file's name, "" = none.
    file: str
    #: 1-based line of the file.
    record: int | None
    file_id: int | None


class Balance(NamedTuple):
    """One tenancy's position on a day; positive = the tenant owes (R19)."""

    tenancy: str
    name: str
    currency: str
    #: What counts up to and including ``as_of``.
    balance: int
    #: What of ``balance`` is past its last timely day (R21).
    overdue: int
    #: What is booked already and counts only later, as its effect on the balance (R10).
    coming: int
    as_of: date


class Movement(NamedTuple):
    """One change of a tenancy's balance: ``amount`` its effect (a payment is negative), ``balance`` the sum so far."""

    entry: int
    value_date: date
    posting_date: date
    recorded_at: datetime
    kind: str
    text: str
    amount: int
    balance: int
    source: Source


class Unmatched(NamedTuple):
    """Money of a company that belongs to nobody we know; positive = received (R19)."""

    #: Id of its entry.
    payment: int
    company: str
    value_date: date
    amount: int
    currency: str
    vendor: str
    #: The number that the payer gave.
    customer: str
    reference: str
    reason: str
    source: Source


class Filed(NamedTuple):
    """A document on a tenancy, or on the property itself where ``tenancy`` is None. ``id`` is the file's."""

    id: int
    name: str
    vendor: str | None
    charge_type: str
    period_from: date
    period_to: date
    property: str
    tenancy: str | None
    sha256: str
    received_at: datetime
    #: Relative to the site's folder; None = not filed away yet.
    filed_at: str | None


def balance(conn: Connection, tenancy_key: str, as_of: date) -> Balance:
    """A tenancy's balance on ``as_of``. Raises HubError when there is no such tenancy.

    Overdue is the balance less everything that can still be paid in time: so a credit, or a payment that another charge
    has used, takes from what is overdue first, and what is overdue is never more than the balance.
    """
    found = tenancy_of(conn, tenancy_key)
    ref = found.ref
    now, later = conn.execute(
        select(
            func.coalesce(func.sum(posting.c.amount).filter(posting.c.value_date <= as_of), 0),
            func.coalesce(func.sum(posting.c.amount).filter(posting.c.value_date > as_of), 0),
        ).where(posting.c.account_id == ref.account_id)
    ).one()
    currency = conn.execute(select(account.c.currency).where(account.c.id == ref.account_id)).scalar_one()
    in_time = sum(
        max(left, 0) for due, left in _open_lines(conn, ref.id, as_of) if not is_overdue(due, as_of, found.business)
    )
    # PostgreSQL sums bigint to numeric.
    owed, coming = int(now), int(later)
    return Balance(ref.key, found.name, currency, owed, max(0, owed - in_time), coming, as_of)


def movements(conn: Connection, tenancy_key: str) -> list[Movement]:
    """Everything that changed the balance, in order of value date. Raises HubError when there is no such tenancy."""
    ref = tenancy_of(conn, tenancy_key).ref
    query = (
        _with_source(
            select(
                entry.c.id,
                posting.c.value_date,
                entry.c.posting_date,
                batch.c.recorded_at,
                entry.c.kind,
                entry.c.text,
                posting.c.amount,
            ).join_from(posting, entry, entry.c.id == posting.c.entry_id)
        )
        .where(posting.c.account_id == ref.account_id)
        .order_by(posting.c.value_date, entry.c.id)
    )
    found, running = [], 0
    for row in conn.execute(query):
        running += row.amount
        found.append(Movement._make((*row[:-3], running, _source(row))))
    return found


def unmatched(conn: Connection) -> Iterator[Unmatched]:
    """What lies in suspense, oldest first."""
    query = (
        _with_source(
            select(
                suspense.c.entry_id,
                company.c.number,
                entry.c.value_date,
                suspense.c.remaining,
                company.c.currency,
                suspense.c.vendor,
                suspense.c.customer,
                suspense.c.reference,
                suspense.c.reason,
            )
            .join_from(suspense, entry, entry.c.id == suspense.c.entry_id)
            .join(company, company.c.id == suspense.c.company_id)
        )
        .where(suspense.c.remaining != 0)
        .order_by(entry.c.value_date, entry.c.id)
    )
    for row in conn.execute(query, execution_options=_IN_PARTS):
        yield Unmatched._make((*row[:-3], _source(row)))


def documents(conn: Connection, key: str) -> list[Filed]:
    """A tenancy's documents (``1-12-304-2``), or all of a property (``1-12``), its tenants' included; oldest first.

    Raises HubError when the portfolio has no such tenancy or property.
    """
    numbers = key.split("-")
    if len(numbers) == 2:
        property_ref = property_by_numbers(conn, *numbers)
        if property_ref is None:
            raise HubError(f"there is no property {key}", do="write it as company-property, e.g. 1-12")
        whose = document.c.property_id == property_ref.id
    else:
        whose = document.c.tenancy_id == tenancy_of(conn, key).ref.id
    query = (
        select(
            file.c.id,
            file.c.name,
            file.c.vendor,
            document.c.charge_type,
            document.c.period_from,
            document.c.period_to,
            company.c.number + "-" + property_.c.number,
            tenancy.c.key,
            file.c.sha256,
            file.c.received_at,
            file.c.filed_at,
        )
        .join_from(document, file, file.c.id == document.c.file_id)
        .join(property_, property_.c.id == document.c.property_id)
        .join(company, company.c.id == property_.c.company_id)
        .join(tenancy, tenancy.c.id == document.c.tenancy_id, isouter=True)
        .where(whose)
        .order_by(document.c.period_from, file.c.id)
    )
    return [Filed._make(row) for row in conn.execute(query)]


def tenancy_of(conn: Connection, key: str) -> Tenancy:
    """Raises HubError when there is no such tenancy; numbers may be written with leading zeros."""
    found = tenancy_by_key(conn, key)
    if found is None:
        raise HubError(
            f"there is no tenancy {key}",
            do="write it as company-property-unit-tenant, e.g. 1-12-304-2, and see that hub portfolio import has it",
        )
    return found


def _open_lines(conn: Connection, tenancy_id: int, as_of: date) -> Iterator[tuple[date, int]]:
    """Due date and what was left on ``as_of`` of the tenancy's charge lines that count by then.

    An allocation counts when both the money and the act that used it do: a charge of today may have used up the credit
    of a payment that is effective next week (R10).
    """
    act, money = entry.alias("act"), entry.alias("money")
    paid = (
        select(allocation.c.line_id, func.sum(allocation.c.amount).label("paid"))
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .join(allocation, allocation.c.line_id == charge_line.c.id)
        .join(act, act.c.id == allocation.c.entry_id)
        .join(money, money.c.id == allocation.c.payment_id)
        .where(charge.c.tenancy_id == tenancy_id, act.c.value_date <= as_of, money.c.value_date <= as_of)
        .group_by(allocation.c.line_id)
        .subquery()
    )
    query = (
        select(charge.c.due_date, charge_line.c.amount, func.coalesce(paid.c.paid, 0))
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .join(entry, entry.c.id == charge.c.entry_id)
        .join(paid, paid.c.line_id == charge_line.c.id, isouter=True)
        .where(charge.c.tenancy_id == tenancy_id, entry.c.value_date <= as_of)
    )
    for due, amount, already in conn.execute(query):
        yield due, amount - int(already)


def _with_source(query: Select[Any]) -> Select[Any]:
    """``query`` over entries, with the columns that :func:`_source` takes at its end."""
    return (
        query.join(batch, batch.c.id == entry.c.batch_id)
        .join(reading, reading.c.id == batch.c.reading_id, isouter=True)
        .join(file, file.c.id == reading.c.file_id, isouter=True)
        .add_columns(file.c.name, entry.c.record, file.c.id)
    )


def _source(row: Row[Any]) -> Source:
    name, record, file_id = tuple(row)[-3:]
    return Source(name or "", record, file_id)
