"""Why an entry is what it is: all facts about it, from the bytes it came in to what has become of it since."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, select

from hub.errors import HubError
from hub.ledger import kinds
from hub.store.match_rules import Rule, rule_with
from hub.store.portfolio import Tenancy, tenancy_by_key, tenancy_of_posted
from hub.store.tables import (
    account,
    act,
    allocation,
    batch,
    charge,
    charge_line,
    company,
    credit,
    entry,
    file,
    posting,
    reading,
    reversal,
    suspense,
)
from hub.store.taking_back import Corrector, History, history_of
from hub.store.views.vouchers import document_of, voucher_text, with_document

#: A reversal of a match of a payment points no further.
_POINTS_MAX = 4
#: How booking marks a payment that a remembered match has found.
_BY_RULE = re.compile(r"\(regel (\d{1,18})\)$")


class Use(NamedTuple):
    """So much of one entry's money on one charge line; negative where it was taken back. Øre."""

    #: Entry by which it came to be, and when that counts.
    act: int
    act_kind: str
    act_date: date
    #: Entry whose money it is.
    payment: int
    payment_kind: str
    payment_date: date
    charge: int
    charge_entry: int
    charge_entry_kind: str
    charge_kind: str
    reference: str
    charge_text: str
    due_date: date
    #: Counted from 1.
    line: int
    charge_type: str
    line_text: str
    claim: str
    period_from: date | None
    period_to: date | None
    amount: int
    #: Why this line: see hub.ledger.kinds.
    policy: str


class Other(NamedTuple):
    """An entry that this one points at, or that points at this one."""

    entry: int
    kind: str
    value_date: date
    #: On its own account.
    amount: int
    recorded_at: datetime
    actor: str
    #: Of a reversal.
    reason: str
    note: str


class ChargeOf(NamedTuple):
    """What an entry demands."""

    id: int
    kind: str
    reference: str
    text: str
    due_date: date
    remaining: int
    period_from: date | None
    period_to: date | None


class OnHolding(NamedTuple):
    """Positive = we hold so much more of the tenant's money, where a charge fills it: as far as that is paid (R23)."""

    name: str
    amount: int


class Suspended(NamedTuple):
    """Money that was nobody's when it came."""

    remaining: int
    customer: str
    reference: str
    reason: str


class Origin(NamedTuple):
    """The file and the record that an entry comes from."""

    vendor: str
    name: str
    file_id: int
    sha256: str
    #: Line, from 1.
    record: int | None


class ByHand(NamedTuple):
    """What a person did under a key."""

    what: str
    key: str


class Explanation(NamedTuple):
    """All facts about one entry. Øre; ``amount`` is its effect on its own account (R19)."""

    entry: int
    kind: str
    document_type: str
    voucher: str
    key: str
    text: str
    value_date: date
    posting_date: date
    recorded_at: datetime
    actor: str
    company: str
    currency: str
    #: Kind of its own account: receivable, holding, suspense.
    account_kind: str
    amount: int
    tenancy: Tenancy | None
    charge: ChargeOf | None
    #: What it did when it was booked.
    did: tuple[Use, ...]
    #: What its money has done since, and what of that was taken back.
    later: tuple[Use, ...]
    #: What has paid its charge, whoever did it.
    paid_by: tuple[Use, ...]
    #: What is left of its money as credit.
    left: int
    suspended: Suspended | None
    holdings: tuple[OnHolding, ...]
    points_at: Other | None
    #: The charge-back or reversal that stands.
    taken_back_by: Other | None
    #: Credit notes on it, and the match of it, that stand.
    credited_by: tuple[Other, ...]
    matched_by: Other | None
    #: Whose it became by that match.
    matched_to: str
    #: The remembered match that found the tenancy.
    rule: Rule | None
    origin: Origin | None
    by_hand: ByHand | None
    #: Of a reversal.
    reason: str
    note: str

    @property
    def after_move_out(self) -> date | None:
        """The day on which the tenant had moved out when the money came."""
        out = self.tenancy.move_out if self.tenancy else None
        came = self.kind in (kinds.PAYMENT, kinds.MATCH) and out is not None and out < self.value_date
        return out if came else None


