"""Our accounts with banks: the last statement of each against what is booked, and where statements do not go on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.ledger import kinds
from hub.store.clearing.makeup import Held, held_lines
from hub.store.clearing.statements import Stated, place, standing_statements
from hub.store.tables import account, company, posting


class Gap(NamedTuple):
    """Two statements of an account between which money is missing."""

    before: Stated
    after: Stated
    #: Øre by which the second opens above the first's closing.
    amount: int


class BankAccount(NamedTuple):
    """``booked`` is what the first statement opened with and all lines up to the last statement's last day, in øre."""

    company: str
    account: str
    currency: str
    last: Stated
    booked: int | None
    #: Oldest first.
    gaps: tuple[Gap, ...]
    #: Lines of its statements that are not booked.
    held: tuple[Held, ...]

    @property
    def difference(self) -> int | None:
        """Øre that the bank has more than the books; None = the statements have no balances."""
        if self.booked is None or self.last.closing is None:
            return None
        return self.last.closing - self.booked


def bank_accounts(conn: Connection, company_ids: Collection[int] | None = None) -> list[BankAccount]:
    """Those that a statement was ever taken in of, by company and account; None = of all companies."""
    numbers = dict(conn.execute(select(company.c.id, company.c.number)).all())
    of_account: defaultdict[tuple[int, str, str], list[Stated]] = defaultdict(list)
    for one in standing_statements(conn):
        if company_ids is None or one.company_id in company_ids:
            of_account[one.company_id, one.account, one.currency].append(one)
    found = []
    for (company_id, number, currency), statements in of_account.items():
        first = min(statements, key=lambda one: (one.first_day, place(one)))
        last, opening = statements[-1], first.opening
        booked = None if opening is None else opening + _booked(conn, company_id, number, last.last_day)
        gaps, held = _gaps(statements), tuple(held_lines(conn, number))
        found.append(BankAccount(numbers[company_id], number, currency, last, booked, gaps, held))
    return sorted(found)


def _booked(conn: Connection, company_id: int, number: str, last: date) -> int:
    """Øre on the account's own book up to that day."""
    query = (
        select(func.coalesce(func.sum(posting.c.amount), 0))
        .join_from(account, posting, posting.c.account_id == account.c.id)
        .where(
            account.c.company_id == company_id,
            account.c.code == kinds.bank_code(number),
            posting.c.value_date <= last,
        )
    )
    # PostgreSQL sums bigint to numeric.
    return int(conn.execute(query).scalar_one())


def _gaps(statements: Sequence[Stated]) -> tuple[Gap, ...]:
    """A statement without balances says nothing of what is missing beside it, nor does one over the same days."""
    with_balances = [one for one in statements if one.opening is not None and one.closing is not None]
    found = []
    for before, after in pairwise(with_balances):
        assert before.closing is not None
        assert after.opening is not None
        if before.closing != after.opening and not _share_days(before, after):
            found.append(Gap(before, after, after.opening - before.closing))
    return tuple(found)


def _share_days(before: Stated, after: Stated) -> bool:
    """Of a month and of days in it, or over each other; several of one day follow one another."""
    same = (before.first_day, before.last_day) == (after.first_day, after.last_day)
    within = after.last_day == before.last_day or after.first_day == before.first_day
    return after.first_day < before.last_day or (within and not same)
