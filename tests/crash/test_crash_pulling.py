"""A file on a vendor's server is fetched and booked once, and is never gone there before it is booked here."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from hub.settings import load_site
from hub.store import database
from tests import tiny_site
from tests.crash.pull_launcher import FOLDER
from tests.crash.test_crash import end_state
from tests.fetching_site import FetchingSite
from tests.sshd import Sshd

LAUNCHER = Path(__file__).with_name("pull_launcher.py")
#: Processes that go through the kill points side by side.
LAUNCHERS = 2
_FETCHED = "SELECT name, size, mtime, arrival_id IS NULL, refusal, gone_at IS NULL FROM fetched"
pytestmark = pytest.mark.crash


class Point(NamedTuple):
    """What came of one kill point; ``there``: on the vendor's server."""

    name: str
    killed: bool
    state: dict[str, Any]
    there: dict[str, bytes]


def killed_everywhere(template: Path, work: Path, server: Path, *only: str) -> list[Point]:
    def some(first: int) -> list[Point]:
        command = [sys.executable, str(LAUNCHER), *map(str, (template, work, server, first, LAUNCHERS)), *only]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        return [judged(json.loads(line), server) for line in done.stdout.rstrip("\n").split("\n")]

    work.mkdir()
    with ThreadPoolExecutor(LAUNCHERS) as pool:
        return [point for points in pool.map(some, range(1, LAUNCHERS + 1)) for point in points]


def judged(report: dict[str, Any], server: Path) -> Point:
    root = Path(report["site"])
    assert report["killed"] or report["status"] == 0, f"{root.name}: the undisturbed hub failed"
    assert report["again"] == 0, f"{root.name}: the restarted hub failed"
    state = end_state(root)
    # Whose removal it was cannot be known, where we were killed over it.
    state["events"] = [event for event in state["events"] if "'cleared'" not in event]
    opened = database.connect(load_site(root).database_url)
    with opened.read() as conn:
        state["fetched"] = sorted(map(repr, conn.execute(text(_FETCHED)).all()))
    opened.close()
    its = server / root.name
    there = {str(path.relative_to(its)): path.read_bytes() for path in its.rglob("*") if path.is_file()}
    return Point(root.name, report["killed"], state, there)


@pytest.mark.parametrize(("after", "only", "points_min"), [("delete", (), 50), ("move", ("move",), 5)])
def test_killed_before_and_after_every_step(
    tmp_path: Path, sshd: Sshd, after: str, only: tuple[str, ...], points_min: int
) -> None:
    template = tmp_path / "template"
    site = FetchingSite(template, sshd)
    move = f'move_to = "{FOLDER}/done"' if after == "move" else ""
    site.set_up(f'folders = ["{FOLDER}"]', f'after = "{after}"', move)
    held = template / "server"
    (held / "done").mkdir(parents=True)
    nobodys = b"hello"
    booked = {
        "D1.txt": tiny_site.delivery(("101", 10_000), ("999", 700)),
        "D2.txt": tiny_site.delivery(("102", 500), number=2),
    }
    for name, content in {**booked, "nobodys.txt": nobodys}.items():
        (held / name).write_bytes(content)
    points = killed_everywhere(template, tmp_path / "work", sshd.root, *only)
    (expected,) = [point for point in points if not point.killed][:1]
    for point in points:
        assert point.there == expected.there, point.name
        for what, state in point.state.items():
            assert state == expected.state[what], f"{what} differ after {point.name}"
    # Did the wrappers miss steps, there would be few.
    assert len(points) >= points_min
    assert len(expected.state["postings"]) == 2 * 3
    assert len(expected.state["files"]) == 3
    moved = {f"done/{name}": content for name, content in booked.items()} if after == "move" else {}
    assert expected.there == {"nobodys.txt": nobodys, **moved}
    assert not [path for path in expected.state["on disk"] if path.startswith("content/tmp")]
