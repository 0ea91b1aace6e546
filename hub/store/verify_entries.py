"""The walk of ``hub verify`` along the chain: every leaf, root and batch hash is computed anew, entry by entry.

Entries, their postings and what they say beyond those are read side by side, each in order of entry id, as the
driver's plain tuples: here the time goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from math import inf
from typing import Any

from sqlalchemy import Connection, Row, String, cast, select

from hub.errors import HubError
from hub.ledger import chain, kinds
from hub.money import format_amount
from hub.store import verify_beside as beside
from hub.store.lookup import streamed
from hub.store.tables import batch, company, entry, file, reading
from hub.store.verify_beside import Beside, Charged, Posting
from hub.store.verify_rule import kr
from hub.store.verify_vouchers import Vouchers

_RECEIVABLE = kinds.receivable_code("")
#: Entries of a batch whose leaves, allocations and lines are hashed together.
_AT_ONCE = 1_000


class Walk:
    """All entries in order of id, with their postings. Ids of a batch are a range, in which others' may lie too.

    ``note`` is told each problem of what the chain holds, ``miscount`` of an amount beside it.
    """

    def __init__(self, conn: Connection, note: Callable[[str], None], miscount: Callable[[str], None]) -> None:
        self.entries = 0
        self.postings = 0
        #: Of batches whose hash covers them.
        self.allocations = 0
        #: Of entries that are there.
        self.charges = 0
        self.charge_lines = 0
        self._conn = conn
        self._note = note
        self._miscount = miscount
        self._postings = Beside(beside.postings(conn), self._without_entry)
        self._corrected = Beside(beside.corrected(conn))
        self._charged = Beside(beside.charged(conn))
        self._allocated = Beside(beside.allocations(conn), self._without_act)
        self._used_elsewhere = Beside(beside.used_elsewhere(conn))
        self._details = Beside(beside.details(conn))
        self._vouchers = Vouchers()
        self._open: dict[int, _Batch] = {}
        #: Batches with a moment that is none, say.
        self._unreadable: set[int] = set()
        #: An entry above this id is past the end of an open batch.
        self._open_until = inf

    def go(self) -> None:
        with ExitStack() as streams:
            # A cursor that is left for the garbage collector would be closed in somebody else's transaction.
            besides: list[Beside[Any]] = [self._postings, self._corrected, self._charged, self._allocated]
            for stream in (*besides, self._used_elsewhere, self._details):
                streams.enter_context(closing(stream))
            for row in streams.enter_context(closing(streamed(self._conn, _ENTRIES))):
                if row[0] > self._open_until:
                    self._close_before(row[0])
                self._prove(*row)
            self._close_before(inf)
            self._postings.of(inf)
            self._allocated.of(inf)
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
        demanded, paid = self._charged.of(entry_id), self._allocated.of(entry_id)
        ours = self._open.get(batch_id) or self._opened(batch_id)
        if ours is not None:
            self.allocations += ours.take(leaf, demanded.lines if demanded else (), paid or ())
            if not ours.first <= entry_id <= ours.last:
                self._wrong(entry_id, key, f"lies outside its batch: {ours.named}")
        elif batch_id not in self._unreadable:
            self._wrong(entry_id, key, "is in no batch")
        if demanded:
            self.charges += 1
            self.charge_lines += len(demanded.lines)
            if demanded.value_dates != {value_date}:
                self._wrong(entry_id, key, "has charge lines that count from another day than it does")
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
        self._judge_amounts(entry_id, key, postings[0], corrects, demanded, paid)
        detail = demanded.detail if demanded else self._details.of(entry_id) or ""
        of_leaf = [(code or "", amount, day) for _, _, _, amount, day, code, _ in postings]
        try:
            made = chain.leaf(kind, key, value_date, posting_date, record, corrects_key, given, detail, of_leaf)
        except (HubError, AttributeError, TypeError, ValueError):
            # What the hub never writes, such as text for bytes, has no hash at all.
            made = b""
        if made != leaf:
            self._wrong(entry_id, key, "is not as it was booked: its leaf hash is another")

    def _judge_postings(self, entry_id: int, key: str, postings: list[Posting], ours: _Batch | None) -> None:
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

    def _judge_amounts(
        self,
        entry_id: int,
        key: str,
        own: Posting,
        corrects: int | None,
        demanded: Charged | None,
        paid: list[chain.AllocationRow] | None,
    ) -> None:
        """What it demands is the sum of its lines; money that it brought is allocated, left as credit or taken back."""
        _, _, account_id, amount, _, code, _ = own
        elsewhere = self._used_elsewhere.of(entry_id) or 0
        try:
            owed = brought = 0
            if code and code.startswith(_RECEIVABLE):
                if amount < 0:
                    brought = -amount
                elif corrects is None:
                    # One that takes a payment back demands nothing new.
                    owed = amount
            total = sum(demanded.amounts) if demanded else 0
            if owed != total or (demanded and demanded.account_ids != {account_id}):
                self._miscounted(entry_id, key, f"demands {kr(owed)}, its charge lines {kr(total)}")
            if brought:
                used = elsewhere + (sum([row[4] for row in paid if row[2] == entry_id]) if paid else 0)
                if brought != used:
                    self._miscounted(
                        entry_id, key, f"brought {kr(brought)}, and {kr(used)} of it is allocated, credit or taken back"
                    )
        except TypeError:
            self._miscounted(entry_id, key, "has an amount in its lines or allocations which is none")

    def _miscounted(self, entry_id: int, key: str, what: str) -> None:
        self._miscount(f"entry {entry_id} ({key}) {what}")

    def _wrong(self, entry_id: int, key: str, what: str) -> None:
        self._note(f"entry {entry_id} ({key}) {what}")

    def _without_entry(self, entry_id: int, postings: list[Posting]) -> None:
        for _, _, _, amount, *_ in postings:
            told = format_amount(amount) if isinstance(amount, int) else repr(amount)
            self._note(f"a posting of {told} belongs to entry {entry_id}, which is not there")

    def _without_act(self, entry_id: int, rows: list[chain.AllocationRow]) -> None:
        for _, _, payment_id, line_id, amount, _ in rows:
            self._note(
                f"{kr(amount)} of entry {payment_id} is allocated to charge line {line_id} by entry {entry_id}, which "
                "is not there"
            )

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
        self._root = chain.Root()
        #: None = the batch is older than any hash over its allocations.
        self._allocated = None if row.allocated is None else chain.Allocated()
        self._leaves: list[bytes] = []
        self._demanded: list[tuple[int, int, int]] = []
        self._paid: list[chain.AllocationRow] = []

    def take(self, leaf: bytes, demanded: Sequence[tuple[int, int, int]], paid: Sequence[chain.AllocationRow]) -> int:
        """Its next entry; gives how many of its allocations the batch's hash covers."""
        self._leaves.append(leaf)
        if len(self._leaves) == _AT_ONCE:
            self._bind()
        if self._allocated is None:
            return 0
        self._demanded.extend(demanded)
        self._paid.extend(paid)
        return len(paid)

    def _bind(self) -> None:
        self._root.add([bytes_of(leaf) for leaf in self._leaves])
        if self._allocated is not None:
            self._allocated.demand(self._demanded)
            self._allocated.pay(self._paid)
        self._leaves, self._demanded, self._paid = [], [], []

    @property
    def named(self) -> str:
        return named(self._row)

    def problems(self) -> Iterator[str]:
        """After its last entry."""
        self._bind()
        row = self._row
        if self._root.entries != row.entries:
            yield f"{self.named} has {self._root.entries} entries, and was written with {row.entries}"
        if self._root.digest() != bytes_of(row.root):
            yield f"{self.named}: its entries are not those it was written with"
        allocated = None if row.allocated is None else bytes_of(row.allocated)
        if self._allocated is not None and self._allocated.digest() != allocated:
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
            self._root,
            allocated,
        )
        if hash_ != bytes_of(row.hash):
            yield f"{self.named}: its hash is not that of what it holds"


def bytes_of(value: Any) -> bytes:
    """A hash as it is stored; what is no bytes, which SQLite lets anybody write, is like none."""
    return value if isinstance(value, bytes) else b""


def named(row: Row[Any]) -> str:
    return f"batch {row.seq} of company {row.number}"


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
BATCHES = (
    select(batch, company.c.number, file.c.sha256.label("source"))
    .join_from(batch, company, company.c.id == batch.c.company_id)
    .join(reading, reading.c.id == batch.c.reading_id, isouter=True)
    .join(file, file.c.id == reading.c.file_id, isouter=True)
)
