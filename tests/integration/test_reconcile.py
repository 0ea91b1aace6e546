"""What a bank's statement shows is laid beside what vendors have told of: clearing ends at 0.00, or says why not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from hub.plugin import PaymentSeen
from hub.reconciling.candidates import judged_lines
from hub.reconciling.engine import reconcile
from hub.reconciling.pairing import certain
from hub.settings.clearing import ClearingSection
from hub.store.clearing.items import ClearingAccount, Item
from hub.store.database import Database, connect
from hub.store.tables import entry, posting, settlement, witness
from tests.clearing_desk import (
    ACCOUNT,
    BS,
    DAY,
    IN_TRANSIT,
    MOBILEPAY,
    ClearingDesk,
    fee,
    line,
    mobile_payment,
    payout,
)
from tests.desk import NOW, paid, taken_back

BANK = f"bank:{ACCOUNT}"
Making = Callable[..., ClearingDesk]


@pytest.fixture
def making(database_url: str, tmp_path: Path) -> Any:
    opened: list[Database] = []

    def made(**settings: Any) -> ClearingDesk:
        opened.append(connect(database_url))
        return ClearingDesk(opened[-1], tmp_path, **settings)

    yield made
    for database in opened:
        database.close()


@pytest.fixture
def desk(making: Making) -> ClearingDesk:
    return making()


class TestDays:
    def test_a_day_of_betalingsservice_and_its_line_end_at_zero(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00, line=3), paid("102", 250_00, line=4), paid("nobody", 1_00, line=5))
        desk.book("bank", line(751_00, "BS OVERFØRSEL"))
        desk.reconcile()
        assert (desk.on(BS), desk.on("suspense"), desk.on(BANK)) == (0, -1_00, 751_00)
        assert desk.settlements() == [("day", 751_00)]
        desk.proven()

    def test_the_line_counts_on_clearing_from_the_banks_day(self, making: Making) -> None:
        desk = making(bs={"clearing": ClearingSection(bank_text="*")})
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00, on=date(2026, 11, 4)))
        desk.reconcile()
        days = select(posting.c.amount, posting.c.value_date).where(
            posting.c.entry_id == desk.entry("settlement"), posting.c.seq == 0
        )
        assert desk.desk.all(days) == [(-500_00, date(2026, 11, 4))]
        assert desk.on(BS) == 0

    def test_charge_backs_are_in_the_day(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00, "NOV"), paid("102", 40_00, line=4, on=DAY))
        desk.book("bank", line(540_00))
        desk.reconcile()
        back = taken_back("101", 500_00, "NOV")
        other = paid("102", 90_00, line=5, trace="later")._replace(booking_date=back.booking_date)
        desk.book("bs", other, back)
        desk.book("bank", line(-410_00, "BS", on=back.booking_date, record=2))
        desk.reconcile()
        assert desk.on(BS) == 0
        assert desk.settlements() == [("day", 540_00), ("day", -410_00)]
        desk.proven()

    def test_too_far_from_the_day_it_waits(self, making: Making) -> None:
        desk = making(bs={"clearing": ClearingSection(bank_text="NETS*", days_max=2)})
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00, "NETS", on=date(2026, 11, 5)))
        desk.reconcile()
        assert desk.on(BS) == 500_00
        desk.set("bs", clearing=ClearingSection(bank_text="NETS*", days_max=3))
        desk.reconcile()
        assert desk.on(BS) == 0

    @pytest.mark.parametrize("on", [date(2026, 11, 1), date(2026, 11, 3)])
    def test_a_tenants_transfer_of_the_amount_is_not_taken_for_another_day(self, desk: ClearingDesk, on: date) -> None:
        """No text says whose money it is; the vendor's own line has not come yet."""
        desk.book("bank", line(500_00, "husleje", on=on))
        desk.book("bs", paid("101", 500_00))
        desk.reconcile()
        assert (desk.on(BS), desk.on("suspense")) == (500_00, -500_00)
        with desk.db.read() as conn:
            (judged,) = judged_lines(conn, desk.site, desk.open())
        (candidate,) = judged.candidates
        assert candidate.why_not.startswith("no text says whose it is (clearing.bank_text)")

    def test_a_text_that_the_vendors_lines_have_is_asked_for(self, making: Making) -> None:
        desk = making(bs={"clearing": ClearingSection(bank_text="*bs ovf*")})
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00, "Indbetaling"), line(500_00, "NETS BS OVF 0211", record=2))
        desk.reconcile()
        assert [one.text for one in desk.open()] == ["Indbetaling"]

    def test_two_lines_of_the_amount_both_wait(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00, "A"), line(500_00, "B", record=2))
        desk.reconcile()
        assert (desk.on(BS), len(desk.open())) == (500_00, 2)

    def test_a_line_that_two_days_could_be_waits(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bs", paid("102", 500_00)._replace(booking_date=date(2026, 11, 3)))
        desk.book("bank", line(500_00, on=date(2026, 11, 3)))
        desk.reconcile()
        assert desk.on(BS) == 1000_00

    def test_what_is_not_booked_of_the_file_is_on_the_line_all_the_same(self, making: Making) -> None:
        """R18: the property that was left out is the open amount, until it is booked."""
        records = (paid("101", 500_00, line=3), paid("nobody", 70_00, line=4))
        desk = making(bs={"properties": ("1-2",)})
        assert desk.book("bs", *records).counts.held == 1
        desk.book("bank", line(570_00))
        desk.reconcile()
        assert (desk.on(BS), desk.open()) == (-500_00, [])
        desk.set("bs", properties=())
        desk.retry(desk.files[0], "bs", *records)
        desk.reconcile()
        assert desk.on(BS) == 0
        desk.proven()

    def test_a_dry_run_tells_and_writes_nothing(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        (told,) = desk.reconcile(dry_run=True).explained
        assert (told.how, told.amount) == ("day", 500_00)
        assert (desk.on(BS), desk.settlements()) == (500_00, [])

    def test_a_company_that_is_closed_is_left_alone(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        desk.desk.companies["1"] = desk.site.company("1").model_copy(update={"closed": True})
        desk.reconcile()
        assert desk.on(BS) == 500_00

    def test_in_a_closed_period_it_is_posted_on_the_first_open_day(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        closed = {"books_closed_through": date(2026, 11, 10)}
        desk.desk.companies["1"] = desk.site.company("1").model_copy(update=closed)
        desk.reconcile()
        days = select(entry.c.value_date, entry.c.posting_date).where(entry.c.id == desk.entry("settlement"))
        assert desk.desk.all(days) == [(DAY, date(2026, 11, 11))]


class TestRules:
    """What bank rules say is in test_bank_rules.py; here that they have the last word, not the first."""

    def test_they_take_what_nothing_else_explains(self, making: Making) -> None:
        desk = making(bank={"rules": [{"name": "all", "text": "*", "account": "sundry"}]})
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00), line(-7_00, record=2))
        desk.reconcile()
        assert (desk.on(BS), desk.on("named:sundry")) == (0, 7_00)
        assert sorted(desk.settlements()) == [("day", 500_00), ("rule", -7_00)]
        desk.proven()


class TestPayouts:
    def _told(self, desk: ClearingDesk, *payouts: Any) -> None:
        amounts = [one.amount for one in payouts]
        paid_in = [mobile_payment("101", amount + 5_00, record=n) for n, amount in enumerate(amounts, start=1)]
        kept = [fee(5_00, record=50 + n) for n, _ in enumerate(amounts)]
        desk.book("mp", *paid_in, *kept, *payouts)

    def test_by_the_text_that_the_bank_shows_whatever_its_blanks(self, desk: ClearingDesk) -> None:
        self._told(desk, payout(300_00, "0012 3456789012345678"))
        assert (desk.on(MOBILEPAY), desk.on(IN_TRANSIT), desk.on("named:vendor_fees")) == (0, 300_00, 5_00)
        desk.book("bank", line(300_00, "MP 00123456 7890 12345678 aps"))
        desk.reconcile()
        assert (desk.on(IN_TRANSIT), desk.settlements()) == (0, [("payout", 300_00)])
        desk.proven()

    def test_a_line_without_the_text_is_not_it(self, desk: ClearingDesk) -> None:
        self._told(desk, payout(300_00, "00123456789012345678"))
        desk.book("bank", line(300_00, "MP 00123456789012345679"))
        desk.reconcile()
        assert (desk.on(IN_TRANSIT), len(desk.open())) == (300_00, 1)

    def test_two_of_one_amount_are_told_apart_by_their_texts(self, desk: ClearingDesk) -> None:
        self._told(desk, payout(300_00, "AAA111", record=60), payout(300_00, "BBB222", record=61))
        desk.book("bank", line(300_00, "bbb 222"), line(300_00, "AAA 111", record=2))
        desk.reconcile()
        items = desk.desk.all(select(settlement.c.item_id, settlement.c.line_id).order_by(settlement.c.line_id))
        assert (desk.on(IN_TRANSIT), items) == (0, [(items[0][0], items[0][1]), (items[0][0] - 1, items[1][1])])

    def test_without_a_text_by_amount_and_day(self, desk: ClearingDesk) -> None:
        self._told(desk, payout(300_00))
        desk.book("bank", line(300_00, "overførsel", on=date(2026, 11, 3)))
        desk.reconcile()
        assert desk.on(IN_TRANSIT) == 300_00
        desk.set("mp", clearing=ClearingSection(bank_text="overf*"))
        desk.reconcile()
        assert desk.on(IN_TRANSIT) == 0

    def test_two_of_one_amount_and_day_without_texts_wait(self, desk: ClearingDesk) -> None:
        self._told(desk, payout(300_00, record=60), payout(300_00, record=61))
        desk.book("bank", line(300_00, "1"), line(300_00, "2", record=2))
        desk.reconcile()
        assert (desk.on(IN_TRANSIT), len(desk.open())) == (600_00, 2)

    def test_days_of_an_account_that_payouts_empty_are_nobodys(self, desk: ClearingDesk) -> None:
        self._told(desk, payout(300_00))
        desk.book("mp", mobile_payment("102", 80_00, record=9))
        desk.book("bank", line(80_00))
        desk.reconcile()
        assert desk.on(MOBILEPAY) == 80_00

    def test_the_vendor_takes_money_back(self, desk: ClearingDesk) -> None:
        self._told(desk, payout(300_00, "AAA111"))
        desk.book("mp", payout(-300_00, "AAA111R", record=62))
        desk.book("bank", line(300_00, "AAA111"), line(-300_00, "AAA111R", record=2))
        desk.reconcile()
        assert (desk.on(IN_TRANSIT), desk.open()) == (0, [])


class TestSlips:
    """R17: 0602 section 0215 books, the bank shows the same money."""

    def _paid(self, amount: int = 500_00, *, line: int = 3, reference: str = "", trace: str = "") -> Any:
        payment = paid("101", amount, line=line, trace=trace or str(line))
        return payment._replace(payment_id="4711", archive_reference=reference)

    def _shown(self, amount: int = 500_00, *, record: int = 1, reference: str = "", on: date = DAY) -> Any:
        slip = {"creditor": "81234567", "payment_id": "4711", "servicer_reference": reference}
        return line(amount, "FI", record=record, on=on, **slip)

    def test_the_line_settles_the_payment_that_is_booked(self, desk: ClearingDesk) -> None:
        desk.book("bs", self._paid())
        desk.book("bank", self._shown(reference="R1"))
        desk.reconcile()
        assert (desk.on(BS), desk.on("suspense"), desk.desk.balance("1-1-1-1")) == (0, 0, -500_00)
        assert desk.settlements() == [("slip", 500_00)]
        desk.proven()

    def test_in_the_other_order_of_arrival(self, desk: ClearingDesk) -> None:
        desk.book("bank", self._shown())
        desk.reconcile()
        assert desk.on("suspense") == -500_00
        desk.book("bs", self._paid())
        desk.reconcile()
        assert (desk.on(BS), desk.on("suspense")) == (0, 0)

    def test_a_second_real_payment_is_not_swallowed(self, desk: ClearingDesk) -> None:
        """Two came, and the vendor has told of one as yet: neither line may be taken for it unasked."""
        desk.book("bs", self._paid())
        desk.book("bank", self._shown(record=1), self._shown(record=2))
        desk.reconcile()
        assert (desk.on("suspense"), desk.settlements()) == (-1000_00, [])

    def test_the_archive_reference_tells_two_apart(self, desk: ClearingDesk) -> None:
        desk.book("bs", self._paid(line=3, reference="R1"), self._paid(line=4, reference="R2"))
        desk.book("bank", self._shown(record=1, reference="R2"), self._shown(record=2, reference="R1"))
        desk.reconcile()
        assert (desk.on(BS), desk.on("suspense"), desk.desk.balance("1-1-1-1")) == (0, 0, -1000_00)

    def test_a_line_of_another_archive_reference_is_another_payment(self, desk: ClearingDesk) -> None:
        desk.book("bs", self._paid(reference="R1"))
        desk.book("bank", self._shown(reference="R9"))
        desk.reconcile()
        assert desk.on("suspense") == -500_00

    @pytest.mark.parametrize("other", [{"amount": 500_01}, {"on": date(2026, 11, 3)}])
    def test_another_amount_or_day_is_another_payment(self, desk: ClearingDesk, other: dict[str, Any]) -> None:
        desk.book("bs", self._paid())
        desk.book("bank", self._shown(**other))
        desk.reconcile()
        assert desk.settlements() == []

    def test_what_a_whole_day_has_settled_is_not_settled_again(self, desk: ClearingDesk) -> None:
        """The line of the day was for the slip too: another one of it is money that the vendor has not told of."""
        desk.book("bs", paid("102", 300_00), self._paid(line=4))
        desk.book("bank", line(800_00, "NETS"))
        desk.reconcile()
        assert desk.on(BS) == 0
        desk.book("bank", self._shown(record=2))
        desk.reconcile()
        assert (desk.on(BS), desk.on("suspense")) == (0, -500_00)
        with desk.db.read() as conn:
            (judged,) = judged_lines(conn, desk.site, desk.open())
        assert judged.candidates[0].why_not.endswith("another line has settled its day, of which 0.00 is open")

    def test_beside_a_part_of_the_day_that_a_person_has_settled(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("102", 300_00), self._paid(line=4))
        desk.book("bank", line(300_00, "NETS"))
        desk.settle(desk.open()[0].entry_id, f"{BS}@{DAY}")
        desk.book("bank", self._shown(record=2))
        desk.reconcile()
        assert (desk.on(BS), desk.on("suspense")) == (0, 0)

    @pytest.mark.parametrize(
        ("shown", "why_not"),
        [
            ({"reference": "R9"}, "its archive reference is R1, the bank's R9 (R17)"),
            ({"reference": "R1", "on": date(2026, 11, 3)}, f"it was booked on {DAY} (R17)"),
        ],
    )
    def test_what_speaks_against_the_payment_is_told(
        self, desk: ClearingDesk, shown: dict[str, Any], why_not: str
    ) -> None:
        desk.book("bs", self._paid(reference="R1"))
        desk.book("bank", self._shown(**shown))
        desk.reconcile()
        with desk.db.read() as conn:
            (judged,) = judged_lines(conn, desk.site, desk.open())
        (candidate,) = judged.candidates
        assert candidate.target == f"{BS}@{DAY}"
        assert candidate.why_not.endswith(why_not)

    def test_a_slip_is_never_taken_for_a_day(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", self._shown())
        desk.reconcile()
        assert (desk.on(BS), desk.on("suspense")) == (500_00, -500_00)

    def test_a_payment_seen_twice_is_confirmed_in_either_order(self, desk: ClearingDesk) -> None:
        seen = PaymentSeen(7, ACCOUNT, "81234567", "4711", 500_00, "DKK", DAY, "S1", "seen|1", "FI")
        desk.book("bank", seen)
        desk.reconcile()
        assert desk.desk.all(select(witness.c.entry_id, witness.c.candidates)) == [(None, 0)]
        desk.book("bs", self._paid())
        desk.reconcile()
        assert desk.desk.all(select(witness.c.entry_id)) == [(desk.entry("payment"),)]
        desk.proven()


class TestAgain:
    def test_nothing_is_explained_twice(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        desk.reconcile()
        assert desk.reconcile().explained == ()
        assert desk.settlements() == [("day", 500_00)]

    def test_two_hubs_at_once_pair_once(self, desk: ClearingDesk, database_url: str) -> None:
        amounts = [100_00 + n for n in range(12)]
        for n, amount in enumerate(amounts):
            day = date(2026, 10, 1 + n)
            desk.book("bs", paid("101", amount, line=3, on=day, trace=str(n))._replace(booking_date=day))
        shown = [line(amount, on=date(2026, 10, 1 + n), record=n + 1) for n, amount in enumerate(amounts)]
        desk.book("bank", *shown)

        def work(_: int) -> int:
            database = connect(database_url)
            try:
                return len(reconcile(database, desk.site, actor="test", now=NOW).explained)
            finally:
                database.close()

        with ThreadPoolExecutor(3) as hubs:
            assert sum(hubs.map(work, range(3))) == len(amounts)
        assert (desk.on(BS), len(desk.settlements())) == (0, len(amounts))
        desk.proven()

    def test_what_a_person_took_back_no_machine_says_again(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        desk.reconcile()
        desk.reverse(desk.entry("settlement"))
        desk.reconcile()
        assert (desk.on(BS), [one.amount for one in desk.open()]) == (500_00, [500_00])

    def test_a_bank_file_that_is_reversed_takes_its_pairs_with_it(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        desk.reconcile()
        assert desk.reverse_file(desk.files[1])["settlements"] == 1
        assert (desk.on(BS), desk.on(BANK), desk.on("suspense")) == (500_00, 0, 0)
        desk.proven()
        desk.retry(desk.files[1], "bank", line(500_00))
        desk.reconcile()
        assert (desk.on(BS), desk.on(BANK)) == (0, 500_00)

    def test_a_vendors_file_that_is_reversed_gives_the_lines_back(self, making: Making) -> None:
        """Booked for another day than paid: on clearing, that day is as if the file had never been."""
        desk = making(bs={"clearing": ClearingSection(bank_text="*")})
        payment = paid("101", 500_00, on=date(2026, 10, 30))
        desk.book("bs", payment)
        desk.book("bank", line(500_00))
        desk.reconcile()
        desk.reverse_file(desk.files[0])
        assert (desk.on(BS), [one.amount for one in desk.open()]) == (0, [500_00])
        desk.reconcile()
        assert desk.settlements() == [("day", 500_00)]
        desk.retry(desk.files[0], "bs", payment)
        desk.reconcile()
        assert (desk.on(BS), desk.open()) == (0, [])
        desk.proven()

    def test_payouts_of_a_file_that_is_reversed_and_booked_anew(self, desk: ClearingDesk) -> None:
        told = (mobile_payment("101", 305_00), fee(5_00), payout(300_00, "AAA"))
        desk.book("mp", *told)
        desk.book("bank", line(300_00, "AAA"))
        desk.reconcile()
        desk.reverse_file(desk.files[0])
        assert (desk.on(IN_TRANSIT), desk.on(MOBILEPAY), desk.on("named:vendor_fees")) == (0, 0, 0)
        desk.retry(desk.files[0], "mp", *told)
        desk.reconcile()
        assert (desk.on(IN_TRANSIT), desk.open()) == (0, [])
        desk.proven()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_lines_are_not_held_against_every_item_there_is(desk: ClearingDesk) -> None:
    """Thousands of each wait where a bank's first file has a year."""
    desk.book("bank", line(1_00))
    (first,) = desk.open()
    clearing = ClearingAccount(1, first.company_id, first.company, "DKK", f"clearing:{BS}", 0, False)
    lines = [first._replace(entry_id=n, amount=n) for n in range(1, 501)]
    items = [Item(clearing, DAY, 0, n) for n in range(1, 501)]
    asked: list[Item] = []

    def why_not(item: Item, _line: Any) -> str:
        asked.append(item)
        return ""

    pairs = certain(lines, items, lambda item: [item.open], why_not)
    assert [(one.amount, item.open) for one, item in pairs] == [(n, n) for n in range(1, 501)]
    assert len(asked) == len(items)


def test_what_grows_with_the_years_is_reached_by_an_index(desk: ClearingDesk) -> None:
    """A file is booked every day; what it asks must not grow with what was settled long ago."""
    if desk.db.dialect == "postgresql":
        pytest.skip("it reads small tables whole, and these are; what is asked is the same")
    desk.book("bs", paid("101", 500_00))
    desk.book("mp", mobile_payment("101", 300_00), payout(300_00, "AAA"))
    seen = PaymentSeen(7, ACCOUNT, "81234567", "4711", 500_00, "DKK", DAY, "S1", "seen|1", "FI")
    slip = line(40_00, record=2, creditor="81234567", payment_id="4712")
    desk.book("bank", line(500_01), slip, seen)
    asked: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, text: str, given: Any, *_: Any) -> None:
        asked.append((text, given))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        desk.reconcile()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    with desk.db.read() as conn:
        plans = {
            row[-1]
            for text, given in asked
            if text.startswith("SELECT")
            for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
        }
    scans = {plan for plan in plans if plan.startswith("SCAN") and "VIRTUAL TABLE" not in plan}
    assert {plan.split()[1] for plan in scans} <= {"company"}, scans
    wanted = ("ix_suspense_open", "ix_witness_open", "ix_posting_account", "ix_payout_company_id", "ix_account_shared")
    wanted += ("ix_slip_payment_booking_date",)
    assert [index for index in wanted if not any(index in plan for plan in plans)] == []
