"""What a meter company is told, and that it is told it once (R2, R27, R32, R33)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.consumption.export import UntellableError, try_out
from hub.consumption.on_account import OnAccount, on_account_of
from hub.consumption.tenants import moved_out_by
from hub.errors import HubError
from hub.imports.holdings import import_holdings
from hub.store.collecting.deliveries import change_state
from hub.store.consumption.exports import last_told
from hub.store.database import Database
from hub.store.tables import consumption_account, consumption_exported, delivery, tenancy
from hub.transport.content import blob_path
from tests.desk import NOW, ref
from tests.exporting import (
    COMES_AFTER,
    FORTY,
    GONE_BEFORE,
    MOVED_IN,
    MOVED_OUT,
    NOBODY,
    PERIOD,
    STAYED,
    ExportingHand,
    row,
)

ONE, TWO = "1-7-1-1", "1-7-2-1"
OCTOBER = (date(2025, 10, 1), date(2025, 10, 31))


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Iterator[ExportingHand]:
    hand = ExportingHand(database, tmp_path)
    yield hand
    hand.proved()


def lines_of(hand: ExportingHand, sha256: str) -> list[list[str]]:
    """The writer's columns."""
    text = blob_path(hand.site.content, sha256).read_bytes().decode("iso8859-1")
    return [line.split("|") for line in text.split("\r\n")[:-1]]


class TestWhoIsTold:
    def test_all_who_lived_there_and_each_once(self, hand: ExportingHand) -> None:
        assert tuple(hand.told()) == FORTY
        assert len(FORTY) == 40

    def test_the_file_says_where_who_moved_out_lives_now(self, hand: ExportingHand) -> None:
        lines = {"-".join(line[1:5]): line for line in lines_of(hand, hand.export().delivery.sha256)}
        move_in, move_out, new_address = 7, 8, slice(14, 17)
        assert lines[MOVED_OUT[0]][move_out] == "2025-11-30"
        assert lines[MOVED_OUT[0]][new_address] == ["Nyvej 1", "5000", "Odense"]
        assert lines[MOVED_IN[1]][move_in] == "2026-05-31"
        assert lines[STAYED[0]][move_out] == ""
        assert lines[STAYED[0]][new_address] == ["", "", ""]

    def test_who_moves_out_after_the_cut_off_is_still_present(self, hand: ExportingHand) -> None:
        # Today is 22 November 2026, and the cut-off the end of the third month after it: item 08.10.
        leaving = {STAYED[0]: "2026-08-31", STAYED[1]: "2027-02-28", STAYED[2]: "2027-03-01"}
        hand.people(*(row(key, move_out=day, new="Nyvej 3,5000,Odense") for key, day in leaving.items()))
        told = [(line[8], line[14]) for line in lines_of(hand, hand.export().delivery.sha256)[:3]]
        assert told == [("2026-08-31", "Nyvej 3"), ("2027-02-28", "Nyvej 3"), ("", "")]

    def test_the_cut_off_is_the_end_of_a_month(self) -> None:
        assert moved_out_by(date(2026, 11, 22), 3) == date(2027, 2, 28)
        assert moved_out_by(date(2027, 11, 30), 3) == date(2028, 2, 29)
        assert moved_out_by(date(2026, 1, 31), 0) == date(2026, 1, 31)
        assert moved_out_by(date(2026, 9, 1), 3) == date(2026, 12, 31)

    def test_a_garage_is_told_of_where_something_was_asked_for_it(self, hand: ExportingHand) -> None:
        hand.people(row("1-7-901-1", main="1"), row("1-7-902-1", main="2"))
        hand.on_account("1-7-902-1", 50_00, *OCTOBER)
        assert tuple(hand.told()) == (*FORTY, "1-7-902-1")

    def test_charged_on_account_and_not_in_the_file_is_told_to_the_person(self, hand: ExportingHand) -> None:
        hand.on_account(NOBODY, 100_00, *OCTOBER)
        hand.on_account(GONE_BEFORE, 200_00, *OCTOBER)
        hand.on_account(COMES_AFTER, 300_00, date(2026, 6, 1), date(2026, 6, 30))
        left = hand.plan().left
        assert [(one.tenancy, one.amount) for one in left] == [(GONE_BEFORE, 200_00), (NOBODY, 100_00)]


