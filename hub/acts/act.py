"""One act of a person: a transaction, who did it, and a key under which it is done once however often it is asked.

The key is the caller's own. Asked again with the same input, the act is not done again and what came of it is told;
with other input it is refused. An act that was refused leaves nothing behind, so its key is free.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Self

import psycopg
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import DBAPIError

from hub.errors import HubError
from hub.ledger.chain import input_hash
from hub.ledger.words import WORDS, Words
from hub.settings import CompanyConfig, Site
from hub.store import bulk
from hub.store.books import Books
from hub.store.bulk import ClashError
from hub.store.database import Database
from hub.store.portfolio import TenancyRef, lock_properties, tenancy_of
from hub.store.tables import account
from hub.store.tables import act as act_table

KEY_CHARACTERS_MAX = 100
REFERENCE_CHARACTERS_MAX = 100
TEXT_CHARACTERS_MAX = 500
_DAY = timedelta(days=1)
_CLASHES_MAX = 5


class KeyUsedError(HubError):
    """The key names another act, or the same with other input."""


class KeyRefusedError(HubError):
    """What is given can be no key."""


class ClosedPeriodError(HubError):
    """A manual entry in a period whose books are closed (R22)."""


class ClosedCompanyError(HubError):
    """The company is closed: nothing is booked in it (R6)."""


class CurrencyError(HubError):
    """The company's settings name another currency than its books are in."""


class TextRefusedError(HubError):
    """A text that is too long, or that a terminal or a letter could not show."""


