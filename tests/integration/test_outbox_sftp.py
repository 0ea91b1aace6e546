"""Deliveries pushed to a real OpenSSH server: whole or not at all, once, and told where nobody can know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.store.database import Database
from hub.store.exchange import dispatches
from hub.store.verify_dispatches import wrong_dispatches
from hub.transport.sftp import uploading
from tests.sending import DEAD, SendingDesk, names
from tests.sshd import Proxy, Sshd

HOUR = timedelta(hours=1)
#: More than any socket's buffers hold.
LARGE = b"0123456789abcde\n" * 262_144


def server_of(sshd: Sshd, *, port: int | None = None, push: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """``[sftp]`` of an instance; ``port`` where not the server's own."""
    return {
        "host": "127.0.0.1",
        "port": port or sshd.port,
        "user": sshd.user,
        "host_keys": sshd.host_key_lines,
        "key_file": str(sshd.user_key),
        "channel_seconds": 1.0,
        "push": {"folder": ".", **(push or {})},
        **more,
    }


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path, sshd: Sshd) -> SendingDesk:
    return SendingDesk(sqlite_database, tmp_path, {"sftp": server_of(sshd)})


def proved(desk: SendingDesk) -> bool:
    with desk.db.read() as conn:
        return list(wrong_dispatches(conn)) == []


def logins(sshd: Sshd) -> int:
    return sshd.log.count("Accepted publickey")


def test_a_delivery_is_uploaded_once_whatever_becomes_of_it_there(
    database: Database, tmp_path: Path, sshd: Sshd
) -> None:
    (sshd.root / "ind").mkdir()
    desk = SendingDesk(database, tmp_path, {"sftp": server_of(sshd, push={"folder": "ind"})})
    ours, other = desk.deliver(100_00), desk.export(LARGE)
    assert desk.of(ours).target == f"sftp://{sshd.user}@127.0.0.1:{sshd.port}/ind"

    (made,) = desk.send()

    assert (made.result, made.seen, made.moved) == ("done", 2, 2)
    assert (desk.states(ours), desk.states(other)) == (("sent", "sent"), ("sent", "sent"))
    assert (sshd.root / "ind" / ours.name).read_bytes() == desk.kept(desk.of(ours))
    assert (sshd.root / "ind" / other.name).read_bytes() == LARGE
    assert names(sshd.root / "ind") == sorted([ours.name, other.name])
    assert "posix-rename" in desk.last_text(desk.of(ours))
    assert logins(sshd) == 1
    for path in (sshd.root / "ind").iterdir():
        path.unlink()  # fetched by the vendor
    assert desk.send(later=HOUR, by_hand=True) == []
    assert names(sshd.root / "ind") == []
    assert proved(desk)


