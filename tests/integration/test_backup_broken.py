"""Backups that were harmed or made up: each is a named error, and nothing is written."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.backup import ArchiveError, RestoreError, restore
from hub.backup.archive import Archive, packed
from hub.store import database as databases
from tests.backups import Kept, make_kept, members, new_database, quiet
from tests.integration.cli_runner import hub


@pytest.fixture(scope="module")
def on_sqlite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Never changed by a test."""
    return make_kept(request, tmp_path_factory.mktemp("on_sqlite"), "sqlite")


Parts = dict[str, bytes]


def rewritten(archive: Path, target: Path, change: Callable[[Parts], object]) -> Path:
    """The archive with other members, and a manifest that has the hashes of what is there."""
    parts = members(archive)
    change(parts)
    manifest = json.loads(gzip.decompress(parts["manifest.json.gz"]))
    manifest["sha256"] = {name: sha256(data).hexdigest() for name, data in parts.items() if counted(name)}
    parts["manifest.json.gz"] = packed(json.dumps(manifest).encode())
    return write_tar(target, list(parts.items()))


def counted(name: str) -> bool:
    return name != "manifest.json.gz" and not name.startswith("content/")


def write_tar(target: Path, parts: list[tuple[str, bytes]]) -> Path:
    with tarfile.open(target, "w") as tar:
        for name, data in parts:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return target


def with_rows(table: str, change: Callable[[list[list[Any]]], object]) -> Callable[[Parts], None]:
    def changed(parts: Parts) -> None:
        name = f"tables/{table}/000001.json.gz"
        rows = json.loads(gzip.decompress(parts[name]))
        change(rows)
        parts[name] = packed(json.dumps(rows).encode())

    return changed


def with_value(table: str, column: str, value: object) -> Callable[[Parts], None]:
    """Another value in its first row."""

    def changed(parts: Parts) -> None:
        columns = [name for name, _ in json.loads(parts["about.json"])["tables"][table]]
        with_rows(table, lambda rows: rows[0].__setitem__(columns.index(column), value))(parts)

    return changed


def with_about(**facts: object) -> Callable[[Parts], None]:
    def changed(parts: Parts) -> None:
        parts["about.json"] = json.dumps(json.loads(parts["about.json"]) | facts).encode()

    return changed


def added(name: str) -> Callable[[Parts], None]:
    """A member more, where members of its folder stand."""

    def changed(parts: Parts) -> None:
        last = parts.pop("manifest.json.gz")
        parts[name] = b"evil"
        parts["manifest.json.gz"] = last

    return changed


def without(prefix: str) -> Callable[[Parts], None]:
    def changed(parts: Parts) -> None:
        parts.pop(next(name for name in parts if name.startswith(prefix)))

    return changed


def nothing_but(row: Any) -> Callable[[list[Any]], None]:
    return lambda rows: rows.__setitem__(slice(None), [row])


