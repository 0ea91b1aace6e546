"""What counted on a day, as the books stood at a moment: told backwards from what they say now.

An entry counts by its value date and by when it was recorded. An allocation counts when both the act that made it and
the money that it uses do: a charge of today may have used up the credit of a payment that is effective next week (R10).

Cached amounts say what is so now. So what was so then is computed from what has come since, and the work grows with
that alone, not with the years before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
)

from hub.store.positions import NOTHING
from hub.store.tables import UtcDateTime, allocation, batch, charge, charge_line, entry, posting, tenancy
from hub.store.views.scope import Scope

#: What is told of a charge line.
_LINE = (
    charge_line.c.id.label("line_id"),
    charge_line.c.tenancy_id,
    charge_line.c.charge_id,
    charge_line.c.due_date,
    charge_line.c.holding,
    charge_line.c.amount.label("demanded"),
)


class AsOf(NamedTuple):
    """Up to and including ``day``, as the books stood at ``recorded``; None = as they stand now."""

    day: date
    recorded: datetime | None = None

    def counts(self, of: FromClause = entry) -> ColumnElement[bool]:
        """Of ``entry``, or an alias of it."""
        return and_(of.c.value_date <= self.day, self.is_recorded(of))

    def counts_line(self) -> ColumnElement[bool]:
        """Of ``charge_line``; its entry is looked for only to know when it was recorded."""
        timely = charge_line.c.value_date <= self.day
        if self.recorded is None:
            return timely
        of_it = exists().where(charge.c.id == charge_line.c.charge_id, entry.c.id == charge.c.entry_id)
        return and_(timely, of_it.where(self.is_recorded(entry)).correlate(charge_line))

    def is_recorded(self, of: FromClause = entry) -> ColumnElement[bool]:
        if self.recorded is None:
            return true()
        its = batch.alias("its_batch")
        return exists().where(its.c.id == of.c.batch_id, its.c.recorded_at <= self.recorded).correlate(of)


#: In the place of a day and a moment, where a statement is made for all of them.
_DAY: Any = bindparam("as_of_day", type_=Date)
_RECORDED: Any = bindparam("as_of_recorded", type_=UtcDateTime)


class Prepared:
    """A statement that is made once: SQLAlchemy takes longer to make one than the database to answer it.

    ``make`` is given an :class:`AsOf` of parameters. Whatever else differs from question to question is a parameter
    too, and is told by name.
    """

    def __init__(self, make: Callable[[AsOf], Select[Any]]) -> None:
        self._make = make
        self._made: dict[bool, Select[Any]] = {}

    def __call__(self, conn: Connection, as_of: AsOf, **values: object) -> Sequence[Any]:
        at_a_moment = as_of.recorded is not None
        if at_a_moment not in self._made:
            self._made[at_a_moment] = self._make(AsOf(_DAY, _RECORDED if at_a_moment else None))
        said = {_DAY.key: as_of.day, **values}
        if at_a_moment:
            said[_RECORDED.key] = as_of.recorded
        return conn.execute(self._made[at_a_moment], said).all()


def changed_since(account_id: Column[int], as_of: AsOf) -> ColumnElement[int | None]:
    """Øre by which the balance of an account has changed since; NULL where nothing has come."""
    total = _postings_since(as_of).add_columns(func.sum(posting.c.amount)).where(posting.c.account_id == account_id)
    return cast(total.correlate(account_id.table).scalar_subquery(), BigInteger)


def anything_since(account_id: Column[int], as_of: AsOf) -> ColumnElement[bool]:
    """Whether :func:`changed_since` is not NULL; far sooner known."""
    since = _postings_since(as_of).add_columns(posting.c.entry_id).where(posting.c.account_id == account_id)
    return since.correlate(account_id.table).exists()


def coming_on(account_id: Column[int], as_of: AsOf) -> ColumnElement[int]:
    """Øre of that which was recorded already at that moment, and counts only after that day (R10)."""
    query = select(func.sum(posting.c.amount)).where(posting.c.value_date > as_of.day)
    if as_of.recorded is not None:
        query = query.join(entry, entry.c.id == posting.c.entry_id).where(as_of.is_recorded())
    total = query.where(posting.c.account_id == account_id).correlate(account_id.table).scalar_subquery()
    return cast(func.coalesce(total, 0), BigInteger)


def lines_on(scope: Scope, as_of: AsOf, changed: ColumnElement[bool] | None) -> Subquery:
    """Charge lines that were not just paid: line_id, tenancy_id, charge_id, due_date, holding, remaining.

    Of the lines that counted by then: what is left of them now, and what has been paid of them since, but never more
    than they demand. Below zero is what had been paid too much of one: by a payment that gave it up only later, and by
    the one that took its place.

    ``changed`` is a condition on ``tenancy``: whose balances anything has come on since. None = nobody's.
    """
    if changed is None:
        # What is left of them now is what was left then: nothing to add up, line by line.
        return _open_now(scope, as_of).subquery("lines")
    parts = union_all(_open_now(scope, as_of), *_paid_since(scope, as_of, changed)).subquery("parts")
    its = (parts.c.line_id, parts.c.tenancy_id, parts.c.charge_id, parts.c.due_date, parts.c.holding)
    left = cast(func.sum(parts.c.remaining), BigInteger)
    remaining = case((left > parts.c.demanded, parts.c.demanded), else_=left)
    query = select(*its, remaining.label("remaining")).group_by(*its, parts.c.demanded)
    return query.having(left != NOTHING).subquery("lines")


def _open_now(scope: Scope, as_of: AsOf) -> Select[Any]:
    return (
        select(*_LINE, charge_line.c.remaining)
        .join_from(scope.tenancies, charge_line, charge_line.c.tenancy_id == tenancy.c.id)
        .where(scope.condition, charge_line.c.remaining > NOTHING, as_of.counts_line())
    )


def _paid_since(scope: Scope, as_of: AsOf, changed: ColumnElement[bool]) -> tuple[Select[Any], Select[Any]]:
    """By an act that has come since; and with money that has, by an act that counted by then."""
    postings = scope.tenancies.join(posting, posting.c.account_id == tenancy.c.account_id)
    later = _postings_since(as_of, postings).add_columns(*_LINE, allocation.c.amount.label("remaining")).where(changed)
    act = entry.alias("act")
    by_acts = later.join(allocation, allocation.c.entry_id == posting.c.entry_id)
    of_money = (
        later.join(allocation, allocation.c.payment_id == posting.c.entry_id)
        .join(act, act.c.id == allocation.c.entry_id)
        .where(posting.c.amount < NOTHING, allocation.c.payment_id != allocation.c.entry_id, as_of.counts(act))
    )
    return _of_counted_lines(by_acts, as_of), _of_counted_lines(of_money, as_of)


def _of_counted_lines(allocations: Select[Any], as_of: AsOf) -> Select[Any]:
    return allocations.join(charge_line, charge_line.c.id == allocation.c.line_id).where(as_of.counts_line())


def _postings_since(as_of: AsOf, of: FromClause = posting) -> Select[Any]:
    """A query without columns yet."""
    query = select().select_from(of)
    if as_of.recorded is None:
        return query.where(posting.c.value_date > as_of.day)
    since = entry.alias("since")
    return query.join(since, since.c.id == posting.c.entry_id).where(
        or_(posting.c.value_date > as_of.day, ~as_of.is_recorded(since))
    )
