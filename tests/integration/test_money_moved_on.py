"""Money that was charged back, brought back, moved on and undone: where it is, whose it is said to be, what is left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub.acts.act import CurrencyError
from hub.acts.charges import LineAsked
from hub.acts.holdings import OverdrawnError
from hub.acts.reversals import ReversalRefusedError
from hub.ledger import kinds
from hub.reports.candidates import suggestions
from hub.reports.explain import explain
from hub.reports.explain_sentences import sentences
from hub.settings import CompanyConfig
from hub.store.database import Database
from hub.store.match_rules import rules
from hub.store.tables import account, entry, file, posting, reading
from hub.store.verify import verify
from hub.store.views import unmatched
from tests.desk import NOW, FileOf, paid, taken_back
from tests.hand import FIRST, SECOND, Hand, Position

_CLEARING = "clearing:nets_bs:02345678:00001"
_NOTHING = Position(0, {}, 0, {})


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


def _brought_back(hand: Hand, *, one_file: bool) -> tuple[int, int]:
    """A payment of 150.00 of the first tenancy whose charge-back was reversed; its number, and the charge-back's."""
    if one_file:
        hand.desk.book(paid("101", 150_00), taken_back("101", 150_00))
    else:
        hand.desk.book(paid("101", 150_00))
        hand.desk.book(taken_back("101", 150_00))
    payment, back = hand.last_entry(kinds.PAYMENT), hand.last_entry(kinds.CHARGEBACK)
    hand.reverse(back)
    return payment, back


def _rules(hand: Hand) -> list[tuple[str, str, bool]]:
    with hand.db.read() as conn:
        return [(one.customer, one.tenancy, one.forgotten_at is None) for one in rules(conn)]


class TestUndoneWithItsFile:
    @pytest.mark.parametrize("where", ["matched", "in suspense", "reversed"])
    def test_a_payment_and_its_reversed_charge_back_of_one_file(self, hand: Hand, where: str) -> None:
        records = [paid("101", 150_00), taken_back("101", 150_00)]
        hand.desk.book_as(FileOf(records), one := hand.desk.new_file())
        payment = hand.last_entry(kinds.PAYMENT)
        hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        if where == "reversed":
            hand.reverse(payment)
        else:
            hand.unmatch(payment)
        if where == "matched":
            hand.match(payment, SECOND)
        hand.reverse_file(one.id)

        assert (hand.position(FIRST), hand.position(SECOND)) == (_NOTHING, _NOTHING)
        assert (hand.of_account("suspense"), hand.of_account(_CLEARING)) == (0, 0)
        hand.desk.book_as(FileOf(records), one)
        assert (hand.position(FIRST), hand.of_account(_CLEARING)) == (_NOTHING, 0)

    @pytest.mark.parametrize("matched", [False, True])
    def test_the_file_of_a_reversed_charge_back_whose_money_was_moved(self, hand: Hand, matched: bool) -> None:
        payment, _ = _brought_back(hand, one_file=False)
        hand.unmatch(payment)
        if matched:
            hand.match(payment, SECOND)
        assert hand.reverse_file(2)["entries"] == 0
        assert hand.position(SECOND).credit == (150_00 if matched else 0)
        hand.reverse_file(1)

        assert (hand.position(FIRST), hand.position(SECOND), hand.of_account("suspense")) == (_NOTHING, _NOTHING, 0)

    def test_a_charge_back_that_was_given_its_payment_and_reversed(self, hand: Hand) -> None:
        hand.desk.book(taken_back("778", 150_00))
        out = hand.last_entry(kinds.CHARGEBACK)
        hand.desk.book(paid("101", 150_00))
        payment = hand.last_entry(kinds.PAYMENT)
        hand.reverse(hand.match(out, FIRST, takes_back=payment)["entry"])
        hand.unmatch(payment)
        hand.match(payment, SECOND)
        hand.reverse_file(1)
        hand.reverse_file(2)

        assert (hand.position(FIRST), hand.position(SECOND), hand.of_account(_CLEARING)) == (_NOTHING, _NOTHING, 0)

    def test_the_file_that_took_it_back_is_named_as_the_first_to_undo(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 150_00))
        hand.desk.book(taken_back("101", 150_00))
        with pytest.raises(
            ReversalRefusedError, match="first: hub files reverse 2; or, where the charge-back was wrong"
        ):
            hand.reverse_file(1)
        hand.reverse_file(2)
        hand.reverse_file(1)
        assert hand.of_account(_CLEARING) == 0

    def test_what_came_to_nothing_with_its_file_stays_so(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 150_00), taken_back("101", 150_00))
        back = hand.last_entry(kinds.CHARGEBACK)
        hand.reverse_file(1)
        for act in (hand.reverse, hand.unmatch):
            with pytest.raises(ReversalRefusedError, match=r"came in file 1, which has been reversed.*files retry 1"):
                act(back)

    def test_verify_finds_what_was_left(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 150_00), paid("102", 1_00, line=4))
        hand.unmatch(payment := hand.last_entry(kinds.PAYMENT) - 1)
        hand.match(payment, SECOND)
        with hand.db.write() as conn:
            conn.execute(update(reading).values(reversed_at=NOW))
            conn.execute(update(file).values(state="reversed"))
            problems = verify(conn).problems
            assert (
                f"file 1 is reversed, and -151.00 of what it booked stands on account receivable:{SECOND}" in problems
            )
            assert not [one for one in problems if FIRST in one]
            conn.rollback()


