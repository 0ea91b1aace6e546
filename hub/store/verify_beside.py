"""What ``hub verify`` reads beside the entries, each a stream in the same order of entry id, as the driver's tuples."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from heapq import merge
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection, String, cast, func, literal_column, select, union_all

from hub.ledger import chain, kinds
from hub.store.lookup import streamed
from hub.store.tables import (
    account,
    allocation,
    charge,
    charge_line,
    credit,
    credited,
    entry,
    posting,
    reversal,
    suspense,
    tenancy,
)

_T = TypeVar("_T")
#: (entry id, seq, account id, øre, ISO value date, account's code, its company's id)
Posting: TypeAlias = tuple[int, int, int, int, str, str | None, int | None]


class Beside(Generic[_T]):
    """What is read beside the entries, in the same order of entry id. ``passed`` is told of what no entry asked for."""

    def __init__(
        self, rows: Generator[tuple[int, _T]], passed: Callable[[int, _T], None] = lambda entry_id, what: None
    ) -> None:
        self._rows = rows
        self._passed = passed
        self._at: float = -inf
        self._what: _T | None = None
        self._go_on()

    def of(self, entry_id: float) -> _T | None:
        """Once an entry, in ascending order."""
        while self._at < entry_id:
            assert self._what is not None
            self._passed(int(self._at), self._what)
            self._go_on()
        if self._at > entry_id or entry_id == inf:
            return None
        found = self._what
        self._go_on()
        return found

    def close(self) -> None:
        self._rows.close()

    def _go_on(self) -> None:
        self._at, self._what = next(self._rows, (inf, None))


class Charged(NamedTuple):
    """What an entry demands, as its leaf says it, and its lines as the batch's hash has them."""

    detail: str
    lines: list[tuple[int, int, int]]
    #: As the lines have it, ISO.
    value_dates: set[str]
    #: Øre of every line.
    amounts: list[int]
    #: Of the tenancies that it is demanded of.
    account_ids: set[int | None]


def postings(conn: Connection) -> Generator[tuple[int, list[Posting]]]:
    """By entry id, in order of their numbers."""
    for entry_id, rows in groupby(streamed(conn, _POSTINGS), itemgetter(0)):
        yield entry_id, list(rows)


def corrected(conn: Connection) -> Generator[tuple[int, str]]:
    """The key of the entry that an entry corrects."""
    yield from streamed(conn, _CORRECTED)


def charged(conn: Connection) -> Generator[tuple[int, Charged]]:
    """By entry id."""
    for entry_id, rows in groupby(streamed(conn, _CHARGED), itemgetter(0)):
        lines = list(rows)
        _, _, _, account_id, due_date, value_date, reference, kind, *_ = lines[0]
        detail = chain.charge_detail(due_date, reference, kind, [line[8:] for line in lines])
        if len(lines) == 1:
            yield entry_id, Charged(detail, [lines[0][:3]], {value_date}, [lines[0][9]], {account_id})
        else:
            yield (
                entry_id,
                Charged(
                    detail,
                    [line[:3] for line in lines],
                    {line[5] for line in lines},
                    [line[9] for line in lines],
                    {line[3] for line in lines},
                ),
            )


def allocations(conn: Connection) -> Generator[tuple[int, list[chain.AllocationRow]]]:
    """By the entry that made them."""
    for entry_id, rows in groupby(streamed(conn, _ALLOCATED), itemgetter(0)):
        yield entry_id, list(rows)


def used_elsewhere(conn: Connection) -> Generator[tuple[int, int]]:
    """Øre of an entry's money beyond its own allocations: what later acts have allocated, what is credit, taken back.

    PostgreSQL sums bigint to numeric, which equals the int. An id that is no number, which SQLite lets anybody write,
    is no entry's: what was told of it lacks where it belongs.
    """
    yield from (row for row in streamed(conn, _USED_ELSEWHERE) if isinstance(row[0], int))


