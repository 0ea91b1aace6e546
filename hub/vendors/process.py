"""The hub's side of one plug-in process: starts it, waits for it no longer than allowed, ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import NamedTuple

from hub.vendors.frames import HELLO, Frame, FrameError, Frames
from hub.vendors.output import Output

#: For the interpreter and the hub's own modules; the plug-in's time begins after it.
_BOOT_SECONDS = 60.0
_GOODBYE_SECONDS = 2.0
_LAST_WORDS_SECONDS = 1.0
_LOOK_SECONDS = 0.002
_TRACE_BYTES_MAX = 16_384
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


class TooSlowError(TimeoutError):
    """There were signs of life, but no whole answer in the time that the question may take."""


class Patience:
    """How long the answer to one question is waited for. What the hub does between two waits does not count."""

    def __init__(self, progress_seconds: float, total_seconds: float = inf) -> None:
        self.progress_seconds = progress_seconds
        self.total_seconds = total_seconds
        self.left_seconds = total_seconds


class _Line(Frames):
    """The plug-in's end of the conversation, waited for with patience: any byte counts as progress."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__(end)
        self.patience = Patience(_BOOT_SECONDS)

    def _take(self, rest: memoryview) -> int:
        patience = self.patience
        if patience.left_seconds <= 0:
            raise TooSlowError
        self._socket.settimeout(min(patience.progress_seconds, patience.left_seconds))
        began = time.monotonic()
        try:
            return super()._take(rest)
        except TimeoutError as error:
            if patience.left_seconds < patience.progress_seconds:
                raise TooSlowError from error
            raise
        finally:
            patience.left_seconds -= time.monotonic() - began


class PluginProcess:
    """A running :mod:`hub.vendors.child`, head of a session of its own. What it prints goes to our log."""

    def __init__(self, vendor: str) -> None:
        ours, theirs = socket.socketpair()
        #: Where the interpreter writes what it was doing when it is killed or crashes.
        self._trace = tempfile.TemporaryFile()  # noqa: SIM115  closed by end()
        with theirs:
            descriptors = (theirs.fileno(), self._trace.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hub.vendors.child", *map(str, descriptors)],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env=environment(os.environ),
            )
        self._socket = ours
        self._frames = _Line(ours)
        self._greeted = False
        assert self._process.stdout is not None
        self._output = Output(self._process.stdout, vendor)
        self._output.start()

    def send(self, tag: bytes, payload: bytes = b"", *, within_seconds: float) -> None:
        """Raises TimeoutError, HungUpError."""
        self._socket.settimeout(within_seconds)
        self._frames.send(tag, payload)

    def receive(self, patience: Patience) -> Frame:
        """The next frame. Raises TimeoutError, TooSlowError, HungUpError, FrameError."""
        if not self._greeted:
            tag, _ = self._frames.receive()
            if tag != HELLO:
                raise FrameError("the process does not greet")
            self._greeted = True
        self._frames.patience = patience
        return self._frames.receive()

    @property
    def has_ended(self) -> bool:
        """Also while something that it forked holds its end of the conversation open."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def end(self) -> Ending:
        """Waits a moment for the process to end by itself, then kills it and all that it forked."""
        # It ends when it next listens.
        self._socket.close()
        gives_up = time.monotonic() + _GOODBYE_SECONDS
        while not self.has_ended and time.monotonic() < gives_up:
            time.sleep(_LOOK_SECONDS)
        self._kill_group()
        status = self._process.wait()
        self._output.join(_LAST_WORDS_SECONDS)
        with self._trace:
            self._trace.seek(0)
            return Ending(status, self._trace.read(_TRACE_BYTES_MAX).decode(errors="replace"))

    def abort(self) -> Ending:
        """Ends a process that hangs, and has its interpreter write down where."""
        os.kill(self._process.pid, signal.SIGABRT)
        return self.end()

    def kill(self) -> Ending:
        """Ends the process at once, whatever it does."""
        self._kill_group()
        return self.end()

    def _kill_group(self) -> None:
        """Only before the process is waited for: from then on its number may be another's."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The part of our environment that a plug-in's process gets."""
    theirs = {name: value for name, value in ours.items() if name in _ENVIRONMENT or name.startswith("LC_")}
    if path := ours.get("PYTHONPATH"):
        # It runs in another folder than we do.
        theirs["PYTHONPATH"] = os.pathsep.join(str(Path(folder).absolute()) for folder in path.split(os.pathsep))
    return theirs
