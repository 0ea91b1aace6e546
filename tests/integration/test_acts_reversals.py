"""Taking entries back: once, with a reason, with all that they did; and what cannot be taken back, or not yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.acts.charges import LineAsked
from hub.acts.holdings import OverdrawnError
from hub.acts.reversals import NOTE_CHARACTERS_MAX, ReversalRefusedError
from hub.ledger import kinds
from hub.store.database import Database
from hub.store.tables import allocation, entry, reversal
from tests.desk import failed, paid, result, taken_back
from tests.hand import FIRST, SECOND, Hand, Position


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _payout_of_holding(hand: Hand, tenancy: str) -> int:
    hand.pay(tenancy, 100_00, holding="deposit")
    return hand.pay_out(tenancy, 40_00, holding="deposit")


def _to_holding(hand: Hand, tenancy: str) -> int:
    hand.pay(tenancy, 100_00)
    return hand.transfer(tenancy, 30_00, "balance", "deposit")


def _from_holding(hand: Hand, tenancy: str) -> int:
    hand.charge(tenancy, "A", "2026-11-01", 50_00)
    hand.pay(tenancy, 100_00, holding="deposit")
    return hand.transfer(tenancy, 70_00, "deposit", "balance")


def _payout(hand: Hand, tenancy: str) -> int:
    hand.pay(tenancy, 100_00)
    return hand.pay_out(tenancy, 100_00)


def _charged(hand: Hand, tenancy: str) -> int:
    return int(hand.charge(tenancy, "A", "2026-11-01", 1_00)["entry"])


def _of_file(record: Callable[[str], Any]) -> Callable[[Hand, str], int]:
    """``record`` makes one for a unit, whose number its customer has too."""

    def book(hand: Hand, tenancy: str) -> int:
        hand.charge(tenancy, "A", "2026-11-01", 1_000_00)
        hand.desk.book(record(tenancy.split("-")[2]))
        return int(hand.desk.one(select(func.max(entry.c.id))))

    return book


_OPEN = Position(1_000_00, {"A": 1_000_00}, 0, {})
#: What is booked, and what the tenancy has when the last entry of it is taken back.
_TAKEN_BACK: dict[str, tuple[Callable[[Hand, str], int], Position]] = {
    "charge": (_charged, Position(0, {}, 0, {})),
    "payment": (lambda hand, tenancy: hand.pay(tenancy, 1_00), Position(0, {}, 0, {})),
    "payment of a vendor": (_of_file(lambda unit: paid(unit, 5_00)), _OPEN),
    "payout of a vendor": (_of_file(lambda unit: paid(unit, -5_00)), _OPEN),
    "failed payment": (_of_file(lambda unit: failed(unit, 5_00)), _OPEN),
    "additional charge": (_of_file(lambda unit: result(unit, 5_00)), _OPEN),
    "refund": (_of_file(lambda unit: result(unit, -5_00)), _OPEN),
    "payment to a holding": (lambda hand, tenancy: hand.pay(tenancy, 1_00, holding="deposit"), Position(0, {}, 0, {})),
    "payout": (_payout, Position(-100_00, {}, 100_00, {})),
    "payout of a holding": (_payout_of_holding, Position(0, {}, 0, {"deposit": 100_00})),
    "transfer to a holding": (_to_holding, Position(-100_00, {}, 100_00, {})),
    "transfer from a holding": (_from_holding, Position(50_00, {"A": 50_00}, 0, {"deposit": 100_00})),
}


def test_what_an_entry_did_is_undone_once(hand: Hand) -> None:
    for (name, (book, position)), tenancy in zip(_TAKEN_BACK.items(), hand.let(len(_TAKEN_BACK)), strict=True):
        taken = book(hand, tenancy)
        back = hand.reverse(taken, "wrong_amount", note="tastefejl")

        assert hand.position(tenancy) == position, name
        why = select(reversal.c.reason, reversal.c.note).where(reversal.c.entry_id == back)
        assert hand.desk.all(why) == [("wrong_amount", "tastefejl")]
        assert hand.desk.one(select(entry.c.corrects).where(entry.c.id == back)) == taken
        with pytest.raises(ReversalRefusedError, match=f"entry {taken} has been taken back by reversal {back}"):
            hand.reverse(taken)
        with pytest.raises(ReversalRefusedError, match=f"entry {back} is a reversal. a reversal is final"):
            hand.reverse(back)


def test_a_payment_reopens_exactly_what_it_had_paid(hand: Hand) -> None:
    hand.charge(FIRST, "A", "2026-09-01", 100_00)
    hand.charge(FIRST, "B", "2026-10-01", 100_00)
    hand.pay(FIRST, 60_00, reference="A")
    second = hand.pay(FIRST, 90_00)
    hand.reverse(second)

    assert hand.position(FIRST) == Position(140_00, {"A": 40_00, "B": 100_00}, 0, {})


def test_credit_of_it_that_a_later_charge_used_is_open_there(hand: Hand) -> None:
    first = hand.pay(FIRST, 100_00)
    hand.pay(FIRST, 30_00)
    hand.charge(FIRST, "A", "2026-11-01", 120_00)
    assert hand.position(FIRST) == Position(-10_00, {}, 10_00, {})
    hand.reverse(first)

    # The ten that were left of the other payment pay of what is open again.
    assert hand.position(FIRST) == Position(90_00, {"A": 90_00}, 0, {})


def test_a_charge_paid_by_two_frees_both(hand: Hand) -> None:
    charged = hand.charge(FIRST, "A", "2026-11-01", 100_00)["entry"]
    hand.pay(FIRST, 60_00)
    hand.pay(FIRST, 50_00)
    hand.reverse(charged)
    assert hand.position(FIRST) == Position(-110_00, {}, 110_00, {})

    hand.charge(FIRST, "B", "2026-11-01", 105_00)
    assert hand.position(FIRST) == Position(-5_00, {}, 5_00, {})


def test_what_is_freed_pays_what_else_is_open(hand: Hand) -> None:
    wrong = hand.charge(FIRST, "A", "2026-09-01", 100_00)["entry"]
    hand.charge(FIRST, "B", "2026-10-01", 70_00)
    hand.pay(FIRST, 100_00)
    back = hand.reverse(wrong)

    assert hand.position(FIRST) == Position(-30_00, {}, 30_00, {})
    by_credit = select(allocation.c.amount).where(allocation.c.entry_id == back, allocation.c.policy == kinds.BY_CREDIT)
    assert hand.desk.all(by_credit) == [(70_00,)]


def test_a_charge_with_vat_takes_its_vat_back(hand: Hand) -> None:
    hand.reverse(hand.charge(FIRST, "A", "2026-11-01", LineAsked("30", 125_00), 10_00)["entry"])

    assert [hand.of_account(code) for code in ("vat", "income:30", "income:10")] == [0, 0, 0]


def test_a_charge_that_was_credited_waits_for_its_credit_note(hand: Hand) -> None:
    charged = hand.charge(FIRST, "A", "2026-11-01", 100_00)["entry"]
    note = hand.credit(FIRST, "A", 30_00)["entry"]
    before = hand.everything()

    with pytest.raises(ReversalRefusedError, match=f"credited by entry {note}. first: hub reverse {note}"):
        hand.reverse(charged)
    assert hand.everything() == before
    hand.reverse(note)
    hand.reverse(charged)
    assert hand.position(FIRST) == Position(0, {}, 0, {})


def test_a_reversed_charge_is_under_its_reference_no_more(hand: Hand) -> None:
    hand.reverse(hand.charge(FIRST, "A", "2026-11-01", 100_00)["entry"])
    hand.pay(FIRST, 40_00, reference="A")

    assert hand.position(FIRST) == Position(-40_00, {}, 40_00, {})


def test_a_charge_back_that_was_reversed_pays_what_it_had_reopened(hand: Hand) -> None:
    hand.charge(FIRST, "OLD", "2026-09-01", 100_00)
    hand.charge(FIRST, "A", "2026-11-01", 100_00)
    hand.desk.book(paid("101", 100_00, "A"))
    hand.desk.book(taken_back("101", 100_00, "A"))
    assert hand.position(FIRST).open == {"OLD": 100_00, "A": 100_00}
    hand.reverse(hand.last_entry(kinds.CHARGEBACK))

    assert hand.position(FIRST) == Position(100_00, {"OLD": 100_00}, 0, {})


def test_a_charge_back_without_a_payment_is_a_charge_that_goes(hand: Hand) -> None:
    hand.desk.book(taken_back("101", 100_00))
    hand.reverse(hand.last_entry(kinds.CHARGEBACK))

    assert hand.position(FIRST) == Position(0, {}, 0, {})


def test_money_that_has_left_a_holding_is_not_unpaid_beneath_it(hand: Hand) -> None:
    """R23"""
    filled = hand.pay(FIRST, 100_00, holding="deposit")
    out = hand.pay_out(FIRST, 60_00, holding="deposit")
    before = hand.everything()

    with pytest.raises(OverdrawnError, match=r"left with -60\.00.*take back that payout, transfer or result first"):
        hand.reverse(filled)
    assert hand.everything() == before
    hand.reverse(out)
    hand.reverse(filled)
    assert hand.position(FIRST).held == {}


def test_a_deposit_whose_payment_goes_is_held_no_more(hand: Hand) -> None:
    hand.charge(FIRST, "IN", "2026-11-01", LineAsked("20", 100_00))
    paid_in = hand.pay(FIRST, 100_00)
    assert hand.position(FIRST).held == {"deposit": 100_00}
    hand.reverse(paid_in)

    assert hand.position(FIRST).held == {}


def test_it_counts_from_the_day_that_is_said_and_never_before_the_entry(hand: Hand) -> None:
    def days(entry_id: int) -> list[tuple[object, ...]]:
        return hand.desk.all(select(entry.c.value_date, entry.c.posting_date).where(entry.c.id == entry_id))

    today, earlier, later = date(2026, 11, 22), date(2026, 11, 5), date(2027, 1, 4)
    assert days(hand.reverse(hand.pay(FIRST, 1_00, day=earlier))) == [(today, today)]
    assert days(hand.reverse(hand.pay(FIRST, 1_00, day=earlier), day=earlier)) == [(earlier, earlier)]
    assert days(hand.reverse(hand.pay(FIRST, 1_00, day=later))) == [(later, later)]


def test_of_a_closed_period_it_is_posted_on_the_first_open_day(database: Database, tmp_path: Path) -> None:
    """R22"""
    hand = Hand(database, tmp_path)
    wrong = hand.pay(FIRST, 1_00, day=date(2026, 10, 5))
    hand.companies["1"] = hand.companies["1"].model_copy(update={"books_closed_through": date(2026, 12, 31)})
    back = hand.reverse(wrong)

    dates = hand.desk.all(select(entry.c.value_date, entry.c.posting_date).where(entry.c.id == back))
    assert dates == [(date(2026, 11, 22), date(2027, 1, 1))]
    hand.proved()


def test_what_cannot_be_writes_nothing(hand: Hand) -> None:
    taken = hand.pay(SECOND, 1_00)
    before = hand.everything()
    for entry_id, reason, note, message in (
        (taken, "mistake", "", "'mistake' is no reason code. use one of wrong_tenancy"),
        (taken, "other", "x" * (NOTE_CHARACTERS_MAX + 1), "at most 500 printable"),
        (taken, "other", "a\x00", "printable"),
        (taken + 1, "other", "", f"there is no entry {taken + 1}"),
    ):
        with pytest.raises(ReversalRefusedError, match=message):
            hand.reverse(entry_id, reason, note=note)
    assert hand.everything() == before


@pytest.mark.parametrize("times", [1, 5])
def test_a_payment_whose_charge_back_was_reversed_is_taken_back_from_who_has_its_money(hand: Hand, times: int) -> None:
    hand.charge(FIRST, "A", "2026-11-01", 100_00)
    hand.desk.book(paid("101", 100_00, "A"))
    payment = hand.last_entry(kinds.PAYMENT)
    for day in range(times):
        hand.desk.book(taken_back("101", 100_00, "A", on=date(2026, 11, 9 + day)))
        back = hand.last_entry(kinds.CHARGEBACK)
        with pytest.raises(ReversalRefusedError, match=f"where the charge-back was wrong: hub reverse {back}"):
            hand.reverse(payment)
        again = hand.reverse(back)
        with pytest.raises(ReversalRefusedError, match=f"that this brought back: hub reverse {again}"):
            hand.reverse(back)
    hand.reverse(payment)

    assert hand.position(FIRST) == Position(100_00, {"A": 100_00}, 0, {})
    with pytest.raises(ReversalRefusedError, match="where that was wrong, book it anew"):
        hand.reverse(payment)


def test_so_is_one_in_suspense(hand: Hand) -> None:
    hand.desk.book(paid("777", 100_00))
    payment = hand.last_entry(kinds.PAYMENT)
    hand.desk.book(taken_back("777", 100_00))
    hand.reverse(hand.last_entry(kinds.CHARGEBACK))
    hand.reverse(payment)

    assert hand.of_account("suspense") == hand.of_account("clearing:nets_bs:02345678:00001") == 0
