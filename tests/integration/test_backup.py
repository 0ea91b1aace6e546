"""A site in one file and out of it again: on either database, while others write, whatever harms the file."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.backup import BackupError, RestoreError, make_backup, restore
from hub.backup.archive import Archive
from hub.backup.restoring import _write_address
from hub.intake import steps
from hub.intake.pipeline import finish_open
from hub.settings import load_site
from hub.store import database as databases
from hub.store.database import SCHEMA_HEAD, DatabaseError, connect
from hub.transport.folders import scan
from tests.backups import (
    TENANTS,
    Kept,
    balances,
    drop,
    files_below,
    make_kept,
    members,
    new_database,
    quiet,
)
from tests.integration.cli_runner import hub
from tests.tiny_site import NOW, PDF, close_hub, delivery, open_hub, write_site


@pytest.fixture(scope="module")
def keep(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Kept]:
    """Makes a site on either database, once; never changed by a test."""
    return cache(lambda kind: make_kept(request, tmp_path_factory.mktemp(kind), kind))


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, keep: Callable[[str], Kept]) -> Kept:
    return keep(request.param)


@pytest.fixture
def on_sqlite(keep: Callable[[str], Kept]) -> Kept:
    return keep("sqlite")


class TestRoundTrip:
    @pytest.fixture(params=["sqlite", "postgresql"])
    def restored(self, request: pytest.FixtureRequest, kept: Kept, tmp_path: Path) -> Path:
        """The backup in a new site, on either database."""
        root = tmp_path / "restored"
        url = new_database(request.param, request, root)
        answer = hub("restore", kept.archive, "--database", url, "--json", site=root)
        assert answer.status == 0, answer
        assert answer.json["ok"]
        assert answer.json["head"] == kept.made["head"] == hub("verify", "--json", site=kept.root).json["head"]
        return root

    def test_it_is_the_same_site_and_goes_on_working(self, kept: Kept, restored: Path, tmp_path: Path) -> None:
        assert balances(restored) == balances(kept.root)
        assert hub("files", "--json", site=restored).json == hub("files", "--json", site=kept.root).json
        folders = ("content", "archive", "quarantine", "lists", "config/vendors")
        assert files_below(restored, *folders) == files_below(kept.root, *folders)

        given, now = ((root / "config/hub.toml").read_text().split("\n") for root in (kept.root, restored))
        assert [line for line in given if "database" not in line] == [line for line in now if "database" not in line]

        again = tmp_path / "again.tar"
        assert hub("backup", "--to", again, site=restored).status == 0
        rows = [
            {name: data for name, data in members(one).items() if name.startswith(("tables/", "content/", "lists/"))}
            for one in (kept.archive, again)
        ]
        assert rows[0] == rows[1]

        before = balances(restored)
        ended = drop(
            restored, {"bs/again.txt": members_of_delivery(kept), "bs/new.txt": delivery(("102", 40_00), number=2)}
        )
        assert [one["state"] for one in ended] == ["duplicate", "booked"]
        assert balances(restored) == [before[0], str_minus(before[1], 40), before[2]]
        proof = hub("verify", "--expect", chain_of(kept), "--json", site=restored)
        assert (proof.status, proof.json["ok"]) == (0, True), proof.json["problems"]


def members_of_delivery(kept: Kept) -> bytes:
    """The bytes that were booked there, as they lie in its archive."""
    return next(data for name, data in files_below(kept.root, "archive").items() if name.endswith("-pbs.txt"))


def chain_of(kept: Kept) -> str:
    return hub("verify", "--json", site=kept.root).json["heads"]["1"]["hash"]


def str_minus(amount: str, kroner: int) -> str:
    whole, øre = amount.split(".")
    return f"{int(whole) - kroner}.{øre}"


class TestWhileOthersWrite:
    WRITER = """
import sys
from pathlib import Path
from hub.imports.charges import import_charges
from hub.settings import load_site
from hub.store.database import connect
from hub.store.verify import noted_head
from hub.store.views import balance
from tests.tiny_site import NOW
root = Path(sys.argv[1])
database = connect(load_site(root).database_url)
for number in range(1, 10_000):
    rows = "".join(f"1-1-1-1;2026-07-01;10;1,00;W{number}-{row}\\n" for row in range(20))
    (root / "writer.csv").write_text("tenancy;due_date;charge_type;amount;reference\\n" + rows)
    import_charges(database, root / "writer.csv", now=NOW, actor="writer", company_of=load_site(root).company)
    with database.read() as conn:
        print(noted_head(conn), balance(conn, "1-1-1-1", NOW.date()).balance, flush=True)
