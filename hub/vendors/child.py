"""The process in which one plug-in instance lives: ``python -m hub.vendors.child SOCKET TRACE`` (file descriptors).

It has no database and no secrets, and answers one question at a time until the hub hangs up. Whatever the plug-in does
ends here: its exceptions become messages, its memory has a limit, its endless loops an alarm. What can stop even that
(a crash of the interpreter, a regex that never lets go) the hub sees from outside, see :mod:`hub.vendors.process`.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hub.plugin import Document, FileView, HubError, Malformed, Mine, NotMine, ReadBudgetError, Record, Remark
from hub.vendors.columns import RECORDS_MAX, decode, encode
from hub.vendors.frames import (
    ANSWER,
    ASK,
    BATCH,
    CHUNK,
    END,
    FAILED,
    HELLO,
    MALFORMED,
    MORE,
    REFUSED,
    Frame,
    Frames,
    HungUpError,
)
from hub.vendors.loading import Plugin, RefusedError, load
from hub.vendors.messages import Failed, Filed, Identified, MalformedFile, Refused, Unmade

#: Batches grow while they come quicker than this, and shrink otherwise: a slow plug-in, too, shows signs of life.
_QUICK_BATCH_SECONDS = 0.25
#: Records beyond one a byte that a file may yield: a plug-in that never ends is found out.
_RECORDS_SPARE = 1_000
#: Fields that a file may show for each of its bytes: a line of few bytes may lack most of its fields.
_FIELDS_PER_BYTE_MAX = 16
#: Objects made between two looks for cycles: records make none, and a look every 700 takes a tenth of a reading.
_COLLECT_EVERY = 20_000
_CHUNK_BYTES = 1024 * 1024
_MIB = 1024 * 1024
#: Kept back from the memory limit, so that the report of its breach has room.
_REPORT_BYTES = 64 * _MIB
_ERROR_CHARACTERS_MAX = 1_000
_TRACE_CHARACTERS_MAX = 16_000
_E = TypeVar("_E", bound=HubError)


class _Line(Frames):
    """The hub's end of the conversation is waited for without limit; in between runs the plug-in, against an alarm.

    The hub keeps the deadline. The alarm is for when the hub is gone: it kills without asking Python, so that no
    process loops on for ever with nobody left to kill it.
    """

    alarm_seconds = 0.0

    def send(self, tag: bytes, payload: bytes = b"") -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        super().send(tag, payload)
        signal.setitimer(signal.ITIMER_REAL, self.alarm_seconds)

    def receive(self) -> Frame:
        signal.setitimer(signal.ITIMER_REAL, 0)
        received = super().receive()
        signal.setitimer(signal.ITIMER_REAL, self.alarm_seconds)
        return received


class _Child:
    def __init__(self, line: _Line) -> None:
        self._line = line
        self._plugin: Plugin | None = None

    def serve(self) -> None:
        """Answers until the hub hangs up."""
        self._line.send(HELLO)
        while True:
            tag, payload = self._line.receive()
            if tag == ASK:
                self._answer(json.loads(payload))

    def _answer(self, question: dict[str, Any]) -> None:
        doing = question["ask"]
        try:
            getattr(self, f"_{doing}")(**question["of"])
        except HungUpError:
            raise
        except RefusedError as error:
            self._say(REFUSED, Refused.of(error.problems, error.places))
        except MemoryError as error:
            _make_room_for_report()
            self._say(FAILED, _failure(error, out_of_memory=True))
        except BaseException as error:  # noqa: BLE001  whatever a plug-in raises, SystemExit too, is an answer
            if isinstance(error, Malformed) and doing in ("read", "whose"):
                self._say_refusal(MALFORMED, MalformedFile.of, error)
            elif isinstance(error, HubError) and not isinstance(error, Malformed) and doing == "make":
                self._say_refusal(REFUSED, Unmade.of, error)
            else:
                self._say(FAILED, _failure(error))

    def _say_refusal(self, tag: bytes, message_of: Callable[[_E], BaseModel], error: _E) -> None:
        try:
            message = message_of(error)
        except ValidationError as wrong:
            self._say(FAILED, _failure(wrong))
        else:
            self._say(tag, message)

    def _say(self, tag: bytes, message: BaseModel) -> None:
        self._line.send(tag, message.model_dump_json().encode())

    @property
    def _hooks(self) -> Any:
        if self._plugin is None:
            raise RuntimeError("asked before it was loaded")
        return self._plugin.hooks

    def _load(
        self, plugin: str, settings: dict[str, Any], file: str, memory_bytes: int, no_progress_seconds: float
    ) -> None:
        _limit_memory(memory_bytes)
        # Later than any patience of the hub's with one answer.
        self._line.alarm_seconds = 3 * no_progress_seconds
        signal.setitimer(signal.ITIMER_REAL, self._line.alarm_seconds)
        self._plugin = load(plugin, settings, file)
        self._say(ANSWER, self._plugin.loaded)

    def _identify(self, file: dict[str, Any]) -> None:
        answer = self._hooks.identify(file=_view(file))
        if isinstance(answer, Mine):
            self._say(ANSWER, Identified(mine=True, text=answer.kind))
        elif isinstance(answer, NotMine):
            self._say(ANSWER, Identified(mine=False, text=answer.why))
        else:
            raise TypeError(f"answers {answer!r}: Mine or NotMine is needed")

    def _read(self, file: dict[str, Any], kind: str) -> None:
        view = _view(file)
        answer = self._hooks.read(file=view, kind=kind)
        if answer is None:
            raise NotImplementedError(f"reads no file of kind {kind!r}")
        self._send_batches(iter(answer), view, view.size + _RECORDS_SPARE)

    def _show(self, file: dict[str, Any]) -> None:
        view = _view(file)
        answer = self._hooks.show(file=view)
        if answer is None:
            raise NotImplementedError("shows no files")
        self._send_batches(iter(answer), view, _FIELDS_PER_BYTE_MAX * view.size + _RECORDS_SPARE)

    def _send_batches(self, records: Iterator[Any], view: FileView, left: int) -> None:
        """All of them, at most ``left``: in batches that grow as long as they come quickly."""
        size = 1
        began = time.monotonic()
        while batch := list(islice(records, size)):
            quick = time.monotonic() - began < _QUICK_BATCH_SECONDS
            size = min(size * 2, RECORDS_MAX) if quick else max(size // 2, 1)
            left -= len(batch)
            if left < 0:
                raise OverflowError(f"yields more records than the file's {view.size} bytes can hold")
            self._line.send(BATCH, encode(batch))
            began = time.monotonic()
        self._line.send(END)

    def _whose(self, file: dict[str, Any], kind: str) -> None:
        answer = self._hooks.whose(file=_view(file), kind=kind)
        if not isinstance(answer, Document):
            raise TypeError(f"answers {answer!r}: a Document is needed")
        self._say(ANSWER, Filed(document=answer))

    def _make(self, kind: str, head: dict[str, str]) -> None:
        answer = self._hooks.make(kind=kind, records=self._records_to_write(), head=head)
        if answer is None:
            raise NotImplementedError(f"makes no file of kind {kind!r}")
        for made in answer:
            if isinstance(made, Remark):
                self._line.send(BATCH, encode([made]))
                continue
            if not isinstance(made, bytes | bytearray):
                raise TypeError(f"made {type(made).__name__}: bytes or a Remark are needed")
            for start in range(0, len(made), _CHUNK_BYTES):
                self._line.send(CHUNK, bytes(made[start : start + _CHUNK_BYTES]))
        self._line.send(END)

    def _records_to_write(self) -> Iterator[Record]:
        """Asks for a batch at a time, so that neither end ever waits with a full buffer for the other's."""
        while True:
            self._line.send(MORE)
            tag, payload = self._line.receive()
            if tag == END:
                return
            yield from decode(payload)


