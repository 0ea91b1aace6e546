"""Why an entry is what it is: all facts about it, from the bytes it came in to what has become of it since."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from hub.errors import NotFoundError
from hub.ledger import kinds
from hub.reports.explain_clearing import cleared
from hub.reports.explain_facts import (
    ByHand,
    ChargeLine,
    ChargeOf,
    Credit,
    Explanation,
    MandateOf,
    OnHolding,
    Origin,
    Other,
    Suspended,
    Turn,
    Use,
)
from hub.reports.explain_story import story_of
from hub.store.collecting.answers import answered_by, asking_for
from hub.store.lookup import among
from hub.store.match_rules import Rule, rule_with
from hub.store.origins import ways_back
from hub.store.portfolio import TenancyRef, tenancy_by_key, tenancy_of_posted
from hub.store.tables import (
    account,
    act,
    allocation,
    batch,
    charge,
    charge_line,
    company,
    consumption_result,
    credit,
    entry,
    file,
    mandate,
    posting,
    reading,
    reversal,
    suspense,
    tenancy,
)
from hub.store.taking_back import Corrector, History, history_of
from hub.store.views.vouchers import document_of, voucher_text, with_document

#: Match, charge-back, reversal, match again: as far as corrections point at one another in anything that has happened.
_POINTS_MAX = 16
#: How booking marks a payment that a remembered match has found.
_BY_RULE = re.compile(r"\(regel (\d{1,18})\)$")


def explain(conn: Connection, entry_id: int) -> Explanation:
    """All that is known of an entry. Raises HubError where there is none."""
    row = _entry(conn, entry_id)
    if row is None:
        raise NotFoundError(f"there is no entry {entry_id}", do="see: hub movements TENANCY, hub unmatched")
    ref = tenancy_of_posted(conn, entry_id)
    history = history_of(conn, [entry_id])
    its_charge = _charge_of(conn, entry_id)
    back = history.taken_back_by(entry_id)
    match = history.match_of(entry_id)
    if match is not None and history.taken_back_by(match.id) is not None:
        match = None
    matched_to = tenancy_of_posted(conn, match.id) if match else None
    paid_by = _uses(conn, charge.c.entry_id == entry_id) if its_charge else ()
    own_reversal = conn.execute(select(reversal).where(reversal.c.entry_id == entry_id)).one_or_none()
    afterwards = _afterwards(history, back)
    pointing = [one.id for one in (*history.of(entry_id), *afterwards)]
    others = _others(conn, pointing + ([row.corrects] if row.corrects else []))
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
        credits=_charge_of(conn, row.corrects) if row.kind == kinds.CREDIT_NOTE else None,
        did=_uses(conn, allocation.c.entry_id == entry_id),
        later=_later(conn, entry_id),
        paid_by=paid_by,
        left=_left(conn, entry_id),
        suspended=_suspended(conn, entry_id),
        story=story_of(conn, entry_id),
        holdings=_holdings(conn, entry_id),
        points_at=others.get(row.corrects),
        came=_came(conn, {entry_id, *others, *(use.payment for use in paid_by)}),
        taken_back_by=others[back.id] if back else None,
        taken_back_did=_uses(conn, allocation.c.entry_id == back.id) if back else (),
        afterwards=tuple(_turn(conn, others[one.id]) for one in afterwards),
        credited_away=_is_credited_away(conn, row, others.get(row.corrects), back),
        undid=_uses(conn, allocation.c.entry_id == row.corrects) if row.kind == kinds.REVERSAL else (),
        credited_by=tuple(_credit(conn, others[one.id]) for one in history.standing(entry_id, kinds.CREDIT_NOTE)),
        matched_by=others[match.id] if match else None,
        matched_to=matched_to.key if matched_to else "",
        rule=(rule := _rule(conn, row)),
        mandate_of_another=_mandate_of_another(conn, row, ref) if ref and not rule else None,
        origin=_origin(conn, row),
        by_hand=_by_hand(conn, row),
        reason=own_reversal.reason if own_reversal else "",
        note=own_reversal.note if own_reversal else "",
        answers=answered_by(conn, entry_id),
        asked_by=asking_for(conn, its_charge.id) if its_charge else (),
        cleared=cleared(conn, entry_id),
    )


def _entry(conn: Connection, entry_id: int) -> Row[Any] | None:
    return conn.execute(
        with_document(
            select(
                entry.c.id,
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
    of_it = charge_line.alias("of_it")
    charge_types = select(func.count(of_it.c.charge_type.distinct())).where(of_it.c.charge_id == charge.c.id)
    rows = conn.execute(
        select(
            allocation.c.entry_id,
            doing.c.kind,
            doing.c.value_date,
            batch.c.recorded_at,
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
            charge_types.correlate(charge).scalar_subquery(),
            charge_line.c.seq + 1,
            charge_line.c.charge_type,
            charge_line.c.text,
            charge_line.c.claim,
            charge_line.c.holding,
            charge_line.c.period_from,
            charge_line.c.period_to,
            allocation.c.amount,
            allocation.c.policy,
        )
        .join_from(allocation, charge_line, charge_line.c.id == allocation.c.line_id)
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .join(doing, doing.c.id == allocation.c.entry_id)
        .join(batch, batch.c.id == doing.c.batch_id)
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


def _came(conn: Connection, entry_ids: Collection[int]) -> dict[int, date]:
    """Of money that another entry brought, the day of that; what settles a bank's line has a day of its own."""
    brought = {id_: way[-1] for id_, way in ways_back(conn, entry_ids).items() if way[-1] != id_}
    query = select(entry.c.id, entry.c.kind, entry.c.value_date)
    rows = {row.id: row for row in conn.execute(query.where(among(conn, entry.c.id, {*brought, *brought.values()})))}
    return {id_: rows[by].value_date for id_, by in brought.items() if rows[id_].kind != kinds.SETTLEMENT}