def explain(conn: Connection, entry_id: int) -> Explanation:
    """All that is known of an entry. Raises HubError where there is none."""
    row = _entry(conn, entry_id)
    if row is None:
        raise HubError(f"there is no entry {entry_id}", do="see: hub movements TENANCY, hub unmatched")
    ref = tenancy_of_posted(conn, entry_id)
    history = history_of(conn, [entry_id])
    others = _others(conn, [one.id for one in history.of(entry_id)] + ([row.corrects] if row.corrects else []))
    its_charge = _charge_of(conn, entry_id)
    back = history.taken_back_by(entry_id)
    match = history.match_of(entry_id)
    if match is not None and history.taken_back_by(match.id) is not None:
        match = None
    matched_to = tenancy_of_posted(conn, match.id) if match else None
    own_reversal = conn.execute(select(reversal).where(reversal.c.entry_id == entry_id)).one_or_none()
    left = conn.execute(select(credit.c.remaining).where(credit.c.entry_id == entry_id)).scalar_one_or_none()
    return Explanation(
        entry=entry_id,
        kind=row.kind,
        document_type=document_of(row.kind, row.charge_kind, row.original_kind, row.original_charge_kind),
        voucher=voucher_text(row.year, row.voucher),
        key=row.key,
        text=row.text,
        value_date=row.value_date,
        posting_date=row.posting_date,
        recorded_at=row.recorded_at,
        actor=row.actor,
        company=row.company_number,
        currency=row.currency,
        account_kind=row.account_kind,
        amount=row.amount,
        tenancy=tenancy_by_key(conn, ref.key) if ref else None,
        charge=its_charge,
        did=_uses(conn, allocation.c.entry_id == entry_id),
        later=_uses(conn, allocation.c.payment_id == entry_id, allocation.c.payment_id != allocation.c.entry_id),
        paid_by=_uses(conn, charge.c.entry_id == entry_id) if its_charge else (),
        left=left or 0,
        suspended=_suspended(conn, entry_id),
        holdings=_holdings(conn, entry_id),
        points_at=others.get(row.corrects),
        taken_back_by=others[back.id] if back else None,
        credited_by=_standing(history, entry_id, others),
        matched_by=others[match.id] if match else None,
        matched_to=matched_to.key if matched_to else "",
        rule=_rule(conn, row),
        origin=_origin(conn, row),
        by_hand=_by_hand(conn, row),
        reason=own_reversal.reason if own_reversal else "",
        note=own_reversal.note if own_reversal else "",
    )


def _entry(conn: Connection, entry_id: int) -> Row[Any] | None:
    return conn.execute(
        with_document(
            select(
                entry.c.key,
                entry.c.text,
                entry.c.value_date,
                entry.c.posting_date,
                entry.c.record,
                entry.c.corrects,
                batch.c.recorded_at,
                batch.c.actor,
                company.c.number.label("company_number"),
                account.c.currency,
                account.c.kind.label("account_kind"),
                posting.c.amount,
                reading.c.vendor,
                file.c.id.label("file_id"),
                file.c.name.label("file_name"),
                file.c.sha256,
            )
            .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
            .join(account, account.c.id == posting.c.account_id)
            .join(company, company.c.id == account.c.company_id)
            .join(batch, batch.c.id == entry.c.batch_id)
            .join(reading, reading.c.id == batch.c.reading_id, isouter=True)
            .join(file, file.c.id == reading.c.file_id, isouter=True)
        ).where(entry.c.id == entry_id)
    ).one_or_none()


def _uses(conn: Connection, *which: ColumnElement[bool]) -> tuple[Use, ...]:
    """In the order in which they came to be."""
    doing, paying, demanding = entry.alias("doing"), entry.alias("paying"), entry.alias("demanding")
    rows = conn.execute(
        select(
            allocation.c.entry_id,
            doing.c.kind,
            doing.c.value_date,
            allocation.c.payment_id,
            paying.c.kind,
            paying.c.value_date,
            charge.c.id,
            charge.c.entry_id,
            demanding.c.kind,
            charge.c.kind,
            charge.c.reference,
            charge.c.text,
            charge.c.due_date,
            charge_line.c.seq + 1,
            charge_line.c.charge_type,
            charge_line.c.text,
            charge_line.c.claim,
            charge_line.c.period_from,
            charge_line.c.period_to,
            allocation.c.amount,
            allocation.c.policy,
        )
        .join_from(allocation, charge_line, charge_line.c.id == allocation.c.line_id)
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .join(doing, doing.c.id == allocation.c.entry_id)
        .join(paying, paying.c.id == allocation.c.payment_id)
        .join(demanding, demanding.c.id == charge.c.entry_id)
        .where(*which)
        .order_by(allocation.c.entry_id, allocation.c.seq)
    )
    return tuple(map(Use._make, rows))


