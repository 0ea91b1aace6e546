"""``hub verify``: proves the ledger from its postings, in memory that does not grow with it.

The chain is walked entry by entry: every leaf, root and hash is computed anew. That cached amounts are what the rows
behind them say is left to the database (:mod:`hub.store.verify_sums`), and so is that rows fit each other. Stored files
are hashed. Nothing is changed. What this cannot prove is named in docs/ledger.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, and_, select
from sqlalchemy.exc import DBAPIError

from hub.ledger import chain
from hub.store.tables import (
    batch,
    company,
    entry,
)
from hub.store.verify_clearing import wrong_clearing
from hub.store.verify_collections import wrong_collections
from hub.store.verify_consumption import wrong_consumption
from hub.store.verify_content import Proved, StoredFiles
from hub.store.verify_counts import Count, counts
from hub.store.verify_deliveries import wrong_deliveries
from hub.store.verify_dispatches import wrong_dispatches
from hub.store.verify_entries import BATCHES, Walk, bytes_of, named
from hub.store.verify_exports import wrong_exports
from hub.store.verify_figures import Figure, figures
from hub.store.verify_files import wrong_files
from hub.store.verify_ids import wrong_ids
from hub.store.verify_mandates import wrong_mandates
from hub.store.verify_notes import wrong_notes
from hub.store.verify_parents import wrong_parents
from hub.store.verify_portfolio import wrong_portfolio
from hub.store.verify_readings import wrong_readings
from hub.store.verify_reversed import wrong_reversed
from hub.store.verify_rows import lost_charges, wrong_rows
from hub.store.verify_slips import wrong_slips
from hub.store.verify_sums import wrong_sums

#: Problems told one by one; the rest is counted.
PROBLEMS_MAX = 200
_REWRITTEN = (
    "entries, allocations or the chain were changed outside the hub: stop it, restore the last backup whose head is in "
    "the chain you have noted into a new folder, hold the two against each other with hub ledger export, and find who "
    "could write to the database"
)
_MISCOUNTED = (
    "what the chain holds is right where no line above speaks of entries; an amount, state or row beside it was "
    "changed outside the hub, or is our fault: correct nothing in the database by hand, and send these lines "
    "with a backup to whoever maintains the hub"
)
_ORPHANED = (
    "rows were deleted or changed with the database's own checks switched off, and hub backup refuses such books: "
    "restore the last backup that proves into a new folder, see there what is missing here, and find who could write "
    "to the database"
)
_EXPORTED = (
    "hold the file that the accounting system has taken in against hub journal show, and export nothing more of that "
    "company until they agree"
)
_UNDELIVERED = (
    "hand over no delivery until what is kept of it agrees with its file: tenants could be collected from twice or not "
    "at all; restore the last backup that proves, and ask the vendor which deliveries it has"
)
_MISPLACED = (
    "a value was changed outside the hub, and money may go to the wrong tenancy: correct it with hub portfolio import, "
    "and see hub portfolio history for what it was"
)
_MISDIRECTED = (
    "a payment slip was changed outside the hub, or is our fault: what is paid by it may settle another's charge; hold "
    "the slip that went out against it, and send these lines with a backup to whoever maintains the hub"
)
_MISTAKEN = (
    "a mandate was changed outside the hub, or is our fault: a tenant may be collected from without one, or by slip in "
    "spite of one; see hub mandates show, and send these lines with a backup to whoever maintains the hub"
)
_LOST = "put the file back from a backup (content/ in the tar), or drop the same file again; its name is its SHA-256"
_OTHER_CURRENCY = (
    "where the company's settings were changed, set its currency back; where they were not, the database was changed "
    "outside the hub: book nothing for that company, restore the last backup that proves into a new folder, and hold "
    "the two against each other"
)
_SET_BACK = (
    "what deals ids was set back outside the hub, and where they clash nothing more is booked: make a backup and "
    "restore it into a new folder, there they go on after the last; and find who could write to the database"
)
_UNREADABLE = (
    "a value that the hub never writes was put into the database, or this is a fault of ours: take nothing for proved "
    "that cannot be computed, and send the log above, which tells where that was met, with a backup to whoever "
    "maintains the hub"
)
#: Each tells what is wrong, of what, and what to do about that.
_RULES: tuple[tuple[Callable[[Connection], Iterator[str]], str, str], ...] = (
    (wrong_parents, "what rows refer to", _ORPHANED),
    (wrong_ids, "the ids of rows", _SET_BACK),
    (wrong_sums, "amounts beside the postings", _MISCOUNTED),
    (wrong_files, "the counts of files", _MISCOUNTED),
    (wrong_readings, "the states of files", _MISCOUNTED),
    (wrong_reversed, "what was booked by files since reversed", _MISCOUNTED),
    (wrong_notes, "credit notes", _MISCOUNTED),
    (wrong_rows, "rows that stand alone", _MISCOUNTED),
    (wrong_clearing, "clearing", _MISCOUNTED),
    (wrong_collections, "collections", _MISCOUNTED),
    (wrong_consumption, "consumption accounts", _MISCOUNTED),
    (wrong_exports, "posting journals", _EXPORTED),
    (wrong_deliveries, "deliveries", _UNDELIVERED),
    (wrong_dispatches, "what was sent", _UNDELIVERED),
    (wrong_portfolio, "the portfolio", _MISPLACED),
    (wrong_mandates, "mandates", _MISTAKEN),
    (wrong_slips, "payment slips", _MISDIRECTED),
)
#: Rows fetched at once of an answer that may be of any length.
_IN_PARTS = {"yield_per": 2_000}

log = structlog.get_logger()


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
    #: What to do about them, one sentence a kind of problem.
    do: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    #: Rows that were proved beside entries and postings.
    counts: list[Count] = field(default_factory=list)
    #: Stored files whose bytes were read; None = they were left out.
    files: Proved | None = None
    #: Problems that are not in ``problems`` because there were too many.
    left_out: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems

    def note(self, problems: Iterable[str], do: str) -> None:
        """``do`` is what to do where there is any."""
        for problem in problems:
            if do not in self.do:
                self.do.append(do)
            if len(self.problems) < PROBLEMS_MAX:
                self.problems.append(problem)
            else:
                self.left_out += 1


def verify(
    conn: Connection,
    expect: str = "",
    content: Path | None = None,
    other_currency: Callable[[str, str], str] | None = None,
) -> Report:
    """Recomputes everything, in the one consistent view of ``conn``.

    ``content`` is the folder of the stored files; None leaves their bytes out. ``other_currency`` tells what is wrong
    with the currency of a company's books, by its number, "" = nothing; None where no settings are at hand.
    ``expect`` is a hash that an earlier run printed: a company's head has to be in its chain still, where a cut or
    rewritten chain would lack it; the hash over all heads has to be the same, so that nothing was booked meanwhile.
    """
    report = Report()
    hashes = _Hashes(expect.strip().lower())
    # A problem as soon as it is seen: what was told before a value that nobody can read is told.
    with _going_on(conn, report, "the entries of the chain"):
        walk = Walk(
            conn,
            lambda problem: report.note([problem], _REWRITTEN),
            lambda problem: report.note([problem], _MISCOUNTED),
        )
        walk.go()
        report.entries, report.postings = walk.entries, walk.postings
        report.counts = counts(conn, walk.allocations)
        report.note(lost_charges(conn, walk.charges, walk.charge_lines), _MISCOUNTED)
    with _going_on(conn, report, "the entries of batches"):
        report.note(_batches_without_entries(conn), _REWRITTEN)
    with _going_on(conn, report, "the chains of batches"):
        report.note(_chains(conn, report, hashes), _REWRITTEN)
    report.head = _head_of(report.heads)
    hashes.add(report.head)
    if other_currency is not None:
        with _going_on(conn, report, "the currencies of companies"):
            report.note(_currencies(conn, other_currency), _OTHER_CURRENCY)
    for wrong, what, do in _RULES:
        with _going_on(conn, report, what):
            report.note(wrong(conn), do)
    if content is not None:
        stored = StoredFiles(content)
        with _going_on(conn, report, "stored files"):
            report.note(stored.wrong(conn), _LOST)
        report.files = stored.proved
    with _going_on(conn, report, "figures"):
        report.figures = figures(conn)
    if expect and not hashes.found:
        gone = f"the expected head {expect} is in no chain: what had been booked when it was noted has changed"
        report.note([gone], _REWRITTEN)
    if report.left_out:
        report.problems.append(f"and {report.left_out} more problems")
    return report


@contextmanager
def _going_on(conn: Connection, report: Report, what: str) -> Iterator[None]:
    """What cannot be computed is a problem among the others: whoever broke one row would switch all of the proof off.

    The savepoint is PostgreSQL's: after an error, it answers nothing more in a transaction without one.
    """
    try:
        with conn.begin_nested():
            yield
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        log.exception("a part of the books cannot be computed", part=what)
        # Without the statement and its parameters, which SQLAlchemy tells too.
        cause = error.orig if isinstance(error, DBAPIError) else error
        said = " ".join(f"{type(cause).__name__}: {cause}".split())
        report.note([f"{what} cannot be computed: {said}; some value there is not what the hub writes"], _UNREADABLE)


class _Hashes:
    """Looks for one hash among all that there are."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self.found = False

    def add(self, hash_: str) -> None:
        self.found = self.found or hash_ == self._wanted


