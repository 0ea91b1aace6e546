"""Fetching when things go wrong: a wire that stalls or breaks, full disks, two hubs at once, thousands of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.exchange.pulling import pull
from hub.exchange.schedule import pull_due_at
from hub.store.tables import fetched
from tests.fetching_site import FetchingSite, Template, template
from tests.integration.cli_runner import hub as command
from tests.sshd import Proxy, Sshd
from tests.tiny_site import delivery

#: Big enough for the wire to break in its middle, and good to read.
BIG = delivery(*(("101", 100 + number) for number in range(2_000)))
DELETE = 'after = "delete"'
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def like(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with template(tmp_path_factory.mktemp("template") / "site") as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, sshd: Sshd, like: Template) -> FetchingSite:
    return FetchingSite(tmp_path / "site", sshd, like=like)


@pytest.mark.parametrize("how", ["reset", "cut", "stall"])
def test_a_wire_that_breaks_in_the_middle_leaves_nothing_half(site: FetchingSite, sshd: Sshd, how: Any) -> None:
    small = delivery(("101", 500), number=2)
    site.put("D1.txt", small)
    site.put("D2.txt", BIG)
    with Proxy(sshd.port) as proxy:
        site.set_up(DELETE, port=proxy.port, connection="channel_seconds = 1\nkeepalive_seconds = 0")
        with site.hub() as hub:
            proxy.interrupt(how, downloaded=len(BIG) // 2)
            looked = site.pull(hub, by_hand=True)
            assert looked.result == "failed"
            # What was whole before it broke is kept, and waits.
            assert (looked.seen, looked.moved) == (2, 1)
            assert list((site.root / "content/tmp").iterdir()) == []
            with hub.db.read() as conn:
                due = pull_due_at(conn, hub.site, "bs", site.clock.now)
            assert due is not None
            # Tried again long before the vendor's hour is over.
            assert 30 <= (due - site.clock.now).total_seconds() <= 45
            site.take_in(hub)
            assert site.states(hub) == {"D1.txt": ["booked"]}
            proxy.mend()
            site.clock.minutes(1)
            looked = pull(hub, "bs", actor="Anna", stop=site.stop, by_hand=True)
            assert (looked.result, looked.moved) == ("done", 1)
            assert site.balance(hub) == -500 - sum(100 + number for number in range(2_000))
    assert site.there() == []
    assert command("verify", site=site.root).status == 0


def test_a_server_that_is_away_is_tried_again_later_and_later(site: FetchingSite, sshd: Sshd) -> None:
    site.set_up()
    site.put("D1.txt", delivery(("101", 500)))
    sshd.stop()
    pauses = []
    with site.hub() as hub:
        for _ in range(4):
            looked = pull(hub, "bs", actor="daemon", stop=site.stop)
            assert looked.result == "failed"
            assert looked.ended_at is not None
            with hub.db.read() as conn:
                due = pull_due_at(conn, hub.site, "bs", site.clock.now)
            assert due is not None
            pauses.append((due - looked.ended_at).total_seconds())
            site.clock.now = due
        assert pauses[0] < pauses[1] < pauses[2] < pauses[3]
        sshd.start()
        assert pull(hub, "bs", actor="daemon", stop=site.stop).moved == 1


def test_one_file_without_rights_does_not_hold_up_the_others(tmp_path: Path, like: Template) -> None:
    with tempfile.TemporaryDirectory() as name, Sshd(Path(name) / "sshd") as sshd:
        if os.getuid() == 0:
            # Root may read everything; this user has to find the server's folder.
            Path(name).chmod(0o755)
            sshd.user = "nobody"
        site = FetchingSite(tmp_path / "site", sshd, like=like)
        site.set_up()
        site.put("D1.txt", delivery(("101", 500))).chmod(0)
        site.put("D2.txt", delivery(("101", 700), number=2))
        with site.hub() as hub:
            looked = site.pull(hub, by_hand=True)
            assert (looked.result, looked.moved, looked.refused) == ("done", 1, 1)
            assert "D1.txt" in looked.text
            assert site.balance(hub) == -700


_WITH_ANOTHER = """
import json, sys, threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from hub.exchange.pulling import pull
from tests import tiny_site