def _others(conn: Connection, ids: Sequence[int]) -> dict[int, Other]:
    rows = conn.execute(
        select(
            entry.c.id,
            entry.c.kind,
            entry.c.value_date,
            posting.c.amount,
            batch.c.recorded_at,
            batch.c.actor,
            reversal.c.reason,
            reversal.c.note,
        )
        .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(batch, batch.c.id == entry.c.batch_id)
        .join(reversal, reversal.c.entry_id == entry.c.id, isouter=True)
        .where(entry.c.id.in_(ids))
    )
    return {id_: Other._make((id_, *values, reason or "", note or "")) for id_, *values, reason, note in rows}


def _standing(history: History, entry_id: int, others: dict[int, Other]) -> tuple[Other, ...]:
    found: list[Corrector] = history.standing(entry_id, kinds.CREDIT_NOTE)
    return tuple(others[one.id] for one in found)


def _charge_of(conn: Connection, entry_id: int) -> ChargeOf | None:
    rows = conn.execute(
        select(charge, charge_line.c.remaining, charge_line.c.period_from, charge_line.c.period_to)
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .where(charge.c.entry_id == entry_id)
    ).all()
    if not rows:
        return None
    one = rows[0]
    periods = {(row.period_from, row.period_to) for row in rows}
    return ChargeOf(
        one.id,
        one.kind,
        one.reference,
        one.text,
        one.due_date,
        sum(row.remaining for row in rows),
        *(periods.pop() if len(periods) == 1 else (None, None)),
    )


def _suspended(conn: Connection, entry_id: int) -> Suspended | None:
    columns = [suspense.c[name] for name in Suspended._fields]
    row = conn.execute(select(*columns).where(suspense.c.entry_id == entry_id)).one_or_none()
    return None if row is None else Suspended._make(row)


def _holdings(conn: Connection, entry_id: int) -> tuple[OnHolding, ...]:
    def each() -> Iterator[OnHolding]:
        rows = conn.execute(
            select(account.c.code, posting.c.amount)
            .join_from(posting, account, account.c.id == posting.c.account_id)
            .where(posting.c.entry_id == entry_id, account.c.kind == kinds.HOLDING)
            .order_by(posting.c.seq)
        )
        for code, amount in rows:
            yield OnHolding(code.split(":", 2)[1], -amount)

    return tuple(each())


def _rule(conn: Connection, row: Row[Any]) -> Rule | None:
    marked = _BY_RULE.search(row.text) if row.kind == kinds.PAYMENT and row.file_id is not None else None
    found = rule_with(conn, int(marked[1])) if marked else None
    return found if found is not None and found.company == row.company_number else None


def _origin(conn: Connection, row: Row[Any]) -> Origin | None:
    """Where it comes from; of a match or a reversal, where that comes from which it points at."""
    for _ in range(_POINTS_MAX):
        if row.file_id is not None or row.corrects is None:
            break
        pointed_at = _entry(conn, row.corrects)
        if pointed_at is None:
            break
        row = pointed_at
    if row.file_id is None:
        return None
    return Origin(row.vendor or "", row.file_name, row.file_id, row.sha256, row.record)


def _by_hand(conn: Connection, row: Row[Any]) -> ByHand | None:
    """An act's entries have keys like ``pay|KEY#1``; a key that nobody gave is no key of his."""
    what, _, rest = row.key.partition("|")
    key = rest.rpartition("#")[0]
    if row.file_id is not None or not key:
        return None
    known = conn.execute(select(act.c.key).where(act.c.key == key, act.c.what == what)).scalar_one_or_none()
    return None if known is None else ByHand(what, known)
