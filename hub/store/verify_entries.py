"""The walk of ``hub verify`` along the chain: every leaf, root and batch hash is computed anew, entry by entry.

Entries, their postings and what they say beyond those are read side by side, each in order of entry id, as the
driver's plain tuples: here the time goes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from heapq import merge
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, Row, String, cast, select

from hub.errors import HubError
from hub.ledger import chain
from hub.money import format_amount
from hub.store.lookup import streamed
from hub.store.tables import (
    account,
    allocation,
    batch,
    charge,
    charge_line,
    company,
    credited,
    entry,
    file,
    posting,
    reading,
    reversal,
    suspense,
)
from hub.store.verify_vouchers import Vouchers

_T = TypeVar("_T")
#: (entry id, seq, account id, øre, ISO value date, account's code, its company's id)
_Posting = tuple[int, int, int, int, str, str | None, int | None]


class Walk:
    """All entries in order of id, with their postings. Ids of a batch are a range, in which others' may lie too.

    ``note`` is told each problem.
    """

    def __init__(self, conn: Connection, note: Callable[[str], None]) -> None:
        self.entries = 0
        self.postings = 0
        #: Of batches whose hash covers them.
        self.allocations = 0
        #: Of entries that are there.
        self.charges = 0
        self.charge_lines = 0
        self._conn = conn
        self._note = note
        self._postings = _Beside(_grouped(streamed(conn, _POSTINGS)), self._without_entry)
        self._corrected: _Beside[str] = _Beside((id_, key) for id_, key in streamed(conn, _CORRECTED))
        self._charged: _Beside[Charged] = _Beside(charged(conn))
        self._allocated: _Beside[list[chain.AllocationRow]] = _Beside(_allocations(conn))
        details = (_suspense_details(conn), _credited_details(conn), _reversal_details(conn))
        self._details: _Beside[str] = _Beside(_merged(details))
        self._vouchers = Vouchers()
        self._open: dict[int, _Batch] = {}
        #: Batches with a moment that is none, say.
        self._unreadable: set[int] = set()
        #: An entry above this id is past the end of an open batch.
        self._open_until = inf

    def go(self) -> None:
        with ExitStack() as streams:
            # A cursor that is left for the garbage collector would be closed in somebody else's transaction.
            besides: list[_Beside[Any]] = [self._postings, self._corrected, self._charged, self._allocated]
            besides.append(self._details)
            for beside in besides:
                streams.enter_context(closing(beside))
            for row in streams.enter_context(closing(streamed(self._conn, _ENTRIES))):
                if row[0] > self._open_until:
                    self._close_before(row[0])
                self._prove(*row)
            self._close_before(inf)
            self._postings.of(inf)
        for problem in self._vouchers.problems(self._conn):
            self._note(problem)

    def _prove(
        self,
        entry_id: int,
        batch_id: int,
        kind: str,
        value_date: str,
        posting_date: str,
        record: int | None,
        key: str,
        corrects: int | None,
        given: bytes,
        leaf: bytes,
        voucher: int,
    ) -> None:
        self.entries += 1
        ours = self._open.get(batch_id) or self._opened(batch_id)
        if ours is None:
            if batch_id not in self._unreadable:
                self._wrong(entry_id, key, "is in no batch")
        else:
            ours.root.add((bytes_of(leaf),))
            if not ours.first <= entry_id <= ours.last:
                self._wrong(entry_id, key, f"lies outside its batch: {ours.named}")
        demanded, paid = self._charged.of(entry_id), self._allocated.of(entry_id)
        if demanded:
            self.charges += 1
            self.charge_lines += len(demanded.lines)
            if demanded.value_dates != {value_date}:
                self._wrong(entry_id, key, "has charge lines that count from another day than it does")
        if ours is not None and ours.allocated is not None:
            if demanded:
                ours.allocated.demand(demanded.lines)
            if paid:
                self.allocations += len(paid)
                ours.allocated.pay(paid)
        if voucher != self._vouchers.next(batch_id, posting_date):
            self._wrong(entry_id, key, "has another voucher number than its place in its batch says")
        corrects_key = ""
        if corrects is not None:
            corrects_key = self._corrected.of(entry_id) or ""
            if not corrects_key:
                self._wrong(entry_id, key, f"corrects entry {corrects}, which is not there")
        postings = self._postings.of(entry_id)
        if postings is None:
            self._wrong(entry_id, key, "has no postings")
            return
        self.postings += len(postings)
        self._judge_postings(entry_id, key, postings, ours)
        detail = demanded.detail if demanded else self._details.of(entry_id) or ""
        of_leaf = [(code or "", amount, day) for _, _, _, amount, day, code, _ in postings]
        try:
            made = chain.leaf(kind, key, value_date, posting_date, record, corrects_key, given, detail, of_leaf)
        except (HubError, AttributeError, TypeError, ValueError):
            # What the hub never writes, such as text for bytes, has no hash at all.
            made = b""
        if made != leaf:
            self._wrong(entry_id, key, "is not as it was booked: its leaf hash is another")

    def _judge_postings(self, entry_id: int, key: str, postings: list[_Posting], ours: _Batch | None) -> None:
        # Each once, and in order: that makes them 0, 1, ... where the first and the last are right.
        if postings[0][1] != 0 or postings[-1][1] != len(postings) - 1:
            self._wrong(entry_id, key, f"has its postings numbered {', '.join(str(one[1]) for one in postings)}")
        total = 0
        for _, seq, account_id, amount, _, code, company_id in postings:
            try:
                total += amount
            except TypeError:
                self._wrong(entry_id, key, f"has posting {seq} of {amount!r}, which is no amount")
            if code is None:
                self._wrong(entry_id, key, f"has posting {seq} on account {account_id}, which is not there")
            elif ours is not None and company_id != ours.company_id:
                self._wrong(entry_id, key, f"has posting {seq} on {code} of another company than {ours.number}")
        if total:
            told = format_amount(total) if isinstance(total, int) else f"{total / 100}"
            self._wrong(entry_id, key, f"has postings that sum to {told}, not to zero")

    def _wrong(self, entry_id: int, key: str, what: str) -> None:
        self._note(f"entry {entry_id} ({key}) {what}")

    def _without_entry(self, entry_id: int, postings: list[_Posting]) -> None:
        for _, _, _, amount, *_ in postings:
            told = format_amount(amount) if isinstance(amount, int) else repr(amount)
            self._note(f"a posting of {told} belongs to entry {entry_id}, which is not there")

    def _opened(self, batch_id: int) -> _Batch | None:
        if batch_id in self._unreadable:
            return None
        try:
            row = self._conn.execute(BATCHES.where(batch.c.id == batch_id)).one_or_none()
        except ValueError as error:
            self._note(f"batch {batch_id} cannot be read: {error}")
            self._unreadable.add(batch_id)
            return None
        if row is None:
            return None
        ours = self._open[batch_id] = _Batch(row)
        self._open_until = min(self._open_until, ours.last)
        return ours

    def _close_before(self, entry_id: float) -> None:
        for batch_id in [id_ for id_, ours in self._open.items() if ours.last < entry_id]:
            for problem in self._open.pop(batch_id).problems():
                self._note(problem)
        self._open_until = min((ours.last for ours in self._open.values()), default=inf)


class _Batch:
    """A batch while its entries pass by."""

    def __init__(self, row: Row[Any]) -> None:
        self._row = row
        self.company_id = row.company_id
        self.number = row.number
        self.first = row.entry_first
        self.last = row.entry_last
        self.root = chain.Root()
        self.allocated = None if row.allocated is None else chain.Allocated()

    @property
    def named(self) -> str:
        return named(self._row)

    def problems(self) -> Iterator[str]:
        """After its last entry."""
        row = self._row
        if self.root.entries != row.entries:
            yield f"{self.named} has {self.root.entries} entries, and was written with {row.entries}"
        if self.root.digest() != bytes_of(row.root):
            yield f"{self.named}: its entries are not those it was written with"
        allocated = None if row.allocated is None else bytes_of(row.allocated)
        if self.allocated is not None and self.allocated.digest() != allocated:
            yield (
                f"{self.named}: what its entries ({self.first} to {self.last}) have paid, or the lines that they "
                "demand it on, are not those it was written with"
            )
        hash_ = chain.batch_hash(
            bytes_of(row.previous_hash),
            row.number,
            row.seq,
            row.recorded_at,
            row.actor,
            row.source or "",
            self.root,
            allocated,
        )
        if hash_ != bytes_of(row.hash):
            yield f"{self.named}: its hash is not that of what it holds"


class _Beside(Generic[_T]):
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


def bytes_of(value: Any) -> bytes:
    """A hash as it is stored; what is no bytes, which SQLite lets anybody write, is like none."""
    return value if isinstance(value, bytes) else b""


def named(row: Row[Any]) -> str:
    return f"batch {row.seq} of company {row.number}"


def _grouped(rows: Iterator[tuple[Any, ...]]) -> Generator[tuple[int, list[_Posting]]]:
    for entry_id, of_entry in groupby(rows, itemgetter(0)):
        yield entry_id, list(of_entry)


class Charged(NamedTuple):
    """What an entry demands, as its leaf says it, and its lines as the batch's hash has them."""

    detail: str
    lines: list[tuple[int, int, int]]
    #: As the lines have it, ISO.
    value_dates: set[str]


