"""Charges: a list of them with what is left, and one with all that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, case, cast, func, select

from hub.errors import HubError
from hub.store.attachments import Attachment, attachments_of
from hub.store.charges import DEMANDS, ID_MARK, NoChargeError
from hub.store.positions import NOTHING
from hub.store.tables import (
    allocation,
    charge,
    charge_line,
    charge_note,
    company,
    credited,
    entry,
    tenancy,
)
from hub.store.views.scope import Scope
from hub.store.views.sources import IN_PARTS

#: Charges of one reference that an error names.
_NAMED_MAX = 5
_IS_DEMAND = entry.c.kind.in_(DEMANDS)


class Charge(NamedTuple):
    """One demand on a tenancy. Øre; ``credited`` is what credit notes have taken back of ``amount``."""

    id: int
    entry: int
    tenancy: str
    name: str
    reference: str
    #: rent, moving_in, moving_out, other; of a debit that is no charge what it is: payout, chargeback, ...
    kind: str
    text: str
    due_date: date
    currency: str
    amount: int
    remaining: int
    credited: int


class ChargeLine(NamedTuple):
    id: int
    charge_type: str
    text: str
    amount: int
    remaining: int
    period_from: date | None
    period_to: date | None
    #: Hundredths of a percent, and the øre in the amount.
    vat_rate: int
    vat: int
    claim: str
    holding: str | None


class ChargePaid(NamedTuple):
    """What an entry's money paid of the charge; negative where it was taken back."""

    #: Entry by which it came to be, its kind and its value date.
    act: int
    act_kind: str
    value_date: date
    #: Entry whose money it is.
    payment: int
    charge_type: str
    amount: int
    policy: str


class Note(NamedTuple):
    at: datetime
    actor: str
    text: str


class ChargeDetail(NamedTuple):
    charge: Charge
    #: What it was asked in, where that was another currency: currency, minor units, rate.
    foreign: tuple[str, int, str] | None
    lines: tuple[ChargeLine, ...]
    paid: tuple[ChargePaid, ...]
    notes: tuple[Note, ...]
    attachments: tuple[Attachment, ...]


class ChargeQuery(NamedTuple):
    """Which charges are asked for."""

    scope: Scope
    #: Only those with something left; then debits that are no charges too, as what is open of them is owed as well.
    open_only: bool = False
    kind: str | None = None

    def _from(self, columns: Select[Any]) -> Select[Any]:
        query = columns.select_from(self.scope.tenancies.join(charge, charge.c.tenancy_id == tenancy.c.id))
        query = query.where(self.scope.condition)
        if self.kind is not None:
            query = query.where(charge.c.kind == self.kind)
        if self.kind is not None or not self.open_only:
            query = query.join(entry, entry.c.id == charge.c.entry_id).where(_IS_DEMAND)
        if self.open_only:
            still = (
                select(charge_line.c.charge_id)
                .join_from(self.scope.tenancies, charge_line, charge_line.c.tenancy_id == tenancy.c.id)
                .where(self.scope.condition, charge_line.c.remaining > NOTHING)
            )
            query = query.where(charge.c.id.in_(still))
        return query

    def count(self, conn: Connection) -> int:
        found: int = conn.execute(self._from(select(func.count()))).scalar_one()
        return found

    def ids(self, limit: int) -> Select[Any]:
        """The latest due first."""
        return self._from(select(charge.c.id)).order_by(charge.c.due_date.desc(), charge.c.id.desc()).limit(limit)


def charges(conn: Connection, asked: ChargeQuery, limit: int) -> Iterator[Charge]:
    """The latest due first, ``limit`` of them."""
    chosen = asked.ids(limit).subquery("chosen")
    query = _charges().join(chosen, chosen.c.id == charge.c.id)
    rows = conn.execute(query.order_by(charge.c.due_date.desc(), charge.c.id.desc()), execution_options=IN_PARTS)
    yield from map(Charge._make, rows)


def charge_detail(conn: Connection, name: str) -> ChargeDetail:
    """A charge by its reference, or by its id: as ``#17``, or as ``17`` where no reference is that.

    Raises NoChargeError, and HubError where more than one has the reference.
    """
    found = _one_of(_named(conn, name), name)
    foreign = conn.execute(
        select(charge.c.foreign_currency, charge.c.foreign_amount, charge.c.foreign_rate).where(charge.c.id == found.id)
    ).one()
    return ChargeDetail(
        found,
        (foreign[0], foreign[1], foreign[2]) if foreign[0] is not None else None,
        tuple(_lines(conn, found.id)),
        tuple(_paid(conn, found.id)),
        tuple(_notes(conn, found.id)),
        tuple(attachments_of(conn, found.id)),
    )


