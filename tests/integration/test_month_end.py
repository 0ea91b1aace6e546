"""The end of a month: what Betalingsservice and MobilePay have told of, the bank shows; what it does not is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.bank_files import Paid
from tests.camt import Line
from tests.month_end import (
    PAID,
    SETTLED,
    SLIP_CREDITOR,
    A,
    B,
    C,
    D,
    MonthEndSite,
    fee_line,
    paid,
    paid_by_slip,
    payout_line,
    pays,
    slip_line,
    slips,
)

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
OF_PROPERTY_1, OF_PROPERTY_2 = "nets_bs:02345678:00001", "nets_bs:02345678:00002"


def site_with_a_month(root: Path, database_url: str) -> MonthEndSite:
    """Property 1 pays 5,000.00 + 4,000.00, property 2 6,500.00 and 3,000.00 by slip; 2,000.00 come by MobilePay."""
    site = MonthEndSite(root / "site", database_url)
    site.betalingsservice(paid(A, 5_000_00), paid(B, 4_000_00), paid(C, 6_500_00), paid_by_slip(D, 3_000_00, "ARK1"))
    site.mobilepay(Paid(2_000_00, 20_00, D))
    return site


def rest_of_the_month() -> list[Line]:
    """What the bank shows of property 2 and of MobilePay, and what it takes."""
    return [pays(2, 6_500_00), slips(slip_line(D, 3_000_00, "ARK1")), payout_line(1_980_00), fee_line(-45_00)]


def open_on_clearing(site: MonthEndSite) -> dict[str, str]:
    return {code: amount for code, amount in site.clearing().items() if amount != "0.00"}


def test_the_bank_shows_all_and_nothing_is_left_on_clearing(tmp_path: Path, database_url: str) -> None:
    site = site_with_a_month(tmp_path, database_url)
    told = {OF_PROPERTY_1: "9000.00", OF_PROPERTY_2: "9500.00", "mobilepay:123456:payout": "1980.00"}
    assert open_on_clearing(site) == told

    site.bank(1, 0, pays(1, 9_000_00), *rest_of_the_month())

    assert set(site.clearing().values()) == {"0.00"}
    assert site.ask("unmatched")["unmatched"] == []
    assert [site.balance(key) for key in (A, B, C, D)] == ["0.00", "1000.00", "-1500.00", "0.00"]
    assert "everything nets to 0.00: 4 clearing accounts" in site.hub("reconcile").out
    assert site.ask("verify")["ok"]


def test_a_payment_that_the_bank_does_not_show_is_named_until_it_comes(tmp_path: Path, database_url: str) -> None:
    site = site_with_a_month(tmp_path, database_url)
    site.bank(1, 0, pays(1, 5_000_00), *rest_of_the_month())

    said = site.hub("reconcile", status=2).out
    assert "shows 4000.00 less: exactly 4000.00 is entry" in said
    assert f"0602-1.txt record 4: Betalingsservice H{B}, {B}" in said
    assert open_on_clearing(site) == {OF_PROPERTY_1: "9000.00"}

    # A person says that the line is that day's all the same; the day is open by what is missing.
    (line,) = site.ask("reconcile", status=2)["lines"]
    site.hub("settle", line["line"], f"{OF_PROPERTY_1}@{PAID}")
    assert open_on_clearing(site) == {OF_PROPERTY_1: "4000.00"}
    site.bank(2, 5_000_00 + sum(line.amount for line in rest_of_the_month()), pays(1, 4_000_00, SETTLED))

    assert open_on_clearing(site) == {}
    assert site.ask("reconcile")["clear"]
    assert [site.balance(key) for key in (A, B)] == ["0.00", "1000.00"]
    assert site.ask("verify")["ok"]


def test_a_slip_paid_twice_is_two_payments(tmp_path: Path, sqlite_url: str) -> None:
    site = MonthEndSite(tmp_path / "site", sqlite_url)
    site.betalingsservice(paid_by_slip(D, 2_500_00, "ARK1"), paid_by_slip(D, 2_500_00, "ARK2"))
    site.bank(1, 0, slips(slip_line(D, 2_500_00, "ARK1"), slip_line(D, 2_500_00, "ARK2")))

    assert site.balance(D) == "0.00"
    assert site.clearing() == {OF_PROPERTY_2: "0.00"}
    assert site.ask("unmatched")["unmatched"] == []


@pytest.mark.parametrize("bank_first", [True, False])
def test_a_slip_seen_by_bank_and_betalingsservice_is_one_payment(
    tmp_path: Path, sqlite_url: str, bank_first: bool
) -> None:
    site = MonthEndSite(tmp_path / "site", sqlite_url, bank=f'books_slips_of = ["{SLIP_CREDITOR}"]')

    def by_bank() -> None:
        taken = site.bank(1, 0, slip_line(D, 5_000_00, "ARK1"))
        assert taken["records"]["booked"] == 1

    def by_betalingsservice() -> None:
        taken = site.betalingsservice(paid_by_slip(D, 5_000_00, "ARK1"))
        assert (taken["records"]["booked"], taken["amount"]) == (0, "0.00")

    for told in (by_bank, by_betalingsservice) if bank_first else (by_betalingsservice, by_bank):
        told()

    assert site.balance(D) == "0.00"
    assert site.clearing() == {}
    assert site.ask("verify")["ok"]


def test_a_notification_and_the_statement_tell_of_one_payment(tmp_path: Path, sqlite_url: str) -> None:
    site = MonthEndSite(tmp_path / "site", sqlite_url, bank=f'books_slips_of = ["{SLIP_CREDITOR}"]')
    site.bank(1, 0, slip_line(D, 5_000_00, "ARK1"), kind="camt.054")
    assert site.balance(D) == "5000.00"
    assert [one["payment_id"] for one in site.ask("reconcile", status=2)["witnesses"]] == ["2022"]

    site.bank(1, 0, slip_line(D, 5_000_00, "ARK1"))

    assert site.balance(D) == "0.00"
    assert site.ask("reconcile")["witnesses"] == []


@pytest.mark.parametrize(
    ("sample", "vendor", "records", "amount"),
    [
        # 70 payments of 29,878.00 to nobody we know, fees of 448.18, four payouts.
        (
            "mobilepay/vipps-settlement-example.xlsx",
            "mobilepay",
            {"read": 78, "booked": 8, "unmatched": 70},
            "29429.82",
        ),
        # 4 credits of 3,163.89, 2 debits of 346,338.01; what the bank has masked is told.
        (
            "iso20022/camt.053.001.02_danskebank-dk_example_fik.wellformed.xml",
            "bank",
            {"booked": 0, "unmatched": 7},
            "-343174.12",
        ),
    ],
)
def test_a_published_sample_is_booked_with_its_totals(
    tmp_path: Path, sqlite_url: str, sample: str, vendor: str, records: dict[str, int], amount: str
) -> None:
    site = MonthEndSite(tmp_path / "site", sqlite_url, bank_settings='balances = "tell"')
    taken = site.take_in(sample.replace("/", "-"), _read(sample), vendor)

    assert {what: taken["records"][what] for what in records} == records
    assert taken["amount"] == amount
    assert site.ask("verify")["ok"]


@pytest.mark.parametrize(
    ("sample", "vendor", "said"),
    [
        ("mobilepay/vipps_settlement-report_2022.csv", "mobilepay", "found 13 cells"),
        ("mobilepay/json/report-api_funds-dates_example.json.txt", "mobilepay", "line 28, position 4: no JSON"),
        ("iso20022/camt.053.001.02_danskebank-dk_example_fik.xml", "bank", "U+00A0"),
    ],
)
def test_a_published_sample_that_is_broken_is_refused_with_the_place(
    tmp_path: Path, sqlite_url: str, sample: str, vendor: str, said: str
) -> None:
    site = MonthEndSite(tmp_path / "site", sqlite_url)
    taken = site.take_in(sample.replace("/", "-"), _read(sample), vendor, "quarantined")

    assert said in " ".join(taken["reasons"])
    assert site.clearing() == {}


def _read(sample: str) -> bytes:
    path = SAMPLES / sample
    if not path.exists():
        pytest.skip("the published samples are not beside this checkout")
    return path.read_bytes()


def test_a_person_says_what_betalingsservice_has_seen_of_what_the_bank_has_booked(tmp_path: Path) -> None:
    """The same slip truly paid twice; the two sources number their payments each in its own way."""
    site = MonthEndSite(tmp_path / "site", "sqlite:///hub.db", f'books_slips_of = ["{SLIP_CREDITOR}"]')
    site.betalingsservice(paid_by_slip(D, 5_000_00, "ARK1"), paid_by_slip(D, 5_000_00, "ARK2"))
    site.bank(1, 0, slip_line(D, 5_000_00, "B1"), slip_line(D, 5_000_00, "B2"))
    assert site.balance(D) == "-5000.00"

    said = site.hub("reconcile", status=2).out
    assert "its reference is B1, what was seen has ARK1" in said
    assert "hub confirm SEEN ENTRY" in said
    waiting = site.ask("reconcile", status=2)["witnesses"]
    for one, at in zip(waiting, (0, 1), strict=True):
        site.hub("confirm", one["seen"], one["candidates"][at]["entry"])
    assert site.ask("reconcile")["clear"]
    assert site.balance(D) == "-5000.00"
    assert site.ask("verify")["ok"]
