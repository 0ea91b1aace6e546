"""What lies on a server, and its bytes: all of them and unchanged, or a fault that says what to do."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hub.transport.faults import LastingFault, PassingFault
from hub.transport.folders import printable
from hub.transport.sftp import RemoteChanged, RemoteFile, Session, connected
from tests.sftping import IMPATIENT, account_on, fetched
from tests.sshd import How, Proxy, Sshd

#: More than all windows and buffers between us hold.
BIG = os.urandom(1 << 20) * 24


def test_regular_files_alone_are_listed_by_name_with_size_and_time(sshd: Sshd) -> None:
    (sshd.root / "folder").mkdir()
    (sshd.root / "folder" / "inner.txt").write_bytes(b"x")
    (sshd.root / "link.txt").symlink_to("/etc/passwd")
    os.mkfifo(sshd.root / "pipe.txt")
    for name, content, mtime in (("b.txt", b"", 1_000_000_000), ("a.txt", b"ab", 86_400), (".hidden", b"h", 7)):
        (sshd.root / name).write_bytes(content)
        os.utime(sshd.root / name, (mtime, mtime))
    with connected(account_on(sshd)) as session:
        assert session.list(".") == [
            RemoteFile(".", ".hidden", 1, 7),
            RemoteFile(".", "a.txt", 2, 86_400),
            RemoteFile(".", "b.txt", 0, 1_000_000_000),
        ]
        assert [file.name for file in session.list("folder")] == ["inner.txt"]
        assert session.list(sshd.path) == [replaced(file, sshd.path) for file in session.list(".")]


def replaced(file: RemoteFile, folder: str) -> RemoteFile:
    return file._replace(folder=folder)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ærø faktura 1.txt".encode(), "Ærø faktura 1.txt"),
        ("Ærø.txt".encode("cp865"), "\\x92r\\x9b.txt"),
        (b"line\nfeed\x1b[31m", "line\\u000afeed\\u001b[31m"),
        (b"back\\slash", "back\\\\slash"),
        (b"-rf", "-rf"),
        (b"*?[a]", "*?[a]"),
    ],
)
def test_a_name_of_any_bytes_can_be_shown_fetched_moved_and_removed(sshd: Sshd, name: bytes, shown: str) -> None:
    root = os.fsencode(sshd.root)
    with (Path(os.fsdecode(root + b"/" + name))).open("wb") as stream:
        stream.write(b"content")
    (sshd.root / "done").mkdir()
    with connected(account_on(sshd)) as session:
        (file,) = session.list(".")
        assert printable(file.name) == shown
        assert b"".join(session.download(file)) == b"content"
        session.move(".", file.name, "done", still=file)
        assert os.listdir(root + b"/done") == [name]
        session.remove("done", file.name)
        assert session.list("done") == []


@pytest.mark.parametrize("requests_max", [0, 1, 3])
def test_every_byte_comes_in_order_whatever_the_size(sshd: Sshd, requests_max: int) -> None:
    with connected(account_on(sshd, prefetch_requests_max=requests_max)) as session:
        for size in (0, 1, 32_767, 32_768, 32_769, 65_536, 5_000_001):
            (sshd.root / "a.bin").write_bytes(BIG[:size])
            assert fetched(session, "a.bin") == BIG[:size]


def test_what_is_given_up_midway_leaves_the_session_fit_for_the_next(sshd: Sshd) -> None:
    (sshd.root / "big").write_bytes(BIG)
    (sshd.root / "small").write_bytes(b"small")
    with connected(account_on(sshd)) as session:
        (big, small) = session.list(".")
        chunks = session.download(big)
        assert next(chunks) == BIG[:32_768]
        chunks.close()
        assert b"".join(session.download(small)) == b"small"
        assert b"".join(session.download(big)) == BIG


def change(path: Path, content: bytes, mtime: int) -> None:
    path.write_bytes(content)
    os.utime(path, (mtime, mtime))


@pytest.mark.parametrize("when", ["before", "meanwhile"])
@pytest.mark.parametrize("how", ["grown", "cut", "touched", "replaced", "gone", "symlink"])
def test_a_file_that_is_not_what_was_listed_is_not_taken_for_it(sshd: Sshd, how: str, when: str) -> None:
    path = sshd.root / "a.txt"
    change(path, BIG[:10_000_000], 1_000)
    with connected(account_on(sshd, prefetch_requests_max=2)) as session:
        (file,) = session.list(".")
        chunks = session.download(file)
        if when == "meanwhile":
            next(chunks)
        match how:
            case "grown":
                change(path, BIG[:10_000_001], 1_000)
            case "cut":
                change(path, BIG[:5_000_000], 1_000)
            case "touched":
                os.utime(path, (2_000, 2_000))
            case "replaced":
                change(sshd.root / "b.txt", BIG[:10_000_000], 2_000)
                (sshd.root / "b.txt").replace(path)
            case "symlink":
                path.rename(sshd.root / "c.txt")
                path.symlink_to("c.txt")
            case _:
                path.unlink()
        with pytest.raises(RemoteChanged, match=r"a\.txt"):
            list(chunks)


@pytest.mark.parametrize("folder", ["nowhere", "a.txt"])
def test_a_folder_that_is_none_is_told(sshd: Sshd, folder: str) -> None:
    (sshd.root / "a.txt").write_bytes(b"x")
    with connected(account_on(sshd)) as session:
        with pytest.raises(LastingFault, match=folder):
            session.list(folder)
        assert len(session.list(".")) == 1


@pytest.mark.parametrize(("refused", "what"), [("opendir", "listed"), ("open", "fetched"), ("read", "fetched")])
def test_a_right_that_we_have_not_is_lasting(tmp_path: Path, refused: str, what: str) -> None:
    with Sshd(tmp_path / "far", refused=refused) as far:
        (far.root / "a.txt").write_bytes(b"x")
        mtime = int((far.root / "a.txt").stat().st_mtime)
        file = RemoteFile(".", "a.txt", 1, mtime)
        with (
            connected(account_on(far)) as session,
            pytest.raises(LastingFault, match=f"cannot be {what}: the server gives us no right"),
        ):
            session.list(".") if refused == "opendir" else list(session.download(file))


def test_what_we_may_not_delete_or_move_stays_and_is_told(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", refused="remove,rename,posix-rename") as far:
        (far.root / "a.txt").write_bytes(b"x")
        (far.root / "done").mkdir()
        with connected(account_on(far)) as session:
            with pytest.raises(LastingFault, match=r"a\.txt: it cannot be deleted: the server gives us no right"):
                session.remove(".", "a.txt")
            with pytest.raises(LastingFault, match=r"a\.txt: it cannot be moved: the server gives us no right"):
                session.move(".", "a.txt", "done")
            assert fetched(session, "a.txt") == b"x"


def test_removing_and_moving_can_be_repeated(sshd: Sshd) -> None:
    (sshd.root / "a.txt").write_bytes(b"x")
    (sshd.root / "done").mkdir()
    with connected(account_on(sshd)) as session:
        session.move(".", "a.txt", "done")
        session.move(".", "a.txt", "done")
        session.remove("done", "a.txt")
        session.remove("done", "a.txt")
        assert session.list(".") == session.list("done") == []


def test_nothing_is_moved_over_another_file_or_into_no_folder(sshd: Sshd) -> None:
    (sshd.root / "a.txt").write_bytes(b"new")
    (sshd.root / "done").mkdir()
    (sshd.root / "done" / "a.txt").write_bytes(b"old")
    with connected(account_on(sshd)) as session:
        with pytest.raises(LastingFault, match=r"done/a\.txt is there"):
            session.move(".", "a.txt", "done")
        with pytest.raises(LastingFault, match="there is no such file or folder"):
            session.move(".", "a.txt", "nowhere")
        assert (fetched(session, "a.txt"), fetched(session, "a.txt", "done")) == (b"new", b"old")


def test_a_newer_file_of_the_name_is_neither_removed_nor_moved(sshd: Sshd) -> None:
    change(sshd.root / "a.txt", b"old", 1_000)
    (sshd.root / "done").mkdir()
    with connected(account_on(sshd)) as session:
        (old,) = session.list(".")
        change(sshd.root / "a.txt", b"new", 2_000)
        with pytest.raises(RemoteChanged, match="another file has its name now"):
            session.remove(".", "a.txt", still=old)
        with pytest.raises(RemoteChanged, match="another file has its name now"):
            session.move(".", "a.txt", "done", still=old)
        assert fetched(session, "a.txt") == b"new"


@pytest.mark.parametrize("how", ["stall", "reset", "cut"])
@pytest.mark.parametrize("at", [0, 12_000_000])
def test_a_wire_that_breaks_in_mid_file_is_told_in_time(sshd: Sshd, how: How, at: int) -> None:
    (sshd.root / "a.bin").write_bytes(BIG)
    with Proxy(sshd.port) as wire:
        account = account_on(sshd, port=wire.port)
        with connected(replace(account, deadlines=IMPATIENT)) as session:
            (file,) = session.list(".")
            wire.interrupt(how, downloaded=at)
            began = time.monotonic()
            with pytest.raises(PassingFault) as fault:
                list(session.download(file))
            assert time.monotonic() - began < 5
            assert not isinstance(fault.value, RemoteChanged)
            assert_of_no_use(session)
        wire.mend()
        with connected(account) as session:
            assert fetched(session, "a.bin") == BIG


def assert_of_no_use(session: Session) -> None:
    """Whatever is asked of it, at once."""
    began = time.monotonic()
    with pytest.raises(PassingFault):
        session.list(".")
    assert time.monotonic() - began < 0.5


def test_a_server_that_is_stopped_is_passing(sshd: Sshd) -> None:
    with connected(account_on(sshd)) as session:
        sshd.cut()
        with pytest.raises(PassingFault, match="connection was lost"):
            session.list(".")


def test_whoever_has_had_enough_of_a_lost_connection_is_not_told_again(sshd: Sshd) -> None:
    (sshd.root / "a.bin").write_bytes(BIG)
    with connected(account_on(sshd)) as session:
        chunks = session.download(session.list(".")[0])
        next(chunks)
        sshd.cut()
        chunks.close()
        with pytest.raises(PassingFault):
            session.list(".")


def test_five_thousand_names_come_in_one_look(sshd: Sshd) -> None:
    (sshd.root / "F0000.txt").touch()
    for number in range(1, 5_000):
        os.link(sshd.root / "F0000.txt", sshd.root / f"F{number:04}.txt")
    with connected(account_on(sshd)) as session:
        assert [file.name for file in session.list(".")] == [f"F{number:04}.txt" for number in range(5_000)]
