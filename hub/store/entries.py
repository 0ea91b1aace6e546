"""What the books are given: movements with their lines and parts, and what a correction takes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table

from hub.ledger import chain
from hub.money import TENANCY_ORE_MAX
from hub.store import bulk
from hub.store.accounts import change_balances
from hub.store.portfolio import TenancyRef
from hub.store.tables import (
    allocation,
    charge,
    charge_line,
    credit,
    credited,
    entry,
    posting,
    reversal,
    suspense,
)


class Account(NamedTuple):
    id: int
    code: str


class Part(NamedTuple):
    """What of an entry falls on an account beside its own; øre, debit positive."""

    account: Account
    amount: int


class Foreign(NamedTuple):
    """What a charge was asked in, where that was another currency: information, nothing is computed from it."""

    currency: str
    #: Minor units.
    amount: int
    #: Decimal text.
    rate: str


class NewLine(NamedTuple):
    """One line of a new charge; ``amount`` in øre, positive, VAT included; period as ISO dates or None."""

    charge_type: str
    amount: int
    period_from: str | None = None
    period_to: str | None = None
    #: Hundredths of a percent, and the øre of VAT in the amount.
    vat_rate: int = 0
    vat: int = 0
    #: hub.ledger.terms.Claim
    claim: str = "obligatory"
    holding: str | None = None
    text: str = ""


class Credited(NamedTuple):
    """What a credit note takes back of a charge line, which is the charge's ``seq``-th; øre."""

    line_id: int
    seq: int
    amount: int
    vat: int


class Movement(NamedTuple):
    """One thing that happens to a tenancy's balance, or to suspense where ``tenancy`` is None. Dates are ISO."""

    kind: str
    tenancy: TenancyRef | None
    #: Øre, the effect on the balance (R19): a payment is negative.
    amount: int
    value_date: str
    #: First open day (R22).
    posting_date: str
    contra: Account
    #: When it counts on the other account: the booking date for clearing (R10).
    contra_date: str
    key: str
    given: bytes
    text: str
    record: int | None = None
    reference: str = ""
    due_date: str = ""
    #: What a positive amount demands; empty = one line named after the kind.
    lines: tuple[NewLine, ...] = ()
    #: For suspense: who the payer said he is, who said so.
    customer: str = ""
    vendor: str = ""
    #: For suspense: why it is nobody's. For a reversal: one of kinds.REASONS.
    reason: str = ""
    #: Where it falls on several accounts: in place of ``contra``.
    parts: tuple[Part, ...] = ()
    charge_kind: str = "other"
    foreign: Foreign | None = None
    #: (line id, øre) that a negative amount pays before anything else.
    earmarked: tuple[tuple[int, int], ...] = ()
    #: (line id, øre) that the collection demands which it answers: paid before what its reference or policy says.
    demanded: tuple[tuple[int, int], ...] = ()
    #: For a credit note, and for the reversal of one with amounts below zero.
    credited: tuple[Credited, ...] = ()
    #: The earlier entry that it points at, with its key.
    corrects: int | None = None
    corrects_key: str = ""
    #: Of a reversal, in a person's own words.
    note: str = ""


class Correction(NamedTuple):
    """An entry that takes back an earlier one which had brought money or credit."""

    movement: Movement
    #: The account of the earlier entry: a tenancy's receivable or suspense.
    own: Account
    #: Whose account that is; None for suspense.
    tenancy: TenancyRef | None
    #: (line id, øre) that the earlier entry had paid and that is open again.
    reopened: tuple[tuple[int, int], ...]
    #: Øre of it that had paid nothing: credit, or money in suspense.
    unused: int


class Withdrawn(NamedTuple):
    """A charge that is taken back: its lines (id, øre), and what had paid them (line id, payment's entry id, øre)."""

    lines: tuple[tuple[int, int], ...]
    paid: tuple[tuple[int, int, int], ...]


