"""A tiny site that exchanges with a real server: deliveries to send, files to fetch, and the daemon at work on both."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hub import daemon
from hub.acts.act import Acting, perform
from hub.intake.hub import Hub
from hub.outbox.deliveries import Called, Kept, add_made, deal_number
from hub.settings import load_site
from hub.store import database, views
from hub.store.exchange import dispatches
from hub.store.tables import account
from hub.transport.content import keep
from tests import tiny_site
from tests.delivering import Writer
from tests.sshd import Sshd

WAIT_SECONDS = 30
#: What the daemon runs as in a process of its own.
PROGRAM = """
import signal, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from hub import daemon, log
from tests import tiny_site
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
log.configure("json", sys.argv[2])
hub = tiny_site.open_hub(Path(sys.argv[1]), lambda: datetime.now(UTC))
daemon.run(hub, stop)
tiny_site.close_hub(hub)
"""
EXCHANGE = "[exchange]\nretry_seconds_first = 0.2\nretry_seconds_max = 1\n"


class ExchangingSite:
    """``bs`` of the tiny site has a server; ``hub`` is more of hub.toml."""

    def __init__(self, root: Path, hub: str = EXCHANGE) -> None:
        self.root = root
        tiny_site.write_site(root)
        config = root / "config/hub.toml"
        config.write_text(f"{config.read_text()}\n{hub}")
        self._vendors = {name: self.file(name).read_text() for name in ("bs", "heat")}

    def file(self, vendor: str) -> Path:
        return self.root / f"config/vendors/{vendor}.toml"

    def goes(self, vendor: str, *lines: str) -> None:
        """More of a vendor's file; what was said here before is gone."""
        self.file(vendor).write_text("\n".join([self._vendors[vendor], *lines, ""]))

    def goes_to(self, sshd: Sshd, *more: str, port: int | None = None, login: str = "", vendor: str = "bs") -> None:
        """``more``: lines of ``[sftp]``, then its sections."""
        self.goes(vendor, *server(port or sshd.port, sshd.user, sshd.host_key_line, login or key_of(sshd)), *more)

    @contextmanager
    def hub(self, clock: Callable[[], datetime] | None = None) -> Iterator[Hub]:
        opened = tiny_site.open_hub(self.root, clock or (lambda: datetime.now(UTC)))
        try:
            yield opened
        finally:
            tiny_site.close_hub(opened)

    @contextmanager
    def running(self, clock: Callable[[], datetime] | None = None) -> Iterator[Hub]:
        """The daemon, in this process."""
        stop = threading.Event()
        with self.hub(clock) as hub:
            thread = threading.Thread(target=daemon.run, args=(hub, stop))
            thread.start()
            try:
                yield hub
            finally:
                stop.set()
                thread.join(WAIT_SECONDS)
                assert not thread.is_alive()

    @contextmanager
    def process(self, level: str = "info") -> Iterator[subprocess.Popen[str]]:
        """The daemon, in a process of its own; its log is its standard error."""
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.root), level],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def deliver(self, content: bytes, name: str = "BS0605-0000000001.txt", vendor: str = "bs") -> int:
        """A delivery of these bytes, as a command makes one; its id."""
        site = load_site(self.root)
        opened = database.connect(site.database_url)
        writer = Writer()
        writer.name = vendor

        def do(acting: Acting) -> Mapping[str, Any]:
            stored = keep([content], site.content, part="delivery")
            kept = Kept(stored.sha256, stored.size, 1, 0, 0, 0, 1, ())
            called = Called("export", "", "", deal_number(acting, ""), name, tiny_site.NOW.date())
            made = add_made(acting, writer, called, kept)
            return {"id": made.id}

        try:
            return int(perform(opened, site, "test", {}, do, actor="Anna", now=datetime.now(UTC)).result["id"])
        finally:
            opened.close()

    def states(self) -> dict[str, str | None]:
        """Of all files that ever came, by name."""
        with self._books() as conn:
            return {file.name: file.state for file in views.files(conn)}

    def sent(self) -> dict[str, str]:
        """States of dispatches, by name."""
        with self._books() as conn:
            return {one.name: one.state for one in dispatches.dispatches(conn)}

    def sent_by(self) -> dict[tuple[str, str], str]:
        """States of dispatches, by name and channel."""
        with self._books() as conn:
            return {(one.name, one.channel): one.state for one in dispatches.dispatches(conn)}

    def balance(self, tenancy: str = "1-1-1-1") -> int:
        with self._books() as conn:
            balance = select(account.c.balance).where(account.c.code == f"receivable:{tenancy}")
            return int(conn.execute(balance).scalar_one())

    @contextmanager
    def _books(self) -> Iterator[Any]:
        opened = database.connect(load_site(self.root).database_url)
        try:
            with opened.read() as conn:
                yield conn
        finally:
            opened.close()


def server(port: int, user: str, host_key: str, *more: str) -> list[str]:
    """Lines of ``[sftp]``, with short deadlines; ``more`` says how we log in."""
    return [
        "[sftp]",
        'host = "127.0.0.1"',
        f"port = {port}",
        f'user = "{user}"',
        f'host_keys = ["{host_key}"]',
        *more,
    ]


def key_of(sshd: Sshd) -> str:
    return f'key_file = "{sshd.user_key}"'


def until(holds: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.05)


def put(folder: Path, name: str, content: bytes) -> Path:
    """A file that is there at once as a whole."""
    (folder / ".coming").write_bytes(content)
    return (folder / ".coming").rename(folder / name)
