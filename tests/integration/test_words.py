"""What the hub itself writes on entries is in the language of their company."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.ledger.words import WORDS, Language
from hub.plugin import ConsumptionResult
from hub.settings import CompanyConfig
from hub.store.database import Database
from hub.store.tables import entry
from tests.desk import paid, taken_back
from tests.hand import FIRST, SWEDISH, Hand


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Hand:
    return Hand(database, tmp_path)


def _texts(hand: Hand) -> list[str]:
    return [str(text) for (text,) in hand.desk.all(select(entry.c.text).order_by(entry.c.id))]


def test_every_language_has_every_word() -> None:
    for words in WORDS.values():
        assert all(words)
        assert words.by_rule.format(rule=7) == "(regel 7)"


@pytest.mark.parametrize(
    ("tenancy", "language"),
    [
        (FIRST, ["Indbetaling", "Kreditnota R2", "Overførsel: deposit - balance", "Tilbageført: Indbetaling"]),
        (SWEDISH, ["Inbetalning", "Kreditnota R2", "Överföring: deposit - balance", "Återfört: Inbetalning"]),
    ],
)
def test_acts_of_a_person(hand: Hand, tenancy: str, language: list[str]) -> None:
    hand.charge(tenancy, "R2", "2026-11-01", 100_00)
    payment = hand.pay(tenancy, 500_00, holding="deposit")
    hand.credit(tenancy, "R2")
    hand.transfer(tenancy, 100_00, "deposit", "balance")
    hand.reverse(hand.pay(tenancy, 5_00))
    inbound, credit_note, transfer, taken = language
    assert _texts(hand)[1:] == [inbound, credit_note, transfer, inbound, taken]
    assert payment


@pytest.mark.parametrize(("language", "written_off"), [("da", "Afrunding"), ("sv", "Öresutjämning")])
def test_small_differences(hand: Hand, language: Language, written_off: str) -> None:
    hand.write_off_to("0.50")
    hand.companies["1"] = hand.companies["1"].model_copy(update={"language": language})
    hand.charge(FIRST, "R2", "2026-11-01", 100_00)
    hand.desk.book(paid("101", 99_75, "R2"))
    hand.desk.book(taken_back("101", 99_75, "R2"))
    assert _texts(hand)[2] == written_off
    assert f"{WORDS[language].reversed}: {written_off}" in _texts(hand)


def test_results_of_a_meter_company(hand: Hand) -> None:
    hand.companies["3"] = CompanyConfig(number="3", currency="SEK", language="sv")
    result = ConsumptionResult(
        1, "3", "1", "1", "1", 50_00, "balance", None, "75040", date(2025, 6, 1), date(2026, 5, 31)
    )
    hand.desk.book(result)
    assert _texts(hand) == ["Förbrukningsavräkning 2025-06-01 - 2026-05-31"]


def test_money_found_by_what_was_remembered(hand: Hand) -> None:
    hand.desk.book(paid("777", 41_00))
    hand.match(hand.last_entry("payment"), FIRST, remember=True)
    hand.desk.book(paid("777", 42_00, "X", line=4))
    assert _texts(hand)[-1] == "BS (regel 1)"
