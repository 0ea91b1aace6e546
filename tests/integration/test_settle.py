"""A person says what a bank line is, and takes it back; books that say two things are found out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from hub.acts import reversals, suspense
from hub.acts.act import ClosedCompanyError
from hub.acts.moving import MatchRefusedError
from hub.acts.reversals import ReversalRefusedError, Why
from hub.plugin import PaymentSeen
from hub.reconciling.by_hand import SettleRefusedError
from hub.store.database import connect
from hub.store.tables import account, bank_line, payout, settlement, slip_payment, witness
from hub.store.tables import suspense as suspense_table
from hub.store.verify import verify
from tests.clearing_desk import ACCOUNT, BS, DAY, IN_TRANSIT, MOBILEPAY, ClearingDesk, line, mobile_payment
from tests.clearing_desk import payout as payout_of
from tests.desk import paid

THE_DAY = f"{BS}@2026-11-02"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Any:
    database = connect(database_url)
    yield ClearingDesk(database, tmp_path)
    database.close()


def _line(desk: ClearingDesk) -> int:
    return desk.open()[0].entry_id


class TestSettling:
    def test_a_part_of_a_day_and_the_rest_by_another_line(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00, line=3), paid("102", 250_00, line=4))
        desk.book("bank", line(450_00, "A"), line(300_00, "B", record=2))
        first, second = (one.entry_id for one in desk.open())
        done = desk.settle(first, THE_DAY)
        assert (done["amount"], done["left"], desk.on(BS)) == ("450.00", "0.00", 300_00)
        desk.settle(second, THE_DAY)
        assert (desk.on(BS), desk.open()) == (0, [])
        desk.proven()

    def test_a_part_of_a_line_and_the_rest_to_an_account(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(503_00))
        its = _line(desk)
        assert desk.settle(its, THE_DAY, 500_00)["left"] == "3.00"
        assert [(one.amount, one.whole) for one in desk.open()] == [(3_00, 503_00)]
        desk.settle(its, "account:roundings")
        assert (desk.on(BS), desk.on("named:roundings"), desk.on("suspense")) == (0, -3_00, 0)
        desk.proven()

    def test_money_that_went_out(self, desk: ClearingDesk) -> None:
        desk.book("bank", line(-50_00, "GEBYR"))
        desk.settle(_line(desk), "account:bank_fees")
        assert (desk.on("named:bank_fees"), desk.on("suspense")) == (50_00, 0)
        desk.proven()

    def test_a_payout_by_its_entry(self, desk: ClearingDesk) -> None:
        desk.book("mp", mobile_payment("101", 300_00), payout_of(300_00, "AAA"))
        desk.book("bank", line(300_00, "no such text"))
        desk.settle(_line(desk), str(desk.entry("settlement")))
        assert desk.on(IN_TRANSIT) == 0
        desk.proven()

    def test_asked_again_under_its_key_it_is_done_once(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        its = _line(desk)
        assert desk.settle(its, THE_DAY, key="k") == desk.settle(its, THE_DAY, key="k")
        assert desk.settlements() == [("person", 500_00)]

    def test_in_a_closed_period_it_is_posted_on_the_first_open_day(self, desk: ClearingDesk) -> None:
        """R22: the day is the bank's, as with a match."""
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        closed = {"books_closed_through": date(2026, 11, 10)}
        desk.desk.companies["1"] = desk.site.company("1").model_copy(update=closed)
        assert desk.settle(_line(desk), THE_DAY)["date"] == "2026-11-02"
        desk.proven()

    @pytest.mark.parametrize(
        ("target", "amount", "told"),
        [
            (THE_DAY, 800_00, "800.00 is more than the 700.00 that is open of bank line"),
            (THE_DAY, 0, "an amount is above zero"),
            (THE_DAY, 600_00, "600.00 is more than the 500.00 that is open of nets_bs"),
            (THE_DAY, None, "--amount 500.00"),
            (f"{BS}@2026-11-03", None, "nothing of nets_bs:02345678:00001@2026-11-03 is open"),
            (f"{BS}@yesterday", None, "'yesterday' is no day"),
            ("nets_bs:02345678:00009@2026-11-02", None, "there is no clearing account nets_bs:02345678:00009"),
            ("nets_bs:09999999:00001@2026-11-02", None, "money never moves between companies (R7)"),
            (f"{MOBILEPAY}@2026-11-02", None, "goes out by payouts"),
            ("4711", None, "entry 4711 is no payout that stands"),
            ("account:Bank Fees", None, "is no name of an account"),
            ("1-1-1-1", None, "for a tenancy: hub match"),
        ],
    )
    def test_what_it_cannot_be_is_refused(self, desk: ClearingDesk, target: str, amount: int | None, told: str) -> None:
        desk.book("bs", paid("101", 500_00, line=3), paid("901", 5_00, line=4, creditor="09999999"))
        desk.book("mp", mobile_payment("101", 300_00), payout_of(300_00))
        desk.book("bank", line(700_00))
        with pytest.raises(SettleRefusedError, match=re.escape(told)):
            desk.settle(_line(desk), target, amount)
        assert (desk.on("suspense"), desk.settlements()) == (-700_00, [])

    def test_a_line_that_went_out_is_no_day_that_comes_in(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(-500_00))
        with pytest.raises(SettleRefusedError, match=r"went out, and of nets_bs.* 500\.00 is to come in"):
            desk.settle(_line(desk), THE_DAY)

    def test_what_is_no_open_line_is_refused(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("nobody", 500_00))
        desk.book("bank", line(500_00))
        its = _line(desk)
        for entry_id, told in ((77, "there is no open bank line 77"), (its - 1000, "is unmatched money of a vendor")):
            with pytest.raises(SettleRefusedError, match=told):
                desk.settle(entry_id, THE_DAY)
        done = desk.settle(its, THE_DAY)
        with pytest.raises(SettleRefusedError, match=f"explained.*first: hub reverse {done['entry']}"):
            desk.settle(its, "account:bank_fees")

    def test_a_closed_company_takes_none(self, desk: ClearingDesk) -> None:
        desk.book("bank", line(500_00))
        desk.desk.companies["1"] = desk.site.company("1").model_copy(update={"closed": True})
        with pytest.raises(ClosedCompanyError):
            desk.settle(_line(desk), "account:bank_fees")


