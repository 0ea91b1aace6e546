"""Finding a tenancy, a charge or a payment by what a person knows of it: an amount, a name, a number, a reference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, true

from hub.store.lookup import among
from hub.store.portfolio import customer_key
from hub.store.tables import account, charge, company, entry, posting, suspense, tenancy
from hub.store.views.charges import Charge, charges_by_reference
from hub.store.views.owners import OWNER, with_owner
from hub.store.views.sources import IN_PARTS, Source, split_source, with_source
from hub.store.views.standing import TakenBack, taken_back

#: A shorter part of a key is in too many of them.
KEY_PART_CHARS_MIN = 3
_LAST_CHARACTER = "\U0010ffff"


class FoundTenancy(NamedTuple):
    key: str
    name: str
    address: str
    #: Its number at Betalingsservice, as it was given.
    customer: str


class FoundEntry(NamedTuple):
    """``amount`` as it stands on its own account: a payment is negative (R19)."""

    entry: int
    company: str
    value_date: date
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
    """What is looked for; days are those on which an entry counts or a charge falls due."""

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
    #: The newest first. Of an amount, of money in suspense, or with the text in their key.
    entries: list[FoundEntry]
    more: bool


def search(conn: Connection, asked: Asked, limit: int) -> Found:
    """Text is compared without regard to case, but for references of charges, which begin with it as it is written."""
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
    wanted, number = asked.text.casefold(), customer_key(asked.text)
    written = (tenancy.c.address, tenancy.c.postal_code, tenancy.c.city)
    query = (
        select(
            tenancy.c.key,
            tenancy.c.name,
            tenancy.c.second_name,
            tenancy.c.co_tenant,
            tenancy.c.customer_key,
            tenancy.c.bs_customer,
            *written,
        )
        .where(asked.of_company(tenancy.c.company_id))
        .order_by(tenancy.c.id)
    )
    for key, name, second, co_tenant, its_number, customer, *lines in conn.execute(query, execution_options=IN_PARTS):
        address = ", ".join(filter(None, lines))
        told = "\n".join(filter(None, (key, name, second, co_tenant, address)))
        if wanted in told.casefold() or (number and number == its_number):
            yield FoundTenancy(key, name, address, customer or "")


def _entries(conn: Connection, asked: Asked, limit: int) -> list[FoundEntry]:
    """Found first by the ids of those that are wanted, then shown; one pass over entries where no index serves."""
    found: set[int] = set()
    for query in _wanted(asked):
        found.update(conn.execute(query.order_by(entry.c.id.desc()).limit(limit)).scalars())
    newest = sorted(found, reverse=True)[:limit]
    query = with_source(
        with_owner(
            select(
                entry.c.id,
                company.c.number,
                entry.c.value_date,
                entry.c.kind,
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
        )
    ).where(among(conn, entry.c.id, newest))
    rows = map(split_source, conn.execute(query.order_by(entry.c.value_date.desc(), entry.c.id.desc())))
    back = taken_back(conn, newest)
    return [FoundEntry._make((*values, source, back.get(values[0]))) for values, source in rows]


def _wanted(asked: Asked) -> Iterator[Select[Any]]:
    """Queries for ids of entries: by amount, by what is said of money in suspense, by a part of the key."""
    own = select(entry.c.id).join_from(entry, posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
    if asked.company_id is not None:
        own = own.join(account, account.c.id == posting.c.account_id).where(account.c.company_id == asked.company_id)
    own = own.where(asked.days(entry.c.value_date))
    if asked.amount is not None:
        yield own.where(posting.c.amount.in_({asked.amount, -asked.amount}))
    said = or_(
        suspense.c.reference.icontains(asked.text, autoescape=True),
        suspense.c.customer.icontains(asked.text, autoescape=True),
    )
    yield own.join(suspense, suspense.c.entry_id == entry.c.id).where(said)
    if len(asked.text) >= KEY_PART_CHARS_MIN:
        yield own.where(entry.c.key.icontains(asked.text, autoescape=True))


def _binary(conn: Connection) -> str:
    """The collation that orders text by its bytes."""
    return "BINARY" if conn.dialect.name == "sqlite" else "C"
