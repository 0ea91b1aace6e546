"""What booking does to tenants' balances, record by record: the file's content is given, everything else is real."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.plugin import Kept
from hub.settings import CompanyConfig
from hub.store import journal
from hub.store.database import Database
from hub.store.tables import account, allocation, charge, credit, entry, posting, suspense
from hub.store.tables import outcome as outcomes
from tests.desk import NOW, PERIOD, Desk, FileOf, failed, paid, result, taken_back


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


class TestAllocation:
    def test_the_named_charge_is_paid_before_older_ones(self, desk: Desk) -> None:
        desk.charge("1-1-1-1", "OCT", "2026-10-01", 500_00)
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 500_00)
        desk.book(paid("101", 500_00, "NOV"))
        assert desk.open_lines("1-1-1-1") == [("OCT", 500_00)]
        assert desk.balance("1-1-1-1") == 500_00

    def test_without_a_reference_the_oldest_due_is_paid_first_and_the_rest_is_credit(self, desk: Desk) -> None:
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 500_00)
        desk.charge("1-1-1-1", "OCT", "2026-10-01", 500_00)
        desk.book(paid("101", 700_00))
        assert desk.open_lines("1-1-1-1") == [("NOV", 300_00)]
        desk.book(paid("101", 400_00, "later"))
        assert desk.open_lines("1-1-1-1") == []
        assert desk.balance("1-1-1-1") == -100_00
        assert desk.one(select(credit.c.remaining)) == 100_00

    def test_a_part_paid_charge_is_split_pro_rata_over_its_lines_to_the_ore(self, desk: Desk) -> None:
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 300_00, 100_00, 50_01)
        desk.book(paid("101", 100_00))
        parts = [amount for (amount,) in desk.all(select(allocation.c.amount).order_by(allocation.c.line_id))]
        assert sum(parts) == 100_00
        assert parts == [66_67, 22_22, 11_11]

    def test_credit_is_used_by_the_next_charge(self, desk: Desk) -> None:
        desk.book(paid("101", 700_00))
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 500_00)
        assert desk.open_lines("1-1-1-1") == []
        assert desk.balance("1-1-1-1") == -200_00

    def test_two_payments_of_one_file_never_pay_the_same_money_twice(self, desk: Desk) -> None:
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 500_00)
        desk.book(paid("101", 300_00, "NOV", line=3), paid("101", 300_00, "NOV", line=4, trace="other"))
        assert desk.open_lines("1-1-1-1") == []
        assert desk.balance("1-1-1-1") == -100_00


class TestSuspense:
    def test_an_unknown_customer_blocks_nothing(self, desk: Desk) -> None:
        outcome = desk.book(paid("101", 100_00), paid("777", 50_00, line=4))
        assert (outcome.state, outcome.counts.booked, outcome.counts.unmatched, outcome.amount) == (
            "booked",
            1,
            1,
            150_00,
        )
        assert desk.all(select(suspense.c.amount, suspense.c.customer)) == [(50_00, "777")]

    def test_a_customer_outside_the_debtor_group_is_unmatched_with_both_named(self, desk: Desk) -> None:
        assert desk.book(paid("201", 100_00)).counts.unmatched == 1
        reason = desk.one(select(suspense.c.reason))
        assert "'201'" in reason
        assert "00001" in reason
        assert "1-2-1-1" in reason

    def test_another_companys_customer_is_unmatched(self, desk: Desk) -> None:
        desk.book(paid("901", 100_00))
        assert desk.balance("2-1-1-1") == 0

    def test_a_creditor_that_is_no_company_of_ours_quarantines(self, desk: Desk) -> None:
        outcome = desk.book(paid("101", 100_00, creditor="05555555"))
        assert (outcome.state, outcome.counts.held) == ("quarantined", 1)
        assert "05555555" in outcome.reasons[0]
        assert desk.one(select(func.count()).select_from(entry)) == 0


class TestOnce:
    def test_the_same_records_in_another_file_are_duplicates(self, desk: Desk) -> None:
        records = [paid("101", 100_00), failed("102", 50_00), taken_back("101", 100_00)]
        first = desk.book(*records)
        again = desk.book(*records)
        assert (first.state, first.counts.booked, first.counts.failed) == ("booked", 2, 1)
        assert (again.state, again.counts.duplicate, again.amount) == ("duplicate", 3, 0)
        assert desk.balance("1-1-1-1") == 0

    @pytest.mark.parametrize("size", [1, 2, 2000])
    def test_equal_slips_in_one_file_are_two_payments_and_a_third_elsewhere_is_new(self, desk: Desk, size: int) -> None:
        slip = paid("101", 100_00, "R")
        filler = [paid("102", 1_00, f"F{number}", line=10 + number) for number in range(3)]
        assert desk.book(slip, *filler, slip._replace(record=7), size=size).counts.booked == 5
        three = [slip, filler[0], slip._replace(record=7), filler[1], slip._replace(record=8)]
        outcome = desk.book(*three, size=size)
        assert (outcome.counts.duplicate, outcome.counts.booked, outcome.state) == (4, 1, "booked")
        assert desk.balance("1-1-1-1") == -300_00

    def test_a_key_that_goes_on_with_a_blank_hides_no_shorter_one(self, desk: Desk) -> None:
        """A blank sorts before the mark of an occurrence: the batch's last key is not its last occurrence."""
        records = [paid("101", 1_00, trace="a"), paid("101", 2_00, trace="a b", line=4)]
        desk.book(records[0])
        again = desk.book(*records)
        assert (again.counts.duplicate, again.counts.booked) == (1, 1)

    def test_the_same_key_with_another_amount_is_a_conflict_that_holds_its_property_alone(self, desk: Desk) -> None:
        desk.book(paid("101", 100_00, "R"))
        changed = paid("101", 120_00, "R", line=5)
        neighbour = paid("102", 10_00, line=6)
        elsewhere = paid("201", 70_00, group="00002", line=7)
        outcome = desk.book(changed, neighbour, elsewhere)
        assert (outcome.state, outcome.counts.held, outcome.counts.booked) == ("partly_booked", 2, 1)
        assert "conflict: record 5 says 120.00" in outcome.reasons[0]
        assert (desk.balance("1-1-1-1"), desk.balance("1-1-2-1"), desk.balance("1-2-1-1")) == (-100_00, 0, -70_00)

    def test_a_file_is_booked_in_its_second_reading_where_the_first_had_held_it(self, desk: Desk) -> None:
        desk.companies["1"] = CompanyConfig(number="1", closed=True)
        records, file = FileOf([paid("101", 100_00)]), desk.new_file()
        assert desk.book_as(records, file).state == "quarantined"
        desk.companies.clear()
        assert desk.book_as(records, file).state == "booked"
        assert desk.balance("1-1-1-1") == -100_00

    def test_a_second_reading_enters_no_record_again_whatever_has_changed_since(self, desk: Desk) -> None:
        """R4: the rest of a partly booked file under another period would be two settlements for one."""
        records, file = (
            FileOf([result("1", 1_00, period=False), result("9", 2_00, 2, "2", period=False)]),
            desk.new_file(),
        )
        assert desk.book_as(records, file, period=PERIOD).state == "partly_booked"
        later = (date(2026, 6, 1), date(2027, 5, 31))
        again = desk.book_as(records, file, period=later)
        assert (again.state, again.counts.booked) == ("partly_booked", 0)
        assert "record 1: was booked from this file before" in again.reasons[0]
        assert desk.balance("1-1-1-1") == 1_00
        assert desk.book_as(records, file, period=PERIOD).counts.duplicate == 1

    def test_a_file_whose_rest_came_by_another_file_ends_as_booked(self, desk: Desk) -> None:
        both, file = FileOf([paid("101", 1_00), paid("201", 2_00, group="00002", line=4)]), desk.new_file()
        desk.companies["1"] = CompanyConfig(number="1")
        closed = FileOf([paid("101", 1_00), paid("201", 2_00, group="00002", line=4)], properties=("1-1",))
        assert desk.book_as(closed, file).state == "partly_booked"
        desk.book(paid("201", 2_00, group="00002"))
        again = desk.book_as(both, file)
        assert (again.state, again.counts.duplicate) == ("booked", 2)

    def test_duplicates_in_an_otherwise_new_file_are_told(self, desk: Desk) -> None:
        desk.book(paid("101", 1_00))
        outcome = desk.book(paid("101", 1_00), paid("102", 2_00, line=4))
        assert (outcome.state, outcome.counts.duplicate, outcome.counts.booked) == ("booked", 1, 1)
        assert outcome.reasons == ["1 of 2 records were booked before, from another file: see the list"]

    def test_a_dry_run_tells_the_same_and_leaves_nothing(self, desk: Desk) -> None:
        tables = (entry, posting, account, outcomes)
        before = [desk.one(select(func.count()).select_from(table)) for table in tables]
        instance = FileOf([paid("101", 100_00), paid("777", 5_00, line=4)])
        never_stored = journal.FileRow(0, "f" * 64, "file", "bs", "0602", NOW, None, None, None)
        rehearsed = desk.book_as(instance, never_stored, dry_run=True)
        assert (rehearsed.state, rehearsed.counts.booked, rehearsed.amount) == ("booked", 1, 105_00)
        assert [desk.one(select(func.count()).select_from(table)) for table in tables] == before


