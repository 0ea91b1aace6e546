"""Small differences that were written off (R24), owed again: when the payment goes that they stood beside, or a demand.

See docs/decisions/0021.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.money import format_amount
from hub.store.books import Books
from hub.store.entries import Correction, Movement
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef
from hub.store.tables import allocation, charge, charge_line, entry, posting
from hub.store.taking_back import Corrector, history_of, mirrors_of, uses_of, waves


class Owed(NamedTuple):
    """A difference that is owed again from a day on, or its own where that is later; dates are ISO."""

    difference: Corrector
    tenancy: TenancyRef
    value_date: str
    posting_date: str
    #: One of kinds.REASONS.
    reason: str = kinds.PAYMENT_TAKEN_BACK


def owe_again(books: Books, owed: Sequence[Owed]) -> None:
    """What was written off is open again, to whoever it was forgiven."""
    for wave in waves(owed, lambda one: one.tenancy.id):
        mirrors = mirrors_of(books.conn, [one.difference.id for one in wave])
        uses = uses_of(books.conn, {id_: mirror.own.code for id_, mirror in mirrors.items()})
        days = _days_of(books.conn, mirrors.keys())
        corrections: defaultdict[int, list[Correction]] = defaultdict(list)
        for one in wave:
            mirror, use = mirrors[one.difference.id], uses[one.difference.id]
            words = books.words(one.tenancy.company_id)
            value_date, posting_date = map(max, days[one.difference.id], (one.value_date, one.posting_date))
            movement = Movement(
                kinds.REVERSAL,
                one.tenancy,
                mirror.amount,
                value_date,
                posting_date,
                mirror.parts[0].account,
                value_date,
                f"reversal|{one.difference.key}",
                input_hash(mirror.amount),
                f"{words.reversed}: {words.difference}",
                reason=one.reason,
                corrects=one.difference.id,
                corrects_key=one.difference.key,
            )
            correction = Correction(movement, mirror.own, one.tenancy, use.paid, use.unused)
            corrections[one.tenancy.company_id].append(correction)
        for company_id, of_company in corrections.items():
            books.correct_all(company_id, of_company)


def _days_of(conn: Connection, entry_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Value and posting date by entry id, ISO: no day before an entry shows it taken back."""
    query = select(entry.c.id, entry.c.value_date, entry.c.posting_date).where(among(conn, entry.c.id, entry_ids))
    return {id_: (value_date.isoformat(), posted.isoformat()) for id_, value_date, posted in conn.execute(query)}


def written_off(conn: Connection, entry_ids: Collection[int]) -> dict[int, list[Corrector]]:
    """The differences that stand on the charges which entries have made, by entry id, oldest first."""
    rows = conn.execute(
        select(charge.c.entry_id, entry.c.id, entry.c.key)
        .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
        .join(allocation, allocation.c.line_id == charge_line.c.id)
        .join(entry, entry.c.id == allocation.c.payment_id)
        .where(among(conn, charge.c.entry_id, entry_ids), entry.c.kind == kinds.DIFFERENCE)
        .distinct()
        .order_by(entry.c.id)
    ).all()
    history = history_of(conn, {row.id for row in rows})
    found: defaultdict[int, list[Corrector]] = defaultdict(list)
    for charged, id_, key in rows:
        if history.taken_back_by(id_) is None:
            found[charged].append(Corrector(id_, kinds.DIFFERENCE, key))
    return found


def written_off_beside(conn: Connection, payment_id: int) -> str | None:
    """How much was written off beside a payment that was just booked, as JSON has amounts; None = nothing."""
    total = select(func.sum(-posting.c.amount)).join(entry, entry.c.id == posting.c.entry_id)
    beside = (entry.c.corrects == payment_id, entry.c.kind == kinds.DIFFERENCE, posting.c.seq == 0)
    ore = conn.execute(total.where(*beside)).scalar_one()
    return None if ore is None else format_amount(int(ore))