def _view(file: dict[str, Any]) -> FileView:
    return FileView(**{**file, "path": Path(file["path"])})


def _failure(error: BaseException, *, out_of_memory: bool = False) -> Failed:
    told = traceback.TracebackException.from_exception(error, compact=True)
    if isinstance(error, ReadBudgetError):
        text = "reads more of the file than its budget (hub.plugins.read_budget_bytes) before it knows whose it is"
    else:
        name = told.exc_type.__name__ if told.exc_type else type(error).__name__
        text = " ".join(f"{name}: {told}".split()).removesuffix(":")
    trace = "".join(told.format())
    return Failed(
        error=_plain(text[:_ERROR_CHARACTERS_MAX]),
        trace=_plain(trace[-_TRACE_CHARACTERS_MAX:]),
        out_of_memory=out_of_memory,
    )


def _plain(text: str) -> str:
    """Without the lone surrogates of undecodable names, which no JSON can hold."""
    return text.encode(errors="backslashreplace").decode()


def _limit_memory(memory_bytes: int) -> None:
    """Room for ``memory_bytes`` beyond what the interpreter and the hub's own modules take already (Linux only)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    limit = _address_space_bytes() + memory_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard - _REPORT_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit + _REPORT_BYTES))


def _make_room_for_report() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return pages * resource.getpagesize()


def main() -> None:
    socket_fd, trace_fd = map(int, sys.argv[1:])
    faulthandler.enable(trace_fd)
    # A pipe would have it buffered until it is too late.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    # The hub ends its children by hanging up, after it has finished what it was doing. A signal to all processes of a
    # service (its manager's stop) must not take the plug-in from under a file that is being booked.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    gc.set_threshold(_COLLECT_EVERY, *gc.get_threshold()[1:])
    try:
        _Child(_Line(socket.socket(fileno=socket_fd))).serve()
    except HungUpError:
        sys.stdout.flush()
        sys.stderr.flush()
        # What the plug-in forked goes too, though the hub may be gone and nobody else left to see to it.
        with suppress(ProcessLookupError):
            os.killpg(os.getpid(), signal.SIGKILL)
        # Not sys.exit: threads that the plug-in left behind would be waited for.
        os._exit(0)


if __name__ == "__main__":
    main()