def charged(conn: Connection) -> Generator[tuple[int, Charged]]:
    """By entry id."""
    for entry_id, rows in groupby(streamed(conn, _CHARGED), itemgetter(0)):
        lines = list(rows)
        _, _, _, due_date, value_date, reference, kind, *_ = lines[0]
        detail = chain.charge_detail(due_date, reference, kind, [line[7:] for line in lines])
        value_dates = {value_date} if len(lines) == 1 else {line[4] for line in lines}
        yield entry_id, Charged(detail, [line[:3] for line in lines], value_dates)


def _allocations(conn: Connection) -> Generator[tuple[int, list[chain.AllocationRow]]]:
    for entry_id, rows in groupby(streamed(conn, _ALLOCATED), itemgetter(0)):
        yield entry_id, list(rows)


def _merged(streams: Sequence[Generator[tuple[int, str]]]) -> Generator[tuple[int, str]]:
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
#: Dates as the text that leaves are made of, on both databases.
_ENTRIES = select(
    entry.c.id,
    entry.c.batch_id,
    entry.c.kind,
    cast(entry.c.value_date, String),
    cast(entry.c.posting_date, String),
    entry.c.record,
    entry.c.key,
    entry.c.corrects,
    entry.c.input_hash,
    entry.c.leaf,
    entry.c.voucher,
).order_by(entry.c.id)
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
    .order_by(charge.c.entry_id, charge.c.id, charge_line.c.seq)
)
BATCHES = (
    select(batch, company.c.number, file.c.sha256.label("source"))
    .join_from(batch, company, company.c.id == batch.c.company_id)
    .join(reading, reading.c.id == batch.c.reading_id, isouter=True)
    .join(file, file.c.id == reading.c.file_id, isouter=True)
)
