"""What changed a tenancy's balance or one of its holdings, in order, and what paid what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam, select

from hub.errors import HubError
from hub.store.portfolio import tenancy_of
from hub.store.tables import account, allocation, batch, charge, charge_line, entry, posting
from hub.store.views.counting import AsOf, Prepared, as_of_moment
from hub.store.views.sources import Source, split_source, with_source
from hub.store.views.vouchers import document_of, voucher_text, with_document


class Movement(NamedTuple):
    """One change of a tenancy's balance: ``amount`` its effect (a payment is negative), ``balance`` the sum so far.

    Of a holding both are signed the other way: positive is money that is charged for it or came into it (R19).
    """

    entry: int
    value_date: date
    posting_date: date
    recorded_at: datetime
    kind: str
    text: str
    amount: int
    balance: int
    source: Source
    #: Three digits of the receivables ledger.
    document_type: str
    #: Of the company's series: ``2026-123``.
    voucher: str
    #: Of the charge that it is; "" = it is none.
    reference: str
    #: The earlier entry that it takes back, matches or credits.
    corrects: int | None


class Paid(NamedTuple):
    """So much of that entry's money went to a charge; negative where it was taken back. Øre."""

    #: Entry by which it came to be.
    act: int
    #: Entry whose money it is.
    payment: int
    #: Entry of the charge, and its reference.
    charge: int
    reference: str
    charge_type: str
    amount: int
    #: Why this line: one of hub.ledger.kinds.
    policy: str


def movements(
    conn: Connection,
    tenancy_key: str,
    *,
    until: date | None = None,
    recorded: datetime | None = None,
    holding: str | None = None,
) -> list[Movement]:
    """By value date, then as they were booked: all, or up to and including ``until``, or as recorded at that moment.

    Raises HubError when there is no such tenancy, or it has no such holding.
    """
    ref = tenancy_of(conn, tenancy_key).ref
    account_id = ref.account_id if holding is None else _holding_id(conn, ref.id, ref.key, holding)
    sign = 1 if holding is None else -1
    found: list[Movement] = []
    for row in _MOVEMENTS(conn, as_of_moment(conn, until or date.max, recorded), account_id=account_id):
        found.append(_movement(row, sign, found[-1].balance if found else 0))
    return found


def _movements(as_of: AsOf) -> Select[Any]:
    return (
        with_source(
            with_document(
                select(
                    entry.c.id,
                    posting.c.value_date,
                    entry.c.posting_date,
                    batch.c.recorded_at,
                    entry.c.text,
                    posting.c.amount,
                    charge.c.reference,
                    entry.c.corrects,
                ).join_from(posting, entry, entry.c.id == posting.c.entry_id)
            )
        )
        .where(
            posting.c.account_id == bindparam("account_id"),
            posting.c.value_date <= as_of.day,
            as_of.is_recorded(),
        )
        .order_by(posting.c.value_date, entry.c.id, posting.c.seq)
    )


_MOVEMENTS = Prepared(_movements)


def _movement(row: Row[Any], sign: int, before: int) -> Movement:
    """``before`` is the balance before it."""
    own, source = split_source(row)
    id_, value_date, posting_date, recorded_at, text, amount, reference, corrects, year, number, *four = own
    return Movement(
        id_,
        value_date,
        posting_date,
        recorded_at,
        four[0],
        text,
        sign * amount,
        before + sign * amount,
        source,
        document_of(*four),
        voucher_text(year, number),
        reference or "",
        corrects,
    )


def paid_by_entry(conn: Connection, tenancy_key: str, recorded: datetime | None = None) -> dict[int, list[Paid]]:
    """What paid what, of a tenancy, by the entry whose money it is and by that of the charge that it paid alike."""
    ref = tenancy_of(conn, tenancy_key).ref
    query = (
        select(
            allocation.c.entry_id,
            allocation.c.payment_id,
            charge.c.entry_id,
            charge.c.reference,
            charge_line.c.charge_type,
            allocation.c.amount,
            allocation.c.policy,
        )
        .join_from(posting, entry, entry.c.id == posting.c.entry_id)
        .join(allocation, allocation.c.entry_id == posting.c.entry_id)
        .join(charge_line, charge_line.c.id == allocation.c.line_id)
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(posting.c.account_id == ref.account_id, as_of_moment(conn, date.max, recorded).is_recorded())
        .order_by(allocation.c.entry_id, allocation.c.seq)
    )
    found: defaultdict[int, list[Paid]] = defaultdict(list)
    for row in conn.execute(query):
        paid = Paid._make(row)
        for entry_id in {paid.payment, paid.charge}:
            found[entry_id].append(paid)
    return found


def _holding_id(conn: Connection, tenancy_id: int, key: str, name: str) -> int:
    rows: Sequence[Any] = conn.execute(
        select(account.c.code, account.c.id).where(account.c.tenancy_id == tenancy_id).order_by(account.c.number)
    ).all()
    by_name = {code.split(":", 2)[1]: id_ for code, id_ in rows}
    if name not in by_name:
        known = ", ".join(by_name) or "none"
        raise HubError(f"tenancy {key} has no holding {name}", do=f"name one of those it has: {known}")
    return int(by_name[name])
