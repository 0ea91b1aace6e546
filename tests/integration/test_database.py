from __future__ import annotations

import itertools
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from hub.ledger.ageing import Ageing
from hub.store import database as module
from hub.store import views
from hub.store.database import Database, DatabaseError, connect, create
from hub.store.file_systems import network_file_system
from hub.store.ids import BLOCKS, Ids
from hub.store.lookup import among
from hub.store.tables import counter, metadata
from hub.store.verify import verify
from hub.store.views.scope import Scope
from tests.conftest import Postgres
from tests.teller import HOME, Teller

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
postgresql_only = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def put(database: Database, name: str, value: int) -> None:
    with database.write() as connection:
        connection.execute(counter.insert().values(name=name, next=value))


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(text("SELECT name FROM counter ORDER BY name")))


class TestSchema:
    def test_migrations_make_exactly_the_tables_declared(self, database: Database) -> None:
        with database.read() as connection:
            context = MigrationContext.configure(connection, opts={"compare_server_default": True})
            assert compare_metadata(context, metadata) == []

    @sqlite_only
    def test_sqlite_has_the_very_definitions(self, database: Database, tmp_path: Path) -> None:
        """Alembic's comparison sees neither WITHOUT ROWID nor checks nor the conditions of indexes; the text does."""
        declared = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
        metadata.create_all(declared)
        statements = text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic_version%'")
        with database.read() as migrated, declared.connect() as expected:
            assert definitions(migrated.execute(statements)) == definitions(expected.execute(statements))

    def test_the_last_migration_is_the_one_the_program_asks_for(self) -> None:
        numbers = [path.name[:4] for path in Path(module.__file__).parent.glob("migrations/versions/[0-9]*.py")]
        assert max(numbers) == module.SCHEMA_HEAD

    def test_init_again_changes_nothing(self, database_url: str, database: Database) -> None:
        put(database, "kept", 1)
        create(database_url).close()
        assert names(database) == ["kept"]

    def test_an_older_schema_is_refused_with_what_to_do(self, empty_url: str) -> None:
        create(empty_url).close()
        set_revision(empty_url, "0000")
        with pytest.raises(DatabaseError, match=rf"schema is at 0000.*needs {module.SCHEMA_HEAD}.*run: hub init"):
            connect(empty_url)

    @pytest.mark.parametrize("opening", [connect, create])
    def test_a_newer_schema_is_left_alone(self, empty_url: str, opening: Any) -> None:
        create(empty_url).close()
        set_revision(empty_url, "9999")
        with pytest.raises(DatabaseError, match=r"schema is at 9999.*run that newer hub"):
            opening(empty_url)

    @pytest.mark.parametrize(
        ("revision", "statement", "differs"),
        [
            (module.SCHEMA_HEAD, "ALTER TABLE unit RENAME TO rooms", "table unit is missing"),
            (module.SCHEMA_HEAD, "ALTER TABLE unit ADD COLUMN floor integer", "table unit has more.*floor"),
            ("0002", "ALTER TABLE batch DROP COLUMN allocated", "table [a-z_]+ has more than it should"),
        ],
    )
    def test_tables_that_are_not_those_of_their_label_are_left_alone(
        self, empty_url: str, revision: str, statement: str, differs: str
    ) -> None:
        create(empty_url).close()
        with module._open(module._parse(empty_url)).write() as connection:
            connection.exec_driver_sql(statement)
        set_revision(empty_url, revision)
        with pytest.raises(DatabaseError, match=f"schema is at {revision}, and it is not: ({differs})"):
            create(empty_url)
        with module._open(module._parse(empty_url)).read() as connection:
            assert module.revision_of(connection) == revision

    def test_somebody_elses_tables_are_left_alone(self, empty_url: str) -> None:
        with module._open(module._parse(empty_url)).write() as connection:
            connection.exec_driver_sql("CREATE TABLE theirs (id integer)")
        with pytest.raises(DatabaseError, match="not the hub's"):
            create(empty_url)

    def test_a_database_never_made_says_hub_init(self, empty_url: str) -> None:
        with pytest.raises(DatabaseError, match="hub init"):
            connect(empty_url)

    def test_several_inits_at_once(self, empty_url: str) -> None:
        failures: list[BaseException] = []

        def init() -> None:
            try:
                create(empty_url).close()
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        several = [threading.Thread(target=init) for _ in range(4)]
        for thread in several:
            thread.start()
        for thread in several:
            thread.join()
        assert failures == []
        connect(empty_url).close()


_COLUMN_WITH_REFERENCE = re.compile(r"(\w+) (\w+) (CONSTRAINT \w+) (REFERENCES .*)")


def definitions(statements: Iterable[Any]) -> dict[str, list[str]]:
    """What statements define, by name of table or index: in any order, which differs where a column came later."""
    return {name: sorted(_defined(" ".join((sql or "").split()))) for name, sql in statements}


