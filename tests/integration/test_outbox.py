"""The outbox: a delivery leaves by itself, once, and what nobody can know is said to be so."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from hub.outbox.dispatching import SeveralWaysError
from hub.outbox.handing_over import WriteRefusedError
from hub.store.database import Database
from hub.store.exchange import dispatches
from hub.store.exchange.dispatches import LostDispatchError
from hub.store.exchange.states import MOVES, STATES, DispatchMoveError, refuse_move
from hub.store.owners import own_name
from hub.store.tables import dispatch_event
from hub.store.verify_dispatches import wrong_dispatches
from hub.transport.content import blob_path
from tests.delivering import receipt
from tests.desk import paid
from tests.sending import DEAD, ELSEWHERE, SendingDesk, names, proved

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path, there: Path) -> SendingDesk:
    """Its vendor takes files from the folder ``there``."""
    return SendingDesk(sqlite_database, tmp_path, {"folder": {"path": "there"}})


@pytest.fixture
def any_desk(database: Database, tmp_path: Path, there: Path) -> SendingDesk:
    """The same, on both databases."""
    return SendingDesk(database, tmp_path, {"folder": {"path": "there"}})


@pytest.fixture
def there(tmp_path: Path) -> Path:
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


class TestSending:
    def test_a_delivery_leaves_once_and_both_books_say_so(self, any_desk: SendingDesk, there: Path) -> None:
        ours = any_desk.deliver(100_00, 250_00)
        one = any_desk.of(ours)
        assert (one.state, one.target, one.name, one.sha256) == ("waiting", str(there), ours.name, ours.sha256)
        assert not (any_desk.site.outbox / "bs").exists()

        (made,) = any_desk.send()

        assert (made.result, made.seen, made.moved, made.refused) == ("done", 1, 1, 0)
        assert any_desk.states(ours) == ("sent", "sent")
        assert names(there) == [ours.name]
        assert (there / ours.name).read_bytes() == any_desk.kept(one)
        assert stat.S_IMODE((there / ours.name).stat().st_mode) == 0o640
        assert any_desk.what(one) == ["waiting", "sending", "sent"]
        assert any_desk.story(ours.id) == ["made", "sent"]
        (there / ours.name).unlink()  # taken by the vendor
        assert any_desk.send(later=DAY) == []
        assert any_desk.send(later=DAY, by_hand=True) == []
        assert names(there) == []
        assert proved(any_desk)

    def test_the_oldest_goes_first(self, desk: SendingDesk) -> None:
        exports = [desk.export(b"%d" % number, f"{number}.txt") for number in range(3)]
        desk.send()
        went = select(dispatch_event.c.dispatch_id).where(dispatch_event.c.what == "sent").order_by(dispatch_event.c.id)
        assert desk.all(went) == [(desk.of(one).id,) for one in exports]

    def test_a_mount_that_is_away_is_waited_for_longer_each_time(self, any_desk: SendingDesk, there: Path) -> None:
        there.rmdir()
        ours, other = any_desk.deliver(100_00), any_desk.export(b"told")

        (made,) = any_desk.send()
        assert (made.result, made.seen) == ("failed", 0)
        assert "cannot be written now: No such file or directory" in made.text
        pauses = []
        for tries in (1, 2, 3):
            one = any_desk.of(ours)
            assert (one.state, one.attempts, any_desk.of(other).attempts) == ("waiting", tries, 0)
            assert one.due_at is not None
            # Nothing is tried before, by none of them, whoever starts the hub again.
            assert any_desk.of(other).due_at == one.due_at
            pauses.append(one.due_at - any_desk.clock)
            assert any_desk.send(later=pauses[-1] - timedelta(milliseconds=1)) == []
            if tries < 3:
                any_desk.send(later=timedelta(milliseconds=1))
        for pause, seconds in zip(pauses, (30, 60, 120), strict=True):
            assert seconds <= pause.total_seconds() <= seconds + 15
        there.mkdir()
        any_desk.send(later=timedelta(milliseconds=1))
        assert (any_desk.states(ours), any_desk.states(other)) == (("sent", "sent"), ("sent", "sent"))
        assert not list(there.parent.glob("**/.*.part"))

    def test_a_person_needs_not_wait_for_its_hour(self, desk: SendingDesk, there: Path) -> None:
        there.rmdir()
        ours = desk.deliver(100_00)
        desk.send()
        there.mkdir()
        assert desk.send() == []
        assert [one.moved for one in desk.send(by_hand=True)] == [1]
        assert desk.states(ours) == ("sent", "sent")

    def test_after_so_many_tries_a_person_is_needed(self, desk: SendingDesk, there: Path) -> None:
        there.rmdir()
        ours = desk.deliver(100_00)
        for _ in range(4):
            assert desk.states(ours) == ("waiting", "made")
            desk.send(later=HOUR)
        assert desk.states(ours) == ("stopped", "made")
        assert desk.last_text(desk.of(ours)).startswith("given up after 4 tries: ")
        there.mkdir()
        assert desk.send(later=DAY) == []
        assert names(there) == []

        desk.retry(desk.of(ours))
        desk.send()
        assert desk.states(ours) == ("sent", "sent")
        assert proved(desk)

    def test_another_file_of_its_name_is_never_replaced_and_holds_up_nobody(
        self, desk: SendingDesk, there: Path
    ) -> None:
        ours, other = desk.deliver(100_00), desk.export(b"told")
        (there / ours.name).write_bytes(b"another")

        (made,) = desk.send()

        assert (made.result, made.seen, made.moved, made.refused) == ("done", 2, 1, 1)
        assert (desk.states(ours), desk.states(other)) == (("stopped", "made"), ("sent", "sent"))
        assert "another file of this name" in desk.last_text(desk.of(ours))
        assert (there / ours.name).read_bytes() == b"another"
        assert names(there) == sorted([ours.name, other.name])

    def test_the_same_file_there_is_as_good_as_sent(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        (there / ours.name).write_bytes(desk.kept(desk.of(ours)))
        desk.send()
        assert (desk.states(ours), desk.last_text(desk.of(ours))) == (("sent", "sent"), "was there")

    def test_a_lasting_fault_of_the_way_stops_all_at_one_try(self, any_desk: SendingDesk, there: Path) -> None:
        there.rmdir()
        there.write_bytes(b"no folder")
        ours, other = any_desk.deliver(100_00), any_desk.export(b"told")

        (made,) = any_desk.send()

        assert made.result == "stopped"
        assert "Not a directory" in made.text
        assert [any_desk.of(one).state for one in (ours, other)] == ["stopped", "stopped"]
        # What is made meanwhile is not tried: a second login may lock us out.
        third = any_desk.export(b"later", "later.txt")
        assert any_desk.send(later=DAY) == []
        assert any_desk.of(third).state == "stopped"
        assert any_desk.last_text(any_desk.of(third)).startswith("not tried: folder: ")
        there.unlink()
        there.mkdir()
        assert any_desk.send(later=DAY) == []
        any_desk.clock += MINUTE
        any_desk.retry(any_desk.of(third))
        any_desk.send()
        assert any_desk.states(third) == ("sent", "sent")
        assert names(there) == [third.name]

    def test_other_settings_are_tried(self, desk: SendingDesk, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        desk.goes(folder={"path": "file"})
        desk.deliver(100_00)
        desk.send()
        desk.goes(folder={"path": "there"})
        later = desk.export(b"told")
        desk.send()
        assert desk.states(later) == ("sent", "sent")

    def test_a_way_that_the_settings_no_longer_have_is_told(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        desk.goes()
        assert desk.send() == []
        assert desk.states(ours) == ("stopped", "made")
        assert "has no way by folder any more" in desk.last_text(desk.of(ours))
        assert names(there) == []

    def test_bytes_that_were_changed_never_leave(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        kept = blob_path(desk.site.content, ours.sha256)
        kept.chmod(0o644)
        kept.write_bytes(kept.read_bytes().replace(b"0000000010000", b"0000000099999"))
        desk.send()
        assert desk.states(ours) == ("stopped", "made")
        assert "are not those that were made" in desk.last_text(desk.of(ours))
        assert names(there) == []

    def test_what_collects_goes_one_way_alone(self, desk: SendingDesk) -> None:
        mail = {"send": True, "to": ["nets@example.com"]}
        server = {"host": "127.0.0.1", "encryption": "none", "sender": "hub@example.com"}
        confirmed = {"mail": {**server, "confirmed": ["nets@example.com"]}}
        desk = SendingDesk(desk.db, desk.site.root, {"folder": {"path": "there"}, "mail": mail}, confirmed)
        with pytest.raises(SeveralWaysError, match=r"2 ways for its deliveries: folder, mail.*collects twice"):
            desk.deliver(100_00)
        told = desk.export(b"told")
        assert [one.channel for one in desk.all_of(told)] == ["folder", "mail"]
        assert [bool(one.message_id) for one in desk.all_of(told)] == [False, True]


class TestMoneyThatIsOwedNoLonger:
    def test_is_not_asked_for_by_a_machine(self, any_desk: SendingDesk, there: Path) -> None:
        ours = any_desk.collect_charge(500_00)
        any_desk.book(paid("101", 500_00))

        (made,) = any_desk.send()

        assert (made.seen, made.moved) == (0, 0)
        assert any_desk.states(ours) == ("stopped", "made")
        said = any_desk.last_text(any_desk.of(ours))
        assert (
            "1 collections of delivery 1 ask for more than is open: first 1-1-1-1, 500.00, of which 0.00 is open"
            in said
        )
        assert f"hub outbox retry {any_desk.of(ours).id} --anyway" in said
        any_desk.retry(any_desk.of(ours))
        any_desk.send()
        assert any_desk.of(ours).state == "stopped"
        assert names(there) == []
        any_desk.retry(any_desk.of(ours), anyway=True)
        any_desk.send()
        assert any_desk.states(ours) == ("sent", "sent")

    def test_nor_is_what_the_vendor_has_already(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        desk.book(receipt("accepted", ours, file=ours.name))  # somebody has uploaded it
        desk.send()
        assert desk.states(ours) == ("stopped", "accepted")
        assert "no machine hands it over twice" in desk.last_text(desk.of(ours))
        assert names(there) == []

    def test_nor_what_the_vendor_has_refused(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        desk.book(receipt("refused", file=ours.name))
        assert desk.states(ours) == ("stopped", "refused")
        with pytest.raises(WriteRefusedError, match="is refused"):
            desk.retry(desk.of(ours), again=True)
        desk.send(by_hand=True)
        assert names(there) == []


class TestCutShort:
    @pytest.mark.parametrize("owner", [own_name(), DEAD], ids=["ours", "dead"])
    def test_before_its_final_step_it_waits_again(self, desk: SendingDesk, there: Path, owner: str) -> None:
        ours = desk.deliver(100_00)
        desk.cut_short(desk.of(ours), owner, final=False)
        desk.send()
        assert desk.states(ours) == ("sent", "sent")
        assert desk.what(desk.of(ours)) == ["waiting", "sending", "waiting", "sending", "sent"]
        assert names(there) == [ours.name]

    @pytest.mark.parametrize(
        ("lying", "states"),
        [
            ("whole", ("sent", "sent")),
            ("temporary", ("sent", "sent")),
            ("nothing", ("uncertain", "uncertain")),
            ("other", ("uncertain", "uncertain")),
        ],
    )
    def test_after_it_the_far_side_tells(
        self, any_desk: SendingDesk, there: Path, lying: str, states: tuple[str, str]
    ) -> None:
        ours = any_desk.deliver(100_00)
        one = any_desk.cut_short(any_desk.of(ours), DEAD, final=True)
        if lying == "temporary":
            (there / f".{one.name}.part").write_bytes(b"a part")
        elif lying != "nothing":
            (there / one.name).write_bytes(any_desk.kept(one) if lying == "whole" else b"other")
        before = names(there)

        any_desk.send()

        assert any_desk.states(ours) == states
        assert names(there) == ([one.name] if states[0] == "sent" else before)
        # No machine ever does anything about what nobody knows.
        any_desk.send(later=DAY, by_hand=True)
        assert any_desk.states(ours) == states
        assert names(there) == ([one.name] if states[0] == "sent" else before)
        assert proved(any_desk)

    def test_nothing_else_goes_while_nobody_could_look(self, desk: SendingDesk, there: Path) -> None:
        ours, other = desk.deliver(100_00), desk.export(b"told")
        desk.cut_short(desk.of(ours), DEAD, final=True)
        there.rmdir()
        for _ in range(2):
            desk.send(later=HOUR)
            assert (desk.of(ours).state, desk.of(other).state) == ("sending", "waiting")
        for _ in range(2):
            desk.send(later=HOUR)
        assert desk.states(ours) == ("uncertain", "uncertain")
        assert "nobody can look there" in desk.last_text(desk.of(ours))

    @pytest.mark.parametrize("verdict", ["accepted", "transmitted"])
    def test_what_the_vendor_has_said_meanwhile_is_no_doubt(self, desk: SendingDesk, verdict: str) -> None:
        ours = desk.deliver(100_00)
        desk.cut_short(desk.of(ours), DEAD, final=True)
        desk.book(receipt(verdict, ours, file=ours.name))
        desk.send()
        assert desk.of(ours).state == "sent"
        assert "the vendor has it" in desk.last_text(desk.of(ours))

    def test_what_was_known_of_the_first_time_says_nothing_of_the_second(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        desk.send()
        (there / ours.name).unlink()
        desk.retry(desk.of(ours), again=True)
        desk.cut_short(desk.of(ours), DEAD, final=True)
        desk.send()
        assert desk.states(ours) == ("uncertain", "sent")
        assert names(there) == []

    def test_what_was_stopped_and_is_accepted_all_the_same_was_sent(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        (there / ours.name).write_bytes(b"other")
        desk.send()
        assert desk.states(ours) == ("stopped", "made")
        desk.book(receipt("accepted", ours, file=ours.name))
        assert desk.states(ours) == ("sent", "accepted")

    def test_what_another_hub_sends_is_left_to_it(self, any_desk: SendingDesk, there: Path) -> None:
        ours, other = any_desk.deliver(100_00), any_desk.export(b"told")
        claimed = any_desk.cut_short(any_desk.of(ours), ELSEWHERE, final=False)
        assert any_desk.send() == []
        assert (any_desk.of(ours), any_desk.of(other).state) == (claimed, "waiting")
        assert names(there) == []
        # Its lease runs out: it is gone, or so slow that it may do nothing more.
        any_desk.send(later=2 * HOUR)
        assert [any_desk.of(one).state for one in (ours, other)] == ["sent", "sent"]
        with any_desk.db.write() as conn, pytest.raises(LostDispatchError, match="no longer sent by this hub"):
            dispatches.set_step(conn, claimed, "final")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("UPDATE dispatch SET state = 'waiting'", "dispatch 1 is waiting, and its events end with sent"),
        ("UPDATE delivery SET state = 'made'", "dispatch 1 is sent, and its delivery 1 is made"),
    ],
)
def test_verify_finds_what_was_changed(desk: SendingDesk, changed: str, told: str) -> None:
    desk.deliver(100_00)
    desk.send()
    with desk.db.write() as conn:
        conn.execute(text(changed))
    with desk.db.read() as conn:
        assert list(wrong_dispatches(conn)) == [told]


def test_no_machine_leads_out_of_a_doubt() -> None:
    assert set(MOVES) == set(STATES)
    assert all("machine" not in whose for whose in MOVES["uncertain"].values())
    assert all("machine" not in whose for whose in MOVES["sent"].values())
    with pytest.raises(DispatchMoveError, match="dispatch 7 is uncertain and cannot become sending"):
        refuse_move(7, "uncertain", "sending", "machine")
