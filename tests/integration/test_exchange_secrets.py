"""No secret leaves its place: not by a log, an error, an answer, the books or a backup, whatever goes wrong."""

from __future__ import annotations

import base64
import gzip
import json
import signal
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from hub.store.exchange import rounds
from tests import tiny_site
from tests.conftest import Postgres
from tests.exchanging import EXCHANGE, ExchangingSite, put, until
from tests.integration.cli_runner import hub
from tests.pgp_keys import PASSPHRASE, Keys, made_keys
from tests.smtp import Sink
from tests.sshd import Sshd, make_key
from tests.tiny_site import delivery

#: No part of them occurs anywhere else by chance.
SECRETS = {
    "sftp": "Kanin-æøå sftp/1",
    "key": "Kanin-æøå key/2",
    "mail": "Kanin-æøå mail/3",
    "pgp": PASSPHRASE,
    "database": "Kanin-database-5",
}
WRONG = {name: f"Forkert-{name}-ø" for name in SECRETS}
METERS = "meters@heat.example"
ORDER, EXPORT = "order.txt", "heat.txt"
MAIL_USER = "hub"


class Guarded:
    """A site with every kind of secret. ``said`` is all that it has ever told anybody."""

    def __init__(self, folder: Path, sshd: Sshd, sink: Sink, keys: Keys, database_url: str) -> None:
        self.folder = folder / "secrets"
        self.folder.mkdir(mode=0o700)
        self.sshd = sshd
        self.said: list[str] = []
        for name, secret in SECRETS.items():
            self.keep(name, secret)
        self.keep("database", database_url)
        key = make_key(self.folder / "ssh_key", passphrase=SECRETS["key"])
        authorized = sshd.folder / "authorized_keys"
        authorized.write_text(authorized.read_text() + key.with_suffix(".pub").read_text())
        mail = sink.settings(METERS, user=f'"{MAIL_USER}"', password=self.kept("mail"))
        self.site = ExchangingSite(folder / "site", "\n".join([EXCHANGE, mail, keys.settings(self.kept("pgp"))]))
        config = self.site.root / "config/hub.toml"
        config.write_text(config.read_text().replace('"sqlite:///hub.db"', self.kept("database")))
        tiny_site.fill_database(self.site.root)
        self.pgp_for = keys.vendors
        self.key = key
        self.write_vendors()

    def keep(self, name: str, secret: str) -> None:
        (self.folder / name).write_text(secret, encoding="utf-8")

    def kept(self, name: str) -> str:
        return f'{{ file = "{self.folder / name}" }}'

    def write_vendors(self, pause: str = "0.005") -> None:
        pull = ("[sftp.pull]", 'folders = ["out"]', "settle_seconds = 0", f"every_minutes = {pause}")
        push = ("[sftp.push]", 'folder = "in"')
        self.site.goes_to(self.sshd, *pull, *push, login=f"password = {self.kept('sftp')}")
        mail = ("[mail]", "send = true", f'to = ["{METERS}"]')
        packing = ("[packing]", f'pgp_for = "{self.pgp_for}"', "pgp_sign = true")
        login = f'key_file = "{self.key}"\npassphrase = {self.kept("key")}'
        self.site.goes_to(self.sshd, *push, *mail, *packing, login=login, vendor="heat")

    def at_work(self, holds: Callable[[], bool], what: str) -> None:
        """The daemon, telling all it can, until this is so."""
        with self.site.process("debug") as process:
            try:
                until(lambda: holds() or process.poll() is not None, what)
            finally:
                process.send_signal(signal.SIGTERM)
                self.said += process.communicate(timeout=30)
        assert process.returncode == 0, self.said[-1]
        assert all(json.loads(line)["event"] for line in self.said[-1].split("\n") if line)

    def ask(self, *arguments: object, status: int | None = 0, formats: Sequence[str] = ("", "--json")) -> None:
        for more in formats:
            answer = hub(*arguments, *filter(None, [more]), site=self.site.root)
            assert status in (None, answer.status), answer
            self.said += [answer.out, answer.err]

    def ask_everything(self) -> None:
        self.ask("check", status=1)
        self.ask("exchange")
        for name in ("bs", "heat"):
            self.ask("vendors", "show", name)
            self.ask("exchange", "show", name, formats=["--json"])
        for number in range(1, len(self.site.sent_by()) + 1):
            self.ask("outbox", "show", number, formats=["--json"])
        self.ask("files", "show", 1, formats=["--json"])

    def results(self) -> set[tuple[str, str, str | None]]:
        with self.site.hub() as opened, opened.db.read() as conn:
            return {(one.vendor, one.what, one.result) for one in rounds.last_rounds(conn)}

    def dumped(self) -> Iterator[str]:
        """Every row of every table."""
        with self.site.hub() as opened, opened.db.read() as conn:
            tables = conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
            assert {"dispatch_event", "exchange_round", "notice", "event"} <= set(tables)
            for table in tables:
                yield from (repr(tuple(row)) for row in conn.execute(text(f'SELECT * FROM "{table}"')))