class TestTakingBack:
    def _settled(self, desk: ClearingDesk) -> tuple[int, int]:
        """The line, and what says that it is the day's."""
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(500_00))
        its = _line(desk)
        return its, int(desk.settle(its, THE_DAY)["entry"])

    def test_the_line_waits_again_and_is_settled_anew(self, desk: ClearingDesk) -> None:
        its, entry_id = self._settled(desk)
        done = desk.reverse(entry_id)
        assert (done["amount"], done["date"], desk.on(BS), desk.on("suspense")) == (
            "500.00",
            "2026-11-02",
            500_00,
            -500_00,
        )
        desk.proven()
        desk.settle(its, "account:other")
        assert (desk.on(BS), desk.on("named:other"), desk.on("suspense")) == (500_00, -500_00, 0)
        desk.proven()

    def test_on_another_day_than_its_own_it_is_refused(self, desk: ClearingDesk) -> None:
        _, entry_id = self._settled(desk)
        with pytest.raises(ReversalRefusedError, match="leave --date out"):
            desk.act("reverse", lambda acting: reversals.reverse(acting, entry_id, Why("other"), date(2026, 11, 5)))

    def test_the_line_itself_is_refused_while_it_is_settled(self, desk: ClearingDesk) -> None:
        its, entry_id = self._settled(desk)
        with pytest.raises(ReversalRefusedError, match=f"settled by entry {entry_id}.*first: hub reverse {entry_id}"):
            desk.reverse(its)
        with pytest.raises(MatchRefusedError, match=f"first: hub reverse {entry_id}"):
            desk.match(its, "1-1-2-1")
        desk.reverse(entry_id)
        desk.reverse(its)
        assert (desk.on(f"bank:{ACCOUNT}"), desk.on("suspense")) == (0, 0)
        desk.proven()

    def test_a_payout_is_refused_while_a_line_has_settled_it(self, desk: ClearingDesk) -> None:
        desk.book("mp", mobile_payment("101", 300_00), payout_of(300_00, "AAA"))
        sent = desk.entry("settlement")
        desk.book("bank", line(300_00, "AAA"))
        desk.reconcile()
        settled = desk.entry("settlement")
        with pytest.raises(ReversalRefusedError, match=f"first: hub reverse {settled}"):
            desk.reverse(sent)
        desk.reverse(settled)
        desk.reverse(sent)
        assert (desk.on(IN_TRANSIT), desk.on(MOBILEPAY)) == (0, 300_00)
        desk.proven()

    def test_what_is_left_of_a_line_may_be_a_tenants(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("101", 500_00))
        desk.book("bank", line(540_00))
        its = _line(desk)
        desk.settle(its, THE_DAY, 500_00)
        desk.match(its, "1-1-2-1")
        assert (desk.desk.balance("1-1-2-1"), desk.on("suspense")) == (-40_00, 0)
        desk.proven()

    def test_money_that_went_out_in_part_is_no_tenants(self, desk: ClearingDesk) -> None:
        desk.book("bank", line(-540_00))
        its = _line(desk)
        desk.settle(its, "account:bank_fees", 40_00)
        with pytest.raises(MatchRefusedError, match=r"only -500\.00 is left"):
            desk.match(its, "1-1-2-1")

    def test_a_line_taken_from_a_tenant_may_be_settled(self, desk: ClearingDesk) -> None:
        desk.book("bs", paid("102", 500_00))
        desk.book("bank", line(500_00, customer="101"))
        taken = desk.act("unmatch", lambda a: suspense.unmatch(a, desk.entry("payment"), Why("wrong_tenancy")))
        (waiting,) = desk.open()
        assert (waiting.entry_id, waiting.handled, waiting.file) == (taken["payment"], True, "file2")
        desk.settle(waiting.entry_id, THE_DAY)
        assert (desk.on(BS), desk.desk.balance("1-1-1-1"), desk.open()) == (0, 0, [])
        desk.proven()

    def test_the_banks_return_of_a_settled_line_is_a_line_of_its_own(self, desk: ClearingDesk) -> None:
        its, _ = self._settled(desk)
        link = f"bank|{ACCOUNT}|{DAY}|1"
        desk.book("bank", line(-500_00, "retur", record=9, on=date(2026, 11, 9), takes_back=link))
        assert [one.amount for one in desk.open() if one.entry_id != its] == [-500_00]
        desk.proven()


