"""One vendor instance: a plug-in with the settings of one config file, alive in a process of its own.

Nothing that the plug-in does harms anyone else (promise 3). An exception over one file is a :class:`VendorFault` for
that file. A plug-in that hangs, eats memory, cannot be loaded, crashes its interpreter or talks nonsense is shut out
until the hub starts again: ``fault`` says why, and every call raises at once.
"""

from __future__ import annotations

import json
import signal
import threading
import unicodedata
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

from pydantic import BaseModel, ValidationError

from hub.plugin import Description, Document, FieldPlace, FileKind, Mine, NotMine, Record, ShownField
from hub.settings import ConfigError, HubConfig, VendorConfig, vendor_file
from hub.vendors.columns import RECORDS_MAX, ColumnError, encode
from hub.vendors.discovery import NotUsableError, find
from hub.vendors.fault import VendorFault
from hub.vendors.frames import (
    ANSWER,
    ASK,
    BATCH,
    CHUNK,
    END,
    FAILED,
    MALFORMED,
    MORE,
    REFUSED,
    Frame,
    FrameError,
    HungUpError,
)
from hub.vendors.limits import BreachError, Making, Reading, Showing, check_document
from hub.vendors.messages import REFUSALS, Failed, Filed, Identified, Loaded, Refused, SettingValue
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


