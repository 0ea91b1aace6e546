"""``hub verify``: proves the ledger from its postings, in memory that does not grow with it.

The chain is walked entry by entry: every leaf, root and hash is computed anew. That cached amounts are what the rows
behind them say is left to the database (:mod:`hub.store.verify_sums`). Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, String, cast, select

from hub.errors import HubError
from hub.ledger import chain
from hub.money import format_amount
from hub.store.tables import account, batch, charge, charge_line, company, entry, file, posting, reading, suspense
from hub.store.verify_sums import wrong_sums

#: Problems told one by one; the rest is counted.
PROBLEMS_MAX = 200
#: Rows fetched at once of an answer that may be of any length.
_IN_PARTS = {"yield_per": 2_000}


class Head(NamedTuple):
    """Where a company's chain ends; ``hash`` is 64 hex digits. ``seq`` 0 = nothing is booked yet."""

    seq: int
    hash: str


@dataclass
class Report:
    """What was proved, and all that is wrong."""

    entries: int = 0
    postings: int = 0
    #: By company number.
    heads: dict[str, Head] = field(default_factory=dict)
    #: One hash over all heads.
    head: str = ""
    problems: list[str] = field(default_factory=list)
    #: Problems that are not in ``problems`` because there were too many.
    left_out: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems

    def note(self, problems: Iterable[str]) -> None:
        for problem in problems:
            if len(self.problems) < PROBLEMS_MAX:
                self.problems.append(problem)
            else:
                self.left_out += 1


def verify(conn: Connection, expect: str = "") -> Report:
    """Recomputes everything, in the one consistent view of ``conn``.

    ``expect`` is a hash that an earlier run printed: a company's head has to be in its chain still, where a cut or
    rewritten chain would lack it; the hash over all heads has to be the same, so that nothing was booked meanwhile.
    """
    report = Report()
    _Entries(conn, report).prove()
    report.note(_batches_without_entries(conn))
    hashes = _Hashes(expect.strip().lower())
    report.note(_chains(conn, report, hashes))
    report.head = _head_of(report.heads)
    hashes.add(report.head)
    report.note(wrong_sums(conn))
    if expect and not hashes.found:
        report.note([f"the expected head {expect} is in no chain: what had been booked when it was noted has changed"])
    if report.left_out:
        report.problems.append(f"and {report.left_out} more problems")
    return report


