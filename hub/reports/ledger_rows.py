"""What every export of the ledger reads: companies, and entries with their postings in order, never all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, select

from hub.store.portfolio import NoSuchCompanyError, plain_number
from hub.store.tables import account, batch, company, entry, file, posting, reading
from hub.store.views.vouchers import document_of, with_document

#: Rows fetched at once of an answer that may be of any length.
ROWS_A_TIME = 2_000


class Company(NamedTuple):
    id: int
    number: str
    currency: str


def companies(conn: Connection, number: str | None = None) -> list[Company]:
    """All companies in order of id, or the one of this number, also with leading zeros. Raises NoSuchCompanyError."""
    query = select(company.c.id, company.c.number, company.c.currency).order_by(company.c.id)
    if number is not None:
        query = query.where(company.c.number == plain_number(number))
    found = [Company._make(row) for row in conn.execute(query)]
    if number is not None and not found:
        raise NoSuchCompanyError(
            f"there is no company {number or repr(number)}", do="write its number as in the portfolio"
        )
    return found


def of_companies(some: Sequence[Company]) -> ColumnElement[bool]:
    """A condition on ``company``."""
    return company.c.id.in_([one.id for one in some])


def entries_with_postings(conn: Connection, mine: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """A row a posting, in order of entry and posting, with what :func:`document_type` takes."""
    query = (
        select(
            entry.c.id,
            company.c.number.label("company"),
            batch.c.seq.label("batch"),
            batch.c.actor,
            file.c.name.label("file"),
            entry.c.value_date,
            entry.c.posting_date,
            entry.c.text,
            entry.c.record,
            entry.c.key,
            entry.c.corrects,
            entry.c.input_hash,
            entry.c.leaf,
            account.c.kind.label("account_kind"),
            account.c.code,
            account.c.currency,
            posting.c.amount,
            posting.c.value_date.label("posting_value_date"),
        )
        .join_from(entry, posting, posting.c.entry_id == entry.c.id)
        .join(account, account.c.id == posting.c.account_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .join(company, company.c.id == batch.c.company_id)
        .outerjoin(reading, reading.c.id == batch.c.reading_id)
        .outerjoin(file, file.c.id == reading.c.file_id)
        .where(mine)
        .order_by(entry.c.id, posting.c.seq)
    )
    return iter(conn.execute(with_document(query), execution_options={"yield_per": ROWS_A_TIME}))


def document_type(row: Row[Any]) -> str:
    """Of a row that :func:`with_document` was asked for."""
    return document_of(row.kind, row.charge_kind, row.original_kind, row.original_charge_kind)
