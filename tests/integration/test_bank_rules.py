"""Bank rules: the first that fits explains a line, each use is counted, and what cannot be used says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.ledger import kinds
from hub.plugin import BankLine
from hub.reconciling.rules import fitting_rules
from hub.store.clearing.lines import open_lines
from hub.store.clearing.rule_uses import RuleUses, rule_uses
from hub.store.database import Database
from hub.store.tables import entry
from hub.store.views import Asked, Transaction, TransactionQuery, company_of, search, transactions
from tests.banking import ACCOUNT, PAYER, Bank, fee, line, paid_by_phone, payout
from tests.desk import NOW
from tests.hand import FIRST, OTHER, SECOND, Hand

FEES = {"name": "bank-fees", "text": "*gebyr*", "amount": "-500.00..-0.01", "account": "bank_fees"}
LAUNDRY = {"name": "laundry", "payer_account": "DK20 5051 0001 2345 67", "tenancy": FIRST}
_NAMED = kinds.named_code("bank_fees")


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _why_not(bank: Bank) -> list[tuple[str, str]]:
    with bank.hand.db.read() as conn:
        return [(one.rule.name, one.why_not) for one in fitting_rules(conn, bank.hand.site, open_lines(conn))]


def _uses(hand: Hand) -> list[RuleUses]:
    with hand.db.read() as conn:
        return rule_uses(conn)


class TestUse:
    def test_a_fee_goes_to_its_account_and_the_bank_still_agrees(self, hand: Hand) -> None:
        bank = Bank(hand, FEES)
        (entry_id,) = bank.books(line(-35_00, "Gebyr for kontoudtog"))
        assert hand.of_account(kinds.SUSPENSE) == 35_00

        (found,) = bank.reconciles()
        assert (found.line.entry_id, found.how, found.rule, found.amount) == (entry_id, "rule", "bank-fees", -35_00)
        assert (hand.of_account(_NAMED), hand.of_account(kinds.SUSPENSE)) == (35_00, 0)
        assert hand.of_account(kinds.bank_code(ACCOUNT)) == -35_00
        assert bank.reconciles() == []
        assert _uses(hand) == [RuleUses("bank", "bank-fees", 1, 0, NOW)]

    def test_money_for_a_tenancy_pays_as_a_match_does(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 100_00)
        bank = Bank(hand, LAUNDRY)
        bank.books(line(100_00, "Vask", payer_account=PAYER))

        (found,) = bank.reconciles()
        assert hand.last_entry(kinds.MATCH) == found.entry_id
        assert hand.position(FIRST).open == {}
        assert hand.of_account(kinds.SUSPENSE) == 0

    def test_money_that_went_out_is_taken_from_the_tenancy(self, hand: Hand) -> None:
        bank = Bank(hand, {**LAUNDRY, "amount": "..-0.01"})
        bank.books(line(-40_00, "Retur", payer_account=PAYER))

        (found,) = bank.reconciles()
        assert found.target.tenancy == FIRST
        assert hand.position(FIRST).balance == 40_00
        assert hand.of_account(kinds.SUSPENSE) == 0
        assert [(one.uses, one.taken_back) for one in _uses(hand)] == [(1, 0)]

    def test_the_first_that_fits_is_used_and_amounts_are_exact_at_both_ends(self, hand: Hand) -> None:
        small = {"name": "small", "text": "*gebyr*", "amount": "-10.00..-0.01", "account": "small_fees"}
        bank = Bank(hand, small, FEES)
        bank.books(line(-10_00, "gebyr 1"), line(-10_01, "gebyr 2"), line(-500_00, "GEBYR 3"), line(-500_01, "gebyr 4"))

        assert [(one.rule, one.amount) for one in bank.reconciles()] == [
            ("small", -10_00),
            ("bank-fees", -10_01),
            ("bank-fees", -500_00),
        ]
        assert hand.of_account(kinds.SUSPENSE) == 500_01

    def test_in_a_closed_period_it_is_posted_on_the_first_open_day(self, hand: Hand) -> None:
        """R22"""
        closed = {"books_closed_through": date(2026, 11, 15)}
        hand.companies["1"] = hand.companies["1"].model_copy(update=closed)
        bank = Bank(hand, FEES, LAUNDRY)
        bank.books(line(-5_00, "gebyr"), line(5_00, payer_account=PAYER))

        ids = [one.entry_id for one in bank.reconciles()]
        days = select(entry.c.posting_date).where(entry.c.id.in_(ids))
        assert hand.desk.all(days) == 2 * [(date(2026, 11, 16),)]
        assert hand.of_account(kinds.SUSPENSE) == 0

    def test_a_whole_month_at_once_counts_every_use(self, hand: Hand) -> None:
        bank = Bank(hand, FEES)
        bank.books(*[line(-1_00, "gebyr") for _ in range(30)])
        bank.reconciles()

        assert hand.of_account(_NAMED) == 30_00
        assert _uses(hand)[0].uses == 30


def test_over_all_channels_the_company_has_what_came(hand: Hand) -> None:
    """What MobilePay settled is on two of them until the bank's line is explained."""
    bank = Bank(hand, FEES)
    bank.mobilepay_tells(paid_by_phone("101", 500_00), fee(15_00), payout(485_00))
    bank.books(line(485_00, "MP 10115225 20261103"), line(-35_00, "gebyr"))
    with hand.db.read() as conn:
        before = _by_kind(transactions(conn, TransactionQuery(company_of(conn, "1").id), 100))
    bank.reconciles()
    with hand.db.read() as conn:
        found = transactions(conn, TransactionQuery(company_of(conn, "1").id), 100)

    assert sum(before.values()) - before[kinds.FEE] == 500_00 + 485_00 - 35_00
    assert _by_kind(found) == {
        kinds.PAYMENT: 500_00 + 485_00,
        kinds.FEE: -15_00,
        kinds.PAYOUT: -35_00,
        # On its way, and settled.
        kinds.SETTLEMENT: 485_00 - 485_00 - 485_00,
    }
    assert sum(one.amount for one in found) == 500_00 - 15_00 - 35_00


