"""A file of ours on a vendor's server: whole under its name or no such name, and the fault tells truly which may be."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from hub.transport.faults import LastingFault, PassingFault, TransportFault, UnsureFault
from hub.transport.sftp import Session, connected
from tests.odd_sftp import Odd, running
from tests.sftping import IMPATIENT, account_on, fetched, put
from tests.sshd import How, Proxy, Sshd

CONTENT = os.urandom(200_000)
#: The library's own server hashes no more than this right.
LITTLE = CONTENT[:50_000]
NAME, PART = "delivery.bs", "delivery.bs.part"


def lying(sshd: Sshd) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sshd.root.iterdir()}


def test_it_is_written_under_a_temporary_name_and_renamed(sshd: Sshd) -> None:
    seen: list[dict[str, bytes]] = []
    with connected(account_on(sshd)) as session:
        how = put(session, CONTENT, before_final=lambda: seen.append(lying(sshd)))
    assert how == "posix-rename, size compared"
    assert seen == [{PART: CONTENT}]
    assert lying(sshd) == {NAME: CONTENT}


@pytest.mark.parametrize("size", [0, 1, 32_768, 7_000_001])
def test_any_size_arrives_and_is_read_back(sshd: Sshd, size: int) -> None:
    content = (CONTENT * 40)[:size]
    with connected(account_on(sshd)) as session:
        assert put(session, content, read_back=True) == "posix-rename, read back and compared"
        assert fetched(session, NAME) == content


def test_keys_are_exchanged_anew_in_mid_file_both_ways(tmp_path: Path) -> None:
    content = CONTENT * 40
    with Sshd(tmp_path / "far", options=("RekeyLimit 1M",)) as far, connected(account_on(far)) as session:
        put(session, content)
        assert fetched(session, NAME) == content


def test_a_server_without_posix_rename_gets_a_plain_one_and_it_is_told(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", refused="posix-rename") as far, connected(account_on(far)) as session:
        assert put(session, CONTENT) == "plain rename (the server offers no posix-rename), size compared"
        assert lying(far) == {NAME: CONTENT}


def test_what_a_broken_try_left_under_the_temporary_name_is_written_anew(sshd: Sshd) -> None:
    (sshd.root / PART).write_bytes(b"longer than it will be" * 20_000)
    with connected(account_on(sshd)) as session:
        put(session, CONTENT)
    assert lying(sshd) == {NAME: CONTENT}


def test_the_same_bytes_are_there_already(sshd: Sshd) -> None:
    (sshd.root / NAME).write_bytes(CONTENT)
    (sshd.root / PART).write_bytes(b"left behind")
    with connected(account_on(sshd)) as session:
        assert put(session, CONTENT, before_final=never) == "was there"
    assert lying(sshd) == {NAME: CONTENT}


def never() -> None:
    raise AssertionError("nothing was to be handed over")


@pytest.mark.parametrize("temporary", [PART, None])
@pytest.mark.parametrize("other", [b"", b"x" * len(CONTENT), CONTENT + b"x"])
def test_another_file_of_the_name_is_never_replaced(sshd: Sshd, other: bytes, temporary: str | None) -> None:
    (sshd.root / NAME).write_bytes(other)
    with connected(account_on(sshd)) as session, pytest.raises(LastingFault, match="another file has its name"):
        put(session, CONTENT, temporary=temporary, before_final=never)
    assert lying(sshd) == {NAME: other}


def test_what_cannot_be_compared_counts_as_another(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", refused="read") as far:
        (far.root / NAME).write_bytes(CONTENT)
        with connected(account_on(far)) as session:
            with pytest.raises(LastingFault, match="another file has its name"):
                put(session, CONTENT, before_final=never)
            assert session.standing(".", NAME, PART, len(CONTENT), sha(CONTENT)) == "other"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("temporary", [PART, None])
def test_a_link_under_the_name_is_not_written_through(sshd: Sshd, temporary: str | None) -> None:
    (sshd.root / NAME).symlink_to("elsewhere")
    with connected(account_on(sshd)) as session, pytest.raises(LastingFault, match="another file has its name"):
        put(session, CONTENT, temporary=temporary, before_final=never)
    assert os.listdir(sshd.root) == [NAME]


@pytest.mark.parametrize("refused", ["", "posix-rename"])
def test_a_file_that_comes_while_we_write_is_not_replaced(tmp_path: Path, refused: str) -> None:
    with Sshd(tmp_path / "far", refused=refused) as far, connected(account_on(far)) as session:
        with pytest.raises(LastingFault, match="another file has its name"):
            put(session, CONTENT, before_final=lambda: write(far.root / NAME, b"the vendor's own"))
        assert lying(far) == {NAME: b"the vendor's own"}


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def test_a_rename_that_is_denied_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", refused="rename,posix-rename") as far:
        with connected(account_on(far)) as session, pytest.raises(LastingFault, match="rename = false"):
            put(session, CONTENT)
        assert lying(far) == {}
        with connected(account_on(far)) as session:
            assert put(session, CONTENT, temporary=None) == "under its own name, size compared"
        assert lying(far) == {NAME: CONTENT}


def test_a_delete_that_is_denied_hinders_no_upload(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", refused="remove") as far, connected(account_on(far)) as session:
        put(session, CONTENT)
        assert put(session, CONTENT) == "was there"
        assert lying(far) == {NAME: CONTENT}


@pytest.mark.parametrize("temporary", [PART, None])
@pytest.mark.parametrize(("refused", "folder"), [("write", "."), ("open", "."), ("", "nowhere")])
def test_a_folder_that_takes_nothing_is_lasting(
    tmp_path: Path, refused: str, folder: str, temporary: str | None
) -> None:
    with Sshd(tmp_path / "far", refused=refused) as far, connected(account_on(far)) as session:
        with pytest.raises(LastingFault, match=r"the server gives us no right|no such file or folder"):
            put(session, CONTENT, folder=folder, temporary=temporary)
        assert lying(far) == {}


@pytest.mark.parametrize("temporary", [PART, None])
def test_a_full_disk_is_passing_and_leaves_nothing(tmp_path: Path, temporary: str | None) -> None:
    with Sshd(tmp_path / "far", disk_bytes=1 << 20) as far, connected(account_on(far)) as session:
        with pytest.raises(PassingFault, match="the server says Failure"):
            put(session, CONTENT * 20, temporary=temporary)
        assert lying(far) == {}
        put(session, CONTENT, temporary=temporary)
        assert lying(far) == {NAME: CONTENT}


def test_what_is_not_what_was_made_does_not_leave(sshd: Sshd) -> None:
    with connected(account_on(sshd)) as session:
        for size, made in ((len(CONTENT), sha(b"other")), (len(CONTENT) + 1, sha(CONTENT))):
            with pytest.raises(LastingFault, match="what is kept is not what was made"):
                session.upload(
                    io.BytesIO(CONTENT),
                    folder=".",
                    name=NAME,
                    temporary=PART,
                    size=size,
                    sha256=made,
                    read_back=False,
                    before_final=never,
                )
    assert lying(sshd) == {}


def test_what_before_final_raises_goes_through_and_nothing_is_handed_over(sshd: Sshd) -> None:
    with connected(account_on(sshd)) as session, pytest.raises(AssertionError, match="nothing was to be"):
        put(session, CONTENT, before_final=never)
    assert lying(sshd) == {PART: CONTENT}


@pytest.mark.parametrize(
    ("files", "standing"),
    [
        ({}, "absent"),
        ({PART: b"half"}, "temporary"),
        ({NAME: CONTENT}, "identical"),
        ({NAME: CONTENT, PART: b"half"}, "identical"),
        ({NAME: CONTENT[:-1]}, "other"),
        ({NAME: b"x" * len(CONTENT)}, "other"),
    ],
)
def test_what_stands_there(sshd: Sshd, files: dict[str, bytes], standing: str) -> None:
    for name, content in files.items():
        (sshd.root / name).write_bytes(content)
    with connected(account_on(sshd)) as session:
        assert session.standing(".", NAME, PART, len(CONTENT), sha(CONTENT)) == standing


#: Bytes from the end of an undisturbed upload: the last requests and their answers, then what comes before.
_BEFORE_THE_END = (0, 20, 80, 140, 200, 260, 400, 50_000, 150_000)


@pytest.mark.parametrize("temporary", [PART, None])
@pytest.mark.parametrize(("way", "how"), [("uploaded", "reset"), ("downloaded", "cut")])
def test_wherever_the_wire_breaks_it_is_whole_or_not_there(
    sshd: Sshd, way: str, how: How, temporary: str | None
) -> None:
    with Proxy(sshd.port) as wire:
        account = account_on(sshd, port=wire.port)
        with connected(account) as session:
            before = getattr(wire, way)
            put(session, CONTENT, temporary=temporary)
            whole = getattr(wire, way) - before
            session.remove(".", NAME)
        final: list[int] = []
        for left in (left for left in _BEFORE_THE_END if left < whole):
            with connected(account) as session:
                wire.interrupt(how, **{way: whole - left})
                fault = fault_of_put(session, temporary, partial(final.append, left))
            sshd.wait_until_quiet()
            wire.mend()
            there = lying(sshd)
            if fault is None:
                assert there == {NAME: CONTENT}
            elif isinstance(fault, UnsureFault):
                assert left in final
                assert there.get(NAME, CONTENT) == CONTENT or temporary is None
            else:
                assert isinstance(fault, PassingFault)
                assert NAME not in there
            with connected(account) as session:
                standing = session.standing(".", NAME, temporary, len(CONTENT), sha(CONTENT))
                assert (standing == "identical") == (there.get(NAME) == CONTENT)
                if standing == "other":
                    assert temporary is None
                    session.remove(".", NAME)
                put(session, CONTENT, temporary=temporary)
                assert lying(sshd) == {NAME: CONTENT}
                session.remove(".", NAME)


def fault_of_put(session: Session, temporary: str | None, before_final: Callable[[], None]) -> TransportFault | None:
    try:
        put(session, CONTENT, temporary=temporary, before_final=before_final)
    except TransportFault as fault:
        return fault
    return None


@pytest.mark.parametrize(("uploaded", "downloaded"), [(2_000_000, None), (0, None), (None, 0), (None, 2_000)])
def test_a_wire_that_stalls_is_given_up_in_time(sshd: Sshd, uploaded: int | None, downloaded: int | None) -> None:
    with Proxy(sshd.port) as wire:
        with connected(account_on(sshd, port=wire.port, deadlines=replace(IMPATIENT, total_seconds=20))) as session:
            wire.interrupt("stall", uploaded=uploaded, downloaded=downloaded)
            with pytest.raises(PassingFault, match="connection was lost") as fault:
                put(session, CONTENT * 100)
        assert "all of it" not in str(fault.value)
        wire.mend()
        assert NAME not in lying(sshd)


def test_a_server_that_tells_hashes_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Odd(tmp_path / "odd"), monkeypatch) as odd, connected(odd.account) as session:
        told = put(session, LITTLE)
        assert told == "plain rename (the server offers no posix-rename), size and sha256 compared"
        assert put(session, LITTLE, before_final=never) == "was there"
        assert session.standing(".", NAME, PART, len(LITTLE), sha(LITTLE)) == "identical"


@pytest.mark.parametrize("temporary", [PART, None])
def test_what_arrives_otherwise_than_sent_is_taken_away_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: str | None
) -> None:
    with running(Odd(tmp_path / "odd", spoil=True), monkeypatch) as odd, connected(odd.account) as session:
        with pytest.raises(PassingFault, match="did not arrive as it was sent"):
            put(session, LITTLE, temporary=temporary)
        assert list(odd.root.iterdir()) == []


@pytest.mark.parametrize("read_back", [False, True])
def test_what_the_vendor_takes_before_its_rename_is_never_called_unsent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_back: bool
) -> None:
    final: list[str] = []
    with running(Odd(tmp_path / "odd", takes=True), monkeypatch) as odd, connected(odd.account) as session:
        with pytest.raises(UnsureFault, match=r"take files under their temporary name.*temporary in \[sftp.push\]"):
            put(session, LITTLE, read_back=read_back, before_final=lambda: final.append("final"))
        assert odd.taken == [LITTLE]
        assert final == ["final"]
        # Under its own name that is what a vendor does.
        assert "taken by the vendor" in put(session, LITTLE, temporary=None)


def test_nor_what_it_takes_while_it_is_renamed(sshd: Sshd) -> None:
    gone = pytest.raises(UnsureFault, match="it was gone before it could be renamed")
    with connected(account_on(sshd)) as session, gone:
        put(session, CONTENT, before_final=lambda: (sshd.root / PART).unlink())


def test_a_server_that_gives_little_and_tells_little_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Odd(tmp_path / "odd", few=1_000, tells_attributes=False), monkeypatch) as odd:
        (odd.root / "a.bin").write_bytes(CONTENT)
        (odd.root / "folder").mkdir()
        with connected(odd.account) as session:
            assert [(file.name, file.size) for file in session.list(".")] == [("a.bin", len(CONTENT))]
            assert fetched(session, "a.bin") == CONTENT
