"""Mandates: tenants' agreements with a vendor, as they stand and how they came to that."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from hub.store.lookup import among
from hub.store.tables import company, customer_number, file, mandate, mandate_event, property_, reading, tenancy

#: The vendor takes the money by itself; an agreement on electronic slips is none.
AUTOMATIC = "automatic"


class Mandate(NamedTuple):
    """An agreement as it stands."""

    id: int
    company_id: int
    creditor: str
    debtor_group: str
    #: The number as the vendor has it; ``customer_key`` without blanks and leading zeros.
    customer: str
    customer_key: str
    number: str
    #: ``automatic`` or ``electronic_slip``.
    agreement: str
    #: None = an unknown customer's.
    tenancy_id: int | None
    #: None = since ever, until further notice.
    first_day: date | None
    last_day: date | None


class Listed(NamedTuple):
    """An agreement as a person is shown it."""

    mandate: Mandate
    company: str
    #: The tenancy's key; "" = an unknown customer's.
    tenancy: str
    #: Whether collections of the tenancy are made under the very numbers of the mandate.
    serves: bool


class Told(NamedTuple):
    """One event of a mandate's history."""

    mandate_id: int
    what: str
    first_day: date | None
    last_day: date | None
    text: str
    #: File and 1-based line that said so; "" and None = a person did it.
    file: str
    record: int | None
    at: datetime
    actor: str


class Owner(NamedTuple):
    """Whose a customer number is."""

    tenancy_id: int
    key: str
    property_id: int
    move_out: date | None


_COLUMNS = [mandate.c[name] for name in Mandate._fields]
#: A mandate is kept with the vendor under creditor, debtor group and customer number: collected from under others, the
#: payer has none.
_SERVES = and_(
    mandate.c.customer_key == tenancy.c.customer_key,
    mandate.c.creditor == company.c.pbs_number,
    or_(property_.c.debtor_group.is_(None), mandate.c.debtor_group == property_.c.debtor_group),
)


def mandates_on(conn: Connection, tenancy_ids: Collection[int], day: date) -> dict[int, str]:
    """By tenancy, the number of the mandate that covers what falls due on ``day``; those without are left out.

    It covers what falls due on its first day or later and not after its last (R16), and serves the creditor, debtor
    group and customer number that the tenancy is collected from under. Of several the newest counts.
    """
    query = (
        _with_tenancy(select(mandate.c.tenancy_id, mandate.c.number))
        .where(
            among(conn, mandate.c.tenancy_id, tenancy_ids), mandate.c.agreement == AUTOMATIC, *in_force_on(day), _SERVES
        )
        .order_by(mandate.c.first_day.nulls_first(), mandate.c.id)
    )
    return dict(conn.execute(query).all())


def in_force_on(day: date) -> tuple[ColumnElement[bool], ...]:
    """R16, as conditions on a mandate."""
    return (
        or_(mandate.c.first_day.is_(None), mandate.c.first_day <= day),
        or_(mandate.c.last_day.is_(None), mandate.c.last_day >= day),
    )


