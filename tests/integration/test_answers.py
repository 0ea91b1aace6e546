"""What the vendor's answers do: they find the very collection, and pay what that demands first (R12)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from hub.acts.holdings import OverdrawnError
from hub.ledger.fik import payment_id
from hub.plugin import Record, SlipIssued
from hub.store.collecting.answers import AskedDetail, AskedQuery, collection_detail, collections
from hub.store.database import Database
from hub.store.tables import allocation, slip, suspense
from hub.store.verify import verify
from hub.store.views import scope_of
from tests.asked import CREDITOR, DUE, SLIP_CREDITOR, asked, results, slip_of
from tests.desk import Desk, FileOf, failed, paid, taken_back
from tests.hand import FIRST, SECOND, Hand

REFERENCE = "000000007"
#: With their check digits.
ID, OTHER_ID, THIRD_ID = (payment_id("71", number) for number in (12345678901234, 22345678901234, 32345678901234))


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Hand:
    return Hand(database, tmp_path)


@pytest.fixture
def desk(hand: Hand) -> Desk:
    return hand.desk


def two_charges(desk: Desk) -> None:
    desk.charge(FIRST, "OCT", "2026-10-01", 500_00)
    desk.charge(FIRST, "NOV", "2026-11-02", 300_00, 100_00)


class TestFound:
    def test_by_reference_it_pays_what_the_collection_demands_first_and_the_rest_by_policy(self, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        desk.book(paid("101", 450_00, REFERENCE))
        assert desk.open_lines(FIRST) == [("OCT", 450_00)]
        whys = desk.all(select(allocation.c.amount, allocation.c.policy).order_by(allocation.c.seq))
        assert whys == [(300_00, "collection"), (100_00, "collection"), (50_00, "obligatory")]
        assert results(desk) == [("payment", collection)]

    def test_too_little_is_shared_over_what_is_demanded_and_told(self, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        booked = desk.book(paid("101", 200_00, REFERENCE))
        assert desk.open_lines(FIRST) == [("OCT", 500_00), ("NOV", 150_00), ("NOV", 50_00)]
        assert booked.reasons == [
            f"1 payment differs from what the collection demands, first record 3: 200.00 for collection {collection} "
            "of 400.00; see: hub collections list"
        ]

    def test_without_a_reference_by_customer_and_due_date(self, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        asked(desk, FIRST, "000000008", "OCT", due=date(2026, 12, 1))
        asked(desk, SECOND, "000000009", amount=-1_00)
        desk.book(paid("101", 400_00))
        assert desk.open_lines(FIRST) == [("OCT", 500_00)]
        assert results(desk) == [("payment", collection)]

    def test_a_reference_of_no_collection_says_what_is_paid_as_before(self, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        desk.book(paid("101", 500_00, "OCT"))
        assert desk.open_lines(FIRST) == [("NOV", 300_00), ("NOV", 100_00)]
        assert results(desk) == [("payment", collection)]

    def test_a_withdrawn_one_only_by_its_reference_and_with_a_note(self, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV", withdrawn=True)
        desk.book(paid("101", 10_00))
        assert results(desk) == []
        booked = desk.book(paid("101", 400_00, REFERENCE))
        assert results(desk) == [("payment", collection)]
        assert booked.reasons == [f"record 3: 400.00 answers collection {collection}, which was withdrawn"]

    @pytest.mark.parametrize("known", [True, False])
    def test_by_the_payment_id_of_its_slip(self, desk: Desk, known: bool) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        slip_of(desk, FIRST, ID, collection if known else None)
        desk.book(paid(ID, 400_00), paid(ID, 1_00, REFERENCE, line=4))
        assert desk.balance(FIRST) == 900_00 - 401_00
        assert results(desk) == [("payment", collection)] * (2 if known else 1)

    def test_by_the_number_that_the_tenant_had_when_he_was_asked(self, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV", customer="00777")
        desk.book(paid("777", 400_00, REFERENCE))
        assert results(desk) == [("payment", collection)]

    def test_a_payout_answers_and_uses_the_credit(self, hand: Hand, desk: Desk) -> None:
        hand.pay(FIRST, 80_00)
        collection = asked(desk, FIRST, REFERENCE, amount=-80_00)
        booked = desk.book(paid("101", -80_00, REFERENCE))
        assert (hand.position(FIRST).credit, desk.balance(FIRST)) == (0, 0)
        assert (results(desk), booked.reasons) == ([("payout", collection)], [])

    def test_what_a_collection_is_to_pay_out_is_not_paid_out_by_hand_as_well(self, hand: Hand, desk: Desk) -> None:
        hand.pay(FIRST, 100_00)
        asked(desk, FIRST, REFERENCE, amount=-80_00)
        with pytest.raises(OverdrawnError, match=r"80\.00 of the 100\.00 in credit is to be paid out by a collection"):
            hand.pay_out(FIRST, 20_01)
        hand.pay_out(FIRST, 20_00)
        hand.pay_out(FIRST, 30_00, anyway=True)
        desk.book(failed("101", -80_00))
        hand.pay_out(FIRST, 50_00)
        assert desk.balance(FIRST) == 0

    def test_failed_payments_and_charge_backs_are_answers_too(self, hand: Hand, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        desk.book(failed("101", 400_00))
        desk.book(paid("101", 400_00, REFERENCE), taken_back("101", 400_00, REFERENCE))
        assert results(desk) == [(kind, collection) for kind in ("payment_failed", "payment", "chargeback")]
        assert desk.balance(FIRST) == 900_00
        desk.book(taken_back("102", 7_00, line=3))
        assert len(results(desk)) == 3
        hand.proved()


class TestDisagreement:
    def test_reference_and_customer_number_of_two_tenants_are_nobodys_and_both_are_named(self, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        slip_of(desk, SECOND, ID, None)
        wrong = [paid(number, 1_00, REFERENCE, line=line) for line, number in ((4, "999"), (5, ID))]
        booked = desk.book(paid("102", 400_00, REFERENCE), *wrong)
        assert booked.counts.unmatched == 3
        assert (desk.balance(FIRST), desk.balance(SECOND), results(desk)) == (900_00, 0, [])
        named = (
            f"reference {REFERENCE} is collection {collection} of 1-1-1-1, customer number '101', and customer number"
        )
        assert desk.all(select(suspense.c.reason).order_by(suspense.c.entry_id)) == [
            (f"{named} '102' is 1-1-2-1 (R12)",),
            (f"{named} '999' is unknown (R12)",),
            (f"{named} '{ID}' is the payment id of a slip of 1-1-2-1 (R12)",),
        ]

    def test_a_customer_number_that_is_also_the_id_of_anothers_slip_is_nobodys(self, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        asked(desk, SECOND, "000000008", amount=400_00)
        slip_of(desk, FIRST, "102", collection)
        booked = desk.book(paid("102", 400_00), paid("102", 30_00, "000000008", line=4))
        assert (booked.counts.unmatched, desk.balance(FIRST), desk.balance(SECOND)) == (1, 900_00, -30_00)
        assert desk.all(select(suspense.c.reason)) == [
            ("'102' is the customer number of 1-1-2-1 and the payment id of a slip of 1-1-1-1 (R12)",)
        ]

    def test_what_a_person_then_matches_answers_it_and_unmatched_no_more(self, hand: Hand, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        desk.book(paid("102", 400_00, REFERENCE))
        payment = hand.last_entry("payment")
        match = hand.match(payment, FIRST)["entry"]
        assert desk.open_lines(FIRST) == [("OCT", 500_00)]
        assert results(desk) == [("match", collection)]
        hand.unmatch(match)
        hand.match(payment, SECOND)
        assert results(desk) == [("match", collection)]
        hand.proved()

    def test_so_does_a_payout_and_then_the_credit_is_free(self, hand: Hand, desk: Desk) -> None:
        hand.pay(FIRST, 80_00)
        collection = asked(desk, FIRST, REFERENCE, amount=-80_00)
        desk.book(paid("102", -80_00, REFERENCE))
        (payout,) = desk.all(select(suspense.c.entry_id))
        moved = hand.match(payout[0], FIRST)["entry"]
        assert (results(desk), shown(desk, REFERENCE).came.state) == ([("payout", collection)], "paid")
        hand.unmatch(moved)
        assert shown(desk, REFERENCE).came.state == "waiting"
        hand.match(desk.all(select(func.max(suspense.c.entry_id)))[0][0], FIRST)
        assert shown(desk, REFERENCE).came.state == "paid"
        hand.pay(FIRST, 50_00)
        hand.pay_out(FIRST, 50_00)
        hand.proved()

    @pytest.mark.parametrize("reference", [REFERENCE, "000000008", ""])
    def test_so_does_a_charge_back_as_its_payment_did(self, hand: Hand, desk: Desk, reference: str) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        asked(desk, FIRST, "000000008", "OCT", due=date(2026, 12, 1))
        desk.book(paid("101", 400_00, REFERENCE))
        desk.book(taken_back("999", 400_00, reference, line=9))
        (back,) = desk.all(select(suspense.c.entry_id))
        hand.match(back[0], FIRST)
        assert results(desk) == [("payment", collection), ("chargeback", collection)]
        states = [shown(desk, one).came.state for one in (REFERENCE, "000000008")]
        assert (states, desk.balance(FIRST)) == (["charged back", "waiting"], 900_00)
        hand.proved()


class TestState:
    """As ``hub collections`` derives it from what stands."""

    @pytest.mark.parametrize(
        ("records", "state", "brought"),
        [
            ((), "waiting", 0),
            ((paid("101", 400_00, REFERENCE),), "paid", 400_00),
            ((paid("101", 150_00, REFERENCE),), "part paid", 150_00),
            ((paid("101", 150_00, REFERENCE), paid("101", 250_00, REFERENCE, line=4, trace="2")), "paid", 400_00),
            ((paid("101", 400_01, REFERENCE),), "overpaid", 400_01),
            ((failed("101", 400_00),), "failed", 0),
            ((failed("101", 400_00), paid("101", 400_00, REFERENCE, line=5)), "paid", 400_00),
            ((paid("101", 400_00, REFERENCE), taken_back("101", 400_00, REFERENCE)), "charged back", 0),
        ],
    )
    def test_after_what_has_come(self, desk: Desk, records: tuple[Record, ...], state: str, brought: int) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        if records:
            desk.book(*records)
        came = shown(desk, REFERENCE).came
        assert (came.state, came.paid) == (state, brought)
        assert shown(desk, f"#{collection}").came == came
        assert [one.record for one in came.entries] == [one.record for one in records]

    def test_taken_back_and_given_back_it_is_what_the_balance_has_of_it(self, hand: Hand, desk: Desk) -> None:
        two_charges(desk)
        asked(desk, FIRST, REFERENCE, "NOV")
        states = []

        def note() -> None:
            came = shown(desk, REFERENCE).came
            states.append(came.state)
            assert desk.balance(FIRST) == 900_00 - came.paid

        desk.book(paid("101", 400_00, REFERENCE))
        payment = hand.last_entry("payment")
        unmatched = hand.unmatch(payment)["payment"]
        note()
        hand.match(unmatched, FIRST)
        note()
        desk.book(taken_back("101", 400_00, REFERENCE))
        note()
        hand.reverse(hand.last_entry("chargeback"))
        note()
        hand.reverse(payment)
        note()
        assert states == ["waiting", "paid", "charged back", "paid", "waiting"]
        hand.proved()

    def test_a_file_reversed_and_read_again(self, hand: Hand, desk: Desk) -> None:
        two_charges(desk)
        asked(desk, FIRST, REFERENCE, "NOV")
        asked(desk, SECOND, "000000008", amount=-5_00, withdrawn=True)
        file, instance = desk.new_file(), FileOf([paid("101", 400_00, REFERENCE)])
        desk.book_as(instance, file)
        hand.reverse_file(file.id)
        assert shown(desk, REFERENCE).came.state == "waiting"
        desk.book_as(instance, file)
        assert shown(desk, REFERENCE).came.state == "paid"
        assert shown(desk, "000000008").came.state == "withdrawn"
        hand.proved()

    def test_lists_are_narrowed_and_count_what_they_leave_out(self, desk: Desk) -> None:
        two_charges(desk)
        first = asked(desk, FIRST, REFERENCE, "NOV")
        second = asked(desk, SECOND, "000000008", amount=-5_00, due=date(2026, 12, 1))
        desk.book(paid("101", 400_00, REFERENCE))
        with desk.db.read() as conn:

            def ids(limit: int = 9, **wanted: Any) -> tuple[list[int], int]:
                found, more = collections(conn, AskedQuery(**wanted), limit)
                return [one.id for one, _ in found], more

            assert ids() == ([second, first], 0)
            assert ids(limit=1) == ([second], 1)
            assert ids(state="paid") == ([first], 0)
            assert ids(state="waiting", limit=0) == ([], 1)
            assert ids(due=date(2026, 11, 2)) == ([first], 0)
            assert ids(scope=scope_of(conn, tenancy=SECOND)) == ([second], 0)
            assert ids(delivery_id=1) == ([], 0)


class TestSlips:
    """Those that the vendor has made (section 0217)."""

    def test_are_linked_to_collection_and_tenancy_and_kept_once(self, hand: Hand, desk: Desk) -> None:
        two_charges(desk)
        collection = asked(desk, FIRST, REFERENCE, "NOV")
        told = (issued("101", ID, REFERENCE), issued("101", OTHER_ID, line=4), issued("555", THIRD_ID, line=5))
        booked = desk.book(*told)
        again = desk.book(*told)
        assert (booked.counts.kept, again.counts.kept, again.state) == (3, 3, "booked")
        assert booked.reasons == [
            "1 payment slip is of nobody here, first customer 555 in record 5: what is paid with it goes to suspense"
        ]
        rows = desk.all(select(slip.c.payment_id, slip.c.collection_id, slip.c.origin).order_by(slip.c.record))
        assert rows == [(ID, collection, "vendor"), (OTHER_ID, collection, "vendor"), (THIRD_ID, None, "vendor")]
        desk.book(paid(ID, 400_00), paid(THIRD_ID, 1_00, line=4))
        assert desk.open_lines(FIRST) == [("OCT", 500_00)]
        assert (results(desk), desk.one(select(suspense.c.customer))) == ([("payment", collection)], THIRD_ID)
        hand.proved()

    def test_said_otherwise_it_is_kept_as_it_was_and_told(self, desk: Desk) -> None:
        asked(desk, FIRST, REFERENCE, amount=-1_00)
        desk.book(issued("101", ID, REFERENCE))
        booked = desk.book(issued("101", ID, REFERENCE, amount=1_00))
        assert booked.reasons == [
            f"record 3: payment id {ID} was said to be of 400.00 due 2026-11-02, and now of 1.00 due 2026-11-02: "
            "kept as it was; ask the vendor which holds"
        ]
        assert desk.one(select(slip.c.amount)) == 400_00

    def test_of_an_unknown_creditor_hold_the_file(self, desk: Desk) -> None:
        booked = desk.book(issued("101", ID, REFERENCE, creditor="77777777"))
        assert (booked.state, booked.counts.held) == ("quarantined", 1)
        assert desk.all(select(slip.c.id)) == []


#: Changes outside of the hub, and what ``hub verify`` says of them.
TAMPERED = {
    "UPDATE collection SET amount = amount + 1": "is of 400.01, and its lines demand 400.00",
    "DELETE FROM collection_line": "is of 400.00, and its lines demand 0.00",
    "UPDATE collection_line SET amount = amount + 1": "which is not its tenancy's, or not so much",
    "UPDATE collection_line SET collection_id = 999999": "collection 999999 demands charge line",
    "UPDATE collection SET reference = '0'": "has not nine characters",
    f"UPDATE collection SET tenancy_id = (SELECT id FROM tenancy WHERE key = '{SECOND}')": "not on the balance of the",
    "UPDATE collection SET company_id = (SELECT id FROM company WHERE number = '2')": "is of another company than",
    "UPDATE collection_result SET entry_id = 999999": "entry 999999 is said to answer collection",
    "UPDATE collection_result SET collection_id = 999999": "is said to answer collection 999999",
}


def test_what_was_changed_outside_is_found(hand: Hand, desk: Desk) -> None:
    two_charges(desk)
    asked(desk, FIRST, REFERENCE, "NOV")
    desk.book(paid("101", 400_00, REFERENCE))
    hand.proved()
    for statement, problem in TAMPERED.items():
        with desk.db.write() as conn:
            changed = conn.begin_nested()
            conn.execute(text(statement))
            problems = verify(conn).problems
            assert any(problem in told for told in problems), (statement, problems)
            changed.rollback()


def shown(desk: Desk, named: str) -> AskedDetail:
    with desk.db.read() as conn:
        return collection_detail(conn, named)


def issued(
    customer: str, id_: str, reference: str = "", *, amount: int = 400_00, line: int = 3, creditor: str = CREDITOR
) -> SlipIssued:
    key = f"nets|{creditor}|00001|0217|2026-11-02|{customer}|{reference}|71|{SLIP_CREDITOR}|{id_}"
    return SlipIssued(
        *(line, creditor, "00001", customer, "71", SLIP_CREDITOR, id_, amount, "DKK", DUE, reference, key, "Kort")
    )