class _Hashes:
    """Looks for one hash among all that there are."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self.found = False

    def add(self, hash_: str) -> None:
        self.found = self.found or hash_ == self._wanted


class _Batch:
    """A batch while its entries pass by."""

    def __init__(self, row: Row[Any]) -> None:
        self.row = row
        self.company_id = row.company_id
        self.root = chain.Root()

    def problems(self) -> Iterator[str]:
        """After its last entry."""
        row = self.row
        if self.root.entries != row.entries:
            yield f"{_named(row)} has {self.root.entries} entries, and was written with {row.entries}"
        if self.root.digest() != bytes(row.root):
            yield f"{_named(row)}: its entries are not those it was written with"
        hash_ = chain.batch_hash(
            bytes(row.previous_hash),
            row.number,
            row.seq,
            row.recorded_at,
            row.actor,
            row.source or "",
            self.root,
        )
        if hash_ != bytes(row.hash):
            yield f"{_named(row)}: its hash is not that of what it holds"


class _Entries:
    """All entries in order of id, with their postings. Ids of a batch are a range, in which others' may lie too."""

    def __init__(self, conn: Connection, report: Report) -> None:
        self._conn = conn
        self._report = report
        self._charges = _Details(_charge_details(conn))
        self._suspense = _Details(_suspense_details(conn))
        self._open: dict[int, _Batch] = {}
        #: An entry above this id is past the end of an open batch.
        self._open_until = inf

    def prove(self) -> None:
        rows = self._conn.execute(_ENTRIES, execution_options=_IN_PARTS)
        for entry_id, of_entry in groupby(rows, itemgetter(0)):
            if entry_id > self._open_until:
                self._close_before(entry_id)
            self._prove_entry(entry_id, list(of_entry))
        self._close_before(inf)

    def _prove_entry(self, entry_id: int, rows: list[Any]) -> None:
        """One entry, a row a posting. Here the time goes: plain tuples, and sentences only for what is wrong."""
        batch_id, kind, value_date, posting_date, record, key, corrects, corrects_key, given, leaf = rows[0][1:11]
        postings = [_Posting._make(row[11:]) for row in rows]
        report, named = self._report, f"entry {entry_id} ({key})"
        report.entries += 1
        ours = self._open.get(batch_id) or self._opened(batch_id)
        if ours is None:
            report.note([f"{named} is in no batch"])
        else:
            ours.root.add((bytes(leaf),))
            if not ours.row.entry_first <= entry_id <= ours.row.entry_last:
                report.note([f"{named} lies outside its batch: {_named(ours.row)}"])
        if corrects is not None and corrects_key is None:
            report.note([f"{named} corrects entry {corrects}, which is not there"])
        if postings[0].amount is None:
            report.note([f"{named} has no postings"])
            return
        report.postings += len(postings)
        report.note(_wrong_postings(named, postings, ours))
        of_leaf = [(one.code, one.amount, one.day) for one in postings]
        try:
            facts = (kind, key, value_date, posting_date, record, corrects_key or "", bytes(given))
            made = chain.leaf(*facts, self._charges.of(entry_id) or self._suspense.of(entry_id), of_leaf)
        except HubError:
            made = b""
        if made != bytes(leaf):
            report.note([f"{named} is not as it was booked: its leaf hash is another"])

    def _opened(self, batch_id: int) -> _Batch | None:
        row = self._conn.execute(_BATCHES.where(batch.c.id == batch_id)).one_or_none()
        if row is None:
            return None
        ours = self._open[batch_id] = _Batch(row)
        self._open_until = min(self._open_until, row.entry_last)
        return ours

    def _close_before(self, entry_id: float) -> None:
        for batch_id in [id_ for id_, ours in self._open.items() if ours.row.entry_last < entry_id]:
            self._report.note(self._open.pop(batch_id).problems())
        self._open_until = min((ours.row.entry_last for ours in self._open.values()), default=inf)


class _Details:
    """What entries say beyond their postings, read alongside them: both come in order of entry id."""

    def __init__(self, details: Iterator[tuple[int, str]]) -> None:
        self._details = details
        self._next = next(details, None)

    def of(self, entry_id: int) -> str:
        while self._next is not None and self._next[0] < entry_id:
            self._next = next(self._details, None)
        return self._next[1] if self._next is not None and self._next[0] == entry_id else ""


def _charge_details(conn: Connection) -> Iterator[tuple[int, str]]:
    for entry_id, rows in groupby(conn.execute(_CHARGED, execution_options=_IN_PARTS), itemgetter(0)):
        lines = list(rows)
        _, due_date, reference, *_ = lines[0]
        yield entry_id, chain.charge_detail(due_date, reference, [tuple(line[3:]) for line in lines])


def _suspense_details(conn: Connection) -> Iterator[tuple[int, str]]:
    columns = (suspense.c.entry_id, suspense.c.vendor, suspense.c.customer, suspense.c.reference)
    query = select(*columns).order_by(suspense.c.entry_id)
    for entry_id, *said in conn.execute(query, execution_options=_IN_PARTS):
        yield entry_id, chain.suspense_detail(*said)


class _Posting(NamedTuple):
    seq: int
    account_id: int
    amount: int
    day: str
    code: str
    company_id: int


def _wrong_postings(named: str, postings: list[_Posting], ours: _Batch | None) -> Iterator[str]:
    total = sum([one.amount for one in postings])
    if total:
        yield f"{named}: its postings sum to {format_amount(total)}, not to zero"
    for one in postings:
        if one.code is None:
            yield f"{named}: posting {one.seq} is on account {one.account_id}, which is not there"
        elif ours is not None and one.company_id != ours.company_id:
            yield f"{named}: posting {one.seq} is on {one.code} of another company than {ours.row.number}"