class TestRules:
    @pytest.mark.parametrize("made", ["with the match", "before the payment"])
    @pytest.mark.parametrize("by", ["unmatch", "file"])
    def test_one_that_was_wrong_is_used_no_more(self, hand: Hand, made: str, by: str) -> None:
        hand.desk.book(paid("777", 150_00))
        hand.match(hand.last_entry(kinds.PAYMENT), FIRST, remember=True)
        if made == "before the payment":
            hand.desk.book(paid("777", 20_00, trace="x"))
        payment = hand.last_entry(kinds.PAYMENT)
        amount = 150_00 if made == "with the match" else 20_00
        hand.desk.book(taken_back("777", amount))
        hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        if by == "unmatch":
            hand.unmatch(payment)
        else:
            hand.reverse_file(1)
        before = hand.position(FIRST)
        hand.desk.book(paid("777", 7_00, trace="z"))

        assert _rules(hand) == [("777", FIRST, False)]
        assert hand.position(FIRST) == before


class TestDays:
    @pytest.fixture
    def hand(self, database: Database, tmp_path: Path) -> Iterator[Hand]:
        made = Hand(database, tmp_path, small_difference="1.00")
        made.charge(FIRST, "A", "2026-07-01", 100_00)
        made.pay(FIRST, 99_50, reference="A", day=date(2026, 10, 1))
        yield made
        made.proved()

    @pytest.mark.parametrize("by", ["credit note", "reversal"])
    def test_what_was_written_off_later_is_not_owed_again_before(self, hand: Hand, by: str) -> None:
        charged = int(hand.desk.one(select(entry.c.id).where(entry.c.kind == kinds.CHARGE)))
        if by == "credit note":
            hand.credit(FIRST, "A", day=date(2026, 8, 1))
        else:
            hand.reverse(charged, day=date(2026, 8, 1))
        on = posting.c.value_date <= date(2026, 9, 1)
        own = select(posting.c.amount).join(account, account.c.id == posting.c.account_id)
        assert sum(int(ore) for (ore,) in hand.desk.all(own.where(account.c.code == f"receivable:{FIRST}", on))) == 0
        assert hand.position(FIRST) == Position(-99_50, {}, 99_50, {})

    def test_verify_finds_a_reversal_before_its_entry(self, hand: Hand) -> None:
        payment = hand.pay(FIRST, 5_00, day=date(2026, 9, 1))
        back = hand.reverse(payment)
        with hand.db.write() as conn:
            conn.execute(update(entry).where(entry.c.id == back).values(value_date=date(2026, 8, 1)))
            assert any(f"takes entry {payment} back from 2026-08-01" in one for one in verify(conn).problems)
            conn.rollback()

    def test_of_a_holding_nobody_holds_what_was_written_off(self, hand: Hand) -> None:
        hand.charge(SECOND, "D", "2026-07-01", LineAsked("20", 100_00))
        hand.pay(SECOND, 99_50, reference="D")
        assert hand.position(SECOND) == Position(0, {}, 0, {"deposit": 99_50})
        with pytest.raises(OverdrawnError, match=r"100\.00 is more than the 99\.50 that holding"):
            hand.pay_out(SECOND, 100_00, holding="deposit")
        hand.credit(SECOND, "D", 40)
        assert hand.position(SECOND).held == {"deposit": 99_50}
        hand.pay_out(SECOND, 99_50, holding="deposit")


