"""How explanations put it: as a tenant would say it, in Danish and in Swedish."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.acts.charges import LineAsked
from hub.ledger import kinds
from hub.store.database import Database
from tests.desk import paid, taken_back
from tests.explaining import told_of
from tests.hand import FIRST, SECOND, SWEDISH, Hand

_QUARTER = (date(2026, 10, 1), date(2026, 12, 31))


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _rent_of_a_quarter(hand: Hand, tenancy: str, due: str) -> int:
    line = LineAsked("10", 300_00, period=_QUARTER)
    return int(hand.charge(tenancy, "KV4", due, line, kind=kinds.RENT)["entry"])


def test_what_is_said_beside_the_name_is_between_commas(hand: Hand) -> None:
    charged = _rent_of_a_quarter(hand, FIRST, "2026-12-01")
    assert told_of(hand, charged)[0] == "Huslejen, opkrævning KV4, på 300,00 kr. forfalder den 1. december 2026."
    payment = hand.pay(FIRST, 300_00, reference="KV4", day=date(2026, 11, 2))
    assert "betalte huslejen, opkrævning KV4 (300,00 kr.), fordi" in told_of(hand, payment)[0]
    back = hand.reverse(payment)
    assert told_of(hand, back)[1] == "Derfor manglede der igen 300,00 kr. på huslejen, opkrævning KV4."


def test_what_fell_due_is_past(hand: Hand) -> None:
    assert told_of(hand, _rent_of_a_quarter(hand, SWEDISH, "2026-10-01"))[0] == (
        "Hyran, faktura KV4, på 300,00 kr förföll den 1 oktober 2026."
    )
    # Today it still does.
    assert told_of(hand, _rent_of_a_quarter(hand, FIRST, "2026-11-22"))[0].endswith("forfalder den 22. november 2026.")


@pytest.mark.parametrize(
    ("tenancy", "freed", "open_"),
    [
        (
            FIRST,
            "De 50,00 kr., der var brugt til den, blev fri igen.",
            "Derfor var 50,00 kr. af udbetalingen den 22. november 2026 igen ikke dækket.",
        ),
        (
            SWEDISH,
            "De 50,00 kr som hade använts till den frigjordes igen.",
            "Därför var 50,00 kr av utbetalningen den 22 november 2026 åter inte täckt.",
        ),
    ],
)
def test_a_payout_is_covered_and_not_paid(hand: Hand, tenancy: str, freed: str, open_: str) -> None:
    payment = hand.pay(tenancy, 50_00)
    back = hand.reverse(hand.pay_out(tenancy, 50_00))
    assert told_of(hand, back)[1] == freed
    hand.pay_out(tenancy, 50_00)
    hand.reverse(payment)
    assert told_of(hand, payment)[-1] == open_


def test_holdings_are_the_tenant_s_own(hand: Hand) -> None:
    assert told_of(hand, hand.pay(SWEDISH, 50_00, holding="deposit"))[0].endswith("sattes in på depositionen.")
    assert told_of(hand, hand.transfer(SWEDISH, 20_00, "deposit", "prepaid_rent"))[0].endswith(
        "från depositionen till förskottshyran."
    )
    assert told_of(hand, hand.pay_out(SWEDISH, 10_00, holding="deposit"))[0].endswith("10,00 kr från depositionen.")


def test_what_the_bank_gave_back_was_paid_when_it_came_first(hand: Hand) -> None:
    hand.desk.book(paid("777", 777_00))
    hand.desk.book(taken_back("777", 777_00))
    again = hand.reverse(hand.last_entry(kinds.CHARGEBACK), day=date(2026, 11, 20))
    match = hand.match(again, FIRST)["entry"]
    assert told_of(hand, match)[0].startswith("Din indbetaling på 777,00 kr. den 2. november 2026, som først lå")


@pytest.mark.parametrize(
    ("tenancy", "number", "told"),
    [
        (
            FIRST,
            "101",
            "Din indbetaling den 2. november 2026 dækkede 100,00 kr. af den, fordi pengene også dækkede den, "
            "før banken tog dem.",
        ),
        (
            SWEDISH,
            "301",
            "Din inbetalning den 2 november 2026 täckte 100,00 kr av den, eftersom pengarna täckte den även innan "
            "banken tog dem.",
        ),
    ],
)
def test_money_that_came_back_is_the_payment_that_it_was(hand: Hand, tenancy: str, number: str, told: str) -> None:
    charged = hand.charge(tenancy, "A", "2026-10-01", 100_00)["entry"]
    its = {} if tenancy == FIRST else {"creditor": "03333333", "currency": "SEK"}
    hand.desk.book(paid(number, 100_00)._replace(**its))
    hand.desk.book(taken_back(number, 100_00)._replace(**its))
    hand.reverse(hand.last_entry(kinds.CHARGEBACK))
    assert told_of(hand, charged)[2:] == [told]


def test_the_day_on_which_money_came_is_one_day(hand: Hand) -> None:
    """Whoever has it, and whatever took it and gave it back since."""
    hand.charge(FIRST, "A", "2026-10-01", 100_00)
    other = hand.charge(SECOND, "B", "2026-10-01", 60_00)["entry"]
    hand.desk.book(paid("101", 100_00))
    payment = hand.last_entry(kinds.PAYMENT)
    hand.desk.book(taken_back("101", 100_00))
    hand.reverse(hand.last_entry(kinds.CHARGEBACK))
    undone = hand.unmatch(payment)["entry"]
    hand.match(hand.last_entry(kinds.PAYMENT), SECOND)
    came = "indbetaling på 100,00 kr. den 2. november 2026"
    assert f"Din {came} blev taget tilbage den 22. november 2026" in told_of(hand, undone)[0]
    assert told_of(hand, other)[2].startswith("Din indbetaling den 2. november 2026 dækkede 60,00 kr. af den, fordi")
    hand.desk.book(taken_back("101", 100_00, on=date(2026, 11, 20)))
    again = hand.last_entry(kinds.CHARGEBACK)
    assert told_of(hand, again)[0] == f"Banken tog den 20. november 2026 din {came} tilbage."