def _defined(sql: str) -> Iterator[str]:
    """Columns, constraints and options of a table; any other statement whole."""
    if not sql.startswith("CREATE TABLE"):
        yield sql
        return
    body, _, options = sql.partition("(")[2].rpartition(")")
    yield options.strip()
    depth, part = 0, ""
    for character in body + ",":
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character != "," or depth:
            part += character
            continue
        if found := _COLUMN_WITH_REFERENCE.fullmatch(part.strip()):
            column, type_, constraint, reference = found.groups()
            yield f"{column} {type_}"
            yield f"{constraint} FOREIGN KEY({column}) {reference}"
        else:
            yield part.strip()
        part = ""


def set_revision(url: str, revision: str) -> None:
    database = module._open(module._parse(url))
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    database.close()


class TestTransactions:
    def test_an_exception_takes_everything_back(self, database: Database) -> None:
        def half_done() -> None:
            with database.write() as connection:
                connection.execute(counter.insert().values(name="lost", next=1))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            half_done()
        assert names(database) == []

    def test_a_reader_sees_what_was_committed_when_it_began(self, database: Database) -> None:
        put(database, "a", 1)
        with database.read() as reader:
            before = reader.scalar(text("SELECT count(*) FROM counter"))
            put(database, "b", 1)
            assert reader.scalar(text("SELECT count(*) FROM counter")) == before == 1
        assert names(database) == ["a", "b"]

    def test_a_reader_does_not_wait_for_a_writer(self, database: Database) -> None:
        with database.write() as connection:
            connection.execute(counter.insert().values(name="coming", next=1))
            assert names(database) == []

    def test_a_reader_cannot_write(self, database: Database) -> None:
        with pytest.raises(DBAPIError, match=r"readonly|read-only"), database.read() as connection:
            connection.execute(counter.insert().values(name="never", next=1))
        put(database, "but a writer can", 1)
        assert names(database) == ["but a writer can"]

    def test_foreign_keys_hold(self, database: Database) -> None:
        with pytest.raises(DBAPIError, match=r"(?i)foreign key"), database.write() as connection:
            connection.execute(
                text("INSERT INTO property (company_id, number, name) VALUES (77, '1', 'of no company')")
            )

    @sqlite_only
    def test_sqlite_is_durable_and_commits_once(self, database: Database) -> None:
        statements: list[str] = []
        with database.write() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            pragmas = {
                name: raw.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            raw.set_trace_callback(statements.append)
            connection.execute(counter.insert().values(name="x", next=1))
        raw.set_trace_callback(None)
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 120_000}
        assert statements[-1] == "COMMIT"
        assert statements.count("COMMIT") == 1

    @sqlite_only
    def test_sqlite_takes_the_write_lock_before_the_first_read(self, database: Database) -> None:
        """Or two writers read the same state, and the second fails when it writes."""
        statements: list[str] = []
        event.listen(database._writer, "connect", lambda raw, _: raw.set_trace_callback(statements.append))
        with database.write():
            assert "BEGIN IMMEDIATE" in statements

    @sqlite_only
    def test_a_second_writer_waits_and_says_so_once(self, database: Database) -> None:
        second = threading.Thread(target=put, args=(database, "second", 2))
        with structlog.testing.capture_logs() as logs:
            with database.write() as connection:
                connection.execute(counter.insert().values(name="first", next=1))
                second.start()
                second.join(0.6)
                assert second.is_alive()
            second.join(10)
        assert names(database) == ["first", "second"]
        assert [log["event"] for log in logs] == ["waiting for another writer"]

    @sqlite_only
    def test_a_writer_gives_up_with_a_reason(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "LOCK_WAIT_SECONDS", 0)
        with database.write(), pytest.raises(DatabaseError, match="another writer has held"):
            put(database, "second", 2)
        put(database, "third", 3)
        assert names(database) == ["third"]

    @postgresql_only
    def test_postgresql_does_not_wait_for_ever(self, database: Database) -> None:
        with database.write() as connection:
            assert connection.scalar(text("SHOW lock_timeout")) == "2min"

    def test_a_server_that_shows_dates_otherwise_is_asked_for_iso(self, postgres: Postgres, tmp_path: Path) -> None:
        """What is due first is paid first, also where 15.12.2026 would be sorted after 01.01.2027."""
        url = postgres.new()
        with create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool).begin() as admin:
            admin.execute(text(f"ALTER DATABASE {make_url(url).database} SET datestyle = 'German, DMY'"))
        database = create(url)
        teller = Teller(database, tmp_path)
        teller.pay(HOME, "2026-12-28", 100_00, at="2026-11-01")
        teller.charge(HOME, "2027-01-05", ("10", 100_00), at="2026-11-02")
        teller.charge(HOME, "2027-01-01", ("10", 900_00), at="2026-11-02", reference="JAN")
        teller.charge(HOME, "2026-12-15", ("10", 900_00), at="2026-11-02", reference="DEC")
        teller.pay(HOME, "2026-11-03", 900_00)
        with database.read() as connection:
            assert verify(connection).problems == []
            left = views.ageing(connection, Scope(), date(2027, 2, 10))
        database.close()
        postgres.drop(url)
        assert [row.ageing for row in left] == [Ageing(from_30_to_60=900_00)]


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("sqlite://", "memory"),
            ("sqlite:///:memory:", "memory"),
            ("mysql://host/hub", "no database that the hub works with"),
            ("hub.db", "cannot be read"),
        ],
    )
    def test_what_cannot_hold_a_ledger_is_refused(self, url: str, said: str) -> None:
        with pytest.raises(DatabaseError, match=said):
            create(url)

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "hub.db").write_bytes(b"a letter to the tenants" * 100)
        with pytest.raises(DatabaseError, match=r"cannot be opened.*not a database"):
            connect(f"sqlite:///{tmp_path / 'hub.db'}")

    @postgresql_only
    def test_a_server_that_is_not_there_is_named_without_the_password(self, database_url: str) -> None:
        url = make_url(database_url).set(password="hunter2", database="nowhere")
        with pytest.raises(DatabaseError, match=r"cannot be opened.*nowhere") as caught:
            connect(url.render_as_string(hide_password=False))
        assert "hunter2" not in str(caught.value)

    def test_network_file_systems_are_known_by_their_mount(self, tmp_path: Path) -> None:
        mounts = tmp_path / "mounts"
        mounts.write_text(
            "/dev/sda1 / ext4 rw 0 0\n"
            "server:/export /srv nfs4 rw 0 0\n"
            "/dev/sdb1 /srv/local xfs rw 0 0\n"
            "//server/share /mnt/drop\\040box cifs rw 0 0\n"
            "you@host:/ /home/you/far fuse.sshfs rw 0 0\n"
        )
        expected = {
            "/var/hub": None,
            "/srv/hub": "nfs4",
            "/srv/local/hub": None,
            "/srv/locality": "nfs4",
            "/mnt/drop box/hub": "cifs",
            "/home/you/far": "fuse.sshfs",
        }
        assert {path: network_file_system(Path(path), mounts) for path in expected} == expected

    def test_sqlite_on_a_network_file_system_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "network_file_system", lambda path: "nfs4" if path == tmp_path else None)
        with pytest.raises(DatabaseError, match=r"network file system \(nfs4\).*local disk"):
            create(f"sqlite:///{tmp_path / 'hub.db'}")
        assert list(tmp_path.iterdir()) == []


