"""A bank's file in: whose each line is, what takes one back, and whether its statements go on from one another."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.acts import suspense as acts
from hub.ledger import kinds
from hub.plugin import BankLine, BankStatement
from hub.settings import CompanyConfig
from hub.store.database import Database
from hub.store.tables import account, bank_line, company, posting, suspense
from tests.asked import SLIP_CREDITOR, asked, results, slip_of
from tests.clearing_desk import ACCOUNT, DAY, ClearingDesk, line, statement
from tests.hand import FIRST, OTHER, SECOND

BANK = f"bank:{ACCOUNT}"
#: Of property 2.
THIRD = "1-2-1-1"
OTHER_CREDITOR = "87777777"
SLIP = "12345678901237"


#: Nothing in these is a database's own.
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> ClearingDesk:
    return ClearingDesk(database, tmp_path)


@pytest.fixture
def slips(desk: ClearingDesk) -> ClearingDesk:
    """Company 1 sends slips, which the bank books; company 2 sends others."""
    with desk.db.write() as conn:
        for number, creditor in (("1", SLIP_CREDITOR), ("2", OTHER_CREDITOR)):
            conn.execute(update(company).where(company.c.number == number).values(fi_creditor=creditor))
    desk.set("bank", books_slips_of=(SLIP_CREDITOR,))
    return desk


def waiting(desk: ClearingDesk) -> list[tuple[int, str]]:
    """(øre, why) of what is in suspense, oldest first."""
    query = select(suspense.c.remaining, suspense.c.reason).where(suspense.c.remaining != 0)
    return [tuple(row) for row in desk.desk.all(query.order_by(suspense.c.entry_id))]


def by_slip(amount: int, payment_id: str = SLIP, creditor: str = SLIP_CREDITOR, **more: Any) -> BankLine:
    return line(amount, creditor=creditor, payment_id=payment_id, **more)


class TestWhose:
    def test_a_line_that_names_a_customer_pays_his_rent_from_the_bank_account(self, desk: ClearingDesk) -> None:
        desk.desk.charge(FIRST, "NOV", "2026-11-01", 500_00)
        booked = desk.book("bank", line(500_00, "Husleje", customer="101"))
        assert (booked.state, booked.counts.booked, booked.amount, booked.total) == ("booked", 1, 500_00, 500_00)
        assert (desk.desk.balance(FIRST), desk.on(BANK), desk.desk.open_lines(FIRST)) == (0, 500_00, [])
        kept = desk.desk.all(select(bank_line.c.vendor, bank_line.c.account, bank_line.c.amount, bank_line.c.text))
        assert kept == [("bank", ACCOUNT, 500_00, "Husleje")]
        desk.proven()

    def test_the_day_of_value_counts_for_the_tenant_and_the_day_of_booking_for_the_bank(
        self, desk: ClearingDesk
    ) -> None:
        # R10
        desk.book("bank", line(1_00, customer="101")._replace(value_date=date(2026, 11, 4)))
        days = select(account.c.kind, posting.c.value_date).join(posting, posting.c.account_id == account.c.id)
        assert desk.desk.all(days.order_by(posting.c.seq)) == [(kinds.RECEIVABLE, date(2026, 11, 4)), (kinds.BANK, DAY)]

    @sqlite_only
    def test_money_that_went_out_to_a_customer_is_a_payout(self, desk: ClearingDesk) -> None:
        desk.book("bank", line(-75_00, customer="101"))
        assert (desk.desk.balance(FIRST), desk.on(BANK), desk.entry(kinds.PAYOUT) > 0) == (75_00, -75_00, True)
        desk.proven()

    def test_what_names_nobody_waits_in_suspense_either_way(self, desk: ClearingDesk) -> None:
        booked = desk.book("bank", line(10_00, customer="DK99"), line(-3_00, "Gebyr", record=2))
        assert (booked.counts.unmatched, booked.amount) == (2, 7_00)
        assert waiting(desk) == [
            (10_00, "'DK99' is no customer number of the company"),
            (-3_00, "the payer has given no reference of ours"),
        ]
        desk.proven()

    def test_a_remembered_payer_is_booked_by_his_rule_and_the_rule_is_counted(self, desk: ClearingDesk) -> None:
        desk.book("bank", line(10_00, customer="DK20 9999", payer_account="DK20 9999"))
        desk.act("match", lambda acting: acts.match(acting, desk.entry(kinds.PAYMENT), FIRST, remember=True))
        booked = desk.book("bank", line(20_00, customer="DK209999", payer_account="DK209999", record=2))
        assert (booked.counts.booked, desk.desk.balance(FIRST)) == (1, -30_00)
        desk.proven()

    def test_an_account_with_the_digits_of_a_customer_number_is_nobodys(self, desk: ClearingDesk) -> None:
        # A bill paid to creditor 101, and money from an account 101: neither has to do with customer 101.
        told = {"customer": "101", "payer_account": "101"}
        desk.book("bank", line(-75_00, "Teleservice", **told), line(10_00, record=2, **told))
        assert (desk.desk.balance(FIRST), desk.on(BANK)) == (0, -65_00)
        assert waiting(desk) == [
            (-75_00, "the payer has given no reference of ours"),
            (10_00, "the payer has given no reference of ours"),
        ]
        desk.proven()

    @sqlite_only
    @pytest.mark.parametrize(
        ("told", "why"),
        [
            ({"reference": "NOV"}, ""),
            ({"customer": "NOV"}, ""),
            ({"reference": FIRST}, ""),
            ({"customer": "101", "reference": "NOV"}, ""),
            ({"customer": "102", "reference": "NOV"}, "'NOV' and '102' names 1-1-1-1 and 1-1-2-1 (R7)"),
            ({"reference": "SAME"}, "'SAME' is no customer number, not the reference of just one charge, no tenancy"),
            ({"reference": "Nov"}, "'Nov' is no customer number, not the reference of just one charge, no tenancy"),
            ({"reference": OTHER}, "'2-1-1-1' is no customer number, not the reference of just one charge, no tenancy"),
        ],
    )
    def test_by_setting_a_reference_names_a_charge_or_tenancy_to_the_letter(
        self, desk: ClearingDesk, told: dict[str, str], why: str
    ) -> None:
        desk.set("bank", match=("customer", "charge", "tenancy"))
        desk.desk.charge(FIRST, "OLD", "2026-10-01", 500_00)
        desk.desk.charge(FIRST, "NOV", "2026-11-01", 500_00)
        for number, key in enumerate((FIRST, SECOND)):
            desk.desk.charge(key, "SAME", f"2026-12-0{number + 1}", 1_00)
        desk.book("bank", line(500_00, **told))
        if why:
            ((amount, reason),) = waiting(desk)
            assert (amount, reason.removesuffix(" of the company")) == (500_00, why)
        else:
            first_paid = "OLD" if told.get("reference") == FIRST else "NOV"
            assert first_paid not in [reference for reference, _ in desk.desk.open_lines(FIRST)]
        desk.proven()

    @sqlite_only
    def test_a_property_takes_its_own_tenants_alone(self, desk: ClearingDesk) -> None:
        desk.set("bank", numbers={ACCOUNT: "1-1"})
        desk.book("bank", line(1_00, customer="101"), line(2_00, customer="201", record=2))
        assert desk.desk.balance(FIRST) == -1_00
        assert waiting(desk) == [(2_00, f"it names {THIRD}, outside property 1-1, which {ACCOUNT} is of")]

    def test_lines_of_an_account_that_nobody_knows_are_held_until_it_is_said_whose_it_is(
        self, desk: ClearingDesk
    ) -> None:
        desk.set("bank", numbers={})
        records = (statement(0, 1_00), line(1_00, customer="101", record=95))
        held = desk.book("bank", *records)
        told = f"account {ACCOUNT} is not among numbers in config/vendors/bank.toml: say there whose it is (R7)"
        assert (held.state, held.counts.held) == ("quarantined", 2)
        assert held.reasons == [f"account {ACCOUNT} is held: {told}"]
        desk.set("bank", numbers={ACCOUNT: "1"})
        again = desk.retry(desk.files[-1], "bank", *records)
        assert (again.state, again.counts.booked, desk.desk.balance(FIRST)) == ("booked", 1, -1_00)
        desk.proven()

    @sqlite_only
    def test_a_number_that_leads_nowhere_holds_too(self, desk: ClearingDesk) -> None:
        desk.set("bank", numbers={ACCOUNT: "9"})
        held = desk.book("bank", line(1_00))
        assert held.counts.held == 1
        assert "is 9 by numbers in config/vendors/bank.toml, which the portfolio does not have" in held.reasons[0]

    @sqlite_only
    def test_a_closed_company_and_another_currency_hold_the_account(self, desk: ClearingDesk) -> None:
        desk.desk.companies["1"] = CompanyConfig(number="1", closed=True)
        assert desk.book("bank", line(1_00)).reasons == [f"account {ACCOUNT} is held: company 1 is closed"]
        desk.desk.companies.clear()
        in_euro = desk.book("bank", line(1_00)._replace(currency="EUR"))
        assert in_euro.reasons == [f"account {ACCOUNT} is held: the file is in EUR, but the company has DKK"]


class TestSlips:
    def test_a_slip_finds_its_tenant_and_answers_its_collection(self, slips: ClearingDesk) -> None:
        # R12, R17
        slips.desk.charge(FIRST, "OCT", "2026-10-01", 500_00)
        slips.desk.charge(FIRST, "NOV", "2026-11-02", 300_00)
        collection = asked(slips.desk, FIRST, "000000007", "NOV")
        slip_of(slips.desk, FIRST, SLIP, collection, 300_00)
        booked = slips.book("bank", by_slip(290_00))
        assert slips.desk.open_lines(FIRST) == [("OCT", 500_00), ("NOV", 10_00)]
        assert results(slips.desk) == [("payment", collection)]
        assert booked.reasons == [
            f"1 payment differs from what the collection demands, first record 1: 290.00 for collection {collection} "
            "of 300.00; see: hub collections list"
        ]
        slips.proven()

    def test_a_customer_number_on_a_slip_is_as_good_and_a_slip_of_another_is_told(self, slips: ClearingDesk) -> None:
        slip_of(slips.desk, SECOND, "101", None)
        slips.book("bank", by_slip(1_00, "102"), by_slip(2_00, "101", record=2))
        assert slips.desk.balance(SECOND) == -1_00
        ((amount, why),) = waiting(slips)
        assert (amount, FIRST in why, SECOND in why) == (2_00, True, True)

    @sqlite_only
    def test_one_whose_creditor_the_bank_does_not_tell_is_the_accounts_companys(self, slips: ClearingDesk) -> None:
        slip_of(slips.desk, SECOND, SLIP, None)
        slips.book("bank", by_slip(1_00, creditor=""))
        assert slips.desk.balance(SECOND) == -1_00

    def test_the_same_slip_paid_twice_is_two_payments(self, slips: ClearingDesk) -> None:
        # R5, R17
        slip_of(slips.desk, FIRST, SLIP, None)
        twice = [by_slip(100_00, key="bank|twice", link="bank", record=n) for n in (1, 2)]
        assert slips.book("bank", *twice).counts.booked == 2
        again = slips.book("bank", *twice, twice[0]._replace(record=3))
        assert (again.counts.duplicate, again.counts.booked, slips.desk.balance(FIRST)) == (2, 1, -300_00)
        slips.proven()

    @sqlite_only
    @pytest.mark.parametrize(
        ("told", "why"),
        [
            ({}, f"payment slip {SLIP} of creditor {SLIP_CREDITOR} is no slip and no customer number of the company"),
            ({"slip_fault": "check digit is 7, not 6"}, "payment slip: check digit is 7, not 6"),
            (
                {"creditor": OTHER_CREDITOR},
                f"payment slip {SLIP} of creditor {OTHER_CREDITOR} is company 2's, paid into company 1's account (R7)",
            ),
            (
                {"creditor": "80000001"},
                f"payment slip {SLIP} of creditor 80000001 is not booked from here, but from Betalingsservice where "
                "that tells of it (R17); else set books_slips_of in config/vendors/bank.toml",
            ),
        ],
    )
    def test_what_is_nobodys_waits_with_its_reason(self, slips: ClearingDesk, told: dict[str, str], why: str) -> None:
        slips.book("bank", by_slip(1_00)._replace(**told))
        assert waiting(slips) == [(1_00, why)]

    @sqlite_only
    def test_slips_that_another_instance_books_wait_to_be_found_there(self, slips: ClearingDesk) -> None:
        # R17
        slip_of(slips.desk, FIRST, SLIP, None)
        slips.desk.vendors["other"] = slips.desk.vendors["bank"].model_copy()
        slips.set("bank", books_slips_of=())
        slips.book("bank", by_slip(1_00))
        told = f"payment slip {SLIP} of creditor {SLIP_CREDITOR} is booked by other, and waits to be found there (R17)"
        assert (slips.desk.balance(FIRST), waiting(slips)) == (0, [(1_00, told)])


class TestTakenBack:
    def test_the_payment_is_taken_from_whoever_has_it_and_what_it_paid_is_open_again(self, desk: ClearingDesk) -> None:
        # R9
        desk.desk.charge(FIRST, "NOV", "2026-11-01", 500_00)
        paid = line(500_00, customer="101")
        desk.book("bank", paid)
        booked = desk.book("bank", line(-500_00, "Retur", takes_back=paid.link, on=date(2026, 11, 5), record=2))
        assert (booked.counts.booked, booked.amount) == (1, -500_00)
        assert desk.desk.open_lines(FIRST) == [("NOV", 500_00)]
        assert (desk.on(BANK), waiting(desk)) == (0, [])
        desk.proven()

    def test_in_one_file_too_and_from_suspense(self, desk: ClearingDesk) -> None:
        paid = line(500_00, customer="nobody")
        booked = desk.book("bank", paid, line(-500_00, takes_back=paid.link, record=2))
        assert (booked.counts.unmatched, booked.amount, waiting(desk), desk.on(BANK)) == (2, 0, [], 0)
        desk.proven()

    @sqlite_only
    def test_without_a_payment_a_person_has_to_look(self, desk: ClearingDesk) -> None:
        paid = line(500_00, customer="101")
        desk.book("bank", paid, line(-400_00, takes_back=paid.link, record=2))
        desk.book("bank", line(-500_00, takes_back=paid.link, record=3))
        desk.book("bank", line(-500_00, takes_back=paid.link, record=4))
        desk.book("bank", line(500_00, takes_back=paid.link, record=5, customer="101"))
        none = "it takes back an earlier line that is not here as a payment of that amount"
        twice = "it takes back an earlier line: a charge-back of this payment has come before"
        told = [(amount, why.partition(", as ")[0]) for amount, why in waiting(desk)]
        assert told == [(-400_00, none), (-500_00, twice), (500_00, none)]
        assert desk.desk.balance(FIRST) == 0
        desk.proven()

    def test_money_that_was_explained_meanwhile_is_not_taken_from_suspense(self, desk: ClearingDesk) -> None:
        paid = line(500_00, "Renter")
        desk.book("bank", paid)
        desk.settle(desk.entry(kinds.PAYMENT), "account:interest")
        desk.book("bank", line(-500_00, takes_back=paid.link, record=2))
        assert [amount for amount, _ in waiting(desk)] == [-500_00]
        assert desk.on("named:interest") == -500_00
        desk.proven()


class TestAgain:
    def test_lines_of_an_overlapping_statement_are_booked_once(self, desk: ClearingDesk) -> None:
        # R5
        first, second, third = (line(n * 1_00, customer="101", record=n) for n in (1, 2, 3))
        desk.book("bank", first, second)
        again = desk.book("bank", second._replace(record=1), third._replace(record=2))
        assert (again.state, again.counts.duplicate, again.counts.booked) == ("booked", 1, 1)
        assert (desk.desk.balance(FIRST), desk.on(BANK)) == (-6_00, 6_00)
        desk.proven()

    def test_a_reversed_file_is_booked_anew_with_all_that_the_bank_said(self, desk: ClearingDesk) -> None:
        records = (statement(0, 1_00)._replace(record=1), line(1_00, customer="101", record=2))
        desk.book("bank", *records)
        desk.reverse_file(desk.files[-1])
        assert (desk.desk.balance(FIRST), desk.on(BANK)) == (0, 0)
        again = desk.retry(desk.files[-1], "bank", *records)
        assert (again.counts.booked, again.reasons, desk.desk.balance(FIRST)) == (1, [], -1_00)
        assert len(desk.desk.all(select(bank_line.c.entry_id))) == 2
        desk.proven()

    def test_a_conflict_holds_and_books_nothing_of_it(self, desk: ClearingDesk) -> None:
        one = line(1_00, customer="101")
        desk.book("bank", one)
        held = desk.book("bank", one._replace(amount=2_00), line(5_00, customer="201", record=2))
        assert (held.counts.held, held.counts.booked, held.state) == (1, 1, "partly_booked")
        assert (desk.desk.balance(FIRST), desk.desk.balance(THIRD)) == (-1_00, -5_00)
        desk.proven()


D1, D2, D3, D4, D5 = (date(2026, 11, day) for day in (2, 3, 4, 5, 6))


@sqlite_only
class TestContinuity:
    def test_statements_that_follow_one_another_are_not_spoken_of(self, desk: ClearingDesk) -> None:
        told = [
            desk.book("bank", statement(0, 10_00, first=D1, last=D1, number=1)),
            desk.book("bank", statement(10_00, 20_00, first=D3, last=D3, number=2)),
            desk.book("bank", statement(20_00, 5_00, first=D3, last=D3, number=3)),
            desk.book("bank", statement(5_00, 5_00, first=D4, last=D5, number=4)),
        ]
        assert [result.reasons for result in told] == [[], [], [], []]
        assert [(result.state, result.counts.kept) for result in told] == [("booked", 1)] * 4

    def test_a_gap_is_named_with_both_statements_and_what_is_missing(self, desk: ClearingDesk) -> None:
        desk.book("bank", statement(0, 10_00, first=D1, last=D1, number=1))
        (told,) = desk.book("bank", statement(25_00, 30_00, first=D4, last=D4, number=3)).reasons
        assert told == (
            f"attention: gap: account {ACCOUNT}: statement 3 of 2026-11-05, number 3 (file 2, file2, record 93) after "
            "statement 1 of 2026-11-02, number 1 (file 1, file1, record 91): that ends with 10.00, this begins with "
            "25.00, 15.00 apart: fetch what is missing between from the bank"
        )

    def test_a_late_one_is_held_against_those_on_both_sides(self, desk: ClearingDesk) -> None:
        desk.book("bank", statement(0, 10_00, first=D1, last=D1, number=1))
        desk.book("bank", statement(25_00, 30_00, first=D5, last=D5, number=3))
        fits = desk.book("bank", statement(10_00, 25_00, first=D3, last=D3, number=2))
        assert fits.reasons == []
        does_not = desk.book("bank", statement(1_00, 2_00, first=D4, last=D4, number=7))
        assert [reason.count("gap") for reason in does_not.reasons] == [1, 1]
        assert "statement 7 of 2026-11-05" in does_not.reasons[0]
        assert ["24.00 apart" in reason for reason in does_not.reasons] == [True, False]

    @pytest.mark.parametrize(
        ("second", "told"),
        [
            ({"first": D2, "last": D4, "opening": 7_00}, "overlap: "),
            ({"first": D3, "last": D3, "opening": 7_00}, "overlap: "),
            ({"first": D4, "last": D4, "opening": 10_00, "number": 3}, "by their numbers 1 statement between has not"),
            ({"first": D4, "last": D4, "opening": None}, ""),
            ({"first": D4, "last": D4, "opening": None, "number": 4}, "by their numbers 2 statements between have not"),
            ({"first": D5, "last": D5, "opening": None, "number": None}, "bank days lie between"),
            ({"first": D4, "last": D4, "opening": None, "number": None}, ""),
        ],
    )
    def test_by_days_balances_and_numbers(self, desk: ClearingDesk, second: dict[str, Any], told: str) -> None:
        desk.book("bank", statement(0, 10_00, first=D1, last=D3, number=1))
        values = {"first_day": second["first"], "last_day": second["last"], "opening": second["opening"]}
        one = statement(0, 50_00, number=2)._replace(**values, sequence=second.get("number", 2))
        reasons = desk.book("bank", one).reasons
        assert (len(reasons), told in "".join(reasons)) == (bool(told), True)

    def test_a_repeat_is_named_and_its_lines_are_booked_once(self, desk: ClearingDesk) -> None:
        first = (statement(0, 10_00)._replace(record=1), line(10_00, customer="101", record=2))
        desk.book("bank", *first)
        again = desk.book("bank", *first, line(5_00, customer="101", record=3))
        (told,) = [reason for reason in again.reasons if "repeat" in reason]
        assert told == (
            f"account {ACCOUNT}: statement 1 of 2026-11-02, number 1 (file 2, file2, record 1) repeats statement 1 of "
            "2026-11-02, number 1 (file 1, file1, record 1): each of its lines is booked once"
        )
        assert (again.counts.duplicate, again.counts.booked, desk.desk.balance(FIRST)) == (1, 1, -15_00)
        other = desk.book("bank", statement(0, 99_00)._replace(record=1))
        assert "attention: " in other.reasons[0]
        assert "0.00..10.00 before, 0.00..99.00 now" in other.reasons[0]

    def test_what_a_reversed_file_stated_is_forgotten(self, desk: ClearingDesk) -> None:
        records = (statement(0, 10_00)._replace(record=1), line(10_00, customer="101", record=2))
        desk.book("bank", *records)
        desk.reverse_file(desk.files[-1])
        later = statement(50_00, 60_00, first=D4, last=D4, number=2)
        assert desk.book("bank", later).reasons == []

    def test_other_accounts_are_others(self, desk: ClearingDesk) -> None:
        desk.set("bank", numbers={ACCOUNT: "1", "OTHER": "1"})
        desk.book("bank", statement(0, 10_00))
        assert desk.book("bank", of_account(statement(70_00, 80_00, first=D4, last=D4), "OTHER")).reasons == []
        desk.proven()


def of_account(one: BankStatement, number: str) -> BankStatement:
    return one._replace(account=number, key=f"bank|{number}|1")
