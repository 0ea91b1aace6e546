"""Lines alike in two statements of an account: a second payment, the same one told of again, or held (R5, R17)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.plugin import BankLine, BankStatement, Record
from hub.reconciling.explaining import picture
from hub.store.clearing.bank_accounts import BankAccount
from hub.store.database import Database
from hub.store.results import Result
from hub.store.tables import outcome
from tests.clearing_desk import ClearingDesk, line, statement
from tests.hand import FIRST

D1, D2, D3, D4 = (date(2026, 11, day) for day in (2, 3, 4, 5))
RENT = 100_00
#: What is decided in Python alone.
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> ClearingDesk:
    return ClearingDesk(database, tmp_path)


def rent(record: int, on: date = D1) -> BankLine:
    """The same to the letter in whatever file it stands."""
    return line(RENT, "Husleje", on=on, customer="101", key=f"bank|rent|{on}")._replace(record=record)


def other(record: int, amount: int, on: date = D1) -> BankLine:
    return line(amount, on=on, key=f"bank|other|{amount}|{on}")._replace(record=record)


def day(opening: int | None, closing: int | None, number: int | None, on: date = D1, **more: Any) -> BankStatement:
    one = statement(0, 0, first=on, last=on, number=number or 0)
    values: dict[str, Any] = {"record": 1, "sequence": number, "opening": opening, "closing": closing, **more}
    return one._replace(**{"key": f"{one.key}|{on}|{opening}", **values})


def paid(desk: ClearingDesk) -> int:
    """How many rents the tenant has paid."""
    desk.proven()
    return -desk.desk.balance(FIRST) // RENT


def bank_of(desk: ClearingDesk) -> BankAccount:
    with desk.db.read() as conn:
        (bank,) = picture(conn, desk.site).banks
    return bank


class TestSecondPayment:
    def test_in_the_next_statement_of_one_day(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(0, RENT, 1), rent(2))
        second = desk.book("bank", day(RENT, 2 * RENT, 2), rent(2))
        assert (second.state, second.counts.booked, second.reasons) == ("booked", 1, [])
        assert (paid(desk), bank_of(desk).difference) == (2, 0)

    def test_booked_late_in_the_next_days_statement(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(0, RENT, None), rent(2))
        desk.book("bank", day(RENT, RENT + 5_00, None, D2), other(2, 5_00, D2))
        third = desk.book("bank", day(RENT + 5_00, 2 * RENT + 5_00, None, D3), rent(2, D1))
        assert (third.counts.booked, paid(desk), bank_of(desk).difference) == (1, 2, 0)

    @sqlite_only
    def test_whichever_of_the_files_comes_first(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(RENT, 2 * RENT, 2), rent(2))
        desk.book("bank", day(0, RENT, 1), rent(2))
        assert paid(desk) == 2

    def test_in_two_statements_of_one_file(self, desk: ClearingDesk) -> None:
        both: tuple[Record, ...] = (day(0, RENT, 1), rent(2), day(RENT, 2 * RENT, 2, record=3), rent(4))
        desk.book("bank", *both)
        again = desk.book("bank", *both)
        assert (again.state, again.counts.duplicate, paid(desk)) == ("duplicate", 2, 2)

    def test_delivered_again_it_is_none_either_way_round(self, desk: ClearingDesk) -> None:
        first, second = (day(0, RENT, 1), rent(2)), (day(RENT, 2 * RENT, 2), rent(2))
        for records in (first, second, second, first):
            desk.book("bank", *records)
        assert paid(desk) == 2

    @sqlite_only
    def test_both_are_in_the_statement_of_the_whole_day(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(0, RENT, 1), rent(2))
        desk.book("bank", day(RENT, 2 * RENT, 2), rent(2))
        whole = desk.book("bank", day(0, 2 * RENT, 7), rent(2), rent(3))
        assert (whole.counts.duplicate, paid(desk)) == (2, 2)
        after = desk.book("bank", day(2 * RENT, 3 * RENT, None, D2), rent(2, D1))
        assert (after.counts.booked, paid(desk)) == (1, 3)

    def test_what_was_reversed_is_booked_anew_beside_it(self, desk: ClearingDesk) -> None:
        first = (day(0, RENT, 1), rent(2))
        desk.book("bank", *first)
        desk.book("bank", day(RENT, 2 * RENT, 2), rent(2))
        desk.reverse_file(desk.files[0])
        assert paid(desk) == 1
        desk.book("bank", *first)
        assert paid(desk) == 2


@sqlite_only
class TestToldAgain:
    @pytest.mark.parametrize(
        "again",
        [
            day(0, RENT, 1, identification="anew", key="anew"),
            day(0, RENT, None, identification="anew", key="anew"),
            day(0, RENT, 1),
        ],
        ids=["other identification", "without a number", "other bytes"],
    )
    def test_a_statement_delivered_again(self, desk: ClearingDesk, again: BankStatement) -> None:
        desk.book("bank", day(0, RENT, 1), rent(2))
        result = desk.book("bank", again, rent(2))
        assert (result.state, result.counts.duplicate, paid(desk)) == ("duplicate", 1, 1)

    def test_twice_in_one_file(self, desk: ClearingDesk) -> None:
        result = desk.book("bank", day(0, RENT, 1), rent(2), day(0, RENT, 1, record=3), rent(4))
        assert (result.counts.booked, result.counts.duplicate, paid(desk)) == (1, 1, 1)

    def test_two_alike_in_one_statement_are_two(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(0, 2 * RENT, 1), rent(2), rent(3))
        assert paid(desk) == 2

    def test_longer_statements_that_overlap(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(0, RENT, 1), rent(2))
        desk.book("bank", day(RENT, RENT + 5_00, 2, D2), other(2, 5_00, D2))
        records = (day(0, RENT + 5_00, 3, D2, first_day=D1), rent(2), other(3, 5_00, D2))
        assert desk.book("bank", *records).counts.duplicate == 2
        assert paid(desk) == 1

    def test_what_has_moved_nothing_in_all_and_comes_with_the_next_number(self, desk: ClearingDesk) -> None:
        there_and_back = (rent(2), other(3, -RENT))
        desk.book("bank", day(50_00, 50_00, 1), *there_and_back)
        desk.book("bank", day(50_00, 50_00, 2, key="anew"), *there_and_back)
        desk.book("bank", day(50_00, 57_00, 2, key="anew"), *there_and_back, other(4, 7_00))
        assert paid(desk) == 1

    def test_when_what_it_moved_was_taken_back_meanwhile(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(0, RENT, 1), rent(2))
        desk.book("bank", day(RENT, 0, 2), other(2, -RENT))
        desk.book("bank", day(0, RENT, 3, key="anew"), rent(2))
        assert paid(desk) == 1


class TestNotKnown:
    def test_after_a_gap_it_is_held_until_the_gap_is_filled(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(0, RENT, 1), rent(2))
        late = (day(RENT + 5_00, 2 * RENT + 7_00, 3, D3), rent(2, D1), other(3, 2_00, D3))
        held = desk.book("bank", *late)
        assert (held.state, held.counts.held, held.counts.unmatched, paid(desk)) == ("partly_booked", 1, 1, 1)
        (loud,) = [reason for reason in held.reasons if "held" in reason]
        assert loud.startswith("attention: 1 line is held")
        assert f"record 2, {RENT // 100}.00: it may be money of its own (R17)" in loud
        bank = bank_of(desk)
        assert bank.difference == RENT + 5_00
        assert [(one.file, one.record, one.amount) for one in bank.held] == [("file2", 2, RENT)]
        desk.book("bank", day(RENT, RENT + 5_00, 2, D2), other(2, 5_00, D2))
        assert desk.retry(desk.files[1], "bank", *late).counts.booked == 1
        assert (paid(desk), bank_of(desk).difference, bank_of(desk).held) == (2, 0, ())

    @sqlite_only
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (day(0, RENT, None), day(RENT, 2 * RENT, None)),
            (day(None, None, 1), day(None, None, 2, key="second")),
            (day(None, None, None), day(None, None, None, D2)),
            (day(50_00, 50_00, 1), day(50_00, 50_00, 2, key="second")),
        ],
        ids=["no number", "no balances", "neither", "nothing moved in all"],
    )
    def test_what_could_be_either_is_held(
        self, desk: ClearingDesk, first: BankStatement, second: BankStatement
    ) -> None:
        desk.book("bank", first, rent(2))
        held = desk.book("bank", second, rent(2))
        assert (held.state, held.counts.held, held.reasons[0].split(":")[0]) == ("quarantined", 1, "attention")
        (told,) = desk.desk.all(select(outcome.c.reason).where(outcome.c.outcome == "held"))
        assert "a line alike was booked before as bank|rent|2026-11-02#1" in str(told)
        assert paid(desk) == 1

    @sqlite_only
    def test_where_no_number_ties_a_chain_of_one_day_together(self, desk: ClearingDesk) -> None:
        desk.book("bank", day(0, RENT, None), rent(2))
        desk.book("bank", day(RENT, RENT + 50_00, None), other(2, 50_00))
        third = desk.book("bank", day(RENT + 50_00, 2 * RENT + 50_00, None), rent(2))
        assert (third.counts.held, paid(desk)) == (1, 1)


@sqlite_only
def test_statements_of_one_file_are_held_against_one_another(desk: ClearingDesk) -> None:
    result: Result = desk.book("bank", day(0, RENT, 1), rent(2), day(7_00, 9_00, 2, D2, record=3), other(4, 2_00, D2))
    (told,) = result.reasons
    assert told.startswith("attention: gap")
    assert "(file 1, file1, record 3)" in told
    assert "(file 1, file1, record 1)" in told
