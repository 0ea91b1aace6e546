"""Explanations: the sentence a tenant reads, in the company's language, and the facts behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.acts.charges import LineAsked
from hub.acts.money import receive
from hub.errors import HubError
from hub.imports.charges import import_charges
from hub.imports.portfolio import import_portfolio
from hub.ledger import kinds
from hub.reports.explain_sentences import sentences
from hub.store.database import Database
from hub.store.tables import entry, tenancy
from tests.desk import NOW, failed, paid, result, taken_back
from tests.every_kind import book_every_kind
from tests.explaining import explained, told_of
from tests.hand import FIRST, SECOND, SHOP, SWEDISH, Hand

_MONTH = (date(2026, 11, 1), date(2026, 11, 30))
_OBLIGATORY_FIRST = "fordi husleje og andre pligtige betalinger dækkes først, de ældste før de nyere"


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _rent(hand: Hand, tenancy_key: str = FIRST, **more: Any) -> int:
    lines = (LineAsked("10", 5_000_00, period=_MONTH), LineAsked("75020", 125_00, period=_MONTH))
    return int(hand.charge(tenancy_key, "2611-1", "2026-11-01", *lines, kind=kinds.RENT, **more)["entry"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestSentences:
    """Words alone; that both databases give the same facts is below."""

    def test_a_payment_that_named_its_charge(self, hand: Hand) -> None:
        _rent(hand)
        hand.desk.book(paid("101", 5_125_00, "2611-1"))

        assert told_of(hand, hand.last_entry(kinds.PAYMENT)) == [
            "Din indbetaling på 5.125,00 kr. den 2. november 2026 betalte husleje og aconto varme for november "
            "(5.125,00 kr.), fordi indbetalingen nævnte opkrævning 2611-1."
        ]

    def test_in_swedish_for_a_swedish_company(self, hand: Hand) -> None:
        _rent(hand, SWEDISH)
        payment = hand.pay(SWEDISH, 5_200_00, reference="2611-1", day=date(2026, 11, 2))

        assert told_of(hand, payment) == [
            "Din inbetalning på 5\xa0200,00 kr den 2 november 2026 betalade husleje och aconto varme för november "
            "(5\xa0125,00 kr), eftersom inbetalningen nämnde faktura 2611-1.",
            "75,00 kr har inte använts ännu och står dig till godo.",
        ]

    def test_what_it_paid_by_policy_and_what_its_rest_paid_later(self, hand: Hand) -> None:
        hand.charge(FIRST, "FEE", "2026-08-01", LineAsked("90", 100_00))
        hand.charge(FIRST, "OLD", "2026-09-01", 300_00, text="Nøgler")
        payment = hand.pay(FIRST, 450_00, day=date(2026, 11, 2))
        hand.charge(FIRST, "NEW", "2026-12-01", 20_00)

        assert told_of(hand, payment) == [
            f"Din indbetaling på 450,00 kr. den 2. november 2026 betalte opkrævning OLD »Nøgler« (300,00 kr.), "
            f"{_OBLIGATORY_FIRST}.",
            "Den betalte også opkrævning FEE »Gebyr« (100,00 kr.), fordi gebyrer og renter dækkes til sidst.",
            "Senere blev 20,00 kr. af den brugt til opkrævning NEW »Husleje«.",
            "30,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]

    def test_a_charge_of_several_types_is_named_by_those_that_were_paid(self, hand: Hand) -> None:
        hand.charge(FIRST, "MIX", "2026-11-05", 300_00, LineAsked("90", 100_00), LineAsked("20", 200_00))
        payment = hand.pay(FIRST, 500_00, day=date(2026, 11, 6))
        later = hand.pay(FIRST, 50_00, day=date(2026, 11, 7))

        assert told_of(hand, payment) == [
            "Din indbetaling på 500,00 kr. den 6. november 2026 betalte husleje og depositum på opkrævning MIX "
            f"(500,00 kr.), {_OBLIGATORY_FIRST}."
        ]
        assert told_of(hand, later)[0].endswith(
            "betalte gebyr på opkrævning MIX (50,00 kr.), fordi gebyrer og renter dækkes til sidst."
        )

    def test_what_stands_on_a_rent_charge_and_is_no_rent_is_not_called_so(self, hand: Hand) -> None:
        heat = hand.charge(FIRST, "H", "2026-11-01", LineAsked("75020", 125_00), kind=kinds.RENT)["entry"]
        mixed = hand.charge(FIRST, "M", "2026-12-01", 100_00, LineAsked("90", 5_00), kind=kinds.RENT)["entry"]
        by_hand = hand.charge(
            FIRST, "O", "2026-12-05", 100_00, LineAsked("90", 5_00, "Flytning"), kind=kinds.MOVING_IN, text="Bil"
        )["entry"]

        assert told_of(hand, heat)[0].startswith("Aconto varme for november på 125,00 kr. forfaldt")
        assert told_of(hand, mixed)[:2] == [
            "Opkrævning M for december på 105,00 kr. forfalder den 1. december 2026.",
            "Den består af husleje (100,00 kr.) og gebyr (5,00 kr.).",
        ]
        assert told_of(hand, by_hand)[:2] == [
            "Indflytningsopkrævningen O på 105,00 kr. forfalder den 5. december 2026.",
            "Den består af husleje (100,00 kr.) og flytning (5,00 kr.).",
        ]

    def test_a_charge_says_what_is_open_of_it(self, hand: Hand) -> None:
        one = hand.charge(FIRST, "ONE", "2026-11-01", 300_00)["entry"]
        assert told_of(hand, one)[-1] == "Intet af den er betalt endnu, så der mangler 300,00 kr."
        hand.pay(FIRST, 100_00)
        assert told_of(hand, one)[1] == "Der mangler 200,00 kr."
        hand.pay(FIRST, 200_00)
        assert told_of(hand, one)[1] == "Den er betalt."

    def test_of_many_types_a_few_are_told(self, hand: Hand) -> None:
        lines = (LineAsked(str(number), 1_00, f"Ydelse {number}") for number in range(1, 9))
        made = hand.charge("2-1-1-1", "MANY", "2026-11-01", *lines)["entry"]
        assert told_of(hand, made)[1] == (
            "Den består af ydelse 1 (1,00 kr.), ydelse 2 (1,00 kr.), ydelse 3 (1,00 kr.), ydelse 4 (1,00 kr.) "
            "og andet (4,00 kr.)."
        )

    def test_business_pays_costs_first(self, hand: Hand) -> None:
        hand.charge(SHOP, "RENT", "2026-09-01", 300_00, kind=kinds.RENT)
        hand.charge(SHOP, "FEE", "2026-11-01", LineAsked("90", 100_00))
        told = told_of(hand, hand.pay(SHOP, 150_00))

        assert "faktura FEE ”Gebyr” (100,00 kr), eftersom kostnader täcks först" in told[0]
        assert "hyran för september (50,00 kr), eftersom kostnader och räntor täcks först" in told[1]

    def test_only_a_few_charges_are_told_one_by_one(self, hand: Hand) -> None:
        for day in range(1, 9):
            hand.charge(FIRST, f"C{day}", f"2026-11-0{day}", 1_00)
        told = told_of(hand, hand.pay(FIRST, 8_00))

        assert len(told) == 6
        assert told[-1] == "Den betalte desuden 3 andre opkrævninger (3,00 kr.)."

    def test_a_charge_tells_what_paid_it(self, hand: Hand) -> None:
        charged = _rent(hand)
        assert told_of(hand, charged)[-1] == "Intet af den er betalt endnu, så der mangler 5.125,00 kr."
        hand.pay(FIRST, 2_000_00, day=date(2026, 11, 2))
        hand.credit(FIRST, "2611-1", 125_00)

        assert told_of(hand, charged) == [
            "Opkrævning 2611-1 for november på 5.125,00 kr. forfaldt den 1. november 2026.",
            "Den består af husleje (5.000,00 kr.) og aconto varme (125,00 kr.).",
            "121,95 kr. af den går til aconto varme, efterhånden som den bliver betalt.",
            "Der mangler 3.000,00 kr.: husleje (2.926,83 kr.) og aconto varme (73,17 kr.).",
            f"Din indbetaling den 2. november 2026 dækkede 2.000,00 kr. af den, {_OBLIGATORY_FIRST}.",
            "Kreditnotaen på 125,00 kr. den 22. november 2026 gælder den: 125,00 kr. blev trukket fra den.",
        ]

    def test_a_charge_back_and_what_it_took_back(self, hand: Hand) -> None:
        _rent(hand)
        hand.desk.book(paid("101", 5_125_00, "2611-1"))
        hand.desk.book(taken_back("101", 5_125_00, "2611-1"))

        assert told_of(hand, hand.last_entry(kinds.CHARGEBACK)) == [
            "Banken tog den 9. november 2026 din indbetaling på 5.125,00 kr. den 2. november 2026 tilbage.",
            "Derfor manglede der igen 5.125,00 kr. på husleje og aconto varme for november.",
        ]
        assert told_of(hand, hand.last_entry(kinds.PAYMENT))[-2:] == [
            "Banken tog pengene tilbage den 9. november 2026.",
            "Derfor manglede der igen 5.125,00 kr. på husleje og aconto varme for november.",
        ]
        back = hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        assert "Pengene dækkede igen husleje og aconto varme for november med 5.125,00 kr." in told_of(hand, back)

    def test_a_charge_back_of_nothing(self, hand: Hand) -> None:
        hand.desk.book(taken_back("101", 50_00))

        assert "Vi har ingen tidligere indbetaling på det beløb" in told_of(hand, hand.last_entry(kinds.CHARGEBACK))[0]

    def test_a_reversal_and_what_it_took_back(self, hand: Hand) -> None:
        charged = _rent(hand)
        hand.pay(FIRST, 5_125_00, day=date(2026, 11, 2))
        back = hand.reverse(charged, "wrong_tenancy", note="naboens")

        assert told_of(hand, back) == [
            "Opkrævningen på 5.125,00 kr. den 1. november 2026 blev taget tilbage den 22. november 2026: "
            "det hørte til et andet lejemål.",
            "De 5.125,00 kr., der var betalt af den, blev fri igen.",
        ]
        assert told_of(hand, charged)[-1] == (
            "Den blev taget tilbage den 22. november 2026: det hørte til et andet lejemål."
        )
        assert not any("naboens" in told for told in told_of(hand, back))

    def test_a_credit_note_names_what_it_credits_and_what_became_of_the_money(self, hand: Hand) -> None:
        _rent(hand)
        hand.pay(FIRST, 5_000_00, reference="2611-1", day=date(2026, 11, 2))
        hand.credit(FIRST, "2611-1", 200_00)

        assert told_of(hand, hand.last_entry(kinds.CREDIT_NOTE)) == [
            "Kreditnotaen på 200,00 kr. den 22. november 2026 gælder opkrævning 2611-1 for november.",
            "Den betalte husleje og aconto varme for november (125,00 kr.), fordi kreditnotaen gælder netop den.",
            "75,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]

    def test_a_payment_that_was_taken_back_tells_what_is_open_again(self, hand: Hand) -> None:
        payment = hand.pay(FIRST, 100_00, day=date(2026, 11, 2))
        hand.charge(FIRST, "NEW", "2026-11-03", 60_00, text="Nøgler")
        hand.reverse(payment, "wrong_amount")

        assert told_of(hand, payment) == [
            "Din indbetaling på 100,00 kr. den 2. november 2026 havde ikke noget at betale, da den blev bogført.",
            "Senere blev 60,00 kr. af den brugt til opkrævning NEW »Nøgler«.",
            "Den blev taget tilbage den 22. november 2026: beløbet var forkert.",
            "Derfor manglede der igen 60,00 kr. på opkrævning NEW »Nøgler«.",
        ]

    def test_holdings(self, hand: Hand) -> None:
        assert told_of(hand, hand.pay(FIRST, 500_00, holding="deposit", day=date(2026, 11, 2))) == [
            "Din indbetaling på 500,00 kr. den 2. november 2026 blev sat ind på dit depositum."
        ]
        assert told_of(hand, hand.transfer(FIRST, 100_00, "deposit", "prepaid_rent")) == [
            "Den 22. november 2026 blev 100,00 kr. overført fra dit depositum til din forudbetalte leje."
        ]
        assert told_of(hand, hand.transfer(FIRST, 100_00, "deposit", "balance")) == [
            "Den 22. november 2026 blev 100,00 kr. overført fra dit depositum til din saldo.",
            "100,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]
        assert told_of(hand, hand.pay_out(FIRST, 100_00, holding="deposit")) == [
            "Den 22. november 2026 udbetalte vi 100,00 kr. af dit depositum."
        ]

    def test_suspense_and_a_match(self, hand: Hand) -> None:
        _rent(hand)
        hand.desk.book(paid("777", 5_125_00))
        payment = hand.last_entry(kinds.PAYMENT)
        came = "Der kom 5.125,00 kr. ind den 2. november 2026, og vi kunne ikke se, hvem pengene var fra."
        assert told_of(hand, payment) == [came, "De ligger stadig uden lejer."]
        match = hand.match(payment, FIRST, remember=True)["entry"]

        assert told_of(hand, payment) == [came, "Den 22. november 2026 blev de ført på lejemål 1-1-1-1."]
        assert told_of(hand, match) == [
            "Din indbetaling på 5.125,00 kr. den 2. november 2026, som først lå uden lejer, betalte husleje og aconto "
            f"varme for november (5.125,00 kr.), {_OBLIGATORY_FIRST}."
        ]

    def test_a_payment_that_a_remembered_rule_found(self, hand: Hand) -> None:
        hand.desk.book(paid("777", 1_00))
        rule = hand.match(hand.last_entry(kinds.PAYMENT), FIRST, remember=True)["rule"]
        hand.desk.book(paid("777", 2_00, trace="x"))
        found = explained(hand, hand.last_entry(kinds.PAYMENT))

        assert found.rule is not None
        assert (found.rule.id, found.rule.customer, found.rule.actor) == (rule, "777", "anna")
        told = f"Vi har tidligere fået at vide, at betalinger med dette nummer er dine (regel {rule})."
        assert told in told_of(hand, found.entry)

    def test_a_payment_on_the_number_of_one_who_has_moved_out(self, hand: Hand) -> None:
        with hand.db.write() as conn:
            conn.execute(update(tenancy).where(tenancy.c.key == FIRST).values(move_out=date(2026, 10, 31)))
        hand.desk.book(paid("101", 1_00))
        payment = hand.last_entry(kinds.PAYMENT)

        assert explained(hand, payment).after_move_out == date(2026, 10, 31)
        assert told_of(hand, payment)[-1] == (
            "Du var flyttet den 31. oktober 2026, men betalingsnummeret er stadig dit, så pengene er dine."
        )
        assert explained(hand, hand.pay(SECOND, 1_00)).after_move_out is None

    def test_a_payment_under_a_mandate_that_is_anothers_now(self, hand: Hand, tmp_path: Path) -> None:
        path = tmp_path / "mandates.csv"
        path.write_text(
            "company,property,unit,tenant,name,bs_customer,bs_mandate\n1,1,1,1,Søren,101,000000017\n1,1,2,1,Åse,102,001020108\n",
            encoding="utf-8",
        )
        assert not import_portfolio(hand.db, path, now=NOW, actor="anna", currency_of=lambda number: "DKK").bad
        hand.desk.book(paid("101", 1_00, trace="001020108"), paid("101", 1_00, line=4, trace="000000017"))
        own = hand.last_entry(kinds.PAYMENT)

        found = explained(hand, own - 1)
        assert found.mandate_of_another == ("001020108", SECOND)
        assert told_of(hand, found.entry)[-1] == (
            "Betalingsaftale 001020108 hører til lejemål 1-1-2-1, men betalingsnummeret er dit, så pengene er dine."
        )
        assert sentences(found, "sv", hand.site.local("1", NOW))[-1] == (
            "Betalningsmedgivande 001020108 hör till kundnr 1-1-2-1, men betalningsnumret är ditt, så pengarna är dina."
        )
        assert explained(hand, own).mandate_of_another is None

    def test_a_small_difference(self, database: Database, tmp_path: Path) -> None:
        hand = Hand(database, tmp_path, small_difference="0.50")
        _rent(hand)
        hand.pay(FIRST, 5_124_75)

        assert told_of(hand, hand.last_entry(kinds.DIFFERENCE)) == [
            "Der manglede 0,25 kr. på husleje og aconto varme for november. Så lille et beløb opkræver vi ikke."
        ]

    def test_results_and_failed_payments(self, hand: Hand) -> None:
        hand.desk.book(result("1", 100_00), result("2", -40_00, line=2), failed("101", 9_00, line=3))
        ids = dict(hand.desk.all(select(entry.c.record, entry.c.id)))

        assert told_of(hand, ids[1])[0] == (
            "Efterbetalingen fra forbrugsregnskabet på 100,00 kr. forfalder den 1. januar 2027."
        )
        assert told_of(hand, ids[2])[0].startswith("Tilbagebetalingen på 40,00 kr. fra forbrugsregnskabet")
        assert "blev afvist, så intet er betalt" in told_of(hand, ids[3])[0]


class TestFacts:
    def test_line_by_line_with_why(self, hand: Hand) -> None:
        _rent(hand)
        found = explained(hand, hand.pay(FIRST, 2_562_50))

        assert [(use.reference, use.line, use.charge_type, use.amount, use.policy) for use in found.did] == [
            ("2611-1", 1, "10", 2_500_00, "obligatory"),
            ("2611-1", 2, "75020", 62_50, "obligatory"),
        ]

    def test_document_voucher_dates_and_who(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 1_00)
        out = explained(hand, hand.charge(FIRST, "OUT", "2026-11-05", 1_00, kind=kinds.MOVING_OUT)["entry"])

        assert (out.document_type, out.voucher, out.actor, out.recorded_at) == ("003", "2026-2", "anna", NOW)
        assert (out.value_date, out.posting_date, out.amount) == (date(2026, 11, 5), date(2026, 11, 5), 1_00)

    def test_the_key_that_a_person_gave(self, hand: Hand) -> None:
        with_key = hand.do("pay", lambda acting: receive(acting, FIRST, 1_00), key="mail 17").result["entry"]
        by_hand = explained(hand, with_key).by_hand

        assert by_hand is not None
        assert (by_hand.what, by_hand.key) == ("pay", "mail 17")
        assert explained(hand, hand.pay(FIRST, 1_00)).by_hand is None

    def test_what_it_did_to_holdings(self, hand: Hand) -> None:
        found = explained(hand, hand.charge(FIRST, "IN", "2026-11-01", LineAsked("20", 100_00), 5_00)["entry"])

        assert [tuple(one) for one in found.holdings] == [("deposit", 100_00)]

    def test_who_took_it_back_and_why(self, hand: Hand) -> None:
        wrong = hand.pay(FIRST, 1_00)
        back = hand.reverse(wrong, "duplicate", note="to gange")
        taken_by = explained(hand, wrong).taken_back_by

        assert taken_by is not None
        assert (taken_by.entry, taken_by.reason, taken_by.note, taken_by.actor) == (
            back,
            "duplicate",
            "to gange",
            "anna",
        )
        points_at = explained(hand, back).points_at
        assert points_at is not None
        assert (points_at.entry, points_at.kind) == (wrong, kinds.PAYMENT)

    def test_what_credits_a_charge(self, hand: Hand) -> None:
        charged = hand.charge(FIRST, "A", "2026-11-01", 10_00)["entry"]
        note = hand.credit(FIRST, "A", 1_00)["entry"]
        withdrawn = hand.credit(FIRST, "A", 2_00)["entry"]
        hand.reverse(withdrawn)

        assert [one.by.entry for one in explained(hand, charged).credited_by] == [note]

    def test_an_opening_comes_from_no_file_of_a_vendor(self, hand: Hand, tmp_path: Path) -> None:
        table = tmp_path / "open.csv"
        table.write_text("tenancy,due_date,charge_type,amount,reference\n1-1-1-1,2026-10-01,10,-80.00,OLD\n")
        import_charges(hand.db, table, now=NOW, actor="test", company_of=hand.site.company)
        opening = hand.last_entry(kinds.OPENING)

        assert (explained(hand, opening).origin, explained(hand, opening).by_hand) == (None, None)
        assert told_of(hand, opening)[0].startswith("Dit tilgodehavende på 80,00 kr. fra tidligere")

    def test_one_that_is_not_there(self, hand: Hand) -> None:
        with pytest.raises(HubError, match="there is no entry 7"):
            explained(hand, 7)


def test_every_kind_has_its_sentence_in_both_languages(database: Database, tmp_path: Path) -> None:
    hand = Hand(database, tmp_path)
    book_every_kind(hand.desk)
    for entry_id in (row[0] for row in hand.desk.all(select(entry.c.id))):
        found = explained(hand, entry_id)
        for language in ("da", "sv"):
            told = sentences(found, language, hand.site.local("1", NOW))
            assert told
            assert all("{" not in one and one.endswith(".") and not one.endswith("..") for one in told)
