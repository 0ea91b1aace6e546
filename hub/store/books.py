"""The only writer of the ledger: turns movements of tenancies into entries, postings, charge lines and allocations.

A ``Books`` object lives as long as its transaction. Rows are written batch by batch, so that memory does not grow with
the file; the totals of shared accounts and the chain come last, in ``close``.

Invariant, proved by ``hub verify``: a tenancy's balance = what is open on its charge lines - what is left of its
credits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from hub.ledger import chain, kinds
from hub.ledger.allocation import allocate
from hub.store import bulk
from hub.store.ids import Ids
from hub.store.portfolio import TenancyRef
from hub.store.positions import Position, load_positions
from hub.store.tables import account, allocation, batch, charge, charge_line, company, credit, entry, posting, suspense


class Account(NamedTuple):
    id: int
    code: str


class NewLine(NamedTuple):
    """One line of a new charge; ``amount`` in øre, positive; period as ISO dates or None."""

    charge_type: str
    amount: int
    period_from: str | None = None
    period_to: str | None = None


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
    #: For suspense: who the payer said he is, who said so, and why it is nobody's.
    customer: str = ""
    vendor: str = ""
    reason: str = ""


class Correction(NamedTuple):
    """An entry that takes an earlier one back."""

    movement: Movement
    #: The account of the earlier entry: a tenancy's receivable or suspense.
    own: Account
    #: Whose account that is; None for suspense.
    tenancy_id: int | None
    corrects: int
    corrects_key: str
    #: (line id, øre) that the earlier entry had paid and that is open again.
    reopened: tuple[tuple[int, int], ...]
    #: Øre of it that had paid nothing: credit, or money in suspense.
    unused: int


class _Rows:
    """Rows and changes waiting to be written."""

    def __init__(self) -> None:
        self.entries: list[bulk.Row] = []
        self.postings: list[bulk.Row] = []
        self.allocations: list[bulk.Row] = []
        self.charges: list[bulk.Row] = []
        self.lines: list[bulk.Row] = []
        self.credits: list[bulk.Row] = []
        self.suspense: list[bulk.Row] = []
        self.line_deltas: dict[int, int] = {}
        self.credit_deltas: dict[int, int] = {}
        self.suspense_deltas: dict[int, int] = {}
        self.account_deltas: dict[int, int] = {}

    def write(self, conn: Connection) -> None:
        for table, rows in (
            (entry, self.entries),
            (posting, self.postings),
            (charge, self.charges),
            (charge_line, self.lines),
            (allocation, self.allocations),
            (credit, self.credits),
            (suspense, self.suspense),
        ):
            bulk.insert_rows(conn, table, rows)
        bulk.add_amounts(conn, charge_line.c.remaining, self.line_deltas)
        bulk.add_amounts(conn, credit.c.remaining, self.credit_deltas)
        bulk.add_amounts(conn, suspense.c.remaining, self.suspense_deltas)
        bulk.add_amounts(conn, account.c.balance, self.account_deltas)


class _Batch:
    """One company's part of this transaction."""

    def __init__(self, id: int, company_number: str) -> None:
        self.id = id
        self.company_number = company_number
        self.root = chain.Root()
        self.entry_first = 0
        self.entry_last = 0

    def add(self, entries: Sequence[bulk.Row]) -> None:
        self.entry_first = self.entry_first or entries[0][0]
        self.entry_last = entries[-1][0]
        self.root.add(row[-1] for row in entries)


