"""What stays open on clearing is told by file and record: nobody has to look for a krone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.cli.reconcile_document import document_of
from hub.plugin import PaymentSeen
from hub.reconciling.candidates import judged_lines
from hub.reconciling.engine import Reconciled
from hub.reconciling.explaining import ITEMS_SHOWN_MAX, picture
from hub.reconciling.second_witnesses import judged_witnesses
from hub.store.database import Database, connect
from hub.store.tables import entry
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
    statement,
)
from tests.desk import paid

Making = Callable[..., ClearingDesk]
#: Nothing in these is a database's own.
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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


def shown(desk: ClearingDesk, account: str = "") -> dict[str, Any]:
    with desk.db.read() as conn:
        found = picture(conn, desk.site, account=account)
        lines, seen = judged_lines(conn, desk.site, found.lines), judged_witnesses(conn, found.witnesses)
    return document_of(Reconciled((), 0), found, lines, seen, dry_run=False)


def the_item(desk: ClearingDesk) -> dict[str, Any]:
    ((item,),) = [one["items"] for one in shown(desk)["clearing"]]
    return dict(item)


def test_all_at_zero_is_said(desk: ClearingDesk) -> None:
    desk.book("bs", paid("101", 500_00), paid("102", 20_00, line=4))
    desk.book("bank", statement(1000_00, 1520_00), line(520_00))
    desk.reconcile()
    told = shown(desk)
    assert (told["clear"], told["clearing"], told["lines"], told["at_zero"]) == (True, [], [], [BS])
    (bank,) = told["banks"]
    assert (bank["closing"], bank["booked"], bank["difference"]) == ("1520.00", "1520.00", "0.00")


def test_one_payment_short_is_named(desk: ClearingDesk) -> None:
    desk.book("bs", paid("101", 500_00, line=3), paid("102", 250_00, line=4), paid("nobody", 70_00, line=5))
    desk.book("bank", line(570_00))
    desk.reconcile()
    item = the_item(desk)
    assert (item["target"], item["open"]) == (f"{BS}@2026-11-02", "820.00")
    (short,) = item["short"]
    assert (short["amount"], short["record"]["file"], short["record"]["record"]) == ("250.00", "file1", 4)
    assert (short["record"]["tenancy"], short["record"]["name"]) == ("1-1-2-1", "Åse")
    assert short["record"]["customer"] == "102"
    (waiting,) = shown(desk)["lines"]
    (candidate,) = waiting["candidates"]
    assert (candidate["target"], candidate["why_not"]) == (item["target"], "it has 250.00 more than the line")


def test_one_short_is_named_after_a_person_has_settled_the_rest(desk: ClearingDesk) -> None:
    desk.book("bs", paid("101", 500_00, line=3), paid("nobody", 70_00, line=5))
    desk.book("bank", line(500_00))
    desk.settle(desk.open()[0].entry_id, f"{BS}@2026-11-02")
    item = the_item(desk)
    assert (item["open"], item["settled"][0]["amount"]) == ("70.00", "500.00")
    (short,) = item["short"]
    assert (short["line"], short["record"]["customer"], short["record"]["record"]) == (None, "nobody", 5)


def test_two_records_of_the_missing_amount_name_nobody(desk: ClearingDesk) -> None:
    desk.book("bs", paid("101", 70_00, line=3), paid("102", 70_00, line=4), paid("nobody", 10_00, line=5))
    desk.book("bank", line(80_00))
    assert the_item(desk)["short"] == []


def test_a_property_that_is_not_booked_is_the_open_amount(making: Making) -> None:
    """R18."""
    desk = making(bs={"properties": ("1-2",)})
    desk.book("bs", paid("101", 500_00, line=3), paid("nobody", 70_00, line=4))
    desk.book("bank", line(570_00))
    desk.reconcile()
    item = the_item(desk)
    (held,) = item["held"]
    assert (item["open"], held["amount"], held["record"], held["tenancy"]) == ("-500.00", "500.00", 3, "1-1-1-1")
    assert held["reason"].startswith("property 1-1: ")
    assert shown(desk)["clear"] is False


def test_many_records_are_told_by_file(desk: ClearingDesk) -> None:
    desk.book("bs", *(paid("101", 10_00 + n, line=3 + n, trace=str(n)) for n in range(8)))
    desk.book("bs", paid("102", 5_00, line=3))
    item = the_item(desk)
    assert [(one["file"], one["entries"], one["amount"]) for one in item["files"]] == [
        ("file1", 8, "80.28"),
        ("file2", 1, "5.00"),
    ]
    assert item["records"] == []


def test_what_a_person_took_back_of_the_day_is_told(desk: ClearingDesk) -> None:
    desk.book("bs", paid("101", 500_00, line=3))
    desk.book("bank", line(500_00))
    desk.reconcile()
    first = desk.desk.one(select(func.min(entry.c.id)))
    desk.reverse(int(str(first)), "duplicate")
    item = the_item(desk)
    assert (item["day"], item["open"]) == ("2026-11-02", "-500.00")
    assert [(one["kind"], one["amount"]) for one in item["records"]] == [("payment", "500.00"), ("reversal", "-500.00")]


def test_an_account_that_payouts_empty_tells_what_came_since(desk: ClearingDesk) -> None:
    desk.book("mp", mobile_payment("101", 305_00), fee(5_00), payout(300_00, "AAA"))
    desk.book("mp", mobile_payment("102", 80_00, record=9))
    accounts = {one["account"]: one for one in shown(desk)["clearing"]}
    assert accounts.keys() == {MOBILEPAY, IN_TRANSIT}
    assert [(one["file"], one["amount"]) for one in accounts[MOBILEPAY]["since_zero"]] == [("file2", "80.00")]
    assert accounts[MOBILEPAY]["records"][0]["customer"] == "102"
    (item,) = accounts[IN_TRANSIT]["items"]
    assert (item["open"], item["bank_text"], item["records"][0]["file"]) == ("300.00", "AAA", "file1")
    assert item["target"] == str(item["records"][0]["entry"])


def test_what_is_not_booked_of_its_files_is_told_there_too(making: Making) -> None:
    desk = making(mp={"properties": ("1-2",)})
    desk.book("mp", mobile_payment("101", 300_00), mobile_payment("nobody", 20_00, record=2), payout(320_00, "AAA"))
    (account,) = [one for one in shown(desk)["clearing"] if one["account"] == MOBILEPAY]
    assert account["balance"] == "-300.00"
    assert [(one["amount"], one["record"], one["tenancy"]) for one in account["held"]] == [("300.00", 1, "1-1-1-1")]


def test_more_than_is_shown_is_counted(desk: ClearingDesk) -> None:
    for n in range(ITEMS_SHOWN_MAX + 2):
        day = date(2026, 10, 1 + n)
        desk.book("bs", paid("101", 1_00, trace=str(n), on=day)._replace(booking_date=day))
    (account,) = shown(desk)["clearing"]
    assert (len(account["items"]), account["more"], account["more_amount"]) == (ITEMS_SHOWN_MAX, 2, "2.00")
    assert account["items"][0]["day"] == "2026-10-01"


def test_one_account_alone(desk: ClearingDesk) -> None:
    desk.book("bs", paid("101", 500_00))
    desk.book("mp", mobile_payment("102", 80_00))
    desk.book("bank", statement(0, 3_00), line(3_00))
    assert [one["account"] for one in shown(desk, MOBILEPAY)["clearing"]] == [MOBILEPAY]
    alone = shown(desk, ACCOUNT)
    assert (alone["clearing"], len(alone["banks"]), len(alone["lines"])) == ([], 1, 1)


class TestBanks:
    def test_a_statement_that_has_not_come_is_a_gap(self, desk: ClearingDesk) -> None:
        desk.book("bank", statement(0, 100_00, number=1), line(100_00))
        later = date(2026, 11, 4)
        desk.book(
            "bank",
            statement(130_00, 150_00, first=later, last=later, number=3),
            line(20_00, on=later, record=2),
        )
        (bank,) = shown(desk)["banks"]
        assert (bank["closing"], bank["booked"], bank["difference"]) == ("150.00", "120.00", "30.00")
        (gap,) = bank["gaps"]
        assert (gap["after"], gap["before"], gap["amount"]) == ("2026-11-02", "2026-11-04", "30.00")

    def test_a_statement_told_of_twice_is_one(self, desk: ClearingDesk) -> None:
        desk.book("bank", statement(0, 100_00), line(100_00))
        desk.book("bank", statement(0, 100_00))
        (bank,) = shown(desk)["banks"]
        assert (bank["difference"], bank["gaps"]) == ("0.00", [])

    def test_a_reversed_file_states_nothing(self, desk: ClearingDesk) -> None:
        desk.book("bank", statement(0, 100_00), line(100_00))
        desk.reverse_file(desk.files[0])
        assert shown(desk)["banks"] == []


class TestLines:
    def test_why_each_was_not_paired(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00, "A"), line(500_00, "B", record=2), line(7_00, "C", record=3))
        first, second, third = shown(desk)["lines"]
        assert [one["why_not"] for one in first["candidates"]] == ["2 lines could be it"]
        assert first["candidates"] == second["candidates"]
        assert [one["why_not"] for one in third["candidates"]] == ["it has 493.00 more than the line"]

    def test_the_payout_whose_text_the_line_lacks(self, desk: ClearingDesk) -> None:
        desk.book("mp", mobile_payment("101", 300_00), payout(300_00, "AAA111"))
        desk.book("bank", line(300_00, "something"))
        (waiting,) = shown(desk)["lines"]
        (candidate,) = waiting["candidates"]
        assert (candidate["open"], candidate["why_not"]) == ("300.00", "its text does not have AAA111")

    def test_slips_that_may_be_more_than_one_payment(self, desk: ClearingDesk) -> None:
        twice = [paid("101", 500_00, line=n, trace=str(n))._replace(payment_id="4711") for n in (3, 4)]
        desk.book("bs", *twice)
        desk.book("bank", line(500_00, "FI", creditor="81234567", payment_id="4711"))
        desk.reconcile()
        (waiting,) = shown(desk)["lines"]
        assert len(waiting["candidates"]) == 2
        assert all("(R17)" in one["why_not"] for one in waiting["candidates"])

    def test_a_witness_without_its_payment(self, desk: ClearingDesk) -> None:
        desk.book("bank", PaymentSeen(7, ACCOUNT, "81234567", "4711", 500_00, "DKK", DAY, "S1", "seen|1", "FI"))
        desk.reconcile()
        (seen,) = shown(desk)["witnesses"]
        assert (seen["amount"], seen["record"], seen["candidates"]) == ("500.00", 7, [])

    def test_a_line_of_what_is_held_alone_names_its_file_and_record(self, making: Making) -> None:
        """R18: nothing of that day is booked, so that no day of clearing tells of it."""
        desk = making(bs={"properties": ("1-2",)})
        desk.book("bs", paid("101", 500_00, line=3), paid("102", 70_00, line=4))
        desk.book("bank", line(570_00))
        (waiting,) = shown(desk)["lines"]
        (held,) = waiting["held"]
        assert (held["record"], held["records"], held["amount"]) == (3, 2, "570.00")
        assert held["reason"].startswith("property 1-1: ")

    @sqlite_only
    @pytest.mark.parametrize("month_first", [True, False])
    def test_a_month_and_days_in_it_agree(self, desk: ClearingDesk, month_first: bool) -> None:
        first, second, third = (date(2026, 11, day) for day in (2, 15, 30))
        days = [statement(100, 300, first=second, last=second), statement(300, 600, first=third, last=third, number=2)]
        month = [statement(0, 600, first=first, last=third, number=3)]
        lines = [line(100, on=first), line(200, on=second, record=2), line(300, on=third, record=3)]
        for told in (month, days) if month_first else (days, month):
            desk.book("bank", *told)
        desk.book("bank", *lines)
        (bank,) = shown(desk)["banks"]
        assert (bank["booked"], bank["difference"], bank["gaps"]) == ("6.00", "0.00", [])

    @sqlite_only
    def test_two_of_one_day_that_do_not_go_on_from_each_other(self, desk: ClearingDesk) -> None:
        desk.book("bank", statement(0, 100), statement(300, 600, number=2))
        (bank,) = shown(desk)["banks"]
        assert [gap["amount"] for gap in bank["gaps"]] == ["2.00"]
