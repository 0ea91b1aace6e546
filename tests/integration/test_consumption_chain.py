"""The on-account chain (docs/consumption.md): charged monthly, part unpaid, the result in; owed once, held no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from hub.acts.charges import LineAsked
from hub.acts.holdings import OverdrawnError
from hub.acts.reversals import ReversalRefusedError
from hub.consumption.deciding import AccountRefusedError
from hub.reports.explain import explain
from hub.reports.explain_sentences import sentences
from hub.store import views
from hub.store.database import Database
from hub.store.tables import charge, entry
from tests.desk import NOW, FileOf
from tests.hand import FIRST, SECOND, Hand
from tests.metering import MONTHLY, ask_on_account, book, findings, later_results, months, said, settles, shown

#: Twelve months are asked, ten of them paid.
CHARGED, UNPAID = 12 * MONTHLY, 2 * MONTHLY
COST = 8_000_00


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Hand:
    hand = Hand(database, tmp_path)
    ask_on_account(hand, FIRST, paid=10)
    assert hand.position(FIRST).held == {"heat": CHARGED - UNPAID}
    return hand


def incomes(hand: Hand) -> tuple[int, int]:
    """Results, and on-account amounts that were cleared."""
    return -hand.of_account("income:75040"), -hand.of_account("income:9975040")


class TestChain:
    @pytest.mark.parametrize("by_file", [True, False], ids=["on import", "by hand"])
    def test_he_owes_cost_less_charged_and_what_of_it_is_unpaid_once(self, hand: Hand, by_file: bool) -> None:
        if not by_file:
            settles(hand, book="by_hand")
        outcome = hand.desk.book(said("1", COST, cost=True))
        assert (outcome.state, outcome.counts.booked, outcome.amount) == (
            ("booked", 1, COST - CHARGED) if by_file else ("booked", 0, 0)
        )
        if not by_file:
            assert hand.position(FIRST).balance == UNPAID
            assert book(hand, 1)["amount"] == "800.00"
        after = hand.position(FIRST)
        assert (after.balance, after.held) == (COST - CHARGED + UNPAID, {})
        assert after.open == {"": COST - CHARGED, "A26041": MONTHLY, "A26051": MONTHLY}
        assert incomes(hand) == (COST - CHARGED, CHARGED)
        hand.proved()

    def test_what_was_unpaid_is_paid_later_and_is_in_no_holding(self, hand: Hand) -> None:
        hand.desk.book(said("1", COST, cost=True))
        hand.pay(FIRST, UNPAID)
        assert (hand.position(FIRST).balance, hand.position(FIRST).held) == (COST - CHARGED, {})
        with pytest.raises(OverdrawnError, match=r"0\.00 that holding 'heat' has"):
            hand.pay_out(FIRST, 1_00, holding="heat")
        hand.proved()

    def test_the_balance_tells_of_the_holding_as_of_any_day(self, hand: Hand) -> None:
        """R23: before the booking what was paid is held; from that day on nothing is, paid or not."""
        hand.desk.book(said("1", COST, cost=True))
        with hand.db.read() as conn:
            before = views.balance(conn, FIRST, NOW.date().replace(day=21))
            then = views.balance(conn, FIRST, NOW.date())
        assert [(one.charged, one.unpaid, one.held) for one in before.holdings] == [(CHARGED, UNPAID, CHARGED - UNPAID)]
        assert [(one.charged, one.unpaid, one.held) for one in then.holdings] == [(0, 0, 0)]

    @pytest.mark.parametrize(("cost", "result"), [(6_500_00, -700_00), (CHARGED, 0)], ids=["refund", "even"])
    def test_a_refund_and_no_result_clear_the_holding_too(self, hand: Hand, cost: int, result: int) -> None:
        assert hand.desk.book(said("1", cost, cost=True)).counts.booked == 1
        after = hand.position(FIRST)
        assert (after.balance, after.held, after.credit) == (UNPAID + result, {}, 0)
        assert incomes(hand) == (result, CHARGED)
        hand.proved()

    def test_a_balance_that_says_what_was_on_account_comes_to_the_same(self, hand: Hand) -> None:
        """R28"""
        hand.desk.book(said("1", COST - CHARGED, on_account=CHARGED))
        assert (hand.position(FIRST).balance, hand.position(FIRST).held) == (COST - CHARGED + UNPAID, {})
        assert incomes(hand) == (COST - CHARGED, CHARGED)
        hand.proved()

    def test_both_fall_due_by_the_companys_settings(self, hand: Hand) -> None:
        """R28, items 03.06 and 04.04"""
        hand.desk.book(said("1", COST, cost=True), said("2", -50_00, 2))
        rows = {row.tenancy: (row.result, str(row.due)) for row in shown(hand, 1).tenants}
        assert rows == {FIRST: (800_00, "2027-01-01"), SECOND: (-50_00, "2026-12-01")}
        due = select(charge.c.due_date).join(entry, entry.c.id == charge.c.entry_id).where(entry.c.kind == "result")
        assert str(hand.desk.one(due)) == "2027-01-01"


class TestTakenBack:
    @pytest.mark.parametrize("basis", ["charged", "paid"])
    @pytest.mark.parametrize("by_file", [True, False], ids=["on import", "by hand"])
    def test_the_file_reversed_the_tenancy_is_as_before(self, hand: Hand, basis: str, by_file: bool) -> None:
        before = hand.position(FIRST)
        settles(hand, basis=basis, book="on_import" if by_file else "by_hand")
        file = hand.desk.new_file()
        hand.desk.book_as(FileOf([said("1", COST, cost=True)]), file)
        if not by_file:
            book(hand, 1)
        assert hand.position(FIRST) != before
        hand.reverse_file(file.id)
        assert hand.position(FIRST) == before
        assert incomes(hand) == (0, 0)
        assert [one.state for one in shown(hand, 1).tenants if one.tenancy == FIRST] == ["no result"]
        hand.proved()

    def test_one_result_reversed_by_hand_is_told_so(self, hand: Hand) -> None:
        before = hand.position(FIRST)
        hand.desk.book(said("1", COST, cost=True))
        hand.reverse(hand.last_entry("result"))
        assert hand.position(FIRST) == before
        assert [one.state for one in shown(hand, 1).tenants if one.tenancy == FIRST] == ["reversed"]
        hand.proved()

    def test_what_a_result_has_settled_is_credited_only_after_it(self, hand: Hand) -> None:
        hand.desk.book(said("1", COST, cost=True))
        with pytest.raises(OverdrawnError, match="would be left with"):
            hand.credit(FIRST, "A26041")
        with pytest.raises((OverdrawnError, ReversalRefusedError)):
            hand.reverse(int(hand.desk.one(select(charge.c.entry_id).where(charge.c.reference == "A26041"))))


class TestBasisPaid:
    """R27: the unpaid rest is credited at booking."""

    def test_he_owes_the_same_and_nothing_on_account(self, hand: Hand) -> None:
        settles(hand, basis="paid")
        assert hand.desk.book(said("1", COST, cost=True)).counts.booked == 1
        after = hand.position(FIRST)
        assert (after.balance, after.held) == (COST - CHARGED + UNPAID, {})
        assert after.open == {"": COST - CHARGED + UNPAID}
        assert incomes(hand) == (COST - CHARGED + UNPAID, CHARGED - UNPAID)
        hand.proved()

    def test_part_of_a_month_is_credited_in_part(self, hand: Hand) -> None:
        hand.pay(FIRST, 250_00)
        settles(hand, basis="paid")
        hand.desk.book(said("1", COST, cost=True))
        after = hand.position(FIRST)
        assert (after.balance, after.held) == (COST - CHARGED + UNPAID - 250_00, {})
        hand.proved()

    def test_with_the_file_reversed_and_read_again_it_is_booked_anew(self, hand: Hand) -> None:
        settles(hand, basis="paid")
        file, records = hand.desk.new_file(), FileOf([said("1", COST, cost=True)])
        hand.desk.book_as(records, file)
        first = hand.position(FIRST)
        hand.reverse_file(file.id)
        assert hand.desk.book_as(records, file).state == "booked"
        assert hand.position(FIRST) == first
        hand.proved()


def test_a_later_charge_of_the_period_is_settled_by_the_revised_account(hand: Hand) -> None:
    """Only what no result has settled leaves the holding with the next one (R29)."""
    later_results(hand, "replace")
    hand.desk.book(said("1", COST, cost=True))
    hand.charge(FIRST, "LATE", "2026-06-01", LineAsked("75020", 100_00, period=months()[-1]))
    hand.desk.book(said("1", COST + 50_00, cost=True))
    assert (hand.position(FIRST).balance, hand.position(FIRST).held) == (COST + 50_00 - CHARGED + UNPAID, {})
    assert incomes(hand) == (COST + 50_00 - CHARGED - 100_00, CHARGED + 100_00)
    hand.proved()


def test_a_result_is_explained_with_what_was_on_account(hand: Hand) -> None:
    hand.desk.book(said("1", CHARGED, cost=True), said("2", 30_00, 2, tenant="0"))
    entries = [id_ for (id_,) in hand.desk.all(select(entry.c.id).where(entry.c.kind == "result").order_by(entry.c.id))]
    with hand.db.read() as conn:
        told = {" ".join(sentences(explain(conn, id_), "da", hand.site.local("1", NOW))) for id_ in entries}
    assert told == {
        "Forbrugsregnskabet går lige op: der er intet at betale og intet at få tilbage. 7.200,00 kr., som er "
        "opkrævet på aconto varme for perioden, er trukket fra forbruget.",
        "30,00 kr. af forbrugsregnskabet er for et lejemål uden lejer og bæres af ejeren.",
    }


def test_a_result_that_a_person_has_booked_leads_to_its_line(hand: Hand) -> None:
    settles(hand, book="by_hand")
    hand.desk.book(said("1", COST, 7, cost=True))
    book(hand, 1)
    with hand.db.read() as conn:
        origin = explain(conn, hand.last_entry("result")).origin
    assert origin is not None
    assert (origin.name, origin.record) == ("file1", 7)


def test_what_has_left_the_holding_is_not_given_twice(hand: Hand) -> None:
    """R23: withheld when he moved out, it goes back to the holding before it is settled."""
    hand.transfer(FIRST, 1_000_00, "heat", "withheld")
    assert hand.desk.book(said("1", COST, cost=True)).counts.kept == 1
    assert findings(hand, 1) == [("holding_short", FIRST)]
    with pytest.raises(AccountRefusedError, match=r"paid 6000\.00 on account, and holding 'heat' has 5000\.00"):
        book(hand, 1, "no matter")
    hand.transfer(FIRST, 1_000_00, "withheld", "heat")
    assert book(hand, 1)["entries"] == 1
    assert (hand.position(FIRST).balance, hand.position(FIRST).held) == (COST - CHARGED + UNPAID, {})
    hand.proved()
