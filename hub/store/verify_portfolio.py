"""That keys and numbers of the portfolio fit each other, and that its values are what was last said of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from hub.ledger import kinds
from hub.store.lookup import among, streamed
from hub.store.portfolio import customer_key
from hub.store.portfolio_history import KEYS, shown
from hub.store.tables import (
    account,
    company,
    customer_number,
    metadata,
    portfolio_change,
    property_,
    tenancy,
    unit,
)
from hub.store.verify_rule import told_by

#: Changed values looked up at a time.
_VALUES_A_TIME = 2_000


class _Last(NamedTuple):
    """What was said last of a value, and what it was before: ``change`` is the id of that row."""

    what: str
    key: str
    field: str
    new: str | None
    change: int


def wrong_portfolio(conn: Connection) -> Iterator[str]:
    """A sentence for each row that does not fit the others."""
    for query, told in (
        (_keys(), _tell_key),
        (_main_units(), _tell_main_unit),
        (_series(), _tell_series),
        (_unnumbered(), _tell_unnumbered),
        (_customers(), _tell_customer),
        (_numbers_of_others(), _tell_number_of_another),
    ):
        yield from told_by(conn, query, told)
    for key, said, derived in streamed(conn, _DERIVED):
        if (customer_key(said or "") or None) != derived:
            yield f"tenancy {key} has customer number {said!r}, and payments are matched on {derived!r}"
    yield from _former_numbers(conn)
    yield from _wrong_values(conn)


def _keys() -> Select[Any]:
    """A tenancy's key is made of the numbers of what it lies in."""
    made = company.c.number + "-" + property_.c.number + "-" + unit.c.number + "-" + tenancy.c.number
    return (
        select(tenancy.c.key, made.label("made"))
        .outerjoin_from(tenancy, company, company.c.id == tenancy.c.company_id)
        .outerjoin(property_, property_.c.id == tenancy.c.property_id)
        .outerjoin(unit, unit.c.id == tenancy.c.unit_id)
        .where(
            or_(
                made.is_(None),
                tenancy.c.key != made,
                property_.c.company_id != tenancy.c.company_id,
                unit.c.property_id != tenancy.c.property_id,
            )
        )
    )


def _tell_key(row: Row[Any]) -> str:
    if row.made is None:
        return f"tenancy {row.key} lies in a company, property or unit that is not there"
    return f"tenancy {row.key} lies in {row.made}, by the numbers of its company, property and unit"


def _main_units() -> Select[Any]:
    main = unit.alias("main")
    return (
        select(unit.c.id, unit.c.number, main.c.number.label("main"))
        .join_from(unit, main, main.c.id == unit.c.main_unit_id)
        .where(or_(main.c.property_id != unit.c.property_id, main.c.id == unit.c.id))
    )


def _tell_main_unit(row: Row[Any]) -> str:
    return f"unit {row.id} ({row.number}) is let along with unit {row.main} of another property, or with itself"


def _series() -> Select[Any]:
    """Receivables and holdings are numbered in one series a company, from its first number and without gaps."""
    count, first, last = func.count(), func.min(account.c.number), func.max(account.c.number)
    return (
        select(company.c.number, count.label("count"), first.label("first"), last.label("last"))
        .join_from(account, company, company.c.id == account.c.company_id)
        .where(account.c.number.is_not(None))
        .group_by(company.c.number)
        .having(or_(first != kinds.FIRST_ACCOUNT_NUMBER, last - first + 1 != count))
    )


def _tell_series(row: Row[Any]) -> str:
    return (
        f"company {row.number}: its {row.count} receivables and holdings are numbered from {row.first} to {row.last}, "
        f"and ought to be from {kinds.FIRST_ACCOUNT_NUMBER} without a gap"
    )


def _unnumbered() -> Select[Any]:
    numbered = account.c.kind.in_((kinds.RECEIVABLE, kinds.HOLDING))
    return select(account.c.code, account.c.number).where(
        or_(and_(numbered, account.c.number.is_(None)), and_(~numbered, account.c.number.is_not(None)))
    )


def _tell_unnumbered(row: Row[Any]) -> str:
    return f"account {row.code} has number {row.number or 'none'}: receivables and holdings have one, and no others"


def _customers() -> Select[Any]:
    """A customer number that is in use is its tenancy's for good (R15)."""
    noted = and_(
        customer_number.c.company_id == tenancy.c.company_id,
        customer_number.c.customer_key == tenancy.c.customer_key,
    )
    return (
        select(tenancy.c.key, tenancy.c.customer_key, customer_number.c.tenancy_id)
        .outerjoin_from(tenancy, customer_number, noted)
        .where(
            tenancy.c.customer_key.is_not(None),
            or_(customer_number.c.tenancy_id.is_(None), customer_number.c.tenancy_id != tenancy.c.id),
        )
    )


