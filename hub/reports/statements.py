"""Gathers what a statement of account says, from the books, for :mod:`hub.reports.statement` to write down."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, exists, select

from hub.calendar import is_overdue
from hub.ledger import kinds
from hub.reports.statement.model import (
    Ageing,
    ChargeRow,
    Company,
    CreditNoteRow,
    HoldingRow,
    LineRow,
    MovementRow,
    Statement,
    Tenant,
)
from hub.settings import Site
from hub.store import views
from hub.store.charges import DEMANDS, charge_of
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef
from hub.store.tables import charge, charge_line, company, entry, posting, tenancy
from hub.store.views.counting import AsOf


@dataclass(frozen=True)
class Asked:
    """What the statements shall say."""

    as_of: date
    made_on: date
    #: Movements and charges from this day; what is open is told whatever its age. None = all.
    first: date | None = None
    #: References of the charges to settle, or ``#`` and their ids; empty = all.
    references: tuple[str, ...] = ()


def statement_of(conn: Connection, site: Site, tenancy_key: str, asked: Asked) -> Statement:
    """One tenancy's. Raises HubError where there is no such tenancy, or no such charge of it."""
    found = views.tenancy_of(conn, tenancy_key)
    balance = views.balance(conn, found.ref.key, asked.as_of)
    sender, recipient = _letterhead(conn, site, found.ref, balance.moved_out)
    chosen = [charge_of(conn, found.ref, reference).id for reference in asked.references]
    language = site.language(sender.number)
    charges, debts = _charges(conn, found.ref, asked, chosen)
    return Statement(
        language=language,
        currency=balance.currency,
        company=sender,
        tenant=recipient,
        tenancy=found.ref.key,
        as_of=asked.as_of,
        made_on=asked.made_on,
        balance=balance.balance,
        overdue=balance.overdue,
        coming=balance.coming,
        ageing=Ageing(*balance.ageing),
        charges=tuple(charges),
        debts=() if chosen else tuple(debts),
        movements=() if chosen else tuple(_movements(conn, found.ref.key, asked.first)),
        holdings=() if chosen else tuple(HoldingRow(one.name, one.charged, one.held) for one in balance.holdings),
        chosen=bool(chosen),
    )


def keys_of(conn: Connection, scope: views.Scope) -> list[str]:
    """The tenancies of a company or property that were ever charged or paid anything."""
    query = select(tenancy.c.key).select_from(scope.tenancies).where(scope.condition, views.has_movements())
    return list(conn.execute(query.order_by(tenancy.c.property_id, tenancy.c.id)).scalars())


def _letterhead(conn: Connection, site: Site, ref: TenancyRef, moved_out: bool) -> tuple[Company, Tenant]:
    """Who writes, and to whom: who has moved out is written to where he lives now."""
    row = conn.execute(
        select(
            company.c.name.label("company_name"),
            company.c.number,
            company.c.cvr,
            tenancy.c.name,
            tenancy.c.second_name,
            tenancy.c.address,
            tenancy.c.postal_code,
            tenancy.c.city,
            tenancy.c.new_address,
            tenancy.c.new_postal_code,
            tenancy.c.new_city,
        )
        .join_from(tenancy, company, company.c.id == tenancy.c.company_id)
        .where(tenancy.c.id == ref.id)
    ).one()
    address = (row.address, row.postal_code, row.city)
    if moved_out and row.new_address:
        address = (row.new_address, row.new_postal_code, row.new_city)
    street, *town = address
    lines = tuple(line for line in (street or "", " ".join(filter(None, town))) if line)
    sender = Company(row.company_name, row.number, row.cvr, site.company(row.number).address)
    return sender, Tenant(row.name, row.second_name or "", lines)


def _charges(
    conn: Connection, ref: TenancyRef, asked: Asked, chosen: Collection[int]
) -> tuple[list[ChargeRow], list[ChargeRow]]:
    """Charges, and whatever else is open, oldest due first.

    A chosen one may count only after the day of the statement: then what of it will be open on the day that it counts
    from, as credit that waits for it is his already.
    """
    query = (
        select(
            charge.c.id,
            charge.c.reference,
            charge.c.kind,
            charge.c.text,
            charge.c.due_date,
            entry.c.id.label("entry_id"),
            entry.c.kind.label("entry_kind"),
            entry.c.value_date,
        )
        .join_from(charge, entry, entry.c.id == charge.c.entry_id)
        .where(charge.c.tenancy_id == ref.id)
        .order_by(charge.c.due_date, charge.c.id)
    )
    wanted = among(conn, charge.c.id, chosen) if chosen else AsOf(asked.as_of).counts()
    rows = conn.execute(query.where(wanted)).all()
    lines = _lines(conn, [row.id for row in rows])
    notes = _credit_notes(conn, [row.entry_id for row in rows]) if chosen else {}
    days = {max(asked.as_of, row.value_date) for row in rows} | {asked.as_of}
    remaining = {day: views.open_by_charge(conn, ref, day) for day in days}
    found: list[ChargeRow] = []
    debts: list[ChargeRow] = []
    for id_, reference, kind, text, due, entry_id, entry_kind, value_date in rows:
        its_lines, day = lines[id_], max(asked.as_of, value_date)
        amount = sum(line.amount for line in its_lines)
        left = remaining[day].get(id_, 0)
        overdue = left > 0 and is_overdue(due, asked.as_of, ref.business)
        if entry_kind not in DEMANDS:
            if left:
                debts.append(ChargeRow(reference, entry_kind, text, due, amount, left, overdue))
        elif chosen or left or asked.first is None or due >= asked.first:
            its_notes = tuple(note for note in notes.get(entry_id, ()) if note.value_date <= day)
            found.append(ChargeRow(reference, kind, text, due, amount, left, overdue, tuple(its_lines), its_notes))
    return found, debts


def _credit_notes(conn: Connection, entry_ids: Sequence[int]) -> dict[int, list[CreditNoteRow]]:
    """Those that stand, by the entry that they credit."""
    back = entry.alias("back")
    rows = conn.execute(
        select(entry.c.corrects, entry.c.value_date, entry.c.text, -posting.c.amount)
        .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .where(
            among(conn, entry.c.corrects, entry_ids),
            entry.c.kind == kinds.CREDIT_NOTE,
            ~exists().where(back.c.corrects == entry.c.id, back.c.kind == kinds.REVERSAL),
        )
        .order_by(entry.c.id)
    )
    found: dict[int, list[CreditNoteRow]] = {}
    for credited, *note in rows:
        found.setdefault(credited, []).append(CreditNoteRow._make(note))
    return found


def _lines(conn: Connection, charge_ids: Sequence[int]) -> dict[int, list[LineRow]]:
    columns = [charge_line.c[name] for name in LineRow._fields]
    query = (
        select(charge_line.c.charge_id, *columns)
        .where(among(conn, charge_line.c.charge_id, charge_ids))
        .order_by(charge_line.c.charge_id, charge_line.c.seq)
    )
    found: dict[int, list[LineRow]] = {id_: [] for id_ in charge_ids}
    for charge_id, *line in conn.execute(query):
        found[charge_id].append(LineRow._make(line))
    return found


def _movements(conn: Connection, key: str, first: date | None) -> list[MovementRow]:
    return [
        MovementRow(one.value_date, one.kind, one.text, one.amount, one.balance)
        for one in views.movements(conn, key)
        if first is None or one.value_date >= first
    ]
