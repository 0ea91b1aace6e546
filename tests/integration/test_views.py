"""What a bookkeeper is shown: balances on a day, movements, unmatched money, documents."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.store import views
from hub.store.database import Database
from hub.store.documents import Place, file_document
from hub.store.portfolio import property_by_numbers, tenancy_by_key
from tests.desk import NOW, Desk, failed, paid, result, taken_back

HOME, OTHER_HOME = "1-1-1-1", "1-1-2-1"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


def balance(desk: Desk, as_of: str, key: str = HOME) -> tuple[int, int, int]:
    """Balance, overdue and coming."""
    with desk.db.read() as conn:
        found = views.balance(conn, key, date.fromisoformat(as_of))
    return found.balance, found.overdue, found.coming


class TestBalance:
    def test_a_charge_counts_from_its_day_and_is_overdue_after_its_last_timely_day(self, desk: Desk) -> None:
        # R21: 1 November 2026 is a Sunday, so Monday is in time.
        desk.charge(HOME, "NOV", "2026-11-01", 500_00)
        assert balance(desk, "2026-10-31") == (0, 0, 500_00)
        assert balance(desk, "2026-11-01") == (500_00, 0, 0)
        assert balance(desk, "2026-11-02") == (500_00, 0, 0)
        assert balance(desk, "2026-11-03") == (500_00, 500_00, 0)

    def test_a_business_has_until_the_third_weekday(self, desk: Desk) -> None:
        with desk.db.write() as conn:
            conn.exec_driver_sql("UPDATE tenancy SET business = true")
        desk.charge(HOME, "NOV", "2026-11-02", 500_00)
        assert balance(desk, "2026-11-05") == (500_00, 0, 0)
        assert balance(desk, "2026-11-06") == (500_00, 500_00, 0)

    def test_a_payment_of_next_week_is_coming_and_what_is_overdue_stays_so_until_then(self, desk: Desk) -> None:
        # R10
        desk.charge(HOME, "OCT", "2026-10-01", 500_00)
        desk.book(paid("101", 500_00, "OCT", on=date(2026, 11, 9)))
        assert balance(desk, "2026-11-08") == (500_00, 500_00, -500_00)
        assert balance(desk, "2026-11-09") == (0, 0, 0)

    def test_a_day_in_the_past_knows_nothing_of_later_payments(self, desk: Desk) -> None:
        desk.charge(HOME, "SEP", "2026-09-01", 500_00)
        desk.charge(HOME, "OCT", "2026-10-01", 500_00)
        desk.book(paid("101", 500_00, "SEP", on=date(2026, 9, 20)))
        assert balance(desk, "2026-09-15") == (500_00, 500_00, 0)
        assert balance(desk, "2026-09-25") == (0, 0, 500_00)
        assert balance(desk, "2026-10-15") == (500_00, 500_00, 0)

    def test_a_credit_takes_from_what_is_overdue(self, desk: Desk) -> None:
        desk.book(paid("101", 200_00, on=date(2026, 9, 1)))
        desk.charge(HOME, "OCT", "2026-10-01", 500_00)
        assert balance(desk, "2026-09-02") == (-200_00, 0, 500_00)
        assert balance(desk, "2026-10-05") == (300_00, 300_00, 0)

    def test_a_credit_that_counts_only_next_week_pays_nothing_before(self, desk: Desk) -> None:
        """The charge has used up the credit at once, but not overdue is what is not overdue (R10, R21)."""
        desk.book(paid("101", 500_00, on=date(2026, 11, 9)))
        desk.charge(HOME, "NOV", "2026-11-02", 500_00)
        assert balance(desk, "2026-11-02") == (500_00, 0, -500_00)
        assert balance(desk, "2026-11-03") == (500_00, 500_00, -500_00)
        assert balance(desk, "2026-11-09") == (0, 0, 0)

    def test_a_result_counts_when_booked_and_falls_due_later(self, desk: Desk) -> None:
        # R28: booked on 22 November 2026, due on 1 January 2027, a holiday before a weekend.
        desk.book(result("1", 400_00))
        assert balance(desk, "2026-11-21") == (0, 0, 400_00)
        assert balance(desk, "2026-11-22") == (400_00, 0, 0)
        assert balance(desk, "2027-01-04") == (400_00, 0, 0)
        assert balance(desk, "2027-01-05") == (400_00, 400_00, 0)

    def test_what_a_charge_back_reopens_is_overdue_again(self, desk: Desk) -> None:
        # R9
        desk.charge(HOME, "OCT", "2026-10-01", 500_00)
        desk.book(paid("101", 500_00, "OCT", on=date(2026, 10, 1)))
        desk.book(taken_back("101", 500_00, "OCT", on=date(2026, 10, 20)))
        assert balance(desk, "2026-10-19") == (0, 0, 500_00)
        assert balance(desk, "2026-10-20") == (500_00, 500_00, 0)

    def test_says_whose_it_is_and_takes_leading_zeros(self, desk: Desk) -> None:
        with desk.db.read() as conn:
            found = views.balance(conn, "01-0001-01-01", date(2026, 11, 1))
        assert (found.tenancy, found.name, found.currency) == (HOME, "Søren", "DKK")

    def test_an_unknown_tenancy_is_named(self, desk: Desk) -> None:
        with desk.db.read() as conn, pytest.raises(HubError, match=r"no tenancy 1-1-9-9.*1-12-304-2"):
            views.balance(conn, "1-1-9-9", date(2026, 11, 1))


class TestMovements:
    def test_come_by_value_date_with_the_balance_after_each(self, desk: Desk) -> None:
        desk.charge(HOME, "NOV", "2026-11-01", 500_00)
        desk.charge(HOME, "OCT", "2026-10-01", 500_00)
        desk.book(paid("101", 300_00, "OCT", on=date(2026, 10, 3), line=7), failed("101", 500_00, line=8))
        with desk.db.read() as conn:
            found = views.movements(conn, HOME)
        assert [(str(one.value_date), one.kind, one.amount, one.balance) for one in found] == [
            ("2026-10-01", "charge", 500_00, 500_00),
            ("2026-10-03", "payment", -300_00, 200_00),
            ("2026-11-01", "charge", 500_00, 700_00),
            ("2026-11-02", "payment_failed", 0, 700_00),
        ]
        assert {one.recorded_at for one in found} == {NOW}
        assert [one.source[:2] for one in found] == [("", None), ("file1", 7), ("", None), ("file1", 8)]

    def test_are_only_the_tenancys_own(self, desk: Desk) -> None:
        desk.book(paid("101", 300_00), paid("102", 100_00))
        with desk.db.read() as conn:
            assert [one.amount for one in views.movements(conn, OTHER_HOME)] == [-100_00]


class TestUnmatched:
    def test_money_of_nobody_is_shown_positive_with_the_reason(self, desk: Desk) -> None:
        # R19
        desk.book(paid("777", 150_00, "REF9", line=4))
        with desk.db.read() as conn:
            (one,) = views.unmatched(conn)
        assert (one.company, one.amount, one.vendor, one.customer, one.reference) == ("1", 150_00, "bs", "777", "REF9")
        assert "'777' is unknown" in one.reason
        assert one.source[:2] == ("file1", 4)

    def test_what_was_charged_back_is_unmatched_no_longer(self, desk: Desk) -> None:
        desk.book(paid("777", 150_00, "REF9"))
        desk.book(taken_back("777", 150_00, "REF9"))
        with desk.db.read() as conn:
            assert list(views.unmatched(conn)) == []


class TestDocuments:
    @pytest.fixture
    def filed(self, desk: Desk) -> Desk:
        with desk.db.write() as conn:
            property_ = property_by_numbers(conn, "1", "1")
            tenancy = tenancy_by_key(conn, HOME)
            assert property_ is not None
            assert tenancy is not None
        for tenancy_id in (None, tenancy.ref.id):
            file = desk.new_file()
            with desk.db.write() as conn:
                period = (date(2025, 6, 1), date(2026, 5, 31))
                file_document(conn, file.id, Place(property_.id, tenancy_id, "75020", *period))
        return desk

    def test_of_a_property_include_its_tenants(self, filed: Desk) -> None:
        with filed.db.read() as conn:
            found = views.documents(conn, "1-01")
        assert [(one.name, one.property, one.tenancy) for one in found] == [
            ("file1", "1-1", None),
            ("file2", "1-1", HOME),
        ]

    def test_of_a_tenancy_are_its_own(self, filed: Desk) -> None:
        with filed.db.read() as conn:
            (found,) = views.documents(conn, HOME)
            assert views.documents(conn, OTHER_HOME) == []
        assert (found.name, found.charge_type, found.period_to) == ("file2", "75020", date(2026, 5, 31))
        assert found.received_at == datetime(2026, 11, 22, 12, tzinfo=UTC)

    @pytest.mark.parametrize("key", ["1-9", "9-1", "1", "1-1-1", ""])
    def test_an_unknown_place_is_named(self, filed: Desk, key: str) -> None:
        with filed.db.read() as conn, pytest.raises(HubError, match=f"no (property|tenancy) {key}"):
            views.documents(conn, key)
