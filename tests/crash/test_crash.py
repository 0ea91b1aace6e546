"""Promise 1: a file is booked exactly once, whatever is killed, and when."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from hub.settings import load_site
from hub.store import database
from tests import tiny_site
from tests.hostile_zips import zipped

LAUNCHER = Path(__file__).with_name("launcher.py")
#: Processes that go through the kill points side by side.
LAUNCHERS = 2

#: Everything that a person could notice, in columns without times and ids; that another took over is no difference.
_QUERIES = {
    "postings": """SELECT e.key, e.kind, e.value_date, e.posting_date, e.text, e.record, a.code, p.seq, p.amount
                  FROM entry e JOIN posting p ON p.entry_id = e.id JOIN account a ON a.id = p.account_id""",
    "balances": "SELECT code, balance FROM account",
    "lines": """SELECT t.key, l.charge_type, l.amount, l.remaining
                FROM charge_line l JOIN tenancy t ON t.id = l.tenancy_id""",
    "credits": "SELECT t.key, c.remaining FROM credit c JOIN tenancy t ON t.id = c.tenancy_id",
    "allocations": """SELECT e.key, p.key, a.seq, a.amount, a.policy FROM allocation a
                      JOIN entry e ON e.id = a.entry_id JOIN entry p ON p.id = a.payment_id""",
    "suspense": "SELECT customer, reference, amount, remaining, reason FROM suspense",
    "chain": "SELECT number, chain_seq FROM company",
    "batches": "SELECT seq, entries FROM batch",
    "arrivals": "SELECT name, size, door, sha256, closed_at IS NULL FROM arrival",
    "blobs": "SELECT sha256, size FROM blob",
    "files": "SELECT name, sha256, vendor, kind, state FROM file",
    "readings": """SELECT f.name, r.state, r.read, r.booked, r.failed, r.duplicate, r.unmatched, r.held, r.amount
                   FROM reading r JOIN file f ON f.id = r.file_id""",
    "documents": """SELECT f.name, t.key, d.charge_type, d.period_from, d.period_to FROM document d
                    JOIN file f ON f.id = d.file_id LEFT JOIN tenancy t ON t.id = d.tenancy_id""",
    "events": "SELECT what, file_id IS NULL, arrival_id IS NULL FROM event WHERE what <> 'taken over'",
}


def end_state(root: Path) -> dict[str, Any]:
    opened = database.connect(load_site(root).database_url)
    with opened.read() as conn:
        state: dict[str, Any] = {
            name: sorted(map(repr, conn.execute(text(query)).all())) for name, query in _QUERIES.items()
        }
    opened.close()
    folders = ("inbox", "content", "archive", "quarantine", "lists")
    state["on disk"] = {
        re.sub(r"/\d+-", "/", str(path.relative_to(root))): _digest(path)
        for folder in folders
        for path in (root / folder).rglob("*")
        if path.is_file()
    }
    return state


def _digest(path: Path) -> str:
    """A reason names the file's id."""
    content = path.read_bytes()
    if path.name.endswith(".reason.txt"):
        content = re.sub(rb"\d+", b"N", content)
    return hashlib.sha256(content).hexdigest()


class Point(NamedTuple):
    """What came of one kill point."""

    site: str
    killed: bool
    state: dict[str, Any]


def kill_everywhere(
    template: Path, work: Path, *, first: int = 1, step: int = 1, only: Sequence[str] = (), prepare: Callable[[], None]
) -> list[Point]:
    """All kill points of one launcher; ``prepare`` before each. The last is the run that nobody killed."""
    command = [sys.executable, str(LAUNCHER), str(template), str(work), str(first), str(step), *only]
    points: list[Point] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdin is not None
        assert launcher.stdout is not None

        def next_report() -> Any:
            prepare()
            launcher.stdin.write("\n")
            launcher.stdin.flush()
            return json.loads(launcher.stdout.readline())

        assert next_report() == {}, "the run before all kill points"
        while not points or points[-1].killed:
            report = next_report()
            root = Path(report["site"])
            assert report["killed"] or report["status"] == 0, f"{root.name}: the undisturbed hub failed"
            assert report["again"] == 0, f"{root.name}: the restarted hub failed"
            points.append(Point(root.name, report["killed"], end_state(root)))
            shutil.rmtree(root)
    return points


