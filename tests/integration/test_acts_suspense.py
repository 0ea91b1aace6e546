"""Money that was nobody's: given to a tenancy, taken away again, remembered, forgotten; and whole files undone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from hub.acts.files import FileNotReversedError
from hub.acts.reversals import ReversalRefusedError
from hub.acts.suspense import MatchRefusedError
from hub.errors import HubError
from hub.ledger import kinds
from hub.store.charges import NoChargeError
from hub.store.database import Database
from hub.store.match_rules import rules
from hub.store.tables import company, customer_number, entry, file, reading, suspense
from hub.store.verify import verify
from tests.desk import NOW, FileOf, failed, paid, ref, result, taken_back
from tests.hand import FIRST, OTHER, SECOND, Hand, Position


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _suspended(hand: Hand, amount: int = 100_00, customer: str = "777", **other: str) -> int:
    hand.desk.book(paid(customer, amount, **other))
    return hand.last_entry(kinds.PAYMENT)


def _left(hand: Hand, payment: int) -> object:
    return hand.desk.one(select(suspense.c.remaining).where(suspense.c.entry_id == payment))


class TestMatch:
    def test_it_pays_as_any_payment_from_the_day_that_it_was_paid(self, hand: Hand) -> None:
        hand.charge(FIRST, "OLD", "2026-09-01", 80_00)
        hand.charge(FIRST, "A", "2026-11-01", 80_00)
        payment = _suspended(hand, reference="A")
        said = hand.match(payment, FIRST)

        assert hand.position(FIRST) == Position(60_00, {"OLD": 60_00}, 0, {})
        assert (said["date"], said["amount"], said["tenancy"]) == ("2026-11-02", "100.00", FIRST)
        assert (_left(hand, payment), hand.of_account("suspense")) == (0, 0)

    def test_a_charge_that_is_named_is_paid_first(self, hand: Hand) -> None:
        hand.charge(FIRST, "OLD", "2026-09-01", 80_00)
        newer = hand.charge(FIRST, "A", "2026-11-01", 80_00)
        hand.match(_suspended(hand), FIRST, charge=f"#{newer['charge']}")

        assert hand.position(FIRST).open == {"OLD": 60_00}

    @pytest.mark.parametrize("by", ["match", "payment"])
    def test_unmatched_it_is_in_suspense_again(self, hand: Hand, by: str) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 80_00)
        payment = _suspended(hand)
        match = hand.match(payment, FIRST)["entry"]
        hand.unmatch(match if by == "match" else payment)

        assert hand.position(FIRST) == Position(80_00, {"A": 80_00}, 0, {})
        assert _left(hand, payment) == 100_00
        hand.match(payment, SECOND)
        assert hand.position(SECOND).credit == 100_00

    def test_it_stays_in_the_company_that_it_came_to(self, hand: Hand) -> None:
        """R7; whatever was written beside its posting."""
        payment = _suspended(hand)
        hand.match(payment, FIRST)
        other = select(company.c.id).where(company.c.number == "2").scalar_subquery()
        own = hand.desk.one(select(suspense.c.company_id))
        with hand.desk.db.write() as conn:
            conn.execute(update(suspense).values(company_id=other))
        with hand.desk.db.read() as conn:
            assert verify(conn).problems == [
                f"entry {payment}: suspense says that its money is company 2's, it is company 1's"
            ]
        hand.unmatch(payment)
        with pytest.raises(MatchRefusedError, match=r"is company 1's and 2-1-1-1 another's.*\(R7\)"):
            hand.match(payment, OTHER)
        assert hand.position(OTHER).credit == 0

        with hand.desk.db.write() as conn:
            conn.execute(update(suspense).values(company_id=own))

    def test_a_charge_back_takes_it_from_whom_it_was_given_to(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 80_00)
        hand.match(_suspended(hand), FIRST)
        hand.desk.book(taken_back("777", 100_00))

        assert hand.position(FIRST) == Position(80_00, {"A": 80_00}, 0, {})
        assert hand.of_account("suspense") == 0

    def test_a_charge_back_that_was_reversed_leaves_money_that_can_be_matched(self, hand: Hand) -> None:
        _suspended(hand)
        hand.desk.book(taken_back("777", 100_00))
        again = hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        assert hand.of_account("suspense") == -100_00
        hand.match(again, FIRST)

        assert (hand.position(FIRST).credit, hand.of_account("suspense")) == (100_00, 0)

    def test_of_a_closed_period_it_is_posted_on_the_first_open_day(self, hand: Hand) -> None:
        """R22"""
        payment = _suspended(hand)
        hand.companies["1"] = hand.companies["1"].model_copy(update={"books_closed_through": date(2026, 11, 30)})
        match = hand.match(payment, FIRST)["entry"]

        dates = hand.desk.all(select(entry.c.value_date, entry.c.posting_date).where(entry.c.id == match))
        assert dates == [(date(2026, 11, 2), date(2026, 12, 1))]

    def test_what_cannot_be_writes_nothing(self, hand: Hand) -> None:
        payment, out = _suspended(hand), 0
        hand.desk.book(taken_back("778", 5_00))
        out = hand.last_entry(kinds.CHARGEBACK)
        gone = _suspended(hand, 2_00, "780")
        hand.reverse(gone)
        matched = _suspended(hand, 1_00, "779")
        hand.match(matched, FIRST)
        own = hand.pay(FIRST, 1_00)
        before = hand.everything()
        for id_, tenancy, more, error, message in (
            (payment, OTHER, {}, MatchRefusedError, r"is company 1's and 2-1-1-1 another's.*\(R7\)"),
            (payment, "1-9-9-9", {}, HubError, "there is no tenancy 1-9-9-9"),
            (payment, FIRST, {"charge": "X"}, NoChargeError, "there is no charge 'X'"),
            (own, SECOND, {}, MatchRefusedError, f"is not in suspense. 1-1-1-1 has it. .*: hub unmatch {own}"),
            (gone, FIRST, {}, MatchRefusedError, "is in suspense no more. it was taken back by reversal"),
            (payment, FIRST, {"takes_back": own}, MatchRefusedError, "money that came in takes no payment back"),
            (matched, FIRST, {}, MatchRefusedError, f"it went with match .*: hub unmatch {matched}"),
            (out, FIRST, {"charge": "X"}, MatchRefusedError, "money that went out pays no charge"),
            (out, FIRST, {"takes_back": 99_999}, MatchRefusedError, "entry 99999 is no payment of 1-1-1-1"),
            (out, FIRST, {"takes_back": own}, MatchRefusedError, r"is of 1\.00, the charge-back of 5\.00"),
            (99_999, FIRST, {}, MatchRefusedError, "there is no payment 99999 in suspense"),
        ):
            with pytest.raises(error, match=message):
                hand.match(id_, tenancy, **more)
        with pytest.raises(MatchRefusedError, match=f"is in suspense: .* hub match {payment} TENANCY"):
            hand.unmatch(payment)
        with pytest.raises(ReversalRefusedError, match=f"first: hub unmatch {matched}"):
            hand.reverse(matched)
        assert hand.everything() == before

    def test_two_at_once_give_it_to_one(self, hand: Hand) -> None:
        payment = _suspended(hand)

        def give(tenancy: str) -> bool:
            try:
                hand.match(payment, tenancy)
            except MatchRefusedError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(give, (FIRST, SECOND))) == [False, True]
        assert sorted(hand.position(tenancy).credit for tenancy in (FIRST, SECOND)) == [0, 100_00]

    def test_matched_or_reversed_at_once_it_is_one_of_them(self, hand: Hand) -> None:
        payment = _suspended(hand)

        def do(match: bool) -> bool:
            try:
                hand.match(payment, FIRST) if match else hand.reverse(payment)
            except (MatchRefusedError, ReversalRefusedError):
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(do, (True, False))) == [False, True]
        assert _left(hand, payment) == 0


class TestRules:
    def test_money_under_the_same_number_is_that_tenancys_from_then_on(self, hand: Hand) -> None:
        said = hand.match(_suspended(hand), FIRST, remember=True)
        hand.desk.book(paid("0777", 30_00, line=4), paid("778", 1_00, line=5))

        assert hand.position(FIRST).credit == 130_00
        with hand.db.read() as conn:
            ((id_, company, customer, tenancy, _, actor, made_by, uses, forgotten),) = rules(conn)
        assert (id_, company, customer, tenancy, actor) == (said["rule"], "1", "777", FIRST, "anna")
        assert (made_by, uses, forgotten) == (said["entry"], 1, None)

    def test_forgotten_it_is_used_no_more(self, hand: Hand) -> None:
        rule = hand.match(_suspended(hand), FIRST, remember=True)["rule"]
        hand.forget(rule)
        hand.desk.book(paid("777", 30_00))

        assert hand.position(FIRST).credit == 100_00
        with pytest.raises(MatchRefusedError, match=f"there is no rule {rule} in use"):
            hand.forget(rule)

    def test_the_last_word_holds(self, hand: Hand) -> None:
        payment = _suspended(hand)
        hand.match(payment, FIRST, remember=True)
        hand.unmatch(payment)
        hand.match(payment, SECOND, remember=True)
        hand.desk.book(paid("777", 30_00, trace="x"))

        assert hand.position(SECOND).credit == 130_00
        with hand.db.read() as conn:
            assert [(one.tenancy, one.forgotten_at is None) for one in rules(conn)] == [(FIRST, False), (SECOND, True)]

    def test_what_cannot_be_remembered_is_not_matched_either(self, hand: Hand) -> None:
        nameless, known = _suspended(hand, customer=" "), _suspended(hand, customer="201", trace="x")
        long, former = _suspended(hand, customer="9" * 41), _suspended(hand, customer="555")
        with hand.db.write() as conn:
            owner = ref(conn, SECOND)
            its = {"company_id": owner.company_id, "customer_key": "555", "tenancy_id": owner.id}
            conn.execute(insert(customer_number).values(**its, first_seen_at=NOW))
        before = hand.everything()
        for payment, message in (
            (nameless, "the payer gave no customer number"),
            (known, r"customer number '201' is 1-2-1-1's. the portfolio says so \(R15\)"),
            (long, "is longer than 40 characters"),
            (former, r"customer number '555' was 1-1-2-1's. a number once used is never given again \(R15\)"),
        ):
            with pytest.raises(MatchRefusedError, match=message):
                hand.match(payment, FIRST, remember=True)
        assert hand.everything() == before


class TestFiles:
    def test_all_that_it_booked_is_undone(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 100_00)
        hand.desk.book(
            paid("101", 150_00, "A"), paid("102", -5_00, line=4), paid("777", 9_00, line=5), failed("101", 1_00, 6)
        )
        said = hand.reverse_file(1)

        assert (said["state"], said["entries"]) == ("reversed", 4)
        assert hand.position(FIRST) == Position(100_00, {"A": 100_00}, 0, {})
        assert hand.position(SECOND) == Position(0, {}, 0, {})
        assert hand.of_account("suspense") == hand.of_account("clearing:nets_bs:02345678:00001") == 0
        assert hand.desk.all(select(file.c.state)) == [("reversed",)]
        assert all(at is not None for (at,) in hand.desk.all(select(reading.c.reversed_at)))

    def test_results_too(self, hand: Hand) -> None:
        hand.desk.book(result("1", 100_00), result("2", -40_00, line=2))
        hand.reverse_file(1)

        assert [hand.position(one).balance for one in (FIRST, SECOND)] == [0, 0]
        assert hand.of_account("income:75040") == 0

    def test_what_a_person_had_matched_of_it(self, hand: Hand) -> None:
        hand.charge(SECOND, "A", "2026-11-01", 60_00)
        payment = _suspended(hand)
        hand.match(payment, SECOND)
        hand.reverse_file(1)

        assert hand.position(SECOND) == Position(60_00, {"A": 60_00}, 0, {})
        assert (_left(hand, payment), hand.of_account("suspense")) == (0, 0)

    def test_what_was_reversed_of_it_before_stays_so(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 1_00), paid("102", 2_00, line=4))
        hand.reverse(int(hand.desk.one(select(entry.c.id).where(entry.c.record == 3))))

        assert hand.reverse_file(1)["entries"] == 1

    def test_a_payment_and_its_charge_back_in_one_file_come_to_nothing(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 100_00)
        hand.desk.book(paid("101", 100_00, "A"), paid("102", 2_00, line=4), taken_back("101", 100_00, "A"))

        assert hand.reverse_file(1)["entries"] == 1
        assert hand.position(FIRST) == Position(100_00, {"A": 100_00}, 0, {})

    def test_small_differences_go_with_their_payments(self, database: Database, tmp_path: Path) -> None:
        hand = Hand(database, tmp_path, small_difference="0.50")
        hand.charge(FIRST, "A", "2026-11-01", 100_00)
        hand.desk.book(paid("101", 99_75, "A"))
        hand.reverse_file(1)

        assert hand.position(FIRST) == Position(100_00, {"A": 100_00}, 0, {})
        assert hand.of_account("differences") == 0
        hand.proved()

    def test_what_cannot_be_writes_nothing(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 1_00))
        hand.desk.book(taken_back("101", 1_00))
        hand.desk.book(paid("101", 5_00, line=4, trace="x"))
        hand.reverse_file(3)
        unread = hand.desk.new_file()
        hand.desk.book(paid("101", 1_00))
        before = hand.everything()
        for id_, error, message in (
            (1, ReversalRefusedError, "has been taken back by chargeback"),
            (3, FileNotReversedError, "file 3 has been reversed before"),
            (4, FileNotReversedError, "file 4 is being worked on"),
            (5, FileNotReversedError, "nothing of file 5 is booked: it is duplicate"),
            (9, FileNotReversedError, "there is no file 9"),
        ):
            with pytest.raises(error, match=message):
                hand.reverse_file(id_)
        assert hand.everything() == before
        hand.desk.book_as(FileOf([paid("101", 3_00, trace="late")]), unread)
        hand.reverse_file(2)
        assert hand.position(FIRST).credit == 4_00
