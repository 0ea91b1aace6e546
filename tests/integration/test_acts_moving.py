"""Money booked in the wrong place: from a tenancy to suspense, on to another; and money that went out for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.acts.charges import LineAsked
from hub.acts.holdings import OverdrawnError
from hub.acts.moving import MatchRefusedError
from hub.acts.reversals import ReversalRefusedError, Why
from hub.acts.suspense import unmatch
from hub.ledger import kinds
from hub.store.database import Database
from hub.store.match_rules import rules
from hub.store.tables import entry, reversal, suspense
from hub.store.views import unmatched
from tests.desk import paid, result, taken_back
from tests.hand import FIRST, OTHER, SECOND, Hand, Position

_CLEARING = "clearing:nets_bs:02345678:00001"
_DAY = date(2026, 11, 2)
_NOTHING = Position(0, {}, 0, {})


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _waiting(hand: Hand) -> list[tuple[int, int]]:
    """(payment, øre) of all that is in suspense."""
    with hand.db.read() as conn:
        return [(one.payment, one.amount) for one in unmatched(conn)]


def _paid_first(hand: Hand) -> int:
    """A vendor's payment of 150.00 on the first tenancy: all of A, half of B."""
    hand.charge(FIRST, "A", "2026-09-01", 100_00)
    hand.charge(FIRST, "B", "2026-10-01", 100_00)
    hand.desk.book(paid("101", 150_00))
    return hand.last_entry(kinds.PAYMENT)


