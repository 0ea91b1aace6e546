"""Kills a command of the hub at every durable step: ``python collect_launcher.py TEMPLATE WORK ARGUMENT...``.

A child process, forked when all is imported, runs ``hub ARGUMENT...`` on a copy of the site ``TEMPLATE`` below
``WORK``, and is killed with SIGKILL before or after its Nth fsync, replace, unlink or commit. What is left is the
test's to judge. One JSON line a kill point on stdout; the last is the run that nobody killed.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import tests.compiled  # noqa: F401  shared with what is forked from here
from hub.cli.app import run
from tests.crash.launcher import Killer, in_child


def main(template: Path, work: Path, arguments: list[str]) -> None:
    # Undisturbed and never judged: what is forked afterwards finds everything imported and compiled.
    with tempfile.TemporaryDirectory(dir=work) as folder:
        root = Path(folder) / "site"
        shutil.copytree(template, root)
        ran(root, arguments)
    for nth, after in ((nth, after) for nth in itertools.count(1) for after in (False, True)):
        root = work / f"{nth:03}-{'after' if after else 'before'}"
        shutil.copytree(template, root)
        status = in_child(lambda root=root, nth=nth, after=after: disturbed(root, Killer(nth, after, []), arguments))
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print(json.dumps({"site": str(root), "killed": killed, "status": status}), flush=True)
        if not killed:
            return


def disturbed(root: Path, killer: Killer, arguments: list[str]) -> None:
    killer.wrap()
    ran(root, arguments)


def ran(root: Path, arguments: list[str]) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        status = run(["--site", str(root), *arguments])
    if status:
        raise AssertionError(f"hub ended with {status}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
