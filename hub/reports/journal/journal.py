"""The posting journal: what the general ledger gets of a company, every entry once, with a control total.

An export marks its entries and keeps the file's bytes in the transaction that selected them. A crash before the commit
has exported nothing; after it, the same file is had again by :func:`content_of`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, exists, func, insert, literal, select, update

from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.words import WORDS, Language, Words
from hub.reports.journal.formats import Line, render
from hub.reports.ledger_rows import ROWS_A_TIME, Company, companies, document_type
from hub.settings.journal import JournalConfig
from hub.store.tables import account, batch, charge, company, entry, exported, journal_export, posting
from hub.store.views.vouchers import with_document

#: More lines than that no accounting program takes in, and no person looks through.
LINES_MAX = 500_000
#: Accounts without a mapping that are told one by one.
_MISSING_SHOWN_MAX = 50
#: Accounts of ours whose mapping is remembered while an export runs.
_ACCOUNTS_KEPT_MAX = 10_000
#: Codes of accounts that are one tenancy's begin so, and end with its key.
_TENANCYS = (f"{kinds.RECEIVABLE}:", f"{kinds.HOLDING}:")
_UNSAFE_IN_NAME = re.compile(r"[^\w.]")


class UnmappedAccountsError(HubError):
    """Entries are on accounts that the company's mapping does not name."""


class JournalTooLongError(HubError):
    """One file would have more than ``LINES_MAX`` lines."""


class UnbalancedJournalError(HubError):
    """What would be exported does not sum to zero."""


class NoSuchExportError(HubError):
    """No journal was exported under this number."""


class NoSuchBatchError(HubError):
    """The company's chain has no batch of this number."""


class Selection(NamedTuple):
    """Which of a company's entries: by posting date, both days included and None = open, or of one batch."""

    first_day: date | None = None
    last_day: date | None = None
    #: Number of a batch in the company's chain.
    batch_seq: int | None = None


class Total(NamedTuple):
    """Of one account of the general ledger, in øre, both positive."""

    account: str
    debit: int
    credit: int


class Export(NamedTuple):
    """A journal that was exported; amounts in øre, positive and equal."""

    id: int
    company: str
    currency: str
    format: str
    #: Of the file, without a folder.
    name: str
    #: Of its bytes.
    sha256: str
    selection: Selection
    entries: int
    debit: int
    credit: int
    at: datetime
    actor: str


@dataclass(frozen=True)
class Exported:
    """What :func:`export_journal` has just done."""

    export: Export
    lines: int
    #: In order of account.
    totals: list[Total]
    #: First and last posting date, and number of a batch, of what it has.
    days: tuple[date, date]
    batches: tuple[int, int]


def export_journal(
    conn: Connection,
    company_number: str,
    config: JournalConfig,
    selection: Selection,
    *,
    now: datetime,
    actor: str,
    language: Language = "da",
) -> Exported | None:
    """Exports what was never exported of the selection, in the caller's write transaction; None = there is nothing.

    ``language`` is that of the texts of a summary. An entry that moves no money is not for the general ledger. Raises
    NoSuchCompanyError, NoSuchBatchError, UnmappedAccountsError with all that the mapping lacks, JournalTooLongError and
    UnbalancedJournalError: the caller then rolls back.
    """
    (whose,) = companies(conn, company_number)
    # Two exports at once never take the same entry, and no batch of this company ends while we read.
    locked = select(company.c.chain_seq).where(company.c.id == whose.id).with_for_update(key_share=True)
    last_batch: int = conn.execute(locked).scalar_one()
    if selection.batch_seq is not None and not 1 <= selection.batch_seq <= last_batch:
        raise NoSuchBatchError(
            f"company {company_number} has no batch {selection.batch_seq}",
            why=f"its last one is {last_batch}" if last_batch else "nothing is booked yet",
            do="name another, or leave out --batch",
        )
    waiting = _waiting(whose.id, selection)
    if not conn.execute(select(waiting.exists())).scalar_one():
        return None
    asked = {"company_id": whose.id, "format": config.format, "at": now, "actor": actor, **selection._asdict()}
    export_id, entries = _marked(conn, waiting, asked)
    control = _Control(config, whose, WORDS[language])
    hashed, content = _packed(render(config.full_layout, control.lines(_rows(conn, export_id))))
    control.prove()
    conn.execute(
        update(journal_export)
        .where(journal_export.c.id == export_id)
        .values(
            name=_file_name(whose, export_id),
            sha256=hashed,
            content=content,
            entries=entries,
            debit=control.debit,
            credit=control.credit,
        )
    )
    return Exported(export_of(conn, export_id), control.count, control.totals(), control.days, control.batches)


def list_exports(conn: Connection, company_number: str | None = None) -> list[Export]:
    """The journals exported so far, of one company or of all, in order of their numbers. Raises NoSuchCompanyError."""
    query = _EXPORTS
    if company_number is not None:
        query = query.where(company.c.id == companies(conn, company_number)[0].id)
    return [_export(row) for row in conn.execute(query)]