def _afterwards(history: History, back: Corrector | None) -> list[Corrector]:
    """What took back the charge-back of money, what took that back, and so on; each second one has the money."""
    found: list[Corrector] = []
    if back is not None and back.kind == kinds.CHARGEBACK:
        while (back := history.taken_back_by(back.id)) is not None:
            found.append(back)
    return found


def _credit(conn: Connection, by: Other) -> Credit:
    return Credit(
        by, _uses(conn, allocation.c.payment_id == by.entry), _left(conn, by.entry), _holdings(conn, by.entry)
    )


def _is_credited_away(conn: Connection, row: Row[Any], of: Other | None, back: Corrector | None) -> bool:
    """A credit note takes back first what was written off, in the same act."""
    if kinds.DIFFERENCE not in (row.kind, of.kind if of else None):
        return False
    reversal_id = row.id if row.kind == kinds.REVERSAL else back.id if back else None
    its, note = entry.alias("its"), entry.alias("note")
    query = (
        select(note.c.id)
        .join_from(its, batch, batch.c.id == its.c.batch_id)
        .join(note, note.c.id.between(batch.c.entry_first, batch.c.entry_last) & (note.c.batch_id == batch.c.id))
        .where(its.c.id == reversal_id, note.c.kind == kinds.CREDIT_NOTE)
    )
    return conn.execute(query.limit(1)).first() is not None


def _turn(conn: Connection, by: Other) -> Turn:
    did = _uses(conn, allocation.c.entry_id == by.entry)
    return Turn(by, did, _later(conn, by.entry), _left(conn, by.entry))


def _later(conn: Connection, entry_id: int) -> tuple[Use, ...]:
    """What has become of an entry's money since it was booked."""
    return _uses(conn, allocation.c.payment_id == entry_id, allocation.c.payment_id != allocation.c.entry_id)


def _left(conn: Connection, entry_id: int) -> int:
    """Øre of its money that are credit."""
    left: int | None = conn.scalar(select(credit.c.remaining).where(credit.c.entry_id == entry_id))
    return left or 0


def _charge_of(conn: Connection, entry_id: int) -> ChargeOf | None:
    row = conn.execute(select(charge).where(charge.c.entry_id == entry_id)).one_or_none()
    if row is None:
        return None
    lines = select(*(charge_line.c[name] for name in ChargeLine._fields)).where(charge_line.c.charge_id == row.id)
    of_it = tuple(map(ChargeLine._make, conn.execute(lines.order_by(charge_line.c.seq))))
    return ChargeOf(row.id, row.kind, row.reference, row.text, row.due_date, of_it)


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


def _mandate_of_another(conn: Connection, row: Row[Any], ref: TenancyRef) -> MandateOf | None:
    """The mandate in force that a payment names in its key (R5): the customer number says whose the money is."""
    if row.kind != kinds.PAYMENT or row.file_id is None:
        return None
    parts = row.key.rsplit("#", 1)[0].split("|")
    found = conn.execute(
        select(mandate.c.number, tenancy.c.key)
        .join_from(mandate, tenancy, tenancy.c.id == mandate.c.tenancy_id)
        .where(
            mandate.c.company_id == ref.company_id,
            mandate.c.creditor.in_(parts),
            mandate.c.debtor_group.in_([*parts, ""]),
            mandate.c.number.in_(parts),
            mandate.c.number != "",
            or_(mandate.c.first_day.is_(None), mandate.c.first_day <= row.value_date),
            or_(mandate.c.last_day.is_(None), mandate.c.last_day >= row.value_date),
        )
        .order_by(mandate.c.id)
    ).all()
    own = any(key == ref.key for _, key in found)
    return MandateOf._make(found[0]) if found and not own else None


def _origin(conn: Connection, row: Row[Any]) -> Origin | None:
    """Where its money came from; of a reversal, where that of what it takes back did."""
    has_it = row.corrects if row.kind == kinds.REVERSAL and row.corrects is not None else row.id
    way = ways_back(conn, [has_it])[has_it]
    if way[-1] != row.id:
        row = _entry(conn, way[-1]) or row
    for _ in range(_POINTS_MAX):
        if row.file_id is not None or row.corrects is None:
            break
        pointed_at = _entry(conn, row.corrects)
        if pointed_at is None:
            break
        row = pointed_at
    if row.file_id is None:
        return _file_of_result(conn, row)
    return Origin(row.id, row.value_date, row.vendor or "", row.file_name, row.file_id, row.sha256, row.record)


def _file_of_result(conn: Connection, row: Row[Any]) -> Origin | None:
    """A result that a person has booked came in a file all the same."""
    query = (
        select(reading.c.vendor, file.c.name, file.c.id, file.c.sha256, consumption_result.c.record)
        .join_from(consumption_result, reading, reading.c.id == consumption_result.c.reading_id)
        .join(file, file.c.id == reading.c.file_id)
        .where(consumption_result.c.entry_id == row.id)
    )
    found = conn.execute(query).one_or_none()
    return None if found is None else Origin(row.id, row.value_date, found[0] or "", *found[1:])


def _by_hand(conn: Connection, row: Row[Any]) -> ByHand | None:
    """An act's entries have keys like ``pay|KEY#1``; a key that nobody gave is no key of his."""
    what, _, rest = row.key.partition("|")
    key = rest.rpartition("#")[0]
    if row.file_id is not None or not key:
        return None
    known = conn.execute(select(act.c.key).where(act.c.key == key, act.c.what == what)).scalar_one_or_none()
    return None if known is None else ByHand(what, known)