def test_a_vendor_with_two_ways_gets_it_by_both(desk: SendingDesk, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    desk.goes(sftp=server_of(sshd), folder={"path": "there"})
    ours = desk.export(b"told")
    sshd.stop()

    assert [one.result for one in desk.send()] == ["failed", "done"]

    assert [(one.channel, one.state) for one in desk.all_of(ours)] == [("sftp", "waiting"), ("folder", "sent")]
    assert desk.now(ours.id).state == "sent"
    sshd.start()
    desk.send(later=HOUR)
    assert [one.state for one in desk.all_of(ours)] == ["sent", "sent"]
    assert names(sshd.root) == names(tmp_path / "there") == [ours.name]
    assert proved(desk)


def test_another_file_there_stays_and_holds_up_nobody(desk: SendingDesk, sshd: Sshd) -> None:
    ours, other = desk.deliver(100_00), desk.export(b"told")
    (sshd.root / ours.name).write_bytes(b"another")
    desk.send()
    assert (desk.states(ours), desk.states(other)) == (("stopped", "made"), ("sent", "sent"))
    assert (sshd.root / ours.name).read_bytes() == b"another"
    assert names(sshd.root) == sorted([ours.name, other.name])


def test_the_same_file_there_is_as_good_as_sent(desk: SendingDesk, sshd: Sshd) -> None:
    ours = desk.deliver(100_00)
    (sshd.root / ours.name).write_bytes(desk.kept(desk.of(ours)))
    desk.send()
    assert (desk.states(ours), desk.last_text(desk.of(ours))) == (("sent", "sent"), "was there")


def test_another_host_key_stops_all_at_one_look(desk: SendingDesk, sshd: Sshd) -> None:
    ours, other = desk.deliver(100_00), desk.export(b"told")
    pinned = sshd.host_key_line
    sshd.change_host_keys()

    (made,) = desk.send()

    assert made.result == "stopped"
    assert pinned.split()[1] in made.text
    assert sshd.host_key_line.split()[1] in made.text
    assert [desk.states(one) for one in (ours, other)] == [("stopped", "made")] * 2
    assert desk.send(later=HOUR) == []
    assert logins(sshd) == 0
    assert names(sshd.root) == []
    # The new one is pinned: other settings, and a person sends what was stopped.
    desk.goes(sftp=server_of(sshd))
    desk.retry(desk.of(ours))
    desk.send()
    assert (desk.states(ours), desk.of(other).state) == (("sent", "sent"), "stopped")


def test_a_refused_login_is_not_tried_twice(desk: SendingDesk, sshd: Sshd) -> None:
    (sshd.folder / "authorized_keys").write_text("")
    ours = desk.deliver(100_00)
    desk.send()
    desk.export(b"told")
    desk.send(later=HOUR)
    desk.send(later=HOUR)
    assert desk.of(ours).state == "stopped"
    assert sshd.log.count("Failed publickey") == 1


@pytest.mark.parametrize("how", ["stall", "reset", "cut"])
def test_a_wire_that_breaks_in_mid_file_is_tried_again_later(desk: SendingDesk, sshd: Sshd, how: Any) -> None:
    with Proxy(sshd.port) as proxy:
        desk.goes(sftp=server_of(sshd, port=proxy.port))
        ours = desk.export(LARGE)
        proxy.interrupt(how, uploaded=1_000_000)

        (made,) = desk.send()

        one = desk.of(ours)
        assert made.result == "failed"
        assert (one.state, one.attempts, desk.now(ours.id).state) == ("waiting", 1, "made")
        assert one.due_at is not None
        assert 30 <= (one.due_at - desk.clock).total_seconds() <= 45
        assert ours.name not in names(sshd.root)
        proxy.mend()
        desk.send(later=timedelta(minutes=1))
    assert desk.states(ours) == ("sent", "sent")
    assert (sshd.root / ours.name).read_bytes() == LARGE
    assert names(sshd.root) == [ours.name]


def test_a_server_that_is_down_costs_one_try_of_the_oldest(desk: SendingDesk, sshd: Sshd) -> None:
    ours, other = desk.deliver(100_00), desk.export(b"told")
    sshd.stop()
    desk.send()
    desk.send(later=HOUR)
    assert [(desk.of(one).state, desk.of(one).attempts) for one in (ours, other)] == [("waiting", 2), ("waiting", 0)]
    sshd.start()
    desk.send(later=HOUR)
    assert [desk.states(one) for one in (ours, other)] == [("sent", "sent")] * 2


def test_a_file_that_cannot_be_renamed_is_told_and_leaves_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    with Sshd(tmp_path / "sshd", refused="rename,posix-rename") as sshd:
        desk = SendingDesk(sqlite_database, tmp_path, {"sftp": server_of(sshd)})
        ours = desk.deliver(100_00)
        desk.send()
        assert desk.states(ours) == ("stopped", "made")
        assert "rename = false" in desk.last_text(desk.of(ours))
        assert names(sshd.root) == []
        desk.goes(sftp=server_of(sshd, push={"rename": False}))
        desk.retry(desk.of(ours))
        desk.send()
        assert desk.states(ours) == ("sent", "sent")
        assert names(sshd.root) == [ours.name]


class TestCutOffAfterItsFinalStep:
    """What was asked of the server, and not answered: a look tells, or nobody knows."""

    @pytest.mark.parametrize(
        ("lying", "state"),
        [
            ("whole", "sent"),
            ("temporary", "sent"),
            ("a part", "uncertain"),
            ("nothing", "uncertain"),
            ("other", "uncertain"),
        ],
    )
    def test_what_lies_there_tells(self, desk: SendingDesk, sshd: Sshd, lying: str, state: str) -> None:
        ours = desk.deliver(100_00)
        one = desk.cut_short(desk.of(ours), DEAD, final=True)
        part = f"{one.name}.part"
        there = {"temporary": {part: desk.kept(one)}, "a part": {part: b"x"}, "other": {one.name: b"x"}, "nothing": {}}
        for name, content in there.get(lying, {one.name: desk.kept(one)}).items():
            (sshd.root / name).write_bytes(content)
            inode = (sshd.root / name).stat().st_ino
        before = names(sshd.root)

        desk.send()

        assert desk.states(ours) == (state, state)
        if state == "sent":
            # Not one byte of it was sent again.
            assert names(sshd.root) == [one.name]
            assert (sshd.root / one.name).stat().st_ino == inode
        else:
            assert names(sshd.root) == before
        assert proved(desk)

    def test_a_wire_cut_at_the_rename_is_looked_after_when_it_is_back(
        self, desk: SendingDesk, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Proxy(sshd.port) as proxy:
            desk.goes(sftp=server_of(sshd, port=proxy.port))
            ours, other = desk.deliver(100_00), desk.export(b"told")
            rename = uploading.rename

            def cut_off(*asked: Any) -> str:
                proxy.interrupt("cut", downloaded=0)
                return rename(*asked)

            monkeypatch.setattr(uploading, "rename", cut_off)
            (made,) = desk.send()
            monkeypatch.undo()

            # Nobody knows yet, and somebody can look: no person is asked, and nothing else goes before.
            assert made.result == "failed"
            assert (desk.of(ours).state, desk.of(other).state) == ("sending", "waiting")
            part = sshd.root / f"{ours.name}.part"
            inode = part.stat().st_ino
            proxy.mend()
            desk.send(later=HOUR)
        assert [desk.states(one) for one in (ours, other)] == [("sent", "sent")] * 2
        assert (sshd.root / ours.name).stat().st_ino == inode
        assert names(sshd.root) == sorted([ours.name, other.name])

    def test_a_part_under_its_own_name_is_for_a_person(
        self, sqlite_database: Database, tmp_path: Path, sshd: Sshd
    ) -> None:
        with Proxy(sshd.port) as proxy:
            desk = SendingDesk(
                sqlite_database, tmp_path, {"sftp": server_of(sshd, port=proxy.port, push={"rename": False})}
            )
            ours = desk.export(LARGE)
            proxy.interrupt("reset", uploaded=1_000_000)
            desk.send()
            assert desk.of(ours).state in ("sending", "uncertain")
            proxy.mend()
            desk.send(later=HOUR)
            assert desk.states(ours) == ("uncertain", "uncertain")
            assert "a part of it" in desk.last_text(desk.of(ours))
            assert [path.name for path in sshd.root.iterdir()] == [ours.name]
            desk.send(later=HOUR, by_hand=True)
            assert desk.states(ours) == ("uncertain", "uncertain")

    def test_a_login_that_is_refused_then_leaves_it_uncertain(self, desk: SendingDesk, sshd: Sshd) -> None:
        ours = desk.deliver(100_00)
        desk.cut_short(desk.of(ours), DEAD, final=True)
        sshd.change_host_keys()
        desk.send()
        assert desk.states(ours) == ("uncertain", "uncertain")
        with desk.db.read() as conn:
            assert dispatches.left_sending(conn, "bs", desk.clock) == []
