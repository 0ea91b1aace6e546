"""How old a debt is: open lines by the days since they fell due, and credit beside them (R21).

``not_due`` is all that can still be paid in time. What is overdue is counted from its due date, not from the last
timely day: one that moved over a weekend is not overdue on Monday, and three days old on Tuesday. So

    overdue = what is under 30, from 30 to 60 and over 60 days old, less credit; never below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple, TypeAlias

from hub.calendar import is_overdue

_DAY = timedelta(days=1)
#: 30 and 60 belong to the band between them.
_MIDDLE_FIRST_DAYS, _MIDDLE_LAST_DAYS = 30, 60


#: Five times øre: open and not due, under 30 days, 30 to 60, over 60; and what had been paid too much of other lines.
Open: TypeAlias = Sequence[int]
NOT_DUE, UNDER_30, FROM_30_TO_60, OVER_60, TOO_MUCH = range(5)


class Ageing(NamedTuple):
    """Øre by age; the five sum to the balance. ``credit`` is zero or less, the others zero or more."""

    not_due: int = 0
    under_30: int = 0
    from_30_to_60: int = 0
    over_60: int = 0
    credit: int = 0

    @property
    def balance(self) -> int:
        return sum(self)

    @property
    def overdue(self) -> int:
        """What is past its last timely day, less credit (R21)."""
        return max(0, self.under_30 + self.from_30_to_60 + self.over_60 + self.credit)

    def plus(self, other: Ageing) -> Ageing:
        return Ageing(*map(sum, zip(self, other, strict=True)))


#: Half the time of calling the class.
_new_ageing = partial(tuple.__new__, Ageing)


class Edges(NamedTuple):
    """The due dates at which a day's bands begin: a due date on an edge or after it, and before the next, is in."""

    #: The earliest due date that can still be paid in time.
    not_due: date
    under_30: date
    from_30_to_60: date

    def place(self, due: date) -> int:
        """In Open, of what is open and due then."""
        if due >= self.not_due:
            return NOT_DUE
        if due >= self.under_30:
            return UNDER_30
        return FROM_30_TO_60 if due >= self.from_30_to_60 else OVER_60


def edges(as_of: date, business: bool) -> Edges:
    """Of ``as_of``, for a business tenant or a home."""
    in_time = as_of
    while not is_overdue(in_time - _DAY, as_of, business):
        in_time -= _DAY
    return Edges(
        in_time,
        as_of - timedelta(days=_MIDDLE_FIRST_DAYS - 1),
        as_of - timedelta(days=_MIDDLE_LAST_DAYS),
    )


def aged(open_lines: Iterable[tuple[date, int]], balance: int, as_of: date, business: bool) -> Ageing:
    """Open lines as (due date, øre left) against the balance of the same day."""
    at = edges(as_of, business)
    open_ = [0, 0, 0, 0, 0]
    for due, left in open_lines:
        open_[at.place(due)] += left
    return balanced(open_, balance)


def paid_from(credit: int, oldest_first: Iterable[int]) -> Iterator[int]:
    """What is left of each open amount when ``credit`` øre have paid the oldest first.

    On a day in the past, or while a charge-back is still to come, a line may have been paid twice: by a payment that
    gave it up only later, and by the one that then took its place. Both counted on that day, and no line can take more
    than it demands. So what was too much stands for the other lines that were open, as credit without a purpose does.
    """
    for left in oldest_first:
        paid = min(credit, left)
        credit -= paid
        yield left - paid


def balanced(open_: Open, balance: int) -> Ageing:
    """The four bands with what makes them the balance: credit, which is money that has paid none of these lines.

    What had been paid too much of other lines pays these, see :func:`paid_from`.

    On a day in the past the balance may be more than its open lines: money that counted by then had paid lines which it
    was set free from only later. No line says when such a debt was due, so it is not due: a demand made early is void.
    """
    not_due, under_30, from_30_to_60, over_60, too_much = open_
    if too_much:
        over_60, from_30_to_60, under_30, not_due = paid_from(too_much, (over_60, from_30_to_60, under_30, not_due))
    rest = balance - (not_due + under_30 + from_30_to_60 + over_60)
    if rest > 0:
        return _new_ageing((not_due + rest, under_30, from_30_to_60, over_60, 0))
    return _new_ageing((not_due, under_30, from_30_to_60, over_60, rest))
