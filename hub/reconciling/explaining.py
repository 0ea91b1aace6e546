"""Every krone that is open on clearing, by file and record: what makes it up, which record alone is missing (R18).

Nothing is booked here. What is named is what the books say; what could be meant is for a person to decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hub.reconciling.days import HeldOfDays, paid_by_day
from hub.reconciling.days import why_not as why_not_day
from hub.reconciling.pairing import free_lines
from hub.reconciling.vendors import terms_of
from hub.settings import Site
from hub.store.clearing.bank_accounts import BankAccount, bank_accounts
from hub.store.clearing.items import ClearingAccount, Item, clearing_accounts, open_days, open_payouts
from hub.store.clearing.lines import OpenLine, open_lines
from hub.store.clearing.makeup import (
    Held,
    Part,
    Record,
    parts_of,
    parts_of_entries,
    records,
    records_of,
    standing_since_zero,
)
from hub.store.clearing.settlements import Settled, settlements_of_day, settlements_of_items
from hub.store.clearing.witnesses import OpenWitness, open_witnesses
from hub.store.views import files_held_back

#: Of one account; the rest is counted.
ITEMS_SHOWN_MAX = 20
#: Records of a file are named one by one up to this many.
RECORDS_SHOWN_MAX = 5
#: Lines that an open day is held against to find the one record that is missing.
LINES_TRIED_MAX = 50


class Short(NamedTuple):
    """The one record by which a day and what the bank shows differ."""

    #: The line that shows so much less or more; None = what was settled of the day already.
    line: OpenLine | None
    #: Øre that the bank shows less than the day has; below zero: more.
    amount: int
    #: Booked, and not on the bank's line.
    record: Record | None = None
    #: On the bank's line, and not booked.
    held: Held | None = None


class OpenItem(NamedTuple):
    """A day or payout that is not settled, with all that makes it up."""

    item: Item
    parts: tuple[Part, ...]
    #: One by one where they are few.
    records: tuple[Record, ...]
    held: tuple[Held, ...]
    settled: tuple[Settled, ...]
    short: tuple[Short, ...]


class OpenAccount(NamedTuple):
    """A vendor's clearing account on which something is open."""

    account: ClearingAccount
    #: The oldest first; of an account that payouts empty there are none.
    items: tuple[OpenItem, ...]
    #: Items beside those, and their øre.
    more: int
    more_amount: int
    #: Of an account that payouts empty: what stands there since it was last at 0.00.
    parts: tuple[Part, ...] = ()
    records: tuple[Record, ...] = ()
    #: Of the same: what of those files is not booked.
    held: tuple[Held, ...] = ()


class Picture(NamedTuple):
    """All that is open, and the bank's word on each of its accounts."""

    banks: tuple[BankAccount, ...]
    accounts: tuple[OpenAccount, ...]
    #: Clearing accounts beside those: all of them at 0.00, and nothing of any day or payout open.
    settled: tuple[ClearingAccount, ...]
    lines: tuple[OpenLine, ...]
    witnesses: tuple[OpenWitness, ...]
    #: Files of any company of which something is not booked: what is in them is not in these figures.
    files_held_back: int

    @property
    def is_clear(self) -> bool:
        """Whether every clearing account is at 0.00, every line explained, every statement what is booked."""
        banks = any(one.difference or one.gaps or one.held for one in self.banks)
        return not (self.accounts or self.lines or self.witnesses or banks)


def picture(conn: Connection, site: Site, company_ids: Collection[int] | None = None, *, account: str = "") -> Picture:
    """Of these companies, None = of all; ``account`` (a clearing account or one with a bank) leaves the others out."""
    lines = open_lines(conn, company_ids)
    clearing = clearing_accounts(conn, company_ids)
    banks = bank_accounts(conn, company_ids)
    witnesses = open_witnesses(conn, company_ids)
    if account:
        clearing = [one for one in clearing if account in (one.name, one.code)]
        banks = [one for one in banks if one.account == account]
        lines = [one for one in lines if clearing or one.account == account]
        witnesses = [] if not clearing else witnesses
    found = tuple(_accounts(conn, site, clearing, lines))
    unsettled = {one.account.id for one in found}
    rest = tuple(one for one in clearing if one.id not in unsettled)
    return Picture(tuple(banks), found, rest, tuple(lines), tuple(witnesses), files_held_back(conn))


def _accounts(
    conn: Connection, site: Site, clearing: Sequence[ClearingAccount], lines: Sequence[OpenLine]
) -> Iterator[OpenAccount]:
    held = HeldOfDays(conn)
    free = free_lines(lines)
    days = paid_by_day(clearing)
    by_account: dict[int, list[Item]] = {}
    for item in (*open_days(conn, days), *open_payouts(conn, clearing)):
        by_account.setdefault(item.account.id, []).append(item)
    for account in clearing:
        if account.emptied_by_payouts:
            if account.balance:
                yield _since_zero(conn, account, held)
        elif items := by_account.get(account.id):
            shown = items[:ITEMS_SHOWN_MAX]
            opened = tuple(_open_item(conn, site, item, free, held) for item in shown)
            more = items[ITEMS_SHOWN_MAX:]
            yield OpenAccount(account, opened, len(more), sum(one.open for one in more))


def _since_zero(conn: Connection, account: ClearingAccount, held: HeldOfDays) -> OpenAccount:
    standing = standing_since_zero(conn, account)
    few = records(conn, account.id, standing) if len(standing) <= RECORDS_SHOWN_MAX else []
    parts = parts_of_entries(conn, account.id, standing)
    # One file may have several of the days.
    left_out = {one: None for day in sorted(set(standing.values())) for one in held.of(Item(account, day, 0, 0))}
    return OpenAccount(account, (), 0, 0, tuple(parts), tuple(few), tuple(left_out))


def _open_item(conn: Connection, site: Site, item: Item, lines: Sequence[OpenLine], held: HeldOfDays) -> OpenItem:
    if item.entry_id:
        settled = tuple(settlements_of_items(conn, [item.entry_id]))
        told = records(conn, item.account.id, [item.entry_id])
        return OpenItem(item, (), tuple(told), (), settled, ())
    parts = parts_of(conn, item.account.id, item.day)
    settled = tuple(settlements_of_day(conn, item.account.id, item.day))
    few = sum(part.entries for part in parts) <= RECORDS_SHOWN_MAX
    some = records_of(conn, item.account.id, item.day, most=RECORDS_SHOWN_MAX) if few else []
    left_out = tuple(held.of(item))
    short = tuple(_short(conn, site, item, lines, left_out, settled))
    return OpenItem(item, tuple(parts), tuple(some), left_out, settled, short)


def _short(
    conn: Connection,
    site: Site,
    item: Item,
    lines: Sequence[OpenLine],
    held: Sequence[Held],
    settled: Sequence[Settled],
) -> Iterator[Short]:
    """Where what the bank shows differs from the day by exactly one record."""
    terms = terms_of(site, item)
    near = [one for one in lines if one.company_id == item.account.company_id and not why_not_day(item, one, terms)]
    differences: list[tuple[OpenLine | None, int]] = [(one, item.open - one.amount) for one in near[:LINES_TRIED_MAX]]
    if settled:
        differences.append((None, item.open))
    for line, ore in differences:
        if not ore:
            continue
        missing = records_of(conn, item.account.id, item.day, amount=ore, most=2)
        beside = [one for one in held if one.amount == -ore]
        if len(missing) == 1 and not beside:
            yield Short(line, ore, record=missing[0])
        elif len(beside) == 1 and not missing:
            yield Short(line, ore, held=beside[0])
