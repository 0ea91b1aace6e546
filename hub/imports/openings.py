"""Opening entries that are imported once: what a second import finds booked, and what has changed in between (R20)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, select

from hub.imports.rows import Declared, Said, read_declared, understood, without_repeated
from hub.imports.table import ImportReport, taken_in
from hub.ledger.terms import Terms
from hub.settings import CompanyConfig
from hub.store.books import Books
from hub.store.database import Database
from hub.store.journal import add_event
from hub.store.lookup import among
from hub.store.portfolio import lock_properties
from hub.store.tables import entry, posting

_DAY = timedelta(days=1)


class Opening(Protocol):
    """A row with the key of its entry, and the hash of what must be equal under an equal key."""

    @property
    def said(self) -> Said: ...

    @property
    def key(self) -> str: ...

    @property
    def given(self) -> bytes: ...

    @property
    def day(self) -> date:
        """From which it counts."""
        ...


_Opening = TypeVar("_Opening", bound=Opening)


class Kind(NamedTuple):
    """What one import makes of its rows."""

    #: For the event: "charges imported".
    what: str
    columns: Sequence[Declared]
    #: What else a row is refused for: see :func:`hub.imports.rows.understood`.
    refusals: Callable[[CompanyConfig, Mapping[str, Any]], Iterator[str]]
    #: What an entry is: its ``amount`` in øre on its own account, and its ``value_date``.
    told: Callable[[Any], str]


def import_openings(
    database: Database,
    path: Path,
    kind: Kind,
    make: Callable[[Said], _Opening],
    book: Callable[[Books, Sequence[_Opening]], None],
    *,
    encoding: str,
    now: datetime,
    actor: str,
    company_of: Callable[[str], CompanyConfig],
    errors_to: Path | None,
) -> ImportReport:
    """Books every good row that was not booked before, in one transaction; gives the bad ones back."""
    table = read_declared(path, encoding, kind.columns)

    def do(connection: Connection, report: ImportReport) -> None:
        rows = understood(connection, table.rows, kind.columns, company_of, kind.refusals, report.bad)
        openings = without_repeated([make(said) for said in rows], "reference", report.bad)
        lock_properties(connection, {one.said.tenancy.property_id for one in openings})
        new = _not_booked_before(connection, openings, report, kind.told)
        report.added = len(new)
        if not new:
            return
        books = Books(connection, recorded_at=now, actor=actor, terms_of=lambda number: _terms(company_of(number)))
        book(books, new)
        books.close()
        _tell_posted_later(new, report)
        detail = {"file": path.name, "added": len(new), "bad": len(report.bad)}
        add_event(connection, at=now, actor=actor, what=kind.what, detail=detail)

    return taken_in(database, table, errors_to, do)


def _terms(company: CompanyConfig) -> Terms:
    terms = company.allocation.terms
    return terms if company.language is None else terms._replace(language=company.language)


def posting_date(one: Opening) -> date:
    """What lies in a closed period is posted on the first open day (R22)."""
    closed = one.said.company.books_closed_through
    return one.day if closed is None else max(one.day, closed + _DAY)


def _tell_posted_later(new: Sequence[Opening], report: ImportReport) -> None:
    for one in new:
        if (posted := posting_date(one)) != one.day:
            place = one.said.company.number, posted
            report.posted_later[place] = report.posted_later.get(place, 0) + 1


def _not_booked_before(
    connection: Connection,
    openings: Sequence[_Opening],
    report: ImportReport,
    told: Callable[[Any], str],
) -> list[_Opening]:
    """The new ones; what was booked before is counted as unchanged, or is bad where its content was another."""
    earlier = {
        row.key: row
        for row in connection.execute(
            select(entry.c.key, entry.c.input_hash, entry.c.value_date, posting.c.amount)
            .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
            .where(among(connection, entry.c.key, [one.key for one in openings]))
        )
    }
    new = []
    for one in openings:
        before = earlier.get(one.key)
        if before is None:
            new.append(one)
        elif bytes(before.input_hash) == one.given:
            report.unchanged += 1
        else:
            reference, key = one.said.values["reference"], one.said.tenancy.key
            error = f"reference: {reference!r} of tenancy {key} was imported before with other content ({told(before)})"
            report.bad.append(one.said.refused(f"{error}; nothing was changed"))
    return new
