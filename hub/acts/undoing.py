"""Books reversals, of one entry or of thousands at once, each in the way of what it takes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update

from hub.acts.act import Acting
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.ledger.words import WORDS
from hub.settings import CompanyConfig
from hub.store import bulk
from hub.store.differences import Owed, owe_again, written_off
from hub.store.entries import Correction, Credited, Movement, Withdrawn
from hub.store.lookup import among
from hub.store.origins import ways_back
from hub.store.portfolio import TenancyRef, lock_properties, tenancies_of_posted
from hub.store.tables import (
    account,
    allocation,
    charge_line,
    company,
    credited,
    entry,
    match_rule,
    payout,
    posting,
    suspense,
)
from hub.store.taking_back import Corrector, History, Mirror, history_of, mirrors_of, uses_of, withdrawn_of

#: Begin the codes of accounts that somebody else keeps too, day by day.
_KEPT_BY_DAY = (f"{kinds.CLEARING}:", f"{kinds.BANK}:")


@dataclass(frozen=True)
class Booked:
    """An entry as its reversal needs it."""

    id: int
    kind: str
    key: str
    value_date: date
    text: str
    corrects: int | None
    company_id: int
    company: CompanyConfig
    #: Whose balance or holding it is on; None for suspense.
    tenancy: TenancyRef | None
    mirror: Mirror

    @property
    def named(self) -> str:
        return f"entry {self.id}"

    @property
    def as_corrector(self) -> Corrector:
        return Corrector(self.id, self.kind, self.key)

    @property
    def on_balance(self) -> bool:
        """Whether it is on a tenancy's own balance."""
        return self.tenancy is not None and self.tenancy.account_id == self.mirror.own.id


@dataclass(frozen=True)
class Undone:
    """The reversal of an entry, and what it was booked as."""

    entry_id: int
    movement: Movement


def booked(acting: Acting, entry_ids: Collection[int]) -> dict[int, Booked]:
    """By entry id, each tenancy's property, or money in suspense, locked; ids of no entry are left out.

    Raises ClosedCompanyError, CurrencyError.
    """
    conn = acting.conn
    query = (
        select(
            entry.c.id,
            entry.c.kind,
            entry.c.key,
            entry.c.value_date,
            entry.c.text,
            entry.c.corrects,
            account.c.company_id,
            account.c.currency,
            company.c.number,
        )
        .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .join(company, company.c.id == account.c.company_id)
        .where(among(conn, entry.c.id, entry_ids))
    )
    rows = conn.execute(query).all()
    tenancies = tenancies_of_posted(conn, entry_ids)
    lock_properties(conn, {tenancy.property_id for tenancy in tenancies.values()})
    # Nobody gives it to a tenancy meanwhile, or says that a bank line is what is taken back here.
    settled = {row.corrects for row in rows if row.kind == kinds.SETTLEMENT and row.corrects is not None}
    waiting = select(suspense.c.entry_id).where(among(conn, suspense.c.entry_id, {*entry_ids, *settled}))
    conn.execute(waiting.order_by(suspense.c.entry_id).with_for_update()).all()
    sent = select(payout.c.entry_id).where(among(conn, payout.c.entry_id, entry_ids))
    conn.execute(sent.order_by(payout.c.entry_id).with_for_update()).all()
    mirrors = mirrors_of(conn, entry_ids)
    found = {}
    for id_, kind, key, value_date, text, corrects, company_id, currency, number in rows:
        config = acting.bookable(acting.site.company(number), currency, where=f"entry {id_}")
        more = (config, tenancies.get(id_), mirrors[id_])
        found[id_] = Booked(id_, kind, key, value_date, text, corrects, company_id, *more)
    return found


def held_by(acting: Acting, entry_ids: Collection[int]) -> tuple[dict[int, Booked], History]:
    """Who has now what these entries have brought, by their ids, all of them locked; ids of no entry are left out.

    Raises ClosedCompanyError, CurrencyError.
    """
    locked = booked(acting, entry_ids)
    while True:
        history = history_of(acting.conn, entry_ids)
        holders = {id_: history.holder_of(locked[id_].as_corrector).id for id_ in entry_ids if id_ in locked}
        missing = set(holders.values()) - locked.keys()
        if not missing:
            return {id_: locked[holder_id] for id_, holder_id in holders.items()}, history
        locked |= booked(acting, missing)


