"""Explains a bank's line: takes it out of suspense, to what it was found to be. The only writer of settlements.

Money that settles what a vendor has told of goes to its clearing account, and nobody's balance moves; what a rule or a
person gives to a tenancy is a match as of ``hub match``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from sqlalchemy import func, insert, select

from hub.acts import suspense as matching
from hub.acts.act import Acting
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.settings import CompanyConfig
from hub.store import bulk
from hub.store.clearing.lines import OpenLine
from hub.store.entries import Account, Movement
from hub.store.portfolio import tenancy_of
from hub.store.tables import settlement, suspense

#: By what a line was explained: the stored word.
How = Literal["slip", "payout", "day", "rule", "person"]


class Target(NamedTuple):
    """Where the money of a line belongs."""

    #: A vendor's clearing account or where its payouts wait, a named account, or a tenancy's receivable.
    account: Account
    #: Of clearing, the booking date whose money it is (R18); else the line's.
    day: date
    #: Of clearing, the entry of the payout or slip payment that it settles; 0 = the whole day's.
    item_id: int = 0
    #: The key of the tenancy that it is given to; "" = none.
    tenancy: str = ""


class Explained(NamedTuple):
    """What a line was found to be."""

    line: OpenLine
    target: Target
    #: Øre of the line, signed as it.
    amount: int
    how: How
    #: The entry that took it out of suspense.
    entry_id: int
    #: The bank rule that said so, and whose; "" = none did.
    vendor: str = ""
    rule: str = ""


@dataclass
class Run:
    """Explaining the lines of one company, in one transaction; whoever makes it has locked them."""

    acting: Acting
    company_id: int
    company: CompanyConfig
    explained: list[Explained] = field(default_factory=list)

    def named(self, name: str, line: OpenLine) -> Target:
        """An account of the company's own that is no tenancy's, ``bank_fees``; made if it is new."""
        account = self.acting.books.shared_account(self.company_id, kinds.NAMED, kinds.named_code(name))
        return Target(account, line.booking_date)

    def tenancy(self, key: str, line: OpenLine) -> Target:
        """A tenancy of the company. Raises HubError where there is none."""
        ref = tenancy_of(self.acting.conn, key).ref
        return Target(Account(ref.account_id, kinds.receivable_code(ref.key)), line.booking_date, tenancy=ref.key)

    def still_open(self, lines: Iterable[OpenLine]) -> list[OpenLine]:
        """Those of ``lines`` that this run has not explained."""
        done = {one.line.entry_id for one in self.explained}
        return [line for line in lines if line.entry_id not in done]


def settle(
    run: Run,
    line: OpenLine,
    target: Target,
    how: How,
    *,
    amount: int | None = None,
    vendor: str = "",
    rule: str = "",
) -> Explained:
    """Books that ``amount`` øre of the line (signed as it; None = all that is open) belong to ``target``.

    The rest stays open. It counts on the account from the day that the bank has booked it (R10), and is posted on the
    first open day from there, as the line itself was (R22). Raises what a match raises where the target is a tenancy.
    """
    part = line.amount if amount is None else amount
    if not 0 < part * (1 if line.amount > 0 else -1) <= abs(line.amount):
        raise ValueError(f"{part} is no part of a line of which {line.amount} is open")
    entry_id = _give(run, line, target) if target.tenancy else _book(run, line, target, part)
    conn = run.acting.conn
    values = {
        "entry_id": entry_id,
        "line_id": line.entry_id,
        "account_id": target.account.id,
        "day": target.day,
        "item_id": target.item_id,
        "amount": part,
        "how": how,
        "vendor": vendor,
        "rule": rule,
    }
    conn.execute(insert(settlement).values(**values))
    explained = Explained(line, target, part, how, entry_id, vendor, rule)
    run.explained.append(explained)
    return explained


def settlement_key(run: Run, line: OpenLine) -> str:
    """Of the next entry that explains this line: whoever explains it a second time at once meets the first's key."""
    before = select(func.count()).select_from(settlement).where(settlement.c.line_id == line.entry_id)
    return f"settlement|{line.key}|{run.acting.conn.execute(before).scalar_one() + 1}"


def _book(run: Run, line: OpenLine, target: Target, amount: int) -> int:
    acting = run.acting
    waits = acting.books.shared_account(run.company_id, kinds.SUSPENSE, kinds.SUSPENSE)
    movement = Movement(
        kinds.SETTLEMENT,
        None,
        -amount,
        line.booking_date.isoformat(),
        acting.first_open_day(run.company, line.booking_date).isoformat(),
        waits,
        line.value_date.isoformat(),
        settlement_key(run, line),
        input_hash(line.key, amount, target.account.code, target.day.isoformat()),
        line.text,
        corrects=line.entry_id,
        corrects_key=line.key,
    )
    entry_id = acting.books.enter(run.company_id, target.account, movement)
    bulk.add_amounts(acting.conn, suspense.c.remaining, {line.entry_id: -amount})
    return entry_id


def _give(run: Run, line: OpenLine, target: Target) -> int:
    """As ``hub match``, which takes all that is open of it."""
    acting = run.acting
    own = Acting(acting.conn, acting.site, acting.actor, acting.now, settlement_key(run, line), acting.books)
    entry_id: int = matching.match(own, line.entry_id, target.tenancy)["entry"]
    return entry_id
