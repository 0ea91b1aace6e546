"""What counted on a day, as the books stood at a moment: told backwards from what they say now.

An entry counts by its value date and by when it was recorded. An allocation counts when both the act that made it and
the money that it uses do: a charge of today may have used up the credit of a payment that is effective next week (R10).

Cached amounts say what is so now. So what was so then is computed from what has come since, and the work grows with
that alone, not with the years before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    false,
    func,
    or_,
    select,
    true,
    type_coerce,
    union,
    union_all,
)

from hub.store.positions import NOTHING
from hub.store.tables import UtcDateTime, allocation, batch, charge, charge_line, entry, posting, tenancy

#: Given a column with the ids of tenancies, the condition that it is one of those asked about.
Whose: TypeAlias = Callable[[Column[int]], ColumnElement[bool]]
#: More than any id.
_ABOVE_ALL = 2**63 - 1
#: What is told of a charge line.
_LINE = (
    charge_line.c.id.label("line_id"),
    charge_line.c.tenancy_id,
    charge_line.c.charge_id,
    charge_line.c.due_date,
    charge_line.c.holding,
    charge_line.c.amount.label("demanded"),
)


class Moment(NamedTuple):
    """A moment, and which entries had been recorded by then.

    Ids are dealt in blocks, upwards: nearly all are below those of every later batch, or above those of every earlier
    one. Only of one between them the batch is looked for.
    """

    at: datetime
    #: Lowest id of an entry that was recorded later.
    first_later: int
    #: Highest id of one that had been recorded; 0 = none had.
    last_earlier: int

    @property
    def is_mixed(self) -> ColumnElement[bool]:
        """Whether there are any between them; of a query, asked once before all rows."""
        return type_coerce(self.first_later, BigInteger) <= self.last_earlier


class AsOf(NamedTuple):
    """Up to and including ``day``, as the books stood at ``recorded``; None = as they stand now."""

    day: date
    recorded: Moment | None = None

    def counts(self, of: FromClause = entry) -> ColumnElement[bool]:
        """Of ``entry``, or an alias of it."""
        return and_(of.c.value_date <= self.day, self.is_recorded(of.c.id))

    def counts_line(self) -> ColumnElement[bool]:
        """Of ``charge_line``; its charge is looked for only to know when it was recorded."""
        timely = charge_line.c.value_date <= self.day
        if self.recorded is None:
            return timely
        of_it = exists().where(charge.c.id == charge_line.c.charge_id, self.is_recorded(charge.c.entry_id))
        return and_(timely, of_it.correlate(charge_line))

    def is_recorded(self, entry_id: ColumnElement[int] = entry.c.id) -> ColumnElement[bool]:
        """Whether the entry with this id was."""
        if self.recorded is None:
            return true()
        return or_(
            entry_id < self.recorded.first_later,
            and_(entry_id <= self.recorded.last_earlier, _batch_recorded(entry_id, self.recorded)),
        )

    def is_recorded_later(self, entry_id: ColumnElement[int]) -> ColumnElement[bool]:
        """The opposite: an index of entries is read from the first of them."""
        if self.recorded is None:
            return false()
        return and_(
            entry_id >= self.recorded.first_later,
            or_(entry_id > self.recorded.last_earlier, ~_batch_recorded(entry_id, self.recorded)),
        )


def as_of_moment(conn: Connection, day: date, recorded: datetime | None) -> AsOf:
    """What counted on ``day``, as the books stood at ``recorded``; None = as they stand now."""
    if recorded is None:
        return AsOf(day)
    [(first_later, last_earlier)] = conn.execute(_AROUND, {_RECORDED.key: recorded})
    return AsOf(day, Moment(recorded, first_later or _ABOVE_ALL, last_earlier or 0))


def _batch_recorded(entry_id: ColumnElement[int], moment: Moment) -> ColumnElement[bool]:
    """Of the one batch, not of all that were recorded by then: PostgreSQL might gather those, to look it up in them."""
    its, of_it = batch.alias("its_batch"), entry.alias("of_it")
    at = select(its.c.recorded_at).join(of_it, of_it.c.batch_id == its.c.id).where(of_it.c.id == entry_id)
    return at.scalar_subquery() <= moment.at


#: In the place of a day and a moment, where a statement is made for all of them.
_DAY: Any = bindparam("as_of_day", type_=Date)
_RECORDED: Any = bindparam("as_of_recorded", type_=UtcDateTime)
_FIRST_LATER: Any = bindparam("as_of_first_later", type_=BigInteger)
_LAST_EARLIER: Any = bindparam("as_of_last_earlier", type_=BigInteger)
_MOMENT = Moment(_RECORDED, _FIRST_LATER, _LAST_EARLIER)
_AROUND = select(
    select(func.min(batch.c.entry_first)).where(batch.c.recorded_at > _RECORDED).scalar_subquery(),
    select(func.max(batch.c.entry_last)).where(batch.c.recorded_at <= _RECORDED).scalar_subquery(),
)


class Prepared:
    """A statement that is made once: SQLAlchemy takes longer to make one than the database to answer it.

    ``make`` is given an :class:`AsOf` of parameters. Whatever else differs from question to question is a parameter
    too, and is told by name.
    """

    def __init__(self, make: Callable[[AsOf], Select[Any]]) -> None:
        self._make = make
        self._made: dict[bool, Select[Any]] = {}

    def __call__(self, conn: Connection, as_of: AsOf, **values: object) -> Sequence[Any]:
        moment = as_of.recorded
        at_a_moment = moment is not None
        if at_a_moment not in self._made:
            self._made[at_a_moment] = self._make(AsOf(_DAY, _MOMENT if at_a_moment else None))
        said = {_DAY.key: as_of.day, **values}
        if moment is not None:
            said |= zip((_RECORDED.key, _FIRST_LATER.key, _LAST_EARLIER.key), moment, strict=True)
        return conn.execute(self._made[at_a_moment], said).all()


def changed_since(account_id: Column[int], as_of: AsOf) -> ColumnElement[int | None]:
    """Øre by which the balance of an account has changed since; NULL where nothing has come."""
    later = posting.c.value_date > as_of.day
    if as_of.recorded is None:
        total = select(func.sum(posting.c.amount)).where(later)
    else:
        # Any posting of the account may be one: all are read, from the index alone.
        since = or_(later, as_of.is_recorded_later(posting.c.entry_id))
        total = select(func.sum(posting.c.amount).filter(since))
    total = total.where(posting.c.account_id == account_id)
    return cast(total.correlate(account_id.table).scalar_subquery(), BigInteger)


def anything_after(account_id: Column[int], day: date) -> ColumnElement[bool]:
    """Whether :func:`changed_since` that day is not NULL, as the books stand now; far sooner known."""
    return exists().where(posting.c.account_id == account_id, posting.c.value_date > day).correlate(account_id.table)


def coming_on(account_id: Column[int], as_of: AsOf) -> ColumnElement[int]:
    """Øre of that which was recorded already at that moment, and counts only after that day (R10)."""
    query = select(func.sum(posting.c.amount)).where(posting.c.value_date > as_of.day)
    query = query.where(as_of.is_recorded(posting.c.entry_id))
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
    changed = and_(whose(charge_line.c.tenancy_id), _is_changed(as_of))
    if as_of.recorded is not None:
        ids = union(select(charge_line.c.id).where(changed), *_allocated_since(whose, as_of, as_of.recorded))
        changed = charge_line.c.id.in_(ids)
    # Of its own: SQLite would add up once for each time that the sum is named.
    summed = (
        select(*_LINE, cast(charge_line.c.remaining + paid_since, BigInteger).label("left"))
        .join(allocation, allocation.c.line_id == charge_line.c.id)
        .join(act, act.c.id == allocation.c.entry_id)
        .join(money, money.c.id == allocation.c.payment_id)
        .where(changed, as_of.counts_line())
        .group_by(*_LINE, charge_line.c.remaining)
        .subquery("summed")
    )
    *line, left = summed.c
    remaining = case((left > summed.c.demanded, summed.c.demanded), else_=left)
    return select(*line, remaining).where(left != NOTHING)


def _is_changed(as_of: AsOf) -> ColumnElement[bool]:
    """By value: something that counts only later was allocated to the line, or taken back."""
    # Of a line that counts, the second follows from the first: it is what the index of these lines asks for.
    since = charge_line.c.remaining_since
    return and_(since > as_of.day, since > charge_line.c.value_date)


def _allocated_since(whose: Whose, as_of: AsOf, moment: Moment) -> Iterator[Select[Any]]:
    """Ids of lines that counted, to which an act or money was allocated that had not been recorded then.

    Acts use money that is there: only between those ids an act had been recorded, and its money had not.
    """
    account_of = tenancy.join(posting, posting.c.account_id == tenancy.c.account_id)
    act_later = allocation.c.entry_id == posting.c.entry_id
    money_later = and_(
        allocation.c.payment_id == posting.c.entry_id,
        allocation.c.payment_id != allocation.c.entry_id,
        posting.c.entry_id <= moment.last_earlier,
        moment.is_mixed,
    )
    for allocated in (act_later, money_later):
        yield (
            select(charge_line.c.id)
            .select_from(account_of.join(allocation, allocated))
            .join(charge_line, charge_line.c.id == allocation.c.line_id)
            .where(whose(tenancy.c.id), as_of.is_recorded_later(posting.c.entry_id), as_of.counts_line())
        )


def _is_allocated_since(as_of: AsOf) -> ColumnElement[bool]:
    """Of ``charge_line``: whether it is one of :func:`_allocated_since`.

    For the few that are open: PostgreSQL hashes a list to look them up in only while that is short; a long one it would
    read for each of them.
    """
    either = or_(as_of.is_recorded_later(allocation.c.entry_id), as_of.is_recorded_later(allocation.c.payment_id))
    return exists().where(allocation.c.line_id == charge_line.c.id, either).correlate(charge_line)
