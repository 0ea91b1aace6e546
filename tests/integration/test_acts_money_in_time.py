"""What may be taken is there on the day, and on every day after it: money to come is nobody's yet (R10, R23)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.acts.act import CurrencyError, TextRefusedError
from hub.acts.charges import LineAsked
from hub.acts.holdings import OverdrawnError
from hub.acts.money import AmountRefusedError
from hub.settings import CompanyConfig
from hub.store import views
from hub.store.database import Database
from hub.store.tables import charge, entry, match_rule, suspense
from tests.desk import NOW, FileOf, paid, taken_back
from tests.hand import FIRST, SECOND, SWEDISH, Hand

COMING = date(2027, 1, 4)


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def test_a_holding_gives_nothing_that_comes_later(hand: Hand) -> None:
    hand.pay(FIRST, 1_000_00, holding="deposit", day=date(2027, 12, 31))
    with pytest.raises(OverdrawnError, match=r"1000\.00 is more than the 0\.00"):
        hand.pay_out(FIRST, 1_000_00, holding="deposit")


def test_nor_what_leaves_it_later(hand: Hand) -> None:
    hand.pay(FIRST, 500_00, holding="prepaid_rent")
    with pytest.raises(OverdrawnError):
        hand.pay_out(FIRST, 500_00, holding="prepaid_rent", day=date(2021, 1, 1))
    hand.pay_out(FIRST, 500_00, holding="prepaid_rent")


def test_a_charge_for_a_holding_fills_it_when_its_payment_comes(hand: Hand) -> None:
    """Money of next week is there already in a file of today (R10)."""
    hand.charge(FIRST, "RENT", "2026-10-01", 3_000_00)
    hand.charge(FIRST, "DEP", "2026-11-20", LineAsked("20", 3_000_00))
    hand.desk.book(paid("101", 3_000_00, "DEP", on=COMING))
    before = hand.everything()
    for take in (
        lambda: hand.transfer(FIRST, 3_000_00, "deposit", "balance"),
        lambda: hand.transfer(FIRST, 3_000_00, "deposit", "prepaid_rent"),
        lambda: hand.pay_out(FIRST, 1, holding="deposit"),
        lambda: hand.pay_out(FIRST, 1, holding="deposit", day=COMING - timedelta(1)),
    ):
        with pytest.raises(OverdrawnError, match=r"more than the 0\.00 that holding 'deposit' has"):
            take()
    assert hand.everything() == before
    hand.pay_out(FIRST, 3_000_00, holding="deposit", day=COMING)
    assert _held(hand, FIRST, COMING) == 0


def test_a_charge_for_a_holding_has_filled_it_on_no_day_before_its_payment(hand: Hand) -> None:
    hand.charge(FIRST, "DEP", "2026-10-01", LineAsked("20", 100_00))
    hand.pay(FIRST, 100_00, reference="DEP", day=date(2026, 10, 2))
    with pytest.raises(OverdrawnError, match=r"100\.00 is more than the 0\.00"):
        hand.pay_out(FIRST, 100_00, holding="deposit", day=date(2026, 10, 1))
    hand.pay_out(FIRST, 40_00, holding="deposit", day=date(2026, 11, 2))
    with pytest.raises(OverdrawnError, match=r"70\.00 is more than the 60\.00 .*nor is what leaves on a day after it"):
        hand.pay_out(FIRST, 70_00, holding="deposit", day=date(2026, 10, 2))
    hand.pay_out(FIRST, 60_00, holding="deposit", day=date(2026, 10, 2))
    assert [_held(hand, FIRST, date(2026, month, 2)) for month in (10, 11)] == [40_00, 0]


def test_a_credit_note_on_what_is_paid_next_week_leaves_the_holding_at_nothing(hand: Hand) -> None:
    hand.charge(FIRST, "DEP", "2026-11-20", LineAsked("20", 3_000_00))
    hand.pay(FIRST, 3_000_00, reference="DEP", day=COMING)
    hand.pay(FIRST, 10_00, holding="deposit")
    hand.credit(FIRST, "DEP", 2_000_00)
    assert [_held(hand, FIRST, day) for day in (NOW.date(), COMING)] == [10_00, 1_010_00]
    hand.pay_out(FIRST, 10_00, holding="deposit")


def test_a_credit_note_takes_from_a_holding_once_whatever_its_payment_becomes(hand: Hand) -> None:
    """What it gave has paid rent since: the deposit is owed again, and nothing of it is held."""
    hand.charge(FIRST, "DEP", "2026-10-01", LineAsked("20", 3_000_00))
    hand.desk.book(paid("101", 3_000_00, "DEP"))
    hand.credit(FIRST, "DEP", 1_000_00)
    hand.charge(FIRST, "RENT", "2026-11-01", 1_000_00)
    hand.desk.book(taken_back("101", 3_000_00, "DEP"))
    assert hand.position(FIRST).open == {"DEP": 3_000_00}
    assert hand.position(FIRST).held == {}
    assert _held(hand, FIRST, COMING) == 0
    hand.pay(FIRST, 1_500_00)
    assert hand.position(FIRST).held == {"deposit": 500_00}
    assert _held(hand, FIRST, COMING) == 500_00


def test_what_is_written_off_of_a_charge_of_next_month_is_nothing_today(hand: Hand) -> None:
    hand.write_off_to("1.00")
    hand.charge(FIRST, "DEP", COMING.isoformat(), LineAsked("20", 100_00))
    hand.pay(FIRST, 10_00, holding="deposit")
    hand.pay(FIRST, 99_50, reference="DEP")
    assert [_held(hand, FIRST, day) for day in (NOW.date(), COMING)] == [10_00, 109_50]
    hand.pay_out(FIRST, 10_00, holding="deposit")


def _held(hand: Hand, tenancy: str, day: date) -> int:
    with hand.db.read() as conn:
        return views.balance(conn, tenancy, day).holdings[0].held


def test_a_payment_to_come_leaves_no_credit_today(hand: Hand) -> None:
    """A delivery of 30 December holds payments of 4 January; what they paid is owed until then."""
    hand.charge(FIRST, "A1", "2026-11-02", 100_00)
    hand.pay(FIRST, 100_00, reference="A1", day=COMING)
    hand.pay(FIRST, 100_00)
    with pytest.raises(OverdrawnError, match=r"more than the 0\.00 that the tenancy has in credit"):
        hand.pay_out(FIRST, 100_00)


def test_credit_that_a_charge_of_later_has_used_is_refused_by_its_name(hand: Hand) -> None:
    """The balance of today has the credit still, and a charge has it already."""
    hand.pay(FIRST, 199_50)
    hand.charge(FIRST, "FAR", "2028-01-15", 150_00)
    hand.charge(FIRST, "NEXT", "2027-12-01", 500_00)
    assert hand.desk.balance(FIRST) == 450_50
    with hand.db.read() as conn:
        assert views.balance(conn, FIRST, NOW.date()).balance == -199_50
    told = "charge 'NEXT' due 2027-12-01 with 49.50, charge 'FAR' due 2028-01-15 with 150.00"
    with pytest.raises(OverdrawnError, match=rf"150\.00 is more than the 0\.00 that .* from 2026-.* {told}"):
        hand.pay_out(FIRST, 150_00)
    with pytest.raises(OverdrawnError, match=told):
        hand.transfer(FIRST, 150_00, "balance", "deposit")
    hand.reverse(hand.desk.one(select(charge.c.entry_id).where(charge.c.reference == "FAR")))
    with pytest.raises(OverdrawnError, match=r"paid already what counts only later: charge 'NEXT' due 2027-12-01"):
        hand.pay_out(FIRST, 150_00)


def test_a_payment_that_filled_a_holding_stays_while_the_holding_was_paid_out(hand: Hand) -> None:
    hand.charge(FIRST, "DEP", "2026-11-02", LineAsked("20", 3_000_00))
    payment = hand.pay(FIRST, 3_000_00, reference="DEP")
    hand.pay_out(FIRST, 3_000_00, holding="deposit")
    with pytest.raises(OverdrawnError, match=r"would be left with -3000\.00"):
        hand.reverse(payment)


def test_no_credit_note_takes_from_a_holding_what_fills_it_only_later(hand: Hand) -> None:
    hand.charge(FIRST, "DEP", "2026-11-01", LineAsked("20", 1_000_00))
    hand.pay(FIRST, 1_000_00, reference="DEP", day=date(2026, 11, 1))
    hand.pay_out(FIRST, 1_000_00, holding="deposit", day=date(2026, 11, 20))
    hand.pay(FIRST, 1_000_00, holding="deposit", day=COMING)
    before = hand.everything()
    with pytest.raises(OverdrawnError, match=r"'deposit' would be left with -1000\.00.* filled only later"):
        hand.credit(FIRST, "DEP")
    assert hand.everything() == before
    hand.credit(FIRST, "DEP", day=COMING)
    assert _held(hand, FIRST, COMING) == 0


def test_no_reversal_takes_from_a_holding_what_fills_it_only_later(hand: Hand) -> None:
    first = hand.pay(FIRST, 1_000_00, holding="deposit", day=date(2026, 11, 1))
    hand.pay(FIRST, 1_000_00, holding="deposit", day=COMING)
    hand.pay_out(FIRST, 1_000_00, holding="deposit", day=date(2026, 11, 20))
    before = hand.everything()
    with pytest.raises(OverdrawnError, match=r"'deposit' would be left with -1000\.00"):
        hand.reverse(first)
    assert hand.everything() == before
    hand.reverse(first, day=COMING)
    assert _held(hand, FIRST, COMING) == 0


def test_a_misspelled_holding_is_none(hand: Hand) -> None:
    with pytest.raises(AmountRefusedError, match="'depositt' is no holding of this company"):
        hand.pay(FIRST, 5_00, holding="depositt")


def test_a_reversed_charges_reference_may_be_used_again(hand: Hand) -> None:
    first = hand.charge(FIRST, "NOV", "2026-11-01", 100_00)
    hand.reverse(first["entry"])
    assert hand.charge(FIRST, "NOV", "2026-11-01", 120_00)["reference"] == "NOV"
    assert hand.position(FIRST).open == {"NOV": 120_00}


def test_a_wrong_match_is_not_remembered(hand: Hand) -> None:
    hand.desk.book(paid("777", 75_00, "WHO"))
    payment = hand.desk.one(select(suspense.c.entry_id))
    hand.match(payment, FIRST, remember=True)
    hand.unmatch(payment)
    assert hand.desk.one(select(match_rule.c.forgotten_at)) is not None
    hand.desk.book(paid("777", 20_00, "AGAIN"))
    assert hand.position(FIRST).balance == 0


def test_a_reversed_file_was_never_there_on_any_day(hand: Hand) -> None:
    hand.charge(FIRST, "OCT", "2026-10-01", 500_00)
    file = hand.desk.new_file()
    hand.desk.book_as(FileOf([paid("101", 500_00, "OCT", on=date(2026, 10, 5))]), file)
    hand.reverse_file(file.id)
    with hand.db.read() as conn:
        assert views.balance(conn, FIRST, date(2026, 10, 6)).balance == 500_00


def test_texts_that_no_terminal_could_show_are_refused(hand: Hand) -> None:
    for text in ("a\x1b[31mb", "x" * 501, "a\r\nb"):
        with pytest.raises(TextRefusedError, match="at most 500 characters"):
            hand.pay(FIRST, 1_00, text=text)
    with pytest.raises(TextRefusedError, match="at most 100 characters"):
        hand.pay(FIRST, 1_00, reference="x" * 101)


def test_settings_of_another_currency_than_the_books_book_nothing(hand: Hand) -> None:
    hand.companies["3"] = CompanyConfig(number="3")
    with pytest.raises(CurrencyError, match="company 3 is set to DKK, its books are in SEK"):
        hand.pay(SWEDISH, 1_00)


def test_a_swedish_companys_texts_are_swedish(hand: Hand) -> None:
    hand.pay(SWEDISH, 1_00)
    hand.pay(SECOND, 1_00)
    assert hand.desk.all(select(entry.c.text).order_by(entry.c.id)) == [("Inbetalning",), ("Indbetaling",)]
