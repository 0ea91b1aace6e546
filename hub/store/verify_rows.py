"""That no row stands alone: charges, credit notes, reversals, voucher numbers, contributions, rules and foreign amounts
are of something that is there, and agree with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, String, and_, cast, exists, func, literal, or_, select

from hub.ledger import kinds
from hub.ledger.words import WORDS
from hub.store.lookup import streamed
from hub.store.match_rules import rule_marked
from hub.store.portfolio import customer_key
from hub.store.tables import (
    account,
    batch,
    charge,
    charge_line,
    credited,
    entry,
    match_rule,
    one_off,
    posting,
    reversal,
    suspense,
    tenancy,
    voucher_range,
)
from hub.store.verify_rule import told_by


def wrong_rows(conn: Connection) -> Iterator[str]:
    """A sentence for each row that has lost what it belongs to, or says otherwise."""
    for query, told in (
        (_credited(), _tell_credited),
        (_reversals(), _tell_reversal),
        (_voucher_ranges(), _tell_voucher_range),
        (_foreign(), _tell_foreign),
        (_one_offs(), _tell_one_off),
        (_rules(), _tell_rule),
        (_standing_rules(), _tell_standing_rule),
        (_uses(), _tell_uses),
    ):
        yield from told_by(conn, query, told)
    yield from _wrong_payers(conn)
    yield from _lost_rules(conn)


def lost_charges(conn: Connection, charges: int, lines: int) -> Iterator[str]:
    """A sentence for each charge without an entry or lines, and each line without a charge.

    ``charges`` and ``lines`` are those that belong to entries: only where there are more, it takes looking for them.
    """
    for table, met, query, told in (
        (charge, charges, _charges(), _tell_charge),
        (charge_line, lines, _lines(), _tell_line),
    ):
        if conn.execute(select(func.count()).select_from(table)).scalar_one() != met:
            yield from told_by(conn, query, told)


def _charges() -> Select[Any]:
    return (
        select(charge.c.id, charge.c.entry_id, charge.c.reference)
        .outerjoin_from(charge, entry, entry.c.id == charge.c.entry_id)
        .where(or_(entry.c.id.is_(None), ~exists().where(charge_line.c.charge_id == charge.c.id)))
    )


def _tell_charge(row: Row[Any]) -> str:
    return f"charge {row.id} ({row.reference}) has no lines, or is of entry {row.entry_id}, which is not there"


def _lines() -> Select[Any]:
    return (
        select(charge_line.c.id, charge_line.c.charge_id)
        .outerjoin_from(charge_line, charge, charge.c.id == charge_line.c.charge_id)
        .where(charge.c.id.is_(None))
    )


def _tell_line(row: Row[Any]) -> str:
    return f"charge line {row.id} is of charge {row.charge_id}, which is not there"


def _credited() -> Select[Any]:
    """What a credit note takes back is of the charge that it points at, and so is its reversal."""
    note, line_charge = entry.alias("note"), charge.alias("line_charge")
    return (
        select(credited.c.entry_id, credited.c.line_id)
        .outerjoin_from(credited, entry, entry.c.id == credited.c.entry_id)
        .outerjoin(note, note.c.id == entry.c.corrects)
        .outerjoin(charge_line, charge_line.c.id == credited.c.line_id)
        .outerjoin(line_charge, line_charge.c.id == charge_line.c.charge_id)
        .where(
            or_(
                entry.c.id.is_(None),
                line_charge.c.id.is_(None),
                ~or_(
                    and_(entry.c.kind == kinds.CREDIT_NOTE, line_charge.c.entry_id == entry.c.corrects),
                    and_(entry.c.kind == kinds.REVERSAL, line_charge.c.entry_id == note.c.corrects),
                ),
            )
        )
    )


def _tell_credited(row: Row[Any]) -> str:
    return f"entry {row.entry_id} is said to credit charge line {row.line_id}, and is no credit note of it"


def _reversals() -> Select[Any]:
    return (
        select(reversal.c.entry_id)
        .outerjoin_from(reversal, entry, (entry.c.id == reversal.c.entry_id) & (entry.c.kind == kinds.REVERSAL))
        .where(entry.c.id.is_(None))
    )


def _tell_reversal(row: Row[Any]) -> str:
    return f"a reason for a reversal is of entry {row.entry_id}, which is none"


def _voucher_ranges() -> Select[Any]:
    year = cast(voucher_range.c.year, String)
    of_year = exists().where(
        entry.c.id.between(batch.c.entry_first, batch.c.entry_last),
        entry.c.batch_id == batch.c.id,
        func.substr(cast(entry.c.posting_date, String), 1, 4) == year,
    )
    return (
        select(voucher_range.c.batch_id, voucher_range.c.year)
        .outerjoin_from(voucher_range, batch, batch.c.id == voucher_range.c.batch_id)
        .where(or_(batch.c.id.is_(None), ~of_year))
    )


def _tell_voucher_range(row: Row[Any]) -> str:
    return f"voucher numbers of {row.year} were dealt to batch {row.batch_id}, which has no entries of that year"


def _foreign() -> Select[Any]:
    """All three or none. What they may be is a rule of today's input, which books of before need not keep."""
    its = charge.c
    parts = (its.foreign_currency, its.foreign_amount, its.foreign_rate)
    none, all_ = (and_(*conditions) for conditions in zip(*((p.is_(None), p.is_not(None)) for p in parts), strict=True))
    return (
        select(its.id, its.reference, tenancy.c.key)
        # Outer joins keep SQLite from walking every tenancy's charges by their index, where few are foreign.
        .outerjoin_from(charge, tenancy, tenancy.c.id == its.tenancy_id)
        .where(~none, ~all_)
    )


