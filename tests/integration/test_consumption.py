"""Results of meter companies become revisions of consumption accounts (R28 to R32)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub.acts.act import ClosedPeriodError
from hub.acts.charges import LineAsked, credit_charge
from hub.acts.files import FileNotReversedError
from hub.consumption.deciding import AccountRefusedError, FoundError
from hub.consumption.known import NoSuchTypeError
from hub.imports.portfolio import import_portfolio
from hub.ledger import kinds
from hub.settings import CompanyConfig
from hub.store.consumption.exports import add_exported
from hub.store.database import Database
from hub.store.tables import (
    blob,
    consumption_account,
    consumption_result,
    consumption_revision,
    delivery,
    entry,
    outcome,
    tenancy,
)
from tests.desk import NOW, PERIOD, FileOf, ref
from tests.hand import CHARGE_TYPES, FIRST, SECOND, Hand
from tests.metering import (
    WATER,
    book,
    findings,
    later_results,
    open_account,
    said,
    settles,
    shown,
    state_of,
    total,
)

NEXT_YEAR = (date(2026, 6, 1), date(2027, 5, 31))


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Hand:
    hand = Hand(database, tmp_path)
    types = {**CHARGE_TYPES, WATER: "Vandregnskab", "73035": "Aconto vand"}
    hand.companies["1"] = CompanyConfig(number="1", charge_types=types)
    return hand


def export(hand: Hand, account: int, told: dict[str, int]) -> None:
    """As if the vendor had a file of ours."""
    with hand.db.write() as conn:
        conn.execute(blob.insert().values(sha256="e" * 64, size=1, stored_at=NOW))
        values = {"vendor": "bs", "kind": "export", "data_supplier": "", "subsystem": "", "number": 1, "name": "x"}
        counts = dict.fromkeys(("sections", "items", "amount", "texts", "records"), 0)
        more = {"sha256": "e" * 64, "created_on": NOW.date(), "plugin_version": "1", "state": "sent", "made_at": NOW}
        made = delivery.insert().values(**values, **counts, **more, actor="anna").returning(delivery.c.id)
        id_ = conn.execute(made).scalar_one()
        add_exported(conn, id_, account, [(ref(conn, key).id, ore) for key, ore in told.items()])


class TestLaterResults:
    def test_a_supplementary_account_adds(self, hand: Hand) -> None:
        """R29: heat."""
        hand.desk.book(said("1", 100_00), said("2", -40_00, 2))
        outcome = hand.desk.book(said("1", 25_00))
        assert (outcome.state, outcome.counts.booked, outcome.amount) == ("booked", 1, 25_00)
        assert (hand.desk.balance(FIRST), hand.desk.balance(SECOND)) == (125_00, -40_00)
        revisions = select(consumption_revision.c.seq, consumption_revision.c.what).order_by(consumption_revision.c.seq)
        assert hand.desk.all(revisions) == [(0, "first"), (1, "adds")]
        hand.proved()

    def test_a_revised_account_books_the_difference_alone(self, hand: Hand) -> None:
        """R29: water, electricity; what comes back to what it was is no duplicate of that."""
        for first, second in ((100_00, -40_00), (80_00, -40_00), (100_00, 0)):
            hand.desk.book(said("1", first, charge_type=WATER), said("2", second, 2, charge_type=WATER))
            assert (hand.desk.balance(FIRST), hand.desk.balance(SECOND)) == (first, second)
            hand.proved()
        keys = select(entry.c.key).where(entry.c.kind == kinds.RESULT).order_by(entry.c.id)
        head = f"result|{WATER}|1-1-{{}}-1|{PERIOD[0]}..{PERIOD[1]}|{{}}#1"
        assert [key for (key,) in hand.desk.all(keys)] == [
            head.format(*place) for place in ((1, 0), (2, 0), (1, 1), (1, 2), (2, 2))
        ]
        unchanged = select(outcome.c.reason).where(outcome.c.outcome == "kept")
        assert hand.desk.all(unchanged) == [("changes nothing in consumption account 1",)]

    def test_where_later_results_are_refused_the_property_is_held(self, hand: Hand) -> None:
        """R5"""
        later_results(hand, "refused")
        hand.desk.book(said("1", 100_00))
        outcome = hand.desk.book(said("1", 101_00), said("1", 5_00, 2, property_="2"))
        assert (outcome.state, outcome.counts.held, outcome.counts.booked) == ("partly_booked", 1, 1)
        assert "conflict: record 1 says 101.00, and consumption account 1" in outcome.reasons[0]
        assert hand.desk.balance(FIRST) == 100_00

    def test_the_same_again_changes_nothing(self, hand: Hand) -> None:
        hand.desk.book(said("1", 100_00), said("2", -40_00, 2))
        before = hand.of_account("income:75040")
        outcome = hand.desk.book(said("2", -40_00, 1), said("1", 100_00, 2))
        assert (outcome.state, outcome.counts.duplicate) == ("duplicate", 2)
        assert hand.of_account("income:75040") == before
        assert len(hand.desk.all(select(consumption_revision.c.id))) == 1
        hand.proved()

    def test_whoever_was_missing_is_added_and_the_others_are_duplicates(self, hand: Hand) -> None:
        later_results(hand, "refused")
        hand.desk.book(said("1", 100_00))
        outcome = hand.desk.book(said("1", 100_00), said("2", 30_00, 2))
        assert (outcome.counts.duplicate, outcome.counts.booked) == (1, 1)
        assert (hand.desk.balance(FIRST), hand.desk.balance(SECOND)) == (100_00, 30_00)
        hand.proved()

    def test_an_account_that_comes_again_with_one_line_mended_is_not_added_unseen(self, hand: Hand) -> None:
        hand.desk.book(said("1", 100_00), said("2", -40_00, 2))
        outcome = hand.desk.book(said("1", 100_00), said("2", -45_00, 2))
        assert (outcome.state, outcome.counts.booked, outcome.counts.kept) == ("booked", 0, 2)
        assert outcome.reasons[0].startswith("attention: consumption account 1 (heat of property 1-1, ")
        assert findings(hand, 1) == [("repeated", FIRST)]
        assert (hand.desk.balance(FIRST), hand.desk.balance(SECOND)) == (100_00, -40_00)

    def test_next_years_equal_result_is_another_account(self, hand: Hand) -> None:
        hand.desk.book(said("1", 100_00))
        assert hand.desk.book(said("1", 100_00, period=NEXT_YEAR)).counts.booked == 1
        assert hand.desk.balance(FIRST) == 200_00
        assert len(hand.desk.all(select(consumption_account.c.id))) == 2

    def test_a_period_that_shares_days_with_another_account_holds_the_property(self, hand: Hand) -> None:
        hand.desk.book(said("1", 100_00))
        outcome = hand.desk.book(said("1", 100_00, period=(date(2026, 1, 1), date(2026, 12, 31))))
        assert outcome.state == "quarantined"
        assert "has days of 2026-01-01..2026-12-31" in outcome.reasons[0]


class TestWaiting:
    def test_a_missing_tenant_is_one_who_was_asked_on_account(self, hand: Hand) -> None:
        """R28; who was asked for nothing on account and told to nobody is not expected."""
        hand.charge(SECOND, "A", "2026-01-01", LineAsked("75020", 10_00, period=PERIOD))
        outcome = hand.desk.book(said("1", 100_00))
        assert (outcome.state, outcome.counts.kept) == ("booked", 1)
        assert (findings(hand, 1), state_of(hand, 1)) == ([("missing_tenant", SECOND)], "open")
        assert hand.desk.balance(FIRST) == 0
        hand.proved()

    def test_it_is_booked_knowingly_with_a_reason_that_is_kept(self, hand: Hand) -> None:
        hand.charge(SECOND, "A", "2026-01-01", LineAsked("75020", 10_00, period=PERIOD))
        hand.desk.book(said("1", 100_00))
        with pytest.raises(FoundError, match=rf"1 findings, first {SECOND}: lived there and has no result"):
            book(hand, 1)
        assert book(hand, 1, "flyttet til naboejendommen")["entries"] == 1
        assert (hand.desk.balance(FIRST), state_of(hand, 1)) == (100_00, "booked")
        assert [one.revision.accepted for one in shown(hand, 1).revisions] == ["flyttet til naboejendommen"]
        with pytest.raises(AccountRefusedError, match="nothing waits"):
            book(hand, 1)
        hand.proved()

    @pytest.mark.parametrize(("cost", "waits"), [(170_00, False), (170_01, True)], ids=["at the edge", "beyond"])
    def test_the_control_total_is_held_against_all_results(self, hand: Hand, cost: int, waits: bool) -> None:
        """R28, item 01.17: 10.00 of difference are let pass."""
        hand.charge(FIRST, "A", "2026-01-01", LineAsked("75020", 100_00, period=PERIOD))
        open_account(hand)
        total(hand, 1, cost)
        hand.desk.book(said("1", 150_00, cost=True), said("2", 10_00, 2, cost=True))
        assert findings(hand, 1) == ([("account_difference", "")] if waits else [])
        assert (state_of(hand, 1) == "open") is waits

    def test_a_balance_that_rests_on_another_on_account_amount_waits(self, hand: Hand) -> None:
        """Item 31.01: charged after the vendor was told."""
        open_account(hand)
        export(hand, 1, {FIRST: 0})
        hand.charge(FIRST, "A", "2026-01-01", LineAsked("75020", 100_00, period=PERIOD))
        hand.desk.book(said("1", 50_00))
        assert findings(hand, 1) == [("tenant_difference", FIRST)]

    def test_a_cost_against_which_not_all_that_was_asked_counts_waits(self, hand: Hand) -> None:
        """R27: a quarter of two accounts is settled by neither; unseen, its tenant would pay it and the whole cost."""
        last = PERIOD[0] + timedelta(days=29)
        quarter = LineAsked("75020", 30_00, period=(PERIOD[0] - timedelta(days=61), last))
        hand.charge(FIRST, "A", "2026-01-01", quarter)
        hand.desk.book(said("1", 100_00, cost=True), said("2", 10_00, 2, cost=True))
        assert findings(hand, 1) == [("not_counted", FIRST)]
        assert (hand.position(FIRST).balance, hand.desk.balance(SECOND)) == (30_00, 0)

        credited = hand.do("charges credit", lambda acting: credit_charge(acting, FIRST, "A"))
        assert credited.result["remaining"] == "0.00"
        hand.charge(FIRST, "B", "2026-01-01", LineAsked("75020", 10_00, period=(PERIOD[0], last)))
        assert findings(hand, 1) == []
        book(hand, 1)
        assert hand.desk.balance(FIRST) == 10_00 + 100_00 - 10_00
        hand.proved()

    def test_a_result_of_one_who_did_not_live_there_waits(self, hand: Hand) -> None:
        with hand.db.write() as conn:
            moved = update(tenancy).where(tenancy.c.key == FIRST)
            conn.execute(moved.values(move_in=PERIOD[1] + timedelta(days=1)))
        hand.desk.book(said("1", 100_00))
        assert findings(hand, 1) == [("not_resident", FIRST)]

    def test_another_result_is_held_while_one_waits(self, hand: Hand) -> None:
        settles(hand, book="by_hand")
        file = hand.desk.new_file()
        hand.desk.book_as(FileOf([said("1", 100_00)]), file)
        outcome = hand.desk.book(said("1", 120_00))
        assert (outcome.state, outcome.counts.held) == ("quarantined", 1)
        assert "which waits: book that first with hub consumption book 1" in outcome.reasons[0]
        assert hand.reverse_file(file.id)["entries"] == 0
        assert (state_of(hand, 1), shown(hand, 1).revisions) == ("open", [])
        hand.desk.book(said("1", 120_00))
        assert book(hand, 1)["amount"] == "120.00"
        assert hand.desk.balance(FIRST) == 120_00
        hand.proved()

    def test_and_while_a_revised_one_waits(self, hand: Hand) -> None:
        """Booked later, it would take the place of what came after it."""
        hand.desk.book(said("1", 100_00, charge_type=WATER))
        settles(hand, book="by_hand")
        hand.desk.book(said("1", 90_00, charge_type=WATER))
        settles(hand)
        assert hand.desk.book(said("1", 80_00, charge_type=WATER)).state == "quarantined"
        assert (book(hand, 1)["amount"], hand.desk.balance(FIRST)) == ("-10.00", 90_00)
        hand.proved()

    def test_its_file_is_read_once(self, hand: Hand) -> None:
        settles(hand, book="by_hand")
        records, file = FileOf([said("1", 100_00), said("9", 1_00, 2, property_="2")]), hand.desk.new_file()
        assert hand.desk.book_as(records, file).state == "partly_booked"
        again = hand.desk.book_as(records, file)
        assert (again.state, again.counts.duplicate, again.counts.held) == ("partly_booked", 1, 1)
        book(hand, 1)
        assert hand.desk.book_as(records, file).counts.duplicate == 1
        assert hand.desk.balance(FIRST) == 100_00
        hand.proved()


class TestRefused:
    def test_what_the_file_gives_back_has_to_be_what_it_was_told(self, hand: Hand) -> None:
        """R28: nothing of the property is booked."""
        open_account(hand)
        export(hand, 1, {FIRST: 0, SECOND: 0})
        outcome = hand.desk.book(said("1", 1_00, on_account=7_00), said("2", 5_00, 2, on_account=0))
        assert (outcome.state, outcome.counts.held) == ("quarantined", 2)
        assert (
            "record 1: the file says 7.00 on account of 1-1-1-1, it was told 0.00, our books have 0.00"
            in (outcome.reasons[0])
        )

    def test_and_what_our_books_have(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-01-01", LineAsked("75020", 100_00, period=PERIOD))
        assert hand.desk.book(said("1", 1_00, on_account=99_00)).state == "quarantined"
        assert hand.desk.book(said("1", 1_00, on_account=100_00)).state == "booked"

    def test_many_properties_are_held_at_once(self, hand: Hand) -> None:
        table = hand.desk.folder / "properties.csv"
        rows = [f"1,{number},1,1,Lejer {number},{number}" for number in range(11, 16)]
        table.write_text("company,property,unit,tenant,name,bs_customer\n" + "\n".join(rows) + "\n")
        import_portfolio(hand.db, table, now=NOW, actor="test", currency_of=lambda number: "DKK")
        wrong = [said("1", 1_00, number, property_=str(number), on_account=9_00) for number in range(11, 16)]
        outcome = hand.desk.book(said("1", 3_00, 1), *wrong)
        assert (outcome.state, outcome.counts.booked, outcome.counts.held) == ("partly_booked", 1, 5)

    def test_a_charge_type_of_no_consumption_type_is_no_result(self, hand: Hand) -> None:
        """R26: on-account types never carry a result."""
        outcome = hand.desk.book(said("1", 1_00, charge_type="75020"))
        assert outcome.state == "quarantined"
        assert "charge type 75020 carries no results in company 1 (R26)" in outcome.reasons[0]

    def test_a_type_that_the_company_has_no_longer(self, hand: Hand) -> None:
        gas = {"on_account": "75061", "result": "75060", "clearing": "75062", "later_results": "add"}
        hand.companies["1"] = CompanyConfig(number="1", charge_types=CHARGE_TYPES, consumption={"gas": gas})
        account = int(open_account(hand, type="gas")["account"])
        hand.companies["1"] = CompanyConfig(number="1", charge_types=CHARGE_TYPES)
        before = hand.everything()
        with pytest.raises(NoSuchTypeError, match=r"no consumption type 'gas'.*set \[consumption\.gas\]"):
            shown(hand, account)
        assert hand.everything() == before

    def test_a_file_that_a_later_one_revised_is_reversed_after_it(self, hand: Hand) -> None:
        files = [hand.desk.new_file(), hand.desk.new_file()]
        for file, amount in zip(files, (100_00, 80_00), strict=True):
            hand.desk.book_as(FileOf([said("1", amount, charge_type=WATER)]), file)
        with pytest.raises(FileNotReversedError, match=f"first: hub files reverse {files[1].id}"):
            hand.reverse_file(files[0].id)
        for file, balance in zip(reversed(files), (100_00, 0), strict=True):
            hand.reverse_file(file.id)
            assert hand.desk.balance(FIRST) == balance
        assert state_of(hand, 1) == "open"
        hand.proved()

    def test_by_hand_nothing_is_booked_in_a_closed_period(self, hand: Hand) -> None:
        """R22"""
        settles(hand, book="by_hand")
        hand.desk.book(said("1", 100_00))
        closed = hand.companies["1"].model_copy(update={"books_closed_through": NOW.date()})
        hand.companies["1"] = closed
        with pytest.raises(ClosedPeriodError, match="books are closed through"):
            book(hand, 1)
        settles(hand)
        hand.desk.book(said("2", 50_00))
        posted = select(entry.c.posting_date).where(entry.c.kind == kinds.RESULT)
        assert hand.desk.all(posted) == [(NOW.date() + timedelta(days=1),)]


class TestVacancies:
    """R32"""

    def test_they_are_the_owners_however_often_a_unit_was_vacant(self, hand: Hand) -> None:
        lines = (said("1", 100_00), said("2", 30_00, 2, tenant="000"), said("2", 12_00, 3, tenant="999"))
        more = said("2", 3_00, 4, tenant="0")
        outcome = hand.desk.book(*lines, more)
        assert (outcome.state, outcome.counts.booked, outcome.amount) == ("booked", 4, 145_00)
        assert (hand.of_account("vacancy:1-1"), hand.desk.balance(SECOND)) == (45_00, 0)
        standing = [(row.tenancy, row.standing, row.result) for row in shown(hand, 1).tenants if row.result]
        assert standing == [
            (FIRST, "present", 100_00),
            *(("1-1-2-0", "vacant", ore) for ore in (30_00, 3_00)),
            ("1-1-2-999", "vacant", 12_00),
        ]
        hand.proved()

    def test_they_are_revised_and_taken_back_as_any_other(self, hand: Hand) -> None:
        file = hand.desk.new_file()
        hand.desk.book(said("2", 30_00, tenant="0", charge_type=WATER))
        hand.desk.book_as(FileOf([said("2", 20_00, tenant="0", charge_type=WATER)]), file)
        assert hand.of_account("vacancy:1-1") == 20_00
        hand.reverse_file(file.id)
        assert hand.of_account("vacancy:1-1") == 30_00
        hand.proved()

    def test_a_vacancy_of_an_unknown_property_is_held(self, hand: Hand) -> None:
        outcome = hand.desk.book(said("1", 1_00, tenant="0", property_="77"))
        assert outcome.reasons == ["property 1-77 is held: record 1: tenancy 1-77-1-0 is not in the portfolio"]

    def test_a_vacancy_of_an_unknown_unit_is_held(self, hand: Hand) -> None:
        """Misread positions often give zeros: nothing goes to the owner unseen."""
        outcome = hand.desk.book(said("77", 1_00, tenant="0"))
        assert outcome.reasons == [
            "property 1-1 is held: record 1: 1-1-77-0 is a vacancy of a unit that is not in the portfolio"
        ]

    def test_moved_out_is_who_moves_by_the_cut_off(self, hand: Hand) -> None:
        """Item 08.10: +LM+3M from November 2026 is the last of February 2027."""
        with hand.db.write() as conn:
            for key, day in ((FIRST, date(2027, 2, 28)), (SECOND, date(2027, 3, 1))):
                conn.execute(update(tenancy).where(tenancy.c.key == key).values(move_out=day))
        hand.desk.book(said("1", 1_00), said("2", 2_00, 2))
        assert [row.standing for row in shown(hand, 1).tenants] == ["moved_out", "present"]
        kept = select(consumption_result.c.standing).order_by(consumption_result.c.record)
        assert hand.desk.all(kept) == [("moved_out",), ("present",)]


class TestPeriodOfTheOpenAccount:
    """R30"""

    def test_it_is_that_of_the_one_that_is_open(self, hand: Hand) -> None:
        open_account(hand)
        records, file = FileOf([said("1", 9_00, period=None), said("9", 1_00, 2, property_="2")]), hand.desk.new_file()
        assert hand.desk.book_as(records, file).counts.booked == 1
        assert [row.period_from for row in [shown(hand, 1).account]] == [PERIOD[0]]
        # Read again though the account is booked by now: it is known where the line went.
        assert hand.desk.book_as(records, file).counts.duplicate == 1
        hand.proved()

    def test_two_open_ones_are_none(self, hand: Hand) -> None:
        open_account(hand)
        open_account(hand, period=NEXT_YEAR)
        outcome = hand.desk.book(said("1", 9_00, period=None))
        assert (outcome.state, outcome.counts.held) == ("quarantined", 1)
        assert "its property has not just one open consumption account" in outcome.reasons[0]

    def test_a_booked_account_is_opened_again_for_a_supplementary_one(self, hand: Hand) -> None:
        hand.desk.book(said("1", 9_00))
        assert hand.desk.book(said("1", 5_00, period=None)).state == "quarantined"
        assert open_account(hand)["account"] == 1
        assert hand.desk.book(said("1", 5_00, period=None)).counts.booked == 1
        assert hand.desk.balance(FIRST) == 14_00
