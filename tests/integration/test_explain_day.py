"""What counts only later is told so: an explanation says of today what the balance of today says (R10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.store.database import Database
from tests.explaining import told_of
from tests.hand import FIRST, SWEDISH, Hand


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _paid_by_a_note_of_later(hand: Hand, tenancy: str) -> list[int]:
    later = hand.charge(tenancy, "DEC", "2026-12-01", 100_00)["entry"]
    hand.pay(tenancy, 100_00, reference="DEC", day=date(2026, 12, 15))
    hand.credit(tenancy, "DEC", day=date(2026, 12, 20))
    return [hand.charge(tenancy, "DEC25", "2025-12-01", 100_00)["entry"], later]


def test_a_charge_that_is_paid_only_later(hand: Hand) -> None:
    old, later = _paid_by_a_note_of_later(hand, FIRST)
    assert told_of(hand, old)[1] == "Den er betalt fra den 20. december 2026; indtil da mangler der 100,00 kr."
    assert told_of(hand, later)[1] == "Den er betalt fra den 15. december 2026; indtil da mangler der 100,00 kr."


def test_in_swedish(hand: Hand) -> None:
    old, _ = _paid_by_a_note_of_later(hand, SWEDISH)
    assert told_of(hand, old)[1] == "Den är betald från den 20 december 2026; till dess saknas 100,00 kr."


def test_a_charge_that_is_paid_in_part_later(hand: Hand) -> None:
    old = hand.charge(FIRST, "A", "2026-10-01", 100_00)["entry"]
    hand.pay(FIRST, 20_00, day=date(2026, 10, 2))
    hand.pay(FIRST, 30_00, day=date(2026, 12, 15))
    assert told_of(hand, old)[1] == "Der mangler 80,00 kr.; fra den 15. december 2026 mangler der 50,00 kr."


def test_a_charge_that_is_credited_from_later(hand: Hand) -> None:
    old = hand.charge(FIRST, "A", "2026-10-01", 100_00)["entry"]
    hand.credit(FIRST, "A", day=date(2026, 12, 20))
    assert told_of(hand, old)[1] == (
        "Hele beløbet er krediteret fra den 20. december 2026; indtil da mangler der 100,00 kr."
    )


def test_money_of_later_is_no_credit_yet(hand: Hand) -> None:
    payment = hand.pay(FIRST, 898_98, day=date(2026, 12, 15))
    left = "898,98 kr. er ikke brugt endnu og står til gode for dig"
    assert told_of(hand, payment)[-1] == f"{left} fra den 15. december 2026."
    today = hand.pay(FIRST, 898_98)
    assert told_of(hand, today)[-1] == f"{left}."


def test_a_credit_note_of_later(hand: Hand) -> None:
    charged = hand.charge(FIRST, "A", "2026-10-01", 100_00)["entry"]
    hand.pay(FIRST, 100_00, day=date(2026, 10, 2))
    hand.credit(FIRST, "A", 30_00, day=date(2026, 12, 20))
    assert told_of(hand, charged)[-1] == (
        "Kreditnotaen på 30,00 kr. den 20. december 2026 gælder den: 30,00 kr. står til gode for dig fra den dag."
    )


@pytest.mark.parametrize(
    ("tenancy", "told"),
    [
        (FIRST, "Den tæller først med fra den 15. december 2026."),
        (SWEDISH, "Den räknas först från den 15 december 2026."),
    ],
)
def test_what_money_of_later_has_paid_is_paid_only_then(hand: Hand, tenancy: str, told: str) -> None:
    hand.charge(tenancy, "A", "2026-10-01", 100_00)
    assert told_of(hand, hand.pay(tenancy, 40_00, day=date(2026, 12, 15)))[1:] == [told]
    assert len(told_of(hand, hand.pay(tenancy, 40_00))) == 1