class Instance:
    """Asks the plug-in; every method but ``launch`` and ``close`` starts it where needed.

    Threads wait for each other's questions. A thread that asks while its own ``read`` or ``make`` is unfinished gets a
    RuntimeError instead of waiting for itself.
    """

    def __init__(self, name: str, config: VendorConfig, hub: HubConfig) -> None:
        self.name = name
        self.config = config
        self.plugin = config.plugin
        #: Why this instance is shut out; None = it is not.
        self.fault: str | None = None
        #: Where the fields of a configuration that is refused would stand.
        self.refused_places: tuple[FieldPlace, ...] = ()
        self._limits = hub.plugins
        self._made_bytes_max = hub.intake.file_bytes_max
        self._process: PluginProcess | None = None
        #: The process has loaded the plug-in.
        self._ready = False
        self._loaded: Loaded | None = None
        self._restarts = 0
        self._distribution, self._version = "", ""
        self._lock = threading.Lock()
        self._asking_thread: int | None = None
        #: The last question, and how long its answer may still be waited for.
        self._doing = ""
        self._patience = Patience(self._limits.no_progress_seconds)
        #: True from a question until the last frame of its answer.
        self._unanswered = False

    def launch(self) -> None:
        """Starts the process and does not wait for it, so that several instances come up at the same time."""
        with self._turn():
            self._launch()

    def start(self) -> None:
        """Loads the plug-in and has it judge its settings. Raises ConfigError with all problems, VendorFault."""
        with self._turn():
            self._load()

    @property
    def distribution(self) -> str:
        """The installed distribution that the plug-in comes from."""
        self._facts()
        return self._distribution

    @property
    def plugin_version(self) -> str:
        self._facts()
        return self._version

    @property
    def kinds(self) -> Mapping[str, FileKind]:
        return self._facts().kinds

    @property
    def description(self) -> Description:
        return self._facts().description

    @property
    def settings(self) -> list[SettingValue]:
        """The plug-in's settings in effect, defaults included, secrets hidden."""
        return self._facts().settings

    def identify(self, path: Path, name: str) -> Mine | NotMine:
        """Is the file at ``path``, which came under ``name``, this vendor's? Raises VendorFault."""
        with self._asking("identify", {"file": self._view(path, name, budget_bytes=self._limits.read_budget_bytes)}):
            answer = self._parsed("identify", Identified, self._receive("identify", ANSWER))
        if not answer.mine:
            return NotMine(answer.text)
        if answer.text not in self.kinds:
            raise self._failure(f"says that the file is of kind {answer.text!r}, which it does not declare")
        return Mine(answer.text)

    def read(
        self, path: Path, name: str, kind: str, *, options: Mapping[str, str] | None = None
    ) -> Generator[list[Record]]:
        """The file's records in its order, up to 2,000 at a time. Raises Malformed, VendorFault, also in the middle:
        VendorFault too for a record beyond the limits of :mod:`hub.plugin.records`, of whose batch none is given.

        ``options`` are what a person said of this file; ``period`` is that of the config file unless given. Who
        stops in the middle closes the iterator (``contextlib.closing``) before asking anything else.
        """
        with self._asking("read", {"file": self._view(path, name, options), "kind": kind}):
            reading = Reading()
            while batch := self._next_batch("read", reading.batch):
                yield batch

    def whose(self, path: Path, name: str, kind: str, *, options: Mapping[str, str] | None = None) -> Document:
        """Whose document the file is. Raises Malformed, VendorFault. ``options`` as for ``read``."""
        with self._asking("whose", {"file": self._view(path, name, options), "kind": kind}):
            document = self._parsed("whose", Filed, self._receive("whose", ANSWER)).document
        try:
            check_document(document)
        except BreachError as breach:
            raise self._failure(str(breach)) from breach
        return document

    def show(self, path: Path, name: str, *, options: Mapping[str, str] | None = None) -> Generator[ShownField]:
        """Every field of the file's records, a broken file's too; to be closed like ``read``. Raises VendorFault.

        The option ``kind`` says as what a file is looked at that could be of several kinds.
        """
        with self._asking("show", {"file": self._view(path, name, options)}):
            showing = Showing()
            while batch := self._next_batch("show", showing.batch):
                yield from batch

    def make(
        self, kind: str, records: Iterable[Record], head: Mapping[str, str], remarks: list[str] | None = None
    ) -> Iterator[bytes]:
        """The bytes of a file of this kind that holds ``records``. Raises Unmakeable, VendorFault.

        ``remarks`` gets what the plug-in has to say of the file, such as what it cut, until the last bytes have come.
        """
        remaining = iter(records)
        left_bytes = self._made_bytes_max
        making = Making()
        with self._asking("make", {"kind": kind, "head": dict(head)}):
            while (answer := self._receive("make", BATCH, CHUNK, MORE, END)).tag != END:
                if answer.tag == BATCH:
                    said = self._unpacked("make", answer, making.batch)
                    if remarks is not None:
                        remarks += said
                elif answer.tag == CHUNK:
                    left_bytes -= len(answer.payload)
                    if left_bytes < 0:
                        raise self._failure(f"makes more than {self._made_bytes_max} bytes (hub.intake.file_bytes_max)")
                    yield bytes(answer.payload)
                elif batch := list(islice(remaining, RECORDS_MAX)):
                    self._send("make", BATCH, encode(batch))
                else:
                    self._send("make", END)

    def close(self) -> None:
        """Ends the process; a later question would start another. Done twice it does nothing."""
        with nullcontext() if self._asking_thread == threading.get_ident() else self._turn():
            if self._process is not None:
                self._forget().end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _facts(self) -> Loaded:
        if self._loaded is not None:
            return self._loaded
        with self._turn():
            return self._load_to_ask()

    def _view(
        self, path: Path, name: str, options: Mapping[str, str] | None = None, budget_bytes: int | None = None
    ) -> dict[str, Any]:
        """What a FileView is made of, on the other side. Raises OSError when there is no such file."""
        of_config = {"period": self.config.period} if self.config.period else {}
        return {
            "name": unicodedata.normalize("NFC", name),
            "size": path.stat().st_size,
            "path": str(path.absolute()),
            "budget_bytes": budget_bytes,
            "options": {**of_config, **(options or {})},
        }

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._asking_thread == threading.get_ident():
            raise RuntimeError(f"vendor {self.name} is still answering: finish or close that iterator first")
        with self._lock:
            self._asking_thread = threading.get_ident()
            try:
                yield
            finally:
                self._asking_thread = None

    @contextmanager
    def _asking(self, doing: str, of: Mapping[str, Any]) -> Iterator[None]:
        """One question. When its answer is left unfinished, the process goes: it would go on talking of it."""
        with self._turn():
            self._load_to_ask()
            try:
                self._ask(doing, of)
                yield
            finally:
                if self._unanswered:
                    self._forget().kill()

    def _load_to_ask(self) -> Loaded:
        try:
            return self._load()
        except ConfigError as error:
            raise self._failure("has a configuration that is refused", why=str(error)) from error

    def _launch(self) -> None:
        if self.fault is not None:
            raise VendorFault(self.fault, where=self._where, do=_SHUT_OUT)
        if self._process is not None:
            return
        with suppress(NotUsableError):
            _, plugin = find(self.plugin)
            self._distribution, self._version = plugin.distribution, plugin.version
        self._process = PluginProcess(self.name)
        self._ready = False
        of = {
            "plugin": self.plugin,
            "settings": self.config.settings,
            "file": vendor_file(self.name),
            "memory_bytes": self._limits.memory_megabytes * _MIB,
            "no_progress_seconds": self._limits.no_progress_seconds,
        }
        self._ask("load", of)

    def _load(self) -> Loaded:
        self._launch()
        if self._ready and self._loaded is not None:
            return self._loaded
        answer = self._receive("load", ANSWER, REFUSED)
        if answer.tag == REFUSED:
            refused = self._parsed("load", Refused, answer)
            error = ConfigError(refused.readable())
            self.refused_places = refused.places
            self.fault = f"{self._label} has a configuration that is refused: {error}"
            self._forget().end()
            raise error
        self._loaded = self._parsed("load", Loaded, answer)
        self._ready = True
        return self._loaded

    def _ask(self, doing: str, of: Mapping[str, Any]) -> None:
        self._unanswered = True
        self._doing = doing
        self._patience = Patience(self._limits.no_progress_seconds, self._total_seconds(doing, of))
        # Dates of a TOML file become text: the settings model reads them back.
        self._send(doing, ASK, json.dumps({"ask": doing, "of": of}, default=str).encode())

    def _total_seconds(self, doing: str, of: Mapping[str, Any]) -> float:
        """How long a whole answer may be waited for: else a record a second would keep all other files waiting."""
        if doing == "make":
            return inf
        mebibytes = of["file"]["size"] / _MIB if doing in ("read", "whose", "show") else 0
        return self._limits.no_progress_seconds * (2 + mebibytes)

    def _send(self, doing: str, tag: bytes, payload: bytes = b"") -> None:
        with self._guarding(doing) as process:
            process.send(tag, payload, within_seconds=self._limits.no_progress_seconds)

    def _receive(self, doing: str, *expected: bytes) -> Frame:
        with self._guarding(doing) as process:
            answer = process.receive(self._patience)
        if answer.tag in _LAST_TAGS:
            self._unanswered = False
        if answer.tag == FAILED:
            self._failed(doing, self._parsed(doing, Failed, answer))
        if refusal := REFUSALS.get((doing, answer.tag)):
            raise self._parsed(doing, refusal, answer).error()
        if answer.tag not in expected:
            self._shut_out(f"answered {answer.tag!r} to {doing}")
        return answer

    def _next_batch(self, doing: str, unpack: Callable[[bytearray], list[_R]]) -> list[_R]:
        answer = self._receive(doing, BATCH, END)
        return [] if answer.tag == END else self._unpacked(doing, answer, unpack)

    def _unpacked(self, doing: str, answer: Frame, unpack: Callable[[bytearray], list[_R]]) -> list[_R]:
        try:
            return unpack(answer.payload)
        except BreachError as breach:
            raise self._failure(str(breach)) from breach
        except ColumnError as error:
            self._shut_out(f"sent what cannot be read as records: {error}")

    def _parsed(self, doing: str, message: type[_M], answer: Frame) -> _M:
        try:
            return message.model_validate_json(answer.payload)
        except ValidationError as error:
            self._shut_out(f"sent what cannot be understood in {doing}", detail=str(error))

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
        raise self._failure(what, detail=where_it_was)

    def _failed(self, doing: str, failed: Failed) -> NoReturn:
        if failed.out_of_memory:
            limit = f"{self._limits.memory_megabytes} MB of memory (hub.plugins.memory_megabytes)"
            self._shut_out(f"needs more than {limit} in {doing}", detail=failed.trace)
        if doing == "load":
            self._shut_out(f"cannot be loaded: {failed.error}", detail=failed.trace)
        raise self._failure(f"failed in {doing}: {failed.error}", detail=failed.trace)

    def _shut_out(self, why: str, detail: str = "") -> NoReturn:
        self.fault = f"{self._label} {why}"
        if self._process is not None:
            self._forget().kill()
        raise self._logged(VendorFault(self.fault, where=self._where, do=_SHUT_OUT, detail=detail))

    def _failure(self, what: str, why: str = "", detail: str = "") -> VendorFault:
        return self._logged(VendorFault(f"{self._label} {what}", where=self._where, why=why, detail=detail))

    def _logged(self, fault: VendorFault) -> VendorFault:
        log().error(
            "a plug-in failed",
            vendor=self.name,
            plugin=self.plugin,
            doing=self._doing,
            fault=str(fault),
            detail=trace(fault.detail),
        )
        return fault

    def _forget(self) -> PluginProcess:
        """The process, no longer ours to ask: the caller ends it."""
        process = self._running
        self._process, self._ready, self._unanswered = None, False, False
        return process

    @property
    def _running(self) -> PluginProcess:
        if self._process is None:
            raise RuntimeError(f"vendor {self.name} has no process")
        return self._process

    @property
    def _label(self) -> str:
        return f"plug-in {self.plugin} {self._version}".rstrip()

    @property
    def _where(self) -> str:
        return f"vendor {self.name}"