def test_a_line_given_by_a_rule_is_listed_as_one_given_by_hand(hand: Hand) -> None:
    """A movement tells whose it was when it came; whose it is now, the match that has it."""
    bank = Bank(hand, LAUNDRY)
    by_rule, by_hand = bank.books(line(9_00, payer_account=PAYER), line(9_00))
    bank.reconciles()
    hand.match(by_hand, FIRST)
    assert hand.position(FIRST).balance == -18_00

    with hand.db.read() as conn:
        found = transactions(conn, TransactionQuery(company_of(conn, "1").id), 100)
        entries = search(conn, Asked("9.00", 9_00), 100).entries
    assert {(one.entry, one.tenancy, one.name) for one in found} == {(by_rule, None, None), (by_hand, None, None)}
    assert [one.tenancy for one in entries if one.kind == kinds.MATCH] == [FIRST, FIRST]


def test_a_line_is_found_by_what_the_bank_says_of_it(hand: Hand) -> None:
    bank = Bank(hand, LAUNDRY)
    (entry_id,) = bank.books(line(9_00, "Vask", payer="Vaskeriet ÅSE", payer_account=PAYER, servicer_reference="SR-77"))
    with hand.db.read() as conn:
        for text in ("vaskeriet åse", PAYER, "sr-77", "vask"):
            assert [one.entry for one in search(conn, Asked(text), 100).entries] == [entry_id], text


def _by_kind(found: Sequence[Transaction]) -> dict[str, int]:
    kinds_of = {one.kind for one in found}
    return {kind: sum(one.amount for one in found if one.kind == kind) for kind in kinds_of}


class TestNoUse:
    @pytest.mark.parametrize(
        ("rule", "bank_line", "reason"),
        [
            (LAUNDRY | {"tenancy": "1-9-9-9"}, line(5_00, payer_account=PAYER), "there is no tenancy 1-9-9-9"),
            (
                LAUNDRY | {"tenancy": OTHER},
                line(5_00, payer_account=PAYER),
                f"{OTHER} is another company's, and money never moves between companies (R7)",
            ),
            (
                LAUNDRY,
                line(5_00, payer_account=PAYER, creditor="88888888", payment_id="17"),
                "it is a payment slip: whoever books its creditor's slips says whose it is, or a person (R17)",
            ),
        ],
    )
    def test_the_line_stays_open_and_says_why(
        self, hand: Hand, rule: dict[str, Any], bank_line: BankLine, reason: str
    ) -> None:
        bank = Bank(hand, rule)
        bank.books(bank_line)

        assert bank.reconciles() == []
        assert _why_not(bank) == [("laundry", reason)]
        assert hand.of_account(kinds.SUSPENSE) == -5_00

    def test_no_later_rule_takes_what_the_first_that_fits_may_not(self, hand: Hand) -> None:
        bank = Bank(hand, LAUNDRY | {"tenancy": "1-9-9-9"}, {"name": "all", "text": "*", "account": "other"})
        bank.books(line(5_00, payer_account=PAYER))

        assert bank.reconciles() == []

    def test_a_closed_company_takes_nothing(self, hand: Hand) -> None:
        bank = Bank(hand, FEES)
        bank.books(line(-5_00, "gebyr"))
        hand.companies["1"] = hand.companies["1"].model_copy(update={"closed": True})

        assert bank.reconciles() == []
        assert _why_not(bank) == [("bank-fees", "company 1 is closed")]

    def test_what_a_person_took_back_is_not_given_there_again(self, hand: Hand) -> None:
        bank = Bank(hand, LAUNDRY, FEES)
        bank.books(line(5_00, payer_account=PAYER), line(-5_00, "gebyr"))
        matched, settled = (one.entry_id for one in bank.reconciles())
        hand.unmatch(matched)
        hand.reverse(settled)

        assert bank.reconciles() == []
        assert {why for _, why in _why_not(bank)} == {
            "a person has had it in hand, or a part of it is explained: the rest is for a person too"
        }
        assert (hand.of_account(_NAMED), hand.position(FIRST).balance) == (0, 0)
        assert [(one.rule, one.uses, one.taken_back) for one in _uses(hand)] == [
            ("bank-fees", 1, 1),
            ("laundry", 1, 1),
        ]

    def test_what_a_person_took_from_a_tenancy_is_not_given_back_by_a_rule(self, hand: Hand) -> None:
        bank = Bank(hand, LAUNDRY)
        (entry_id,) = bank.books(line(5_00, payer_account=PAYER, customer="102"))
        hand.unmatch(entry_id)

        assert bank.reconciles() == []
        assert (hand.position(SECOND).balance, hand.of_account(kinds.SUSPENSE)) == (0, -5_00)

    def test_an_instance_that_is_not_in_use_has_no_rules(self, hand: Hand) -> None:
        bank = Bank(hand, FEES)
        bank.books(line(-5_00, "gebyr"))
        del hand.desk.vendors["bank"]

        assert bank.reconciles() == []