class TestOnAccount:
    def test_what_was_charged_counts_less_credit_notes_paid_or_not(self, hand: ExportingHand, tmp_path: Path) -> None:
        hand.write_off_to("5.00")
        expected: dict[str, OnAccount] = {}
        keys = iter(STAYED)

        def charged(charge: int, paid: int) -> str:
            """The next tenancy, of whom so much is to count."""
            expected[key := next(keys)] = OnAccount(charge, paid)
            return key

        both = charged(1200_00, 700_00)
        hand.on_account(both, 600_00, *OCTOBER)
        hand.on_account(both, 600_00, date(2025, 11, 1), date(2025, 11, 30))
        hand.pay(both, 700_00)
        for paid in (0, 250_00, 600_00):
            credited = charged(450_00, min(paid, 450_00))
            self.credit(hand, credited, paid)
        uncredited = charged(600_00, 250_00)
        hand.reverse(self.credit(hand, uncredited, 250_00))
        hand.reverse(hand.on_account(next(keys), 600_00, *OCTOBER).entry)
        forgiven = charged(600_00, 597_00)
        hand.on_account(forgiven, 600_00, *OCTOBER)
        hand.pay(forgiven, 597_00)
        hand.on_account(next(keys), 600_00, *OCTOBER, type="75040")
        before, later = charged(2400_00, 1800_00), next(keys)
        self.hold(hand, tmp_path, before, later)
        hand.on_account(before, 600_00, *OCTOBER)
        assert self.amounts(hand) == expected

    def test_a_line_counts_where_all_its_days_lie_in_the_account(self, hand: ExportingHand) -> None:
        counting = (
            (date(2025, 6, 1), date(2025, 6, 30)),
            (date(2026, 5, 1), date(2026, 5, 31)),
            # Without days of its own it is for the day on which it falls due.
            (date(2026, 5, 31), None),
        )
        others = (
            (date(2025, 5, 1), date(2025, 5, 31)),
            (date(2026, 6, 1), date(2026, 6, 30)),
            (date(2026, 6, 1), None),
        )
        for key, (first, last) in zip(STAYED, (*counting, *others), strict=False):
            hand.on_account(key, 600_00, first, last)
        assert self.amounts(hand) == dict.fromkeys(STAYED[:3], OnAccount(600_00, 0))

    def test_a_line_of_two_accounts_is_in_neither_and_told_to_the_person(self, hand: ExportingHand) -> None:
        hand.on_account(ONE, 600_00, date(2026, 4, 1), date(2026, 6, 30))
        (left,) = hand.plan().left
        assert (left.tenancy, left.amount) == (ONE, 600_00)
        assert "2026-04-01..2026-06-30" in left.why
        assert hand.told()[ONE] == 0

    def test_what_was_paid_is_told_where_that_is_the_basis(self, hand: ExportingHand) -> None:
        hand.on_account(ONE, 600_00, *OCTOBER)
        hand.pay(ONE, 450_00)
        assert hand.told()[ONE] == 600_00
        hand.config["consumption"] |= {"basis": "paid"}
        assert hand.told()[ONE] == 450_00

    def credit(self, hand: ExportingHand, key: str, paid: int) -> int:
        reference = hand.on_account(key, 600_00, *OCTOBER).reference
        if paid:
            hand.pay(key, paid)
        return int(hand.credit(key, reference, 150_00)["entry"])

    def hold(self, hand: ExportingHand, folder: Path, within: str, before: str) -> None:
        """What was held when the books began, within the account's days and on the day before."""
        table = folder / "held.csv"
        rows = (
            f"{within},heat,1800.00,2025-09-01,H1",
            f"{within},deposit,9000.00,2025-09-01,H2",
            f"{before},heat,1.00,2025-05-31,H3",
        )
        table.write_text("\n".join(["tenancy,holding,amount,date,reference", *rows]) + "\n")
        company_of = hand.site.company
        assert not import_holdings(hand.db, table, now=NOW, actor="test", company_of=company_of).bad

    def amounts(self, hand: ExportingHand) -> dict[str, OnAccount]:
        with hand.db.read() as conn:
            found = on_account_of(conn, ref(conn, ONE).property_id, "75020", PERIOD)
            keys = dict(conn.execute(select(tenancy.c.id, tenancy.c.key)).all())
        return {keys[id_]: amount for id_, amount in found.items()}


