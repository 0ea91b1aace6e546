"""The balances of many tenancies by age, in a few queries whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
)

from hub.ledger.ageing import TOO_MUCH, Ageing, Edges, Open, balanced, edges
from hub.store.lookup import among, fetched
from hub.store.positions import NOTHING
from hub.store.tables import account, charge_line, company, property_, tenancy
from hub.store.views.counting import AsOf, anything_after, as_of_moment, changed_since, has_changed, lines_on
from hub.store.views.scope import Scope

_NOTHING = [0, 0, 0, 0, 0]
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
    """Of a property (``1-12``) or a company (``1``); ``tenancies`` counts those with nothing too."""

    key: str
    currency: str
    tenancies: int
    ageing: Ageing


def ageing(
    conn: Connection, scope: Scope, as_of: date, recorded: datetime | None = None, *, everyone: bool = False
) -> list[Aged]:
    """A row a tenancy that has anything, by property, in the order in which the portfolio came.

    One that ``scope`` names has a row in any case, as all have for ``everyone``.
    """
    everyone = everyone or scope.tenancy_id is not None
    at = as_of_moment(conn, as_of, recorded)
    query = _tenancies(scope, at, everyone=everyone)
    # By property, then by tenancy: two sorts by a number are faster than one by pairs of them.
    rows = sorted(sorted(fetched(conn, query), key=itemgetter(1)), key=itemgetter(0))
    open_ = _open_by_age(conn, rows, at)
    properties = _property_keys(conn, scope)
    found = []
    for property_id, id_, key, name, currency, now, since_then, _ in rows:
        its = balanced(open_.get(id_, _NOTHING), now - (since_then or 0))
        if everyone or its != _NO_DEBT:
            found.append(_new_aged((properties[property_id], key, name, currency, its)))
    return found


def totals(conn: Connection, scope: Scope, rows: Iterable[Aged]) -> tuple[list[Total], list[Total]]:
    """Per property, and per company, those with nothing too; ``rows`` are what :func:`ageing` gave for ``scope``."""
    counted = (
        select(company.c.number, property_.c.number, company.c.currency, func.count())
        .select_from(scope.tenancies.join(company, company.c.id == property_.c.company_id))
        .where(scope.condition)
        .group_by(company.c.number, property_.c.number, company.c.currency, property_.c.id)
        .order_by(property_.c.id)
    )
    of_rows: defaultdict[str, Ageing] = defaultdict(Ageing)
    for row in rows:
        of_rows[row.property] = of_rows[row.property].plus(row.ageing)
    properties = []
    companies: dict[str, Total] = {}
    for company_number, number, currency, tenancies in fetched(conn, counted):
        key = f"{company_number}-{number}"
        one = Total(key, currency, tenancies, of_rows[key])
        properties.append(one)
        before = companies.get(company_number, Total(company_number, currency, 0, _NO_DEBT))
        companies[company_number] = before._replace(
            tenancies=before.tenancies + tenancies, ageing=before.ageing.plus(one.ageing)
        )
    return properties, list(companies.values())


def _tenancies(scope: Scope, at: AsOf, *, everyone: bool) -> Select[Any]:
    """Of those that may have had anything: property id, id, key, name, currency, øre now, øre since, whether business.

    Most owed nothing, and had nothing open: they are left where they are, and that is seen in few looks.
    """
    since = changed_since(account.c.id, at).label("since")
    is_open = exists().where(
        charge_line.c.tenancy_id == tenancy.c.id, charge_line.c.remaining > NOTHING, at.counts_line()
    )
    found = (
        select(
            property_.c.id.label("property_id"),
            tenancy.c.id,
            tenancy.c.key,
            tenancy.c.name,
            account.c.currency,
            account.c.balance,
            since,
            tenancy.c.business,
        )
        .select_from(scope.tenancies.join(account, account.c.id == tenancy.c.account_id))
        .where(scope.condition)
    )
    if everyone:
        return found
    if at.recorded is None:
        changed = or_(account.c.balance != func.coalesce(since, NOTHING), has_changed(at))
        moved = and_(or_(account.c.balance != NOTHING, anything_after(account.c.id, at.day)), changed)
        return found.where(or_(is_open, moved))
    # All postings of an account tell what was recorded since: they are read once.
    read = found.add_columns(is_open.label("is_open")).cte("read").prefix_with("MATERIALIZED")
    *columns, was_open = read.c
    return select(*columns).where(or_(was_open, read.c.balance != NOTHING, read.c.since.is_not(None)))


def _open_by_age(conn: Connection, rows: Sequence[Any], at: AsOf) -> Mapping[int, Open]:
    """By tenancy id, of those that have anything of it."""
    homes, businesses = (_Places(edges(at.day, business)) for business in (False, True))
    places = {row[1]: businesses if row[-1] else homes for row in rows}
    changed = any(row[-2] is not None for row in rows)
    found: defaultdict[int, list[int]] = defaultdict(_NOTHING.copy)
    for id_, due, too_much, amount in fetched(conn, open_by_due(conn, places, at, changed=changed)):
        found[id_][TOO_MUCH if too_much else places[id_][due]] += amount
    return found


def _property_keys(conn: Connection, scope: Scope) -> dict[int, str]:
    """Company-property by id: made once a property, not once a tenancy."""
    query = select(property_.c.id, company.c.number + "-" + property_.c.number).join_from(property_, company)
    return dict(fetched(conn, query if scope.company_id is None else query.where(company.c.id == scope.company_id)))


def open_by_due(conn: Connection, ids: Collection[int], at: AsOf, *, changed: bool = True) -> Select[Any]:
    """tenancy id, ISO due date, whether it had been paid too much, øre above zero: of these tenancies' open lines.

    Nothing has come since on any of their balances where not ``changed``.
    """
    lines = lines_on(lambda id_: among(conn, id_, ids), at, changed=changed)
    too_much = lines.c.remaining < NOTHING
    return select(
        lines.c.tenancy_id,
        cast(lines.c.due_date, String),
        too_much,
        cast(func.sum(func.abs(lines.c.remaining)), BigInteger),
    ).group_by(lines.c.tenancy_id, lines.c.due_date, too_much)


class _Places(dict[str, int]):
    """By ISO due date, the place in :data:`hub.ledger.ageing.Open`: few dates, and many lines."""

    def __init__(self, at: Edges) -> None:
        self._at = at

    def __missing__(self, due: str) -> int:
        place = self[due] = self._at.place(date.fromisoformat(due))
        return place