def export_of(conn: Connection, export_id: int) -> Export:
    """Raises NoSuchExportError."""
    row = conn.execute(_EXPORTS.where(journal_export.c.id == export_id)).one_or_none()
    if row is None:
        raise NoSuchExportError(f"there is no journal {export_id}", do="see: hub journal list")
    return _export(row)


def content_of(conn: Connection, export_id: int) -> bytes:
    """The bytes of an exported file, as they were. Raises NoSuchExportError."""
    packed = conn.execute(select(journal_export.c.content).where(journal_export.c.id == export_id)).scalar_one_or_none()
    if packed is None:
        raise NoSuchExportError(f"there is no journal {export_id}", do="see: hub journal list")
    return zlib.decompress(packed)


_EXPORTS = (
    select(
        journal_export.c.id,
        company.c.number.label("company"),
        company.c.currency,
        *[column for column in journal_export.c if column.name not in ("id", "company_id", "content")],
    )
    .join_from(journal_export, company, company.c.id == journal_export.c.company_id)
    .order_by(journal_export.c.id)
)


def _export(row: Row[Any]) -> Export:
    facts = dict(row._mapping)
    return Export(selection=Selection(*(facts.pop(name) for name in Selection._fields)), **facts)


def _file_name(whose: Company, export_id: int) -> str:
    return f"journal-{_UNSAFE_IN_NAME.sub('_', whose.number)}-{export_id:06}.csv"


def _waiting(company_id: int, selection: Selection) -> Select[Any]:
    """Ids of the entries of the selection that move money and that no export has taken."""
    wanted = [batch.c.company_id == company_id]
    if selection.first_day is not None:
        wanted.append(entry.c.posting_date >= selection.first_day)
    if selection.last_day is not None:
        wanted.append(entry.c.posting_date <= selection.last_day)
    if selection.batch_seq is not None:
        wanted.append(batch.c.seq == selection.batch_seq)
    moves_money = exists().where(posting.c.entry_id == entry.c.id, posting.c.amount != 0)
    taken = exists().where(exported.c.entry_id == entry.c.id)
    its = and_(entry.c.id.between(batch.c.entry_first, batch.c.entry_last), entry.c.batch_id == batch.c.id)
    return select(entry.c.id).join_from(batch, entry, its).where(*wanted, moves_money, ~taken)


def _marked(conn: Connection, waiting: Select[Any], asked: Mapping[str, Any]) -> tuple[int, int]:
    """An export whose file is not made yet takes all that waits: its id, and how many entries it has."""
    unknown = {"name": "", "sha256": "", "content": b"", "entries": 0, "debit": 0, "credit": 0}
    made = insert(journal_export).values(**asked, **unknown).returning(journal_export.c.id)
    export_id: int = conn.execute(made).scalar_one()
    marked = waiting.add_columns(literal(export_id, exported.c.export_id.type))
    conn.execute(insert(exported).from_select(["entry_id", "export_id"], marked))
    count = select(func.count()).select_from(exported).where(exported.c.export_id == export_id)
    entries: int = conn.execute(count).scalar_one()
    return export_id, entries


def _packed(parts: Iterable[bytes]) -> tuple[str, bytes]:
    """The SHA-256 of all parts, and the parts compressed: the whole file is never held as it is."""
    hashed, packed, content = sha256(), zlib.compressobj(), bytearray()
    for part in parts:
        hashed.update(part)
        content += packed.compress(part)
    content += packed.flush()
    return hashed.hexdigest(), bytes(content)


def _rows(conn: Connection, export_id: int) -> Iterator[Row[Any]]:
    """A row a posting that moves money, by batch and entry."""
    query = (
        select(
            batch.c.seq.label("batch"),
            entry.c.posting_date,
            posting.c.value_date,
            entry.c.text,
            entry.c.key,
            account.c.code,
            posting.c.amount,
            entry.c.id,
            charge.c.reference,
        )
        .join_from(exported, entry, entry.c.id == exported.c.entry_id)
        .join(batch, batch.c.id == entry.c.batch_id)
        .join(posting, and_(posting.c.entry_id == entry.c.id, posting.c.amount != 0))
        .join(account, account.c.id == posting.c.account_id)
        .where(exported.c.export_id == export_id)
        .order_by(batch.c.seq, entry.c.id, posting.c.seq)
    )
    return iter(conn.execute(with_document(query), execution_options={"yield_per": ROWS_A_TIME}))


