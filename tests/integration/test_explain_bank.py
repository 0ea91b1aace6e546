"""Explanations of fees, payouts and bank lines: sentences for a bookkeeper and a tenant, and the facts behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.ledger import kinds
from hub.plugin import PaymentSeen
from hub.store.database import Database
from tests.banking import ACCOUNT, PAYER, UNIT, Bank, fee, line, paid_by_phone, payout
from tests.explaining import explained, told_of
from tests.hand import FIRST, Hand

#: What came at NOW was recorded on this day.
_RECORDED = "22. november 2026"


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


@pytest.fixture
def bank(hand: Hand) -> Bank:
    return Bank(hand)


class TestVendor:
    def test_a_payout_is_on_its_way_until_the_statement_shows_it(self, bank: Bank, hand: Hand) -> None:
        bank.mobilepay_tells(paid_by_phone("101", 4_500_00), fee(15_00), payout(4_485_00))
        sent = hand.last_entry(kinds.SETTLEMENT)
        assert told_of(hand, sent) == [
            "MobilePay sendte 4.485,00 kr. til vores bankkonto den 3. november 2026.",
            "Kontoudtoget viser dem med teksten »MP 10115225 20261103«.",
            "4.485,00 kr. har kontoudtoget ikke vist endnu: de er på vej.",
        ]

        (entry_id,) = bank.books(line(4_485_00, "MP 10115225 20261103"))
        (found,) = bank.reconciles()
        assert told_of(hand, sent)[2:] == ["Kontoudtoget viste 4.485,00 kr. den 4. november 2026."]
        assert told_of(hand, found.entry_id) == [
            f"Banken satte 4.485,00 kr. ind på konto {ACCOUNT} den 4. november 2026: det er pengene, som MobilePay "
            "sendte den 3. november 2026."
        ]
        assert told_of(hand, entry_id) == [
            "Der kom 4.485,00 kr. ind den 4. november 2026, og vi kunne ikke se, hvem pengene var fra.",
            f"Den {_RECORDED} fandt vi ud af, hvad 4.485,00 kr. af dem er: det er pengene, som MobilePay sendte den "
            "3. november 2026.",
        ]

    def test_a_payout_leads_down_to_file_and_record_and_so_does_what_settles_it(self, bank: Bank, hand: Hand) -> None:
        bank.mobilepay_tells(paid_by_phone("101", 4_500_00), payout(4_500_00))
        bank.books(line(4_500_00, "MP 10115225 20261103", payer="MobilePay A/S"))
        (found,) = bank.reconciles()

        sent, settled = explained(hand, found.target.item_id), explained(hand, found.entry_id)
        assert sent.origin is not None
        assert settled.origin is not None
        assert (sent.origin.name, sent.origin.record, sent.origin.entry) == ("file1", 3, sent.entry)
        assert (settled.origin.name, settled.origin.record) == ("file2", 1)
        assert settled.cleared.bank is not None
        assert (settled.cleared.bank.payer, settled.document_type) == ("MobilePay A/S", "100")
        assert sent.cleared.account == f"clearing:mobilepay:{UNIT}:payout"

    def test_a_fee_and_one_that_is_given_back(self, bank: Bank, hand: Hand) -> None:
        bank.mobilepay_tells(paid_by_phone("101", 4_500_00), fee(15_00))
        assert told_of(hand, hand.last_entry(kinds.FEE)) == [
            "MobilePay beholdt 15,00 kr. i gebyr den 2. november 2026."
        ]

        bank.mobilepay_tells(fee(-5_00)._replace(key="mobilepay|fee|back"))
        assert told_of(hand, hand.last_entry(kinds.FEE)) == [
            "MobilePay gav 5,00 kr. af et gebyr tilbage den 2. november 2026."
        ]

    def test_in_swedish(self, bank: Bank, hand: Hand) -> None:
        bank.mobilepay_tells(paid_by_phone("101", 4_500_00), fee(15_00), payout(4_485_00))
        hand.companies["1"] = hand.companies["1"].model_copy(update={"language": "sv"})

        assert told_of(hand, hand.last_entry(kinds.SETTLEMENT))[0] == (
            "MobilePay skickade 4\xa0485,00 DKK till vårt bankkonto den 3 november 2026."
        )
        assert told_of(hand, hand.last_entry(kinds.FEE)) == ["MobilePay behöll 15,00 DKK i avgift den 2 november 2026."]


class TestLines:
    def test_what_a_rule_and_a_person_have_said(self, bank: Bank, hand: Hand) -> None:
        bank.rules({"name": "interest", "text": "rente*", "account": "interest"})
        _, second = bank.books(line(12_34, "Rente 2026"), line(-35_00, "Gebyr"))
        (found,) = bank.reconciles()
        said = bank.person_says(second, "bank_fees")

        assert told_of(hand, found.entry_id) == [
            f"Banken satte 12,34 kr. ind på konto {ACCOUNT} den 4. november 2026: det hører til kontoen interest efter "
            "bankreglen interest."
        ]
        assert told_of(hand, said) == [
            f"Banken trak 35,00 kr. fra konto {ACCOUNT} den 4. november 2026: anna har sagt, at det hører til kontoen "
            "bank_fees."
        ]
        assert told_of(hand, second)[0] == (
            "Der gik 35,00 kr. ud den 4. november 2026, og vi kunne ikke se, hvem pengene var til."
        )

    def test_what_was_taken_back_is_told_in_its_place(self, bank: Bank, hand: Hand) -> None:
        (entry_id,) = bank.books(line(-35_00, "Gebyr"))
        said = bank.person_says(entry_id, "bank_fees")
        hand.reverse(said, "wrong_amount")

        assert told_of(hand, entry_id)[2:] == [
            f"Den {_RECORDED} blev det taget tilbage igen: beløbet var forkert.",
            "35,00 kr. ligger nu igen uden lejer.",
        ]
        assert told_of(hand, said)[1:] == [f"Den blev taget tilbage den {_RECORDED}: beløbet var forkert."]
        assert told_of(hand, hand.last_entry(kinds.REVERSAL))[0].startswith("Afregningen på 35,00 kr.")

    def test_a_tenant_reads_who_paid_and_the_banks_reference(self, bank: Bank, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 100_00)
        (entry_id,) = bank.books(
            line(100_00, customer="101", payer="Søren Ærø", payer_account=PAYER, servicer_reference="REF-7")
        )

        assert told_of(hand, entry_id)[-1] == (
            f"Pengene kom på vores bankkonto {ACCOUNT} den 4. november 2026 fra Søren Ærø, bankens reference REF-7."
        )

    def test_a_second_file_that_told_of_it(self, bank: Bank, hand: Hand) -> None:
        """R17"""
        (entry_id,) = bank.books(line(100_00, customer="101", servicer_reference="AR1"))
        seen = (1, ACCOUNT, "", "", 100_00, "DKK", date(2026, 11, 4), "AR1", "iso20022|seen", "Indbetaling")
        bank.tells(PaymentSeen(*seen))
        bank.reconciles()

        assert told_of(hand, entry_id)[-1] == "bank fortæller om samme betaling i file2, post 1."

    def test_money_that_a_rule_gave_to_a_tenancy(self, bank: Bank, hand: Hand) -> None:
        bank.rules({"name": "laundry", "payer_account": PAYER, "tenancy": FIRST})
        (entry_id,) = bank.books(line(100_00, payer="Vask", payer_account=PAYER))
        (found,) = bank.reconciles()

        assert told_of(hand, found.entry_id)[-2:] == [
            f"Pengene kom på vores bankkonto {ACCOUNT} den 4. november 2026 fra Vask.",
            "Bankreglen laundry siger, at sådanne betalinger er dine.",
        ]
        assert told_of(hand, entry_id)[1:] == [f"Den {_RECORDED} blev de ført på lejemål {FIRST}."]

    def test_money_out_that_a_person_took_from_a_tenancy(self, bank: Bank, hand: Hand) -> None:
        (entry_id,) = bank.books(line(-50_00, on=date(2026, 11, 5)))
        hand.match(entry_id, FIRST)

        assert told_of(hand, entry_id) == [
            "Der gik 50,00 kr. ud den 5. november 2026, og vi kunne ikke se, hvem pengene var til.",
            f"Den {_RECORDED} blev de ført på lejemål {FIRST}.",
        ]