class TestChargebacks:
    def test_it_reopens_exactly_what_the_payment_had_paid(self, desk: Desk) -> None:
        desk.charge("1-1-1-1", "OCT", "2026-10-01", 400_00)
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 500_00)
        desk.book(paid("101", 700_00, "NOV"))
        desk.book(taken_back("101", 700_00, "NOV"))
        assert desk.open_lines("1-1-1-1") == [("OCT", 400_00), ("NOV", 500_00)]
        assert desk.balance("1-1-1-1") == 900_00

    def test_credit_that_a_later_charge_had_used_is_taken_back_from_it(self, desk: Desk) -> None:
        desk.book(paid("101", 700_00, "R"))
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 500_00)
        desk.book(taken_back("101", 700_00, "R"))
        assert desk.open_lines("1-1-1-1") == [("NOV", 500_00)]
        assert desk.one(select(credit.c.remaining)) == 0
        assert desk.balance("1-1-1-1") == 500_00

    def test_without_an_earlier_payment_it_books_and_is_listed(self, desk: Desk) -> None:
        outcome = desk.book(taken_back("101", 300_00, "R"))
        assert (outcome.state, outcome.amount) == ("booked", -300_00)
        assert any("without an earlier payment" in reason for reason in outcome.reasons)
        assert desk.balance("1-1-1-1") == 300_00
        desk.book(paid("101", 300_00, "new", on=date(2026, 11, 20)))
        assert desk.open_lines("1-1-1-1") == []

    def test_a_second_one_of_the_same_payment_is_a_conflict(self, desk: Desk) -> None:
        desk.book(paid("101", 300_00, "R"))
        desk.book(taken_back("101", 300_00, "R"))
        second = desk.book(taken_back("101", 300_00, "R", on=date(2026, 11, 12)))
        assert second.state == "quarantined"
        assert "has come before" in second.reasons[0]
        assert desk.balance("1-1-1-1") == 0

    def test_one_that_came_before_its_payment_leaves_no_room_for_a_second(self, desk: Desk) -> None:
        desk.book(taken_back("101", 300_00, "R", on=date(2026, 11, 3)))
        desk.book(paid("101", 300_00, "R"))
        assert desk.book(taken_back("101", 300_00, "R", on=date(2026, 11, 9))).state == "quarantined"
        assert desk.balance("1-1-1-1") == 0

    def test_one_of_another_amount_is_a_debit_of_its_own_and_says_what_was_paid(self, desk: Desk) -> None:
        desk.book(paid("101", 500_00, "R"))
        outcome = desk.book(taken_back("101", 200_00, "R"))
        assert "paid was 500.00" in outcome.reasons[0]
        assert desk.balance("1-1-1-1") == -300_00

    def test_spare_credit_pays_what_it_reopens(self, desk: Desk) -> None:
        """Else the next charge would take the credit, and the old one would stand as arrears."""
        desk.charge("1-1-1-1", "JUN", "2026-06-01", 1_000_00)
        desk.book(paid("101", 1_000_00, "JUN"))
        desk.book(paid("101", 1_000_00, "", trace="spare"))
        desk.book(taken_back("101", 1_000_00, "JUN"))
        assert desk.open_lines("1-1-1-1") == []
        desk.charge("1-1-1-1", "AUG", "2026-08-01", 1_000_00)
        assert desk.open_lines("1-1-1-1") == [("AUG", 1_000_00)]
        assert desk.one(select(credit.c.remaining).where(credit.c.remaining > 0).exists().select()) in (False, 0)

    def test_of_a_payment_in_suspense_it_takes_the_money_from_suspense(self, desk: Desk) -> None:
        desk.book(paid("777", 300_00, "R"))
        desk.book(taken_back("777", 300_00, "R"))
        assert desk.one(select(suspense.c.remaining)) == 0
        assert desk.one(select(account.c.balance).where(account.c.kind == "suspense")) == 0

    def test_payment_return_and_new_payment_in_one_file_keep_their_order(self, desk: Desk) -> None:
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 500_00)
        outcome = desk.book(
            paid("101", 500_00, "NOV", line=3),
            paid("102", 5_00, line=4),
            taken_back("101", 500_00, "NOV", line=5),
            paid("101", 500_00, "NOV", line=6, on=date(2026, 11, 20)),
        )
        assert outcome.counts.booked == 4
        assert desk.open_lines("1-1-1-1") == []
        assert desk.balance("1-1-1-1") == 0
        assert desk.one(select(credit.c.entry_id).where(credit.c.remaining > 0).exists().select()) in (True, 1)


