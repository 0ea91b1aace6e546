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
from tests.hand import FIRST, SWEDISH, Hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
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