def running(conn: Connection, tenancy_id: int, day: date) -> Mandate | None:
    """The newest automatic mandate that serves the tenancy and has not ended by ``day``; it may begin later."""
    query = (
        _with_tenancy(select(*_COLUMNS))
        .where(
            mandate.c.tenancy_id == tenancy_id,
            mandate.c.agreement == AUTOMATIC,
            or_(mandate.c.last_day.is_(None), mandate.c.last_day >= day),
            or_(mandate.c.last_day.is_(None), mandate.c.first_day.is_(None), mandate.c.first_day <= mandate.c.last_day),
            _SERVES,
        )
        .order_by(mandate.c.first_day.desc().nulls_last(), mandate.c.id.desc())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else Mandate(*row)


def mandates(
    conn: Connection,
    *,
    company_number: str | None = None,
    tenancy_id: int | None = None,
    unassigned: bool = False,
    day: date | None = None,
) -> list[Listed]:
    """By company, customer number and id; of a company, of a tenancy, of unknown customers, in force on a day."""
    serves = func.coalesce(_SERVES, False).label("serves")
    query = (
        select(*_COLUMNS, company.c.number, func.coalesce(tenancy.c.key, ""), serves)
        .select_from(mandate)
        .join(company, company.c.id == mandate.c.company_id)
        .outerjoin(tenancy, tenancy.c.id == mandate.c.tenancy_id)
        .outerjoin(property_, property_.c.id == tenancy.c.property_id)
        .order_by(company.c.number, mandate.c.customer_key, mandate.c.id)
    )
    if company_number is not None:
        query = query.where(company.c.number == company_number)
    if tenancy_id is not None:
        query = query.where(mandate.c.tenancy_id == tenancy_id)
    if unassigned:
        query = query.where(mandate.c.tenancy_id.is_(None))
    if day is not None:
        query = query.where(*in_force_on(day))
    return [
        Listed(Mandate(*row[: len(_COLUMNS)]), row[-3], row[-2], bool(row[-1])) for row in conn.execute(query).all()
    ]


def mandate_with(conn: Connection, id: int) -> Mandate | None:
    row = conn.execute(select(*_COLUMNS).where(mandate.c.id == id)).one_or_none()
    return None if row is None else Mandate(*row)


def of_customers(
    conn: Connection, company_id: int, creditor: str, debtor_group: str, customer_keys: Collection[str]
) -> dict[tuple[str, str, str], Mandate]:
    """Under one creditor and debtor group, by customer key, agreement and number."""
    query = select(*_COLUMNS).where(
        mandate.c.company_id == company_id,
        mandate.c.creditor == creditor,
        mandate.c.debtor_group == debtor_group,
        among(conn, mandate.c.customer_key, customer_keys),
    )
    rows = [Mandate(*row) for row in conn.execute(query)]
    return {(row.customer_key, row.agreement, row.number): row for row in rows}


def history(conn: Connection, mandate_ids: Collection[int]) -> list[Told]:
    """All that was said of these mandates, in order."""
    query = (
        select(
            mandate_event.c.mandate_id,
            mandate_event.c.what,
            mandate_event.c.first_day,
            mandate_event.c.last_day,
            mandate_event.c.text,
            func.coalesce(file.c.name, ""),
            mandate_event.c.record,
            mandate_event.c.at,
            mandate_event.c.actor,
        )
        .outerjoin(reading, reading.c.id == mandate_event.c.reading_id)
        .outerjoin(file, file.c.id == reading.c.file_id)
        .where(among(conn, mandate_event.c.mandate_id, mandate_ids))
        .order_by(mandate_event.c.id)
    )
    return [Told(*row) for row in conn.execute(query)]


def owners(conn: Connection, company_id: int, customer_keys: Collection[str]) -> dict[str, Owner]:
    """By customer number: who had a number first has it for good, also when it is used no more (R15)."""
    query = (
        select(customer_number.c.customer_key, tenancy.c.id, tenancy.c.key, tenancy.c.property_id, tenancy.c.move_out)
        .join_from(customer_number, tenancy, tenancy.c.id == customer_number.c.tenancy_id)
        .where(customer_number.c.company_id == company_id, among(conn, customer_number.c.customer_key, customer_keys))
    )
    return {row[0]: Owner(*row[1:]) for row in conn.execute(query)}


def customer_of(conn: Connection, tenancy_id: int) -> str:
    """The customer number that a tenancy is collected from under; "" = it has none."""
    query = select(tenancy.c.bs_customer).where(tenancy.c.id == tenancy_id)
    return conn.execute(query).scalar_one() or ""


def _with_tenancy(query: Select[Any]) -> Select[Any]:
    return (
        query.join_from(mandate, tenancy, tenancy.c.id == mandate.c.tenancy_id)
        .join(property_, property_.c.id == tenancy.c.property_id)
        .join(company, company.c.id == mandate.c.company_id)
    )