class TestToSuspense:
    def test_it_reopens_exactly_what_it_had_paid_and_waits(self, hand: Hand) -> None:
        payment = _paid_first(hand)
        hand.pay(FIRST, 20_00)
        said = hand.unmatch(payment)

        assert hand.position(FIRST) == Position(180_00, {"A": 100_00, "B": 80_00}, 0, {})
        assert _waiting(hand) == [(said["payment"], 150_00)]
        assert (hand.of_account("suspense"), hand.of_account(_CLEARING)) == (-150_00, 150_00)
        why = select(reversal.c.reason).where(reversal.c.entry_id == said["entry"])
        assert hand.desk.one(why) == "wrong_tenancy"
        with hand.db.read() as conn:
            (one,) = unmatched(conn)
        assert (one.reason, one.vendor, one.value_date) == (
            f"taken from {FIRST}: wrong_tenancy",
            "bs",
            date(2026, 11, 2),
        )

    @pytest.mark.parametrize("by", ["payment", "what waits"])
    def test_then_it_is_the_right_tenancys_from_the_day_that_it_was_paid(self, hand: Hand, by: str) -> None:
        payment = _paid_first(hand)
        waiting = hand.unmatch(payment)["payment"]
        hand.charge(SECOND, "C", "2026-11-01", 100_00)
        said = hand.match(payment if by == "payment" else waiting, SECOND)

        assert (said["date"], said["payment"]) == ("2026-11-02", waiting)
        assert hand.position(SECOND) == Position(-50_00, {}, 50_00, {})
        assert _waiting(hand) == []

    def test_matched_to_the_same_again_all_is_as_it_was(self, hand: Hand) -> None:
        payment = _paid_first(hand)
        before = hand.position(FIRST)
        hand.unmatch(payment)
        hand.match(payment, FIRST)

        assert hand.position(FIRST) == before

    def test_back_and_forth_it_is_found_by_its_first_number(self, hand: Hand) -> None:
        payment = _paid_first(hand)
        for tenancy in (SECOND, FIRST, SECOND):
            hand.unmatch(payment)
            hand.match(payment, tenancy)
        hand.unmatch(payment)

        assert hand.position(SECOND) == _NOTHING
        assert [ore for _, ore in _waiting(hand)] == [150_00]
        with pytest.raises(MatchRefusedError, match="is in suspense: no tenancy has its money"):
            hand.unmatch(payment)

    def test_a_charge_back_finds_it_where_it_is(self, hand: Hand) -> None:
        payment = _paid_first(hand)
        hand.unmatch(payment)
        hand.desk.book(taken_back("101", 150_00))
        assert (_waiting(hand), hand.of_account("suspense")) == ([], 0)
        assert hand.position(FIRST).balance == 200_00

        again = hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        assert _waiting(hand) == [(again, 150_00)]
        hand.match(payment, SECOND)
        assert hand.position(SECOND).credit == 150_00

    def test_a_charge_back_takes_it_from_whom_it_was_given_to(self, hand: Hand) -> None:
        payment = _paid_first(hand)
        hand.unmatch(payment)
        hand.match(payment, SECOND)
        hand.desk.book(taken_back("101", 150_00))

        assert (hand.position(SECOND), hand.position(FIRST).balance) == (_NOTHING, 200_00)

    def test_what_a_rule_had_booked_tells_its_number_and_the_rule_is_used_no_more(self, hand: Hand) -> None:
        hand.desk.book(paid("777", 1_00))
        hand.match(hand.last_entry(kinds.PAYMENT), FIRST, remember=True)
        hand.desk.book(paid("777", 30_00, trace="x"))
        by_rule = hand.last_entry(kinds.PAYMENT)
        hand.unmatch(by_rule)
        hand.desk.book(paid("777", 5_00, trace="y"))
        hand.match(by_rule, SECOND, remember=True)
        hand.desk.book(paid("777", 7_00, trace="z"))

        assert (hand.position(FIRST).credit, hand.position(SECOND).credit) == (1_00, 37_00)
        with hand.db.read() as conn:
            assert [(one.customer, one.tenancy, one.forgotten_at is None) for one in rules(conn)] == [
                ("777", FIRST, False),
                ("777", SECOND, True),
            ]

    def test_a_payment_by_hand_and_the_money_of_a_reversed_charge_back_too(self, hand: Hand) -> None:
        by_hand = hand.pay(FIRST, 20_00)
        hand.desk.book(paid("101", 150_00))
        payment = hand.last_entry(kinds.PAYMENT)
        hand.desk.book(taken_back("101", 150_00))
        hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        hand.unmatch(by_hand)
        hand.unmatch(payment)

        assert hand.position(FIRST) == _NOTHING
        assert sorted(ore for _, ore in _waiting(hand)) == [20_00, 150_00]
        assert hand.of_account("bank") == 20_00

    def test_its_small_difference_is_owed_again(self, database: Database, tmp_path: Path) -> None:
        hand = Hand(database, tmp_path, small_difference="0.50")
        hand.charge(FIRST, "A", "2026-11-01", 100_00)
        hand.unmatch(hand.pay(FIRST, 99_75))

        assert hand.position(FIRST) == Position(100_00, {"A": 100_00}, 0, {})
        assert hand.of_account("differences") == 0
        hand.proved()

    def test_who_did_it_and_why_is_kept(self, hand: Hand) -> None:
        payment = _paid_first(hand)
        why = Why("other", "lejer ringede")
        said = hand.do("unmatch", lambda acting: unmatch(acting, payment, why)).result

        kept = select(reversal.c.reason, reversal.c.note).where(reversal.c.entry_id == said["entry"])
        assert hand.desk.all(kept) == [("other", "lejer ringede")]
        assert hand.desk.all(select(suspense.c.reason)) == [(f"taken from {FIRST}: other, lejer ringede",)]

    def test_what_cannot_be_writes_nothing(self, hand: Hand) -> None:
        charged = hand.charge(FIRST, "IN", "2026-11-01", LineAsked("20", 100_00))["entry"]
        deposit = hand.pay(FIRST, 100_00)
        hand.pay_out(FIRST, 60_00, holding="deposit")
        held = hand.pay(SECOND, 5_00, holding="deposit")
        reversed_ = hand.pay(SECOND, 1_00)
        back = hand.reverse(reversed_)
        before = hand.everything()
        for id_, error, message in (
            (charged, MatchRefusedError, f"is a charge: no payment .*: hub reverse {charged}"),
            (held, MatchRefusedError, f"is a payment: no payment that a tenancy's balance has.*hub reverse {held}"),
            (reversed_, ReversalRefusedError, "has been taken back by reversal .*book it anew"),
            (back, ReversalRefusedError, "a reversal is final"),
            (deposit, OverdrawnError, r"would be left with -60\.00"),
            (99_999, MatchRefusedError, "there is no entry 99999"),
        ):
            with pytest.raises(error, match=message):
                hand.unmatch(id_)
        assert hand.everything() == before


