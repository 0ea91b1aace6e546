"""A file's payment list and, when there are errors, its error list (R8, 10.05, 10.06): CSV that Danish Excel opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from hub.intake.content import placing
from hub.intake.filing import safe_name
from hub.ledger import kinds
from hub.money import format_amount
from hub.settings import Site
from hub.store.journal import FileRow
from hub.store.tables import batch, charge, entry, outcome, posting, reading, suspense, tenancy

COLUMNS = ("record", "outcome", "tenancy", "name", "value_date", "amount", "reference", "text", "reason")
#: What a person has to look at.
_ERRORS = ("failed", "unmatched", "held")
#: A cell that begins so is a formula to a spreadsheet.
_FORMULA = "=+-@\t\r"
_ROWS_A_TIME = 2_000


def write_lists(conn: Connection, site: Site, file: FileRow) -> None:
    """Writes both lists anew from the ledger; memory does not grow with the file.

    ``amount`` is signed as in the file: of money, positive = received (R19); of a result, positive = the tenant pays.
    """
    site.lists.mkdir(parents=True, exist_ok=True)
    stem = f"{file.id}-{safe_name(file.name)}"
    records = _records(file.id)
    _write(conn, site.lists / f"{stem}.payments.csv", select(records))
    errors = select(records).where(records.c.outcome.in_(_ERRORS))
    error_list = site.lists / f"{stem}.errors.csv"
    if conn.execute(select(errors.exists())).scalar_one():
        _write(conn, error_list, errors)
    else:
        error_list.unlink(missing_ok=True)


def _records(file_id: int) -> Subquery:
    """Every record: what any reading of the file booked, and what the last one had to say of the rest."""
    entered = (
        select(
            entry.c.record,
            case(
                (suspense.c.entry_id.is_not(None), "unmatched"),
                (entry.c.kind == kinds.PAYMENT_FAILED, "failed"),
                else_="booked",
            ).label("outcome"),
            tenancy.c.key.label("tenancy"),
            tenancy.c.name,
            cast(entry.c.value_date, String).label("value_date"),
            case((entry.c.kind == kinds.RESULT, posting.c.amount), else_=-posting.c.amount).label("amount"),
            func.coalesce(suspense.c.reference, charge.c.reference, "").label("reference"),
            entry.c.text,
            func.coalesce(suspense.c.reason, "").label("reason"),
        )
        # The range leads to the rows by their primary key.
        .select_from(reading)
        .join(batch, batch.c.reading_id == reading.c.id)
        .join(entry, and_(entry.c.id.between(batch.c.entry_first, batch.c.entry_last), entry.c.batch_id == batch.c.id))
        .join(posting, and_(posting.c.entry_id == entry.c.id, posting.c.seq == 0))
        .outerjoin(tenancy, tenancy.c.account_id == posting.c.account_id)
        .outerjoin(suspense, suspense.c.entry_id == entry.c.id)
        .outerjoin(charge, charge.c.entry_id == entry.c.id)
        .where(reading.c.file_id == file_id)
    )
    last = select(func.max(reading.c.id)).where(reading.c.file_id == file_id).scalar_subquery()
    others = select(
        outcome.c.record,
        outcome.c.outcome,
        *(null().label(name) for name in ("tenancy", "name", "value_date", "amount")),
        literal("").label("reference"),
        literal("").label("text"),
        outcome.c.reason,
    ).where(outcome.c.reading_id == last, outcome.c.record.not_in(select(entered.subquery().c.record)))
    return union_all(entered, others).subquery()


def _write(conn: Connection, target: Path, records: Select[Any]) -> None:
    with placing(target) as writer:
        text = io.TextIOWrapper(writer, encoding="utf-8-sig", newline="")
        sheet = csv.writer(text, delimiter=";")
        sheet.writerow(COLUMNS)
        sheet.writerows(_cells(conn, records))
        text.detach()


def _cells(conn: Connection, records: Select[Any]) -> Iterator[list[object]]:
    ordered = records.order_by(records.selected_columns.record)
    for row in conn.execution_options(yield_per=_ROWS_A_TIME).execute(ordered):
        record, what, tenant, name, value_date, ore, reference, text, reason = row
        amount = "" if ore is None else format_amount(ore).replace(".", ",")
        texts = map(_plain, (tenant, name, value_date, reference, text, reason))
        tenant, name, value_date, reference, text, reason = texts
        yield [record, what, tenant, name, value_date, amount, reference, text, reason]


def _plain(text: str | None) -> str:
    if not text:
        return ""
    return f"'{text}" if text[0] in _FORMULA else text