def _batches_without_entries(conn: Connection) -> Iterator[str]:
    """Those that the walk over entries never met, and those whose range does not begin and end with one of theirs."""
    of_batch = (
        select(entry.c.id)
        .where(entry.c.id.between(batch.c.entry_first, batch.c.entry_last), entry.c.batch_id == batch.c.id)
        .exists()
    )
    ends = [
        select(entry.c.id).where(entry.c.id == end, entry.c.batch_id == batch.c.id).exists()
        for end in (batch.c.entry_first, batch.c.entry_last)
    ]
    for row in conn.execute(BATCHES.where(~and_(*ends)).add_columns(of_batch.label("has_some"))):
        if row.has_some:
            yield f"{named(row)} is said to have entries {row.entry_first} to {row.entry_last}, and has other ones"
        else:
            yield f"{named(row)} has no entries, and was written with {row.entries}"


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
            if bytes_of(row.previous_hash) != head:
                yield f"company {one.number}: batch {row.seq} does not follow from the one before it"
            seq, head = row.seq, bytes_of(row.hash)
            hashes.add(head.hex())
        if (one.chain_seq, bytes_of(one.chain_hash)) != (seq, head):
            yield f"company {one.number}: its chain ends with batch {seq}, and its head says batch {one.chain_seq}"
        report.heads[one.number] = Head(seq, head.hex())


def _currencies(conn: Connection, other_currency: Callable[[str, str], str]) -> Iterator[str]:
    """Nothing in the books says the same of a whole company: its accounts could have been changed with it."""
    for number, currency in conn.execute(select(company.c.number, company.c.currency).order_by(company.c.number)):
        if wrong := other_currency(number, currency):
            yield wrong


def noted_head(conn: Connection) -> str:
    """The hash over all heads as the companies' rows have them: what :func:`verify` gives when all is well."""
    rows = conn.execute(select(company.c.number, company.c.chain_seq, company.c.chain_hash))
    return _head_of({number: Head(seq, bytes(hash_).hex()) for number, seq, hash_ in rows})


def _head_of(heads: dict[str, Head]) -> str:
    text = "\x1f".join(f"{number}|{head.seq}|{head.hash}" for number, head in sorted(heads.items()))
    return sha256(f"hub heads v1\x1f{text}".encode()).hexdigest()