class TestBrokenArchives:
    def refused(self, archive: Path, tmp_path: Path, why: str) -> None:
        place = tmp_path / "place"
        place.mkdir()
        answer = hub("restore", archive, "--json", site=place / "new")
        assert answer.status == 1, answer
        assert why in answer.json["error"]
        assert os.listdir(place) == []

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (with_about(format=2), "it is of format 2, this program reads format 1"),
            (with_about(schema_revision="9999"), "its schema is at 9999, this program knows"),
            (with_about(schema_revision="0000x"), "cannot be brought to 0000x"),
            (with_about(tables={}), "differ in table account"),
            (with_about(database="oracle"), "its about cannot be understood"),
            (without("about.json"), "about.json is missing"),
            (without("content/"), "files of content"),
            (without("tables/entry"), "table entry has 0 rows"),
            (without("config/hub.toml"), "config/hub.toml"),
            (added("../evil"), "it holds '../evil'"),
            (added("/etc/evil"), "it holds '/etc/evil'"),
            (added("quarantine/../../evil"), "it holds 'quarantine/../../evil'"),
            (added("hub.db"), "it holds 'hub.db'"),
            (added("content/ab/" + "ab" * 32), "stands in the wrong place"),
            (added("config/late.toml"), "stands in the wrong place"),
            (with_rows("posting", nothing_but([1])), "rows are not lists of 5 values"),
            (with_rows("posting", lambda rows: rows.pop()), "rows, and was written with"),
            (with_rows("posting", lambda rows: rows.append(rows[0])), "cannot be loaded: UNIQUE constraint failed"),
            (with_value("entry", "leaf", "zz"), "cannot be loaded: non-hexadecimal"),
            (with_value("unit", "property_id", 77), "refers to one of property that is not there"),
            (with_value("file", "filed_at", "../../evil"), "which is not in the archive"),
        ],
    )
    def test_made_up(self, on_sqlite: Kept, tmp_path: Path, change: Callable[[Parts], object], why: str) -> None:
        self.refused(rewritten(on_sqlite.archive, tmp_path / "b.tar", change), tmp_path, why)

    def test_a_link_instead_of_a_file(self, on_sqlite: Kept, tmp_path: Path) -> None:
        target = write_tar(tmp_path / "b.tar", list(members(on_sqlite.archive).items())[:1])
        with tarfile.open(target, "a") as tar:
            link = tarfile.TarInfo("config/vendors")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc"
            tar.addfile(link)
        self.refused(target, tmp_path, "it holds 'config/vendors', which no backup does")

    def test_a_member_twice(self, on_sqlite: Kept, tmp_path: Path) -> None:
        parts = list(members(on_sqlite.archive).items())
        self.refused(write_tar(tmp_path / "b.tar", [*parts, parts[-1]]), tmp_path, "holds manifest.json.gz twice")

    def test_content_under_another_name(self, on_sqlite: Kept, tmp_path: Path) -> None:
        def swap(parts: Parts) -> None:
            first, second = [name for name in parts if name.startswith("content/")][:2]
            parts[first], parts[second] = parts[second], parts[first]

        self.refused(rewritten(on_sqlite.archive, tmp_path / "b.tar", swap), tmp_path, "is damaged")

    def test_rows_that_are_not_those_written(self, on_sqlite: Kept, tmp_path: Path) -> None:
        parts = members(on_sqlite.archive)
        with_value("posting", "amount", 1)(parts)
        self.refused(write_tar(tmp_path / "b.tar", list(parts.items())), tmp_path, "posting/000001.json.gz is damaged")

    def test_no_tar_at_all(self, tmp_path: Path) -> None:
        (tmp_path / "b.tar").write_bytes(b"PK\x03\x04" + bytes(2_000))
        self.refused(tmp_path / "b.tar", tmp_path, "cannot be read as a backup")

    def test_cut_off_anywhere(self, on_sqlite: Kept, tmp_path: Path) -> None:
        whole = on_sqlite.archive.read_bytes()
        manifest = len(members(on_sqlite.archive)["manifest.json.gz"])
        for length in range(0, len(whole) - 1024 - manifest, 997):
            (tmp_path / "b.tar").write_bytes(whole[:length])
            with pytest.raises(ArchiveError):
                Archive.checked(tmp_path / "b.tar")
        self.refused(tmp_path / "b.tar", tmp_path, "")

    def test_a_byte_changed_anywhere_is_found_or_is_of_no_account(self, on_sqlite: Kept, tmp_path: Path) -> None:
        """What fills a block up, and what a tar says of owners and times, is read by nobody."""
        whole, good = bytearray(on_sqlite.archive.read_bytes()), Archive.checked(on_sqlite.archive)
        damaged = tmp_path / "b.tar"
        found = 0
        for at in range(7, len(whole), 661):
            whole[at] ^= 0x40
            damaged.write_bytes(whole)
            whole[at] ^= 0x40
            try:
                read = Archive.checked(damaged)
            except ArchiveError:
                found += 1
            else:
                assert (read.about, read.manifest) == (good.about, good.manifest)
                assert members(damaged) == members(on_sqlite.archive)
        assert found > 25

    def test_a_postgresql_that_refuses_is_as_empty_as_before(
        self, on_sqlite: Kept, request: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        """SQLite takes a NUL in a text, PostgreSQL does not."""
        url = new_database("postgresql", request, tmp_path)
        forged = rewritten(on_sqlite.archive, tmp_path / "b.tar", with_value("event", "actor", "a\0"))
        with pytest.raises(RestoreError, match=r"tables/event/000001.json.gz cannot be loaded.*NUL"):
            restore(forged, tmp_path / "new", database_url=url, tell=quiet)
        with databases.open_bare(url).read() as conn:
            assert conn.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
        assert os.listdir(tmp_path) == ["b.tar"]
