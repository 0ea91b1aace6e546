"""Orders on mandates: what the vendor shall do with an agreement, and what became of it.

A new mandate's order holds the payer's CPR or CVR number and bank account, which the vendor needs and nobody else: they
are blanked with its outcome, and shown to nobody but its last four digits.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, insert, select, update

from hub.store.lookup import among
from hub.store.tables import company, mandate_order, tenancy

CREATE, CANCEL = "create", "cancel"
DONE, REFUSED, WITHDRAWN = "done", "refused", "withdrawn"
_SHOWN_DIGITS = 4


class Order(NamedTuple):
    """As the table has it, with the tenancy's key."""

    id: int
    company_id: int
    tenancy_id: int
    creditor: str
    debtor_group: str
    customer: str
    what: str
    #: Of the agreement to cancel, or of the one that was made; "" = not known.
    number: str
    payer_id: str
    bank_registration: str
    bank_account: str
    at: datetime
    actor: str
    #: None = waits for a delivery.
    delivery_id: int | None
    #: ``done``, ``refused``, ``withdrawn``; None = no answer yet.
    outcome: str | None
    reason: str | None
    tenancy: str

    @property
    def payer(self) -> str:
        """The payer's number as it may be shown."""
        return masked(self.payer_id)


_COLUMNS = [mandate_order.c[name] for name in Order._fields[:-1]]
_OPEN = mandate_order.c.outcome.is_(None)


def masked(number: str) -> str:
    """``******1234``"""
    return number[-_SHOWN_DIGITS:].rjust(len(number), "*")


def add_order(conn: Connection, order: Order) -> int:
    """``id``, ``delivery_id``, outcome and reason are not looked at. Gives its id."""
    given = ("id", "delivery_id", "outcome", "reason", "tenancy")
    values = {name: value for name, value in order._asdict().items() if name not in given}
    id_: int = conn.execute(insert(mandate_order).values(values).returning(mandate_order.c.id)).scalar_one()
    return id_


def orders(
    conn: Connection,
    *,
    company_number: str | None = None,
    tenancy_id: int | None = None,
    unanswered: bool = False,
    waiting: bool = False,
    lock: bool = False,
) -> list[Order]:
    """In order of id. ``unanswered``: without an outcome; ``waiting``: of these, those that no delivery has taken.

    ``lock``: till the transaction ends nobody else delivers or settles them.
    """
    query = (
        select(*_COLUMNS, tenancy.c.key)
        .join_from(mandate_order, tenancy, tenancy.c.id == mandate_order.c.tenancy_id)
        .join(company, company.c.id == mandate_order.c.company_id)
        .order_by(mandate_order.c.id)
    )
    if company_number is not None:
        query = query.where(company.c.number == company_number)
    if tenancy_id is not None:
        query = query.where(mandate_order.c.tenancy_id == tenancy_id)
    if unanswered or waiting:
        query = query.where(_OPEN)
    if waiting:
        query = query.where(mandate_order.c.delivery_id.is_(None))
    if lock:
        query = query.with_for_update(of=mandate_order)
    return [Order._make(row) for row in conn.execute(query)]


def order_with(conn: Connection, id: int) -> Order | None:
    """Till the transaction ends nobody else delivers or settles it."""
    query = select(*_COLUMNS, tenancy.c.key).join_from(
        mandate_order, tenancy, tenancy.c.id == mandate_order.c.tenancy_id
    )
    row = conn.execute(query.where(mandate_order.c.id == id).with_for_update(of=mandate_order)).one_or_none()
    return None if row is None else Order._make(row)


def unanswered_of(conn: Connection, tenancy_ids: Collection[int]) -> dict[int, Order]:
    """By tenancy, the order that waits for a delivery or its answer: there is one at most."""
    query = (
        select(*_COLUMNS, tenancy.c.key)
        .join_from(mandate_order, tenancy, tenancy.c.id == mandate_order.c.tenancy_id)
        .where(among(conn, mandate_order.c.tenancy_id, tenancy_ids), _OPEN)
    )
    return {row.tenancy_id: Order._make(row) for row in conn.execute(query)}


def bank_account_of(conn: Connection, tenancy_id: int) -> str:
    """As the portfolio has it; "" = it has none."""
    query = select(tenancy.c.bank_account).where(tenancy.c.id == tenancy_id)
    return conn.execute(query).scalar_one() or ""


def mark_delivered(conn: Connection, order_ids: Collection[int], delivery_id: int) -> None:
    conn.execute(
        update(mandate_order).where(among(conn, mandate_order.c.id, order_ids)).values(delivery_id=delivery_id)
    )


def settle(conn: Connection, order_id: int, outcome: str, reason: str, *, number: str | None = None) -> None:
    """Ends one order; ``number`` is that of the agreement that it has made."""
    values = {} if number is None else {"number": number}
    _settle(conn, mandate_order.c.id == order_id, outcome, reason, **values)


def settle_delivered(conn: Connection, delivery_id: int, outcome: str, reason: str) -> None:
    """Ends what a delivery asked for and nobody has answered."""
    _settle(conn, mandate_order.c.delivery_id == delivery_id, outcome, reason)


def _settle(conn: Connection, which: ColumnElement[bool], outcome: str, reason: str, **values: str) -> None:
    blanked = {"payer_id": "", "bank_registration": "", "bank_account": ""}
    conn.execute(update(mandate_order).where(which, _OPEN).values(outcome=outcome, reason=reason, **blanked, **values))