class TestFromSuspense:
    """Money that went out for a customer whom nobody knew."""

    def test_a_charge_back_is_a_debit_where_it_means_no_payment(self, hand: Hand) -> None:
        hand.desk.book(taken_back("778", 50_00))
        said = hand.match(hand.last_entry(kinds.CHARGEBACK), FIRST)

        assert (said["amount"], said["takes_back"]) == ("-50.00", None)
        assert hand.position(FIRST).balance == 50_00
        assert (_waiting(hand), hand.of_account("suspense"), hand.of_account(_CLEARING)) == ([], 0, -50_00)
        assert hand.desk.one(select(entry.c.kind).where(entry.c.id == said["entry"])) == kinds.CHARGEBACK

    def test_it_takes_back_the_only_payment_that_it_can_mean(self, hand: Hand) -> None:
        payment = _paid_first(hand)
        hand.desk.book(taken_back("778", 150_00))
        said = hand.match(hand.last_entry(kinds.CHARGEBACK), FIRST)

        assert said["takes_back"] == payment
        assert hand.position(FIRST) == Position(200_00, {"A": 100_00, "B": 100_00}, 0, {})
        with pytest.raises(ReversalRefusedError, match=f"taken back by chargeback .*: hub reverse {said['entry']}"):
            hand.reverse(payment)

    def test_of_two_it_takes_the_one_that_is_named(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-09-01", 100_00)
        hand.charge(FIRST, "B", "2026-10-01", 100_00)
        hand.desk.book(paid("101", 100_00, "A"), paid("101", 100_00, "B", line=4))
        named = int(hand.desk.one(select(entry.c.id).where(entry.c.record == 4)))
        hand.desk.book(taken_back("778", 100_00))
        hand.match(hand.last_entry(kinds.CHARGEBACK), FIRST, takes_back=named)

        assert hand.position(FIRST).open == {"B": 100_00}

    def test_a_payout_is_a_payout(self, hand: Hand) -> None:
        hand.pay(FIRST, 80_00)
        hand.desk.book(paid("778", -50_00))
        out = hand.last_entry(kinds.PAYOUT)
        with pytest.raises(MatchRefusedError, match="is a payout: it takes no payment back"):
            hand.match(out, FIRST, takes_back=hand.last_entry(kinds.PAYMENT))
        said = hand.match(out, FIRST)

        assert hand.position(FIRST) == Position(-30_00, {}, 30_00, {})
        assert hand.desk.one(select(entry.c.kind).where(entry.c.id == said["entry"])) == kinds.PAYOUT

    def test_given_to_the_wrong_one_it_waits_again(self, hand: Hand) -> None:
        payment = _paid_first(hand)
        before = hand.position(FIRST)
        hand.desk.book(taken_back("778", 150_00))
        out = hand.last_entry(kinds.CHARGEBACK)
        hand.match(out, FIRST)
        hand.unmatch(out)
        assert (hand.position(FIRST), [ore for _, ore in _waiting(hand)]) == (before, [-150_00])
        hand.match(out, SECOND)

        assert hand.position(SECOND).balance == 150_00
        hand.reverse(payment)
        assert hand.position(FIRST).balance == 200_00

    def test_it_stays_the_one_that_came_before_its_payment(self, hand: Hand) -> None:
        """R9: a second charge-back of the payment that came after it is none."""
        hand.desk.book(taken_back("778", 50_00))
        hand.match(hand.last_entry(kinds.CHARGEBACK), FIRST)
        hand.desk.book(paid("778", 50_00))
        hand.desk.book(taken_back("778", 50_00, on=date(2026, 11, 12)))

        assert [ore for _, ore in _waiting(hand)] == [50_00]
        assert hand.position(FIRST).balance == 50_00

    def test_not_of_another_company(self, hand: Hand) -> None:
        hand.desk.book(taken_back("778", 50_00))
        with pytest.raises(MatchRefusedError, match=r"is company 1's and 2-1-1-1 another's.*\(R7\)"):
            hand.match(hand.last_entry(kinds.CHARGEBACK), OTHER)


class TestUndoneWithItsFile:
    @pytest.mark.parametrize("matched", [False, True])
    def test_money_that_was_moved_goes_from_where_it_is(self, hand: Hand, matched: bool) -> None:
        payment = _paid_first(hand)
        hand.unmatch(payment)
        if matched:
            hand.match(payment, SECOND)
        hand.reverse_file(1)

        assert (hand.position(FIRST).balance, hand.position(SECOND), _waiting(hand)) == (200_00, _NOTHING, [])
        assert hand.of_account(_CLEARING) == 0

    def test_money_whose_charge_back_was_reversed(self, hand: Hand) -> None:
        _paid_first(hand)
        hand.desk.book(taken_back("101", 150_00))
        back = hand.last_entry(kinds.CHARGEBACK)
        with pytest.raises(ReversalRefusedError, match=f"where the charge-back was wrong: hub reverse {back}"):
            hand.reverse_file(1)
        hand.reverse(back)
        hand.reverse_file(1)

        assert hand.position(FIRST) == Position(200_00, {"A": 100_00, "B": 100_00}, 0, {})
        assert hand.of_account(_CLEARING) == 0

    def test_a_charge_back_that_was_matched_to_its_payment_in_the_same_file(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 150_00), taken_back("778", 150_00), result("2", 5_00, line=12))
        hand.match(hand.last_entry(kinds.CHARGEBACK), FIRST)
        assert hand.reverse_file(1)["entries"] == 1

        assert (hand.position(FIRST), hand.position(SECOND), hand.of_account(_CLEARING)) == (_NOTHING, _NOTHING, 0)
