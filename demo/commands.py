"""The ``hub`` command line, used as a person or another program would."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_COMMAND_SECONDS_MAX = 60
_STOP_SECONDS_MAX = 30
_POLL_SECONDS = 0.1


class DemoError(Exception):
    """The demo cannot go on, or did not end as it should; ``str()`` is for a person."""


class Commands:
    """Commands of one site."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.program = Path(sys.executable).with_name("hub")
        #: What the daemon says.
        self.log = site / "daemon.log"

    def run(self, *arguments: str, statuses: tuple[int, ...] = (0,), site: Path | None = None) -> Any:
        """The command's JSON. Raises DemoError where its exit status is none of ``statuses``."""
        return json.loads(self._output([*arguments, "--json"], statuses, site or self.site))

    def write(self, *arguments: str) -> None:
        """A command that writes a file and answers nothing. Raises DemoError where it does not end well."""
        self._output(arguments, (0,), self.site)

    def _output(self, arguments: Sequence[str], statuses: tuple[int, ...], site: Path) -> str:
        command = [str(self.program), *arguments, "--site", str(site)]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=_COMMAND_SECONDS_MAX)
        if done.returncode not in statuses:
            shown = f"hub {' '.join(arguments)}"
            expected = " or ".join(map(str, statuses))
            raise DemoError(f"{shown} ended with {done.returncode}, expected {expected}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def daemon(self) -> Iterator[Callable[[], None]]:
        """``hub run`` while inside, stopped by SIGTERM after; the call given raises DemoError where it has ended."""
        with self.log.open("wb") as stream:
            process = subprocess.Popen([str(self.program), "run", "--site", str(self.site)], stderr=stream)
            try:
                yield lambda: _has_to_run(process, self.log)
                process.send_signal(signal.SIGTERM)
                if process.wait(_STOP_SECONDS_MAX) != 0:
                    raise DemoError(f"the daemon ended with {process.returncode} on SIGTERM: see {self.log}")
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()


def wait_until(happened: Callable[[], bool], still_sensible: Callable[[], None], what: str, seconds_max: float) -> None:
    """Raises DemoError when it has not happened in time."""
    deadline = time.monotonic() + seconds_max
    while not happened():
        still_sensible()
        if time.monotonic() > deadline:
            raise DemoError(f"{what} has not happened within {seconds_max:g} seconds")
        time.sleep(_POLL_SECONDS)


def _has_to_run(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is not None:
        raise DemoError(f"the daemon has ended with {process.returncode}: see {log}")
