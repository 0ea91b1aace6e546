"""Taking an entry back: a new entry that points at it, with a reason, once. Nothing is edited or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update

from hub.acts.act import Acting, ClosedCompanyError
from hub.acts.holdings import all_held, refuse_overdrawn
from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount
from hub.settings import CompanyConfig
from hub.store import bulk
from hub.store.chargebacks import take_back_differences, taken_of
from hub.store.entries import Correction, Credited, Movement
from hub.store.portfolio import TenancyRef, lock_properties, tenancy_of_posted
from hub.store.tables import (
    account,
    allocation,
    charge,
    charge_line,
    company,
    credited,
    entry,
    match_rule,
    posting,
    suspense,
)
from hub.store.taking_back import Corrector, History, Mirror, history_of, mirror_of, withdrawn_of

NOTE_CHARACTERS_MAX = 500


class ReversalRefusedError(HubError):
    """The entry cannot be taken back, or not before something else has been."""


@dataclass(frozen=True)
class Why:
    """One of kinds.REASONS, and a person's own words."""

    reason: str
    note: str = ""

    def check(self) -> None:
        """Raises ReversalRefusedError."""
        if self.reason not in kinds.REASONS:
            known = ", ".join(kinds.REASONS)
            raise ReversalRefusedError(f"{self.reason!r} is no reason code", do=f"use one of {known}")
        if len(self.note) > NOTE_CHARACTERS_MAX or not self.note.isprintable():
            raise ReversalRefusedError(f"a note has at most {NOTE_CHARACTERS_MAX} printable characters")


@dataclass(frozen=True)
class _Entry:
    """The entry to take back."""

    id: int
    kind: str
    key: str
    value_date: date
    text: str
    corrects: int | None
    company_id: int
    company: CompanyConfig
    tenancy: TenancyRef | None
    mirror: Mirror

    @property
    def as_corrector(self) -> Corrector:
        return Corrector(self.id, self.kind, self.key)

    @property
    def named(self) -> str:
        return f"entry {self.id}"


def reverse(
    acting: Acting, entry_id: int, why: Why, day: date | None = None, *, on_its_day: bool = False
) -> dict[str, Any]:
    """Takes back one entry with all that it did; what it had paid is open again, what had paid it is credit again.

    It counts from ``day`` (default today), and never before the entry itself; ``on_its_day`` from the entry's own day,
    as if it had never been. Raises ReversalRefusedError, OverdrawnError, ClosedPeriodError, ClosedCompanyError.
    """
    why.check()
    found = _entry(acting, entry_id)
    history = history_of(acting.conn, [entry_id])
    refuse_taken_back(found, history)
    wanted = None if day is None else acting.open_day(found.company, day)
    movement = _movement(acting, found, why, found.value_date if on_its_day else wanted)
    before = all_held(acting, found.tenancy) if found.tenancy else {}
    reversal_id = _booked(acting, found, movement, history)
    if found.tenancy is not None:
        refuse_overdrawn(acting, found.tenancy, before)
    return {
        "entry": reversal_id,
        "reverses": entry_id,
        "tenancy": found.tenancy.key if found.tenancy else None,
        "amount": format_amount(movement.amount),
        "date": movement.value_date,
        "reason": why.reason,
    }


def refuse_taken_back(found: _Entry, history: History) -> None:
    """Raises ReversalRefusedError: reversed before, or something stands on it that has to be undone first."""
    if found.kind == kinds.REVERSAL:
        raise ReversalRefusedError(
            f"{found.named} is a reversal", why="a reversal is final", do="book what was reversed anew"
        )
    back = history.taken_back_by(found.id)
    if back is not None:
        raise ReversalRefusedError(
            f"{found.named} has been taken back by {back.kind} {back.id}", why="an entry is taken back once"
        )
    match = history.match_of(found.id)
    if match is not None:
        raise ReversalRefusedError(
            f"{found.named} has been matched to a tenancy by entry {match.id}", do=f"first: hub unmatch {found.id}"
        )
    notes = history.standing(found.id, kinds.CREDIT_NOTE)
    if notes:
        raise ReversalRefusedError(
            f"{found.named} has been credited by entry {notes[0].id}", do=f"first: hub reverse {notes[0].id}"
        )


def _entry(acting: Acting, entry_id: int) -> _Entry:
    """With the tenancy's property, or money in suspense, locked. Raises ReversalRefusedError, ClosedCompanyError."""
    query = (
        select(
            entry.c.id,
            entry.c.kind,
            entry.c.key,
            entry.c.value_date,
            entry.c.text,
            entry.c.corrects,
            account.c.company_id,
            company.c.number,
        )
        .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .join(company, company.c.id == account.c.company_id)
        .where(entry.c.id == entry_id)
    )
    row = acting.conn.execute(query).one_or_none()
    if row is None:
        raise ReversalRefusedError(f"there is no entry {entry_id}", do="see: hub movements TENANCY, hub unmatched")
    config = acting.site.company(row.number)
    if config.closed:
        raise ClosedCompanyError(f"company {row.number} is closed", where=f"entry {entry_id}")
    tenancy = tenancy_of_posted(acting.conn, entry_id)
    if tenancy is not None:
        lock_properties(acting.conn, {tenancy.property_id})
    else:
        # Nobody gives it to a tenancy meanwhile.
        acting.conn.execute(select(suspense.c.entry_id).where(suspense.c.entry_id == entry_id).with_for_update()).all()
    return _Entry(
        row.id,
        row.kind,
        row.key,
        row.value_date,
        row.text,
        row.corrects,
        row.company_id,
        config,
        tenancy,
        mirror_of(acting.conn, entry_id),
    )


