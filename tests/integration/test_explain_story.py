"""Money that came to suspense: all that became of it is told in order, and every entry on its way knows its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.ledger import kinds
from hub.store.database import Database
from tests.desk import paid, taken_back
from tests.explaining import explained, told_of
from tests.hand import FIRST, SECOND, Hand

_CAME = "Der kom 500,00 kr. ind den 2. november 2026, og vi kunne ikke se, hvem pengene var fra."
_TODAY = "22. november 2026"


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _came(hand: Hand) -> int:
    hand.desk.book(paid("777", 500_00, line=35))
    return hand.last_entry(kinds.PAYMENT)


def test_matched_unmatched_charged_back_and_matched_again(hand: Hand) -> None:
    payment = _came(hand)
    first = hand.match(payment, FIRST)["entry"]
    undone = hand.unmatch(payment)["entry"]
    second = hand.match(payment, SECOND)["entry"]
    hand.desk.book(taken_back("777", 500_00))
    back = hand.last_entry(kinds.CHARGEBACK)
    wrong = hand.reverse(back)

    story = explained(hand, payment).story
    assert story is not None
    assert [(step.entry, step.kind, step.of, step.of_kind, step.tenancy) for step in story.steps] == [
        (first, "match", payment, "payment", FIRST),
        (undone, "reversal", first, "match", FIRST),
        (second, "match", payment, "payment", SECOND),
        (back, "chargeback", second, "match", SECOND),
        (wrong, "reversal", back, "chargeback", SECOND),
    ]
    assert told_of(hand, payment) == [
        _CAME,
        f"Den {_TODAY} blev de ført på lejemål {FIRST}.",
        f"Den {_TODAY} blev de taget fra lejemål {FIRST} igen: det hørte til et andet lejemål.",
        f"Den {_TODAY} blev de ført på lejemål {SECOND}.",
        f"Den {_TODAY} bogførte vi, at banken tog dem tilbage fra lejemål {SECOND} den 9. november 2026.",
        f"Den {_TODAY} blev det rettet, at banken havde taget dem: det var en fejl.",
    ]


def test_taken_by_the_bank_while_it_was_nobodys_and_there_again(hand: Hand) -> None:
    payment = _came(hand)
    hand.desk.book(taken_back("777", 500_00))
    assert told_of(hand, payment) == [_CAME, "Banken tog dem tilbage den 9. november 2026."]
    again = hand.reverse(hand.last_entry(kinds.CHARGEBACK))

    assert told_of(hand, payment)[2:] == [
        f"Den {_TODAY} blev det rettet, at banken havde taget dem: det var en fejl.",
        "500,00 kr. ligger nu igen uden lejer.",
    ]
    hand.match(again, SECOND)
    assert told_of(hand, payment)[3:] == [f"Den {_TODAY} blev de ført på lejemål {SECOND}."]


def test_taken_out_of_the_books(hand: Hand) -> None:
    payment = _came(hand)
    hand.match(payment, FIRST)
    hand.unmatch(payment)
    assert told_of(hand, payment)[-1] == "500,00 kr. ligger nu igen uden lejer."
    hand.reverse(payment, "duplicate")
    assert told_of(hand, payment)[-1] == f"Den {_TODAY} blev de taget ud af regnskabet: det var bogført to gange."


def test_every_entry_on_the_way_leads_to_the_file_and_the_line(hand: Hand) -> None:
    payment = _came(hand)
    way = [payment]
    for tenancy in (FIRST, SECOND, FIRST):
        way.append(hand.match(payment, tenancy)["entry"])
        way.append(hand.unmatch(payment)["entry"])
    way.append(hand.match(payment, SECOND)["entry"])
    hand.desk.book(taken_back("777", 500_00))
    back = hand.last_entry(kinds.CHARGEBACK)
    way.append(hand.reverse(back))

    origins = {explained(hand, one).origin for one in way[:-1]}
    (origin,) = origins
    assert origin is not None
    assert (origin.name, origin.record) == ("file1", 35)
    # The charge-back came in a file of its own.
    own = [explained(hand, one).origin for one in (back, way[-1])]
    assert [one and (one.name, one.record) for one in own] == [("file2", 9), ("file2", 9)]
    assert len({explained(hand, one).story for one in (*way, back)}) == 1


def test_a_tenant_is_not_told_whose_else_it_was(hand: Hand) -> None:
    payment = _came(hand)
    wrong = hand.match(payment, FIRST)["entry"]
    hand.unmatch(payment)
    right = hand.match(payment, SECOND)["entry"]

    assert not any(SECOND in told for told in told_of(hand, wrong))
    assert told_of(hand, wrong)[-1] == f"Den blev taget tilbage den {_TODAY}: det hørte til et andet lejemål."
    assert not any(FIRST in told for told in told_of(hand, right))


def test_money_that_was_never_in_suspense_has_no_such_story(hand: Hand) -> None:
    assert explained(hand, hand.pay(FIRST, 1_00)).story is None


def test_matched_unmatched_and_matched_again_to_the_same(hand: Hand) -> None:
    """What is told of the first match stays true when the second one has paid the charge."""
    hand.charge(FIRST, "A", "2026-10-01", 300_00)
    payment = _came(hand)
    first = hand.match(payment, FIRST)["entry"]
    undone = hand.unmatch(payment)["entry"]
    second = hand.match(payment, FIRST)["entry"]
    hand.charge(FIRST, "B", "2026-12-01", 50_00)

    assert told_of(hand, payment) == [
        _CAME,
        f"Den {_TODAY} blev de ført på lejemål {FIRST}.",
        f"Den {_TODAY} blev de taget fra lejemål {FIRST} igen: det hørte til et andet lejemål.",
        f"Den {_TODAY} blev de ført på lejemål {FIRST}.",
    ]
    taken = [
        f"blev taget tilbage den {_TODAY}: det hørte til et andet lejemål.",
        "Derfor manglede der igen 300,00 kr. på opkrævning A »Husleje«.",
    ]
    assert told_of(hand, first)[1:] == [f"Den {taken[0]}", taken[1]]
    assert told_of(hand, undone) == [f"Din indbetaling på 500,00 kr. den 2. november 2026 {taken[0]}", taken[1]]
    told = told_of(hand, second)
    assert "betalte opkrævning A »Husleje« (300,00 kr.)" in told[0]
    assert told[1:] == [
        "Senere blev 50,00 kr. af den brugt til opkrævning B »Husleje«.",
        "150,00 kr. er ikke brugt endnu og står til gode for dig.",
    ]


def test_what_the_bank_took_and_nobody_knew_whose_it_was(hand: Hand) -> None:
    hand.desk.book(taken_back("777", 50_00))
    back = hand.last_entry(kinds.CHARGEBACK)
    took = "Banken tog en betaling på 50,00 kr. tilbage den 9. november 2026"
    nobodys = f"{took}, og vi kunne ikke se, hvem den var fra."
    assert told_of(hand, back) == [nobodys, "De ligger stadig uden lejer."]
    moved = hand.match(back, FIRST)["entry"]
    assert told_of(hand, back) == [nobodys, f"Den {_TODAY} blev de ført på lejemål {FIRST}."]
    assert told_of(hand, moved)[0].startswith(f"{took}. Vi har ingen tidligere indbetaling")
    hand.unmatch(moved)
    told = told_of(hand, hand.last_entry(kinds.CHARGEBACK))
    assert told == told_of(hand, back)
    assert told[2:] == [
        f"Den {_TODAY} blev de taget fra lejemål {FIRST} igen: det hørte til et andet lejemål.",
        "50,00 kr. ligger nu igen uden lejer.",
    ]


def test_what_the_bank_took_from_a_tenancy_and_was_another_s(hand: Hand) -> None:
    hand.desk.book(taken_back("101", 50_00))
    hand.unmatch(hand.last_entry(kinds.CHARGEBACK))
    assert told_of(hand, hand.last_entry(kinds.CHARGEBACK)) == [
        "Banken tog en betaling på 50,00 kr. tilbage den 9. november 2026.",
        f"Den {_TODAY} blev de taget fra lejemål {FIRST} igen: det hørte til et andet lejemål.",
        "50,00 kr. ligger nu igen uden lejer.",
    ]


def test_a_file_that_was_read_again_goes_not_back_in_time(hand: Hand) -> None:
    payment = _came(hand)
    hand.desk.book(taken_back("777", 500_00))
    hand.reverse_file(2)
    hand.desk.book(taken_back("777", 500_00))
    took = "anken tog dem tilbage den 9. november 2026."
    assert told_of(hand, payment) == [
        _CAME,
        f"B{took}",
        f"Den {_TODAY} blev det rettet, at banken havde taget dem: det var en prøve.",
        f"Den {_TODAY} bogførte vi, at b{took}",
    ]
