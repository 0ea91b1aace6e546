"""The outbox and people: what ends a doubt, what is sent once more, and what is handed over by hand instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.outbox import dispatching, handing_over
from hub.outbox.dispatching import RetryRefusedError
from hub.outbox.handing_over import NoNoteError, WriteRefusedError
from hub.store.collecting.deliveries import Delivery
from hub.store.collecting.sent_by import OnItsWayError
from hub.store.collecting.states import MoveError
from hub.store.database import Database
from hub.store.exchange.states import DispatchMoveError
from tests.delivering import receipt
from tests.sending import DEAD, ELSEWHERE, SendingDesk, names, proved


@pytest.fixture
def there(tmp_path: Path) -> Path:
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path, there: Path) -> SendingDesk:
    """Its vendor takes files from the folder ``there``."""
    return SendingDesk(sqlite_database, tmp_path, {"folder": {"path": "there"}})


class TestUncertain:
    @pytest.fixture
    def ours(self, desk: SendingDesk) -> Delivery:
        ours = desk.deliver(100_00)
        desk.cut_short(desk.of(ours), DEAD, final=True)
        desk.send()
        assert desk.states(ours) == ("uncertain", "uncertain")
        return ours

    @pytest.mark.parametrize(
        ("verdict", "states"),
        [
            ("transmitted", ("sent", "sent")),
            ("accepted", ("sent", "accepted")),
            ("refused", ("stopped", "refused")),
        ],
    )
    def test_is_ended_by_a_receipt(
        self, desk: SendingDesk, ours: Delivery, verdict: str, states: tuple[str, str]
    ) -> None:
        desk.book(receipt(verdict, ours, file=ours.name))
        assert desk.states(ours) == states
        assert proved(desk)

    def test_is_ended_by_a_person_who_knows_that_it_went(self, desk: SendingDesk, ours: Delivery) -> None:
        with pytest.raises(NoNoteError):
            desk.act(dispatching.settle, desk.of(ours).id, "sent", " ")
        desk.act(dispatching.settle, desk.of(ours).id, "sent", "they have it, says Bo")
        assert desk.states(ours) == ("sent", "sent")
        with pytest.raises(DispatchMoveError, match="is sent, not uncertain"):
            desk.act(dispatching.settle, desk.of(ours).id, "not-sent", "or not")
        assert proved(desk)

    def test_or_that_it_did_not_and_then_it_may_be_sent_or_withdrawn(
        self, desk: SendingDesk, there: Path, ours: Delivery
    ) -> None:
        desk.act(dispatching.settle, desk.of(ours).id, "not-sent", "they have nothing, says Bo")
        assert desk.states(ours) == ("stopped", "made")
        desk.retry(desk.of(ours))
        desk.send()
        assert desk.states(ours) == ("sent", "sent")
        assert names(there) == [ours.name]
        assert proved(desk)

    def test_is_sent_once_more_only_with_its_risk(self, desk: SendingDesk, there: Path, ours: Delivery) -> None:
        with pytest.raises(RetryRefusedError, match=r"handed over twice collects 1 demands twice.*--again"):
            desk.retry(desk.of(ours))
        assert desk.send(by_hand=True) == []

        assert "twice" in desk.retry(desk.of(ours), again=True)["risk"]
        desk.send()

        assert desk.states(ours) == ("sent", "sent")
        assert names(there) == [ours.name]
        with pytest.raises(RetryRefusedError):
            desk.retry(desk.of(ours))
        assert proved(desk)

    def test_a_risk_that_was_taken_is_taken_once(self, desk: SendingDesk, ours: Delivery) -> None:
        desk.retry(desk.of(ours), again=True)
        desk.cut_short(desk.of(ours), DEAD, final=True)
        desk.send()
        with pytest.raises(RetryRefusedError):
            desk.retry(desk.of(ours))

    def test_is_not_withdrawn_nor_handed_over_beside(self, desk: SendingDesk, ours: Delivery) -> None:
        with pytest.raises(MoveError, match="cannot become withdrawn"):
            desk.act(handing_over.withdraw, ours.id, "wrong rent")
        with pytest.raises(OnItsWayError, match=r"which is uncertain.*hub outbox settle 1 sent\|not-sent"):
            desk.act(handing_over.hand_over, ours.id)
        assert desk.given_up(ours.id) == [False]


class TestBesideAPerson:
    def test_what_waits_is_cancelled_first(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        for act, arguments in (
            (handing_over.hand_over, ()),
            (handing_over.doubt, ("the line broke",)),
        ):
            with pytest.raises(OnItsWayError, match="first: hub outbox cancel 1; then it lies in the outbox"):
                desk.act(act, ours.id, *arguments)
        with pytest.raises(OnItsWayError, match="goes by folder as dispatch 1, which is waiting"):
            desk.act(handing_over.write_again, ours.id, again=True)

        desk.act(dispatching.cancel, desk.of(ours).id, "by hand, says Bo")
        desk.act(handing_over.hand_over, ours.id)

        assert desk.states(ours) == ("cancelled", "sent")
        desk.send(by_hand=True)
        assert names(there) == []
        with pytest.raises(RetryRefusedError):
            desk.retry(desk.of(ours))

    def test_what_a_person_hands_over_is_not_sent_any_more(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        (there / ours.name).write_bytes(b"another")
        desk.send()
        assert desk.states(ours) == ("stopped", "made")
        desk.act(handing_over.hand_over, ours.id)
        assert desk.states(ours) == ("cancelled", "sent")
        assert proved(desk)

    def test_what_is_withdrawn_is_not_sent(self, desk: SendingDesk, there: Path) -> None:
        ours = desk.deliver(100_00)
        desk.act(handing_over.withdraw, ours.id, "wrong rent")
        assert desk.states(ours) == ("cancelled", "withdrawn")
        with pytest.raises(WriteRefusedError):
            desk.retry(desk.of(ours), again=True)
        desk.send(by_hand=True)
        assert names(there) == []
        assert proved(desk)

    def test_nor_is_anything_withdrawn_while_it_is_sent(self, desk: SendingDesk) -> None:
        ours = desk.deliver(100_00)
        desk.cut_short(desk.of(ours), ELSEWHERE, final=False)
        with pytest.raises(OnItsWayError, match="dispatch 1 is sending, by folder"):
            desk.act(handing_over.withdraw, ours.id, "wrong rent")
        assert desk.given_up(ours.id) == [False]
        with pytest.raises(DispatchMoveError, match="dispatch 1 is sending and cannot become cancelled"):
            desk.act(dispatching.cancel, desk.of(ours).id, "no")
