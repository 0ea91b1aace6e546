"""Mandates that a portfolio file names, until the vendor itself has said something of the customer (R16)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select

from hub.store.collecting.mandate_events import (
    ADOPTED,
    ASSIGNED,
    CANCELLED,
    IMPORTED,
    REGISTERED,
    Agreement,
    Event,
    Span,
    assign,
    open_mandate,
    say,
)
from hub.store.collecting.mandates import AUTOMATIC, Mandate
from hub.store.lookup import among
from hub.store.portfolio_history import Said
from hub.store.tables import company, customer_number, mandate, mandate_event, property_, reading, tenancy

_DAY = timedelta(days=1)
_COLUMNS = [mandate.c[name] for name in Mandate._fields]
_NO_DAYS = Span(None, None)


def take_over(conn: Connection, tenancy_keys: Collection[str], said: Said) -> None:
    """After an import of these tenancies: mandates of customers who were unknown till now are theirs, and the mandate
    that the portfolio has of a customer with a number is in force.

    The vendor's word wins: where it, or a person for it, has said anything of a customer's mandates, the portfolio's
    column changes nothing. Until then a number that is not in the portfolio any more ends with the day before.
    """
    claim_waiting(conn, said)
    people = _people(conn, tenancy_keys)
    ids = {one.id for one in people}
    ours = _ours(conn, ids)
    heard = _heard_of(conn, ids)
    for one in people:
        if one.id not in heard and one.pbs_number is not None:
            _follow(conn, one, ours[one.id], said)


def claim_waiting(conn: Connection, said: Said) -> None:
    """Mandates of unknown customers are theirs whose the number is now, in the debtor group of their property."""
    query = (
        select(*_COLUMNS, tenancy.c.id, tenancy.c.key)
        .join_from(
            mandate,
            customer_number,
            (customer_number.c.company_id == mandate.c.company_id)
            & (customer_number.c.customer_key == mandate.c.customer_key),
        )
        .join(tenancy, tenancy.c.id == customer_number.c.tenancy_id)
        .join(property_, property_.c.id == tenancy.c.property_id)
        .where(
            mandate.c.tenancy_id.is_(None),
            or_(property_.c.debtor_group.is_(None), property_.c.debtor_group == mandate.c.debtor_group),
        )
        .order_by(mandate.c.id)
    )
    for *own, tenancy_id, key in conn.execute(query).all():
        event = Event(ASSIGNED, _NO_DAYS, key, said.at, said.actor)
        assign(conn, Mandate(*own), tenancy_id, key, event)


def _people(conn: Connection, tenancy_keys: Collection[str]) -> Sequence[Any]:
    """Those with a mandate, in the portfolio or here."""
    query = (
        select(
            tenancy.c.id,
            tenancy.c.company_id,
            tenancy.c.bs_customer,
            tenancy.c.customer_key,
            tenancy.c.bs_mandate,
            company.c.pbs_number,
            property_.c.debtor_group,
        )
        .join_from(tenancy, property_, property_.c.id == tenancy.c.property_id)
        .join(company, company.c.id == tenancy.c.company_id)
        .where(
            among(conn, tenancy.c.key, tenancy_keys),
            or_(tenancy.c.bs_mandate.is_not(None), exists().where(mandate.c.tenancy_id == tenancy.c.id)),
        )
        .order_by(tenancy.c.id)
    )
    return conn.execute(query).all()


def _ours(conn: Connection, tenancy_ids: Collection[int]) -> defaultdict[int, list[Mandate]]:
    found: defaultdict[int, list[Mandate]] = defaultdict(list)
    query = select(*_COLUMNS).where(among(conn, mandate.c.tenancy_id, tenancy_ids), mandate.c.agreement == AUTOMATIC)
    for row in conn.execute(query.order_by(mandate.c.id)):
        found[row.tenancy_id].append(Mandate(*row))
    return found


def _heard_of(conn: Connection, tenancy_ids: Collection[int]) -> set[int]:
    """Tenancies of whose mandates the vendor has said something, or a person for it."""
    query = (
        select(mandate.c.tenancy_id)
        .join_from(mandate, mandate_event, mandate_event.c.mandate_id == mandate.c.id)
        .outerjoin(reading, reading.c.id == mandate_event.c.reading_id)
        .where(
            among(conn, mandate.c.tenancy_id, tenancy_ids),
            mandate.c.agreement == AUTOMATIC,
            mandate_event.c.what.in_((REGISTERED, CANCELLED, ADOPTED)),
            reading.c.reversed_at.is_(None),
        )
        .distinct()
    )
    return set(conn.scalars(query))


def _follow(conn: Connection, one: Row[Any], ours: Iterable[Mandate], said: Said) -> None:
    wanted = None
    if one.bs_mandate and one.customer_key:
        group = one.debtor_group or ""
        wanted = Agreement(one.company_id, one.pbs_number, group, one.bs_customer, one.bs_mandate, AUTOMATIC)
    day_before = said.at.date() - _DAY
    there = False
    for own in ours:
        its_own = (own.creditor, own.debtor_group, own.customer_key, own.number)
        is_wanted = wanted is not None and its_own == (
            *(wanted.creditor, wanted.debtor_group),
            *(one.customer_key, wanted.number),
        )
        there = there or is_wanted
        if is_wanted == (own.last_day is None):
            continue
        span = _NO_DAYS if is_wanted else Span(own.first_day, day_before)
        say(conn, own, Event(IMPORTED, span, said.source, said.at, said.actor))
    if wanted is not None and not there:
        open_mandate(conn, wanted, one.id, Event(IMPORTED, _NO_DAYS, said.source, said.at, said.actor))