def undo(
    acting: Acting,
    entries: Sequence[Booked],
    history: History,
    reason: str,
    note: str,
    day_of: Callable[[Booked], date],
) -> dict[int, Undone]:
    """Takes ``entries`` back, of which no two are of one tenancy; by the id of what was taken back.

    What each had paid is open again, what had paid it is credit again. It counts from ``day_of`` it, and is posted on
    the first open day from there (R22).
    """
    movements = {one.id: _movement(acting, one, reason, note, day_of(one)) for one in entries}
    ways: defaultdict[int, _Ways] = defaultdict(_Ways)
    charges = [one.id for one in entries if one.on_balance and movements[one.id].amount < 0]
    withdrawn = withdrawn_of(acting.conn, charges) if charges else {}
    for one in entries:
        ways[one.company_id].add(one, movements[one.id], withdrawn)
    _owe_differences_again(acting, entries, movements, withdrawn.keys())
    if withdrawn:
        # With what has become open again by that.
        withdrawn = withdrawn_of(acting.conn, charges)
    undone: dict[int, int] = {}
    for company_id, way in ways.items():
        undone |= way.book(acting, company_id, withdrawn)
    _give_back(acting, [one for one in entries if one.kind in (kinds.MATCH, kinds.SETTLEMENT)])
    _forget_rules(acting, entries)
    beside = _differences(history, [one for one in entries if one.id not in withdrawn], movements)
    owe_again(acting.books, beside)
    return {id_: Undone(entry_id, movements[id_]) for id_, entry_id in undone.items()}


class _Ways:
    """Entries of one company by the way in which each is taken back."""

    def __init__(self) -> None:
        self._between: list[tuple[Booked, Movement]] = []
        self._withdrawn: list[tuple[Booked, Movement]] = []
        self._anew: list[tuple[Booked, Movement]] = []
        self._corrected: list[tuple[Booked, Movement]] = []

    def add(self, one: Booked, movement: Movement, withdrawn: Mapping[int, Withdrawn]) -> None:
        if not one.on_balance and one.mirror.own.code != kinds.SUSPENSE:
            way = self._between
        elif one.id in withdrawn:
            way = self._withdrawn
        elif movement.amount < 0 and (one.on_balance or one.corrects is not None):
            way = self._anew
        else:
            way = self._corrected
        way.append((one, movement))

    def book(self, acting: Acting, company_id: int, withdrawn: Mapping[int, Withdrawn]) -> dict[int, int]:
        """Reversals' ids by the ids of what they take back."""
        books, undone = acting.books, {}
        for one, movement in self._between:
            undone[one.id] = books.enter(company_id, one.mirror.own, movement)
        if self._withdrawn:
            ids = books.withdraw_all(company_id, [(movement, withdrawn[one.id]) for one, movement in self._withdrawn])
            undone |= _by_undone(self._withdrawn, ids)
        if self._anew:
            ids = books.post(company_id, _with_what_was_taken(acting, self._anew))
            undone |= _by_undone(self._anew, ids)
        if self._corrected:
            ids = books.correct_all(company_id, _corrections(acting, self._corrected))
            undone |= _by_undone(self._corrected, ids)
        return undone


def _by_undone(way: Sequence[tuple[Booked, Movement]], ids: Sequence[int]) -> dict[int, int]:
    return {one.id: entry_id for (one, _), entry_id in zip(way, ids, strict=True)}


def _corrections(acting: Acting, way: Sequence[tuple[Booked, Movement]]) -> list[Correction]:
    uses = uses_of(acting.conn, {one.id: one.mirror.own.code for one, _ in way})
    return [
        Correction(movement, one.mirror.own, one.tenancy, uses[one.id].paid, uses[one.id].unused)
        for one, movement in way
    ]


def _with_what_was_taken(acting: Acting, way: Sequence[tuple[Booked, Movement]]) -> list[Movement]:
    """A charge-back's reversal pays first what that had opened again; in suspense it says again who has paid."""
    conn = acting.conn
    reopened: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    taken = select(allocation.c.entry_id, allocation.c.line_id, -allocation.c.amount).where(
        among(conn, allocation.c.entry_id, [one.id for one, _ in way]), allocation.c.amount < 0
    )
    for entry_id, line_id, part in conn.execute(taken.order_by(allocation.c.entry_id, allocation.c.seq)):
        reopened[entry_id].append((line_id, part))
    payments = [one.corrects for one, _ in way if not one.on_balance and one.corrects is not None]
    rows = conn.execute(select(suspense).where(among(conn, suspense.c.entry_id, payments)))
    said = {row.entry_id: row for row in rows}
    found = []
    for one, movement in way:
        if one.on_balance:
            found.append(movement._replace(earmarked=tuple(reopened[one.id])))
        else:
            assert one.corrects is not None
            row = said[one.corrects]
            found.append(movement._replace(customer=row.customer, vendor=row.vendor, reference=row.reference))
    return found


