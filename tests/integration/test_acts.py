"""What a person does to the books: charges, payments, payouts, transfers; under keys; what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.acts.act import ClosedCompanyError, ClosedPeriodError, KeyUsedError
from hub.acts.charges import ChargeRefusedError, LineAsked, ReferenceUsedError, add_attachment, add_note
from hub.acts.holdings import OverdrawnError
from hub.acts.money import AmountRefusedError, receive
from hub.errors import HubError
from hub.ledger import kinds
from hub.money import AMOUNT_ORE_MAX
from hub.settings import CompanyConfig
from hub.store.database import Database
from hub.store.entries import Foreign
from hub.store.tables import act, attachment, charge, charge_line, charge_note, entry
from tests.desk import NOW, taken_back
from tests.desk import paid as from_vendor
from tests.hand import FIRST, OTHER, SECOND, SHOP, SWEDISH, Hand, Position

_CASES = Path(__file__).resolve().parents[3] / "shared/samples/ledger/09_matching_and_adjustment_cases.json"
_MONTH = (date(2026, 11, 1), date(2026, 11, 30))

_REFUSED_CHARGES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"lines": (LineAsked("11", 1_00),)}, ChargeRefusedError, "'11' is not in use in company 1"),
    ({"lines": (LineAsked("10", 0),)}, ChargeRefusedError, "line 1: an amount of 0.00"),
    ({"lines": (LineAsked("10", 1), LineAsked("10", -1))}, ChargeRefusedError, "line 2: an amount of -0.01"),
    ({"lines": (LineAsked("20", 1, vat_rate=25_00),)}, ChargeRefusedError, "carries no VAT"),
    ({"lines": (LineAsked("10", 1, period=_MONTH[::-1]),)}, ChargeRefusedError, "before it begins"),
    ({"lines": (LineAsked("10", 1, "a\nb"),)}, ChargeRefusedError, "printable"),
    ({"lines": (LineAsked("1" * 21, 1),)}, ChargeRefusedError, "1 to 20"),
    ({"lines": ()}, ChargeRefusedError, "1 to 200 lines, this one 0"),
    ({"lines": (LineAsked("10", 1),) * 201}, ChargeRefusedError, "this one 201"),
    ({"kind": "gift"}, ChargeRefusedError, "'gift' is no kind of charge"),
    ({"reference": "x" * 101}, ChargeRefusedError, "at most 100"),
    ({"reference": "A"}, ReferenceUsedError, "reference 'A' is that of charge"),
    ({"tenancy": "1-1-9-9"}, HubError, "there is no tenancy 1-1-9-9"),
]
_REFUSED_MONEY: list[tuple[Callable[[Hand], object], type[Exception], str]] = [
    (lambda hand: hand.pay(FIRST, 0), AmountRefusedError, "an amount of 0.00"),
    (lambda hand: hand.pay(FIRST, -1), AmountRefusedError, "above zero"),
    (lambda hand: hand.pay(FIRST, 1, holding="De Po"), AmountRefusedError, "'De Po' is no holding"),
    (lambda hand: hand.pay("1-1-9-9", 1), HubError, "there is no tenancy 1-1-9-9"),
    (lambda hand: hand.pay_out(FIRST, 1_01), OverdrawnError, "1.01 is more than the 1.00"),
    (lambda hand: hand.pay_out(FIRST, 1, holding="deposit"), OverdrawnError, "holding 'deposit' has"),
    (lambda hand: hand.pay_out(FIRST, -1), AmountRefusedError, "above zero"),
    (lambda hand: hand.transfer(FIRST, 1, "deposit", "balance"), OverdrawnError, "the 0.00 that holding"),
    (lambda hand: hand.transfer(FIRST, 1_01, "balance", "deposit"), OverdrawnError, "in credit"),
    (lambda hand: hand.transfer(FIRST, 1, "deposit", "deposit"), AmountRefusedError, "to itself"),
    (lambda hand: hand.transfer(FIRST, 0, "balance", "deposit"), AmountRefusedError, "an amount of 0.00"),
]


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[Hand]:
    made = Hand(database, tmp_path)
    yield made
    made.proved()


class TestCharges:
    def test_lines_go_to_the_accounts_of_their_types(self, hand: Hand) -> None:
        lines = (
            LineAsked("10", 5_000_00, period=_MONTH),
            LineAsked("75020", 400_00),
            LineAsked("30", 1_250_00, "Kælder"),
            LineAsked("30", 100_00, vat_rate=0),
        )
        said = hand.charge(FIRST, "", "2026-11-01", *lines, kind=kinds.RENT)

        assert (said["reference"], said["amount"], said["remaining"]) == ("2611-1", "6750.00", "6750.00")
        assert [hand.of_account(code) for code in ("income:10", "holding:heat:1-1-1-1", "income:30", "vat")] == [
            -5_000_00,
            -400_00,
            -1_100_00,
            -250_00,
        ]
        columns = ("charge_type", "amount", "text", "vat", "claim", "holding", "period_to")
        assert hand.desk.all(select(*(charge_line.c[name] for name in columns)).order_by(charge_line.c.seq)) == [
            ("10", 5_000_00, "Husleje", 0, "obligatory", None, date(2026, 11, 30)),
            ("75020", 400_00, "Aconto varme", 0, "obligatory", "heat", None),
            ("30", 1_250_00, "Kælder", 250_00, "obligatory", None, None),
            ("30", 100_00, "Erhvervsleje", 0, "obligatory", None, None),
        ]

    def test_a_reference_is_made_that_is_free(self, hand: Hand) -> None:
        made = [hand.charge(FIRST, "", "2026-11-01", 1_00)["reference"] for _ in range(2)]
        hand.charge(FIRST, "2611-3", "2026-11-15", 1_00)

        assert made == ["2611-1", "2611-2"]
        assert hand.charge(FIRST, "", "2026-11-20", 1_00)["reference"] == "2611-4"
        assert hand.charge(SECOND, "", "2026-11-20", 1_00)["reference"] == "2611-1"

    def test_credit_is_used_at_once(self, hand: Hand) -> None:
        hand.pay(FIRST, 300_00)
        said = hand.charge(FIRST, "A", "2026-11-01", 1_000_00)

        assert said["remaining"] == "700.00"
        assert hand.position(FIRST).credit == 0

    def test_what_it_was_asked_in_is_kept_beside_it(self, hand: Hand) -> None:
        hand.charge(SWEDISH, "EU", "2026-11-01", 1_115_00, foreign=Foreign("EUR", 100_00, "11.15"))

        columns = (charge.c.foreign_currency, charge.c.foreign_amount, charge.c.foreign_rate)
        assert hand.desk.all(select(*columns)) == [("EUR", 100_00, "11.15")]

    def test_notes_and_attachments_book_nothing(self, hand: Hand) -> None:
        made = hand.charge(FIRST, "A", "2026-11-01", 1_00)
        entries = hand.desk.one(select(func.count()).select_from(entry))
        hand.do("charges note", lambda acting: add_note(acting, FIRST, "A", " Ring til lejer "))
        hand.do("charges attach", lambda acting: add_attachment(acting, FIRST, "A", "bilag.pdf", "a" * 64, 12))

        assert hand.desk.all(select(charge_note.c.charge_id, charge_note.c.actor, charge_note.c.text)) == [
            (made["charge"], "anna", "Ring til lejer")
        ]
        assert hand.desk.all(select(attachment.c.name, attachment.c.sha256)) == [("bilag.pdf", "a" * 64)]
        assert hand.desk.one(select(func.count()).select_from(entry)) == entries

    def test_a_note_says_something(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 1_00)
        with pytest.raises(ChargeRefusedError, match="a note says something"):
            hand.do("charges note", partial(add_note, tenancy_key=FIRST, reference="A", text="  "))
        assert hand.desk.all(select(charge_note.c.charge_id)) == []

    def test_the_lines_of_one_are_at_most_what_an_amount_may_be(self, hand: Hand) -> None:
        before = hand.everything()
        with pytest.raises(ChargeRefusedError, match=r"10000000000000\.01 is more than 10000000000000\.00"):
            hand.charge(FIRST, "A", "2026-11-01", LineAsked("10", AMOUNT_ORE_MAX), LineAsked("10", 1))
        assert hand.everything() == before

    def test_one_that_cannot_be_writes_nothing(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 1_00)
        before = hand.everything()
        for given, error, message in _REFUSED_CHARGES:
            asked = {"tenancy": FIRST, "reference": "B", "lines": (LineAsked("10", 1_00),), "kind": "other"} | given
            with pytest.raises(error, match=message):
                hand.charge(asked["tenancy"], asked["reference"], "2026-11-01", *asked["lines"], kind=asked["kind"])
        assert hand.everything() == before


class TestMoney:
    def test_a_payment_pays_what_it_names_then_by_policy(self, hand: Hand) -> None:
        hand.charge(FIRST, "OLD", "2026-09-01", 100_00)
        hand.charge(FIRST, "FEE", "2026-08-01", LineAsked("90", 50_00))
        hand.charge(FIRST, "NEW", "2026-11-01", 100_00)
        hand.pay(FIRST, 170_00, reference="NEW")

        assert hand.position(FIRST).open == {"OLD": 30_00, "FEE": 50_00}
        hand.pay(FIRST, 100_00)
        assert hand.position(FIRST) == Position(-20_00, {}, 20_00, {})
        assert hand.of_account("bank") == 270_00

    def test_business_pays_costs_first(self, hand: Hand) -> None:
        hand.charge(SHOP, "RENT", "2026-09-01", 100_00)
        hand.charge(SHOP, "FEE", "2026-11-01", LineAsked("90", 50_00))
        hand.pay(SHOP, 60_00)

        assert hand.position(SHOP).open == {"RENT": 90_00}

    def test_into_and_out_of_a_holding_leaves_the_balance(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 100_00)
        hand.pay(FIRST, 500_00, holding="deposit")
        hand.pay_out(FIRST, 200_00, holding="deposit")

        assert hand.position(FIRST) == Position(100_00, {"A": 100_00}, 0, {"deposit": 300_00})

    def test_transfers(self, hand: Hand) -> None:
        hand.charge(FIRST, "A", "2026-11-01", 100_00)
        hand.pay(FIRST, 500_00, holding="deposit")
        hand.transfer(FIRST, 120_00, "deposit", "balance")
        assert hand.position(FIRST) == Position(-20_00, {}, 20_00, {"deposit": 380_00})
        hand.transfer(FIRST, 15_00, "balance", "prepaid_rent")
        hand.transfer(FIRST, 80_00, "deposit", "withheld")

        held = {"deposit": 300_00, "prepaid_rent": 15_00, "withheld": 80_00}
        assert hand.position(FIRST) == Position(-5_00, {}, 5_00, held)
        assert hand.of_account("bank") == 500_00

    def test_a_deposit_is_held_as_far_as_it_is_paid(self, hand: Hand) -> None:
        """R23"""
        hand.charge(FIRST, "IN", "2026-11-01", LineAsked("20", 15_000_00), kind=kinds.MOVING_IN)
        assert hand.position(FIRST).held == {}
        hand.pay(FIRST, 7_500_00)
        assert hand.position(FIRST).held == {"deposit": 7_500_00}

        with pytest.raises(OverdrawnError, match=r"7500\.01 is more than the 7500\.00 that holding 'deposit' has"):
            hand.pay_out(FIRST, 7_500_01, holding="deposit")
        hand.pay_out(FIRST, 7_500_00, holding="deposit")
        assert hand.position(FIRST).held == {}

    def test_what_comes_later_cannot_leave_today(self, hand: Hand) -> None:
        hand.pay(FIRST, 100_00, day=date(2026, 12, 1))

        with pytest.raises(OverdrawnError, match=r"more than the 0\.00 that the tenancy has in credit"):
            hand.pay_out(FIRST, 100_00)
        hand.pay_out(FIRST, 100_00, day=date(2026, 12, 1))

    def test_what_cannot_be_writes_nothing(self, hand: Hand) -> None:
        hand.pay(FIRST, 1_00)
        before = hand.everything()
        for do, error, message in _REFUSED_MONEY:
            with pytest.raises(error, match=message):
                do(hand)
        assert hand.everything() == before

    def test_kroner_and_kronor_stand_side_by_side(self, hand: Hand) -> None:
        for tenancy in (FIRST, SWEDISH):
            hand.charge(tenancy, "A", "2026-11-01", LineAsked("30", 100_00))
            hand.pay(tenancy, 40_00)

        assert [hand.position(tenancy).balance for tenancy in (FIRST, SWEDISH)] == [60_00, 60_00]
        assert [hand.of_account("bank", company) for company in ("1", "3")] == [40_00, 40_00]
        hand.proved()


class TestClosed:
    @pytest.fixture
    def hand(self, database: Database, tmp_path: Path) -> Iterator[Hand]:
        made = Hand(database, tmp_path, closed=date(2026, 10, 31))
        made.companies["2"] = CompanyConfig(number="2", closed=True)
        yield made
        made.proved()

    def test_nothing_by_hand_is_dated_in_a_closed_period(self, hand: Hand) -> None:
        """R22"""
        charged = hand.charge(FIRST, "A", "2026-11-01", 10_00)["entry"]
        before = hand.everything()
        for do in (
            lambda: hand.charge(FIRST, "B", "2026-10-31", 1_00),
            lambda: hand.credit(FIRST, "A", 1_00, day=date(2026, 10, 31)),
            lambda: hand.pay(FIRST, 1_00, day=date(2026, 10, 1)),
            lambda: hand.reverse(charged, day=date(2026, 10, 31)),
        ):
            with pytest.raises(ClosedPeriodError, match=r"closed through 2026-10-31.*use 2026-11-01 or later"):
                do()
        assert hand.everything() == before

    def test_nothing_is_booked_in_a_closed_company(self, hand: Hand) -> None:
        """R6"""
        before = hand.everything()

        with pytest.raises(ClosedCompanyError, match="company 2 is closed"):
            hand.pay(OTHER, 1_00)
        assert hand.everything() == before


class TestKeys:
    def _pay(self, hand: Hand, ore: int, key: str) -> Any:
        asked = {"tenancy": FIRST, "ore": ore}
        return hand.do("pay", lambda acting: receive(acting, FIRST, ore), key=key, asked=asked)

    def test_the_same_is_done_once_and_told_again(self, hand: Hand) -> None:
        first, again = (self._pay(hand, 1_00, "mail 17") for _ in range(2))

        assert (first.repeated, again.repeated) == (False, True)
        assert first.result == again.result
        assert hand.position(FIRST).balance == -1_00

    def test_another_input_is_refused(self, hand: Hand) -> None:
        self._pay(hand, 1_00, "mail 17")
        before = hand.everything()

        with pytest.raises(KeyUsedError, match=r"'mail 17' was used before for pay with other input. anna did that"):
            self._pay(hand, 2_00, "mail 17")
        assert hand.everything() == before

    def test_a_refused_act_leaves_its_key_free(self, hand: Hand) -> None:
        with pytest.raises(AmountRefusedError):
            self._pay(hand, 0, "mail 17")

        assert not self._pay(hand, 1_00, "mail 17").repeated

    def test_many_at_once_do_it_once(self, hand: Hand) -> None:
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: self._pay(hand, 1_00, "mail 17"), range(8)))

        assert sorted(one.repeated for one in done) == [False] + [True] * 7
        assert len({json.dumps(one.result, sort_keys=True) for one in done}) == 1
        assert hand.position(FIRST).balance == -1_00
        assert hand.desk.one(select(func.count()).select_from(act)) == 1

    def test_what_is_no_key(self, hand: Hand) -> None:
        for key in ("", " x", "x\n", "x" * 101):
            with pytest.raises(HubError, match="is no key"):
                self._pay(hand, 1_00, key)


class TestSmallDifferences:
    """R24: off by default, exact at the edge, never of an overpayment."""

    def test_at_the_edge(self, hand: Hand) -> None:
        cases = (
            # limit, charged, paid, left, written off
            ("0", 1_000_00, 999_99, 1, 0),
            ("0.50", 1_000_00, 999_50, 0, 50),
            ("0.50", 1_000_00, 999_49, 51, 0),
            ("0.50", 1_000_00, 1_000_50, -50, 0),
            # Who has paid a quarter of it has not nearly paid it.
            ("0.50", 40, 10, 30, 0),
            ("0.50", 40, 21, 0, 19),
        )
        for (limit, charged, paid, left, written_off), tenancy in zip(cases, hand.let(len(cases)), strict=True):
            hand.write_off_to(limit)
            before = hand.of_account("differences")
            hand.charge(tenancy, "A", "2026-11-01", charged)
            hand.pay(tenancy, paid, reference="A")

            assert hand.position(tenancy).balance == left
            assert hand.of_account("differences") - before == written_off

    @pytest.mark.skipif(not _CASES.exists(), reason="no shared samples")
    def test_published_cases(self, database: Database, tmp_path: Path) -> None:
        """Two real ones within a limit of 0.50, one that is an overpayment, one exactly at 2 percent."""
        cases = [case for case in json.loads(_CASES.read_text())["small_differences"] if "invoice" in case]
        assert len(cases) == 4
        hand = Hand(database, tmp_path, small_difference="0.50")
        for number, case in enumerate(cases):
            owed, came = (int(Decimal(str(case[name])) * 100) for name in ("invoice", "paid"))
            hand.charge(FIRST, f"A{number}", "2026-11-01", owed)
            hand.pay(FIRST, came, reference=f"A{number}")
        # Too large a difference stands open; the overpayment of one øre has paid of it.
        assert hand.position(FIRST) == Position(24_20 - 1, {"A3": 24_20 - 1}, 0, {})
        hand.proved()

    @pytest.mark.skipif(not _CASES.exists(), reason="no shared samples")
    def test_two_percent_is_within_two_percent(self, database: Database, tmp_path: Path) -> None:
        (case,) = [one for one in json.loads(_CASES.read_text())["small_differences"] if "tolerance_percent" in one]
        owed, came = (int(Decimal(str(case[name])) * 100) for name in ("invoice", "paid"))
        limit = owed * case["tolerance_percent"] // 100
        hand = Hand(database, tmp_path, small_difference=f"{limit / 100:.2f}")
        hand.charge(FIRST, "A", "2026-11-01", owed)
        hand.pay(FIRST, came, reference="A")

        assert hand.position(FIRST).balance == 0
        hand.proved()

    def test_a_charge_back_reopens_all(self, database: Database, tmp_path: Path) -> None:
        hand = Hand(database, tmp_path, small_difference="0.50")
        hand.charge(FIRST, "A", "2026-11-01", 1_000_00)
        hand.desk.book(from_vendor("101", 999_75, "A"))
        assert hand.position(FIRST).open == {}
        hand.desk.book(taken_back("101", 999_75, "A"))

        assert hand.position(FIRST) == Position(1_000_00, {"A": 1_000_00}, 0, {})
        assert hand.of_account("differences") == 0
        hand.proved()

    def test_a_reversed_payment_owes_it_again(self, database: Database, tmp_path: Path) -> None:
        hand = Hand(database, tmp_path, small_difference="0.50")
        hand.charge(FIRST, "A", "2026-11-01", 1_000_00)
        hand.reverse(hand.pay(FIRST, 999_75))

        assert hand.position(FIRST) == Position(1_000_00, {"A": 1_000_00}, 0, {})
        hand.proved()

    def test_a_reversed_charge_gives_back_only_what_was_paid(self, database: Database, tmp_path: Path) -> None:
        hand = Hand(database, tmp_path, small_difference="0.50")
        charged = hand.charge(FIRST, "A", "2026-11-01", 1_000_00)["entry"]
        hand.pay(FIRST, 999_75)
        hand.reverse(charged)

        assert hand.position(FIRST) == Position(-999_75, {}, 999_75, {})
        assert hand.of_account("differences") == 0
        hand.proved()


def test_acts_are_told_by_whom_and_when(hand: Hand) -> None:
    hand.do("pay", lambda acting: receive(acting, FIRST, 1_00), key="k", asked={"x": 1})

    assert hand.desk.all(select(act.c.what, act.c.actor, act.c.at)) == [("pay", "anna", NOW)]
