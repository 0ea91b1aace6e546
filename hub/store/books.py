"""The only writer of the ledger: turns movements of tenancies into entries, postings, charge lines and allocations.

A ``Books`` object lives as long as its transaction. Rows are written batch by batch, so that memory does not grow with
the file; the totals of shared accounts, voucher numbers and the chain come last, in ``close``.

Invariant, proved by ``hub verify``: a tenancy's balance = what is open on its charge lines - what is left of its
credits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from hub.ledger import chain, kinds
from hub.ledger.allocation import allocate
from hub.ledger.terms import RANKS, Terms
from hub.ledger.words import Words
from hub.money import ACCOUNT_ORE_MAX
from hub.store import accounts, bulk
from hub.store.entries import Account, BatchOf, Correction, Movement, NewLine, Rows, Withdrawn, detail_of
from hub.store.ids import Ids
from hub.store.paying import difference, pay_with_credit, receive, suspended
from hub.store.portfolio import TenancyRef
from hub.store.positions import Position, load_positions
from hub.store.tables import batch, company, credit
from hub.store.vouchers import deal_vouchers


class _Freed(NamedTuple):
    """A tenancy that an entry has set money or lines free for; ISO ``day`` is the entry's."""

    entry_id: int
    tenancy: TenancyRef
    #: Of the entry's next allocation.
    seq: int
    day: str