class TestToldOnce:
    def test_the_same_again_makes_no_second_file(self, hand: ExportingHand) -> None:
        hand.on_account(ONE, 600_00, *OCTOBER)
        first, second = hand.export(), hand.export()
        assert (first.unchanged, second.unchanged) == (False, True)
        assert second.delivery == first.delivery
        assert hand.desk.one(select(func.count()).select_from(delivery)) == 1
        assert hand.desk.one(select(func.count()).select_from(consumption_account)) == 1

    def test_two_who_ask_at_the_same_time_get_one_file(self, hand: ExportingHand) -> None:
        with ThreadPoolExecutor(2) as pool:
            both = [asked.result() for asked in [pool.submit(hand.export) for _ in range(2)]]
        assert sorted(one.unchanged for one in both) == [False, True]
        assert both[0].delivery == both[1].delivery
        assert hand.desk.one(select(func.count()).select_from(consumption_account)) == 1

    def test_what_it_says_is_remembered_with_the_account(self, hand: ExportingHand) -> None:
        hand.on_account(ONE, 600_00, *OCTOBER)
        made = hand.export().delivery
        assert (made.items, made.amount, made.records, made.state) == (40, 600_00, 40, "made")
        assert made.name == "heat-1-7-20250601-20260531.txt"
        with hand.db.read() as conn:
            account, state = conn.execute(select(consumption_account.c.id, consumption_account.c.state)).one()
            told = last_told(conn, account, "heat")
            keys = dict(conn.execute(select(tenancy.c.id, tenancy.c.key)).all())
        assert state == "open"
        assert {keys[id_]: ore for id_, ore in told.items()} == dict.fromkeys(FORTY, 0) | {ONE: 600_00}

    def test_what_has_changed_takes_the_place_of_what_nobody_has(self, hand: ExportingHand) -> None:
        first = hand.export().delivery
        hand.on_account(ONE, 600_00, *OCTOBER)
        second = hand.export()
        assert second.withdraws == (first.id,)
        assert second.delivery.name == "heat-1-7-20250601-20260531-2.txt"
        assert hand.desk.all(select(delivery.c.state).order_by(delivery.c.id)) == [("withdrawn",), ("made",)]

    def test_what_was_sent_stays_and_the_newest_counts(self, hand: ExportingHand) -> None:
        first = hand.export().delivery
        self.becomes(hand, first.id, "sent")
        hand.on_account(ONE, 600_00, *OCTOBER)
        second = hand.export()
        assert second.withdraws == ()
        with hand.db.read() as conn:
            account = conn.execute(select(consumption_account.c.id)).scalar_one()
            assert sum(last_told(conn, account, "heat").values()) == 600_00
            assert last_told(conn, account, "another") == {}

    def test_what_was_told_before_and_changed_back_is_told_anew(self, hand: ExportingHand) -> None:
        first = hand.export().delivery
        self.becomes(hand, first.id, "sent")
        reference = hand.on_account(ONE, 600_00, *OCTOBER).reference
        hand.export()
        hand.credit(ONE, reference)
        third = hand.export()
        assert not third.unchanged
        assert third.delivery.sha256 == first.sha256
        assert third.delivery.name != first.name

    def test_what_the_vendor_refused_is_told_anew(self, hand: ExportingHand) -> None:
        first = hand.export().delivery
        self.becomes(hand, first.id, "refused")
        second = hand.export()
        assert not second.unchanged
        assert (second.delivery.sha256, second.delivery.number) == (first.sha256, first.number + 1)

    def test_an_account_of_its_own_for_another_period(self, hand: ExportingHand) -> None:
        hand.export()
        later = hand.export(period=(date(2026, 6, 1), date(2026, 12, 31)))
        assert later.delivery.name == "heat-1-7-20260601-20261231.txt"
        assert hand.desk.one(select(func.count()).select_from(consumption_account)) == 2

    def becomes(self, hand: ExportingHand, id_: int, state: str) -> None:
        with hand.db.write() as conn:
            change_state(conn, id_, state, "", at=NOW, actor="anna")