class TestIds:
    def test_every_id_is_new_and_higher(self, database: Database) -> None:
        taken: list[int] = []
        for sizes in ([1, 2, 996], [1, 1], [2500, 499, 3], [1000]):
            with database.write() as connection:
                ids = Ids(connection)
                for size in sizes:
                    got = list(ids.take("entry", size))
                    assert len(got) == size
                    taken += got
        assert taken[0] == 1
        assert all(one < next_ for one, next_ in itertools.pairwise(taken))

    def test_each_name_counts_by_itself(self, database: Database) -> None:
        with database.write() as connection:
            assert {name: list(Ids(connection).take(name, 2)) for name in BLOCKS} == {name: [1, 2] for name in BLOCKS}

    def test_many_small_takes_cost_as_much_as_one(self, database: Database) -> None:
        asked: list[str] = []
        with database.write() as connection:
            event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
            ids = Ids(connection)
            for _ in range(BLOCKS["entry"]):
                ids.take("entry", 1)
        assert len(asked) <= 3

    @postgresql_only
    def test_a_writer_does_not_wait_for_anothers_ids(self, database: Database) -> None:
        with database.write() as one, database.write() as other:
            first, second = Ids(one).take("entry", 1500), Ids(other).take("entry", 1500)
        assert not set(first) & set(second)


class TestAmong:
    def test_thousands_of_values_in_one_query(self, database: Database) -> None:
        with database.write() as connection:
            connection.execute(
                counter.insert(), [{"name": f"bolig {number} æ'\"", "next": number} for number in range(3000)]
            )
        wanted = [f"bolig {number} æ'\"" for number in range(0, 100_000, 3)]
        with database.read() as connection:
            found = connection.scalars(counter.select().where(among(connection, counter.c.name, wanted)))
            assert len(found.all()) == 1000
            numbers = connection.scalars(counter.select().where(among(connection, counter.c.next, [1, 2, 5000])))
            assert len(numbers.all()) == 2
            assert connection.scalars(counter.select().where(among(connection, counter.c.name, []))).all() == []

    def test_a_longer_value_is_not_cut_to_fit(self, database: Database) -> None:
        put(database, "a" * 20, 1)
        with database.read() as connection:
            assert connection.scalars(counter.select().where(among(connection, counter.c.name, ["a" * 21]))).all() == []