class Books:
    """``source`` is the sha256 of the file that is booked, "" for an act of ``actor``.

    ``terms_of`` gives a company's terms by number.
    """

    def __init__(
        self,
        conn: Connection,
        *,
        recorded_at: datetime,
        actor: str,
        terms_of: Callable[[str], Terms],
        reading_id: int | None = None,
        source: str = "",
    ) -> None:
        self.conn = conn
        self._ids = Ids(conn)
        self._recorded_at = recorded_at
        self._actor = actor
        self._terms_of = terms_of
        self._reading_id = reading_id
        self._source = source
        self._batches: dict[int, tuple[BatchOf, Terms]] = {}
        self._accounts: dict[tuple[int, str], Account] = {}
        self._shared_deltas: dict[int, int] = {}

    def shared_account(self, company_id: int, kind: str, code: str) -> Account:
        """The company's account of this code, made if it is new."""
        known = self._accounts.get((company_id, code))
        if known is None:
            known = Account(accounts.account_id(self.conn, company_id, kind, code), code)
            self._accounts[company_id, code] = known
        return known

    def holding(self, tenancy: TenancyRef, name: str) -> Account:
        """The tenancy's holding of this name, made if it is new."""
        known = self._accounts.get((tenancy.company_id, kinds.holding_code(name, tenancy.key)))
        if known is None:
            (known,) = self.holdings(tenancy.company_id, [(tenancy, name)])
        return known

    def holdings(self, company_id: int, wanted: Iterable[tuple[TenancyRef, str]]) -> list[Account]:
        """As :meth:`holding`, of a few thousand at once; no holding twice. All tenancies are of one company."""
        owners = {kinds.holding_code(name, tenancy.key): tenancy.id for tenancy, name in wanted}
        found = accounts.holding_ids(self.conn, company_id, owners)
        for code, id_ in found.items():
            self._accounts[company_id, code] = Account(id_, code)
        return [self._accounts[company_id, code] for code in owners]

    def post(self, company_id: int, movements: Sequence[Movement]) -> list[int]:
        """Books movements of one company in their order, a few thousand at a time; gives the ids of their entries."""
        if not movements:
            return []
        ours, terms = self._batch(company_id)
        rows = Rows()
        homes, business = terms.policy(False), terms.policy(True)
        moved = [(m.amount, m.tenancy) for m in movements if m.tenancy is not None]
        positions = load_positions(
            self.conn,
            {tenancy.id: business if tenancy.business else homes for amount, tenancy in moved if amount < 0},
            {tenancy.id for amount, tenancy in moved if amount > 0},
        )
        differences: list[tuple[Movement, list[tuple[int, int]]]] = []
        ids = self._ids.take("entry", len(movements))
        for entry_id, movement in zip(ids, movements, strict=True):
            tenancy = movement.tenancy
            detail = ""
            own: tuple[int, str]
            if tenancy is None:
                own = self.shared_account(company_id, kinds.SUSPENSE, kinds.SUSPENSE)
                rows.suspense.append(suspended(company_id, entry_id, movement))
                detail = chain.suspense_detail(movement.vendor, movement.customer, movement.reference)
            else:
                own = (tenancy.account_id, f"receivable:{tenancy.key}")
                policy = business if tenancy.business else homes
                if movement.amount < 0:
                    left = receive(rows, positions[tenancy.id], entry_id, movement, tenancy.id, policy, terms)
                    if left:
                        written_off = difference(movement, entry_id, left, terms.words.difference)
                        differences.append((written_off, left))
                    if movement.corrects is not None:
                        detail = detail_of(movement)
                elif movement.amount > 0:
                    detail = self._demand(rows, positions[tenancy.id], entry_id, movement, tenancy, policy)
            self._enter(rows, ours, entry_id, own, movement, detail)
        for (written_off, lines), entry_id in zip(differences, self._ids.take("entry", len(differences)), strict=True):
            self._write_off(rows, ours, company_id, entry_id, written_off, lines)
        rows.write(self.conn)
        ours.add(rows)
        return list(ids)

    def enter(self, company_id: int, own: Account, movement: Movement) -> int:
        """As :meth:`enter_all`; gives the id of its entry."""
        (entry_id,) = self.enter_all(company_id, [(own, movement)])
        return entry_id

    def enter_all(self, company_id: int, movements: Sequence[tuple[Account, Movement]]) -> list[int]:
        """Books entries that touch no tenancy's balance, each with its own account; gives their ids."""
        ours, _ = self._batch(company_id)
        rows = Rows()
        ids = self._ids.take("entry", len(movements))
        for entry_id, (own, movement) in zip(ids, movements, strict=True):
            self._enter(rows, ours, entry_id, own, movement, detail_of(movement))
        rows.write(self.conn)
        ours.add(rows)
        return list(ids)

    def correct(self, company_id: int, correction: Correction) -> int:
        """As :meth:`correct_all`; gives the id of its entry."""
        (entry_id,) = self.correct_all(company_id, [correction])
        return entry_id

    def correct_all(self, company_id: int, corrections: Sequence[Correction]) -> list[int]:
        """Books entries that take back earlier ones, reopening exactly what those had paid (R9); gives their ids.

        Credit that a tenancy has left pays what is open again, as it would pay a new charge. No tenancy twice.
        """
        rows, freed = Rows(), []
        ids = self._ids.take("entry", len(corrections))
        ours, _ = self._batch(company_id)
        for entry_id, (movement, own, tenancy, reopened, unused) in zip(ids, corrections, strict=True):
            corrected = movement.corrects
            assert corrected is not None
            taken_back = kinds.REVERSED if movement.kind == kinds.REVERSAL else kinds.TAKEN_BACK
            for seq, (line_id, part) in enumerate(reopened):
                rows.allocate(entry_id, seq, corrected, line_id, -part, taken_back, movement.value_date)
            if unused:
                suspended = own.code == kinds.SUSPENSE
                (rows.suspense_deltas if suspended else rows.credit_deltas)[corrected] = -unused
            if tenancy is not None and reopened:
                freed.append(_Freed(entry_id, tenancy, len(reopened), movement.value_date))
            self._enter(rows, ours, entry_id, own, movement, detail_of(movement))
        self._write_and_use_credits(company_id, rows, freed)
        return list(ids)

    def withdraw_all(self, company_id: int, withdrawals: Sequence[tuple[Movement, Withdrawn]]) -> list[int]:
        """Books entries that take back charges: what had paid them is credit again, which pays what else is open.

        No tenancy twice. Gives their ids.
        """
        rows, freed = Rows(), []
        ids = self._ids.take("entry", len(withdrawals))
        ours, _ = self._batch(company_id)
        for entry_id, (movement, withdrawn) in zip(ids, withdrawals, strict=True):
            tenancy = movement.tenancy
            assert tenancy is not None
            for payment_id in {payment_id for _, payment_id, _ in withdrawn.paid}:
                bulk.insert_if_new(self.conn, credit, entry_id=payment_id, tenancy_id=tenancy.id, remaining=0)
            for seq, (line_id, payment_id, part) in enumerate(withdrawn.paid):
                rows.allocate(entry_id, seq, payment_id, line_id, -part, kinds.REVERSED, movement.value_date)
                rows.change_credit(payment_id, part)
            for seq, (line_id, amount) in enumerate(withdrawn.lines, start=len(withdrawn.paid)):
                rows.allocate(entry_id, seq, entry_id, line_id, amount, kinds.BY_DOCUMENT, movement.value_date)
            seq = len(withdrawn.paid) + len(withdrawn.lines)
            freed.append(_Freed(entry_id, tenancy, seq, movement.value_date))
            own = Account(tenancy.account_id, kinds.receivable_code(tenancy.key))
            self._enter(rows, ours, entry_id, own, movement, detail_of(movement))
        self._write_and_use_credits(company_id, rows, freed)
        return list(ids)

    def pending(self, account_id: int) -> int:
        """Øre that this transaction has put on an account, and that its balance will show in the end."""
        return self._shared_deltas.get(account_id, 0)

    def close(self) -> None:
        """Writes shared totals and moves each company's chain on: the last locks taken, in order of company."""
        accounts.change_balances(self.conn, self._shared_deltas, ACCOUNT_ORE_MAX)
        for company_id, (ours, _) in sorted(self._batches.items()):
            if not ours.root.entries:
                continue
            seq, previous = self.conn.execute(
                select(company.c.chain_seq, company.c.chain_hash)
                .where(company.c.id == company_id)
                .with_for_update(key_share=True)
            ).one()
            allocated = ours.allocated.digest()
            told = (ours.company_number, seq + 1, self._recorded_at, self._actor, self._source)
            head = chain.batch_hash(previous, *told, ours.root, allocated)
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
                    allocated=allocated,
                )
            )
            deal_vouchers(self.conn, company_id, ours)
            self.conn.execute(
                update(company).where(company.c.id == company_id).values(chain_seq=seq + 1, chain_hash=head)
            )

    def words(self, company_id: int) -> Words:
        """What entries of the company are called, in its language."""
        return self._batch(company_id)[1].words

    def _batch(self, company_id: int) -> tuple[BatchOf, Terms]:
        known = self._batches.get(company_id)
        if known is None:
            number = self.conn.execute(select(company.c.number).where(company.c.id == company_id)).scalar_one()
            ours = BatchOf(self._ids.take("batch", 1)[0], number)
            known = self._batches[company_id] = ours, self._terms_of(number)
        return known

    def _enter(
        self, rows: Rows, ours: BatchOf, entry_id: int, own: tuple[int, str], movement: Movement, detail: str = ""
    ) -> None:
        """The entry with its postings; a movement of nothing (a failed payment) has one posting of nothing.

        A result of nothing may still take out of a holding what was asked on account: then it has parts.
        """
        kind, tenancy, amount, value_date, posting_date, contra, contra_date, key, given, text, record = movement[:11]
        own_id, own_code = own
        posted = rows.postings
        posted.append((entry_id, 0, own_id, amount, value_date))
        postings = [(own_code, amount, value_date)]
        parts = movement.parts
        if amount or parts:
            shared = self._shared_deltas
            for seq, ((contra_id, contra_code), part) in enumerate(parts or ((contra, -amount),), start=1):
                postings.append((contra_code, part, contra_date))
                posted.append((entry_id, seq, contra_id, part, contra_date))
                shared[contra_id] = shared.get(contra_id, 0) + part
            deltas = shared if tenancy is None else rows.account_deltas
            deltas[own_id] = deltas.get(own_id, 0) + amount
        corrects, corrects_key = movement.corrects, movement.corrects_key
        leaf = chain.leaf(kind, key, value_date, posting_date, record, corrects_key, given, detail, postings)
        voucher = ours.next_voucher(posting_date)
        rows.entries.append(
            (entry_id, ours.id, kind, value_date, posting_date, text, record, corrects, key, given, leaf, voucher)
        )
        if corrects is not None:
            self._note_correction(rows, entry_id, movement)

    def _note_correction(self, rows: Rows, entry_id: int, movement: Movement) -> None:
        if movement.kind == kinds.REVERSAL:
            rows.reversals.append((entry_id, movement.reason, movement.note))
        for one in movement.credited:
            rows.credited.append((entry_id, one.line_id, one.amount, one.vat))

    def _demand(
        self, rows: Rows, position: Position, entry_id: int, movement: Movement, tenancy: TenancyRef, policy: str
    ) -> str:
        """A charge with its lines; what credit the tenancy has pays it at once, oldest first. Gives its detail."""
        lines = movement.lines or (NewLine(movement.kind, movement.amount, claim="other"),)
        charge_id = self._ids.take("charge", 1)[0]
        due = movement.due_date or movement.value_date
        foreign = movement.foreign or (None, None, None)
        rows.charges.append(
            (charge_id, entry_id, tenancy.id, movement.reference, due, movement.text, movement.charge_kind, *foreign)
        )
        ids = self._ids.take("charge_line", len(lines))
        ranks = RANKS[policy]
        paid = pay_with_credit(rows, position, entry_id, ids, lines, [ranks[line.claim] for line in lines])
        for seq, (line_id, line) in enumerate(zip(ids, lines, strict=True)):
            used, came = paid.get(line_id, (0, ""))
            left = line.amount - used
            type_, amount, first, last, vat_rate, vat, claim, holding, text = line
            rows.lines.append(
                (
                    line_id,
                    charge_id,
                    seq,
                    tenancy.id,
                    type_,
                    amount,
                    left,
                    first,
                    last,
                    text,
                    vat_rate,
                    vat,
                    claim,
                    holding,
                    due,
                    movement.value_date,
                    max(movement.value_date, came),
                )
            )
            if left:
                position.add_open_line(ranks[claim], due, charge_id, movement.reference, line_id, left)
        return chain.charge_detail(due, movement.reference, movement.charge_kind, [line[:8] for line in lines])

    def _write_off(
        self,
        rows: Rows,
        ours: BatchOf,
        company_id: int,
        entry_id: int,
        movement: Movement,
        lines: Sequence[tuple[int, int]],
    ) -> None:
        """What is missing of a charge, within the company's limit (R24)."""
        assert movement.tenancy is not None
        for seq, (line_id, part) in enumerate(lines):
            rows.allocate(entry_id, seq, entry_id, line_id, part, kinds.BY_DOCUMENT, movement.value_date)
        own = Account(movement.tenancy.account_id, kinds.receivable_code(movement.tenancy.key))
        contra = self.shared_account(company_id, kinds.DIFFERENCES, kinds.DIFFERENCES)
        self._enter(rows, ours, entry_id, own, movement._replace(contra=contra))

    def _write_and_use_credits(self, company_id: int, rows: Rows, freed: Sequence[_Freed]) -> None:
        """Writes ``rows``, then lets credit pay what is open of the tenancies in ``freed``."""
        rows.write(self.conn)
        ours, terms = self._batch(company_id)
        paying = {one.tenancy.id: terms.policy(one.tenancy.business) for one in freed}
        positions = load_positions(self.conn, paying, paying.keys())
        more = Rows()
        for entry_id, tenancy, seq, day in freed:
            position, policy = positions[tenancy.id], paying[tenancy.id]
            for credit_id, left, came in position.credits:
                for line_id, part, _ in allocate(left, position.charges, "", policy)[0]:
                    more.allocate(entry_id, seq, credit_id, line_id, part, kinds.BY_CREDIT, max(day, came))
                    more.change_credit(credit_id, -part)
                    seq += 1
        more.write(self.conn)
        rows.allocations = sorted(rows.allocations + more.allocations)
        ours.add(rows)
