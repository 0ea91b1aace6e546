"""What counted on a day, as the books stood at a moment: told backwards from what they say now.

An entry counts by its value date and by when it was recorded. An allocation counts when both the act that made it and
the money that it uses do: a charge of today may have used up the credit of a payment that is effective next week (R10).

Cached amounts say what is so now. So what was so then is computed from what has come since, and the work grows with
that alone, not with the years before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

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
    union,
    union_all,
)

from hub.store.positions import NOTHING
from hub.store.tables import UtcDateTime, allocation, batch, charge, charge_line, entry, posting, tenancy

#: Given a column with the ids of tenancies, the condition that it is one of those asked about.
Whose: TypeAlias = Callable[[Column[int]], ColumnElement[bool]]
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


def has_changed(as_of: AsOf) -> ColumnElement[bool]:
    """Of ``tenancy``, as the books stand now: whether of any of its lines another amount may have been left."""
    return exists().where(charge_line.c.tenancy_id == tenancy.c.id, as_of.counts_line(), _is_changed(as_of))


def lines_on(whose: Whose, as_of: AsOf, *, changed: bool = True) -> Subquery:
    """Charge lines that were not just paid: line_id, tenancy_id, charge_id, due_date, holding, remaining.

    Of the lines that counted by then: what is left of them now, and what has been paid of them since, but never more
    than they demand. Below zero is what had been paid too much of one: by a payment that gave it up only later, and by
    the one that took its place.

    None of these tenancies has had anything since where not ``changed``.
    """
    still = select(*_LINE, charge_line.c.remaining).where(
        whose(charge_line.c.tenancy_id), charge_line.c.remaining > NOTHING, as_of.counts_line()
    )
    if not changed:
        # What is left of them now is what was left then: nothing to add up, line by line.
        return still.subquery("lines")
    still = still.where(charge_line.c.remaining_since <= as_of.day)
    if as_of.recorded is not None:
        still = still.where(~_is_allocated_since(as_of))
    return union_all(still, _lines_changed(whose, as_of)).subquery("lines")


def _lines_changed(whose: Whose, as_of: AsOf) -> Select[Any]:
    """Of the lines of which another amount may have been left."""
    act, money = entry.alias("act"), entry.alias("money")
    counted = and_(as_of.counts(act), as_of.counts(money))
    paid_since = func.sum(case((counted, NOTHING), else_=allocation.c.amount))
    left = cast(charge_line.c.remaining + paid_since, BigInteger)
    remaining = case((left > charge_line.c.amount, charge_line.c.amount), else_=left)
    changed = and_(whose(charge_line.c.tenancy_id), _is_changed(as_of))
    if as_of.recorded is not None:
        ids = union(select(charge_line.c.id).where(changed), _allocated_since(whose, as_of))
        changed = charge_line.c.id.in_(ids)
    return (
        select(*_LINE, remaining)
        .join(allocation, allocation.c.line_id == charge_line.c.id)
        .join(act, act.c.id == allocation.c.entry_id)
        .join(money, money.c.id == allocation.c.payment_id)
        .where(changed, as_of.counts_line())
        .group_by(*_LINE, charge_line.c.remaining)
        .having(left != NOTHING)
    )


def _is_changed(as_of: AsOf) -> ColumnElement[bool]:
    """By value: something that counts only later was allocated to the line, or taken back."""
    # Of a line that counts, the second follows from the first: it is what the index of these lines asks for.
    since = charge_line.c.remaining_since
    return and_(since > as_of.day, since > charge_line.c.value_date)


def _allocated_since(whose: Whose, as_of: AsOf) -> Select[Any]:
    """Ids of lines to which acts were allocated that had not been recorded then."""
    act = entry.alias("later_act")
    return (
        select(allocation.c.line_id)
        .select_from(tenancy.join(posting, posting.c.account_id == tenancy.c.account_id))
        .join(act, act.c.id == posting.c.entry_id)
        .join(allocation, allocation.c.entry_id == act.c.id)
        .where(whose(tenancy.c.id), ~as_of.is_recorded(act))
    )


def _is_allocated_since(as_of: AsOf) -> ColumnElement[bool]:
    """Of ``charge_line``: whether it is one of :func:`_allocated_since`.

    For the few that are open: PostgreSQL hashes a list to look them up in only while that is short; a long one it would
    read for each of them.
    """
    act = entry.alias("later_act")
    query = exists().where(allocation.c.line_id == charge_line.c.id, act.c.id == allocation.c.entry_id)
    return query.where(~as_of.is_recorded(act)).correlate(charge_line)


def _postings_since(as_of: AsOf) -> Select[Any]:
    """A query without columns yet."""
    query = select().select_from(posting)
    if as_of.recorded is None:
        return query.where(posting.c.value_date > as_of.day)
    since = entry.alias("since")
    return query.join(since, since.c.id == posting.c.entry_id).where(
        or_(posting.c.value_date > as_of.day, ~as_of.is_recorded(since))
    )
