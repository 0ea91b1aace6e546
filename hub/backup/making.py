"""``hub backup``: one consistent view of the books, and all that it names, in one file, while the hub goes on."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

import hub
from hub.backup import rows
from hub.backup.archive import ABOUT, FOLDERS, FORMAT, MANIFEST, About, Manifest, Writer, content_name, packed
from hub.errors import HubError
from hub.settings import Site
from hub.store.database import connect_at_any, revision_of
from hub.store.verify import noted_head
from hub.store.verify_parents import lost_parents
from hub.transport.content import hash_of, sync_folder

#: Told what is being done, and how many of it are.
Tell = Callable[[str, int], None]
_LOST_SHOWN_MAX = 20
_ORPHANS_SHOWN_MAX = 3
#: No room, no room left to this user, a file bigger than this process or file system may write.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: Whether a file's bytes ought to lie in content/: those of a file that was too big to keep never did.
_BLOBS = text(
    "SELECT sha256, size, EXISTS (SELECT 1 FROM file WHERE file.sha256 = blob.sha256)"
    " AND NOT EXISTS (SELECT 1 FROM file WHERE file.sha256 = blob.sha256"
    " AND (state IS NULL OR state NOT IN ('quarantined', 'ignored'))) AS set_aside"
    " FROM blob ORDER BY sha256"
)


class BackupError(HubError):
    """No backup was made."""


class Made(NamedTuple):
    """``bytes`` is the size of the file; ``head`` is what ``hub verify --expect`` of what is restored will find."""

    path: Path
    bytes: int
    rows: int
    content_files: int
    content_bytes: int
    absent: tuple[str, ...]
    head: str


def make_backup(
    site: Site, target: Path, *, now: datetime, overwrite: bool = False, without_lost: bool = False, tell: Tell
) -> Made:
    """Writes the site to ``target``, readable by its owner alone; on return it is on the disk, whole.

    The database may be at an older revision than the program's: so a backup can be made before it is brought forward.
    ``without_lost``: bytes that content/ has lost or that were changed there are left out and named, which otherwise
    is an error. Raises BackupError, DatabaseError; whatever it raises, ``target`` is as it was.
    """
    _refuse_elsewhere(target)
    if not overwrite:
        _refuse_existing(target)
    database = connect_at_any(site.database_url)
    try:
        with _placing(target, overwrite) as file:
            # Before the view is taken: then every list is of a file that the view knows.
            folders = {folder: list(_files_below(site.root, folder)) for folder in FOLDERS}
            with database.read() as conn:
                backup = _Backup(site, conn, Writer(file), tell)
                backup.refuse_orphans()
                backup.about(now)
                backup.files(folders["config"])
                backup.tables()
                backup.content(without_lost)
                backup.files(folders["lists"])
                backup.files(folders["quarantine"])
                manifest = backup.close()
    except DBAPIError as error:
        raise BackupError(f"the database cannot be read: {' '.join(str(error.orig).split())}") from error
    finally:
        database.close()
    return Made(
        target,
        target.stat().st_size,
        sum(manifest.rows.values()),
        manifest.content_files,
        manifest.content_bytes,
        manifest.absent,
        manifest.head,
    )


class _Backup:
    def __init__(self, site: Site, conn: Connection, writer: Writer, tell: Tell) -> None:
        self._site = site
        self._conn = conn
        self._writer = writer
        self._tell = tell
        self._tables = rows.tables_of(conn)
        self._rows = dict.fromkeys(self._tables, 0)
        self._content_files = 0
        self._content_bytes = 0
        self._absent: list[str] = []

    def refuse_orphans(self) -> None:
        """Rows whose parent is gone cannot be restored: the database that is filled anew refuses them."""
        columns = {table: {name for name, _ in its} for table, its in self._tables.items()}
        found = list(islice(lost_parents(self._conn, columns), _ORPHANS_SHOWN_MAX + 1))
        if found:
            more = ", and more" if len(found) > _ORPHANS_SHOWN_MAX else ""
            raise BackupError(
                f"rows are of something that is gone: {'; '.join(found[:_ORPHANS_SHOWN_MAX])}{more}",
                why="a backup that holds them could not be restored",
                do="run: hub verify, which names all of them; keep a copy that the database's own tools make, and "
                "restore the last backup that proves",
            )

    def about(self, now: datetime) -> None:
        about = About(
            format=FORMAT,
            hub=hub.__version__,
            schema_revision=revision_of(self._conn),
            database=self._conn.dialect.name,
            made_at=now,
            tables=self._tables,
        )
        self._writer.add_document(ABOUT, about)

    def tables(self) -> None:
        done = 0
        for table, columns in self._tables.items():
            for at, (count, part) in enumerate(rows.dump(self._conn, table, columns), start=1):
                self._writer.add(f"tables/{table}/{at:06}.json.gz", packed(part))
                self._rows[table] += count
                done += count
                self._tell("rows", done)

    def content(self, without_lost: bool) -> None:
        """Every file that the view names: it was stored before it was named, and is never changed."""
        lost: list[str] = []
        for sha256, size, set_aside in self._conn.execute(_BLOBS, execution_options={"yield_per": 1_000}):
            if self._copied(sha256):
                self._content_files += 1
                self._tell("files", self._content_files)
            else:
                self._absent.append(sha256)
                if not set_aside:
                    lost.append(f"{sha256} ({size} bytes)")
        if lost and not without_lost:
            shown = ", ".join(lost[:_LOST_SHOWN_MAX])
            raise BackupError(
                f"{len(lost)} files of the journal are not there as they came: {shown}",
                where=str(self._site.content),
                why="a backup without them could not be restored in full",
                do="put them back from an earlier backup or drop the same files again; if they are lost for good: "
                "hub backup --without-lost",
            )

    def files(self, names: list[str]) -> None:
        for name in names:
            try:
                with (self._site.root / name).open("rb") as source:
                    status = os.fstat(source.fileno())
                    self._writer.sha256[name] = hash_of(source)
                    source.seek(0)
                    self._writer.add_file(name, source, status.st_size, stat.S_IMODE(status.st_mode))
                    changed = os.fstat(source.fileno())
            except FileNotFoundError:
                # Released from quarantine since, or a list that is not needed any more.
                continue
            if (changed.st_size, changed.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
                raise BackupError("it was changed while it was copied", where=name, do="run: hub backup again")

    def close(self) -> Manifest:
        manifest = Manifest(
            rows=self._rows,
            sha256=self._writer.sha256,
            content_files=self._content_files,
            content_bytes=self._content_bytes,
            absent=tuple(self._absent),
            sequences=rows.sequences_of(self._conn),
            head=noted_head(self._conn),
        )
        self._writer.add_document(MANIFEST, manifest)
        self._writer.close()
        return manifest

    def _copied(self, sha256: str) -> bool:
        name = content_name(sha256)
        try:
            with (self._site.root / name).open("rb") as source:
                if hash_of(source) != sha256:
                    return False
                size = source.tell()
                source.seek(0)
                self._writer.add_file(name, source, size, 0o444)
                self._content_bytes += size
        except FileNotFoundError:
            return False
        return True


def _files_below(root: Path, folder: str) -> Iterator[str]:
    """Names of files from the site's folder. Raises BackupError, and OSError where one may not look.

    Of config/ everything, also what it links to. Elsewhere no links, which could lead anywhere, and nothing that begins
    with a dot, which is half-written.
    """
    if not (root / folder).is_dir():
        return
    whole = folder == "config"
    for path, folders, names in os.walk(root / folder, onerror=_raise):
        folders.sort()
        for name in sorted(names):
            file = Path(path, name)
            if not file.is_file() or (not whole and (name.startswith(".") or file.is_symlink())):
                continue
            try:
                name.encode()
            except UnicodeEncodeError as error:
                raise BackupError("its name is no UTF-8", where=ascii(str(file)), do="rename or remove it") from error
            yield file.relative_to(root).as_posix()


def _raise(error: OSError) -> None:
    raise error


def _refuse_elsewhere(target: Path) -> None:
    if not target.parent.is_dir():
        raise BackupError("there is no such folder", where=str(target.parent), do="make it, or give --to another place")


def _refuse_existing(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise BackupError("a file of this name exists", where=str(target), do="give another, or --overwrite")


@contextmanager
def _placing(target: Path, overwrite: bool) -> Iterator[BinaryIO]:
    """A writer whose bytes lie durably under ``target`` at the end, or not at all."""
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not overwrite:
            _refuse_existing(target)
        temporary.replace(target)
        temporary = None
        sync_folder(target.parent)
    except OSError as error:
        do = "make room there, or give --to another place" if error.errno in _FULL else "give --to another place"
        raise BackupError(
            f"no backup was made: {error.strerror}", where=str(error.filename or target), do=do
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
