"""What tenants were asked for on account: charge lines, what was credited of them, what is paid of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, func, select

from hub.ledger import kinds
from hub.store.tables import account, allocation, charge, charge_line, credited, entry, posting, tenancy

#: Entries whose charge lines ask for something on account; an imported one carries what was left of it (R20).
_ASKS = (kinds.CHARGE, kinds.OPENING)


class AskedLine(NamedTuple):
    """One charge line that stands; øre."""

    line_id: int
    tenancy_id: int
    tenancy: str
    #: The days that it is for, both ends in; of a line without days of its own, its due day.
    first: date
    last: date
    #: Less what credit notes took back.
    asked: int
    #: Of that, what nobody has paid: open still, or written off (R24).
    unpaid: int


class OpeningHolding(NamedTuple):
    """What was held on account of a tenancy when the books began (R20): asked for and paid before; øre."""

    tenancy_id: int
    tenancy: str
    held: int


def lines_asked(conn: Connection, property_id: int, charge_type: str, period: tuple[date, date]) -> Sequence[AskedLine]:
    """Lines of this type on the property's tenancies that are for any day of ``period``."""
    line_first = func.coalesce(charge_line.c.period_from, charge_line.c.period_to, charge.c.due_date)
    line_last = func.coalesce(charge_line.c.period_to, charge_line.c.period_from, charge.c.due_date)
    booked = entry.alias("booked")
    credits = _sum_of(credited.c.amount, credited.c.line_id == charge_line.c.id)
    forgiven = entry.alias("forgiven")
    written_off = _sum_of(
        allocation.c.amount,
        (allocation.c.line_id == charge_line.c.id)
        & exists().where(forgiven.c.id == allocation.c.payment_id, forgiven.c.kind == kinds.DIFFERENCE),
    )
    query = (
        select(
            charge_line.c.id,
            charge_line.c.tenancy_id,
            tenancy.c.key,
            line_first,
            line_last,
            charge_line.c.amount,
            credits,
            charge_line.c.remaining,
            written_off,
        )
        # By the charges, which have an index by tenancy: of the lines only open ones do.
        .join_from(tenancy, charge, charge.c.tenancy_id == tenancy.c.id)
        .join(charge_line, charge_line.c.charge_id == charge.c.id)
        .join(booked, booked.c.id == charge.c.entry_id)
        .where(
            tenancy.c.property_id == property_id,
            charge_line.c.charge_type == charge_type,
            booked.c.kind.in_(_ASKS),
            ~_taken_back(charge.c.entry_id),
            line_first <= period[1],
            line_last >= period[0],
        )
        .order_by(charge_line.c.id)
    )
    # PostgreSQL sums bigint to numeric.
    return [
        AskedLine(line_id, id_, key, first, last, amount - int(gone), remaining + int(lost))
        for line_id, id_, key, first, last, amount, gone, remaining, lost in conn.execute(query)
    ]


def holdings_opened(
    conn: Connection, property_id: int, holding: str, period: tuple[date, date]
) -> Sequence[OpeningHolding]:
    """Imported holdings of this name, dated within ``period``, that nobody took back; one a tenancy."""
    query = (
        select(tenancy.c.id, tenancy.c.key, -func.sum(posting.c.amount))
        .join_from(tenancy, account, account.c.tenancy_id == tenancy.c.id)
        .join(posting, posting.c.account_id == account.c.id)
        .join(entry, entry.c.id == posting.c.entry_id)
        .where(
            tenancy.c.property_id == property_id,
            account.c.code.startswith(f"{kinds.HOLDING}:{holding}:", autoescape=True),
            entry.c.kind == kinds.OPENING,
            entry.c.value_date >= period[0],
            entry.c.value_date <= period[1],
            ~_taken_back(entry.c.id),
            # An imported charge that fills the holding is a line already.
            ~exists().where(charge.c.entry_id == entry.c.id),
        )
        .group_by(tenancy.c.id, tenancy.c.key)
    )
    return [OpeningHolding(id_, key, int(held)) for id_, key, held in conn.execute(query)]


def _taken_back(entry_id: ColumnElement[int]) -> ColumnElement[bool]:
    back = entry.alias()
    return exists().where(back.c.corrects == entry_id, back.c.kind == kinds.REVERSAL)


def _sum_of(amount: ColumnElement[int], condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.coalesce(func.sum(amount), 0)).where(condition).scalar_subquery()
