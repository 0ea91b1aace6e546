"""Bank statements as files have told of them, and which stand next to one another on their account.

What counts is what stands: a statement of a reading that was taken back is none.
"""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select

from hub.plugin import BankStatement
from hub.store.tables import bank_statement, file, reading

_OURS = bank_statement.c
#: Of one day, those without a number first.
_NUMBER = func.coalesce(_OURS.sequence, -1)
#: Two years of one a day.
STATEMENTS_BETWEEN_MAX = 500


class Stated(NamedTuple):
    """One statement, and the file that has it. Balances in øre; None = the bank does not say."""

    company_id: int
    account: str
    currency: str
    identification: str
    #: None = the bank gives none.
    sequence: int | None
    first_day: date
    last_day: date
    opening: int | None
    closing: int | None
    key: str
    record: int
    file_id: int
    file: str


def stated(statement: BankStatement, company_id: int, file_id: int, name: str) -> Stated:
    """One that is not kept yet, of that file."""
    same = {field: getattr(statement, field) for field in Stated._fields if field in BankStatement._fields}
    return Stated(**same, company_id=company_id, file_id=file_id, file=name)


def note_statement(conn: Connection, vendor: str, reading_id: int, one: Stated) -> None:
    values = {name: value for name, value in one._asdict().items() if name not in ("file_id", "file")}
    conn.execute(insert(bank_statement).values(**values, vendor=vendor, reading_id=reading_id))


def is_kept(conn: Connection, one: Stated) -> bool:
    """Whether an earlier reading of the same file has kept it."""
    query = _standing().where(reading.c.file_id == one.file_id, _OURS.record == one.record)
    return conn.execute(query.limit(1)).first() is not None


def standing_statements(conn: Connection) -> list[Stated]:
    """Each once, however often it was told of, in the order in which they stand on their accounts."""
    found: dict[tuple[int, str, str, str], Stated] = {}
    for row in conn.execute(_standing().order_by(_OURS.last_day, _OURS.id)):
        one = Stated._make(row)
        found.setdefault((one.company_id, one.account, one.currency, one.key), one)
    return sorted(found.values(), key=place)


def repeated(conn: Connection, one: Stated) -> Stated | None:
    """The same statement, by its key, as it was told of first."""
    query = _standing().where(*_of_account(one), _OURS.key == one.key).order_by(_OURS.id).limit(1)
    return _stated(conn.execute(query).one_or_none(), one)


def statements_of(conn: Connection, one: Stated, file_id: int) -> list[Stated]:
    """Those of its account that a file tells of, in file order."""
    of_file = file.c.id == file_id
    if file_id == one.file_id:
        of_file |= file.c.id.is_(None)
    rows = conn.execute(_standing().where(*_of_account(one), of_file).order_by(_OURS.record)).all()
    return [_named_by(one, row) for row in rows]


def statements_between(conn: Connection, first: Stated, last: Stated) -> list[Stated]:
    """Of their account, those whose last day lies from the one's to the other's.

    No more than STATEMENTS_BETWEEN_MAX: what lies further apart nobody need follow.
    """
    days = _OURS.last_day.between(first.last_day, last.last_day)
    rows = conn.execute(_standing().where(*_of_account(first), days).limit(STATEMENTS_BETWEEN_MAX)).all()
    return [Stated._make(row) for row in rows]


def neighbours(conn: Connection, one: Stated) -> tuple[Stated | None, Stated | None]:
    """Those that stand before and after it by their last days, first days and numbers; None = there is none."""
    same_day = conn.execute(_standing().where(*_of_account(one), _OURS.last_day == one.last_day)).all()
    ordered = sorted((_named_by(one, row) for row in same_day), key=place)
    earlier = [other for other in ordered if place(other) <= place(one)]
    later = [other for other in ordered if place(other) > place(one)]
    before = (_OURS.last_day.desc(), _OURS.first_day.desc(), _NUMBER.desc(), _OURS.id.desc())
    after = (_OURS.last_day, _OURS.first_day, _NUMBER, _OURS.id)
    last = earlier[-1] if earlier else _next(conn, one, _OURS.last_day < one.last_day, *before)
    following = later[0] if later else _next(conn, one, _OURS.last_day > one.last_day, *after)
    return last, following


def place(one: Stated) -> tuple[date, date, int]:
    """By which statements of one account are sorted."""
    return one.last_day, one.first_day, -1 if one.sequence is None else one.sequence


def _next(conn: Connection, one: Stated, beside: ColumnElement[bool], *order: ColumnElement[Any]) -> Stated | None:
    query = _standing().where(*_of_account(one), beside).order_by(*order).limit(1)
    return _stated(conn.execute(query).one_or_none(), one)


def _standing() -> Select[Any]:
    """Without a file those of the reading that is being written: its own row comes last."""
    columns = [_OURS[name] for name in Stated._fields if name not in ("file_id", "file")]
    return (
        select(*columns, file.c.id, file.c.name)
        .join_from(bank_statement, reading, reading.c.id == _OURS.reading_id, isouter=True)
        .join(file, file.c.id == reading.c.file_id, isouter=True)
        .where(reading.c.reversed_at.is_(None))
    )


def _of_account(one: Stated) -> tuple[ColumnElement[bool], ...]:
    return _OURS.company_id == one.company_id, _OURS.account == one.account, _OURS.currency == one.currency


def _stated(row: Row[Any] | None, one: Stated) -> Stated | None:
    return None if row is None else _named_by(one, row)


def _named_by(one: Stated, row: Row[Any]) -> Stated:
    """Where it has no file yet it is of the same as ``one``."""
    found = Stated._make(row)
    return found if row.id is not None else found._replace(file_id=one.file_id, file=one.file)