def details(conn: Connection) -> Generator[tuple[int, str]]:
    """What the leaf of an entry without a charge says beyond its postings."""
    streams = (_suspense_details(conn), _credited_details(conn), _reversal_details(conn))
    with ExitStack() as closed:
        for stream in streams:
            closed.enter_context(closing(stream))
        yield from merge(*streams, key=itemgetter(0))


def _suspense_details(conn: Connection) -> Generator[tuple[int, str]]:
    columns = (suspense.c.entry_id, suspense.c.vendor, suspense.c.customer, suspense.c.reference)
    for entry_id, *said in streamed(conn, select(*columns).order_by(suspense.c.entry_id)):
        yield entry_id, chain.suspense_detail(*said)


def _credited_details(conn: Connection) -> Generator[tuple[int, str]]:
    query = (
        select(credited.c.entry_id, charge_line.c.seq, credited.c.amount, credited.c.vat)
        .join_from(credited, charge_line, charge_line.c.id == credited.c.line_id)
        .order_by(credited.c.entry_id, charge_line.c.seq)
    )
    for entry_id, rows in groupby(streamed(conn, query), itemgetter(0)):
        yield entry_id, chain.credited_detail((seq, amount, vat) for _, seq, amount, vat in rows)


def _reversal_details(conn: Connection) -> Generator[tuple[int, str]]:
    query = select(reversal.c.entry_id, reversal.c.reason).order_by(reversal.c.entry_id)
    for entry_id, reason in streamed(conn, query):
        yield entry_id, chain.reversal_detail(reason)


_ORIGINAL = entry.alias("original")
_CORRECTED = (
    select(entry.c.id, _ORIGINAL.c.key)
    .join(_ORIGINAL, _ORIGINAL.c.id == entry.c.corrects)
    .where(entry.c.corrects.is_not(None))
    .order_by(entry.c.id)
)
_POSTINGS = (
    select(
        posting.c.entry_id,
        posting.c.seq,
        posting.c.account_id,
        posting.c.amount,
        cast(posting.c.value_date, String),
        account.c.code,
        account.c.company_id,
    )
    .join_from(posting, account, account.c.id == posting.c.account_id, isouter=True)
    .order_by(posting.c.entry_id, posting.c.seq)
)
_ALLOCATED = select(allocation).order_by(allocation.c.entry_id, allocation.c.seq)
_CHARGED = (
    select(
        charge.c.entry_id,
        charge_line.c.seq,
        charge_line.c.id,
        tenancy.c.account_id,
        cast(charge.c.due_date, String),
        cast(charge_line.c.value_date, String),
        charge.c.reference,
        charge.c.kind,
        charge_line.c.charge_type,
        charge_line.c.amount,
        cast(charge_line.c.period_from, String),
        cast(charge_line.c.period_to, String),
        charge_line.c.vat_rate,
        charge_line.c.vat,
        charge_line.c.claim,
        charge_line.c.holding,
    )
    .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
    .join(tenancy, tenancy.c.id == charge.c.tenancy_id, isouter=True)
    .order_by(charge.c.entry_id, charge.c.id, charge_line.c.seq)
)
_TAKER = entry.alias("taker")
_ELSEWHERE = union_all(
    select(allocation.c.payment_id.label("entry_id"), allocation.c.amount).where(
        allocation.c.payment_id != allocation.c.entry_id
    ),
    select(credit.c.entry_id, credit.c.remaining),
    select(_TAKER.c.corrects, posting.c.amount)
    .join_from(_TAKER, posting, (posting.c.entry_id == _TAKER.c.id) & (posting.c.seq == literal_column("0")))
    .where(_TAKER.c.corrects.is_not(None), _TAKER.c.kind.in_(kinds.TAKING_BACK)),
).subquery("elsewhere")
_USED_ELSEWHERE = (
    select(_ELSEWHERE.c.entry_id, func.sum(_ELSEWHERE.c.amount))
    .group_by(_ELSEWHERE.c.entry_id)
    .order_by(_ELSEWHERE.c.entry_id)
)