@pytest.fixture
def guarded(tmp_path: Path, postgres: Postgres) -> Iterator[Guarded]:
    url = make_url(postgres.emptied()).set(password=SECRETS["database"]).render_as_string(hide_password=False)
    sink = Sink(tmp_path / "sink", user=MAIL_USER, password=SECRETS["mail"])
    with Sshd(tmp_path / "sshd", password=SECRETS["sftp"]) as sshd, sink, made_keys() as keys:
        for folder in ("out", "in"):
            (sshd.root / folder).mkdir()
        made = Guarded(tmp_path, sshd, sink, keys, url)
        put(sshd.root / "out", "D1.pgp", keys.encrypted(delivery(("101", 10_000))))
        yield made


def test_no_secret_is_told_whatever_happens(guarded: Guarded, tmp_path: Path) -> None:
    site = guarded.site
    all_goes_well(guarded)
    all_goes_wrong(guarded)
    guarded.ask_everything()
    backup = tmp_path / "site.hub.tar"
    guarded.ask("backup", "--to", backup, formats=["--json"])
    rows = list(guarded.dumped())
    # Then the books themselves cannot be reached.
    guarded.keep("database", f"postgresql://hub:{SECRETS['database']}@127.0.0.1:1/hub")
    guarded.ask("exchange", status=1, formats=["--json"])
    guarded.ask("check", status=1, formats=["--json"])
    places = {
        "what was said": "\n".join(guarded.said).encode(),
        "the books": "\n".join(rows).encode(),
        **{f"the site: {path}": path.read_bytes() for path in site.root.rglob("*") if path.is_file()},
        **{f"the backup: {name}": content for name, content in unpacked(backup)},
    }
    assert len(places["what was said"]) > 10_000
    assert found_in(places) == []


def test_the_search_finds_what_is_there() -> None:
    for name, secret in SECRETS.items():
        plain = base64.b64encode(f"\0{MAIL_USER}\0{secret}".encode())
        for told in (secret.encode(), json.dumps(secret).encode(), repr(secret.encode()).encode(), plain):
            assert found_in({"here": b"x" + told + b"y"}) == [(name, "here")]


def all_goes_well(guarded: Guarded) -> None:
    site = guarded.site
    site.deliver(b"an order", ORDER)
    site.deliver(b"an export", EXPORT, vendor="heat")
    ways = {(ORDER, "sftp"): "sent", (f"{EXPORT}.pgp", "sftp"): "sent", (f"{EXPORT}.pgp", "mail"): "sent"}
    guarded.at_work(
        lambda: site.sent_by() == ways and "booked" in site.states().values(),
        "sent by all ways, fetched and decrypted",
    )
    assert guarded.results() >= {("bs", "pull", "done"), ("bs", "push", "done"), ("heat", "push", "done")}


def all_goes_wrong(guarded: Guarded) -> None:
    """Every secret is a wrong one, then the servers are others, then the secrets are not there."""
    site = guarded.site
    site.deliver(b"another", "order-2.txt")
    site.deliver(b"another export", "heat-2.txt", vendor="heat")
    for name in ("sftp", "key", "mail", "pgp"):
        guarded.keep(name, WRONG[name])
    guarded.at_work(lambda: list(site.sent_by().values()).count("stopped") == 3, "every login is refused")
    assert {("bs", "pull", "stopped"), ("heat", "push", "stopped")} <= guarded.results()
    guarded.ask("exchange", "run", "--actor", "Anna", status=2, formats=["--json"])
    with pytest.raises(Exception, match="pass") as refused:
        site.deliver(b"a third", "heat-3.txt", vendor="heat")
    guarded.said.append(repr(refused.value))
    guarded.sshd.change_host_keys()
    guarded.ask("exchange", "run", "--actor", "Anna", status=2, formats=["--json"])
    for name in ("sftp", "key", "mail", "pgp"):
        (guarded.folder / name).unlink()
    guarded.write_vendors(pause="0.0001")
    guarded.ask("exchange", "run", "--actor", "Anna", status=2, formats=["--json"])
    guarded.ask("exchange", "tell", status=1, formats=["--json"])


def found_in(places: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Which secrets are where, as they are or as logs, JSON, Python and mail servers write them."""
    found = []
    for name, secret in {**SECRETS, **{f"wrong {name}": wrong for name, wrong in WRONG.items()}}.items():
        plain = secret.encode()
        forms = {
            plain,
            json.dumps(secret)[1:-1].encode(),
            repr(plain)[2:-1].encode(),
            base64.b64encode(plain),
            base64.b64encode(f"\0{MAIL_USER}\0{secret}".encode()),
        }
        found += [(name, place) for place, content in places.items() if any(form in content for form in forms)]
    return found


def unpacked(backup: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(backup) as tar:
        for member in tar:
            opened = tar.extractfile(member)
            content = b"" if opened is None else opened.read()
            yield member.name, gzip.decompress(content) if member.name.endswith(".gz") else content
