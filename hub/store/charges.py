"""One charge as corrections need it: its lines, what of them is not credited yet, and where they were booked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.errors import HubError
from hub.ledger import kinds
from hub.store.entries import Account
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef, refs_with
from hub.store.tables import account, charge, charge_line, credited, entry, posting, tenancy
from hub.store.taking_back import history_of

#: Entries that demand something. Whatever else a tenancy is debited, as a payout or a charge-back, has a row of charge
#: too, for what is open of it to be paid, and is none: nobody credits it, and no list calls it one.
DEMANDS = (kinds.CHARGE, kinds.RESULT)
#: Before the id of a charge, where a reference is asked for.
ID_MARK = "#"


class NoChargeError(HubError):
    """The tenancy has no charge, or more than one, under this reference, or it was taken back."""


class LineFacts(NamedTuple):
    id: int
    #: From 0.
    seq: int
    charge_type: str
    #: Øre, of this ``vat`` VAT.
    amount: int
    vat: int
    remaining: int
    #: What no credit note has taken back yet.
    creditable: int
    creditable_vat: int
    #: The other side.
    account: Account


class ChargeFacts(NamedTuple):
    id: int
    entry_id: int
    key: str
    reference: str
    value_date: date
    lines: tuple[LineFacts, ...]


def charge_of(conn: Connection, whose: TenancyRef, reference: str) -> ChargeFacts:
    """The tenancy's standing charge under ``reference``, or with the id in ``#123``. Raises NoChargeError."""
    wanted = charge.c.reference == reference
    if reference.startswith(ID_MARK) and reference[1:].isascii() and reference[1:].isdigit():
        wanted = charge.c.id == int(reference[1:])
    rows = conn.execute(
        select(charge.c.id, charge.c.entry_id, entry.c.key, charge.c.reference, entry.c.value_date)
        .join_from(charge, entry, entry.c.id == charge.c.entry_id)
        .where(charge.c.tenancy_id == whose.id, entry.c.kind.in_(DEMANDS), wanted)
        .order_by(charge.c.id)
    ).all()
    history = history_of(conn, [row.entry_id for row in rows])
    standing = [row for row in rows if history.taken_back_by(row.entry_id) is None]
    if len(standing) == 1:
        return ChargeFacts(*standing[0], _lines(conn, standing[0].id, standing[0].entry_id))
    if standing:
        ids = ", ".join(f"{ID_MARK}{row.id}" for row in standing)
        raise NoChargeError(
            f"{len(standing)} charges have the reference {reference!r}", where=whose.key, do=f"say {ids}"
        )
    if rows:
        raise NoChargeError(f"charge {reference!r} has been reversed", where=whose.key)
    raise NoChargeError(
        f"there is no charge {reference!r}", where=whose.key, do=f"see: hub charges list --tenancy {whose.key}"
    )


def tenancies_by_charge(conn: Connection, company_id: int, references: Collection[str]) -> dict[str, TenancyRef]:
    """Whose charge each of these references names, where just one standing charge of the company has it."""
    back = entry.alias("back")
    reversed_ = select(back.c.id).where(back.c.corrects == entry.c.id, back.c.kind.in_(kinds.TAKING_BACK)).exists()
    rows = conn.execute(
        select(charge.c.reference, func.min(charge.c.tenancy_id))
        .join_from(charge, tenancy, tenancy.c.id == charge.c.tenancy_id)
        .join(entry, entry.c.id == charge.c.entry_id)
        .where(
            among(conn, charge.c.reference, references),
            tenancy.c.company_id == company_id,
            entry.c.kind.in_(DEMANDS),
            ~reversed_,
        )
        .group_by(charge.c.reference)
        .having(func.count() == 1)
    ).all()
    refs = refs_with(conn, {tenancy_id for _, tenancy_id in rows}) if rows else {}
    return {reference: refs[tenancy_id] for reference, tenancy_id in rows}


def _lines(conn: Connection, charge_id: int, entry_id: int) -> tuple[LineFacts, ...]:
    sides = conn.execute(
        select(account.c.id, account.c.code, account.c.kind)
        .join_from(posting, account, account.c.id == posting.c.account_id)
        .where(posting.c.entry_id == entry_id, posting.c.seq > 0)
        .order_by(posting.c.seq)
    ).all()
    by_code = {side.code: Account(side.id, side.code) for side in sides}
    holdings = {side.code.split(":")[1]: Account(side.id, side.code) for side in sides if side.kind == kinds.HOLDING}
    rest = [Account(side.id, side.code) for side in sides if side.kind not in (kinds.HOLDING, kinds.VAT)]
    gone = (
        select(credited.c.line_id, func.sum(credited.c.amount).label("amount"), func.sum(credited.c.vat).label("vat"))
        .join_from(charge_line, credited, credited.c.line_id == charge_line.c.id)
        .where(charge_line.c.charge_id == charge_id)
        .group_by(credited.c.line_id)
        .subquery()
    )
    rows = conn.execute(
        select(
            charge_line, func.coalesce(gone.c.amount, 0).label("gone"), func.coalesce(gone.c.vat, 0).label("gone_vat")
        )
        .join_from(charge_line, gone, gone.c.line_id == charge_line.c.id, isouter=True)
        .where(charge_line.c.charge_id == charge_id)
        .order_by(charge_line.c.seq)
    )
    return tuple(
        LineFacts(
            row.id,
            row.seq,
            row.charge_type,
            row.amount,
            row.vat,
            row.remaining,
            # PostgreSQL sums bigint to numeric.
            row.amount - int(row.gone),
            row.vat - int(row.gone_vat),
            holdings[row.holding] if row.holding else by_code.get(kinds.income_code(row.charge_type)) or rest[0],
        )
        for row in rows
    )
