"""Killed in the middle of a file, with half of it on its way: the next one to start brings it to the same end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.acts.act import Acting, perform
from hub.outbox.deliveries import Called, Kept, add_made
from hub.settings import load_site
from hub.store.database import connect
from hub.store.exchange.dispatches import Dispatch, dispatches
from hub.transport.content import keep
from tests import tiny_site
from tests.collecting_site import CollectingSite
from tests.delivering import Writer
from tests.desk import NOW
from tests.fetching_site import FetchingSite
from tests.sshd import Proxy, Sshd, wait_until

pytestmark = pytest.mark.crash

#: More than greetings and keys take, and a small part of the file.
_BEFORE_THE_CUT = 300_000
_CONTENT = os.urandom(3_000_000)


def killed_in_transfer(root: Path, proxy: Proxy, way: str) -> None:
    """A real hub is killed with SIGKILL when so many bytes have gone through and the rest cannot."""
    proxy.interrupt("stall", **{way: _BEFORE_THE_CUT})
    running = subprocess.Popen(exchange_run(root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: getattr(proxy, way) >= _BEFORE_THE_CUT, f"so many bytes are {way}", 60)
        assert running.poll() is None
    finally:
        running.kill()
        running.wait()
    proxy.mend()


def exchange_run(root: Path, *options: str) -> list[str]:
    program = "import sys, hub.cli; sys.exit(hub.cli.main())"
    return [sys.executable, "-c", program, "--site", str(root), "exchange", "run", "bs", *options]


def test_a_file_that_is_being_fetched(tmp_path: Path, sshd: Sshd) -> None:
    site = FetchingSite(tmp_path / "site", sshd)
    content = tiny_site.delivery(*(("101", 100) for _ in range(5_000)))
    assert len(content) > 2 * _BEFORE_THE_CUT
    site.put("D1.txt", content)
    with Proxy(sshd.port) as proxy:
        site.set_up('after = "delete"', port=proxy.port)
        killed_in_transfer(site.root, proxy, "downloaded")
        assert site.there() == ["D1.txt"]
        subprocess.run(exchange_run(site.root, "--anyway"), check=True, stdout=subprocess.DEVNULL)
    assert site.there() == []
    assert list((site.root / "content/tmp").iterdir()) == []
    with site.hub() as hub:
        assert site.states(hub) == {"D1.txt": ["booked"]}
        assert (site.count(hub, "posting"), site.count(hub, "fetched")) == (2 * 5_000, 1)


@pytest.mark.parametrize("rename", [True, False])
def test_a_file_that_is_being_sent(tmp_path: Path, sshd: Sshd, sqlite_template: Path, rename: bool) -> None:
    there = sshd.root / "ind"
    there.mkdir()
    (tmp_path / "site").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "site/hub.db")
    root = CollectingSite(tmp_path / "site", "sqlite:///hub.db").root
    with Proxy(sshd.port) as proxy:
        with (root / "config/vendors/bs.toml").open("a", encoding="utf-8") as vendor:
            vendor.write(
                f'\n[sftp]\nhost = "127.0.0.1"\nport = {proxy.port}\nuser = "{sshd.user}"\n'
                f'key_file = "{sshd.user_key}"\nhost_keys = ["{sshd.host_key_line}"]\n'
                f'[sftp.push]\nfolder = "ind"\nrename = {str(rename).lower()}\n'
            )
        deliver(root)
        killed_in_transfer(root, proxy, "uploaded")
        assert state_of(root).state == "sending"
        again = subprocess.run(exchange_run(root, "--push"), stdout=subprocess.DEVNULL)
    if rename:
        # Nobody saw it under its name: it may be sent once more, and is.
        assert (again.returncode, state_of(root).state) == (0, "sent")
        assert [(path.name, path.read_bytes()) for path in there.iterdir()] == [("heat.txt", _CONTENT)]
    else:
        # A part of it lies under its own name, and the vendor may have taken that: no machine decides.
        assert (again.returncode, state_of(root).state) == (2, "uncertain")
        (part,) = there.iterdir()
        assert _CONTENT.startswith(part.read_bytes())
        assert part.stat().st_size < len(_CONTENT)


def deliver(root: Path) -> None:
    def do(acting: Acting) -> Mapping[str, Any]:
        stored = keep([_CONTENT], acting.site.content, part="export")
        kept = Kept(stored.sha256, stored.size, 1, 0, 0, 0, 1, ())
        add_made(acting, Writer(), Called("export", "", "", 1, "heat.txt", NOW.date()), kept)
        return {}

    site = load_site(root)
    with closing(connect(site.database_url)) as opened:
        perform(opened, site, "test", {}, do, actor="Anna", now=NOW, key=None)


def state_of(root: Path) -> Dispatch:
    with closing(connect(load_site(root).database_url)) as opened, opened.read() as conn:
        (one,) = dispatches(conn)
    return one
