"""Credit notes point at what they credit: full, partial, by line, with VAT, of what is paid and of what is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import func, select

from hub.acts.charges import ChargeRefusedError, CreditTooLargeError, LineAsked
from hub.acts.holdings import OverdrawnError
from hub.imports.charges import import_charges
from hub.ledger import kinds
from hub.store.charges import NoChargeError
from hub.store.database import Database
from hub.store.tables import account, credited, entry, posting
from tests.desk import NOW
from tests.hand import FIRST, Hand

_RENT, _DEPOSIT, _VAT, _FEE = (LineAsked(type_, 0) for type_ in ("10", "20", "30", "90"))


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


class Case(NamedTuple):
    """Øre. ``lines`` are charged, ``paid`` is paid, ``asked`` is credited; then so much stands open and in credit."""

    lines: tuple[LineAsked, ...]
    paid: int
    asked: dict[str, Any]
    by_line: tuple[tuple[int, int], ...]
    open: int
    credit: int


def _line(kind: LineAsked, amount: int) -> LineAsked:
    return LineAsked(kind.charge_type, amount)


_TWO = (_line(_RENT, 1_000_00), _line(_FEE, 200_00))
_CASES = {
    "all, unpaid": Case(_TWO, 0, {}, ((1_000_00, 0), (200_00, 0)), 0, 0),
    "all, part paid": Case(_TWO, 300_00, {}, ((1_000_00, 0), (200_00, 0)), 0, 300_00),
    "all, paid": Case(_TWO, 1_200_00, {}, ((1_000_00, 0), (200_00, 0)), 0, 1_200_00),
    "an amount, shared": Case(_TWO, 0, {"amount": 120_00}, ((100_00, 0), (20_00, 0)), 1_080_00, 0),
    "an amount, to the øre": Case(_TWO, 0, {"amount": 1}, ((1, 0),), 1_199_99, 0),
    "what was paid pays the rest": Case(_TWO, 1_150_00, {"amount": 120_00}, ((100_00, 0), (20_00, 0)), 0, 70_00),
    "one line": Case(_TWO, 0, {"lines": {2: 50_00}}, ((50_00, 0),), 1_150_00, 0),
    "one line that is paid": Case(_TWO, 1_000_00, {"lines": {1: 50_00}}, ((50_00, 0),), 150_00, 0),
    "both lines": Case(_TWO, 0, {"lines": {1: 1_00, 2: 2_00}}, ((1_00, 0), (2_00, 0)), 1_197_00, 0),
    "all with VAT": Case((_line(_VAT, 125_00),), 0, {}, ((125_00, 25_00),), 0, 0),
    "a third with VAT": Case((_line(_VAT, 100_01),), 0, {"amount": 33_33}, ((33_33, 6_67),), 66_68, 0),
    "an øre with VAT": Case((_line(_VAT, 100_00),), 0, {"amount": 1}, ((1, 0),), 99_99, 0),
    "three øre with VAT": Case((_line(_VAT, 100_00),), 0, {"amount": 3}, ((3, 1),), 99_97, 0),
}

_REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"amount": 1_200_01}, CreditTooLargeError, "1200.01 is more than can be credited"),
    ({"lines": {2: 200_01}}, CreditTooLargeError, "of line 2 200.00|of line 1 1000.00"),
    ({"lines": {3: 1}}, ChargeRefusedError, "has no line 3"),
    ({"lines": {0: 1}}, ChargeRefusedError, "has no line 0"),
    ({"amount": 0}, ChargeRefusedError, "a credit note of 0.00 .* gives money back"),
    ({"amount": -1}, ChargeRefusedError, "a credit note of -0.01 "),
    ({"lines": {1: 5, 2: -5}}, ChargeRefusedError, "of no line less than 0.00"),
    ({"reference": "B"}, NoChargeError, "there is no charge 'B'"),
    ({"reference": "#999"}, NoChargeError, "there is no charge '#999'"),
]


def test_what_is_credited(hand: Hand) -> None:
    for (name, case), tenancy in zip(_CASES.items(), hand.let(len(_CASES)), strict=True):
        total = sum(line.amount for line in case.lines)
        charged = hand.charge(tenancy, "A", "2026-11-01", *case.lines)["entry"]
        if case.paid:
            hand.pay(tenancy, case.paid, reference="A")
        note = hand.credit(tenancy, "A", case.asked.get("amount"), lines=case.asked.get("lines"))

        by_line = select(credited.c.amount, credited.c.vat).where(credited.c.entry_id == note["entry"])
        assert tuple(hand.desk.all(by_line.order_by(credited.c.line_id))) == case.by_line, name
        ore = sum(amount for amount, _ in case.by_line)
        position = hand.position(tenancy)
        assert (position.balance, position.credit) == (total - case.paid - ore, case.credit), name
        assert (sum(position.open.values()), note["amount"]) == (case.open, f"{ore / 100:.2f}"), name
        assert _on_vat(hand, note["entry"]) == sum(vat for _, vat in case.by_line), name
        assert abs(_on_vat(hand, charged)) >= _on_vat(hand, note["entry"]), name


def _on_vat(hand: Hand, entry_id: int) -> int:
    """Øre, debit positive."""
    query = select(func.coalesce(func.sum(posting.c.amount), 0)).join(account, account.c.id == posting.c.account_id)
    return int(hand.desk.one(query.where(posting.c.entry_id == entry_id, account.c.kind == kinds.VAT)))


def test_parts_of_the_vat_sum_to_all_of_it(hand: Hand) -> None:
    hand.charge(FIRST, "A", "2026-11-01", LineAsked("30", 100_01))
    for _ in range(3):
        hand.credit(FIRST, "A", 33_33)
    hand.credit(FIRST, "A")

    assert hand.of_account("vat") == hand.of_account("income:30") == 0
    assert hand.position(FIRST).balance == 0


def test_a_second_credit_note_takes_what_the_first_left(hand: Hand) -> None:
    hand.charge(FIRST, "A", "2026-11-01", 1_000_00)
    hand.credit(FIRST, "A", 400_00)

    assert hand.credit(FIRST, "A")["amount"] == "600.00"
    with pytest.raises(CreditTooLargeError, match="all of it has been credited"):
        hand.credit(FIRST, "A")


def test_a_credit_note_that_was_reversed_may_be_made_again(hand: Hand) -> None:
    hand.charge(FIRST, "A", "2026-11-01", 1_000_00)
    note = hand.credit(FIRST, "A", 400_00)
    hand.reverse(note["entry"])
    assert hand.position(FIRST).open == {"A": 1_000_00}

    assert hand.credit(FIRST, "A")["amount"] == "1000.00"


def test_a_credit_note_that_cannot_be_writes_nothing(hand: Hand) -> None:
    hand.charge(FIRST, "A", "2026-11-01", *_TWO)
    before = hand.everything()
    for asked, error, message in _REFUSED:
        with pytest.raises(error, match=message):
            hand.credit(FIRST, asked.get("reference", "A"), asked.get("amount"), lines=asked.get("lines"))
    assert hand.everything() == before


def test_of_a_holding_that_has_been_paid_out_is_refused(hand: Hand) -> None:
    hand.charge(FIRST, "IN", "2026-11-01", LineAsked("20", 15_000_00), kind=kinds.MOVING_IN)
    hand.pay(FIRST, 15_000_00)
    hand.pay_out(FIRST, 14_000_00, holding="deposit")
    before = hand.everything()

    with pytest.raises(OverdrawnError, match=r"would be left with -500\.00"):
        hand.credit(FIRST, "IN", 1_500_00)
    assert hand.everything() == before
    hand.credit(FIRST, "IN", 1_000_00)
    assert hand.position(FIRST).held == {}


def test_of_an_unpaid_holding_leaves_nothing_to_hold(hand: Hand) -> None:
    hand.charge(FIRST, "IN", "2026-11-01", LineAsked("20", 15_000_00))
    hand.pay(FIRST, 5_000_00)
    hand.credit(FIRST, "IN", 10_000_00)

    position = hand.position(FIRST)
    assert (position.balance, position.open, position.held) == (0, {}, {"deposit": 5_000_00})


def test_of_an_imported_charge_goes_back_to_the_opening(hand: Hand, tmp_path: Path) -> None:
    table = tmp_path / "open.csv"
    table.write_text("tenancy,due_date,charge_type,amount,reference\n1-1-1-1,2026-10-01,10,800.00,OLD\n")
    import_charges(hand.db, table, now=NOW, actor="test", company_of=hand.site.company)
    hand.credit(FIRST, "OLD", 300_00)

    assert hand.of_account("opening") == -500_00
    assert hand.position(FIRST).open == {"OLD": 500_00}


def test_it_counts_no_earlier_than_what_it_credits(hand: Hand) -> None:
    hand.charge(FIRST, "A", "2027-02-01", 1_000_00)
    with pytest.raises(ChargeRefusedError, match=r"of 2026-11-20 on charge 'A', which counts from 2027-02-01"):
        hand.credit(FIRST, "A", 100_00, day=date(2026, 11, 20))
    assert hand.position(FIRST).open == {"A": 1_000_00}

    told = hand.credit(FIRST, "A", 100_00)
    assert told["date"] == "2027-02-01"
    assert hand.desk.one(select(entry.c.value_date).where(entry.c.id == told["entry"])) == date(2027, 2, 1)
    assert hand.credit(FIRST, "A", 100_00, day=date(2027, 2, 2))["date"] == "2027-02-02"


class Forgiven(NamedTuple):
    """Øre of a charge of 100.00 of which 99.75 were paid and 0.25 written off: what is credited; what that leaves."""

    asked: int | None
    open: int
    credit: int


@pytest.mark.parametrize(
    "case",
    [
        Forgiven(None, 0, 99_75),
        Forgiven(100_00, 0, 99_75),
        Forgiven(50_00, 0, 49_75),
        Forgiven(26, 0, 1),
        Forgiven(25, 0, 0),
        Forgiven(10, 15, 0),
    ],
)
def test_what_was_written_off_is_credited_first_and_given_back_to_nobody(
    database: Database, tmp_path: Path, case: Forgiven
) -> None:
    """R24"""
    hand = Hand(database, tmp_path, small_difference="0.50")
    hand.charge(FIRST, "A", "2026-11-01", 100_00)
    hand.pay(FIRST, 99_75)
    assert hand.of_account("differences") == 25
    note = hand.credit(FIRST, "A", case.asked)

    position = hand.position(FIRST)
    assert (sum(position.open.values()), position.credit) == (case.open, case.credit)
    assert note["remaining"] == f"{case.open / 100:.2f}"
    assert hand.of_account("differences") == 0
    hand.proved()