def _movement(acting: Acting, found: _Entry, why: Why, wanted: date | None) -> Movement:
    """What is in the future is taken back there: today's balance never was another for it."""
    value_date = max(wanted or acting.site.today(found.company.number, acting.now), found.value_date)
    posted = acting.first_open_day(found.company, value_date)
    mirror = found.mirror
    return Movement(
        kinds.REVERSAL,
        found.tenancy,
        mirror.amount,
        value_date.isoformat(),
        posted.isoformat(),
        mirror.parts[0].account if mirror.parts else mirror.own,
        value_date.isoformat(),
        acting.entry_key(),
        input_hash(found.id, mirror.amount),
        f"{_word(acting, found)}: {found.text}",
        parts=mirror.parts,
        reason=why.reason,
        note=why.note,
        credited=_credited_back(acting, found),
        corrects=found.id,
        corrects_key=found.key,
    )


def _word(acting: Acting, found: _Entry) -> str:
    return "Återfört" if acting.site.language(found.company.number) == "sv" else "Tilbageført"


def _booked(acting: Acting, found: _Entry, movement: Movement, history: History) -> int:
    """The reversal, in the way of what it takes back; gives its entry's id."""
    books, own = acting.books, found.mirror.own
    if found.tenancy is None or own.id != found.tenancy.account_id:
        if own.code != kinds.SUSPENSE:
            return books.enter(found.company_id, own, movement)
    elif movement.amount < 0:
        withdrawn = withdrawn_of(acting.conn, found.id)
        if withdrawn.lines:
            _owe_differences_again(acting, found, movement)
            return books.withdraw(found.company_id, movement, withdrawn_of(acting.conn, found.id))
        (entry_id,) = books.post(found.company_id, [movement._replace(earmarked=_reopened_by(acting, found.id))])
        return entry_id
    if own.code == kinds.SUSPENSE and found.corrects is not None:
        # A charge-back of money that was nobody's: it is in suspense again.
        (entry_id,) = books.post(found.company_id, [_in_suspense_again(acting, found.corrects, movement)])
        return entry_id
    taken = taken_of(acting.conn, found.as_corrector, history)
    entry_id = books.correct(found.company_id, Correction(movement, own, taken.tenancy, taken.paid, taken.unused))
    take_back_differences(books, taken, movement)
    if found.kind == kinds.MATCH and found.corrects is not None:
        bulk.add_amounts(acting.conn, suspense.c.remaining, {found.corrects: movement.amount})
        # Whoever was wrong about the payment was wrong about the payer.
        acting.conn.execute(
            update(match_rule)
            .where(match_rule.c.entry_id == found.id, match_rule.c.forgotten_at.is_(None))
            .values(forgotten_at=acting.now)
        )
    return entry_id


def _in_suspense_again(acting: Acting, payment_id: int, movement: Movement) -> Movement:
    row = acting.conn.execute(select(suspense).where(suspense.c.entry_id == payment_id)).one()
    return movement._replace(customer=row.customer, vendor=row.vendor, reference=row.reference)


def _reopened_by(acting: Acting, chargeback_id: int) -> tuple[tuple[int, int], ...]:
    """What a charge-back had opened again, which its reversal pays first."""
    rows = acting.conn.execute(
        select(allocation.c.line_id, -allocation.c.amount)
        .where(allocation.c.entry_id == chargeback_id, allocation.c.amount < 0)
        .order_by(allocation.c.seq)
    )
    return tuple((line_id, part) for line_id, part in rows)


def _credited_back(acting: Acting, found: _Entry) -> tuple[Credited, ...]:
    if found.kind != kinds.CREDIT_NOTE:
        return ()
    rows = acting.conn.execute(
        select(credited.c.line_id, charge_line.c.seq, -credited.c.amount, -credited.c.vat)
        .join_from(credited, charge_line, charge_line.c.id == credited.c.line_id)
        .where(credited.c.entry_id == found.id)
        .order_by(charge_line.c.seq)
    )
    return tuple(Credited(*row) for row in rows)


def _owe_differences_again(acting: Acting, found: _Entry, movement: Movement) -> None:
    """What was written off of a charge is nobody's credit when the charge itself goes."""
    of_charge = select(charge_line.c.id).join(charge, charge.c.id == charge_line.c.charge_id)
    rows = acting.conn.execute(
        select(entry.c.id, entry.c.key)
        .where(
            entry.c.id.in_(
                select(allocation.c.payment_id).where(
                    allocation.c.line_id.in_(of_charge.where(charge.c.entry_id == found.id))
                )
            ),
            entry.c.kind == kinds.DIFFERENCE,
        )
        .order_by(entry.c.id)
    ).all()
    history = history_of(acting.conn, [row.id for row in rows])
    standing = tuple(
        Corrector(row.id, kinds.DIFFERENCE, row.key) for row in rows if history.taken_back_by(row.id) is None
    )
    if standing:
        taken = taken_of(acting.conn, found.as_corrector, history)
        take_back_differences(acting.books, taken._replace(differences=standing), movement)
