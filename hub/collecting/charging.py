"""The rent run: what is registered for tenancies becomes charges, once (boligberegning).

What is charged says :mod:`hub.ledger.preview`, the one place that decides it: a day that has been charged is not
charged again, however often a run is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from itertools import count
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from hub.acts.act import Acting
from hub.acts.charges import ChargeAsked, LineAsked, charge_movement
from hub.ledger import kinds
from hub.ledger.preview import Line
from hub.settings import CompanyConfig
from hub.store.entries import Movement
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef
from hub.store.tables import charge, one_off
from hub.store.views.next_charges import collecting_of


class Charging(NamedTuple):
    """What a run has charged: how many charges, øre; keys of tenancies with a part of a month in them."""

    charges: int
    amount: int
    partial: tuple[str, ...]


def charge_due(
    acting: Acting, company: CompanyConfig, tenancies: Sequence[TenancyRef], due: date, today: date
) -> Charging:
    """Charges a few thousand tenancies of one company for all periods that begin by ``due``, due on that day.

    The caller has locked their properties. Raises ChargeRefusedError, ClosedPeriodError.
    """
    collecting = collecting_of(acting.conn, [one.id for one in tenancies], today)
    references = _references(acting.conn, [one.id for one in tenancies], due)
    movements: list[Movement] = []
    spent: list[tuple[int, list[int]]] = []
    partial: list[str] = []
    due_now = [(one, collecting[one.id].through(due, today, company.collects_from)) for one in tenancies]
    _make_holdings(acting, company, due_now)
    for tenancy, lines in due_now:
        if not lines:
            continue
        asked = tuple(
            LineAsked(one.charge_type, one.amount, one.text, (one.first, one.last), one.vat_rate) for one in lines
        )
        reference = references.free(tenancy.id)
        movements.append(charge_movement(acting, tenancy, ChargeAsked(due, asked, kinds.RENT, reference=reference)))
        spent.append((len(movements) - 1, [one.one_off for one in lines if one.one_off is not None]))
        if any(one.partial for one in lines):
            partial.append(tenancy.key)
    if movements:
        _spend(acting.conn, acting.books.post(tenancies[0].company_id, movements), spent)
    return Charging(len(movements), sum(one.amount for one in movements), tuple(partial))


def _make_holdings(
    acting: Acting, company: CompanyConfig, due_now: Sequence[tuple[TenancyRef, Sequence[Line]]]
) -> None:
    """Those that the lines fill, all at once: made one by one, the first run would take ten times as long."""
    filled = ((tenancy, company.charge_type(line.charge_type).holding) for tenancy, lines in due_now for line in lines)
    wanted = list(dict.fromkeys((tenancy, name) for tenancy, name in filled if name))
    if wanted:
        acting.books.holdings(due_now[0][0].company_id, wanted)


class _References:
    """Year, month and a number, free for each tenancy: what :mod:`hub.acts.charges` gives one by one."""

    def __init__(self, head: str, used: set[tuple[int, str]]) -> None:
        self._head = head
        self._used = used

    def free(self, tenancy_id: int) -> str:
        return next(one for one in self._all() if (tenancy_id, one) not in self._used)

    def _all(self) -> Iterator[str]:
        return (f"{self._head}{number}" for number in count(1))


def _references(conn: Connection, tenancy_ids: Collection[int], due: date) -> _References:
    head = f"{due:%y%m}-"
    query = select(charge.c.tenancy_id, charge.c.reference).where(
        among(conn, charge.c.tenancy_id, tenancy_ids), charge.c.reference.startswith(head)
    )
    return _References(head, {(tenancy_id, reference) for tenancy_id, reference in conn.execute(query)})


def _spend(conn: Connection, entry_ids: Sequence[int], spent: Sequence[tuple[int, list[int]]]) -> None:
    """One-off lines point at the charge that they came with."""
    wanted = {entry_ids[at]: lines for at, lines in spent if lines}
    if not wanted:
        return
    made = conn.execute(select(charge.c.id, charge.c.entry_id).where(among(conn, charge.c.entry_id, list(wanted))))
    for charge_id, entry_id in made.all():
        conn.execute(update(one_off).where(one_off.c.id.in_(wanted[entry_id])).values(charge_id=charge_id))
