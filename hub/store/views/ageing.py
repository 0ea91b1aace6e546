"""The balances of many tenancies by age, in a few queries whatever their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    case,
    cast,
    func,
    select,
)

from hub.ledger.ageing import Ageing, Bands, balanced, edges
from hub.store.lookup import among, fetched
from hub.store.positions import NOTHING
from hub.store.tables import account, company, property_, tenancy
from hub.store.views.counting import AsOf, changed_since, lines_on
from hub.store.views.scope import Scope

#: Øre open by age, and paid too much of a line.
_NOTHING: tuple[Bands, int] = ((0, 0, 0, 0), 0)
_NO_DEBT = Ageing()


class Aged(NamedTuple):
    """One tenancy; ``ageing`` sums to its balance."""

    #: company-property
    property: str
    tenancy: str
    name: str
    currency: str
    ageing: Ageing


#: Half the time of calling the class.
_new_aged = partial(tuple.__new__, Aged)


class Total(NamedTuple):
    """Of a property (``1-12``) or a company (``1``); tenancies with something to show or not."""

    key: str
    currency: str
    tenancies: int
    ageing: Ageing


def ageing(conn: Connection, scope: Scope, as_of: date, recorded: datetime | None = None) -> list[Aged]:
    """A row a tenancy, by property, in the order in which the portfolio came."""
    at = AsOf(as_of, recorded)
    query = (
        select(
            property_.c.id,
            tenancy.c.id,
            tenancy.c.key,
            tenancy.c.name,
            account.c.currency,
            account.c.balance,
            changed_since(account.c.id, at),
        )
        .select_from(scope.tenancies.join(account, account.c.id == tenancy.c.account_id))
        .where(scope.condition)
    )
    # By property, then by tenancy: two sorts by a number are faster than one by pairs of them.
    rows = sorted(sorted(fetched(conn, query), key=itemgetter(1)), key=itemgetter(0))
    changed = [row[1] for row in rows if row[-1] is not None]
    whose = among(conn, tenancy.c.id, changed) if changed else None
    open_ = {id_: ((*bands,), too_much) for id_, *bands, too_much in fetched(conn, open_by_age(scope, at, whose))}
    properties = _property_keys(conn, scope)
    found = []
    for property_id, id_, key, name, currency, now, since in rows:
        owed = now - since if since else now
        its = _NO_DEBT
        # Most tenancies owe nothing, and have nothing open.
        if owed or id_ in open_:
            bands, too_much = open_.get(id_, _NOTHING)
            its = balanced(bands, owed, too_much) if owed or any(bands) else _NO_DEBT
        found.append(_new_aged((properties[property_id], key, name, currency, its)))
    return found


def _property_keys(conn: Connection, scope: Scope) -> dict[int, str]:
    """Company-property by id: made once a property, not once a tenancy."""
    query = select(property_.c.id, company.c.number + "-" + property_.c.number).join_from(property_, company)
    return dict(fetched(conn, query if scope.company_id is None else query.where(company.c.id == scope.company_id)))


def totals(rows: Sequence[Aged]) -> tuple[list[Total], list[Total]]:
    """Per property, and per company."""
    return list(_totals(rows, attrgetter("property"))), list(_totals(rows, lambda row: row.property.partition("-")[0]))


def open_by_age(scope: Scope, at: AsOf, changed: ColumnElement[bool] | None) -> Select[Any]:
    """tenancy id, øre open in the bands not due, under 30, from 30 to 60, over 60, and øre paid too much of a line.

    Tenancies without are left out.
    """
    lines = lines_on(scope, at, changed)
    home, business = edges(at.day, business=False), edges(at.day, business=True)
    due, is_open = lines.c.due_date, lines.c.remaining > NOTHING
    in_time = due >= case((tenancy.c.business, business.not_due), else_=home.not_due)
    under_30, from_30 = due >= home.under_30, due >= home.from_30_to_60

    def sum_where(amount: ColumnElement[int], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return cast(func.coalesce(func.sum(amount).filter(*conditions), 0), BigInteger)

    return (
        select(
            lines.c.tenancy_id,
            sum_where(lines.c.remaining, is_open, in_time),
            sum_where(lines.c.remaining, is_open, ~in_time, under_30),
            sum_where(lines.c.remaining, is_open, ~in_time, ~under_30, from_30),
            sum_where(lines.c.remaining, is_open, ~in_time, ~from_30),
            sum_where(-lines.c.remaining, ~is_open),
        )
        .join_from(lines, tenancy, tenancy.c.id == lines.c.tenancy_id)
        .group_by(lines.c.tenancy_id)
    )


def _totals(rows: Sequence[Aged], key: Any) -> Iterator[Total]:
    for name, group in groupby(rows, key):
        members = list(group)
        yield Total(
            name,
            members[0].currency,
            len(members),
            Ageing(*map(sum, zip(*(one.ageing for one in members), strict=True))),
        )