class TestNames:
    def test_a_vendor_with_another_file_of_the_name_gets_another_name(self, hand: ExportingHand) -> None:
        hand.config["consumption"] |= {"export_name": "{property}.txt"}
        hand.people(row("2-7-1-1"))
        assert [hand.export(of).delivery.name for of in ("1-7", "2-7")] == ["7.txt", "7-2.txt"]

    def test_one_with_the_time_has_another_second_each_time(self, hand: ExportingHand) -> None:
        hand.config["consumption"] |= {"export_name": "DTM305_{stamp}.DAT"}
        hand.people(row("2-7-1-1"))
        names = [hand.export(of).delivery.name for of in ("1-7", "2-7")]
        assert names == ["DTM305_20261122130000.DAT", "DTM305_20261122130001.DAT"]

    def test_what_no_file_name_may_hold_is_left_out_of_it(self, hand: ExportingHand) -> None:
        hand.people(row("1-../7 ø-1-1"))
        assert hand.export("1-../7 ø").delivery.name == "heat-1-.._7_ø-20250601-20260531.txt"


class TestRefused:
    def test_by_the_settings_of_the_instance(self, hand: ExportingHand) -> None:
        for config, why in (
            ({"consumption": {"type": "heat"}}, "consumption.export: export is off"),
            ({"companies": ["2"]}, "heat.toml, companies: property 1-7 is not among those"),
            ({"properties": ["1-1", "1-2"]}, "heat.toml, properties: property 1-7 is not among those"),
            ({"consumption": {"type": "steam", "export": True}}, "company 1 has no consumption type steam"),
        ):
            before, hand.config = hand.config, {**hand.config, **config}
            assert why in self.refused(hand)
            hand.config = before
        assert self.nothing_written(hand)

    def test_by_what_was_asked(self, hand: ExportingHand) -> None:
        for property, period, why in (
            ("1-8", PERIOD, "there is no property 1-8"),
            ("7", PERIOD, "there is no property 7"),
            ("1-7", (date(2024, 6, 1), date(2026, 6, 1)), "longer than 24 months"),
            ("1-7", (date(2026, 11, 23), date(2027, 5, 31)), "has not begun"),
            ("1-7", (date(2018, 1, 1), date(2018, 12, 31)), "nobody lived in property 1-7"),
        ):
            assert why in self.refused(hand, property, period)
        assert self.nothing_written(hand)

    def test_an_unknown_instance_names_those_that_there_are(self, hand: ExportingHand) -> None:
        with pytest.raises(HubError, match=r"no vendor instance water\. there are: heat"):
            hand.plan(instance="water")

    def test_two_accounts_with_a_day_in_common(self, hand: ExportingHand) -> None:
        hand.export()
        with pytest.raises(HubError, match=r"2025-06-01\.\.2026-05-31 has days of"):
            hand.export(period=(date(2026, 5, 31), date(2026, 11, 30)))

    def test_every_tenant_whose_name_has_no_room_is_named(self, hand: ExportingHand) -> None:
        long = {ONE: "Anna Søndergaard Christoffersen", "1-7-36-1": "Ægir Østergaard Pedersen-Holm"}
        hand.people(*(row(key, name=name) for key, name in long.items()))
        with pytest.raises(UntellableError) as caught:
            hand.export()
        assert [(one.tenancy, long[one.tenancy] in one.why) for one in caught.value.refused] == [
            (ONE, True),
            ("1-7-36-1", True),
        ]
        assert "2 of 40 tenancies cannot be told" in str(caught.value)
        assert all(key in str(caught.value) for key in long)
        assert self.nothing_written(hand)
        assert [one.tenancy for one in try_out(hand.plan(), hand.writer).refused] == list(long)

    def test_a_plug_in_that_makes_no_exports(self, hand: ExportingHand) -> None:
        hand.writer.kinds = {}
        with pytest.raises(HubError, match="plug-in bars makes no exports"):
            hand.export()

    def refused(self, hand: ExportingHand, *asked: Any) -> str:
        with pytest.raises(HubError) as caught:
            hand.plan(*asked)
        return str(caught.value)

    def nothing_written(self, hand: ExportingHand) -> bool:
        tables = (delivery, consumption_account, consumption_exported)
        return not any(hand.desk.one(select(func.count()).select_from(table)) for table in tables)