def charges_by_reference(conn: Connection, condition: ColumnElement[bool], limit: int) -> Sequence[Charge]:
    """Where ``condition`` on ``charge``, ``company`` and ``tenancy`` holds; the latest due first."""
    query = _charges().where(condition).order_by(charge.c.due_date.desc(), charge.c.id.desc()).limit(limit)
    return [Charge._make(row) for row in conn.execute(query)]


def _named(conn: Connection, name: str) -> Sequence[Charge]:
    found: Sequence[Charge] = []
    if not name.startswith(ID_MARK):
        found = charges_by_reference(conn, charge.c.reference == name, _NAMED_MAX + 1)
    digits = name.removeprefix(ID_MARK)
    # No id has more than 18 digits: both databases count them in 64 bits.
    if not found and digits.isascii() and digits.isdigit() and len(digits) <= 18:
        found = charges_by_reference(conn, charge.c.id == int(digits), 1)
    return found


def _one_of(found: Sequence[Charge], name: str) -> Charge:
    if not found:
        raise NoChargeError(f"there is no charge {name}", do="give its reference, or its id as in hub charges list")
    if len(found) > 1:
        named = ", ".join(f"{ID_MARK}{one.id} of {one.tenancy}" for one in found[:_NAMED_MAX])
        more = " and more" if len(found) > _NAMED_MAX else ""
        raise HubError(f"more than one charge has the reference {name}: {named}{more}", do="name one by its id")
    return found[0]


def _charges() -> Select[Any]:
    def of_lines(column: Any) -> Any:
        total = select(func.sum(column)).select_from(charge_line).where(charge_line.c.charge_id == charge.c.id)
        return cast(total.correlate(charge).scalar_subquery(), BigInteger)

    taken_back = (
        select(func.coalesce(func.sum(credited.c.amount), 0))
        .join_from(charge_line, credited, credited.c.line_id == charge_line.c.id)
        .where(charge_line.c.charge_id == charge.c.id)
        .correlate(charge)
    )
    return (
        select(
            charge.c.id,
            charge.c.entry_id,
            tenancy.c.key,
            tenancy.c.name,
            charge.c.reference,
            case((_IS_DEMAND, charge.c.kind), else_=entry.c.kind),
            charge.c.text,
            charge.c.due_date,
            company.c.currency,
            of_lines(charge_line.c.amount),
            of_lines(charge_line.c.remaining),
            cast(taken_back.scalar_subquery(), BigInteger),
        )
        .join_from(charge, tenancy, tenancy.c.id == charge.c.tenancy_id)
        .join(entry, entry.c.id == charge.c.entry_id)
        .join(company, company.c.id == tenancy.c.company_id)
    )


def _lines(conn: Connection, charge_id: int) -> Iterator[ChargeLine]:
    columns = [charge_line.c[name] for name in ChargeLine._fields]
    query = select(*columns).where(charge_line.c.charge_id == charge_id).order_by(charge_line.c.seq)
    return map(ChargeLine._make, conn.execute(query))


def _paid(conn: Connection, charge_id: int) -> Iterator[ChargePaid]:
    query = (
        select(
            allocation.c.entry_id,
            entry.c.kind,
            entry.c.value_date,
            allocation.c.payment_id,
            charge_line.c.charge_type,
            allocation.c.amount,
            allocation.c.policy,
        )
        .join_from(charge_line, allocation, allocation.c.line_id == charge_line.c.id)
        .join(entry, entry.c.id == allocation.c.entry_id)
        .where(charge_line.c.charge_id == charge_id)
        .order_by(allocation.c.entry_id, allocation.c.seq)
    )
    return map(ChargePaid._make, conn.execute(query))


def _notes(conn: Connection, charge_id: int) -> Iterator[Note]:
    query = select(charge_note.c.at, charge_note.c.actor, charge_note.c.text)
    return map(Note._make, conn.execute(query.where(charge_note.c.charge_id == charge_id).order_by(charge_note.c.id)))
