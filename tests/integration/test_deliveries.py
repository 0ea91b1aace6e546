"""What becomes of a delivery: receipts move it, people move it, and nothing of it is ever asked for twice unsaid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text, update

from hub.intake.announced import Contents
from hub.outbox import handing_over
from hub.outbox.deliveries import make_delivery
from hub.outbox.handing_over import WriteRefusedError
from hub.outbox.placing import ChangedBytesError, place
from hub.plugin import Kept, Record
from hub.store.collecting.deliveries import NoDeliveryError, delivery_of, unassigned_receipts
from hub.store.collecting.states import MOVES, STATES, MoveError, refuse_move
from hub.store.journal import FileRow
from hub.store.results import LOUD
from hub.store.tables import delivery
from hub.store.tables import file as file_table
from hub.store.verify_content import StoredFiles
from hub.store.verify_deliveries import wrong_deliveries
from hub.transport.content import blob_path
from hub.vendors import VendorFault
from tests.delivering import SECTION, DeliveringDesk, Writer, demands, receipt
from tests.desk import FileOf, paid, taken_back

JANUARY = demands(1)[0].due_date.replace(month=1, year=2027)


@pytest.fixture
def desk(database: object, tmp_path: Path) -> DeliveringDesk:
    return DeliveringDesk(database, tmp_path)


def proved(desk: DeliveringDesk) -> bool:
    with desk.db.read() as conn:
        return list(wrong_deliveries(conn)) == []


class TestReceipts:
    def test_on_the_usual_way(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(5_000_00, 250_00)

        desk.book(receipt("transmitted", file=ours.name))
        assert desk.now(ours.id).state == "sent"
        booked = desk.book(receipt("accepted", ours, vendor_number="2506025001"))

        assert (booked.state, booked.reasons, booked.counts.kept) == ("booked", [], 1)
        assert (desk.now(ours.id).state, desk.now(ours.id).vendor_number) == ("accepted", "2506025001")
        assert desk.story(ours.id) == ["made", "sent", "accepted"]
        assert desk.given_up(ours.id) == [False, False]
        assert proved(desk)

    @pytest.mark.parametrize("named", ["file", "delivery", "vendor_number"])
    def test_name_their_delivery_in_three_ways(self, desk: DeliveringDesk, named: str) -> None:
        ours, other = desk.deliver(100_00), desk.deliver(100_00, due=JANUARY)
        names = {"file": ours.name, "delivery": "000001", "vendor_number": "77"}
        with desk.db.write() as conn:
            conn.execute(update(delivery).where(delivery.c.id == ours.id).values(vendor_number="77"))

        desk.book(receipt("accepted", ours, **{named: names[named]}))

        assert (desk.now(ours.id).state, desk.now(other.id).state) == ("accepted", "made")

    def test_of_an_envelope_count_two_lines_less(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        desk.act(handing_over.hand_over, ours.id)
        assert not desk.book(receipt("accepted", ours, records=ours.records - 2)).reasons
        assert desk.now(ours.id).state == "accepted"

    def test_that_could_mean_two_mean_none_until_a_person_says(self, desk: DeliveringDesk) -> None:
        ours, other = desk.deliver(100_00), desk.deliver(100_00, due=JANUARY)

        (reason,) = desk.book(receipt("accepted", ours, vendor_number="5")).reasons

        assert reason.startswith(f"{LOUD}a delivery was accepted, and two or more could be meant")
        with desk.db.read() as conn:
            (open_,) = unassigned_receipts(conn)
        assert (open_.what, "total 100.00" in open_.text) == ("accepted", True)
        desk.act(handing_over.settle, other.id, "accepted", "told by telephone", receipt_file=open_.file_id)
        assert [desk.now(one.id).state for one in (ours, other)] == ["made", "accepted"]
        with desk.db.read() as conn:
            assert unassigned_receipts(conn) == []

    def test_a_refusal_is_loud_and_gives_the_collections_up(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00, 200_00)

        (reason,) = desk.book(receipt("refused", file=ours.name, text="Gateway ERROR: no")).reasons

        assert reason.startswith(f"{LOUD}delivery {ours.id} ({ours.name}) was refused: Gateway ERROR: no")
        assert desk.now(ours.id).state == "refused"
        assert desk.given_up(ours.id) == [True, True]
        # The same customers may be asked for the same day again.
        assert desk.now(desk.deliver(100_00, 200_00).id).number == ours.number + 1
        assert proved(desk)

    def test_wait_for_no_approval_as_they_book_nothing(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        files = FileOf([receipt("refused", file=ours.name)], book="after_approval")
        assert desk.book_as(files, desk.new_file()).reasons[0].startswith(LOUD)
        assert desk.now(ours.id).state == "refused"

    def test_other_counts_than_ours_need_a_person(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)

        (reason,) = desk.book(receipt("accepted", ours, file=ours.name, amount=99_00, items=2)).reasons

        assert reason.startswith(LOUD)
        assert "(demands 2, ours 1; total 99.00, ours 100.00)" in reason
        assert desk.now(ours.id).state == "sent"
        assert desk.story(ours.id) == ["made", "sent", "differs"]
        desk.act(handing_over.settle, ours.id, "accepted", "they counted otherwise")
        assert desk.now(ours.id).state == "accepted"
        assert proved(desk)

    def test_two_acceptances_are_two_collections(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        desk.book(receipt("accepted", ours, file=ours.name, vendor_number="1"))

        assert not desk.book(receipt("accepted", ours, file=ours.name, vendor_number="1")).reasons
        (reason,) = desk.book(receipt("accepted", ours, file=ours.name, vendor_number="2")).reasons

        assert "was accepted twice, as 1 and as 2" in reason
        assert desk.story(ours.id) == ["made", "accepted", "confirmed", "differs"]

    def test_what_nobody_handed_over_is_not_moved_by_counts_alone(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        (reason,) = desk.book(receipt("accepted", ours, vendor_number="5")).reasons
        assert f"only delivery {ours.id} ({ours.name}), made could be meant, which nobody has handed over" in reason
        assert (desk.now(ours.id).state, desk.now(ours.id).vendor_number) == ("made", None)

    def test_a_double_upload_is_loud_though_nothing_names_it(self, desk: DeliveringDesk) -> None:
        ours, other = desk.deliver(100_00), desk.deliver(100_00, due=JANUARY)
        desk.book(receipt("accepted", ours, file=ours.name, vendor_number="1"))
        desk.act(handing_over.withdraw, other.id, "wrong rent")

        (of_two,) = desk.book(receipt("accepted", ours, vendor_number="2")).reasons
        assert "accepted as 1" in of_two
        assert "one of them accepted before: was it uploaded twice?" in of_two
        alone = desk.deliver(250_00, due=JANUARY)
        desk.act(handing_over.hand_over, alone.id)
        assert desk.book(receipt("accepted", alone, vendor_number="3")).reasons == []
        (twice,) = desk.book(receipt("accepted", alone, vendor_number="4")).reasons

        assert f"delivery {alone.id} ({alone.name}) was accepted twice, as 3 and as 4: was it uploaded twice?" in twice
        assert [desk.now(one.id).vendor_number for one in (ours, other, alone)] == ["1", None, "3"]
        assert proved(desk)

    def test_a_person_says_which_was_accepted_and_the_next_upload_is_loud(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        desk.book(receipt("accepted", ours, vendor_number="1"))
        with desk.db.read() as conn:
            (open_,) = unassigned_receipts(conn)
        for _ in range(2):
            desk.act(handing_over.settle, ours.id, "accepted", "handed over by Bo", receipt_file=open_.file_id)

        (reason,) = desk.book(receipt("accepted", ours, vendor_number="2")).reasons

        assert "was accepted twice, as (not known) and as 2: was it uploaded twice?" in reason
        assert desk.story(ours.id) == ["made", "accepted", "confirmed", "differs"]

    @pytest.mark.parametrize(("at", "state"), [("2026-11-22T12:59:59", "sent"), ("2026-11-22T13:00:00", "accepted")])
    def test_what_was_written_before_it_was_made_is_not_about_it(
        self, desk: DeliveringDesk, at: str, state: str
    ) -> None:
        ours = desk.deliver(100_00)  # made at 12:00 UTC, 13:00 there
        desk.act(handing_over.hand_over, ours.id)
        reasons = desk.book(receipt("accepted", ours, vendor_number="5", at=at)).reasons
        assert desk.now(ours.id).state == state
        assert ["none of ours is meant by 5" in reason for reason in reasons] == [True] * (state == "sent")

    # A system that sent before this one had the number, too. A clock of the vendor's that is slow matters nothing.
    @pytest.mark.parametrize(("at", "state"), [("2009-11-10T12:54:04", "made"), ("2026-11-22T00:00:01", "accepted")])
    def test_what_names_its_number_on_an_earlier_day_is_not_about_it(
        self, desk: DeliveringDesk, at: str, state: str
    ) -> None:
        ours = desk.deliver(100_00)
        reasons = desk.book(receipt("accepted", ours, delivery="1", vendor_number="5", at=at)).reasons
        assert (desk.now(ours.id).state, len(reasons)) == (state, state == "made")

    @pytest.mark.parametrize("changed", [str.upper, str.lower])
    def test_a_name_is_known_in_any_case(self, desk: DeliveringDesk, changed: Callable[[str], str]) -> None:
        ours = desk.deliver(100_00)
        desk.book(receipt("refused", file=changed(ours.name)))
        assert desk.now(ours.id).state == "refused"

    @pytest.mark.parametrize("verdict", ["transmitted", "accepted", "refused"])
    def test_that_name_a_file_that_is_none_of_ours_are_loud_and_listed(
        self, desk: DeliveringDesk, verdict: str
    ) -> None:
        ours = desk.deliver(100_00)
        desk.act(handing_over.doubt, ours.id, "the line broke")
        (reason,) = desk.book(receipt(verdict, ours, file="other.txt")).reasons
        assert reason.startswith(f"{LOUD}a delivery was {verdict}, and none of ours is meant by other.txt: ")
        with desk.db.read() as conn:
            assert [(one.what, one.about) for one in unassigned_receipts(conn)] == [(verdict, "other.txt")]
        assert desk.now(ours.id).state == "uncertain"

    @pytest.mark.parametrize("verdict", ["transmitted", "accepted"])
    def test_what_was_withdrawn_and_came_there_is_loud(self, desk: DeliveringDesk, verdict: str) -> None:
        ours = desk.deliver(100_00)
        desk.act(handing_over.withdraw, ours.id, "wrong rent")
        (reason,) = desk.book(receipt(verdict, file=ours.name)).reasons
        assert "call the vendor and have it deleted there" in reason
        assert desk.now(ours.id).state == "withdrawn"
        assert proved(desk)

    def test_a_file_read_again_changes_nothing(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        said, file = FileOf([receipt("transmitted", file=ours.name)]), desk.new_file()
        desk.book_as(said, file)
        desk.act(handing_over.doubt, ours.id, "the line broke")

        desk.book_as(said, file)

        assert desk.now(ours.id).state == "uncertain"
        assert desk.story(ours.id) == ["made", "sent", "uncertain"]

    def test_a_verdict_that_is_none_is_the_plugins_fault(self, desk: DeliveringDesk) -> None:
        with pytest.raises(VendorFault, match="a receipt with the verdict 'perhaps'"):
            desk.book(receipt("perhaps"))


class _Files(FileOf):
    """Two files of one instance: a data file and the note on it."""

    def __init__(self, data: list[Record], note: Record) -> None:
        super().__init__([])
        self._of = {"D1": data, "F1": [note]}

    def read(self, path: Path, name: str, kind: str, *, options: object) -> Iterator[list[Record]]:
        yield list(self._of[name])


class TestNotes:
    @pytest.mark.parametrize("order", [("D1", "F1"), ("F1", "D1")])
    def test_are_held_against_their_file_whichever_comes_first(
        self, desk: DeliveringDesk, order: tuple[str, str]
    ) -> None:
        data = [paid("101", 200_00), paid("102", 100_00, line=4)]
        files = _Files(data, receipt("note", file="D1", items=3, amount=350_00))

        first, second = (desk.book_as(files, self._came(desk, name)) for name in order)

        assert first.reasons == []
        (reason,) = second.reasons
        assert reason.startswith(f"{LOUD}F1 announces 3 records of 350.00 in D1, which holds 2 of 300.00: ")

    def test_are_held_against_a_file_that_brings_nothing_new(self, desk: DeliveringDesk) -> None:
        files = _Files([paid("101", 200_00)], receipt("note", file="D1", items=2, amount=350_00))
        desk.book(paid("101", 200_00))
        assert desk.book_as(files, self._came(desk, "D1")).state == "duplicate"
        (reason,) = desk.book_as(files, self._came(desk, "F1")).reasons
        assert reason.startswith(f"{LOUD}F1 announces 2 records of 350.00 in D1, which holds 1 of 200.00: ")

    @pytest.mark.parametrize("order", [("D1", "F1"), ("F1", "D1")])
    def test_say_nothing_where_they_agree(self, desk: DeliveringDesk, order: tuple[str, str]) -> None:
        files = _Files([paid("101", 200_00)], receipt("note", file="D1", items=1, amount=200_00))
        for name in order:
            assert desk.book_as(files, self._came(desk, name)).reasons == []

    def _came(self, desk: DeliveringDesk, name: str) -> FileRow:
        file = desk.new_file()._replace(name=name)
        with desk.db.write() as conn:
            conn.execute(update(file_table).where(file_table.c.id == file.id).values(name=name))
        return file


class TestPeople:
    def test_hand_over_what_then_leaves_the_outbox(self, desk: DeliveringDesk) -> None:
        ours, other = desk.deliver(100_00), desk.deliver(200_00, due=JANUARY)
        stranger = desk.site.outbox / "bs" / ours.name.replace("1.txt", "9.txt")
        stranger.write_bytes(b"not ours")

        desk.act(handing_over.hand_over, ours.id)
        with desk.db.read() as conn:
            taken = handing_over.sweep(conn, desk.site)

        assert [path.name for path in taken] == [ours.name]
        assert desk.in_outbox() == sorted([other.name, stranger.name])
        assert desk.now(ours.id).state == "sent"

    def test_withdraw_only_what_nobody_has(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        desk.act(handing_over.withdraw, ours.id, "wrong rent")
        assert desk.given_up(ours.id) == [True]
        other = desk.deliver(100_00)
        desk.act(handing_over.hand_over, other.id)
        with pytest.raises(MoveError, match=f"delivery {other.id} is sent and cannot become withdrawn"):
            desk.act(handing_over.withdraw, other.id, "wrong rent")
        assert desk.given_up(other.id) == [False]

    @pytest.mark.parametrize("act", [handing_over.doubt, handing_over.withdraw])
    def test_say_why(self, desk: DeliveringDesk, act: object) -> None:
        ours = desk.deliver(100_00)
        with pytest.raises(handing_over.NoNoteError):
            desk.act(act, ours.id, " ")
        assert desk.story(ours.id) == ["made"]

    def test_write_the_same_bytes_again_while_nobody_has_them(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        path = desk.site.outbox / "bs" / ours.name
        made = path.read_bytes()
        path.unlink()

        desk.act(handing_over.write_again, ours.id, again=False)
        place(desk.site, desk.now(ours.id), [])

        assert path.read_bytes() == made
        assert desk.story(ours.id) == ["made"]

    def test_write_what_was_handed_over_only_with_its_risk(self, desk: DeliveringDesk) -> None:
        ours = desk.deliver(100_00)
        desk.act(handing_over.hand_over, ours.id)
        with pytest.raises(WriteRefusedError, match="collects 1 demands twice"):
            desk.act(handing_over.write_again, ours.id, again=False)

        assert "twice" in desk.act(handing_over.write_again, ours.id, again=True)["risk"]
        with desk.db.read() as conn:
            assert handing_over.sweep(conn, desk.site) == []
        desk.act(handing_over.hand_over, ours.id)
        with desk.db.read() as conn:
            assert len(handing_over.sweep(conn, desk.site)) == 1
        assert desk.story(ours.id) == ["made", "sent", "again", "handed over"]
        assert desk.now(ours.id).state == "sent"
        assert proved(desk)

    @pytest.mark.parametrize("again", [False, True])
    def test_never_write_what_was_given_up(self, desk: DeliveringDesk, again: bool) -> None:
        ours = desk.deliver(100_00)
        desk.act(handing_over.withdraw, ours.id, "wrong rent")
        with pytest.raises(WriteRefusedError, match="is withdrawn"):
            desk.act(handing_over.write_again, ours.id, again=again)


@pytest.mark.parametrize(
    ("items", "amount", "agrees"),
    # A charge-back is added, left out or subtracted (R11); what is kept is counted or not.
    [(2, 250_00, True), (2, 200_00, True), (3, 150_00, True), (2, 199_99, False), (1, 200_00, False), (4, 0, False)],
)
def test_a_note_counts_charge_backs_and_kept_records_as_it_likes(items: int, amount: int, agrees: bool) -> None:
    contents = Contents()
    contents.count([paid("101", 200_00), taken_back("102", 50_00), Kept(5, "022", "a name")])
    assert contents.is_as_said(receipt("note", items=items, amount=amount)) == agrees


def test_no_machine_knows_a_verdict_and_nothing_given_up_comes_back() -> None:
    assert set(MOVES) == set(STATES)
    leaving = {state: set(MOVES["uncertain"][state]) for state in MOVES["uncertain"]}
    # A machine that has sent it since, by a person's word or by another channel, knows so much.
    assert leaving.pop("sent") == {"machine", "receipt", "person"}
    assert leaving.pop("made") == {"person"}
    assert leaving == {state: {"receipt", "person"} for state in ("accepted", "refused")}
    for ended in ("refused", "withdrawn"):
        for state in STATES:
            with pytest.raises(MoveError, match=f"delivery 7 is {ended} and cannot become {state}"):
                refuse_move(7, ended, state, "person")
    with pytest.raises(MoveError, match="from there a receipt can only make it sent or accepted or refused"):
        refuse_move(7, "made", "withdrawn", "receipt")


def test_the_same_demands_under_the_same_number_are_the_same_bytes(desk: DeliveringDesk) -> None:
    class Undone(Exception):
        pass

    made = []

    def do(acting: object) -> dict[str, object]:
        made.append(make_delivery(acting, Writer(), SECTION, "0601", demands(100_00, 7_50), created_on=JANUARY))
        raise Undone

    for _ in range(2):
        with pytest.raises(Undone):
            desk.act(do)

    # Nothing was committed: the number is free, and the bytes that lie in the store already are the same.
    first, second = (one._replace(id=0) for one in made)
    assert first == second
    assert blob_path(desk.site.content, made[0].sha256).exists()
    with desk.db.read() as conn, pytest.raises(NoDeliveryError):
        delivery_of(conn, made[0].id)
    assert desk.deliver(100_00).number == made[0].number


def test_bytes_that_were_changed_never_leave(desk: DeliveringDesk) -> None:
    ours = desk.deliver(100_00)
    kept = blob_path(desk.site.content, ours.sha256)
    kept.chmod(0o644)
    kept.write_bytes(kept.read_bytes().replace(b"0000000010000", b"0000000099999"))
    with pytest.raises(ChangedBytesError):
        place(desk.site, ours, [])
    with desk.db.read() as conn:
        (problem,) = StoredFiles(desk.site.content).wrong(conn)
    assert f"stored file {ours.sha256} was changed" in problem


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("UPDATE delivery SET state = 'accepted'", "is accepted, and its events end with made"),
        ("UPDATE delivery SET number = 9", "the last that was dealt is 1"),
        ("UPDATE delivery SET amount = 1", "was made with 1 items of 0.01, and 1 of 100.00 belong to it"),
        ("UPDATE collection SET withdrawn_at = '2026-11-22'", "1 of its collections are as if it were not"),
        ("UPDATE file SET sha256 = (SELECT sha256 FROM delivery)", "is booked, and is our own delivery"),
    ],
)
def test_verify_finds_what_was_changed(desk: DeliveringDesk, changed: str, told: str) -> None:
    desk.book()
    desk.deliver(100_00)
    with desk.db.write() as conn:
        assert list(wrong_deliveries(conn)) == []
        conn.execute(text(changed))
        (problem,) = wrong_deliveries(conn)
    assert told in problem