def _tell_customer(row: Row[Any]) -> str:
    whose = "nobody's" if row.tenancy_id is None else "another tenancy's"
    return f"tenancy {row.key} has customer number {row.customer_key}, which was {whose} first (R15)"


def _former_numbers(conn: Connection) -> Iterator[str]:
    """What was ever said to be a tenancy's customer number is its for good, in use or not (R15)."""
    its = portfolio_change.c
    query: Select[Any] = (
        select(its.id, its.old, its.new, tenancy.c.key, tenancy.c.company_id)
        .join_from(portfolio_change, tenancy, tenancy.c.key == its.key)
        .where(its.what == "tenancy", its.field == "bs_customer")
        .order_by(its.id)
    )
    for part in conn.execute(query, execution_options={"yield_per": _VALUES_A_TIME}).partitions():
        yield from _given_away(conn, part)


def _given_away(conn: Connection, changes: Sequence[Row[Any]]) -> Iterator[str]:
    told = {
        (row.company_id, key, row.key): row.id
        for row in changes
        for said in (row.old, row.new)
        if (key := customer_key(said or ""))
    }
    query = (
        select(customer_number.c.company_id, customer_number.c.customer_key, tenancy.c.key)
        .join_from(customer_number, tenancy, tenancy.c.id == customer_number.c.tenancy_id)
        .where(
            among(conn, customer_number.c.company_id, {company_id for company_id, *_ in told}),
            among(conn, customer_number.c.customer_key, {key for _, key, _ in told}),
        )
    )
    owners = {(row.company_id, row.customer_key): row.key for row in conn.execute(query)}
    for (company_id, key, whose), change in told.items():
        owner = owners.get((company_id, key))
        if owner != whose:
            yield (
                f"customer number {key} was tenancy {whose}'s, as change {change} says, and is kept as "
                f"{owner or 'nobody'}'s (R15)"
            )


def _numbers_of_others() -> Select[Any]:
    return (
        select(customer_number.c.customer_key, tenancy.c.key, company.c.number)
        .join_from(customer_number, tenancy, tenancy.c.id == customer_number.c.tenancy_id)
        .join(company, company.c.id == customer_number.c.company_id)
        .where(tenancy.c.company_id != customer_number.c.company_id)
    )


def _tell_number_of_another(row: Row[Any]) -> str:
    return f"company {row.number}: customer number {row.customer_key} was given to {row.key}, another company's tenancy"


def _wrong_values(conn: Connection) -> Iterator[str]:
    """Every change begins with what the one before it said, and the last one is what stands in the portfolio."""
    its = portfolio_change.c
    query = select(its.what, its.key, its.field, its.id, its.old, its.new).order_by(
        its.what, its.key, its.field, its.id
    )
    waiting: list[_Last] = []
    for (what, key, field), rows in groupby(streamed(conn, query), lambda row: row[:3]):
        said: str | None = None
        first = True
        for *_, change, old, new in rows:
            if not first and old != said:
                yield f"{what} {key}: change {change} says that {field} was {old!r}, the one before it {said!r}"
            said, first = new, False
        waiting.append(_Last(what, key, field, said, change))
        if len(waiting) == _VALUES_A_TIME:
            yield from _wrong_last(conn, waiting)
            waiting = []
    yield from _wrong_last(conn, waiting)


def _wrong_last(conn: Connection, some: Sequence[_Last]) -> Iterator[str]:
    for what, of_it in groupby(some, lambda last: last.what):
        changes = list(of_it)
        values = _values(conn, what, {last.key for last in changes}, {last.field for last in changes})
        for last in changes:
            found = values.get(last.key)
            if found is None:
                yield f"{what} {last.key} is not there, and change {last.change} tells of its {last.field}"
            elif found[last.field] != last.new:
                yield (
                    f"{what} {last.key}: {last.field} is {found[last.field]!r}, and {last.new!r} was the last that "
                    f"was said, with change {last.change}"
                )


def _values(conn: Connection, what: str, keys: set[str], fields: set[str]) -> dict[str, dict[str, str | None]]:
    """As text, by key and field."""
    source, its_key = KEYS[what]
    names = sorted(fields)
    table = metadata.tables[what]
    if what == "unit":
        # The only thing of a unit that changes.
        main = unit.alias("main")
        source, columns = source.outerjoin(main, main.c.id == unit.c.main_unit_id), [main.c.number]
    else:
        columns = [table.c[name] for name in names]
    rows = conn.execute(select(its_key, *columns).select_from(source).where(among(conn, its_key, keys)))
    return {key: {name: shown(name, value) for name, value in zip(names, values, strict=True)} for key, *values in rows}


_DERIVED = select(tenancy.c.key, tenancy.c.bs_customer, tenancy.c.customer_key).where(
    or_(tenancy.c.bs_customer.is_not(None), tenancy.c.customer_key.is_not(None))
)
