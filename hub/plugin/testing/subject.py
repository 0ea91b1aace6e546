"""An instance of a plug-in, asked in this process as the hub asks it in another."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import threading
import tomllib
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, get_args

from hub.plugin.asking import has_hook, hooks_of
from hub.plugin.errors import Malformed
from hub.plugin.file import FileView
from hub.plugin.hookspecs import Description, Mine, NotMine
from hub.plugin.limits import breach_of, breach_of_reading
from hub.plugin.records import Document, Record, Remark, ShownField
from hub.plugin.testing.texts import as_data
from hub.plugin.vendor import Vendor

#: Beside the samples: a config file of an instance, ``[settings]`` and, where results carry none, ``period``.
SETTINGS_FILE = "settings.toml"
#: As in the hub: records beyond one a byte, and fields a byte, that a file may give.
_RECORDS_SPARE = 1_000
_FIELDS_PER_BYTE_MAX = 16
_BUDGET_BYTES = 1024 * 1024
_SHOWN_BYTES_MAX = 200
_RECORD_CLASSES = get_args(Record)


class BrokenError(AssertionError):
    """The plug-in did what none may: the message says what."""


class TooSlowError(BaseException):
    """No answer in time. No Exception: neither the plug-in nor a search for smaller examples shall go on with it."""


class Subject:
    """Asks one instance. Raises BrokenError where an answer is none, or breaks the limits of records."""

    def __init__(self, plugin: type[Vendor], folder: Path) -> None:
        """``folder`` has the instance's ``settings.toml``. Raises pydantic.ValidationError for what it refuses."""
        path = folder / SETTINGS_FILE
        config = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        # As JSON, like the hub: a list may be a tuple and a date may be written as text.
        settings = json.dumps(config.get("settings", {}), default=str)
        self._options = {"period": config["period"]} if "period" in config else {}
        self.kinds = plugin.kinds
        self._hooks = hooks_of(plugin(plugin.settings_model.model_validate_json(settings)), plugin.name)
        self._path = Path(tempfile.mkdtemp(prefix="plugin-tests-"), "content")
        weakref.finalize(self, shutil.rmtree, self._path.parent, ignore_errors=True)

    def has(self, hook: str) -> bool:
        return has_hook(self._hooks, hook)

    def describe(self) -> Description:
        answer = self._hooks.describe()
        if not isinstance(answer, Description):
            raise BrokenError(f"describes itself as {answer!r}: a Description is needed")
        return answer

    def identify(self, name: str, content: bytes) -> Mine | NotMine:
        answer = self._hooks.identify(file=self._stored(name, content, _BUDGET_BYTES))
        if isinstance(answer, NotMine) and answer.why:
            return answer
        if not isinstance(answer, Mine):
            raise BrokenError(f"{name}: identify answers {answer!r}: Mine(kind) or NotMine(why) is needed")
        if answer.kind not in self.kinds:
            raise BrokenError(f"{name}: is said to be of kind {answer.kind!r}, which is none of its kinds")
        return answer

    def read(self, name: str, content: bytes, kind: str) -> list[Record]:
        """All records. Raises Malformed."""
        records = list(islice(self._read(name, content, kind), len(content) + _RECORDS_SPARE + 1))
        if len(records) > len(content) + _RECORDS_SPARE:
            raise BrokenError(f"{name}: more records than its {len(content)} bytes can hold")
        if breach := breach_of_reading(records):
            raise BrokenError(f"{name}: says {breach}")
        return records

    def whose(self, name: str, content: bytes, kind: str) -> Document:
        """Raises Malformed."""
        answer = self._hooks.whose(file=self._stored(name, content), kind=kind)
        if not isinstance(answer, Document):
            raise BrokenError(f"{name}: whose answers {answer!r}: a Document is needed")
        if breach := breach_of(answer):
            raise BrokenError(f"{name}: says {breach}")
        return answer

    def make(self, kind: str, records: Iterable[Record], head: Mapping[str, str]) -> bytes:
        """The bytes of a file, without the remarks. Raises HubError for what the plug-in refuses."""
        made = self._hooks.make(kind=kind, records=iter(records), head=head)
        if made is None:
            raise BrokenError(f"makes no file of kind {kind!r}")
        parts = [part for part in made if not isinstance(part, Remark)]
        if wrong := [part for part in parts if not isinstance(part, bytes | bytearray)]:
            raise BrokenError(f"makes {type(wrong[0]).__name__}: bytes or a Remark are needed")
        return b"".join(parts)

    def show(self, name: str, content: bytes) -> list[ShownField]:
        most = _FIELDS_PER_BYTE_MAX * len(content) + _RECORDS_SPARE
        shown = list(islice(self._hooks.show(file=self._stored(name, content)), most + 1))
        if len(shown) > most:
            raise BrokenError(f"{name}: shows more fields than its {len(content)} bytes can have")
        last = 1
        for field in shown:
            if not isinstance(field, ShownField):
                raise BrokenError(f"{name}: shows a {type(field).__name__}: a ShownField is needed")
            if breach := breach_of(field):
                raise BrokenError(f"{name}: shows {breach}")
            if field.record < last:
                raise BrokenError(f"{name}: shows line {field.record} after line {last}: they must ascend from 1")
            last = field.record
        return shown

    def answer(self, name: str, content: bytes) -> dict[str, Any]:
        """All that it says of a file, as it stands in a golden answer."""
        said = self.identify(name, content)
        if isinstance(said, NotMine):
            return {"not_mine": said.why}
        about: dict[str, Any] = {"kind": said.kind}
        kind = self.kinds[said.kind]
        try:
            if kind.document:
                return about if kind.indexed else about | {"document": as_data(self.whose(name, content, said.kind))}
            return about | {"records": [as_data(record) for record in self.read(name, content, said.kind)]}
        except Malformed as malformed:
            return about | {"malformed": str(malformed)}

    def _read(self, name: str, content: bytes, kind: str) -> Iterator[Record]:
        answer = self._hooks.read(file=self._stored(name, content), kind=kind)
        if answer is None:
            raise BrokenError(f"{name}: reads no file of kind {kind!r}")
        for record in answer:
            if not isinstance(record, _RECORD_CLASSES):
                raise BrokenError(f"{name}: reads a {type(record).__name__}, which is no record of hub.plugin")
            yield record

    def _stored(self, name: str, content: bytes, budget_bytes: int | None = None) -> FileView:
        self._path.write_bytes(content)
        return FileView(name, len(content), self._path, budget_bytes, self._options)


@contextmanager
def within(seconds: float, name: str, content: bytes) -> Iterator[None]:
    """Raises TooSlowError in the midst of what takes longer; in the main thread alone, others cannot be stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(_signal: int, _frame: FrameType | None) -> None:
        shown = f"{content[:_SHOWN_BYTES_MAX]!r}{'...' if len(content) > _SHOWN_BYTES_MAX else ''}"
        raise TooSlowError(f"no answer within {seconds:g} seconds over {name!r} of {len(content)} bytes: {shown}")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
