"""Bank lines that nobody has explained yet: money in suspense, with all that the bank says of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, literal_column, or_, select

from hub.ledger import kinds
from hub.store.lookup import among
from hub.store.origins import ways_back
from hub.store.tables import bank_line, batch, company, entry, file, reading, reversal, suspense, witness
from hub.store.taking_back import MOVED


class OpenLine(NamedTuple):
    """A line of a bank's statement of which something is in suspense still; texts are "" where nothing is told."""

    #: The entry that has its money in suspense: by which the line was booked, or a person has put it there since.
    entry_id: int
    #: That entry's key.
    key: str
    company_id: int
    company: str
    #: Ours, as the bank writes it, without blanks.
    account: str
    #: The bank's instance.
    vendor: str
    #: Øre that nobody has explained; positive = came in, negative = went out.
    amount: int
    #: Øre of the line as the bank has booked it.
    whole: int
    currency: str
    #: When it counts, and when the bank has booked it (R10).
    value_date: date
    booking_date: date
    code: str
    payer: str
    payer_account: str
    #: Of a payment slip; the id without leading zeros.
    creditor: str
    payment_id: str
    servicer_reference: str
    #: All that payer and bank have written.
    text: str
    #: Why it is nobody's.
    reason: str
    file: str
    file_id: int | None
    #: 1-based, in that file.
    record: int | None
    #: A person has had it in hand: put it there, taken back what it was said to be, or explained a part of it.
    handled: bool


def open_lines(conn: Connection, company_ids: Collection[int] | None = None) -> list[OpenLine]:
    """By company, the oldest first; None = of all companies."""
    return _lines(conn, conn.execute(_waiting(conn, company_ids)).all())


def locked_lines(conn: Connection, company_id: int) -> list[OpenLine]:
    """As :func:`open_lines`, of one company. Until the transaction ends nobody else explains any line of it.

    All are locked, whichever is wanted: two that explain one clearing day by different lines would each see it open.
    """
    waiting = _waiting(conn, [company_id]).with_for_update(of=suspense)
    return _lines(conn, conn.execute(waiting).all())


def line_with(conn: Connection, entry_id: int) -> OpenLine | None:
    """The open line whose money this entry has in suspense; None where there is none."""
    found = _lines(conn, conn.execute(_waiting(conn, None).where(suspense.c.entry_id == entry_id)).all())
    return found[0] if found else None


def waiting_companies(conn: Connection, company_ids: Collection[int] | None = None) -> dict[int, str]:
    """Number by id of the companies, in order of id, that have an open bank line or an open witness; None = of all."""
    suspended = (
        select(suspense.c.entry_id)
        .join_from(suspense, entry, entry.c.id == suspense.c.entry_id)
        .where(suspense.c.company_id == company.c.id, *_OF_THE_BANK)
    )
    seen = select(witness.c.id).where(witness.c.company_id == company.c.id, witness.c.entry_id.is_(None))
    query = select(company.c.id, company.c.number).where(or_(suspended.exists(), seen.exists())).order_by(company.c.id)
    if company_ids is not None:
        query = query.where(among(conn, company.c.id, company_ids))
    return dict(conn.execute(query).all())


_CAME = select(bank_line.c.entry_id).where(bank_line.c.entry_id == suspense.c.entry_id).exists()
#: Money in suspense that came as a bank's line, or that a person has put there and may have come so.
_OF_THE_BANK = (
    # Written into the statement, or SQLite does not know that the index of what is open has them all.
    suspense.c.remaining != literal_column("0"),
    or_(_CAME, entry.c.kind == kinds.REVERSAL, entry.c.key.like(f"%{MOVED}")),
)


def _waiting(conn: Connection, company_ids: Collection[int] | None) -> Select[Any]:
    query = (
        select(
            suspense.c.entry_id,
            entry.c.key,
            suspense.c.company_id,
            company.c.number,
            suspense.c.remaining,
            company.c.currency,
            entry.c.value_date,
            suspense.c.reason,
            _CAME.label("came"),
        )
        .join_from(suspense, entry, entry.c.id == suspense.c.entry_id)
        .join(company, company.c.id == suspense.c.company_id)
        .where(*_OF_THE_BANK)
        .order_by(suspense.c.company_id, suspense.c.entry_id)
    )
    return query if company_ids is None else query.where(among(conn, suspense.c.company_id, company_ids))


def _lines(conn: Connection, waiting: Collection[Any]) -> list[OpenLine]:
    moved = {row.entry_id for row in waiting if not row.came}
    roots = {row.entry_id: row.entry_id for row in waiting if row.came}
    if moved:
        roots |= {id_: way[-1] for id_, way in ways_back(conn, moved).items()}
    if not roots:
        return []
    said = _said(conn, set(roots.values()))
    handled = moved | _taken_back(conn, roots.keys())
    return [_line(row, said[root], row.entry_id in handled) for row in waiting if (root := roots[row.entry_id]) in said]


def _taken_back(conn: Connection, entry_ids: Collection[int]) -> set[int]:
    """Lines of which a person has said that they are not what they were explained as.

    What was taken back with the file that it settled is as if it had never been explained.
    """
    back = entry.alias("back")
    query = (
        select(entry.c.corrects)
        .join_from(entry, back, (back.c.corrects == entry.c.id) & (back.c.kind == kinds.REVERSAL))
        .join(reversal, reversal.c.entry_id == back.c.id)
        .where(
            among(conn, entry.c.corrects, entry_ids),
            entry.c.kind.in_((kinds.MATCH, kinds.SETTLEMENT)),
            reversal.c.reason != kinds.PAYMENT_TAKEN_BACK,
        )
    )
    return set(conn.scalars(query))


def _said(conn: Connection, entry_ids: Collection[int]) -> Mapping[int, Any]:
    """What the bank has said, with file and record, by the entry that booked the line."""
    query = (
        select(bank_line, file.c.name.label("file"), file.c.id.label("file_id"), entry.c.record)
        .join_from(bank_line, entry, entry.c.id == bank_line.c.entry_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .outerjoin(reading, reading.c.id == batch.c.reading_id)
        .outerjoin(file, file.c.id == reading.c.file_id)
        .where(among(conn, bank_line.c.entry_id, entry_ids))
    )
    return {row.entry_id: row for row in conn.execute(query)}


def _line(row: Any, said: Any, handled: bool) -> OpenLine:
    return OpenLine(
        entry_id=row.entry_id,
        key=row.key,
        company_id=row.company_id,
        company=row.number,
        account=said.account,
        vendor=said.vendor,
        amount=row.remaining,
        whole=said.amount,
        currency=row.currency,
        value_date=row.value_date,
        booking_date=said.booking_date,
        code=said.code,
        payer=said.payer,
        payer_account=said.payer_account,
        creditor=said.creditor,
        payment_id=said.payment_id,
        servicer_reference=said.servicer_reference,
        text=said.text,
        reason=row.reason,
        file=said.file or "",
        file_id=said.file_id,
        record=said.record,
        handled=handled or row.remaining != said.amount,
    )