class TestWhoseItIs:
    def test_who_paid_and_where_it_came_in_stay_known(self, hand: Hand) -> None:
        hand.desk.book(paid("777", 150_00, "Q"))
        payment = hand.last_entry(kinds.PAYMENT)
        hand.match(payment, FIRST)
        hand.desk.book(taken_back("777", 150_00, "Q"))
        hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        waiting = hand.unmatch(payment)["payment"]
        with hand.db.read() as conn:
            (one,) = unmatched(conn)
            found = explain(conn, waiting)
        assert (one.payment, one.vendor, one.customer, one.reference) == (waiting, "bs", "777", "Q")
        assert (one.source.file, one.source.record) == ("file1", 3)
        assert found.origin is not None
        assert (found.origin.entry, found.origin.name, found.origin.record) == (payment, "file1", 3)
        assert sentences(found, "da", hand.site.local("1", NOW))[0] == (
            "Der kom 150,00 kr. ind den 2. november 2026, og vi kunne ikke se, hvem pengene var fra."
        )
        told = sentences(found, "da", hand.site.local("1", NOW))
        assert any("blev de taget fra lejemål 1-1-1-1 igen" in one for one in told)
        hand.match(payment, SECOND, remember=True)
        assert _rules(hand) == [("777", SECOND, True)]

    def test_a_payment_that_a_vendor_had_placed_too(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 150_00)
        hand.charge(SECOND, "B", "2026-11-01", 150_00)
        hand.desk.book(paid("101", 150_00, "A"))
        payment = hand.last_entry(kinds.PAYMENT)
        waiting = hand.unmatch(payment)["payment"]
        with hand.db.read() as conn:
            (one,) = unmatched(conn)
            told = sentences(explain(conn, waiting), "da", hand.site.local("1", NOW))
            for number in (payment, waiting):
                (suggested,) = suggestions(conn, lambda company: date(2026, 11, 22), payment=number).payments
                # Not the one from whom it was taken.
                assert [who.tenancy for who in suggested.candidates] == [SECOND]
        assert (one.customer, one.reference, one.source.file, one.source.record) == ("101", "A", "file1", 3)
        assert told[0] == "Der kom 150,00 kr. ind den 2. november 2026."

    @pytest.mark.parametrize("way", ["moved", "matched", "brought back"])
    def test_a_charge_back_means_a_payment_however_the_tenancy_came_by_it(self, hand: Hand, way: str) -> None:
        hand.desk.book(paid("777" if way == "matched" else "101", 150_00))
        payment = hand.last_entry(kinds.PAYMENT)
        whose = SECOND
        if way == "brought back":
            whose = FIRST
            hand.desk.book(taken_back("101", 150_00))
            hand.reverse(hand.last_entry(kinds.CHARGEBACK))
        elif way == "moved":
            hand.unmatch(payment)
        if way != "brought back":
            hand.match(payment, SECOND)
        hand.desk.book(taken_back("778", 150_00))
        said = hand.match(hand.last_entry(kinds.CHARGEBACK), whose)

        assert said["takes_back"] is not None
        assert hand.position(whose) == _NOTHING


class TestRefused:
    def test_a_charge_back_says_by_what_its_payment_was_reversed(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 150_00))
        payment = hand.last_entry(kinds.PAYMENT)
        back = hand.reverse(payment)
        came = hand.desk.book(taken_back("101", 150_00))
        because = f"its payment {payment} was reversed by entry {back}"
        assert f"record 9: charge-back of 150.00 booked as a debit of its own: {because}" in came.reasons

    def test_nothing_is_taken_back_in_another_currency_than_the_books(self, hand: Hand) -> None:
        hand.desk.book(paid("101", 150_00))
        payment = hand.last_entry(kinds.PAYMENT)
        before, right = hand.everything(), hand.companies["1"]
        hand.companies["1"] = CompanyConfig(number="1", currency="SEK")
        for act in (hand.reverse, hand.unmatch):
            with pytest.raises(CurrencyError, match="set to SEK, its books are in DKK"):
                act(payment)
        with pytest.raises(CurrencyError):
            hand.reverse_file(1)
        assert hand.everything() == before
        hand.companies["1"] = right
