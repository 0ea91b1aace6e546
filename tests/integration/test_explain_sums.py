"""What an explanation says of money adds up to the money, whatever has become of it; nothing is left unsaid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.acts import reversals
from hub.acts.act import Acting, perform
from hub.acts.charges import LineAsked
from hub.ledger import kinds
from hub.reports.explain_facts import Explanation
from hub.reports.explain_sentences import sentences
from hub.store.database import Database
from hub.store.tables import entry, posting
from tests.desk import NOW, Desk, paid, taken_back
from tests.driver import Driver
from tests.explaining import explained, told_of
from tests.hand import FIRST, SECOND, SWEDISH, Hand

_KR = r"([\d.]+,\d\d) kr\."
_PAID = (rf"\({_KR}\), fordi", rf"^De[nt] betalte desuden .* \({_KR}\)\.$")
_LATER = (rf"^Senere blev {_KR} af de[ntm]+ brugt",)
_FREED = (rf"så {_KR} blev fri igen\.$", rf"^Derefter blev {_KR} fri igen")
_LEFT = (rf"^{_KR} er ikke brugt endnu",)
_REOPENED = (rf"manglede der igen {_KR} på", rf"^Derfor var {_KR} af")
_AGAIN = (rf"^Pengene dækkede .* med (?:i alt )?{_KR}(?:$|\.$)",)
_PAYERS = (rf"dækkede {_KR} af den, fordi", rf"^Desuden blev {_KR} af den dækket", rf"{_KR} blev trukket fra den")
_OPEN = (rf"der mangler {_KR}", rf"^Der mangler (?:.* mangler der )?{_KR}")
_GONE = re.compile(r"^(De[nt] blev taget tilbage den |Banken tog pengene tilbage den |Den .* bogførte vi, at banken)")
_MONEY = (kinds.PAYMENT, kinds.MATCH, kinds.OPENING, kinds.CREDIT_NOTE, kinds.TRANSFER)


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _sum(told: list[str], patterns: tuple[str, ...]) -> int:
    amounts = (amount for one in told for pattern in patterns for amount in re.findall(pattern, one))
    return sum(int(re.sub(r"\D", "", amount)) for amount in amounts)


def _check_money(found: Explanation, told: list[str]) -> None:
    """Whatever it had paid is open again each time that it is taken, and all of it is told where it stands."""
    used = left = 0
    for stretch in _stretches(told):
        assert used == _sum(stretch, _REOPENED), told
        used = _check_order(found, stretch)
        left = _sum(stretch, _LEFT)
    stands = found.taken_back_by is None or len(found.afterwards) % 2
    assert used + left == (-found.amount if stands else 0), told


def _stretches(told: list[str]) -> list[list[str]]:
    """From each time that it was taken to the next."""
    gone = [number for number, one in enumerate(told) if _GONE.match(one)]
    return [told[first:last] for first, last in pairwise([0, *gone, len(told)])]


def _check_order(found: Explanation, told: list[str]) -> int:
    """As it is told, never is more of it used than there is, nor more freed than was used. What is used at the end."""
    used = 0
    for number, one in enumerate(told):
        used += _sum([one], (*_PAID, *_LATER, *_AGAIN)) - _sum([one], _FREED)
        assert 0 <= used <= -found.amount, (number, told)
    return used


def _check_charge(found: Explanation, told: list[str]) -> None:
    if found.taken_back_by is None:
        assert _sum(told, _PAYERS) + _sum(told, _OPEN[:1] if "Intet" in " ".join(told) else _OPEN[1:]) == found.amount


_PAID_WHEN_BACK = [
    "Pengene dækkede igen opkrævning A »Husleje« med 70,00 kr.",
    "Pengene dækkede igen opkrævning B »Husleje« med 20,00 kr.",
    "Senere blev 5,00 kr. af dem brugt til udbetalingen den 22. november 2026.",
]
_OPEN_AGAIN = [
    "Derfor manglede der igen 70,00 kr. på opkrævning A »Husleje«.",
    "Derfor manglede der igen 20,00 kr. på opkrævning B »Husleje«.",
    "Derfor var 5,00 kr. af udbetalingen den 22. november 2026 igen ikke dækket.",
]


def _brought_back(hand: Hand) -> int:
    """A payment of 100.00 that the bank took and gave back, and of which 5.00 was paid out then."""
    hand.charge(FIRST, "A", "2026-10-01", 70_00)
    hand.charge(FIRST, "B", "2026-10-02", 20_00)
    hand.desk.book(paid("101", 100_00))
    payment = hand.last_entry(kinds.PAYMENT)
    hand.desk.book(taken_back("101", 100_00))
    hand.reverse(hand.last_entry(kinds.CHARGEBACK))
    hand.pay_out(FIRST, 5_00)
    return payment


@pytest.mark.parametrize(
    ("database_url", "seed"), [("sqlite", 1), ("sqlite", 2), ("postgresql", 3)], indirect=["database_url"]
)
def test_of_whatever_has_happened(database: Database, tmp_path: Path, seed: int) -> None:
    desk = Desk(database, tmp_path)
    driver = Driver(desk, seed, prove_every=1_000)
    for _ in range(100):
        driver.step()
    rows = desk.all(
        select(entry.c.id, entry.c.kind, posting.c.amount)
        .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
        .where(entry.c.kind.in_((*_MONEY, kinds.CHARGE)), posting.c.amount != 0)
    )
    checked = 0
    for id_, kind, amount in rows:
        found = explained(desk, int(id_))
        if found.account_kind != kinds.RECEIVABLE or (kind != kinds.CHARGE and int(amount) > 0):
            continue
        told = sentences(found, "da", NOW)
        (_check_charge if kind == kinds.CHARGE else _check_money)(found, told)
        checked += 1
    assert checked > 20


class TestTold:
    def test_a_charge_that_was_taken_back_frees_what_had_paid_it(self, hand: Hand) -> None:
        wrong = hand.charge(FIRST, "A", "2026-10-01", 100_00)["entry"]
        payment = hand.pay(FIRST, 100_00, reference="A", day=date(2026, 10, 2))
        hand.reverse(wrong, "wrong_amount")
        began = [
            "Din indbetaling på 100,00 kr. den 2. oktober 2026 betalte opkrævning A »Husleje« (100,00 kr.), "
            "fordi indbetalingen nævnte opkrævning A.",
            "Opkrævning A »Husleje« blev taget tilbage den 22. november 2026, så 100,00 kr. blev fri igen.",
        ]
        assert told_of(hand, payment) == [*began, "100,00 kr. er ikke brugt endnu og står til gode for dig."]
        hand.charge(FIRST, "B", "2026-12-01", 60_00)
        assert told_of(hand, payment) == [
            *began,
            "Senere blev 60,00 kr. af den brugt til opkrævning B »Husleje«.",
            "40,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]

    def test_in_swedish(self, hand: Hand) -> None:
        wrong = hand.charge(SWEDISH, "A", "2026-10-01", 100_00)["entry"]
        payment = hand.pay(SWEDISH, 100_00, reference="A", day=date(2026, 10, 2))
        hand.reverse(wrong, "wrong_amount")
        assert told_of(hand, payment)[1:] == [
            "Faktura A ”Husleje” togs tillbaka den 22 november 2026, så 100,00 kr frigjordes igen.",
            "100,00 kr har inte använts ännu och står dig till godo.",
        ]

    def test_what_was_freed_and_used_at_once(self, hand: Hand) -> None:
        wrong = hand.charge(FIRST, "A", "2026-10-01", 100_00)["entry"]
        payment = hand.pay(FIRST, 100_00, day=date(2026, 10, 2))
        hand.charge(FIRST, "B", "2026-10-03", 70_00)
        hand.reverse(wrong)
        assert told_of(hand, payment)[1:] == [
            "Opkrævning A »Husleje« blev taget tilbage den 22. november 2026, så 100,00 kr. blev fri igen.",
            "Senere blev 70,00 kr. af den brugt til opkrævning B »Husleje«.",
            "30,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]

    def test_a_transfer_and_a_payout_that_were_taken_back(self, hand: Hand) -> None:
        payment = hand.pay(FIRST, 100_00, day=date(2026, 10, 2))
        moved = hand.transfer(FIRST, 60_00, kinds.BALANCE, "deposit")
        hand.reverse(moved)
        out = hand.pay_out(FIRST, 100_00)
        hand.reverse(out)
        assert told_of(hand, payment)[1:] == [
            "Senere blev 60,00 kr. af den brugt til overførslen den 22. november 2026.",
            "Overførslen den 22. november 2026 blev taget tilbage den 22. november 2026, så 60,00 kr. blev fri igen.",
            "Senere blev 100,00 kr. af den brugt til udbetalingen den 22. november 2026.",
            "Udbetalingen den 22. november 2026 blev taget tilbage den 22. november 2026, så 100,00 kr. blev fri igen.",
            "100,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]

    def test_a_debit_of_the_bank_that_was_wrong(self, hand: Hand) -> None:
        hand.desk.book(taken_back("101", 50_00))
        back = hand.last_entry(kinds.CHARGEBACK)
        payment = hand.pay(FIRST, 50_00, day=date(2026, 11, 20))
        wrong = hand.reverse(back)
        assert told_of(hand, payment)[1:] == [
            "Den 22. november 2026 blev det rettet, at banken havde taget en betaling tilbage, "
            "så 50,00 kr. blev fri igen.",
            "50,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]
        assert told_of(hand, wrong)[1:] == ["De 50,00 kr., der var betalt af den, blev fri igen."]

    def test_what_the_bank_took_and_gave_back(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-10-01", 100_00)
        hand.desk.book(paid("101", 150_00, "A"))
        payment = hand.last_entry(kinds.PAYMENT)
        hand.desk.book(taken_back("101", 150_00, "A"))
        hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        assert told_of(hand, payment)[1:] == [
            "Banken tog pengene tilbage den 9. november 2026.",
            "Derfor manglede der igen 100,00 kr. på opkrævning A »Husleje«.",
            "Den 22. november 2026 blev det rettet, at banken havde taget dem: det var en fejl.",
            "Pengene dækkede igen opkrævning A »Husleje« med 100,00 kr.",
            "50,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]
        hand.reverse(payment, "duplicate")
        assert told_of(hand, payment)[4:] == [
            "Pengene dækkede igen opkrævning A »Husleje« med 100,00 kr.",
            "Den blev taget tilbage den 22. november 2026: det var bogført to gange.",
            "Derfor manglede der igen 100,00 kr. på opkrævning A »Husleje«.",
        ]

    def test_what_came_back_and_was_moved_away(self, hand: Hand) -> None:
        payment = _brought_back(hand)
        hand.unmatch(payment)
        assert told_of(hand, payment)[5:] == [
            "Den 22. november 2026 blev det rettet, at banken havde taget dem: det var en fejl.",
            *_PAID_WHEN_BACK,
            "Den blev taget tilbage den 22. november 2026: det hørte til et andet lejemål.",
            *_OPEN_AGAIN,
        ]

    def test_what_came_back_and_the_bank_took_again(self, hand: Hand) -> None:
        payment = _brought_back(hand)
        hand.desk.book(taken_back("101", 100_00, on=date(2026, 11, 20)))
        assert told_of(hand, payment)[6:] == [
            *_PAID_WHEN_BACK,
            "Den 22. november 2026 bogførte vi, at banken tog pengene tilbage den 20. november 2026.",
            *_OPEN_AGAIN,
        ]

    def test_what_came_back_and_pays_what_it_never_paid(self, hand: Hand) -> None:
        payment = _brought_back(hand)
        hand.charge(FIRST, "NEW", "2026-11-20", 2_00)
        assert told_of(hand, payment)[6:] == [
            *_PAID_WHEN_BACK,
            "Senere blev 2,00 kr. af dem brugt til opkrævning NEW »Husleje«.",
            "3,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]

    def test_what_was_charged_while_the_bank_had_it(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 100_00))
        payment = hand.last_entry(kinds.PAYMENT)
        hand.desk.book(taken_back("101", 100_00))
        hand.charge(FIRST, "NEW", "2026-11-20", 6_00)
        back = hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        covered = "Pengene dækkede opkrævning NEW »Husleje« med 6,00 kr."
        assert covered in told_of(hand, payment)
        assert covered in told_of(hand, back)

    def test_what_is_open_again_and_paid_by_credit_at_once(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-10-01", 100_00)
        payment = hand.pay(FIRST, 100_00, day=date(2026, 10, 2))
        hand.pay(FIRST, 40_00, day=date(2026, 10, 3))
        back = hand.reverse(payment)
        ends = [
            "Derfor manglede der igen 100,00 kr. på opkrævning A »Husleje«.",
            "40,00 kr. af det blev straks dækket af penge, der stod til gode.",
        ]
        assert told_of(hand, payment)[-2:] == told_of(hand, back)[-2:] == ends

    def test_what_a_payment_paid_in_a_year(self, hand: Hand) -> None:
        payment = hand.pay(FIRST, 72_000_00, day=date(2026, 10, 20))
        for month in range(1, 12):
            hand.charge(FIRST, f"R{month}", f"2027-{month:02}-01", 6_000_00, kind=kinds.RENT)
        told = told_of(hand, payment)
        assert told[5] == "Senere blev 6.000,00 kr. af den brugt til huslejen for maj 2027."
        assert told[6:] == [
            "Senere blev 36.000,00 kr. af den brugt til 6 opkrævninger.",
            "6.000,00 kr. er ikke brugt endnu og står til gode for dig.",
        ]

    def test_one_other_is_told_in_the_singular(self, hand: Hand) -> None:
        for day in range(1, 7):
            hand.charge(FIRST, f"C{day}", f"2026-11-0{day}", 1_00)
        payment = hand.pay(FIRST, 6_00)
        assert told_of(hand, payment)[5:] == ["Den betalte desuden en anden opkrævning (1,00 kr.)."]
        back = hand.reverse(payment)
        assert told_of(hand, back)[6:] == ["Desuden manglede der igen 1,00 kr. på en anden opkrævning."]

    def test_a_charge_that_seven_have_paid(self, hand: Hand) -> None:
        charged = hand.charge(FIRST, "A", "2026-10-01", 700_00)["entry"]
        for day in range(1, 8):
            hand.pay(FIRST, 100_00, day=date(2026, 10, day))
        told = told_of(hand, charged)
        assert told[1] == "Den er betalt."
        assert len(told) == 8
        assert told[-1] == "Desuden blev 200,00 kr. af den dækket af 2 andre beløb."

    def test_a_charge_that_was_paid_and_then_credited(self, hand: Hand) -> None:
        charged = hand.charge(FIRST, "A", "2026-10-01", 100_00)["entry"]
        hand.pay(FIRST, 100_00, reference="A", day=date(2026, 10, 2))
        hand.credit(FIRST, "A", 30_00)
        assert told_of(hand, charged)[1:] == [
            "Den er betalt.",
            "Din indbetaling den 2. oktober 2026 dækkede 100,00 kr. af den, fordi indbetalingen nævnte opkrævning A.",
            "Kreditnotaen på 30,00 kr. den 22. november 2026 gælder den: 30,00 kr. står til gode for dig.",
        ]
        hand.charge(FIRST, "B", "2026-12-01", 80_00)
        hand.credit(FIRST, "A")
        assert told_of(hand, charged)[1:] == [
            "Hele beløbet er krediteret.",
            "Din indbetaling den 2. oktober 2026 dækkede 100,00 kr. af den, fordi indbetalingen nævnte opkrævning A.",
            "Kreditnotaen på 30,00 kr. den 22. november 2026 gælder den: "
            "30,00 kr. blev brugt til opkrævning B »Husleje«.",
            "Kreditnotaen på 70,00 kr. den 22. november 2026 gælder den: "
            "50,00 kr. blev brugt til opkrævning B »Husleje« og 20,00 kr. står til gode for dig.",
        ]

    def test_a_charge_that_was_credited_and_is_open_again(self, hand: Hand) -> None:
        charged = hand.charge(FIRST, "A", "2026-10-01", 100_00)["entry"]
        payment = hand.pay(FIRST, 100_00, day=date(2026, 10, 2))
        hand.charge(FIRST, "B", "2026-10-03", 40_00)
        hand.credit(FIRST, "A")
        hand.reverse(payment)
        assert told_of(hand, charged)[1] == "Der mangler 40,00 kr."

    def test_a_charge_that_was_paid_in_part_and_then_credited(self, hand: Hand) -> None:
        charged = hand.charge(SWEDISH, "A", "2026-10-01", 100_00)["entry"]
        hand.pay(SWEDISH, 60_00, reference="A", day=date(2026, 10, 2))
        hand.credit(SWEDISH, "A")
        assert told_of(hand, charged)[1:] == [
            "Hela beloppet är krediterat.",
            "Din inbetalning den 2 oktober 2026 täckte 60,00 kr av den, eftersom inbetalningen nämnde faktura A.",
            "Kreditnotan på 100,00 kr den 22 november 2026 gäller den: "
            "40,00 kr drogs av från den och 60,00 kr står dig till godo.",
        ]

    def test_many_credit_notes(self, hand: Hand) -> None:
        charged = hand.charge(FIRST, "A", "2026-10-01", 700_00)["entry"]
        for _ in range(7):
            hand.credit(FIRST, "A", 10_00)
        assert told_of(hand, charged)[-1] == "Desuden er 20,00 kr. af den krediteret med 2 andre kreditnotaer."

    def test_the_day_on_which_it_was_done_is_the_company_s(self, hand: Hand) -> None:
        """At half past midnight in Copenhagen."""
        at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

        def reverse(entry_id: int) -> None:
            def act(acting: Acting) -> dict[str, Any]:
                return reversals.reverse(acting, entry_id, reversals.Why("other"))

            perform(hand.db, hand.site, "reverse", {"entry": entry_id}, act, actor="anna", now=at)

        charged = hand.charge(SECOND, "A", "2026-10-01", 100_00)["entry"]
        payment = hand.pay(SECOND, 150_00, day=date(2026, 11, 1))
        reverse(charged)
        assert told_of(hand, charged)[-1] == "Den blev taget tilbage den 23. november 2026: det var en fejl."
        assert told_of(hand, payment)[1].startswith("Opkrævning A »Husleje« blev taget tilbage den 23. november 2026")
        reverse(payment)
        assert told_of(hand, payment)[-1] == "Den blev taget tilbage den 23. november 2026: det var en fejl."

    def test_no_charge_is_told_and_counted_among_the_others(self, hand: Hand) -> None:
        for day in range(1, 7):
            hand.charge(FIRST, f"C{day}", f"2026-10-0{day}", LineAsked("10", 10_00), LineAsked("90", 1_00))
        told = told_of(hand, hand.pay(FIRST, 66_00))
        assert [one for one in told if "opkrævning C5" in one] == [
            "Den betalte også husleje på opkrævning C5 (10,00 kr.), "
            "fordi husleje og andre pligtige betalinger dækkes først, de ældste før de nyere.",
            "Den betalte også gebyr på opkrævning C5 (1,00 kr.), fordi gebyrer og renter dækkes til sidst.",
        ]
        assert told[-1] == "Den betalte desuden en anden opkrævning (11,00 kr.)."
        assert _sum(told, _PAID) == 66_00