"""

    @pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
    def test_it_is_one_moment_of_the_books(self, kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        root = tmp_path / "site"
        write_site(root, new_database(kind, request, root))
        said: list[tuple[str, str]] = []
        with subprocess.Popen([sys.executable, "-c", self.WRITER, root], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None

            def hear(count: int) -> None:
                for _ in range(count):
                    head, balance = writer.stdout.readline().split()
                    said.append((head, balance))

            def meanwhile(step: str, count: int) -> None:
                if len(said) < 10:
                    hear(1)

            hear(3)
            made = make_backup(load_site(root), tmp_path / "b.tar", now=NOW, tell=meanwhile)
            hear(1)
            writer.kill()
        new = tmp_path / "new"
        url = new_database(kind, request, new)
        restored = restore(tmp_path / "b.tar", new, database_url=url, tell=quiet)
        assert (restored.report.ok, restored.report.head) == (True, made.head)
        of_snapshot = dict(said)[made.head]
        assert hub("balance", TENANTS[0], "--json", site=new).json["balance"] == f"{int(of_snapshot) // 100}.00"
        assert said.index((made.head, of_snapshot)) < len(said) - 5, "nothing was booked while the backup was made"


class TestAFileOnItsWay:
    @pytest.mark.parametrize("inbox", ["inbox/bs", "inbox"])
    def test_the_restored_hub_brings_it_to_its_end(self, tmp_path: Path, inbox: str) -> None:
        """Its bytes were stored, nothing was booked yet; the inbox that it lay in is another site's now."""
        root, new = tmp_path / "site", tmp_path / "new"
        write_site(root)
        path = root / inbox / "pbs.txt"
        path.write_bytes(delivery(("101", 70_00)))
        old = open_hub(root)
        [seen] = scan(path.parent).files
        claim = steps.claim(old, seen, actor="test")
        assert claim is not None
        steps._store(old, claim, "test")
        make_backup(load_site(root), tmp_path / "b.tar", now=NOW, tell=quiet)
        close_hub(old)
        restore(tmp_path / "b.tar", new, tell=quiet)
        shutil.rmtree(root)
        restored = open_hub(new)
        finish_open(restored, "test")
        close_hub(restored)
        assert balances(new) == ["-70.00", "0.00", "0.00"]
        assert [one["state"] for one in hub("files", "--json", site=new).json["files"]] == ["booked"]
        assert [path.read_bytes() for path in (new / "archive").rglob("*.txt")] == [delivery(("101", 70_00))]


