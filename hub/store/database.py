"""The door to the database: one writer's transaction, readers that never block, a schema that is at head."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from hub.errors import HubError
from hub.store.file_systems import network_file_system
from hub.store.tables import metadata

#: Revision that this program works with: the last one in hub/store/migrations/versions.
SCHEMA_HEAD = "0008"
#: How long a writer waits for another, on both databases, before it gives up.
LOCK_WAIT_SECONDS = 120
#: How long it waits before it says so.
_QUIET_WAIT_MILLISECONDS = 300
_RETRY_SECONDS = 0.02
#: As many at once as there are threads, one a vendor: who waits for a connection would give up earlier than who waits
#: for another writer.
_CONNECTIONS = -1
#: A big import leaves a big write-ahead log behind; it is cut back to this.
_WAL_BYTES_MAX = 64 * 1024**2
#: Names PostgreSQL's advisory lock for migrations; any fixed number.
_MIGRATION_LOCK = 4_825_501

log = structlog.get_logger()


class DatabaseError(HubError):
    """The database cannot be used as it is."""


class Database:
    """An open database. Made by :func:`create` or :func:`connect`, closed by ``close``."""

    dialect: Literal["sqlite", "postgresql"]
    #: The revision that :func:`create` has found; None = an empty database, or nobody has looked.
    found_at: str | None = None

    def __init__(self, url: URL) -> None:
        self.dialect = cast(Literal["sqlite", "postgresql"], url.get_backend_name())
        if self.dialect == "sqlite":
            self._reader = _sqlite_engine(url, read_only=True)
            self._writer = _sqlite_engine(url, read_only=False)
        else:
            # Never prepared: a plan made for any list of keys takes a list of thousands for one of ten, and reads the
            # whole table for each of them.
            self._writer = create_engine(
                url, pool_pre_ping=True, max_overflow=_CONNECTIONS, connect_args={"prepare_threshold": None}
            )
            event.listen(self._writer, "connect", _set_session)
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True, postgresql_deferrable=False
            )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of everything committed so far. Writing in it is an error of the database."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back by an exception.

        On SQLite there is one writer at a time; who comes second waits, and says so. Raises DatabaseError after
        ``LOCK_WAIT_SECONDS``.
        """
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()


def create(url: str) -> Database:
    """Opens the database, making the schema or bringing it to head; safe to run again."""
    parsed = _parse(url)
    database = open_bare(url)
    with _closed_on_error(database), database.write() as connection:
        _alone(connection)
        revision = revision_of(connection)
        if revision is None and inspect(connection).get_table_names():
            raise DatabaseError(
                "the database holds tables that are not the hub's",
                where=_shown(parsed),
                do="give the hub a database of its own",
            )
        _refuse_newer(revision, parsed)
        if revision is not None:
            _refuse_unlike(connection, revision, parsed)
        database.found_at = revision
        migrate(connection)
    return database


def open_bare(url: str) -> Database:
    """Opens a database whatever it holds, for :func:`make_schema`; an SQLite file is made where there is none."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        Path(_sqlite_file(parsed)).parent.mkdir(parents=True, exist_ok=True)
    return _open(parsed)


def make_schema(connection: Connection, revision: str) -> None:
    """The schema as it was at ``revision``, in the caller's transaction. Raises DatabaseError where tables are."""
    _alone(connection)
    if tables := inspect(connection).get_table_names():
        raise DatabaseError(
            f"the database is not empty: it holds {len(tables)} tables ({', '.join(sorted(tables)[:3])}, ...)",
            where=_shown(connection.engine.url),
            do="give an empty one",
        )
    migrate(connection, revision)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Brings the schema forward to ``revision``, in the caller's transaction."""
    # Here, because it is slow to import, and every command opens a database while few make one.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "hub.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise DatabaseError(f"the schema cannot be brought to {revision}: {error}") from error


def connect(url: str) -> Database:
    """Opens a database that :func:`create` made. Raises DatabaseError when it is missing or not at head."""
    database, revision = _connect(url)
    if revision != SCHEMA_HEAD:
        database.close()
        raise DatabaseError(
            f"the schema is at {revision or 'nothing'}, this program needs {SCHEMA_HEAD}",
            where=_shown(_parse(url)),
            do="stop every hub on this database, make a backup, then run: hub init",
        )
    return database


def connect_at_any(url: str) -> Database:
    """Opens a database at any revision up to head. Raises DatabaseError when it is missing or was never made."""
    database, revision = _connect(url)
    if revision is None:
        database.close()
        raise DatabaseError("the database holds no books", where=_shown(_parse(url)), do="run: hub init")
    return database


def revision_of(connection: Connection) -> str | None:
    """None where there is no schema."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for PostgreSQL. Raises DatabaseError for an address that is neither."""
    parsed = _parse(url)
    return Path(_sqlite_file(parsed)) if parsed.get_backend_name() == "sqlite" else None


def _connect(url: str) -> tuple[Database, str | None]:
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite" and not Path(_sqlite_file(parsed)).is_file():
        raise DatabaseError("there is no database", where=_shown(parsed), do="run: hub init")
    database = _open(parsed)
    with _closed_on_error(database), database.read() as connection:
        revision = revision_of(connection)
        _refuse_newer(revision, parsed)
    return database, revision