class Books:
    """``source`` is the sha256 of the file that is booked, "" for an act of ``actor``."""

    def __init__(
        self, conn: Connection, *, recorded_at: datetime, actor: str, reading_id: int | None = None, source: str = ""
    ) -> None:
        self.conn = conn
        self._ids = Ids(conn)
        self._recorded_at = recorded_at
        self._actor = actor
        self._reading_id = reading_id
        self._source = source
        self._batches: dict[int, _Batch] = {}
        self._accounts: dict[tuple[int, str], Account] = {}
        self._shared_deltas: dict[int, int] = {}

    def shared_account(self, company_id: int, kind: str, code: str) -> Account:
        """The company's account of this code, made if it is new."""
        known = self._accounts.get((company_id, code))
        if known is None:
            known = Account(_account_id(self.conn, company_id, kind, code), code)
            self._accounts[company_id, code] = known
        return known

    def post(self, company_id: int, movements: Sequence[Movement]) -> None:
        """Books movements of one company in their order; a few thousand at a time."""
        if not movements:
            return
        ours = self._batch(company_id)
        rows = _Rows()
        positions = load_positions(
            self.conn,
            {m.tenancy.id for m in movements if m.tenancy is not None and m.amount < 0},
            {m.tenancy.id for m in movements if m.tenancy is not None and m.amount > 0},
        )
        for entry_id, movement in zip(self._ids.take("entry", len(movements)), movements, strict=True):
            tenancy = movement.tenancy
            detail = ""
            if tenancy is None:
                own = self.shared_account(company_id, kinds.SUSPENSE, kinds.SUSPENSE)
                rows.suspense.append(_suspended(company_id, entry_id, movement))
                detail = chain.suspense_detail(movement.vendor, movement.customer, movement.reference)
            else:
                own = Account(tenancy.account_id, f"receivable:{tenancy.key}")
                if movement.amount < 0:
                    _receive(rows, positions[tenancy.id], entry_id, movement, tenancy.id)
                elif movement.amount > 0:
                    detail = self._demand(rows, positions[tenancy.id], entry_id, movement, tenancy.id)
            self._enter(rows, ours.id, entry_id, own, movement, detail)
        rows.write(self.conn)
        ours.add(rows.entries)

    def correct(self, company_id: int, correction: Correction) -> None:
        """Books an entry that takes an earlier one back, reopening exactly what that had paid (R9).

        Credit that the tenancy has left pays what is open again, oldest due first, as it would pay a new charge.
        """
        ours = self._batch(company_id)
        rows = _Rows()
        (entry_id,) = self._ids.take("entry", 1)
        for seq, (line_id, part) in enumerate(correction.reopened):
            rows.allocations.append((entry_id, seq, correction.corrects, line_id, -part, kinds.TAKEN_BACK))
            rows.line_deltas[line_id] = part
        if correction.unused:
            suspended = correction.own.code == kinds.SUSPENSE
            unused = rows.suspense_deltas if suspended else rows.credit_deltas
            unused[correction.corrects] = -correction.unused
        own, movement = correction.own, correction.movement
        self._enter(rows, ours.id, entry_id, own, movement, "", correction.corrects, correction.corrects_key)
        rows.write(self.conn)
        ours.add(rows.entries)
        if correction.tenancy_id is not None and correction.reopened:
            self._use_credits(entry_id, correction.tenancy_id, len(correction.reopened))

    def _use_credits(self, entry_id: int, tenancy_id: int, seq: int) -> None:
        """Allocations numbered from ``seq``, by this entry."""
        position = load_positions(self.conn, {tenancy_id}, {tenancy_id})[tenancy_id]
        rows = _Rows()
        for credit_id, left in position.credits:
            for line_id, part, _ in allocate(left, position.charges, "")[0]:
                rows.allocations.append((entry_id, seq, credit_id, line_id, part, kinds.BY_CREDIT))
                rows.line_deltas[line_id] = rows.line_deltas.get(line_id, 0) - part
                rows.credit_deltas[credit_id] = rows.credit_deltas.get(credit_id, 0) - part
                seq += 1
        rows.write(self.conn)

    def close(self) -> None:
        """Writes shared totals and moves each company's chain on: the last locks taken, in order of company."""
        bulk.add_amounts(self.conn, account.c.balance, self._shared_deltas)
        for company_id, ours in sorted(self._batches.items()):
            if not ours.root.entries:
                continue
            seq, previous = self.conn.execute(
                select(company.c.chain_seq, company.c.chain_hash)
                .where(company.c.id == company_id)
                .with_for_update(key_share=True)
            ).one()
            head = chain.batch_hash(
                previous, ours.company_number, seq + 1, self._recorded_at, self._actor, self._source, ours.root
            )
            self.conn.execute(
                insert(batch).values(
                    id=ours.id,
                    company_id=company_id,
                    seq=seq + 1,
                    recorded_at=self._recorded_at,
                    actor=self._actor,
                    reading_id=self._reading_id,
                    entry_first=ours.entry_first,
                    entry_last=ours.entry_last,
                    entries=ours.root.entries,
                    root=ours.root.digest(),
                    previous_hash=previous,
                    hash=head,
                )
            )
            self.conn.execute(
                update(company).where(company.c.id == company_id).values(chain_seq=seq + 1, chain_hash=head)
            )

    def _batch(self, company_id: int) -> _Batch:
        ours = self._batches.get(company_id)
        if ours is None:
            number = self.conn.execute(select(company.c.number).where(company.c.id == company_id)).scalar_one()
            ours = self._batches[company_id] = _Batch(self._ids.take("batch", 1)[0], number)
        return ours

    def _enter(
        self,
        rows: _Rows,
        batch_id: int,
        entry_id: int,
        own: Account,
        movement: Movement,
        detail: str = "",
        corrects: int | None = None,
        corrects_key: str = "",
    ) -> None:
        """The entry with its two postings; a movement of nothing (a failed payment) has one posting of nothing."""
        kind, _, amount, value_date, posting_date, contra, contra_date, key, given, text, record = movement[:11]
        own_id, own_code = own
        postings: tuple[chain.LeafPosting, ...] = ((own_code, amount, value_date),)
        rows.postings.append((entry_id, 0, own_id, amount, value_date))
        if amount:
            contra_id, contra_code = contra
            postings = (*postings, (contra_code, -amount, contra_date))
            rows.postings.append((entry_id, 1, contra_id, -amount, contra_date))
            shared = self._shared_deltas
            shared[contra_id] = shared.get(contra_id, 0) - amount
            deltas = shared if own_code == kinds.SUSPENSE else rows.account_deltas
            deltas[own_id] = deltas.get(own_id, 0) + amount
        leaf = chain.leaf(kind, key, value_date, posting_date, record, corrects_key, given, detail, postings)
        rows.entries.append(
            (entry_id, batch_id, kind, value_date, posting_date, text, record, corrects, key, given, leaf)
        )

    def _demand(self, rows: _Rows, position: Position, entry_id: int, movement: Movement, tenancy_id: int) -> str:
        """A charge with its lines; what credit the tenancy has pays it at once, oldest first. Gives its detail."""
        lines = movement.lines or (NewLine(movement.kind, movement.amount),)
        charge_id = self._ids.take("charge", 1)[0]
        due = movement.due_date or movement.value_date
        rows.charges.append((charge_id, entry_id, tenancy_id, movement.reference, due, movement.text))
        uses = 0
        for seq, (line_id, line) in enumerate(zip(self._ids.take("charge_line", len(lines)), lines, strict=True)):
            left = line.amount
            while left and position.credits:
                credit_id, available = position.credits[0]
                part = min(left, available)
                rows.allocations.append((entry_id, uses, credit_id, line_id, part, kinds.BY_CREDIT))
                rows.credit_deltas[credit_id] = rows.credit_deltas.get(credit_id, 0) - part
                uses += 1
                left -= part
                position.credits[0] = (credit_id, available - part)
                if part == available:
                    position.credits.pop(0)
            rows.lines.append(
                (
                    line_id,
                    charge_id,
                    seq,
                    tenancy_id,
                    line.charge_type,
                    line.amount,
                    left,
                    line.period_from,
                    line.period_to,
                )
            )
            if left:
                position.add_open_line(due, charge_id, movement.reference, line_id, left)
        return chain.charge_detail(due, movement.reference, lines)


