"""Half-written files are never taken, whatever their sender does (D.6 of the field's known failures)."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.transport.folders import Settling, actual_path, look_at, printable, scan

START = datetime(2026, 7, 6, 8, 0, tzinfo=UTC)


def names(folder: Path) -> list[str]:
    return [seen.name for seen in scan(folder).files]


def test_only_regular_files_under_a_final_name_are_seen(tmp_path: Path) -> None:
    for name in ("a.txt", ".hidden", "b.part", "c.TMP", "d.filepart", "e.writing", "f~", "g.done"):
        (tmp_path / name).touch()
    (tmp_path / "own-inbox").mkdir()
    assert names(tmp_path) == ["a.txt"]


def test_a_symbolic_link_or_a_pipe_is_refused_with_a_reason(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch()
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "link.txt").symlink_to(secret)
    os.mkfifo(inbox / "pipe")
    look = scan(inbox)
    assert look.files == ()
    assert "symbolic link" in look.refused[str(inbox / "link.txt")]
    assert "no regular file" in look.refused[str(inbox / "pipe")]


def test_a_growing_file_is_taken_only_after_it_stopped(tmp_path: Path) -> None:
    settling = Settling(looks=2, age_seconds=3)
    path = tmp_path / "slow.txt"
    path.write_bytes(b"1")
    taken = []
    for second in range(10):
        if second in (1, 2, 4):  # it pauses for longer than one look
            path.write_bytes(path.read_bytes() + b"x")
        ready = settling.settled(scan(tmp_path).files, START + timedelta(seconds=second))
        taken += [second for seen in ready if seen.path == path]
    assert taken == [7, 8, 9]


def test_many_quick_looks_are_no_age(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    settling = Settling(looks=2, age_seconds=2)
    for _ in range(50):
        assert settling.settled(scan(tmp_path).files, START + timedelta(seconds=1)) == []


def test_an_old_or_a_future_mtime_says_nothing_of_whether_the_sender_is_done(tmp_path: Path) -> None:
    settling = Settling(looks=1, age_seconds=2)
    for name, mtime in (("kept.txt", 0), ("clock-ahead.txt", START.timestamp() + 10**7)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (mtime, mtime))
    assert settling.settled(scan(tmp_path).files, START) == []
    assert len(settling.settled(scan(tmp_path).files, START + timedelta(seconds=2))) == 2


def test_a_clock_that_is_put_back_holds_up_no_file(tmp_path: Path) -> None:
    settling = Settling(looks=1, age_seconds=2)
    (tmp_path / "a.txt").touch()
    settling.settled(scan(tmp_path).files, START + timedelta(days=365))
    assert settling.settled(scan(tmp_path).files, START) == []
    assert len(settling.settled(scan(tmp_path).files, START + timedelta(seconds=2))) == 1


def test_a_done_companion_announces_its_file_and_no_other(tmp_path: Path) -> None:
    settling = Settling(looks=100, age_seconds=86_400)
    for name in ("a.txt", "a.txt.done", "b.txt", "c.txt.done"):
        (tmp_path / name).touch()
    assert [seen.name for seen in settling.settled(scan(tmp_path).files, START)] == ["a.txt"]


def test_a_file_that_vanishes_is_forgotten(tmp_path: Path) -> None:
    settling = Settling(looks=1, age_seconds=2)
    path = tmp_path / "a.txt"
    path.touch()
    first = scan(tmp_path).files
    settling.settled(first, START)
    settling.settled([], START + timedelta(seconds=1))
    assert settling.settled(first, START + timedelta(seconds=3)) == []


@pytest.mark.parametrize(
    "raw",
    [b"bad-\xff\xfe.txt", b"line\nfeed.txt", b"back\\slash.txt", "ret\u202ened.txt".encode(), "Åse æøå.txt".encode()],
)
def test_every_name_can_be_journalled_and_found_again(tmp_path: Path, raw: bytes) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), raw)))
    path.write_bytes(b"x")
    (seen,) = scan(tmp_path).files
    seen.name.encode("utf-8")
    assert actual_path(tmp_path, seen.name).read_bytes() == b"x"
    assert ("\\" in seen.name) == (raw != "Åse æøå.txt".encode())


@given(st.binary(min_size=1, max_size=20), st.binary(min_size=1, max_size=20))
def test_two_names_never_become_one(first: bytes, second: bytes) -> None:
    shown = [printable(os.fsdecode(name)) for name in (first, second)]
    assert (shown[0] == shown[1]) == (first == second)
    for name in shown:
        name.encode("utf-8")


def test_by_hand_only_a_regular_file_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no regular file"):
        look_at(tmp_path)
