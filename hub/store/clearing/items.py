"""What waits on clearing for the bank to show it: days of a vendor's account (R18), and its payouts in transit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from hub.ledger import kinds
from hub.store.clearing.settlements import is_live
from hub.store.lookup import among
from hub.store.tables import account, company, entry, payout, posting, settlement

_PREFIX = f"{kinds.CLEARING}:"


class ClearingAccount(NamedTuple):
    """Of one plug-in, creditor number and debtor group in a company."""

    id: int
    company_id: int
    company: str
    currency: str
    code: str
    #: Øre; positive = the vendor has told of money that no bank line has settled.
    balance: int
    #: Whether what it holds goes out by payouts, which wait on an account of their own.
    emptied_by_payouts: bool

    @property
    def name(self) -> str:
        """Without the kind: ``nets_bs:09999999:00001``, as people write it."""
        return self.code.removeprefix(_PREFIX)

    @property
    def plugin(self) -> str:
        return self.name.split(":")[0]

    @property
    def creditor(self) -> str:
        return self.name.split(":")[1]

    @property
    def group(self) -> str:
        return self.name.split(":")[2]

    @property
    def in_transit(self) -> bool:
        return _is_in_transit(self.code)


class Item(NamedTuple):
    """A day of a vendor's clearing account, or one of its payouts; some of it is open, or was."""

    account: ClearingAccount
    #: The vendor's booking date.
    day: date
    #: The payout's entry; 0 = the whole day.
    entry_id: int
    #: Øre that no bank line has settled; positive = to come in.
    open: int
    #: Of a payout: the instance that told of it, the text that the bank's line will carry ("" = not told), the number.
    vendor: str = ""
    bank_text: str = ""
    reference: str = ""

    @property
    def name(self) -> str:
        """What ``hub settle`` takes."""
        return str(self.entry_id) if self.entry_id else f"{self.account.name}@{self.day}"


def clearing_accounts(conn: Connection, company_ids: Collection[int] | None = None) -> list[ClearingAccount]:
    """By company and code; None = of all companies."""
    query = (
        select(account.c.id, account.c.company_id, company.c.number, account.c.currency, account.c.code)
        .add_columns(account.c.balance)
        .join_from(account, company, company.c.id == account.c.company_id)
        # All that are numbered are tenancies'.
        .where(account.c.kind == kinds.CLEARING, account.c.number.is_(None))
        .order_by(company.c.number, account.c.code)
    )
    if company_ids is not None:
        query = query.where(among(conn, account.c.company_id, company_ids))
    rows = conn.execute(query).all()
    emptied = {(row.company_id, _vendor_part(row.code)) for row in rows if _is_in_transit(row.code)}
    return [
        ClearingAccount._make(
            (*row, not _is_in_transit(row.code) and (row.company_id, _vendor_part(row.code)) in emptied)
        )
        for row in rows
    ]


def open_days(
    conn: Connection, accounts: Sequence[ClearingAccount], first: date | None = None, last: date | None = None
) -> list[Item]:
    """Days of vendors' accounts that do not come to nothing, the oldest first; both ends in, None = any."""
    by_id = {one.id: one for one in accounts if not one.in_transit}
    left: defaultdict[tuple[int, date], int] = defaultdict(int)
    # What bank lines have settled counts on the bank's day there: it is taken from that, and laid on the money's own.
    for query in (
        _posted(conn, by_id, first, last),
        _settled(conn, by_id, entry.c.value_date, 1, first, last),
        _settled(conn, by_id, settlement.c.day, -1, first, last),
    ):
        for account_id, day, ore in conn.execute(query):
            # PostgreSQL sums bigint to numeric.
            left[account_id, day] += int(ore)
    found = [Item(by_id[account_id], day, 0, ore) for (account_id, day), ore in left.items() if ore]
    return sorted(found, key=lambda one: (one.day, one.account.company, one.account.code))


def open_payouts(
    conn: Connection, accounts: Sequence[ClearingAccount], first: date | None = None, last: date | None = None
) -> list[Item]:
    """Payouts that no bank line has settled whole, the oldest first; both ends in, None = any."""
    found = [one for one in _payouts(conn, accounts, first, last) if one.open]
    return sorted(found, key=lambda one: (one.day, one.entry_id))


def payout_with(conn: Connection, accounts: Sequence[ClearingAccount], entry_id: int) -> Item | None:
    """The payout that this entry booked, open or not; None = there is none, or it was taken back.

    Until the transaction ends nobody takes it back.
    """
    conn.execute(select(payout.c.entry_id).where(payout.c.entry_id == entry_id).with_for_update()).all()
    return next(_payouts(conn, accounts, None, None, entry_id), None)


def _payouts(
    conn: Connection,
    accounts: Sequence[ClearingAccount],
    first: date | None,
    last: date | None,
    entry_id: int | None = None,
) -> Iterator[Item]:
    by_id = {one.id: one for one in accounts if one.in_transit}
    settled = (
        select(func.coalesce(func.sum(settlement.c.amount), 0))
        .where(
            settlement.c.account_id == posting.c.account_id,
            settlement.c.day == payout.c.booking_date,
            settlement.c.item_id == payout.c.entry_id,
            is_live(settlement.c.entry_id),
        )
        .scalar_subquery()
    )
    said = (payout.c.vendor, payout.c.bank_text, payout.c.reference)
    query = (
        select(posting.c.account_id, payout.c.booking_date, payout.c.entry_id, payout.c.amount - settled, *said)
        .join_from(payout, posting, (posting.c.entry_id == payout.c.entry_id) & (posting.c.seq == 0))
        .where(
            among(conn, payout.c.company_id, {one.company_id for one in by_id.values()}),
            is_live(payout.c.entry_id),
            *_between(payout.c.booking_date, first, last),
        )
    )
    if entry_id is not None:
        query = query.where(payout.c.entry_id == entry_id)
    for account_id, day, id_, left, *more in conn.execute(query):
        if account_id in by_id:
            yield Item(by_id[account_id], day, id_, int(left), *more)


def _posted(conn: Connection, account_ids: Collection[int], first: date | None, last: date | None) -> Select[Any]:
    return (
        select(posting.c.account_id, posting.c.value_date, func.sum(posting.c.amount))
        .where(among(conn, posting.c.account_id, account_ids), *_between(posting.c.value_date, first, last))
        .group_by(posting.c.account_id, posting.c.value_date)
    )


def _settled(
    conn: Connection, account_ids: Collection[int], day: Any, sign: int, first: date | None, last: date | None
) -> Select[Any]:
    """What live settlements come to by account and ``day``, times ``sign``; one that was taken back is nothing."""
    return (
        select(settlement.c.account_id, day, sign * func.sum(settlement.c.amount))
        .join_from(settlement, entry, entry.c.id == settlement.c.entry_id)
        .where(
            among(conn, settlement.c.account_id, account_ids),
            is_live(settlement.c.entry_id),
            *_between(day, first, last),
        )
        .group_by(settlement.c.account_id, day)
    )


def _between(day: Any, first: date | None, last: date | None) -> list[Any]:
    return [*([day >= first] if first else []), *([day <= last] if last else [])]


def _vendor_part(code: str) -> str:
    """Plug-in and creditor number, which all groups have in common."""
    return code.rsplit(":", 1)[0]


def _is_in_transit(code: str) -> bool:
    return code.rsplit(":", 1)[-1] == kinds.IN_TRANSIT
