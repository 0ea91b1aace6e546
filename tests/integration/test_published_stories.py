"""Stories that other programs publish with their figures: ours are the same, day by day and figure by figure."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.acts.charges import LineAsked
from hub.store import views
from hub.store.database import Database
from tests.hand import FIRST, SECOND, Hand, Position

_SAMPLES = Path(__file__).resolve().parents[3] / "shared/samples/ledger"
_TENANCIES = {"a": FIRST, "b": SECOND}
pytestmark = pytest.mark.skipif(not _SAMPLES.is_dir(), reason="the samples are not beside this checkout")


def published(name: str) -> Any:
    return json.loads((_SAMPLES / name).read_text(encoding="utf-8"))


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Hand:
    return Hand(database, tmp_path)


def running(hand: Hand, tenancy: str) -> list[tuple[str, int, int]]:
    """(day, whole units moved, balance after), as the tenant is shown them."""
    with hand.db.read() as conn:
        shown = views.movements(conn, tenancy)
    return [(one.value_date.isoformat(), one.amount // 100, one.balance // 100) for one in shown]


def on(hand: Hand, tenancy: str, day: str) -> int:
    with hand.db.read() as conn:
        return views.balance(conn, tenancy, date.fromisoformat(day)).balance // 100


class TestBalancesOfADay:
    """Case 1 of the published assertions: every posting with the balance of its account after it."""

    @pytest.fixture
    def stated(self) -> list[tuple[str, str, int, int]]:
        (case,) = [one for one in published("07_balance_assertions.json")["hledger"] if one["case"] == 1]
        return [(day, _TENANCIES[name], amount, after) for day, name, amount, after in case["postings"]]

    def book(self, hand: Hand, postings: list[tuple[str, str, int, int]]) -> None:
        for number, (day, tenancy, amount, _) in enumerate(postings):
            if amount > 0:
                hand.charge(tenancy, f"R{number}", day, amount * 100)
            else:
                hand.pay(tenancy, -amount * 100, day=date.fromisoformat(day))

    def of(self, tenancy: str, stated: list[tuple[str, str, int, int]]) -> list[tuple[str, int, int]]:
        return [(day, amount, after) for day, whose, amount, after in stated if whose == tenancy]

    def test_every_balance_is_the_stated_one_after_its_movement_and_on_its_day(
        self, hand: Hand, stated: list[tuple[str, str, int, int]]
    ) -> None:
        self.book(hand, stated)
        for tenancy in _TENANCIES.values():
            told = self.of(tenancy, stated)
            assert running(hand, tenancy) == told
            for day, after in {day: after for day, _, after in told}.items():
                assert on(hand, tenancy, day) == after
            assert on(hand, tenancy, "2012-12-31") == 0
        hand.proved()

    def test_days_decide_though_they_were_booked_in_another_order(
        self, hand: Hand, stated: list[tuple[str, str, int, int]]
    ) -> None:
        # Case 2: the days backwards, each as it was.
        self.book(hand, sorted(stated, key=lambda one: one[0], reverse=True))
        for tenancy in _TENANCIES.values():
            assert running(hand, tenancy) == self.of(tenancy, stated)
        hand.proved()

    def test_within_a_day_the_order_of_booking_decides(
        self, hand: Hand, stated: list[tuple[str, str, int, int]]
    ) -> None:
        # Case 3: the last two of one day the other way round. The day ends alike, between them it stands otherwise.
        self.book(hand, [*stated[:-2], stated[-1], stated[-2]])
        last_day = stated[-1][0]
        assert running(hand, SECOND)[-2:] == [(last_day, 1, -1), (last_day, -1, -2)]
        assert on(hand, SECOND, last_day) == stated[-1][3]
        hand.proved()


class TestCorrections:
    """A charge stays as it was; each correction is an entry of its own that points at it."""

    @pytest.fixture
    def cases(self) -> dict[str, dict[str, Any]]:
        told = published("09_matching_and_adjustment_cases.json")["kill_bill_invoice_items"]["cases"]
        return {case["story"]: case for case in told}

    def test_more_from_the_middle_of_a_paid_month(self, hand: Hand, cases: dict[str, dict[str, Any]]) -> None:
        case = cases["upgrade half way through a paid month"]
        ((number, _, paid, begins, ends),) = case["before"]
        (new, _, charged, since, _), (repaired, _, back, _, _) = case["after"]
        assert repaired == number
        month, rest = (tuple(map(date.fromisoformat, span)) for span in ((begins, ends), (since, ends)))
        hand.charge(FIRST, number, begins, LineAsked("10", paid * 100, period=month))
        hand.pay(FIRST, paid * 100, day=month[0])
        hand.credit(FIRST, number, -back * 100, day=rest[0])
        hand.charge(FIRST, new, since, LineAsked("10", charged * 100, period=rest))

        due_now = case["due_now"] * 100
        assert hand.position(FIRST) == Position(due_now, {new: due_now}, 0, {})
        assert running(hand, FIRST)[0] == (begins, paid, paid)
        hand.proved()

    def test_what_is_paid_back_beyond_the_new_charge_is_credit(self, hand: Hand) -> None:
        # "repair larger than the new charge"
        hand.charge(FIRST, "1029", "2013-04-11", 20_00)
        hand.pay(FIRST, 20_00, day=date(2013, 4, 11))
        hand.credit(FIRST, "1029", 15_00, day=date(2013, 4, 26))
        hand.charge(FIRST, "1030", "2013-04-26", 5_00)
        assert hand.position(FIRST) == Position(-10_00, {}, 10_00, {})
        hand.proved()

    @pytest.mark.parametrize("story", ["one line written off, unpaid", "whole invoice written off, unpaid"])
    def test_what_is_written_off_before_it_is_paid_leaves_nothing(
        self, hand: Hand, cases: dict[str, dict[str, Any]], story: str
    ) -> None:
        (_, charged), (_, off) = cases[story]["items"]
        hand.charge(FIRST, "A", "2013-04-11", charged * 100)
        hand.credit(FIRST, "A", -off * 100, day=date(2013, 4, 12))
        assert hand.position(FIRST) == Position(cases[story]["balance"] * 100, {}, 0, {})
        hand.proved()

    def test_a_paid_charge_given_back_is_credit_until_it_is_paid_out(
        self, hand: Hand, cases: dict[str, dict[str, Any]]
    ) -> None:
        # "credit of 20 given", then "refund of a paid invoice". One balance: credit is the part below zero.
        given = cases["credit of 20 given"]["account_credit"] * 100
        hand.charge(FIRST, "A", "2013-04-11", given)
        hand.pay(FIRST, given, day=date(2013, 4, 11))
        hand.credit(FIRST, "A", day=date(2013, 4, 12))
        assert hand.position(FIRST) == Position(-given, {}, given, {})
        hand.pay_out(FIRST, given, day=date(2013, 4, 13))
        assert hand.position(FIRST) == Position(0, {}, 0, {})
        hand.proved()
