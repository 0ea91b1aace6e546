"""One payment, two witnesses (R17): one source books it, every other one confirms it; a second payment is a second."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub.plugin import BankLine, Chargeback, Payment, PaymentSeen
from hub.reconciling.second_witnesses import ConfirmRefusedError, confirm_by_hand, judged_witnesses
from hub.store.clearing.witnesses import open_witnesses
from hub.store.database import Database
from hub.store.tables import company, entry, outcome, reading, slip_payment, witness
from tests.asked import SLIP_CREDITOR, asked, slip_of
from tests.clearing_desk import ACCOUNT, BS, DAY, ClearingDesk, line
from tests.desk import paid
from tests.hand import FIRST

SLIP = "12345678901237"
BANK = f"bank:{ACCOUNT}"
AMOUNT = 500_00
#: Nothing in these is a database's own.
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> ClearingDesk:
    made = ClearingDesk(database, tmp_path)
    with made.db.write() as conn:
        conn.execute(update(company).where(company.c.number == "1").values(fi_creditor=SLIP_CREDITOR))
    slip_of(made.desk, FIRST, SLIP, None)
    # The hub has asked somebody under this creditor number, or no slip would be looked for.
    asked(made.desk, FIRST, "000000001", amount=-1_00)
    return made


@pytest.fixture
def bank_books(desk: ClearingDesk) -> ClearingDesk:
    desk.set("bank", books_slips_of=(SLIP_CREDITOR,))
    return desk


def told_by_betalingsservice(
    record: int = 1, *, archive: str = "AR1", amount: int = AMOUNT, payment_id: str = SLIP, on: date = DAY
) -> Payment:
    one = paid(payment_id, amount, line=record, on=on, trace=archive)
    return one._replace(payment_id=payment_id, archive_reference=archive)


def by_bank(record: int = 1, *, servicer: str = "AR1", amount: int = AMOUNT, name: str = "") -> BankLine:
    told = {"creditor": SLIP_CREDITOR, "payment_id": SLIP, "servicer_reference": servicer}
    return line(amount, record=record, **told, key=f"bank|slip|{servicer}{name}", link="bank|slip")


def notified(record: int = 1, *, servicer: str = "AR1", payment_id: str = "", amount: int = AMOUNT) -> PaymentSeen:
    key = f"bank|seen|{servicer}"
    creditor = SLIP_CREDITOR if payment_id else ""
    return PaymentSeen(record, ACCOUNT, creditor, payment_id, amount, "DKK", DAY, servicer, key, "Indbetalingskort")


def witnesses(desk: ClearingDesk) -> list[tuple[object, ...]]:
    """(instance, whether it is confirmed, how many it may be) of those of standing readings, oldest first."""
    query = (
        select(witness.c.vendor, witness.c.entry_id.is_not(None), witness.c.candidates)
        .join(reading, reading.c.id == witness.c.reading_id)
        .where(reading.c.reversed_at.is_(None))
    )
    return [(vendor, bool(known), count) for vendor, known, count in desk.desk.all(query.order_by(witness.c.id))]


class TestTheBankBooks:
    def test_betalingsservice_then_the_bank(self, bank_books: ClearingDesk) -> None:
        seen = bank_books.book("bs", told_by_betalingsservice())
        assert (seen.state, seen.counts.kept, seen.counts.booked, seen.amount, seen.total) == (
            "booked",
            1,
            0,
            0,
            AMOUNT,
        )
        assert (bank_books.desk.balance(FIRST), bank_books.on(BS)) == (0, 0)
        assert bank_books.reconcile().confirmed == 0
        bank_books.book("bank", by_bank())
        assert bank_books.desk.balance(FIRST) == -AMOUNT
        assert bank_books.reconcile().confirmed == 1
        assert witnesses(bank_books) == [("bs", True, 1)]
        bank_books.proven()

    def test_the_bank_then_betalingsservice(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bank", by_bank())
        bank_books.book("bs", told_by_betalingsservice())
        assert bank_books.reconcile().confirmed == 1
        assert (bank_books.desk.balance(FIRST), witnesses(bank_books)) == (-AMOUNT, [("bs", True, 1)])
        assert (bank_books.on(BANK), bank_books.on(BS)) == (AMOUNT, 0)
        told = select(outcome.c.outcome, outcome.c.reason)
        why = "BS: seen here, bank books payments by this company's slips (R17)"
        assert bank_books.desk.all(told) == [("seen", why)]
        bank_books.proven()

    @sqlite_only
    @pytest.mark.parametrize("bank_first", [True, False])
    def test_a_number_that_the_portfolio_lacks_is_not_booked_by_both(
        self, bank_books: ClearingDesk, bank_first: bool
    ) -> None:
        """By the portfolio alone Betalingsservice knows that it is to leave the company's slips to the bank."""
        with bank_books.db.write() as conn:
            conn.execute(update(company).values(fi_creditor=None))
        told = [("bank", by_bank()), ("bs", told_by_betalingsservice())]
        for vendor, record in told if bank_first else told[::-1]:
            bank_books.book(vendor, record)
        (waiting,) = bank_books.open()
        assert "put its number into the portfolio's column fi_creditor (R14)" in waiting.reason
        bank_books.reconcile()
        assert (bank_books.desk.balance(FIRST), bank_books.on(BANK), bank_books.on(BS)) == (-AMOUNT, AMOUNT, 0)
        bank_books.proven()

    def test_a_tenant_who_pays_the_same_slip_twice_has_both(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bank", by_bank(1, servicer="AR1"), by_bank(2, servicer="AR2"))
        bank_books.book("bs", told_by_betalingsservice(1, archive="AR1"), told_by_betalingsservice(2, archive="AR2"))
        assert bank_books.desk.balance(FIRST) == -2 * AMOUNT
        assert bank_books.reconcile().confirmed == 2
        bank_books.proven()

    def test_what_nothing_tells_apart_waits_for_a_person(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bank", by_bank(1, servicer="", name="a"), by_bank(2, servicer="", name="b"))
        bank_books.book("bs", told_by_betalingsservice(1, archive=""))
        assert bank_books.reconcile().confirmed == 0
        assert (bank_books.desk.balance(FIRST), witnesses(bank_books)) == (-2 * AMOUNT, [("bs", False, 2)])

    def test_the_person_says_which_it_is_and_books_nothing(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bank", by_bank(1, servicer="B1"), by_bank(2, servicer="B2"))
        bank_books.book("bs", told_by_betalingsservice(1, archive="A1"), told_by_betalingsservice(2, archive="A2"))
        assert bank_books.reconcile().confirmed == 0
        with bank_books.db.read() as conn:
            first, second = judged_witnesses(conn, open_witnesses(conn))
        (one, other) = (like.payment.entry_id for like in first.alike)
        assert {like.why_not for like in first.alike} == {
            "its reference is B1, what was seen has A1",
            "its reference is B2, what was seen has A1",
        }

        said = bank_books.act("confirm", lambda acting: confirm_by_hand(acting, first.seen.id, one))
        assert (said["entry"], said["amount"], bank_books.desk.balance(FIRST)) == (one, "500.00", -2 * AMOUNT)
        for entry_id, why in ((one, f"entry {one} is not what was seen"), (999_999, "is not what was seen")):
            with pytest.raises(ConfirmRefusedError, match=why):
                bank_books.act("confirm", lambda acting, id_=entry_id: confirm_by_hand(acting, second.seen.id, id_))
        with pytest.raises(ConfirmRefusedError, match=f"is known to be entry {one}"):
            bank_books.act("confirm", lambda acting: confirm_by_hand(acting, first.seen.id, other))
        bank_books.act("confirm", lambda acting: confirm_by_hand(acting, second.seen.id, other))
        assert [known for _, known, _ in witnesses(bank_books)] == [True, True]
        bank_books.proven()

    @sqlite_only
    def test_what_the_bank_books_a_day_later_a_person_may_say_is_it(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bank", by_bank())
        bank_books.book("bs", told_by_betalingsservice(on=date(2026, 11, 3)))
        assert bank_books.reconcile().confirmed == 0
        with bank_books.db.read() as conn:
            (waiting,) = judged_witnesses(conn, open_witnesses(conn))
        (like,) = waiting.alike
        assert like.why_not == f"it was booked on {DAY}"
        bank_books.act("confirm", lambda acting: confirm_by_hand(acting, waiting.seen.id, like.payment.entry_id))
        bank_books.proven()
        bank_books.reverse_file(bank_books.files[0])
        assert witnesses(bank_books) == [("bs", False, 0)]
        bank_books.proven()

    @sqlite_only
    @pytest.mark.parametrize("other", [{"amount": AMOUNT + 1}, {"archive": "AR9"}, {"on": date(2026, 11, 3)}])
    def test_another_amount_day_or_reference_is_another_payment(
        self, bank_books: ClearingDesk, other: dict[str, object]
    ) -> None:
        bank_books.book("bank", by_bank())
        bank_books.book("bs", told_by_betalingsservice(**other))
        assert (bank_books.reconcile().confirmed, witnesses(bank_books)) == (0, [("bs", False, 0)])

    @sqlite_only
    def test_automatic_payments_are_booked_as_ever(self, bank_books: ClearingDesk) -> None:
        booked = bank_books.book("bs", paid("101", 70_00, line=1), told_by_betalingsservice(2))
        assert (booked.counts.booked, booked.counts.kept, booked.amount, booked.total) == (1, 1, 70_00, 70_00 + AMOUNT)
        assert bank_books.desk.balance(FIRST) == -70_00
        bank_books.proven()

    @sqlite_only
    def test_a_slip_that_comes_back_is_taken_back_once(self, bank_books: ClearingDesk) -> None:
        # R9: the bank's line debits the tenant, section 0215's charge-back only tells of it.
        bank_books.book("bank", by_bank(), line(-AMOUNT, record=2, takes_back="bank|slip"))
        one = told_by_betalingsservice()
        back = Chargeback(2, *one[1:10], one.link, f"{one.link}|0299|{DAY}|AR1", "retur", SLIP)
        seen = bank_books.book("bs", one, back)
        assert (seen.counts.kept, seen.amount, seen.total) == (2, 0, 0)
        assert bank_books.desk.balance(FIRST) == 0
        bank_books.proven()

    def test_the_same_records_in_another_file_are_told_of_once(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bs", told_by_betalingsservice())
        again = bank_books.book("bs", told_by_betalingsservice(), told_by_betalingsservice(2, archive="AR2"))
        assert (again.state, again.counts.duplicate, again.counts.kept) == ("booked", 1, 1)
        whole = bank_books.book("bs", told_by_betalingsservice())
        assert (whole.state, whole.counts.duplicate) == ("duplicate", 1)
        assert len(witnesses(bank_books)) == 2
        bank_books.proven()

    def test_a_reversed_file_has_seen_nothing_and_confirmed_nothing(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bank", by_bank())
        bank_books.book("bs", told_by_betalingsservice(), paid("101", 1_00, line=2))
        assert bank_books.reconcile().confirmed == 1
        bank_books.reverse_file(bank_books.files[-1])
        assert witnesses(bank_books) == []
        bank_books.retry(bank_books.files[-1], "bs", told_by_betalingsservice(), paid("101", 1_00, line=2))
        assert bank_books.reconcile().confirmed == 1
        assert witnesses(bank_books) == [("bs", True, 1)]
        bank_books.proven()

    @sqlite_only
    def test_who_books_is_changed_by_reading_the_file_anew(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bs", told_by_betalingsservice())
        bank_books.reverse_file(bank_books.files[-1])
        bank_books.set("bank", books_slips_of=())
        again = bank_books.retry(bank_books.files[-1], "bs", told_by_betalingsservice())
        assert (again.counts.booked, bank_books.desk.balance(FIRST), witnesses(bank_books)) == (1, -AMOUNT, [])
        bank_books.proven()

    def test_when_the_payment_itself_is_reversed_its_witness_is_open_again(self, bank_books: ClearingDesk) -> None:
        bank_books.book("bank", by_bank())
        bank_books.book("bs", told_by_betalingsservice())
        bank_books.reconcile()
        bank_books.reverse_file(bank_books.files[0])
        assert (bank_books.reconcile().confirmed, witnesses(bank_books)) == (0, [("bs", False, 0)])
        bank_books.retry(bank_books.files[0], "bank", by_bank())
        assert (bank_books.reconcile().confirmed, bank_books.desk.balance(FIRST)) == (1, -AMOUNT)
        bank_books.proven()


class TestBetalingsserviceBooks:
    @pytest.mark.parametrize("bank_first", [True, False])
    def test_the_bank_line_settles_its_clearing(self, desk: ClearingDesk, bank_first: bool) -> None:
        files = [("bank", by_bank()), ("bs", told_by_betalingsservice())]
        for vendor, record in files if bank_first else files[::-1]:
            desk.book(vendor, record)
            desk.reconcile()
        assert (desk.desk.balance(FIRST), desk.on(BS), desk.on(BANK)) == (-AMOUNT, 0, AMOUNT)
        kept = select(slip_payment.c.payment_id, slip_payment.c.archive_reference, slip_payment.c.amount)
        assert desk.desk.all(kept) == [(SLIP, "AR1", AMOUNT)]
        assert (desk.open(), desk.settlements()) == ([], [("slip", AMOUNT)])
        desk.proven()

    @sqlite_only
    def test_two_payments_by_one_slip_settle_by_their_references(self, desk: ClearingDesk) -> None:
        desk.book("bs", told_by_betalingsservice(1, archive="AR1"), told_by_betalingsservice(2, archive="AR2"))
        desk.book("bank", by_bank(1, servicer="AR1"), by_bank(2, servicer="AR2"))
        desk.reconcile()
        assert (desk.desk.balance(FIRST), desk.on(BS), desk.open()) == (-2 * AMOUNT, 0, [])
        desk.proven()

    @sqlite_only
    def test_other_companies_and_other_creditors_are_not_asked(self, desk: ClearingDesk) -> None:
        desk.set("bank", books_slips_of=("80000001",))
        assert desk.book("bs", told_by_betalingsservice()).counts.booked == 1


class TestNotified:
    @pytest.mark.parametrize("statement_first", [True, False])
    def test_a_notification_and_a_statement_of_one_account(
        self, bank_books: ClearingDesk, statement_first: bool
    ) -> None:
        files = [by_bank(), notified()]
        for record in files if statement_first else files[::-1]:
            bank_books.book("bank", record)
            bank_books.reconcile()
        assert (bank_books.desk.balance(FIRST), bank_books.on(BANK)) == (-AMOUNT, AMOUNT)
        assert witnesses(bank_books) == [("bank", True, 1)]
        bank_books.proven()

    @sqlite_only
    def test_a_payment_that_betalingsservice_books_is_confirmed_by_its_payment_id(self, desk: ClearingDesk) -> None:
        desk.book("bank", notified(servicer="", payment_id=SLIP))
        desk.book("bs", told_by_betalingsservice())
        desk.book("bank", by_bank(servicer=""))
        assert desk.reconcile().confirmed == 1
        assert witnesses(desk) == [("bank", True, 1)]
        desk.proven()

    @sqlite_only
    def test_what_was_seen_on_an_account_of_nobody_is_held(self, desk: ClearingDesk) -> None:
        desk.set("bank", numbers={})
        held = desk.book("bank", notified())
        assert (held.state, held.counts.held, witnesses(desk)) == ("quarantined", 1, [])

    @sqlite_only
    def test_read_again_after_a_part_was_held_it_is_seen_once(self, desk: ClearingDesk) -> None:
        desk.set("bank", numbers={ACCOUNT: "1"})
        other = notified(2, servicer="AR2")._replace(account="OTHER")
        first = desk.book("bank", notified(), other)
        assert (first.state, first.counts.kept, first.counts.held) == ("partly_booked", 1, 1)
        desk.set("bank", numbers={ACCOUNT: "1", "OTHER": "1"})
        again = desk.retry(desk.files[-1], "bank", notified(), other)
        assert (again.state, again.counts.kept, len(witnesses(desk))) == ("booked", 2, 2)
        assert desk.desk.all(select(entry.c.id)) == []
        desk.proven()


def booked_by_notification(record: int = 1) -> Payment:
    one = paid(SLIP, AMOUNT, line=record, creditor=SLIP_CREDITOR, group="")
    return one._replace(payment_id=SLIP, archive_reference="AR1", link="notified", key="notified|AR1", due_date=None)


class TestTheNotificationBooks:
    def test_it_finds_the_tenant_by_his_slip_and_the_statement_settles_it(self, bank_books: ClearingDesk) -> None:
        bank_books.set("bank", numbers={ACCOUNT: "1", SLIP_CREDITOR: "1"})
        bank_books.book("bank", booked_by_notification())
        bank_books.book("bank", by_bank()._replace(slip_fault="camt.054 books it"))
        bank_books.reconcile()
        assert bank_books.desk.balance(FIRST) == -AMOUNT
        assert (bank_books.on(f"iso20022:{SLIP_CREDITOR}:"), bank_books.on(BANK), bank_books.open()) == (0, AMOUNT, [])
        bank_books.proven()

    @sqlite_only
    def test_where_the_bank_is_not_said_to_book_slips_it_only_tells_of_them(self, desk: ClearingDesk) -> None:
        desk.set("bank", numbers={ACCOUNT: "1", SLIP_CREDITOR: "1"})
        seen = desk.book("bank", booked_by_notification())
        assert (seen.counts.kept, desk.desk.balance(FIRST)) == (1, 0)
        desk.book("bs", told_by_betalingsservice())
        assert (desk.reconcile().confirmed, desk.desk.balance(FIRST)) == (1, -AMOUNT)
        desk.proven()
