"""Zips from strangers: names that can be kept or a reason, and never more bytes than the limits allow."""

from __future__ import annotations

import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import pytest

from hub.transport.archives import Archive, ArchiveError, Limits, MemberError, is_zip, opened
from tests.hostile_zips import crowded, encrypted, endless_list, lying, named, symlink, twice, zipped

LIMITS = Limits(members=100, member_bytes=1 << 20, bytes=8 << 20, ratio=200)


@pytest.fixture
def zip_path(tmp_path: Path) -> Path:
    return tmp_path / "a.zip"


def names_in(path: Path, content: bytes) -> list[tuple[str, str]]:
    path.write_bytes(content)
    with opened(path, LIMITS) as archive:
        return [(member.name, member.refused) for member in archive.members]


def unpacked(archive: Archive) -> dict[str, bytes]:
    return {member.name: b"".join(archive.unpack(member)) for member in archive.members}


def test_members_come_with_their_bytes_and_without_folders(zip_path: Path) -> None:
    zip_path.write_bytes(zipped({"2026/varme/a.pdf": b"one", "b.txt": b"two" * 1_000, "empty/": b""}))
    with opened(zip_path, LIMITS) as archive:
        assert unpacked(archive) == {"a.pdf": b"one", "b.txt": b"two" * 1_000}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Sø.pdf".encode(), "Sø.pdf"),
        ("Sø.pdf".encode("cp850"), "Sø.pdf"),
        (unicodedata.normalize("NFD", "Åse.pdf").encode(), "Åse.pdf"),
        (b"2026\\varme\\a.pdf", "a.pdf"),
        (b"./a.pdf", "a.pdf"),
    ],
)
def test_a_name_is_read_as_its_maker_wrote_it(zip_path: Path, raw: bytes, name: str) -> None:
    assert names_in(zip_path, named(raw)) == [(name, "")]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"../a.pdf", "leads out of the folder"),
        (b"a/../../b.pdf", "leads out of the folder"),
        (b"..\\..\\b.pdf", "leads out of the folder"),
        (b"..", "leads out of the folder"),
        (b"/etc/passwd", "a path from the root"),
        (b"\\\\server\\share\\a.pdf", "a path from the root"),
        (b"C:\\a.pdf", "a path from the root"),
        (b"c:a.pdf", "a path from the root"),
        (b"a\nb.pdf", "control characters"),
        (b"a\x00b.pdf", "control characters"),
        ("a\u202efdp.exe".encode(), "control characters"),
        (b"n" * 296 + b".pdf", "more than 255 bytes"),
        (b"folder/  ", "no name"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused(zip_path: Path, raw: bytes, why: str) -> None:
    [(shown, refused)] = names_in(zip_path, named(raw))
    assert why in refused
    assert shown.isprintable()
    assert len(shown) < 100


def test_what_is_no_plain_file_is_refused(zip_path: Path) -> None:
    assert names_in(zip_path, symlink("a.pdf", "/etc/passwd")) == [("a.pdf", "a symbolic link")]
    assert names_in(zip_path, encrypted("a.pdf"))[0][1].startswith("encrypted")
    assert "packed by method 12" in names_in(zip_path, zipped({"a.pdf": b"x"}, zipfile.ZIP_BZIP2))[0][1]


@pytest.mark.parametrize(
    "content",
    [
        twice("a.pdf", b"one", b"two"),
        zipped({"varme/a.pdf": b"one", "vand/a.pdf": b"two"}),
        zipped({"a.pdf": b"one", "A.PDF": b"two"}),
        zipped({"Å.pdf": b"one", unicodedata.normalize("NFD", "å.pdf"): b"two"}),
    ],
)
def test_of_one_name_there_is_one_member_or_none(zip_path: Path, content: bytes) -> None:
    assert [refused for _, refused in names_in(zip_path, content)] == [
        "2 members have this name, apart from folders and case"
    ] * 2


def test_hidden_files_are_passed_over_as_in_a_folder(zip_path: Path) -> None:
    assert names_in(zip_path, zipped({"__MACOSX/._a.pdf": b"x", ".DS_Store": b"x", "a.pdf": b"y"})) == [("a.pdf", "")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (crowded(101), "it has 101 members, intake.zip_members_max allows 100"),
        (zipped({"a": bytes(5 << 20), "b": bytes(5 << 20)}), "intake.zip_bytes_max"),
        (zipped({"a": bytes(4 << 20)}), "intake.zip_ratio_max allows 200 times"),
        (b"PK\x03\x04 cut on its way", "no zip that can be read"),
        (endless_list(5 << 20), "its list of members takes more than"),
        (b"PK\x05\x06" + bytes(3), "no zip that can be read"),
    ],
)
def test_a_zip_that_is_made_to_do_harm_is_not_unpacked(zip_path: Path, content: bytes, why: str) -> None:
    zip_path.write_bytes(content)
    with pytest.raises(ArchiveError) as refused, opened(zip_path, LIMITS):
        pass
    assert why in str(refused.value)


def test_a_member_that_is_too_large_is_refused_by_itself(zip_path: Path) -> None:
    [(_, refused)] = names_in(zip_path, zipped({"a": bytes(LIMITS.member_bytes + 1)}, zipfile.ZIP_STORED))
    assert "intake.zip_member_bytes_max" in refused


@pytest.mark.parametrize("said_bytes", [10, 900_000])
def test_a_lying_size_ends_at_the_size_that_was_said(zip_path: Path, said_bytes: int) -> None:
    zip_path.write_bytes(lying("a.txt", b"0123456789" * 50_000, said_bytes))
    with opened(zip_path, LIMITS) as archive:
        got: list[bytes] = []
        with pytest.raises(MemberError, match="broken"):
            got.extend(archive.unpack(archive.members[0]))
        assert sum(map(len, got)) <= said_bytes


def test_a_damaged_member_is_told(zip_path: Path) -> None:
    content = zipped({"a.txt": b"0123456789" * 100}, zipfile.ZIP_STORED).replace(b"0123", b"0X23", 1)
    zip_path.write_bytes(content)
    with opened(zip_path, LIMITS) as archive, pytest.raises(MemberError, match="broken"):
        unpacked(archive)


def test_memory_stays_flat(zip_path: Path) -> None:
    zip_path.write_bytes(zipped({"a.bin": bytes(64 << 20)}))
    limits = LIMITS._replace(member_bytes=1 << 30, bytes=1 << 30, ratio=2_000)
    with opened(zip_path, limits) as archive:
        tracemalloc.start()
        size = sum(len(chunk) for chunk in archive.unpack(archive.members[0]))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert size == 64 << 20
    assert peak < 8 << 20


def test_a_programs_document_is_no_zip(zip_path: Path) -> None:
    zip_path.write_bytes(zipped({"xl/workbook.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}))
    assert not is_zip(zip_path)
    zip_path.write_bytes(zipped({"a.pdf": b"x"}))
    assert is_zip(zip_path)
    zip_path.write_bytes(b"hello")
    assert not is_zip(zip_path)
