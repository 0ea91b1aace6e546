"""Rules of banks that are suggested from what people have said again and again, and never made by themselves."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger import kinds
from hub.plugin import BankLine
from hub.reports import rule_suggestions
from hub.reports.rule_suggestions import TIMES_MIN, RuleSuggestion
from hub.settings import BankRule
from hub.store.database import Database
from tests.banking import PAYER, Bank, line
from tests.hand import FIRST, SECOND, Hand


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


@pytest.fixture
def bank(hand: Hand) -> Bank:
    return Bank(hand)


def _suggested(bank: Bank) -> list[RuleSuggestion]:
    with bank.hand.db.read() as conn:
        return rule_suggestions.rule_suggestions(conn, bank.hand.site)


def _pasted(found: RuleSuggestion) -> BankRule:
    (rule,) = tomllib.loads(found.toml)["rules"]
    return BankRule.model_validate(rule)


def _fees(bank: Bank, texts: Sequence[str], account: str = "bank_fees") -> list[int]:
    lines = bank.books(*[line(-35_00, text, code="PMNT/CHRG/FEES") for text in texts])
    return [bank.person_says(entry_id, account) for entry_id in lines]


_TEXTS = ["Gebyr 2611 [A]", "Gebyr 2612 [A]", "Gebyr 2701 [A]"]


class TestSuggested:
    def test_the_same_text_but_for_its_digits(self, bank: Bank) -> None:
        entries = _fees(bank, _TEXTS)

        (found,) = _suggested(bank)
        assert found.toml == (
            '[[rules]]\nname = "bank-fees"\ncode = "PMNT/CHRG/FEES"\ntext = "Gebyr [0-9]* [[]A]"\n'
            'amount = "..-0.01"\naccount = "bank_fees"\n'
        )
        assert [one.entry for one in found.evidence] == entries[::-1]
        assert {one.actor for one in found.evidence} == {"anna"}

    def test_pasted_it_says_of_the_next_line_what_people_said(self, bank: Bank, hand: Hand) -> None:
        _fees(bank, _TEXTS)
        (found,) = _suggested(bank)
        bank.rules(tomllib.loads(found.toml)["rules"][0])
        bank.books(line(-35_00, "GEBYR 2702 [a]", code="PMNT/CHRG/FEES"), line(-35_00, "Gebyr [A]"))

        assert [one.line.text for one in bank.reconciles()] == ["GEBYR 2702 [a]"]
        assert hand.of_account(kinds.named_code("bank_fees")) == 4 * 35_00
        # It is there now.
        assert _suggested(bank) == []

    def test_the_same_payer_matched_by_hand(self, bank: Bank, hand: Hand) -> None:
        for entry_id in bank.books(
            *[line(50_00, f"Vask {n}", payer="Møntvask A/S", payer_account=PAYER) for n in "abc"]
        ):
            hand.match(entry_id, FIRST)

        (found,) = _suggested(bank)
        rule = _pasted(found)
        assert (rule.name, rule.payer_account, rule.tenancy, rule.amount) == ("moentvask-a-s", PAYER, FIRST, "0.01..")
        assert (rule.text, rule.account) == (None, None)

    def test_money_out_that_was_taken_from_a_tenancy(self, bank: Bank, hand: Hand) -> None:
        for entry_id in bank.books(*[line(-50_00, "Tilbage", payer_account=PAYER) for _ in range(3)]):
            hand.match(entry_id, FIRST)

        (found,) = _suggested(bank)
        assert (_pasted(found).tenancy, _pasted(found).amount) == (FIRST, "..-0.01")

    def test_a_name_that_was_used_is_never_given_again(self, bank: Bank) -> None:
        bank.rules({"name": "bank-fees", "text": "old*", "account": "other"})
        bank.books(line(-5_00, "old one"))
        bank.reconciles()
        bank.rules()
        _fees(bank, _TEXTS)

        assert [_pasted(found).name for found in _suggested(bank)] == ["bank-fees-2"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestNotSuggested:
    """That both databases answer alike is shown above."""

    def test_twice_is_not_enough(self, bank: Bank) -> None:
        _fees(bank, _TEXTS[: TIMES_MIN - 1])

        assert _suggested(bank) == []

    def test_what_a_rule_has_said_is_no_evidence(self, bank: Bank) -> None:
        _fees(bank, _TEXTS[:2])
        bank.rules({"name": "fees", "text": "gebyr 27*", "account": "bank_fees"})
        bank.books(line(-35_00, _TEXTS[2], code="PMNT/CHRG/FEES"))
        bank.reconciles()
        bank.rules()

        assert _suggested(bank) == []

    def test_one_that_went_elsewhere(self, bank: Bank) -> None:
        _fees(bank, _TEXTS)
        _fees(bank, ["Gebyr 2702 [A]"], account="card_fees")

        assert _suggested(bank) == []

    def test_one_that_was_taken_back(self, bank: Bank, hand: Hand) -> None:
        entries = _fees(bank, [*_TEXTS, "Gebyr 2702 [A]"])
        hand.reverse(entries[0])

        assert _suggested(bank) == []

    def test_a_payer_who_pays_for_others_by_reference(self, bank: Bank, hand: Hand) -> None:
        for entry_id in bank.books(*[line(50_00, text, payer_account=PAYER) for text in ("a", "b", "c")]):
            hand.match(entry_id, FIRST)
        assert len(_suggested(bank)) == 1
        bank.books(line(70_00, "d", payer_account=PAYER, customer="102"))

        assert hand.position(SECOND).balance == -70_00
        assert _suggested(bank) == []

    def test_a_text_that_says_nothing(self, bank: Bank) -> None:
        _fees(bank, ["17", "18", "MP 19"])

        assert _suggested(bank) == []

    def test_lines_of_a_file_that_was_reversed_say_nothing_either_way(self, bank: Bank, hand: Hand) -> None:
        _fees(bank, _TEXTS)
        hand.reverse_file(1)
        assert _suggested(bank) == []
        _fees(bank, _TEXTS)

        assert len(_suggested(bank)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestQuoting:
    def test_quotes_backslashes_and_what_no_terminal_shows(self, bank: Bank, hand: Hand) -> None:
        text = 'a"b\\c\u202e $(rm -rf) `id` *?[é 1'
        lines = [line(-1_00, text.replace("1", str(n)), on=date(2026, 11, n), code="") for n in (1, 2, 3)]
        for entry_id in bank.books(*lines):
            bank.person_says(entry_id, "other")

        (found,) = _suggested(bank)
        assert "\u202e" not in found.toml
        assert all(_fits(_pasted(found), one) for one in lines)


def _fits(rule: BankRule, one: BankLine) -> bool:
    return rule.fits(code=one.code, text=one.text, payer_account=one.payer_account, amount=one.amount)


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=60))
def test_every_text_comes_back_from_toml_and_fits_itself_alone(text: str) -> None:
    quoted = rule_suggestions.quoted(rule_suggestions.pattern_of(text))
    rule = BankRule.model_validate({"name": "x", "account": "x1", "code": "x", **tomllib.loads(f"text = {quoted}")})
    assert rule.text is not None
    assert rule.fits(code="x", text=text, payer_account="", amount=1)
    assert not text or not rule.fits(code="x", text=text + "!", payer_account="", amount=1)
