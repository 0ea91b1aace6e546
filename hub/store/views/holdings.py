"""What we hold of a tenancy's money, and what of it is charged and not paid yet (R23)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    cast,
    exists,
    func,
    select,
)

from hub.ledger import kinds
from hub.store.tables import account, allocation, charge, charge_line, consumption_settled, credited, entry, posting
from hub.store.views.counting import AsOf, Prepared


class Holding(NamedTuple):
    """A sub-balance of a tenancy; positive = the tenant's money (R19)."""

    name: str
    #: Eight digits.
    number: int
    #: What was charged for it and came into it, less what left it.
    charged: int
    #: What of that stands open on charge lines, or was written off of them (R24).
    unpaid: int

    @property
    def held(self) -> int:
        """Never more than what has been paid (R23)."""
        return self.charged - self.unpaid


def holdings(conn: Connection, tenancy_id: int, as_of: AsOf, unpaid: Mapping[str, int]) -> list[Holding]:
    """In order of their numbers; ``unpaid`` is what is open on the tenancy's lines, by name of the holding.

    What a result has settled by then has left the holding, and is left out of ``unpaid``.
    """
    found = []
    written_off: dict[str, int] = dict(_WRITTEN_OFF(conn, as_of, tenancy_id=tenancy_id))
    for code, number, balance in _HOLDINGS(conn, as_of, tenancy_id=tenancy_id):
        _, name, _ = code.split(":", 2)
        found.append(Holding(name, number, -balance, unpaid.get(name, 0) + written_off.get(name, 0)))
    return found


def fillable(conn: Connection, line_ids: Collection[int], as_of: AsOf) -> dict[int, int]:
    """Øre by charge line that can have been unpaid of its holding on that day: what no credit note had taken from it.

    A credit note may have come before the money that the line is paid with now: then the whole line stands open until
    that comes, beside credit, and what was credited has left the holding already. Lines that a result had settled are
    left out: they fill their holding no more.
    """
    return dict(_FILLABLE(conn, as_of, line_ids=list(line_ids))) if line_ids else {}


def _fillable(as_of: AsOf) -> Select[Any]:
    note = entry.alias("note")
    taken = (
        select(func.sum(credited.c.amount))
        .join(note, note.c.id == credited.c.entry_id)
        .where(credited.c.line_id == charge_line.c.id, as_of.counts(note))
        .correlate(charge_line)
        .scalar_subquery()
    )
    return select(charge_line.c.id, cast(charge_line.c.amount - func.coalesce(taken, 0), BigInteger)).where(
        charge_line.c.id.in_(bindparam("line_ids", expanding=True)),
        ~exists().where(consumption_settled.c.line_id == charge_line.c.id, _settles(as_of)),
    )


def _settles(as_of: AsOf) -> ColumnElement[bool]:
    """Of ``consumption_settled``: its entry counts, and no reversal of it does."""
    settling, back = entry.alias("settling"), entry.alias("back")
    return and_(
        exists().where(settling.c.id == consumption_settled.c.entry_id, as_of.counts(settling)),
        ~exists().where(
            back.c.corrects == consumption_settled.c.entry_id, back.c.kind == kinds.REVERSAL, as_of.counts(back)
        ),
    )


def _holdings(as_of: AsOf) -> Select[Any]:
    counted = (
        select(func.sum(posting.c.amount))
        .join(entry, entry.c.id == posting.c.entry_id)
        .where(posting.c.account_id == account.c.id, posting.c.value_date <= as_of.day, as_of.is_recorded())
        .correlate(account)
        .scalar_subquery()
    )
    return (
        select(account.c.code, account.c.number, cast(func.coalesce(counted, 0), BigInteger))
        .where(account.c.tenancy_id == bindparam("tenancy_id"))
        .order_by(account.c.number)
    )


def _written_off(as_of: AsOf) -> Select[Any]:
    difference = entry.alias("difference")
    return (
        select(charge_line.c.holding, cast(func.sum(allocation.c.amount), BigInteger))
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .join(allocation, allocation.c.line_id == charge_line.c.id)
        .join(difference, difference.c.id == allocation.c.payment_id)
        .join(entry, entry.c.id == allocation.c.entry_id)
        .where(
            charge.c.tenancy_id == bindparam("tenancy_id"),
            charge_line.c.holding.is_not(None),
            difference.c.kind == kinds.DIFFERENCE,
            # A payment of today may write off what is missing of a charge of next month.
            as_of.counts_line(),
            entry.c.value_date <= as_of.day,
            as_of.is_recorded(),
            ~exists().where(consumption_settled.c.line_id == charge_line.c.id, _settles(as_of)),
        )
        .group_by(charge_line.c.holding)
    )


_HOLDINGS, _WRITTEN_OFF, _FILLABLE = Prepared(_holdings), Prepared(_written_off), Prepared(_fillable)
