"""What became of money is told in the order in which it became of it, and called what it is, however much there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.ledger import kinds
from hub.store.database import Database
from tests.desk import paid, taken_back
from tests.explaining import told_of
from tests.hand import FIRST, SWEDISH, Hand


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _much_happened(hand: Hand, tenancy: str) -> int:
    """A payment of 1,000.00 of which 1,850.00 was used in all, and 850.00 freed between."""
    hand.charge(tenancy, "OKT", "2026-10-01", 60_00)
    hand.pay(tenancy, 60_00, day=date(2026, 10, 1))
    payment = hand.pay(tenancy, 1_000_00, day=date(2026, 10, 2))
    for number in range(1, 5):
        hand.charge(tenancy, f"B{number}", "2026-10-03", number * 10_00)
    out = hand.pay_out(tenancy, 850_00)
    hand.pay_out(tenancy, 10_00)
    hand.reverse(out)
    hand.charge(tenancy, "C", "2026-11-03", 850_00)
    return payment


def test_what_was_freed_is_told_before_it_is_used_again(hand: Hand) -> None:
    told = told_of(hand, _much_happened(hand, FIRST))
    assert told[4:] == [
        "Senere blev 40,00 kr. af den brugt til opkrævning B4 »Husleje«.",
        "Senere blev 850,00 kr. af den brugt til udbetalingen den 22. november 2026.",
        "Senere blev 10,00 kr. af den brugt til udbetalingen den 22. november 2026.",
        "Udbetalingen den 22. november 2026 blev taget tilbage den 22. november 2026, så 850,00 kr. blev fri igen.",
        "Senere blev 850,00 kr. af den brugt til opkrævning C »Husleje«.",
        "40,00 kr. er ikke brugt endnu og står til gode for dig.",
    ]


def test_neighbours_are_one_sum_and_no_payout_is_a_charge(hand: Hand) -> None:
    payment = _much_happened(hand, FIRST)
    hand.charge(FIRST, "D", "2026-11-04", 5_00)
    outs = [hand.pay_out(FIRST, ore) for ore in (3_00, 4_00)]
    for out in outs:
        hand.reverse(out)
    hand.transfer(FIRST, 20_00, kinds.BALANCE, "deposit")
    assert told_of(hand, payment)[8:] == [
        "Senere blev 862,00 kr. af den brugt til 4 formål.",
        "Derefter blev 7,00 kr. fri igen, da 2 beløb blev taget tilbage.",
        "Senere blev 20,00 kr. af den brugt til overførslen den 22. november 2026.",
        "15,00 kr. er ikke brugt endnu og står til gode for dig.",
    ]


def test_in_swedish(hand: Hand) -> None:
    payment = _much_happened(hand, SWEDISH)
    for out in [hand.pay_out(SWEDISH, ore) for ore in (3_00, 4_00)]:
        hand.reverse(out)
    assert told_of(hand, payment)[8:10] == [
        "Senare användes 857,00 kr av den till 3 ändamål.",
        "Därefter frigjordes 7,00 kr igen när 2 belopp togs tillbaka.",
    ]


@pytest.mark.parametrize(
    ("tenancy", "its", "told"),
    [
        (
            FIRST,
            {},
            [
                "Banken tog pengene tilbage den 9. november 2026.",
                "Den 22. november 2026 blev det rettet, at banken havde taget dem: det var en prøve.",
                "100,00 kr. er ikke brugt endnu og står til gode for dig.",
                "Den 22. november 2026 bogførte vi, at banken tog pengene tilbage den 9. november 2026.",
            ],
        ),
        (
            SWEDISH,
            {"creditor": "03333333", "currency": "SEK", "customer": "301"},
            [
                "Banken tog tillbaka pengarna den 9 november 2026.",
                "Den 22 november 2026 rättades det att banken hade tagit dem: det var ett test.",
                "100,00 kr har inte använts ännu och står dig till godo.",
                "Den 22 november 2026 bokförde vi att banken tog tillbaka pengarna den 9 november 2026.",
            ],
        ),
    ],
)
def test_a_file_that_was_read_again_goes_not_back_in_time(
    hand: Hand, tenancy: str, its: dict[str, str], told: list[str]
) -> None:
    hand.desk.book(paid("101", 100_00)._replace(**its))
    payment = hand.last_entry(kinds.PAYMENT)
    hand.desk.book(taken_back("101", 100_00)._replace(**its))
    assert told_of(hand, payment)[1:] == told[:1]
    hand.reverse_file(2)
    assert told_of(hand, payment)[1:] == told[:3]
    hand.desk.book(taken_back("101", 100_00)._replace(**its))
    assert told_of(hand, payment)[1:] == [*told[:2], told[3]]
    assert hand.position(tenancy).balance == 0
