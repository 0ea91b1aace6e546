"""What a collection run finds in the books: who lives where, what is open, what credit is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from hub.store.collecting.answers import open_payouts
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef
from hub.store.positions import NOTHING
from hub.store.tables import charge, charge_line, collection, collection_line, company, credit, property_, tenancy

_RESIDENTS = select(
    tenancy,
    property_.c.number.label("in_property"),
    property_.c.name.label("property_name"),
    property_.c.debtor_group,
).join_from(tenancy, property_, property_.c.id == tenancy.c.property_id)


class CompanyFacts(NamedTuple):
    """Who collects."""

    id: int
    number: str
    name: str
    currency: str
    #: Creditor number with Betalingsservice, and that of its payment slips (R14); "" = none.
    creditor: str
    slip_creditor: str

    @property
    def asks_as(self) -> str:
        """Under what its collections are numbered: own slips need no creditor number with the vendor."""
        return self.creditor or f"-{self.number}"


class Resident(NamedTuple):
    """A tenancy as its collections need it; texts are "" where nothing is said."""

    tenancy: TenancyRef
    property_number: str
    property_name: str
    debtor_group: str
    name: str
    second_name: str
    address: str
    postal_code: str
    city: str
    email: str
    channel: str
    ean: str
    customer: str
    move_out: date | None


class OpenLine(NamedTuple):
    """One open charge line; øre."""

    tenancy_id: int
    line_id: int
    charge_id: int
    reference: str
    charge_type: str
    text: str
    remaining: int
    #: Of the whole line, and what that is.
    vat: int
    amount: int
    vat_rate: int
    period_from: date | None
    period_to: date | None
    due_date: date


class Demanded(NamedTuple):
    """A live collection of a customer for the day that is collected for."""

    id: int
    delivery_id: int | None
    tenancy_id: int
    customer: str
    amount: int


def company_facts(conn: Connection, number: str) -> CompanyFacts | None:
    columns = (company.c.id, company.c.number, company.c.name, company.c.currency)
    texts = (func.coalesce(company.c.pbs_number, ""), func.coalesce(company.c.fi_creditor, ""))
    row = conn.execute(select(*columns, *texts).where(company.c.number == number)).one_or_none()
    return None if row is None else CompanyFacts(*row)


def residents(conn: Connection, company_id: int, property_number: str | None = None) -> list[Resident]:
    """All that ever lived there, for who has moved out may owe; in order of property and key."""
    query = _RESIDENTS.where(tenancy.c.company_id == company_id).order_by(property_.c.number, tenancy.c.key)
    if property_number is not None:
        query = query.where(property_.c.number == property_number)
    return [_resident(row) for row in conn.execute(query)]


def residents_with(conn: Connection, tenancy_ids: Collection[int]) -> dict[int, Resident]:
    """By tenancy id."""
    rows = conn.execute(_RESIDENTS.where(among(conn, tenancy.c.id, tenancy_ids)))
    return {row.id: _resident(row) for row in rows}


def open_lines(conn: Connection, tenancy_ids: Collection[int], due: date) -> defaultdict[int, list[OpenLine]]:
    """By tenancy, what falls due by ``due`` and is open, oldest first; also what is asked for already."""
    query = (
        _lines(charge_line.c.remaining)
        .join_from(charge_line, charge, charge.c.id == charge_line.c.charge_id)
        .where(
            among(conn, charge_line.c.tenancy_id, tenancy_ids),
            charge_line.c.remaining > NOTHING,
            charge.c.due_date <= due,
        )
        .order_by(charge.c.due_date, charge.c.id, charge_line.c.seq)
    )
    found: defaultdict[int, list[OpenLine]] = defaultdict(list)
    for row in conn.execute(query):
        found[row[0]].append(OpenLine._make(row))
    return found


def demanded_lines(conn: Connection, collection_ids: Collection[int]) -> dict[int, list[OpenLine]]:
    """By collection, its lines as they were demanded, oldest first: ``remaining`` is what was asked for."""
    query = (
        _lines(collection_line.c.amount)
        .add_columns(collection_line.c.collection_id)
        .join_from(collection_line, charge_line, charge_line.c.id == collection_line.c.line_id)
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(among(conn, collection_line.c.collection_id, collection_ids))
        .order_by(charge.c.due_date, charge.c.id, charge_line.c.seq)
    )
    found: dict[int, list[OpenLine]] = {}
    for *line, collection_id in conn.execute(query):
        found.setdefault(collection_id, []).append(OpenLine._make(line))
    return found


def credits_of(conn: Connection, tenancy_ids: Collection[int]) -> dict[int, int]:
    """Øre to their credit, by tenancy, less what is to be paid out of it already; those without are left out."""
    total = func.sum(credit.c.remaining)
    query = (
        select(credit.c.tenancy_id, total)
        .where(among(conn, credit.c.tenancy_id, tenancy_ids), credit.c.remaining > NOTHING)
        .group_by(credit.c.tenancy_id)
    )
    # PostgreSQL sums bigint to numeric.
    credits = {id_: int(left) for id_, left in conn.execute(query)}
    going = open_payouts(conn, credits.keys())
    return {id_: left - going.get(id_, 0) for id_, left in credits.items() if left > going.get(id_, 0)}


def demanded_on(conn: Connection, creditor: str, company_id: int, due: date) -> dict[str, Demanded]:
    """By customer number, what live collections ask for on that day."""
    query = select(*(collection.c[name] for name in Demanded._fields)).where(
        collection.c.creditor == creditor,
        collection.c.company_id == company_id,
        collection.c.due_date == due,
        collection.c.withdrawn_at.is_(None),
    )
    return {row.customer: Demanded(*row) for row in conn.execute(query)}


def _lines(remaining: ColumnElement[int]) -> Select[Any]:
    """Columns of :class:`OpenLine`."""
    return select(
        charge_line.c.tenancy_id,
        charge_line.c.id,
        charge.c.id,
        charge.c.reference,
        charge_line.c.charge_type,
        charge_line.c.text,
        remaining,
        charge_line.c.vat,
        charge_line.c.amount,
        charge_line.c.vat_rate,
        charge_line.c.period_from,
        charge_line.c.period_to,
        charge.c.due_date,
    )


def _resident(row: Row[Any]) -> Resident:
    moved = bool(row.new_address)
    return Resident(
        TenancyRef(row.id, row.key, row.company_id, row.property_id, row.account_id, row.business),
        row.in_property,
        row.property_name,
        row.debtor_group or "",
        row.name,
        row.second_name or "",
        (row.new_address if moved else row.address) or "",
        (row.new_postal_code if moved else row.postal_code) or "",
        (row.new_city if moved else row.city) or "",
        row.email or "",
        row.channel or "",
        row.ean or "",
        row.bs_customer or "",
        row.move_out,
    )