class Rows:
    """Rows and changes of one batch, waiting to be written."""

    def __init__(self) -> None:
        self.entries: list[bulk.Row] = []
        self.postings: list[bulk.Row] = []
        self.allocations: list[bulk.Row] = []
        self.charges: list[bulk.Row] = []
        self.lines: list[bulk.Row] = []
        self.credits: list[bulk.Row] = []
        self.suspense: list[bulk.Row] = []
        self.reversals: list[bulk.Row] = []
        self.credited: list[bulk.Row] = []
        self.line_deltas: dict[int, int] = {}
        #: ISO, from which the last of these counts.
        self.line_days: dict[int, str] = {}
        self.credit_deltas: dict[int, int] = {}
        self.suspense_deltas: dict[int, int] = {}
        self.account_deltas: dict[int, int] = {}

    def allocate(
        self, entry_id: int, seq: int, payment_id: int, line_id: int, amount: int, policy: str, day: str
    ) -> None:
        """By this entry, of that payment's money, so much to the line; negative takes back.

        It counts from ``day``, ISO: the entry's, or the money's where that is later and new to the line.
        """
        self.allocations.append((entry_id, seq, payment_id, line_id, amount, policy))
        self.line_deltas[line_id] = self.line_deltas.get(line_id, 0) - amount
        if day > self.line_days.get(line_id, ""):
            self.line_days[line_id] = day

    def change_credit(self, payment_id: int, amount: int) -> None:
        self.credit_deltas[payment_id] = self.credit_deltas.get(payment_id, 0) + amount

    def write(self, conn: Connection) -> None:
        tables: Sequence[tuple[Table, list[bulk.Row]]] = (
            (entry, self.entries),
            (posting, self.postings),
            (charge, self.charges),
            (charge_line, self.lines),
            (allocation, self.allocations),
            (credit, self.credits),
            (suspense, self.suspense),
            (reversal, self.reversals),
            (credited, self.credited),
        )
        for table, rows in tables:
            bulk.insert_rows(conn, table, rows)
        lines = charge_line.c
        bulk.change_remaining(conn, lines.remaining, lines.remaining_since, self.line_deltas, self.line_days)
        bulk.add_amounts(conn, credit.c.remaining, self.credit_deltas)
        bulk.add_amounts(conn, suspense.c.remaining, self.suspense_deltas)
        change_balances(conn, self.account_deltas, TENANCY_ORE_MAX)


class BatchOf:
    """One company's part of a transaction."""

    def __init__(self, id: int, company_number: str) -> None:
        self.id = id
        self.company_number = company_number
        self.root = chain.Root()
        self.allocated = chain.Allocated()
        self.entry_first = 0
        self.entry_last = 0
        #: Entries by year of posting, as text: a voucher series is a company's year.
        self._vouchers: dict[str, int] = {}

    def next_voucher(self, posting_date: str) -> int:
        """The ordinal of an entry within this batch and the year of its posting date."""
        year = posting_date[:4]
        number = self._vouchers[year] = self._vouchers.get(year, 0) + 1
        return number

    @property
    def vouchers(self) -> Mapping[int, int]:
        """How many entries by year."""
        return {int(year): count for year, count in sorted(self._vouchers.items())}

    def add(self, rows: Rows) -> None:
        """Entries in order of id, with what they have paid and demand."""
        if entries := rows.entries:
            self.entry_first = self.entry_first or entries[0][0]
            self.entry_last = entries[-1][0]
            self.root.add([row[LEAF] for row in entries])
        self.allocated.pay(rows.allocations)
        entry_of = {charge_id: entry_id for charge_id, entry_id, *_ in rows.charges}
        self.allocated.demand((entry_of[charge_id], seq, line_id) for line_id, charge_id, seq, *_ in rows.lines)


#: Where an entry's row has its leaf.
LEAF = list(entry.columns.keys()).index("leaf")


def detail_of(movement: Movement) -> str:
    """What an entry says beyond its postings, for its leaf; of a charge, the books say it (:mod:`hub.ledger.chain`)."""
    if movement.credited:
        return chain.credited_detail((one.seq, one.amount, one.vat) for one in movement.credited)
    if movement.kind == "reversal":
        return chain.reversal_detail(movement.reason)
    return ""