def _receive(rows: _Rows, position: Position, entry_id: int, movement: Movement, tenancy_id: int) -> None:
    """Money for the tenant: pays what is open, by reference and then by age; the rest stays as credit."""
    paid, rest = allocate(-movement.amount, position.charges, movement.reference)
    deltas = rows.line_deltas
    for seq, (line_id, part, policy) in enumerate(paid):
        rows.allocations.append((entry_id, seq, entry_id, line_id, part, policy))
        deltas[line_id] = deltas.get(line_id, 0) - part
    if rest:
        rows.credits.append((entry_id, tenancy_id, rest, rest))
        position.credits.append((entry_id, rest))


def _suspended(company_id: int, entry_id: int, movement: Movement) -> bulk.Row:
    received = -movement.amount
    said = (movement.vendor, movement.customer, movement.reference, movement.reason)
    return (entry_id, company_id, received, received, *said)


def _account_id(conn: Connection, company_id: int, kind: str, code: str) -> int:
    """Another writer may make the same account meanwhile: whoever comes second waits, then finds it."""
    wanted = select(account.c.id).where(account.c.company_id == company_id, account.c.code == code)
    known: int | None = conn.execute(wanted).scalar_one_or_none()
    if known is not None:
        return known
    currency = select(company.c.currency).where(company.c.id == company_id).scalar_subquery()
    bulk.insert_if_new(conn, account, company_id=company_id, kind=kind, code=code, currency=currency)
    made: int = conn.execute(wanted).scalar_one()
    return made
