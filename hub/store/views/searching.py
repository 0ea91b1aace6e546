"""Finding a tenancy, a charge or a payment by what a person knows of it: an amount, a name, a number, a reference."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, func, or_, select, true

from hub.errors import HubError
from hub.store.lookup import among
from hub.store.portfolio import customer_key, plain_key
from hub.store.tables import (
    account,
    bank_line,
    batch,
    charge,
    company,
    entry,
    posting,
    suspense,
    tenancy,
    voucher_range,
)
from hub.store.views.charges import Charge, charges_by_reference
from hub.store.views.owners import OWNER, with_owner
from hub.store.views.sources import IN_PARTS, Source, split_source, with_source
from hub.store.views.standing import TakenBack, taken_back
from hub.store.views.vouchers import voucher_text, with_document

#: A shorter part of a key or text is in too many of them.
PART_CHARS_MIN = 3
#: A longer text is no name, reference or sentence that anybody looks for; databases refuse patterns of some length.
TEXT_CHARS_MAX = 200
#: As it is printed: year and number.
_VOUCHER = re.compile(r"([12][0-9]{3})-([0-9]{1,12})")
_SAID_BY_BANK = ("payer", "payer_account", "payment_id", "servicer_reference", "text")
#: The other side of an entry, with the day of its booking there.
_CONTRA = posting.alias("contra")
_IS_CONTRA = (_CONTRA.c.entry_id == entry.c.id) & (_CONTRA.c.seq == 1)
_LAST_CHARACTER = "\U0010ffff"
#: What stands between the parts of an address is written in many ways.
_BETWEEN_PARTS = re.compile(r"[\s,]+")


class TextTooLongError(HubError):
    """More characters are looked for than ``TEXT_CHARS_MAX``."""


class FoundTenancy(NamedTuple):
    key: str
    name: str
    address: str
    #: Where a moved-out tenant lives now; "" = not known.
    new_address: str
    #: Its number at Betalingsservice, as it was given.
    customer: str


class FoundEntry(NamedTuple):
    """``amount`` as it stands on its own account: a payment is negative (R19)."""

    entry: int
    #: Of the company's series: ``2026-123``.
    voucher: str
    company: str
    value_date: date
    #: When it was booked at the bank or vendor (R10).
    booked_on: date
    kind: str
    amount: int
    currency: str
    text: str
    #: None where nobody's: then ``customer``, ``reference`` and ``reason`` say what is known.
    tenancy: str | None
    name: str | None
    customer: str | None
    reference: str | None
    reason: str | None
    source: Source
    #: None = it stands.
    taken_back_by: TakenBack | None = None


class Asked(NamedTuple):
    """What is looked for; days are those on which an entry counts or was booked, or a charge falls due."""

    text: str
    #: Øre, where the text is an amount: either sign is found.
    amount: int | None = None
    first: date | None = None
    last: date | None = None
    company_id: int | None = None

    def days(self, day: ColumnElement[date]) -> ColumnElement[bool]:
        return and_(
            true() if self.first is None else day >= self.first, true() if self.last is None else day <= self.last
        )

    def of_company(self, company_id: ColumnElement[int]) -> ColumnElement[bool]:
        return true() if self.company_id is None else company_id == self.company_id


class Found(NamedTuple):
    """``limit`` of each at most; ``more`` says that something was left out."""

    tenancies: list[FoundTenancy]
    charges: list[Charge]
    #: The newest first, but for those of a voucher's number. Of an amount, or with the text in what is said of them.
    entries: list[FoundEntry]
    more: bool


def search(conn: Connection, asked: Asked, limit: int) -> Found:
    """Text is compared without regard to case, but for references of charges, which begin with it as it is written.

    Raises TextTooLongError.
    """
    if len(asked.text) > TEXT_CHARS_MAX:
        raise TextTooLongError(
            f"a text of {len(asked.text)} characters is too long to look for",
            why=f"{TEXT_CHARS_MAX} are looked for at most",
            do="give a part of it",
        )
    tenancies = list(islice(_tenancies(conn, asked), limit + 1))
    text = asked.text
    by_bytes = charge.c.reference.collate(_binary(conn))
    begins = and_(by_bytes >= text, by_bytes <= text + _LAST_CHARACTER)
    its = and_(begins, asked.days(charge.c.due_date), asked.of_company(company.c.id))
    charges = charges_by_reference(conn, its, limit + 1)
    entries = _entries(conn, asked, limit + 1)
    more = any(len(found) > limit for found in (tenancies, charges, entries))
    return Found(tenancies[:limit], list(charges[:limit]), entries[:limit], more)


def _tenancies(conn: Connection, asked: Asked) -> Iterator[FoundTenancy]:
    """Compared here: what is upper and lower case of æ, ø and å, a database knows only by its locale."""
    wanted, number = _plain(asked.text), customer_key(asked.text)
    named = plain_key(asked.text).casefold()
    lives = (tenancy.c.address, tenancy.c.postal_code, tenancy.c.city)
    moved_to = (tenancy.c.new_address, tenancy.c.new_postal_code, tenancy.c.new_city)
    query = (
        select(
            tenancy.c.key,
            tenancy.c.name,
            tenancy.c.second_name,
            tenancy.c.co_tenant,
            tenancy.c.customer_key,
            tenancy.c.bs_customer,
            *lives,
            *moved_to,
        )
        .where(asked.of_company(tenancy.c.company_id))
        .order_by(tenancy.c.id)
    )
    for key, name, second, co_tenant, its_number, customer, *lines in conn.execute(query, execution_options=IN_PARTS):
        address, new_address = _address(*lines[:3]), _address(*lines[3:])
        told = map(_plain, filter(None, (key, name, second, co_tenant, address, new_address)))
        is_named = key.casefold() == named or (number and number == its_number)
        if is_named or (wanted and any(wanted in one for one in told)):
            yield FoundTenancy(key, name, address, new_address, customer or "")


def _address(street: str | None, postal_code: str | None, city: str | None) -> str:
    """As it is written on one line: ``Skovvej 1, 0999 Nørreby``."""
    return ", ".join(filter(None, (street, " ".join(filter(None, (postal_code, city))))))


def _plain(text: str) -> str:
    return _BETWEEN_PARTS.sub(" ", _composed(text)).strip().casefold()


def _composed(text: str) -> str:
    """``å`` is one character in most files, and two where a Mac has written it."""
    return unicodedata.normalize("NFC", text)


def _entries(conn: Connection, asked: Asked, limit: int) -> list[FoundEntry]:
    """Found first by the ids of those that are wanted, then shown; one pass over entries where no index serves."""
    of_voucher = _of_voucher(asked)
    named = set() if of_voucher is None else set(conn.execute(of_voucher).scalars())
    found: set[int] = set()
    for query in _wanted(asked):
        found.update(conn.execute(query.order_by(entry.c.id.desc()).limit(limit)).scalars())
    chosen = [*sorted(named, reverse=True), *sorted(found - named, reverse=True)][:limit]
    rows = map(split_source, conn.execute(_shown(among(conn, entry.c.id, chosen))))
    back = taken_back(conn, chosen)
    shown = [_found_entry(values, source, back.get(values[0])) for values, source in rows]
    return sorted(shown, key=lambda one: one.entry not in named)


def _shown(chosen: ColumnElement[bool]) -> Select[Any]:
    query = with_owner(
        select(
            entry.c.id,
            company.c.number,
            entry.c.value_date,
            _CONTRA.c.value_date,
            posting.c.amount,
            account.c.currency,
            entry.c.text,
            OWNER.c.key,
            OWNER.c.name,
            suspense.c.customer,
            suspense.c.reference,
            suspense.c.reason,
        )
        .join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .join(company, company.c.id == account.c.company_id)
        .join(suspense, suspense.c.entry_id == entry.c.id, isouter=True)
        .join(_CONTRA, _IS_CONTRA, isouter=True)
    )
    return with_source(with_document(query)).where(chosen).order_by(entry.c.value_date.desc(), entry.c.id.desc())


def _found_entry(values: Sequence[Any], source: Source, by: TakenBack | None) -> FoundEntry:
    id_, number, value_date, booked_on, amount, currency, text, *whose, year, voucher, kind, _, _, _ = values
    own = (id_, voucher_text(year, voucher), number, value_date, booked_on or value_date, kind, amount, currency, text)
    return FoundEntry._make((*own, *whose, source, by))


def _of_voucher(asked: Asked) -> Select[Any] | None:
    """The entry of each company whose voucher has the number, if it can be one.

    A batch's numbers follow each other: the one that begins last below the number has it.
    """
    match = _VOUCHER.fullmatch(asked.text)
    if match is None:
        return None
    year, number = map(int, match.groups())
    begun = (
        select(batch.c.company_id, func.max(voucher_range.c.base).label("base"))
        .join_from(voucher_range, batch, batch.c.id == voucher_range.c.batch_id)
        .where(voucher_range.c.year == year, voucher_range.c.base < number, asked.of_company(batch.c.company_id))
        .group_by(batch.c.company_id)
        .subquery("begun")
    )
    its = (voucher_range.c.batch_id == batch.c.id) & (voucher_range.c.base == begun.c.base)
    return (
        select(entry.c.id)
        .join_from(begun, batch, batch.c.company_id == begun.c.company_id)
        .join(voucher_range, its & (voucher_range.c.year == year))
        .join(entry, entry.c.id.between(batch.c.entry_first, batch.c.entry_last) & (entry.c.batch_id == batch.c.id))
        .where(
            entry.c.voucher == number - begun.c.base,
            entry.c.posting_date.between(date(year, 1, 1), date(year, 12, 31)),
            _on_days(asked),
        )
    )


def _wanted(asked: Asked) -> Iterator[Select[Any]]:
    """Queries for ids of entries: by amount, by what is said of money, by a part of the key or text."""
    own = select(entry.c.id).join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
    if asked.company_id is not None:
        own = own.join(account, account.c.id == posting.c.account_id).where(account.c.company_id == asked.company_id)
    own = own.where(_on_days(asked))
    if asked.amount is not None:
        yield own.where(posting.c.amount.in_({asked.amount, -asked.amount}))
    in_suspense = _said(asked.text, suspense.c.reference, suspense.c.customer)
    yield own.join(suspense, suspense.c.entry_id == entry.c.id).where(in_suspense)
    if len(asked.text) >= PART_CHARS_MIN:
        by_bank = _said(asked.text, *(bank_line.c[name] for name in _SAID_BY_BANK))
        yield own.join(bank_line, bank_line.c.entry_id == entry.c.id).where(by_bank)
        yield own.where(_said(asked.text, entry.c.key, entry.c.text))


def _on_days(asked: Asked) -> ColumnElement[bool]:
    """An entry counts on one day and may be booked on another (R10): either is the day that a person knows."""
    if asked.first is None and asked.last is None:
        return true()
    counts = posting.alias("counts")
    return entry.c.id.in_(select(counts.c.entry_id).where(asked.days(counts.c.value_date)))


def _said(text: str, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether one of ``columns`` has ``text`` in it, without regard to case.

    Also where the marks of its letters were typed as characters of their own. A database may know the case of A-Z
    alone: the other letters that are asked for are made small here.
    """
    return or_(*(_has(one, columns) for one in {text, _composed(text)}))


def _has(text: str, columns: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    large = {one.upper(): one.lower() for one in text if not one.isascii() and len(one.upper() + one.lower()) == 2}
    small = "".join(large.get(one, one) for one in text)
    return or_(*(_with_small(column, large).icontains(small, autoescape=True) for column in columns))


def _with_small(column: ColumnElement[str], large: Mapping[str, str]) -> ColumnElement[str]:
    for one, small in large.items():
        column = func.replace(column, one, small, type_=Text)
    return column


def _binary(conn: Connection) -> str:
    """The collation that orders text by its bytes."""
    return "BINARY" if conn.dialect.name == "sqlite" else "C"
