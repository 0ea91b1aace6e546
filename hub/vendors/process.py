"""The hub's side of one plug-in process: starts it, waits for it no longer than allowed, ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hub.vendors.frames import HELLO, FrameError, Frames

#: For the interpreter and the hub's own modules; the plug-in's time begins after it.
_BOOT_SECONDS = 60.0
_GOODBYE_SECONDS = 2.0
_TRACE_BYTES_MAX = 16_384
_STDERR = 2
#: All that a plug-in learns of the hub's environment: no secrets, no database.
_ENVIRONMENT = frozenset(
    ["PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONUTF8", "LD_LIBRARY_PATH"]
)


class Ending(NamedTuple):
    """How a process ended."""

    #: Exit status; negative = by that signal.
    status: int
    #: Where it was, if it was aborted or crashed.
    trace: str


class PluginProcess:
    """A running :mod:`hub.vendors.child`. Its standard output goes to our standard error."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        #: Where the interpreter writes what it was doing when it is killed or crashes.
        self._trace = tempfile.TemporaryFile()  # noqa: SIM115  closed by end()
        with theirs:
            descriptors = (theirs.fileno(), self._trace.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hub.vendors.child", *map(str, descriptors)],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=_STDERR,
                cwd="/",
                env=environment(os.environ),
            )
        self._socket = ours
        self._frames = Frames(ours)
        self._greeted = False

    def send(self, tag: bytes, payload: bytes = b"", *, within_seconds: float) -> None:
        """Raises TimeoutError, HungUpError."""
        self._socket.settimeout(within_seconds)
        self._frames.send(tag, payload)

    def receive(self, *, within_seconds: float) -> tuple[bytes, bytearray]:
        """The next frame; any byte of it counts as progress. Raises TimeoutError, HungUpError, FrameError."""
        if not self._greeted:
            self._socket.settimeout(_BOOT_SECONDS)
            tag, _ = self._frames.receive()
            if tag != HELLO:
                raise FrameError("the process does not greet")
            self._greeted = True
        self._socket.settimeout(within_seconds)
        return self._frames.receive()

    def hang_up(self) -> None:
        """Asks the process to end: it does when it next listens. For :meth:`end` to follow."""
        self._socket.close()

    def end(self) -> Ending:
        """Waits a moment for the process to end by itself, then kills it."""
        self.hang_up()
        try:
            status = self._process.wait(_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        with self._trace:
            self._trace.seek(0)
            return Ending(status, self._trace.read(_TRACE_BYTES_MAX).decode(errors="replace"))

    def abort(self) -> Ending:
        """Ends a process that hangs, and has its interpreter write down where."""
        self._process.send_signal(signal.SIGABRT)
        return self.end()

    def kill(self) -> Ending:
        """Ends the process at once, whatever it does."""
        self._process.kill()
        return self.end()


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The part of our environment that a plug-in's process gets."""
    theirs = {name: value for name, value in ours.items() if name in _ENVIRONMENT or name.startswith("LC_")}
    if path := ours.get("PYTHONPATH"):
        # It runs in another folder than we do.
        theirs["PYTHONPATH"] = os.pathsep.join(str(Path(folder).absolute()) for folder in path.split(os.pathsep))
    return theirs