hub = tiny_site.open_hub(Path(sys.argv[1]), lambda: datetime.now(UTC))
print("ready", flush=True)
sys.stdin.readline()
looked = pull(hub, "bs", actor="daemon", stop=threading.Event())
tiny_site.close_hub(hub)
print(json.dumps([looked.result, looked.moved, looked.text]))
"""


def test_two_hubs_at_once_fetch_each_file_once(tmp_path: Path, sshd: Sshd, postgres: Any) -> None:
    site = FetchingSite(tmp_path / "site", sshd, postgres.emptied())
    site.set_up(DELETE, "every_minutes = 0.0000001")
    for number in range(1, 13):
        site.put(f"D{number:03}.txt", delivery(("101", number), number=number))
    arguments = [sys.executable, "-c", _WITH_ANOTHER, str(site.root)]
    started = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT) for _ in range(2)
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == b"ready\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write(b"now\n")
        one.stdin.flush()
    results = [json.loads(_last_line(one.communicate(timeout=60)[0])) for one in started]
    assert [result for result, *_ in results] == ["done", "done"], results
    assert sum(moved for _, moved, _ in results) == 12
    site.clock.now = datetime.now(UTC)
    with site.hub() as hub:
        site.take_in(hub)
        assert set(map(tuple, site.states(hub).values())) == {("booked",)}
        assert site.balance(hub) == -sum(range(1, 13))
        assert site.count(hub, "fetched") == site.count(hub, "arrival") == 12
        site.pull(hub)
    assert site.there() == []


_FETCHING_ALL_THE_TIME = """
import sys
from pathlib import Path
from hub.store import owners

folder = Path(sys.argv[1])
print("ready", flush=True)
for number in range(10**9):
    part = folder / f"pull-bs@{owners.own_name().replace('/', '+')}@-{number}.part"
    part.touch()
    part.replace(folder / "pull-bs.done")
"""


def test_what_another_hub_is_fetching_may_go_while_we_look(site: FetchingSite, sshd: Sshd) -> None:
    """The other hub names its files anew all the time: neither do our looks fail, nor does a file of its go."""
    site.set_up()
    (sshd.root / "D1.txt").write_bytes(b"one")
    with site.hub() as hub:
        folder = hub.content / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        arguments = [sys.executable, "-c", _FETCHING_ALL_THE_TIME, str(folder)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=PROJECT) as other:
            try:
                assert other.stdout is not None
                assert other.stdout.readline() == b"ready\n"
                looks = [site.pull(hub) for _ in range(20)]
                assert other.poll() is None
            finally:
                other.kill()
        assert [look.result for look in looks] == ["done"] * 20, looks
        assert sum(look.moved for look in looks) == 1


def test_five_thousand_files(site: FetchingSite, sshd: Sshd) -> None:
    site.set_up()
    for number in range(5_000):
        (sshd.root / f"N{number:04}.txt").write_bytes(b"%d" % number)
    with site.hub() as hub:
        looked = site.pull(hub)
        assert (looked.result, looked.seen, looked.moved) == ("done", 5_000, 5_000)
        again = site.pull(hub)
        assert (again.seen, again.moved) == (5_000, 0)
        (sshd.root / "N0000.txt").unlink()
        (sshd.root / "one_more.txt").write_bytes(b"x")
        assert site.pull(hub).moved == 1
        assert site.count(hub, "fetched") == site.count(hub, "arrival") == 5_001
        with hub.db.read() as conn:
            gone = conn.execute(select(fetched.c.name).where(fetched.c.gone_at.is_not(None))).all()
        assert gone == [("N0000.txt",)]


_ON_A_FULL_DISK = """
import json, subprocess, sys, threading
from pathlib import Path
from hub.exchange.pulling import pull
from tests import tiny_site
from tests.fetching_site import Clock

root = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={sys.argv[2]}", "tmpfs", root / "content"], check=True)
clock = Clock()
hub = tiny_site.open_hub(root, clock)
rounds = [pull(hub, "bs", actor="Anna", stop=threading.Event(), by_hand=True)]
left = [path.name for path in (root / "content/tmp").iterdir()]
subprocess.run(["mount", "-o", "remount,size=50m", root / "content"], check=True)
clock.minutes(61)
rounds.append(pull(hub, "bs", actor="Anna", stop=threading.Event(), by_hand=True))
tiny_site.close_hub(hub)
print(json.dumps([left, *([one.result, one.moved, one.text] for one in rounds)]))
"""


def test_a_full_disk_of_ours_loses_nothing(site: FetchingSite) -> None:
    if os.getuid() or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("a disk of its own needs root and a mount namespace (unshare --mount)")
    site.set_up(DELETE)
    site.put("D1.txt", delivery(("101", 500), number=2))
    site.put("D2.txt", BIG)
    arguments = [sys.executable, "-c", _ON_A_FULL_DISK, str(site.root), str(len(BIG) * 2 // 3)]
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", *arguments],
        stdout=subprocess.PIPE,
        check=True,
        cwd=PROJECT,
        timeout=60,
    )
    left, full, wide = json.loads(_last_line(done.stdout))
    assert left == []
    assert full[:2] == ["failed", 1]
    assert "No space left on device" in full[2]
    assert wide[:2] == ["done", 1]
    with site.hub() as hub:
        assert site.balance(hub) == -500 - sum(100 + number for number in range(2_000))
    assert site.there() == []


def _last_line(said: bytes) -> bytes:
    return said.rstrip(b"\n").split(b"\n")[-1]
