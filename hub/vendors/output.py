"""What a plug-in prints, and what is said of its faults, as lines of the hub's log."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import IO, Any

from hub.vendors.texts import SENTENCE_CHARACTERS_MAX, sentence

#: Of one process.
_LINES_MAX = 200
_UTF8_BYTES_MAX = 4
_CHUNK_BYTES = 65_536


def log() -> Any:
    """On standard error also where nobody has set up a log: standard output is for what a command answers.

    Imported when needed: every plug-in's process loads this package, and none has a use for a log.
    """
    import structlog

    if structlog.is_configured():
        return structlog.get_logger()
    return structlog.wrap_logger(structlog.PrintLogger(sys.stderr))


class Output(threading.Thread):
    """Logs the first lines of what a process prints, and takes the rest so that the process never waits for us.

    It ends when nobody is left to print: a plug-in's offspring that got away may keep it, and nothing else, waiting.
    """

    def __init__(self, stream: IO[bytes], vendor: str) -> None:
        super().__init__(name=f"output of {vendor}", daemon=True)
        self._stream = stream
        self._vendor = vendor

    def run(self) -> None:
        with self._stream as stream:
            lines = self._lines()
            for line in islice(lines, _LINES_MAX):
                self._tell("a plug-in printed", line=sentence(line))
            if next(lines, None) is None:
                return
            self._tell(f"a plug-in printed more than {_LINES_MAX} lines: the rest is dropped")
            while stream.read(_CHUNK_BYTES):
                pass

    def _tell(self, event: str, **values: str) -> None:
        # A log that cannot be written must not stop us from emptying the pipe.
        with suppress(OSError, ValueError):
            log().info(event, vendor=self._vendor, **values)

    def _lines(self) -> Iterator[str]:
        """Without their ends; of a line that is too long only its beginning."""
        begins = True
        while piece := self._stream.readline((SENTENCE_CHARACTERS_MAX + 1) * _UTF8_BYTES_MAX):
            if begins:
                yield piece.decode(errors="backslashreplace").rstrip("\r\n")
            begins = piece.endswith(b"\n")