class TestOtherRecords:
    def test_a_failed_payment_books_nothing_and_is_shown(self, desk: Desk) -> None:
        desk.charge("1-1-2-1", "NOV", "2026-11-01", 500_00)
        outcome = desk.book(failed("102", 500_00), failed("777", 1_00, line=5))
        assert (outcome.state, outcome.counts.failed, outcome.amount) == ("booked", 2, 0)
        assert desk.balance("1-1-2-1") == 500_00
        assert desk.all(select(entry.c.text).where(entry.c.kind == "payment_failed")) == [("afvist (500,00)",)]
        assert desk.all(select(outcomes.c.reason)) == [
            ("afvist: customer number '777' is unknown under creditor 02345678",)
        ]

    def test_money_paid_out_raises_the_balance(self, desk: Desk) -> None:
        desk.book(paid("101", 700_00, "in"))
        outcome = desk.book(paid("101", -200_00, "out"))
        assert outcome.amount == -200_00
        assert desk.balance("1-1-1-1") == -500_00
        assert desk.one(select(entry.c.kind).where(entry.c.key.contains("|out|"))) == "payout"

    def test_a_debit_takes_its_place_by_due_date_wherever_batches_end(self, desk: Desk) -> None:
        desk.companies["1"] = CompanyConfig.model_validate({"number": "1", "allocation": {"homes": "oldest"}})
        desk.charge("1-1-1-1", "OCT", "2026-10-01", 500_00)
        desk.book(paid("101", -300_00, "out", on=date(2026, 7, 1)), paid("101", 300_00, "in", line=4))
        assert desk.open_lines("1-1-1-1") == [("OCT", 500_00)]

    def test_rent_is_paid_before_what_is_no_obligatory_payment(self, desk: Desk) -> None:
        desk.charge("1-1-1-1", "OCT", "2026-10-01", 500_00)
        desk.book(paid("101", -300_00, "out", on=date(2026, 7, 1)), paid("101", 300_00, "in", line=4))
        assert desk.open_lines("1-1-1-1") == [("OCT", 200_00), ("out", 300_00)]

    def test_kept_records_are_counted(self, desk: Desk) -> None:
        outcome = desk.book(Kept(3, "022", "address"), paid("101", 1_00, line=4))
        assert (outcome.counts.read, outcome.counts.kept) == (2, 1)

    def test_a_closed_period_moves_the_posting_date_and_leaves_the_value_date(self, desk: Desk) -> None:
        desk.companies["1"] = CompanyConfig(number="1", books_closed_through=date(2026, 11, 15))
        desk.book(paid("101", 1_00))
        assert desk.all(select(entry.c.value_date, entry.c.posting_date)) == [(date(2026, 11, 2), date(2026, 11, 16))]

    def test_a_file_waits_for_approval_where_its_vendor_says_so(self, desk: Desk) -> None:
        instance, file = FileOf([paid("101", 1_00)], book="after_approval"), desk.new_file()
        waiting = desk.book_as(instance, file)
        assert (waiting.state, waiting.counts.held) == ("held_for_approval", 1)
        assert desk.balance("1-1-1-1") == 0
        assert desk.book_as(instance, file, approved=True).state == "booked"
        assert desk.balance("1-1-1-1") == -1_00

    def test_an_instance_books_only_within_its_scope(self, desk: Desk) -> None:
        outcome = desk.book(paid("101", 1_00), paid("201", 2_00, group="00002", line=4), properties=("1-2",))
        assert (outcome.state, outcome.counts.booked, outcome.counts.held) == ("partly_booked", 1, 1)
        assert desk.balance("1-1-1-1") == 0


