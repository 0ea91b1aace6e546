"""What a vendor keeps of the money that it settles, and what it passes on to the bank (R18)."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.intake.lists import write_lists
from hub.ledger import kinds
from hub.plugin import Chargeback
from hub.settings import CompanyConfig
from hub.store import journal
from hub.store.database import Database
from hub.store.exchange.coming import clearing_is_zero
from hub.store.tables import entry, payout, posting, suspense
from tests.clearing_desk import DAY, IN_TRANSIT, MOBILEPAY, SALES_UNIT, ClearingDesk, fee, mobile_payment
from tests.clearing_desk import payout as paid_out
from tests.hand import FIRST, SECOND

THIRD = "1-2-1-1"
#: Nothing in these is a database's own.
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> ClearingDesk:
    return ClearingDesk(database, tmp_path)


def test_a_settlement_leaves_nothing_on_the_vendors_account(desk: ClearingDesk) -> None:
    records = (
        mobile_payment("101", 500_00, record=1),
        mobile_payment("102", 300_00, record=2),
        mobile_payment("102", -50_00, record=3),
        fee(7_50, record=4),
        fee(-50, record=5),
        paid_out(743_00, "MP 123456 A", record=6),
    )
    booked = desk.book("mp", *records)
    assert (booked.state, booked.counts.booked) == ("booked", 6)
    # Fees are what we did not get; a payout is our own money on its way.
    assert (booked.amount, booked.total) == (743_00, 743_00)
    assert (desk.on(MOBILEPAY), desk.on(IN_TRANSIT), desk.on("named:vendor_fees")) == (0, 743_00, 7_00)
    assert (desk.desk.balance(FIRST), desk.desk.balance(SECOND)) == (-500_00, -250_00)
    kept = select(payout.c.vendor, payout.c.creditor, payout.c.amount, payout.c.booking_date, payout.c.bank_text)
    assert desk.desk.all(kept) == [("mp", SALES_UNIT, 743_00, DAY, "MP 123456 A")]
    desk.proven()
    again = desk.book("mp", *records)
    assert (again.state, again.counts.duplicate) == ("duplicate", 6)
    desk.proven()


@sqlite_only
def test_entries_say_what_they_are_on_their_days_in_the_companys_words(desk: ClearingDesk) -> None:
    # R10
    sold, sent = date(2026, 11, 4), date(2026, 11, 5)
    desk.book(
        "mp", fee(7_50)._replace(value_date=sold), paid_out(1_00, "MP 9")._replace(value_date=sold, booking_date=sent)
    )
    told = select(entry.c.kind, entry.c.text, posting.c.value_date).join(posting, posting.c.entry_id == entry.c.id)
    assert desk.desk.all(told.order_by(entry.c.id, posting.c.seq)) == [
        (kinds.FEE, "Gebyr", sold),
        (kinds.FEE, "Gebyr", DAY),
        (kinds.SETTLEMENT, "Overførsel (banktekst MP 9)", sent),
        (kinds.SETTLEMENT, "Overførsel (banktekst MP 9)", sent),
    ]


@sqlite_only
def test_fees_go_to_the_account_of_the_instance_on_the_first_open_day(desk: ClearingDesk) -> None:
    # R22
    desk.desk.companies["1"] = CompanyConfig(number="1", books_closed_through=date(2026, 11, 10))
    desk.set("mp", clearing=desk.desk.vendors["mp"].clearing.model_copy(update={"fee_account": "mobilepay_fees"}))
    desk.book("mp", fee(7_50))
    assert desk.on("named:mobilepay_fees") == 7_50
    assert desk.desk.all(select(entry.c.value_date, entry.c.posting_date)) == [(DAY, date(2026, 11, 11))]


@sqlite_only
def test_an_unknown_sales_unit_is_held_with_all_that_is_of_it(desk: ClearingDesk) -> None:
    # R7
    desk.set("mp", numbers={})
    held = desk.book("mp", mobile_payment("101", 10_00), fee(1_00), paid_out(9_00))
    assert (held.state, held.counts.held) == ("quarantined", 3)
    assert "nor among numbers in config/vendors/mp.toml: say there whose it is (R7)" in held.reasons[0]
    desk.set("mp", numbers={SALES_UNIT: "1"})
    records = (mobile_payment("101", 10_00), fee(1_00), paid_out(9_00))
    assert desk.retry(desk.files[-1], "mp", *records).counts.booked == 3
    desk.proven()


@sqlite_only
def test_a_sales_unit_of_a_property_takes_its_own_tenants_alone(desk: ClearingDesk) -> None:
    desk.set("mp", numbers={SALES_UNIT: "1-2"})
    desk.book("mp", mobile_payment("201", 10_00), mobile_payment("101", 20_00, record=2))
    assert desk.desk.balance(THIRD) == -10_00
    why = f"customer number '101' is {FIRST}, outside property 1-2, which {SALES_UNIT} is of"
    assert desk.desk.all(select(suspense.c.amount, suspense.c.reason)) == [(20_00, why)]


@sqlite_only
def test_an_own_reference_finds_the_tenant_and_pays_the_charge_that_it_names(desk: ClearingDesk) -> None:
    desk.set("mp", match=("charge", "tenancy"))
    desk.desk.charge(FIRST, "OLD", "2026-10-01", 500_00)
    desk.desk.charge(FIRST, "NOV-1", "2026-11-01", 500_00)
    booked = desk.book(
        "mp",
        mobile_payment("NOV-1", 500_00),
        mobile_payment(SECOND, 30_00, record=2),
        mobile_payment("101", 20_00, record=3),
    )
    assert (booked.counts.booked, booked.counts.unmatched) == (2, 1)
    assert desk.desk.open_lines(FIRST) == [("OLD", 500_00)]
    assert desk.desk.balance(SECOND) == -30_00
    why = "'101' is not the reference of just one charge, no tenancy of the company"
    assert desk.desk.all(select(suspense.c.reason)) == [(why,)]
    desk.proven()


def test_a_disputed_payment_comes_back_and_may_be_returned(desk: ClearingDesk) -> None:
    # R9
    desk.desk.charge(FIRST, "NOV", "2026-11-01", 500_00)
    paid = mobile_payment("101", 500_00)
    back = Chargeback(2, *paid[1:10], paid.link, f"{paid.link}|disputed", "Indsigelse")
    desk.book("mp", paid._replace(key=f"{paid.link}|capture"))
    desk.book("mp", back)
    assert desk.desk.open_lines(FIRST) == [("NOV", 500_00)]
    desk.book("mp", paid._replace(key=f"{paid.link}|returned"))
    assert (desk.desk.open_lines(FIRST), desk.on(MOBILEPAY)) == ([], 500_00)
    desk.proven()


def test_a_reversed_settlement_is_booked_anew(desk: ClearingDesk) -> None:
    records = (mobile_payment("101", 10_00, record=1), fee(1_00, record=2), paid_out(9_00, record=3))
    desk.book("mp", *records)
    desk.reverse_file(desk.files[-1])
    assert (desk.on(MOBILEPAY), desk.on(IN_TRANSIT), desk.on("named:vendor_fees")) == (0, 0, 0)
    assert desk.retry(desk.files[-1], "mp", *records).counts.booked == 3
    assert (desk.on(MOBILEPAY), desk.on(IN_TRANSIT), desk.on("named:vendor_fees")) == (0, 9_00, 1_00)
    desk.proven()


@sqlite_only
def test_a_day_without_a_file_is_normal_while_all_that_is_left_is_on_its_way_to_the_bank(desk: ClearingDesk) -> None:
    def is_zero() -> bool:
        with desk.db.read() as conn:
            return clearing_is_zero(conn, "mobilepay", ["1"])

    assert is_zero()
    desk.book("mp", mobile_payment("101", 10_00))
    assert not is_zero()
    desk.book("mp", paid_out(10_00))
    assert (desk.on(IN_TRANSIT), is_zero()) == (10_00, True)


@sqlite_only
def test_the_list_tells_fees_and_payouts_from_payments(desk: ClearingDesk, tmp_path: Path) -> None:
    # R8
    desk.book("mp", mobile_payment("101", 10_00, record=1), fee(1_00, record=2), paid_out(9_00, "MP 9", record=3))
    with desk.db.read() as conn:
        file = journal.get_file(conn, desk.files[-1])
        assert file is not None
        write_lists(conn, desk.site, file)
    (path,) = desk.site.lists.glob("*.csv")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert [(row["outcome"], row["tenancy"], row["amount"], row["text"]) for row in rows] == [
        ("booked", FIRST, "10,00", "MobilePay"),
        ("booked: fee", "", "-1,00", "Gebyr"),
        ("booked: payout", "", "9,00", "Overførsel (banktekst MP 9)"),
    ]