class TestMaking:
    def test_only_its_owner_may_read_it(self, on_sqlite: Kept) -> None:
        assert on_sqlite.archive.stat().st_mode & 0o777 == 0o600

    def test_an_existing_file_stays_unless_told(self, on_sqlite: Kept, tmp_path: Path) -> None:
        target = tmp_path / "mine.tar"
        target.write_text("mine")
        answer = hub("backup", "--to", target, site=on_sqlite.root)
        assert (answer.status, target.read_text()) == (1, "mine")
        assert "--overwrite" in answer.err
        assert hub("backup", "--to", target, "--overwrite", site=on_sqlite.root).status == 0
        assert Archive.checked(target).manifest.head == on_sqlite.made["head"]
        assert os.listdir(tmp_path) == ["mine.tar"]

    def test_into_a_folder_under_a_name_of_its_own(self, on_sqlite: Kept, tmp_path: Path) -> None:
        assert hub("backup", "--to", tmp_path, site=on_sqlite.root).status == 0
        [made] = tmp_path.iterdir()
        assert made.name.startswith("site-2")
        assert made.name.endswith("Z.hub.tar")

    @pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?")])
    def test_lost_bytes_are_named_and_left_out_only_when_told(
        self, on_sqlite: Kept, tmp_path: Path, harm: Callable[[Path], object]
    ) -> None:
        root, target = tmp_path / "site", tmp_path / "b.tar"
        shutil.copytree(on_sqlite.root, root)
        sha = sha256(PDF).hexdigest()
        blob = root / "content" / sha[:2] / sha
        blob.chmod(0o644)
        harm(blob)
        with pytest.raises(BackupError, match=rf"1 files of the journal.*{sha}.*--without-lost"):
            make_backup(load_site(root), target, now=NOW, tell=quiet)
        assert sorted(os.listdir(tmp_path)) == ["site"]
        make_backup(load_site(root), target, now=NOW, without_lost=True, tell=quiet)
        restored = restore(target, tmp_path / "new", tell=quiet)
        assert (restored.absent, restored.report.ok) == ((sha,), True)

    def test_a_file_too_big_to_keep_is_copied_from_quarantine(self, tmp_path: Path) -> None:
        root = tmp_path / "site"
        write_site(root)
        config = root / "config/hub.toml"
        config.write_text(config.read_text() + "file_bytes_max = 100\n")
        [big] = drop(root, {"bs/big.txt": delivery(("101", 1_00))}, status=2)
        made = make_backup(load_site(root), tmp_path / "b.tar", now=NOW, tell=quiet)
        assert made.absent == (big["sha256"],)
        restore(tmp_path / "b.tar", tmp_path / "new", tell=quiet)
        assert files_below(tmp_path / "new", "quarantine") == files_below(root, "quarantine")

    def test_books_that_are_not_in_order_are_kept_and_told(self, on_sqlite: Kept, tmp_path: Path) -> None:
        root, new = tmp_path / "site", tmp_path / "new"
        shutil.copytree(on_sqlite.root, root)
        database = connect(load_site(root).database_url)
        with database.write() as conn:
            conn.execute(text("UPDATE posting SET amount = amount + 1 WHERE amount > 0"))
        database.close()
        assert hub("backup", "--to", tmp_path / "b.tar", site=root).status == 0
        answer = hub("restore", tmp_path / "b.tar", "--json", site=new)
        assert (answer.status, answer.json["ok"]) == (3, False)
        assert any("do not sum" in one or "sum to" in one for one in answer.json["problems"])
        assert hub("verify", "--json", site=new).json["problems"] == answer.json["problems"]

    def test_a_disk_that_is_full_leaves_nothing(self, on_sqlite: Kept, tmp_path: Path) -> None:
        done = with_little_room(40_000, "backup", "--to", tmp_path / "b.tar", "--site", on_sqlite.root)
        assert done.returncode == 1
        assert "no backup was made: File too large" in done.stderr
        assert os.listdir(tmp_path) == []


class TestWhereTo:
    def test_a_folder_that_holds_something(self, on_sqlite: Kept, tmp_path: Path) -> None:
        (tmp_path / "letters.txt").write_text("mine")
        answer = hub("restore", on_sqlite.archive, site=tmp_path)
        assert answer.status == 1
        assert "not empty, it holds letters.txt" in answer.err
        assert os.listdir(tmp_path) == ["letters.txt"]

    def test_a_folder_where_a_restore_was_cut_off(self, on_sqlite: Kept, tmp_path: Path) -> None:
        (tmp_path / ".restoring").mkdir()
        with pytest.raises(RestoreError, match="cut off"):
            restore(on_sqlite.archive, tmp_path, tell=quiet)

    def test_an_empty_folder_will_do(self, on_sqlite: Kept, tmp_path: Path) -> None:
        assert restore(on_sqlite.archive, tmp_path, tell=quiet).report.ok

    @pytest.mark.parametrize("suffix", ["", "-wal"])
    def test_an_sqlite_database_that_exists(self, on_sqlite: Kept, tmp_path: Path, suffix: str) -> None:
        existing = tmp_path / f"live.db{suffix}"
        existing.write_bytes(b"theirs")
        with pytest.raises(RestoreError, match="exists"):
            restore(on_sqlite.archive, tmp_path / "new", database_url=f"sqlite:///{tmp_path}/live.db", tell=quiet)
        assert (os.listdir(tmp_path), existing.read_bytes()) == ([existing.name], b"theirs")

    @pytest.mark.parametrize("kept", ["postgresql"], indirect=True)
    def test_the_live_database_of_the_same_configuration(self, kept: Kept, tmp_path: Path) -> None:
        """A restore beside the live site, without another --database."""
        before = balances(kept.root)
        with pytest.raises(DatabaseError, match="not empty"):
            restore(kept.archive, tmp_path / "new", tell=quiet)
        assert (os.listdir(tmp_path), balances(kept.root)) == ([], before)

    def test_an_address_that_is_kept_in_a_file_of_the_configuration(self, on_sqlite: Kept, tmp_path: Path) -> None:
        root = tmp_path / "site"
        shutil.copytree(on_sqlite.root, root)
        config = root / "config/hub.toml"
        config.write_text(config.read_text().replace('"sqlite:///hub.db"', '{ file = "config/.address" }'))
        (root / "config/.address").write_text("sqlite:///hub.db\n")
        (root / "config/.address").chmod(0o400)
        make_backup(load_site(root), tmp_path / "b.tar", now=NOW, tell=quiet)
        restored = restore(tmp_path / "b.tar", tmp_path / "new", tell=quiet)
        assert restored.site.database_url == f"sqlite:///{tmp_path}/new/hub.db"
        assert (tmp_path / "new/config/.address").stat().st_mode & 0o777 == 0o400
        assert balances(tmp_path / "new") == balances(on_sqlite.root)

    def test_no_room_leaves_nothing(self, on_sqlite: Kept, tmp_path: Path) -> None:
        done = with_little_room(100_000, "restore", on_sqlite.archive, "--site", tmp_path / "new")
        assert done.returncode == 1, done.stderr
        assert "nothing was restored" in done.stderr
        assert os.listdir(tmp_path) == []


