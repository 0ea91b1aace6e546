"""A file's payment list and, when there are errors, its error list (R8, 10.05, 10.06): CSV that Danish Excel opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
)

from hub.intake.filing import safe_name
from hub.ledger import kinds
from hub.money import format_amount
from hub.settings import Site
from hub.store.journal import FileRow
from hub.store.tables import account, batch, charge, entry, outcome, posting, reading, settlement, suspense, tenancy
from hub.transport.content import placing

COLUMNS = ("record", "outcome", "tenancy", "name", "value_date", "amount", "reference", "text", "reason")
#: What a person has to look at: a record that another file has booked may be a tenant's real second payment.
_ERRORS = ("failed", "unmatched", "held", "duplicate")
#: A cell that begins so is a formula to a spreadsheet.
_FORMULA = "=+-@\t\r"
_ROWS_A_TIME = 2_000


def write_lists(conn: Connection, site: Site, file: FileRow, *, rehearsed: bool = False) -> None:
    """Writes both lists anew from the ledger; memory does not grow with the file.

    ``amount`` is signed as in the file: of money, positive = received (R19), so that a fee is negative; of a result,
    positive = the tenant pays. A payout is positive as it leaves the vendor, and adds nothing to the file's amount.
    ``rehearsed``: what the last reading booked will be rolled back, and is only going to be booked.
    """
    site.lists.mkdir(parents=True, exist_ok=True)
    payments, errors = _places(site, file)
    _write(payments, _records(conn, file.id, rehearsed))
    wrong = (row for row in _records(conn, file.id, rehearsed) if row[1] in _ERRORS)
    first = next(wrong, None) if _may_have_errors(conn, file.id) else None
    if first is None:
        errors.unlink(missing_ok=True)
    else:
        _write(errors, chain([first], wrong))


def remove_lists(site: Site, file: FileRow) -> None:
    """Nothing of the file is booked, nor will be as it is."""
    for path in _places(site, file):
        path.unlink(missing_ok=True)


def _places(site: Site, file: FileRow) -> tuple[Path, Path]:
    stem = f"{file.id}-{safe_name(file.name)}"
    return site.lists / f"{stem}.payments.csv", site.lists / f"{stem}.errors.csv"


def _may_have_errors(conn: Connection, file_id: int) -> bool:
    """Not for certain: what one reading held or had booked, another one has dealt with."""
    wrong = reading.c.failed + reading.c.unmatched + reading.c.held + reading.c.duplicate > 0
    return conn.execute(select(exists().where(reading.c.file_id == file_id, wrong))).scalar_one()


def _records(conn: Connection, file_id: int, rehearsed: bool) -> Iterator[Sequence[Any]]:
    """Every record in the file's order: what any reading of it booked, else what the last one that spoke of it said."""
    readings = reading.c.file_id == file_id
    booked = conn.execute(select(batch).join(reading, batch.c.reading_id == reading.c.id).where(readings)).all()
    last = conn.execute(select(func.max(reading.c.id)).where(readings)).scalar_one()
    spoke = exists().where(outcome.c.reading_id == reading.c.id)
    last_to_speak = conn.execute(select(func.max(reading.c.id)).where(readings, spoke)).scalar_one()
    streams = []
    for one in booked:
        done = "to be booked" if rehearsed and one.reading_id == last else "booked"
        streams.append(_streamed(conn, _entered(one, done)))
    if last_to_speak is not None:
        streams.append(_streamed(conn, _others(last_to_speak)))
    for _, same in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        yield next(same)


def _entered(one: Row[Any], done: str) -> Select[Any]:
    """A batch's entries. Its range leads to them by their primary key, however large the ledger.

    What takes unmatched money back has no suspense row of its own: the account tells. A bank's line may have been
    explained since.
    """
    unmatched = account.c.kind == kinds.SUSPENSE
    explained = (suspense.c.remaining == 0) & exists().where(settlement.c.line_id == entry.c.id)
    return (
        select(
            entry.c.record,
            case(
                (unmatched & explained, "explained"),
                (unmatched, "unmatched"),
                (entry.c.kind == kinds.PAYMENT_FAILED, "failed"),
                (entry.c.kind == kinds.FEE, f"{done}: fee"),
                (entry.c.kind == kinds.SETTLEMENT, f"{done}: payout"),
                else_=done,
            ),
            tenancy.c.key,
            tenancy.c.name,
            cast(entry.c.value_date, String),
            case((entry.c.kind.in_((kinds.RESULT, kinds.SETTLEMENT)), posting.c.amount), else_=-posting.c.amount),
            func.coalesce(suspense.c.reference, charge.c.reference, ""),
            entry.c.text,
            func.coalesce(suspense.c.reason, case((unmatched, "takes back unmatched money"), else_="")),
        )
        .join(posting, and_(posting.c.entry_id == entry.c.id, posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .outerjoin(tenancy, tenancy.c.account_id == posting.c.account_id)
        .outerjoin(suspense, suspense.c.entry_id == entry.c.id)
        .outerjoin(charge, charge.c.entry_id == entry.c.id)
        .where(
            entry.c.id.between(one.entry_first, one.entry_last),
            entry.c.batch_id == one.id,
            # What was written off beside a payment is no record of the file.
            entry.c.record.is_not(None),
        )
        .order_by(entry.c.record)
    )


def _others(reading_id: int) -> Select[Any]:
    whose = (outcome.c.tenancy, null(), null(), outcome.c.amount, func.coalesce(outcome.c.reference, ""), literal(""))
    return (
        select(outcome.c.record, outcome.c.outcome, *whose, outcome.c.reason)
        .where(outcome.c.reading_id == reading_id)
        .order_by(outcome.c.record)
    )


def _streamed(conn: Connection, records: Select[Any]) -> Iterator[Row[Any]]:
    yield from conn.execution_options(yield_per=_ROWS_A_TIME).execute(records)


def _write(target: Path, records: Iterable[Sequence[Any]]) -> None:
    with placing(target) as writer:
        text = io.TextIOWrapper(writer, encoding="utf-8-sig", newline="")
        sheet = csv.writer(text, delimiter=";")
        sheet.writerow(COLUMNS)
        sheet.writerows(map(_cells, records))
        text.detach()


def _cells(row: Sequence[Any]) -> tuple[object, ...]:
    record, what, tenant, name, value_date, ore, reference, text, reason = row
    amount = "" if ore is None else format_amount(ore).replace(".", ",")
    return (record, what, tenant, _plain(name), value_date, amount, _plain(reference), _plain(text), _plain(reason))


def _plain(text: str | None) -> str | None:
    return f"'{text}" if text and text[0] in _FORMULA else text
