"""How old a debt is (R21): 30 and 60 belong to the band between, and what can still be paid in time is not due."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.calendar import is_overdue
from hub.ledger.ageing import Ageing, aged, balanced

#: A Friday; it is a plain weekday, as are the due dates below it unless they say otherwise.
AS_OF = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("due", "band"),
    [
        ("2026-12-01", "not_due"),
        ("2026-11-20", "not_due"),
        ("2026-11-19", "under_30"),
        ("2026-10-22", "under_30"),
        ("2026-10-21", "from_30_to_60"),
        ("2026-09-21", "from_30_to_60"),
        ("2026-09-20", "over_60"),
        ("2020-01-01", "over_60"),
    ],
)
def test_days_are_counted_from_the_due_date(due: str, band: str) -> None:
    found = aged([(date.fromisoformat(due), 100)], 100, AS_OF, business=False)
    assert found == Ageing()._replace(**{band: 100})


@pytest.mark.parametrize(
    ("as_of", "business", "band"),
    [
        ("2026-11-02", False, "not_due"),
        ("2026-11-03", False, "under_30"),
        ("2026-11-04", True, "not_due"),
        ("2026-11-05", True, "under_30"),
    ],
)
def test_a_due_date_on_a_sunday_is_timely_until_its_last_timely_day(as_of: str, business: bool, band: str) -> None:
    found = aged([(date(2026, 11, 1), 100)], 100, date.fromisoformat(as_of), business)
    assert found == Ageing()._replace(**{band: 100})


def test_credit_stands_beside_what_is_open() -> None:
    found = aged([(date(2026, 9, 1), 300)], 100, AS_OF, business=False)
    assert (found.over_60, found.credit, found.balance, found.overdue) == (300, -200, 100, 100)


def test_more_credit_than_debt_is_not_overdue() -> None:
    assert aged([(date(2026, 9, 1), 300)], -50, AS_OF, business=False).overdue == 0


def test_a_debt_that_no_line_explains_is_not_due() -> None:
    assert balanced((0, 0, 0, 100, 0), 250) == Ageing(150, 0, 0, 100, 0)


@pytest.mark.parametrize(
    ("too_much", "expected"),
    [
        (0, Ageing(1, 20, 300, 4000, 0)),
        (4000, Ageing(1, 20, 300, 0, 0)),
        (4310, Ageing(1, 10, 0, 0, 0)),
        (5000, Ageing(0, 0, 0, 0, -679)),
    ],
)
def test_what_was_too_much_of_a_line_pays_the_oldest_first(too_much: int, expected: Ageing) -> None:
    assert balanced((1, 20, 300, 4000, too_much), 4321 - too_much) == expected


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(
    lines=st.lists(st.tuples(st.integers(-40, 90), st.integers(1, 10**9)), max_size=8),
    credit=st.integers(0, 10**9),
    as_of=days,
    business=st.booleans(),
)
def test_the_five_sum_to_the_balance_and_overdue_is_by_the_calendar(
    lines: list[tuple[int, int]], credit: int, as_of: date, business: bool
) -> None:
    open_lines = [(as_of - timedelta(days=age), left) for age, left in lines]
    balance = sum(left for _, left in open_lines) - credit
    found = aged(open_lines, balance, as_of, business)
    late = sum(left for due, left in open_lines if is_overdue(due, as_of, business))
    assert found.balance == balance
    assert found.overdue == max(0, late - credit)
    assert found.credit == -credit