def _batches_without_entries(conn: Connection) -> Iterator[str]:
    """Those that the walk over entries never met."""
    of_batch = (
        select(entry.c.id)
        .where(entry.c.id.between(batch.c.entry_first, batch.c.entry_last), entry.c.batch_id == batch.c.id)
        .exists()
    )
    for row in conn.execute(_BATCHES.where(~of_batch)):
        yield f"{_named(row)} has no entries, and was written with {row.entries}"


def _chains(conn: Connection, report: Report, hashes: _Hashes) -> Iterator[str]:
    """Every company's batches from its first: no gap, each on the one before, the last one the company's head."""
    companies = select(company.c.id, company.c.number, company.c.chain_seq, company.c.chain_hash)
    for one in conn.execute(companies.order_by(company.c.number)):
        seq, head = 0, chain.genesis(one.number)
        hashes.add(head.hex())
        query = select(batch.c.seq, batch.c.previous_hash, batch.c.hash).where(batch.c.company_id == one.id)
        for row in conn.execute(query.order_by(batch.c.seq), execution_options=_IN_PARTS):
            if row.seq != seq + 1:
                yield f"company {one.number}: batch {row.seq} follows batch {seq}"
            if bytes(row.previous_hash) != head:
                yield f"company {one.number}: batch {row.seq} does not follow from the one before it"
            seq, head = row.seq, bytes(row.hash)
            hashes.add(head.hex())
        if (one.chain_seq, bytes(one.chain_hash)) != (seq, head):
            yield f"company {one.number}: its chain ends with batch {seq}, and its head says batch {one.chain_seq}"
        report.heads[one.number] = Head(seq, head.hex())


def _head_of(heads: dict[str, Head]) -> str:
    text = "\x1f".join(f"{number}|{head.seq}|{head.hash}" for number, head in sorted(heads.items()))
    return sha256(f"hub heads v1\x1f{text}".encode()).hexdigest()


def _named(row: Row[Any]) -> str:
    return f"batch {row.seq} of company {row.number}"


_ORIGINAL = entry.alias("original")
#: Dates as the text that leaves are made of, on both databases. The posting's part is a ``_Posting``.
_ENTRIES = (
    select(
        entry.c.id,
        entry.c.batch_id,
        entry.c.kind,
        cast(entry.c.value_date, String).label("value_date"),
        cast(entry.c.posting_date, String).label("posting_date"),
        entry.c.record,
        entry.c.key,
        entry.c.corrects,
        _ORIGINAL.c.key.label("corrects_key"),
        entry.c.input_hash,
        entry.c.leaf,
        posting.c.seq,
        posting.c.account_id,
        posting.c.amount,
        cast(posting.c.value_date, String).label("day"),
        account.c.code,
        account.c.company_id,
    )
    .join_from(entry, posting, posting.c.entry_id == entry.c.id, isouter=True)
    .join(account, account.c.id == posting.c.account_id, isouter=True)
    .join(_ORIGINAL, _ORIGINAL.c.id == entry.c.corrects, isouter=True)
    .order_by(entry.c.id, posting.c.seq)
)
_CHARGED = (
    select(
        charge.c.entry_id,
        cast(charge.c.due_date, String),
        charge.c.reference,
        charge_line.c.charge_type,
        charge_line.c.amount,
        cast(charge_line.c.period_from, String),
        cast(charge_line.c.period_to, String),
    )
    .join_from(charge, charge_line, charge_line.c.charge_id == charge.c.id)
    .order_by(charge.c.entry_id, charge.c.id, charge_line.c.seq)
)
_BATCHES = (
    select(batch, company.c.number, file.c.sha256.label("source"))
    .join_from(batch, company, company.c.id == batch.c.company_id)
    .join(reading, reading.c.id == batch.c.reading_id, isouter=True)
    .join(file, file.c.id == reading.c.file_id, isouter=True)
)
