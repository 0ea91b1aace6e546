"""That every mandate is what was said of it, by whom it may be said, and that orders which have ended name no payer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from hub.store.collecting.mandate_events import ASSIGNED, NEVER, Span, after, standing_events
from hub.store.lookup import among
from hub.store.portfolio import customer_key
from hub.store.tables import customer_number, mandate, mandate_event, mandate_order, reading, tenancy
from hub.store.verify_rule import told_by

_IN_PARTS = {"yield_per": 2_000}


def wrong_mandates(conn: Connection) -> Iterator[str]:
    """A sentence for each mandate, event or order that does not fit the others."""
    yield from _wrong_days(conn)
    for query, told in (
        (_unsaid(), _tell_unsaid),
        (_assigned(), _tell_assigned),
        (_of_others(), _tell_of_another),
        (_of_no_reading(), _tell_of_no_reading),
        (_orders(), _tell_order),
    ):
        yield from told_by(conn, query, told)
    keys = select(mandate.c.id, mandate.c.customer, mandate.c.customer_key)
    for row in conn.execute(keys, execution_options=_IN_PARTS):
        if customer_key(row.customer) != row.customer_key:
            yield f"mandate {row.id} is of customer {row.customer!r}, and known as {row.customer_key!r}"


def _wrong_days(conn: Connection) -> Iterator[str]:
    """First and last day are what all standing events come to, in their order."""
    events = conn.execute(standing_events(), execution_options=_IN_PARTS)
    part: dict[int, Span] = {}
    for id_, said in groupby(events, key=lambda row: int(row.mandate_id)):
        span: Span | None = None
        for row in said:
            span = after(span, row.what, Span(row.first_day, row.last_day))
        part[id_] = span or NEVER
        if len(part) == _IN_PARTS["yield_per"]:
            yield from _differing(conn, part)
            part.clear()
    yield from _differing(conn, part)


def _differing(conn: Connection, spans: dict[int, Span]) -> Iterator[str]:
    query = select(mandate.c.id, mandate.c.first_day, mandate.c.last_day).where(among(conn, mandate.c.id, spans.keys()))
    for row in conn.execute(query).all():
        said = spans[row.id]
        if said != (row.first_day, row.last_day):
            yield (
                f"mandate {row.id} is from {row.first_day} to {row.last_day}, what was said of it comes to "
                f"{said.first} to {said.last}"
            )


def _unsaid() -> Select[Any]:
    """Nobody ever said anything of it; or nothing stands of what was said, and it is in force."""
    standing = standing_events().order_by(None).subquery()
    stands = select(standing.c.mandate_id).where(standing.c.mandate_id == mandate.c.id).exists()
    said = select(mandate_event.c.id).where(mandate_event.c.mandate_id == mandate.c.id).exists()
    in_force = or_(mandate.c.last_day.is_(None), mandate.c.last_day != NEVER.last)
    return select(mandate.c.id, mandate.c.number).where(or_(~said, and_(~stands, in_force)))


def _tell_unsaid(row: Row[Any]) -> str:
    return f"mandate {row.id} (number {row.number}) is one of which nobody has said anything that stands"


def _assigned() -> Select[Any]:
    """It is the tenancy's that it was assigned to last."""
    last = (
        select(func.max(mandate_event.c.id))
        .where(mandate_event.c.mandate_id == mandate.c.id, mandate_event.c.what == ASSIGNED)
        .correlate(mandate)
        .scalar_subquery()
    )
    return (
        select(mandate.c.id, mandate_event.c.text, tenancy.c.key)
        .join_from(mandate, mandate_event, mandate_event.c.id == last)
        .outerjoin(tenancy, tenancy.c.id == mandate.c.tenancy_id)
        .where(or_(tenancy.c.key.is_(None), tenancy.c.key != mandate_event.c.text))
    )


def _tell_assigned(row: Row[Any]) -> str:
    return f"mandate {row.id} was assigned to tenancy {row.text}, and is {row.key or 'nobody'}'s"


def _of_others() -> Select[Any]:
    """Its customer number is, or was, its tenancy's (R15)."""
    owner = tenancy.alias("owner")
    number = and_(
        customer_number.c.company_id == mandate.c.company_id,
        customer_number.c.customer_key == mandate.c.customer_key,
    )
    return (
        select(mandate.c.id, mandate.c.customer, tenancy.c.key, owner.c.key.label("owner"))
        .join_from(mandate, tenancy, tenancy.c.id == mandate.c.tenancy_id)
        .outerjoin(customer_number, number)
        .outerjoin(owner, owner.c.id == customer_number.c.tenancy_id)
        .where(or_(owner.c.id.is_(None), owner.c.id != tenancy.c.id, tenancy.c.company_id != mandate.c.company_id))
    )


def _tell_of_another(row: Row[Any]) -> str:
    whose = row.owner or "nobody"
    return f"mandate {row.id} is tenancy {row.key}'s, its customer number {row.customer} is {whose}'s (R15)"


def _of_no_reading() -> Select[Any]:
    return (
        select(mandate_event.c.id, mandate_event.c.mandate_id, mandate_event.c.reading_id)
        .outerjoin(reading, reading.c.id == mandate_event.c.reading_id)
        .where(mandate_event.c.reading_id.is_not(None), reading.c.id.is_(None))
    )


def _tell_of_no_reading(row: Row[Any]) -> str:
    return f"event {row.id} of mandate {row.mandate_id} comes from reading {row.reading_id}, which there is not"


def _orders() -> Select[Any]:
    """The payer's number is gone with an order's outcome."""
    named = or_(
        mandate_order.c.payer_id != "", mandate_order.c.bank_registration != "", mandate_order.c.bank_account != ""
    )
    return select(mandate_order.c.id, mandate_order.c.outcome).where(mandate_order.c.outcome.is_not(None), named)


def _tell_order(row: Row[Any]) -> str:
    return f"order {row.id} on a mandate is {row.outcome}, and still names its payer or the payer's account"