class _Control:
    """Makes lines of rows, and knows at the end what has passed."""

    def __init__(self, config: JournalConfig, whose: Company, words: Words) -> None:
        self._config = config
        self._whose = whose
        self._words = words
        self._account_for = lru_cache(_ACCOUNTS_KEPT_MAX)(config.account_for)
        self._missing: set[str] = set()
        self._sums: dict[str, list[int]] = {}
        self.count = 0
        #: First and last posting date, and number of a batch.
        self.days = (date.max, date.min)
        self.batches = (0, 0)

    def lines(self, rows: Iterable[Row[Any]]) -> Iterator[Line]:
        """Raises JournalTooLongError."""
        each = (line for _, of_entry in groupby(rows, attrgetter("id")) for line in self._lines(list(of_entry)))
        for line in each if self._config.detail == "entry" else _summed(each, self._whose, self._words):
            sums = self._sums.setdefault(line.account, [0, 0])
            sums[line.amount < 0] += abs(line.amount)
            self.count += 1
            if self.count > LINES_MAX:
                raise JournalTooLongError(
                    f"the journal would have more than {LINES_MAX} lines",
                    why="no accounting program takes in so many at once",
                    do='choose a shorter period or one batch, or set detail = "summary" in [journal]',
                )
            yield line

    @property
    def debit(self) -> int:
        return sum(debit for debit, _ in self._sums.values())

    @property
    def credit(self) -> int:
        return sum(credit for _, credit in self._sums.values())

    def totals(self) -> list[Total]:
        return [Total(number, debit, credit) for number, (debit, credit) in sorted(self._sums.items())]

    def prove(self) -> None:
        """After the last line. Raises UnmappedAccountsError and UnbalancedJournalError."""
        if self._missing:
            raise UnmappedAccountsError(
                f"no account of the general ledger is named for {_shortened(self._missing)}",
                why="nothing was exported",
                do="name each, or how it begins, under [journal.accounts] of the company's file",
            )
        if self.debit != self.credit:
            raise UnbalancedJournalError(
                f"the entries' debits and credits differ by {abs(self.debit - self.credit)} øre",
                why="nothing was exported: the books are not in order",
                do="run: hub verify",
            )

    def _lines(self, of_entry: Sequence[Row[Any]]) -> Iterator[Line]:
        text = _text(of_entry)
        for row in of_entry:
            if (line := self._line(row, text)) is not None:
                yield line

    def _line(self, row: Row[Any], text: str) -> Line | None:
        first, last = self.days
        self.days = (min(first, row.posting_date), max(last, row.posting_date))
        self.batches = (self.batches[0] or row.batch, row.batch)
        number = self._account_for(row.code)
        if number is None:
            self._missing.add(row.code)
            return None
        return Line(
            row.voucher,
            document_type(row),
            row.posting_date,
            row.value_date,
            number,
            row.amount,
            self._whose.currency,
            text,
            row.batch,
            row.kind,
            row.code,
            row.key,
        )


def _text(of_entry: Sequence[Row[Any]]) -> str:
    """Whose it is and the charge's reference lead from the general ledger back to it: first, as what is long is cut.

    Other entries have their reference in their text. Whose it is stands in the code of the tenancy's own account.
    """
    text, reference = of_entry[0].text, of_entry[0].reference
    owners = [row.code.rpartition(":")[2] for row in of_entry if row.code.startswith(_TENANCYS)]
    return " ".join(filter(None, (*owners[:1], "" if reference and reference in text else reference, text)))


def _summed(lines: Iterable[Line], whose: Company, words: Words) -> Iterator[Line]:
    """A line per batch, posting date, document type and account; each of the first three sums to zero by itself.

    Its voucher is the first of those that it sums; its text tells the company, the first three, and the first and last
    voucher.
    """
    for seq, of_batch in groupby(lines, attrgetter("batch")):
        vouchers: dict[tuple[date, str], tuple[int, int]] = {}
        sums: dict[tuple[date, str, str], int] = {}
        for line in of_batch:
            document = (line.posting_date, line.document_type)
            first, last = vouchers.get(document, (line.voucher, line.voucher))
            vouchers[document] = (min(first, line.voucher), max(last, line.voucher))
            sums[*document, line.account] = sums.get((*document, line.account), 0) + line.amount
        for (day, type_, number), amount in sorted(sums.items()):
            if amount:
                first, last = vouchers[day, type_]
                told = {"company": whose.number, "day": day, "batch": seq, "document_type": type_}
                text = words.summary.format(**told, first=first, last=last)
                yield Line(first, type_, day, None, number, amount, whose.currency, text, seq)


def _shortened(codes: set[str]) -> str:
    """Accounts of the many tenancies are told by what they begin with."""
    begun: dict[str, list[str]] = {}
    for code in sorted(codes):
        begun.setdefault(code.rpartition(":")[0], []).append(code)
    told = []
    for beginning, some in begun.items():
        many = beginning and len(some) > 1 and beginning.split(":")[0] in (kinds.RECEIVABLE, kinds.HOLDING)
        told.extend([f"{beginning}:* ({len(some)} accounts)"] if many else some)
    more = len(told) - _MISSING_SHOWN_MAX
    return ", ".join(told[:_MISSING_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
