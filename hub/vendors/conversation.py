"""The conversation with one vendor instance's process: a question at a time, and what comes of a bad answer or none.

An exception over one file is a :class:`VendorFault` for that file. A plug-in that hangs, eats memory, cannot be loaded,
crashes its interpreter or talks nonsense is shut out until the hub starts again: ``fault`` says why, and every question
raises at once.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from math import inf
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from hub.plugin import FieldPlace
from hub.settings import ConfigError, PluginSection, VendorConfig, vendor_file
from hub.vendors.columns import ColumnError
from hub.vendors.discovery import NotUsableError, find
from hub.vendors.fault import VendorFault
from hub.vendors.frames import (
    ANSWER,
    ASK,
    BATCH,
    END,
    FAILED,
    MALFORMED,
    REFUSED,
    Frame,
    FrameError,
    HungUpError,
)
from hub.vendors.limits import BreachError
from hub.vendors.messages import REFUSALS, Failed, Loaded, Refused
from hub.vendors.output import log
from hub.vendors.process import Ending, Patience, PluginProcess, TooSlowError
from hub.vendors.texts import trace

#: A process that ends by itself is started again, this often.
_RESTARTS_MAX = 3
_LAST_TAGS = frozenset([ANSWER, END, REFUSED, MALFORMED, FAILED])
_MIB = 1024 * 1024
_M = TypeVar("_M", bound=BaseModel)
_R = TypeVar("_R")
_SHUT_OUT = "the vendor is shut out, others are not touched: mend the plug-in or its limits and start the hub again"


class Conversation:
    """A question starts the process where it is needed.

    Threads wait for each other's questions. A thread that asks while a question of its own is unfinished gets a
    RuntimeError instead of waiting for itself.
    """

    def __init__(self, name: str, config: VendorConfig, limits: PluginSection) -> None:
        #: Why this instance is shut out; None = it is not.
        self.fault: str | None = None
        #: Where the fields of a configuration that is refused would stand.
        self.refused_places: tuple[FieldPlace, ...] = ()
        #: Of the plug-in: the installed distribution that it comes from, and its version.
        self.distribution, self.version = "", ""
        self._name = name
        self._config = config
        self._limits = limits
        self._process: PluginProcess | None = None
        #: The process has loaded the plug-in.
        self._ready = False
        self._loaded: Loaded | None = None
        self._restarts = 0
        self._lock = threading.Lock()
        self._asking_thread: int | None = None
        #: The last question, and how long its answer may still be waited for.
        self._doing = ""
        self._patience = Patience(limits.no_progress_seconds)
        #: True from a question until the last frame of its answer.
        self._unanswered = False

    def launch(self) -> None:
        """Starts the process and does not wait for it."""
        with self._turn():
            self._launch()

    def start(self) -> None:
        """Loads the plug-in and has it judge its settings. Raises ConfigError with all problems, VendorFault."""
        with self._turn():
            self._load()

    def facts(self) -> Loaded:
        """What the plug-in has told of itself; asked once. Raises VendorFault."""
        if self._loaded is not None:
            return self._loaded
        with self._turn():
            return self._load_to_ask()

    def close(self) -> None:
        """Ends the process; a later question would start another. Done twice it does nothing."""
        with nullcontext() if self._asking_thread == threading.get_ident() else self._turn():
            if self._process is not None:
                self._forget().end()

    # --- One question and its answer ---------------------------------------------------------------------------------

    @contextmanager
    def asking(self, doing: str, of: Mapping[str, Any]) -> Iterator[None]:
        """One question. When its answer is left unfinished, the process goes: it would go on talking of it."""
        with self._turn():
            self._load_to_ask()
            try:
                self._ask(doing, of)
                yield
            finally:
                if self._unanswered:
                    self._forget().kill()

    def send(self, doing: str, tag: bytes, payload: bytes = b"") -> None:
        """Raises VendorFault."""
        with self._guarding(doing) as process:
            process.send(tag, payload, within_seconds=self._limits.no_progress_seconds)

    def receive(self, doing: str, *expected: bytes) -> Frame:
        """The next frame of the answer. Raises VendorFault, and the plug-in's own refusals of this question."""
        with self._guarding(doing) as process:
            answer = process.receive(self._patience)
        if answer.tag in _LAST_TAGS:
            self._unanswered = False
        if answer.tag == FAILED:
            self._failed(doing, self.parsed(doing, Failed, answer))
        if refusal := REFUSALS.get((doing, answer.tag)):
            raise self.parsed(doing, refusal, answer).error()
        if answer.tag not in expected:
            self._shut_out(f"answered {answer.tag!r} to {doing}")
        return answer

    def next_batch(self, doing: str, unpack: Callable[[bytearray], list[_R]]) -> list[_R]:
        """Empty = there are no more. Raises as ``receive``."""
        answer = self.receive(doing, BATCH, END)
        return [] if answer.tag == END else self.unpacked(doing, answer, unpack)

    def unpacked(self, doing: str, answer: Frame, unpack: Callable[[bytearray], list[_R]]) -> list[_R]:
        """Raises VendorFault."""
        try:
            return unpack(answer.payload)
        except BreachError as breach:
            raise self.failure(str(breach)) from breach
        except ColumnError as error:
            self._shut_out(f"sent what cannot be read as records: {error}")

    def parsed(self, doing: str, message: type[_M], answer: Frame) -> _M:
        """Raises VendorFault."""
        try:
            return message.model_validate_json(answer.payload)
        except ValidationError as error:
            self._shut_out(f"sent what cannot be understood in {doing}", detail=str(error))

    def failure(self, what: str, why: str = "", detail: str = "") -> VendorFault:
        """To be raised: the plug-in has failed over one file, which the log is told."""
        return self._logged(VendorFault(f"{self._label} {what}", where=self._where, why=why, detail=detail))

    # --- Turns and the process ---------------------------------------------------------------------------------------

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._asking_thread == threading.get_ident():
            raise RuntimeError(f"vendor {self._name} is still answering: finish or close that iterator first")
        with self._lock:
            self._asking_thread = threading.get_ident()
            try:
                yield
            finally:
                self._asking_thread = None

    def _load_to_ask(self) -> Loaded:
        try:
            return self._load()
        except ConfigError as error:
            raise self.failure("has a configuration that is refused", why=str(error)) from error

    def _launch(self) -> None:
        if self.fault is not None:
            raise VendorFault(self.fault, where=self._where, do=_SHUT_OUT)
        if self._process is not None:
            return
        with suppress(NotUsableError):
            _, plugin = find(self._config.plugin)
            self.distribution, self.version = plugin.distribution, plugin.version
        self._process = PluginProcess(self._name)
        self._ready = False
        of = {
            "plugin": self._config.plugin,
            "settings": self._config.settings,
            "file": vendor_file(self._name),
            "memory_bytes": self._limits.memory_megabytes * _MIB,
            "no_progress_seconds": self._limits.no_progress_seconds,
        }
        self._ask("load", of)

    def _load(self) -> Loaded:
        self._launch()
        if self._ready and self._loaded is not None:
            return self._loaded
        answer = self.receive("load", ANSWER, REFUSED)
        if answer.tag == REFUSED:
            refused = self.parsed("load", Refused, answer)
            error = ConfigError(refused.readable())
            self.refused_places = refused.places
            self.fault = f"{self._label} has a configuration that is refused: {error}"
            self._forget().end()
            raise error
        self._loaded = self.parsed("load", Loaded, answer)
        self._ready = True
        return self._loaded

    def _ask(self, doing: str, of: Mapping[str, Any]) -> None:
        self._unanswered = True
        self._doing = doing
        self._patience = Patience(self._limits.no_progress_seconds, self._total_seconds(doing, of))
        # Dates of a TOML file become text: the settings model reads them back.
        self.send(doing, ASK, json.dumps({"ask": doing, "of": of}, default=str).encode())

    def _total_seconds(self, doing: str, of: Mapping[str, Any]) -> float:
        """How long a whole answer may be waited for: else a record a second would keep all other files waiting."""
        if doing == "make":
            return inf
        mebibytes = of["file"]["size"] / _MIB if doing in ("read", "whose", "show") else 0
        return self._limits.no_progress_seconds * (2 + mebibytes)

    def _forget(self) -> PluginProcess:
        """The process, no longer ours to ask: the caller ends it."""
        process = self._running
        self._process, self._ready, self._unanswered = None, False, False
        return process

    @property
    def _running(self) -> PluginProcess:
        if self._process is None:
            raise RuntimeError(f"vendor {self._name} has no process")
        return self._process

    # --- What goes wrong ---------------------------------------------------------------------------------------------

    @contextmanager
    def _guarding(self, doing: str) -> Iterator[PluginProcess]:
        """What can go wrong on the way to the other process and back, as faults."""
        try:
            yield self._running
        except TimeoutError as error:
            if self._running.has_ended:
                self._died(doing)
            self._hung(doing, self._forget().abort(), too_slow=isinstance(error, TooSlowError))
        except FrameError as error:
            self._shut_out(f"sent what cannot be understood in {doing}: {error}")
        except HungUpError:
            self._died(doing)

    def _hung(self, doing: str, ending: Ending, *, too_slow: bool = False) -> NoReturn:
        seconds = f"{self._limits.no_progress_seconds:g} seconds (hub.plugins.no_progress_seconds)"
        if too_slow:
            taken = f"took more than {round(self._patience.total_seconds, 1):g} seconds in {doing}"
            limit = f"at most twice {seconds} may pass, and as long again for each MiB of a file that it reads"
            self._shut_out(f"{taken}: {limit}", detail=ending.trace)
        self._shut_out(f"made no progress for {seconds} in {doing}", detail=ending.trace)

    def _died(self, doing: str) -> NoReturn:
        ending = self._forget().end()
        status, where_it_was = ending
        if status == -signal.SIGALRM:
            # Its own alarm, while we were busy with what it had sent before.
            self._hung(doing, ending)
        if status < 0:
            self._shut_out(f"crashed in {doing}: {signal.strsignal(-status)}", detail=where_it_was)
        self._restarts += 1
        what = f"ended its process in {doing}, with exit status {status}"
        if doing == "load" or self._restarts > _RESTARTS_MAX:
            self._shut_out(what, detail=where_it_was)
        raise self.failure(what, detail=where_it_was)

    def _failed(self, doing: str, failed: Failed) -> NoReturn:
        if failed.out_of_memory:
            limit = f"{self._limits.memory_megabytes} MB of memory (hub.plugins.memory_megabytes)"
            self._shut_out(f"needs more than {limit} in {doing}", detail=failed.trace)
        if doing == "load":
            self._shut_out(f"cannot be loaded: {failed.error}", detail=failed.trace)
        raise self.failure(f"failed in {doing}: {failed.error}", detail=failed.trace)

    def _shut_out(self, why: str, detail: str = "") -> NoReturn:
        self.fault = f"{self._label} {why}"
        if self._process is not None:
            self._forget().kill()
        raise self._logged(VendorFault(self.fault, where=self._where, do=_SHUT_OUT, detail=detail))

    def _logged(self, fault: VendorFault) -> VendorFault:
        log().error(
            "a plug-in failed",
            vendor=self._name,
            plugin=self._config.plugin,
            doing=self._doing,
            fault=str(fault),
            detail=trace(fault.detail),
        )
        return fault

    @property
    def _label(self) -> str:
        return f"plug-in {self._config.plugin} {self.version}".rstrip()

    @property
    def _where(self) -> str:
        return f"vendor {self._name}"