def _tell_foreign(row: Row[Any]) -> str:
    return (
        f"tenancy {row.key}: charge {row.id} ({row.reference}) was asked in another currency, whose name, amount or "
        "rate is missing"
    )


def _one_offs() -> Select[Any]:
    """One that was charged is on a charge of its tenancy, and was not withdrawn."""
    return (
        select(one_off.c.id, one_off.c.charge_id, tenancy.c.key)
        .join_from(one_off, tenancy, tenancy.c.id == one_off.c.tenancy_id)
        .outerjoin(charge, charge.c.id == one_off.c.charge_id)
        .where(
            one_off.c.charge_id.is_not(None),
            or_(
                charge.c.id.is_(None), charge.c.tenancy_id != one_off.c.tenancy_id, one_off.c.withdrawn_at.is_not(None)
            ),
        )
    )


def _tell_one_off(row: Row[Any]) -> str:
    return f"tenancy {row.key}: one-off line {row.id} is said to be on charge {row.charge_id}, and cannot be"


def _rules() -> Select[Any]:
    """A remembered match was made when a person gave that tenancy money, in its company."""
    return (
        select(match_rule.c.id, match_rule.c.customer_key, match_rule.c.entry_id, tenancy.c.key)
        .join_from(match_rule, tenancy, tenancy.c.id == match_rule.c.tenancy_id)
        .outerjoin(posting, (posting.c.entry_id == match_rule.c.entry_id) & (posting.c.seq == 0))
        .where(
            or_(
                posting.c.entry_id.is_(None),
                posting.c.account_id != tenancy.c.account_id,
                match_rule.c.company_id != tenancy.c.company_id,
            )
        )
    )


def _tell_rule(row: Row[Any]) -> str:
    return (
        f"rule {row.id} gives what {row.customer_key} pays to tenancy {row.key}, and entry {row.entry_id}, with which "
        "it was made, did not"
    )


def _standing_rules() -> Select[Any]:
    """What takes a match back forgets the rule that was made with it."""
    back = entry.alias("back")
    return select(match_rule.c.id, match_rule.c.customer_key, back.c.id.label("back")).join_from(
        match_rule,
        back,
        (back.c.corrects == match_rule.c.entry_id)
        & (back.c.kind == kinds.REVERSAL)
        & match_rule.c.forgotten_at.is_(None),
    )


def _tell_standing_rule(row: Row[Any]) -> str:
    return (
        f"rule {row.id} is in use for what {row.customer_key} pays, and entry {row.back} has taken back the match that "
        "it was made with"
    )


def _wrong_payers(conn: Connection) -> Iterator[str]:
    """A rule is of the number that the payment had which it was made with."""
    made = entry.alias("made")
    query = (
        select(match_rule.c.id, match_rule.c.customer_key, suspense.c.entry_id, suspense.c.customer)
        .join_from(match_rule, made, (made.c.id == match_rule.c.entry_id) & (made.c.kind == kinds.MATCH))
        .join(suspense, suspense.c.entry_id == made.c.corrects)
    )
    for rule, said, payment, customer in conn.execute(query):
        if customer_key(customer) != said:
            yield f"rule {rule} is of what {said} pays, and payment {payment}, with which it was made, is of {customer}"


def _marks(rule: ColumnElement[str]) -> ColumnElement[bool]:
    """Entries whose text says, in any language, that this rule has booked them."""
    phrases = {words.by_rule for words in WORDS.values()}
    return or_(*(entry.c.text.like(_like(phrase, rule)) for phrase in sorted(phrases)))


def _like(phrase: str, rule: ColumnElement[str]) -> ColumnElement[str]:
    before, after = phrase.split("{rule}")
    return literal(f"% {before}") + rule + literal(after)


def _uses() -> Select[Any]:
    """Payments out of files that name the rule in their text, on its tenancy."""
    found = (
        select(func.count())
        .select_from(posting)
        .join(entry, entry.c.id == posting.c.entry_id)
        .where(
            posting.c.account_id == account.c.id,
            posting.c.seq == 0,
            entry.c.record.is_not(None),
            _marks(cast(match_rule.c.id, String)),
        )
        .correlate(match_rule, account)
        .scalar_subquery()
    )
    return (
        select(match_rule.c.id, match_rule.c.uses, found.label("found"))
        .join_from(match_rule, tenancy, tenancy.c.id == match_rule.c.tenancy_id)
        .join(account, account.c.id == tenancy.c.account_id)
        .where(match_rule.c.uses != found)
    )


def _tell_uses(row: Row[Any]) -> str:
    return f"rule {row.id} is said to have booked {row.uses} payments, the books have {row.found} by it"


def _lost_rules(conn: Connection) -> Iterator[str]:
    """Payments out of files that name a rule which is gone: nobody could be told any more why a tenancy has them."""
    known = set(conn.scalars(select(match_rule.c.id)))
    of_files = (entry.c.record.is_not(None), entry.c.kind.in_((kinds.PAYMENT, kinds.PAYOUT)))
    for id_, text in streamed(conn, select(entry.c.id, entry.c.text).where(*of_files, _marks(literal("%")))):
        rule = rule_marked(text)
        if rule is not None and rule not in known:
            yield f"entry {id_} says that rule {rule} has booked it, and there is no such rule"