def _alone(connection: Connection) -> None:
    """One migration at a time; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseError(
            "the database's address cannot be read", do="write sqlite:///FILE or postgresql://..."
        ) from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite":
        _refuse_unsafe_file(parsed)
    elif parsed.drivername != "postgresql+psycopg":
        raise DatabaseError(
            f"{parsed.drivername} is no database that the hub works with",
            do="write sqlite:///FILE or postgresql://USER@HOST/NAME",
        )
    return parsed


def _refuse_unsafe_file(url: URL) -> None:
    if _sqlite_file(url) in ("", ":memory:"):
        raise DatabaseError("a ledger in memory is gone with the program", do="name a file: sqlite:///hub.db")
    if kind := network_file_system(Path(_sqlite_file(url)).parent):
        raise DatabaseError(
            f"an SQLite database must not lie on a network file system ({kind})",
            where=_shown(url),
            why="its locks do not hold there, and two hubs would write over each other",
            do="move the site to a local disk, or use PostgreSQL",
        )


def _sqlite_file(url: URL) -> str:
    return url.database or ""


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _open(url: URL) -> Database:
    database = Database(url)
    question = text("PRAGMA encoding" if database.dialect == "sqlite" else "SHOW server_encoding")
    with _closed_on_error(database):
        try:
            with database.read() as connection:
                encoding = str(connection.scalar(question))
        except (DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseError(
                f"the database cannot be opened: {' '.join(str(cause).split())}",
                where=_shown(url),
                do="check the address, that it is running, and that the hub may write there",
            ) from error
        if encoding.replace("-", "") != "UTF8":
            raise DatabaseError(
                f"the database keeps text as {encoding}", where=_shown(url), do="make one with encoding UTF8"
            )
    return database


@contextmanager
def _closed_on_error(database: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


def _refuse_newer(revision: str | None, url: URL) -> None:
    """Revisions are numbered in order, so that an older program knows a newer schema without knowing its migrations."""
    if revision is not None and revision > SCHEMA_HEAD:
        raise DatabaseError(
            f"the schema is at {revision}, this program knows {SCHEMA_HEAD}",
            where=_shown(url),
            why="a newer hub has changed it",
            do="run that newer hub",
        )


def _set_session(raw: Any, _record: object) -> None:
    with raw.cursor() as cursor:
        # Days are compared as ISO text too, whatever style the server's other users are given.
        cursor.execute(f"SET lock_timeout = '{LOCK_WAIT_SECONDS}s'; SET datestyle = 'ISO, YMD'")
    raw.commit()


def _refuse_unlike(connection: Connection, revision: str, url: URL) -> None:
    """Books whose tables are not those of the revision that they are labelled with are not brought forward."""
    found, expected = _columns_of(connection), _columns_at(revision)
    # Of later revisions too: those would be made a second time.
    ours = expected.keys() | metadata.tables.keys()
    for table in sorted(ours):
        has, wants = found.get(table), expected.get(table)
        if has == wants:
            continue
        if has is None or wants is None:
            differs = f"table {table} is {'missing' if has is None else 'there, and is of a later one'}"
        else:
            some = ", ".join(sorted(wants - has or has - wants))
            differs = f"table {table} {'lacks' if wants - has else 'has more than it should:'} {some}"
        raise DatabaseError(
            f"the database says that its schema is at {revision}, and it is not: {differs}",
            where=_shown(url),
            why="nothing was changed: what it really holds cannot be brought forward",
            do="restore a backup; where it was copied by hand, copy it whole",
        )


def _columns_of(connection: Connection) -> dict[str, frozenset[str]]:
    """By table."""
    found = inspect(connection).get_multi_columns()
    return {table: frozenset(column["name"] for column in columns) for (_, table), columns in found.items()}


def _columns_at(revision: str) -> dict[str, frozenset[str]]:
    """As :func:`_columns_of`, of that revision."""
    if revision == SCHEMA_HEAD:
        return {name: frozenset(table.columns.keys()) for name, table in metadata.tables.items()}
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection, revision)
        return {table: columns for table, columns in _columns_of(connection).items() if table in metadata.tables}


def _sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    """``isolation_level=None`` keeps the driver from beginning by itself; ``commit()`` still sends the COMMIT."""
    engine = create_engine(url, max_overflow=_CONNECTIONS, connect_args={"isolation_level": None})

    def on_connect(raw: sqlite3.Connection, _record: object) -> None:
        raw.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")
        mode = _write_ahead(raw)
        if mode != "wal":
            raise DatabaseError(
                f"SQLite cannot keep a write-ahead log here (journal mode {mode})",
                where=_shown(url),
                do="move the site to a local disk",
            )
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_MAX}")
        if read_only:
            raw.execute("PRAGMA query_only = ON")

    def on_begin(connection: Connection) -> None:
        if read_only:
            connection.exec_driver_sql("BEGIN DEFERRED")
        else:
            _begin_immediate(cast(sqlite3.Connection, connection.connection.driver_connection))

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def _write_ahead(raw: sqlite3.Connection) -> str:
    """The journal mode after asking for a write-ahead log: for this change alone, SQLite does not wait by itself."""
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            return str(raw.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _begin_immediate(raw: sqlite3.Connection) -> None:
    raw.execute(f"PRAGMA busy_timeout = {_QUIET_WAIT_MILLISECONDS}")
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
        log.warning("waiting for another writer", seconds_max=LOCK_WAIT_SECONDS)
        raw.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")
        _begin_or_give_up(raw)
    finally:
        raw.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")


def _begin_or_give_up(raw: sqlite3.Connection) -> None:
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
        raise DatabaseError(
            f"another writer has held the database for {LOCK_WAIT_SECONDS} seconds",
            do="let it end (a big import, a backup tool?) and try again",
        ) from error


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
