"""What a charge tells: why each part was paid, what is for a holding, and of a debit of the bank, what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.acts.charges import LineAsked
from hub.ledger import kinds
from hub.store.database import Database
from tests.desk import taken_back
from tests.explaining import told_of
from tests.hand import FIRST, SHOP, Hand


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _debited(hand: Hand) -> int:
    hand.desk.book(taken_back("101", 50_00))
    return hand.last_entry(kinds.CHARGEBACK)


def test_a_debit_of_the_bank_tells_what_is_missing_of_it_and_who_paid(hand: Hand) -> None:
    back = _debited(hand)
    assert told_of(hand, back) == [
        "Banken tog en betaling på 50,00 kr. tilbage den 9. november 2026. Vi har ingen tidligere indbetaling på det "
        "beløb, så den skal betales.",
        "Intet af den er betalt endnu, så der mangler 50,00 kr.",
    ]
    hand.pay(FIRST, 30_00, day=date(2026, 11, 10))
    assert told_of(hand, back)[1] == "Der mangler 20,00 kr."
    hand.pay(FIRST, 20_00, day=date(2026, 11, 11))
    told = told_of(hand, back)
    assert told[1] == "Den er betalt."
    assert told[2].startswith("Din indbetaling den 10. november 2026 dækkede 30,00 kr. af den, fordi")
    assert told[3].startswith("Din indbetaling den 11. november 2026 dækkede 20,00 kr. af den, fordi")


def test_a_debit_of_the_bank_that_was_taken_back_lacks_nothing(hand: Hand) -> None:
    back = _debited(hand)
    hand.reverse(back)
    assert told_of(hand, back)[1:] == ["Den blev taget tilbage den 22. november 2026: det var en fejl."]


def test_each_part_that_one_payment_paid_has_its_reason(hand: Hand) -> None:
    charged = hand.charge(SHOP, "R", "2026-10-01", 300_00, LineAsked("90", 100_00))["entry"]
    hand.pay(SHOP, 400_00, day=date(2026, 10, 2))
    assert told_of(hand, charged)[2:] == [
        "Den är betald.",
        "Din inbetalning den 2 oktober 2026 täckte 100,00 kr av den, eftersom kostnader täcks först.",
        "Din inbetalning den 2 oktober 2026 täckte 300,00 kr av den, eftersom kostnader och räntor täcks först, "
        "och därefter det äldsta.",
    ]


def test_what_was_credited_goes_to_no_holding(hand: Hand) -> None:
    lines = (LineAsked("10", 1_000_00), LineAsked("20", 450_00))
    charged = hand.charge(FIRST, "R", "2026-10-01", *lines)["entry"]
    assert told_of(hand, charged)[2].startswith("450,00 kr. af den går til ")
    hand.credit(FIRST, "R", lines={2: 200_00})
    assert told_of(hand, charged)[2].startswith("250,00 kr. af den går til ")
    note = hand.credit(FIRST, "R", lines={2: 250_00})["entry"]
    assert not any("går til" in told for told in told_of(hand, charged))
    hand.reverse(note)
    assert told_of(hand, charged)[2].startswith("250,00 kr. af den går til ")


def test_a_small_difference_that_a_credit_note_takes_back(database: Database, tmp_path: Path) -> None:
    hand = Hand(database, tmp_path, small_difference="0.50")
    hand.charge(FIRST, "A", "2026-10-01", 100_00)
    hand.pay(FIRST, 99_75, day=date(2026, 10, 2))
    difference = hand.last_entry(kinds.DIFFERENCE)
    hand.credit(FIRST, "A", 10_00)
    back = hand.last_entry(kinds.REVERSAL)
    reason = "blev taget tilbage den 22. november 2026: opkrævningen blev krediteret."
    assert told_of(hand, difference)[1] == f"Den {reason}"
    assert told_of(hand, back)[0].endswith(reason)


def test_a_charge_that_was_taken_back_fills_no_holding(hand: Hand) -> None:
    charged = hand.charge(FIRST, "R", "2026-10-01", LineAsked("10", 1_000_00), LineAsked("20", 450_00))["entry"]
    hand.reverse(charged)
    assert told_of(hand, charged)[2:] == ["Den blev taget tilbage den 22. november 2026: det var en fejl."]


@pytest.mark.parametrize(
    ("tenancy", "told"),
    [
        (FIRST, "50,00 kr. af det er ikke dækket af penge, der står til gode for dig, så det skal betales."),
        (SHOP, "50,00 kr av det täcks inte av pengar som står dig till godo, så det ska betalas."),
    ],
)
def test_what_went_out_is_owed_when_what_covered_it_is_gone(hand: Hand, tenancy: str, told: str) -> None:
    payment = hand.pay(tenancy, 70_00)
    moved = hand.transfer(tenancy, 60_00, kinds.BALANCE, "deposit")
    out = hand.pay_out(tenancy, 10_00)
    assert len(told_of(hand, moved)) == len(told_of(hand, out)) == 1
    hand.reverse(payment)
    hand.pay(tenancy, 10_00)
    assert hand.position(tenancy).balance == 60_00
    assert told_of(hand, moved)[1:] == [told]
    hand.reverse(moved)
    assert len(told_of(hand, moved)) == 2
