"""What the hub itself writes on entries is in the language of their company."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from hub.ledger.words import WORDS, Language
from hub.plugin import ConsumptionResult
from hub.reports.explain import explain
from hub.settings import CompanyConfig
from hub.store.database import Database
from hub.store.tables import entry, match_rule
from hub.store.verify import verify
from tests.desk import paid, taken_back
from tests.hand import FIRST, SWEDISH, Hand

_ALIKE = ("Husleje (regel 1)", "(regel 9)", "Husleje (regel uno)")


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
        (FIRST, ["Indbetaling", "Kreditnota R2", "Overførsel fra depositum til saldo", "Tilbageført: Indbetaling"]),
        (SWEDISH, ["Inbetalning", "Kreditnota R2", "Överföring från deposition till saldo", "Återfört: Inbetalning"]),
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


@pytest.mark.parametrize(
    ("language", "source", "target", "text"),
    [
        ("da", "prepaid_rent", "heat", "Overførsel fra forudbetalt leje til aconto varme"),
        ("da", "balance", "antenna", "Overførsel fra saldo til antenna"),
        ("sv", "prepaid_rent", "heat", "Överföring från förskottshyra till a conto värme"),
        ("sv", "withheld", "balance", "Överföring från innehållen a conto till saldo"),
    ],
)
def test_a_tenant_reads_no_name_of_ours_for_a_holding(language: Language, source: str, target: str, text: str) -> None:
    assert WORDS[language].transferred(source, target) == text


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


def test_a_payer_who_writes_what_would_be_the_mark_of_a_rule(hand: Hand) -> None:
    hand.desk.book(paid("777", 41_00))
    hand.match(hand.last_entry("payment"), FIRST, remember=True)
    hand.desk.book(*(paid("101", 10_00, text, line=line)._replace(text=text) for line, text in enumerate(_ALIKE, 4)))
    assert _texts(hand)[-len(_ALIKE) :] == ["Husleje (regel 1).", "(regel 9).", "Husleje (regel uno)"]
    with hand.db.read() as conn:
        assert explain(conn, hand.last_entry("payment") - 2).rule is None
    hand.proved()


def test_a_rule_that_is_gone_is_missed(hand: Hand) -> None:
    hand.desk.book(paid("777", 41_00))
    hand.match(hand.last_entry("payment"), FIRST, remember=True)
    hand.desk.book(paid("777", 42_00, "X", line=4), paid("777", 43_00, "Y", line=5))
    last = hand.last_entry("payment")
    with hand.db.write() as conn:
        conn.execute(delete(match_rule))
    with hand.db.read() as conn:
        assert verify(conn).problems == [
            f"entry {id_} says that rule 1 has booked it, and there is no such rule" for id_ in (last - 1, last)
        ]
