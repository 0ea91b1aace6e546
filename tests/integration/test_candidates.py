"""Whose money in suspense may be: every reason, their order, and the command that says so."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event, insert, update

from hub.errors import HubError
from hub.imports.portfolio import import_portfolio
from hub.ledger import kinds
from hub.reports.candidates import CANDIDATES_MAX, Candidate, suggestions
from hub.store.database import Database
from hub.store.tables import customer_number, tenancy
from hub.store.views import unmatched
from tests.desk import NOW, paid, ref, taken_back
from tests.hand import FIRST, OTHER, SECOND, Hand

_TODAY = date(2026, 11, 22)
NEIGHBOUR = "1-2-1-1"


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _suspended(hand: Hand, customer: str = "xyz", amount: int = 77_77, reference: str = "", **other: str) -> int:
    hand.desk.book(paid(customer, amount, reference, **other))
    return hand.last_entry(kinds.PAYMENT)


def _of(hand: Hand, payment: int) -> list[Candidate]:
    with hand.db.read() as conn:
        (found,) = suggestions(conn, lambda number: _TODAY, payment=payment).payments
    return found.candidates


def _codes(found: list[Candidate]) -> dict[str, list[str]]:
    return {one.tenancy: [reason.code for reason in one.reasons] for one in found}


class TestReasons:
    def test_the_amount_of_an_open_charge(self, hand: Hand) -> None:
        """Its arrears and its balance are the same figure here; another company's are nobody's (R7)."""
        hand.charge(FIRST, "A", "2026-10-01", 5_125_00)
        hand.charge(OTHER, "A", "2026-10-01", 5_125_00)
        payment = _suspended(hand, amount=5_125_00)

        (found,) = _of(hand, payment)
        assert _codes([found]) == {FIRST: ["amount", "arrears", "balance"]}
        assert (found.charge, found.name) == ("A", "Søren")
        assert found.command == f"hub match {payment} {FIRST} --charge=A"
        assert found.reasons[0].text == "charge A, due 2026-10-01, is open with 5125.00"

    def test_arrears_and_balance_of_several_charges(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-09-01", 100_00)
        hand.charge(FIRST, "B", "2026-10-01", 50_00)
        hand.charge(FIRST, "C", "2027-01-01", 30_00)

        assert _codes(_of(hand, _suspended(hand, amount=150_00))) == {FIRST: ["arrears"]}
        assert _codes(_of(hand, _suspended(hand, amount=180_00, trace="x"))) == {FIRST: ["balance"]}
        assert _of(hand, _suspended(hand, amount=150_00, trace="x"))[0].charge == ""

    def test_one_of_several_equal_charges_is_not_chosen_for_the_person(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-09-01", 100_00)
        hand.charge(FIRST, "B", "2026-10-01", 100_00)

        (found,) = _of(hand, _suspended(hand, amount=100_00))
        assert (found.charge, [reason.code for reason in found.reasons]) == ("", ["amount", "amount"])

    def test_only_within_the_debtor_group(self, hand: Hand) -> None:
        """R7"""
        hand.charge(FIRST, "A", "2026-10-01", 100_00)
        hand.charge(NEIGHBOUR, "A", "2026-10-01", 100_00)

        assert list(_codes(_of(hand, _suspended(hand, amount=100_00, group="00002")))) == [NEIGHBOUR]

    def test_a_reference_and_slips_of_it(self, hand: Hand) -> None:
        hand.charge(FIRST, "2611-17", "2026-10-01", 100_00)
        for said, code in (
            ("2611-17", "reference"),
            ("2611-71", "reference_typo"),
            ("2611-7", "reference_typo"),
            ("2611-177", "reference_typo"),
            ("2611_17", "reference_typo"),
            ("2611-99", None),
        ):
            found = _of(hand, _suspended(hand, reference=said))
            assert _codes(found) == ({FIRST: [code]} if code else {})
            assert all(one.charge == "2611-17" for one in found)

    def test_a_charge_that_is_paid_is_not_meant(self, hand: Hand) -> None:
        hand.charge(FIRST, "2611-17", "2026-10-01", 100_00)
        hand.pay(FIRST, 100_00)

        assert _of(hand, _suspended(hand, reference="2611-17", amount=100_00)) == []

    def test_a_slip_in_the_customer_number(self, hand: Hand) -> None:
        assert _codes(_of(hand, _suspended(hand, "110"))) == {FIRST: ["number_typo"]}
        assert _codes(_of(hand, _suspended(hand, "00192"))) == {SECOND: ["number_typo"]}

    def test_a_number_outside_its_debtor_group(self, hand: Hand) -> None:
        """R7"""
        found = _of(hand, _suspended(hand, "0201"))[0]

        assert (found.tenancy, found.reasons[0].code) == (NEIGHBOUR, "outside_group")
        assert found.reasons[0].text == (
            "customer number 0201 is this tenancy's, but its property is outside debtor group 00001 (R7)"
        )

    def test_a_debtor_group_that_no_property_has(self, hand: Hand) -> None:
        """R7: as hub unmatched says it, and who owes as much is named all the same."""
        hand.charge(SECOND, "A", "2026-10-01", 100_00)
        payment = _suspended(hand, "0101", amount=100_00, group="00007")
        with hand.db.read() as conn:
            (waiting,) = unmatched(conn)
        assert waiting.reason == "customer number '0101' is 1-1-1-1, outside debtor group 00007"

        found = {one.tenancy: one.reasons for one in _of(hand, payment)}
        outside = "customer number 0101 is this tenancy's, but its property is outside debtor group 00007 (R7)"
        assert found.pop(FIRST) == (("outside_group", outside),)
        assert found[SECOND][-1].text == "but debtor group 00007 is no property's (R7)"
        assert {reasons[-1].code for reasons in found.values()} == {"unknown_group"}

    def test_a_number_that_was_given_to_a_tenancy_since(self, hand: Hand) -> None:
        payment = _suspended(hand, "555")
        with hand.db.write() as conn:
            owner = ref(conn, SECOND)
            given = update(tenancy).where(tenancy.c.id == owner.id).values(customer_key="555", bs_customer="555")
            conn.execute(given)
            its = {"company_id": owner.company_id, "customer_key": "555", "tenancy_id": owner.id}
            conn.execute(insert(customer_number).values(**its, first_seen_at=NOW))

        assert _codes(_of(hand, payment)) == {SECOND: ["number"]}

    def test_a_number_that_was_a_tenancys_once(self, hand: Hand) -> None:
        """R15"""
        payment = _suspended(hand, "555")
        with hand.db.write() as conn:
            owner = ref(conn, SECOND)
            its = {"company_id": owner.company_id, "customer_key": "555", "tenancy_id": owner.id}
            conn.execute(insert(customer_number).values(**its, first_seen_at=NOW))

        (found,) = _of(hand, payment)
        assert (found.tenancy, found.reasons[0].code) == (SECOND, "former_number")

    def test_the_same_payer_as_of_a_match_that_stands(self, hand: Hand) -> None:
        earlier, withdrawn = _suspended(hand, "555"), _suspended(hand, "555", trace="x")
        match = hand.match(earlier, FIRST)["entry"]
        hand.match(withdrawn, SECOND)
        hand.unmatch(withdrawn)

        (found,) = _of(hand, withdrawn)
        assert (found.tenancy, found.reasons[0].code) == (FIRST, "same_payer")
        assert found.reasons[0].text == (
            f"payment {earlier} of 2026-11-02 from the same payer was its money (match {match})"
        )

    def test_who_has_moved_out_and_who_lives_there_now(self, hand: Hand, tmp_path: Path) -> None:
        """R15"""
        table = tmp_path / "moved.csv"
        table.write_text(
            "company,property,unit,tenant,name,move_in,move_out,bs_customer\n"
            "1,1,1,1,Søren,2020-01-01,2026-09-30,101\n1,1,1,2,Ny Lejer,2026-10-01,,\n",
            encoding="utf-8",
        )
        report = import_portfolio(hand.db, table, now=NOW, actor="test", currency_of=lambda number: "DKK")
        assert not report.bad

        (found,) = _of(hand, _suspended(hand, "1011"))
        assert [reason.code for reason in found.reasons] == ["number_typo", "moved_out"]
        assert found.reasons[1].text == (
            "moved out on 2026-09-30; the unit is let to 1-1-1-2 since 2026-10-01, who has a number of his own (R15)"
        )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestList:
    def test_reasons_add_up(self, hand: Hand) -> None:
        hand.charge(FIRST, "2611-17", "2026-10-01", 100_00)
        hand.charge(SECOND, "2611-99", "2026-10-01", 200_00)
        payment = _suspended(hand, amount=200_00, reference="2611-71")
        assert list(_codes(_of(hand, payment))) == [SECOND, FIRST]
        hand.charge(FIRST, "2611-18", "2027-01-01", 200_00)

        assert list(_codes(_of(hand, payment))) == [FIRST, SECOND]

    def test_no_more_than_a_few_and_how_many_more(self, hand: Hand, tmp_path: Path) -> None:
        table = tmp_path / "many.csv"
        rows = [f"1,1,{unit},1,Lejer {unit}" for unit in range(10, 20)]
        table.write_text("company,property,unit,tenant,name\n" + "\n".join(rows) + "\n")
        assert not import_portfolio(hand.db, table, now=NOW, actor="test", currency_of=lambda number: "DKK").bad
        for unit in range(10, 20):
            hand.charge(f"1-1-{unit}-1", "A", "2026-10-01", 100_00)
        payment = _suspended(hand, amount=100_00)
        with hand.db.read() as conn:
            (found,) = suggestions(conn, lambda number: _TODAY).payments

        assert (found.payment.payment, len(found.candidates), found.more) == (payment, CANDIDATES_MAX, 5)

    def test_all_payments_the_oldest_first_as_many_as_asked(self, hand: Hand) -> None:
        first = _suspended(hand)
        _suspended(hand, trace="x")
        with hand.db.read() as conn:
            found = suggestions(conn, lambda number: _TODAY, limit=1)

        assert ([one.payment.payment for one in found.payments], found.more) == ([first], 1)

    def test_nothing_is_suggested_for_money_that_was_paid_out(self, hand: Hand) -> None:
        hand.desk.book(taken_back("101 ", 5_00), taken_back("xyz", 5_00, line=4))

        assert _of(hand, hand.last_entry(kinds.CHARGEBACK)) == []

    def test_nothing_is_booked_by_itself(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-10-01", 100_00)
        payment = _suspended(hand, amount=100_00, reference="A")
        before = hand.everything()
        _of(hand, payment)

        assert hand.everything() == before

    def test_the_command_is_one_that_a_shell_understands(self, hand: Hand) -> None:
        hand.charge(FIRST, "-leje 'nov'", "2026-10-01", 100_00)
        (found,) = _of(hand, _suspended(hand, reference="-leje 'nov'"))

        assert shlex.split(found.command)[-1] == "--charge=-leje 'nov'"

    def test_only_of_what_is_unmatched(self, hand: Hand) -> None:
        payment = _suspended(hand)
        hand.match(payment, FIRST)

        with hand.db.read() as conn, pytest.raises(HubError, match=f"payment {payment} is not unmatched"):
            suggestions(conn, lambda number: _TODAY, payment=payment)

    def test_what_grows_is_reached_by_an_index(self, hand: Hand) -> None:
        payment = _suspended(hand, "1011", 100_00, "2611-71")
        asked: list[tuple[str, object]] = []
        with hand.db.read() as conn:
            event.listen(conn, "before_cursor_execute", lambda c, cur, text, given, *_: asked.append((text, given)))
            suggestions(conn, lambda number: _TODAY, payment=payment)
            plans = [
                row[-1]
                for text, given in list(asked)
                if text.startswith("SELECT")
                for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
            ]

        assert {plan for plan in plans if plan.startswith("SCAN")} <= {
            "SCAN suspense USING INDEX ix_suspense_open",
            "SCAN anon_1 VIRTUAL TABLE INDEX 1:",
        }
        assert any("ix_charge_reference" in plan for plan in plans)
        assert any("ix_charge_line_open" in plan for plan in plans)
        assert any("uq_tenancy_customer" in plan for plan in plans)
