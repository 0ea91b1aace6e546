"""An encrypted file is booked exactly once, whatever is killed and when, and no key stays unlocked."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import tiny_site
from tests.crash.test_crash import LAUNCHERS, Point, judge, kill_everywhere
from tests.pgp_keys import PASSPHRASE, Keys

pytestmark = pytest.mark.crash

#: Does as GnuPG does; where it is armed, it kills whoever asked for a decryption before he knows how that ended.
_DEADLY_GPG = """#!/bin/sh
case "$*" in
*--decrypt*)
    {gpg} "$@"
    status=$?
    rmdir "{armed}" 2> /dev/null && kill -9 $PPID
    exit $status
    ;;
*)
    exec {gpg} "$@"
    ;;
esac
"""


@pytest.fixture
def template(tmp_path: Path, pgp_keys: Keys) -> Path:
    """A site with an encrypted file at a door."""
    root = tmp_path / "template"
    tiny_site.write_site(root)
    (root / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    with (root / "config/hub.toml").open("a") as config:
        config.write(pgp_keys.settings('{ file = "passphrase" }'))
    message = pgp_keys.encrypted(tiny_site.results((1, 1, 1, 12_345)))
    (root / "inbox/heat/results.txt.pgp").write_bytes(message)
    return root


def test_killed_around_every_commit_and_every_placing(template: Path, tmp_path: Path, pgp_keys: Keys) -> None:
    def half(first: int) -> list[Point]:
        only = ["do_commit", "replace"]
        return kill_everywhere(template, tmp_path, first=first, step=LAUNCHERS, only=only, prepare=lambda: None)

    with ThreadPoolExecutor(LAUNCHERS) as pool:
        points = [point for some in pool.map(half, range(1, LAUNCHERS + 1)) for point in some]
    assert len(points) > 20
    judge_encrypted(points, pgp_keys)


def test_killed_in_the_middle_of_decrypting(
    template: Path, tmp_path: Path, pgp_keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent, which holds our key unlocked, outlives the hub; whoever goes on ends it."""
    deadly, armed = tmp_path / "bin/gpg", tmp_path / "armed"
    deadly.parent.mkdir()
    deadly.write_text(_DEADLY_GPG.format(gpg=shutil.which("gpg"), armed=armed))
    deadly.chmod(0o755)
    monkeypatch.setenv("PATH", f"{deadly.parent}:{os.environ['PATH']}")
    runs = iter((False, True))

    def arm() -> None:
        """For the first run that is judged; nobody is killed in the one before, nor in those after it."""
        if next(runs, False):
            armed.mkdir()

    points = kill_everywhere(template, tmp_path, only=["none of them"], prepare=arm)
    assert [point.killed for point in points] == [True, False]
    judge_encrypted(points, pgp_keys)


def judge_encrypted(points: Sequence[Point], pgp_keys: Keys) -> None:
    """All ended as an undisturbed hub does: two files, the message and what was in it."""
    expected = judge(points)
    assert len(expected["files"]) == len(expected["arrivals"]) == 2
    assert sum("'unpacked'" in event for event in expected["events"]) == 1
    assert len(expected["postings"]) == 2
    assert not [path for path in expected["on disk"] if path.startswith(("inbox", "content/tmp"))]
    until = time.monotonic() + 5
    while pgp_keys.agents() and time.monotonic() < until:
        time.sleep(0.05)
    assert pgp_keys.agents() == []