def _movement(acting: Acting, one: Booked, reason: str, note: str, value_date: date) -> Movement:
    posted = acting.first_open_day(one.company, value_date)
    mirror = one.mirror
    words = WORDS[acting.site.language(one.company.number)]
    return Movement(
        kinds.REVERSAL,
        one.tenancy,
        mirror.amount,
        value_date.isoformat(),
        posted.isoformat(),
        mirror.parts[0].account if mirror.parts else mirror.own,
        _contra_date(one, value_date).isoformat(),
        acting.entry_key(),
        input_hash(one.id, mirror.amount),
        f"{words.reversed}: {one.text}",
        parts=mirror.parts,
        reason=reason,
        note=note,
        credited=_credited_back(acting, one),
        corrects=one.id,
        corrects_key=one.key,
    )


def _contra_date(one: Booked, value_date: date) -> date:
    """When a reversal counts on the other account: there, what is taken back from its own day never was.

    Clearing and what a bank states is kept by day (R18): money that a vendor never sent, or a bank never had, is
    missing on that day, whatever the tenancy's balance was until somebody saw it.
    """
    own_day = one.mirror.contra_date
    if own_day is None:
        return value_date
    code = one.mirror.parts[0].account.code
    by_day = code.startswith(_KEPT_BY_DAY)
    return own_day if by_day or value_date == one.value_date else value_date


def _credited_back(acting: Acting, one: Booked) -> tuple[Credited, ...]:
    if one.kind != kinds.CREDIT_NOTE:
        return ()
    rows = acting.conn.execute(
        select(credited.c.line_id, charge_line.c.seq, -credited.c.amount, -credited.c.vat)
        .join_from(credited, charge_line, charge_line.c.id == credited.c.line_id)
        .where(credited.c.entry_id == one.id)
        .order_by(charge_line.c.seq)
    )
    return tuple(Credited(*row) for row in rows)


def _owe_differences_again(
    acting: Acting, entries: Sequence[Booked], movements: Mapping[int, Movement], charges: Collection[int]
) -> None:
    """What was written off of a charge is nobody's credit when the charge itself goes."""
    if not charges:
        return
    forgiven = written_off(acting.conn, charges)
    owed = (_owed(one, movements[one.id], forgiven.get(one.id, [])) for one in entries)
    owe_again(acting.books, [each for of_one in owed for each in of_one])


def _differences(history: History, entries: Sequence[Booked], movements: Mapping[int, Movement]) -> list[Owed]:
    """What was written off beside money that is taken back."""
    owed = (_owed(one, movements[one.id], history.standing(one.id, kinds.DIFFERENCE)) for one in entries)
    return [each for of_one in owed for each in of_one]


def _owed(one: Booked, movement: Movement, differences: Sequence[Corrector]) -> list[Owed]:
    if one.tenancy is None:
        return []
    return [Owed(each, one.tenancy, movement.value_date, movement.posting_date) for each in differences]


def _give_back(acting: Acting, explained: Sequence[Booked]) -> None:
    """What was matched, or a bank line that was explained, waits again."""
    back: defaultdict[int, int] = defaultdict(int)
    for one in explained:
        if one.corrects is not None:
            back[one.corrects] += one.mirror.amount
    bulk.add_amounts(acting.conn, suspense.c.remaining, back)


def _forget_rules(acting: Acting, entries: Sequence[Booked]) -> None:
    """Whoever was wrong about a payment was wrong about the payer: what was remembered with it is used no more.

    Also where its charge-back and the reversal of that lie between the match and who has the money now.
    """
    companies = {one.company_id for one in entries}
    in_use = (match_rule.c.company_id.in_(companies), match_rule.c.forgotten_at.is_(None))
    if acting.conn.execute(select(match_rule.c.id).where(*in_use).limit(1)).first() is None:
        return
    ways = ways_back(acting.conn, [one.id for one in entries])
    made = among(acting.conn, match_rule.c.entry_id, {id_ for way in ways.values() for id_ in way})
    acting.conn.execute(update(match_rule).where(made, *in_use).values(forgotten_at=acting.now))