def judged_text(text: str, what: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """``text``, where it can be kept and shown. Raises TextRefusedError."""
    if len(text) > characters_max or not text.isprintable():
        raise TextRefusedError(f"{what} has at most {characters_max} characters, and no control characters")
    return text


@dataclass(frozen=True)
class Once:
    """An act under a key of the caller's: done once, however often it is asked with the same input."""

    key: str
    what: str
    #: Of all that it was asked.
    input_hash: bytes
    actor: str
    at: datetime

    @classmethod
    def asked(cls, key: str | None, what: str, asked: Mapping[str, Any], actor: str, now: datetime) -> Self | None:
        """None without a key. ``asked`` is of plain values. Raises KeyRefusedError."""
        if key is None:
            return None
        if not (key.strip() == key and key.isprintable() and 0 < len(key) <= KEY_CHARACTERS_MAX):
            raise KeyRefusedError(
                f"{key!r} is no key",
                do=f"write 1 to {KEY_CHARACTERS_MAX} characters, no control character, no blank at either end",
            )
        given = input_hash(what, json.dumps(asked, sort_keys=True, default=str, ensure_ascii=False))
        return cls(key, what, given, actor, now)

    def before(self, conn: Connection) -> Mapping[str, Any] | None:
        """What was kept of the act under this key; None = the key is ours now. Waits for whoever is at work under it.

        Raises KeyUsedError.
        """
        made = {"what": self.what, "input_hash": self.input_hash, "result": {}, "actor": self.actor, "at": self.at}
        if bulk.insert_if_new(conn, act_table, key=self.key, **made):
            return None
        before = conn.execute(select(act_table).where(act_table.c.key == self.key)).one()
        if before.what != self.what or bytes(before.input_hash) != self.input_hash:
            raise KeyUsedError(
                f"key {self.key!r} was used before for {before.what} with other input",
                why=f"{before.actor} did that on {before.at:%Y-%m-%d %H:%M} UTC; nothing was done now",
                do="use a new key for a new act, and the same input to ask again",
            )
        result: Mapping[str, Any] = before.result
        return result

    def keep(self, conn: Connection, result: Mapping[str, Any]) -> None:
        """What whoever asks again is told, in the transaction of :meth:`before`."""
        conn.execute(update(act_table).where(act_table.c.key == self.key).values(result=dict(result)))


@dataclass(frozen=True)
class Done:
    """What came of an act: a JSON document of plain values."""

    result: Mapping[str, Any]
    #: It had been done before under this key; nothing was done now.
    repeated: bool = False


@dataclass
class Acting:
    """What an act works with, inside its transaction."""

    conn: Connection
    site: Site
    actor: str
    now: datetime
    #: Begins the keys of all entries that the act makes.
    key: str
    books: Books
    _entries: int = field(default=0, init=False)

    def entry_key(self) -> str:
        """Of the next entry of this act."""
        self._entries += 1
        return f"{self.key}#{self._entries}"

    def tenancy(self, key: str) -> TenancyRef:
        """The tenancy, its property locked. Raises HubError where there is none, and as :meth:`bookable`."""
        ref = tenancy_of(self.conn, key).ref
        currency = self.conn.execute(select(account.c.currency).where(account.c.id == ref.account_id)).scalar_one()
        self.bookable(self.company_of(ref), currency, where=ref.key)
        lock_properties(self.conn, {ref.property_id})
        return ref

    def bookable(self, company: CompanyConfig, currency: str, *, where: str) -> CompanyConfig:
        """The company, where it takes entries in ``currency``, its books'. Raises ClosedCompanyError, CurrencyError."""
        if company.closed:
            raise ClosedCompanyError(f"company {company.number} is closed", where=where, do="open it in its settings")
        if currency != company.currency:
            raise CurrencyError(
                f"company {company.number} is set to {company.currency}, its books are in {currency}",
                where=where,
                why="the amount could mean either",
                do="mend currency in the company's settings; see: hub check",
            )
        return company

    def words(self, tenancy: TenancyRef) -> Words:
        """What entries of the tenancy's company are called, in its language."""
        return WORDS[self.site.language(tenancy.key.split("-")[0])]

    def company_of(self, tenancy: TenancyRef) -> CompanyConfig:
        return self.site.company(tenancy.key.split("-")[0])

    def today(self, tenancy: TenancyRef) -> date:
        return self.site.today(tenancy.key.split("-")[0], self.now)

    def open_day(self, company: CompanyConfig, day: date) -> date:
        """``day``, where that period is open. Raises ClosedPeriodError (R22)."""
        closed = company.books_closed_through
        if closed is not None and day <= closed:
            raise ClosedPeriodError(
                f"{day} lies in a period whose books are closed through {closed}",
                where=f"company {company.number}",
                why="what is closed has been reported, and a manual entry would change it (R22)",
                do=f"use {closed + _DAY} or later",
            )
        return day

    def first_open_day(self, company: CompanyConfig, day: date) -> date:
        """``day``, or the first day after the closed period: for what counts from a day that others have set (R22)."""
        closed = company.books_closed_through
        return max(day, closed + _DAY) if closed else day


def result_under(conn: Connection, key: str | None, what: str) -> Mapping[str, Any] | None:
    """What came of the act ``what`` that was done under the key, whatever it was asked; None where none was."""
    its = (act_table.c.key == key) & (act_table.c.what == what)
    return conn.execute(select(act_table.c.result).where(its)).scalar_one_or_none()


def perform(
    database: Database,
    site: Site,
    what: str,
    asked: Mapping[str, Any],
    do: Callable[[Acting], Mapping[str, Any]],
    *,
    actor: str,
    now: datetime,
    key: str | None = None,
) -> Done:
    """Does ``do`` in one transaction. ``asked`` is all that it was asked, of plain values, and judges a repeated key.

    Raises KeyUsedError, and whatever ``do`` raises; then nothing is written.
    """
    under = Once.asked(key, what, asked, actor, now)
    own_key = key or secrets.token_hex(8)

    def once() -> Done:
        with database.write() as conn:
            if under is not None and (before := under.before(conn)) is not None:
                return Done(before, repeated=True)
            books = Books(conn, recorded_at=now, actor=actor, terms_of=site.terms_of)
            result = dict(do(Acting(conn, site, actor, now, f"{what}|{own_key}", books)))
            books.close()
            if under is not None:
                under.keep(conn, result)
        return Done(result)

    return _again_after_a_clash(once)


def _again_after_a_clash(once: Callable[[], Done]) -> Done:
    """PostgreSQL ends one of two transactions that wait for each other; nothing of it was written."""
    for _ in range(_CLASHES_MAX - 1):
        try:
            return once()
        except ClashError:
            continue
        except DBAPIError as error:
            if not isinstance(error.orig, psycopg.errors.DeadlockDetected):
                raise
    return once()
