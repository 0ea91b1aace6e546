"""A tiny site whose vendor has a server: what lies there, what is fetched, and what became of both."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select, text

from hub.daemon import ACTOR, Looker
from hub.exchange.pulling import pull
from hub.intake.hub import Hub
from hub.settings import load_site
from hub.store.database import connect
from hub.store.exchange.rounds import Round
from hub.store.tables import account, event, file
from hub.vendors import Vendors
from tests import tiny_site
from tests.sshd import Sshd

_SFTP = """
[sftp]
host = "127.0.0.1"
port = {port}
user = "{user}"
host_keys = ["{host_key}"]
key_file = "{key_file}"
{connection}
[sftp.pull]
{pull}
"""


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = tiny_site.NOW

    def __call__(self) -> datetime:
        return self.now

    def minutes(self, count: float) -> None:
        self.now += timedelta(minutes=count)


class Template(NamedTuple):
    """A site to be copied, and its plug-ins at work: both take a second to make."""

    root: Path
    vendors: Vendors


@contextmanager
def template(root: Path) -> Iterator[Template]:
    tiny_site.write_site(root)
    vendors = Vendors(load_site(root))
    yield Template(root, vendors)
    vendors.close()


class FetchingSite:
    """``like``: a copy of that one, on SQLite, served by its plug-ins while ``vendors`` stands."""

    def __init__(
        self, root: Path, sshd: Sshd, database_url: str = "sqlite:///hub.db", *, like: Template | None = None
    ) -> None:
        self.root = root
        self.sshd = sshd
        self.clock = Clock()
        self.stop = threading.Event()
        self.vendors = None if like is None else like.vendors
        if like is None:
            tiny_site.write_site(root, database_url)
        else:
            shutil.copytree(like.root, root)
        self._bs = (root / "config/vendors/bs.toml").read_text()

    def set_up(
        self, *pull: str, connection: str = "", port: int | None = None, host_key: str | None = None, intake: str = ""
    ) -> None:
        """``pull`` and ``connection``: lines of the vendor's ``[sftp.pull]`` and ``[sftp]``; ``port``: another way."""
        if not any(line.startswith("settle_seconds") for line in pull):
            pull = (*pull, "settle_seconds = 0")
        section = _SFTP.format(
            port=port or self.sshd.port,
            user=self.sshd.user,
            host_key=host_key or self.sshd.host_key_line,
            key_file=self.sshd.user_key,
            connection=connection,
            pull="\n".join(pull),
        )
        (self.root / "config/vendors/bs.toml").write_text(self._bs + section)
        if intake:
            config = self.root / "config/hub.toml"
            config.write_text(config.read_text() + intake + "\n")

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        site = load_site(self.root)
        db = connect(site.database_url)
        vendors = self.vendors or Vendors(site)
        try:
            yield Hub.of(site, db, vendors, self.clock)
        finally:
            db.close()
            if vendors is not self.vendors:
                vendors.close()

    def pull(self, hub: Hub, *, by_hand: bool = False, stop: threading.Event | None = None) -> Round:
        """One look, as long after the last as it may be."""
        self.clock.minutes(61)
        return pull(hub, "bs", actor="Anna" if by_hand else ACTOR, stop=stop or self.stop, by_hand=by_hand)

    def take_in(self, hub: Hub) -> None:
        """What the daemon's own thread does meanwhile."""
        Looker(hub, threading.Event()).look()

    def put(self, name: str, content: bytes, folder: str = ".", mtime: int | None = None) -> Path:
        """A file on the server, there at once as a whole."""
        target = self.sshd.root / folder
        target.mkdir(exist_ok=True)
        path = target / name
        hidden = target / ".coming"
        hidden.write_bytes(content)
        if mtime is not None:
            os.utime(hidden, (mtime, mtime))
        hidden.rename(path)
        return path

    def there(self) -> list[str]:
        """What lies on the server, by path from the folder that the login leads to."""
        return sorted(str(path.relative_to(self.sshd.root)) for path in self.sshd.root.rglob("*") if path.is_file())

    def states(self, hub: Hub) -> Mapping[str, list[str | None]]:
        """Of all files that ever came, by name."""
        found: dict[str, list[str | None]] = {}
        with hub.db.read() as conn:
            for name, state in conn.execute(select(file.c.name, file.c.state).order_by(file.c.id)):
                found.setdefault(name, []).append(state)
        return found

    def balance(self, hub: Hub, tenancy: str = "1-1-1-1") -> int:
        with hub.db.read() as conn:
            return int(
                conn.execute(select(account.c.balance).where(account.c.code == f"receivable:{tenancy}")).scalar_one()
            )

    def events(self, hub: Hub, what: str) -> int:
        with hub.db.read() as conn:
            return len(conn.execute(select(event.c.id).where(event.c.what == what)).all())

    def count(self, hub: Hub, table: str) -> int:
        with hub.db.read() as conn:
            return int(conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


class Between(threading.Event):
    """Never tells to stop; does ``what`` in place of the pause between two looks."""

    def __init__(self, what: Callable[[], object]) -> None:
        super().__init__()
        self._what = what

    def wait(self, timeout: float | None = None) -> bool:
        self._what()
        return False