class TestConsumptionResults:
    def test_a_result_is_owed_from_its_booking_and_due_in_the_second_month(self, desk: Desk) -> None:
        outcome = desk.book(result("1", 1_250_00), result("2", -300_00, line=2))
        assert (outcome.state, outcome.counts.booked, outcome.amount) == ("booked", 2, 950_00)
        assert (desk.balance("1-1-1-1"), desk.balance("1-1-2-1")) == (1_250_00, -300_00)
        assert desk.one(select(charge.c.due_date)) == date(2027, 1, 1)

    def test_next_years_equal_result_is_no_duplicate(self, desk: Desk) -> None:
        desk.book(result("1", 100_00))
        assert desk.book(result("1", 100_00)).state == "duplicate"
        later = result("1", 100_00)._replace(period_from=date(2026, 6, 1), period_to=date(2027, 5, 31))
        assert desk.book(later).state == "booked"
        assert desk.balance("1-1-1-1") == 200_00

    def test_an_unknown_tenancy_holds_its_property_alone(self, desk: Desk) -> None:
        outcome = desk.book(result("1", 1_00), result("9", 2_00, line=2), result("1", 3_00, line=3, property_="2"))
        assert (outcome.state, outcome.counts.held, outcome.counts.booked) == ("partly_booked", 2, 1)
        assert outcome.reasons == ["property 1-1 is held: record 2: tenancy 1-1-9-1 is not in the portfolio"]

    def test_a_tenancy_that_stands_twice_holds_its_property(self, desk: Desk) -> None:
        outcome = desk.book(result("1", 1_00), result("1", 1_00, line=2), size=1)
        assert outcome.state == "quarantined"
        assert "record 2: its tenancy stands twice" in outcome.reasons[0]

    def test_a_period_that_nobody_knows_is_asked_for(self, desk: Desk) -> None:
        unknown = desk.book(result("1", 1_00, period=False))
        assert unknown.state == "quarantined"
        assert unknown.reasons[0].startswith("period unknown: record 1")
        assert desk.book(result("1", 1_00, period=False), period=PERIOD).state == "booked"

    def test_an_unknown_charge_type_holds_its_property(self, desk: Desk) -> None:
        desk.companies["1"] = CompanyConfig(number="1", charge_types={"75020": "Aconto varme"})
        outcome = desk.book(result("1", 1_00))
        assert outcome.state == "quarantined"
        assert "charge type 75040 is unknown" in outcome.reasons[0]