def judge(points: Sequence[Point]) -> dict[str, Any]:
    """Every killed and restarted site ended as an undisturbed one does; gives that end."""
    expected = next(point.state for point in points if not point.killed)
    for point in points:
        for what, state in point.state.items():
            assert state == expected[what], f"{what} differ after {point.site}"
    return expected


@pytest.mark.crash
def test_killed_before_and_after_every_durable_step(tmp_path: Path) -> None:
    template = tmp_path / "template"
    tiny_site.write_site(template)
    inbox = template / "inbox"
    (inbox / "bs/payments.txt").write_bytes(tiny_site.delivery(("101", 10_000), ("102", 5_000), ("999", 700)))
    (inbox / "heat/results.txt").write_bytes(tiny_site.results((1, 1, 1, 12_345), (2, 1, 1, -500)))
    (inbox / "heat" / tiny_site.STATEMENT).write_bytes(tiny_site.PDF)
    (inbox / "nobodys.txt").write_bytes(b"hello")
    (inbox / "nobodys.txt.done").touch()

    def half(first: int) -> list[Point]:
        return kill_everywhere(template, tmp_path, first=first, step=LAUNCHERS, prepare=lambda: None)

    with ThreadPoolExecutor(LAUNCHERS) as pool:
        points = [point for some in pool.map(half, range(1, LAUNCHERS + 1)) for point in some]
    expected = judge(points)
    # Four files, each stored, booked or quarantined, and filed: did the wrappers miss calls, there would be few.
    assert len(points) > 120
    assert len(expected["postings"]) == 2 * 5
    assert len(expected["documents"]) == 1
    assert sum("'quarantined'" in file for file in expected["files"]) == 1
    assert not [path for path in expected["on disk"] if path.startswith(("inbox", "content/tmp"))]


@pytest.mark.crash
def test_killed_while_a_zip_is_taken_apart(tmp_path: Path) -> None:
    template = tmp_path / "template"
    tiny_site.write_site(template)
    inner = zipped({"results.txt": tiny_site.results((1, 1, 1, 12_345))})
    content = zipped({tiny_site.STATEMENT: tiny_site.PDF, "inner.zip": inner, "../up.pdf": tiny_site.PDF})
    (template / "inbox/heat/july.zip").write_bytes(content)

    def half(first: int) -> list[Point]:
        return kill_everywhere(template, tmp_path, first=first, step=LAUNCHERS, prepare=lambda: None)

    with ThreadPoolExecutor(LAUNCHERS) as pool:
        points = [point for some in pool.map(half, range(1, LAUNCHERS + 1)) for point in some]
    expected = judge(points)
    # Four files: the two zips, and what was in them; the third member was never taken out.
    assert len(points) > 100
    assert len(expected["files"]) == len(expected["arrivals"]) == 4
    assert len(expected["documents"]) == 1
    assert len(expected["postings"]) == 2
    assert not [path for path in expected["on disk"] if path.startswith(("inbox", "content/tmp"))]


@pytest.mark.crash
def test_killed_around_every_commit_on_postgresql(tmp_path: Path, postgres: Any) -> None:
    template = tmp_path / "template"
    url = postgres.emptied()
    tiny_site.write_site(template, url)
    (template / "inbox/bs/payments.txt").write_bytes(tiny_site.delivery(("101", 10_000), ("999", 700)))
    (template / "inbox/heat" / tiny_site.STATEMENT).write_bytes(tiny_site.PDF)

    def prepare() -> None:
        postgres.emptied()
        tiny_site.fill_database(template)

    points = kill_everywhere(template, tmp_path, only=["do_commit"], prepare=prepare)
    expected = judge(points)
    assert len(points) > 20
    assert len(expected["postings"]) == 2 * 2
