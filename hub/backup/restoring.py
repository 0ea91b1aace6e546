"""``hub restore``: a site and its database out of a backup, all of it or nothing, proved at the end."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

import psycopg
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from hub.backup import rows
from hub.backup.archive import About, Archive, ArchiveError, Member, content_name, unpacked
from hub.backup.making import Tell
from hub.backup.rows import RestoreError
from hub.settings import ConfigError, Secret, Site, read_site
from hub.store import database as databases
from hub.store.bulk import ClashError
from hub.store.exchange.restored import doubt_what_was_on_its_way
from hub.store.verify import Report, verify

#: In the site's folder, until all is there and proved.
STAGING = ".restoring"
#: What lies beside an SQLite database in use.
_SQLITE_SUFFIXES = ("-wal", "-shm", "-journal")
_CHUNK_BYTES = 1 << 20
_DATABASE_ERRORS = (DBAPIError, sqlite3.Error, psycopg.Error)
#: What a value raises that no column takes.
_UNFIT = (ClashError, ValueError, TypeError, AttributeError, OverflowError)
_DATABASE_LINE = re.compile(r"^[ \t]*database[ \t]*=.*$", re.MULTILINE)
_TABLE_LINE = re.compile(r"^[ \t]*\[", re.MULTILINE)
_FILED = text("SELECT filed_at, sha256 FROM file WHERE filed_at IS NOT NULL ORDER BY id")


class Restored(NamedTuple):
    """``report`` is that of ``hub verify``, which expected the head in the backup; ``absent`` as the backup says.

    ``uncertain`` dispatches were on their way when it was made: nobody knows whether they were handed over since.
    """

    site: Site
    about: About
    rows: int
    content_files: int
    absent: tuple[str, ...]
    uncertain: int
    report: Report


def restore(archive_file: Path, root: Path, *, database_url: str | None = None, tell: Tell) -> Restored:
    """Makes the site ``root``, which must be empty or absent, and fills its database, which must be empty.

    ``database_url`` is put into config/hub.toml in place of the one there: so a site moves from SQLite to PostgreSQL
    and back. A backup of an earlier schema is loaded as it was, and brought to today's.

    Raises ArchiveError, RestoreError, DatabaseError, ConfigError: then nothing was restored. Books that were not in
    order when the backup was made are restored all the same, and ``report`` says so.
    """
    root = root.resolve()
    _refuse_filled(root)
    archive = Archive.checked(archive_file)
    if archive.about.schema_revision > databases.SCHEMA_HEAD:
        raise ArchiveError(
            f"its schema is at {archive.about.schema_revision}, this program knows {databases.SCHEMA_HEAD}",
            where=str(archive_file),
            why="a newer hub made it",
            do=f"restore it with hub {archive.about.hub} or newer",
        )
    with _told(root), _staging(root) as staging:
        for member, stream in archive.members("config"):
            _write(staging / member.name, member, stream)
        if database_url is not None:
            _write_address(staging / "config/hub.toml", database_url)
        site = _site(staging, root)
        with _new_database(site.database_url) as address:
            uncertain, report = _fill(archive, site, staging, address, tell)
            # One flush for all there is, instead of one a file.
            os.sync()
        _move_into_place(staging, root)
    manifest = archive.manifest
    total = sum(manifest.rows.values())
    return Restored(site, archive.about, total, manifest.content_files, manifest.absent, uncertain, report)


def _fill(archive: Archive, site: Site, staging: Path, address: str, tell: Tell) -> tuple[int, Report]:
    """All in one transaction of the database: what fails leaves it as empty as it was.

    Gives how many dispatches are uncertain now, and the proof.
    """
    database = databases.open_bare(address)
    try:
        with database.write() as conn:
            databases.make_schema(conn, archive.about.schema_revision)
            _load(conn, archive, tell)
            rows.set_sequences(conn, archive.manifest.sequences)
            databases.migrate(conn)
            uncertain = doubt_what_was_on_its_way(conn, archive.about.made_at)
            for done, (member, stream) in enumerate(archive.members("content", "lists", "quarantine"), start=1):
                _write(staging / member.name, member, stream)
                tell("files", done)
            _file_again(conn, staging)
            _make_folders(staging, site)
            tell("proof", 0)
            return uncertain, verify(conn, archive.manifest.head)
    finally:
        database.close()


def _load(conn: Connection, archive: Archive, tell: Tell) -> None:
    tables = rows.tables_of(conn)
    if unlike := sorted(tables.keys() ^ archive.about.tables.keys()):
        raise RestoreError(f"the backup and schema {archive.about.schema_revision} differ in table {unlike[0]}")
    for table, columns in archive.about.tables.items():
        if set(columns) != set(tables[table]):
            raise RestoreError(f"the backup and schema {archive.about.schema_revision} differ in columns of {table}")
    loaded = dict.fromkeys(tables, 0)
    with rows.any_order(conn):
        for member, stream in archive.members("tables"):
            if member.key not in tables:
                raise RestoreError(f"{member.name} is of no table of schema {archive.about.schema_revision}")
            try:
                part = unpacked(member, stream)
                loaded[member.key] += rows.load(conn, member.key, archive.about.tables[member.key], part)
            except (*_DATABASE_ERRORS, *_UNFIT) as error:
                raise RestoreError(f"{member.name} cannot be loaded: {_cause(error)}") from error
            tell("rows", sum(loaded.values()))
    for table, count in archive.manifest.rows.items():
        if loaded.get(table) != count:
            raise RestoreError(f"table {table} has {loaded.get(table)} rows, and was written with {count}")


def _file_again(conn: Connection, staging: Path) -> None:
    """archive/ from content/: every file under the name that the journal has for it."""
    for filed_at, sha256 in conn.execute(_FILED, execution_options={"yield_per": 1_000}):
        path = PurePosixPath(filed_at)
        if path.parts[:1] not in (("archive",), ("quarantine",)) or ".." in path.parts:
            raise RestoreError(f"the journal has a file at {filed_at!r}, which is not in the archive")
        blob, target = staging / content_name(sha256), staging / path
        if blob.exists() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(blob, target)


def _write(target: Path, member: Member, stream: BinaryIO) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        os.fchmod(file.fileno(), member.mode)
        shutil.copyfileobj(stream, file, _CHUNK_BYTES)


def _write_address(hub_toml: Path, url: str) -> None:
    """Another database into hub.toml, whose every other line stays as it is."""
    # A JSON string is a TOML string.
    line = f"database = {json.dumps(url, ensure_ascii=False)}"
    try:
        given = hub_toml.read_text(encoding="utf-8-sig")
        first_table = _TABLE_LINE.search(given)
        cut = first_table.start() if first_table else len(given)
        top, tables = given[:cut], given[cut:]
        top = _DATABASE_LINE.sub(lambda _: line, top, count=1) if _DATABASE_LINE.search(top) else f"{line}\n{top}"
        as_expected = tomllib.loads(top + tables) == {**tomllib.loads(given), "database": url}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        as_expected = False
    if not as_expected:
        raise RestoreError(
            "the database's address cannot be put into the config/hub.toml of the backup",
            do="leave out --database, and make what stands there (a variable, a file) say the new address",
        )
    mode = hub_toml.stat().st_mode
    hub_toml.chmod(0o600)
    hub_toml.write_text(top + tables, encoding="utf-8")
    hub_toml.chmod(mode)


def _site(staging: Path, root: Path) -> Site:
    """The site as it will be; its secrets are looked for where its configuration lies now."""
    site, problems = read_site(staging)
    if unusable := [problem for problem in problems if problem.file == "config/hub.toml"]:
        raise ConfigError(unusable)
    url = site.hub.database
    if isinstance(url, Secret):
        url = url.reveal(staging)
    return replace(site, root=root, hub=site.hub.model_copy(update={"database": url}))


def _make_folders(staging: Path, site: Site) -> None:
    own = [site.own_inbox(vendor) for vendor in site.vendors]
    for folder in (site.inbox, *own, site.content, site.archive, site.quarantine, site.lists):
        (staging / folder.relative_to(site.root)).mkdir(parents=True, exist_ok=True)


def _refuse_filled(root: Path) -> None:
    if root.is_dir():
        if held := sorted(path.name for path in root.iterdir()):
            cut_off = ": a restore works there, or was cut off; then remove it" if STAGING in held else ""
            raise RestoreError(
                f"the folder is not empty, it holds {', '.join(held[:5])}{cut_off}",
                where=str(root),
                why="a restore never writes over a site",
                do="give --site an empty or new folder",
            )
    elif root.exists():
        raise RestoreError("this is no folder", where=str(root), do="give --site an empty or new folder")


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """Where the site is made; whatever fails, it and all that came of it is removed."""
    is_new = not root.exists()
    staging = root / STAGING
    staging.mkdir(parents=True)
    try:
        yield staging
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        if is_new:
            with suppress(OSError):
                root.rmdir()
        raise


@contextmanager
def _new_database(url: str) -> Iterator[str]:
    """Where to fill it: an SQLite database gets its name when it is whole."""
    final = databases.sqlite_file(url)
    if final is None:
        yield url
        return
    # A log that was left behind would be taken for that of the new database.
    for path in (final, *(final.with_name(final.name + suffix) for suffix in _SQLITE_SUFFIXES)):
        if path.exists():
            raise RestoreError(
                "the database exists", where=str(path), why="a restore never writes over one", do="give an empty one"
            )
    staged = final.with_name(final.name + STAGING)
    _remove(staged)
    try:
        yield make_url(url).set(database=str(staged)).render_as_string(hide_password=False)
        staged.rename(final)
    except BaseException:
        _remove(staged)
        raise


def _remove(staged: Path) -> None:
    for suffix in ("", *_SQLITE_SUFFIXES):
        staged.with_name(staged.name + suffix).unlink(missing_ok=True)


def _move_into_place(staging: Path, root: Path) -> None:
    """The configuration last: without it a folder is no site."""
    try:
        for path in sorted(staging.iterdir(), key=lambda path: path.name == "config"):
            path.rename(root / path.name)
        staging.rmdir()
        os.sync()
    except OSError as error:
        raise RestoreError(
            f"the database is filled, and the site's folder could not be: {error.strerror}",
            where=str(error.filename or root),
            do="empty both, and try again",
        ) from error


@contextmanager
def _told(root: Path) -> Iterator[None]:
    """What the machine or the database could not do, as an error that says that nothing was done."""
    try:
        yield
    except OSError as error:
        raise RestoreError(
            f"nothing was restored: {error.strerror}",
            where=str(error.filename or root),
            do="make room, or mend that, and try again",
        ) from error
    except _DATABASE_ERRORS as error:
        raise RestoreError(
            f"nothing was restored: {_cause(error)}", where="the database", do="mend that, and try again"
        ) from error


def _cause(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).split())