def with_little_room(bytes_max: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """``hub ARGUMENTS`` where no file can become bigger than this: the writes fail as on a full disk."""
    return subprocess.run(
        [sys.executable, "-c", "import sys, hub.cli; sys.exit(hub.cli.main())", *map(str, arguments)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max)),
        capture_output=True,
        text=True,
    )


class TestEarlierSchema:
    ROWS = (
        "INSERT INTO company (id, number, name, currency, chain_seq, chain_hash) VALUES (7, '1', 'Å', 'DKK', 0, :hash)",
        "INSERT INTO property (id, company_id, number, name) VALUES (8, 7, '1', 'Ågården')",
        "INSERT INTO unit (id, property_id, number) VALUES (9, 8, '1')",
        "INSERT INTO account (id, company_id, kind, code, currency)"
        " VALUES (5, 7, 'receivable', 'receivable:1-1-1-1', 'DKK')",
        "INSERT INTO tenancy (id, key, company_id, property_id, unit_id, number, account_id, name, business)"
        " VALUES (3, '1-1-1-1', 7, 8, 9, '1', 5, 'Søren', false)",
    )

    @pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
    def test_it_is_kept_as_it_is_and_restored_to_todays(
        self, kind: str, request: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        from hub.ledger.chain import genesis

        root, new = tmp_path / "site", tmp_path / "new"
        url = new_database(kind, request, root)
        (root / "config").mkdir(parents=True)
        (root / "config/hub.toml").write_text(f'database = "{url}"\n')
        database = databases.open_bare(load_site(root).database_url)
        with database.write() as conn:
            databases.make_schema(conn, "0001")
            for statement in self.ROWS:
                conn.execute(text(statement), {"hash": genesis("1")} if ":hash" in statement else {})
        database.close()
        assert hub("balance", "1-1-1-1", site=root).status == 1
        assert hub("backup", "--to", tmp_path / "b.tar", site=root).status == 0
        assert Archive.checked(tmp_path / "b.tar").about.schema_revision == "0001"
        restored = restore(tmp_path / "b.tar", new, database_url=new_database(kind, request, new), tell=quiet)
        assert restored.report.problems == []
        assert hub("balance", "1-1-1-1", "--json", site=new).json["name"] == "Søren"
        with connect(load_site(new).database_url).read() as conn:
            assert databases.revision_of(conn) == SCHEMA_HEAD


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "becomes"),
        [
            ("", 'database = "postgresql://h/x"\n'),
            ("# database = 1\n[log]\n", 'database = "postgresql://h/x"\n# database = 1\n[log]\n'),
            ('a = 1\ndatabase = "sqlite:///hub.db" # old\n', 'a = 1\ndatabase = "postgresql://h/x"\n'),
            ('database = { env = "DB" }\n[x]\ndatabase = 2\n', 'database = "postgresql://h/x"\n[x]\ndatabase = 2\n'),
        ],
    )
    def test_one_line_changes(self, tmp_path: Path, given: str, becomes: str) -> None:
        (tmp_path / "hub.toml").write_text(given)
        _write_address(tmp_path / "hub.toml", "postgresql://h/x")
        assert (tmp_path / "hub.toml").read_text() == becomes

    @pytest.mark.parametrize("given", ['[database]\nenv = "DB"\n', 'database = """\nsqlite:///hub.db"""\n'])
    def test_what_cannot_be_changed_safely_is_told(self, tmp_path: Path, given: str) -> None:
        (tmp_path / "hub.toml").write_text(given)
        with pytest.raises(RestoreError, match="leave out --database"):
            _write_address(tmp_path / "hub.toml", "postgresql://h/x")
        assert (tmp_path / "hub.toml").read_text() == given
