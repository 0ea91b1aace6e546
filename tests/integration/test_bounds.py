"""No sum comes near the end of 64 bits: an account has a bound, exact at the edge, whoever books."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.acts.charges import LineAsked
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.ledger.terms import Terms
from hub.money import ACCOUNT_ORE_MAX, AMOUNT_ORE_MAX, TENANCY_ORE_MAX
from hub.store.accounts import BalanceTooLargeError, SeriesFullError
from hub.store.books import Books
from hub.store.database import Database
from hub.store.entries import Movement
from hub.store.tables import account, entry
from tests.desk import NOW, FileOf, paid, ref
from tests.hand import FIRST, SECOND, Hand


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def test_a_tenancy_owes_the_bound_and_no_more(hand: Hand) -> None:
    hand.charge(FIRST, "A", "2026-11-01", TENANCY_ORE_MAX - 1)
    hand.charge(FIRST, "B", "2026-11-01", 1)
    before = hand.everything()
    with pytest.raises(BalanceTooLargeError, match=r"account receivable:1-1-1-1 would have more than 10000000000\.00"):
        hand.charge(FIRST, "C", "2026-11-01", 1)
    assert hand.everything() == before
    hand.pay(FIRST, 1)
    hand.charge(FIRST, "C", "2026-11-01", 1)
    assert hand.position(FIRST).balance == TENANCY_ORE_MAX


def test_a_tenancy_has_the_bound_in_credit_and_no_more(hand: Hand) -> None:
    hand.pay(FIRST, TENANCY_ORE_MAX)
    with pytest.raises(BalanceTooLargeError):
        hand.pay(FIRST, 1)
    assert hand.position(FIRST).credit == TENANCY_ORE_MAX


def test_a_file_that_goes_beyond_it_books_nothing(hand: Hand) -> None:
    file, right = hand.desk.new_file(), paid("102", 5_00)
    with pytest.raises(BalanceTooLargeError, match="look for an amount that is far too large"):
        hand.desk.book_as(FileOf([right, paid("101", TENANCY_ORE_MAX + 1, line=4)]), file)
    assert (hand.position(FIRST).balance, hand.position(SECOND).balance) == (0, 0)
    assert hand.desk.one(select(func.count()).select_from(entry)) == 0
    hand.desk.book_as(FileOf([right]), file)
    assert hand.position(SECOND).balance == -5_00


def test_thousands_of_the_largest_amount_do_not_overflow(hand: Hand) -> None:
    """Ten thousand of them would be more than 64 bits hold."""
    with hand.db.write() as conn:
        company_id = ref(conn, FIRST).company_id
        books = Books(conn, recorded_at=NOW, actor="test", terms_of=lambda number: Terms())
        bank = books.shared_account(company_id, kinds.BANK, kinds.BANK)

        def paid_in(name: str) -> Movement:
            on = "2026-11-02"
            given = input_hash(AMOUNT_ORE_MAX)
            return Movement(kinds.PAYMENT, None, -AMOUNT_ORE_MAX, on, on, bank, on, name, given, "stor")

        for first in range(0, 10_000, 2_000):
            books.post(company_id, [paid_in(f"large|{first + n}#1") for n in range(2_000)])
        with pytest.raises(BalanceTooLargeError, match=r"account (bank|suspense) would have more than 1000"):
            books.close()
        conn.rollback()


def test_all_that_a_company_can_number_fits() -> None:
    numbers = kinds.LAST_ACCOUNT_NUMBER - kinds.FIRST_ACCOUNT_NUMBER + 1
    assert numbers * TENANCY_ORE_MAX * 9 < 2**63
    assert AMOUNT_ORE_MAX < ACCOUNT_ORE_MAX < 2**63 // 900


def test_the_last_number_of_a_company_is_dealt_and_none_after_it(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receivables and holdings share them, without gaps; here they end sooner, for a million would take too long."""
    last = hand.desk.one(select(func.max(account.c.number)).where(account.c.code.like("receivable:1-%"))) + 1
    monkeypatch.setattr(kinds, "LAST_ACCOUNT_NUMBER", last)
    hand.charge(FIRST, "A", "2026-11-01", LineAsked("20", 1_00))
    before = hand.everything()
    with pytest.raises(SeriesFullError, match=r"no more than 0 numbers left for 1 accounts.*several companies"):
        hand.charge(SECOND, "B", "2026-11-01", LineAsked("20", 1_00))
    assert hand.everything() == before
    assert hand.desk.one(select(func.max(account.c.number))) == last