class TestVerify:
    """Each rule finds what was changed outside the hub."""

    def _books(self, desk: ClearingDesk) -> None:
        slip = paid("101", 20_00, line=9, trace="slip")._replace(payment_id="4711", archive_reference="R")
        desk.book("bs", paid("101", 500_00, line=3), slip)
        desk.book("mp", mobile_payment("101", 300_00), payout_of(300_00, "AAA"))
        seen = PaymentSeen(7, ACCOUNT, "81234567", "4711", 20_00, "DKK", DAY, "R", "seen|1", "FI")
        desk.book("bank", line(520_00), line(300_00, "AAA", record=2), line(-5_00, "fee", record=3), seen)
        desk.reconcile()
        desk.settle(_line(desk), "account:bank_fees")
        assert len(desk.settlements()) == 3
        desk.proven()

    def _spoilt(self, desk: ClearingDesk, change: Any) -> str:
        self._books(desk)
        with desk.db.write() as conn:
            assert conn.execute(change).rowcount
        with desk.db.read() as conn:
            return "\n".join(verify(conn).problems)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda: update(settlement).values(amount=settlement.c.amount + 1), "its entry says another thing"),
            (lambda: update(settlement).values(line_id=1), "its entry says another thing"),
            (lambda: update(settlement).values(how="guess"), "its entry says another thing"),
            (lambda: settlement.delete().where(settlement.c.how == "day"), "was found to be is not there"),
            (lambda: payout.delete(), "is a settlement, and payout is not there"),
            (lambda: update(settlement).where(settlement.c.how == "payout").values(item_id=1), "which is not what it"),
            (lambda: update(payout).values(amount=299_00), "and its entry says another thing"),
            (lambda: update(payout).values(creditor="1"), "and its entry says another thing"),
            (lambda: update(payout).values(amount=299_00), "that no bank line has settled are -1.00"),
            (lambda: update(bank_line).values(amount=bank_line.c.amount + 1), "and its entry says another thing"),
            (lambda: update(slip_payment).values(amount=1), "by slip is kept as 0.01"),
            (lambda: update(witness).values(amount=1), "which is no such payment"),
            (lambda: update(witness).values(confirmed_at=None), "which is no such payment"),
            (lambda: update(suspense_table).values(remaining=1), "suspense says 0.01 of"),
            (
                lambda: update(account).where(account.c.code.like("%:payout")).values(balance=7),
                "account clearing:mobilepay:123456:payout has 0.07",
            ),
        ],
    )
    def test_a_row_that_was_changed_is_found(self, desk: ClearingDesk, change: Callable[[], Any], told: str) -> None:
        assert told in self._spoilt(desk, change())
